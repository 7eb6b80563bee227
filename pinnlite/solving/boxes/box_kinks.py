"""Kinks where boxes meet, which the equations do not see: on either side a solution, across the face none.

Where F(u_x) = 0 has several roots, a continuous function may change from one to another at a face and balance every
equation inside every box. Such weak solutions are many, |x| and -|x| for u_x^2 = 1, and no row prefers one of them
(M. Crandall and P.-L. Lions, Trans. AMS 277 (1983)). A jump that the data make, as of u_xx where a source jumps, is
another matter: there F is linear in what jumps.
"""

import math

import torch
from jaxtyping import Bool
from torch import Tensor

from pinnlite.geometry.sampling import gauss_rule
from pinnlite.problem.equations import Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.boxes import Boxes
from pinnlite.trials.partition import Face

_EACH_WAY = 4  # places across a face where both sides are compared
_LARGE = 1e-2  # of the domain: smaller boxes are about singular points, where nothing is smooth
_MOST_JUMP, _LEAST_JUMP = 0.1, 1e-4  # of a partial: what is a jump and no want of resolution
_AMPLIFICATION = 1e4  # of an error in the solution by differentiating it
_USUAL = 0.1  # how much counts what a partial is for functions that vary over the domain


def kink(problem: Problem, boxes: Boxes, accuracy: float) -> str | None:
    """Where two boxes meet in a kink that a nonlinear equation does not see, in words; None if they nowhere do."""
    faces = [face for face in boxes.partition.faces() if _is_large(face, boxes)]
    if problem.linear or not faces:
        return None
    bad = _switching(problem, boxes, faces, accuracy)
    if not bad.any():
        return None
    face = faces[int(bad.nonzero()[0])]
    name = problem.domain.names[face.axis]
    return (
        f"What was found has a kink at {name} = {face.low[face.axis].item():.3g}, on both sides of which the equation "
        "holds: a weak solution, one of many, where characteristics cross and no smooth one goes on. Add a small "
        "second derivative that singles one out, such as 0.01*(u_xx + u_yy), or a condition less."
    )


def _is_large(face: Face, boxes: Boxes) -> bool:
    wide = (face.high - face.low) > _LARGE * boxes.partition.extent
    wide[face.axis] = True
    return bool(wide.all())


def _switching(problem: Problem, boxes: Boxes, faces: list[Face], accuracy: float) -> Bool[Tensor, " F"]:
    """Faces across which partials jump in which an equation is nonlinear."""
    d = len(problem.domain.names)
    across = torch.cartesian_prod(*[gauss_rule(_EACH_WAY)[0]] * (d - 1)).reshape(-1, d - 1)
    X = torch.cat(
        [
            face.low
            + (face.high - face.low)
            * torch.cat([across[:, : face.axis], 0 * across[:, :1], across[:, face.axis :]], 1)
            for face in faces
        ]
    )
    sides = [
        torch.tensor(ends).repeat_interleave(len(across))
        for ends in ([face.first for face in faces], [face.second for face in faces])
    ]
    named: Values = {**problem.parameters, **dict(zip(problem.domain.names, X.T, strict=True))}
    least = min(_MOST_JUMP, max(_LEAST_JUMP, _AMPLIFICATION * accuracy))
    bad = torch.zeros(len(X), dtype=torch.bool)
    for equation in problem.equations:
        if equation.linear:
            continue
        values = [boxes.partials_in(cells, X, sorted(equation.wanted)) for cells in sides]
        slopes = [pointwise([equation], named, own)[0][1] for own in values]
        for key in slopes[0].keys() & slopes[1].keys():
            jumps = _differ(values[0][key], values[1][key], least, _usual(problem, boxes, key))
            bends = _differ(slopes[0][key].expand(len(X)), slopes[1][key].expand(len(X)), least, 0.0)
            bad |= jumps & bends
    return bad.view(len(faces), -1).any(1)


def _differ(one: Tensor, other: Tensor, least: float, usual: float) -> Bool[Tensor, " N"]:
    """Whether two values are further apart than the least share of their size."""
    return (one - other).abs() > least * (torch.maximum(one.abs(), other.abs()) + _USUAL * usual)


def _usual(problem: Problem, boxes: Boxes, key: Key) -> float:
    """What a partial is for a function of the unknown's size that varies over the domain."""
    name, index = key
    if name not in boxes.coefficients:
        return 0.0
    lengths = [(high - low) / 2 for low, high in problem.domain.intervals.values()]
    size = boxes.coefficients[name].abs().amax().item()
    return size / math.prod(h**k for h, k in zip(lengths, index, strict=True))

"""Where thin layers may be: the exponentials that an equation's own terms admit, before any solve has seen them.

An unresolved layer rings through the whole domain, so halving the worst boxes finds it only after halving all others.
"""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.sampling import gauss_rule
from pinnlite.problem.problem import Problem
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.boxes import Boxes

_STEEP = 6.0  # exp(rate * length) that one box resolves, as a power of e
_MOST_HALVINGS = 40
_EACH_WAY = 3  # places across a side where rates are asked for
_BESIDE = 0.98  # of the way to it: on the side itself an equation may be singular


def rates(problem: Problem, boxes: Boxes) -> Float[Tensor, "E d 2"]:
    """How fast solutions may grow along each axis towards its lower and its upper side, times the half-length.

    With the coefficients at one place, and nothing varying across, exp(r x) solves an equation whose linearisation is
    sum_k a_k u^(k) along x if sum_k a_k r^k = 0. -eps u'' + u' has r = 1 / eps: a layer at the upper end; -eps u'' + u
    has two, at either end.
    """
    partition = boxes.partition
    E, d = partition.low.shape
    found = torch.zeros(E, d, 2, dtype=torch.float64)
    across = torch.cartesian_prod(*[2 * gauss_rule(_EACH_WAY)[0] - 1] * (d - 1)).reshape(-1, d - 1)
    for axis, side in itertools.product(range(d), (0, 1)):
        beside = torch.full((len(across), 1), _BESIDE * (2 * side - 1), dtype=torch.float64)
        X = partition.points(torch.cat([across[:, :axis], beside, across[:, axis:]], 1)).flatten(0, 1)
        half = partition.half[:, axis].repeat_interleave(len(across))
        for terms in _along(problem, boxes, X, axis):
            powers = half ** -torch.arange(terms.shape[1], dtype=torch.float64)[:, None]
            fastest = ((2 * side - 1) * _roots(terms * powers.T).real).amax(1)
            found[:, axis, side] = torch.maximum(found[:, axis, side], fastest.view(E, -1).amax(1))
    return found


def _along(problem: Problem, boxes: Boxes, X: Float[Tensor, "N d"], axis: int) -> list[Float[Tensor, "N k1"]]:
    """The coefficients of each unknown's derivatives along one axis, in every equation that has its second or more."""
    named = {**problem.parameters, **dict(zip(problem.domain.names, X.T, strict=True))}
    found = []
    for equation in problem.equations:
        with torch.no_grad():
            values = boxes.partials(X, sorted(equation.wanted))
        ((_, slopes),) = pointwise([equation], named, values)
        for unknown in problem.unknowns:
            own = {
                index[axis]: slope.expand(len(X))
                for (name, index), slope in slopes.items()
                if name == unknown and sum(index) == index[axis]
            }
            order = max(own, default=0)
            if order >= 2:
                found.append(torch.stack([own.get(k, X.new_zeros(len(X))) for k in range(order + 1)], 1))
    return found


def _roots(terms: Float[Tensor, "N k1"]) -> Tensor:
    """Those of sum_k a_k r^k for each row, zero where there are none to be had: eigenvalues of companion matrices."""
    order = terms.shape[1] - 1
    monic = terms[:, :-1] / terms[:, -1:]
    companion = torch.diag_embed(terms.new_ones(len(terms), order - 1), offset=-1)
    companion[:, :, -1] = -monic
    whole = companion.isfinite().all(2).all(1)
    roots: Tensor = torch.linalg.eigvals(torch.where(whole[:, None, None], companion, 0.0))
    return roots


def graded(problem: Problem, boxes: Boxes) -> Boxes:
    """The same functions on boxes that are halved towards those sides of the domain where layers may be."""
    start, finer = boxes.partition, boxes
    sides = torch.stack([start.low, start.high], 2)
    steep = rates(problem, boxes)
    for face in start.faces():
        steep[face.first, face.axis, 1] = steep[face.second, face.axis, 0] = 0.0
    for _ in range(_MOST_HALVINGS):
        now = finer.partition
        parents = start.locate((now.low + now.high) / 2)
        touching = torch.stack([now.low, now.high], 2) == sides[parents]
        share = now.half / start.half[parents]
        axes = (touching & (2 * steep[parents] * share[..., None] > _STEEP)).any(2)
        if not axes.any():
            break
        finer = finer.refined(axes)
    return finer

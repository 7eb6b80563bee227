"""The error estimate: how far apart two independent solutions are, and how far from balanced an equation is."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.problem.equations import Condition, Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR, by_name
from pinnlite.solving.dense import condition_blocks, half_widths
from pinnlite.solving.lines.integrals import Whole
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.boxes import Boxes
from pinnlite.trials.elements import Elements
from pinnlite.trials.space_time import SpaceTime
from pinnlite.trials.trial import Approximation
from pinnlite.verify.quadrature import quadrature

_MOST_ERROR = 0.1  # two approximations further apart than this say nothing of how wrong either is
_CONDITION_POINTS = 1000  # in the interior, and as densely on the places of conditions
_NARROW_POINTS = 4096  # of a condition that may hold a pulse between the nodes
_PULSE, _SEEN = 0.1, 3  # of u, and at so many points: a jump in a corner is met by fewer
_EARLY = 0.05  # of the time
_UNSEEN = 2**40 + 3  # a seed that no solver draws its points with
_TINY = 1e-300
_NOTHING = 1e-12
_USUAL = 0.1  # how much the terms count that the unknowns' size leads one to expect
_ROUNDING = 4e-16  # no estimate is below what two evaluations differ by


def difference(trial: Approximation, finer: Approximation, problem: Problem) -> float:
    """Relative L2 distance of two trials, the largest over the unknowns, by Gauss quadrature on the finer partition."""
    X, weights = quadrature(problem, trial, finer)
    names = (*problem.unknowns, *problem.unknown_parameters)
    keys = [(name, (0,) * len(problem.domain.names)) for name in names]
    with torch.no_grad():
        coarse, fine = trial.partials(X, keys), finer.partials(X, keys)
    for (name, zero), values in itertools.product(keys[len(problem.unknowns) :], (coarse, fine)):
        # The parameter itself: the logarithm that stands for a positive one is near zero where that is near one.
        values[name, zero] = problem.unknown_parameters[name].value(values[name, zero])
    worst = _ROUNDING
    sizes = {key: torch.maximum(coarse[key].abs().amax(), fine[key].abs().amax()) for key in keys}
    largest = max(sizes[key].item() for key in keys if key[0] in problem.unknowns)
    for key in keys:
        scale = sizes[key]
        if key[0] in problem.unknowns and scale < _NOTHING * largest:
            continue  # an unknown that is zero but for the rounding of others
        if scale == 0:
            continue
        apart, value = (coarse[key] - fine[key]) / scale, fine[key] / scale  # squares must not leave float64
        distance, size = (weights * apart.square()).sum().sqrt(), (weights * value.square()).sum().sqrt()
        worst = max(worst, (distance / size).item() if size > 0 else math.inf)
    # One degree more is none for an even function: then both are as wrong as the finer.
    if isinstance(finer, Boxes):
        worst += finer.unresolved()
    worst += max(trial.unresolved() if isinstance(trial, Elements) else 0.0 for trial in (trial, finer))
    return worst if worst < _MOST_ERROR else math.inf


def relative_residual(trial: Approximation, problem: Problem, finer: Approximation) -> float:
    """Root mean square of the residual, on points that the solve did not use, relative to that of its terms.

    In several coordinates it is the mean: a corner leaves second derivatives that have no square integral. And there
    terms may vanish one by one, as those of Laplace's equation do for u = xy: what they would be if the unknowns varied
    over the domain counts a little beside what they are.
    """
    power = 2.0 if len(problem.domain.names) == 1 else 1.0
    X, weights = quadrature(problem, trial, finer)
    places = {**dict(zip(problem.domain.names, X.T, strict=True)), **problem.parameters}
    worst = 0.0
    for equation in problem.equations:
        with torch.no_grad():
            values = trial.partials(X, sorted(equation.wanted))
        ((residual, slopes),) = pointwise([equation], places, values)
        terms = residual.square() + sum((slope * values[key]).square() for key, slope in slopes.items())
        size = (weights * terms.sqrt() ** power).sum().clamp(min=_TINY)
        if len(problem.domain.names) > 1:
            size = size + _USUAL * _usual_size(trial, problem, X, weights, slopes)
        worst = max(worst, ((weights * residual.abs() ** power).sum() / size).item() ** (1 / power))
    return worst


def _usual_size(
    trial: Approximation, problem: Problem, X: Tensor, weights: Tensor, slopes: Mapping[Key, Tensor]
) -> Tensor:
    """The integral of an equation's terms, were the unknowns to vary by their size over the half-widths."""
    lengths, zero = half_widths(problem), (0,) * X.shape[1]
    with torch.no_grad():
        values = trial.partials(X, [(unknown, zero) for unknown in problem.unknowns])
    sizes = {unknown: value.abs() for (unknown, _), value in values.items()}
    rounding = _NOTHING * max(size.amax() for size in sizes.values())  # what an unknown that is zero may be
    terms = [
        (weights * slope.abs() * sizes[unknown].clamp(min=rounding)).sum()
        / math.prod(h**a for h, a in zip(lengths, index, strict=True))
        for (unknown, index), slope in slopes.items()
        if unknown in problem.unknowns
    ]
    return torch.stack(terms).sum() if terms else weights.new_zeros(())


def misfit(trial: Approximation, problem: Problem, finer: Approximation) -> float:
    """How far conditions are from holding, between the points that were used, relative to u.

    Two solutions by least squares agree on what they make of conditions that contradict each other, and Newton's method
    on a function that no step leads away from.
    """
    if len(problem.domain.names) == 1:
        X, weights = quadrature(problem, trial, finer)
        return max((_missed(trial, problem, c, X, weights) for c in problem.conditions), default=0.0)
    collocated = isinstance(trial, SpaceTime)  # then conditions hold but for what happens between the nodes
    dense = _NARROW_POINTS if collocated else None
    points = problem.sample(_CONDITION_POINTS, conditions=dense, seed=_UNSEEN)
    with torch.no_grad():
        zero = (0,) * len(problem.domain.names)
        values = trial.partials(points[INTERIOR], [(name, zero) for name in problem.unknowns])
    size = max(value.square().mean().sqrt().item() for value in values.values())
    worst, lengths = 0.0, half_widths(problem)
    stated = by_name(problem.stated)
    for name, block in zip(stated, condition_blocks(problem, stated, points), strict=True):
        residual, unit = block.terms(trial, lengths)
        relative = residual.abs() / max(unit * size, _TINY)
        if not collocated:
            worst = max(worst, relative.square().mean().sqrt().item())
            continue
        pulses = relative[_later(problem, points[name])]
        if (pulses > _PULSE).sum() >= _SEEN:
            worst = max(worst, pulses.amax().item())
    return worst


def _later(problem: Problem, X: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
    """Points off both ends of the time: what initial values contradict is smoothed out near the start."""
    low, high = problem.domain.intervals[problem.marching]
    time = X[:, problem.domain.names.index(problem.marching)]
    return ((time - low).minimum(high - time)) > _EARLY * (high - low)


def _missed(
    trial: Approximation, problem: Problem, condition: Condition, X: Tensor, weights: Tensor
) -> float:
    """What a condition in one coordinate is missed by, relative to its terms as large as they are anywhere."""
    values: dict[Any, Tensor] = {}
    sizes: dict[Any, Tensor] = {}
    with torch.no_grad():
        for placed in condition.wanted:
            key, at = placed[:2], X.new_tensor([placed[2]])
            values[placed] = trial.partials(at, [key])[key]
            sizes[placed] = trial.partials(X, [key])[key].abs().amax()
        places: Values = {**problem.parameters, problem.domain.names[0]: X[:, 0]}
        for leaf, integrand in condition.integrals.items():
            inside = integrand.residual(places, trial.partials(X, sorted(integrand.wanted))).expand(len(X))
            values[leaf], sizes[leaf] = (weights @ inside).reshape(1), weights @ inside.abs()
    whole = Whole(frozenset(values), condition.residual)
    ((residual, slopes),) = pointwise([whole], problem.parameters, values)
    missed = residual.abs().amax()
    terms = torch.stack([missed, *((slope * sizes[key]).abs().amax() for key, slope in slopes.items())]).sum()
    return (missed / terms.clamp(min=_TINY)).nan_to_num(nan=1.0).item()

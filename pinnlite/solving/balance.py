"""How far from balanced the equations are at points that no solve has used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.problem.equations import Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.trial import Approximation

_MANY = 4096  # points of the domain: a spot whose share of it is some thousandths is seen for certain
_MOST = 0.3  # of the largest term anywhere: what is further from balanced was overlooked
_BESIDE = 1 / 64  # of the domain: so far from a point what is too narrow to be seen for certain has ended
_SAME = 0.1  # of the residual: what the equation itself changes by there
_ROUNDING = 1e-10  # of what terms are where the unknowns vary over the domain


@dataclass(frozen=True)
class Balance:
    """One equation at points: its residual, its largest term, and what its terms are for the unknowns' size."""

    residual: Float[Tensor, " N"]
    largest: Float[Tensor, " N"]
    usual: float


def balances(trial: Approximation, problem: Problem, X: Float[Tensor, "N d"]) -> Iterator[Balance]:
    """Every equation at these points; the residual is among the terms, since a source is no term of its own."""
    named: Values = {**problem.parameters, **dict(zip(problem.domain.names, X.T, strict=True))}
    zero = (0,) * X.shape[1]
    wanted = {key for equation in problem.equations for key in equation.wanted}
    wanted |= {(unknown, zero) for unknown in problem.unknowns}
    with torch.no_grad():
        values = trial.partials(X, sorted(wanted))
    lengths = [(high - low) / 2 for low, high in problem.domain.intervals.values()]
    sizes = {unknown: values[unknown, zero].abs().amax() for unknown in problem.unknowns}
    for residual, slopes in pointwise(problem.equations, named, values):
        terms = [residual, *(slope * values[key] for key, slope in slopes.items())]
        largest = torch.stack([term.abs().expand(len(X)) for term in terms]).amax(0).nan_to_num(posinf=0.0)
        usual = X.new_zeros(())
        for (name, index), slope in slopes.items():
            if name in sizes:
                scale = 1.0
                for length, order in zip(lengths, index, strict=True):
                    scale *= length**order
                usual = torch.maximum(usual, slope.abs().median() * sizes[name] / scale)
        yield Balance(residual.abs().expand(len(X)), largest, usual.item())


def unbalanced(
    trial: Approximation, problem: Problem, X: Float[Tensor, "N d"], slack: float = _ROUNDING
) -> Bool[Tensor, " N"]:
    """Points where an equation is further from balanced than three tenths of its largest term at any of them.

    Terms may vanish one by one, as those of Laplace's equation do for u = xy: what is less than ``slack`` of the terms
    of a function that varies over the domain is let pass.
    """
    bad = torch.zeros(len(X), dtype=torch.bool, device=X.device)
    for balance in balances(trial, problem, X):
        least = max(slack, _ROUNDING) * balance.usual
        bad |= balance.residual > (_MOST * balance.largest.amax()).clamp(min=least)
    return bad


def spots(
    trial: Approximation, problem: Problem, seed: int, slack: float = _ROUNDING
) -> Float[Tensor, "n d"]:
    """Where an equation is far from balanced, among some thousand points and those that its text points at."""
    X = problem.sample(_MANY, conditions=1, seed=seed)[INTERIOR]
    if problem.peaks:
        pointed = torch.tensor(problem.peaks, dtype=X.dtype, device=X.device)
        X = torch.cat([X, pointed[problem.domain.contains(pointed)]])
    return X[unbalanced(trial, problem, X, slack)]


def written(trial: Approximation, problem: Problem, X: Float[Tensor, "N d"]) -> Bool[Tensor, " N"]:
    """Points close to which the equation changes by what it is unbalanced by, though the highest derivatives are held.

    Where it does not, nothing narrow stands in it: what unbalances it is the solution's own, as the jump of a second
    derivative that a wave carries along, beside which series of ever higher degree swing as far.
    """
    keys = sorted({key for equation in problem.equations for key in equation.wanted})
    orders = problem.orders  # in which unknown parameters are not
    highest = [
        (u, index)
        for u, index in keys
        if any(0 < a == b for a, b in zip(index, orders.get(u, index), strict=True))
    ]
    found = torch.zeros(len(X), dtype=torch.bool, device=X.device)
    with torch.no_grad():
        values = trial.partials(X, keys)
        here, held = _residuals(problem, X, values), {key: values[key] for key in highest}
        for axis, (low, high) in enumerate(problem.domain.intervals.values()):
            for sign in (-1, 1):
                beside = X.clone()
                beside[:, axis] = (X[:, axis] + sign * _BESIDE * (high - low)).clamp(low, high)
                there = _residuals(problem, beside, {**trial.partials(beside, keys), **held})
                found |= ~((there - here).abs() <= _SAME * here.abs()).all(0)
    return found


def _residuals(
    problem: Problem, X: Float[Tensor, "N d"], values: Mapping[Key, Tensor]
) -> Float[Tensor, "m N"]:
    places: Values = {**problem.parameters, **dict(zip(problem.domain.names, X.T, strict=True))}
    return torch.stack([e.residual(places, values) + torch.zeros_like(X[:, 0]) for e in problem.equations])

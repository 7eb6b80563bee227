"""How far from balanced the equations are at points that no solve has used."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.problem.equations import Values
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.trial import Approximation

_MANY = 4096  # points of the domain: a spot whose share of it is some thousandths is seen for certain
_MOST = 0.3  # of the largest term anywhere: what is further from balanced was overlooked
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

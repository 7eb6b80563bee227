"""A problem at two sets of points, the same for every layer of a width: one to solve at, one to look between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR, by_name
from pinnlite.solving.dense import (
    CollocationRows,
    Rows,
    condition_blocks,
    equation_blocks,
    half_widths,
    in_units,
)
from pinnlite.solving.lines.ordinary import fitted, gauss_points, observations, rows_on
from pinnlite.solving.methods.triangle import TriangularLinearization
from pinnlite.trials.parameters import WithParameters, guessed
from pinnlite.trials.ridge import Ridge
from pinnlite.trials.trial import Trial

_POINTS = 2  # for each feature, and half as many on all conditions together
_CLOUD = 0.5  # of the collocation points: how many more there are about what was overlooked
_REACH = 0.02  # of the domain's extent: how far from an unbalanced point they are


@dataclass(frozen=True)
class Posed:
    """Rows of every statement at two sets of points; in one coordinate, where conditions are built in, their number."""

    problem: Problem
    count: int
    blocks: Sequence[Sequence[Rows]]

    @staticmethod
    def drawn(
        problem: Problem,
        trial: Ridge,
        generator: torch.Generator,
        blind: Float[Tensor, "n d"] | None = None,
        observed: float = 1.0,
    ) -> "Posed":
        """Points for as many features as a trial at rest has, more of them about places where some were ``blind``.

        Observations weigh ``observed`` beside equations and conditions.
        """
        count = _POINTS * trial.features.width
        if len(problem.domain.names) == 1:
            return Posed(problem, count, ())
        conditions = max(count // (2 * max(len(problem.stated), 1)), 1)
        seeds = torch.randint(2**62, (2,), generator=generator).tolist()
        points = [problem.sample(count, conditions=conditions, seed=seed) for seed in seeds]
        if blind is not None and len(blind):
            clouds = [_about(problem, blind, int(_CLOUD * count), generator) for _ in points]
            points = [
                {**sets, INTERIOR: torch.cat([sets[INTERIOR], cloud])}
                for sets, cloud in zip(points, clouds, strict=True)
            ]
        whole = _whole(problem, trial)
        return Posed(problem, count, [_blocks(problem, whole, sets, observed) for sets in points])

    def rows(self, trial: Ridge) -> tuple[Trial, list[CollocationRows]]:
        """The trial with unknown parameters beside it and what can be built in, and its rows at both sets of points."""
        if not self.blocks:
            whole = fitted(trial, self.problem, guessed(self.problem))
            counts = (self.count, self.count + 1)
            return whole, [rows_on(self.problem, whole, gauss_points(self.problem, n)) for n in counts]
        whole = _whole(self.problem, trial)
        return whole, [CollocationRows(whole, each, TriangularLinearization) for each in self.blocks]


def _whole(problem: Problem, trial: Ridge) -> Trial:
    numbers = guessed(problem)
    return WithParameters(trial, numbers) if numbers else trial


def _blocks(
    problem: Problem, trial: Trial, points: Mapping[str, Float[Tensor, "_ d"]], weight: float
) -> Sequence[Rows]:
    """Equations, conditions and observations, each in the unit of the equations."""
    equations = equation_blocks(problem, points[INTERIOR])
    conditions = condition_blocks(problem, by_name(problem.stated), points)
    observed = [observations(data, problem) for data in problem.data]
    blocks = in_units(problem, trial, equations, [*conditions, *observed])
    exact = len(equations) + len(conditions)
    return [*blocks[:exact], *(replace(block, weight=weight * block.weight) for block in blocks[exact:])]


def _about(
    problem: Problem, spots: Float[Tensor, "n d"], count: int, generator: torch.Generator
) -> Float[Tensor, "c d"]:
    """Points about these, in all up to ``count`` of them."""
    chosen = torch.randint(len(spots), (count,), generator=generator)
    lengths = 2 * spots.new_tensor(half_widths(problem))
    away = torch.randn(count, len(lengths), generator=generator, dtype=torch.float64).to(spots)
    X = spots[chosen] + _REACH * lengths * away
    inside: Tensor = X[problem.domain.contains(X)]
    return inside

"""All that a problem in one coordinate states, as rows of a trial; and trials that can take its unknown parameters."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Equation, Key
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import by_name
from pinnlite.problem.unknown import Data
from pinnlite.solving.dense import Block, CollocationRows, condition_blocks, equation_blocks, in_units
from pinnlite.solving.lines.integrals import integral_blocks
from pinnlite.trials.constrained import built_in
from pinnlite.trials.parameters import WithParameters
from pinnlite.trials.reference import gauss_nodes
from pinnlite.trials.trial import Trial

_OBSERVED = 1e-3  # weight of observations beside equations: noise in them bends the solution by its square


def fitted(trial: Trial, problem: Problem, numbers: Mapping[str, Tensor]) -> Trial:
    """``trial`` with the unknown parameters beside it and the linear conditions built in."""
    return built_in(WithParameters(trial, numbers) if numbers else trial, problem)


def rows_on(problem: Problem, trial: Trial, points: Float[Tensor, "N d"]) -> CollocationRows:
    """Equations at points, observations, and the conditions that are not built in: nonlinear ones and integrals."""
    (low, _), *_ = problem.domain.intervals.values()
    stated = by_name(c for c in problem.conditions if not c.linear and not c.integrals)
    anywhere = {name: torch.full((1, 1), low, dtype=torch.float64) for name in stated}
    equations = equation_blocks(problem, points)
    conditions = condition_blocks(problem, stated, anywhere)
    observed = in_units(problem, trial, equations, [observations(data, problem) for data in problem.data])
    observed = [replace(block, weight=_OBSERVED * block.weight) for block in observed[len(equations) :]]
    return CollocationRows(trial, [*equations, *conditions, *integral_blocks(problem), *observed])


def observations(data: Data, problem: Problem) -> Block:
    """The distance from what was observed, at the places where it was."""
    key: Key = key_of(data.name, problem.unknowns, problem.domain.names)
    distance = Equation(data.text, frozenset({key}), lambda places, values: values[key] - data.values, True)
    return Block(distance, {}, {key: (data.points, key)}, len(data.values) ** -0.5)


def gauss_points(problem: Problem, count: int) -> Float[Tensor, "N 1"]:
    """Gauss-Legendre points of the interval: dense towards the ends, where collocation needs them."""
    low, high = problem.domain.intervals[problem.domain.names[0]]
    nodes = torch.tensor(gauss_nodes(count), dtype=torch.float64)
    return (low + (high - low) * (1 + nodes) / 2)[:, None]

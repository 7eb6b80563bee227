"""Any trial at collocation points: rows of equations and conditions, and their Jacobian as a dense matrix."""

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Condition, Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.problem.residuals import moved, places_at
from pinnlite.problem.sample import INTERIOR, by_name
from pinnlite.solving.methods.least_squares import DenseLinearization
from pinnlite.solving.residuals import Linearization, Pointwise, pointwise
from pinnlite.trials.trial import Approximation, Trial

# Of the half-widths, what a rich trial varies over. Four times as much costs random features half a digit, a quarter
# of it nothing.
_VARIATION = 0.3
Factored = Callable[[Tensor, Tensor], Linearization]  # of rows and their Jacobian


@dataclass(frozen=True, eq=False)
class Block:
    """A statement at points: a row for each of them, times ``weight``.

    Each partial that the statement wants is taken at points of its own: a condition such as u(0, t) = u(1, t) names
    two places.
    """

    statement: Pointwise[Any]
    places: Values
    at: Mapping[Hashable, tuple[Float[Tensor, "n d"], Key]]
    weight: float = 1.0

    def rows(self, trial: Trial) -> Float[Tensor, " n"]:
        """The weighted residual, differentiable in the trial's parameters."""
        return self._spread(self.statement.residual(self.places, self._values(trial))) * self.weight

    def linearized(self, trial: Trial) -> tuple[Float[Tensor, " n"], Float[Tensor, "n P"]]:
        """The weighted residual and its Jacobian: slopes of the statement times those of the partials."""
        with torch.no_grad():
            values = self._values(trial)
        ((residual, slopes),) = pointwise([self.statement], self.places, values)
        jacobian = [
            trial.jacobian(X, {self.at[key][1]: slopes[key].expand(len(X)) for key in keys if key in slopes})
            for X, keys in self._by_points()
        ]
        return self._spread(residual) * self.weight, sum(jacobian[1:], jacobian[0]) * self.weight

    def terms(self, trial: Approximation, lengths: Sequence[float]) -> tuple[Float[Tensor, " n"], float]:
        """The residual without its weight, and how large it is where unknowns of size 1 vary over ``lengths``."""
        with torch.no_grad():
            values = self._values(trial)
        ((residual, slopes),) = pointwise([self.statement], self.places, values)
        sizes = [
            slope.abs().mean() / math.prod(h**a for h, a in zip(lengths, self.at[key][1][1], strict=True))
            for key, slope in slopes.items()
        ]
        size = torch.stack(sizes).sum().item() if sizes else 0.0
        return self._spread(residual), size if 0 < size < math.inf else 1.0

    def _values(self, trial: Approximation) -> dict[Any, Tensor]:
        found: dict[Any, Tensor] = {}
        for X, keys in self._by_points():
            partials = trial.partials(X, sorted({self.at[key][1] for key in keys}))
            found |= {key: partials[self.at[key][1]] for key in keys}
        return found

    def _by_points(self) -> list[tuple[Tensor, list[Hashable]]]:
        """The distinct sets of points, each with the partials that are taken there."""
        groups: dict[int, tuple[Tensor, list[Hashable]]] = {}
        for key, (X, _) in self.at.items():
            groups.setdefault(id(X), (X, []))[1].append(key)
        return list(groups.values())

    def _spread(self, residual: Tensor) -> Tensor:
        (X, _), *_ = self.at.values()
        return residual.expand(len(X))


@runtime_checkable
class Rows(Protocol):
    """A statement as rows of a trial: a ``Block``, or one of another kind."""

    def rows(self, trial: Trial) -> Float[Tensor, " n"]:
        """The weighted residual, differentiable in the trial's parameters."""
        ...

    def linearized(self, trial: Trial) -> tuple[Float[Tensor, " n"], Float[Tensor, "n P"]]:
        """The weighted residual and its Jacobian."""
        ...


class CollocationRows:
    """An Objective: residuals of equations and conditions at points, each block a mean square over its points."""

    def __init__(
        self, trial: Trial, blocks: Sequence[Rows], linearization: Factored = DenseLinearization
    ) -> None:
        self.trial, self.blocks, self.linearization = trial, blocks, linearization

    @property
    def parameters(self) -> Sequence[Tensor]:
        """Those of the trial."""
        return self.trial.parameters

    def rows(self) -> Float[Tensor, " R"]:
        """Residuals, differentiable in the trial's parameters."""
        return torch.cat([block.rows(self.trial) for block in self.blocks])

    def linearize(self) -> Linearization:
        """Rows and Jacobian, to be factored in the way that suits the trial."""
        return self.linearization(*self.assembled())

    def assembled(self) -> tuple[Float[Tensor, " R"], Float[Tensor, "R P"]]:
        """Rows and Jacobian as they are."""
        rows, jacobian = zip(*(block.linearized(self.trial) for block in self.blocks), strict=True)
        return torch.cat(rows).detach(), torch.cat(jacobian).detach()


def equation_blocks(problem: Problem, points: Float[Tensor, "N d"]) -> list[Block]:
    """The equations at interior points, scaled so that their squared norm is the mean square over the domain."""
    places: Values = {**problem.parameters, **dict(zip(problem.domain.names, points.T, strict=True))}
    return [
        Block(e, places, {key: (points, key) for key in sorted(e.wanted)}, len(points) ** -0.5)
        for e in problem.equations
    ]


def condition_blocks(
    problem: Problem, conditions: Mapping[str, Condition], points: Mapping[str, Float[Tensor, "n d"]]
) -> list[Block]:
    """Conditions as rows, each at the set of points of its name."""
    blocks = []
    for name, condition in conditions.items():
        X = points[name]
        at_places = {at: moved(X, at) for _, _, at in condition.wanted}
        at: dict[Hashable, tuple[Tensor, Key]] = {
            key: (at_places[key[2]], key[:2]) for key in sorted(condition.wanted, key=str)
        }
        blocks.append(Block(condition, places_at(problem, condition, X), at, len(X) ** -0.5))
    return blocks


def in_units(
    problem: Problem, trial: Trial, equations: Sequence[Block], conditions: Sequence[Block]
) -> list[Block]:
    """Conditions scaled to be as large as the equations for functions that vary over a part of the domain.

    A row counts by the unit it is measured in: u = 0 beside u_xx = f would hardly be heard on a small domain, and
    drown the equation on a large one.
    """
    lengths = [_VARIATION * width for width in half_widths(problem)]
    size = max(block.terms(trial, lengths)[1] for block in equations)
    scaled = [replace(c, weight=c.weight * size / c.terms(trial, lengths)[1]) for c in conditions]
    return [*equations, *scaled]


def half_widths(problem: Problem) -> list[float]:
    """Half the extent of the domain in each coordinate."""
    return [(high - low) / 2 for low, high in problem.domain.intervals.values()]


def rows_in(
    problem: Problem,
    trial: Trial,
    points: Mapping[str, Float[Tensor, "n d"]],
    left: Collection[Condition],
    linearization: Factored = DenseLinearization,
) -> CollocationRows:
    """Equations and the conditions that are ``left`` to be rows, at points that ``problem.sample`` gives."""
    equations = equation_blocks(problem, points[INTERIOR])
    stated = {name: condition for name, condition in by_name(problem.stated).items() if condition in left}
    conditions = condition_blocks(problem, stated, points)
    return CollocationRows(trial, in_units(problem, trial, equations, conditions), linearization)

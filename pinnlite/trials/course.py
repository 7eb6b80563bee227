"""The course of an evolution: trials one after the other, each of which starts as the one before ends.

The end of a slab is built into the next one as what is given there, so that all together are one function, which has as
many derivatives in common where two slabs meet as the equations have initial conditions.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnlite.geometry.domains import Box
from pinnlite.problem.equations import Index, Key
from pinnlite.problem.initial_value import InitialValueProblem, initial_value_problem
from pinnlite.problem.problem import Problem
from pinnlite.trials.lifted import Given, Lifted
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.partition import Partition
from pinnlite.trials.periodic import Circles, circles_of, given_on
from pinnlite.trials.trial import Approximation


@dataclass(frozen=True)
class Course:
    """An evolution in a box, and what can be built into functions that follow it."""

    evolution: InitialValueProblem
    circles: Circles | None
    given: tuple[Given, ...]  # at the start and on the boundary

    @property
    def problem(self) -> Problem:
        """All of it."""
        return self.evolution.problem

    @property
    def column(self) -> int:
        """Of the coordinate along which it goes."""
        return self.evolution.column

    def at(self, share: float) -> float:
        """The time after a share of it."""
        start, stop = self.evolution.start, self.evolution.stop
        return stop if share == 1.0 else start + share * (stop - start)

    def times(self, slabs: Partition) -> list[float] | None:
        """Between which slabs are, one after the other from its start; None where they are not."""
        low, high = slabs.low[:, self.column], slabs.high[:, self.column]
        first, last = (low, high) if self.at(0.0) < self.at(1.0) else (high, low)
        chained = bool(first[0] == self.at(0.0)) and torch.equal(first[1:], last[:-1])
        return [*first.tolist(), last[-1].item()] if chained else None

    @property
    def input(self) -> int:
        """Where a network has the coordinate among its inputs: those that are periodic come last."""
        periods = self.circles.periods if self.circles else (0.0,) * self.column
        return sum(not period for period in periods[: self.column])

    def given_at(self, first: float, before: Approximation | None) -> tuple[Given, ...]:
        """What is built into a slab: where there is one ``before`` it, how that one ends, and what bounds both."""
        if before is None:
            return self.given
        bounds = tuple(g for g in self.given if g.column != self.column)
        return (*bounds, *self._carried(before, first))

    def posed(
        self, inner: ModuleTrial, before: Approximation | None, first: float, last: float
    ) -> Lifted | ModuleTrial:
        """The trial of a slab."""
        given = self.given_at(first, before)
        return Lifted(inner, self.evolution.between(first, last), given) if given else inner

    def _carried(self, before: Approximation, at: float) -> tuple[Given, ...]:
        orders = {unknown: index[self.column] for unknown, index in self.problem.orders.items()}
        end = _End(before, self.column)
        return tuple(
            end.given(unknown, at, order) for unknown, count in orders.items() for order in range(count)
        )


def course_of(problem: Problem) -> Course | None:
    """The course of an evolution in a box; None where a problem is of another kind."""
    evolution = initial_value_problem(problem) if isinstance(problem.domain, Box) else None
    if evolution is None:
        return None
    circles = circles_of(problem)
    return Course(evolution, circles, given_on(problem, circles))


class _End:
    """How a trial ends, for the next one to begin with.

    What was asked last is kept: the values and the slopes at an end are both made of values and slopes at the end
    before, and without memory there would be twice as many questions with every slab.
    """

    def __init__(self, before: Approximation, column: int) -> None:
        self.before, self.column = before, column
        self._kept: tuple[Tensor, dict[Key, Tensor]] = torch.empty(0), {}

    def given(self, unknown: str, at: float, order: int) -> Given:
        """The derivative of an unknown by time, of this order."""

        def derivative(X: Tensor, indices: Sequence[Index]) -> dict[Index, Tensor]:
            keys = {
                index: (unknown, tuple(a + order * (i == self.column) for i, a in enumerate(index)))
                for index in indices
            }
            found = self._partials(X, set(keys.values()))
            return {index: found[key] for index, key in keys.items()}

        return Given(unknown, self.column, at, order, derivative, None)

    def _partials(self, X: Tensor, wanted: Collection[Key]) -> dict[Key, Tensor]:
        if X.requires_grad:
            return self.before.partials(X, wanted)
        points, known = self._kept
        known = known if torch.equal(points, X) else {}
        missing = [key for key in wanted if key not in known]
        if missing:
            with torch.no_grad():  # weights of earlier slabs are not trained any more
                known = {**known, **self.before.partials(X, missing)}
            self._kept = X, known
        return known

"""Which problems are evolution equations in one space dimension, and which statement says what in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor

from pinnlite.geometry.domains import Box
from pinnlite.problem.equations import Condition, Equation, Placed
from pinnlite.problem.problem import Problem
from pinnlite.trials.trial import Approximation

S = TypeVar("S", Equation, Condition)


@dataclass(frozen=True)
class Evolution:
    """A problem read as an evolution from ``start`` to ``stop`` in the coordinate that stands at ``time``."""

    equations: Sequence[Equation]
    orders: Mapping[str, tuple[int, int]]  # for each unknown the highest derivative in space and in time
    initial: Sequence[Condition]
    boundary: Sequence[Condition]
    names: tuple[str, str]  # of the coordinates
    parameters: Mapping[str, float]
    time: int
    start: float
    stop: float
    ends: tuple[float, float]
    observed: Sequence[Condition] = ()  # what is left to determine unknown parameters by
    peaks: tuple[float, ...] = ()  # places in space where the text says that something may be narrow
    begun: Approximation | None = None  # an earlier march that ended at ``start``, and is gone on from

    @property
    def space(self) -> int:
        """Where the space coordinate stands."""
        return 1 - self.time

    def split(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Orders of differentiation in space and in time."""
        return index[self.space], index[self.time]

    def fixed(self, numbers: Mapping[str, Tensor]) -> "Evolution":
        """The evolution with these numbers for unknown parameters."""
        return replace(
            self,
            equations=[_with_numbers(equation, numbers) for equation in self.equations],
            initial=[_with_numbers(condition, numbers) for condition in self.initial],
            boundary=[_with_numbers(condition, numbers) for condition in self.boundary],
        )

    def after(self, trial: Approximation, reached: float) -> "Evolution":
        """What is left of it where an earlier march ended: it starts from there as that one left it."""
        return replace(self, start=reached, begun=trial)


def evolution_of(problem: Problem) -> Evolution | None:
    """The problem as an evolution, or None where it is of another kind.

    There are as many initial conditions as derivatives by time to be started with, and as many at the ends of space as
    derivatives in space: the equations of a slab are then as many as its unknowns.
    """
    if len(problem.domain.names) != 2 or not isinstance(problem.domain, Box):
        return None
    read = [evolution for time in range(2) if (evolution := _read(problem, time)) is not None]
    fitting = [evolution for evolution in read if _fits(evolution, problem)]
    fitting.sort(key=lambda evolution: evolution.names[evolution.time] != problem.marching)
    return fitting[0] if fitting else None


def _with_numbers(statement: S, numbers: Mapping[str, Tensor]) -> S:
    """An equation or a condition as one of the functions alone."""
    own = {key: numbers[key[0]] for key in statement.wanted if key[0] in numbers}
    residual = statement.residual
    return replace(
        statement,
        wanted=frozenset(key for key in statement.wanted if key not in own),
        residual=lambda places, values: residual(places, {**values, **own}),
    )


def _read(problem: Problem, time: int) -> Evolution | None:
    """The problem with this coordinate as its time, if some condition says how it starts and none how it ends.

    Unknown parameters leave conditions over: those at points, along inner lines and at the other end of time.
    """
    initial: list[Condition] = []
    boundary: list[Condition] = []
    observed: list[Condition] = []
    interval = problem.domain.intervals[problem.domain.names[time]]
    starts: set[float] = set()
    for condition in problem.conditions:
        places = {at for _, _, at in _functions(problem, condition)}
        if not places or condition.integrals:
            return None
        if all(at[time] is not None and at[1 - time] is None for at in places):
            initial.append(condition)
            starts |= {value for at in places if (value := at[time]) is not None}
        elif all(at[time] is None and at[1 - time] is not None for at in places):
            boundary.append(condition)
        elif problem.unknown_parameters:
            observed.append(condition)
        else:
            return None
    if problem.unknown_parameters:
        ends = problem.domain.intervals[problem.domain.names[1 - time]]
        observed += [
            c for c in boundary if not {at[1 - time] for _, _, at in _functions(problem, c)} <= set(ends)
        ]
        first_end = interval[0] if interval[0] in starts else interval[1]
        observed += [c for c in initial if {at[time] for _, _, at in _functions(problem, c)} != {first_end}]
        initial = [c for c in initial if c not in observed]
        boundary = [c for c in boundary if c not in observed]
        starts &= {first_end}
    elif problem.data:
        return None
    if len(starts) != 1 or not starts <= set(interval):
        return None
    (start,) = starts
    first, second = problem.domain.names
    return Evolution(
        problem.equations,
        {unknown: (index[1 - time], index[time]) for unknown, index in problem.orders.items()},
        initial,
        boundary,
        (first, second),
        problem.parameters,
        time,
        start,
        interval[0] if start == interval[1] else interval[1],
        problem.domain.intervals[problem.domain.names[1 - time]],
        observed,
        tuple(sorted({peak[1 - time] for peak in problem.peaks})),
    )


def _functions(problem: Problem, condition: Condition) -> set[Placed]:
    """The partials of functions that a condition is made of."""
    return {key for key in condition.wanted if key[0] not in problem.unknown_parameters}


def _fits(evolution: Evolution, problem: Problem) -> bool:
    """Whether the conditions are as many as they should be, where they should be, and of low enough order."""
    in_space, in_time = (sum(orders[i] for orders in evolution.orders.values()) for i in range(2))
    if (len(evolution.boundary), len(evolution.initial)) != (in_space, in_time):
        return False
    for condition in evolution.initial:
        for unknown, index, _ in _functions(problem, condition):
            a, b = evolution.split(index)
            if a or b >= evolution.orders[unknown][1]:
                return False
    for condition in evolution.boundary:
        for unknown, index, at in _functions(problem, condition):
            a, b = evolution.split(index)
            order = evolution.orders[unknown]
            if at[evolution.space] not in evolution.ends or a >= order[0] or b > order[1]:
                return False
    return all(condition.linear for condition in evolution.initial)

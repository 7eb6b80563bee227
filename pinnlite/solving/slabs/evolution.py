"""Which problems are evolution equations in one space dimension, and which statement says what in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnlite.geometry.domains import Box
from pinnlite.problem.equations import Condition, Equation
from pinnlite.problem.problem import Problem


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

    @property
    def space(self) -> int:
        """Where the space coordinate stands."""
        return 1 - self.time

    @property
    def linear(self) -> bool:
        """Whether one Newton step is enough."""
        return all(e.linear for e in self.equations) and all(c.linear for c in self.boundary)

    def split(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Orders of differentiation in space and in time."""
        return index[self.space], index[self.time]


def evolution_of(problem: Problem) -> Evolution | None:
    """The problem as an evolution, or None where it is of another kind.

    There are as many initial conditions as derivatives by time to be started with, and as many at the ends of space as
    derivatives in space: the equations of a slab are then as many as its unknowns.
    """
    if len(problem.domain.names) != 2 or not isinstance(problem.domain, Box):
        return None
    read = [evolution for time in range(2) if (evolution := _read(problem, time)) is not None]
    fitting = [evolution for evolution in read if _fits(evolution)]
    fitting.sort(key=lambda evolution: evolution.names[evolution.time] != problem.marching)
    return fitting[0] if fitting else None


def _read(problem: Problem, time: int) -> Evolution | None:
    """The problem with this coordinate as its time, if some condition says how it starts and none how it ends."""
    initial: list[Condition] = []
    boundary: list[Condition] = []
    starts: set[float] = set()
    for condition in problem.conditions:
        places = {at for _, _, at in condition.wanted}
        if not places or condition.integrals:
            return None
        if all(at[time] is not None and at[1 - time] is None for at in places):
            initial.append(condition)
            starts |= {value for at in places if (value := at[time]) is not None}
        elif all(at[time] is None and at[1 - time] is not None for at in places):
            boundary.append(condition)
        else:
            return None
    interval = problem.domain.intervals[problem.domain.names[time]]
    if len(starts) != 1 or not starts <= set(interval) or problem.unknown_parameters or problem.data:
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
    )


def _fits(evolution: Evolution) -> bool:
    """Whether the conditions are as many as they should be, where they should be, and of low enough order."""
    in_space, in_time = (sum(orders[i] for orders in evolution.orders.values()) for i in range(2))
    if (len(evolution.boundary), len(evolution.initial)) != (in_space, in_time):
        return False
    for condition in evolution.initial:
        for unknown, index, _ in condition.wanted:
            a, b = evolution.split(index)
            if a or b >= evolution.orders[unknown][1]:
                return False
    for condition in evolution.boundary:
        for unknown, index, at in condition.wanted:
            a, b = evolution.split(index)
            order = evolution.orders[unknown]
            if at[evolution.space] not in evolution.ends or a >= order[0] or b > order[1]:
                return False
    return all(condition.linear for condition in evolution.initial)

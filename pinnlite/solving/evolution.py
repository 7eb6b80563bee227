"""Which problems are evolution equations in one space dimension, and which statement says what in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnlite.errors import ProblemError
from pinnlite.problem.equations import Condition, Equation
from pinnlite.problem.problem import Problem

_USUAL = ("t", "time", "tau")  # names that settle which coordinate it is where both would do


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
        return all(s.linear for s in (*self.equations, *self.boundary))

    def split(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Orders of differentiation in space and in time."""
        return index[self.space], index[self.time]


def evolution_of(problem: Problem) -> Evolution | None:
    """The problem as an evolution, or None where it is of another kind.

    Raises:
        ProblemError: it is one, but its conditions are not those of one.
    """
    if len(problem.domain.names) != 2:
        return None
    found = [e for time in range(2) if (e := _read(problem, time)) is not None]
    if not found:
        return None
    found.sort(key=lambda e: (not _fits(e), e.names[e.time] not in _USUAL, -e.time))
    _check(found[0])
    return found[0]


def _read(problem: Problem, time: int) -> Evolution | None:
    """The problem with this coordinate as its time, if some condition says how it starts and none how it ends."""
    initial, boundary, starts = [], [], set()
    for condition in problem.conditions:
        places = {at for _, _, at in condition.wanted}
        if not places or condition.integrals:
            return None
        if all(at[time] is not None and at[1 - time] is None for at in places):
            initial.append(condition)
            starts |= {at[time] for at in places}
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
    return len(evolution.initial) == _needed(evolution, 1) and len(evolution.boundary) == _needed(
        evolution, 0
    )


def _needed(evolution: Evolution, which: int) -> int:
    return sum(orders[which] for orders in evolution.orders.values())


def _check(evolution: Evolution) -> None:
    t, x = evolution.names[evolution.time], evolution.names[evolution.space]
    for conditions, which, name, where in (
        (evolution.initial, 1, t, f"at {t} = {evolution.start:g}"),
        (evolution.boundary, 0, x, f"at the ends of {x}"),
    ):
        needed, given = _needed(evolution, which), len(conditions)
        if needed == given:
            continue
        orders = ", ".join(f"{u} of order {o[which]} in {name}" for u, o in evolution.orders.items())
        remedy = f"add {needed - given} more" if given < needed else f"leave out {given - needed}"
        listed = "".join(f"\n  {condition.text}" for condition in conditions)
        raise ProblemError(
            f"too {'few' if given < needed else 'many'} conditions {where}: {given} where {needed} are needed "
            f"({orders}): {remedy}{listed}"
        )
    for condition in evolution.initial:
        for unknown, index, _ in condition.wanted:
            a, b = evolution.split(index)
            if a or b >= evolution.orders[unknown][1]:
                raise ProblemError(
                    f"the condition '{condition.text}' is none that an evolution can start from: give the unknowns "
                    f"and their derivatives by {t} of lower order than in the equations"
                )
    for condition in evolution.boundary:
        for unknown, index, at in condition.wanted:
            if at[evolution.space] not in evolution.ends:
                raise ProblemError(
                    f"the condition '{condition.text}' is inside the domain: conditions in {x} are given at its ends"
                )
            if evolution.split(index)[0] >= evolution.orders[unknown][0]:
                raise ProblemError(
                    f"the condition '{condition.text}' has a derivative by {x} of an order that the equations "
                    "determine themselves: give one of lower order"
                )

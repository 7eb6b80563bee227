"""Conditions that make a coordinate periodic, which hold by construction where the inputs of a network are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnlite.geometry.domains import Box
from pinnlite.problem.equations import Condition, Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.trials.buildable import buildable, lift_alone
from pinnlite.trials.lifted import Given, Lifted

_POINTS = 64  # at which both ends are compared
_SLACK = 1e-9  # relative
_UNSEEN = 2**40 + 7


@dataclass(frozen=True)
class Circles:
    """The coordinates in which a problem is periodic."""

    periods: tuple[float, ...]  # of each coordinate, 0 for one that is not periodic
    conditions: tuple[Condition, ...]  # that say so


def circles_of(problem: Problem) -> Circles | None:
    """Coordinates of a box at whose ends all unknowns and their derivatives below the highest are equal, if any.

    The equations have to be the same at either end: a network that is periodic has all derivatives in common there.
    """
    names = problem.domain.names
    found: dict[int, list[Condition]] = {}
    if isinstance(problem.domain, Box):
        for column in range(len(names)):
            own = [c for c in problem.conditions if any(at[column] is not None for _, _, at in c.wanted)]
            joined = {key for c in own if (key := _joined(problem, c, column)) is not None}
            complete = len(joined) == len(own) and joined == _all(problem, column)
            if own and complete and _same_at_both_ends(problem, column):
                found[column] = own
    if not found:
        return None
    lengths = [high - low for low, high in problem.domain.intervals.values()]
    return Circles(
        tuple(length if column in found else 0.0 for column, length in enumerate(lengths)),
        tuple(condition for own in found.values() for condition in own),
    )


def given_on(problem: Problem, circles: Circles | None) -> tuple[Given, ...]:
    """What can be built into a trial that is periodic: nothing where an initial value is not."""
    given = buildable(problem)
    if not circles or not given:
        return given
    lift = lift_alone(problem, given)
    X = problem.domain.sample(_POINTS, seed=_UNSEEN)
    return given if all(_returns(condition, lift, X) for condition in circles.conditions) else ()


def _all(problem: Problem, column: int) -> set[Key]:
    """Every unknown with its derivatives below the highest along a coordinate."""
    unit = [int(i == column) for i in range(len(problem.domain.names))]
    return {
        (unknown, tuple(order * i for i in unit))
        for unknown, index in problem.orders.items()
        for order in range(max(index[column], 1))
    }


def _joined(problem: Problem, condition: Condition, column: int) -> Key | None:
    """The partial of which a condition says that it is the same at both ends of a coordinate."""
    ends = list(problem.domain.intervals.values())[column]
    if not condition.linear or condition.integrals or len({key[:2] for key in condition.wanted}) != 1:
        return None
    if {at for _, _, at in condition.wanted} != {
        tuple(end if i == column else None for i in range(len(problem.domain.names))) for end in ends
    }:
        return None
    X = problem.domain.sample(_POINTS, seed=_UNSEEN)
    places = _places(problem, X, leaving=column)
    one, zero = torch.ones_like(X[:, 0]), torch.zeros_like(X[:, 0])
    first, second = condition.wanted
    rows = [
        condition.residual(places, {first: a, second: b}) + zero
        for a, b in ((zero, zero), (one, one), (one, zero))
    ]
    apart = rows[2].abs().amin()
    same = rows[0].abs().amax() <= _SLACK * apart and rows[1].abs().amax() <= _SLACK * apart
    return first[:2] if apart > 0 and same else None


def _same_at_both_ends(problem: Problem, column: int) -> bool:
    """Whether the equations do not depend on which of both ends of a coordinate they are taken at."""
    X = problem.domain.sample(_POINTS, seed=_UNSEEN)
    values = 0.5 + torch.rand(_POINTS, generator=torch.Generator().manual_seed(_UNSEEN), dtype=torch.float64)
    for equation in problem.equations:
        partials = {key: values.roll(i) for i, key in enumerate(sorted(equation.wanted))}
        rows = []
        for end in list(problem.domain.intervals.values())[column]:
            at = X.clone()
            at[:, column] = end
            rows.append(equation.residual(_places(problem, at), partials))
        if not (rows[0] - rows[1]).abs().amax() <= _SLACK * (rows[0].abs().amax() + 1):
            return False
    return True


def _returns(condition: Condition, lift: Lifted, X: Tensor) -> bool:
    """Whether a lift alone meets a condition of this kind."""
    values: dict[Any, Tensor] = {}
    for placed in condition.wanted:
        at = X.clone()
        for column, value in enumerate(placed[2]):
            if value is not None:
                at[:, column] = value
        values[placed] = lift.partials(at, [placed[:2]])[placed[:2]]
    sizes = torch.stack([value.abs().amax() for value in values.values()])
    first, second = values.values()
    return bool((first - second).abs().amax() <= _SLACK * (1 + sizes.amax()))


def _places(problem: Problem, X: Tensor, leaving: int | None = None) -> Values:
    columns: Mapping[str, Tensor] = {
        name: X[:, i] for i, name in enumerate(problem.domain.names) if i != leaving
    }
    return {**problem.parameters, **columns}

"""A stage of an evolution: the same problem between two times, from the state that was reached."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.domains import Box
from pinnlite.geometry.product import Product, box_names
from pinnlite.geometry.region import Part, Region
from pinnlite.problem.equations import Condition, Key, Place, Placed, Values
from pinnlite.problem.problem import Problem
from pinnlite.trials.trial import Approximation

_LEAST_COORDINATES = 3  # one of space is for slabs of elements


def evolves(problem: Problem) -> bool:
    """Whether a problem evolves in two space dimensions or more, from as many initial values as it takes."""
    names, time = problem.domain.names, _time(problem)
    if len(names) < _LEAST_COORDINATES or problem.marching not in box_names(problem.domain):
        return False
    if problem.unknown_parameters or problem.data or any(c.integrals for c in problem.conditions):
        return False
    start, stop = problem.domain.intervals[problem.marching]
    initial = 0
    for condition in problem.stated:
        places = {at for _, _, at in condition.wanted}
        if all(_only(at, time) == start for at in places):
            initial += 1
        elif any(at[time] is not None for at in places):
            return False
    return start < stop and initial == sum(index[time] for index in problem.orders.values()) > 0


def stage(problem: Problem, low: float, high: float, before: Approximation | None) -> Problem:
    """The problem for times from ``low`` to ``high``, where it starts from ``before`` if that is given."""
    time, domain = _time(problem), _shortened(problem.domain, problem.marching, low, high)
    start = problem.domain.intervals[problem.marching][0]
    faces = dict(zip(map(id, problem.domain.faces), domain.faces, strict=True))

    def moved(condition: Condition) -> Condition:
        if condition.part is None:
            return condition
        own = tuple(faces[id(face)] for face in condition.part.faces)
        return replace(condition, part=Part(condition.part.name, own, domain.scale))

    def staged(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        if before is None:
            return tuple(map(moved, conditions))
        later = [moved(c) for c in conditions if not any(at[time] == start for _, _, at in c.wanted)]
        return (*_state(problem, before, time, low), *later)

    part = copy.copy(problem)
    for name, value in {
        "domain": domain,
        "stated": staged(problem.stated),
        "conditions": staged(problem.conditions),
    }.items():
        object.__setattr__(part, name, value)
    return part


def _time(problem: Problem) -> int:
    return problem.domain.names.index(problem.marching)


def _only(at: Place, column: int) -> float | None:
    """The value of a coordinate, where it is the only one that a place fixes."""
    return at[column] if sum(value is not None for value in at) == 1 else None


def _shortened(domain: Region, name: str, low: float, high: float) -> Region:
    if isinstance(domain, Product):
        box = Box({**domain.box.intervals, name: (low, high)}, name=domain.box.name)
        return Product(domain.region, box)
    assert isinstance(domain, Box)
    return Box({**domain.intervals, name: (low, high)}, name=domain.name)


def _state(problem: Problem, before: Approximation, time: int, low: float) -> list[Condition]:
    """What was reached, as initial conditions: every derivative by time below the order of its unknown."""
    names = problem.domain.names
    at = tuple(low if column == time else None for column in range(len(names)))

    def condition(unknown: str, order: int) -> Condition:
        index = tuple(order * (column == time) for column in range(len(names)))
        key: Key = (unknown, index)
        placed: Placed = (unknown, index, at)

        def residual(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
            like = values[placed]
            columns = [torch.as_tensor(places.get(name, low)).to(like).expand(len(like)) for name in names]
            columns[time] = torch.full_like(like, low)
            return like - _reached(before, torch.stack(columns, 1), key)

        return Condition(f"{unknown} of order {order} goes on", frozenset([placed]), residual, linear=True)

    return [condition(u, order) for u, index in problem.orders.items() for order in range(index[time])]


def _reached(before: Approximation, X: Float[Tensor, "N d"], key: Key) -> Float[Tensor, " N"]:
    with torch.no_grad():
        return before.partials(X.detach(), [key])[key]

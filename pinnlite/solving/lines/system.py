"""A problem in one coordinate as elements want it: every unknown a function, every condition at places.

An unknown parameter is a function with p' = 0. The integral of f over the domain [a, b] is w(b) of a function with
w' = f and w(a) = 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pinnlite.problem.equations import Condition, Equation, Key, Placed, Values
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.problem import Problem


@dataclass(frozen=True)
class System:
    """Equations for functions of one coordinate, with conditions that hold and conditions to be met on average."""

    equations: tuple[Equation, ...]
    orders: dict[str, int]
    functions: tuple[str, ...]  # those that the problem calls so; the others are parameters and integrals
    conditions: tuple[Condition, ...]
    observations: tuple[Condition, ...]
    linear: bool


def system_of(problem: Problem) -> System:
    """The problem with its unknown parameters and integrals turned into functions of their own."""
    (low, high) = problem.domain.intervals[problem.domain.names[0]]
    orders = {unknown: order for unknown, (order,) in problem.orders.items()}
    equations = list(problem.equations)
    for name in problem.unknown_parameters:
        orders[name] = 1
        equations.append(Equation(f"{name}' = 0", frozenset({(name, (1,))}), _the(name, 1), True))
    conditions: list[Condition] = []
    for condition in problem.conditions:
        running: dict[Any, Placed] = {}
        for leaf, integrand in condition.integrals.items():
            name = f"integral {len(orders)}"
            orders[name] = 1
            equations.append(_integral(name, integrand))
            conditions.append(_fixed(f"{name} starts at 0", (name, (0,), (low,)), 0.0))
            running[leaf] = (name, (0,), (high,))
        conditions.append(_placed(condition, running))
    observations = []
    for observed in problem.data:
        unknown, index = key_of(observed.name, problem.unknowns, problem.domain.names)
        for x, value in zip(observed.points[:, 0].tolist(), observed.values.tolist(), strict=True):
            observations.append(_fixed(observed.text, (unknown, index, (x,)), value))
    linear = all(e.linear for e in equations) and all(c.linear for c in conditions)
    return System(tuple(equations), orders, problem.unknowns, tuple(conditions), tuple(observations), linear)


def _the(name: str, order: int) -> Callable[[Values, Mapping[Key, Tensor]], Tensor]:
    return lambda places, values: values[name, (order,)]


def _integral(name: str, integrand: Equation) -> Equation:
    """w' = f."""
    return Equation(
        f"{name}' = {integrand.text}",
        integrand.wanted | {(name, (1,))},
        lambda places, values: values[name, (1,)] - integrand.residual(places, values),
        integrand.linear,
    )


def _fixed(text: str, placed: Placed, value: float) -> Condition:
    return Condition(text, frozenset({placed}), lambda places, values: values[placed] - value, True)


def _placed(condition: Condition, running: Mapping[Any, Placed]) -> Condition:
    """The condition with its integrals read off where they have run up to."""
    if not running:
        return condition

    def residual(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
        return condition.residual(places, {**values, **{leaf: values[at] for leaf, at in running.items()}})

    return Condition(condition.text, condition.wanted | set(running.values()), residual, condition.linear)

"""What an evolution has come to, as the initial conditions that it goes on from."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pinnlite.problem.equations import Condition, Key, Placed, Values
from pinnlite.problem.initial_value import InitialValueProblem
from pinnlite.trials.trial import Approximation


def state(evolution: InitialValueProblem, reached: Approximation, time: float) -> list[Condition]:
    """Every derivative by time below the order of its unknown is at a time what it is of ``reached``."""
    problem, column = evolution.problem, evolution.column
    names = problem.domain.names
    at = tuple(time if name == evolution.name else None for name in names)

    def condition(unknown: str, order: int) -> Condition:
        index = tuple(order * (i == column) for i in range(len(names)))
        key: Key = (unknown, index)
        placed: Placed = (unknown, index, at)

        def residual(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
            like = values[placed]
            columns = [torch.as_tensor(places.get(name, time)).to(like).expand(len(like)) for name in names]
            columns[column] = torch.full_like(like, time)
            with torch.no_grad():
                value = reached.partials(torch.stack(columns, 1).detach(), [key])[key]
            return like - value

        return Condition(f"{unknown} of order {order} goes on", frozenset([placed]), residual, linear=True)

    return [condition(u, order) for u, index in problem.orders.items() for order in range(index[column])]

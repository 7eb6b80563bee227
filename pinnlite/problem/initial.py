"""Initial-value problems: where the conditions are, and the state that they give there."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.problem.equations import Condition, Placed, Values
from pinnlite.problem.problem import Problem

_STEPS = 30


def initial_state(
    problem: Problem, conditions: Sequence[Condition] | None = None
) -> tuple[float, Float[Tensor, " K"]] | None:
    """Where all conditions are at one place and give the state there: the place and the state.

    The state is every derivative below the order of its unknown, unknown by unknown. None where conditions are at
    several places, speak of higher derivatives, or leave something for integrals or observations to say. ``conditions``
    are those to be met, all of the problem's where it is left out.

    Raises:
        ProblemError: two conditions constrain the same thing.
    """
    orders = {unknown: order for unknown, (order,) in problem.orders.items()}
    conditions = problem.conditions if conditions is None else conditions
    wanted = {key for condition in conditions for key in condition.wanted}
    places = {at for _, _, at in wanted}
    if len(places) != 1 or any(index[0] >= orders.get(unknown, 0) for unknown, index, _ in wanted):
        return None
    (at,) = places
    states: list[Placed] = [(unknown, (j,), at) for unknown, order in orders.items() for j in range(order)]
    if len(conditions) != len(states) or any(c.integrals for c in conditions):
        return None
    for guess in (0.0, 1.0, -1.0):  # a nonlinear condition may be flat at zero
        state = _newton(problem, conditions, states, torch.full((len(states),), guess, dtype=torch.float64))
        if state is not None:
            assert at[0] is not None
            return at[0], state
    raise ProblemError(
        "the conditions do not determine the solution: two of them constrain the same thing, or one cannot be met"
    )


def _newton(
    problem: Problem, conditions: Sequence[Condition], states: list[Placed], state: Float[Tensor, " K"]
) -> Float[Tensor, " K"] | None:
    """The state that the conditions give; one step where they are linear. None where it is not found."""
    for _ in range(_STEPS):
        rows, residuals = zip(
            *(_linearised(c, states, state, problem.parameters) for c in conditions), strict=True
        )
        matrix = torch.stack(rows)
        if torch.linalg.matrix_rank(matrix) < len(states):
            return None
        step = torch.linalg.solve(matrix, -torch.stack(residuals))
        state = state + step
        if step.norm() <= 1e-14 * state.norm():
            return state
    return None


def _linearised(
    condition: Condition, states: list[Placed], state: Float[Tensor, " K"], given: Values
) -> tuple[Float[Tensor, " K"], Float[Tensor, ""]]:
    """The slopes of a condition by each number of the state, and its residual."""
    leaf = state.clone().requires_grad_()
    residual = condition.residual(given, {key: leaf[i, None] for i, key in enumerate(states)}).reshape(())
    (slopes,) = torch.autograd.grad(residual, leaf)
    return slopes, residual.detach()

"""The eigenfunction whose eigenvalue is nearest to a guess, by inverse iteration."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pinnlite.problem.equations import Condition, Equation, Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.newton import Chain
from pinnlite.trials.reference import gauss_nodes
from pinnlite.trials.trial import Approximation

_PIECES, _DEGREE, _ITERATIONS = 12, 16, 6  # enough for a first look


def inverse_iteration(
    problem: Problem, conditions: Sequence[Condition], constants: Mapping[str, float], first: Approximation
) -> Approximation:
    """The eigenfunction whose eigenvalue is nearest to the guess: solve F(v, guess) = -dF/dp(u, guess) repeatedly.

    (G. H. Golub and C. F. Van Loan, Matrix Computations, section 7.6.1, for an operator linear in u.)
    """
    (name,) = problem.unknown_parameters
    coordinate = problem.domain.names[0]
    low, high = problem.domain.intervals[coordinate]
    orders = {unknown: order for unknown, (order,) in problem.orders.items()}
    current, edges = first, torch.linspace(low, high, _PIECES + 1, dtype=torch.float64)
    for _ in range(_ITERATIONS):
        forced = [
            _forced(equation, current, name, constants[name], coordinate) for equation in problem.equations
        ]
        collocation = Collocation(forced, orders, coordinate, problem.parameters, gauss_nodes(_DEGREE))
        chain = Chain(collocation, conditions, [], edges)
        solved = chain.solve(chain.interpolate(current), linear=True, monitor=lambda step, length: False)
        if solved is None:
            return first
        scale = solved.rows.abs().amax().clamp(min=1e-300)
        current = collocation.elements(edges, solved.rows / scale)
    return current


def _forced(equation: Equation, current: Approximation, name: str, guess: float, coordinate: str) -> Equation:
    """The equation at the guess, driven by its slope by the parameter at the present eigenfunction."""
    functions = [key for key in equation.wanted if key[0] != name]

    def residual(places: Values, values: Mapping[Key, Tensor]) -> Tensor:
        x = torch.as_tensor(places[coordinate])
        here = current.partials(x.reshape(-1, 1), functions)
        driving = {key: value.view_as(x) for key, value in here.items()}
        parameter = torch.full_like(x, guess).requires_grad_(True)
        at_guess = equation.residual(places, {**driving, (name, (0,)): parameter})
        slope = (
            torch.autograd.grad(at_guess.sum(), parameter)[0]
            if at_guess.requires_grad
            else torch.zeros_like(x)
        )
        return equation.residual(places, {**values, (name, (0,)): parameter.detach()}) + slope

    return replace(equation, wanted=frozenset(functions), residual=residual)

"""Where Newton's method starts: a march with guessed parameters, or the simplest function that meets the conditions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.problem.equations import Condition, Equation, Key, Values
from pinnlite.problem.initial import initial_state
from pinnlite.problem.problem import Problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.eigenfunction import inverse_iteration
from pinnlite.solving.lines.marches import march_both_ways
from pinnlite.solving.lines.system import System, system_of
from pinnlite.trials.constrained import Constrained
from pinnlite.trials.elements import Elements
from pinnlite.trials.reference import radau_nodes
from pinnlite.trials.trial import Approximation

_ACCURACY = 1e-6
_NODES = radau_nodes(12)
_SAMPLE = (0.2113, 0.5231, 0.8397)  # of the domain


class Opening:
    """Functions from one approximation; parameters, and integrals, as constants."""

    def __init__(self, functions: Approximation, constants: Mapping[str, float]) -> None:
        self.functions, self.constants = functions, constants

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Partials of functions and of constants."""
        functions = [key for key in wanted if key[0] not in self.constants]
        found = self.functions.partials(X, functions)
        for name, index in set(wanted) - set(functions):
            found[name, index] = torch.full_like(X[:, 0], 0.0 if any(index) else self.constants[name])
        return {key: found[key] for key in wanted}


def partition_of(approximation: Approximation) -> Float[Tensor, " E1"] | None:
    """Where an approximation is known to be resolved, if it is made of elements."""
    if isinstance(approximation, Opening):
        return partition_of(approximation.functions)
    return approximation.edges if isinstance(approximation, Elements) else None


class Bump:
    """A multiple of exp(x / L) for every unknown: where zero is a solution, but not the one that is looked for."""

    def __init__(self, size: float, length: float) -> None:
        self.size, self.length, self.parameters = size, length, ()

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """The function and its derivatives."""
        value = self.size * torch.exp(X[:, 0] / self.length)
        return {(name, index): value / self.length ** sum(index) for name, index in wanted}

    def jacobian(self, X: Float[Tensor, "N d"], weights: Mapping[Key, Tensor]) -> Float[Tensor, "N P"]:
        """There are no parameters."""
        return X.new_zeros(len(X), 0)


def opening(problem: Problem, system: System, clock: Clock) -> Approximation:
    """A first approximation of every function of the system."""
    constants = {name: unknown.start for name, unknown in problem.unknown_parameters.items()}
    constants |= {name: 0.0 for name in system.orders if name not in problem.orders and name not in constants}
    start = _start(problem) if problem.unknown_parameters or problem.data else None
    if start is not None:
        orders = {unknown: order for unknown, (order,) in problem.orders.items()}
        fixed = [_with_constants(equation, constants) for equation in problem.equations]
        collocation = Collocation(fixed, orders, problem.domain.names[0], problem.parameters, _NODES)
        run = march_both_ways(problem, collocation, start, _ACCURACY, (), clock)
        if run.elements is not None and not run.failure:
            return Opening(run.elements, constants)
    low, high = problem.domain.intervals[problem.domain.names[0]]
    plain = [c for c in problem.conditions if c.linear and {u for u, _, _ in c.wanted} <= set(problem.orders)]
    plain = [c for c in plain if not c.integrals]
    trivial = bool(problem.unknown_parameters) and _is_trivial(problem)
    away = trivial or any(_is_flat(condition, problem) for condition in problem.conditions)
    bump = Bump(1.0 if away else 0.0, max(abs(low), abs(high)))
    meeting: Approximation = bump
    if plain:
        meeting = Constrained(bump, problem.unknowns, plain, problem.domain, problem.parameters)
    if (
        trivial
        and len(problem.unknown_parameters) == 1
        and len(plain) == sum(i[0] for i in problem.orders.values())
    ):
        meeting = inverse_iteration(problem, plain, constants, meeting)
    return Opening(meeting, constants)


def _start(problem: Problem) -> tuple[float, Tensor] | None:
    """A place where the conditions give the state, if there is one; those elsewhere determine the parameters."""
    known = set(problem.orders)
    for place in sorted({at for c in problem.conditions for _, _, at in c.wanted}):
        here = [
            c for c in problem.conditions if {(u in known, at) for u, _, at in c.wanted} == {(True, place)}
        ]
        try:
            start = initial_state(problem, here) if here else None
        except ProblemError:  # two of them constrain the same thing, which another place may make good
            continue
        if start is not None:
            return start
    return None


def _with_constants(equation: Equation, constants: Mapping[str, float]) -> Equation:
    known: dict[Key, Tensor] = {
        (name, (0,)): torch.tensor(value, dtype=torch.float64) for name, value in constants.items()
    }
    return replace(
        equation,
        wanted=frozenset(key for key in equation.wanted if key[0] not in constants),
        residual=lambda places, values: equation.residual(places, {**values, **known}),
    )


def _is_trivial(problem: Problem) -> bool:
    """Whether zero functions solve the equations at a sample of points, whatever the parameters are."""
    places = _sample(problem)
    sought = set(problem.unknown_parameters)
    for equation in problem.equations:
        values = {
            key: torch.full((len(_SAMPLE),), float(key[0] in sought), dtype=torch.float64)
            for key in equation.wanted
        }
        if equation.residual(places, values).any():
            return False
    return True


def _is_flat(condition: Condition, problem: Problem) -> bool:
    """Whether zero functions miss a condition and no small change of them makes a difference to it."""
    starts = {name: unknown.start for name, unknown in problem.unknown_parameters.items()}
    functions: list[Tensor] = []

    def values_at(keys: Iterable[Any], count: int) -> dict[Any, Tensor]:
        found = {}
        for key in keys:
            found[key] = torch.full((count,), starts.get(key[0], 0.0), dtype=torch.float64)
            if key[0] not in starts:
                functions.append(found[key].requires_grad_(True))
        return found

    values = values_at(condition.wanted, 1)
    places = _sample(problem)
    for leaf, integrand in condition.integrals.items():
        inside = values_at(integrand.wanted, len(_SAMPLE))
        values[leaf] = integrand.residual(places, inside).mean().reshape(1)
    residual = condition.residual(problem.parameters, values)
    if not residual.any() or not functions:
        return False
    if not residual.requires_grad:
        return True
    slopes = torch.autograd.grad(residual.sum(), functions, allow_unused=True)
    return not any(slope is not None and slope.any() for slope in slopes)


def _sample(problem: Problem) -> Values:
    """A few places that are nothing special."""
    ((name, (low, high)),) = problem.domain.intervals.items()
    return {**problem.parameters, name: low + (high - low) * torch.tensor(_SAMPLE, dtype=torch.float64)}


def first_function(problem: Problem, clock: Clock) -> Approximation | None:
    """Where to start if zero functions lead nowhere: they solve the equations whatever an unknown parameter is, or no
    small change of them does anything to a condition. None elsewhere.
    """
    trivial = bool(problem.unknown_parameters) and _is_trivial(problem)
    if not trivial and not any(_is_flat(condition, problem) for condition in problem.conditions):
        return None
    return opening(problem, system_of(problem), clock)

"""Where Newton's method fails from its first guess: a chain of problems that begins with an easy one.

The highest derivative of every unknown is magnified, u^(k) -> s u^(k), until lower terms and nonlinearities hardly
matter; then the solution is followed down to s = 1. It is the continuation in a small coefficient of the highest
derivative that layers ask for, found without knowing which coefficient that is (U. Ascher, R. Mattheij and R. Russell,
Numerical Solution of Boundary Value Problems for Ordinary Differential Equations, section 8.3); the steps are as long
as Newton's method allows (P. Deuflhard, Newton Methods for Nonlinear Problems, section 5.1).
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Equation, Key, Values
from pinnlite.solving.lines.chain import Undetermined
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.newton import Chain
from pinnlite.solving.lines.system import System
from pinnlite.solving.residuals import Monitor
from pinnlite.trials.elements import Elements, halved
from pinnlite.trials.reference import gauss_nodes
from pinnlite.trials.trial import Approximation

_MAGNIFIED = (1e8, 1e5, 1e3, 1e2, 10.0)  # where to begin, the easiest first
_FIRST, _LONGEST, _SHORTEST = 100.0, 1000.0, 1.01  # factors from one problem to the next
_ACCURACY, _NODES = 1e-3, gauss_nodes(8)  # of the problems on the way
_PIECES, _MOST_ELEMENTS, _ROUNDS = 4, 600, 10


def follow(
    collocation: Collocation,
    system: System,
    ends: Float[Tensor, " E1"],
    first: Approximation,
    monitor: Monitor,
) -> Elements | None:
    """A rough solution by continuation from an easy problem; None where that leads nowhere."""
    edges = torch.linspace(ends[0].item(), ends[-1].item(), _PIECES + 1, dtype=torch.float64)
    current: Elements | None = None
    for s in _MAGNIFIED:
        current = _stage(_magnified(collocation, system, s), system, edges, first, monitor)
        if current is not None:
            break
    factor = _FIRST
    while current is not None and s > 1:
        ahead = max(1.0, s / factor)
        found = _stage(_magnified(collocation, system, ahead), system, current.edges, current, monitor)
        if found is not None:
            s, current, factor = ahead, found, min(factor**1.5, _LONGEST)
            continue
        # From where it stands, the step tried was s / ahead: shorter than the factor at the very end.
        factor = (s / ahead) ** 0.5
        if factor < _SHORTEST or monitor(0, 0.0):
            return None
    return current


def _magnified(collocation: Collocation, system: System, s: float) -> Collocation:
    """The equations with the highest derivatives of the functions times ``s``; parameters and integrals as they are."""
    highest = {(name, (system.orders[name],)) for name in system.functions if system.orders[name]}

    def of(equation: Equation) -> Equation:
        def residual(places: Values, values: Mapping[Key, Tensor]) -> Tensor:
            return equation.residual(
                places, {key: s * value if key in highest else value for key, value in values.items()}
            )

        return replace(equation, residual=residual)

    return replace(collocation, equations=[of(equation) for equation in system.equations], nodes=_NODES)


def _stage(
    collocation: Collocation,
    system: System,
    edges: Float[Tensor, " E1"],
    first: Approximation,
    monitor: Monitor,
) -> Elements | None:
    """One problem of the chain, refined until it is resolved as roughly as the way asks for."""
    for _ in range(_ROUNDS):
        chain = Chain(collocation, system.conditions, system.observations, edges)
        try:
            solved = chain.solve(chain.interpolate(first), system.linear, monitor)
        except Undetermined:
            return None
        if solved is None:
            return None
        first = elements = collocation.elements(edges, solved.rows)
        bad = elements.tails() > _ACCURACY
        if not bad.any():
            return elements
        if len(edges) > _MOST_ELEMENTS:
            return None
        edges = halved(edges, bad)
    return elements

"""L-BFGS: the inverse Hessian from the last few changes of the gradient, with a strong Wolfe line search."""

from collections import deque
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.solving.methods.quasi_newton import quasi_newton
from pinnlite.solving.residuals import Monitor, Objective

# A change of position, the change of the gradient that came with it, and 1 / (s.y).
_Pair = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class LBFGS:
    """Minimise the loss by a limited-memory quasi-Newton method.

    A step goes along -H g, where g is the gradient of ``L(p) = |r(p)|^2`` and H the inverse Hessian that the last
    ``memory`` pairs s = p' - p, y = g' - g determine. There are no tolerances: it ends after ``steps`` steps,
    or when neither the loss nor the gradient falls any further, which is at rounding. In float32 that comes
    early; use float64.

    Args:
        steps: the most steps to take; each costs one to three evaluations of the gradient.
        memory: pairs kept; more pairs take fewer steps, at 4 P memory numbers of arithmetic for each.

    Raises:
        ProblemError: if steps or memory is below 1.

    Source: J. Nocedal and S. Wright, Numerical Optimization, 2nd ed., algorithms 7.4 and 7.5.

    >>> import math
    >>> import pinnlite as pl
    >>> print(pl.fit("sin(x)", pl.LegendreUnit(3), x=(-math.pi, math.pi), method=pl.LBFGS()))
    -2.234*P(3, 0.2557*x)
    """

    steps: int = 2000
    memory: int = 50

    def __post_init__(self) -> None:
        for name, count in (("steps", self.steps), ("memory", self.memory)):
            if count < 1:
                raise ProblemError(f"LBFGS: {name} must be at least 1, got {count}")

    def minimize(self, objective: Objective, monitor: Monitor) -> None:
        """Take the steps; ``monitor`` hears the loss before the first one and after each."""
        quasi_newton(objective, monitor, self.steps, _Pairs(self.memory))


class _Pairs:
    """H from the last pairs."""

    def __init__(self, memory: int) -> None:
        self._pairs: deque[_Pair] = deque(maxlen=memory)

    @property
    def known(self) -> bool:
        return bool(self._pairs)

    def forget(self) -> None:
        self._pairs.clear()

    def learn(self, s: Float[Tensor, " P"], y: Float[Tensor, " P"], predicted: float) -> None:
        self._pairs.append((s, y, 1 / torch.dot(s, y)))

    def direction(self, gradient: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
        """By the two-loop recursion, H starting from the newest pair's scale."""
        q, shares = gradient.clone(), []
        for s, y, rho in reversed(self._pairs):
            shares.append(rho * torch.dot(s, q))
            q -= shares[-1] * y
        if self._pairs:
            s, y, rho = self._pairs[-1]
            q /= rho * torch.dot(y, y)
        for (s, y, rho), share in zip(self._pairs, reversed(shares), strict=True):
            q += (share - rho * torch.dot(y, q)) * s
        return -q

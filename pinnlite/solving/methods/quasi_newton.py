"""The loop that quasi-Newton methods share: a direction, a strong Wolfe search along it, a lesson about curvature."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.solving.methods.loss import FlatLoss, line_search
from pinnlite.solving.residuals import Monitor, Objective

# Steps without a smaller loss or a smaller gradient after which both are at their rounding.
_PATIENCE = 20


@runtime_checkable
class Curvature(Protocol):
    """An inverse Hessian H, learned from steps."""

    @property
    def known(self) -> bool:
        """Whether any step has taught it something; if not, H is the identity."""
        ...

    def direction(self, gradient: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
        """-H g."""
        ...

    def learn(self, s: Float[Tensor, " P"], y: Float[Tensor, " P"], predicted: float) -> None:
        """Take in a step s that changed the gradient by y, s.y > 0; H had it that s.y would be ``predicted``."""
        ...

    def forget(self) -> None:
        """Be the identity again."""
        ...


def quasi_newton(objective: Objective, monitor: Monitor, steps: int, curvature: Curvature) -> None:
    """Minimise L(p) = |r(p)|^2 by steps t d, d = -H g, with t from a strong Wolfe line search.

    It ends after ``steps`` steps, or when neither the loss nor the gradient falls any further.

    Args:
        objective: the rows; its parameters end at the last point reached.
        monitor: hears the loss before the first step and after each.
        steps: the most steps to take.
        curvature: H, which is changed.
    """
    loss = FlatLoss(objective)
    p = loss.position()
    value, gradient = loss(p)
    if monitor(0, value):
        return
    smallest, flattest, idle = value, gradient.norm().item(), 0
    for step in range(1, steps + 1):
        try:
            found = _advance(loss, p, value, gradient, curvature)
        except KeyboardInterrupt:
            loss.move(p)  # the search may have been anywhere along the line
            raise
        if found is None:
            loss.move(p)
            return
        p, value, gradient = found
        if monitor(step, value):
            return
        steepness = gradient.norm().item()
        idle = 0 if value < smallest or steepness < flattest else idle + 1
        smallest, flattest = min(smallest, value), min(flattest, steepness)
        if steepness == 0 or idle >= _PATIENCE:
            return


def _advance(
    loss: FlatLoss, p: Float[Tensor, " P"], value: float, gradient: Float[Tensor, " P"], curvature: Curvature
) -> tuple[Tensor, float, Tensor] | None:
    """One step from p, from which H learns: the new position, loss and gradient; None at rounding."""
    direction = curvature.direction(gradient)
    slope = torch.dot(gradient, direction).item()
    here = p, value, gradient

    def along(t: float) -> tuple[float, float]:
        nonlocal here
        there = p + t * direction
        here = (there, *loss(there))
        return here[1], torch.dot(here[2], direction).item()

    # The first step has no curvature to go by, and moves the parameters by about one in all.
    first = 1.0 if curvature.known else min(1.0, 1.0 / gradient.abs().sum().item()) if slope else 0.0
    rounding = 10 * torch.finfo(p.dtype).eps
    t = line_search(along, value, slope, first, rounding) if slope < 0 else None
    if t is None:
        # What was learned may have misled the direction: forget it and go straight down once before giving up.
        if not curvature.known:
            return None
        curvature.forget()
        return _advance(loss, p, value, gradient, curvature)
    s, y = here[0] - p, here[2] - gradient
    # Without positive curvature, which only rounding can bring here, H would become indefinite.
    if torch.dot(s, y) > torch.finfo(p.dtype).eps * y.norm() * s.norm():
        curvature.learn(s, y, -t * t * slope)
    return here

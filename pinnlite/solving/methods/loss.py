"""The loss as a function of one flat vector of parameters, and the search for a step along a line."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.solving.residuals import Objective

# Strong Wolfe conditions: the loss falls by this share of what the slope at the start promises, ...
_DECREASE = 1e-4
# ... and the slope falls to this share. Quasi-Newton directions are well scaled, so a loose test costs least.
_CURVATURE = 0.9
_TRIES = 30


class FlatLoss:
    """L(p) = |r(p)|^2 and its gradient, of all parameters of an objective as one vector p.

    ``loss(p)`` leaves the objective's parameters at p.

    Args:
        objective: the rows and the parameters, all of one dtype and device.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._parameters = list(objective.parameters)

    def position(self) -> Float[Tensor, " P"]:
        """A copy of the present parameters."""
        return torch.cat([parameter.detach().reshape(-1) for parameter in self._parameters])

    def move(self, p: Float[Tensor, " P"]) -> None:
        """Set the parameters to p."""
        pieces = torch.split(p, [parameter.numel() for parameter in self._parameters])
        with torch.no_grad():
            for parameter, piece in zip(self._parameters, pieces, strict=True):
                parameter.copy_(piece.view_as(parameter))

    def __call__(self, p: Float[Tensor, " P"]) -> tuple[float, Float[Tensor, " P"]]:
        """Loss and gradient at p."""
        self.move(p)
        loss = self._objective.rows().square().sum()
        gradients = torch.autograd.grad(loss, self._parameters, allow_unused=True, materialize_grads=True)
        return loss.item(), torch.cat([gradient.reshape(-1) for gradient in gradients])


def line_search(
    along: Callable[[float], tuple[float, float]], value: float, slope: float, first: float, rounding: float
) -> float | None:
    """Find a step t > 0 along a line that satisfies the strong Wolfe conditions.

    With phi the loss along the line these are phi(t) <= phi(0) + c1 t phi'(0) and |phi'(t)| <= c2 |phi'(0)|.
    Where phi no longer changes by more than its rounding, the first is read off the slope instead (phi'(t) <=
    (2 c1 - 1) phi'(0), which says the same of a parabola): values alone would stop where the gradient is the
    square root of the rounding. The bracket [low, high] always holds a point that satisfies both.

    Args:
        along: t -> (phi(t), phi'(t)); may be infinite or NaN far out.
        value: phi(0).
        slope: phi'(0), negative.
        first: the first t tried.
        rounding: relative rounding error of phi, a few units of the dtype's epsilon.

    Returns:
        The step; the last t given to ``along``. None if none was found, so that phi is at its rounding.

    Source: J. Nocedal and S. Wright, Numerical Optimization, 2nd ed., section 3.5; W. Hager and H. Zhang,
    SIAM J. Optim. 16 (2005), for the condition by slope.

    >>> from pinnlite.solving.methods.loss import line_search
    >>> line_search(lambda t: ((t - 3) ** 2, 2 * (t - 3)), 9.0, -6.0, 3.0, 1e-15)
    3.0
    """
    low, high = (0.0, value, slope), None
    t = first
    for _ in range(_TRIES):
        phi, dphi = along(t)
        falls = phi <= value + _DECREASE * t * slope or (
            abs(phi - value) <= rounding * abs(value) and dphi <= (2 * _DECREASE - 1) * slope
        )
        if falls and abs(dphi) <= -_CURVATURE * slope:
            return t
        if falls and dphi < 0:
            low = (t, phi, dphi)
        else:
            high = (t, phi, dphi)
        t = 2 * t if high is None else _between(low, high)
    return None


def _between(low: tuple[float, float, float], high: tuple[float, float, float]) -> float:
    """The minimum of the cubic through values and slopes at both ends, kept off the ends by a tenth."""
    (a, fa, da), (b, fb, db) = low, high
    middle = (a + b) / 2
    d1 = da + db - 3 * (fa - fb) / (a - b)
    inside = d1 * d1 - da * db
    if not math.isfinite(inside):
        return a + (b - a) / 10  # far outside: come back quickly
    if inside < 0:
        return middle
    d2 = math.sqrt(inside)
    bottom = db - da + 2 * d2
    t = b - (b - a) * (db + d2 - d1) / bottom if bottom else middle
    margin = (b - a) / 10
    return min(max(t, a + margin), b - margin)

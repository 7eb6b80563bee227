"""Self-scaled Broyden: the whole inverse Hessian, rescaled at each step, from the update that suits the step best."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.solving.methods.quasi_newton import quasi_newton
from pinnlite.solving.residuals import Monitor, Objective

_MOST_PARAMETERS = 20_000  # 3 GB in float64


@dataclass(frozen=True)
class SelfScaledBroyden:
    """Minimise the loss by a quasi-Newton method that keeps the whole inverse Hessian and rescales it.

    A step s goes along -H g, where g is the gradient of ``L(p) = |r(p)|^2``; y is the change of g that it brought. Then

        H <- (H - H y y^T H / (y^T H y) + phi v v^T) / tau + s s^T / (y^T s),
        v = (y^T H y)^(1/2) (s / (y^T s) - H y / (y^T H y)).

    phi = tau = 1 is the method of Broyden, Fletcher, Goldfarb and Shanno. Here phi is chosen between that of
    Davidon, Fletcher and Powell and beyond it, tau <= 1 where the curvature turned out smaller than H had it, so
    that too large eigenvalues are corrected at once instead of one direction at a time. On losses of
    physics-informed networks, whose Hessians have condition numbers of 1e10 and more, this goes further than L-BFGS
    in the same number of steps; each costs about 5 P^2 operations beside the gradient. Use float64 and keep the points.

    Args:
        steps: the most steps to take; each costs one to three evaluations of the gradient.

    Raises:
        ProblemError: if steps is below 1, or (when it starts) the P x P matrix would be too large for the memory.

    Source: J. Urbán, P. Stefanou, J. Pons, J. Comput. Phys. 523 (2025); M. Al-Baali, J. Optim. Theory Appl. 96
    (1998), for phi and tau.

    >>> import math
    >>> import pinnlite as pl
    >>> print(pl.fit("sin(x)", pl.LegendreUnit(3), x=(-math.pi, math.pi), method=pl.SelfScaledBroyden()))
    -2.234*P(3, 0.2557*x)
    """

    steps: int = 2000

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ProblemError(f"SelfScaledBroyden: steps must be at least 1, got {self.steps}")

    def minimize(self, objective: Objective, monitor: Monitor) -> None:
        """Take the steps; ``monitor`` hears the loss before the first one and after each."""
        size = sum(parameter.numel() for parameter in objective.parameters)
        if size > _MOST_PARAMETERS:
            raise ProblemError(
                f"SelfScaledBroyden keeps a matrix of {size} x {size} numbers for {size} parameters: "
                f"use LBFGS() above {_MOST_PARAMETERS}"
            )
        quasi_newton(objective, monitor, self.steps, _InverseHessian())


class _InverseHessian:
    """H as a dense symmetric matrix, positive definite up to rounding."""

    def __init__(self) -> None:
        self._H: Tensor | None = None

    @property
    def known(self) -> bool:
        return self._H is not None

    def forget(self) -> None:
        self._H = None

    def direction(self, gradient: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
        return -gradient if self._H is None else -(self._H @ gradient)

    def learn(self, s: Float[Tensor, " P"], y: Float[Tensor, " P"], predicted: float) -> None:
        ys = torch.dot(y, s).item()
        if self._H is None:
            # The identity has the wrong unit; this multiple of it foresees the first step rightly.
            self._H = torch.diag(torch.full_like(y, torch.dot(s, s).item() / ys))
            predicted = ys
        Hy = self._H @ y
        yHy = torch.dot(y, Hy).item()
        phi, tau = _family(predicted / ys, yHy / ys, len(y))
        v = math.sqrt(yHy) * (s / ys - Hy / yHy)
        # H + V D V^T with D = diag(-1, +-1, 1), so that the matrix is passed over once and stays exactly symmetric.
        V = torch.stack([Hy / math.sqrt(tau * yHy), v * math.sqrt(abs(phi) / tau), s / math.sqrt(ys)], 1)
        signs = torch.tensor([-1.0, math.copysign(1.0, phi), 1.0], dtype=V.dtype, device=V.device)
        self._H.addmm_(V, (V * signs).mT, beta=1 / tau)


def _family(b: float, h: float, size: int) -> tuple[float, float]:
    """phi and tau from b = s^T H^-1 s / (y^T s) and h = y^T H y / (y^T s).

    b h >= 1 by the Cauchy-Schwarz inequality, with equality where all members of the family are the same. In terms
    of the Hessian's update theta = 0 is Broyden-Fletcher-Goldfarb-Shanno and theta = 1 Davidon-Fletcher-Powell; the
    bounds keep the condition number of the updated matrix from growing more than it must.
    """
    a = max(b * h - 1, torch.finfo(torch.float64).eps)
    least = min(1.0, h * (1 - math.sqrt(a / (1 + a))))
    theta = max((least - 1) / a, min(1 / least, (1 - b) / b))
    sigma = 1 + a * theta  # the factor by which theta changes the determinant of the update of theta = 0
    even = sigma ** (-1 / max(size - 1, 1))
    shrink = min(1.0, 1 / b)
    tau = shrink * min(even, 1 / theta) if theta > 0 else min(shrink * even, sigma)
    return (1 - theta) / sigma, tau

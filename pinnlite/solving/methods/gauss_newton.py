"""Gauss-Newton steps with Levenberg-Marquardt damping, from an orthogonal factorisation of the Jacobian."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnlite.solving.residuals import Curving, Linearization, Monitor, Objective

_LEAST_DAMPING = 1e-30
_LEAST_GAIN = 1e-4  # of the promised decrease: a step that keeps less of it is not taken
_TRIES = 12
_PATIENCE = 3  # steps that change next to nothing
_AHEAD = 0.1  # of a step: where the bend of the rows is looked at
# Of a step: a longer correction is not to be trusted, nor is it needed where the step fails.
_MOST_BENT = 0.75


@dataclass(frozen=True)
class GaussNewton:
    """Minimise a sum of squares r(p)^2 by steps s with (J^T J + damping I) s = -J^T r.

    The damping is the multiplier of a trust region ``|s| <= radius``. Its size follows from the gain: the decrease of
    the loss over that which the linearised rows promise. Near 1 the region grows, towards 0 it shrinks, and a step
    without gain is not taken. With ``damping=0`` and a residual that is linear in the parameters the first step is
    the exact least-squares solution.

    Losses of networks are narrow canyons that bend. Where a linearization can correct a step cheaply, the step is
    s + a / 2 with J a = -r'', where r'' is the second derivative of the rows along s (geodesic acceleration).

    Args:
        steps: the most steps to take.
        damping: where the damping starts, relative to the largest singular value of J squared.
        tolerance: relative change of the loss below which the iteration counts as ended.

    Source: J. Nocedal and S. J. Wright, Numerical Optimization (2006), section 10.3; H. B. Nielsen, Damping parameter
    in Marquardt's method (1999), for the damping as a function of the gain; M. Transtrum and J. Sethna, Improvements
    to the Levenberg-Marquardt algorithm for nonlinear least-squares minimization (2012), for the acceleration.
    """

    steps: int = 100
    damping: float = 1e-6
    tolerance: float = 1e-4

    def minimize(self, objective: Objective, monitor: Monitor) -> None:
        """Move the objective's parameters in place to smaller rows; they are never left worse than they were."""
        damping, idle, count = self.damping, 0, 0
        loss = math.inf
        for count in range(self.steps):
            here = objective.linearize()
            loss = here.rows.square().sum().item()
            if monitor(count, loss) or loss == 0.0:
                return
            taken = _step(objective, here, loss, damping)
            if taken is None:
                return
            reached, gain, damping = taken
            # A gain of 1/2 leaves the damping as it is; a whole one divides it by ten, or by more where that was
            # a leap: near the end, where all but the curvature of the rows is gone, every step is one.
            least = 0.01 if reached < 0.1 * loss else 0.1
            damping = damping * max(least, 1 - (2 * gain - 1) ** 3) if damping > _LEAST_DAMPING else 0.0
            idle = idle + 1 if reached > (1 - self.tolerance) * loss else 0
            loss = reached
            if idle == _PATIENCE:
                break
        monitor(count + 1, loss)


def _step(
    objective: Objective, here: Linearization, loss: float, damping: float
) -> tuple[float, float, float] | None:
    """Take a step: the loss there, the gain, the damping that it took. None, and no step, where none gains anything."""
    start = [p.detach().clone() for p in objective.parameters]
    growth = 2.0
    try:
        for _ in range(_TRIES):
            step = here.step(damping)
            expected = here.expected(step)
            promised = loss - expected.square().sum().item()
            if isinstance(here, Curving):
                step = _round_the_bend(objective, here, start, step, expected, damping)
            _set(objective, start, step)
            with torch.no_grad():
                reached = objective.rows().square().sum().item()
            # At rounding nothing is promised: any decrease will do then.
            gain = min((loss - reached) / promised, 1.0) if promised > 0 else float(reached < loss)
            if reached < loss and gain > _LEAST_GAIN:
                return reached, gain, damping
            damping, growth = max(damping, _LEAST_DAMPING) * growth, 2 * growth
    except KeyboardInterrupt:
        _set(objective, start, torch.zeros_like(here.step(damping)))
        raise
    _set(objective, start, torch.zeros_like(step))
    return None


def _round_the_bend(
    objective: Objective, here: Curving, start: list[Tensor], step: Tensor, expected: Tensor, damping: float
) -> Tensor:
    """The step and half its acceleration, from the rows a little way along it; the step alone where that is long."""
    _set(objective, start, _AHEAD * step)
    with torch.no_grad():
        bend = 2 / _AHEAD * ((objective.rows() - here.rows) / _AHEAD - (expected - here.rows))
    half = here.correction(bend, damping) / 2
    return step + half if 2 * half.norm() < _MOST_BENT * step.norm() else step


def _set(objective: Objective, start: list[Tensor], step: Tensor) -> None:
    with torch.no_grad():
        parts = torch.split(step, [p.numel() for p in start])
        for parameter, origin, part in zip(objective.parameters, start, parts, strict=True):
            parameter.copy_(origin + part.view_as(origin))

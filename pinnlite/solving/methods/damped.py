"""Steps of a damped iteration, for which the normal equations are good enough, and far quicker."""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

# The condition number of J^T J + damping |J|^2 I is at most the inverse of this: a step is then right to three digits
# at the least, and an iteration that is going to take another one needs no more.
_LEAST_DAMPING = 1e-13


class DampedLinearization:
    """Rows r and their Jacobian J: damped steps from J^T J or, with fewer rows than parameters, from J J^T.

    The damping is kept up, so that the last digits are left to whatever solves for the output layer alone.

    Args:
        rows: (R,) residuals.
        jacobian: (R, P) their derivatives by the parameters.

    Source: J. Nocedal and S. J. Wright, Numerical Optimization (2006), section 10.3.
    """

    def __init__(self, rows: Float[Tensor, " R"], jacobian: Float[Tensor, "R P"]) -> None:
        self.rows, self.jacobian = rows, jacobian
        self._wide = jacobian.shape[1] > len(rows)
        self._factored: tuple[float, Tensor] | None = None

    @cached_property
    def _products(self) -> Tensor:
        """J J^T or J^T J, whichever is smaller."""
        return self.jacobian @ self.jacobian.T if self._wide else self.jacobian.T @ self.jacobian

    def step(self, damping: float) -> Float[Tensor, " P"]:
        """The s that minimises |J s + r|^2 + damping |J|_F^2 |s|^2."""
        return self.correction(self.rows, damping)

    def correction(self, bend: Float[Tensor, " R"], damping: float) -> Float[Tensor, " P"]:
        """The same for other rows in the place of r."""
        factor = self._factor(max(damping, _LEAST_DAMPING))
        if self._wide:
            return -self.jacobian.T @ torch.cholesky_solve(bend[:, None], factor)[:, 0]
        return -torch.cholesky_solve((self.jacobian.T @ bend)[:, None], factor)[:, 0]

    def expected(self, step: Float[Tensor, " P"]) -> Float[Tensor, " R"]:
        """What the rows would be after a step if they were linear: J s + r."""
        expected: Tensor = self.rows + self.jacobian @ step
        return expected

    def _factor(self, damping: float) -> Tensor:
        """The lower triangle of the damped products, of which the last one made is kept."""
        if self._factored is None or self._factored[0] != damping:
            damped = self._products.clone()
            damped.diagonal().add_(damping * self._products.trace())
            # Where it fails all the same the step is no good, and is refused for a larger damping.
            self._factored = damping, torch.linalg.cholesky_ex(damped).L
        return self._factored[1]

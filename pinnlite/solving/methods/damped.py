"""Steps of a damped iteration, for which the normal equations are good enough, and far quicker."""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.solving.methods.triangle import TriangularLinearization

# The condition number of J^T J + damping |J|^2 I is at most the inverse of this: a step is then right to seven digits,
# and an iteration that is going to take another one needs no more.
_LEAST_DAMPING = 1e-9


class DampedLinearization:
    """Rows r and their Jacobian J: damped steps from J^T J or, with fewer rows than parameters, from J J^T.

    As the damping falls towards the end of an iteration, steps come from a triangle instead and lose nothing. With
    fewer rows than parameters the triangle would be a large one: there the damping is kept up.

    Args:
        rows: (R,) residuals.
        jacobian: (R, P) their derivatives by the parameters.

    Source: J. Nocedal and S. J. Wright, Numerical Optimization (2006), section 10.3.
    """

    def __init__(self, rows: Float[Tensor, " R"], jacobian: Float[Tensor, "R P"]) -> None:
        self.rows, self.jacobian = rows, jacobian
        self._wide = jacobian.shape[1] > len(rows)

    @cached_property
    def _triangular(self) -> TriangularLinearization:
        return TriangularLinearization(self.rows, self.jacobian)

    @cached_property
    def _products(self) -> Tensor:
        """J J^T or J^T J, whichever is smaller."""
        return self.jacobian @ self.jacobian.T if self._wide else self.jacobian.T @ self.jacobian

    def step(self, damping: float) -> Float[Tensor, " P"]:
        """The s that minimises |J s + r|^2 + damping |J|_F^2 |s|^2."""
        if damping < _LEAST_DAMPING and not self._wide:
            return self._triangular.step(damping)
        damping = max(damping, _LEAST_DAMPING)
        damped = self._products + damping * self._products.trace() * torch.eye(
            len(self._products), dtype=self.rows.dtype, device=self.rows.device
        )
        factor = torch.linalg.cholesky(damped)
        step: Tensor
        if self._wide:
            step = -self.jacobian.T @ torch.cholesky_solve(self.rows[:, None], factor)[:, 0]
        else:
            step = -torch.cholesky_solve((self.jacobian.T @ self.rows)[:, None], factor)[:, 0]
        return step

    def expected(self, step: Float[Tensor, " P"]) -> Float[Tensor, " R"]:
        """What the rows would be after a step if they were linear: J s + r."""
        expected: Tensor = self.rows + self.jacobian @ step
        return expected

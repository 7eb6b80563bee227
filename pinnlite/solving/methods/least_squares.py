"""Linear least squares by orthogonal factorizations, and the method that needs nothing else."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.solving.methods.loss import FlatLoss
from pinnlite.solving.residuals import Monitor, Objective

_LONGER = 1.5  # how many times longer a side is when its reduction pays


@dataclass(eq=False)
class DenseLinearization:
    """Rows r and their full Jacobian J, factored once for any number of steps.

    Never by J^T J, whose condition number is the square of J's and which stops eight digits short.

    Args:
        rows: (R,) residuals.
        jacobian: (R, P) their derivatives by the parameters.
        scales: (P,) the diagonal of D. Lengths of J's columns make the units of the parameters immaterial;
            ones (the default) keep parameters small that hardly show in the rows, such as redundant features.

    Source: G. Golub and C. Van Loan, Matrix Computations, 4th ed., sections 5.3 to 5.5.
    """

    rows: Float[Tensor, " R"]
    jacobian: Float[Tensor, "R P"]
    scales: Float[Tensor, " P"] | None = None

    @cached_property
    def _factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Singular values of J D^-1, U^T r, and V^T.

        The longer side is first reduced to a triangle by QR, so that the costly iteration sees a square matrix.
        """
        jacobian, rows, basis = self.jacobian, self.rows, None
        if self.scales is not None:
            jacobian = jacobian / self.scales
        if len(rows) > _LONGER * jacobian.shape[1]:
            q, jacobian = torch.linalg.qr(jacobian)
            rows = q.T @ rows
        elif jacobian.shape[1] > _LONGER * len(rows):
            basis, triangle = torch.linalg.qr(jacobian.T)
            jacobian = triangle.T
        u, sigma, vh = torch.linalg.svd(jacobian, full_matrices=False)
        return sigma, u.T @ rows, vh if basis is None else vh @ basis.T

    def step(self, damping: float) -> Float[Tensor, " P"]:
        """The s that minimises |J s + r|^2 + damping sigma_max^2 |D s|^2; undamped, shortest in D s."""
        sigma, projected, vh = self._factors
        largest = sigma.amax() if len(sigma) else sigma.new_zeros(())
        # Just above what rounding leaves of zeros. The usual eps * max(J.shape) costs random features two digits.
        kept = sigma > 10 * torch.finfo(sigma.dtype).eps * largest
        inverse = torch.where(kept, sigma / (sigma.square() + damping * largest.square()), 0.0)
        step: Tensor = -(vh.T @ (inverse * projected))
        return step if self.scales is None else step / self.scales

    def expected(self, step: Float[Tensor, " P"]) -> Float[Tensor, " R"]:
        """What the rows would be after a step if they were linear: J s + r."""
        expected: Tensor = self.rows + self.jacobian @ step
        return expected


@dataclass(frozen=True)
class LeastSquares:
    """Solve for the parameters of a model that is linear in them, in one step.

    The rows are r + J s after any step s, so the minimum of the loss is one linear least-squares problem.

    Raises:
        ProblemError: when used on rows that are not linear in the parameters.
    """

    def minimize(self, objective: Objective, monitor: Monitor) -> None:
        """Take the step; ``monitor`` hears the loss before and after."""
        linear, loss = objective.linearize(), FlatLoss(objective)
        before = loss.position()
        with torch.no_grad():
            if monitor(0, linear.rows.square().sum().item()):
                return
            step = linear.step(0.0)
            loss.move(before + 2 * step)
            beyond = objective.rows()
            loss.move(before + step)
            rows = objective.rows()
        # A straight line through parameter space must show a straight line of rows.
        bend = (linear.rows - 2 * rows + beyond).abs().max()
        size = torch.stack([linear.rows, rows, beyond]).abs().max()
        if bend > torch.finfo(rows.dtype).eps ** 0.5 * size:
            loss.move(before)
            raise ProblemError(
                "least squares solves models that are linear in their parameters, which this one is not; "
                "use method='auto', pl.LBFGS() or pl.Descent(torch.optim.Adam)"
            )
        monitor(1, rows.square().sum().item())

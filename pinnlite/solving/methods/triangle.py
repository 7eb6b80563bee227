"""Least squares with many columns: rows reduced to a triangle once, then one small factorisation for each damping.

A singular value decomposition costs ten times as much and more. Random features are dependent to rounding and beyond,
so that a triangle alone would be divided by zeros: a damping at the level of rounding stands in for the cut-off.
"""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

_LEAST = 1e-15  # of |J|_F: less leaves coefficients that cancel, 1e-13 costs two digits of the solution
_ALIKE = 1e-12  # of the largest entry


class TriangularLinearization:
    """Rows r and their Jacobian J = Q R, kept as R and Q^T r: |J s + r|^2 is |R s + Q^T r|^2 and a constant.

    Args:
        rows: (R,) residuals.
        jacobian: (R, P) their derivatives by the parameters.

    Source: A. Bjorck, Numerical Methods for Least Squares Problems (1996), sections 2.4 and 2.7.
    """

    def __init__(self, rows: Float[Tensor, " R"], jacobian: Float[Tensor, "R P"]) -> None:
        self.rows, self.jacobian = rows, jacobian
        self._triangle = torch.linalg.qr(torch.cat([jacobian, rows[:, None]], 1), mode="r").R

    @cached_property
    def _size(self) -> float:
        """|J|_F, which is |R|_F."""
        return float(self._triangle[:, :-1].norm())

    def step(self, damping: float) -> Float[Tensor, " P"]:
        """The s that minimises |J s + r|^2 + damping |J|_F^2 |s|^2."""
        least = max(damping**0.5, _LEAST) * self._size
        columns = self._triangle.shape[1] - 1
        damped = least * torch.eye(columns, columns + 1, dtype=self.rows.dtype, device=self.rows.device)
        triangle = torch.linalg.qr(torch.cat([self._triangle, damped]), mode="r").R
        solved: Tensor = torch.linalg.solve_triangular(
            triangle[:columns, :columns], triangle[:columns, columns:], upper=True
        )
        return -solved[:, 0]

    def expected(self, step: Float[Tensor, " P"]) -> Float[Tensor, " R"]:
        """What the rows would be after a step if they were linear: J s + r."""
        expected: Tensor = self.rows + self.jacobian @ step
        return expected


class Factored:
    """A Jacobian J = Q R with its Q kept, for one set of rows after another: undamped steps alone.

    Args:
        jacobian: (R, P) derivatives of rows by the parameters.
    """

    def __init__(self, jacobian: Float[Tensor, "R P"]) -> None:
        self.jacobian, columns = jacobian, jacobian.shape[1]
        self._basis, triangle = torch.linalg.qr(jacobian)
        damped = _LEAST * triangle.norm() * torch.eye(columns, dtype=triangle.dtype, device=triangle.device)
        rotation, self._triangle = torch.linalg.qr(torch.cat([triangle, damped]))
        self._rotation = rotation[:columns]

    def fits(self, jacobian: Float[Tensor, "R P"]) -> bool:
        """Whether another Jacobian is this one, but for what rounding makes of places that are far from 0."""
        if jacobian.shape != self.jacobian.shape:
            return False
        return bool((jacobian - self.jacobian).abs().amax() <= _ALIKE * self.jacobian.abs().amax())

    def step(self, rows: Float[Tensor, " R"]) -> Float[Tensor, " P"]:
        """The s that minimises |J s + r|^2."""
        projected = self._rotation.T @ (self._basis.T @ rows)
        solved: Tensor = torch.linalg.solve_triangular(self._triangle, projected[:, None], upper=True)
        return -solved[:, 0]

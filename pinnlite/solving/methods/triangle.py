"""Least squares with many columns: rows reduced to a triangle once, then one small factorisation for each damping.

A singular value decomposition costs ten times as much and more. Random features are dependent to rounding and beyond,
so that a triangle alone would be divided by zeros: a damping at the level of rounding stands in for the cut-off.
"""

from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

_LEAST = 1e-15  # of |J|_F: less leaves coefficients that cancel, 1e-13 costs two digits of the solution


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
    """A Jacobian J = Q R that is kept, for one set of rows after another: undamped steps alone.

    Args:
        jacobian: (R, P) derivatives of rows by the parameters.
    """

    def __init__(self, jacobian: Float[Tensor, "R P"]) -> None:
        columns = jacobian.shape[1]
        self._reflections = torch.geqrf(jacobian)
        self._whole = self._reflections[0][:columns].triu()
        damped = (
            _LEAST * self._whole.norm() * torch.eye(columns, dtype=jacobian.dtype, device=jacobian.device)
        )
        self._rotation = torch.geqrf(torch.cat([self._whole, damped]))
        self._triangle = self._rotation[0][:columns].triu()

    def step(self, rows: Float[Tensor, " R"]) -> tuple[Float[Tensor, " P"], float]:
        """The s that minimises |J s + r|^2, and |J s|."""
        columns = self._triangle.shape[1]
        projected = _turned(self._reflections, rows)[:columns]
        projected = _turned(self._rotation, torch.cat([projected, torch.zeros_like(projected)]))[:columns]
        solved = torch.linalg.solve_triangular(self._triangle, projected[:, None], upper=True)[:, 0]
        return -solved, (self._whole @ solved).norm().item()


def _turned(reflections: tuple[Tensor, Tensor], rows: Float[Tensor, " R"]) -> Float[Tensor, " R"]:
    """Q^T r, for a Q that is kept as reflections."""
    turned: Tensor = torch.ormqr(*reflections, rows[:, None], left=True, transpose=True)
    return turned[:, 0]

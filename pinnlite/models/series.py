"""Functions of one variable with a formula: a power series, a Legendre series, and the Legendre unit.

Their x is a tensor or an object that stands for one through ``__torch_function__``, such as a Taylor number.
"""

import math
from collections.abc import Iterable
from numbers import Integral
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.differentiation.legendre import MAX_DEGREE, legendre
from pinnlite.errors import ShapeError


class Polynomial(nn.Module):
    """A polynomial, c_0 + c_1 x + ... + c_n x^n, with trainable coefficients that start at zero.

    Takes x of shape `(N,)` or `(N, 1)` and returns values of the same shape.

    Args:
        degree: n, 0 or more.
        device, dtype: of the coefficients; float64 by default.

    Raises:
        ValueError: if the degree is negative.
        ShapeError: on a call, if x has several columns.

    >>> import torch
    >>> import pinnlite as pl
    >>> model = pl.Polynomial(2)
    >>> _ = model.coefficients.data.copy_(torch.tensor([1.0, 0.0, 3.0]))
    >>> model(torch.tensor([2.0])).tolist(), model.formula()
    ([13.0], '1 + 3*x**2')
    """

    def __init__(
        self, degree: int, *, device: torch.device | str | None = None, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.degree = _degree(degree)
        self.coefficients = nn.Parameter(torch.zeros(self.degree + 1, device=device, dtype=dtype))

    def forward(self, x: Any) -> Any:
        """Values at x, by Horner's rule."""
        _check_shape(self, x)
        *lower, value = self.coefficients.unbind()
        value = 0 * x + value
        for c in reversed(lower):
            value = value * x + c
        return value

    def basis(self, x: Any) -> Any:
        """The powers 1, x, ..., x^n as columns `(N, n + 1)`; times ``coefficients`` they are the values."""
        x = _column(self, x)
        columns = [0 * x + 1]
        for _ in range(self.degree):
            columns.append(columns[-1] * x)
        return torch.cat(columns, -1)

    def formula(self, digits: int = 4, reach: float = 1.0, variable: str = "x") -> str:
        """The polynomial as text, ``0.8567*x - 0.09333*x**3``, without terms negligible for ``|x| <= reach``."""
        powers = ["", variable, *(f"{variable}**{k}" for k in range(2, self.degree + 1))]
        sizes = self.coefficients.detach().double().abs() * reach ** torch.arange(self.degree + 1)
        return _sum(self.coefficients, powers, digits, sizes.tolist())

    def extra_repr(self) -> str:
        """What the module's printed form says of it."""
        return f"degree={self.degree}"


class Legendre(nn.Module):
    """A Legendre series, c_0 P_0(z) + ... + c_n P_n(z), where z maps the domain to [-1, 1].

    The coefficients are trainable and start at zero. On the domain ``|P_k(z)| <= 1``, so a coefficient is what
    its term contributes at most, and least squares stays well conditioned where powers of x do not. Takes x
    of shape `(N,)` or `(N, 1)` and returns values of the same shape. Named after numpy's class.

    Args:
        degree: n, 0 or more.
        domain: the interval (a, b) that is mapped to [-1, 1].
        device, dtype: of the coefficients; float64 by default.

    Raises:
        ValueError: if the degree is negative, or the domain empty, reversed or infinite.
        ShapeError: on a call, if x has several columns.

    Source: C. W. Clenshaw, A note on the summation of Chebyshev series (1955), for the evaluation.

    >>> import torch
    >>> import pinnlite as pl
    >>> model = pl.Legendre(2, domain=(0, 4))
    >>> _ = model.coefficients.data.copy_(torch.tensor([0.0, 1.0, 2.0]))
    >>> model(torch.tensor([0.0, 4.0])).tolist(), model.formula()
    ([1.0, 3.0], 'P(1, 0.5*x - 1) + 2*P(2, 0.5*x - 1)')
    """

    def __init__(
        self,
        degree: int,
        domain: tuple[float | int, float | int] = (-1.0, 1.0),
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        a, b = (float(end) for end in domain)
        if not (math.isfinite(b - a) and a < b):
            raise ValueError(f"Legendre: domain must be a finite interval (a, b) with a < b, got {domain}")
        self.degree, self.domain = _degree(degree), (a, b)
        self.coefficients = nn.Parameter(torch.zeros(self.degree + 1, device=device, dtype=dtype))

    def forward(self, x: Any) -> Any:
        """Values at x, by Clenshaw's recurrence."""
        _check_shape(self, x)
        z = self._reference(x)
        *lower, now = self.coefficients.unbind()
        now, after = 0 * z + now, 0 * z
        for k, c in reversed(list(enumerate(lower))):
            now, after = c + (2 * k + 1) / (k + 1) * z * now - (k + 1) / (k + 2) * after, now
        return now

    def basis(self, x: Any) -> Any:
        """P_0(z), ..., P_n(z) as columns `(N, n + 1)`; times ``coefficients`` they are the values."""
        z = self._reference(_column(self, x))
        columns = [0 * z + 1, z]
        for k in range(1, self.degree):
            columns.append((2 * k + 1) / (k + 1) * z * columns[k] - k / (k + 1) * columns[k - 1])
        return torch.cat(columns[: self.degree + 1], -1)

    def formula(self, digits: int = 4, variable: str = "x") -> str:
        """The series as text in which ``P(n, x)`` is P_n(x); negligible terms are left out."""
        a, b = self.domain
        line = torch.tensor([2 / (b - a), -(a + b) / (b - a)], dtype=torch.float64)
        z = _sum(line, [variable, ""], digits)
        return _sum(self.coefficients, ["", *(f"P({k}, {z})" for k in range(1, self.degree + 1))], digits)

    def extra_repr(self) -> str:
        """What the module's printed form says of it."""
        return f"degree={self.degree}, domain={self.domain}"

    def _reference(self, x: Any) -> Any:
        a, b = self.domain
        return (x - (a + b) / 2) * (2 / (b - a))


class LegendreUnit(nn.Module):
    """One Legendre polynomial of a line, a + b P_n(c + d x), with the four numbers trainable.

    They start at a = 0, b = -1, c = 0, d = 0.3, from where the cubic unit descends to sin(x) on [-pi, pi].
    Takes x of shape `(N,)` or `(N, 1)` and returns values of the same shape.

    Args:
        degree: n, 0 to 200.
        device, dtype: of the parameters; float64 by default.

    Raises:
        ValueError: if the degree is out of range.
        ShapeError: on a call, if x has several columns.

    >>> import torch
    >>> import pinnlite as pl
    >>> unit = pl.LegendreUnit(2)
    >>> unit(torch.tensor([0.0, 10.0])).tolist(), unit.formula()
    ([0.5, -13.0], '-P(2, 0.3*x)')
    """

    def __init__(
        self, degree: int, *, device: torch.device | str | None = None, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.degree = _degree(degree, MAX_DEGREE)
        self.a, self.b, self.c, self.d = (
            nn.Parameter(torch.tensor(start, device=device, dtype=dtype)) for start in (0.0, -1.0, 0.0, 0.3)
        )

    def forward(self, x: Any) -> Any:
        """Values at x."""
        _check_shape(self, x)
        return self.a + self.b * legendre(self.c + self.d * x, self.degree)

    def formula(self, digits: int = 4, variable: str = "x") -> str:
        """The unit as text in which ``P(n, x)`` is P_n(x); negligible terms are left out."""
        line = _sum(torch.stack([self.c, self.d]), ["", variable], digits)
        return _sum(torch.stack([self.a, self.b]), ["", f"P({self.degree}, {line})"], digits)

    def extra_repr(self) -> str:
        """What the module's printed form says of it."""
        return f"degree={self.degree}"


def _degree(degree: Any, most: int | None = None) -> int:
    if not isinstance(degree, Integral):
        raise TypeError(f"degree must be an integer, got {degree!r}")
    number = int(degree)
    if number < 0 or (most is not None and number > most):
        limits = "0 or more" if most is None else f"between 0 and {most}"
        raise ValueError(f"degree must be {limits}, got {number}")
    return number


def _check_shape(model: nn.Module, x: Any) -> None:
    if x.ndim > 2 or (x.ndim == 2 and x.shape[1] != 1):
        raise ShapeError(
            f"{type(model).__name__} takes one variable, x of shape (N,) or (N, 1), got {tuple(x.shape)}"
        )


def _column(model: nn.Module, x: Any) -> Any:
    _check_shape(model, x)
    return x if x.ndim == 2 else x.unsqueeze(-1)


def _sum(
    coefficients: Float[Tensor, " P"], factors: Iterable[str], digits: int, sizes: list[float] | None = None
) -> str:
    """A linear combination as text, without the terms that are rounding errors beside the largest."""
    values = coefficients.detach()
    sizes = values.abs().tolist() if sizes is None else sizes
    least = 100 * torch.finfo(values.dtype).eps * max(sizes)
    text = ""
    for value, factor, size in zip(values.tolist(), factors, sizes, strict=True):
        if size <= least:
            continue
        number = f"{abs(value):.{digits}g}"
        term = number if not factor else factor if number == "1" else f"{number}*{factor}"
        sign = "-" if value < 0 else "+"
        text += f" {sign} {term}" if text else term if value > 0 else f"-{term}"
    return text or "0"

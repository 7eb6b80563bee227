"""Legendre elements in one coordinate: piecewise polynomials held by their highest derivative.

On an element [a, a + 2h] with s = (x - a)/h - 1 in [-1, 1], an unknown of order k is

    u = sum_{j<k} y_j (1 + s)^j / j!  +  sum_{j<n} c_j I^k P_j(s),

I being integration from s = -1. The y_j are h^j times the derivatives at the left end, so continuity is a matter of
handing them on, and u^(k) is the plain Legendre series of c: no derivative is ever taken of a series up to order k,
which is what keeps all fifteen digits (differentiation would cost n^(2k) of them).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Index = tuple[int, ...]
Wanted = tuple[Tensor, int, int]  # coordinates of elements, the order of the unknown, that of the derivative


def legendre_basis(s: Tensor, degree: int) -> Tensor:
    """P_0 ... P_degree at ``s``, stacked along a new last axis."""
    columns = [torch.ones_like(s), s]
    for n in range(1, degree):
        columns.append(((2 * n + 1) * s * columns[n] - n * columns[n - 1]) / (n + 1))
    return torch.stack(columns[: degree + 1], dim=-1)


def _integration(degree: int) -> Tensor:
    """Matrix that takes Legendre coefficients of f to those of its integral from -1."""
    matrix = torch.zeros(degree + 2, degree + 1, dtype=torch.float64)
    matrix[0, 0] = matrix[1, 0] = 1.0
    for n in range(1, degree + 1):
        matrix[n + 1, n] = 1 / (2 * n + 1)
        matrix[n - 1, n] = -1 / (2 * n + 1)
    return matrix


def _differentiation(degree: int) -> Tensor:
    """Matrix that takes Legendre coefficients of f to those of f' (one fewer)."""
    matrix = torch.zeros(max(degree, 1), degree + 1, dtype=torch.float64)
    for n in range(1, degree + 1):
        for m in range(n - 1, -1, -2):
            matrix[m, n] = 2 * m + 1
    return matrix


@lru_cache(maxsize=512)
def _series(n: int, order: int, derivative: int) -> Tensor:
    """Matrix from an element's coordinates (y, c) to the Legendre coefficients of a derivative with respect to s."""
    if derivative > order:
        lower = _series(n, order, derivative - 1)
        return _differentiation(len(lower) - 1) @ lower
    integrated = torch.eye(n, dtype=torch.float64)
    for step in range(order - derivative):
        integrated = _integration(n - 1 + step) @ integrated
    matrix = torch.zeros(len(integrated), order + n, dtype=torch.float64)
    matrix[:, order:] = integrated
    power = torch.ones(1, dtype=torch.float64)  # (1 + s)^i / i! by repeated integration of 1
    for i in range(order - derivative):
        matrix[: len(power), derivative + i] = power
        power = _integration(len(power) - 1) @ power
    return matrix


def functional(n: int, order: int, derivative: int, s: Tensor) -> Float[Tensor, " w"]:
    """Row that takes an element's coordinates to a derivative by s at one place s."""
    series = _series(n, order, derivative)
    return legendre_basis(s, len(series) - 1) @ series


@dataclass(frozen=True)
class Reference:
    """The reference element: collocation nodes and every derivative's values there, for one order of unknown."""

    nodes: Float[Tensor, " n"]
    values: tuple[Float[Tensor, "n w"], ...]  # by derivative 0..order, at the nodes; w = order + n
    end: Float[Tensor, "k w"]  # derivatives 0..order-1 at s = 1

    @staticmethod
    @lru_cache(maxsize=512)
    def of(nodes: tuple[float, ...], order: int) -> "Reference":
        """Values at ``nodes`` of the basis for unknowns of this order."""
        n = len(nodes)
        s = torch.tensor(nodes, dtype=torch.float64)
        one = torch.ones(1, dtype=torch.float64)

        def rows(at: Tensor, derivative: int) -> Tensor:
            series = _series(n, order, derivative)
            return legendre_basis(at, len(series) - 1) @ series

        end = [rows(one, derivative) for derivative in range(order)]
        width = order + n
        return Reference(
            nodes=s,
            values=tuple(rows(s, derivative) for derivative in range(order + 1)),
            end=torch.cat(end) if end else torch.zeros(0, width, dtype=torch.float64),
        )


@runtime_checkable
class Basis(Protocol):
    """The functions of s that the highest derivative on an element is a sum of, all of them integrated from s = -1.

    Function j is even where j is even and odd where j is odd, so that an element can be turned round.
    """

    @property
    def floor(self) -> float:
        """Coefficients below this share of the largest are rounding."""
        ...

    def reference(self, nodes: tuple[float, ...], order: int) -> Reference:
        """The values of all derivatives at nodes, for an unknown of this order."""
        ...

    def functional(self, n: int, order: int, derivative: int, s: Tensor) -> Float[Tensor, " w"]:
        """Row that takes an element's coordinates to a derivative by s at one place s."""
        ...

    def series(self, local: Float[Tensor, "E w"], order: int) -> Float[Tensor, "E p"]:
        """Legendre coefficients of the unknowns on elements with these coordinates."""
        ...

    def values(
        self, wanted: Sequence[Wanted], element: Tensor, s: Float[Tensor, " N"]
    ) -> list[Float[Tensor, " N"]]:
        """Derivatives by s at places s, each on one of the elements."""
        ...


class LegendreBasis:
    """Legendre polynomials."""

    floor = 5e-15

    def reference(self, nodes: tuple[float, ...], order: int) -> Reference:
        """Values at ``nodes`` of the basis for unknowns of this order."""
        return Reference.of(nodes, order)

    def functional(self, n: int, order: int, derivative: int, s: Tensor) -> Float[Tensor, " w"]:
        """Sums of polynomials at one place."""
        return functional(n, order, derivative, s)

    def series(self, local: Float[Tensor, "E w"], order: int) -> Float[Tensor, "E p"]:
        """What the coordinates are, integrated."""
        return local @ _series(local.shape[1] - order, order, 0).to(local).T

    def values(
        self, wanted: Sequence[Wanted], element: Tensor, s: Float[Tensor, " N"]
    ) -> list[Float[Tensor, " N"]]:
        """Sums of Legendre series, stable to rounding."""
        found = []
        for local, order, derivative in wanted:
            matrix = _series(local.shape[1] - order, order, derivative).to(local)
            found.append(_clenshaw((local @ matrix.T)[element], s))
        return found


LEGENDRE = LegendreBasis()


@lru_cache(maxsize=256)
def gauss_nodes(n: int) -> tuple[float, ...]:
    """Gauss-Legendre nodes on [-1, 1]: symmetric and clear of both ends, for boundary-value problems."""
    return tuple(np.polynomial.legendre.leggauss(n)[0].tolist())


@lru_cache(maxsize=256)
def radau_nodes(n: int) -> tuple[float, ...]:
    """Right Radau nodes, the zeros of P_n - P_(n-1): they include s = 1, which damps stiff transients."""
    series = np.zeros(n + 1)
    series[n - 1 :] = -1.0, 1.0
    nodes = np.sort(np.polynomial.legendre.legroots(series).real)
    for _ in range(3):  # the companion matrix leaves a few digits to Newton
        slope = np.polynomial.legendre.legder(series)
        nodes -= np.polynomial.legendre.legval(nodes, series) / np.polynomial.legendre.legval(nodes, slope)
    nodes[-1] = 1.0
    return tuple(nodes.tolist())


@dataclass(frozen=True)
class Elements:
    """A trial of Legendre elements: E elements, each unknown with its own order, coefficients as solved for."""

    edges: Float[Tensor, " E1"]
    orders: Mapping[str, int]
    local: Mapping[str, Float[Tensor, "E w"]]  # per unknown (y, c), scaled by powers of the half-lengths
    basis: Basis = field(default=LEGENDRE)

    @property
    def half(self) -> Float[Tensor, " E"]:
        """Half the length of each element."""
        return (self.edges[1:] - self.edges[:-1]) / 2

    def series(self, unknown: str) -> Float[Tensor, "E p"]:
        """Legendre coefficients on each element."""
        return self.basis.series(self.local[unknown], self.orders[unknown])

    def partials(
        self, X: Float[Tensor, "N d"], wanted: Collection[tuple[str, Index]]
    ) -> dict[tuple[str, Index], Tensor]:
        """Derivatives at any points, each ``(N,)``; outside the partition the outermost elements go on."""
        x = X[:, 0]
        element = (torch.searchsorted(self.edges, x.detach(), right=True) - 1).clamp(0, len(self.edges) - 2)
        half = self.half[element]
        s = (x - self.edges[element]) / half - 1
        keys = list(wanted)
        found = self.basis.values([(self.local[u], self.orders[u], a) for u, (a,) in keys], element, s)
        return {(u, (a,)): values * half**-a for (u, (a,)), values in zip(keys, found, strict=True)}

    def unresolved(self) -> float:
        """What is left of the unknowns, relative to their size, on elements that were too short to be split further.

        Coefficients that have not decayed by then fall like a power of their number at best: the rest of such a
        series is about the number of coefficients times the last.
        """
        short = 2 * self.half <= SHORT * (self.edges[-1] - self.edges[0])
        series = [self.series(unknown).abs() for unknown in self.orders]
        left = [s.shape[1] * s[short, -TAIL:].sum() / s.amax().clamp(min=TINY) for s in series]
        return torch.stack(left).amax().item()

    def tails(self) -> Float[Tensor, " E"]:
        """For each element the largest of the last coefficients of any unknown, relative to that unknown's size."""
        tails = []
        for unknown in self.orders:
            series = self.series(unknown).abs()
            tails.append(series[:, -TAIL:].amax(1) / series.amax().clamp(min=TINY))
        return torch.stack(tails).amax(0)


TAIL = (
    3  # coefficients that must have decayed; more than two, so that an odd or even function does not fool it
)
TINY = 1e-300
SHORT = 1e-9  # of the domain: an element shorter than this may be let go without being resolved
SHORTEST = (
    1e-13  # of the domain: an element that short is left as it is, across a jump or at a singular point
)


def _clenshaw(coefficients: Float[Tensor, "N p"], s: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """Sum of a Legendre series, row by row, stable to rounding."""
    one = two = torch.zeros_like(s)
    for n in range(coefficients.shape[1] - 1, 0, -1):
        one, two = coefficients[:, n] + (2 * n + 1) / (n + 1) * s * one - (n + 1) / (n + 2) * two, one
    return coefficients[:, 0] + s * one - two / 2

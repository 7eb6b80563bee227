"""Legendre elements in one coordinate: piecewise polynomials held by their highest derivative.

On an element [a, a + 2h] with s = (x - a)/h - 1 in [-1, 1], an unknown of order k is

    u = sum_{j<k} y_j (1 + s)^j / j!  +  sum_{j<n} c_j I^k P_j(s),

I being integration from s = -1. The y_j are h^j times the derivatives at the left end, so continuity is a matter of
handing them on, and u^(k) is the plain Legendre series of c: no derivative is ever taken of a series up to order k,
which is what keeps all fifteen digits (differentiation would cost n^(2k) of them).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.trials.reference import Reference, functional, reference, series_matrix

Index = tuple[int, ...]
Wanted = tuple[Tensor, int, int]  # coordinates of elements, the order of the unknown, that of the derivative


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

    def series(self, local: Float[Tensor, "E w"], order: int, derivative: int = 0) -> Float[Tensor, "E p"]:
        """Legendre coefficients of the unknowns, or of a derivative by s, on elements with these coordinates."""
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
        return reference(nodes, order)

    def functional(self, n: int, order: int, derivative: int, s: Tensor) -> Float[Tensor, " w"]:
        """Sums of polynomials at one place."""
        return functional(n, order, derivative, s)

    def series(self, local: Float[Tensor, "E w"], order: int, derivative: int = 0) -> Float[Tensor, "E p"]:
        """What the coordinates are, integrated."""
        return local @ series_matrix(local.shape[1] - order, order, derivative).to(local).T

    def values(
        self, wanted: Sequence[Wanted], element: Tensor, s: Float[Tensor, " N"]
    ) -> list[Float[Tensor, " N"]]:
        """Sums of Legendre series, stable to rounding."""
        found = []
        for local, order, derivative in wanted:
            matrix = series_matrix(local.shape[1] - order, order, derivative).to(local)
            found.append(_clenshaw((local @ matrix.T)[element], s))
        return found


LEGENDRE = LegendreBasis()


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
        series is about the number of coefficients times the last. Those that fall faster are of a thin layer, resolved.
        """
        short = 2 * self.half <= SHORT * (self.edges[-1] - self.edges[0])
        left = []
        for unknown in self.orders:
            series = self.series(unknown).abs()
            last, middle = series[:, -TAIL:], series[:, series.shape[1] // 2 - TAIL + 1 :][:, :TAIL]
            rest = last[short & (last.amax(1) > _FALLEN * middle.amax(1))]
            left.append(series.shape[1] * rest.sum() / series.amax().clamp(min=TINY))
        return torch.stack(left).amax().item()

    def tails(self) -> Float[Tensor, " E"]:
        """For each element the largest of the last coefficients of any unknown, relative to that unknown's size."""
        tails = []
        for unknown in self.orders:
            series = self.series(unknown).abs()
            tails.append(series[:, -TAIL:].amax(1) / series.amax().clamp(min=TINY))
        return torch.stack(tails).amax(0)


def halved(edges: Float[Tensor, " E1"], chosen: Bool[Tensor, " E"]) -> Float[Tensor, " E2"]:
    """A partition with the chosen elements cut in two."""
    middles = (edges[:-1] + edges[1:]) / 2
    return torch.cat([edges, middles[chosen]]).sort().values


# Coefficients that must have decayed; more than two, so that an odd or even function does not fool it.
TAIL = 3
_FALLEN = 1e-2  # from the middle of a series to its end: more than by a low power of the number
TINY = 1e-300
SHORT = 1e-9  # of the domain: an element shorter than this may be let go without being resolved
# Of the domain: an element that short is left as it is, across a jump or at a singular point.
SHORTEST = 1e-13


def _clenshaw(coefficients: Float[Tensor, "N p"], s: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """Sum of a Legendre series, row by row, stable to rounding."""
    one = two = torch.zeros_like(s)
    for n in range(coefficients.shape[1] - 1, 0, -1):
        one, two = coefficients[:, n] + (2 * n + 1) / (n + 1) * s * one - (n + 1) / (n + 2) * two, one
    return coefficients[:, 0] + s * one - two / 2

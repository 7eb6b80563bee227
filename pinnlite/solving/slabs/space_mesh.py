"""Partitions of an interval by halving, and functions carried from one of them to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pinnlite.trials.elements import TAIL
from pinnlite.trials.reference import legendre_basis, series_matrix

_FINEST = 45  # halvings of the domain


@dataclass(frozen=True, eq=False)
class SpaceMesh:
    """Elements whose ends are multiples of 2^-45 of the domain, so that halves know what they are halves of."""

    low: float
    high: float
    places: Int[Tensor, " E1"]

    @staticmethod
    def of(low: float, high: float, halvings: int = 0) -> "SpaceMesh":
        """2^halvings equal elements."""
        count = 2**halvings
        return SpaceMesh(low, high, torch.arange(count + 1) * 2 ** (_FINEST - halvings))

    def cut(self, at: Sequence[float]) -> "SpaceMesh":
        """These elements, cut at places besides, or as near to them as multiples come."""
        share = (torch.tensor(at, dtype=torch.float64) - self.low) / (self.high - self.low)
        places = (share * 2.0**_FINEST).round().to(self.places.dtype)
        return SpaceMesh(self.low, self.high, torch.unique(torch.cat([self.places, places])))

    @cached_property
    def edges(self) -> Float[Tensor, " E1"]:
        """Ends of the elements."""
        share = self.places.to(torch.float64) / 2.0**_FINEST
        return self.low * (1 - share) + self.high * share

    @cached_property
    def half(self) -> Float[Tensor, " E"]:
        """Half the length of each element."""
        return (self.places[1:] - self.places[:-1]).to(torch.float64) * (
            (self.high - self.low) / 2.0 ** (_FINEST + 1)
        )

    @cached_property
    def share(self) -> Float[Tensor, " E"]:
        """The part of the domain that each element is."""
        return (self.places[1:] - self.places[:-1]).to(torch.float64) / 2.0**_FINEST

    def halved(self, chosen: Bool[Tensor, " E"]) -> "SpaceMesh":
        """The chosen elements cut in two."""
        middles = (self.places[:-1] + self.places[1:]) // 2
        return SpaceMesh(self.low, self.high, torch.cat([self.places, middles[chosen]]).sort().values)

    def graded(self, chosen: Bool[Tensor, " E"]) -> "SpaceMesh":
        """The chosen elements cut into halves, quarters and eighths, the shortest at both of their ends."""
        start, length = self.places[:-1][chosen], (self.places[1:] - self.places[:-1])[chosen]
        cuts = [start + length * eighths // 8 for eighths in (1, 2, 4, 6, 7)]
        return SpaceMesh(self.low, self.high, torch.unique(torch.cat([self.places, *cuts])))

    def closed_in(self, stretches: Sequence[tuple[float, float]]) -> "SpaceMesh":
        """Elements that meet one of these stretches halved until they are no longer than it."""
        mesh = self
        for low, high in stretches:
            while (long := mesh._meeting(low, high) & (2 * mesh.half > high - low)).any():
                mesh = mesh.halved(long)
        return mesh

    def _meeting(self, low: float, high: float) -> Bool[Tensor, " E"]:
        return (self.edges[:-1] < high) & (self.edges[1:] > low)

    def pairs(self) -> Int[Tensor, " P"]:
        """First elements of pairs that are halves of one."""
        length = self.places[1:] - self.places[:-1]
        even = (self.places[:-2] % (2 * length[:-1])) == 0
        return torch.nonzero((length[:-1] == length[1:]) & even)[:, 0]

    def merged(self, first: Int[Tensor, " P"]) -> "SpaceMesh":
        """These elements made one with their right neighbours."""
        kept = torch.ones(len(self.places), dtype=torch.bool)
        kept[first + 1] = False
        return SpaceMesh(self.low, self.high, self.places[kept])

    def nodes(self, reference: tuple[float, ...]) -> Float[Tensor, "E N"]:
        """The reference element's nodes on each element."""
        return self.edges[:-1, None] + self.half[:, None] * (1 + torch.tensor(reference, dtype=torch.float64))


def fitted(
    values: list[Float[Tensor, "E *n N"]], half: Float[Tensor, " E"], nodes: tuple[float, ...]
) -> Float[Tensor, "E *n w"]:
    """Coordinates of elements from a function's derivatives 0..k at Gauss nodes.

    The highest derivative is interpolated; each lower one then meets what is given on average.
    """
    k, N = len(values) - 1, len(nodes)
    s, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(N))
    scale = half.view(-1, *[1] * (values[0].ndim - 1))
    inverse = legendre_basis(s, N - 1).T * weights * (torch.arange(N) + 0.5)[:, None]
    coefficients = values[k] * scale**k @ inverse.T
    rows = torch.cat([values[0].new_zeros(*values[0].shape[:-1], k), coefficients], -1)
    for a in reversed(range(k)):
        series = series_matrix(N, k, a)
        basis = legendre_basis(s, len(series) - 1) @ series
        rows[..., a] = ((values[a] * scale**a - rows @ basis.T) * weights).sum(-1) / 2
    return rows


def carried(
    rows: Float[Tensor, "E n w"], order: int, old: SpaceMesh, new: SpaceMesh, nodes: tuple[float, ...]
) -> Float[Tensor, "F n w"]:
    """Functions of one partition on another: exactly where elements were halved."""
    x = new.nodes(nodes)
    element = (torch.searchsorted(old.edges, x, right=True) - 1).clamp(0, len(old.half) - 1)
    s = (x - old.edges[element]) / old.half[element] - 1
    values = []
    for a in range(order + 1):
        series = series_matrix(len(nodes), order, a)
        basis = legendre_basis(s, len(series) - 1) @ series
        along = torch.einsum("eqnw,eqw->enq", rows[element], basis)
        values.append(along * old.half[element][:, None] ** -a)
    return fitted(values, new.half, nodes)


def tails(rows: Float[Tensor, "E n w"], order: int, mesh: SpaceMesh) -> Float[Tensor, " E"]:
    """The last coefficients of the functions on each element, weighted by the part of the domain that it is."""
    series = series_matrix(rows.shape[-1] - order, order, 0)
    last = (rows @ series[-TAIL:].T).abs().amax((1, 2))
    return last * mesh.share.sqrt()

"""Legendre elements in space and time: slabs one after the other, each cut into elements of its own.

On each cell an unknown is a polynomial in time, Legendre coefficients of degree n, whose coefficients are elements in
space, held by their highest derivative: no derivative up to the order in space is ever taken of a series.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pinnlite.trials.reference import differentiation, legendre_basis, series_matrix

Index = tuple[int, ...]
_CHUNK = 20000  # points evaluated at once


@dataclass(frozen=True)
class SpaceTime:
    """Slabs of elements: ``times`` between slabs, ``edges`` of slab after slab, ``counts`` of elements in each.

    ``local[unknown]`` holds for each cell, slab after slab, the Legendre coefficients in time of the coordinates in
    space ``(y, c)``, scaled by powers of the half-lengths; ``orders`` are those in space; ``time`` is the column of
    the time coordinate; ``numbers`` stand for unknown parameters beside the functions.
    """

    times: Float[Tensor, " S1"]
    edges: Float[Tensor, " F"]
    counts: Int[Tensor, " S"]
    orders: Mapping[str, int]
    local: Mapping[str, Float[Tensor, "cells nk w"]]
    time: int
    numbers: Mapping[str, Float[Tensor, ""]] = field(default_factory=dict)

    def corners(self) -> Float[Tensor, "cells 2 2"]:
        """The lower and the upper corner of every cell."""
        slab = torch.arange(len(self.counts)).repeat_interleave(self.counts)
        left = torch.arange(len(slab)) + slab
        space = torch.stack([self.edges[left], self.edges[left + 1]], 1)
        time = torch.stack([self.times[slab], self.times[slab + 1]], 1)
        return torch.stack([time, space] if self.time == 0 else [space, time], 2)

    def followed_by(self, later: "SpaceTime") -> "SpaceTime":
        """These slabs and those that begin where they end, as one; series are made as long as the longer ones."""
        return SpaceTime(
            torch.cat([self.times, later.times[1:]]),
            torch.cat([self.edges, later.edges]),
            torch.cat([self.counts, later.counts]),
            self.orders,
            {u: torch.cat(_alike(self.local[u], later.local[u])) for u in self.local},
            self.time,
            later.numbers,
        )

    @cached_property
    def _first(self) -> Int[Tensor, " S"]:
        """Where the cells of each slab begin."""
        return self.counts.cumsum(0) - self.counts

    @cached_property
    def _keys(self) -> Float[Tensor, " F"]:
        """Edges as one ascending sequence: the place within the domain, plus the number of the slab times three."""
        low, high = self.edges[0], self.edges[int(self.counts[0])]
        slab = torch.arange(len(self.counts)).repeat_interleave(self.counts + 1)
        return (self.edges - low) / (high - low) + 3.0 * slab

    def partials(
        self, X: Float[Tensor, "N d"], wanted: Collection[tuple[str, Index]]
    ) -> dict[tuple[str, Index], Tensor]:
        """Derivatives at any points, each ``(N,)``; outside the domain the outermost cells go on."""
        pieces = [self._partials(part, wanted) for part in torch.split(X, _CHUNK)]
        return {key: torch.cat([piece[key] for piece in pieces]) for key in wanted}

    def _partials(self, X: Tensor, wanted: Collection[tuple[str, Index]]) -> dict[tuple[str, Index], Tensor]:
        x, t = X[:, 1 - self.time].contiguous(), X[:, self.time].contiguous()
        slab, cell = self.cells(X.detach())
        left, half = self.edges[cell + slab], (self.edges[cell + slab + 1] - self.edges[cell + slab]) / 2
        half_time = (self.times[slab + 1] - self.times[slab]) / 2
        s, tau = (x - left) / half - 1, (t - self.times[slab]) / half_time - 1
        found: dict[tuple[str, Index], Tensor] = {}
        in_space: dict[tuple[int, int], Tensor] = {}
        for unknown in {name for name, _ in wanted}:
            if unknown in self.numbers:
                found |= {key: self.numbers[unknown].expand(len(X)) for key in wanted if key[0] == unknown}
                continue
            indices = [index for name, index in wanted if name == unknown]
            local, k = self.local[unknown], self.orders[unknown]
            count, width = local.shape[1:]
            rows = []  # of all orders in time, so that the cells' coefficients are gathered once
            for b in (orders := sorted({index[self.time] for index in indices})):
                matrix = _derivative(count - 1, b).to(local)
                rows.append(legendre_basis(tau, len(matrix) - 1) @ matrix * half_time[:, None] ** -b)
            along = torch.bmm(torch.stack(rows, 1), local[cell])
            for index in indices:
                a = index[1 - self.time]
                if (k, a) not in in_space:
                    matrix = series_matrix(width - k, k, a).to(local)
                    in_space[k, a] = legendre_basis(s, len(matrix) - 1) @ matrix * half[:, None] ** -a
                found[unknown, index] = (along[:, orders.index(index[self.time])] * in_space[k, a]).sum(1)
        return found

    def cells(self, X: Float[Tensor, "N d"]) -> tuple[Int[Tensor, " N"], Int[Tensor, " N"]]:
        """The slab and the cell that each point is in, or is nearest to."""
        x, t = X[:, 1 - self.time].contiguous(), X[:, self.time].contiguous()
        slab = (torch.searchsorted(self.times, t, right=True) - 1).clamp(0, len(self.counts) - 1)
        low, high = self.edges[0], self.edges[int(self.counts[0])]
        place = ((x - low) / (high - low)).clamp(-1, 1.5) + 3.0 * slab
        cell = torch.searchsorted(self._keys, place, right=True) - 1 - slab
        return slab, torch.minimum(
            torch.maximum(cell, self._first[slab]), self._first[slab] + self.counts[slab] - 1
        )

    def quadrature(self) -> tuple[Float[Tensor, "N 2"], Float[Tensor, " N"]]:
        """Gauss points and weights of every cell, a few more than were collocated at in space."""
        s, ws = _gauss(max(local.shape[2] for local in self.local.values()) + 1)
        tau, wt = _gauss(max(local.shape[1] for local in self.local.values()))
        slab = torch.arange(len(self.counts)).repeat_interleave(self.counts)
        cell = torch.arange(len(slab))
        left, half = self.edges[cell + slab], (self.edges[cell + slab + 1] - self.edges[cell + slab]) / 2
        half_time = (self.times[1:] - self.times[:-1])[slab] / 2
        x = (left[:, None] + half[:, None] * (1 + s))[:, None, :].expand(-1, len(tau), -1)
        t = (self.times[slab][:, None] + half_time[:, None] * (1 + tau))[:, :, None].expand(-1, -1, len(s))
        weights = (half * half_time)[:, None, None] * wt[:, None] * ws
        columns = (t, x) if self.time == 0 else (x, t)
        return torch.stack(columns, -1).reshape(-1, 2), weights.reshape(-1)


def _derivative(degree: int, order: int) -> Tensor:
    """Matrix that takes Legendre coefficients to those of a derivative."""
    matrix = torch.eye(degree + 1, dtype=torch.float64)
    for _ in range(order):
        matrix = differentiation(len(matrix) - 1) @ matrix
    return matrix


def _gauss(n: int) -> tuple[Tensor, Tensor]:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return torch.from_numpy(nodes), torch.from_numpy(weights)


def _alike(first: Tensor, second: Tensor) -> list[Tensor]:
    """Both with as many coefficients as either, the missing ones zero."""
    most = [max(pair) for pair in zip(first.shape[1:], second.shape[1:], strict=True)]
    return [
        torch.nn.functional.pad(each, (0, most[1] - each.shape[2], 0, most[0] - each.shape[1]))
        for each in (first, second)
    ]

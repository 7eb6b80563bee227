"""Functions of space as they pass from slab to slab: their sizes, what is left of their series, and other elements."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.solving.slabs.slab_collocation import Known, Rows, SlabCollocation
from pinnlite.solving.slabs.space_mesh import SpaceMesh, carried, tails
from pinnlite.trials.elements import TINY
from pinnlite.trials.reference import differentiation, legendre_basis, reference

Sizes = Mapping[str, float]  # root mean square over space of each unknown, the largest so far
Series = Mapping[str, Float[Tensor, "E nk w"]]  # Legendre coefficients in time

# Coefficients that must have decayed: no function of space has all of them vanish by its symmetry.
_IN_TIME = 2
_WASTED = 0.03  # of the accuracy: elements that resolve so much more are merged
_ROUNDING = 1e-14  # of the largest unknown
_FASTEST = 30.0  # growth of a tail in a slab that is believed to go on


@dataclass(frozen=True)
class SlabFields:
    """What can be said of rows at the nodes of one collocation."""

    collocation: SlabCollocation
    accuracy: float

    @cached_property
    def _to_series(self) -> list[Float[Tensor, "nk nk"]]:
        """By order in time: from the derivatives at the start (by tau) and the values at the nodes to coefficients."""
        nodes = torch.tensor(self.collocation.time_nodes, dtype=torch.float64)
        start, found = torch.tensor([-1.0], dtype=torch.float64), []
        for order in range(max(k for _, k in self.collocation.evolution.orders.values()) + 1):
            degree = len(nodes) + order - 1
            rows, derivative = [], torch.eye(degree + 1, dtype=torch.float64)
            for _ in range(order):
                rows.append(legendre_basis(start, len(derivative) - 1) @ derivative)
                derivative = differentiation(len(derivative) - 1) @ derivative
            found.append(torch.linalg.inv(torch.cat([*rows, legendre_basis(nodes, degree)])))
        return found

    @cached_property
    def _weights(self) -> Float[Tensor, " N"]:
        """Gauss weights for the mean over an element."""
        nodes = torch.tensor(self.collocation.space_nodes, dtype=torch.float64)
        inverse: Tensor = torch.linalg.inv(legendre_basis(nodes, len(nodes) - 1))
        return inverse[0]

    def _order(self, unknown: str) -> int:
        return self.collocation.evolution.orders[unknown][0]

    def series(self, rows: Rows, known: Known, half_time: float) -> dict[str, Float[Tensor, "E nk w"]]:
        """Legendre coefficients in time of the polynomials through all that is known at the start and the nodes."""
        found = {}
        for unknown, values in rows.items():
            starts = [start[:, None] * half_time**b for b, start in enumerate(known[unknown])]
            found[unknown] = self._to_series[len(starts)] @ torch.cat([*starts, values], 1)
        return found

    def rms(self, unknown: str, rows: Float[Tensor, "E n w"], mesh: SpaceMesh) -> Float[Tensor, " n"]:
        """Root mean square over the domain."""
        values = rows @ reference(self.collocation.space_nodes, self._order(unknown)).values[0].T
        reach = values.abs().amax().clamp(min=TINY)  # squares must not leave float64
        return ((values / reach).square() @ self._weights * mesh.share[:, None]).sum(0).sqrt() * reach

    def sizes(self, rows: Rows, mesh: SpaceMesh, before: Sizes) -> dict[str, float]:
        """The size of each unknown so far."""
        return {
            u: max(before.get(u, 0.0), self.rms(u, values, mesh).max().item()) for u, values in rows.items()
        }

    def steepest(self, rows: Rows, mesh: SpaceMesh) -> Float[Tensor, " n"]:
        """For each node in time the largest slope in space of what evolves."""
        found = torch.zeros(len(self.collocation.time_nodes), dtype=torch.float64)
        for unknown, values in rows.items():
            if all(self.collocation.evolution.orders[unknown]):
                basis = reference(self.collocation.space_nodes, self._order(unknown)).values[1]
                slopes = values @ basis.T / mesh.half[:, None, None]
                found = torch.maximum(found, slopes.abs().amax((0, 2)))
        return found

    def in_space(self, rows: Rows, mesh: SpaceMesh, sizes: Sizes) -> Float[Tensor, " E"]:
        """For each element the end of the series in space, relative to the sizes, the largest over the unknowns."""
        found, least = torch.zeros_like(mesh.half), self._rounding(sizes)
        for unknown, values in rows.items():
            tail = tails(values, self._order(unknown), mesh) / max(sizes[unknown], least)
            found = torch.maximum(found, tail)
        return found

    def in_time(self, series: Series, mesh: SpaceMesh, sizes: Sizes) -> float:
        """The end of the series in time, relative to the sizes, the largest over the unknowns."""
        ends = {u: self.rms(u, values[:, -_IN_TIME:], mesh).max().item() for u, values in series.items()}
        return max(end / max(sizes[u], self._rounding(sizes)) for u, end in ends.items())

    def _rounding(self, sizes: Sizes) -> float:
        """A size so small that its last coefficients are the rounding of the other unknowns."""
        return max(_ROUNDING / self.accuracy * max(sizes.values()), TINY)

    def ahead(
        self, series: Series, mesh: SpaceMesh, ratio: float, onto: SpaceMesh
    ) -> dict[str, Float[Tensor, "F n w"]]:
        """What a slab's series become in the next one, ``ratio`` times as long, gone on with while their terms fall."""
        nodes = torch.tensor(self.collocation.time_nodes, dtype=torch.float64)
        found = {}
        for unknown, values in series.items():
            basis = legendre_basis(1 + ratio * (1 + nodes), values.shape[1] - 1)
            reach = values.abs().amax((0, 2)) * basis[-1]
            count = int(reach[1:].argmin()) + 1
            found[unknown] = torch.einsum("ejw,nj->enw", values[:, :count], basis[:, :count])
        return self.carry(found, mesh, onto)

    def carry(self, rows: Rows, old: SpaceMesh, new: SpaceMesh) -> dict[str, Tensor]:
        """The same functions on other elements."""
        if torch.equal(old.places, new.places):
            return dict(rows)
        nodes = self.collocation.space_nodes
        return {u: carried(values, self._order(u), old, new, nodes) for u, values in rows.items()}

    def carry_known(self, known: Known, old: SpaceMesh, new: SpaceMesh) -> dict[str, tuple[Tensor, ...]]:
        """The same for what is known at the start of a slab."""
        moved = self.carry({u: torch.stack(given, 1) for u, given in known.items() if given}, old, new)
        return {u: tuple(moved[u].unbind(1)) if u in moved else () for u in known}

    def remeshed(
        self, mesh: SpaceMesh, known: Known, rows: Rows, sizes: Sizes, smallest: float, limit: float
    ) -> SpaceMesh:
        """Elements for the next slab: halves where a tail is about to pass the limit, pairs merged where it is not."""
        first = self.in_space({u: values[:, :1] for u, values in rows.items()}, mesh, sizes)
        last = self.in_space({u: values[:, -1:] for u, values in rows.items()}, mesh, sizes)
        ahead = last * (last / first.clamp(min=TINY)).clamp(1, _FASTEST)
        finer = mesh.halved((ahead > limit) & (mesh.share > smallest))
        pairs = finer.pairs()
        if not len(pairs):
            return finer
        # Whether a pair is wasted is found by merging it: how its halves' series end says little of the whole's.
        coarser = finer.merged(pairs)
        merged = self.carry_known(known, mesh, coarser)
        starts = {u: given[0][:, None] for u, given in merged.items() if given}
        wasted = self.in_space(starts, coarser, sizes) < _WASTED * limit
        owner = torch.searchsorted(coarser.places, finer.places[pairs], right=True) - 1
        return finer.merged(pairs[wasted[owner]])

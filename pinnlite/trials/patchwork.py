"""A trial on each cell of a partition: how one goes on into the next is up to those who solve for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.region import Region
from pinnlite.problem.equations import Key
from pinnlite.trials.partition import Partition
from pinnlite.trials.trial import Trial

_POINTS = 6000  # of the quadrature over all cells
_LEAST_POINTS = 40  # of a cell


T = TypeVar("T", bound=Trial)


@dataclass(frozen=True, eq=False)
class Patchwork(Generic[T]):
    """A trial for each cell that meets the region; beyond all of them the nearest one goes on."""

    region: Region
    partition: Partition
    pieces: Sequence[T]

    def corners(self) -> Float[Tensor, "E 2 d"]:
        """The lower and the upper corner of every box."""
        return torch.stack([self.partition.low, self.partition.high], 1)

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Each point's partials are those of its cell's trial."""
        cells = self.partition.locate(X)
        order = cells.argsort(stable=True)
        present, counts = torch.unique_consecutive(cells[order], return_counts=True)
        found: dict[Key, list[Tensor]] = {key: [] for key in wanted}
        for cell, own in zip(present.tolist(), torch.split(X[order], counts.tolist()), strict=True):
            for key, values in self.pieces[cell].partials(own, wanted).items():
                found[key].append(values)
        back = order.argsort()
        return {key: torch.cat(each)[back] if each else X.new_zeros(0) for key, each in found.items()}

    def quadrature(self) -> tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]:
        """Scattered points of every cell that are in the region, with even weights within it."""
        E, d = self.partition.low.shape
        count = max(_LEAST_POINTS, _POINTS // E)
        places = 2 * torch.rand(count, d, generator=torch.Generator().manual_seed(E), dtype=torch.float64) - 1
        X = self.partition.points(places).flatten(0, 1)
        weights = ((2 * self.partition.half).prod(1) / count).repeat_interleave(count)
        inside = self.region.contains(X)
        return X[inside], weights[inside]


def slabs_along(region: Region, column: int, times: Sequence[float], pieces: Sequence[T]) -> Patchwork[T]:
    """Cells across the whole region between one and the next of ``times``, values of one coordinate."""
    intervals = torch.tensor(list(region.intervals.values()), dtype=torch.float64)
    low, high = (intervals[:, i].repeat(len(pieces), 1) for i in range(2))
    ends = torch.tensor(times, dtype=torch.float64)
    low[:, column] = torch.minimum(ends[:-1], ends[1:])
    high[:, column] = torch.maximum(ends[:-1], ends[1:])
    return Patchwork(region, Partition(low, high), pieces)

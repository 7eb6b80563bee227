"""Random features on each cell of a partition: continuity from one to the next is left to the rows of a solve."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.region import Region
from pinnlite.problem.equations import Key
from pinnlite.trials.partition import Partition
from pinnlite.trials.ridge import Ridge

_POINTS = 6000  # of the quadrature over all cells
_LEAST_POINTS = 40  # of a cell


@dataclass(frozen=True, eq=False)
class Patchwork:
    """A layer of features for each cell that meets the region; beyond all of them the nearest one goes on."""

    region: Region
    partition: Partition
    layers: Sequence[Ridge]

    def corners(self) -> Float[Tensor, "E 2 d"]:
        """The lower and the upper corner of every box."""
        return torch.stack([self.partition.low, self.partition.high], 1)

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Each point's partials are those of its cell's layer."""
        cells = self.partition.locate(X)
        order = cells.argsort(stable=True)
        present, counts = torch.unique_consecutive(cells[order], return_counts=True)
        pieces: dict[Key, list[Tensor]] = {key: [] for key in wanted}
        for cell, own in zip(present.tolist(), torch.split(X[order], counts.tolist()), strict=True):
            for key, values in self.layers[cell].partials(own, wanted).items():
                pieces[key].append(values)
        back = order.argsort()
        return {key: torch.cat(each)[back] if each else X.new_zeros(0) for key, each in pieces.items()}

    def quadrature(self) -> tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]:
        """Scattered points of every cell that are in the region, with even weights within it."""
        E, d = self.partition.low.shape
        count = max(_LEAST_POINTS, _POINTS // E)
        places = 2 * torch.rand(count, d, generator=torch.Generator().manual_seed(E), dtype=torch.float64) - 1
        X = self.partition.points(places).flatten(0, 1)
        weights = ((2 * self.partition.half).prod(1) / count).repeat_interleave(count)
        inside = self.region.contains(X)
        return X[inside], weights[inside]

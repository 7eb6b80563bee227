"""A domain cut into boxes: cells, the faces between them, their halves, and an order in which to join them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Face:
    """Where two cells touch: a box that is flat along ``axis``, ``first`` below it and ``second`` above."""

    axis: int
    first: int
    second: int
    low: Float[Tensor, " d"]
    high: Float[Tensor, " d"]


@dataclass(frozen=True, eq=False)
class Partition:
    """E boxes in d coordinates that do not overlap; a big one may touch several small ones."""

    low: Float[Tensor, "E d"]
    high: Float[Tensor, "E d"]

    def __len__(self) -> int:
        return len(self.low)

    @cached_property
    def half(self) -> Float[Tensor, "E d"]:
        """Half the lengths of each cell."""
        return (self.high - self.low) / 2

    @property
    def extent(self) -> Float[Tensor, " d"]:
        """Lengths of the box around all cells."""
        extent: Tensor = self.high.amax(0) - self.low.amin(0)
        return extent

    def points(self, reference: Float[Tensor, "n d"]) -> Float[Tensor, "E n d"]:
        """Points of [-1, 1]^d carried into every cell."""
        return self.low[:, None] + self.half[:, None] * (1 + reference)

    def halved(self, axes: Bool[Tensor, "E d"]) -> tuple["Partition", Int[Tensor, " F"]]:
        """The partition with each cell cut in two along the axes marked for it, and where each new cell comes from."""
        low, high, parents = self.low, self.high, torch.arange(len(self.low))
        for axis in range(low.shape[1]):
            cut = axes[parents, axis]
            middle = (low[cut, axis] + high[cut, axis]) / 2
            lower, upper = high[cut].clone(), low[cut].clone()
            lower[:, axis] = upper[:, axis] = middle
            low, high = torch.cat([low[~cut], low[cut], upper]), torch.cat([high[~cut], lower, high[cut]])
            parents = torch.cat([parents[~cut], parents[cut], parents[cut]])
        return Partition(low, high), parents

    def locate(self, X: Float[Tensor, "N d"]) -> Int[Tensor, " N"]:
        """The cell that each point lies in, or is nearest to."""
        if len(self) == 1:
            return torch.zeros(len(X), dtype=torch.long)
        found = []
        for part in torch.split(X.detach(), max(1, _MOST_COMPARED // len(self))):
            beyond = torch.maximum(self.low - part[:, None], part[:, None] - self.high).clamp(min=0).sum(2)
            found.append(beyond.argmin(1))
        return torch.cat(found) if found else torch.zeros(0, dtype=torch.long)

    def faces(self) -> list[Face]:
        """Every pair of cells that share more than an edge."""
        found = []
        for axis in range(self.low.shape[1]):
            touching = self.high[:, None, axis] == self.low[None, :, axis]
            for other in range(self.low.shape[1]):
                if other != axis:
                    top = torch.minimum(self.high[:, None, other], self.high[None, :, other])
                    touching &= top > torch.maximum(self.low[:, None, other], self.low[None, :, other])
            for first, second in touching.nonzero().tolist():
                low = torch.maximum(self.low[first], self.low[second])
                high = torch.minimum(self.high[first], self.high[second])
                low[axis] = high[axis] = self.low[second, axis]
                found.append(Face(axis, first, second, low, high))
        return found

    def dissection(self, faces: Sequence[Face]) -> list[list[int]]:
        """The faces in groups, so that joining the cells group by group keeps what is carried along small.

        The cells are halved by a plane, and so are the halves; the faces in a plane come after those on its sides.

        Source: A. George, Nested dissection of a regular finite element mesh, SIAM J. Numer. Anal. 10 (1973).
        """
        centres = (self.low + self.high) / 2
        ends = torch.tensor([(face.first, face.second) for face in faces], dtype=torch.long).view(-1, 2)
        groups: list[list[int]] = []

        def join(cells: Tensor, inside: Tensor) -> None:
            """``inside``: numbers of the faces between these cells."""
            if len(cells) == 1 or not len(inside):
                return
            lower, cut = min(
                ((part, part[ends[inside, 0]] != part[ends[inside, 1]]) for part in _cuts(centres, cells)),
                key=lambda pair: int(pair[1].sum()),
            )
            between, kept = inside[cut], inside[~cut]
            for side in (True, False):
                join(cells[lower[cells] == side], kept[lower[ends[kept, 0]] == side])
            if len(between):
                groups.append(between.tolist())

        join(torch.arange(len(self)), torch.arange(len(faces)))
        return groups


_MOST_COMPARED = 2_000_000  # distances from points to cells at a time


def _cuts(centres: Float[Tensor, "E d"], cells: Int[Tensor, " n"]) -> list[Bool[Tensor, " E"]]:
    """For each axis along which it is possible, the cells below a plane that halves them as well as can be."""
    cuts = []
    for axis in range(centres.shape[1]):
        values = centres[cells, axis].sort().values
        steps = (values[1:] > values[:-1]).nonzero()[:, 0] + 1
        if len(steps):
            nearest = int(steps[(steps - len(cells) // 2).abs().argmin()])
            lower = torch.zeros(len(centres), dtype=torch.bool)
            lower[cells] = centres[cells, axis] < values[nearest]
            cuts.append(lower)
    return cuts

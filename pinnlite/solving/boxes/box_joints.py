"""Continuity from box to box: what two cells have to agree on where they touch.

These are unknowns of the face between them, so that one cell can be eliminated without the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.trials.boxes import multi_indices, trace
from pinnlite.trials.partition import Face, Partition

_WEIGHT = 30.0  # with less, what a corner leaves unresolved spreads to its neighbours as jumps


@dataclass(frozen=True, eq=False)
class BoxJoints:
    """The faces between the cells of a partition, for series of one degree."""

    problem: Problem
    partition: Partition
    degree: int
    faces: Sequence[Face]

    def width(self, face: Face) -> int:
        """How many unknowns a face has: those of traces and of normal derivatives below the order of the equations."""
        each = len(multi_indices(self.degree, len(self.problem.domain.names) - 1))
        return each * sum(self.problem.orders[name][face.axis] for name in self.problem.unknowns)

    def rows(self) -> Iterator[tuple[tuple[int, int], Tensor]]:
        """Each side of a face tells it what it is there: the groups of both, the cells' first, and the matrix."""
        for f, face in enumerate(self.faces):
            width = self.width(face)
            if not width:
                continue
            own = torch.eye(width, dtype=torch.float64)
            for cell in (face.first, face.second):
                told = torch.cat([self._told(face, cell), -own], 1)
                yield (cell, len(self.partition) + f), _WEIGHT * told

    def _told(self, face: Face, cell: int) -> Float[Tensor, "w mP"]:
        """Matrix from a cell's coefficients to the unknowns of a face, in the units of the smaller of its cells."""
        low = (face.low - self.partition.low[cell]) / self.partition.half[cell] - 1
        high = (face.high - self.partition.low[cell]) / self.partition.half[cell] - 1
        corners = (tuple(round(v, 14) for v in low.tolist()), tuple(round(v, 14) for v in high.tolist()))
        halves = self.partition.half[[face.first, face.second, cell], face.axis]
        ratio = (halves[:2].amin() / halves[2]).item()
        unknowns = self.problem.unknowns
        blocks = []
        for u, name in enumerate(unknowns):
            for derivative in range(self.problem.orders[name][face.axis]):
                own = trace(self.degree, face.axis, derivative, *corners) * ratio**derivative
                before = own.new_zeros(len(own), u * own.shape[1])
                after = own.new_zeros(len(own), (len(unknowns) - u - 1) * own.shape[1])
                blocks.append(torch.cat([before, own, after], 1))
        return torch.cat(blocks)

"""Unions, intersections and differences of regions in the same coordinates."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.cut_faces import Clipped, Stretch, spans
from pinnlite.geometry.faces import Face
from pinnlite.geometry.region import Region

_STEP = 1e-12  # of the size of the region: how far to either side of a face one looks
_PROBES = 2**12


@dataclass(frozen=True)
class Combined(Region):
    """Two regions made one, whose boundary is what bounds it of theirs."""

    left: Region
    right: Region

    def __post_init__(self) -> None:
        if self.left.names != self.right.names:
            raise ProblemError(
                f"regions in the coordinates ({', '.join(self.left.names)}) and ({', '.join(self.right.names)}) "
                "cannot be combined: give them the same coordinates, in the same order"
            )
        if len(self.left.names) == 1:
            raise ProblemError("intervals are not combined: give one interval")
        inside, _ = self._scattered(_PROBES) if self._is_wide else (torch.empty(0), 0.0)
        if not len(inside):
            raise ProblemError(
                "nothing is left of the regions combined: their interiors do not meet as they should"
            )

    @property
    def _is_wide(self) -> bool:
        return all(low < high for low, high in self.intervals.values())

    @cached_property
    def faces(self) -> tuple[Face, ...]:
        """What bounds the whole of the faces of both; where two coincide, the first one's."""
        first: list[Face] = []
        for face in self.left.faces:
            first += self._bounding(face, ())
        second: list[Face] = []
        for face in self.right.faces:
            second += self._bounding(face, first)
        return (*first, *second)

    def _bounding(self, face: Face, taken: Sequence[Face]) -> list[Face]:
        """The pieces of a face that have the region on one side only and belong to no other face."""
        step = _STEP * self.scale

        def keep(X: Tensor) -> Tensor:
            aside = step * face.normals(X)
            kept = (self.level(X + aside) < 0) != (self.level(X - aside) < 0)
            for other in taken:
                kept &= other.distance(X) > step
            return kept

        if face.dimension == 1:
            found = spans(lambda t: keep(face.place(t[:, None])))
            return [Stretch(face.names, face, low, high, self.level) for low, high in found]
        clipped = Clipped(face.names, face, self.level, keep)
        return [clipped] if clipped.size else []

    @cached_property
    @abstractmethod
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Those that contain the whole."""

    def _pairs(self) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
        return [(name, self.left.intervals[name], self.right.intervals[name]) for name in self.left.names]


class Union(Combined):
    """What is in one or the other: ``a | b``."""

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """From the lower start to the higher end."""
        return {name: (min(a[0], b[0]), max(a[1], b[1])) for name, a, b in self._pairs()}

    def level(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The lower of both."""
        return torch.minimum(self.left.level(X), self.right.level(X))

    def __repr__(self) -> str:
        return f"({self.left} | {self.right})"


class Intersection(Combined):
    """What is in both: ``a & b``."""

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """From the higher start to the lower end."""
        return {name: (max(a[0], b[0]), min(a[1], b[1])) for name, a, b in self._pairs()}

    def level(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The higher of both."""
        return torch.maximum(self.left.level(X), self.right.level(X))

    def __repr__(self) -> str:
        return f"({self.left} & {self.right})"


class Difference(Combined):
    """What is in the first and not in the second: ``a - b``."""

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Those of the first."""
        return self.left.intervals

    def level(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The first's, or the second's turned around where that is higher."""
        return torch.maximum(self.left.level(X), -self.right.level(X))

    def __repr__(self) -> str:
        return f"({self.left} - {self.right})"

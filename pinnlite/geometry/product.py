"""Products of a region with intervals in other coordinates, such as a disk's with time."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.cut_faces import Clipped, Swept
from pinnlite.geometry.domains import Box
from pinnlite.geometry.faces import Face, Flat
from pinnlite.geometry.region import Region


@dataclass(frozen=True)
class Product(Region):
    """The points (x, t) with x in ``region`` and t in ``box``."""

    region: Region
    box: Box

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """The region's, then the box's."""
        return {**self.region.intervals, **self.box.intervals}

    def level(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The higher of both."""
        d = len(self.region.names)
        return torch.maximum(self.region.level(X[:, :d]), self.box.level(X[:, d:]))

    @cached_property
    def faces(self) -> tuple[Face, ...]:
        """The region's boundary at every point of the box, and the region at every face of the box."""
        intervals = tuple(self.box.intervals.values())
        sides: list[Face] = [Swept(face.names, face, intervals) for face in self.region.faces]
        return (*sides, *(self._cap(face) for face in self.box.faces_from(len(self.region.names))))

    def faces_without(self, coordinates: Collection[str]) -> tuple[Face, ...]:
        """The same without the ends of some of the box's coordinates."""
        sides = self.region.faces_without(coordinates)
        caps = self.faces[len(sides) :]
        kept = (face for i, face in enumerate(caps) if self.box.names[i // 2] not in coordinates)
        return (*self.faces[: len(sides)], *kept)

    def _cap(self, face: Flat) -> Face:
        """The region at a face of the box: a rectangle, cut to the region's shape."""
        ends = list(self.region.intervals.values())
        d, e = len(ends), len(face.origin)
        edges = [tuple((high - low) * (i == j) for j in range(d + e)) for i, (low, high) in enumerate(ends)]
        edges += [(0.0,) * d + edge for edge in face.edges]
        origin = (*(low for low, _ in ends), *face.origin)
        whole = Flat(face.names, origin, tuple(edges), (0.0,) * d + face.normal)
        size = self.region.measure * face.area
        return Clipped(face.names, whole, self.level, lambda X: self.region.level(X[:, :d]) < 0, size)

    @cached_property
    def measure(self) -> float:
        """The product of both."""
        return self.region.measure * self.box.measure

    def share(self, face: Face) -> float:
        """As in the region for a side, and one for a cap."""
        return self.region.share(face.face) if isinstance(face, Swept) else 1.0

    def quadrature(self, count: int) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
        """Each point of the one with each of the other."""
        share = len(self.region.names) / len(self.names)
        X, v = self.region.quadrature(max(math.ceil(count**share), 1))
        Y, w = self.box.quadrature(max(math.ceil(count ** (1 - share)), 1))
        pairs = torch.cat([X.repeat_interleave(len(Y), 0), Y.repeat(len(X), 1)], 1)
        return pairs, torch.outer(v, w).reshape(-1)

    def __repr__(self) -> str:
        return f"{self.region} * {self.box}"


def product(first: Region, second: Region) -> Region:
    """The product of a region and a box in other coordinates; of two boxes, a box.

    Raises:
        ProblemError: they share a coordinate, or the second is no box.
    """
    shared = [name for name in first.names if name in second.names]
    if shared:
        raise ProblemError(f"{shared[0]} is a coordinate of both regions: rename one of them")
    if not isinstance(second, Box):
        raise ProblemError("the second region of a product has to be an interval or a box")
    if isinstance(first, Box):
        return Box({**first.intervals, **second.intervals}, name=first.name)
    return Product(first, second)


def box_names(region: Region) -> tuple[str, ...]:
    """The coordinates whose ends are faces of their own: all of a box, and those of a product's box."""
    if isinstance(region, Product):
        return region.box.names
    return region.names if isinstance(region, Box) else ()

"""Faces: the pieces of a boundary, each with points spread evenly over it and an outward normal at each of them."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Point = tuple[float, ...]


@dataclass(frozen=True)
class Face(ABC):
    """A patch of a boundary under a map from the unit cube that keeps areas in proportion, less what is cut away."""

    names: frozenset[str]

    @property
    @abstractmethod
    def dimension(self) -> int:
        """How many numbers of the unit interval place a point."""

    @property
    @abstractmethod
    def area(self) -> float:
        """Of the whole patch, with what is cut away; its length, where it is a curve."""

    @abstractmethod
    def place(self, unit: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """Points of the patch."""

    @abstractmethod
    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Outward unit normals at points of the face."""

    @abstractmethod
    def distance(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """How far points are from the face: zero on it."""

    def holds(self, X: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Which points of the patch are not cut away."""
        return torch.ones(len(X), dtype=torch.bool, device=X.device)

    @property
    def size(self) -> float:
        """The area of the face itself."""
        return self.area

    def called(self, *names: str) -> "Face":
        """The same under further names; empty ones do not count."""
        return replace(self, names=self.names | {name for name in names if name})


@dataclass(frozen=True)
class Flat(Face):
    """A rectangle in any dimension: the origin plus multiples between 0 and 1 of orthogonal edges."""

    origin: Point
    edges: tuple[Point, ...]
    normal: Point

    @property
    def dimension(self) -> int:
        """One number for each edge; none for the end of an interval."""
        return len(self.edges)

    @property
    def area(self) -> float:
        """The product of the edges' lengths; 1 for a point, that of the counting measure."""
        return math.prod(math.hypot(*edge) for edge in self.edges)

    def place(self, unit: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """Origin plus multiples of the edges."""
        origin, edges = self._tensors(unit)
        return origin + unit @ edges

    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The same everywhere."""
        return torch.tensor(self.normal, dtype=X.dtype, device=X.device).expand(len(X), -1)

    def distance(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """To the nearest point of the rectangle."""
        origin, edges = self._tensors(X)
        along = ((X - origin) @ edges.T / edges.square().sum(1)).clamp(0, 1)
        distance: Tensor = (X - origin - along @ edges).norm(dim=1)
        return distance

    @property
    def axis(self) -> tuple[int, float] | None:
        """The one coordinate that is fixed on the face, and its value; None where the face is askew."""
        fixed = [i for i, component in enumerate(self.normal) if component]
        return (fixed[0], self.origin[fixed[0]]) if len(fixed) == 1 else None

    def _tensors(self, like: Tensor) -> tuple[Float[Tensor, " d"], Float[Tensor, "k d"]]:
        origin = torch.tensor(self.origin, dtype=like.dtype, device=like.device)
        edges = torch.tensor(self.edges, dtype=like.dtype, device=like.device)
        return origin, edges.reshape(-1, len(origin))


@dataclass(frozen=True)
class Round(Face):
    """The sphere of a ball: a circle in two dimensions."""

    center: Point
    radius: float

    @property
    def dimension(self) -> int:
        """One less than that of space as far as there are simple maps that keep areas, that is up to 3."""
        d = len(self.center)
        return d - 1 if d <= 3 else d

    @property
    def area(self) -> float:
        """2 pi^(d/2) r^(d-1) / Gamma(d/2)."""
        d = len(self.center)
        return 2 * math.pow(math.pi, d / 2) * math.pow(self.radius, d - 1) / math.gamma(d / 2)

    def place(self, unit: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """Centre plus radius times directions."""
        return self._center(unit) + self.radius * directions(unit, len(self.center))

    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Away from the centre."""
        return torch.nn.functional.normalize(X - self._center(X), dim=1)

    def distance(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """To the nearest point of the sphere."""
        distance: Tensor = (X - self._center(X)).norm(dim=1)
        return (distance - self.radius).abs()

    def _center(self, like: Tensor) -> Float[Tensor, " d"]:
        return torch.tensor(self.center, dtype=like.dtype, device=like.device)


def directions(unit: Float[Tensor, "n k"], dimension: int) -> Float[Tensor, "n d"]:
    """Unit vectors, evenly spread where the points of the cube are.

    On the sphere in three dimensions the height is uniform (Archimedes); beyond, normal deviates are scaled.
    """
    if dimension == 2:
        angle = 2 * math.pi * unit[:, 0]
        return torch.stack([torch.cos(angle), torch.sin(angle)], 1)
    if dimension == 3:
        height, angle = 2 * unit[:, 0] - 1, 2 * math.pi * unit[:, 1]
        across = (1 - height.square()).clamp(min=0).sqrt()
        return torch.stack([across * torch.cos(angle), across * torch.sin(angle), height], 1)
    return torch.nn.functional.normalize(torch.special.ndtri(unit), dim=1)

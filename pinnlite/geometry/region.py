"""What every region can do: say what it contains, and give points of its interior and its boundary."""

import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.errors import ProblemError, ShapeError
from pinnlite.geometry.faces import Face
from pinnlite.geometry.sampling import GRIDS, accepted_points, box_points, grid_rule

BOUNDARY = "boundary"  # the name of the whole of it

_INSIDE = 1e-9  # of the region's size: how far outside a point may be by rounding
_ON = 1e-5  # the same for a point on the boundary, so that points in float32 pass
_UNSEEN = 2**40 + 1  # a seed that no solver draws collocation points with
_FACE_NODES = 192  # that integrate along a curve


def coordinate_names(given: Iterable[str] | None, dimension: int) -> tuple[str, ...]:
    """The names of coordinates: those given, or x, y, z, or x1, x2, ... where three letters are too few.

    Raises:
        ProblemError: there are too few or too many, or two are the same.
    """
    usual = ("x", "y", "z")[:dimension] if dimension <= 3 else tuple(f"x{i + 1}" for i in range(dimension))
    names = usual if given is None else tuple(given)
    if len(names) != dimension or len(set(names)) < dimension or not all(n.isidentifier() for n in names):
        raise ProblemError(
            f"the coordinates {names} do not fit a region of {dimension} dimensions: give as many different names, "
            f"such as {usual}"
        )
    return names


def shown_names(coordinates: tuple[str, ...], name: str) -> str:
    """The names of a region as further arguments, where they are not the usual ones."""
    own = "" if coordinates == coordinate_names(None, len(coordinates)) else f", coordinates={coordinates}"
    return own + (f", name={name!r}" if name else "")


@dataclass(frozen=True)
class Part:
    """Some of a boundary: faces, with points on them and normals at points."""

    name: str
    faces: tuple[Face, ...]
    scale: float  # the size of the region, which says what is near

    @property
    def measure(self) -> float:
        """Length or area; the number of points where the region is an interval."""
        return sum(face.size for face in self.faces)

    def points(
        self, count: int, kind: str = "sobol", seed: int = 0
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
        """Points in proportion to the faces' sizes, at least one on each and none at a corner, and their normals."""
        seeds = torch.Generator().manual_seed(seed)
        points, normals = [], []
        for face, share in zip(self.faces, self._shares(count), strict=True):
            own = int(torch.randint(2**62, (), generator=seeds))
            if face.dimension == 0:
                X = face.place(torch.zeros(1, 0, dtype=torch.float64))
            else:
                least = 2**face.dimension if kind in GRIDS and face.dimension > 1 else 1
                cube = [(0.0, 1.0)] * face.dimension
                X = accepted_points(cube, max(share, least), kind, own, face.place, face.holds)
            points.append(X)
            normals.append(face.normals(X))
        return torch.cat(points), torch.cat(normals)

    def _shares(self, count: int) -> list[int]:
        """Whole numbers in proportion to the sizes: what is left after rounding down goes to the largest remainders."""
        whole = self.measure
        exact = [count * face.size / whole for face in self.faces]
        shares = [math.floor(number) for number in exact]
        left = sorted(range(len(exact)), key=lambda i: shares[i] - exact[i])
        for i in left[: count - sum(shares)]:
            shares[i] += 1
        return [max(share, 1) for share in shares]

    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Outward unit normals at points of the part; at a corner that of one of its faces.

        Raises:
            ProblemError: a point is not on the part.
        """
        distances = torch.stack([face.distance(X) for face in self.faces])
        least, nearest = distances.min(0)
        if (least > _ON * self.scale).any():
            worst = int(least.argmax())
            place = ", ".join(f"{value:g}" for value in X[worst].tolist())
            raise ProblemError(
                f"the point ({place}) is not on '{self.name}': it is {least[worst].item():.2g} away from it"
            )
        normals = torch.zeros_like(X)
        for i, face in enumerate(self.faces):
            own = nearest == i
            if own.any():
                normals[own] = face.normals(X[own])
        return normals


class Region(ABC):
    """A bounded set in named coordinates, with a boundary made of faces.

    Regions of the same coordinates combine: ``a | b`` is the union, ``a & b`` the intersection, ``a - b`` what of
    ``a`` is not in ``b``; ``a * b`` is the product of regions in different coordinates.
    """

    @property
    @abstractmethod
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Intervals of the coordinates, in their order, whose product contains the region."""

    @abstractmethod
    def level(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """A continuous function below zero inside and above zero outside; at most the distance in magnitude."""

    @property
    @abstractmethod
    def faces(self) -> tuple[Face, ...]:
        """The pieces of the boundary that conditions hold on, the same objects whenever they are asked for."""

    @property
    def names(self) -> tuple[str, ...]:
        """The coordinates, in their order."""
        return tuple(self.intervals)

    @property
    def scale(self) -> float:
        """The diagonal of the bounding box."""
        return math.hypot(*(high - low for low, high in self.intervals.values()))

    def holds(self, name: str, value: float) -> bool:
        """Whether a value of one coordinate lies in its interval, to rounding."""
        low, high = self.intervals[name]
        slack = 1e-12 * (high - low)
        return low - slack <= value <= high + slack

    def contains(self, X: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Which points are inside or on the boundary, to rounding.

        Args:
            X: points, a column for each coordinate.

        Raises:
            ShapeError: there are more or fewer columns than coordinates.
        """
        self._check_columns(X)
        return self.level(X) <= _INSIDE * self.scale

    def sample(self, count: int, kind: str = "sobol", seed: int = 0) -> Float[Tensor, "n d"]:
        """Points of the interior.

        Args:
            count: how many; of a grid, as many as full rows and the shape of the region leave.
            kind: "sobol", "latin", "uniform", "gauss" or "chebyshev", as for ``box_points``.
            seed: decides the random kinds.
        """
        box = list(self.intervals.values())
        return accepted_points(box, count, kind, seed, lambda X: X, lambda X: self.level(X) < 0)

    def boundary(
        self, count: int, part: str = BOUNDARY, kind: str = "sobol", seed: int = 0
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
        """Points on the boundary or a part of it, evenly spread and none at a corner, and outward unit normals.

        Raises:
            ProblemError: there is no part of that name.

        Example:
            >>> import pinnlite as pl
            >>> X, n = pl.Disk((0, 0), 2).boundary(50)
            >>> X.allclose(2 * n)
            True
        """
        return self.part(part).points(count, kind, seed)

    def part(self, name: str = BOUNDARY, without: Collection[str] = ()) -> Part:
        """The part of the boundary that a name stands for; ``boundary`` for all of it.

        Args:
            name: a face's, or that of a region which this one is made of.
            without: coordinates, such as time, whose ends do not count as boundary, unless a name is theirs alone.

        Raises:
            ProblemError: there is no part of that name, or nothing of it is left.
        """
        faces = self.faces_without(without)
        if name == BOUNDARY and faces:
            return Part(name, faces, self.scale)
        # An end that does not count may be meant all the same, by its own name.
        for among in (faces, self.faces):
            chosen = tuple(face for face in among if name in face.names)
            if chosen:
                return Part(name, chosen, self.scale)
        if name == BOUNDARY:
            raise ProblemError(
                "there is no boundary: the ends of every coordinate are taken by initial conditions"
            )
        known = sorted({BOUNDARY}.union(*(face.names for face in self.faces)))
        close = difflib.get_close_matches(name, known, n=1)
        hint = f": did you mean '{close[0]}'?" if close else ""
        raise ProblemError(f"the boundary has no part '{name}'{hint} (its parts: {', '.join(known)})")

    def faces_without(self, coordinates: Collection[str]) -> tuple[Face, ...]:
        """The faces but for the ends of some coordinates, which only a product of intervals has."""
        stuck = [name for name in coordinates if name in self.names]
        if stuck:
            raise ProblemError(
                f"{stuck[0]} is a coordinate of a region that is no product of intervals, so that it has no start: "
                f"give it an interval of its own, on=..., {stuck[0]}=(0, 1)"
            )
        return self.faces

    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Outward unit normals at points of the boundary; at a corner that of one of its faces.

        Raises:
            ProblemError: a point is not on the boundary.
            ShapeError: there are more or fewer columns than coordinates.
        """
        self._check_columns(X)
        return self.part().normals(X)

    def share(self, face: Face) -> float:
        """The size of a face relative to that of a cube of the region's volume."""
        d = len(self.names)
        return face.size / math.pow(self.measure, (d - 1) / d)

    @cached_property
    def measure(self) -> float:
        """Area or volume; by the divergence theorem the integral of x . n over the boundary is d times as large."""
        d = len(self.names)
        if d == 2 and all(face.dimension == 1 for face in self.faces):
            total, (t, w) = 0.0, grid_rule(_FACE_NODES, 1)
            for face in self.faces:
                X = face.place(t)
                total += face.area * (w @ (X * face.normals(X)).sum(1)).item()
            return total / d
        X, weight = self._scattered(2**16)
        return weight * len(X)

    def quadrature(self, count: int) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
        """About ``count`` points and weights whose sum of products with a function's values is near its integral.

        Gauss points wherever the region is mapped to a box; otherwise quasi-random ones of equal weights.
        """
        X = self.sample(count, seed=_UNSEEN)
        return X, torch.full((len(X),), self.measure / len(X), dtype=torch.float64)

    def _scattered(self, count: int) -> tuple[Float[Tensor, "n d"], float]:
        """Those of quasi-random points of the bounding box that are inside, and the volume for each."""
        X = box_points(list(self.intervals.values()), count)
        volume = math.prod(high - low for low, high in self.intervals.values())
        return X[self.level(X) < 0], volume / count

    def _check_columns(self, X: Tensor) -> None:
        if X.ndim != 2 or X.shape[1] != len(self.names):
            raise ShapeError(
                f"points of shape {tuple(X.shape)} arrived: points are rows, a column for each of "
                f"{', '.join(self.names)}"
            )

    # The files of the combinations read this one, and so cannot be loaded before it.
    def __or__(self, other: object) -> "Region":
        from pinnlite.geometry.combined import Union

        return Union(self, other) if isinstance(other, Region) else NotImplemented

    def __and__(self, other: object) -> "Region":
        from pinnlite.geometry.combined import Intersection

        return Intersection(self, other) if isinstance(other, Region) else NotImplemented

    def __sub__(self, other: object) -> "Region":
        from pinnlite.geometry.combined import Difference

        return Difference(self, other) if isinstance(other, Region) else NotImplemented

    def __mul__(self, other: object) -> "Region":
        from pinnlite.geometry.product import product

        return product(self, other) if isinstance(other, Region) else NotImplemented

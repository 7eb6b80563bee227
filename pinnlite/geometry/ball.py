"""Balls of any dimension, and the disk."""

import math
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from numbers import Real

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.faces import Round, directions
from pinnlite.geometry.region import Region, coordinate_names, shown_names
from pinnlite.geometry.sampling import box_points, gauss_rule


@dataclass(frozen=True, init=False)
class Ball(Region):
    """The points at most ``radius`` away from ``center``, in as many dimensions as the centre has numbers.

    Args:
        center: its coordinates, two or more.
        radius: above zero.
        coordinates: their names; without them x, y, z, or x1, x2, ... beyond three.
        name: what its boundary is called besides ``boundary``, as in ``u = 0 on hole``.

    Raises:
        ProblemError: radius or centre make no ball, or the names do not fit.

    Example:
        >>> import pinnlite as pl
        >>> round(pl.Ball((0, 0, 0), 1).measure, 4)
        4.1888
    """

    center: tuple[float, ...]
    radius: float
    coordinates: tuple[str, ...]
    name: str

    def __init__(
        self,
        center: Sequence[float],
        radius: float,
        coordinates: Sequence[str] | None = None,
        name: str = "",
    ) -> None:
        given: tuple[object, object] = (center, radius)
        if not isinstance(given[0], Iterable) or not isinstance(given[1], Real):
            raise ProblemError(
                f"a ball has a centre and a radius, as in Disk((0, 0), 1); {center!r} and {radius!r} arrived"
            )
        if not (math.isfinite(radius) and radius > 0):
            raise ProblemError(
                f"a ball of radius {radius} is empty or infinite: give a finite radius above 0"
            )
        if len(center) < 2 or not all(map(math.isfinite, center)):
            raise ProblemError(
                f"the centre {tuple(center)} of a ball has to have two or more finite coordinates "
                "(in one dimension give an interval)"
            )
        object.__setattr__(self, "center", tuple(map(float, center)))
        object.__setattr__(self, "radius", float(radius))
        object.__setattr__(self, "coordinates", coordinate_names(coordinates, len(center)))
        object.__setattr__(self, "name", name)

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """The cube around it."""
        ends = [(c - self.radius, c + self.radius) for c in self.center]
        return dict(zip(self.coordinates, ends, strict=True))

    def level(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The signed distance from the sphere."""
        center = torch.tensor(self.center, dtype=X.dtype, device=X.device)
        distance: Tensor = (X - center).norm(dim=1)
        return distance - self.radius

    @cached_property
    def faces(self) -> tuple[Round, ...]:
        """The sphere."""
        return (Round(frozenset({self.name} - {""}), self.center, self.radius),)

    @cached_property
    def measure(self) -> float:
        """pi^(d/2) r^d / Gamma(d/2 + 1)."""
        d = len(self.center)
        return math.pow(math.pi, d / 2) * math.pow(self.radius, d) / math.gamma(d / 2 + 1)

    def sample(self, count: int, kind: str = "sobol", seed: int = 0) -> Float[Tensor, "n d"]:
        """Points of the interior: those of a cube, mapped so that volumes stay in proportion."""
        d = len(self.center)
        aimed = self.faces[0].dimension
        unit = box_points([(0.0, 1.0)] * (1 + aimed), count, kind, seed)
        X = self.radius * unit[:, :1] ** (1 / d) * directions(unit[:, 1:], d)
        return torch.tensor(self.center, dtype=torch.float64) + X

    def quadrature(self, count: int) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
        """Gauss points of the radius and the height, equal angles; beyond three dimensions quasi-random points."""
        d = len(self.center)
        if d > 3:
            return super().quadrature(count)
        n = max(round((count / 2) ** (1 / d)), 2)
        (t, w), angle = gauss_rule(n), (torch.arange(2 * n, dtype=torch.float64) + 0.5) / (2 * n)
        if d == 2:
            pairs = torch.cartesian_prod(t, angle)
            weights = torch.outer(t * w, torch.full_like(angle, math.pi / n)).reshape(-1)
            across = directions(pairs[:, 1:], 2)
        else:
            pairs = torch.cartesian_prod(t, t, angle)
            weights = torch.einsum(
                "i,j,k->ijk", t.square() * w, 2 * w, torch.full_like(angle, math.pi / n)
            ).reshape(-1)
            across = directions(pairs[:, 1:], 3)
        X = torch.tensor(self.center, dtype=torch.float64) + self.radius * pairs[:, :1] * across
        return X, weights * self.radius**d

    def __repr__(self) -> str:
        kind = "Disk" if len(self.center) == 2 else "Ball"
        center = ", ".join(f"{c:g}" for c in self.center)
        return f"{kind}(({center}), {self.radius:g}{shown_names(self.coordinates, self.name)})"


def Disk(  # a disk is the ball of two dimensions, under its own name
    center: Sequence[float], radius: float, coordinates: Sequence[str] | None = None, name: str = ""
) -> Ball:
    """The disk around a centre (x, y): the ball of two dimensions.

    Args:
        center: its two coordinates.
        radius: above zero.
        coordinates: their names; without them x and y.
        name: what its circle is called besides ``boundary``.

    Raises:
        ProblemError: radius or centre make no disk, or the names do not fit.

    Example:
        >>> import torch
        >>> import pinnlite as pl
        >>> pl.Disk((0, 0), 1).contains(torch.tensor([[0.5, 0.5], [1.0, 1.0]]))
        tensor([ True, False])
    """
    given: object = center
    if isinstance(given, Sized) and len(center) != 2:
        raise ProblemError(f"the centre {tuple(center)} of a disk has to have two coordinates")
    return Ball(center, radius, coordinates, name)

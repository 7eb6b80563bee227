"""Where most problems are posed: intervals and their products."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.faces import Face, Flat
from pinnlite.geometry.region import Region, coordinate_names
from pinnlite.geometry.sampling import box_points, grid_rule

_TIME = "t"  # whose ends are no sides
_SIDES = (("left", "right"), ("bottom", "top"), ("front", "back"))
_MOST_GAUSS = 3  # dimensions of a grid of Gauss points: with more, quasi-random ones are as good

Ends = tuple[float, float] | list[float]


@dataclass(frozen=True, init=False)
class Box(Region):
    """A product of intervals, one for each coordinate; with one coordinate, an interval.

    Its faces are called ``left`` and ``right`` where the first coordinate ends, ``bottom`` and ``top`` for the second,
    ``front`` and ``back`` for the third, a coordinate t not counted; and ``x_low``, ``x_high`` for any coordinate x.

    Args:
        ends: the intervals in order, whose coordinates are then called x, y, z; or one mapping of names to intervals.
        name: what its whole boundary is called where the box is part of another region.
        named: the intervals by the coordinates' names.

    Raises:
        ProblemError: an interval is infinite, empty or reversed.

    Example:
        >>> import pinnlite as pl
        >>> pl.Box((0, 1), (0, 2)) == pl.Box(x=(0, 1), y=(0, 2))
        True
        >>> pl.Box(r=(1, 2), z=(0, 3)).measure
        3.0
    """

    _intervals: tuple[tuple[str, float, float], ...]
    name: str

    def __init__(self, *ends: Ends | Mapping[str, Ends], name: str = "", **named: Ends) -> None:
        given: dict[str, Ends] = dict(named)
        if len(ends) == 1 and isinstance(ends[0], Mapping):
            given = {**ends[0], **named}
        elif ends:
            several = [each for each in ends if not isinstance(each, Mapping)]
            given = {**dict(zip(coordinate_names(None, len(several)), several, strict=True)), **named}
        if not given:
            raise ProblemError("a box has an interval for each coordinate: Box(x=(0, 1), y=(0, 2))")
        for coordinate, interval in given.items():
            _check(coordinate, interval)
        rows = tuple((key, float(low), float(high)) for key, (low, high) in given.items())
        object.__setattr__(self, "_intervals", rows)
        object.__setattr__(self, "name", name)

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """The interval of each coordinate."""
        return {name: (low, high) for name, low, high in self._intervals}

    def level(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """The distance to the nearest plane inside, the farthest one outside."""
        low, high = torch.tensor([row[1:] for row in self._intervals], dtype=X.dtype, device=X.device).T
        return torch.maximum(low - X, X - high).amax(1)

    @cached_property
    def faces(self) -> tuple[Flat, ...]:
        """Two for each coordinate, the lower one first."""
        return self.faces_from(0)

    def faces_from(self, place: int) -> tuple[Flat, ...]:
        """The same, their names counted from a place on, for a box that follows other coordinates."""
        lows = [low for _, low, _ in self._intervals]
        wide = [high - low for _, low, high in self._intervals]
        axes = [tuple(w * (i == j) for j in range(len(wide))) for i, w in enumerate(wide)]
        faces = []
        for i, (coordinate, *ends) in enumerate(self._intervals):
            usual = ("", "") if coordinate == _TIME or place >= len(_SIDES) else _SIDES[place]
            place += coordinate != _TIME
            for end, sign, side, word in zip(ends, (-1.0, 1.0), usual, ("low", "high"), strict=True):
                names = frozenset({f"{coordinate}_{word}", side, self.name} - {""})
                origin = (*lows[:i], end, *lows[i + 1 :])
                normal = tuple(sign * (j == i) for j in range(len(lows)))
                faces.append(Flat(names, origin, (*axes[:i], *axes[i + 1 :]), normal))
        return tuple(faces)

    def faces_without(self, coordinates: Collection[str]) -> tuple[Flat, ...]:
        """Those of the other coordinates."""
        return tuple(face for i, face in enumerate(self.faces) if self.names[i // 2] not in coordinates)

    def share(self, face: Face) -> float:
        """Each face counts as much as any other: coordinates may differ by their units."""
        return 1.0

    @cached_property
    def measure(self) -> float:
        """The product of the lengths."""
        return math.prod(high - low for _, low, high in self._intervals)

    def sample(self, count: int, kind: str = "sobol", seed: int = 0) -> Float[Tensor, "n d"]:
        """Points of the interior: see ``box_points``."""
        return box_points(list(self.intervals.values()), count, kind, seed)

    def quadrature(self, count: int) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]:
        """A grid of Gauss points up to three dimensions, beyond quasi-random points of equal weights."""
        d = len(self.names)
        if d > _MOST_GAUSS:
            return super().quadrature(count)
        unit, weights = grid_rule(max(round(count ** (1 / d)), 1), d)
        low, high = torch.tensor([row[1:] for row in self._intervals], dtype=torch.float64).T
        return torch.lerp(low, high, unit), weights * self.measure

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}=({low:g}, {high:g})" for name, low, high in self._intervals)
        return f"Box({inside})" if not self.name else f"Box({inside}, name={self.name!r})"


def Interval(low: float, high: float, coordinate: str = "x", name: str = "") -> Box:
    """An interval: the box of one coordinate.

    Args:
        low: where it starts.
        high: where it ends.
        coordinate: the name of the coordinate.
        name: what its two ends are called together.

    Example:
        >>> import pinnlite as pl
        >>> pl.Interval(0, 2).measure
        2.0
    """
    return Box({coordinate: (low, high)}, name=name)


def _check(name: str, interval: object) -> None:
    if not (isinstance(interval, tuple | list) and len(interval) == 2):
        raise ProblemError(f"{name}={interval!r} is no interval: give its two ends, {name}=(0, 1)")
    low, high = interval
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ProblemError(f"the domain {name} = ({low:g}, {high:g}) is not finite: give two finite ends")
    if low == high:
        raise ProblemError(f"the domain {name} = ({low:g}, {high:g}) is empty: give two different ends")
    if low > high:
        raise ProblemError(
            f"the domain {name} = ({low:g}, {high:g}) is reversed: write {name}=({high:g}, {low:g})"
        )

"""Regions as text: what kind each is and the numbers that make it, nested where regions are made of others."""

from collections.abc import Callable
from typing import Any

from pinnlite.errors import FileError, PinnliteError
from pinnlite.files.fields import Fields
from pinnlite.geometry.ball import Ball
from pinnlite.geometry.combined import Combined, Difference, Intersection, Union
from pinnlite.geometry.domains import Box
from pinnlite.geometry.polygon import Polygon
from pinnlite.geometry.product import Product
from pinnlite.geometry.region import Region

# A combination asks its parts for their intervals once for each coordinate, and every face for all other regions.
_MOST_NESTED = 6  # regions within regions
_MOST_REGIONS = 12  # that are combined
_MOST_CORNERS = 500  # of a polygon
_MOST_COMBINED = 40  # corners of all polygons that are combined
_MOST_COORDINATES = 100
_MOST_ASKED = 300  # coordinates to the power of the depth
_COMBINED: dict[str, type[Combined]] = {
    "union": Union,
    "difference": Difference,
    "intersection": Intersection,
}


def written(region: Region) -> dict[str, Any]:
    """The fields of a region; of a plain box, its intervals by name."""
    if isinstance(region, Box) and not region.name:
        return {name: list(interval) for name, interval in region.intervals.items()}
    return {"region": _written(region)}


def read(fields: Fields) -> Region:
    """The region that was written, made again.

    Raises:
        FileError: it is no region.
    """
    try:
        if isinstance(fields.values.get("region"), dict):
            whole = fields.object("region")
            _bounded(whole)
            return _read(whole)
        if len(fields.values) > _MOST_COORDINATES:
            raise FileError(f"the file is damaged: {fields.place} has too many coordinates")
        return Box({name: fields.interval(name) for name in fields.names()})
    except FileError:
        raise
    except (PinnliteError, ArithmeticError, ValueError) as error:
        raise FileError(f"the region in the file cannot be made: {error}") from None


def _written(region: Region) -> dict[str, Any]:
    if isinstance(region, Box):
        intervals = {name: list(interval) for name, interval in region.intervals.items()}
        return {"kind": "box", "intervals": intervals, "name": region.name}
    if isinstance(region, Ball):
        numbers = {"center": list(region.center), "radius": region.radius}
        return {"kind": "ball", **numbers, "coordinates": list(region.coordinates), "name": region.name}
    if isinstance(region, Polygon):
        vertices = {"vertices": [list(vertex) for vertex in region.vertices]}
        return {"kind": "polygon", **vertices, "coordinates": list(region.coordinates), "name": region.name}
    if isinstance(region, Product):
        return {"kind": "product", "region": _written(region.region), "box": _written(region.box)}
    for kind, combined in _COMBINED.items():
        if isinstance(region, combined):
            return {"kind": kind, "left": _written(region.left), "right": _written(region.right)}
    raise FileError(
        f"a region of the type {type(region).__name__} cannot be saved: no file could make it again"
    )


def _bounded(whole: Fields) -> None:
    """Refuse what would take long to make, before anything of it is made."""
    regions, corners = 0, 0
    left = [(whole, 0)]
    while left:
        fields, depth = left.pop()
        sides = _sides(fields.text("kind"))
        left += [(fields.object(side), depth + 1) for side in sides]
        if sides:
            continue
        regions += 1
        corners += len(fields.rows("vertices")) if "vertices" in fields.values else 0
        coordinates = fields.values.get("coordinates", fields.values.get("intervals", ()))
        count = len(coordinates) if isinstance(coordinates, list | dict) else 0
        if depth > _MOST_NESTED or count > _MOST_COORDINATES or count**depth > _MOST_ASKED:
            raise FileError(
                f"the file is damaged: {fields.place} nests regions too deeply or has too many coordinates"
            )
        if regions > _MOST_REGIONS or corners > (_MOST_CORNERS if regions == 1 else _MOST_COMBINED):
            raise FileError(
                f"{whole.place} combines regions with more than the {_MOST_REGIONS} parts or {_MOST_CORNERS} "
                "corners that are read"
            )


def _sides(kind: str) -> tuple[str, ...]:
    """Where the parts of a region stand that is made of others."""
    return ("left", "right") if kind in _COMBINED else ("region", "box") if kind == "product" else ()


def _read(fields: Fields) -> Region:
    kind = fields.text("kind")
    parts = [_read(fields.object(side)) for side in _sides(kind)]
    if parts:
        return _COMBINED[kind](*parts) if kind in _COMBINED else parts[0] * parts[1]
    if kind not in _PLAIN:
        raise FileError(f"the file is damaged: {fields.place} is of no known kind")
    return _PLAIN[kind](fields)


def _box(fields: Fields) -> Region:
    ends = fields.object("intervals")
    return Box({name: ends.interval(name) for name in ends.names()}, name=fields.text("name"))


def _ball(fields: Fields) -> Region:
    coordinates = fields.texts("coordinates")
    return Ball(fields.numbers("center"), fields.number("radius"), coordinates, fields.text("name"))


def _polygon(fields: Fields) -> Region:
    return Polygon(fields.rows("vertices"), fields.texts("coordinates"), fields.text("name"))


_PLAIN: dict[str, Callable[[Fields], Region]] = {"box": _box, "ball": _ball, "polygon": _polygon}

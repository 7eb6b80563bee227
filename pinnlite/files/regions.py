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

_MOST_NESTED = 50  # regions within regions
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
            return _read(fields.object("region"), _MOST_NESTED)
        return Box({name: fields.interval(name) for name in fields.names()})
    except FileError:
        raise
    except PinnliteError as error:
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


def _read(fields: Fields, depth: int) -> Region:
    if not depth:
        raise FileError(f"the file is damaged: {fields.place} nests regions too deeply")
    kind = fields.text("kind")
    if kind in _COMBINED:
        left, right = (_read(fields.object(side), depth - 1) for side in ("left", "right"))
        return _COMBINED[kind](left, right)
    if kind == "product":
        box = _read(fields.object("box"), depth - 1)
        return _read(fields.object("region"), depth - 1) * box
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

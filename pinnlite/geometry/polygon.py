"""Polygons, convex or not, and their triangles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.faces import Flat
from pinnlite.geometry.region import Region, coordinate_names, shown_names
from pinnlite.geometry.sampling import grid_rule

Corner = tuple[float, float]


@dataclass(frozen=True, init=False)
class Polygon(Region):
    """The inside of a closed chain of edges, with re-entrant corners or without.

    Its edges are called ``edge1``, ``edge2``, ... from the first vertex on, in the order in which they are given.

    Args:
        vertices: the corners (x, y) in order, clockwise or counter-clockwise; the last one is joined to the first.
        coordinates: the names of the two coordinates; without them x and y.
        name: what its whole boundary is called besides ``boundary``.

    Raises:
        ProblemError: there are fewer than three vertices, one of them twice in a row, or two edges meet elsewhere than
            at the vertex that they share; the message names them.

    Example:
        >>> import pinnlite as pl
        >>> pl.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]).measure
        3.0
    """

    vertices: tuple[Corner, ...]
    coordinates: tuple[str, ...]
    name: str

    def __init__(
        self, vertices: Sequence[Sequence[float]], coordinates: Sequence[str] | None = None, name: str = ""
    ) -> None:
        corners = tuple((float(x), float(y)) for x, y in map(_pair, vertices))
        if len(corners) > 3 and corners[0] == corners[-1]:
            corners = corners[:-1]  # closed by hand
        _check(corners)
        object.__setattr__(self, "vertices", corners)
        object.__setattr__(self, "coordinates", coordinate_names(coordinates, 2))
        object.__setattr__(self, "name", name)

    @cached_property
    def edges(self) -> tuple[tuple[Corner, Corner], ...]:
        """Start and end of each."""
        return tuple(zip(self.vertices, (*self.vertices[1:], self.vertices[0]), strict=True))

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Those of the vertices."""
        columns = zip(*self.vertices, strict=True)
        return {
            name: (min(column), max(column)) for name, column in zip(self.coordinates, columns, strict=True)
        }

    @cached_property
    def _turn(self) -> float:
        """1 where the vertices go counter-clockwise, -1 where they go clockwise."""
        return math.copysign(1.0, _doubled_area(self.vertices))

    def level(self, X: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """The signed distance from the edges; inside is where a ray to the right crosses an odd number of them."""
        ends = torch.tensor(self.edges, dtype=X.dtype, device=X.device)
        a, b = ends[:, 0], ends[:, 1]
        along, to = b - a, X[:, None] - a
        share = ((to * along).sum(2) / along.square().sum(1)).clamp(0, 1)
        distance = (to - share[..., None] * along).norm(dim=2).amin(1)
        across = (a[:, 1] > X[:, 1:]) != (b[:, 1] > X[:, 1:])
        # Which side of the edge's line, without dividing by the height of an edge that may have none.
        right = (along[:, 0] * to[..., 1] - to[..., 0] * along[:, 1] > 0) == (along[:, 1] > 0)
        inside = (across & right).sum(1) % 2 == 1
        return torch.where(inside, -distance, distance)

    @cached_property
    def faces(self) -> tuple[Flat, ...]:
        """The edges."""
        faces = []
        for i, ((ax, ay), (bx, by)) in enumerate(self.edges):
            length = self._turn * math.hypot(bx - ax, by - ay)
            names = frozenset({f"edge{i + 1}", self.name} - {""})
            normal = ((by - ay) / length, (ax - bx) / length)
            faces.append(Flat(names, (ax, ay), ((bx - ax, by - ay),), normal))
        return tuple(faces)

    @cached_property
    def measure(self) -> float:
        """The area, by Gauss's formula."""
        return abs(_doubled_area(self.vertices)) / 2

    @cached_property
    def triangles(self) -> tuple[tuple[Corner, Corner, Corner], ...]:
        """The polygon cut into triangles at its vertices."""
        return _cut_ears(self.vertices[:: int(self._turn)])

    def quadrature(self, count: int) -> tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]]:
        """Gauss points of each triangle, taken for a square one side of which is a point."""
        n = max(round(math.sqrt(count / len(self.triangles))), 2)
        unit, weights = grid_rule(n, 2)
        s, t = unit[:, :1], unit[:, 1:]
        points, all_weights = [], []
        for corners in self.triangles:
            a, b, c = torch.tensor(corners, dtype=torch.float64)
            points.append(a + s * (b - a) + s * t * (c - b))
            all_weights.append(weights * s[:, 0] * abs(_doubled_area(corners)))
        return torch.cat(points), torch.cat(all_weights)

    def __repr__(self) -> str:
        vertices = ", ".join(f"({x:g}, {y:g})" for x, y in self.vertices)
        return f"Polygon([{vertices}]{shown_names(self.coordinates, self.name)})"


def _pair(vertex: Sequence[float]) -> tuple[float, float]:
    if len(vertex) != 2 or not all(map(math.isfinite, vertex)):
        raise ProblemError(f"the vertex {tuple(vertex)} is no pair of finite numbers")
    return float(vertex[0]), float(vertex[1])


def _check(vertices: Sequence[Corner]) -> None:
    """Every two edges meet where they join and nowhere else."""
    n = len(vertices)
    if n < 3:
        raise ProblemError(f"a polygon has three vertices or more, and {n} arrived")
    ends = [(vertices[i], vertices[(i + 1) % n]) for i in range(n)]
    for a, b in ends:
        if a == b:
            raise ProblemError(f"the vertex ({a[0]:g}, {a[1]:g}) comes twice in a row: leave one out")
    boxes = torch.tensor(ends, dtype=torch.float64)
    low, high = boxes.amin(1), boxes.amax(1)
    near = ((low[:, None] <= high[None]) & (low[None] <= high[:, None])).all(2).triu(1)
    for i, j in near.nonzero().tolist():
        if _meet(ends[i], ends[j], joined=j == i + 1, closing=(i, j) == (0, n - 1)):
            raise ProblemError(
                f"the polygon intersects itself: edge{i + 1} {_shown(ends[i])} and edge{j + 1} {_shown(ends[j])} meet "
                "where they are not joined: give the vertices in the order in which one walks around"
            )
    if not _doubled_area(vertices):
        raise ProblemError("the polygon has no area: its vertices are on one line")


def _meet(one: tuple[Corner, Corner], two: tuple[Corner, Corner], joined: bool, closing: bool) -> bool:
    """Whether two edges have a point in common, besides the end of one where the other starts if they are joined."""
    (a, b), (c, d) = one, two
    if joined or closing:
        if closing:
            (a, b), (c, d) = two, one
        # From b on: they overlap where the second turns back upon the first.
        return _side(a, b, d) == 0 and _between(d, a, b) + _between(a, b, d) > 0
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    places = zip(sides, (c, d, a, b), (one, one, two, two), strict=True)
    return any(side == 0 and _between(point, *edge) for side, point, edge in places)


def _side(a: Corner, b: Corner, p: Corner) -> int:
    """On which side of the line from a to b a point is: exactly, for floats are rational numbers."""
    (ax, ay), (bx, by), (px, py) = ((Fraction(x), Fraction(y)) for x, y in (a, b, p))
    cross = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (cross > 0) - (cross < 0)


def _between(p: Corner, a: Corner, b: Corner) -> bool:
    """Whether a point of the line through a and b is in the segment."""
    return all(min(s, t) <= r <= max(s, t) for r, s, t in zip(p, a, b, strict=True))


def _doubled_area(vertices: Sequence[Corner]) -> float:
    """Twice the signed area, relative to the first vertex so that a polygon far from the origin keeps its digits."""
    (ox, oy), n = vertices[0], len(vertices)
    moved = [(x - ox, y - oy) for x, y in vertices]
    pairs = ((moved[i], moved[(i + 1) % n]) for i in range(n))
    return math.fsum(a[0] * b[1] - a[1] * b[0] for a, b in pairs)


def _cut_ears(vertices: Sequence[Corner]) -> tuple[tuple[Corner, Corner, Corner], ...]:
    """Triangles of a counter-clockwise polygon: corners that hold no other vertex are cut off one by one."""
    left, found = list(vertices), []
    while len(left) > 3:
        for i in range(len(left)):
            a, b, c = left[i - 1], left[i], left[(i + 1) % len(left)]
            turn = _side(a, b, c)
            others = [p for p in left if p not in (a, b, c)]
            if turn == 0 or (turn > 0 and not any(_in_triangle(p, a, b, c) for p in others)):
                break
        if turn:
            found.append((a, b, c))
        del left[i]
    return (*found, (left[0], left[1], left[2]))


def _in_triangle(p: Corner, a: Corner, b: Corner, c: Corner) -> bool:
    return min(_side(a, b, p), _side(b, c, p), _side(c, a, p)) >= 0


def _shown(edge: tuple[Corner, Corner]) -> str:
    (ax, ay), (bx, by) = edge
    return f"from ({ax:g}, {ay:g}) to ({bx:g}, {by:g})"

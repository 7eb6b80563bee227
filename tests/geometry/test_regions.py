"""Regions against closed forms, the divergence theorem and finite differences of the level function."""

import math
import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ellipe
from torch import Tensor

import pinnlite as pl
from pinnlite.errors import ProblemError, ShapeError
from pinnlite.geometry.consistency import check_level
from pinnlite.geometry.curve import Curve
from pinnlite.geometry.region import Region

L_SHAPE = [(-1.0, -1.0), (1.0, -1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (-1.0, 1.0)]
LENS = 2 * math.pi / 3 - math.sqrt(3) / 2  # of two unit disks whose centres are 1 apart
CAP = math.pi * (1 - 0.25) ** 2 * (3 - 1 + 0.25) / 3  # of the unit ball, beyond the plane x = 1/4


class Bean(Region):
    """r < 1 + 0.3 cos(theta): a limacon, gone round against the clock or with it, at an uneven speed."""

    def __init__(self, sense: float = 1.0) -> None:
        self.sense = sense
        self.rims = (Curve(frozenset({"rim"}), self.rim),)

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        return {"x": (-0.9, 1.3), "y": (-1.2, 1.2)}

    @property
    def faces(self) -> tuple[Curve, ...]:
        return self.rims

    def level(self, X: Tensor) -> Tensor:
        outside = X.norm(dim=1) > 1 + 0.3 * torch.cos(torch.atan2(X[:, 1], X[:, 0]))
        return torch.where(outside, 1, -1) * self.rims[0].distance(X)

    def rim(self, t: Tensor) -> Tensor:
        angle = self.sense * (2 * math.pi * t + 0.4 * torch.sin(2 * math.pi * t))
        r = 1 + 0.3 * torch.cos(angle)
        return torch.stack([r * torch.cos(angle), r * torch.sin(angle)], 1)


BEAN = math.pi * (1 + 0.3**2 / 2), 4 * 1.3 * float(ellipe(4 * 0.3 / 1.3**2))  # area and perimeter

REGIONS: dict[
    str, tuple[Callable[[], Region], float, float]
] = {  # with area or volume, and perimeter or surface
    "disk": (lambda: pl.Disk((1, 2), 3), 9 * math.pi, 6 * math.pi),
    "ball": (lambda: pl.Ball((1, 0, 2), 0.5), math.pi / 6, math.pi),
    "ball in 5": (lambda: pl.Ball((0,) * 5, 1), 8 * math.pi**2 / 15, 8 * math.pi**2 / 3),
    "box": (lambda: pl.Box(x=(0, 1), y=(0, 2), z=(1, 4)), 6, 22),
    "L": (lambda: pl.Polygon(L_SHAPE), 3, 8),
    "L clockwise": (lambda: pl.Polygon(L_SHAPE[::-1]), 3, 8),
    "L of boxes": (lambda: pl.Box((-1, 1), (-1, 1)) - pl.Box((0, 1), (0, 1)), 3, 8),
    "two boxes side by side": (lambda: pl.Box((0, 1), (0, 1)) | pl.Box((1, 2), (0, 1)), 2, 6),
    "two boxes that overlap": (lambda: pl.Box((0, 2), (0, 1)) | pl.Box((1, 3), (0, 1)), 3, 8),
    "hole": (lambda: pl.Box((0, 2), (0, 2)) - pl.Disk((1, 1), 0.5), 4 - math.pi / 4, 8 + math.pi),
    "lens": (lambda: pl.Disk((0, 0), 1) & pl.Disk((1, 0), 1), LENS, 4 * math.pi / 3),
    "eight": (lambda: pl.Disk((0, 0), 1) | pl.Disk((1, 0), 1), 2 * math.pi - LENS, 8 * math.pi / 3),
    "two holes": (
        lambda: pl.Box((0, 3), (0, 1)) - pl.Disk((1, 0.5), 0.2) - pl.Disk((2, 0.5), 0.2),
        3 - 0.08 * math.pi,
        8 + 0.8 * math.pi,
    ),
    "cylinder": (lambda: pl.Disk((0, 0), 1) * pl.Interval(0, 2, "z"), 2 * math.pi, 6 * math.pi),
    "bean": (Bean, *BEAN),
    "bean clockwise with a hole": (
        lambda: Bean(-1.0) - pl.Disk((0, 0), 0.5),
        BEAN[0] - math.pi / 4,
        BEAN[1] + math.pi,
    ),
    "ball less ball": (
        lambda: pl.Ball((0, 0, 0), 1) - pl.Ball((0.5, 0, 0), 1),
        4 * math.pi / 3 - 2 * CAP,
        2 * math.pi * 1.25 + 2 * math.pi * 0.75,
    ),
}
BY_CHANCE = 6e-3  # relative error of 2^14 and more quasi-random points across a jump, in three dimensions
rounded = {"ball less ball": BY_CHANCE}


@pytest.mark.parametrize("name", REGIONS)
def test_measures_are_those_of_closed_forms(name: str) -> None:
    make, volume, surface = REGIONS[name]
    region = make()
    tolerance = rounded.get(name, 1e-11)  # ends of pieces are found to 1e-12 of the size
    assert region.measure == pytest.approx(volume, rel=tolerance)
    assert region.part().measure == pytest.approx(surface, rel=tolerance)
    X, weights = region.quadrature(4000)
    assert weights.sum().item() == pytest.approx(volume, rel=tolerance)
    assert region.contains(X).all()


@pytest.mark.parametrize("name", REGIONS)
def test_divergence_theorem(name: str) -> None:
    """F = x^3 componentwise + a constant: the flux through the boundary is the integral of 3 |x|^2."""
    region = REGIONS[name][0]()
    X, normals = region.boundary(20_000)
    flux = region.part().measure * ((X**3 + 1) * normals).sum(1).mean().item()
    Q, weights = region.quadrature(20_000)
    expected = (weights @ (3 * Q.square()).sum(1)).item()
    # Even points: the flux of the constant, which is zero, leaves no more than their unevenness.
    assert flux == pytest.approx(expected, rel=2e-3 if region.part().faces[0].dimension == 1 else 2e-2)


@pytest.mark.parametrize("name", REGIONS)
def test_points_and_normals_of_the_boundary(name: str) -> None:
    """The level is zero there and its gradient along the normal: inside one way, outside the other."""
    region = REGIONS[name][0]()
    X, normals = region.boundary(500)
    assert region.level(X).abs().max() < 1e-14 * 10 * region.scale
    assert torch.allclose(normals.norm(dim=1), torch.ones(len(X)).double(), atol=1e-14)
    assert torch.allclose(region.normals(X), normals)
    step = 1e-6
    for column in range(X.shape[1]):
        aside = torch.zeros_like(X)
        aside[:, column] = step
        slope = (region.level(X + aside) - region.level(X - aside)) / (2 * step)
        assert (slope - normals[:, column]).abs().median() < 1e-5  # all but next to corners
    assert not region.contains(X + 1e-3 * normals).any()


@pytest.mark.parametrize("kind", ["sobol", "latin", "uniform", "gauss", "chebyshev"])
@pytest.mark.parametrize("name", ["disk", "ball in 5", "L", "hole", "cylinder"])
def test_interior_points_of_each_kind(name: str, kind: str) -> None:
    region = REGIONS[name][0]()
    X = region.sample(400, kind, seed=3)
    assert (region.level(X) < 0).all()
    grid = kind in {"gauss", "chebyshev"}
    assert len(X) == 400 if not grid else 400 / 7 < len(X) <= 400  # in five dimensions 3^5 = 243 at most
    assert torch.equal(X, region.sample(400, kind, seed=3))
    if not grid:
        assert not torch.equal(X, region.sample(400, kind, seed=4))
        assert len(X.unique(dim=0)) == 400


def test_points_of_a_disk_are_even() -> None:
    """The radius squared and the angle are uniform; a quarter of the points is in each quadrant."""
    X = pl.Disk((0, 0), 2).sample(4096)
    radius = X.square().sum(1).sort().values / 4
    assert (radius - (torch.arange(4096).double() + 0.5) / 4096).abs().max() < 2e-3
    assert abs(((X[:, 0] > 0) & (X[:, 1] > 0)).double().mean().item() - 0.25) < 2e-3


def test_quadrature_is_exact_for_polynomials_where_it_is_mapped() -> None:
    X, w = pl.Disk((0, 0), 1).quadrature(200)
    assert (w @ (X[:, 0] ** 4 * X[:, 1] ** 2)).item() == pytest.approx(math.pi / 64, rel=1e-13)
    X, w = pl.Ball((0, 0, 0), 1).quadrature(500)
    assert (w @ (X[:, 0] ** 2 * X[:, 2] ** 2)).item() == pytest.approx(4 * math.pi / 105, rel=1e-13)
    X, w = pl.Polygon(L_SHAPE).quadrature(200)
    assert (w @ (X[:, 0] ** 4 * X[:, 1] ** 2)).item() == pytest.approx(4 / 15 - 1 / 15, rel=1e-13)


def test_parts_of_boundaries() -> None:
    region = pl.Box(x=(0, 4), y=(0, 2), name="wall") - pl.Disk((4, 1), 0.5, name="notch")
    assert region.part("notch").measure == pytest.approx(math.pi / 2, rel=1e-11)  # half of the circle
    assert region.part("right").measure == pytest.approx(1, rel=1e-11)
    assert region.part("wall").measure == pytest.approx(11, rel=1e-11)
    X, normals = region.boundary(50, "notch")
    assert torch.allclose(normals, 2 * (torch.tensor([4.0, 1.0]).double() - X))  # into the disk
    L = pl.Polygon(L_SHAPE)
    X, normals = L.boundary(20, "edge3")
    assert (X[:, 1] == 0).all()
    assert (normals == torch.tensor([0.0, 1.0]).double()).all()
    with pytest.raises(ProblemError, match="no part 'notsh': did you mean 'notch'"):
        region.part("notsh")


def test_boundary_points_are_even_and_avoid_corners() -> None:
    X, _ = pl.Polygon([(0, 0), (3, 0), (3, 4)]).boundary(1200, kind="gauss")
    lengths = [(X[:, 1] == 0).sum(), (X[:, 0] == 3).sum()]
    assert lengths == [300, 400]
    corners = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]]).double()
    assert torch.cdist(X, corners).min() > 0


def test_contains_in_any_precision_and_of_the_right_width() -> None:
    disk = pl.Disk((0, 0), 1)
    assert disk.contains(torch.tensor([[0.0, 0.5], [1.0, 1.0]])).tolist() == [True, False]
    assert disk.normals(torch.tensor([[0.6, 0.8]])).allclose(torch.tensor([[0.6, 0.8]]))
    with pytest.raises(ShapeError, match="a column for each of x, y"):
        disk.contains(torch.zeros(3, 3))
    with pytest.raises(ProblemError, match=re.escape("the point (0.5, 0) is not on 'boundary'")):
        disk.normals(torch.tensor([[0.5, 0.0]]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pl.Disk((0, 0), 0), "radius 0 is empty"),
        (lambda: pl.Disk((0, 0, 0), 1), "two coordinates"),
        (lambda: pl.Ball((0,), 1), "in one dimension give an interval"),
        (lambda: pl.Ball((0, 0), 1, coordinates=("x", "x")), "give as many different names"),
        (lambda: pl.Box(), "a box has an interval for each coordinate"),
        (lambda: pl.Box(x=(1, 0)), "reversed: write x=(0, 1)"),
        (lambda: pl.Polygon([(0, 0), (1, 1)]), "three vertices or more"),
        (lambda: pl.Polygon([(0, 0), (1, 0), (1, 0), (0, 1)]), "(1, 0) comes twice in a row"),
        (lambda: pl.Polygon([(0, 0), (1, 1), (2, 2)]), "edge1 from (0, 0) to (1, 1) and edge3"),
        (
            lambda: pl.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
            "edge1 from (0, 0) to (1, 1) and edge3 from (1, 0) to (0, 1) meet",
        ),
        (lambda: pl.Polygon([(0, 0), (2, 0), (1, 0), (1, 1)]), "edge1 from (0, 0) to (2, 0) and edge2"),
        (
            lambda: pl.Polygon([(0, 0), (2, 0), (2, 2), (1, 0), (0, 2)]),
            "edge1 from (0, 0) to (2, 0) and edge3",
        ),
        (lambda: pl.Disk((0, 0), 1) & pl.Disk((3, 0), 1), "nothing is left"),
        (lambda: pl.Disk((0, 0), 1) - pl.Disk((0, 0), 2), "nothing is left"),
        (lambda: pl.Disk((0, 0), 1) - pl.Ball((0, 0, 0), 2), "give them the same coordinates"),
        (lambda: pl.Interval(0, 1) | pl.Interval(2, 3), "give one interval"),
        (lambda: pl.Disk((0, 0), 1) * pl.Interval(0, 1), "x is a coordinate of both"),
        (
            lambda: Curve(frozenset(), lambda t: torch.stack([t, t * t], 1)),
            "goes from [0.0, 0.0] to [1.0, 1.0]",
        ),
    ],
)
def test_what_is_no_region_is_refused(make: Callable[[], Region], message: str) -> None:
    with pytest.raises(ProblemError, match=re.escape(message)):
        make()


@st.composite
def stars(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Vertices around the origin: no two edges of such a polygon meet, but hardly one is convex."""
    n = draw(st.integers(3, 12))
    radii = draw(st.lists(st.floats(0.2, 3.0), min_size=n, max_size=n))
    angles = [2 * math.pi * i / n for i in range(n)]
    return [(r * math.cos(a), r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]


@settings(max_examples=40, deadline=None)
@given(stars(), st.booleans())
def test_polygons(vertices: list[tuple[float, float]], clockwise: bool) -> None:
    """Area of the sectors; triangles that cover it; no edge with a flux of its own; a star's level along its rays."""
    n = len(vertices)
    area = sum(math.hypot(*vertices[i - 1]) * math.hypot(*vertices[i]) for i in range(n))
    area *= math.sin(2 * math.pi / n) / 2
    polygon = pl.Polygon(vertices[::-1] if clockwise else vertices)
    assert polygon.measure == pytest.approx(area, rel=1e-12)
    X, weights = polygon.quadrature(300)
    assert weights.sum().item() == pytest.approx(area, rel=1e-10)
    assert (weights >= 0).all()
    assert polygon.contains(X).all()
    edges = [torch.tensor(face.normal) * face.area for face in polygon.faces]
    assert torch.stack(edges).sum(0).abs().max() < 1e-5  # float32
    rays = torch.tensor(vertices, dtype=torch.float64)
    assert polygon.contains(0.99 * rays).all()
    assert not polygon.contains(1.01 * rays).any()


def test_corners_of_a_polygon_do_not_fool_the_crossing_of_rays() -> None:
    """Points level with vertices, on a comb whose teeth all end at heights that occur among the points."""
    comb = pl.Polygon([(0, 0), (5, 0), (5, 1), (4, 2), (3, 1), (2, 2), (1, 1), (0, 2)])
    X = torch.tensor(
        [[-1, 1], [-1, 0], [-1, 2], [0.5, 1], [2.0, 1], [4.5, 1], [6, 1], [1, 1.5], [1.9, 1.8]]
    ).double()
    inside: Tensor = comb.contains(X)
    assert inside.tolist() == [False, False, False, True, True, True, False, False, True]


@pytest.mark.parametrize("name", REGIONS)
def test_level_and_faces_agree(name: str) -> None:
    check_level(REGIONS[name][0]())


class AroundABean(Bean):
    """Its faces are the bean's, and its level is not."""

    def level(self, X: Tensor) -> Tensor:
        return X.norm(dim=1) - 1


class OutsideABean(Bean):
    def level(self, X: Tensor) -> Tensor:
        return -super().level(X)


@pytest.mark.parametrize(
    ("region", "says"),
    [
        (AroundABean(), "on a face of it, where it must be 0"),
        (OutsideABean(), "above 0 on the inner side of its faces"),
    ],
)
def test_a_region_whose_level_is_of_another_is_refused(region: Region, says: str) -> None:
    with pytest.raises(ProblemError, match=says):
        pl.Problem("u_xx + u_yy = -1", "u = 0 on boundary", on=region)

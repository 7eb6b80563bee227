"""Conditions on boundaries and their parts: the rows of known functions, and what a box makes of them."""

import math
import re

import pytest
import torch
from torch import Tensor

import pinnlite as pl
from pinnlite.errors import ParseError, ProblemError

UNIT = {"x": (0, 1), "y": (0, 1)}
DISK = {"on": pl.Disk((0, 0), 1)}
LAPLACE, ZERO = "u_xx + u_yy = 0", "u = 0 on boundary"


def close(found: Tensor, expected: Tensor | float, atol: float = 1e-13) -> None:
    torch.testing.assert_close(found, torch.as_tensor(expected).to(found).expand_as(found), rtol=0, atol=atol)


def test_a_box_has_a_condition_for_each_face_and_one_set_of_points() -> None:
    problem = pl.Problem("u_xx + u_yy = 1", "u = x + 2y on boundary", **UNIT)
    places = [at for c in problem.conditions for _, _, at in c.wanted]
    assert sorted(places, key=str) == sorted([(0.0, None), (1.0, None), (None, 0.0), (None, 1.0)], key=str)
    assert {c.text for c in problem.conditions} == {"u = x + 2y on boundary"}
    points = problem.sample(100)
    assert {name: len(X) for name, X in points.items()} == {"interior": 100, "u = x + 2y on boundary": 40}
    rows = problem.residuals(lambda X: X[:, 0] + 2 * X[:, 1] + 5, points)
    close(rows["u = x + 2y on boundary"], 5.0)
    for condition in problem.conditions:
        (key,) = condition.wanted
        free = {name: torch.tensor([0.3, 0.4]).double() for name in ("x", "y")}
        x, y = (free[n] if v is None else torch.tensor(v) for n, v in zip("xy", key[2], strict=True))
        close(condition.residual(free, {key: torch.zeros(2).double()}), -(x + 2 * y))


def test_the_normal_derivative_on_a_box_and_elsewhere() -> None:
    """u = x^2 y: du/dn is n . (2xy, x^2) on a circle; on a face of a box it is the one partial or its opposite."""
    problem = pl.Problem("u_xx + u_yy = u", "du/dn = 0 on boundary", **UNIT)
    slopes = {
        at: c.residual({}, dict.fromkeys(c.wanted, torch.tensor([7.0])))
        for c in problem.conditions
        for _, _, at in c.wanted
    }
    assert {at: value.item() for at, value in slopes.items()} == {
        (0.0, None): -7, (1.0, None): 7, (None, 0.0): -7, (None, 1.0): 7,
    }  # fmt: skip
    disk = pl.Problem("u_xx + u_yy = u", "du/dn + u = 0 on boundary", on=pl.Disk((1, 0), 2))
    points = disk.sample(50)
    rows = disk.residuals(lambda X: X[:, 0] ** 2 * X[:, 1], points)
    x, y = points["du/dn + u = 0 on boundary"].T
    close(rows["du/dn + u = 0 on boundary"], (x - 1) / 2 * 2 * x * y + y / 2 * x**2 + x**2 * y, 1e-12)


def test_a_known_solution_on_a_region_in_time() -> None:
    """u = x e^t solves u_t = u_xx + u_yy + u on any region."""
    region = pl.Box(x=(-2, 2), y=(-2, 2), name="wall") - pl.Disk((0, 0), 1, name="hole")
    statements = (
        "u_t = u_xx + u_yy + u",
        "u(x, y, 0) = x",
        "u = x*exp(t) on wall",
        "du/dn = -x*exp(t) on hole",
    )
    problem = pl.Problem(*statements, on=region, t=(0, 1))
    assert problem.domain.names == ("x", "y", "t")
    points = problem.sample(1000)
    assert all(problem.domain.contains(X).all() for X in points.values())
    assert (points["u(x, y, 0) = x"][:, 2] == 0).all()
    hole = points["du/dn = -x*exp(t) on hole"]
    close(hole[:, 0] ** 2 + hole[:, 1] ** 2, 1.0)
    rows = problem.residuals(lambda X: X[:, 0] * torch.exp(X[:, 2]), points)
    assert list(rows) == list(statements)
    for row in rows.values():
        close(row, 0.0, 1e-12)
    ends = torch.cat([points["u = x*exp(t) on wall"], hole])[:, 2]
    assert 0 < ends.min() < 0.01
    assert 0.99 < ends.max() < 1  # none at the start or the end


def test_points_of_the_users_own() -> None:
    problem = pl.Problem("u_xx + u_yy = 0", "du/dn = x on boundary", "u(0, 0) = 0", on=pl.Disk((0, 0), 1))
    angle = torch.tensor([0.1, 2.0, 5.0])
    X = torch.stack([torch.cos(angle), torch.sin(angle)], 1)  # float32
    rows = problem.residuals(lambda X: X[:, 0], {"du/dn = x on boundary": X})
    close(rows["du/dn = x on boundary"], 0.0, 1e-6)
    with pytest.raises(ProblemError, match="is not on 'boundary'"):
        problem.residuals(lambda X: X[:, 0], {"du/dn = x on boundary": X / 2})


def test_time_is_no_part_of_the_boundary() -> None:
    heat = pl.Problem("u_t = u_xx", "u(x, 0) = 1", "u = 0 on boundary", x=(0, 1), t=(0, 1))
    assert {at for c in heat.conditions for _, _, at in c.wanted} == {(None, 0.0), (0.0, None), (1.0, None)}
    tall = pl.Problem("u_xx + u_zz = 1", "u = 0 on boundary", x=(0, 1), z=(0, 1))
    assert len(tall.conditions) == 4
    rod = pl.Problem(
        "u_t = u_xx + u_yy + u_zz",
        "u(x, y, z, 0) = 1",
        "u = 0 on boundary",
        on=pl.Disk((0, 0), 1),
        z=(0, 2),
        t=(0, 1),
    )
    X = rod.sample(1000)["u = 0 on boundary"]
    on_side = (X[:, :2].norm(dim=1) - 1).abs() < 1e-12
    on_end = (X[:, 2] == 0) | (X[:, 2] == 2)
    assert (on_side | on_end).all()
    assert on_side.any()
    assert on_end.any()


def test_an_ordinary_equation_on_its_boundary() -> None:
    solution = pl.solve("u'' = 2", "u = 0 on boundary", x=(0, 1), tol=1e-10)
    assert solution(0.5).item() == pytest.approx(-0.25, rel=1e-12)
    mixed = pl.Problem("u'' = 2", "u = 0 on left", "du/dn = 2 on right", x=(0, 1))
    assert [c.wanted for c in mixed.conditions] == [{("u", (0,), (0.0,))}, {("u", (1,), (1.0,))}]


def test_callables_on_a_part() -> None:
    region = pl.Polygon([(0, 0), (1, 0), (0, 1)])
    problem = pl.Problem(
        pl.equation(lambda u: u.xx + u.yy),
        pl.condition(lambda u, x, y: u - x * y, on="edge1"),
        pl.condition(lambda u, x, y: u.n, on="edge2"),
        pl.condition(lambda u, k: u.n - k * u, on="edge3"),
        on=region,
        k=3.0,
    )
    assert problem.linear
    points = problem.sample(100)
    rows = problem.residuals(lambda X: X[:, 0] * X[:, 1] + X[:, 0], points)
    first, slanted, left = (points[f"condition <lambda> on edge{i}"] for i in (1, 2, 3))
    close(rows["condition <lambda> on edge1"], first[:, 0])
    close(rows["condition <lambda> on edge2"], (slanted.sum(1) + 1) / math.sqrt(2))
    close(rows["condition <lambda> on edge3"], -(left[:, 1] + 1))


def test_unknown_parameters_on_a_boundary() -> None:
    """du/dn = k u for u = e^x is met by k = 1 at the right end."""
    problem = pl.Problem(
        "u_xx + u_yy = u", "du/dn = k*u on right", "u = exp(x) on left, du/dn = 0 on bottom, u = exp(x) on top",
        "u(0.5, 0.5) = exp(0.5)", k=pl.Unknown(0.5), x=(0, 1), y=(0, 1),
    )  # fmt: skip
    assert not problem.linear
    rows = problem.residuals(lambda X: torch.exp(X[:, 0]), problem.sample(30), k=1.0)
    for row in rows.values():
        close(row, 0.0, 1e-13)
    disk = pl.Problem(
        "u_xx + u_yy = u", "du/dn = k*u on boundary", "u(1, 0) = 1", on=pl.Disk((0, 0), 1), k=pl.Unknown(0.5)
    )
    rows = disk.residuals(lambda X: X[:, 0], disk.sample(30), k=1.0)
    close(rows["du/dn = k*u on boundary"], 0.0)


@pytest.mark.parametrize(
    ("statements", "names", "message"),
    [
        (
            (LAPLACE, "u = 0 on boundry"),
            UNIT,
            "'u = 0 on boundry' cannot be placed: the boundary has no part 'boundry': did you mean 'boundary'?",
        ),
        ((LAPLACE, "u(0, y) = 0 on left"), UNIT, "says twice where it holds, on left and at a place"),
        ((LAPLACE, "1 = 2 on boundary"), UNIT, "does not constrain the solution"),
        (("u'' = 0", "u(0) = 0", "u'(0) = 1", ZERO), {"x": (0, 1)}, "the ends of every coordinate are taken"),
        ((LAPLACE, "u(x, 0) = 0"), DISK, "on points that are not on the boundary: write u = ... on boundary"),
        (
            (LAPLACE, "u(0.5, y) = 0"),
            UNIT,
            "on points that are not on the boundary: fix one coordinate at an end",
        ),
        ((LAPLACE, "u(2, y) = 0"), UNIT, "outside the domain [0, 1]"),
        ((LAPLACE, ZERO, "u(.9, .9) = 0"), DISK, "at a point outside the domain"),
        (
            (LAPLACE, ZERO, pl.data("u", [0.9], [0.9], [1.0])),
            DISK,
            "data of u has a point at (0.9, 0.9), outside the region",
        ),
        ((LAPLACE, ZERO), {**DISK, "x": (0, 1)}, "x is a coordinate of both"),
        ((pl.equation(lambda u: u.xx + u.n), ZERO), UNIT, "uses a derivative along the normal"),
    ],
)
def test_what_cannot_be_placed_is_refused(
    statements: tuple[str, ...], names: dict[str, object], message: str
) -> None:
    with pytest.raises(ProblemError, match=re.escape(message)):
        pl.Problem(*statements, **names)


def test_a_wrong_number_of_coordinates() -> None:
    with pytest.raises(ParseError, match="'u' is given 1 value, and the coordinates are x, y"):
        pl.Problem("u_xx + u_yy = 0", "u(0) = 0", **UNIT)

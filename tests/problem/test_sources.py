"""Equations without a finite value somewhere: by calculus, which places those are and which are no trouble."""

import pytest

import pinnlite as pl

LINE: dict[str, object] = {"x": (0, 1)}
SQUARE: dict[str, object] = {"x": (0, 1), "y": (0, 1)}
ENDS = "u(0) = 0; u(1) = 0"
HEAT = "u_t = u_xx"
STRIP: dict[str, object] = {"x": (0, 1), "t": (0, 1)}
DISK: dict[str, object] = {"on": pl.Disk((0, 0), 1)}


@pytest.mark.parametrize(
    ("equation", "names", "place"),
    [
        ("u'' = 1/(x - 0.3)", LINE, r"without bound at x = 0\.3,"),
        ("u'' = tan(4*x)", LINE, r"without bound at x = 0\.393,"),  # pi/8
        ("u'' = 1/(x - 0.3)^2 + u^2", LINE, r"without bound at x = 0\.3,"),
        ("u_xx + u_yy = 1/(x + y - 1)", SQUARE, "without bound at x = "),
        ("u_xx + u_yy = 1/((x - 0.5)^2 + (y - 0.25)^2)", SQUARE, r"without bound at x = 0\.5, y = 0\.25,"),
        ("u'' = sqrt(x - 0.4)", LINE, r"no finite value at x = 0\.[0-3]"),
        ("log(x - 0.4)*u'' = 1", LINE, r"no finite value at x = 0\.[0-3]"),
        ("u_xx + u_yy = asin(2*x*y)", SQUARE, "no finite value at x = "),
    ],
)
def test_the_place_is_named(equation: str, names: dict[str, object], place: str) -> None:
    with pytest.raises(pl.ProblemError, match=place):
        pl.Problem(equation, ENDS if names is LINE else "u = 0 on boundary", **names)


@pytest.mark.parametrize(
    ("equation", "names"),
    [
        ("u'' = 1/x", LINE),  # at the end: u = x log(x) is finite
        ("u'' = log(abs(x - 0.3))", LINE),
        ("u'' = 1/sqrt(abs(x - 0.3))", LINE),
        ("u'' = sin(x - 0.3)/(x - 0.3)", LINE),
        ("u'' = 1/((x - 0.3)^2 + 1e-10)", LINE),  # narrow and finite
        ("u'' + u'/(x - 0.3) = 1/(x - 0.3)", LINE),  # u = x, but for the ends
        ("u'' = u'/(x - 0.3)", LINE),
        ("u'' = sqrt(u - 5*x)", LINE),  # depends on u
        ("u_xx + u_yy = 1/sqrt((x - 0.5)^2 + (y - 0.5)^2)", SQUARE),  # u = r
    ],
)
def test_what_has_a_solution_is_not_refused(equation: str, names: dict[str, object]) -> None:
    pl.Problem(equation, ENDS if names is LINE else "u = 0 on boundary", **names)


@pytest.mark.parametrize(
    ("equation", "conditions", "names", "place"),
    [
        (HEAT, "u(x, 0) = 1/(x - 0.3); u = 0 on boundary", STRIP, r"without bound at x = 0\.3,"),
        (HEAT, "u(x, 0) = 0; u(0, t) = log(t - 0.5); u(1, t) = 0", STRIP, r"no finite value at t = 0\.[0-4]"),
        ("u_xx + u_yy = 0", "u = 1/(x - 0.3) on boundary", SQUARE, r"without bound at x = 0\.3,"),
        ("u_xx + u_yy = 0", "u = sqrt(x) on boundary", DISK, "no finite value at x = -"),
        ("u_xx + u_yy = 0", "sqrt(x)*du/dn + u = 0 on boundary", DISK, "no finite value at x = -"),
    ],
)
def test_conditions_are_looked_at_too(
    equation: str, conditions: str, names: dict[str, object], place: str
) -> None:
    with pytest.raises(pl.ProblemError, match=place):
        pl.Problem(equation, conditions, **names)


def test_a_kink_in_the_data_is_none_of_that() -> None:
    pl.Problem(HEAT, "u(x, 0) = sqrt(x)*log(x + 1e-9); u = 0 on boundary", **STRIP)
    pl.Problem("u_xx + u_yy = 0", "u = sqrt(abs(x)) on boundary", **DISK)

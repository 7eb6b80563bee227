"""Equations without a finite value somewhere: by calculus, which places those are and which are no trouble."""

import pytest

import pinnlite as pl

LINE: dict[str, object] = {"x": (0, 1)}
SQUARE: dict[str, object] = {"x": (0, 1), "y": (0, 1)}
ENDS = "u(0) = 0; u(1) = 0"


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

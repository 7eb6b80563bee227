"""Singular points: where a solution branches it is not called converged, where it is unique it is."""

import pytest
import torch
from scipy import special

import pinnlite as pl


@pytest.mark.parametrize(
    ("statements", "interval"),
    [
        (("x*u' = 2u", "u(-1) = 1"), (-1, 1)),  # x^2, then C x^2
        (("u' = 2u/x", "u(-1) = 1"), (-1, 1)),
        (("(x - 0.3217)*u' = 2u", "u(0) = 1"), (0, 1)),
        (("x*u' = 2u", "u(1) = 1"), (-1, 1)),
        (("x*u' = u", "u(0) = 0"), (0, 1)),  # C x from the start
        (("cos(x)*u' = -2sin(x)*u", "u(0) = 1"), (0, 3)),  # cos(x)^2
        (("x*u' = v", "x*v' = 4u", "u(-1) = 1", "v(-1) = 2"), (-1, 1)),
        (("x^2*u'' + x*u' + (x^2 - 4)*u = 0", "u(0) = 0", "u'(0) = 0"), (0, 9)),  # C J_2(x)
    ],
)
def test_what_branches_is_not_called_converged(
    statements: tuple[str, ...], interval: tuple[float, float]
) -> None:
    solution = pl.solve(*statements, x=interval)
    assert not solution.converged
    assert "do not determine" in solution.status


@pytest.mark.parametrize(
    ("statements", "interval", "exact"),
    [
        (("x*u' + u = 3x^2", "u(-1) = 1"), (-1, 1), lambda x: x**2),  # 1/x is no solution at 0
        (("u' = u/x", "u(1) = 1"), (0, 1), lambda x: x),
        (("x*u'' + u' + x*u = 0", "u(0) = 1", "u'(0) = 0"), (0, 20), special.j0),
        (("x^2*u'' + x*u' + (x^2 - 1)*u = 0", "u(0) = 0", "u'(0) = 0.5"), (0, 9), special.j1),
        (
            ("x*u'' + (1 - x)*u' + 3u = 0", "u(0) = 1", "u'(0) = -3"),
            (0, 4),
            lambda x: special.eval_laguerre(3, x),
        ),
        (
            ("(1 - x^2)*u'' - 2x*u' + 12u = 0", "u(-1) = -1", "u(1) = 1"),
            (-1, 1),
            lambda x: 2.5 * x**3 - 1.5 * x,
        ),
    ],
)
def test_what_is_unique_at_a_singular_point_is_solved(
    statements: tuple[str, ...], interval: tuple[float, float], exact: object
) -> None:
    solution = pl.solve(*statements, x=interval, tol=1e-9)
    x = torch.linspace(*interval, 401, dtype=torch.float64)
    expected = torch.as_tensor(exact(x.numpy()))  # type: ignore[operator]
    assert solution.converged, solution.status
    assert (solution(x) - expected).norm() <= 1e-9 * expected.norm()


def test_plain_names_are_algebraic_unknowns_where_only_that_makes_sense() -> None:
    """y^3 + y = x with x' = -x + y, against the equation for y alone: (3y^2 + 1) y' = y - (y^3 + y)."""
    solution = pl.solve("x' = -x + y", "y^3 + y = x", "x(0) = 2", t=(0, 3), tol=1e-10)
    other = pl.solve("(3y^2 + 1)*y' = -y^3", "y(0) = 1", t=(0, 3), tol=1e-12)
    t = torch.linspace(0, 3, 51, dtype=torch.float64)
    assert solution.converged
    assert torch.allclose(solution(t)["y"], other(t), atol=1e-10, rtol=0)
    with pytest.raises(pl.ParseError, match=r"unknown name 'k'[\s\S]*written k\(t\) once"):
        pl.Problem("x' = -k*x", "x(0) = 1", t=(0, 3))


def test_robertson_with_a_conservation_law() -> None:
    rates = ("x' = -0.04x + 1e4*y*z", "y' = 0.04x - 1e4*y*z - 3e7*y^2")
    start = ("x(0) = 1", "y(0) = 0")
    constrained = pl.solve(*rates, "x + y + z = 1", *start, t=(0, 40), tol=1e-8)
    plain = pl.solve(*rates, "z' = 3e7*y^2", *start, "z(0) = 0", t=(0, 40), tol=1e-8)
    t = torch.logspace(-5, 1.6, 60, dtype=torch.float64)
    assert constrained.converged
    for name in "xyz":
        expected = plain(t)[name]
        assert (constrained(t)[name] - expected).norm() <= 1e-8 * expected.norm()


def test_constraints_of_high_index_are_refused_with_a_sentence() -> None:
    """The pendulum in Cartesian coordinates is of index 3."""
    solution = pl.solve(
        "x'' = -p*x",
        "y'' = -p*y - 1",
        "x^2 + y^2 = 1",
        *("x(0) = 1", "x'(0) = 0", "y(0) = 0", "y'(0) = 0"),
        t=(0, 3),
    )
    assert not solution.converged
    assert "differentiate a constraint" in solution.status

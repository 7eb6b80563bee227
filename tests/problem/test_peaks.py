"""Bumps that are narrower than any grid of points: found from the text, and never passed over."""

import math

import pytest
import torch

import pinnlite as pl

HEAT = {"x": (0, 1), "t": (0, 0.1)}


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("exp(-((x-0.3)^2+(y-0.2)^2)/1e-8)", (0.3, 0.2)),
        ("exp(-((x-a)/w)^2)", (0.371, 0.5)),
        ("1/(1+((y-0.7)/1e-6)^2)", (0.5, 0.7)),
        ("sech((x - 0.3)/1e-6)", (0.3, 0.5)),
        ("1/cosh(1e5*(y - 0.371))^2", (0.5, 0.371)),
        ("tanh((x + y - 1)/1e-6)", (0.5, 0.5)),
        ("2*exp(-1e9*(x-y)^2 - 1e9*(x+y-1)^2)", (0.5, 0.5)),
    ],
)
def test_places_of_bumps(source: str, place: tuple[float, float]) -> None:
    parameters = {"a": 0.371, "w": 1e-7} if "a)" in source else {}
    problem = pl.Problem(f"u_xx + u_yy = {source}", "u = 0 on boundary", x=(0, 1), y=(0, 1), **parameters)
    assert problem.peaks == (pytest.approx(place, abs=1e-12),)


def test_the_middle_of_a_product_of_bumps() -> None:
    source = "sech((x - 0.3)/1e-6)*exp(-((y - 0.2)/1e-6)^2)/(1 + x)"
    peaks = pl.Problem(f"u_xx + u_yy = {source}", "u = 0 on boundary", x=(0, 1), y=(0, 1)).peaks
    assert pytest.approx((0.3, 0.2), abs=1e-9) in peaks


@pytest.mark.parametrize(("width", "count"), [(1e-4, 1), (0.3, 0)])
def test_what_stands_out_in_a_callable(width: float, count: int) -> None:
    kick = pl.equation(lambda u, t: u.t - torch.exp(-(((t - 0.437) / width) ** 2)))
    places = pl.Problem(kick, "u(0) = 0", t=(0, 1)).peaks
    assert len(places) == count
    assert all(abs(t - 0.437) < width for (t,) in places)


@pytest.mark.parametrize(
    "source", ["exp(x)*sin(y)", "exp(-((x-3)/0.1)^2)", "1/(2+x)", "tanh(x - 0.5)", "exp(u)", "x*y"]
)
def test_what_has_no_bump_inside(source: str) -> None:
    assert pl.Problem(f"u_xx + u_yy = {source}", "u = 0 on boundary", x=(0, 1), y=(0, 1)).peaks == ()


@pytest.mark.parametrize(
    ("kick", "place"),
    [
        ("sin(pi*x)*exp(-((t-0.0437)/1e-6)^2)/(1e-6*sqrt(pi))", "t = 0.0437"),
        ("exp(-((x-0.371)/1e-6)^2)/(1e-6*sqrt(pi))", "x = 0.371"),
    ],
)
def test_a_kick_is_not_passed_over(kick: str, place: str) -> None:
    """Slabs do not resolve it: what they come to without it is no solution, and where it is stands in the status."""
    solution = pl.solve(f"u_t = u_xx + {kick}", "u(x, 0) = sin(pi*x)", "u = 0 on boundary", tol=1e-2, **HEAT)
    assert not solution.converged
    assert math.isinf(solution.error)
    assert "far from balanced" in solution.status
    assert place in solution.status


def test_a_narrow_source_in_a_box_is_not_called_zero() -> None:
    source = "exp(-((x-0.3)^2+(y-0.2)^2)/1e-8)/(1e-8*pi)"
    square: dict[str, object] = {"x": (0, 1), "y": (0, 1)}
    solution = pl.solve(f"u_xx + u_yy = {source}", "u = 0 on boundary", tol=1e-2, time_limit=2.0, **square)
    assert not solution.converged


def test_an_initial_peak_is_resolved() -> None:
    """By the series of a point source of the same mass, whose width at t = 0.05 is two thousand times as large."""
    peak = "u(x, 0) = sin(pi*x) + exp(-((x-0.371)/1e-4)^2)/(1e-4*sqrt(pi))"
    solution = pl.solve("u_t = u_xx", peak, "u = 0 on boundary", tol=1e-2, **HEAT)
    assert solution.converged
    n, x = torch.arange(1, 200).double(), torch.linspace(0, 1, 101).double()
    t = 0.05
    modes = 2 * torch.sin(math.pi * n * 0.371) * torch.exp(-((math.pi * n) ** 2) * t)
    exact = torch.sin(math.pi * x) * math.exp(-(math.pi**2) * t) + modes @ torch.sin(math.pi * n[:, None] * x)
    assert (solution(x, torch.full_like(x, t)) - exact).norm() < 1e-2 * exact.norm()


def test_a_kick_in_an_ordinary_equation() -> None:
    """u' = kick of mass one: a step of one."""
    kick = "exp(-((t-0.437)/1e-6)^2)/(1e-6*sqrt(pi))"
    solution = pl.solve(f"u' = {kick}", "u(0) = 0", t=(0, 1), tol=1e-6)
    assert solution.converged
    assert float(solution(0.9)) == pytest.approx(1.0, rel=1e-6)
    assert abs(float(solution(0.4))) < 1e-9

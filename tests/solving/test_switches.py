"""Kinks and jumps: places found to the last digit, and problems solved across them, against closed forms."""

import math

import numpy as np
import pytest
import torch

import pinnlite as pl
from pinnlite.problem.problem import Problem
from pinnlite.solving.lines.switches import switches


def places(*statements: object, **names: object) -> list[float]:
    problem = Problem(*statements, "u(0) = 0", **names)
    return switches(problem.equations, problem.parameters, "x", problem.domain.intervals["x"])


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("u' = abs(x - 0.3217)", [0.3217]),
        ("u' = max(0, 1 - abs(x - 0.5)/0.005)", [0.495, 0.5, 0.505]),
        ("u' = sign(sin(7x))", [math.pi / 7, 2 * math.pi / 7]),
        ("u' = min(x, 0.25)^2 + relu(x - 0.75)", [0.25, 0.75]),
        ("u' = abs(u) + sin(x)", []),  # where this one switches the solution decides
        ("u' = sin(40x)", []),
    ],
)
def test_places_of_text(statement: str, expected: list[float]) -> None:
    assert places(statement, x=(0, 1)) == pytest.approx(expected, abs=1e-15)


def test_places_of_callables() -> None:
    kinked = pl.equation(lambda u, x: u.x - torch.where(x > 0.4, 1.0, -1.0) - x.clamp(max=0.6) - x.floor())
    assert places(kinked, x=(0, 1.5)) == pytest.approx([0.4, 0.6, 1.0], abs=1e-15)


def hat(c: float, w: float) -> str:
    return f"max(0, 1 - abs((x - {c})/{w}))"


@pytest.mark.parametrize("tol", [1e-3, 1e-12])
@pytest.mark.parametrize("c", [0.5, 0.7321234])
def test_a_narrow_hat_is_marched_across(c: float, tol: float) -> None:
    """u' = -u + hat from zero, by the closed form of a ramp's response, 30 digits of it."""
    from mpmath import exp, mp, mpf

    w = 0.005
    with mp.workdps(30):

        def ramp(a: float, x: float) -> object:
            d = max(mpf(x) - mpf(a), mpf(0))
            return d - 1 + exp(-d)

        x = np.linspace(0, 1, 997)
        exact = [
            float((ramp(mpf(c) - mpf(w), p) - 2 * ramp(mpf(c), p) + ramp(mpf(c) + mpf(w), p)) / mpf(w))
            for p in x
        ]
    solution = pl.solve(f"u' = -u + {hat(c, w)}", "u(0) = 0", x=(0, 1), tol=tol)
    assert solution.converged, solution.status
    expected = torch.tensor(exact, dtype=torch.float64)
    assert (solution(torch.from_numpy(x)) - expected).norm() <= max(tol, 1e-13) * expected.norm()


def test_a_jump_between_boundary_values() -> None:
    c = 0.3217
    solution = pl.solve("u'' = sign(x - c)", "u(0) = 0", "u(1) = 0", x=(0, 1), c=c, tol=1e-13)
    x = torch.linspace(0, 1, 997, dtype=torch.float64)
    exact = (x - c).sign() * (x - c) ** 2 / 2 + c * c / 2 - x * ((1 - c) ** 2 + c * c) / 2
    assert solution.converged, solution.status
    assert (solution(x) - exact).norm() <= 1e-13 * exact.norm()


def test_jumps_that_the_solution_decides() -> None:
    """u'' = -sign(u) from (1, 0): parabolas of height 1 by turns, each 2 sqrt(2) wide.

    The elements across a jump are short, and what they miss of u is little; of u' it is more, and it is carried along.
    """
    solution = pl.solve("u'' = -sign(u)", "u(0) = 1", "u'(0) = 0", t=(0, 5), tol=1e-7)
    t = torch.linspace(0, 5, 997, dtype=torch.float64)
    turn = torch.round(t / math.sqrt(8))
    exact = (-1) ** turn * (1 - (t - turn * math.sqrt(8)) ** 2 / 2)
    assert solution.converged, solution.status
    assert (solution(t) - exact).norm() <= 1e-7 * exact.norm()


@pytest.mark.parametrize("width", [1e-3, 1e-4])
@pytest.mark.parametrize("tol", [1e-3, 1e-9])
def test_a_smooth_pulse_between_the_nodes_is_found(width: float, tol: float) -> None:
    """exp(-((x - c)/w)^2)/w integrates to sqrt(pi)/2 (erf((x - c)/w) + 1), in a march and between boundary values."""
    c = 0.61234
    names = {"x": (0, 1), "c": c, "w": width, "tol": tol}
    marched = pl.solve("u' = cos(x) + exp(-((x - c)/w)^2)/w", "u(0) = 0", **names)
    at_once = pl.solve(
        "v' = cos(x) + exp(-((x - c)/w)^2)/w - k", "v(0) = 0", "v(1) = 0", k=pl.Unknown(0.5), **names
    )
    x = torch.linspace(0, 1, 997, dtype=torch.float64)
    exact = torch.sin(x) + math.sqrt(math.pi) / 2 * (torch.erf((x - c) / width) + 1)
    assert marched.converged
    assert at_once.converged
    assert (marched(x) - exact).norm() <= tol * exact.norm()
    assert at_once.unknowns["k"] == pytest.approx(exact[-1].item(), rel=10 * tol)

"""Conditions that are not linear: zero functions, where solvers like to start, may lead nowhere from them."""

import math

import pytest
import torch

import pinnlite as pl

TRIALS = ["legendre", "features", "network"]


@pytest.mark.parametrize("trial", TRIALS)
def test_a_condition_that_is_flat_at_zero(trial: str) -> None:
    """u = zero solves the equation, and no small change of it makes u(0)^2 less wrong."""
    solution = pl.solve("u' = -u", "u(0)^2 = 4", x=(0, 1), trial=trial, tol=1e-6)
    x = torch.linspace(0, 1, 11, dtype=torch.float64)
    assert solution.converged, solution.status
    torch.testing.assert_close(solution(x).abs(), 2 * torch.exp(-x), rtol=1e-6, atol=0)


@pytest.mark.parametrize("trial", TRIALS)
def test_an_integral_that_is_flat_at_zero(trial: str) -> None:
    """The solution of u'' + u^3 = 0 through u(0) = 0 has the energy u'(0)^2 = u'^2 + u^4/2."""
    solution = pl.solve(
        "u'' + u^3 = 0", "u(0) = 0", "integral(u^2, x) = 0.2", x=(0, 1), trial=trial, tol=1e-4
    )
    assert solution.converged, solution.status
    nodes = torch.linspace(0, 1, 2001, dtype=torch.float64)
    assert torch.trapezoid(solution(nodes).square(), nodes).item() == pytest.approx(0.2, rel=1e-4)
    slope = solution.partial("x")(nodes)
    energy = slope.square() + solution(nodes) ** 4 / 2
    torch.testing.assert_close(energy, slope[0].square().expand_as(energy), rtol=1e-3, atol=0)


@pytest.mark.parametrize("trial", TRIALS)
def test_a_condition_that_nothing_meets_is_not_called_met(trial: str) -> None:
    """However large the tolerance is."""
    solution = pl.solve(
        "u'' + u = 0", "u(0)^2 = -4", "u(1) = 1", x=(0, 1), trial=trial, tol=0.5, time_limit=1
    )
    assert not solution.converged
    assert math.isinf(solution.error)


def test_a_module_is_checked_against_the_solution_that_it_is_near() -> None:
    """u'' = u with u(0)^2 = 4 and u'(1) = 0 has two solutions, +-2 cosh(x - 1)/cosh(1); elements find the upper one."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(1, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)).double()
    with torch.no_grad():
        net[2].bias.fill_(-2.0)
    solution = pl.solve(
        "u'' = u", "u(0)^2 = 4", "u'(1) = 0", x=(0, 1), trial=net, method=pl.GaussNewton(steps=20), tol=1e-2
    )
    assert solution.converged, solution.status
    assert solution(1.0).item() == pytest.approx(-2 / math.cosh(1.0), rel=1e-2)

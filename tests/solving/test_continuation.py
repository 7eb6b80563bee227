"""Boundary-value problems at which Newton's method from zero fails: layers, shocks, turning points, against SciPy."""

import math

import pytest
import torch

import pinnlite as pl

ALLEN = ("eps*u'' = u^3 - u", "u(0) = 0", "u(1) = b")
CARRIER = ("eps*u'' + 2*(1 - x^2)*u + u^2 = 1", "u(-1) = 0", "u(1) = 0")
LAGERSTROM_COLE = ("eps*u'' + u*u' - u = 0", "u(0) = a", "u(1) = b")
TROESCH = ("u'' = mu*sinh(mu*u)", "u(0) = 0", "u(1) = 1")


@pytest.mark.parametrize(
    ("statements", "names", "tol"),
    [
        (ALLEN, {"x": (0, 1), "eps": 1e-3, "b": 0.9}, 1e-8),
        (CARRIER, {"x": (-1, 1), "eps": 0.01}, 1e-3),
        (LAGERSTROM_COLE, {"x": (0, 1), "eps": 1e-3, "a": 1.0, "b": -1 / 3}, 1e-8),
        (TROESCH, {"x": (0, 1), "mu": 20.0}, 1e-8),
    ],
    ids=["cubic", "carrier", "lagerstrom-cole", "troesch"],
)
def test_layers_are_found_without_a_guess(
    statements: tuple[str, ...], names: dict[str, object], tol: float
) -> None:
    """SciPy's collocation starts from our solution and corrects what is wrong with it."""
    solution = pl.solve(*statements, tol=tol, **names)
    assert solution.converged, solution.status
    compared = solution.compare()
    assert compared.error <= 10 * tol + 10 * compared.reference_error


def test_a_corner_layer_by_its_expansion() -> None:
    """eps u'' + u u' = u, u(0) = -1, u(1) = 3/2: x + 1/2 on the right, x - 1 on the left, a shock at 1/4 between.

    Leading order: u = x - 1/4 + 3/4 tanh(3 (x - 1/4)/(8 eps)) up to terms of order eps.
    """
    eps = 1e-3
    solution = pl.solve(*LAGERSTROM_COLE, x=(0, 1), eps=eps, a=-1.0, b=1.5, tol=1e-8)
    x = torch.linspace(0, 1, 501, dtype=torch.float64)
    expected = x - 0.25 + 0.75 * torch.tanh(3 * (x - 0.25) / (8 * eps))
    assert solution.converged, solution.status
    away = (x - 0.25).abs() > 0.02
    assert (solution(x) - expected)[away].abs().max() < 5 * eps


def test_troesch_by_its_missing_slope() -> None:
    """u'(0) = 2 C / mu * ... is tabulated: 3.5833778463e-4 at mu = 10 (M. Scott 1975)."""
    solution = pl.solve(*TROESCH, x=(0, 1), mu=10.0, tol=1e-10)
    assert solution.partial("x")(0.0).item() == pytest.approx(3.583377846e-4, rel=1e-8)


def test_the_fold_of_bratu_is_not_crossed() -> None:
    """Beyond lambda = 3.513830719 there is no solution, and none is called converged."""
    below = pl.solve("u'' + lam*exp(u) = 0", "u(0) = 0", "u(1) = 0", x=(0, 1), lam=3.5138, tol=1e-8)
    theta = 2.0
    for _ in range(200):  # the lower root of theta = sqrt(2 lam) cosh(theta/4)
        theta -= (theta - math.sqrt(2 * 3.5138) * math.cosh(theta / 4)) / (
            1 - math.sqrt(2 * 3.5138) * math.sinh(theta / 4) / 4
        )
    x = torch.linspace(0, 1, 101, dtype=torch.float64)
    exact = -2 * torch.log(torch.cosh((x - 0.5) * theta / 2) / math.cosh(theta / 4))
    assert below.converged, below.status
    assert (below(x) - exact).norm() <= 1e-7 * exact.norm()
    above = pl.solve("u'' + lam*exp(u) = 0", "u(0) = 0", "u(1) = 0", x=(0, 1), lam=3.6, tol=1e-6)
    assert not above.converged
    assert "No solution was found" in above.status


def test_a_layer_whose_place_rounding_decides_is_not_called_converged() -> None:
    """eps u'' = u u' between 1 and -1: the shock may be moved at a residual of exp(-1/(2 eps))."""
    solution = pl.solve("eps*u'' = u*u'", "u(-1) = 1", "u(1) = -1", x=(-1, 1), eps=1e-3, time_limit=2)
    assert not solution.converged

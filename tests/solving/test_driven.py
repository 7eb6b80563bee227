"""Evolutions that start from zero: what drives them says how large they will be."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch
from torch import Tensor

import pinnlite as pl
from pinnlite.solving.slabs.driven import driven_size
from pinnlite.solving.slabs.evolution import evolution_of

ENDS = ("u(0, t) = 0", "u(1, t) = 0")


def on_grid(solution: pl.Solution, start: float, stop: float) -> tuple[Tensor, Tensor, Tensor]:
    grid = (torch.linspace(*ends, 41, dtype=torch.float64) for ends in ((0, 1), (start, stop)))
    x, t = torch.cartesian_prod(*grid).T
    return x, t, solution(x, t)


def test_a_source() -> None:
    """u = sin(pi x) (1 - exp(-r t)) / r with r = 0.01 pi^2."""
    solution = pl.solve("u_t = 0.01*u_xx + sin(pi*x)", "u(x, 0) = 0", *ENDS, x=(0, 1), t=(0, 1), tol=1e-8)
    assert solution.converged, solution.status
    x, t, values = on_grid(solution, 0.0, 1.0)
    rate = 0.01 * math.pi**2
    assert torch.allclose(values, torch.sin(math.pi * x) * (1 - torch.exp(-rate * t)) / rate, atol=1e-8)


@pytest.mark.parametrize("strength", [1e-6, 1.0, 1e6])
def test_the_size_is_what_the_source_makes(strength: float) -> None:
    """sin(pi x) (1 - exp(-r)) / r times the strength at the end, 0.67 in the mean square."""
    problem = pl.Problem(f"u_t = 0.01*u_xx + {strength}*sin(pi*x)", "u(x, 0) = 0", *ENDS, x=(0, 1), t=(0, 1))
    evolution = evolution_of(problem)
    assert evolution is not None
    assert 0.1 * strength < driven_size(evolution) < 10 * strength


def test_a_rod_heated_at_one_end() -> None:
    """Images of erfc; at t = 0 the two conditions contradict each other in the corner."""
    solution = pl.solve(
        "u_t = u_xx", "u(x, 0) = 0", "u(0, t) = 1", "u(1, t) = 0", x=(0, 1), t=(0, 0.1), tol=1e-4
    )
    assert solution.converged, solution.status
    x, t, values = on_grid(solution, 0.005, 0.1)
    terms = [
        torch.erfc((2 * n + x) / (2 * t.sqrt())) - torch.erfc((2 * n + 2 - x) / (2 * t.sqrt()))
        for n in range(6)
    ]
    assert torch.allclose(values, torch.stack(terms).sum(0), atol=1e-4)


@pytest.mark.parametrize(
    ("statements", "kernel"),
    [
        (("u' = -u + {}", "u(0) = 0"), lambda s: mpmath.exp(-s)),
        (("u' = 5*u + {}", "u(0) = 0"), lambda s: mpmath.exp(5 * s)),
        (("u' = v", "v' = -u + {}", "u(0) = 0", "v(0) = 0"), mpmath.sin),
    ],
)
def test_a_source_that_is_rounding_before_it_is_felt(
    statements: tuple[str, ...], kernel: Callable[[Any], Any]
) -> None:
    """1 + tanh is a staircase of 1e-16 at first: u = integral of kernel(t - s) times the source, by mpmath."""
    solution = pl.solve(
        *(s.format("1 + tanh(20*(t - 2))") for s in statements), t=(0, 4), tol=1e-9, time_limit=20
    )
    places = [0, 1.5, 2, 2.5, 4]
    known = mpmath.quad(lambda s: kernel(4 - s) * (1 + mpmath.tanh(20 * (s - 2))), places)
    assert solution.converged, solution.status
    found = solution(4.0)["u"] if len(statements) > 2 else solution(4.0)
    assert abs(found.item() / float(known) - 1) < 1e-9

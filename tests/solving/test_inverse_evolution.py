"""Unknown parameters of evolutions, from observations and from conditions that are left over, against closed forms."""

import math
from pathlib import Path

import pytest
import torch

import pinnlite as pl

ENDS = ("u(0, t) = 0", "u(1, t) = 0")
PLACES = torch.linspace(0.1, 0.9, 7, dtype=torch.float64)
TIMES = torch.linspace(0.2, 0.8, 7, dtype=torch.float64)


def test_a_source_and_a_diffusivity_from_observations_of_what_starts_from_zero() -> None:
    """u = a sin(pi x) (1 - exp(-r t)) / r with r = k pi^2."""
    k, a = 0.3, 2.5
    r = k * math.pi**2
    values = a * torch.sin(math.pi * PLACES) * (1 - torch.exp(-r * TIMES)) / r
    solution = pl.solve(
        "u_t = k*u_xx + a*sin(pi*x)",
        "u(x, 0) = 0",
        *ENDS,
        pl.data("u", PLACES, TIMES, values),
        x=(0, 1),
        t=(0, 1),
        k=pl.Unknown(0.1, positive=True),
        a=pl.Unknown(1.0),
        tol=1e-4,
    )
    assert solution.converged, solution.status
    assert "slabs" in solution.history[0]
    assert solution.unknowns == pytest.approx({"k": k, "a": a}, rel=1e-4)


def test_a_diffusivity_from_one_value_that_no_condition_needs(tmp_path: Path) -> None:
    """u = sin(pi x) exp(-k pi^2 t) at x = 1/2 and t = 1/2, k = 0.2."""
    solution = pl.solve(
        "u_t = k*u_xx",
        "u(x, 0) = sin(pi*x)",
        *ENDS,
        "u(0.5, 0.5) = exp(-0.1*pi^2)",
        x=(0, 1),
        t=(0, 0.5),
        k=pl.Unknown(0.1),
        tol=1e-4,
    )
    assert solution.converged, solution.status
    assert solution.unknowns["k"] == pytest.approx(0.2, rel=1e-4)
    solution.save(tmp_path / "rod.safetensors")
    assert pl.load(tmp_path / "rod.safetensors").unknowns == solution.unknowns


def test_observations_that_scatter_are_met_on_average() -> None:
    """Least squares over the amplitude alone is a mean: the heat equation is linear in it."""
    times = torch.full_like(PLACES, 0.1)
    shape = torch.sin(math.pi * PLACES) * math.exp(-(math.pi**2) * 0.1)
    values = 2 * shape + 0.05 * torch.tensor([1.0, -1, 1, 1, -1, 0, 1], dtype=torch.float64)
    solution = pl.solve(
        "u_t = u_xx",
        "u(x, 0) = a*sin(pi*x)",
        *ENDS,
        pl.data("u", PLACES, times, values),
        x=(0, 1),
        t=(0, 0.2),
        a=pl.Unknown(1.0),
        tol=1e-4,
    )
    assert solution.converged, solution.status
    assert solution.unknowns["a"] == pytest.approx((values @ shape / (shape @ shape)).item(), rel=1e-4)


def test_a_value_that_no_parameter_gives_is_told() -> None:
    """A rod that cools is nowhere hotter than at first."""
    solution = pl.solve(
        "u_t = k*u_xx",
        "u(x, 0) = sin(pi*x)",
        *ENDS,
        "u(0.5, 1) = 3",
        x=(0, 1),
        t=(0, 1),
        k=pl.Unknown(0.2, positive=True),
        tol=1e-4,
        time_limit=2,
    )
    assert not solution.converged


def test_data_that_say_nothing_of_a_parameter_are_told_so() -> None:
    """Zero at an end where zero is prescribed: any k would do."""
    nothing = pl.data("u", [0.0, 0.0], [0.5, 1.0], [0.0, 0.0])
    for unknown in (pl.Unknown(1.0), pl.Unknown(1.0, positive=True)):
        solution = pl.solve(
            "u_t = k*u_xx",
            "u(x, 0) = sin(pi*x)",
            "u = 0 on boundary",
            nothing,
            x=(0, 1),
            t=(0, 1),
            k=unknown,
            tol=1e-3,
        )
        assert not solution.converged
        assert "no solution or many" in solution.status

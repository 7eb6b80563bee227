"""Integrals over the whole domain fix the constant that slopes on all sides leave open."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import pinnlite as pl

SQUARE = {"x": (0, 1), "y": (0, 1)}
DISK = {"on": pl.Disk((0, 0), 1)}
WAVES = "u_xx + u_yy = -2*pi^2*cos(pi*x)*cos(pi*y)"


def waves(x: Tensor, y: Tensor) -> Tensor:
    return torch.cos(math.pi * x) * torch.cos(math.pi * y)


def relative(solution: pl.Solution, exact: Tensor, x: Tensor, y: Tensor, unknown: str = "u") -> float:
    values = solution(x, y)
    found = values[unknown] if isinstance(values, dict) else values
    return ((found - exact).norm() / exact.norm()).item()


@pytest.mark.parametrize("trial", ["legendre", "features"])
def test_slopes_on_all_sides_of_a_square(trial: str) -> None:
    solution = pl.solve(
        WAVES, "du/dn = 0 on boundary", "integral(u, x, y) = 3", **SQUARE, trial=trial, tol=1e-7
    )
    x, y = torch.rand(2, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert solution.converged, solution.status
    assert relative(solution, waves(x, y) + 3, x, y) < 1e-7


def test_slopes_all_around_a_disk_with_a_weighted_integral_saved_and_read(tmp_path: Path) -> None:
    solution = pl.solve(
        "laplacian(u) = 2", "du/dn = 1 on boundary", "integral((2 + x)*u) = pi", **DISK, tol=1e-8
    )
    x, y = 0.7 * (2 * torch.rand(2, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1)
    # the integral of (2 + x) (r^2/2 + c) is pi/2 + 2 pi c
    assert solution.converged, solution.status
    assert relative(solution, (x**2 + y**2) / 2 + 0.25, x, y) < 1e-8
    solution.save(tmp_path / "disk.safetensors")
    assert torch.equal(pl.load(tmp_path / "disk.safetensors")(x, y), solution(x, y))


def test_the_pressure_of_a_flow() -> None:
    solution = pl.solve(
        "laplacian(u) = p_x - 1",
        "laplacian(v) = p_y - 1",
        "div(u, v) = 0",
        "u = 0 on boundary; v = 0 on boundary; integral(p, x, y) = 0",
        **SQUARE,
    )
    x, y = torch.rand(2, 300, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert solution.converged, solution.status
    assert relative(solution, x + y - 1, x, y, "p") < 1e-6  # the fluid rests


@pytest.mark.parametrize("ends", ["u'(0) = 0; u'(1) = 0", "u(0) = u(2); u'(0) = u'(2)"])
@pytest.mark.parametrize("constant", ["integral(u, x) = 3", "u(0.5) = 1.5"])
def test_along_a_line_one_condition_holds_of_itself(ends: str, constant: str) -> None:
    """u'' = -pi^2 cos(pi x), of which the constant is left."""
    length = 1 if "(1)" in ends else 2
    solution = pl.solve("u'' = -pi^2*cos(pi*x)", ends, constant, x=(0, length), tol=1e-10)
    x = torch.linspace(0, length, 9, dtype=torch.float64)
    level = 1.5 if "0.5" in constant else 3 / length
    assert solution.converged, solution.status
    assert torch.allclose(solution(x), torch.cos(math.pi * x) + level, atol=1e-10)


def test_along_a_line_it_does_not_hold_where_there_is_no_solution() -> None:
    """(exp(x) u')' > 0, and u' = 0 at both ends."""
    solution = pl.solve("u'' + u' = x", "u'(0) = 0", "u'(1) = 0", "integral(u, x) = 0", x=(0, 1))
    assert not solution.converged


HALL = pl.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])  # of area 3 and circumference 8


@pytest.mark.parametrize(
    ("equation", "slopes", "domain", "integrals"),
    [
        ("div((1 + x^2)*grad(u)) = 2", "du/dn = 0 on boundary", DISK, "0 .* 6.28319"),
        (
            "u_xx + u_yy = x*y",
            "u_x(0, y) = 0; u_x(1, y) = y; du/dn = 0 on bottom; u_y(x, 1) = 0",
            SQUARE,
            "0.5 .* 0.25",
        ),
        ("laplacian(u) = 1", "du/dn = 1/2 on boundary", {"on": HALL}, "4 .* 3,"),
        ("u'' = 1", "u'(0) = 1; u'(1) = 1", {"x": (0, 1)}, "0 .* 1,"),
    ],
)
def test_source_and_flux_balance(equation: str, slopes: str, domain: dict[str, Any], integrals: str) -> None:
    constant = "u(0.5) = 0" if "'" in equation else "u(0.5, 0.5) = 0"
    with pytest.raises(pl.ProblemError, match=f"there is no solution: .* {integrals}"):
        pl.Problem(equation, slopes, constant, **domain)


def test_flux_in_many_dimensions() -> None:
    """Slopes of 1/2 on the sixteen sides of a unit cube balance a source of 8; points do not grow with the power."""
    names = [f"x{i}" for i in range(1, 9)]
    laplacian = " + ".join(f"u_{name}{name}" for name in names)
    cube: dict[str, Any] = dict.fromkeys(names, (0, 1))
    mean = f"integral(u, {', '.join(names)}) = 0"
    pl.Problem(f"{laplacian} = 8", "du/dn = 1/2 on boundary", mean, **cube)
    with pytest.raises(pl.ProblemError, match=r"there is no solution: .* 8 .* 7,"):
        pl.Problem(f"{laplacian} = 7", "du/dn = 1/2 on boundary", mean, **cube)


def test_the_residual_of_an_integral_over_a_disk() -> None:
    problem = pl.Problem("laplacian(u) = 2", "du/dn = 1 on boundary", "integral(u, x, y) = 1", **DISK)
    rows = problem.residuals(lambda X: X.square().sum(1), problem.sample(10))
    assert rows["integral(u, x, y) = 1"].tolist() == pytest.approx([math.pi / 2 - 1], rel=1e-12)


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ("du/dn = 1 on boundary", r"or its integral over the domain, integral\(u, x, y\) = 0"),
        ("u = 1 on boundary; integral(u) = 1", r"'integral\(u\) = 1' is too much"),
        ("du/dn = 1 on boundary; u(0, 0) = 0; integral(u) = 1", r"'integral\(u\) = 1' is too much"),
        ("du/dn = 1 on boundary; integral(u_x, x, y) = 1", "determined only up to a constant"),
    ],
)
def test_what_is_not_posed(statements: str, message: str) -> None:
    with pytest.raises(pl.ProblemError, match=message):
        pl.Problem("laplacian(u) = 2", statements, **DISK)


@pytest.mark.parametrize("condition", ["integral(u, x) = 0", "integral(u^2) = 1", "integral(x*u) = 1"])
def test_what_cannot_be_met(condition: str) -> None:
    with pytest.raises(pl.ProblemError, match=r"cannot be met, so far|leaves the constant open"):
        pl.solve("laplacian(u) = 2", "du/dn = 1 on boundary", condition, **DISK)

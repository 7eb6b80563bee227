"""Problems with many solutions are told so; pulses in boundary data are not stepped over."""

import math

import pytest
import torch

import pinnlite as pl
from pinnlite.solving.estimate import misfit
from pinnlite.solving.features import by_features
from pinnlite.solving.features.families import Family
from pinnlite.solving.features.posed import Posed
from pinnlite.solving.features.uniqueness import MOST, amplification, are_determined

J01 = 2.404825557695773  # the first zero of the Bessel function J_0
DISK = pl.Disk((0, 0), 1)


@pytest.mark.parametrize(
    ("equation", "condition"),
    [
        ("u_xx + u_yy + k*u = 0", "u = 0 on boundary"),  # c J_0(j01 r) for any c
        ("u_xx + u_yy + k*u = x*(k*(1 - x^2 - y^2) - 8)", "u = 0 on boundary"),  # x (1 - r^2) and the same
    ],
)
def test_an_eigenvalue_is_no_problem_with_one_solution(equation: str, condition: str) -> None:
    solution = pl.solve(equation, condition, on=DISK, k=J01**2)
    assert not solution.converged
    assert "no solution or many" in solution.status


def test_away_from_eigenvalues_there_is_one() -> None:
    solution = pl.solve("u_xx + u_yy + k*u = k*(1 - x^2 - y^2) - 4", "u = 0 on boundary", on=DISK, k=5.0)
    assert solution.converged, solution.status
    x, y = torch.rand(2, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.7
    assert torch.allclose(solution(x, y), 1 - x**2 - y**2, atol=1e-6)


def test_a_pulse_at_an_end_is_not_stepped_over() -> None:
    """u(0, t) is 1 for a few thousandths of the time: the solution has to show it, or not to be called one."""
    solution = pl.solve(
        "u_t = 0.1*u_xx",
        "u(x, 0) = sin(pi*x)",
        "u(0, t) = exp(-1e6*(t - 0.777)^2)",
        "u(1, t) = 0",
        x=(0, 1),
        t=(0, 1),
        tol=1e-4,
    )
    assert not solution.converged or solution(0.0, 0.777).item() == pytest.approx(1.0, abs=1e-3)


def test_a_solution_that_has_missed_a_pulse_at_an_end_misses_its_condition() -> None:
    still = ("u_t = 0.1*u_xx", "u(x, 0) = sin(pi*x)", "u(1, t) = 0")
    blind = pl.solve(*still, "u(0, t) = 0", x=(0, 1), t=(0, 1), tol=1e-3).trial
    assert blind is not None
    for left, at_least, at_most in (("0", 0.0, 1e-3), ("exp(-1e6*(t - 0.777)^2)", 0.5, math.inf)):
        problem = pl.Problem(*still, f"u(0, t) = {left}", x=(0, 1), t=(0, 1))
        assert at_least <= misfit(blind, problem, blind) <= at_most


@pytest.fixture
def few_families(monkeypatch: pytest.MonkeyPatch) -> None:
    families = (Family("sin", 0.5), Family("sin", 1.0))
    monkeypatch.setattr(by_features, "FEW_FAMILIES", families)
    monkeypatch.setattr(by_features, "FAMILIES", families)


@pytest.mark.parametrize(("radius", "told"), [(1.0, False), (0.5, True)])
def test_whether_observations_on_a_circle_say_anything_of_a_parameter(radius: float, told: bool) -> None:
    """On the boundary they do not: there u = 0 whatever k is."""
    angle = torch.linspace(0, 6, 10, dtype=torch.float64)
    seen = pl.data("u", radius * angle.cos(), radius * angle.sin(), (1 - radius**2) / 6 + 0 * angle)
    sought = pl.Unknown(1.0, positive=True)
    problem = pl.Problem("k*(u_xx + u_yy) = -1", "u = 0 on boundary", seen, on=DISK, k=sought)
    generator = torch.Generator().manual_seed(0)
    drawn = Family("sin", 0.5).drawn(problem, 60, generator)
    trial, (rows, _) = Posed.drawn(problem, drawn, generator).rows(drawn)
    pl.GaussNewton(steps=8).minimize(rows, lambda step, loss: False)
    assert are_determined(problem, trial, rows, 1e-3, 1.0) == told


@pytest.mark.usefixtures("few_families")
def test_observations_on_a_disk_that_scatter_are_met_in_least_squares() -> None:
    """4 k u = 1 - r^2, so that least squares are a mean."""
    X = 0.9 * DISK.sample(20, seed=3)
    shape = (1 - X.square().sum(1)) / 4
    seen = shape / 2.5 + 0.02 * torch.randn(20, generator=torch.Generator().manual_seed(0)).double()
    solution = pl.solve(
        "k*(u_xx + u_yy) = -1",
        "u = 0 on boundary",
        pl.data("u", *X.T, seen),
        on=DISK,
        k=pl.Unknown(1.0, positive=True),
        tol=1e-3,
    )
    assert solution.converged, solution.status
    assert 1 / solution.unknowns["k"] == pytest.approx((seen @ shape / (shape @ shape)).item(), rel=1e-3)


@pytest.mark.usefixtures("few_families")
@pytest.mark.parametrize("factor", [1.02, 3.0])
def test_observations_do_not_bend_what_is_determined_without_them(factor: float) -> None:
    X = 0.9 * DISK.sample(20, seed=3)
    exact = (1 - X.square().sum(1)) / 4
    seen = pl.data("u", *X.T, factor * exact)
    solution = pl.solve("u_xx + u_yy = -1", "u = 0 on boundary", seen, on=DISK, tol=1e-3)
    assert solution.converged, solution.status
    assert (solution(*X.T) - exact).norm() < 1e-3 * exact.norm()


def test_amplification_is_small_where_a_problem_is_well_posed() -> None:
    found = {}
    for k in (1.0, J01**2):
        problem = pl.Problem("u_xx + u_yy + k*u = 1", "u = 0 on boundary", on=DISK, k=k)
        generator = torch.Generator().manual_seed(0)
        drawn = Family("sin", 1.0).drawn(problem, 150, generator)
        trial, (rows, _) = Posed.drawn(problem, drawn, generator).rows(drawn)
        found[k] = amplification(problem, trial, rows)
    assert found[1.0] < 1e-3 * MOST
    assert found[J01**2] > MOST


@pytest.mark.parametrize(
    ("equation", "left", "named"),
    [
        ("u' = -(a + b)*u", "u(0) = 1", "a and b"),
        ("u' = -a*b*u", "u(0) = 1", "a and b"),
        ("u' = -a*u + c*(a + b)", "u(0) = 1", "b and c"),
        ("u'' = -a*u + b", "u(0) = 0; u(2) = 0", None),  # but for u = 0, at which a is not seen
    ],
)
def test_what_data_do_not_determine_is_named(equation: str, left: str, named: str | None) -> None:
    """Observed is exp(-1.5 t), of which a + b = 1.5 is all that can be known, a b = 1.5, or a = 1.5 and c = 0."""
    t = torch.linspace(0.1, 1.9, 9, dtype=torch.float64)
    sought = {name: pl.Unknown(0.7) for name in "abc" if name in equation}
    solution = pl.solve(equation, left, pl.data("u", t, torch.exp(-1.5 * t)), t=(0, 2), **sought)
    assert not solution.converged
    told = "do not determine" if named is None else f"do not determine {named}:"
    assert (told in solution.status) == (named is not None)


def test_the_misfit_of_data_is_told() -> None:
    """In a local minimum the equation is solved to all digits with a parameter that is wrong: cos(2t) by w = 1.2."""
    t = torch.linspace(0, 10, 60, dtype=torch.float64)
    values = torch.cos(2 * t)
    problem = pl.Problem(
        "u'' + w^2*u = 0", "u(0) = 1", "u'(0) = 0", pl.data("u", t, values), t=(0, 10), w=pl.Unknown(1.5)
    )
    solution = pl.solve(problem)
    off = float((torch.cos(solution.unknowns["w"] * t) - values).norm() / values.norm())
    assert off > 0.5
    assert f"off by {off:.1e} of their size" in solution.status

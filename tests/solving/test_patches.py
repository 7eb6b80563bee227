"""Random features in patches: narrow solutions on regions, nonlinear ones, holes; files; and unknown parameters."""

import math
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

import pinnlite as pl
from pinnlite.solving.clock import Clock
from pinnlite.solving.features import by_patches, patch_rows
from pinnlite.solving.refine import refine
from pinnlite.trials.patchwork import Patchwork

DISK = pl.Disk((0, 0), 1)
ANNULUS = pl.Disk((0, 0), 1, name="outer") - pl.Disk((0, 0), 0.5, name="inner")


def relative(found: Tensor, exact: Tensor) -> float:
    return ((found - exact).norm() / exact.norm()).item()


def spot(x: Tensor, y: Tensor, width: float) -> Tensor:
    return torch.exp(-((x - 0.3) ** 2 + (y - 0.2) ** 2) / (2 * width**2))


@pytest.mark.parametrize("tol", [1e-3, 1e-6])
def test_a_logarithm_about_a_hole(tol: float) -> None:
    problem = pl.Problem("u_xx + u_yy = 0", "u = 0 on outer", "u = 1 on inner", on=ANNULUS)
    clock = Clock.started(None)
    result = refine(by_patches.candidates(problem, tol, 0, None, clock), problem, tol, clock)
    trial = result.candidate.trial
    assert trial is not None
    X = ANNULUS.sample(2000, seed=3)
    found = trial.partials(X, [("u", (0, 0))])["u", (0, 0)].detach()
    true = relative(found, -torch.log2(X.norm(dim=1)))
    assert true <= tol
    assert true <= 10 * result.error


def test_a_narrow_source_on_a_disk_is_cut_out(tmp_path: Path) -> None:
    """A spot of width 0.04 beside a smooth solution: what is found without a hint, saved, and read again."""
    h, r2 = 0.04, "((x-0.3)^2+(y-0.2)^2)"
    solution = pl.solve(
        f"u_xx + u_yy = exp(-{r2}/(2*h^2))*({r2}/h^4 - 2/h^2) - 4*cos(2*x)*y",
        f"u = exp(-{r2}/(2*h^2)) + cos(2*x)*y on boundary",
        on=DISK,
        h=h,
        tol=1e-3,
        trial="features",
    )
    assert solution.converged, solution.status
    assert isinstance(solution.trial, Patchwork)
    X = torch.cat([DISK.sample(3000, seed=5), torch.tensor([0.3, 0.2]) + 0.2 * DISK.sample(1000, seed=6)])
    found = solution(*X.T)
    assert relative(found, spot(*X.T, h) + torch.cos(2 * X[:, 0]) * X[:, 1]) <= 1e-3
    solution.save(tmp_path / "u.safetensors")
    assert torch.equal(pl.load(tmp_path / "u.safetensors")(*X.T), found)


def test_newton_in_patches() -> None:
    """Liouville's equation, from zero: its lower branch."""
    a = 3 - math.sqrt(8.0)
    problem = pl.Problem("u_xx + u_yy + exp(u) = 0", "u = 0 on boundary", on=DISK)
    first = next(by_patches.candidates(problem, 1e-3, 0, None, Clock.started(None)))
    X = DISK.sample(2000, seed=3)
    assert first.trial is not None
    found = first.trial.partials(X, [("u", (0, 0))])["u", (0, 0)].detach()
    assert relative(found, torch.log(8 * a / (1 + a * X.square().sum(1)) ** 2)) < 1e-6


def test_patches_too_small_for_their_points_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points of a condition are spread evenly: the smallest cell decides how many they are."""
    monkeypatch.setattr(patch_rows, "_MOST_ON_A_PART", 100)
    problem = pl.Problem("u_xx + u_yy = -1", "u = 0 on boundary", on=DISK)
    (last,) = by_patches.candidates(problem, 1e-3, 0, None, Clock.started(None))
    assert last.trial is None
    assert last.failure is not None
    assert re.fullmatch(r"The smallest of \d+ cells would be too small: try a larger tol\.", last.failure)


def test_conditions_that_join_two_places_are_no_matter_for_patches() -> None:
    periodic = pl.Problem(
        "u_xx + u_yy = u", "u(0, y) = u(1, y)", "u_x(0, y) = u_x(1, y)", "u(x, 0) = 1", "u(x, 1) = 1",
        x=(0, 1), y=(0, 1),
    )  # fmt: skip
    assert not by_patches.suits(periodic)


def test_a_conductivity_from_temperatures_in_a_disk() -> None:
    """u = exp(-2 k t) J_0(sqrt(2) r) solves u_t = k (u_xx + u_yy), for k = 0.3 as it was observed."""
    X = DISK.sample(40, seed=1)
    t = torch.linspace(0.05, 0.95, 40, dtype=torch.float64)

    def exact(x: Tensor, y: Tensor, t: Tensor) -> Tensor:
        return torch.special.bessel_j0(math.sqrt(2) * torch.hypot(x, y)) * torch.exp(-0.6 * t)

    start = pl.condition(lambda u, x, y: u - torch.special.bessel_j0((2 * (x**2 + y**2)).sqrt()), t=0)
    edge = torch.special.bessel_j0(torch.tensor(math.sqrt(2), dtype=torch.float64)).item()
    solution = pl.solve(
        "u_t = k*(u_xx + u_yy)",
        start,
        f"u = {edge!r}*exp(-2*k*t) on boundary",
        pl.data("u", X[:, 0], X[:, 1], t, exact(*X.T, t)),
        on=DISK,
        t=(0, 1),
        k=pl.Unknown(1.0, positive=True),
        tol=1e-4,
    )
    assert solution.converged, solution.status
    assert solution.kind == "random features"
    assert solution.unknowns["k"] == pytest.approx(0.3, rel=1e-4)
    assert relative(solution(*X.T, t), exact(*X.T, t)) <= 1e-4

"""Evolution in two space dimensions by slabs of random features: closed forms on boxes and a disk, ends and files."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import jn_zeros, jv
from torch import Tensor

import pinnlite as pl
from pinnlite.problem.initial_value import initial_value_problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.features import by_march
from pinnlite.solving.features.state import state
from pinnlite.solving.methods.triangle import Factored
from pinnlite.solving.refine import Result, refine
from pinnlite.trials.patchwork import Patchwork

SQUARE: dict[str, object] = {"x": (0, 1), "y": (0, 1)}
DISK = pl.Disk((0, 0), 1)
MODES = "sin(pi*x)*sin(pi*y) + sin(2*pi*x)*sin(pi*y)/2"
Exact = Callable[[Tensor, Tensor, Tensor], Tensor]


def error(result: Result, problem: pl.Problem, exact: Exact) -> float:
    X, weights = problem.domain.quadrature(8000)
    assert result.candidate.trial is not None
    found = result.candidate.trial.partials(X, [("u", (0, 0, 0))])["u", (0, 0, 0)].detach()
    known = exact(*X.T)
    return ((weights * (found - known) ** 2).sum() / (weights * known**2).sum()).sqrt().item()


def waves(x: Tensor, y: Tensor, t: Tensor) -> Tensor:
    one, two = (
        torch.sin(math.pi * x) * torch.sin(math.pi * y),
        torch.sin(2 * math.pi * x) * torch.sin(math.pi * y),
    )
    return one * torch.cos(math.sqrt(2) * math.pi * t) + two * torch.cos(math.sqrt(5) * math.pi * t) / 2


def logistic(x: Tensor, y: Tensor, t: Tensor) -> Tensor:
    """The front of Fisher's equation with this diffusion that has a closed form (Ablowitz and Zeppetella, 1979)."""
    return (1 + torch.exp((x + y) * math.sqrt(20 / 12) - 5 * t / 6)) ** -2


def bessel(x: Tensor, y: Tensor, t: Tensor) -> Tensor:
    first, r = jn_zeros(0, 1)[0], torch.sqrt(x**2 + y**2).numpy()
    return torch.from_numpy(jv(0, first * r) * np.exp(-(first**2) * t.numpy()))


FRONT = "(1 + exp((x + y)*sqrt(20/12) - 5*t/6))^(-2)"
PROBLEMS: dict[str, tuple[pl.Problem, Exact]] = {
    "standing waves, several periods": (
        pl.Problem(
            "u_tt = u_xx + u_yy",
            f"u(x, y, 0) = {MODES}",
            "u_t(x, y, 0) = 0",
            "u = 0 on boundary",
            **SQUARE,
            t=(0, 2.5),
        ),
        waves,
    ),
    "a front that is nonlinear": (
        pl.Problem(
            "u_t = 0.05*(u_xx + u_yy) + u*(1 - u)",
            f"u(x, y, 0) = {FRONT.replace(' - 5*t/6', '')}",
            f"u = {FRONT} on boundary",
            **SQUARE,
            t=(0, 5),
        ),
        logistic,
    ),
    "heat on a disk, until nothing is left": (
        pl.Problem(
            "u_t = u_xx + u_yy",
            pl.condition(
                lambda u, x, y: u - torch.special.bessel_j0(jn_zeros(0, 1)[0] * torch.hypot(x, y)), t=0
            ),
            "u = 0 on boundary",
            on=DISK,
            t=(0, 1),
        ),
        bessel,
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_long_times_to_a_tolerance(name: str) -> None:
    (problem, exact), tol, clock = PROBLEMS[name], 1e-3, Clock.started(None)
    result = refine(by_march.candidates(problem, tol, 0, clock), problem, tol, clock)
    assert result.error <= tol
    true = error(result, problem, exact)
    assert true <= tol
    assert true / 10 <= result.error <= 10 * true


def test_a_march_that_ends_early_is_the_part_that_it_reached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Interrupted at the fourth slab; the part is saved, read again, and right as far as it goes."""
    problem, _ = PROBLEMS["standing waves, several periods"]
    advance, asked = by_march._March._advance, iter(range(4))

    def interrupted(march: by_march._March) -> str | None:
        if next(asked, None) is None:
            raise KeyboardInterrupt
        return advance(march)

    monkeypatch.setattr(by_march._March, "_advance", interrupted)
    solution = pl.solve(problem, tol=1e-3)
    assert not solution.converged
    assert "interrupted" in solution.status
    assert isinstance(solution.trial, Patchwork)
    assert solution.reached is not None
    start, stop = solution.reached
    assert start == 0 < stop < 2.5
    with pytest.raises(pl.ProblemError, match="only found on"):
        solution(0.5, 0.5, 2.5)
    solution.save(tmp_path / "u.safetensors")
    again = pl.load(tmp_path / "u.safetensors")
    x, t = torch.linspace(0, 1, 50, dtype=torch.float64), torch.linspace(0, stop, 50, dtype=torch.float64)
    assert torch.equal(again(x, 0.4, t), solution(x, 0.4, t))
    assert again.reached == solution.reached
    y = torch.full_like(x, 0.4)
    assert (solution(x, y, t) - waves(x, y, t)).norm() < 2e-3 * waves(x, y, t).norm()
    slope = (
        -2
        * math.pi**2
        * torch.sin(math.pi * x)
        * torch.sin(math.pi * y)
        * torch.cos(math.sqrt(2) * math.pi * t)
    )
    slope -= (
        2.5
        * math.pi**2
        * torch.sin(2 * math.pi * x)
        * torch.sin(math.pi * y)
        * torch.cos(math.sqrt(5) * math.pi * t)
    )
    assert (solution.partial("tt")(x, y, t) - slope).norm() < 0.05 * slope.norm()


def test_values_that_contradict_each_other_are_no_solution() -> None:
    """u is 1 at the start and 0 on the boundary: no slab is short enough, and none is called one."""
    problem = pl.Problem("u_t = u_xx + u_yy", "u(x, y, 0) = 1", "u = 0 on boundary", on=DISK, t=(0, 1))
    clock = Clock.started(None)
    result = refine(by_march.candidates(problem, 1e-4, 0, clock), problem, 1e-4, clock)
    assert math.isinf(result.error)
    assert "contradict" in (result.candidate.failure or "")


def test_which_problems_march() -> None:
    assert all(by_march.suits(problem) for problem, _ in PROBLEMS.values())
    assert not by_march.suits(pl.Problem("u_xx + u_yy = 1", "u = 0 on boundary", **SQUARE))
    assert not by_march.suits(pl.Problem("u_xx + u_yy + u_zz = 1", "u = 0 on boundary", **SQUARE, z=(0, 1)))
    line = pl.Problem("u_t = u_xx", "u(x, 0) = 0", "u(0, t) = 0", "u(1, t) = 0", x=(0, 1), t=(0, 1))
    assert not by_march.suits(line)


def test_a_stage_starts_from_what_was_reached() -> None:
    problem, _ = PROBLEMS["standing waves, several periods"]
    before = Patchwork.__new__(Patchwork)
    object.__setattr__(
        before,
        "partials",
        lambda X, keys: {key: 10.0 * X[:, 0] ** 0 if key[1][2] else X[:, 0] for key in keys},
    )
    evolution = initial_value_problem(problem)
    assert evolution is not None
    part = evolution.between(1.0, 1.5, state(evolution, before, 1.0))
    assert part.domain.intervals["t"] == (1.0, 1.5)
    points = part.sample(20)
    assert all((X[:, 2] == 1.0).all() for name, X in points.items() if "goes on" in name)
    rows = part.residuals(lambda X: X[:, 0] + 10 * (X[:, 2] - 1), points)
    assert sum("goes on" in name for name in rows) == 2
    assert all(row.abs().max() < 1e-12 for name, row in rows.items() if "goes on" in name)


def test_factors_are_kept_for_other_rows() -> None:
    generator = torch.Generator().manual_seed(0)
    jacobian = torch.randn(40, 7, generator=generator, dtype=torch.float64)
    factored = Factored(jacobian)
    for rows in torch.randn(3, 40, generator=generator, dtype=torch.float64):
        step, moved = factored.step(rows)
        known = np.linalg.lstsq(jacobian.numpy(), -rows.numpy(), rcond=None)[0]
        assert np.allclose(step.numpy(), known, atol=1e-12)
        assert math.isclose(moved, float(np.linalg.norm(jacobian.numpy() @ known)), rel_tol=1e-9)

"""How a solve ends that is interrupted, out of time, at a blow-up or at the level of rounding; and what is refused."""

import itertools
import math
import re
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

import pinnlite as pl
from tests.problems.elliptic import TORSION
from tests.problems.evolution import BURGERS, KURAMOTO


def interrupted_after(calls: int, residual: Callable[..., torch.Tensor]) -> object:
    """An equation during whose evaluation the user presses Ctrl-C."""
    left = [calls]

    def watched(u, t):  # type: ignore[no-untyped-def]
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return residual(u, t)

    return pl.equation(watched)


def test_an_interrupted_march_returns_what_it_has() -> None:
    equation = interrupted_after(200, lambda u, t: u.tt + u)
    solution = pl.solve(equation, "u(0) = 0", "u'(0) = 1", t=(0, 1e4), tol=1e-9)
    assert not solution.converged
    assert "interrupted" in solution.status
    assert solution.reached is not None
    assert 1 < solution.reached[1] < 1e4
    t = torch.linspace(0, solution.reached[1], 100, dtype=torch.float64)
    assert torch.allclose(solution(t), torch.sin(t), atol=1e-8)


def test_an_interrupted_boundary_value_problem_returns_what_it_has() -> None:
    """Converged enough to be the best so far, not enough to be checked: no error is claimed."""
    calls = []

    def counted(u, t):  # type: ignore[no-untyped-def]
        calls.append(1)
        return u.tt - u

    conditions = ("u(0) = 1", "u(1) = 0")
    pl.solve(pl.equation(counted), *conditions, t=(0, 1), tol=1e-9)
    equation = interrupted_after(len(calls) - 3, lambda u, t: u.tt - u)
    solution = pl.solve(equation, *conditions, t=(0, 1), tol=1e-9)
    assert not solution.converged
    assert "interrupted" in solution.status
    assert solution(0.5).item() == pytest.approx(math.sinh(0.5) / math.sinh(1.0), rel=1e-9)


def square_or_disk(trial: object) -> dict[str, object]:
    return {"on": pl.Disk((0.5, 0.5), 0.5)} if trial == "features" else {"x": (0, 1), "y": (0, 1)}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("trial", ["legendre", "features", "module"])
def test_an_interruption_in_several_coordinates_leaves_the_best(trial: str, share: float) -> None:
    """u = exp(x) cos(y): what there is at the end is near it, but no error is claimed that was not measured."""
    calls, last = itertools.count(), math.inf

    def watched(u, x, y):  # type: ignore[no-untyped-def]
        if next(calls) == last:
            raise KeyboardInterrupt
        return u.xx + u.yy

    problem = pl.Problem(pl.equation(watched), "u = exp(x)*cos(y) on boundary", **square_or_disk(trial))

    def solve() -> pl.Solution:
        module = pl.MLP(2, 1, width=8, depth=1, generator=torch.Generator().manual_seed(0))
        return pl.solve(
            problem,
            tol=1e-7,
            trial=module if trial == "module" else trial,
            method=pl.GaussNewton(steps=6) if trial == "module" else "auto",
        )

    before = next(calls)
    solve()
    made = next(calls) - before - 1
    calls, last = itertools.count(), int(share * made)
    solution = solve()
    assert last < next(calls) < last + 6  # nothing goes on but a look at what there is
    assert not solution.converged
    assert "interrupted" in solution.status
    assert solution.trial is not None or share < 0.9 or trial == "features"  # one width may be all there was
    if solution.trial is not None:
        assert solution(0.5, 0.4).item() == pytest.approx(math.exp(0.5) * math.cos(0.4), rel=0.1)


@pytest.mark.parametrize(
    ("statements", "tol", "trial", "names"),
    [
        (KURAMOTO.statements, 1e-12, "legendre", KURAMOTO.names),
        (TORSION.statements, 1e-11, "legendre", TORSION.names),
        (
            ("0.000001*(u_xx + u_yy) - u = -sin(60*x)*sin(90*y)", "u = 0 on boundary"),
            1e-9,
            "features",
            {"x": (0, 1), "y": (0, 1)},
        ),
        (BURGERS.statements, 1e-8, "network", BURGERS.names),
    ],
    ids=["slabs", "boxes", "features", "network"],
)
def test_the_time_limit_is_kept_in_several_coordinates(
    statements: tuple[str, ...], tol: float, trial: str, names: dict[str, object]
) -> None:
    """In processor time: what others make the machine wait for is nobody's fault here."""
    pl.solve(*statements, tol=tol, trial=trial, time_limit=0.01, **names)  # loads what a first solve loads
    began = time.process_time()
    solution = pl.solve(*statements, tol=tol, trial=trial, time_limit=1.0, **names)
    assert time.process_time() - began < 1.1 + 0.3
    assert not solution.converged
    assert "time limit" in solution.status
    assert solution.trial is None or solution.reached or solution(0.5, 0.5).isfinite()


@pytest.mark.parametrize(
    ("statements", "interval"),
    [
        (("u'' + u = 0", "u(0) = 1", "u'(0) = 0"), (0, 1e5)),
        (("1e-4*u'' = u^3 - u", "u(0) = 0.5", "u(1) = -0.5"), (0, 1)),
    ],
    ids=["march", "boundary values"],
)
def test_the_time_limit_is_kept(statements: tuple[str, ...], interval: tuple[float, float]) -> None:
    seconds = []
    for _ in range(3):  # the quickest of three, because other work on the machine only ever slows
        solution = pl.solve(*statements, x=interval, tol=1e-11, time_limit=1.0)
        assert not solution.converged
        assert "time limit" in solution.status
        seconds.append(solution.seconds)
        if min(seconds) < 1.1:
            return
    pytest.fail(f"a limit of 1 s took {min(seconds):.2f} s at best")


@pytest.mark.parametrize(
    ("statements", "place"),
    [
        (("u' = 1 + u^2", "u(0) = 0"), math.pi / 2),
        (("u'' = 6u^2", "u(0) = 1", "u'(0) = 2"), 1.0),  # 1/(1 - x)^2
        (("u' = exp(u)", "u(0) = 0"), 1.0),  # -log(1 - x), which is small for long
    ],
)
def test_where_a_solution_blows_up(statements: tuple[str, ...], place: float) -> None:
    solution = pl.solve(*statements, x=(0, 3), tol=1e-8)
    assert not solution.converged
    found = re.search(r"(?:near|past) ([\d.]+)", solution.status)
    assert found, solution.status
    assert float(found[1]) == pytest.approx(place, rel=1e-5)


def test_noise_is_passed_and_not_chased() -> None:
    """The forcing is rounded at 1e-10 of its size; halving elements would not make their tails fall."""
    solution = pl.solve("u' = -1e6*((u + 1) - (t + 1)) + 1", "u(0) = 0", t=(0, 1), tol=1e-12)
    t = torch.linspace(0, 1, 101, dtype=torch.float64)
    assert solution.converged, solution.status
    assert (solution(t) - t).abs().max() <= 1e-12
    assert len(solution.trial.edges) < 500  # type: ignore[union-attr]


@pytest.mark.parametrize("interval", [np.array([0.0, 1.0]), torch.tensor([0.0, 1.0]), [0, 1]])
def test_intervals_and_parameters_may_come_as_arrays(interval: object) -> None:
    solution = pl.solve("u' = k*u", "u(0) = 1", x=interval, k=torch.tensor(2.0), tol=1e-9)
    assert solution(1.0).item() == pytest.approx(math.exp(2), rel=1e-9)

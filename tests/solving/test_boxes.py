"""Problems on boxes through solve: against closed forms, NumPy's least squares, and the rates that theory gives."""

import itertools
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pinnlite as pl
from pinnlite.solving.boxes import block_elimination, by_boxes
from pinnlite.solving.boxes.block_elimination import Rows, Stopped, solve_blocks
from pinnlite.solving.boxes.box_kinks import kink
from pinnlite.solving.boxes.box_layers import graded, rates
from pinnlite.solving.boxes.box_rows import BoxRows
from pinnlite.solving.choice import Task, Way, ways
from pinnlite.solving.clock import Clock
from pinnlite.solving.refine import Candidate, Result
from pinnlite.solving.solve import _best, _status
from pinnlite.trials.boxes import Boxes, multi_indices
from pinnlite.trials.partition import Partition
from tests.problems.elliptic import (
    CORNER_STATEMENTS,
    CUBIC,
    L_SHAPE,
    LAYER,
    MONGE_AMPERE,
    OUTFLOW,
    PERIODIC,
    POISSON,
    POISSON_3D,
    TORSION,
    around,
    corner,
    torsion,
)
from tests.problems.known import Known

ROUNDING = 1e-13


def chain_of_blocks() -> tuple[list[Rows], dict[int, int]]:
    """Random rows over groups 0 - 1 - 2 - 3 in a ring, more of them than unknowns."""
    generator = torch.Generator().manual_seed(0)
    widths = {0: 3, 1: 2, 2: 4, 3: 1}

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).double()

    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (2,)]
    return [Rows(p, random(5, sum(widths[g] for g in p)), random(5, 2)) for p in pairs], widths


@pytest.mark.parametrize("order", [[[0], [1], [2], [3]], [[3], [1], [0, 2]], [[0, 1, 2, 3]]])
def test_elimination_in_any_order_is_least_squares(order: list[list[int]]) -> None:
    blocks, widths = chain_of_blocks()
    starts = dict(zip(widths, np.cumsum([0, *widths.values()]), strict=False))
    dense = np.zeros((25, 10))
    for i, rows in enumerate(blocks):
        left = 0
        for g in rows.groups:
            dense[5 * i : 5 * i + 5, starts[g] : starts[g] + widths[g]] = rows.matrix[
                :, left : left + widths[g]
            ]
            left += widths[g]
    expected = np.linalg.lstsq(dense, np.concatenate([rows.right for rows in blocks]), rcond=None)[0]
    found = solve_blocks(blocks, widths, order, Clock.started(None))
    assert np.allclose(torch.cat([found[g] for g in widths]), expected, rtol=1e-10)


def test_elimination_stops_when_the_time_is_up() -> None:
    blocks, widths = chain_of_blocks()
    with pytest.raises(Stopped):
        solve_blocks(blocks, widths, [[0], [1], [2], [3]], Clock.started(0.0))


def test_an_elimination_that_would_overrun_the_time_is_not_begun() -> None:
    clock = Clock.started(60.0)
    clock.measured(1.0, 1.0)  # a second for each operation
    blocks, widths = chain_of_blocks()
    with pytest.raises(Stopped):
        solve_blocks(blocks, widths, [[0], [1], [2], [3]], clock)
    assert clock.seconds < 10.0


def test_a_triangle_by_panels_is_that_of_lapack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_elimination, "_WHOLE", 10)
    monkeypatch.setattr(block_elimination, "_PANEL", 7)
    for shape in ((60, 40), (30, 40)):
        matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0)).double()
        found = block_elimination._triangle(matrix.clone(), Clock.started(None))
        assert np.allclose(found.abs(), np.abs(np.linalg.qr(matrix.numpy(), mode="r")), atol=1e-12)
    with pytest.raises(Stopped):
        block_elimination._triangle(torch.ones(60, 40).double(), Clock.started(0.0))


def solved_on(known: Known, halvings: int, degree: int) -> Boxes:
    """One least-squares solve on an even partition."""
    problem = pl.Problem(*known.statements, **known.names)
    low, high = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64).T
    partition = Partition(low[None], high[None])
    for _ in range(halvings):
        partition, _ = partition.halved(torch.ones_like(partition.low, dtype=torch.bool))
    zero = Boxes.zero(partition, degree, problem.unknowns, {})
    return BoxRows(problem, partition, degree, Clock.started(None)).solve(zero).boxes


def error_on(known: Known, halvings: int, degree: int) -> float:
    """Of one least-squares solve on an even partition."""
    boxes = solved_on(known, halvings, degree)
    zeros = (0,) * boxes.partition.low.shape[1]
    return known.error(lambda *x: boxes.partials(torch.stack(x, 1), [("u", zeros)])["u", zeros])


def test_a_smooth_solution_converges_exponentially_with_the_degree() -> None:
    errors = [error_on(POISSON, 0, degree) for degree in (6, 10, 14, 18)]
    factors = [b / a for a, b in itertools.pairwise(errors)]
    assert errors[-1] < ROUNDING
    assert factors[0] > factors[1] > factors[2]  # faster than any fixed factor
    assert factors[0] < 0.05


def test_an_even_partition_converges_with_the_degree_as_its_order() -> None:
    coarse, fine = (error_on(POISSON, halvings, 6) for halvings in (2, 3))
    assert math.log2(coarse / fine) > 6


def test_a_re_entrant_corner_is_resolved() -> None:
    """Even boxes would need (1/error)^(3/2) of them for h^(4/3), a hundred thousand: graded ones do not."""
    X, weights = L_SHAPE.quadrature(4000)
    exact, boxes, errors = corner(*X.T), [], []
    for tol in (1e-2, 1e-3):
        solution = pl.solve(*CORNER_STATEMENTS, on=L_SHAPE, tol=tol)
        true = ((weights * (solution(*X.T) - exact).square()).sum() / (weights * exact.square()).sum()).sqrt()
        assert solution.converged
        assert true.item() < tol
        assert true.item() / 10 < solution.error < 10 * true.item()
        assert isinstance(solution.trial, Boxes)
        boxes.append(len(solution.trial.partition))
        errors.append(true.item())
    assert boxes[1] < 120
    assert math.log(errors[0] / errors[1]) > 3 * math.log(boxes[1] / boxes[0])  # 2/3 where boxes are even


@pytest.mark.parametrize("known", [CUBIC, MONGE_AMPERE, PERIODIC, OUTFLOW, POISSON_3D], ids=lambda k: k.name)
def test_kinds_of_problems(known: Known) -> None:
    solution = pl.solve(*known.statements, tol=1e-6, **known.names)
    assert solution.converged
    assert known.error(solution) < 1e-6


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("-0.01(u_xx + u_yy) + u_x = 1", [[0, 100], [0, 0]]),
        ("0.01(u_xx + u_yy) + u_x - 2u_y = 1", [[100, 0], [0, 200]]),
        ("-0.01(u_xx + u_yy) + 4u = 1", [[20, 20], [20, 20]]),
        ("u_xx + u_yy + 400u = 1", [[0, 0], [0, 0]]),  # waves, not layers
        ("0.01(u_xxxx + 2u_xxyy + u_yyyy) - u_xx = 1", [[10, 10], [0, 0]]),
    ],
)
def test_rates_are_the_roots_of_the_characteristic_equation(
    equation: str, expected: list[list[float]]
) -> None:
    more = ["du/dn = 0 on boundary"] if "u_xxxx" in equation else []
    problem = pl.Problem(equation, "u = 0 on boundary", *more, x=(0, 2), y=(0, 2))
    boxes = Boxes.zero(Partition(torch.zeros(1, 2).double(), 2 * torch.ones(1, 2).double()), 4, ("u",), {})
    assert np.allclose(rates(problem, boxes)[0], expected, atol=1e-3)


def test_boxes_are_halved_towards_a_layer_only() -> None:
    problem = pl.Problem(*LAYER.statements, **LAYER.names)
    boxes = Boxes.zero(Partition(torch.zeros(1, 2).double(), torch.ones(1, 2).double()), 8, ("u",), {})
    partition = graded(problem, boxes).partition
    assert (partition.high[:, 1] - partition.low[:, 1] == 1).all()
    assert sorted(partition.low[:, 0].tolist()) == [0, 0.5, 0.75, 0.875, 0.9375, 0.96875]


@pytest.mark.parametrize("source", ["sqrt(u)", "log(u)", "1/u", "u^1.5"])
def test_sources_that_make_no_sense_at_zero(source: str) -> None:
    """Newton's method has to begin where u is positive, as it is on the boundary."""
    exact = "exp(x + 2*y)"
    solution = pl.solve(
        f"u_xx + u_yy = {source} - {source.replace('u', f'({exact})')} + 5*{exact}",
        *around(exact),
        x=(0, 1),
        y=(0, 1),
    )
    x, y = torch.rand(2, 200, generator=torch.Generator().manual_seed(0)).double()
    truth = torch.exp(x + 2 * y)
    assert solution.converged
    assert ((solution(x, y) - truth).norm() / truth.norm()).item() < 1e-6


def test_an_equation_without_a_value_for_any_first_guess_says_so() -> None:
    solution = pl.solve(
        "u_xx + u_yy = sqrt(-1 - u^2)", "u = 0 on boundary", x=(0, 1), y=(0, 1), trial="legendre"
    )
    assert not solution.converged
    assert "first guess" in solution.status


def test_a_weak_solution_with_a_kink_at_a_cut_is_refused() -> None:
    """|x| balances u_x^2 + u_y = 1 in each of the three boxes of the L, and is not the only one to do so."""
    solution = pl.solve("u_x^2 + u_y = 1", "u = abs(x) on boundary", on=L_SHAPE)
    assert not solution.converged
    assert "kink at x = 0" in solution.status


@pytest.mark.parametrize(
    ("equation", "bends"),
    [
        ("u_x^2 + u_y^2 = 1", True),
        ("abs(u_x) + u_y = 1", True),
        (
            "u*u_x + u_y = 0",
            False,
        ),  # linear in the slope that jumps: |x| / (1 + y) is a solution like any other
        ("u_xx + u_yy = u^2", False),
    ],
)
def test_kinks_are_where_an_equation_is_nonlinear_in_what_jumps(equation: str, bends: bool) -> None:
    """|x| on two boxes that meet at x = 0."""
    low, high = torch.tensor([[[-1, 0], [0, 0]], [[0, 1], [1, 1]]]).double()
    own = torch.zeros(2, len(multi_indices(3, 2))).double()
    own[:, 0], slope = 0.5, multi_indices(3, 2).tolist().index([1, 0])
    own[:, slope] = torch.tensor([-0.5, 0.5])
    sides = ["u = abs(x) on boundary"] if "xx" in equation else ["u(x, 0) = abs(x)"]
    problem = pl.Problem(equation, *sides, x=(-1, 1), y=(0, 1))
    assert (kink(problem, Boxes(Partition(low, high), 3, {"u": own}, {}), 1e-6) is not None) == bends


def test_slopes_alone_and_a_value_at_one_point_are_enough() -> None:
    solution = pl.solve(
        "u_xx + u_yy = -2*pi^2*cos(pi*x)*cos(pi*y)",
        "du/dn = 0 on boundary",
        "u(0, 0) = 0",
        tol=1e-8,
        x=(0, 1),
        y=(0, 1),
    )
    x, y = torch.rand(2, 200, generator=torch.Generator().manual_seed(0)).double()
    exact = torch.cos(math.pi * x) * torch.cos(math.pi * y) - 1
    assert solution.converged
    assert ((solution(x, y) - exact).norm() / exact.norm()).item() < 1e-8


def test_an_unknown_that_is_zero_does_not_hold_up_the_others() -> None:
    """Flow between plates: the velocity across is zero, and its rounding is no error."""
    sides = [
        f"u({face}) = {u}" for face, u in (("0, y", "y^2"), ("1, y", "y^2"), ("x, 0", "0"), ("x, 1", "1"))
    ]
    sides += [f"v({face}) = 0" for face in ("0, y", "1, y", "x, 0", "x, 1")]
    solution = pl.solve(
        "u_xx + u_yy = p_x", "v_xx + v_yy = p_y", "u_x + v_y = 0", *sides, "p(0, 0) = 0", x=(0, 1), y=(0, 1)
    )
    found = solution(torch.tensor(0.3), torch.tensor(0.6))
    assert solution.converged
    assert found["u"].item() == pytest.approx(0.36, rel=1e-6)
    assert found["p"].item() == pytest.approx(0.6, rel=1e-6)


@pytest.mark.parametrize("source", ["0", "1"])
def test_at_an_eigenvalue_nothing_converges(source: str) -> None:
    solution = pl.solve(f"u_xx + u_yy + 2*pi^2*u = {source}", "u = 0 on boundary", x=(0, 1), y=(0, 1))
    assert not solution.converged
    assert "eigenvalue" in solution.status


def torsion_error(solution: pl.Solution) -> float:
    """At a few points, since each costs the sum of a thousand terms."""
    x, y = torch.rand(2, 200, generator=torch.Generator().manual_seed(0)).double()
    exact = torsion(x, y)
    return ((solution(x, y) - exact).norm() / exact.norm()).item()


def test_an_interrupted_solve_gives_its_best_with_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, solve = itertools.count(), by_boxes.gauss_newton

    def interrupted(*arguments: Any) -> Any:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return solve(*arguments)

    monkeypatch.setattr(by_boxes, "gauss_newton", interrupted)
    solution = pl.solve(*TORSION.statements, tol=1e-9, **TORSION.names)
    assert not solution.converged
    assert "interrupted" in solution.status
    true = torsion_error(solution)
    assert true / 10 < solution.error < 100 * true


def test_what_boxes_do_not_resolve_has_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_boxes, "_MOST_UNKNOWNS", {2: 1})
    solution = pl.solve(*TORSION.statements, tol=1e-9, trial="legendre", **TORSION.names)
    assert not solution.converged
    assert "did not resolve" in solution.status
    true = torsion_error(solution)
    assert true / 10 < solution.error < 100 * true


def test_others_follow_where_boxes_fail_and_the_history_says_why() -> None:
    statements, square = ("u_xx + u_yy = -1", "u = 0 on boundary"), {"x": (0, 1), "y": (0, 1)}
    task = Task(pl.Problem(*statements, **square), 1e-6, "auto", 0, Clock.started(None))
    assert [way.kind for way in ways(task, "auto")] == ["Legendre elements", "random features", "network"]
    sought = pl.Problem(
        "k*(u_xx + u_yy) = -1", *statements[1:], pl.data("u", 0.5, 0.5, 0.07), k=pl.Unknown(1.0), **square
    )
    assert len(ways(replace(task, problem=sought), "auto")) == 1
    good = [Candidate(solved_on(TORSION, 0, degree), "good") for degree in (18, 23)]
    choice = [
        Way("one", "the first", lambda: iter([Candidate(None, "nothing", "It is too hard.")])),
        Way("two", "the second", lambda: iter(good)),
    ]
    why = "trying the second, for one did not reach the tolerance: It is too hard."
    for passed in (0.5, 0.9):  # of the time: no other way is begun when a fifth of it is left
        clock = Clock(1000.0, time.perf_counter() - 1000.0 * passed)
        kind, _, history, _ = _best(choice, task.problem, None, 0.1, clock)
        assert kind == ("two" if passed < 0.8 else "one")
        assert (why in history) == (passed < 0.8)


def test_the_last_doubt_is_told_and_does_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elements agreed where the equation is not balanced, and nothing else was found: the doubt is theirs alone."""
    doubted = Result(
        Candidate(None, "elements"), math.inf, ("elements",), doubt="It is not balanced at x = 1"
    )
    failed = Result(Candidate(None, "network", "It is too hard.", (0, 0.5)), math.inf, ("network",))
    found = iter([doubted, failed])
    monkeypatch.setattr("pinnlite.solving.solve.refine", lambda *_: next(found))
    choice, clock = [Way(name, name, lambda: iter([])) for name in ("one", "two")], Clock.started(None)
    problem = pl.Problem("u' = u", "u(0) = 1", x=(0, 1))
    _, best, _, told = _best(choice, problem, None, 1e-3, clock)
    assert (best.doubt, told) == (None, doubted.doubt)
    assert _status(best, told, 1e-3, clock, problem) == "It is too hard. It is not balanced at x = 1."


def test_a_parameter_is_found_from_observations() -> None:
    """u_xx + k u_yy = 0 for u = exp(2x) sin(y), so that k = 4."""
    X = torch.tensor([[0.3, 0.4], [0.6, 0.5], [0.5, 0.8]]).double()
    solution = pl.solve(
        "u_xx + k*u_yy = 0",
        "u(0, y) = sin(y)",
        "u(1, y) = exp(2)*sin(y)",
        "u(x, 0) = 0",
        "u(x, 1) = exp(2x)*sin(1)",
        pl.data("u", X[:, 0], X[:, 1], torch.exp(2 * X[:, 0]) * torch.sin(X[:, 1])),
        x=(0, 1),
        y=(0, 1),
        k=pl.Unknown(1.0),
    )
    assert solution.converged
    assert solution.unknowns["k"] == pytest.approx(4.0, rel=1e-6)


def test_observations_that_scatter_fit_a_parameter_in_least_squares() -> None:
    """k u is fixed by the equation, so that least squares are a mean; the degree must not follow the scatter."""
    x, y = torch.tensor([0.2, 0.5, 0.7]).double(), torch.tensor([0.3, 0.6, 0.4]).double()
    shape = torch.sin(math.pi * x) * torch.sin(math.pi * y)
    seen = shape / 2.5 + 0.03 * torch.tensor([1.0, -1.0, 0.5]).double()
    solution = pl.solve(
        "k*(u_xx + u_yy) = -2*pi^2*sin(pi*x)*sin(pi*y)",
        "u = 0 on boundary",
        pl.data("u", x, y, seen),
        x=(0, 1),
        y=(0, 1),
        k=pl.Unknown(1.0, positive=True),
        tol=1e-7,
    )
    assert solution.converged, solution.status
    assert 1 / solution.unknowns["k"] == pytest.approx((seen @ shape / (shape @ shape)).item(), rel=1e-7)


def test_observations_that_say_nothing_of_a_parameter_are_told_so() -> None:
    """Zero where zero is prescribed."""
    solution = pl.solve(
        "u_xx + u_yy = -exp(k)*exp(x)",
        "u = 0 on boundary",
        pl.data("u", [0.0, 1.0], [0.5, 0.3], [0.0, 0.0]),
        x=(0, 1),
        y=(0, 1),
        k=pl.Unknown(1.0),
        tol=1e-2,
    )
    assert not solution.converged
    assert "no solution or many" in solution.status
    assert len(solution.history) == 2  # no other partition is tried


def test_a_solution_on_boxes_is_saved_and_loaded(tmp_path: Path) -> None:
    solution = pl.solve(*TORSION.statements, tol=1e-3, **TORSION.names)
    solution.save(tmp_path / "bar.safetensors")
    x, y = torch.rand(2, 20, generator=torch.Generator().manual_seed(0)).double()
    assert torch.equal(pl.load(tmp_path / "bar.safetensors")(x, y), solution(x, y))


def test_beyond_the_last_solution_newton_is_given_up() -> None:
    """u_xx + u_yy + k exp(u) = 0 has none for k > 6.808 (G. Bratu)."""
    solution = pl.solve(
        "u_xx + u_yy + 8*exp(u) = 0", "u = 0 on boundary", x=(0, 1), y=(0, 1), tol=1e-2, trial="legendre"
    )
    assert not solution.converged
    assert "no solution" in solution.status

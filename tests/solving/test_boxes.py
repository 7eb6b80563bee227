"""Problems on boxes through solve: against closed forms, NumPy's least squares, and the rates that theory gives."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import pinnlite as pl
from pinnlite.solving.boxes.block_elimination import Rows, Stopped, solve_blocks
from pinnlite.solving.boxes.box_layers import graded, rates
from pinnlite.solving.boxes.box_rows import BoxRows
from pinnlite.solving.clock import Clock
from pinnlite.trials.boxes import Boxes
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
    corner,
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


def error_on(known: Known, halvings: int, degree: int) -> float:
    """Of one least-squares solve on an even partition."""
    problem = pl.Problem(*known.statements, **known.names)
    low, high = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64).T
    partition = Partition(low[None], high[None])
    for _ in range(halvings):
        partition, _ = partition.halved(torch.ones_like(partition.low, dtype=torch.bool))
    zero = Boxes.zero(partition, degree, problem.unknowns, {})
    boxes = BoxRows(problem, partition, degree, Clock.started(None)).solve(zero).boxes
    zeros = (0,) * len(low)
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


def test_a_solution_on_boxes_is_saved_and_loaded(tmp_path: Path) -> None:
    solution = pl.solve(*TORSION.statements, tol=1e-3, **TORSION.names)
    solution.save(tmp_path / "bar.safetensors")
    x, y = torch.rand(2, 20, generator=torch.Generator().manual_seed(0)).double()
    assert torch.equal(pl.load(tmp_path / "bar.safetensors")(x, y), solution(x, y))

"""Networks in several coordinates: hidden layers are trained, the answer is checked, time is kept."""

import pytest
import torch

import pinnlite as pl
from pinnlite.solving.by_network_field import candidates
from pinnlite.solving.clock import Clock
from tests.problems.known import Known
from tests.problems.regions import ROBIN, SQUARE
from tests.test_calibration import assert_honest


@pytest.mark.parametrize("known", [SQUARE, ROBIN], ids=lambda k: k.name)
def test_closed_forms(known: Known) -> None:
    solution = pl.solve(*known.statements, tol=1e-4, trial="network", **known.names)
    assert solution.kind == "network"
    assert_honest(known, solution, 1.2e-4)


def test_hidden_layers_are_trained() -> None:
    """Two networks of one seed: where the hidden layer is left as drawn its weights are those of the draw."""
    problem = pl.Problem(*SQUARE.statements, **SQUARE.names)
    trained, drawn = (
        next(candidates(problem, 1e-4, method, 0, Clock.started(None))).trial
        for method in ("auto", pl.Descent(torch.optim.SGD, steps=1, lr=1e-300))
    )
    moved = (trained.inner.module[0].weight - drawn.inner.module[0].weight).abs().max()
    assert moved > 1e-3


def test_time_is_kept_and_nothing_half_trained_is_called_a_solution() -> None:
    solution = pl.solve(
        "u_t + u*u_x = 0.01*u_xx", "u(x, 0) = -sin(pi*x)", "u(-1, t) = 0", "u(1, t) = 0",
        x=(-1, 1), t=(0, 1), tol=1e-8, trial="network", time_limit=4,
    )  # fmt: skip
    assert not solution.converged
    assert solution.seconds < 12  # one step of the method, on a machine that does other things besides

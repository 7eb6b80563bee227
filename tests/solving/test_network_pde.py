"""Networks in several coordinates: hidden layers are trained, conditions hold, estimates are honest."""

from pathlib import Path

import pytest
import torch
from torch import nn

import pinnlite as pl
from pinnlite.models.networks import Elementwise
from pinnlite.solving.clock import Clock
from pinnlite.solving.features.families import Family
from pinnlite.solving.networks.by_network import _wide
from pinnlite.solving.residuals import Method
from pinnlite.trials.buildable import buildable, left_over
from pinnlite.trials.lifted import Lifted
from pinnlite.trials.module import ModuleTrial
from tests.problems.evolution import burgers
from tests.problems.known import Known
from tests.problems.regions import HELMHOLTZ, ROBIN, SQUARE
from tests.test_calibration import assert_honest

SMOOTH_BURGERS = Known(
    "Burgers, nu = 0.05",
    ("u_t + u*u_x = 0.05*u_xx", "u(x, 0) = -sin(pi*x)", "u(-1, t) = 0", "u(1, t) = 0"),
    {"x": (-1, 1), "t": (0, 1)},
    burgers(0.05),
)


def test_a_condition_that_is_not_built_in() -> None:
    solution = pl.solve(*ROBIN.statements, tol=1e-4, trial="network", **ROBIN.names)
    assert solution.kind == "network"
    assert_honest(ROBIN, solution, 1.2e-4)


def phases(method: str | Method) -> tuple[torch.Tensor, list[float]]:
    """The hidden weights of a wide network, and what its output layer, all its layers, its output layer leave."""
    problem, generator = (
        pl.Problem(*HELMHOLTZ.statements, **HELMHOLTZ.names),
        torch.Generator().manual_seed(0),
    )
    wide = _wide(problem, Family("sin", 8.0), 80, method, generator, Clock.started(None))
    weights = wide.trial.inner.module[0].weight  # type: ignore[union-attr]
    return weights, [float(residual) for residual in wide.note.split("after each: ")[1].split(", ")]


def test_hidden_layers_are_trained_and_that_helps() -> None:
    """Two networks of one seed: where the hidden layer is left as drawn its weights are those of the draw."""
    trained, by_phase = phases("auto")
    drawn, without = phases(pl.Descent(torch.optim.SGD, steps=1, lr=1e-300))
    assert (trained - drawn).abs().max() > 1e-3
    assert by_phase[0] == without[0]
    assert by_phase[0] > by_phase[1] >= by_phase[2]
    assert by_phase[2] < 0.5 * without[2]


def test_a_network_that_is_hardly_trained_is_not_called_a_solution() -> None:
    """Its snapshots would agree with each other: one step of a thousandth moves nothing."""
    known = SMOOTH_BURGERS
    slow = pl.Descent(torch.optim.SGD, steps=1, lr=1e-12)
    solution = pl.solve(
        *known.statements, tol=1e-2, trial="network", method=slow, time_limit=5, **known.names
    )
    assert not solution.converged
    assert solution.error > 0.01


@pytest.mark.parametrize("known", [SQUARE, ROBIN], ids=lambda k: k.name)
def test_a_module_of_the_user_in_two_coordinates(known: Known, tmp_path: Path) -> None:
    """On a box with conditions built in and measured by elements; on a disk with rows, measured by features."""
    module = pl.MLP(2, 1, width=10, depth=2, generator=torch.Generator().manual_seed(1))
    method = pl.GaussNewton(steps=30)
    solution = pl.solve(*known.statements, tol=1e-3, trial=module, method=method, **known.names)
    assert solution.kind == "module"
    assert isinstance(solution.trial, Lifted) == (known is SQUARE)
    assert_honest(known, solution, 1e-3)
    solution.save(tmp_path / "module.safetensors")
    assert known.error(pl.load(tmp_path / "module.safetensors")) == known.error(solution)


def test_huge_coefficients_that_cancel_are_no_dependence_of_rows() -> None:
    """Rounding goes by the place of a row; of such a network a look at the rows says that they are coupled."""
    generator = torch.Generator().manual_seed(0)
    first, head = nn.Linear(2, 50, dtype=torch.float64), nn.Linear(50, 1, dtype=torch.float64)
    with torch.no_grad():
        first.weight.normal_(0.0, 1e-3, generator=generator)
        head.weight.copy_(1e14 * torch.tensor([1.0, -1.0]).repeat(25))
        first.weight[1::2], first.bias[1::2] = first.weight[::2], first.bias[::2]
    trial = ModuleTrial(nn.Sequential(first, Elementwise("tanh"), head), ("u",))
    X = torch.rand(64, 2, generator=generator, dtype=torch.float64)
    found = trial.partials(X, [("u", (1, 0))])["u", (1, 0)]
    assert found.shape == (64,)
    assert found.isfinite().all()


class TestWhatIsBuiltIn:
    """The lift against values that are given, and what cannot be built in left to rows."""

    def of(self, *statements: str, **names: object) -> tuple[pl.Problem, int]:
        problem = pl.Problem(*statements, **names)
        return problem, len(left_over(problem, buildable(problem)))

    def test_slopes_at_the_start(self) -> None:
        """u = 0 and u_t = pi sin(pi x) at the start are kept whatever the network is, and its gradient is right."""
        wave = ("u_tt = u_xx", "u(x, 0) = 0", "u_t(x, 0) = pi*sin(pi*x)", "u(0, t) = 0", "u(1, t) = t*0")
        problem, left = self.of(*wave, x=(0, 1), t=(0, 1))
        assert left == 0
        module = pl.MLP(2, 1, width=5, depth=2, generator=torch.Generator().manual_seed(0))
        trial = Lifted(ModuleTrial(module, ("u",)), problem, buildable(problem))
        X = torch.rand(20, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        X[:, 1] = 0.0
        found = trial.partials(X, [("u", (0, 0)), ("u", (0, 1))])
        assert found["u", (0, 0)].abs().max() < 1e-14
        assert (found["u", (0, 1)] - torch.pi * torch.sin(torch.pi * X[:, 0])).abs().max() < 1e-13

    def test_values_on_three_sides(self) -> None:
        problem, left = self.of(*SMOOTH_BURGERS.statements, **SMOOTH_BURGERS.names)
        assert left == 0
        module = pl.MLP(2, 1, width=5, depth=2, generator=torch.Generator().manual_seed(0))
        trial = Lifted(ModuleTrial(module, ("u",)), problem, buildable(problem))
        s = torch.linspace(-1, 1, 101, dtype=torch.float64)
        for x, t, u in ((s, 0 * s, -torch.sin(torch.pi * s)), (-s / s, 1 + s, 0 * s), (s / s, 1 + s, 0 * s)):
            assert (
                trial.partials(torch.stack([x, t], 1), [("u", (0, 0))])["u", (0, 0)] - u
            ).abs().max() < 1e-14

    def test_kinks_corners_and_other_kinds_stay_rows(self) -> None:
        heat = ("u_t = u_xx", "u(0, t) = 0", "u(1, t) = 0")
        domain = {"x": (0, 1), "t": (0, 1)}
        assert self.of(*heat, "u(x, 0) = 0.5 - abs(x - 0.5)", **domain)[1] == 3
        assert self.of(*heat, "u(x, 0) = 1", **domain)[1] == 3
        # PyTorch knows no derivative of it.
        start = pl.condition(lambda u, x: u - torch.special.bessel_j1(3.83170597020751 * x), t=0)
        assert self.of(*heat, start, **domain)[1] == 3
        assert self.of("u_t = u_xx", "u(0, t) = 0", "u_x(1, t) = 0", "u(x, 0) = x*(2-x)", **domain)[1] == 1

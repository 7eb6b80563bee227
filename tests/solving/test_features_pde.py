"""Random features in several coordinates: closed forms, systems, Neumann, time, files, bad ends."""

from pathlib import Path

import pytest
import torch

import pinnlite as pl
from pinnlite.differentiation.operators import partials
from pinnlite.models.features import RandomFeatures
from pinnlite.solving import clock
from pinnlite.solving.features import by_march, feature_slab
from pinnlite.solving.methods.damped import DampedLinearization
from pinnlite.solving.methods.least_squares import DenseLinearization
from pinnlite.solving.methods.triangle import Factored, TriangularLinearization
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.ridge import Ridge
from tests.problems.regions import NONLINEAR, ROBIN
from tests.test_calibration import assert_honest


def grid() -> torch.Tensor:
    return torch.cartesian_prod(*[torch.linspace(0.03, 0.97, 23, dtype=torch.float64)] * 2)


@pytest.mark.parametrize("activation", ["sin", "tanh"])
def test_partials_and_jacobian_of_ridge_functions(activation: str) -> None:
    generator = torch.Generator().manual_seed(0)
    features = RandomFeatures(2, 1, 7, activation=activation, generator=generator)
    trial = Ridge(features, ["u", "v"])
    trial.coefficients.data.normal_(generator=generator)
    X, indices = grid()[:9], [(0, 0), (1, 0), (1, 1), (0, 2), (2, 1)]
    by_engine = partials(features.features, X, indices, engine="autograd")
    found = trial.partials(X, [(u, index) for u in ("u", "v") for index in indices])
    for index in indices:
        expected = by_engine[index] @ trial.coefficients
        torch.testing.assert_close(found["v", index], expected[:, 1], rtol=1e-11, atol=1e-11)
    weights = {("u", (2, 1)): X[:, 0], ("v", (1, 0)): X[:, 1], ("v", (0, 0)): X[:, 0]}
    row = torch.stack([(weight * found[key]).sum() for key, weight in weights.items()]).sum()
    (gradient,) = torch.autograd.grad(row, trial.parameters)
    torch.testing.assert_close(
        trial.jacobian(X, weights).sum(0), gradient.reshape(-1), rtol=1e-11, atol=1e-11
    )


def test_gradients_by_layers_are_those_row_by_row() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4), torch.nn.SiLU(), torch.nn.Linear(4, 2)
    ).double()
    trial = ModuleTrial(network, ["u", "v"])
    X = grid()[:11]
    weights = {("u", (2, 0)): X[:, 0], ("v", (1, 1)): X[:, 1], ("u", (0, 0)): X[:, 1]}
    torch.testing.assert_close(
        trial.jacobian(X, weights), trial._row_by_row(X, weights), rtol=1e-12, atol=1e-12
    )


def test_weights_that_are_shared_beyond_linear_layers_are_not_missed() -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 2).double()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (torch.tanh(self.layer(x)) @ self.layer.weight)[:, :1]

    torch.manual_seed(0)
    trial, X = ModuleTrial(Tied(), ["u"]), grid()[:5]
    weights = {("u", (2, 0)): X[:, 0]}
    torch.testing.assert_close(
        trial.jacobian(X, weights), trial._row_by_row(X, weights), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
@pytest.mark.parametrize("kind", [TriangularLinearization, DampedLinearization])
@pytest.mark.parametrize("damping", [1e-2, 1e-6, 1e-12])
def test_steps_are_those_of_the_singular_values(
    shape: tuple[int, int], kind: type[TriangularLinearization], damping: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    jacobian = torch.randn(shape, generator=generator, dtype=torch.float64)
    rows = torch.randn(shape[0], generator=generator, dtype=torch.float64)
    relative = damping * (jacobian.norm() / torch.linalg.matrix_norm(jacobian, 2)).square().item()
    expected = DenseLinearization(rows, jacobian).step(relative)
    torch.testing.assert_close(kind(rows, jacobian).step(damping), expected, rtol=1e-6, atol=1e-8)


def test_a_nonlinear_equation() -> None:
    solution = pl.solve(*NONLINEAR.statements, tol=1e-3, trial="features", **NONLINEAR.names)
    assert solution.kind == "random features"
    assert_honest(NONLINEAR, solution, 1.2e-3)


def test_neumann_condition_and_a_system() -> None:
    """u = exp(x) cos(y) and its conjugate v = exp(x) sin(y), by the Cauchy-Riemann equations."""
    solution = pl.solve(
        "u_x = v_y",
        "u_y = -v_x",
        "u = exp(x)*cos(y) on boundary",
        "v(0, 0) = 0",
        on=pl.Disk((0, 0), 1),
        tol=1e-7,
        trial="features",
    )
    assert solution.converged
    x, y = torch.tensor([0.3, -0.5, 0.1]), torch.tensor([0.2, 0.4, -0.8])
    v = solution(x, y)["v"]
    torch.testing.assert_close(v, torch.exp(x.double()) * torch.sin(y.double()), rtol=0, atol=1e-6)


def test_a_region_is_solved_on_without_being_told_how(tmp_path: Path) -> None:
    """A quarter of a disk, whose two straight sides are insulated: u = 1 - r^2 by the flux; saved and read again."""
    solution = pl.solve(
        "u_xx + u_yy = -4",
        "u = 1 - x^2 - y^2 on boundary",
        on=pl.Disk((0, 0), 1) & pl.Box((0, 2), (0, 2)),
        tol=1e-9,
    )
    assert solution.converged, solution.status
    assert solution.kind == "random features"
    x = torch.tensor([0.1, 0.5], dtype=torch.float64)
    torch.testing.assert_close(solution(x, x), 1 - 2 * x**2, rtol=0, atol=1e-8)
    solution.save(tmp_path / "u.safetensors")
    assert torch.equal(pl.load(tmp_path / "u.safetensors")(x, x), solution(x, x))


def test_the_same_seed_gives_the_same_solution() -> None:
    first, second = (pl.solve(*ROBIN.statements, tol=1e-4, trial="features", **ROBIN.names) for _ in range(2))
    x = torch.tensor([0.1, 0.5], dtype=torch.float64)
    assert torch.equal(first(x, x), second(x, x))


def test_a_march_begins_nothing_that_overruns_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slab of a nonlinear equation takes several matrices; each takes ten seconds here."""
    seconds = 0.0

    def factored(triangle: torch.Tensor) -> Factored:
        nonlocal seconds
        seconds += 10.0
        return Factored(triangle)

    monkeypatch.setattr(clock.time, "perf_counter", lambda: seconds)
    monkeypatch.setattr(feature_slab, "Factored", factored)
    monkeypatch.setattr(feature_slab, "_SLOW", 0.0)  # every step of Newton's method wants a matrix
    front = "1/(1 + exp(10*({})))".format
    problem = pl.Problem(
        "u_t + u*u_x + u*u_y = 0.05*(u_xx + u_yy)",
        f"u(x, y, 0) = {front('x + y')}",
        f"u = {front('x + y - t')} on boundary",
        x=(0, 1),
        y=(0, 1),
        t=(0, 1),
    )
    (candidate,) = by_march.candidates(problem, 1e-5, 0, clock.Clock.started(15.0))
    assert candidate.failure is not None
    assert "time limit" in candidate.failure
    assert seconds <= 15.0

"""The self-scaled Broyden method: its update against the Hessian's form of it, its minima, its pace against others."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize
from torch import Tensor

import pinnlite as pl
from pinnlite.errors import ProblemError
from pinnlite.solving.methods.self_scaled_broyden import _family, _InverseHessian
from tests.problems.ordinary import bratu
from tests.solving.test_methods import Rows, cubic, rosenbrock


def steps_to(rows: Rows, loss: float) -> int:
    return next(step for step, value in rows.history if value < loss)


def orthogonal(size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]


def random_positive(size: int, seed: int) -> Tensor:
    Q = orthogonal(size, seed)
    H = Q @ torch.diag(torch.logspace(-2, 2, size, dtype=torch.float64)) @ Q.T
    return (H + H.T) / 2


@pytest.mark.parametrize("seed", range(5))
def test_update_is_the_inverse_of_the_updated_hessian(seed: int) -> None:
    """B <- tau (B - B s s^T B / s^T B s + theta s^T B s w w^T) + y y^T / y^T s, in NumPy, and its inverse."""
    generator = torch.Generator().manual_seed(seed)
    size = 8
    H = random_positive(size, seed)
    true = random_positive(size, seed + 100)
    s = torch.randn(size, generator=generator, dtype=torch.float64)
    y = true @ s
    B = torch.linalg.inv(H).numpy()
    S, Y = s.numpy(), y.numpy()
    ys, sBs, yHy = Y @ S, S @ B @ S, Y @ H.numpy() @ Y
    a, b = sBs * yHy / ys**2 - 1, sBs / ys
    phi, tau = _family(b, yHy / ys, size)
    theta = (1 - phi) / (1 + a * phi)
    w = Y / ys - B @ S / sBs
    updated = tau * (B - np.outer(B @ S, B @ S) / sBs + theta * sBs * np.outer(w, w)) + np.outer(Y, Y) / ys

    inverse = _InverseHessian()
    inverse._H = H.clone()
    inverse.learn(s, y, float(sBs))
    np.testing.assert_allclose(inverse._H.numpy(), np.linalg.inv(updated), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose((inverse._H @ y).numpy(), S, rtol=1e-10)  # the secant equation
    torch.testing.assert_close(inverse._H, inverse._H.T, rtol=0, atol=0)
    assert np.linalg.eigvalsh(inverse._H.numpy()).min() > 0


def test_family_where_it_is_known() -> None:
    """b: how much more curvature H foresaw along the step than there was; h: how much larger H is along y."""
    assert _family(1.0, 2.0, 1000) == (1.0, 1.0)  # foreseen rightly: Broyden, Fletcher, Goldfarb and Shanno
    phi, tau = _family(0.5, 2.2, 10**9)  # too little foreseen: Davidon, Fletcher and Powell, no scale
    assert (phi, tau) == (0.0, pytest.approx(1.0))
    # H y parallel to s, where phi has no meaning, and too much foreseen: the scale that corrects it.
    assert _family(4.0, 0.25, 1000)[1] == pytest.approx(0.25)


def test_reaches_minima_to_rounding() -> None:
    rows = Rows(rosenbrock, [-1.2, 1.0])
    pl.SelfScaledBroyden().minimize(rows, rows.monitor)
    np.testing.assert_allclose(rows.p.detach().numpy(), [1.0, 1.0], rtol=1e-13)
    rows = Rows(cubic, [0.0] * 4)
    pl.SelfScaledBroyden().minimize(rows, rows.monitor)
    x = np.linspace(-np.pi, np.pi, 200)
    best = np.linalg.lstsq(np.vander(x, 4, increasing=True), np.sin(x), rcond=None)[0]
    np.testing.assert_allclose(rows.p.detach().numpy(), best, atol=1e-13)


def test_one_parameter() -> None:
    rows = Rows(lambda p: torch.exp(200 * p) - 1, [-0.02])
    pl.SelfScaledBroyden().minimize(rows, rows.monitor)
    assert abs(rows.p.item()) < 1e-14


def test_fewer_steps_than_scipys_bfgs_where_curvature_is_overestimated() -> None:
    """A quadratic of 50 variables, its Hessian's eigenvalues from 2e-4 to 2 along random axes."""
    A = torch.logspace(-2, 0, 50, dtype=torch.float64)[:, None] * orthogonal(50, 0)
    rows = Rows(lambda p: A @ (p - 1), [0.0] * 50)
    pl.SelfScaledBroyden().minimize(rows, rows.monitor)
    np.testing.assert_allclose(rows.p.detach().numpy(), np.ones(50), atol=1e-12)
    M = A.numpy()
    losses: list[float] = []
    optimize.minimize(
        lambda p: float(np.sum((M @ (p - 1)) ** 2)),
        np.zeros(50),
        jac=lambda p: 2 * M.T @ (M @ (p - 1)),
        method="BFGS",
        options={"gtol": 1e-12},
        callback=lambda p: losses.append(float(np.sum((M @ (p - 1)) ** 2))),
    )
    theirs = next(step for step, loss in enumerate(losses, 1) if loss < 1e-10)
    assert steps_to(rows, 1e-10) < 0.5 * theirs


def network(p: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """u = sum a tanh(w x + b) over twenty neurons, and u'' by hand."""
    a, w, b = p.reshape(3, 20)
    t = torch.tanh(x[:, None] * w + b)
    return t @ a, (-2 * t * (1 - t * t) * w * w) @ a


def physics(p: Tensor) -> Tensor:
    """Rows of u'' + exp(u) = 0, u(0) = u(1) = 0."""
    u, u_xx = network(p, (torch.arange(40, dtype=torch.float64) + 0.5) / 40)
    ends, _ = network(p, torch.tensor([0.0, 1.0], dtype=torch.float64))
    return torch.cat([(u_xx + u.exp()) / math.sqrt(40), ends])


@pytest.mark.parametrize("seed", [0, 1])
def test_goes_further_than_bfgs_on_a_physics_informed_loss(seed: int) -> None:
    """L-BFGS that remembers every step is BFGS. Measured on four starts: 21 to 2000 times less in 120 steps."""
    start = torch.randn(60, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).tolist()
    ours, theirs = Rows(physics, start), Rows(physics, start)
    pl.SelfScaledBroyden(steps=120).minimize(ours, ours.monitor)
    pl.LBFGS(steps=120, memory=120).minimize(theirs, theirs.monitor)
    assert ours.history[-1][1] < 0.1 * theirs.history[-1][1]
    x = torch.linspace(0, 1, 101, dtype=torch.float64)
    u, _ = network(ours.p.detach(), x)
    assert (u - bratu(x)["u"]).abs().max() < 1e-5


def test_refusals() -> None:
    with pytest.raises(ProblemError, match="steps must be at least 1, got 0"):
        pl.SelfScaledBroyden(steps=0)
    rows = Rows(lambda p: p, [0.0] * 20_001)
    with pytest.raises(ProblemError, match=r"a matrix of 20001 x 20001 numbers.*use LBFGS\(\)"):
        pl.SelfScaledBroyden().minimize(rows, rows.monitor)


def test_stops_at_the_minimum_and_when_told() -> None:
    rows = Rows(rosenbrock, [1.0, 1.0])
    pl.SelfScaledBroyden().minimize(rows, rows.monitor)
    assert rows.history == [(0, 0.0)]
    rows = Rows(rosenbrock, [-1.2, 1.0])
    pl.SelfScaledBroyden().minimize(rows, lambda step, loss: step == 3)
    assert 0 < rosenbrock(rows.p).square().sum().item() < rosenbrock(torch.tensor(rows.start)).square().sum()

"""The examples of what users bring: true errors of their networks, against bounds set by several starts; a region."""

import math

import pytest
import torch

import pinnlite as pl
from tests.examples.running import example, shown
from tests.problems.ordinary import bratu


def test_own_network() -> None:
    """2e-5 to 3e-4 from three starts after L-BFGS, 2e-1 and more after Adam."""
    own = example("own_network")
    x = torch.linspace(0, 1, 50, dtype=torch.float64)
    torch.testing.assert_close(own["exact"](x), bratu(x)["u"], rtol=1e-13, atol=1e-15)
    errors = shown(own["main"])()
    assert errors["L-BFGS"] < 1e-4 < errors["Adam"] < 1


def test_own_network_pde() -> None:
    """Loss 2e-6 to 6e-6 and errors 1e-3 to 2e-3 from three starts."""
    own = example("own_network_pde")
    problem = pl.Problem(own["EQUATION"], "u = 0 on boundary", on=pl.Disk((0, 0), 1))
    rows = problem.residuals(own["exact"], problem.sample(50))
    assert max(row.abs().max().item() for row in rows.values()) < 1e-13
    found = shown(own["main"])()
    assert 0 < found["loss"] < 1e-5
    assert found["error"] < 3e-3


def test_own_laplacian() -> None:
    """4e-4 to 5e-4 from three starts."""
    own = example("own_laplacian")
    X = own["ball"](3000, 3, torch.Generator().manual_seed(0))
    # Uniform in the ball: the share within radius r is r^3, the mean square of a coordinate 1/5, to 1 / sqrt(3000).
    assert (X.norm(dim=1) < 0.5).double().mean().item() == pytest.approx(1 / 8, abs=0.02)
    torch.testing.assert_close(X.T @ X / 3000, torch.eye(3).double() / 5, rtol=0, atol=0.02)
    assert shown(own["main"])()["error"] < 1e-3


def test_own_domain() -> None:
    own = example("own_domain")
    found = shown(own["main"])()
    assert found["exact"] == pytest.approx(math.pi * 8 / 5)
    assert found["stiffness"] == pytest.approx(found["exact"], rel=1e-6)


def test_own_domain_with_normals_and_in_time() -> None:
    """u = exp(x) cos(y) is harmonic, here about a hole; u_t = u_xx + u_yy - u leaves exp(x) as it is."""
    ellipse = example("own_domain")["Ellipse"](1.2, 0.8)
    x, y = torch.tensor([0.7, -0.6]).double(), torch.tensor([-0.4, 0.5]).double()
    slope = "exp(x)*(cos(y)*x/1.44 - sin(y)*y/0.64)/sqrt(x^2/1.44^2 + y^2/0.64^2)"
    solution = pl.solve(
        "u_xx + u_yy = 0",
        f"u + du/dn = exp(x)*cos(y) + {slope} on rim",
        "u = exp(x)*cos(y) on hole",
        on=ellipse - pl.Disk((0, 0), 0.3, name="hole"),
        tol=1e-6,
    )
    assert solution.converged, solution.status
    torch.testing.assert_close(solution(x, y), torch.exp(x) * torch.cos(y), rtol=0, atol=1e-6)
    growing = ("u_t = u_xx + u_yy - u", "u = exp(x) on rim", "u(x, y, 0) = exp(x)")
    solution = pl.solve(*growing, on=ellipse, t=(0, 1), tol=1e-4)
    assert solution.converged, solution.status
    torch.testing.assert_close(solution(x, y, 0 * x + 0.5), torch.exp(x), rtol=0, atol=1e-3)

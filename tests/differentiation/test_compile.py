"""torch.compile of a loss and of legendre, in a process of their own: the annotation checks get in its way."""

import subprocess
import sys

SCRIPT = """
import torch
from torch import nn

import pinnlite as pl

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).double()
X = torch.rand(20, 2, dtype=torch.float64)


def u(X):
    x = X[:, 0:1]
    return x * (1 - x) * net(X) + nn.functional.silu(X[:, 1:])


def loss(X, engine="auto"):
    found = pl.partials(u, X, [(0, 0), (1, 0), (0, 1), (2, 0)], engine=engine)
    burgers = found[0, 1] + found[0, 0] * found[1, 0] - 0.01 * found[2, 0]
    return burgers.square().mean() + pl.laplacian(u, X, engine=engine).square().mean()


def value_and_gradient(function, **options):
    value = function(X, **options)
    return [value, *torch.autograd.grad(value, list(net.parameters()), allow_unused=True)]


compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
for a, b in zip(value_and_gradient(compiled), value_and_gradient(loss, engine="autograd"), strict=True):
    if a is not None:
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-12)
print("agreed")

x = torch.tensor([-1.0, -0.3, 0.4, 1.7], dtype=torch.float64, requires_grad=True)


def series(z):
    return pl.legendre(0.1 + z, 5).square().sum()


def curve(z):
    return torch.func.grad(lambda w: torch.func.grad(series)(w).sum())(z)


compiled = torch.compile(series, fullgraph=True, backend="eager")(x)
(slope,) = torch.autograd.grad(compiled, x)
p, dp, ddp = (pl.legendre(0.1 + x.detach(), 5, k) for k in range(3))
torch.testing.assert_close(compiled.detach(), p.square().sum())
torch.testing.assert_close(slope, 2 * p * dp)
second = torch.compile(curve, fullgraph=True, backend="eager")(x.detach())
torch.testing.assert_close(second, 2 * dp * dp + 2 * p * ddp)
print("agreed")
"""


def test_a_physics_informed_loss_and_legendre_compile_to_one_graph() -> None:
    """Values and gradients by weights equal those of nested autograd, which torch.compile refuses to trace."""
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=300)
    assert run.stdout == "agreed\nagreed\n", run.stderr

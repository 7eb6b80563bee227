"""
A network and a loop of your own
================================

``problem.sample`` draws points, ``problem.residuals`` tells how far a network is from solving the problem there, one
row for each statement. What follows is ordinary PyTorch: any module, any optimizer, any weights between the rows.
Here Bratu's equation. L-BFGS takes up to 20 steps in each call; its default tolerances would end it at 1e-4. The
network has one input for each coordinate and one output for each of ``problem.unknowns``. For ``k=pl.Unknown(1.0)``
make k a tensor with ``requires_grad=True``, for the optimizer and for ``problem.residuals(net, points, k=k)``.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn

import pinnlite as pl


def exact(x: torch.Tensor) -> torch.Tensor:
    theta = 1.5171645990507543  # the smaller root of theta = sqrt(2) cosh(theta / 4)
    return -2 * torch.log(torch.cosh((x - 0.5) * theta / 2) / math.cosh(theta / 4))


def main(seed: int = 0) -> dict[str, float]:
    torch.manual_seed(seed)
    problem = pl.Problem("u'' + exp(u) = 0", "u(0) = 0", "u(1) = 0", x=(0, 1))
    points = problem.sample(64, seed=seed)
    net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1)).double()

    def loss() -> torch.Tensor:
        return sum(row.square().mean() for row in problem.residuals(net, points).values())

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        (value := loss()).backward()
        return value

    x = torch.linspace(0, 1, 1001, dtype=torch.float64)[:, None]
    axes = plt.figure(layout="constrained").subplots()
    errors = {}
    tight = {"tolerance_grad": 1e-14, "tolerance_change": 1e-16, "line_search_fn": "strong_wolfe"}
    for name, optimizer, steps in (
        ("Adam", torch.optim.Adam(net.parameters(), lr=5e-3), 50),
        ("L-BFGS", torch.optim.LBFGS(net.parameters(), max_iter=20, **tight), 8),
    ):
        for _ in range(steps):
            optimizer.step(closure)
        with torch.no_grad():
            errors[name] = float((net(x) - exact(x)).norm() / exact(x).norm())
            axes.semilogy(x, (net(x) - exact(x)).abs(), label=f"|error| after {name}")
            print(f"after {name:6}  loss {loss():.1e}   relative L2 error {errors[name]:.1e}")
    axes.set(xlabel="$x$")
    axes.legend()
    return errors


if __name__ == "__main__":
    main()

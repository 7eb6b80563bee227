"""
Your own network on a disk: new points where the residual is large
==================================================================

As in ``own_network.py``, but on the unit disk, where Bratu's equation has a closed form too. The network takes one
column for each coordinate. After Adam new points are drawn where the residual is large.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn

import pinnlite as pl

EQUATION = "u_xx + u_yy + exp(u) = 0"


def exact(X: torch.Tensor) -> torch.Tensor:
    b = 3 - 2 * math.sqrt(2)  # the smaller root of 8 b = (1 + b)^2
    return 2 * torch.log((1 + b) / (1 + b * X.square().sum(1, keepdim=True)))


def main(seed: int = 0) -> dict[str, float]:
    torch.manual_seed(seed)
    problem = pl.Problem(EQUATION, "u = 0 on boundary", on=pl.Disk((0, 0), 1))
    points = problem.sample(200, seed=seed)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)).double()

    def loss() -> torch.Tensor:
        return sum(row.square().mean() for row in problem.residuals(net, points).values())

    def closure() -> torch.Tensor:
        net.zero_grad()
        (value := loss()).backward()
        return value

    adam = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(50):
        adam.step(closure)
    candidates = problem.domain.sample(2000, "uniform", seed)
    points["interior"] = pl.adaptive_points(
        lambda X: problem.residuals(net, {"interior": X})[EQUATION], candidates, count=200, seed=seed
    )
    tight = {"tolerance_grad": 1e-14, "tolerance_change": 1e-16, "line_search_fn": "strong_wolfe"}
    torch.optim.LBFGS(net.parameters(), max_iter=200, history_size=50, **tight).step(closure)
    X = problem.domain.sample(2000, seed=seed + 1)
    wrong = (net(X) - exact(X)).detach()
    found = {"loss": loss().item(), "error": float(wrong.norm() / exact(X).norm())}
    print(f"loss {found['loss']:.1e}   relative L2 error {found['error']:.1e}")
    axes = plt.figure(layout="constrained").subplots()
    plt.colorbar(axes.tripcolor(*X.T, wrong[:, 0].abs(), shading="gouraud", cmap="Greys"))
    axes.plot(*points["interior"].T, ".", markersize=3)
    axes.set(xlabel="$x$", ylabel="$y$", aspect="equal", title="|error|, and the points that were drawn anew")
    return found


if __name__ == "__main__":
    main()

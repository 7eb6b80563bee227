"""
Poisson's equation in a ball, with the Laplacian alone
======================================================

``pl.laplacian`` takes any function of points. Truncated Taylor numbers run through it once, and the loss can be
differentiated by the network's weights like any other. ``u = (1 - |x|^2) net(x)`` keeps the boundary condition.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import pinnlite as pl


def exact(X: torch.Tensor) -> torch.Tensor:
    return (1 - X.square().sum(1)) * torch.exp(X.mean(1))


def ball(count: int, dimension: int, generator: torch.Generator) -> torch.Tensor:
    directions = torch.randn(count, dimension, generator=generator, dtype=torch.float64)
    radii = torch.rand(count, 1, generator=generator, dtype=torch.float64) ** (1 / dimension)
    return radii * directions / directions.norm(dim=1, keepdim=True)


def main(dimension: int = 5, seed: int = 0) -> dict[str, float]:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    X = ball(300, dimension, generator)
    f = pl.laplacian(exact, X)
    net = nn.Sequential(
        nn.Linear(dimension, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
    ).double()
    options = {"max_iter": 10, "history_size": 50, "line_search_fn": "strong_wolfe"}
    optimizer = torch.optim.LBFGS(net.parameters(), **options)

    def u(X: torch.Tensor) -> torch.Tensor:
        return (1 - X.square().sum(1)) * net(X)[:, 0]

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (pl.laplacian(u, X) - f).square().mean()
        loss.backward()
        return loss

    unseen = ball(2000, dimension, generator)
    losses, errors = [], []
    for _ in range(15):
        losses.append(optimizer.step(closure).item())
        with torch.no_grad():
            errors.append(float((u(unseen) - exact(unseen)).norm() / exact(unseen).norm()))
    print(f"150 steps   loss {losses[0]:.1e} -> {losses[-1]:.1e}   relative L2 error {errors[-1]:.1e}")
    axes = plt.figure(layout="constrained").subplots()
    axes.semilogy(range(10, 160, 10), errors)
    axes.set(xlabel="step of L-BFGS", ylabel="relative error")
    return {"error": errors[-1]}


if __name__ == "__main__":
    main()

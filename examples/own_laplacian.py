"""
Poisson's equation in a ball, with the Laplacian alone
======================================================

``pl.laplacian`` takes any function of points. Truncated Taylor numbers run through it once, and the graph stays
intact: the loss below is differentiated by the network's weights like any other. The boundary condition is in the
form of ``u = (1 - |x|^2) net(x)``, so that one residual is all there is to make small.
"""

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
    optimizer = torch.optim.LBFGS(
        net.parameters(), max_iter=10, history_size=50, line_search_fn="strong_wolfe"
    )

    def u(X: torch.Tensor) -> torch.Tensor:
        return (1 - X.square().sum(1)) * net(X)[:, 0]

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (pl.laplacian(u, X) - f).square().mean()
        loss.backward()
        return loss

    unseen = ball(2000, dimension, generator)
    for step in range(1, 16):
        loss = optimizer.step(closure).item()
        with torch.no_grad():
            error = float((u(unseen) - exact(unseen)).norm() / exact(unseen).norm())
        if step % 5 == 0:
            print(f"{10 * step:4d} steps   loss before {loss:.1e}   relative L2 error {error:.1e}")
    return {"error": error}


if __name__ == "__main__":
    main()

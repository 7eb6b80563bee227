"""
A shock that nobody was told of
===============================

Burgers' equation u_t + u u_x = nu u_xx carries -sin(pi x) towards the middle, where with nu = 0.01/pi a front of width
0.01 grows by t = 1/pi. The solver marches in slabs of time and halves its elements where the solution is not resolved;
the white lines show where. Coles and Hopf's formula, an integral by Gauss and Hermite's nodes, is the truth.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import torch

import pinnlite as pl

NU = 0.01 / math.pi


def exact(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    nodes, weights = (torch.from_numpy(each) for each in np.polynomial.hermite.hermgauss(200))
    y = x[..., None] - 2 * (NU * t.clamp(min=1e-14))[..., None].sqrt() * nodes
    heat = weights * torch.exp(-(torch.cos(math.pi * y) + 1) / (2 * math.pi * NU))
    return -(torch.sin(math.pi * y) * heat).sum(-1) / heat.sum(-1)


def main() -> dict[str, float]:
    u = pl.solve(
        "u_t + u*u_x = nu*u_xx",
        "u(x, 0) = -sin(pi*x)",
        "u(-1, t) = 0",
        "u(1, t) = 0",
        x=(-1, 1),
        t=(0, 1),
        nu=NU,
        tol=1e-4,
    )
    x, t = torch.rand(2, 2000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = 2 * x - 1
    error = float((u(x, t) - exact(x, t)).norm() / exact(x, t).norm())
    steepest = float(-u.partial("x")(0.0, torch.linspace(0, 1, 1001)).min())
    print(f"relative error {error:.1e}   estimated {u.error:.1e}   {u.seconds:.2f} s")
    print(f"steepest slope at x = 0: {steepest:.3f}")
    u.plot(exact, figure=plt.figure(figsize=(9, 4)))
    return {"error": error, "estimated": u.error, "steepest": steepest}


if __name__ == "__main__":
    main()

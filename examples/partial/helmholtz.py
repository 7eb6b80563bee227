"""
Two coordinates, and what a solution can be asked
=================================================

Helmholtz' equation on a square, its solution sin(pi x) sin(4 pi y). ``u = 0 on boundary`` speaks of all four sides.
What comes back is a function: it has values and partial derivatives at any points, tells what is left of the equation
there, and draws itself beside its error or its residual.
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl


def exact(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.sin(math.pi * x) * torch.sin(4 * math.pi * y)


def main() -> dict[str, float]:
    u = pl.solve(
        "u_xx + u_yy + u = (1 - 17*pi^2)*sin(pi*x)*sin(4*pi*y)",
        "u = 0 on boundary",
        x=(-1, 1),
        y=(-1, 1),
        tol=1e-8,
    )
    x, y = 2 * torch.rand(2, 2000, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    wrong = {
        "u": u(x, y) - exact(x, y),
        "u_x": u.partial("x")(x, y) - math.pi * torch.cos(math.pi * x) * torch.sin(4 * math.pi * y),
        "u_yy": u.partial("yy")(x, y) + 16 * math.pi**2 * exact(x, y),
        "residual": u.residual(x, y),
    }
    largest = {name: float(values.abs().max()) for name, values in wrong.items()}
    error = float(wrong["u"].norm() / exact(x, y).norm())
    print(f"relative error {error:.1e}   estimated {u.error:.1e}   {u.seconds:.2f} s")
    print("largest error of", "   ".join(f"{name} {value:.0e}" for name, value in largest.items()))
    u.plot(exact, figure=plt.figure(figsize=(9, 4)))
    return {"error": error, "estimated": u.error, **largest}


if __name__ == "__main__":
    main()

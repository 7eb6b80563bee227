"""
A conductivity and a source from noisy temperatures
===================================================

A rod is heated from within, u_t = k u_xx + a sin(pi x), its ends kept at zero. At sixty places and times its
temperature was read, each reading off by about 0.01. Equation and conditions are met, the readings only in least
squares. The estimated error is the solve's: it knows nothing of the noise, which moves k and a by a per cent or two.
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

K, A, NOISE = 0.3, 2.5, 0.01


def exact(x: torch.Tensor, t: torch.Tensor, k: float = K, a: float = A) -> torch.Tensor:
    rate = k * math.pi**2
    return a * torch.sin(math.pi * x) * (1 - torch.exp(-rate * t)) / rate


def readings(seed: int = 0, count: int = 60) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x, t = torch.rand(2, count, generator=generator, dtype=torch.float64)
    return x, t, exact(x, t) + NOISE * torch.randn(count, generator=generator, dtype=torch.float64)


def main() -> dict[str, float]:
    x, t, seen = readings()
    u = pl.solve(
        "u_t = k*u_xx + a*sin(pi*x)",
        "u(x, 0) = 0",
        "u = 0 on boundary",
        pl.data("u", x, t, seen),
        x=(0, 1),
        t=(0, 1),
        k=pl.Unknown(0.5, positive=True),
        a=pl.Unknown(1.0),
        tol=1e-3,
    )
    scatter = float((seen - u(x, t)).std())
    print("k = {k:.4f}, a = {a:.4f}".format(**u.unknowns), f"  true: {K}, {A}")
    print(
        f"readings scatter by {scatter:.4f}   estimated error of the solve {u.error:.1e}   {u.seconds:.2f} s"
    )

    X, T = torch.meshgrid(*[torch.linspace(0, 1, 61, dtype=torch.float64)] * 2, indexing="xy")
    axes = plt.figure().subplots()
    lines = axes.contour(X, T, u(X, T), levels=8, cmap="cividis")
    axes.scatter(x, t, c=seen, cmap="cividis", norm=lines.norm, edgecolor="k", linewidth=0.4)
    axes.set(xlabel="$x$", ylabel="$t$", title="$u(x, t)$: lines of the solution, dots as read")
    return u.unknowns | {"scatter": scatter}


if __name__ == "__main__":
    main()

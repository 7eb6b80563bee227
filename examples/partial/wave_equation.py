"""
Waves: two conditions at the start
==================================

u_tt = 4 u_xx, a string between fixed ends, let go at rest from the shape of two of its tones. An equation of second
order in time takes u and u_t at the start. Nothing damps the string: its energy, half the integral of u_t^2 + 4 u_x^2,
must stay what it was, and so it is a check where no closed form is known.
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl


def exact(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    low = torch.sin(math.pi * x) * torch.cos(2 * math.pi * t)
    return low + torch.sin(4 * math.pi * x) * torch.cos(8 * math.pi * t) / 2


def main() -> dict[str, float]:
    u = pl.solve(
        "u_tt = 4*u_xx",
        "u(x, 0) = sin(pi*x) + sin(4*pi*x)/2",
        "u_t(x, 0) = 0",
        "u(0, t) = 0",
        "u(1, t) = 0",
        x=(0, 1),
        t=(0, 1),
        tol=1e-6,
    )
    x = torch.linspace(0, 1, 401, dtype=torch.float64)
    t = torch.linspace(0, 1, 41, dtype=torch.float64)[:, None]
    error = float((u(x, t) - exact(x, t)).norm() / exact(x, t).norm())
    density = (u.partial("t")(x, t) ** 2 + 4 * u.partial("x")(x, t) ** 2) / 2
    energy = torch.trapezoid(density, x)
    drift = float((energy / energy[0] - 1).abs().max())
    print(f"relative error {error:.1e}   estimated {u.error:.1e}   {u.seconds:.2f} s")
    print(f"energy {float(energy[0]):.6f}, which changes by a share of {drift:.0e}")

    axes = plt.figure(layout="constrained").subplots()
    for moment, shade in ((0.0, 0.2), (0.06, 0.5), (0.12, 0.8)):
        axes.plot(x, u(x, moment), color=plt.cm.viridis(shade), label=f"$t = {moment:g}$")
    axes.set(xlabel="$x$", ylabel="$u(x, t)$")
    axes.legend()
    u.plot(exact, figure=plt.figure(figsize=(9, 4)))
    return {"error": error, "estimated": u.error, "energy": float(energy[0]), "drift": drift}


if __name__ == "__main__":
    main()

"""
Two solutions: around the fold of Bratu's problem
=================================================

u'' + L exp(u) = 0 with u(0) = u(1) = 0, fuel that heats itself, has two solutions for L below 3.5138, and none above.
A plain solve finds the lower one. But the height in the middle tells them apart: prescribe that, and let L be what is
sought, ``L=pl.Unknown(...)``. A search for the height at which L is 1 then finds the upper solution. Half the interval
is enough, for the solutions are even about the middle.
"""

import math

import matplotlib.pyplot as plt
import torch
from scipy.optimize import brentq

import pinnlite as pl


def of_height(height: float) -> pl.Solution:
    return pl.solve(
        "u'' + L*exp(u) = 0",
        "u'(0.5) = 0",
        "u(1) = 0",
        f"u(0.5) = {height}",
        x=(0.5, 1),
        L=pl.Unknown(8 * height * math.exp(-height)),
        tol=1e-9,
    )


def main() -> dict[str, float]:
    heights = [0.5, 1.0, 2.0, 3.5, 5.5]
    loads = [of_height(height).unknowns["L"] for height in heights]
    lower = pl.solve("u'' + exp(u) = 0", "u(0) = 0", "u(1) = 0", x=(0, 1), tol=1e-9)
    top = brentq(lambda height: of_height(height).unknowns["L"] - 1, 3, 6, xtol=1e-9)
    upper = of_height(top)
    print(
        f"L = 1: heights {float(lower(0.5)):.8f} and {top:.8f}, estimated errors {lower.error:.0e}, {upper.error:.0e}"
    )
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    curve = torch.linspace(0.001, 7, 400, dtype=torch.float64)
    left.plot(8 * torch.acosh(torch.exp(curve / 2)) ** 2 * torch.exp(-curve), curve, label="closed form")
    left.plot(loads, heights, "o", label="solves")
    left.set(xlabel="$L$", ylabel="$u(1/2)$", title="the fold, at 3.5138")
    x = torch.linspace(0, 1, 401, dtype=torch.float64)
    curves = torch.stack([lower(x), upper(0.5 + (x - 0.5).abs())], 1)
    right.plot(x, curves, label=["lower", "upper"])
    right.set(xlabel="$x$", ylabel="$u(x)$", title="both solutions for $L = 1$")
    left.legend()
    right.legend()
    return {
        "lower": float(lower(0.5)),
        "upper": top,
        **{f"L({h})": load for h, load in zip(heights, loads, strict=True)},
    }


if __name__ == "__main__":
    main()

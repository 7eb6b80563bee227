"""
Five coordinates
================

Poisson's equation on the unit cube of five dimensions, its solution the sum of sin(pi x_i / 2). Ten points each way
would be a hundred thousand, but polynomials of total degree p have only (p + 5 choose 5) members: 252 for p = 5. Text
is made as any other text is. Random features do without polynomials, and would serve on a region too.
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

NAMES = "abcdf"  # e is a number


def exact(*X: torch.Tensor) -> torch.Tensor:
    return sum(torch.sin(math.pi / 2 * x) for x in X)


def main() -> dict[str, dict[str, float]]:
    total = " + ".join(f"sin(pi*{name}/2)" for name in NAMES)
    problem = pl.Problem(
        " + ".join(f"u_{name}{name}" for name in NAMES) + f" = -pi^2/4*({total})",
        f"u = {total} on boundary",
        **dict.fromkeys(NAMES, (0, 1)),
    )
    X = torch.rand(5, 5000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    axes = plt.figure(layout="constrained").subplots()
    found = {}
    for trial, tol in (("legendre", 1e-3), ("features", 1e-3)):
        u = pl.solve(problem, trial=trial, tol=tol)
        wrong = (u(*X) - exact(*X)).abs()
        found[trial] = {"error": float(wrong.norm() / exact(*X).norm()), "estimated": u.error}
        print(
            f"{u.kind:18} relative error {found[trial]['error']:.1e}   estimated {u.error:.1e}   {u.seconds:.2f} s"
        )
        axes.hist(wrong.log10(), bins=60, histtype="step", label=u.kind)
    axes.set(xlabel=r"$\log_{10}|u - \mathrm{truth}|$", ylabel="of 5,000 points", title="how wrong, where")
    axes.legend()
    return found


if __name__ == "__main__":
    main()

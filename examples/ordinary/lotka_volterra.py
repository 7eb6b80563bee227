"""
Two unknowns: hunters and hunted
================================

The equations of Lotka and Volterra, x' = 1.5 x - x y and y' = x y - 3 y: several equations and unknowns make a system,
and x is an unknown here because only t has an interval. V = x - 3 log x + y - 1.5 log y stays what it was at the start,
whoever is ahead: a check that needs no reference solution.
"""

import matplotlib.pyplot as plt
import torch

import pinnlite as pl


def main() -> dict[str, float]:
    animals = pl.solve("x' = 1.5x - x*y", "y' = x*y - 3y", "x(0) = 1", "y(0) = 1", t=(0, 10), tol=1e-10)
    t = torch.linspace(0, 10, 1001, dtype=torch.float64)
    x, y = animals(t).values()
    V = x - 3 * x.log() + y - 1.5 * y.log()
    drift = float((V - 2).abs().max())
    print(
        f"estimated error {animals.error:.1e}   drift of the invariant {drift:.1e}   {animals.seconds:.2f} s"
    )

    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    left.plot(t, torch.stack([x, y], 1), label=["hunted $x$", "hunters $y$"])
    left.set(xlabel="$t$", ylim=(0, 8))
    left.legend(loc="upper center", ncols=2)
    X, Y = torch.meshgrid(*[torch.linspace(0.05, 8, 200, dtype=torch.float64)] * 2, indexing="ij")
    right.contour(X, Y, X - 3 * X.log() + Y - 1.5 * Y.log(), levels=[-0.5, 0, 1, 2, 3], colors="0.75")
    right.plot(x, y)
    right.set(xlabel="$x$", ylabel="$y$", title="curves of equal $V$", aspect="equal")
    return {"drift": drift, "estimated": animals.error, "x(10)": float(x[-1]), "y(10)": float(y[-1])}


if __name__ == "__main__":
    main()

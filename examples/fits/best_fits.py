"""
sin(x), done well: least squares and a better basis
===================================================

A cubic is linear in its coefficients, so the best one is the answer to a linear least-squares problem: no start, no
rate, no steps. ``pl.fit`` sees that by itself. The even coefficients vanish, since the sine is odd.

For more digits the degree is raised; but the powers of x become nearly parallel, and rounding spoils them, while
Legendre polynomials stay perpendicular on their interval. Every two degrees bring another digit and a half, until
rounding ends it.
"""

import math

import matplotlib.pyplot as plt

import pinnlite as pl

INTERVAL = (-math.pi, math.pi)


def main() -> dict[str, float | list[float] | dict[int, float]]:
    cubic = pl.Polynomial(3)
    best = pl.fit("sin(x)", cubic, x=INTERVAL)
    loss = best.history[-1][1]
    print(f"one solve: sin(x) ~ {best},  loss {loss:.4f}, {best.seconds:.3f} s\n")

    errors = {}
    for degree in range(3, 20, 2):
        series = pl.fit("sin(x)", pl.Legendre(degree, domain=INTERVAL), x=INTERVAL)
        errors[degree] = series.error
        print(f"Legendre series of degree {degree:2d}   relative error {series.error:.1e}")

    above, below = plt.figure(figsize=(6.4, 7.5), layout="constrained").subfigures(2, height_ratios=[3, 2])
    best.plot(figure=above)
    axes = below.subplots()
    axes.semilogy(list(errors), list(errors.values()), "o-")
    axes.set(xlabel="degree of the Legendre series", ylabel="relative error", xticks=list(errors))
    axes.grid(alpha=0.3)
    return {"coefficients": cubic.coefficients.tolist(), "loss": loss, "errors": errors}


if __name__ == "__main__":
    main()

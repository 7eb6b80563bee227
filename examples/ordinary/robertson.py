"""
Stiffness: a chemical reaction over sixteen powers of ten
=========================================================

Robertson's reaction has rates from 0.04 to 3e7, and goes on for ages: published values are for t = 1e11. An explicit
integrator would have to resolve the fastest rate all the way. Here time is taken as t = exp(s), by which each d/dt gets
a factor, and the solver is told nothing else. The three shares sum to one.

Values: E. Hairer and G. Wanner, Solving Ordinary Differential Equations II, and the test set of the University of Bari.
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

PUBLISHED = {"x": 0.2083340149701255e-07, "y": 0.8333360770334713e-13, "z": 0.9999999791665050}


def main() -> dict[str, float]:
    first, last = math.log(1e-5), math.log(1e11)
    reaction = pl.solve(
        "x' = exp(s)*(-0.04x + 1e4*y*z)",
        "y' = exp(s)*(0.04x - 1e4*y*z - 3e7*y^2)",
        "z' = exp(s)*3e7*y^2",
        f"x({first}) = 1",
        f"y({first}) = 0",
        f"z({first}) = 0",
        s=(first, last),
        tol=1e-9,
    )
    end = {name: float(value) for name, value in reaction(last).items()}
    for name, value in end.items():
        print(f"{name}(1e11) = {value:.10e}   off by {abs(value / PUBLISHED[name] - 1):.1e}")
    print(f"estimated error {reaction.error:.1e}   {reaction.seconds:.2f} s")

    s = torch.linspace(first, last, 1001, dtype=torch.float64)
    shares = reaction(s)
    axes = plt.figure(layout="constrained").subplots()
    labels = ["$x$", r"$10^4\,y$", "$z$"]
    axes.semilogx(s.exp(), torch.stack([shares["x"], 1e4 * shares["y"], shares["z"]], 1), label=labels)
    axes.set(xlabel="$t$", ylabel="share")
    axes.legend()
    return end | {"estimated": reaction.error, "sum": sum(end.values())}


if __name__ == "__main__":
    main()

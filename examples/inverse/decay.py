"""
A rate from two observations
============================

Something decays, u' = -k u. It was seen twice: 0.8 at t = 1 and 0.3 at t = 3. Neither the rate k nor the amount at the
start is known: both are ``pl.Unknown``, given a guess, and ``pl.data`` says what was seen. Two numbers from two
observations: k = log(0.8 / 0.3) / 2.
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

TIMES, SEEN = [1.0, 3.0], [0.8, 0.3]


def main() -> dict[str, float]:
    u = pl.solve(
        "u' = -k*u",
        "u(0) = start",
        pl.data("u", TIMES, SEEN),
        t=(0, 4),
        k=pl.Unknown(1.0, positive=True),
        start=pl.Unknown(1.0),
        tol=1e-10,
    )
    k = math.log(SEEN[0] / SEEN[1]) / 2
    print(f"k     = {u.unknowns['k']:.12f}   exact {k:.12f}")
    print(f"start = {u.unknowns['start']:.12f}   exact {SEEN[0] * math.exp(k):.12f}")
    print(f"estimated error {u.error:.1e}   {u.seconds:.2f} s")

    t = torch.linspace(0, 4, 201, dtype=torch.float64)
    axes = plt.figure(layout="constrained").subplots()
    axes.plot(t, u(t), label="solution")
    axes.plot(TIMES, SEEN, "o", label="seen")
    axes.set(xlabel="$t$", ylabel="$u(t)$", ylim=(0, None))
    axes.legend()
    return u.unknowns


if __name__ == "__main__":
    main()

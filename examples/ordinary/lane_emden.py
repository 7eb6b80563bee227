"""
The radius of a star: a singular equation on an unknown interval
================================================================

A ball of gas that holds itself together obeys the equation of Lane and Emden, u'' + 2u'/r + u^n = 0 with u(0) = 1 and
u'(0) = 0. The coefficient 2/r has a pole at the centre, where u' vanishes; the equation can be typed as it is. The
star ends where u does, at a radius R that is sought: with r = R s the interval is (0, 1), and R a parameter.

Values: S. Chandrasekhar, An Introduction to the Study of Stellar Structure (1939); G. Horedt, Polytropes (2004).
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

RADII = {0: math.sqrt(6), 1: math.pi, 1.5: 3.65375374, 2: 4.35287460, 3: 6.89684862}


def main() -> dict[float, float]:
    s = torch.linspace(0, 1, 401, dtype=torch.float64)
    axes = plt.figure(layout="constrained").subplots()
    found: dict[float, float] = {}
    print("  n   radius         known          estimated error   seconds")
    for n, known in RADII.items():
        star = pl.solve(
            "u'' + 2u'/s + R^2*u^n = 0",
            "u(0) = 1",
            "u'(0) = 0",
            "u(1) = 0",
            s=(0, 1),
            n=n,
            R=pl.Unknown(3.0, positive=True),
            tol=1e-8,
        )
        found[n] = star.unknowns["R"]
        print(f"{n:3}   {found[n]:.8f}     {known:.8f}     {star.error:.1e} {star.seconds:16.2f}")
        axes.plot(found[n] * s, star(s), label=f"$n = {n}$")
    axes.set(xlabel="$r$", ylabel="$u(r)$")
    axes.axhline(0, color="0.6", linewidth=0.8)
    axes.legend()
    return found


if __name__ == "__main__":
    main()

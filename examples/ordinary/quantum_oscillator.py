"""
Energies of the quantum oscillator
==================================

-u''/2 + x^2 u/2 = E u has solutions that vanish far out only for E = n + 1/2. The energy is an unknown parameter, and
one condition more determines it: integral(u^2, x) = 1, without which u = 0 would do for any E. The guess decides which
level is found. The sign of u is free.
"""

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

FAR = 8.0


def main(levels: int = 5) -> list[float]:
    x = torch.linspace(-FAR, FAR, 801, dtype=torch.float64)
    axes = plt.figure(layout="constrained").subplots()
    axes.plot(x, x**2 / 2, color="0.6")
    energies = []
    for n in range(levels):
        state = pl.solve(
            "-u''/2 + x^2*u/2 = E*u",
            f"u({-FAR}) = 0",
            f"u({FAR}) = 0",
            "integral(u^2, x) = 1",
            x=(-FAR, FAR),
            E=pl.Unknown(n + 0.4),
            tol=1e-8,
        )
        energies.append(state.unknowns["E"])
        print(f"E_{n} = {energies[-1]:.12f}   estimated error of u {state.error:.1e}   {state.seconds:.2f} s")
        u = state(x)
        (line,) = axes.plot(x, energies[-1] + 0.6 * u)
        axes.axhline(energies[-1], color=line.get_color(), linewidth=0.5)
        axes.text(-4.9, energies[-1] + 0.1, f"$E_{n} = {energies[-1]:.4f}$")
    axes.set(
        xlabel="$x$",
        title="each state at its energy, in the potential $x^2/2$",
        xlim=(-5, 5),
        ylim=(0, levels + 0.5),
    )
    return energies


if __name__ == "__main__":
    main()

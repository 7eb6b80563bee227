"""
One equation, three kinds of trial function
===========================================

u'' + u = 0 with u(0) = 0 and u'(0) = 1 is the sine, now as the solution of an equation in place of a fit. A trial
function is what the unknown is looked for among. Legendre elements are piecewise polynomials; random features are a
network whose hidden layer stays as drawn; in a network all layers are trained. Each is asked for ever more digits: what
comes is often better than what was asked for, and the estimate says so without knowing the sine.
"""

import math

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

TOLERANCES = {"legendre": (1e-4, 1e-8, 1e-12), "features": (1e-4, 1e-8, 1e-12), "network": (1e-4,)}


def main() -> dict[str, list[dict[str, float]]]:
    x = torch.linspace(0, 2 * math.pi, 1001, dtype=torch.float64)
    axes = plt.figure(layout="constrained").subplots()
    found: dict[str, list[dict[str, float]]] = {}
    print("trial        asked   true error   estimated   seconds")
    for trial, tolerances in TOLERANCES.items():
        found[trial] = []
        for tol in tolerances:
            u = pl.solve("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(0, 2 * math.pi), trial=trial, tol=tol)
            error = float((u(x) - torch.sin(x)).norm() / torch.sin(x).norm())
            print(f"{trial:10} {tol:7.0e} {error:12.1e} {u.error:11.1e} {u.seconds:9.2f}")
            found[trial].append({"tol": tol, "error": error, "estimated": u.error, "seconds": u.seconds})
        (line,) = axes.loglog(tolerances, [each["error"] for each in found[trial]], "o-", label=u.kind)
        axes.loglog(tolerances, [each["estimated"] for each in found[trial]], "x", color=line.get_color())
    axes.axline((1e-12, 1e-12), (1e-4, 1e-4), color="0.6", linewidth=0.8)
    axes.text(1e-10, 1e-9, "what was asked for", ha="right", color="0.4")
    axes.set(xlabel="tolerance asked for", ylabel="relative error: true (o), estimated (x)")
    axes.legend()
    return found


if __name__ == "__main__":
    main()

"""
A layer of a millionth
======================

-eps u'' + u' = 1 with u(0) = u(1) = 0 rises along u = x and falls back to zero within a few eps of the right end. With
eps = 1e-6 no even grid would see that. Elements are halved where the solution is not resolved: nothing has to be known
of where that will be.
"""

import matplotlib.pyplot as plt
import torch

import pinnlite as pl


def exact(x: torch.Tensor, eps: float) -> torch.Tensor:
    return x - torch.exp((x - 1) / eps)  # to rounding: exp(-1 / eps) is zero


def main(eps: float = 1e-6) -> dict[str, float]:
    u = pl.solve("-eps*u'' + u' = 1", "u(0) = 0", "u(1) = 0", x=(0, 1), eps=eps, tol=1e-10)
    from_end = torch.logspace(-9, 0, 1001, dtype=torch.float64)
    x = 1 - from_end
    error = float((u(x) - exact(x, eps)).abs().max())
    widths = u.trial.edges.diff()
    print(f"largest error {error:.1e}   estimated {u.error:.1e}   {u.seconds:.2f} s")
    print(f"{len(widths)} elements, from {widths.max():.2g} to {widths.min():.1e} wide")

    axes = plt.figure(layout="constrained").subplots()
    axes.semilogx(from_end, u(x), label="$u$")
    axes.semilogx(from_end, x, "--", color="0.5", label="$x$")
    ends = 1 - u.trial.edges[:-1]
    axes.semilogx(ends, 0 * ends, "|", color="k", label="ends of elements")
    axes.set(xlabel="$1 - x$, distance from the right end")
    axes.invert_xaxis()
    axes.legend()
    return {"error": error, "estimated": u.error, "elements": len(widths), "least": float(widths.min())}


if __name__ == "__main__":
    main()

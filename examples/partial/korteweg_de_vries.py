"""
Solitons: a third derivative and periodic ends
==============================================

The equation of Korteweg and de Vries, u_t + u u_x + 0.022^2 u_xxx = 0, from one wave of a cosine, as Zabusky and
Kruskal did it in 1965: the wave steepens and breaks up into a train of solitary waves, the taller the faster. Three
conditions say that the ends are one. There is no closed form; the integrals of u and of u^2 stay what they were.
"""

import matplotlib.pyplot as plt
import torch

import pinnlite as pl


def main() -> dict[str, float]:
    u = pl.solve(
        "u_t + u*u_x + 0.022^2*u_xxx = 0",
        "u(x, 0) = cos(pi*x)",
        "u(-1, t) = u(1, t)",
        "u_x(-1, t) = u_x(1, t)",
        "u_xx(-1, t) = u_xx(1, t)",
        x=(-1, 1),
        t=(0, 1),
        tol=1e-3,
    )
    x = torch.linspace(-1, 1, 1001, dtype=torch.float64)
    values = u(x, torch.linspace(0, 1, 11, dtype=torch.float64)[:, None])
    mass = torch.trapezoid(values, x).abs().max().item()
    momentum = torch.trapezoid(values.square(), x)
    drift = (momentum - 1).abs().max().item()
    print(f"estimated error {u.error:.1e}   {u.seconds:.2f} s")
    print(f"integral of u, which is 0: within {mass:.0e}; of u^2, which is 1: within {drift:.0e}")
    tallest = u(x, 1.0).max().item()
    print(f"tallest wave at the end: {tallest:.3f}")

    above, below = plt.figure(figsize=(9, 7), layout="constrained").subfigures(2, height_ratios=[5, 6])
    axes = above.subplots()
    for moment in (0.0, 0.35, 1.0):
        axes.plot(x, u(x, moment), label=f"$t = {moment:g}$")
    axes.set(xlabel="$x$", ylabel="$u(x, t)$")
    axes.legend()
    u.plot(figure=below)
    return {"estimated": u.error, "mass": mass, "drift": drift, "tallest": tallest}


if __name__ == "__main__":
    main()

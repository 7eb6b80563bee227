"""
A re-entrant corner, where derivatives are infinite
===================================================

Laplace's equation on an L, with u = x^2 on its boundary: a challenge that Trefethen set in 2018, to find u(0.99, 0.99),
next to the corner, where the solution behaves as the power 2/3 of the distance. Polynomials are bad at that, so the
boxes are cut smaller and smaller towards the corner, of which the solver is told nothing. The estimate speaks of the
whole region; at that one point two digits less are right.

Value: A. Gopal and L. N. Trefethen, New Laplace and Helmholtz solvers, PNAS 116 (2019).
"""

import matplotlib.pyplot as plt

import pinnlite as pl

PUBLISHED = 1.0267919261073


def main() -> dict[str, float]:
    region = pl.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)])
    u = pl.solve("u_xx + u_yy = 0", "u = x^2 on boundary", on=region, tol=1e-5)
    value = float(u(0.99, 0.99))
    print(f"u(0.99, 0.99) = {value:.6f}, published {PUBLISHED:.6f}: off by {abs(value - PUBLISHED):.0e}")
    print(f"estimated error {u.error:.1e}   {u.seconds:.2f} s   {u.history[-1].split(': ')[1]}")
    u.plot(figure=plt.figure(figsize=(9, 4)))
    return {"value": value, "estimated": u.error}


if __name__ == "__main__":
    main()

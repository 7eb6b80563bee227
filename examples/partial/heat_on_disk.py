"""
A round plate cools: a region and time
======================================

A region that is no box is given as ``on=``; time is an interval beside it. What text cannot say, here a Bessel function
for the start, a function does: ``pl.condition`` is called with tensors, its arguments matched by name. The solution
keeps its shape and decays: u = J_0(j r) exp(-j^2 t), j the first zero of J_0.
"""

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

J = 2.404825557695773


def exact(x: torch.Tensor, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.special.bessel_j0(J * torch.hypot(x, y)) * torch.exp(-(J**2) * t)


def main() -> dict[str, float]:
    disk = pl.Disk((0, 0), 1)
    u = pl.solve(
        "u_t = u_xx + u_yy",
        "u = 0 on boundary",
        pl.condition(lambda u, x, y: u - torch.special.bessel_j0(J * torch.sqrt(x**2 + y**2)), t=0),
        on=disk,
        t=(0, 0.5),
        tol=1e-4,
    )
    X = disk.sample(2000, seed=1)
    t = torch.linspace(0, 0.5, 2000, dtype=torch.float64)
    truth = exact(*X.T, t)
    error = float((u(*X.T, t) - truth).norm() / truth.norm())
    rate = float(torch.log(u(0.0, 0.0, 0.1) / u(0.0, 0.0, 0.4)) / 0.3)
    print(f"relative error {error:.1e}   estimated {u.error:.1e}   {u.kind}, {u.seconds:.2f} s")
    print(f"rate of decay at the centre {rate:.4f}, j^2 = {J**2:.4f}")
    u.plot(exact, t=0.1, figure=plt.figure(figsize=(9, 4)))
    return {"error": error, "estimated": u.error, "rate": rate}


if __name__ == "__main__":
    main()

"""
A function that brings its own derivative
=========================================

When you know a derivative better than PyTorch does, write it down: a ``torch.autograd.Function`` has a ``forward``,
which computes, and a ``backward``, which multiplies what arrives from above by the derivative. Here it is P_3, and the
sine is fitted by a + b P_3(c + d x), four numbers that enter nonlinearly. ``pl.LegendrePolynomial`` does the same for
every degree, and its backward calls itself for the next order, so that it can be differentiated without end.
"""

import math
from typing import Any

import matplotlib.pyplot as plt
import torch

import pinnlite as pl

RATE, STEPS = 5e-6, 2000


class P3(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(z)
        return (5 * z**3 - 3 * z) / 2

    @staticmethod
    def backward(ctx: Any, above: torch.Tensor) -> torch.Tensor:
        (z,) = ctx.saved_tensors
        return above * (15 * z**2 - 3) / 2


def main() -> dict[str, list[float]]:
    x = torch.linspace(-math.pi, math.pi, 2000)
    a, b, c, d = numbers = [torch.tensor(start, requires_grad=True) for start in (0.0, -1.0, 0.0, 0.3)]
    losses = []
    for _ in range(STEPS):
        loss = (a + b * P3.apply(c + d * x) - torch.sin(x)).square().sum()
        losses.append(loss.item())
        for number, slope in zip(numbers, torch.autograd.grad(loss, numbers), strict=True):
            number.data -= RATE * slope
    print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}   sin(x) ~ {b.item():.4f} P_3({d.item():.4f} x)")

    z = torch.linspace(-1, 1, 201, dtype=torch.float64, requires_grad=True)
    P = pl.LegendrePolynomial.apply(z, 3, 0)
    slopes = [pl.diff(P, z, order=order).detach() for order in (1, 2, 3)]
    curves = {"$\\sin x$": torch.sin(x), "start": -P3.apply(0.3 * x), "end": b * P3.apply(d * x)}
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.plot(x, torch.stack([*curves.values()], 1).detach(), label=[*curves])
    right.plot(z.detach(), torch.stack([P.detach(), *slopes], 1), label=[f"order {k}" for k in range(4)])
    left.set(xlabel="$x$", title="$a + b\\,P_3(c + d\\,x)$")
    right.set(xlabel="$z$", title="$P_3(z)$ and its derivatives")
    left.legend()
    right.legend()
    return {"losses": losses, "ends": [n.item() for n in numbers], "at 1": [s[-1].item() for s in slopes]}


if __name__ == "__main__":
    main()

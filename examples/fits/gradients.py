"""
A cubic for sin(x): the gradient by hand and by autograd
========================================================

The loss sums the squares of r_i = p_0 + p_1 x_i + p_2 x_i^2 + p_3 x_i^3 - sin(x_i). With pencil and paper dL/dp_k is
2 sum_i r_i x_i^k, and p <- p - rate dL/dp walks downhill. The same lines serve NumPy's arrays and tensors, which may
live on another device. Autograd finds the gradient itself; only the update must go unrecorded. All walks are one, and
slow: at the end a hundred steps remove a third of what the loss has too much. The next pages do better.
"""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

STEPS, RATE = 2000, 1e-6


def by_hand(p: Any, powers: Any, y: Any) -> Any:
    losses = []
    for _ in range(STEPS):
        residual = p @ powers - y
        losses.append(float(residual @ residual))
        p -= RATE * 2 * (powers @ residual)
    return losses, p.tolist()


def by_autograd(p: torch.Tensor, powers: torch.Tensor, y: torch.Tensor) -> Any:
    losses = []
    for _ in range(STEPS):
        losses.append(loss := (p @ powers - y).square().sum())
        with torch.no_grad():
            p -= RATE * torch.autograd.grad(loss, p)[0]
    return torch.stack(losses).tolist(), p.tolist()


def main(seed: int = 0) -> dict[str, Any]:
    x, start = np.linspace(-math.pi, math.pi, 2000), np.random.default_rng(seed).standard_normal(4)
    powers, y = x ** np.arange(4)[:, None], np.sin(x)
    p, *data = (torch.tensor(each, dtype=torch.float32) for each in (start, powers, y))
    found = {
        "NumPy": by_hand(start.copy(), powers, y),
        "tensors": by_hand(p.clone(), *data),
        "autograd": by_autograd(p.clone().requires_grad_(), *data),
    }
    for name, (losses, p) in found.items():
        print("{:8}  loss {:7.4f}   {:.4f} {:+.4f} x {:+.4f} x^2 {:+.4f} x^3".format(name, losses[-1], *p))
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.semilogy(losses)
    right.plot(x, np.stack([y, start @ powers, p @ powers], 1), label=["$\\sin x$", "start", "end"])
    left.set(xlabel="step", ylabel="loss")
    right.set(xlabel="$x$", ylim=(-3, 3))
    right.legend()
    return found | {"start": start.tolist()}


if __name__ == "__main__":
    main()

"""
Differentiating x**2 + 1
========================

``torch.autograd.grad`` differentiates a scalar. Give it the sum of y and, because y_i depends on x_i alone, each entry
of the answer is dy_i/dx_i. ``pl.diff`` is the same with the sum taken for you, and can be asked for an order.

Other ways to make a scalar weigh the entries differently, which is easily got wrong. With n = 4 points:

* ``mean`` divides by n, so the gradient is 2x/4 = 0.5, 1, 1.5, 2.
* ``max`` is 17, taken at x = 4: the gradient is 2x = 8 there and 0 elsewhere.
* ``min`` is 2, taken at x = 1: the gradient is 2x = 2 there and 0 elsewhere.
"""

import matplotlib.pyplot as plt
import torch

import pinnlite as pl


def main() -> dict[str, list[float]]:
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64, requires_grad=True)
    y = x**2 + 1
    answers = {
        "y": y,
        "sum": torch.autograd.grad(y.sum(), x, create_graph=True)[0],
        "diff": pl.diff(y, x),
        "second": pl.diff(y, x, order=2),
        "mean": pl.diff(y.mean(), x),
        "max": pl.diff(y.max(), x),
        "min": pl.diff(y.min(), x),
    }
    for name, values in answers.items():
        print(f"{name:8s}", *(f"{value:6g}" for value in values.tolist()))

    # backward() leaves the derivatives of one scalar by every leaf at the leaves themselves.
    a, t = torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True)
    (a**2 + t).sum().backward()
    picture(answers, x.detach())
    found = {name: values.tolist() for name, values in answers.items()}
    return found | {"by a": a.grad.flatten().tolist(), "by t": t.grad.flatten().tolist()}


def picture(answers: dict[str, torch.Tensor], x: torch.Tensor) -> None:
    axes = plt.figure(layout="constrained").subplots()
    s = torch.linspace(0.5, 4.5, 200, dtype=torch.float64)
    curves = {
        "y": ("$y = x^2 + 1$", s**2 + 1),
        "diff": ("$y' = 2x$", 2 * s),
        "second": ("$y'' = 2$", 0 * s + 2),
    }
    for name, (label, curve) in curves.items():
        (line,) = axes.plot(s, curve, label=label)
        axes.plot(x, answers[name].detach(), "o", color=line.get_color())
    axes.set(xlabel="$x$", title="lines by hand, dots by autograd")
    axes.legend()


if __name__ == "__main__":
    main()

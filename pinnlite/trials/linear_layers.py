"""Gradients row by row of what a network computes, from one backward pass and outer products.

For a layer z = W a + b and a quantity s_n of row n alone, ds_n/dW = (ds_n/dz_n) a_n^T: what the backward pass of
sum_n s_n leaves at z holds the rows apart already. Where a and z are jets, the products of their Taylor coefficients
are added.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.differentiation.jet import Jet

_SLACK = 1e-6  # of the gradient: what rounding may make of the difference between two ways to compute it


def gradients_by_row(
    module: nn.Module, quantity: Callable[[], Float[Tensor, " N"]], parameters: Sequence[Tensor]
) -> Float[Tensor, "N P"] | None:
    """Gradients of ``quantity()`` by parameters of linear layers; None where they are used in other ways too.

    Args:
        module: what ``quantity`` calls, on points in rows.
        quantity: one number for each row, from that row alone.
        parameters: weights and biases of layers that are ``nn.Linear``.

    Source: I. Goodfellow, Efficient per-example gradient computations (2015).
    """
    calls: list[tuple[nn.Linear, Tensor, Tensor]] = []

    def record(layer: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        (x,) = inputs
        if isinstance(output, Jet):
            # Written out, so that the graph goes through these very tensors and no row of points shares a number.
            output = Jet(output.value, output.full_tail().clone(), output.rows, output.algebra)
            calls.append((layer, x.value, output.value))
            calls.append((layer, x.full_tail(), output.tail))
        else:
            calls.append((layer, x, output))
        return output

    layers = [part for part in module.modules() if type(part) is nn.Linear]
    hooks = [layer.register_forward_hook(record) for layer in layers]
    try:
        with torch.enable_grad():
            rows = quantity()
    finally:
        for hook in hooks:
            hook.remove()
    outputs = [z for _, _, z in calls]
    if not outputs or any(z.shape[-2] != len(rows) for z in outputs) or any(z.ndim > 3 for z in outputs):
        return None
    (*at_outputs,) = torch.autograd.grad(
        rows.sum(), [*outputs, *parameters], allow_unused=True, materialize_grads=True
    )
    totals, at_outputs = at_outputs[len(outputs) :], at_outputs[: len(outputs)]
    found: dict[int, Tensor] = {}
    for (layer, a, _), slope in zip(calls, at_outputs, strict=True):
        _add(found, layer.weight, _outer(slope, a.detach()))
        if layer.bias is not None and slope.ndim == 2:
            _add(found, layer.bias, slope)
    gradients = [
        found[id(p)].flatten(1) if id(p) in found else rows.new_zeros(len(rows), p.numel())
        for p in parameters
    ]
    for gradient, total in zip(gradients, totals, strict=True):
        if (gradient.sum(0) - total.reshape(-1)).norm() > _SLACK * gradient.norm() * len(rows) ** 0.5:
            return None
    return torch.cat(gradients, 1)


def _outer(slope: Float[Tensor, "*k N o"], a: Float[Tensor, "*k N i"]) -> Float[Tensor, "N o i"]:
    if slope.ndim == 2:
        return slope[:, :, None] * a[:, None, :]
    return slope.permute(1, 2, 0).contiguous() @ a.permute(1, 0, 2).contiguous()


def _add(found: dict[int, Tensor], parameter: Tensor, gradient: Tensor) -> None:
    found[id(parameter)] = found[id(parameter)] + gradient if id(parameter) in found else gradient

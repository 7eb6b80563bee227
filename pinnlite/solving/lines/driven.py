"""What drives a march from rest says how large its unknowns will be."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Values
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.residuals import pointwise

_LOOKS = 257


def driven_sizes(collocation: Collocation, start: float, stop: float) -> Float[Tensor, " U"]:
    """How large what drives the equations would make each unknown, by their slopes at zero functions.

    A source such as 1 + tanh(x) is rounding long before it is felt, and so is what it has made of a function by then.
    """
    x, orders = torch.linspace(start, stop, _LOOKS, dtype=torch.float64), collocation.orders
    places: Values = {**collocation.parameters, collocation.coordinate: x}
    zeros = {key: torch.zeros_like(x) for equation in collocation.equations for key in equation.wanted}
    shape = len(collocation.equations), len(orders)
    drive = torch.zeros(shape[0], dtype=torch.float64)
    weights = torch.zeros(shape, dtype=torch.float64)
    own = torch.zeros(shape, dtype=torch.bool)  # which equations have the highest derivative of an unknown
    for i, (residual, slopes) in enumerate(pointwise(collocation.equations, places, zeros)):
        drive[i] = residual.abs().amax()
        for u, (name, order) in enumerate(orders.items()):
            found = [slopes.get((name, (a,)), drive.new_zeros(1)).abs().amax() for a in range(order + 1)]
            weights[i, u] = max(slope / abs(stop - start) ** a for a, slope in enumerate(found))
            own[i, u] = found[-1] > 0
    sizes = drive.new_zeros(len(orders))
    for _ in range(2):  # by its own equation, then by the other unknowns too
        made = (drive[:, None] + (weights * sizes).sum(1, keepdim=True) - weights * sizes) / weights
        sizes = made.where(own, math.inf).amin(0).nan_to_num(0.0, 0.0)
    return sizes

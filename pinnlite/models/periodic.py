"""Coordinates on circles, to be put in front of a network: whatever follows is then periodic in them."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from pinnlite.models.networks import check_points


class PeriodicInputs(nn.Module):
    """x_i -> (cos(2 pi x_i / L_i), sin(2 pi x_i / L_i)) where a coordinate has a period L_i, others as they are.

    Every function of these is periodic with all its derivatives, and every smooth periodic function is one of these.

    Args:
        periods: L_i for each coordinate, 0 for one that is not periodic.

    Raises:
        ValueError: if a period is negative or not finite.
        ShapeError: on a call, if the points do not have one column for each coordinate.

    Source: S. Dong, N. Ni, A method for representing periodic functions and enforcing exactly periodic boundary
    conditions with deep neural networks, J. Comput. Phys. 435 (2021).

    >>> import pinnlite as pl
    >>> net = nn.Sequential(PeriodicInputs((2.0, 0.0)), pl.MLP(3, 1, width=8, depth=2))
    >>> ends = net(torch.tensor([[-1.0, 0.3], [1.0, 0.3]], dtype=torch.float64))
    >>> bool((ends[0] - ends[1]).abs() < 1e-14)
    True
    """

    def __init__(self, periods: Sequence[float]) -> None:
        super().__init__()
        self.periods = tuple(float(period) for period in periods)
        if not all(0 <= period < math.inf for period in self.periods):
            raise ValueError(f"periods are positive, 0 where a coordinate has none: got {self.periods}")
        self.inputs = len(self.periods)
        self.outputs = self.inputs + sum(period > 0 for period in self.periods)

    def forward(self, x: Any) -> Any:
        """The coordinates that are not periodic, the cosines, the sines: `(N, outputs)`."""
        check_points(self, x, self.inputs)
        others = [x[..., i : i + 1] for i, period in enumerate(self.periods) if not period]
        angles = [
            x[..., i : i + 1] * (2 * math.pi / period) for i, period in enumerate(self.periods) if period
        ]
        return torch.cat([*others, *map(torch.cos, angles), *map(torch.sin, angles)], -1)

    def extra_repr(self) -> str:
        """What the module's printed form says of it."""
        return f"periods={self.periods}"

"""Regions with sides along the axes, such as an L, as boxes side by side."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.region import Region

_SAME = 1e-10  # of the region's size: numbers closer than that are one


def tiles(region: Region) -> tuple[Float[Tensor, "E d"], Float[Tensor, "E d"]] | None:
    """Lower and upper corners of boxes that make up a region, whole sides touching; None where that cannot be.

    The planes of all faces cut space into boxes; those inside are the region's.

    Example:
        >>> from pinnlite.geometry.domains import Box
        >>> low, high = tiles(Box(x=(0, 2), y=(0, 2)) - Box(x=(1, 2), y=(1, 2)))
        >>> sorted(low.tolist())
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    d = len(region.names)
    cuts: list[list[float]] = [list(region.intervals[name]) for name in region.names]
    for face in region.faces:
        if face.dimension != d - 1:
            return None
        corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * (d - 1))
        X = face.place(corners.reshape(-1, d - 1))
        middle = face.place(torch.full((1, d - 1), 0.3, dtype=torch.float64))
        flat = (X.amax(0) - X.amin(0) <= _SAME * region.scale) & (
            (middle[0] - X[0]).abs() <= _SAME * region.scale
        )
        if flat.sum() != 1:
            return None
        for axis, values in enumerate(X.T.tolist()):
            cuts[axis] += values
    edges = [_distinct(values, _SAME * region.scale) for values in cuts]
    boxes = itertools.product(*(itertools.pairwise(values) for values in edges))
    both = torch.tensor([list(zip(*box, strict=True)) for box in boxes], dtype=torch.float64)
    inside = region.level(both.mean(1)) < 0
    return both[inside, 0], both[inside, 1]


def _distinct(values: list[float], slack: float) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > slack:
            found.append(value)
    return found

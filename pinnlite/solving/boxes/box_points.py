"""Where the rows on a box are taken: points that determine every polynomial of a total degree, and its units."""

import math
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.sampling import box_points, gauss_rule
from pinnlite.problem.equations import Index
from pinnlite.trials.partition import Partition

_OVERSAMPLING = 1.25  # rows for each coefficient where points are scattered


@lru_cache(maxsize=256)
def reference_points(degree: int, dimension: int, more: int = 0) -> Float[Tensor, "n d"]:
    """Points of [-1, 1]^d, dense towards the ends, that determine every polynomial of total degree ``degree``.

    Gauss points on a line and every other one of a square, which suffice since the products of high degrees are
    missing, as Padua points show; in more coordinates scattered ones.
    """
    if dimension == 0:
        return torch.zeros(1, 0, dtype=torch.float64)
    if dimension == 1:
        return 2 * gauss_rule(degree + more)[0][:, None] - 1
    if dimension == 2:
        nodes = 2 * gauss_rule(degree + 2 + more)[0] - 1
        number = torch.arange(len(nodes))
        light = (number[:, None] + number) % 2 == 0
        return torch.cartesian_prod(nodes, nodes)[light.flatten()]
    size = math.comb(degree + dimension, dimension)
    spread = box_points([(0.0, math.pi)] * dimension, round(_OVERSAMPLING * size), "sobol", degree + more)
    return spread.cos()


def scale(partition: Partition, index: Index) -> Float[Tensor, " E"]:
    """What takes a partial by the coordinates of [-1, 1]^d to one by the problem's, for each cell."""
    factor: Tensor = (partition.half ** -torch.tensor(index, dtype=torch.float64)).prod(1)
    return factor

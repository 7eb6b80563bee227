"""Closed curves from a parametrisation: what bounds a region of one's own in the plane."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.faces import Face
from pinnlite.geometry.sampling import gauss_rule

_CELLS, _NODES = 256, 6  # of the parameter, and of the rule that measures a length in each of them
_STEPS = 10  # from the nearest end of a cell to a place on the curve
_CLOSED = 1e-9  # of the curve's extent: how near its end has to be to its beginning


@dataclass(frozen=True)
class Curve(Face):
    """A smooth closed curve in the plane, once around.

    Args:
        names: what the curve is called as a part of the boundary.
        at: from numbers ``(n,)`` between 0 and 1 to points ``(n, 2)``, by functions that PyTorch differentiates; the
            way round and the speed do not matter.

    Raises:
        ProblemError: the curve does not end where it begins.

    Example:
        >>> import math
        >>> import torch
        >>> import pinnlite as pl
        >>> def ellipse(t):
        ...     return torch.stack([2 * torch.cos(2 * math.pi * t), torch.sin(2 * math.pi * t)], 1)
        >>> round(pl.Curve(frozenset(), ellipse).area, 6)  # 8 E(3/4)
        9.688448
    """

    at: Callable[[Any], Any]

    def __post_init__(self) -> None:
        ends = self._edges[[0, -1]]
        begin, end = self.at(ends)
        if not (begin - end).norm() <= _CLOSED * (self.at(self._edges) - begin).norm(dim=1).amax():
            raise ProblemError(
                f"a curve that bounds a region is closed, and this one goes from {begin.tolist()} to {end.tolist()}"
            )

    @property
    def dimension(self) -> int:
        """That of a curve."""
        return 1

    @property
    def area(self) -> float:
        """Its length."""
        return self._lengths[-1].item()

    def place(self, unit: Float[Tensor, "n 1"]) -> Float[Tensor, "n 2"]:
        """Points at parts of the length: Newton's method, from where the length would be were the speed even."""
        wanted = self.area * unit[:, 0]
        cell = (torch.searchsorted(self._lengths, wanted, right=True) - 1).clamp(0, _CELLS - 1)
        low, before = self._edges[cell], self._lengths[cell]
        t = low + (wanted - before) / (self._lengths[cell + 1] - before) / _CELLS
        for _ in range(_STEPS // 2):
            beyond = before + self._length(low, t) - wanted
            t = t - beyond / self._along(t)[1].norm(dim=1)
        X: Tensor = self.at(t)
        return X

    def normals(self, X: Float[Tensor, "n 2"]) -> Float[Tensor, "n 2"]:
        """Across the direction of the curve at the nearest place, to the side where the inside is not."""
        along = self._along(self._nearest(X))[1]
        across = torch.stack([along[:, 1], -along[:, 0]], 1)
        return self._sense * torch.nn.functional.normalize(across, dim=1)

    def distance(self, X: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """To the nearest place on the curve."""
        distance: Tensor = (X - self.at(self._nearest(X))).norm(dim=1)
        return distance

    @cached_property
    def _edges(self) -> Tensor:
        return torch.linspace(0, 1, _CELLS + 1, dtype=torch.float64)

    @cached_property
    def _lengths(self) -> Tensor:
        """Of the curve up to every edge of a cell."""
        own = self._length(self._edges[:-1], self._edges[1:])
        return torch.cat([own.new_zeros(1), own.cumsum(0)])

    @cached_property
    def _sense(self) -> float:
        """1 where the curve goes round counter-clockwise, otherwise -1: the sign of the area within."""
        x, y = self.at(self._edges).T
        return 1.0 if (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0 else -1.0

    def _along(self, t: Float[Tensor, " n"]) -> tuple[Float[Tensor, "n 2"], Float[Tensor, "n 2"]]:
        """Points and their derivatives: each point depends on its own number alone."""
        with torch.enable_grad():
            numbers = t.detach().requires_grad_()
            X = self.at(numbers)
            along = [torch.autograd.grad(x.sum(), numbers, retain_graph=True)[0] for x in X.T]
        return X.detach(), torch.stack(along, 1)

    def _length(self, low: Float[Tensor, " n"], high: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Of the curve between two numbers."""
        nodes, weights = gauss_rule(_NODES)
        t = low[:, None] + (high - low)[:, None] * nodes
        speed = self._along(t.flatten())[1].norm(dim=1).view_as(t)
        length: Tensor = (high - low) * (speed @ weights)
        return length

    def _nearest(self, X: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """The numbers of the places nearest to points, by Gauss-Newton from the nearest of many."""
        t = self._edges[torch.cdist(X, self.at(self._edges)).argmin(1)]
        for _ in range(_STEPS):
            there, along = self._along(t)
            step = ((X - there) * along).sum(1) / along.square().sum(1)
            t = (t + step.clamp(-1 / _CELLS, 1 / _CELLS)).remainder(1)
        return t

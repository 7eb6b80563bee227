"""Derivatives of functions of points by ``torch.autograd.grad``, applied to its own results."""

from collections.abc import Callable, Sequence
from math import factorial, prod
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import BackwardCFunction

from pinnlite.differentiation import graph
from pinnlite.differentiation.algebra import Functional, Index
from pinnlite.differentiation.guard import check_not_dropped
from pinnlite.differentiation.recording import recording

PointFunction = Callable[[Tensor], Tensor]


def nested(f: PointFunction, X: Float[Tensor, "N *d"], wanted: Sequence[Functional]) -> list[Tensor]:
    """Linear functionals of f's Taylor series at each point.

    Args:
        f: maps X to ``(N, ...)``, row by row.
        X: points. Gradients of the results lead to X if X requires grad.
        wanted: functionals of Taylor coefficients.

    Returns:
        One tensor shaped like f(X) for each.
    """
    keep_graph = torch.is_grad_enabled()
    with recording():
        table = _Partials(f, X if X.requires_grad else X.detach().clone().requires_grad_())
        keep_graph = keep_graph and (X.requires_grad or table.has_parameters)
        results = [
            torch.stack([table[a] * float(w / prod(map(factorial, a))) for a, w in functional]).sum(0)
            for functional in wanted
        ]
    return results if keep_graph else [result.detach() for result in results]


def lower(index: Index) -> Index:
    """The index that is differentiated once more to give this one: by the last coordinate that it names."""
    i = _last(index)
    return (*index[:i], index[i] - 1, *index[i + 1 :])


def _last(index: Index) -> int:
    return max(i for i, k in enumerate(index) if k)


class _Partials:
    """Partial derivatives by index; each is one differentiation away from one of lower order, which is shared."""

    def __init__(self, f: PointFunction, X: Tensor) -> None:
        self.f, self.X = f, X
        y = f(X)
        dimension = X.shape[1] if X.ndim > 1 else 1
        self.known: dict[Index, Tensor] = {(0,) * dimension: y}
        self.gradients: dict[Index, Tensor] = {}
        self.shifted: _Partials | None = None
        nodes: list[Any] = [edge.node for edge, _ in graph.ancestors(y)]
        self.custom = any(isinstance(node, BackwardCFunction) for node in nodes)
        leaves = [node.variable for node in nodes if hasattr(node, "variable")]
        self.has_parameters = any(leaf is not X for leaf in leaves)

    def __getitem__(self, index: Index) -> Tensor:
        if index not in self.known:
            below = lower(index)
            if below not in self.gradients:
                self.gradients[below] = self._gradient(below)
            self.known[index] = self.gradients[below][..., _last(index)]
        return self.known[index]

    def _gradient(self, index: Index) -> Tensor:
        """All first derivatives of one partial derivative, along a new last axis."""
        y = self[index]
        columns = y.flatten(1).unbind(1) if y.ndim > 1 else (y,)
        slopes = [self._slope(column) for column in columns]
        if any(slope is None for slope in slopes):
            self._check(index)
        filled = [torch.zeros_like(self.X) if slope is None else slope for slope in slopes]
        d = self.X.shape[1] if self.X.ndim > 1 else 1
        return torch.stack(filled, 1).reshape(*y.shape, d)

    def _slope(self, y: Tensor) -> Tensor | None:
        if not y.requires_grad:
            return None
        # Functions of the user's own may lack a second derivative without saying so.
        if self.custom:
            return graph.gradient(y, self.X)
        return graph.weighted_gradient(y, self.X, torch.ones_like(y))

    def _check(self, index: Index) -> None:
        """No dependence on the points: right for a constant, wrong where the graph was dropped on the way."""
        if self.shifted is None:
            step = 0.01 * (1 + self.X.detach().abs())
            self.shifted = _Partials(self.f, (self.X.detach() + step).requires_grad_())
        # With its own check out of the way: it would ask for points shifted once more.
        self.shifted.shifted = self.shifted
        check_not_dropped(self[index].detach(), self.shifted[index].detach())

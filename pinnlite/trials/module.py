"""A trial made of any torch module: partials by the derivative engine, Jacobian rows by a vectorised gradient."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap

from pinnlite.differentiation.algebra import partial
from pinnlite.differentiation.engines import taylor
from pinnlite.differentiation.operators import partials
from pinnlite.models.networks import ACTIVATIONS, Elementwise
from pinnlite.models.periodic import PeriodicInputs
from pinnlite.problem.equations import Key
from pinnlite.trials.linear_layers import gradients_by_row


class ModuleTrial:
    """One output of ``module`` for each unknown; every parameter of it is trained."""

    def __init__(self, module: nn.Module, unknowns: Sequence[str]) -> None:
        self.module, self.unknowns = module, tuple(unknowns)
        self._pointwise = _is_pointwise(module)
        self._named = {name: p for name, p in module.named_parameters() if p.requires_grad}

    @property
    def parameters(self) -> list[Tensor]:
        """The module's own parameters."""
        return list(self._named.values())

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Partials of the module's outputs, one pass for all of them."""
        return self._evaluate(self.module, X, wanted)

    def jacobian(self, X: Float[Tensor, "N d"], weights: Mapping[Key, Tensor]) -> Float[Tensor, "N P"]:
        """The rows' gradients, layer by layer where the parameters are those of linear layers."""
        linear = {
            id(p) for part in self.module.modules() if type(part) is nn.Linear for p in part.parameters()
        }
        if not {id(p) for p in self._named.values()} <= linear:
            return self._row_by_row(X, weights)

        def weighted() -> Tensor:
            keys = sorted(weights)
            found = taylor(self.module, X, [partial(index) for _, index in keys])
            columns = [self.unknowns.index(unknown) for unknown, _ in keys]
            terms = [
                weights[key] * values.reshape(len(X), -1)[:, column]
                for key, values, column in zip(keys, found, columns, strict=True)
            ]
            return torch.stack(terms).sum(0)

        rows = gradients_by_row(self.module, weighted, list(self._named.values()))
        return self._row_by_row(X, weights) if rows is None else rows

    def _row_by_row(self, X: Float[Tensor, "N d"], weights: Mapping[Key, Tensor]) -> Float[Tensor, "N P"]:
        """Each row is given parameters of its own, so that one backward pass keeps the rows' gradients apart."""
        keys = list(weights)

        def weighted(parameters: dict[str, Tensor], x: Tensor, w: Tensor) -> Tensor:
            def module(points: Any) -> Any:  # a Tensor, or a jet that stands for one
                return functional_call(self.module, parameters, (points,))

            values = self._evaluate(module, x[None], keys)
            return (torch.stack([values[key][0] for key in keys]) * w).sum()

        own = {
            name: p.detach().expand(len(X), *p.shape).contiguous().requires_grad_(True)
            for name, p in self._named.items()
        }
        with torch.enable_grad():
            rows = vmap(weighted)(own, X, torch.stack([weights[k] for k in keys], 1))
        gradients = torch.autograd.grad(
            rows.sum(), list(own.values()), materialize_grads=True, allow_unused=True
        )
        return torch.cat([gradient.flatten(1) for gradient in gradients], 1)

    def _evaluate(
        self, module: Callable[[Any], Any], X: Tensor, wanted: Collection[Key]
    ) -> dict[Key, Tensor]:
        indices = sorted({index for _, index in wanted})
        if self._pointwise:
            found = dict(zip(indices, taylor(module, X, [partial(index) for index in indices]), strict=True))
        else:
            found = partials(module, X, indices, engine="taylor")
        column = {unknown: i for i, unknown in enumerate(self.unknowns)}
        return {
            (unknown, index): found[index].reshape(X.shape[0], -1)[:, column[unknown]]
            for unknown, index in wanted
        }


def _is_pointwise(module: nn.Module) -> bool:
    """Whether rows cannot depend on each other, so that nobody needs to look.

    A look would take it for a dependence that the rounding of huge coefficients, which cancel, goes by the row's place.
    """
    return type(module) is nn.Sequential and all(
        type(part) in {nn.Linear, PeriodicInputs}
        or (type(part) is Elementwise and any(part.activation is known for known in ACTIVATIONS.values()))
        for part in module
    )

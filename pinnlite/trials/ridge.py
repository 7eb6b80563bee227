"""Random features of any number of coordinates as a trial: partials in closed form, linear in the coefficients.

A feature is a ridge function, s(w . x + b). Its partial of index a is s^(|a|)(w . x + b) w^a, so that however many
partials an equation names, there are only as many matrices as orders, and what joins them to the partials is a product
of small matrices.
"""

from collections.abc import Collection, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.differentiation.operators import derivatives
from pinnlite.models.features import RandomFeatures
from pinnlite.problem.equations import Index, Key


class Ridge:
    """u_k(x) = sum_j c_jk s(w_j . x + b_j), of which only the coefficients c are looked for.

    Nothing is kept between calls: a layer's values cost far less than the factorisation of what is made of them.
    """

    def __init__(self, features: RandomFeatures, unknowns: Sequence[str]) -> None:
        self.features, self.unknowns = features, tuple(unknowns)
        self.coefficients = torch.zeros(
            features.width, len(unknowns), dtype=features.weight.dtype, device=features.weight.device
        ).requires_grad_()

    @property
    def parameters(self) -> list[Tensor]:
        """The coefficients, ``(P, m)``."""
        return [self.coefficients]

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Each is the layer's derivative of its order times the coefficients, weighted by w^a."""
        if not torch.is_grad_enabled() and not self.coefficients.any():
            return {key: X.new_zeros(len(X)) for key in wanted}  # at rest: no need to look at the layer
        layer = self._layer(X, {sum(index) for _, index in wanted})
        column = {unknown: i for i, unknown in enumerate(self.unknowns)}
        return {
            (u, index): layer[sum(index)] @ (self._powers(index) * self.coefficients[:, column[u]])
            for u, index in wanted
        }

    def jacobian(self, X: Float[Tensor, "N d"], weights: Mapping[Key, Tensor]) -> Float[Tensor, "N Pm"]:
        """For each order the layer's derivative times what the weights make of the powers w^a."""
        layer = self._layer(X, {sum(index) for _, index in weights})
        rows = X.new_zeros(len(X), self.features.width, len(self.unknowns))
        for i, unknown in enumerate(self.unknowns):
            for order, values in layer.items():
                own = [key for key in weights if key[0] == unknown and sum(key[1]) == order]
                if own:
                    slopes = torch.stack([weights[key].expand(len(X)) for key in own], 1)
                    powers = torch.stack([self._powers(index) for _, index in own])
                    rows[:, :, i] += values * (slopes @ powers)
        return rows.flatten(1)

    def _powers(self, index: Index) -> Float[Tensor, " P"]:
        exponents = torch.tensor(index, dtype=self.features.weight.dtype, device=self.features.weight.device)
        return (self.features.weight ** exponents[:, None]).prod(0)

    def _layer(self, X: Float[Tensor, "N d"], orders: Collection[int]) -> dict[int, Float[Tensor, "N P"]]:
        """Derivatives of the activation at w . x + b."""
        z = X @ self.features.weight + self.features.bias
        if self.features.activation is torch.sin:  # its derivatives are shifts: no need to carry a series
            waves = {odd: torch.cos(z) if odd else torch.sin(z) for odd in {order % 2 for order in orders}}
            return {order: -waves[order % 2] if order % 4 > 1 else waves[order % 2] for order in orders}
        found = derivatives(self.features.activation, z.reshape(-1), max(orders), engine="taylor")
        return {order: found[order].view_as(z) for order in orders}

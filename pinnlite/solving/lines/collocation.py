"""A system of ordinary differential equations at the collocation nodes of Legendre elements, linearised there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pinnlite.problem.equations import Equation, Key
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.elements import LEGENDRE, Basis, Elements
from pinnlite.trials.reference import Reference


@dataclass(frozen=True)
class Collocation:
    """m equations for m unknowns at n nodes of each element.

    The coordinates of an element are one row: the K scaled derivatives at its left end (the state), then n
    coefficients of the highest derivative of each unknown. ``half`` may be negative: the element then runs leftwards.
    """

    equations: Sequence[Equation]
    orders: Mapping[str, int]
    coordinate: str
    parameters: Mapping[str, float]
    nodes: tuple[float, ...]
    basis: Basis = field(default=LEGENDRE)
    logarithms: frozenset[str] = frozenset()  # unknowns an error of which is a relative one as it is

    @cached_property
    def states(self) -> int:
        """K, the sum of the orders: how many numbers pass from one element to the next."""
        return sum(self.orders.values())

    @cached_property
    def powers(self) -> Tensor:
        """For each state the order of derivative that it is, hence the power of the half-length in its scale."""
        return torch.tensor([float(j) for k in self.orders.values() for j in range(k)], dtype=torch.float64)

    @cached_property
    def columns(self) -> dict[str, Tensor]:
        """Where the coordinates of each unknown stand in an element's row."""
        n, K, offset, found = len(self.nodes), self.states, 0, {}
        for i, (name, k) in enumerate(self.orders.items()):
            found[name] = torch.tensor(
                [*range(offset, offset + k), *range(K + i * n, K + (i + 1) * n)], dtype=torch.long
            )
            offset += k
        return found

    @cached_property
    def owners(self) -> Int[Tensor, " W"]:
        """For each coordinate of a row the unknown that it belongs to, by number."""
        found = torch.empty(self.end.shape[1], dtype=torch.long)
        for i, at in enumerate(self.columns.values()):
            found[at] = i
        return found

    @cached_property
    def references(self) -> dict[str, Reference]:
        """The reference element for each unknown."""
        return {name: self.basis.reference(self.nodes, k) for name, k in self.orders.items()}

    @cached_property
    def end(self) -> Float[Tensor, "K W"]:
        """Matrix from an element's row to its scaled state at the right end."""
        matrix = torch.zeros(
            self.states, self.states + len(self.nodes) * len(self.orders), dtype=torch.float64
        )
        row = 0
        for name, k in self.orders.items():
            matrix[row : row + k, self.columns[name]] = self.references[name].end
            row += k
        return matrix

    @cached_property
    def from_nodes(self) -> dict[str, Float[Tensor, "n n"]]:
        """Matrices from values of the highest derivatives at the nodes to their coefficients."""
        return {
            name: torch.linalg.inv(self.references[name].values[k][:, k:]) for name, k in self.orders.items()
        }

    @cached_property
    def _keys(self) -> list[Key]:
        """Every derivative of every unknown, up to its order."""
        return [(name, (a,)) for name, k in self.orders.items() for a in range(k + 1)]

    @cached_property
    def _basis(self) -> Float[Tensor, "keys n W"]:
        """Matrices from an element's row to each of these derivatives by s at the nodes."""
        width = self.end.shape[1]
        basis = torch.zeros(len(self._keys), len(self.nodes), width, dtype=torch.float64)
        for i, (name, (a,)) in enumerate(self._keys):
            basis[i][:, self.columns[name]] = self.references[name].values[a]
        return basis

    @cached_property
    def _by_node(self) -> Float[Tensor, "n keys W"]:
        return self._basis.transpose(0, 1).contiguous()

    @cached_property
    def _distances(self) -> Float[Tensor, " n"]:
        """Of the nodes from the left end, in half-lengths."""
        return 1 + torch.tensor(self.nodes, dtype=torch.float64)

    @cached_property
    def _powers(self) -> Float[Tensor, "keys 1"]:
        return torch.tensor([[-float(a)] for _, (a,) in self._keys], dtype=torch.float64)

    def residual(
        self, left: Float[Tensor, " E"], half: Float[Tensor, " E"], rows: Float[Tensor, "E W"]
    ) -> Float[Tensor, "E mn"]:
        """Residuals at the nodes."""
        places, partials, _ = self._at_nodes(left, half, rows)
        return torch.stack([equation.residual(places, partials) for equation in self.equations], 1).flatten(1)

    def linearize(
        self, left: Float[Tensor, " E"], half: Float[Tensor, " E"], rows: Float[Tensor, "E W"]
    ) -> tuple[Float[Tensor, "E mn"], Float[Tensor, "E mn W"]]:
        """Residuals at the nodes and their Jacobian by the elements' coordinates."""
        places, partials, scale = self._at_nodes(left, half, rows)
        slopes = rows.new_zeros(len(self.equations), len(self._keys), len(rows), len(self.nodes))
        residuals = []
        for i, (residual, found) in enumerate(pointwise(self.equations, places, partials)):
            residuals.append(residual)
            for k, key in enumerate(self._keys):
                if key in found:
                    slopes[i, k] = found[key]
        weighted = (slopes * scale[:, :, None]).permute(3, 2, 0, 1).flatten(1, 2)  # a product for each node
        jacobian = (weighted @ self._by_node).view(len(self.nodes), len(rows), len(self.equations), -1)
        return torch.stack(residuals, 1).flatten(1), jacobian.permute(1, 2, 0, 3).flatten(1, 2)

    def _at_nodes(
        self, left: Tensor, half: Tensor, rows: Tensor
    ) -> tuple[dict[str, Tensor | float], dict[Key, Tensor], Float[Tensor, "keys E"]]:
        """Coordinates and partials at the nodes, and what takes derivatives by s to those by x."""
        scale = half**self._powers
        values = (rows @ self._basis.mT) * scale[:, :, None]
        places: dict[str, Tensor | float] = {**self.parameters}
        places[self.coordinate] = left[:, None] + half[:, None] * self._distances
        return places, dict(zip(self._keys, values, strict=True)), scale

    def elements(self, edges: Float[Tensor, " E1"], rows: Float[Tensor, "E W"]) -> Elements:
        """The trial function that these coordinates are."""
        local = {name: rows[:, at] for name, at in self.columns.items()}
        return Elements(edges, self.orders, local, self.basis)

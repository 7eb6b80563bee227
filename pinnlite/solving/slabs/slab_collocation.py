"""An evolution equation at the collocation nodes of one slab of time: Radau nodes in time, Gauss nodes in space.

The unknowns are the highest derivatives by time, W_1 ... W_n at the n Radau nodes, as functions of space. The lower
ones follow from what is known at the slab's start by integration (the method Radau IIA, applied once for each order in
time, so that waves of any frequency are damped and never amplified): nothing is differentiated in time. Each W_i is
Legendre elements, held by the highest derivative in space: a boundary-value problem for all of them at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Key
from pinnlite.solving.residuals import pointwise
from pinnlite.solving.slabs.evolution import Evolution
from pinnlite.trials.reference import reference

Rows = Mapping[
    str, Float[Tensor, "E n w"]
]  # for each unknown and node in time the highest derivative by time
Known = Mapping[str, tuple[Float[Tensor, "E w"], ...]]  # the derivatives by time at the start of the slab


@dataclass(frozen=True)
class Place:
    """Where a slab lies: its elements, when it starts and half its length."""

    edges: Float[Tensor, " E1"]
    start: float
    half_time: float

    @cached_property
    def half(self) -> Float[Tensor, " E"]:
        """Half the length of each element."""
        return (self.edges[1:] - self.edges[:-1]) / 2


@dataclass(frozen=True)
class SlabCollocation:
    """m equations at the nodes of each element and of the slab."""

    evolution: Evolution
    space_nodes: tuple[float, ...]
    time_nodes: tuple[float, ...]

    @cached_property
    def states(self) -> int:
        """K: the derivatives in space that pass from one element to the next, at every node in time."""
        return len(self.time_nodes) * sum(k for k, _ in self.evolution.orders.values())

    @cached_property
    def integration(self) -> Float[Tensor, "n n"]:
        """The integral from the slab's start to each node of the polynomial through values at the nodes."""
        element = reference(self.time_nodes, 1)
        matrix: Tensor = element.values[0][:, 1:] @ torch.linalg.inv(element.values[1][:, 1:])
        return matrix

    @cached_property
    def _powers(self) -> list[Float[Tensor, "n n"]]:
        highest = max(k for _, k in self.evolution.orders.values())
        powers = [torch.eye(len(self.time_nodes), dtype=torch.float64)]
        for _ in range(highest):
            powers.append(self.integration @ powers[-1])
        return powers

    def by_time(self, unknown: str, order: int, half_time: float) -> Float[Tensor, "n n"]:
        """What the highest derivatives (times half_time^k) at the nodes contribute to one of ``order`` there."""
        return self._powers[self.evolution.orders[unknown][1] - order] / half_time**order

    def in_time(
        self, top: Float[Tensor, "*E n w"], known: tuple[Float[Tensor, "*E w"], ...], half_time: float
    ) -> list[Float[Tensor, "*E n w"]]:
        """All derivatives by time at the nodes, in ascending order, from the highest one times half_time^k."""
        found = [top]
        for b in reversed(range(len(known))):
            found.append(known[b].unsqueeze(-2) * half_time**b + self.integration @ found[-1])
        return [values / half_time**b if b else values for b, values in enumerate(reversed(found))]

    def top(
        self, values: Float[Tensor, "*E n w"], known: tuple[Float[Tensor, "*E w"], ...], half_time: float
    ) -> Float[Tensor, "*E n w"]:
        """The highest derivative by time, times half_time^k, from values at the nodes: the inverse of ``in_time``."""
        for b, start in enumerate(known):
            values = torch.linalg.solve(self.integration, values - start.unsqueeze(-2) * half_time**b)
        return values

    @cached_property
    def end(self) -> Float[Tensor, "K W"]:
        """Matrix from an element's coordinates (states, inner ones) to its scaled state at the right end."""
        n, N = len(self.time_nodes), len(self.space_nodes)
        count = self.states
        matrix = torch.zeros(count, count + n * N * len(self.evolution.orders), dtype=torch.float64)
        state, inner = 0, count
        for k, _ in self.evolution.orders.values():
            element = reference(self.space_nodes, k).end
            for _ in range(n):
                matrix[state : state + k, state : state + k] = element[:, :k]
                matrix[state : state + k, inner : inner + N] = element[:, k:]
                state, inner = state + k, inner + N
        return matrix

    @cached_property
    def state_powers(self) -> Float[Tensor, " K"]:
        """For each state the derivative in space that it is."""
        n = len(self.time_nodes)
        return torch.tensor(
            [float(a) for k, _ in self.evolution.orders.values() for _ in range(n) for a in range(k)],
            dtype=torch.float64,
        )

    @cached_property
    def wanted(self) -> list[Key]:
        """The partials that the equations are made of."""
        return sorted({key for equation in self.evolution.equations for key in equation.wanted})

    def residual(self, place: Place, rows: Rows, known: Known) -> Float[Tensor, "E N"]:
        """Residuals at the nodes."""
        places, partials = self._at_nodes(place, rows, known)
        shape = (len(place.half), len(self.time_nodes), len(self.space_nodes))
        residuals = [e.residual(places, partials).expand(shape) for e in self.evolution.equations]
        return torch.stack(residuals, 1).flatten(1)

    def linearize(
        self, place: Place, rows: Rows, known: Known
    ) -> tuple[Float[Tensor, "E N"], Float[Tensor, "E N K"], Float[Tensor, "E N N"]]:
        """Residuals and their Jacobian by the states and by the inner coordinates of the elements."""
        places, partials = self._at_nodes(place, rows, known)
        E, n, N = len(place.half), len(self.time_nodes), len(self.space_nodes)
        residuals, by_states, by_inner = [], [], []
        for residual, slopes in pointwise(self.evolution.equations, places, partials):
            residuals.append(residual.expand(E, n, N))
            states, inner = [], []
            for unknown, (k, _) in self.evolution.orders.items():
                block = self._block(place, unknown, slopes)
                states.append(block[..., :k].reshape(E, n * N, n * k))
                inner.append(block[..., k:].reshape(E, n * N, n * N))
            by_states.append(torch.cat(states, 2))
            by_inner.append(torch.cat(inner, 2))
        return torch.stack(residuals, 1).flatten(1), torch.cat(by_states, 1), torch.cat(by_inner, 1)

    def _block(self, place: Place, unknown: str, slopes: Mapping[Key, Tensor]) -> Float[Tensor, "E n N n w"]:
        """Slopes of one equation by the coordinates of one unknown."""
        (k, _), n, N = self.evolution.orders[unknown], len(self.time_nodes), len(self.space_nodes)
        basis = reference(self.space_nodes, k).values
        total = torch.zeros(len(place.half), n, N, n, k + N, dtype=torch.float64)
        by_order: dict[int, Tensor] = {}
        for (name, index), slope in slopes.items():
            if name == unknown:
                a, b = self.evolution.split(index)
                part = (slope * place.half[:, None, None] ** -a)[..., None] * basis[a]
                by_order[b] = by_order[b] + part if b in by_order else part
        for b, part in by_order.items():
            if b == self.evolution.orders[unknown][1]:
                total.diagonal(dim1=1, dim2=3).add_(part.permute(0, 2, 3, 1) / place.half_time**b)
            else:
                total += (
                    self.by_time(unknown, b, place.half_time)[None, :, None, :, None] * part[:, :, :, None]
                )
        return total

    def _at_nodes(
        self, place: Place, rows: Rows, known: Known
    ) -> tuple[dict[str, Tensor | float], dict[Key, Tensor]]:
        """Coordinates and partials at the nodes, each ``(E, n, N)``."""
        E, n, N = len(place.half), len(self.time_nodes), len(self.space_nodes)
        nodes = torch.tensor(self.space_nodes, dtype=torch.float64)
        x = place.edges[:-1, None] + place.half[:, None] * (1 + nodes)
        places: dict[str, Tensor | float] = {**self.evolution.parameters}
        places[self.evolution.names[self.evolution.space]] = x[:, None].expand(E, n, N)
        places[self.evolution.names[self.evolution.time]] = self.times(place)[:, None].expand(E, n, N)
        partials: dict[Key, Tensor] = {}
        derivatives = {
            unknown: self.in_time(values, known[unknown], place.half_time) for unknown, values in rows.items()
        }
        for unknown, index in self.wanted:
            a, b = self.evolution.split(index)
            basis = reference(self.space_nodes, self.evolution.orders[unknown][0]).values[a]
            values = derivatives[unknown][b] @ basis.T
            partials[unknown, index] = values * place.half[:, None, None] ** -a if a else values
        return places, partials

    def times(self, place: Place) -> Float[Tensor, " n"]:
        """The nodes in time."""
        nodes = torch.tensor(self.time_nodes, dtype=torch.float64)
        return place.start + place.half_time * (1 + nodes)

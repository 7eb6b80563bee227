"""An evolution equation at the collocation nodes of one slab of time: Radau nodes in time, Gauss nodes in space.

At the n Radau nodes of the slab the unknown is n functions of space, U_1 ... U_n: its derivatives by time there are
combinations of them and of what is known at the slab's start (the method Radau IIA, applied once for each order in
time, so that waves of any frequency are damped and never amplified). Each U_i is Legendre elements, held by the
highest derivative in space: a boundary-value problem for all of them at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Key
from pinnlite.solving.evolution import Evolution
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.elements import Reference

Rows = Mapping[str, Float[Tensor, "E n w"]]  # for each unknown and node in time the coordinates of the elements
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
    def derivative(self) -> Float[Tensor, "n n1"]:
        """The derivative at the nodes in time of the polynomial through its values at the start and at the nodes."""
        nodes = torch.tensor([-1.0, *self.time_nodes], dtype=torch.float64)
        apart = nodes[:, None] - nodes + torch.eye(len(nodes), dtype=torch.float64)
        weight = 1 / apart.prod(1)
        matrix = weight / weight[:, None] / apart
        matrix.fill_diagonal_(0.0)
        matrix -= torch.diag(matrix.sum(1))
        return matrix[1:]

    @cached_property
    def _powers(self) -> list[Float[Tensor, "n n"]]:
        """Powers of the part that acts on the nodes."""
        highest = max(k for _, k in self.evolution.orders.values())
        powers = [torch.eye(len(self.time_nodes), dtype=torch.float64)]
        for _ in range(highest):
            powers.append(self.derivative[:, 1:] @ powers[-1])
        return powers

    def by_time(self, order: int, half_time: float) -> Float[Tensor, "n n"]:
        """What the values at the nodes contribute to a derivative by time there."""
        return self._powers[order] / half_time**order

    def in_time(
        self, values: Float[Tensor, "*E n w"], known: tuple[Float[Tensor, "*E w"], ...], half_time: float
    ) -> list[Float[Tensor, "*E n w"]]:
        """All derivatives by time at the nodes, from none to as many as are known at the start."""
        found = [values]
        for at_start in known:
            pair = torch.cat([at_start.unsqueeze(-2), found[-1]], -2)
            found.append(self.derivative @ pair / half_time)
        return found

    @cached_property
    def end(self) -> Float[Tensor, "K W"]:
        """Matrix from an element's coordinates (states, inner ones) to its scaled state at the right end."""
        n, N = len(self.time_nodes), len(self.space_nodes)
        count = self.states
        matrix = torch.zeros(count, count + n * N * len(self.evolution.orders), dtype=torch.float64)
        state, inner = 0, count
        for k, _ in self.evolution.orders.values():
            reference = Reference.of(self.space_nodes, k).end
            for _ in range(n):
                matrix[state : state + k, state : state + k] = reference[:, :k]
                matrix[state : state + k, inner : inner + N] = reference[:, k:]
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

    def _block(
        self, place: Place, unknown: str, slopes: Mapping[Key, Tensor]
    ) -> Float[Tensor, "E n N n w"]:
        """Slopes of one equation by the coordinates of one unknown."""
        (k, _), n, N = self.evolution.orders[unknown], len(self.time_nodes), len(self.space_nodes)
        basis = Reference.of(self.space_nodes, k).values
        total = torch.zeros(len(place.half), n, N, n, k + N, dtype=torch.float64)
        by_order: dict[int, Tensor] = {}
        for (name, index), slope in slopes.items():
            if name == unknown:
                a, b = self.evolution.split(index)
                part = (slope * place.half[:, None, None] ** -a)[..., None] * basis[a]
                by_order[b] = by_order[b] + part if b in by_order else part
        for b, part in by_order.items():
            if b == 0:
                total.diagonal(dim1=1, dim2=3).add_(part.permute(0, 2, 3, 1))
            else:
                total += self.by_time(b, place.half_time)[None, :, None, :, None] * part[:, :, :, None]
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
            basis = Reference.of(self.space_nodes, self.evolution.orders[unknown][0]).values[a]
            values = derivatives[unknown][b] @ basis.T
            partials[unknown, index] = values * place.half[:, None, None] ** -a if a else values
        return places, partials

    def times(self, place: Place) -> Float[Tensor, " n"]:
        """The nodes in time."""
        nodes = torch.tensor(self.time_nodes, dtype=torch.float64)
        return place.start + place.half_time * (1 + nodes)

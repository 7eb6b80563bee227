"""How an evolution starts: the unknowns and their derivatives by time as functions of space, resolved by elements."""

import math
import warnings
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.differentiation.operators import derivatives
from pinnlite.errors import DerivativeError, ProblemError
from pinnlite.problem.equations import Placed, Values
from pinnlite.solving.lines.switches import switches
from pinnlite.solving.slabs.evolution import Evolution
from pinnlite.solving.slabs.space_mesh import SpaceMesh, fitted
from pinnlite.trials.elements import TINY
from pinnlite.trials.reference import differentiation, gauss_nodes, legendre_basis, series_matrix
from pinnlite.trials.trial import Approximation

Start = Mapping[str, tuple[Float[Tensor, "E w"], ...]]
_SMALLEST = 2.0**-40  # of the domain: a jump is left within an element of this size
_MOST_ELEMENTS = 1000
_LOOKED_AT = 96  # points of each element: narrow humps are not to be overlooked
_BUMP = 0.1  # of the largest value at such places


class InitialField:
    """The initial conditions solved for what they speak of, at any points."""

    def __init__(self, evolution: Evolution) -> None:
        self.evolution = evolution
        at = tuple(evolution.start if i == evolution.time else None for i in range(2))
        self.keys: list[Placed] = [
            (unknown, tuple(b if i == evolution.time else 0 for i in range(2)), at)
            for unknown, (_, count) in evolution.orders.items()
            for b in range(count)
        ]

    def values(self, x: Float[Tensor, " N"]) -> Float[Tensor, "N M"]:
        """Every derivative by time that is given, unknown by unknown, differentiable by x."""
        if self.evolution.begun is not None:
            return self._left(self.evolution.begun, x, 0)
        nothing = {key: torch.zeros_like(x) for key in self.keys}
        at_zero = self._residuals(x, nothing)
        if self._owners is None:
            return self._solved(x, nothing, at_zero)
        found = []
        for key, i in zip(self.keys, self._owners, strict=True):
            at_one = self._residuals(x, {**nothing, key: torch.ones_like(x)})[i]
            found.append(at_zero[i] / (at_zero[i] - at_one))
        return torch.stack(found, 1)

    @cached_property
    def _owners(self) -> list[int] | None:
        """For each key the one condition that speaks of it and of nothing else; None where they are mixed."""
        owners = [[i for i, c in enumerate(self.evolution.initial) if c.wanted == {key}] for key in self.keys]
        return [o[0] for o in owners] if all(len(o) == 1 for o in owners) else None

    def _solved(self, x: Tensor, nothing: Mapping[Placed, Tensor], at_zero: list[Tensor]) -> Tensor:
        """The affine equations at each point."""
        at_one = [self._residuals(x, {**nothing, key: torch.ones_like(x)}) for key in self.keys]
        right = torch.stack(at_zero, 1)
        matrix = torch.stack([torch.stack(column, 1) - right for column in at_one], 2)
        if not (torch.linalg.matrix_rank(matrix.detach()) == len(self.keys)).all():
            raise ProblemError(
                "the initial conditions do not determine the start: two of them constrain the same thing"
            )
        found: Tensor = torch.linalg.solve(matrix, -right[..., None])
        return found[..., 0]

    def _residuals(self, x: Tensor, values: Mapping[Placed, Tensor]) -> list[Tensor]:
        places: Values = {**self.evolution.parameters, self.evolution.names[self.evolution.space]: x}
        return [c.residual(places, values) + torch.zeros_like(x) for c in self.evolution.initial]

    def resolved(self, nodes: tuple[float, ...], accuracy: float) -> tuple[SpaceMesh, Start]:
        """Elements that hold the start to this accuracy, and it on them."""
        mesh = SpaceMesh.of(*self.evolution.ends, 2).cut(self._switches())
        finer = gauss_nodes(_LOOKED_AT)
        while True:
            start = self.on(mesh, nodes)
            truth = self.values(mesh.nodes(finer).flatten()).view(len(mesh.half), len(finer), -1)
            if not truth.isfinite().all():
                raise ProblemError("the initial conditions give values that are not finite within the domain")
            wrong = torch.zeros_like(mesh.half)
            column = 0
            for unknown, given in start.items():
                n = len(nodes)
                for rows in given:
                    value = rows @ _basis(n, self.evolution.orders[unknown][0], finer).T
                    apart = (value - truth[..., column]).abs().amax(1) * mesh.share.sqrt()
                    wrong = torch.maximum(wrong, apart / truth[..., column].abs().amax().clamp(min=TINY))
                    column += 1
            bad = ((wrong > accuracy) | self._passed_over(mesh, start, nodes)) & (mesh.share > _SMALLEST)
            if not bad.any() or len(mesh.half) > _MOST_ELEMENTS:
                return mesh, start
            mesh = mesh.halved(bad)

    def _switches(self) -> list[float]:
        """Where the equations jump or have a kink at all times: no series goes across such a place."""
        evolution, names = self.evolution, self.evolution.names
        found = []
        for share in (0.3, 0.7):
            time = evolution.start + share * (evolution.stop - evolution.start)
            places = {**evolution.parameters, names[evolution.time]: time}
            found.append(switches(evolution.equations, places, names[evolution.space], evolution.ends))
        # One that moves is at no place twice.
        return [place for place in found[0] if any(math.isclose(place, other) for other in found[1])]

    def _passed_over(self, mesh: SpaceMesh, start: Start, nodes: tuple[float, ...]) -> Bool[Tensor, " E"]:
        """Elements with a bump between the nodes, at a place where the text says that one may be."""
        bad = torch.zeros(len(mesh.half), dtype=torch.bool)
        x = torch.tensor(self.evolution.peaks, dtype=torch.float64)
        if not len(x):
            return bad
        cell = torch.searchsorted(mesh.edges[1:-1].contiguous(), x)
        s = (x - mesh.edges[cell]) / mesh.half[cell] - 1
        truth, column = self.values(x), 0
        sizes = self.values(mesh.nodes(nodes).flatten()).abs().amax(0)
        for unknown, given in start.items():
            basis = _basis(len(nodes), self.evolution.orders[unknown][0], tuple(s.tolist()))
            for rows in given:
                known = truth[:, column]
                apart = ((rows[cell] * basis).sum(1) - known).abs()
                bad[cell[apart > _BUMP * torch.maximum(sizes[column], known.abs().amax())]] = True
                column += 1
        return bad

    def _slopes(self, x: Float[Tensor, " N"], highest: int) -> Float[Tensor, "K N M"]:
        """The values and their derivatives in space."""
        if self.evolution.begun is not None:
            return torch.stack([self._left(self.evolution.begun, x, k) for k in range(highest + 1)])
        with warnings.catch_warnings():
            # A kink's second derivative is 0 on both sides: the elements see to it.
            warnings.simplefilter("ignore")
            engine: Literal["auto", "autograd"] = "auto" if self._owners else "autograd"
            return derivatives(self.values, x, highest, engine=engine).detach()

    def _interpolated(
        self, mesh: SpaceMesh, nodes: tuple[float, ...], highest: int
    ) -> Float[Tensor, "K E n M"]:
        """The values, and derivatives of what interpolates them: of the highest order there are as many as nodes."""
        between, at = (
            torch.tensor(points, dtype=torch.float64) for points in (gauss_nodes(len(nodes) + highest), nodes)
        )
        values = self.values(mesh.nodes(tuple(between.tolist())).flatten()).detach()
        series = torch.linalg.solve(
            legendre_basis(between, len(between) - 1), values.view(len(mesh.half), len(between), -1)
        )
        found = []
        for _ in range(highest + 1):
            degree = series.shape[1] - 1
            found.append(legendre_basis(at, degree) @ series)
            series = differentiation(degree) @ series / mesh.half[:, None, None]
        return torch.stack(found)

    def _left(self, begun: Approximation, x: Float[Tensor, " N"], order: int) -> Float[Tensor, "N M"]:
        """As an earlier march left it: derivatives of this order in space."""
        space, time = self.evolution.space, self.evolution.time
        X = torch.stack([x if i == space else torch.full_like(x, self.evolution.start) for i in range(2)], 1)
        indices = [
            (unknown, tuple(order if i == space else index[time] for i in range(2)))
            for unknown, index, _ in self.keys
        ]
        found = begun.partials(X, indices)
        return torch.stack([found[key] for key in indices], 1)

    def on(self, mesh: SpaceMesh, nodes: tuple[float, ...]) -> dict[str, tuple[Tensor, ...]]:
        """The start on these elements."""
        highest = max(k for k, _ in self.evolution.orders.values())
        x = mesh.nodes(nodes)
        try:
            found = self._slopes(x.flatten(), highest).view(highest + 1, *x.shape, -1)
        except DerivativeError:  # as of torch.special.bessel_j0; a start is its values, and those are there
            found = self._interpolated(mesh, nodes, highest)
        start, column = {}, 0
        for unknown, (k, count) in self.evolution.orders.items():
            fields = []
            for _ in range(count):
                fields.append(fitted(list(found[: k + 1, ..., column]), mesh.half, nodes))
                column += 1
            start[unknown] = tuple(fields)
        return start


def _basis(n: int, order: int, at: tuple[float, ...]) -> Tensor:
    """Matrix from an element's coordinates to values at these places."""
    series = series_matrix(n, order, 0)
    return legendre_basis(torch.tensor(at, dtype=torch.float64), len(series) - 1) @ series

"""Conditions and observations as rows on a partition into boxes, cut up by the cells that they speak of."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.region import Part
from pinnlite.problem.boundary import NORMAL
from pinnlite.problem.equations import Condition, Place, Placed, Values
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.problem import Problem
from pinnlite.problem.unknown import Data
from pinnlite.solving.boxes.box_points import reference_points, scale
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.boxes import Boxes, members, multi_indices
from pinnlite.trials.partition import Face, Partition

_TINY = 1e-300
_NEAR = 1e-9  # of the region's size: how far from a boundary a point may be by rounding


@dataclass(frozen=True, eq=False)
class Piece:
    """A condition at points whose places lie in the same cells."""

    condition: Condition
    points: Mapping[Place, Float[Tensor, "n d"]]
    cells: Mapping[Place, int]
    places: Values
    observed: bool = False
    # Of members, made when first asked for.
    tables: dict[Placed, Float[Tensor, "n P"]] = field(default_factory=dict)


class BoxConditions:
    """The conditions of a problem on a partition, for series of one degree."""

    def __init__(self, problem: Problem, partition: Partition, degree: int, faces: list[Face]) -> None:
        self.problem, self.partition, self.degree, self.faces = problem, partition, degree, faces
        self.dimension = len(problem.domain.names)
        self.size = len(multi_indices(degree, self.dimension))

    @cached_property
    def pieces(self) -> list[Piece]:
        """Every condition, cut up by the cells that it speaks of."""
        found = [piece for condition in self.problem.conditions for piece in self._pieces(condition)]
        return found + [piece for observed in self.problem.data for piece in self._observed(observed)]

    def residual(self, piece: Piece, boxes: Boxes) -> Float[Tensor, " n"]:
        """By how much the condition is missed at the piece's points."""
        return self._read(piece, boxes)[0]

    def linearised(
        self, piece: Piece, guess: Boxes
    ) -> tuple[tuple[int, ...], Float[Tensor, "n C"], Float[Tensor, " n"], Float[Tensor, "1"]]:
        """The cells that the condition binds, matrix, right side, and the unit that both are in.

        The matrix has the unknowns of each cell side by side, then the unknown parameters.
        """
        residual, slopes, values = self._read(piece, guess)
        n, groups = len(residual), tuple(sorted(set(piece.cells.values())))
        matrix = torch.zeros(n, len(groups), len(self.problem.unknowns), self.size, dtype=torch.float64)
        beside = torch.zeros(n, len(self.problem.unknown_parameters), dtype=torch.float64)
        right, units = -residual, torch.full((n,), _TINY, dtype=torch.float64)
        for key, slope in slopes.items():
            name, index, at = key
            right = right + slope * values[key]
            if name in self.problem.unknown_parameters:
                beside[:, list(self.problem.unknown_parameters).index(name)] += slope
                continue
            cell = piece.cells[at]
            units = torch.maximum(units, slope.abs() * scale(self.partition, index)[cell])
            matrix[:, groups.index(cell), self.problem.unknowns.index(name)] += slope[:, None] * self._table(
                piece, key
            )
        unit = units.amax()
        rows = torch.cat([matrix.flatten(1), beside], 1) / unit
        return groups, rows, right / unit, unit.reshape(1)

    def _pieces(self, condition: Condition) -> Iterator[Piece]:
        if condition.part is not None:
            yield from self._along(condition, condition.part)
            return
        places = sorted({at for name, _, at in condition.wanted if name in self.problem.unknowns}, key=str)
        X = torch.cat([self._on(place) for place in places])
        moved = {place: _moved(X, place) for place in places}
        cells = torch.stack([self.partition.locate(moved[place]) for place in places], 1)
        alone = [
            i for i in range(self.dimension) if len({place[i] for place in places}) == 1
        ]  # coordinates that mean one number at each point
        for together in torch.unique(cells, dim=0):
            chosen = (cells == together).all(1)
            names = {self.problem.domain.names[i]: moved[places[0]][chosen, i] for i in alone}
            yield Piece(
                condition,
                {place: moved[place][chosen] for place in places},
                dict(zip(places, together.tolist(), strict=True)),
                {**self.problem.parameters, **names},
            )

    def _along(self, condition: Condition, part: Part) -> Iterator[Piece]:
        """The condition on those sides of cells that are on a part of the boundary."""
        reference = reference_points(self.degree, self.dimension - 1, 2)
        inner = {(face.first, face.axis, 1.0) for face in self.faces}
        inner |= {(face.second, face.axis, -1.0) for face in self.faces}
        names, at = self.problem.domain.names, (None,) * self.dimension
        for cell, axis, side in itertools.product(
            range(len(self.partition)), range(self.dimension), (-1.0, 1.0)
        ):
            if (cell, axis, side) in inner:
                continue
            ends = reference.new_full((len(reference), 1), side)
            X = torch.cat([reference[:, :axis], ends, reference[:, axis:]], 1)
            X = self.partition.low[cell] + self.partition.half[cell] * (1 + X)
            near = torch.stack([face.distance(X) for face in part.faces]).amin(0) <= _NEAR * part.scale
            if near.any():
                normal = {
                    NORMAL + name: torch.full((int(near.sum()),), side * (i == axis), dtype=torch.float64)
                    for i, name in enumerate(names)
                }
                places: Values = {
                    **self.problem.parameters,
                    **dict(zip(names, X[near].T, strict=True)),
                    **normal,
                }
                yield Piece(condition, {at: X[near]}, {at: cell}, places)

    def _observed(self, data: Data) -> Iterator[Piece]:
        """Observations as conditions at their points."""
        unknown, index = key_of(data.name, self.problem.unknowns, self.problem.domain.names)
        at: Place = (None,) * self.dimension
        cells = self.partition.locate(data.points)
        for cell in torch.unique(cells).tolist():
            values = data.values[cells == cell]

            def residual(places: Values, found: Mapping[Any, Tensor], values: Tensor = values) -> Tensor:
                return found[unknown, index, at] - values

            condition = Condition(data.text, frozenset({(unknown, index, at)}), residual, True)
            points = {at: data.points[cells == cell]}
            yield Piece(condition, points, {at: cell}, self.problem.parameters, observed=True)

    def _on(self, place: Place) -> Float[Tensor, "N d"]:
        """Points of a place in every cell that it meets."""
        free = [i for i, value in enumerate(place) if value is None]
        reference = reference_points(self.degree, len(free), 2)
        meets = torch.ones(len(self.partition), dtype=torch.bool)
        for i, value in enumerate(place):
            if value is not None:
                slack = 1e-12 * self.partition.extent[i]
                meets &= (self.partition.low[:, i] <= value + slack) & (
                    self.partition.high[:, i] >= value - slack
                )
        full = torch.zeros(len(reference), self.dimension, dtype=torch.float64)
        full[:, free] = reference
        met = Partition(self.partition.low[meets], self.partition.high[meets])
        return _moved(met.points(full).flatten(0, 1), place)

    def _read(self, piece: Piece, guess: Boxes) -> tuple[Tensor, dict[Placed, Tensor], dict[Placed, Tensor]]:
        """Residual, slopes and values of a condition at its points."""
        n = len(next(iter(piece.points.values())))
        values = {}
        for name, index, at in piece.condition.wanted:
            values[name, index, at] = (
                guess.parameters[name].expand(n)
                if name in self.problem.unknown_parameters
                else self._table(piece, (name, index, at)) @ guess.coefficients[name][piece.cells[at]]
            )
        ((residual, slopes),) = pointwise([piece.condition], piece.places, values)
        return residual.expand(n), {key: slope.expand(n) for key, slope in slopes.items()}, values

    def _table(self, piece: Piece, placed: Placed) -> Float[Tensor, "n P"]:
        """A partial of every member at the condition's points; Newton's method asks for it over and over."""
        if placed not in piece.tables:
            _, index, at = placed
            cell = piece.cells[at]
            s = (piece.points[at] - self.partition.low[cell]) / self.partition.half[cell] - 1
            piece.tables[placed] = members(s, self.degree, index) * scale(self.partition, index)[cell]
        return piece.tables[placed]


def _moved(X: Float[Tensor, "n d"], place: Place) -> Float[Tensor, "n d"]:
    columns = [X[:, i] if v is None else torch.full_like(X[:, i], v) for i, v in enumerate(place)]
    return torch.stack(columns, 1)

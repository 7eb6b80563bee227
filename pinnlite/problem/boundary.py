"""Conditions on a boundary or a part of it: a pointwise function of partials and of the derivative along the normal."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.faces import Flat
from pinnlite.geometry.region import Part
from pinnlite.language.equation import Statement
from pinnlite.language.nodes import Integral, NormalDerivative, PointPartial
from pinnlite.problem.equations import Condition, Index, Key, Place, Placed, Values, traced
from pinnlite.problem.unknown import Unknown

NORMAL = "normal."  # stands before a coordinate where the places hold the outward normal's component along it


@dataclass(frozen=True, eq=False)
class BoundaryStatement:
    """A residual F(x, {u_a}, du/dn, parameters) that is to vanish on the part of a boundary that a name stands for.

    ``residual(places, values)`` finds partials under their keys and normal derivatives under theirs.
    """

    text: str
    part: str
    names: tuple[str, ...]  # of the coordinates
    wanted: frozenset[Key | NormalDerivative]
    residual: Callable[[Values, Mapping[Any, Tensor]], Tensor]
    linear: bool

    def keys(self, columns: Collection[int]) -> frozenset[Key]:
        """The partials, with those first ones by some columns that normal derivatives are made of."""
        plain = {key for key in self.wanted if not isinstance(key, NormalDerivative)}
        return frozenset(plain | {(leaf.unknown, self.first(i)) for leaf in self.normal for i in columns})

    @property
    def normal(self) -> tuple[NormalDerivative, ...]:
        """The derivatives along the normal."""
        return tuple(key for key in self.wanted if isinstance(key, NormalDerivative))

    def first(self, column: int) -> Index:
        """The index of the first derivative by a coordinate."""
        return tuple(int(i == column) for i in range(len(self.names)))


def boundary_statement(statement: Statement, unknowns: Mapping[str, Unknown]) -> BoundaryStatement:
    """What a text says with ``on NAME``.

    Raises:
        ProblemError: it says besides where it holds.
    """
    assert statement.region is not None
    if any(isinstance(leaf, PointPartial | Integral) for leaf in statement.residual.leaves):
        raise ProblemError(
            f"the condition '{statement.text}' says twice where it holds, on {statement.region} and at a place or "
            f"under an integral: write it as in u = 0 on {statement.region}, or leave out 'on {statement.region}'"
        )
    wanted, residual, linear = traced(statement.residual, unknowns, len(statement.coordinates))
    return BoundaryStatement(
        statement.text, statement.region, statement.coordinates, wanted, residual, linear
    )


def on_part(statement: BoundaryStatement, part: Part, sought: Collection[str], start: Place) -> Condition:
    """The condition at points of a part, whose normals come with the places under ``NORMAL`` and the coordinate.

    Args:
        statement: what is to vanish.
        part: where.
        sought: the unknown parameters.
        start: where their values are taken.
    """
    free: Place = (None,) * len(statement.names)
    placed = _placed(statement.keys(range(len(free))), free, sought, start)

    def residual(places: Values, values: Mapping[Placed, Tensor]) -> Tensor:
        found: dict[Any, Tensor] = {key: values[place] for key, place in placed.items()}
        for leaf in statement.normal:
            along = [
                places[NORMAL + name] * found[leaf.unknown, statement.first(i)]
                for i, name in enumerate(statement.names)
            ]
            found[leaf] = torch.stack([torch.as_tensor(term) for term in along]).sum(0)
        return statement.residual(places, found)

    return Condition(statement.text, frozenset(placed.values()), residual, statement.linear, part=part)


def on_faces(
    statement: BoundaryStatement, part: Part, sought: Collection[str], start: Place
) -> list[Condition]:
    """The same as a condition for each face of a box: where a coordinate x is fixed, with du/dn = +-u_x."""
    return [
        _on_face(statement, face, sought, start)
        for face in part.faces
        if isinstance(face, Flat)  # all are, of a box
    ]


def _on_face(statement: BoundaryStatement, face: Flat, sought: Collection[str], start: Place) -> Condition:
    assert face.axis is not None
    column, value = face.axis
    at: Place = tuple(value if i == column else None for i in range(len(statement.names)))
    placed = _placed(statement.keys([column]), at, sought, start)

    def residual(places: Values, values: Mapping[Placed, Tensor]) -> Tensor:
        found: dict[Any, Tensor] = {key: values[place] for key, place in placed.items()}
        for leaf in statement.normal:
            found[leaf] = face.normal[column] * found[leaf.unknown, statement.first(column)]
        example = next(iter(found.values()))
        here = {statement.names[column]: torch.full_like(example, value)}
        return statement.residual({**places, **here}, found).expand(example.shape)

    return Condition(statement.text, frozenset(placed.values()), residual, statement.linear)


def _placed(keys: Collection[Key], at: Place, sought: Collection[str], start: Place) -> dict[Key, Placed]:
    return {(u, index): (u, index, start if u in sought else at) for u, index in keys}

"""Equations and conditions as pointwise functions of partials: the first seam of the package."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.region import Part
from pinnlite.language.equation import Statement
from pinnlite.language.evaluation import compile_tree
from pinnlite.language.nodes import Integral, Leaf, Node, NormalDerivative, Partial, PointPartial, Symbol
from pinnlite.language.structure import linear_in
from pinnlite.problem.unknown import Unknown

Index = tuple[int, ...]  # orders of differentiation, one for each coordinate
Key = tuple[str, Index]  # a partial derivative of an unknown
Place = tuple[float | None, ...]  # a value for each coordinate, None where it is free
Placed = tuple[str, Index, Place]  # a partial derivative taken at a place
Values = Mapping[str, Tensor | float]


@dataclass(frozen=True, eq=False)
class Equation:
    """A residual F(x, {u_a}, parameters) that is to vanish at every point of the domain.

    ``residual(places, partials)`` takes coordinates and parameters by name and the partials of ``wanted`` by key, each
    ``(N,)``, and returns ``(N,)``. It knows nothing of how the partials were come by.
    """

    text: str
    wanted: frozenset[Key]
    residual: Callable[[Values, Mapping[Key, Tensor]], Tensor]
    linear: bool


@dataclass(frozen=True, eq=False)
class Condition:
    """A residual of partials at places where one or more coordinates are fixed, and of integrals over the domain.

    ``residual(places, values)`` finds a partial under its place and an integral under its key in ``integrals``, which
    gives the integrand as a pointwise function. Where ``part`` is given, the condition holds at the points of that part
    of the boundary, no coordinate is fixed, and ``places`` has the normal's components besides the coordinates.
    """

    text: str
    wanted: frozenset[Placed]
    residual: Callable[[Values, Mapping[Any, Tensor]], Tensor]
    linear: bool
    integrals: Mapping[Any, Equation] = field(default_factory=dict)
    part: Part | None = None


def equation_of(statement: Statement, unknowns: Mapping[str, Unknown]) -> Equation:
    """The equation that a statement is; unknown parameters count among its partials, as functions that are constant."""
    return _pointwise(statement.text, statement.residual, unknowns, len(statement.coordinates))


def condition_of(statement: Statement, unknowns: Mapping[str, Unknown], start: Place) -> Condition:
    """The condition that a statement is; the value of an unknown parameter is taken at ``start``."""
    for leaf in statement.unknown_leaves:
        if isinstance(leaf, Partial):
            raise ProblemError(
                f"the condition '{statement.text}' speaks of {leaf.unknown} both at a place and everywhere: "
                f"say where, as in {leaf.unknown}(0)"
            )
    leaves = statement.residual.leaves
    used = _used(statement.residual, unknowns)
    _check_coordinates(statement)
    zero = (0,) * len(statement.coordinates)
    placed: dict[Leaf, Placed] = {
        leaf: (leaf.unknown, leaf.index, leaf.at) for leaf in leaves if isinstance(leaf, PointPartial)
    }
    integrals = [leaf for leaf in leaves if isinstance(leaf, Integral)]
    program = compile_tree(statement.residual)

    def residual(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
        known = {**places, **{name: u.value(values[name, zero, start]) for name, u in used.items()}}
        return torch.as_tensor(program(*(_value(leaf, known, values, placed) for leaf in program.leaves)))

    asked = [*placed, *integrals, *(Symbol(name) for name in used)]
    return Condition(
        statement.text,
        frozenset([*placed.values(), *((name, zero, start) for name in used)]),
        residual,
        linear_in(statement.residual, asked) and all(u.linear for u in used.values()),
        {leaf: _pointwise(statement.text, leaf.integrand, unknowns, len(zero)) for leaf in integrals},
    )


def _pointwise(text: str, tree: Node, unknowns: Mapping[str, Unknown], dimension: int) -> Equation:
    """A tree of partials as a pointwise function of them."""
    return Equation(text, *traced(tree, unknowns, dimension))


def traced(
    tree: Node, unknowns: Mapping[str, Unknown], dimension: int
) -> tuple[frozenset[Any], Callable[[Values, Mapping[Any, Tensor]], Tensor], bool]:
    """Which partials a tree wants, its residual from them, and whether that is linear.

    A derivative along the normal of a boundary is wanted as the leaf that it is; all else as keys.
    """
    used = _used(tree, unknowns)
    zero = (0,) * dimension
    keys: dict[Leaf, Any] = {
        leaf: (leaf.unknown, leaf.index) if isinstance(leaf, Partial) else leaf
        for leaf in tree.leaves
        if isinstance(leaf, Partial | NormalDerivative)
    }
    program = compile_tree(tree)

    def residual(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
        known = {**places, **{name: u.value(values[name, zero]) for name, u in used.items()}}
        return torch.as_tensor(program(*(_value(leaf, known, values, keys) for leaf in program.leaves)))

    wanted = frozenset([*keys.values(), *((name, zero) for name in used)])
    linear = linear_in(tree, [*keys, *(Symbol(name) for name in used)])
    return wanted, residual, linear and all(u.linear for u in used.values())


def _check_coordinates(statement: Statement) -> None:
    """A coordinate in a condition has a value only where some place leaves it free, or fixes it."""
    places = [leaf.at for leaf in statement.residual.leaves if isinstance(leaf, PointPartial)]
    for i, name in enumerate(statement.coordinates):
        if Symbol(name) in statement.residual.leaves and any(at[i] is not None for at in places):
            raise ProblemError(
                f"the condition '{statement.text}' uses {name}, which it fixes: write its value there instead"
            )


def _used(tree: Node, unknowns: Mapping[str, Unknown]) -> dict[str, Unknown]:
    """The unknown parameters that a tree names."""
    names = sorted(leaf.name for leaf in tree.leaves if isinstance(leaf, Symbol))
    return {name: unknowns[name] for name in names if name in unknowns}


def _value(
    leaf: Leaf, places: Values, values: Mapping[Any, Tensor], keys: Mapping[Leaf, Any]
) -> Tensor | float:
    if isinstance(leaf, Symbol):
        value = places[
            leaf.name
        ]  # as a tensor: a negative float under a root would raise where a tensor gives NaN
        return torch.tensor(value, dtype=torch.float64) if isinstance(value, float | int) else value
    return values[keys.get(leaf, leaf)]


def affine(
    conditions: Sequence[Condition], placed: Sequence[Placed], given: Values
) -> tuple[Float[Tensor, "C V"], Float[Tensor, " C"]]:
    """Matrix A and constants b of linear conditions: residual = A v + b for the partials v at ``placed``."""
    rows, constants = [], []
    for condition in conditions:
        values = {key: torch.zeros(1, dtype=torch.float64, requires_grad=True) for key in placed}
        residual = condition.residual(given, values).reshape(())
        slopes = torch.autograd.grad(
            residual, list(values.values()), allow_unused=True, materialize_grads=True
        )
        rows.append(torch.cat(slopes))
        constants.append(residual.detach())
    return torch.stack(rows), torch.stack(constants)

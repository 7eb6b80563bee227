"""Conditions that repeat or contradict each other where both hold, and what no statement determines."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.region import Part, Region
from pinnlite.problem.boundary import NORMAL
from pinnlite.problem.equations import Condition, Equation, Values
from pinnlite.problem.frozen import Frozen

_POINTS = 7


def check_repetitions(domain: Region, conditions: Sequence[Condition], parameters: Values) -> None:
    """Raise ProblemError where two linear conditions prescribe the same thing at the same points."""
    linear = [
        c for c in conditions if c.linear and not c.integrals and any(None in at for _, _, at in c.wanted)
    ]
    for i, condition in enumerate(linear):
        for other in linear[:i]:
            points = _common_points(domain, other, condition)
            if points is None:
                continue
            places = {**parameters, **points}
            keys = sorted(other.wanted | condition.wanted, key=str)
            known, value = affine_along(other, keys, places)
            row, constant = affine_along(condition, keys, places)
            factor = (known * row).sum(1) / known.square().sum(1).clamp(min=1e-300)
            rest = (row - factor[:, None] * known).abs().amax(1)
            if not (rest <= 1e-12 * row.abs().amax(1)).all():
                continue
            size = torch.maximum(row.abs().amax(1), constant.abs())
            differ = ((constant - factor * value).abs() > 1e-9 * size).any()
            what, remedy = (
                ("contradict each other", "keep one") if differ else ("say the same", "replace one")
            )
            if condition.part is not None:
                remedy += (
                    ' (a region\'s name, Box(..., name="wall"), makes a part of its boundary: u = 0 on wall)'
                )
            raise ProblemError(
                f"the conditions '{other.text}' and '{condition.text}' {what}, where both hold: {remedy}"
            )


def check_constants(frozen: Frozen, conditions: Sequence[Condition], spare: int) -> None:
    """Raise ProblemError where an unknown is determined only up to a constant, or is fixed at points that it is not.

    The former is so where a constant added to it changes no statement, as with derivatives on all sides: then its value
    at one point or its integral makes the solution unique, and else such a value is too much.

    Args:
        frozen: the equations and where they hold.
        conditions: all of them.
        spare: how many there may be beyond those needed: the number of unknown parameters.
    """
    domain = frozen.domain
    points = [c for c in conditions if is_mean(c, domain) or _at_points(c)]
    elsewhere = [c for c in conditions if c not in points]
    if any(c.integrals for c in elsewhere):
        return
    free = free_unknowns(frozen, elsewhere)
    for unknown in free:
        if not any(_speaks_of(condition, unknown) for condition in points):
            middle = [(low + high) / 2 for low, high in domain.intervals.values()]
            inside = domain.contains(torch.tensor([middle], dtype=torch.float64)).all()
            example = ", ".join(f"{value:g}" for value in middle) if inside else "..."
            raise ProblemError(
                f"{unknown} is determined only up to a constant, for its derivatives are all that the statements speak "
                f"of: fix its value at one point of the domain, such as {unknown}({example}) = 0, or its integral over "
                f"the domain, integral({unknown}, {', '.join(domain.names)}) = 0"
            )
    if len(points) > len(free) + spare:
        what = "" if points[-1].integrals else ", at that point as well"
        raise ProblemError(
            f"the condition '{points[-1].text}' is too much: the others determine the solution{what}: leave it out"
        )


def surplus(frozen: Frozen, conditions: Sequence[Condition]) -> Condition | None:
    """In one coordinate, a condition that holds of itself if there is a solution; None if there is no such condition.

    It is one of those to which an unknown may be shifted by a constant, as with slopes at both ends, where only one
    condition more fixes that constant.
    """
    orders = [frozen.order_of(unknown, 0) for unknown in frozen.unknowns]
    if len(frozen.domain.names) != 1 or len(conditions) != sum(orders) + 1:
        return None
    for fixing in conditions:
        others = [c for c in conditions if c is not fixing]
        if len(free_unknowns(frozen, others)) == 1:
            return others[-1]
    return None


def is_mean(condition: Condition, domain: Region) -> bool:
    """Whether a condition speaks of integrals over the whole domain and of nothing else."""
    over = [set(leaf.coordinates) == set(domain.names) for leaf in condition.integrals]
    return bool(over) and all(over) and not condition.wanted


def free_unknowns(frozen: Frozen, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """The unknowns to which a constant can be added without changing a statement."""
    statements: list[Equation | Condition] = [*frozen.equations, *conditions]
    return tuple(
        name
        for name in frozen.unknowns
        if all(_stays(statement, name, frozen.domain.names, frozen.parameters) for statement in statements)
    )


def _at_points(condition: Condition) -> bool:
    """Whether a condition holds at points or edges, where more than one coordinate is fixed."""
    places = [at for _, _, at in condition.wanted]
    return not condition.integrals and all(sum(value is not None for value in at) > 1 for at in places)


def _speaks_of(condition: Condition, unknown: str) -> bool:
    """Whether the values of an unknown, and not only its derivatives, are in a condition at points or an integral."""
    keys = {key[:2] for key in condition.wanted}.union(
        *(each.wanted for each in condition.integrals.values())
    )
    return any(name == unknown and not any(index) for name, index in keys)


def _stays(
    statement: Equation | Condition,
    unknown: str,
    names: Sequence[str],
    parameters: Values,
) -> bool:
    """Whether a residual stays as it is when a constant is added to an unknown, at random values of everything."""
    generator = torch.Generator().manual_seed(0)

    def drawn() -> Tensor:
        return torch.randn(_POINTS, generator=generator, dtype=torch.float64)

    places = {**parameters, **{name: drawn() for name in names}, **{NORMAL + name: drawn() for name in names}}
    before: dict[Any, Tensor] = {key: drawn() for key in sorted(statement.wanted, key=str)}
    zero = (0,) * len(names)
    after = {key: value + 1 if key[:2] == (unknown, zero) else value for key, value in before.items()}
    for leaf, integrand in (statement.integrals if isinstance(statement, Condition) else {}).items():
        before[leaf] = drawn()
        after[leaf] = before[leaf] + ((unknown, zero) in integrand.wanted)
    with torch.no_grad():
        one, two = (torch.as_tensor(statement.residual(places, values)) for values in (before, after))
    return torch.allclose(one, two, rtol=1e-12, atol=1e-12)


def _common_points(domain: Region, one: Condition, two: Condition) -> dict[str, Tensor] | None:
    """Points where two conditions hold, with their normals on a part of the boundary; None if there are none."""
    if (one.part is None) != (two.part is None):
        return None
    if one.part is not None and two.part is not None:
        faces = tuple(face for face in one.part.faces if face in two.part.faces)
        if not faces:
            return None
        X, normals = Part(one.part.name, faces, one.part.scale).points(_POINTS)
        named = {NORMAL + name: column for name, column in zip(domain.names, normals.T, strict=True)}
        return {**dict(zip(domain.names, X.T, strict=True)), **named}
    if {at for _, _, at in one.wanted} != {at for _, _, at in two.wanted}:
        return None
    return dict(zip(domain.names, domain.sample(_POINTS, "uniform").T, strict=True))


def affine_along(
    statement: Equation | Condition, keys: Sequence[Any], places: Mapping[str, Tensor | float]
) -> tuple[Float[Tensor, "n V"], Float[Tensor, " n"]]:
    """Slopes of a linear statement by each partial at each point, and its residual where all of them are zero."""
    count = max(len(v) for v in places.values() if isinstance(v, Tensor))
    values = {key: torch.zeros(count, dtype=torch.float64, requires_grad=True) for key in keys}
    residual = statement.residual(places, values).expand(count)
    slopes = torch.autograd.grad(
        residual.sum(), list(values.values()), allow_unused=True, materialize_grads=True
    )
    return torch.stack(slopes, 1), residual.detach()

"""Is a problem posed? Counts, places and contradictions, each told with the statement and what to write instead."""

from collections.abc import Collection, Mapping, Sequence

import torch

from pinnlite.errors import ProblemError
from pinnlite.geometry.product import box_names
from pinnlite.geometry.region import Region
from pinnlite.problem.equations import Condition, Equation, Index, affine
from pinnlite.problem.flux import check_flux
from pinnlite.problem.frozen import Frozen
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.posedness import check_posed
from pinnlite.problem.redundant import check_constants, check_repetitions, is_mean, surplus
from pinnlite.problem.sources import check_finite
from pinnlite.problem.unknown import Data, Unknown


def orders_of(equations: Sequence[Equation], dimension: int) -> dict[str, Index]:
    """For each unknown the highest order of derivative in each coordinate over all equations."""
    orders: dict[str, Index] = {}
    for equation in equations:
        for unknown, index in sorted(equation.wanted):
            before = orders.get(unknown, (0,) * dimension)
            orders[unknown] = tuple(max(a, b) for a, b in zip(before, index, strict=True))
    return orders


def check(
    frozen: Frozen,
    parameters: Mapping[str, float],
    sought: Mapping[str, Unknown],
    conditions: Sequence[Condition],
    data: Sequence[Data],
    orders: Mapping[str, Index],
) -> None:
    """Raise ProblemError where the statements do not pose a problem."""
    domain, equations = frozen.domain, frozen.equations
    if not equations:
        raise ProblemError(
            "there is no equation among the statements, only conditions: add one, such as \"u'' + u = 0\""
        )
    for equation in equations:
        if not {name for name, _ in equation.wanted} & set(orders):
            raise ProblemError(
                f"the equation '{equation.text}' names no unknown function and its derivatives"
            )
    if len(equations) != len(orders):
        raise ProblemError(
            f"{_count(len(equations), 'equation')} for {_count(len(orders), 'unknown function')} "
            f"({', '.join(orders)}): there must be as many of one as of the other"
        )
    for condition in conditions:
        _check_places(domain, condition, sought)
        if not condition.wanted and not condition.integrals:
            raise ProblemError(
                f"the condition '{condition.text}' does not constrain the solution: leave it out"
            )
        for unknown, _, _ in condition.wanted:
            if unknown not in orders and unknown not in sought:
                raise ProblemError(
                    f"the condition '{condition.text}' speaks of {unknown}, which no equation determines"
                )
    _check_independence(conditions, parameters)
    along = [c for c in conditions if not c.integrals and any(None in at for _, _, at in c.wanted)]
    check_finite(domain, [*equations, *along], parameters)
    for name in sought:
        names = {key[0] for e in equations for key in e.wanted} | {
            key[0] for c in conditions for key in c.wanted
        }
        if name not in names:
            raise ProblemError(
                f"the unknown parameter {name} appears in no statement: leave it out or use it"
            )
    _check_data(domain, data, orders)
    if not sought and not data:
        check_flux(frozen, conditions)
    if len(domain.names) == 1:
        if not sought and not data and surplus(frozen, conditions):
            return
        _check_count(conditions, sum(len(d.values) for d in data), orders, sought)
        return
    for condition in conditions:
        _check_on_boundary(domain, condition, bool(sought))
    check_repetitions(domain, conditions, parameters)
    check_posed(frozen, [c for c in conditions if not is_mean(c, domain)], len(sought), bool(data))
    if not data:
        check_constants(frozen, conditions, len(sought))
        if sought:
            _check_spare(frozen, conditions, sought)


def _check_spare(frozen: Frozen, conditions: Sequence[Condition], sought: Mapping[str, Unknown]) -> None:
    """Raise ProblemError where each condition is needed for the functions, and none is left for the parameters."""
    for condition in conditions:
        others = [c for c in conditions if c is not condition]
        try:
            check_posed(frozen, [c for c in others if not is_mean(c, frozen.domain)], len(sought), False)
            check_constants(frozen, others, len(sought))
        except ProblemError:
            continue
        return
    raise ProblemError(
        f"too few conditions: all of them are needed for {', '.join(frozen.unknowns)}, and none is left for the "
        f"unknown parameter {next(iter(sought))}: observe something, pl.data(...), or add a condition, such as a value "
        f"of {frozen.unknowns[0]} at a point or its derivative on a part of the boundary"
    )


def _check_on_boundary(domain: Region, condition: Condition, sought: bool) -> None:
    """A condition along a line or a surface is at the boundary, if only in one of its places.

    At a single point it may be anywhere inside, and to determine an unknown parameter it may be along any line.
    """
    places = sorted({at for name, _, at in condition.wanted if None in at}, key=str)
    own = box_names(domain)
    if not places or condition.part is not None or sought:
        return
    for at in places:
        for name, value in zip(domain.names, at, strict=True):
            low, high = domain.intervals[name]
            if (
                value is not None
                and name in own
                and min(abs(value - low), abs(value - high)) <= 1e-12 * (high - low)
            ):
                return
    ends = " or ".join(f"{name} = {end:g}" for name in own for end in domain.intervals[name])
    remedy = f"fix one coordinate at an end, {ends}" if ends else "write u = ... on boundary"
    raise ProblemError(
        f"the condition '{condition.text}' is on points that are not on the boundary: {remedy}"
    )


def _check_places(domain: Region, condition: Condition, sought: Collection[str]) -> None:
    for at in sorted({at for unknown, _, at in condition.wanted if unknown not in sought}, key=str):
        for name, value in zip(domain.names, at, strict=True):
            if value is not None and not domain.holds(name, value):
                low, high = domain.intervals[name]
                raise ProblemError(
                    f"the condition '{condition.text}' is at {name} = {value:g}, outside the domain "
                    f"[{low:g}, {high:g}]: move it inside or widen {name}=({low:g}, {high:g})"
                )
        if None not in at and not domain.contains(torch.tensor([at], dtype=torch.float64)).all():
            raise ProblemError(
                f"the condition '{condition.text}' is at a point outside the domain: move it inside"
            )


def _check_data(domain: Region, data: Sequence[Data], orders: Mapping[str, Index]) -> None:
    for observed in data:
        if observed.points.shape[1] != len(domain.names):
            raise ProblemError(
                f"{observed.text} has points of {_count(observed.points.shape[1], 'coordinate')}: "
                f"give {', '.join(domain.names)} and then the values"
            )
        key_of(observed.name, tuple(orders), domain.names)
        for name, column in zip(domain.names, observed.points.T, strict=True):
            for value in (column.min().item(), column.max().item()):
                if not domain.holds(name, value):
                    low, high = domain.intervals[name]
                    raise ProblemError(
                        f"{observed.text} has a point at {name} = {value:g}, outside the domain [{low:g}, {high:g}]: "
                        f"widen {name}=({low:g}, {high:g}) or leave it out"
                    )
        outside = ~domain.contains(observed.points)
        if outside.any():
            place = ", ".join(f"{value:g}" for value in observed.points[outside][0].tolist())
            raise ProblemError(f"{observed.text} has a point at ({place}), outside the region: leave it out")


def _check_count(
    conditions: Sequence[Condition],
    observations: int,
    orders: Mapping[str, Index],
    sought: Mapping[str, Unknown],
) -> None:
    """A state has as many numbers as the orders add up to, and each unknown parameter is one more."""
    needed = sum(order for (order,) in orders.values()) + len(sought)
    missing = needed - len(conditions)
    if missing == 0 or 0 < missing <= observations:
        return
    needs = [f"{unknown} of order {order}" for unknown, (order,) in orders.items()]
    needs += [f"the unknown parameter {name}" for name in sought]
    unknown = next(iter(orders))
    besides = f", or data of {unknown}" if sought else ""
    what, remedy = (
        ("few", f"add {missing} more, such as a value of {unknown} or of a derivative at an end{besides}")
        if missing > 0
        else ("many", f"leave out {-missing}")
    )
    given = "".join(f"\n  {condition.text}" for condition in conditions)
    raise ProblemError(
        f"too {what} conditions: {len(conditions)} where {needed} {'is' if needed == 1 else 'are'} needed "
        f"({', '.join(needs)}): {remedy}{given}"
    )


def _check_independence(conditions: Sequence[Condition], parameters: Mapping[str, float]) -> None:
    """Linear conditions at fixed places are affine in finitely many numbers: look for rows that are parallel."""
    fixed = [
        c for c in conditions if c.linear and not c.integrals and all(None not in at for _, _, at in c.wanted)
    ]
    if not fixed:
        return
    placed = sorted({key for c in fixed for key in c.wanted}, key=str)
    matrix, constants = affine(fixed, placed, parameters)
    for i, (condition, row, constant) in enumerate(zip(fixed, matrix, constants, strict=True)):
        if not row.any():
            raise ProblemError(
                f"the condition '{condition.text}' does not constrain the solution: leave it out"
            )
        for other, known, value in zip(fixed[:i], matrix, constants, strict=False):
            factor = known @ row / (known @ known)
            if (row - factor * known).abs().max() > 1e-12 * row.abs().max():
                continue
            size = torch.maximum(row.abs().max(), constant.abs())
            what, remedy = (
                ("contradict each other", "keep one of them")
                if (constant - factor * value).abs() > 1e-9 * size
                else ("say the same", "replace one of them")
            )
            raise ProblemError(f"the conditions '{other.text}' and '{condition.text}' {what}: {remedy}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

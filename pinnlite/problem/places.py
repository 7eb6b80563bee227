"""Where conditions on a boundary hold: its parts, without the ends of those coordinates in which a problem evolves."""

from collections.abc import Collection, Mapping, Sequence

from pinnlite.errors import ProblemError
from pinnlite.geometry.domains import Box
from pinnlite.geometry.product import Product
from pinnlite.geometry.region import Region
from pinnlite.problem.boundary import BoundaryStatement, on_faces, on_part
from pinnlite.problem.equations import Condition, Index


def placed_on(
    domain: Region,
    read: Sequence[Condition | BoundaryStatement],
    orders: Mapping[str, Index],
    sought: Collection[str],
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """The conditions as they were stated, and with those on parts of a box's boundary as one for each face."""
    start = tuple(low for low, _ in domain.intervals.values())
    evolving = initial_coordinates(domain, [c for c in read if isinstance(c, Condition)], orders)
    whole: list[Condition] = []
    single: list[Condition] = []
    for statement in read:
        if isinstance(statement, Condition):
            whole.append(statement)
            single.append(statement)
            continue
        try:
            part = domain.part(statement.part, evolving)
        except ProblemError as error:
            raise ProblemError(f"the condition '{statement.text}' cannot be placed: {error}") from None
        if not statement.wanted:
            raise ProblemError(
                f"the condition '{statement.text}' does not constrain the solution: leave it out"
            )
        whole.append(on_part(statement, part, sought, start))
        single += on_faces(statement, part, sought, start) if isinstance(domain, Box) else whole[-1:]
    return tuple(whole), tuple(single)


def initial_coordinates(
    domain: Region, conditions: Sequence[Condition], orders: Mapping[str, Index]
) -> tuple[str, ...]:
    """The coordinates in which the problem evolves, as it does in time: all their data are at one end.

    That is where some unknown of order m in the coordinate has m conditions or more at places at one of its ends, and
    no condition is at a place at the other one. A coordinate of a region that is no box has no such ends.
    """
    own = domain.box.names if isinstance(domain, Product) else domain.names if isinstance(domain, Box) else ()
    return tuple(name for name in own if _evolves(domain, domain.names.index(name), conditions, orders))


def _evolves(
    domain: Region, column: int, conditions: Sequence[Condition], orders: Mapping[str, Index]
) -> bool:
    ends = domain.intervals[domain.names[column]]
    low, high = ([c for c in conditions if _is_at(c, column, end, ends)] for end in ends)
    if (low and high) or not (low or high):
        return False
    return any(
        0 < index[column] <= sum(u in {name for name, _, _ in c.wanted} for c in low or high)
        for u, index in orders.items()
    )


def _is_at(condition: Condition, column: int, value: float, ends: tuple[float, float]) -> bool:
    """Whether a condition has a place at a value of a coordinate, to rounding."""
    fixed = (at[column] for _, _, at in condition.wanted)
    return any(v is not None and abs(v - value) <= 1e-12 * (ends[1] - ends[0]) for v in fixed)

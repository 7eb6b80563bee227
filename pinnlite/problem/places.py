"""Where conditions on a boundary hold: its parts, without the ends of those coordinates in which a problem evolves."""

from collections.abc import Collection, Mapping, Sequence

from pinnlite.errors import ProblemError
from pinnlite.geometry.domains import Box
from pinnlite.geometry.product import box_names
from pinnlite.geometry.region import Region
from pinnlite.language.notation import TIME
from pinnlite.problem.boundary import BoundaryStatement, on_faces, on_part
from pinnlite.problem.equations import Condition, Index
from pinnlite.problem.frozen import Frozen


def placed_on(
    frozen: Frozen,
    read: Sequence[Condition | BoundaryStatement],
    orders: Mapping[str, Index],
    sought: Collection[str],
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """The conditions as they were stated, and with those on parts of a box's boundary as one for each face."""
    if all(isinstance(statement, Condition) for statement in read):
        plain = tuple(statement for statement in read if isinstance(statement, Condition))
        return plain, plain
    domain = frozen.domain
    start = tuple(low for low, _ in domain.intervals.values())
    evolving = initial_coordinates(frozen, [c for c in read if isinstance(c, Condition)], orders)
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
    frozen: Frozen, conditions: Sequence[Condition], orders: Mapping[str, Index]
) -> tuple[str, ...]:
    """The coordinates in which the problem evolves, as it does in time: their ends are no part of the boundary.

    These are those with all their data at one end, where some unknown of order m has m conditions or more, and none at
    the other; and one, t if it is among several, whose data could only be at one end, by the equations themselves. A
    coordinate of a region that is no box has no such ends.
    """
    domain = frozen.domain
    stated = [
        name for name in box_names(domain) if _evolves(domain, domain.names.index(name), conditions, orders)
    ]
    if stated or len(domain.names) == 1:
        return tuple(stated)
    able = [name for name in box_names(domain) if frozen.evolves(domain.names.index(name), name == TIME)]
    return tuple(able) if len(able) == 1 else tuple(name for name in able if name == TIME)


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
    """Whether a condition has a place at a value of a coordinate and of no other, to rounding."""
    fixed = (at[column] for _, _, at in condition.wanted if sum(v is not None for v in at) == 1)
    return any(v is not None and abs(v - value) <= 1e-12 * (ends[1] - ends[0]) for v in fixed)

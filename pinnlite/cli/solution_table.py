"""A solution and its derivatives as a table: at the points asked for, otherwise at a few along each coordinate."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pinnlite.cli.derivative_names import chosen_variable, derivative_names, typeset_derivatives
from pinnlite.cli.output import Table, grid
from pinnlite.cli.values import Interval, Points

if TYPE_CHECKING:
    from torch import Tensor

    from pinnlite.solution import Solution

_POINTS = {1: 11, 2: 5}  # along each coordinate, by how many there are: a table that fits a screen
_POINTS_OF_MORE = 3
_ROUNDING = 1e-14  # of a column's largest value: what is smaller is printed as zero for people


def solution_table(
    solution: "Solution", at: Sequence[Points], order: int = 0, wrt: str | None = None
) -> Table:
    """Values of the unknowns, and of their derivatives up to an order by one coordinate.

    Points past the place where the solution ends, as at a blow-up, and outside a region have no rows.
    """
    import torch

    from pinnlite.language.latex import typeset_name

    names, unknowns = solution.problem.domain.names, solution.problem.unknowns
    variable = chosen_variable(names, wrt) if order else names[0]
    headings = [h for u in unknowns for h in derivative_names(u, names, variable, order)]
    typeset = [h for u in unknowns for h in typeset_derivatives(u, names, variable, order)]
    columns = ([*names, *headings], [*map(typeset_name, names), *typeset])
    if solution.trial is None:
        return Table(columns[0], [], columns[1])
    points = _points(solution, at)
    values = [
        solution.partial(f"{u}_{variable * k}")(*points.T) if k else _values(solution, points)[u]
        for u in unknowns
        for k in range(order + 1)
    ]
    rows = torch.stack([*points.T, *(value.detach() for value in values)], dim=1).tolist()
    return Table(columns[0], rows, columns[1])


def _values(solution: "Solution", points: "Tensor") -> "dict[str, Tensor]":
    found = solution(*points.T)
    return found if isinstance(found, dict) else {solution.problem.unknowns[0]: found}


def _points(solution: "Solution", at: Sequence[Points]) -> "Tensor":
    """The points of the table, as rows."""
    import torch

    names = solution.problem.domain.names
    ends = dict(solution.problem.domain.intervals)
    if solution.reached:
        ends[solution.problem.marching] = solution.reached
    count = _POINTS.get(len(names), _POINTS_OF_MORE)
    default = {
        name: torch.linspace(*pair, count, dtype=torch.float64).tolist() for name, pair in ends.items()
    }
    points = torch.tensor(grid(names, at, default), dtype=torch.float64)
    if solution.reached:
        points = _found(points, names.index(solution.problem.marching), solution.reached)
    return points if at else points[solution.problem.domain.contains(points)]


def _found(points: "Tensor", along: int, reached: Interval) -> "Tensor":
    """The points where there is a solution; how many there are besides is said on standard error."""
    start, stop = reached
    kept = points[(start <= points[:, along]) & (points[:, along] <= stop)]
    if len(kept) < len(points):
        warnings.warn(
            f"the solution ends at {stop:g}: {len(points) - len(kept)} of {len(points)} points have no value",
            stacklevel=2,
        )
    return kept


def without_rounding(table: Table) -> Table:
    """Values that are nothing but rounding beside the largest of their column as zeros."""
    largest = [max(map(abs, column), default=0.0) for column in zip(*table.rows, strict=True)]
    small = [_ROUNDING * size for size in largest]
    rows = [
        [
            0.0 if isinstance(cell, float) and abs(cell) < s else cell
            for cell, s in zip(row, small, strict=True)
        ]
        for row in table.rows
    ]
    return Table(table.columns, rows, table.typeset)

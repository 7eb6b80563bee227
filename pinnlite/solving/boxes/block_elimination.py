"""Sparse linear least squares by blocks: rows that touch few groups of unknowns, eliminated group by group with QR.

Orthogonal transformations only: the condition number is the matrix's own, not its square, as it would be of normal
equations. The order of the groups decides how much is carried along, and so the cost.

Source: T. Davis, Direct Methods for Sparse Linear Systems (2006), chapter 5; multifrontal QR.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.solving.clock import Clock

_WHOLE = 2600  # columns of a matrix that takes a second or two: beyond, one call would let nothing through for longer
_PANEL = 512  # columns


class Stopped(Exception):
    """The time was up."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows over some groups of unknowns: ``matrix`` times those unknowns, side by side, is to be ``right``."""

    groups: tuple[int, ...]
    matrix: Float[Tensor, "R C"]
    right: Float[Tensor, "R k"]


@dataclass(frozen=True, eq=False)
class _Eliminated:
    """The triangle of unknowns that were eliminated together, and how they hang on later ones."""

    groups: tuple[int, ...]
    later: tuple[int, ...]
    triangle: Float[Tensor, "n n"]
    coupling: Float[Tensor, "n c"]
    right: Float[Tensor, "n k"]


def solve_blocks(
    blocks: Iterable[Rows],
    widths: Mapping[int, int],
    order: Sequence[Sequence[int]],
    clock: Clock,
) -> dict[int, Float[Tensor, "w k"]]:
    """The unknowns of every group that minimise the squared norm of all rows, for each right side.

    Args:
        blocks: the rows.
        widths: how many unknowns each group has.
        order: groups that are eliminated together, in turn; each group once.
        clock: asked before every elimination whether there is time for it.

    Raises:
        Stopped: there was not.

    A column that rows leave without a trace gets a value that is not finite, as does what hangs on it.
    """
    touching: dict[int, set[int]] = {group: set() for group in widths}
    active: dict[int, Rows] = {}

    def enter(rows: Rows) -> None:
        number = counter[0]
        counter[0] += 1
        active[number] = rows
        for group in rows.groups:
            touching[group].add(number)

    counter = [0]
    for rows in blocks:
        if clock.spent:
            raise Stopped
        enter(rows)
    done = []
    for together in order:
        numbers = sorted({number for group in together for number in touching[group]})
        front = [active.pop(number) for number in numbers]
        for number, rows in zip(numbers, front, strict=True):
            for group in rows.groups:
                touching[group].discard(number)
        operations = _operations(front, widths)
        if clock.overruns(operations):
            raise Stopped
        before = clock.seconds
        eliminated, rest = _eliminate(tuple(together), front, widths, clock)
        clock.measured(operations, clock.seconds - before)
        done.append(eliminated)
        if rest is not None:
            enter(rest)
    return _back_substituted(done, widths)


def _operations(front: Sequence[Rows], widths: Mapping[int, int]) -> float:
    """Of a QR of these rows, in order of magnitude: it cannot be interrupted."""
    columns = sum(widths[group] for group in {group for rows in front for group in rows.groups})
    return float(sum(len(rows.matrix) for rows in front)) * columns**2


def _eliminate(
    together: tuple[int, ...], front: Sequence[Rows], widths: Mapping[int, int], clock: Clock
) -> tuple[_Eliminated, Rows | None]:
    later = tuple(sorted({g for rows in front for g in rows.groups} - set(together)))
    place, size = {}, 0
    for group in (*together, *later):
        place[group] = size
        size += widths[group]
    n = sum(widths[group] for group in together)
    k = front[0].right.shape[1]
    stacked = torch.zeros(max(n, sum(len(rows.matrix) for rows in front)), size + k, dtype=torch.float64)
    top = 0
    for rows in front:
        here, left = slice(top, top + len(rows.matrix)), 0
        for group in rows.groups:
            width = widths[group]
            stacked[here, place[group] : place[group] + width] = rows.matrix[:, left : left + width]
            left += width
        stacked[here, size:] = rows.right
        top += len(rows.matrix)
    triangle = _triangle(stacked, clock) if len(stacked) > 1 else stacked
    eliminated = _Eliminated(together, later, triangle[:n, :n], triangle[:n, n:size], triangle[:n, size:])
    rest = triangle[n:size]  # rows beyond hold what no unknown can change
    return eliminated, Rows(later, rest[:, n:size], rest[:, size:]) if later and len(rest) else None


def _triangle(matrix: Float[Tensor, "R C"], clock: Clock) -> Float[Tensor, "r C"]:
    """R of a QR; of a large matrix by panels of columns, between which the solve may be stopped or interrupted."""
    if matrix.shape[1] <= _WHOLE:
        whole: Tensor = torch.linalg.qr(matrix, mode="r").R
        return whole
    size = min(matrix.shape)
    for start in range(0, size, _PANEL):
        if clock.spent:
            raise Stopped
        reflectors, factors = torch.geqrf(matrix[start:, start : start + _PANEL])
        matrix[start:, start : start + _PANEL] = reflectors.triu()
        rest = matrix[start:, start + _PANEL :]
        if rest.shape[1]:
            rest.copy_(torch.ormqr(reflectors, factors, rest, left=True, transpose=True))
    return matrix[:size]


def _back_substituted(
    done: Sequence[_Eliminated], widths: Mapping[int, int]
) -> dict[int, Float[Tensor, "w k"]]:
    found: dict[int, Tensor] = {}
    for step in reversed(done):
        right = step.right
        if step.later:
            right = right - step.coupling @ torch.cat([found[group] for group in step.later])
        solved = torch.linalg.solve_triangular(step.triangle, right, upper=True)
        sizes = [widths[group] for group in step.groups]
        found.update(zip(step.groups, solved.split(sizes), strict=True))
    return found

"""Gauss-Newton on a partition into boxes: one solve where the problem is linear, damped ones elsewhere."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes.box_rows import BoxRows
from pinnlite.solving.clock import Clock
from pinnlite.trials.boxes import Boxes

_STEPS = 30
_SMALLEST_SHARE = 2.0**-12
_SETTLED = 1e-13
_NEAR = 1e-3  # a step as short as this is taken whole: the misfit may be all truncation, which no step lowers
_NEAR_DATA = 0.1  # the same where the misfit may be noise


@dataclass(frozen=True, eq=False)
class Outcome:
    """Where the iteration ended, whether it came to rest, after how many steps, and what is left of the rows."""

    boxes: Boxes
    settled: bool
    steps: int
    amplification: float  # of noise in the rows
    sensitivity: float  # of the rows to the unknown parameters
    imbalance: Float[Tensor, " E"]
    spots: Float[Tensor, "E d"]  # where in each box it is largest


def gauss_newton(
    problem: Problem, start: Boxes, accuracy: float, clock: Clock, blind: float | None = None
) -> Outcome:
    """Make the rows of a problem small from ``start``, to steps below ``accuracy``; Stopped when the time is up."""
    rows = BoxRows(problem, start.partition, start.degree, clock, blind=blind)
    solved = rows.solve(start)

    def outcome(boxes: Boxes, settled: bool, steps: int) -> Outcome:
        return Outcome(
            boxes, settled, steps, solved.amplification, solved.sensitivity, *rows.imbalance(boxes)
        )

    if problem.linear:
        return outcome(solved.boxes, True, 1)
    here, before = start, float("inf")
    for step in range(1, _STEPS + 1):
        length = here.distance(solved.boxes)
        here, moved = _taken(rows, here, solved.boxes, length)
        rest = max(_SETTLED, 1e-2 * accuracy)
        # Quadratic convergence: a step of this length leaves its square, unless rounding keeps it from shrinking.
        if moved and (length <= rest or (length < 1e-9 and length > before / 4)):
            return outcome(here, True, step)
        if not moved:
            break
        before, solved = length, rows.solve(here)
    return outcome(here, False, step)


def _taken(rows: BoxRows, here: Boxes, towards: Boxes, length: float) -> tuple[Boxes, bool]:
    """As much of the step as lowers the misfit."""
    if length < (_NEAR if rows.blind is None else _NEAR_DATA):
        return towards, True
    misfit, share = rows.misfit(here), 1.0
    while share > _SMALLEST_SHARE:
        ahead = here.moved(towards, share)
        if rows.misfit(ahead) < (1 - share / 10) * misfit:
            return ahead, True
        share /= 2
    return here, False

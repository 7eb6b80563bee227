"""What networks in several coordinates are measured by: a solution of another kind, not one of the same training."""

import math

from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes import by_boxes
from pinnlite.solving.clock import Clock
from pinnlite.solving.features import by_features
from pinnlite.solving.refine import refine
from pinnlite.solving.slabs import by_slabs
from pinnlite.trials.trial import Approximation

_SHARE = 0.3  # of the time
_SHARPER = 0.1  # it is by so much more accurate than networks are to be


def by_elements(problem: Problem, tol: float, clock: Clock) -> Approximation | None:
    """The solution by Legendre elements, to a fraction of the tolerance, where they can represent it and have time."""
    own = clock.part(_SHARE)
    if by_slabs.suits(problem):
        found = by_slabs.candidates(problem, _SHARPER * tol, own)
    elif by_boxes.suits(problem):
        found = by_boxes.candidates(problem, _SHARPER * tol, own)
    else:
        return None
    first = next(found, None)
    return None if first is None or first.failure or first.reached else first.trial


def by_any(problem: Problem, tol: float, clock: Clock) -> Approximation | None:
    """By elements, elsewhere by random features."""
    found = by_elements(problem, tol, clock)
    if found is not None:
        return found
    own = clock.part(_SHARE)
    result = refine(by_features.candidates(problem, tol, "auto", 0, own), problem, tol, own)
    return result.candidate.trial if result.error < math.inf else None

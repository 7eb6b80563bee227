"""What networks in several coordinates are measured by: a solution of another kind, not one of the same training."""

import math
from collections.abc import Iterator

from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes import by_boxes
from pinnlite.solving.clock import Clock
from pinnlite.solving.estimate import difference
from pinnlite.solving.features import by_features
from pinnlite.solving.refine import Candidate, refine
from pinnlite.solving.residuals import INTERRUPTED
from pinnlite.solving.slabs import by_slabs
from pinnlite.trials.trial import Approximation

_SHARE = 0.3  # of the time
_SHARPER = 0.1  # it is by so much more accurate than networks are to be
_APART = 3.0  # times the accuracy of a check: a network nearer to it may be better than the check is
_FINEST = 1e-13  # a check that is asked for: beyond there is only rounding


class Checks:
    """Solutions by Legendre elements, where they can represent it and have time.

    The first is to a fraction of the tolerance. A network may be better than that, and its distance from the check
    would be the check's own error: then a finer one is made.
    """

    def __init__(self, problem: Problem, tol: float, clock: Clock) -> None:
        self.problem, self.accuracy = problem, _SHARPER * tol
        own = clock.part(_SHARE)
        self._finer: Iterator[Candidate] = iter(())
        for way in (by_slabs, by_boxes):
            if way.suits(problem):
                self._finer = way.candidates(problem, self.accuracy, own)
                break
        self.finest = self._next()

    def of(self, trial: Approximation | None) -> Approximation | None:
        """A solution that is nearer to the truth than the trial is, as far as there is one."""
        while trial is not None and self.finest is not None and self.accuracy > _FINEST:
            if difference(trial, self.finest, self.problem) > _APART * self.accuracy:
                break
            finer = self._next()
            if finer is None:
                break
            self.finest, self.accuracy = finer, _SHARPER * self.accuracy
        return self.finest

    def _next(self) -> Approximation | None:
        found = next(self._finer, None)
        if found is not None and found.failure == INTERRUPTED:
            raise KeyboardInterrupt
        return None if found is None or found.failure or found.reached else found.trial


def by_features_alone(problem: Problem, tol: float, clock: Clock) -> Approximation | None:
    """A solution by random features, where there is one by nothing else."""
    own = clock.part(_SHARE)
    result = refine(by_features.candidates(problem, tol, "auto", 0, own), problem, tol, own)
    if result.interrupted:
        raise KeyboardInterrupt
    return result.candidate.trial if result.error < math.inf else None

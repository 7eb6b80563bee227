"""Candidates of growing accuracy, each checked against the next: where the error estimate comes from."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from pinnlite.problem.problem import Problem
from pinnlite.solving.estimate import difference, misfit, relative_residual
from pinnlite.solving.residuals import INTERRUPTED, Monitor
from pinnlite.trials.trial import Approximation

_MISFIT = 0.1  # of what a condition is missed by: the error that it makes inside at least
_MOST_RESIDUAL = 0.05  # of the equations' terms: what leaves more unbalanced is no solution, agree as it may


@dataclass(frozen=True)
class Candidate:
    """A trial function that a solver proposes; each one is finer than, and independent of, the one before."""

    trial: Approximation | None
    note: str
    failure: str | None = None  # why it is not a solution of the whole problem
    reached: tuple[float, float] | None = None
    check: Approximation | None = None  # what it is measured by, where that is not the next candidate


@dataclass(frozen=True)
class Result:
    """The chosen candidate with its estimated error."""

    candidate: Candidate
    error: float
    history: tuple[str, ...]
    interrupted: bool = False


@dataclass
class Clock:
    """How much time a solve has; its ``spent`` is what every loop asks."""

    limit: float | None
    began: float
    longest: float = 0.0  # of the steps that a method has taken
    stopped: bool = False

    @staticmethod
    def started(limit: float | None) -> "Clock":
        """A clock that starts now."""
        return Clock(limit, time.perf_counter())

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.perf_counter() - self.began

    @property
    def spent(self) -> bool:
        """Whether the time is up, or a method was stopped because it soon would be."""
        return self.stopped or (self.limit is not None and self.seconds > self.limit)

    def part(self, share: float) -> "Clock":
        """A clock of its own for a share of the time that is left."""
        limit = None if self.limit is None else self.seconds + share * max(self.limit - self.seconds, 0.0)
        return Clock(limit, self.began)

    def monitor(self, share: float = 1.0) -> Monitor:
        """What stops a method: that another step as long as the longest so far would overrun its share of the time."""
        before: float | None = None

        def stop(step: int, loss: float) -> bool:
            nonlocal before
            now = self.seconds
            if before is not None:
                self.longest = max(self.longest, now - before)
            before = now
            over = self.limit is not None and now + self.longest > share * self.limit
            self.stopped = self.stopped or (over and share == 1.0)
            return over

        return stop


def refine(candidates: Iterator[Candidate], problem: Problem, tol: float, clock: Clock) -> Result:
    """The first candidate whose distance to the next, or to its check, is within ``tol``; or the best there was."""
    best: Result | None = None
    before: Candidate | None = None
    candidate: Candidate | None = None
    history: list[str] = []
    interrupted = False
    try:
        for candidate in candidates:
            history.append(f"{clock.seconds:.3f} s: {candidate.note}")
            interrupted = candidate.failure == INTERRUPTED
            if candidate.failure and before is not None and candidate.check is None:
                break
            measured, finer, beside = before, candidate.trial, "the one before"
            if candidate.check is not None:
                measured, finer, beside = candidate, candidate.check, "its check"
            if measured is not None and measured.trial is not None and finer is not None:
                error = difference(measured.trial, finer, problem)
                history[-1] += f", {error:.1e} from {beside}"
                imbalance = relative_residual(measured.trial, problem, finer)
                missed = misfit(measured.trial, problem)
                if missed > error / _MISFIT:
                    error = _MISFIT * missed
                    history[-1] += f", which misses its conditions by {missed:.1e}"
                if not imbalance < _MOST_RESIDUAL:
                    history[-1] += f", which leaves {imbalance:.0%} of the equation unbalanced"
                    error = math.inf
                if best is None or not error >= best.error:
                    best = Result(measured, error, ())
            if candidate.failure or (best and best.error <= tol) or clock.spent:
                break
            before = candidate
    except KeyboardInterrupt:
        interrupted = True
        history.append(f"{clock.seconds:.3f} s: interrupted")
    if best is None:
        found = [one for one in (candidate, before) if one is not None]
        whole = [one for one in found if one.trial is not None]
        best = Result((whole or found or [Candidate(None, "nothing")])[0], math.inf, ())
    return Result(best.candidate, best.error, tuple(history), interrupted)

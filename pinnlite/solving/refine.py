"""Candidates of growing accuracy, each checked against the next: where the error estimate comes from."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from pinnlite.problem.problem import Problem
from pinnlite.solving.balance import spots
from pinnlite.solving.estimate import difference, misfit, relative_residual
from pinnlite.solving.residuals import INTERRUPTED, Monitor
from pinnlite.trials.trial import Approximation

_UNUSED = 2**41 + 5  # a seed that no solver draws its points with
_MISFIT = 0.1  # of what a condition is missed by: the error that it makes inside at least
_MOST_MISSED = 0.5  # of u: what misses a condition by more has nothing to do with it
_MOST_RESIDUAL = 0.05  # of the equations' terms: what leaves more unbalanced is no solution, agree as it may


@dataclass(frozen=True)
class Candidate:
    """A trial function that a solver proposes; each one is finer than, and independent of, the one before."""

    trial: Approximation | None
    note: str
    failure: str | None = None  # why it is not a solution of the whole problem
    reached: tuple[float, float] | None = None
    hopeless: bool = False  # whether the failure is the problem's own, which no other trial would mend


@dataclass(frozen=True)
class Result:
    """The chosen candidate with its estimated error."""

    candidate: Candidate
    error: float
    history: tuple[str, ...]
    interrupted: bool = False
    doubt: str | None = None  # why a candidate that the next one agrees with is no solution


@dataclass
class Clock:
    """How much time a solve has; its ``spent`` is what every loop asks."""

    limit: float | None
    began: float
    longest: float = 0.0  # of the steps that a method has taken
    stopped: bool = False
    operations: float = 0.0  # of the largest step that was measured
    took: float = 0.0  # and its time

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

    def overruns(self, operations: float) -> bool:
        """Whether a step of so many operations, as fast as the largest so far, would take more than is left."""
        ahead = self.took * operations / self.operations if self.operations else 0.0
        self.stopped = self.stopped or (self.limit is not None and self.seconds + ahead > self.limit)
        return self.stopped

    def measured(self, operations: float, seconds: float) -> None:
        """Take note of what a step of so many operations took."""
        if operations >= self.operations:
            self.operations, self.took = operations, seconds

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
    """The first candidate whose distance to the next is within ``tol``, otherwise the best one there was."""
    best: Result | None = None
    before: Candidate | None = None
    candidate: Candidate | None = None
    history: list[str] = []
    interrupted = False
    try:
        for candidate in candidates:
            history.append(f"{clock.seconds:.3f} s: {candidate.note}")
            interrupted = candidate.failure == INTERRUPTED
            if candidate.failure and before is not None:
                break
            if before is not None and before.trial is not None and candidate.trial is not None:
                error = difference(before.trial, candidate.trial, problem)
                history[-1] += f", {error:.1e} from the one before"
                imbalance = relative_residual(before.trial, problem, candidate.trial)
                missed = misfit(before.trial, problem, candidate.trial)
                if missed > error / _MISFIT:
                    error = _MISFIT * missed
                    history[-1] += f", which misses its conditions by {missed:.1e}"
                if missed > _MOST_MISSED:
                    error = math.inf
                if not imbalance < _MOST_RESIDUAL:
                    history[-1] += f", which leaves {imbalance:.0%} of the equation unbalanced"
                    error = math.inf
                doubt = _overlooked(before.trial, problem) if error <= tol else None
                if doubt is not None:
                    history[-1] += f". {doubt}"
                    error = math.inf
                if best is None or not error >= best.error or doubt is not None:
                    best = Result(before, error, (), doubt=doubt)
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
    return Result(best.candidate, best.error, tuple(history), interrupted, best.doubt)


def _overlooked(trial: Approximation, problem: Problem) -> str | None:
    """Where an equation is far from balanced at points that nobody used, if it is anywhere."""
    if len(problem.domain.names) == 1:
        return None
    found = spots(trial, problem, _UNUSED)
    if not len(found):
        return None
    place = ", ".join(
        f"{name} = {value:.3g}" for name, value in zip(problem.domain.names, found[0].tolist(), strict=True)
    )
    return (
        f"An equation is far from balanced at {len(found)} of some thousand points that were looked at between the "
        f"collocation points, such as {place}: something narrow there was overlooked, or it is not resolved"
    )

"""Candidates of growing accuracy, each checked against the next: where the error estimate comes from."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.solving.balance import spots, written
from pinnlite.solving.clock import Clock
from pinnlite.solving.estimate import difference, misfit, relative_residual
from pinnlite.solving.residuals import INTERRUPTED
from pinnlite.trials.space_time import SpaceTime
from pinnlite.trials.trial import Approximation

_UNUSED = 2**41 + 5  # a seed that no solver draws its points with
_FEW = 64  # points at which an unchecked trial is looked at
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
    check: Approximation | None = None  # what it is measured by, where that is not the next candidate
    checkpoint: Mapping[str, Tensor] | None = None  # from which a training goes on as if it had never stopped


@dataclass(frozen=True)
class Result:
    """The chosen candidate with its estimated error."""

    candidate: Candidate
    error: float
    history: tuple[str, ...]
    interrupted: bool = False
    doubt: str | None = None  # why a candidate that the next one agrees with is no solution
    checkpoint: Mapping[str, Tensor] | None = None  # of the last candidate


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
            clock.tell(f"checking {candidate.note}", error=best.error if best else None)
            judged = _judged(before, candidate, problem, tol)
            if judged is not None:
                history[-1] += judged.history[0]
                if best is None or not judged.error >= best.error or judged.doubt is not None:
                    best = judged
            if candidate.failure or (best and best.error <= tol) or clock.spent:
                break
            before = candidate
    except KeyboardInterrupt:
        interrupted = True
        history.append(f"{clock.seconds:.3f} s: interrupted")
    if best is None:
        found = [one for one in (candidate, before) if one is not None]
        whole = [one for one in found if one.trial is not None and _is_finite(one.trial, problem)]
        found = [replace(one, trial=None) for one in found]
        best = Result((whole or found or [Candidate(None, "nothing")])[0], math.inf, ())
    elif candidate is not None and math.isinf(best.error) and not (best.doubt or best.candidate.failure):
        best = replace(best, candidate=replace(best.candidate, failure=candidate.failure))
    checkpoint = candidate.checkpoint if candidate is not None else None
    return Result(best.candidate, best.error, tuple(history), interrupted, best.doubt, checkpoint)


def _is_finite(trial: Approximation, problem: Problem) -> bool:
    """Whether an unchecked trial gives numbers, which a march that ended does on its way only."""
    if len(problem.domain.names) == 1:
        return True
    zero = (0,) * len(problem.domain.names)
    with torch.no_grad():
        values = trial.partials(problem.domain.sample(_FEW), [(name, zero) for name in problem.unknowns])
    return all(bool(value.isfinite().all()) for value in values.values())


def _judged(before: Candidate | None, candidate: Candidate, problem: Problem, tol: float) -> Result | None:
    """What a new candidate says of the one before, or its check of itself: the error, and how it was come by."""
    measured, finer, beside = before, candidate.trial, "the one before"
    if candidate.check is not None:
        measured, finer, beside = candidate, candidate.check, "its check"
    if measured is None or measured.trial is None or finer is None:
        return None
    error = difference(measured.trial, finer, problem)
    said = f", {error:.1e} from {beside}"
    missed = misfit(measured.trial, problem, finer)
    if missed > error / _MISFIT:
        error = _MISFIT * missed if missed <= _MOST_MISSED else math.inf
        said += f", which misses its conditions by {missed:.1e}"
    imbalance = relative_residual(measured.trial, problem, finer)
    if not imbalance < _MOST_RESIDUAL:
        error = math.inf
        said += f", which leaves {imbalance:.0%} of the equation unbalanced"
    doubt = _overlooked(measured.trial, problem, tol) if error <= tol else None
    if doubt is not None:
        doubt = f"Two solutions agree to {error:.1e}, but {doubt}"
        error = math.inf
        said += f". {doubt}"
    return Result(measured, error, (said,), doubt=doubt)


def _overlooked(trial: Approximation, problem: Problem, tol: float) -> str | None:
    """Where an equation is far from balanced at points that nobody used, if it is anywhere."""
    if len(problem.domain.names) == 1:
        return None
    found = spots(trial, problem, _UNUSED, tol)
    if isinstance(trial, SpaceTime):  # whose misfit is measured densely, and whose series have decayed
        found = found[written(trial, problem, found)]
    if not len(found):
        return None
    place = ", ".join(
        f"{name} = {value:.3g}" for name, value in zip(problem.domain.names, found[0].tolist(), strict=True)
    )
    return (
        f"an equation is far from balanced at {len(found)} of some thousand points between those of the solve, such as "
        f"{place}: something narrow there was overlooked, or it is not resolved, as beside a corner that points inward"
    )

"""The verb solve: a problem and a tolerance in, a solution with its estimated error out."""

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from torch import nn

from pinnlite.differentiation.recording import recording
from pinnlite.errors import ProblemError
from pinnlite.problem.callables import CallableStatement
from pinnlite.problem.means import Means, without_surplus
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.problem import Problem
from pinnlite.problem.unknown import Data
from pinnlite.report.progress import Progress
from pinnlite.solution import Solution
from pinnlite.solving.choice import KINDS, Task, Way, ways
from pinnlite.solving.clock import Clock
from pinnlite.solving.refine import Candidate, Result, refine
from pinnlite.solving.residuals import INTERRUPTED, UNDETERMINED, Method
from pinnlite.trials.shifted import shifted
from pinnlite.trials.trial import Approximation

_NAMES = {kind: name for name, kind in KINDS.items()}
_LATE = 0.8  # of the time: what the first step of another way takes is not known, and it cannot be stopped
_LEAST_TOLERANCE = 1e-14


@recording()
def solve(
    *statements: Problem | Solution | str | CallableStatement | Data,
    tol: float = 1e-6,
    trial: str | nn.Module = "auto",
    method: str | Method = "auto",
    seed: int = 0,
    progress: bool = False,
    time_limit: float | None = None,
    **names: Any,
) -> Solution:
    """Solve a differential equation to a stated tolerance.

    The unknowns are looked for in a family of trial functions so that the residuals of the equations vanish at
    collocation points and the conditions hold. The answer is checked against a second, finer solve on other points;
    their relative L2 distance is the reported error, and where it exceeds ``tol`` the solve goes on.

    Args:
        statements: a ``Problem``, or the statements and keywords that make one. A ``Solution`` is gone on from: marches
            from where they ended, elements from their partition, deep networks bit for bit as if their training had
            never stopped, with the seed that they were begun with.
        tol: the relative L2 error to be reached, at least 1e-14.
        trial: "legendre", "features", "network", "auto", or a module of your own, which is trained in place.
        method: what makes the rows small where the trial is no set of Legendre elements: "auto" or a method such as
            ``GaussNewton()``.
        seed: decides every random draw.
        progress: show on stderr, or under a notebook's cell, what is being done, the error estimated so far and the
            time: from half a second on.
        time_limit: seconds after which the best answer so far is returned.
        names: coordinates with their intervals and parameters with their values, as for ``Problem``.

    Returns:
        A Solution. Where the tolerance was not reached its ``converged`` is False and its ``status`` says why.

    Raises:
        ParseError: a statement cannot be read.
        ProblemError: the problem is not posed, or an argument makes no sense.

    Source: U. Ascher, R. Mattheij and R. Russell, Numerical Solution of Boundary Value Problems for Ordinary
    Differential Equations (1995), for the elements.

    Example:
        >>> import math
        >>> import pinnlite as pl
        >>> solution = pl.solve("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(0, 2 * math.pi), tol=1e-12)
        >>> solution.converged
        True
        >>> bool(abs(solution(1.0) - math.sin(1.0)) < 1e-12)
        True
    """
    begun = statements[0] if len(statements) == 1 and isinstance(statements[0], Solution) else None
    problem = _posed(statements, names)
    if begun is not None:
        seed, trial = begun.seed, _NAMES.get(begun.kind, trial) if trial == "auto" else trial
    _check_arguments(tol, trial, method, seed, time_limit, problem)
    means = Means.of(problem)
    with Progress(time_limit) if progress else nullcontext() as listener:
        clock = Clock.started(time_limit, listener)
        task = Task(means.pinned if means else without_surplus(problem), tol, method, seed, clock)
        if begun is not None and not means:
            task = replace(task, near=begun.trial, checkpoint=begun.checkpoint)
        kind, result, history, doubt = _best(ways(task, trial), problem, means, tol, clock)
    if (
        begun is not None
        and begun.error < result.error
        and result.doubt is None
        and not result.candidate.hopeless
    ):
        kind, result = begun.kind, replace(result, candidate=_kept(begun), error=begun.error)
        history = (*history, "nothing better was found than the solution that was given")
    return Solution(
        problem,
        result.candidate.trial,
        kind,
        result.error,
        tol,
        _status(result, doubt, tol, clock, problem),
        clock.seconds,
        history,
        result.candidate.reached,
        seed,
        result.checkpoint,
    )


def _kept(begun: Solution) -> Candidate:
    """What a solve began with, where nothing better came of it."""
    return Candidate(begun.trial, "the solution that was given", reached=begun.reached)


def _best(
    choice: list[Way], problem: Problem, means: Means | None, tol: float, clock: Clock
) -> tuple[str, Result, tuple[str, ...], str | None]:
    """The result of the first way that reaches the tolerance, otherwise the best; the whole history; the last doubt."""
    results: list[tuple[str, Result]] = []
    history: tuple[str, ...] = ()
    why = ""
    for way in choice:
        clock.tell(way.reason)
        if means:
            result = refine(_shifted(way.candidates(), means), means.bare, tol, clock)
        else:
            result = refine(way.candidates(), problem, tol, clock)
        results.append((way.kind, result))
        found = result.history or ("nothing before the time ended",)
        history = (*history, f"trying {way.reason}{why}", *found)
        late = clock.limit is not None and clock.seconds > _LATE * clock.limit
        if result.error <= tol or result.interrupted or result.candidate.hopeless or clock.spent or late:
            break
        why = f", for {way.kind} did not reach the tolerance: {_short(result)}"
    # Where nothing could be measured, the part that a march has reached is more than what did not resolve the whole.
    kind, best = min(results, key=lambda each: (each[1].error, each[1].candidate.reached is None))
    doubts = [best.doubt, *(result.doubt for _, result in reversed(results))]
    return kind, best, history, next(filter(None, doubts), None)


def _shifted(candidates: Iterator[Candidate], means: Means) -> Iterator[Candidate]:
    """Candidates for unknowns that are pinned at a point, with the constants added that their integrals ask for."""
    for count, each in enumerate(candidates):
        trials = ((each.trial, count % 2 > 0), (each.check, count % 2 == 0))
        moved = [None if trial is None else shifted(trial, means, finer) for trial, finer in trials]
        yield replace(each, trial=moved[0], check=moved[1])


def _short(result: Result) -> str:
    """Why a way did not lead to the tolerance, in a history."""
    return result.candidate.failure or result.doubt or f"its estimated error is {result.error:.1e}"


def _posed(statements: tuple[object, ...], names: dict[str, Any]) -> Problem:
    if len(statements) == 1 and isinstance(statements[0], Problem | Solution):
        posed = statements[0]
        if names:
            kind = type(posed).__name__
            raise ProblemError(
                f"a {kind} has its domain and parameters already: {', '.join(names)} came besides"
            )
        return posed.problem if isinstance(posed, Solution) else posed
    return Problem(*statements, **names)


def _check_arguments(
    tol: object, trial: object, method: object, seed: object, time_limit: object, problem: Problem
) -> None:
    if not (isinstance(tol, float | int) and _LEAST_TOLERANCE <= tol < 1):
        raise ProblemError(
            f"tol = {tol!r} is no tolerance: give a relative error from 1e-14 to below 1, such as 1e-6"
        )
    if time_limit is not None and not (isinstance(time_limit, float | int) and time_limit > 0):
        raise ProblemError(f"time_limit = {time_limit} is no time: give seconds above 0")
    if not isinstance(trial, nn.Module) and trial not in ("auto", *KINDS):
        raise ProblemError(
            f"unknown trial {trial!r}: choose one of auto, {', '.join(KINDS)}, or give a module"
        )
    if method != "auto" and not isinstance(method, Method):
        raise ProblemError(f"unknown method {method!r}: leave it out, or give one such as pl.GaussNewton()")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ProblemError(f"seed = {seed!r} is no seed: give a whole number of at least 0")
    if (
        (problem.unknown_parameters or problem.data)
        and len(problem.domain.names) > 1
        and trial not in {"auto", "legendre", "features"}
    ):
        raise ProblemError(
            "unknown parameters and observations in several coordinates are solved for with Legendre elements or "
            "random features only, so far: leave out trial, or train your own module on problem.residuals"
        )


def _status(result: Result, doubt: str | None, tol: float, clock: Clock, problem: Problem) -> str:
    if result.error <= tol:
        return "The estimated error meets the tolerance." + _misfit(problem, result.candidate.trial)
    doubt = doubt if math.isinf(result.error) else None
    besides = f" {doubt}." if doubt else ""
    if result.interrupted:
        return INTERRUPTED + besides
    if result.candidate.failure and not clock.spent:
        unseen = problem.unknown_parameters if result.candidate.failure == UNDETERMINED else ()
        other = f" Or what is observed does not determine {' and '.join(unseen)}: give one a number, or observe more."
        return result.candidate.failure + (other if unseen else "") + besides
    if clock.spent:
        done = ""
        if result.candidate.reached:
            low, high = result.candidate.reached
            done = f" with {problem.marching} from {low:g} to {high:g} done"
        return f"The time limit of {clock.limit:g} s ended the solve{done}: give it more time or a larger tol.{besides}"
    if doubt:
        return f"{doubt}. Try another trial, or coordinates in which it is wider."
    if math.isinf(result.error) and len(result.history) > 1:
        return (
            "No two approximations agree on a solution of the equation: there may be none, as where an initial value "
            "contradicts an equation, it jumps, or it is so unstable that rounding grows to its size on the way: try a "
            "shorter domain."
        )
    if math.isinf(result.error):
        return "No second solution could be found to check the first one against: try another trial."
    return (
        f"The tolerance was not reached, the estimated error is {result.error:.1e}: "
        "try a larger tol, or another trial."
    )


def _misfit(problem: Problem, trial: Approximation | None) -> str:
    """How far observations are off, which no error of the solve says: a wrong parameter may solve its equation well."""
    if trial is None or not problem.data:
        return ""
    squares = sizes = 0.0
    for data in problem.data:
        key = key_of(data.name, problem.unknowns, problem.domain.names)
        found = trial.partials(data.points.double(), [key])[key].detach()
        squares += (found - data.values).square().sum().item()
        sizes += data.values.square().sum().item()
    share = f"{math.sqrt(squares / sizes):.1e} of their size" if sizes else f"{math.sqrt(squares):.1e}"
    return f" The data are off by {share} in the root mean square."

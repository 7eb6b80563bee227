"""What SciPy needs for a given error: the measure of what a user would pick instead."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pinnlite.errors import ProblemError
from pinnlite.problem.first_order import FirstOrder
from pinnlite.problem.problem import Problem
from pinnlite.trials.trial import Approximation
from pinnlite.verify.comparison import asked, distances, tightest
from pinnlite.verify.integrators import InitialValues, Method, Run, posed
from pinnlite.verify.quadrature import quadrature

_METHODS: tuple[Method, ...] = ("DOP853", "LSODA", "Radau")
_LOOSEST = 1e-3
_TIGHTEST = 3e-14  # solve_ivp and solve_bvp take no tolerance below a hundred rounding errors
_HEADSTART = 100  # times the error asked for: an integrator's error may be smaller than its tolerance
_ROUNDED = 1e-11  # from here on a run that gains little has come to the end of float64
_SHARPER = 10**-0.5  # from one run to the next
_MOST_EVALUATIONS = 50_000  # for one run, which is then given up
_REPEATS = 3  # of the run that is chosen: the shortest time is the least disturbed


@dataclass(frozen=True)
class Effort:
    """A run of SciPy's, its relative L2 error, and the seconds that SciPy spent on it outside the right side.

    ``wanted`` is the error that was asked for; where no run reached it, this is the most accurate one.
    """

    seconds: float
    error: float
    wanted: float
    run: Run

    @property
    def reached(self) -> bool:
        """Whether the run is as accurate as was asked."""
        return self.error <= self.wanted

    def __str__(self) -> str:
        verdict = "" if self.reached else f", short of {self.wanted:.0e},"
        return f"{self.run}: error {self.error:.1e}{verdict} in {self.seconds:.3f} s"


def reference_effort(
    problem: Problem,
    error: float,
    truth: Callable[..., Any] | None = None,
    trial: Approximation | None = None,
) -> Effort:
    """Find the quickest run of SciPy's integrators that reaches an error.

    Each of DOP853, LSODA and Radau, or solve_bvp from a zero guess, is run with ever smaller tolerances until its
    relative L2 error, the largest over the unknowns, is small enough.

    Args:
        problem: ordinary differential equations with initial or boundary values.
        error: relative L2 error to be reached.
        truth: called like a solution; SciPy at its tightest where there is none.
        trial: the error is integrated over its partition, which a solution with thin layers needs.

    Raises:
        ProblemError: SciPy cannot be given the problem, or no run succeeds.

    Example:
        >>> problem = Problem("u' = -u", "u(0) = 1", x=(0, 1))
        >>> effort = reference_effort(problem, 1e-8, lambda x: (-x).exp())
        >>> effort.reached, effort.seconds < 1
        (True, True)
    """
    X, weights = quadrature(problem, trial)
    posing = posed(FirstOrder(problem))
    exact = tightest(posing)[0].curve(X[:, 0]) if truth is None else asked(truth, problem, X)
    if isinstance(posing, InitialValues):
        start = min(_LOOSEST, _HEADSTART * error)
        ladders = [_ladder(start, partial(posing.run, method, most=_MOST_EVALUATIONS)) for method in _METHODS]
    else:
        ladders = [_ladder(_LOOSEST, lambda tol: posing.run(tol)[0])]
    tried: list[tuple[Effort, Callable[[float], Run]]] = []
    quickest = math.inf
    for ladder in ladders:
        before = math.inf
        for run, again in ladder:
            found = max(distances(run.curve(X[:, 0]), exact, weights).values())
            tried.append((Effort(run.seconds, found, error, run), again))
            if found <= error:
                quickest = min(quickest, run.seconds)
            gained, before = before - found, found
            if run.seconds >= quickest or (run.tol < _ROUNDED and gained < 0.5 * found):
                break  # a smaller tolerance takes longer yet, or is lost in rounding
    if not tried:
        raise ProblemError("none of SciPy's integrators solved the problem")
    reached = [entry for entry in tried if entry[0].reached]
    if not reached:
        return min((effort for effort, _ in tried), key=lambda effort: effort.error)
    best, again = min(reached, key=lambda entry: entry[0].seconds)
    seconds = [again(best.run.tol).seconds for _ in range(_REPEATS - 1)]
    return replace(best, seconds=min(best.seconds, *seconds))


def _ladder(start: float, solver: Callable[[float], Run]) -> Iterator[tuple[Run, Callable[[float], Run]]]:
    """Runs with smaller and smaller tolerances, as far as they succeed."""
    tol = start
    while tol >= _TIGHTEST:
        try:
            yield solver(tol), solver
        except ProblemError:
            return
        tol *= _SHARPER

"""Problems in several coordinates without a march: one box of rising degree, or more boxes where that is no use."""

import math
from collections.abc import Iterator

from pinnlite.errors import ProblemError
from pinnlite.geometry.domains import Box
from pinnlite.geometry.tiling import tiles
from pinnlite.problem.frozen import Frozen
from pinnlite.problem.posedness import check_posed
from pinnlite.problem.problem import Problem
from pinnlite.problem.redundant import check_constants
from pinnlite.solving.boxes.block_elimination import Stopped
from pinnlite.solving.boxes.box_kinks import kink
from pinnlite.solving.boxes.box_newton import Outcome, gauss_newton
from pinnlite.solving.boxes.box_refinement import (
    MOST_CUT,
    Refinement,
    degree_of_many,
    first_degree,
    members_of,
    most_degree,
)
from pinnlite.solving.boxes.box_start import first_guess
from pinnlite.solving.clock import Clock
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import INTERRUPTED, UNDETERMINED
from pinnlite.trials.boxes import Boxes
from pinnlite.trials.partition import Partition
from pinnlite.trials.trial import Approximation

_MOST_COORDINATES = 5
_CANDIDATES = 6
_MARGIN = 1.0  # of the tolerance: tails are more than the error that goes with them
_SHARPER = 0.1  # from one candidate to the next
_KEPT = 0.15  # of the time, to measure the best by the one before
_FLOOR = 1e-14  # coefficients below this are rounding
_MOST_UNKNOWNS = {2: 150_000, 3: 15_000}  # of all boxes, by the number of coordinates
_SINGULAR = 1e14  # amplification of noise that is all rounding
_MOST_RESTLESS = 10  # iterations in a row that did not come to rest
# Times the tolerance, and at most: rows that change by less say nothing of a parameter.
_BLIND, _MOST_BLIND = 10.0, 0.05
_FAINTEST = 1e-8  # the same where the unknowns are small
_AMPLIFIED = 1e2  # noise in the rows by more than this, and by ever more: the problem may not be well posed
_GROWN = 10.0  # the amplification from one candidate to the next: it is not

_TELLING = 12  # the degree from which the decay of coefficients tells what higher ones will be

_NO_START = (
    "The equations are not finite for a first guess that meets the conditions, nor for u = 0, 1 or -1 (a root, a "
    "logarithm or a quotient of u): write them for a function that stays away from there, such as log(u) or 1/u."
)
_UNSETTLED = (
    "Newton's iteration did not converge: there may be no solution, or none as smooth as this. Try parameters that "
    "make the problem less nonlinear first, a smaller domain, or a larger coefficient of the highest derivatives."
)


def suits(problem: Problem) -> bool:
    """Whether the domain is boxes side by side, in two to five coordinates."""
    d = len(problem.domain.names)
    if not 2 <= d <= _MOST_COORDINATES or any(c.integrals for c in problem.conditions):
        return False
    return isinstance(problem.domain, Box) or (d <= MOST_CUT and tiles(problem.domain) is not None)


def candidates(
    problem: Problem, tol: float, clock: Clock, near: Approximation | None = None, cut: bool = True
) -> Iterator[Candidate]:
    """Solutions of growing accuracy, each of a higher degree on other points than the one before.

    Without ``cut`` a single box stays one: what it does not resolve is better solved in another way.
    """
    attempt = _Attempt(problem, tol, clock, near, cut)
    for level in range(_CANDIDATES):
        yield attempt.at(max(_FLOOR, _MARGIN * tol * _SHARPER**level))


def _stands_alone(problem: Problem) -> bool:
    """Whether equations and conditions determine the functions, whatever was observed of them."""
    frozen = Frozen(problem.domain, problem.equations, problem.unknowns, problem.parameters)
    spare = len(problem.unknown_parameters)
    try:
        check_posed(frozen, problem.conditions, spare, observed=False)
        check_constants(frozen, problem.conditions, spare)
    except ProblemError:
        return False
    return True


class _Attempt:
    """Solves of one problem, each from the partition and the functions of the one before."""

    def __init__(
        self, problem: Problem, tol: float, clock: Clock, near: Approximation | None, cut: bool
    ) -> None:
        self.problem, self.clock, self.cut = problem, clock, cut
        self.least = min(_BLIND * tol, _MOST_BLIND)
        self.blind = self.least if problem.data and _stands_alone(problem) else None
        self.d = len(problem.domain.names)
        self.refinement = Refinement(problem)
        self.amplification = math.inf
        self.solved: Boxes | None = None
        self.coarser: Boxes | None = None  # from which it was refined
        # How long a step takes, from the assembly of rows to the look at the residual. What it found is to be measured
        # afterwards, for which some of the time is kept.
        self.restless = 0
        self.steps = Clock(clock.limit and (1 - _KEPT) * clock.limit, clock.began)
        guesses = {name: unknown.guess for name, unknown in problem.unknown_parameters.items()}
        cells = tiles(problem.domain)
        assert cells is not None
        degree = first_degree(self.d) if len(cells[0]) == 1 else degree_of_many(_MARGIN * tol, self.d)
        self.boxes = Boxes.zero(Partition(*cells), degree, problem.unknowns, guesses)
        self.begun = near if isinstance(near, Boxes) else None

    def at(self, accuracy: float) -> Candidate:
        """A candidate whose series have decayed to this accuracy."""
        if self.solved is not None:
            degree = self.solved.degree + (2 if self.d <= MOST_CUT else 1)
            if len(self.boxes.partition) == 1 and degree > most_degree(self.d) + 2:
                return Candidate(self.solved, self._note(self.solved), self._unresolved)
            self.boxes = self.solved.of_degree(degree)
        elif self.begun is not None:  # the boxes that an earlier solve has come to, and what it found on them
            self.boxes = self.begun
        elif not self.problem.linear:
            try:
                guess = first_guess(self.problem, self.boxes, self.clock)
            except Stopped:
                return Candidate(None, self._note(self.boxes), self._no_time)
            if guess is None:
                return Candidate(None, self._note(self.boxes), _NO_START)
            self.boxes = guess
        while True:
            self.clock.tell(self._note(self.boxes))
            try:
                outcome = self._outcome(accuracy)
            except Stopped:
                return self._ended(self._no_time)
            except KeyboardInterrupt:
                return self._ended(INTERRUPTED)
            if not outcome.amplification < _SINGULAR:
                return Candidate(None, self._note(self.boxes), UNDETERMINED, hopeless=True)
            if outcome.settled and outcome.sensitivity < self._least(outcome.boxes):
                return Candidate(outcome.boxes, self._note(outcome.boxes), UNDETERMINED, hopeless=True)
            self.restless = 0 if outcome.settled else self.restless + 1
            if self.restless > _MOST_RESTLESS:
                return self._ended(_UNSETTLED)
            self.coarser, self.solved = self.solved, outcome.boxes
            finer = self.refinement.finer(outcome, accuracy)
            if finer is None:
                break
            if finer is outcome.boxes or self._too_many(finer) or self._too_slow(accuracy):
                if self.amplification < math.inf:  # not the first: still good enough to measure that one by
                    break
                return self._ended(self._unresolved)
            self.boxes = finer
        return self._checked(outcome, accuracy)

    def _outcome(self, accuracy: float) -> Outcome:
        """One solve, if it is to fit into the time that is left; Stopped otherwise."""
        members = members_of(self.boxes.degree, self.d) * len(self.problem.unknowns)
        operations = float(len(self.boxes.partition)) * members**3
        if self.steps.overruns(operations):
            raise Stopped
        before = self.clock.seconds
        outcome = gauss_newton(self.problem, self.boxes, accuracy, self.clock, self.blind)
        self.steps.measured(operations, (self.clock.seconds - before) / outcome.steps)
        return outcome

    def _ended(self, why: str) -> Candidate:
        """The best there is where no better can be had, with the one that it was made from to measure it by."""
        return Candidate(self.solved, self._note(self.boxes), why, check=self.coarser)

    def _checked(self, outcome: Outcome, accuracy: float) -> Candidate:
        """The candidate, unless noise is amplified the more, the higher the degree.

        The smallest singular value settles with the degree where a problem is well posed, otherwise it goes to zero.
        """
        if (bent := kink(self.problem, outcome.boxes, accuracy)) is not None:
            return Candidate(outcome.boxes, self._note(outcome.boxes), bent, hopeless=True)
        before, self.amplification = self.amplification, outcome.amplification
        candidate = Candidate(
            outcome.boxes, self._note(outcome.boxes), None if outcome.settled else _UNSETTLED
        )
        if self.amplification <= max(_AMPLIFIED, 2 * before):
            return candidate
        if self.amplification > _GROWN * before:
            return Candidate(outcome.boxes, self._note(outcome.boxes), UNDETERMINED, hopeless=True)
        return self.at(accuracy)  # at a degree more

    def _least(self, boxes: Boxes) -> float:
        """The sensitivity below which statements do not determine the unknown parameters."""
        return max(self.least, _FAINTEST / boxes.amplitude)

    def _too_many(self, boxes: Boxes) -> bool:
        if len(boxes.partition) == 1:
            return False
        many = len(boxes.partition) * members_of(boxes.degree, self.d) * len(self.problem.unknowns)
        return not self.cut or many > _MOST_UNKNOWNS[self.d]

    def _too_slow(self, accuracy: float) -> bool:
        """Whether a box that stays one does not promise the accuracy: by its decay from the last degree to this one."""
        if self.cut or self.coarser is None or self.solved is None or self.solved.degree < _TELLING:
            return False
        before, now = (boxes.tails().amax().item() for boxes in (self.coarser, self.solved))
        rate = (
            math.log(before / now) / (self.solved.degree - self.coarser.degree) if before > now > 0 else 0.0
        )
        return (
            now > accuracy
            and self.solved.degree * rate + math.log(now / accuracy) > most_degree(self.d) * rate
        )

    @staticmethod
    def _note(boxes: Boxes) -> str:
        count = len(boxes.partition)
        return f"{count} box{'' if count == 1 else 'es'} of degree {boxes.degree}"

    @property
    def _no_time(self) -> str:
        return (
            f"The time limit of {self.clock.limit:g} s leaves no time for {self._note(self.boxes)}: give it more time, "
            "or a larger tol."
        )

    @property
    def _unresolved(self) -> str:
        return (
            f"{self._note(self.boxes)} did not resolve the solution: try a larger tol, a smaller domain, "
            "or another trial."
        )

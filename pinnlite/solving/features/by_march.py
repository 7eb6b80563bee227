"""Evolution in two space dimensions or more: a march of layers of random features, each over a slab of time.

Where a slab leaves too much between its points, half its length is tried; where that is no use, the layer is too narrow
for what varies in space.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pinnlite.problem.initial_value import initial_value_problem
from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes.block_elimination import Stopped
from pinnlite.solving.clock import Clock
from pinnlite.solving.estimate import difference
from pinnlite.solving.features.families import Family
from pinnlite.solving.features.feature_slab import FeatureSlab, FeatureSlabSolver
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import INTERRUPTED
from pinnlite.trials.patchwork import Patchwork, slabs_along
from pinnlite.trials.ridge import Ridge

_CANDIDATES = 6
_SHARPER = 0.1  # from one pair of marches to the next
_FAMILIES = (*(Family("sin", scale) for scale in (1.0, 2.0, 4.0, 8.0)), Family("tanh", 2.0))
_NEAR = (1.0, 1.6)  # times the scale, at a new width
_FIRST, _MOST, _WIDER = 300, 2600, 1.5  # features
_LITTLE, _CHECKED = 1.1, 0.8  # features and length of a slab beside those of the march before
_NARROW = 600  # features of which more than one family is tried
_LONGEST = 0.125  # of the time: so that what begins later is not passed over
_SHORTEST = 1e-6
_SHORTER, _TELLING = 0.5, 0.4  # half a slab leaves so much less, unless it is space that is not resolved
_WIDENED = 0.7  # what a wider layer leaves of that, if it is to be worth its while
_ORDER = 4.0  # in which what a slab leaves falls with its length, at least
_LONGER, _MOST_LONGER = 1.5, 2.5  # changes of length that are worth it
# Times the accuracy: what is left between the points is more than the error of what is damped.
_MARGIN, _UNDAMPED = 5.0, 1.5
_AIM = 0.3  # of what is allowed, where a length is chosen: each slab starts from the noise of the last one
_TINY = 1e-300
_LEAST_COORDINATES = 3  # one of space is for slabs of elements

_REMEDY = "try a larger tol, or another trial."
_SINGULAR = (
    "the initial values may contradict the boundary conditions, or the solution is not smooth or ends there. "
    "Try a larger tol, or another trial."
)


def suits(problem: Problem) -> bool:
    """Whether a problem evolves upwards in two space dimensions or more."""
    evolution = initial_value_problem(problem) if len(problem.domain.names) >= _LEAST_COORDINATES else None
    return evolution is not None and evolution.start < evolution.stop


def candidates(problem: Problem, tol: float, seed: int, clock: Clock) -> Iterator[Candidate]:
    """Marches in pairs of one accuracy, with other features and slabs: each measures the one before."""
    accuracy, before, march = tol, None, None
    for level in range(_CANDIDATES):
        march = _March(problem, accuracy, seed + level, clock, march)
        candidate = march.run()
        if candidate.failure and before is not None:
            reached = problem.domain.intervals[problem.marching]
            candidate = replace(candidate, trial=before, reached=reached)  # the whole that there is
        yield candidate
        if candidate.failure or candidate.trial is None:
            return
        if before is not None and level % 2 > 0:
            apart = difference(before, candidate.trial, problem)
            accuracy *= min(_SHARPER, 0.3 * tol / apart)
        before = candidate.trial


class _March:
    """A march at one accuracy."""

    def __init__(
        self, problem: Problem, accuracy: float, seed: int, clock: Clock, before: "_March | None"
    ) -> None:
        self.problem, self.accuracy, self.clock = problem, accuracy, clock
        evolution = initial_value_problem(problem)
        assert evolution is not None
        self.evolution, self.column = evolution, evolution.column
        self.solver = FeatureSlabSolver(problem, evolution, seed, clock)
        waves = max(index[self.column] for index in problem.orders.values()) > 1
        self.margin = _UNDAMPED if waves else _MARGIN
        self.start, self.stop = evolution.start, evolution.stop
        self.longest = self.length = _LONGEST * (self.stop - self.start)
        self.families: Sequence[Family] = _FAMILIES  # of which the best one is kept to
        self.width = _FIRST
        if before is not None:  # a little finer, and nothing the same
            self.length = _CHECKED * (before.slabs[0].high - before.slabs[0].low)
            self.families, self.width = [before.family], round(_LITTLE * before.width)
        self.family: Family = self.families[0]
        self.slabs: list[FeatureSlab] = []
        self.squares = 0.0  # of the unknowns, integrated over the time so far
        self.refused = 0

    def run(self) -> Candidate:
        """March to the end, or as far as it goes."""
        failure = None
        try:
            while self.time < self.stop and failure is None:
                failure = self._advance()
                done = (self.time - self.start) / (self.stop - self.start)
                self.clock.tell(f"{self._place}, {self.width} features", done)
        except KeyboardInterrupt:
            failure = INTERRUPTED
        except Stopped:
            limit = f"The time limit of {self.clock.limit or 0:g} s ended the march at {self._place}"
            failure = f"{limit}: give it more time or a larger tol."
        note = f"{len(self.slabs)} slabs of {self.width} {self.family}, {self.refused} refused"
        if not self.slabs:
            return Candidate(None, note, failure)
        return Candidate(self._trial(), note, failure, (self.start, self.time) if failure else None)

    @property
    def time(self) -> float:
        """How far the march has come."""
        return self.slabs[-1].high if self.slabs else self.start

    def _advance(self) -> str | None:
        """Accept a slab, or look for a length and a width that it is resolved with; a sentence where there is none."""
        slab = self._solved() if self.slabs else self._best()
        while self._excess(slab) > 1.0:
            self.refused += 1
            whole, self.length = slab, _SHORTER * (slab.high - slab.low)
            slab = self._solved()
            if self._excess(slab) <= 1.0:
                break
            if self._is_better(slab, whole, _TELLING):
                if self.length < _SHORTEST * (self.stop - self.start):
                    return f"No slab is short enough at {self._place}: {_SINGULAR}"
                continue
            self.length, self.width = whole.high - whole.low, round(_WIDER * self.width)
            if self.width > _MOST:
                return f"{_MOST} features in a slab do not resolve the solution at {self._place}: {_REMEDY}"
            near = _NEAR if self.width < _NARROW else (1.0,)
            self.families = [replace(self.family, scale=c * self.family.scale) for c in near]
            slab = self._best()
            if self.width > _NARROW and not self._is_better(slab, whole, _WIDENED):
                return f"Neither shorter slabs nor more features help at {self._place}: {_SINGULAR}"
        self._accept(slab)
        return None

    def _is_better(self, slab: FeatureSlab, than: FeatureSlab, share: float) -> bool:
        """Whether a slab leaves no more than a share of what another one does; none that was not solved does."""
        if not math.isfinite(slab.error):
            return slab.high < than.high  # Newton's method may find what it starts from in a shorter one
        return slab.error - self._inherited < share * (than.error - self._inherited)

    @property
    def _place(self) -> str:
        return f"{self.evolution.name} = {self.time:.3g}"

    def _accept(self, slab: FeatureSlab) -> None:
        """Go on from a slab. One of another length has a matrix of its own, and has to be worth that."""
        length = slab.high - slab.low
        longer = (_AIM * self._allowed(slab) / max(slab.error, _TINY)) ** (1 / _ORDER)
        if longer > _LONGER:
            self.length = min(longer, _MOST_LONGER) * length
        self.slabs.append(slab)
        self.squares += slab.size**2 * length

    def _excess(self, slab: FeatureSlab) -> float:
        """How wrong a slab is beyond what it starts from, relative to what is allowed.

        What the last slab left is noise that this one cannot hold, and leaves too.
        """
        return max(slab.error - self._inherited, 0.0) / max(self._allowed(slab), _TINY)

    def _allowed(self, slab: FeatureSlab) -> float:
        """A slab's share of how wrong the march may be."""
        length = slab.high - slab.low
        usual = math.sqrt((self.squares + slab.size**2 * length) / (slab.high - self.start))
        return self.margin * self.accuracy * usual * math.sqrt(length / (self.stop - self.start))

    @property
    def _inherited(self) -> float:
        return self.slabs[-1].error if self.slabs else 0.0

    def _best(self) -> FeatureSlab:
        """The slab by the family that leaves the least, which is kept to."""
        slabs = []
        for family in self.families:
            self.family = family
            slabs.append(self._solved())
        best = min(range(len(slabs)), key=lambda i: slabs[i].error)
        self.family = self.families[best]
        return slabs[best]

    def _solved(self) -> FeatureSlab:
        """The next slab: no crumb is left for the last one."""
        count = max(1, math.ceil((self.stop - self.time) / min(self.length, self.longest) - 1e-9))
        high = self.stop if count == 1 else self.time + (self.stop - self.time) / count
        last = self.slabs[-1].layer if self.slabs else None
        return self.solver.solve(self.time, high, last, self.family, self.width)

    def _trial(self) -> Patchwork[Ridge]:
        """The slabs as one function."""
        times = [self.start, *(slab.high for slab in self.slabs)]
        layers = [slab.layer for slab in self.slabs]
        return slabs_along(self.problem.domain, self.column, times, layers)

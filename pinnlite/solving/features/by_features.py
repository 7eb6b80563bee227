"""Random features: hidden layers as drawn, output layer by least squares, widened until the estimate is met.

Waves resolve what is smooth with far fewer features than steps do, and steps what is steep; how steep is best depends
on the solution, and a little on the width. So a few families compete while the layers are narrow, by the residual that
they leave between the points, and the best ones go on.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from pinnlite.problem.partial_names import key_of
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.balance import balances, spots
from pinnlite.solving.clock import Clock
from pinnlite.solving.features import by_march, by_patches
from pinnlite.solving.features.families import FAMILIES, FEW_FAMILIES, Family, Solved, competition
from pinnlite.solving.features.posed import Posed
from pinnlite.solving.features.uniqueness import MOST, amplification, are_determined
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import UNDETERMINED, Method
from pinnlite.trials.trial import Trial

_FIRST = 60
_GROWTH = 1.5
_MOST = 4000  # features: their Jacobian takes half a gigabyte
_NEARLY = 30.0  # times the tolerance: how far apart two layers are where a step of this growth is enough
_LITTLE_GROWTH = 1.25
_STEEPER = 1.3  # by which a family tries to change from one width to the next, up or down
_LONG = 0.25  # scale below which waves are all but polynomials: they only ever become shorter
_SHORTER = (4.0, 16.0, 64.0)  # by these factors, where only one of them is tried the first
_MOST_COMPETING = 500  # features in layers of which all families are solved with while none has
_FEW = 200  # features in layers of which more than two are solved with
_PROMISING = 3.0  # times the tolerance: how far apart two layers may be to be looked at more closely
_A_FEW, _MANY = 500, 4000
# Features of the whole domain beyond which cells are quicker where layers are so many tolerances apart.
_WIDE = 1000
_SLOW = {300: 1e4, 600: _NEARLY, _WIDE: 0.0}
_GAINING = 10.0  # times less is left than of the last layer: that is not slow
_FAR = 5.0  # times what the best of two layers promises: it is measured by one that is as good
_STANDING = 1.5  # times less: that is next to nothing
_UNRESOLVED = 200  # features that do not resolve what is narrow
_NARROW = 0.15  # of the domain: what is left of an equation is mostly there
_TINY = 1e-300
_SCATTER = 10.0  # times the distance of two layers: what observations are missed by is their own
_LIGHTER = 0.25  # weight of observations by which it is measured how they bend the functions: 16 times less
# Times the root of the tolerance: the weight below which this cannot be what keeps layers apart.
_LIGHTEST = 0.01
_LOOKING_FOR_MORE = 150  # features that are asked whether there is more than one solution


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Ever wider layers of the whole domain; in slabs or patches where it can be cut up and is worth it."""
    search = _Search(problem, tol, method, seed, clock)
    marched = isinstance(method, str) and by_march.suits(problem)
    suited = marched or (isinstance(method, str) and by_patches.suits(problem))
    while search.width <= _MOST:
        began = clock.seconds
        candidate = search.next()
        slow = search.is_slow or (marched and search.is_late)
        if candidate.failure is None and suited and slow:
            if _undetermined(problem, search.width):
                yield replace(candidate, failure=UNDETERMINED, hopeless=True)
                return
            yield candidate
            if marched:
                yield from by_march.candidates(problem, tol, seed, clock)
            else:
                yield from by_patches.candidates(problem, tol, seed, search.start, clock)
            return
        yield candidate
        if candidate.failure is not None:
            return
        growth = _LITTLE_GROWTH if search.distance < _NEARLY * tol else _GROWTH
        expected = (clock.seconds - began) * growth**2.5  # the factorisation's share grows by the cube
        search.width = int(growth * search.width)
        if clock.limit is not None and clock.seconds + expected > clock.limit:
            limit = f"The time limit of {clock.limit:g} s leaves no time for {search.width} features"
            yield Candidate(candidate.trial, limit, f"{limit}: give it more time or a larger tol.")
            return
    widest = f"{_MOST} features do not resolve the solution"
    yield Candidate(candidate.trial, widest, f"{widest}: try a larger tol, or another trial.")


class _Search:
    """Layers of one width after another, and what each says of how the next is best drawn."""

    def __init__(self, problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock) -> None:
        self.problem, self.tol, self.method, self.clock = problem, tol, method, clock
        self.generator = torch.Generator().manual_seed(seed)
        self.families = FAMILIES if problem.linear else FEW_FAMILIES  # each look is many steps there
        self.contenders: Sequence[Family] = self.families
        self.before: Solved | None = None
        self.width, self.steeper = _FIRST, True
        self.blind = torch.empty(0, len(problem.domain.names), dtype=torch.float64)
        self.missed = False  # whether the last layer overlooked something
        self.gain = 1.0  # by which what is left has fallen from one layer to the next
        self.observed = 1.0  # weight of observations; noise bends the solution by the square of it
        self.distance = math.inf  # between the last layer and another one of its width

    def next(self) -> Candidate:
        """The best layer of the present width, with one of another draw as its check if the two are near."""
        best, *others = self._layers(self.contenders)
        if not math.isfinite(best.residual):
            failure = "No finite residual was found: try another trial."
            return Candidate(None, f"{self.width} features", failure)
        check = others[0] if others else best
        self.distance = _apart(self.problem, check.trial, best.trial) if others else math.inf
        promised = self.distance * best.residual / check.residual if check.residual > 0 else 0.0
        if self.tol >= promised and self.distance > min(
            self.tol, _FAR * promised
        ):  # the other is not as good
            (check,) = self._layers([best.family])
            self.distance = _apart(self.problem, check.trial, best.trial)
        if self.observed == 1.0 and _scatter(self.problem, best.trial) > _SCATTER * self.distance:
            return self._lighter(self.tol**0.5)
        near = self.distance <= _PROMISING * self.tol
        if near and self.problem.data:  # observations bend functions: where they weigh less, by less
            (check,) = self._layers([best.family], _LIGHTER)
            self.distance = max(self.distance, _apart(self.problem, check.trial, best.trial))
            if self.distance > self.tol and self.observed > _LIGHTEST * self.tol**0.5:
                return self._lighter(_LIGHTER * min(self.observed, self.tol**0.5))
            near = self.distance <= _PROMISING * self.tol
        note = f"{self.width} {best}"
        if (near and _undetermined(self.problem, self.width)) or not self._determines(best, near):
            return Candidate(best.trial, note, UNDETERMINED, hopeless=True)
        self._learn(best)
        return Candidate(best.trial, note, check=check.trial if near else None)

    def _lighter(self, weight: float) -> Candidate:
        """The same width, with observations that weigh less."""
        self.observed = weight
        return self.next()

    def _determines(self, best: Solved, near: bool) -> bool:
        """Whether a layer that looks like the solution would have told another value of the unknown parameters."""
        if not self.problem.unknown_parameters or not (near or best.resolved):
            return True
        return are_determined(self.problem, best.trial, best.rows, self.tol, self.observed)

    @property
    def start(self) -> Trial | None:
        """The last layer, if it looks like the solution."""
        return self.before.trial if self.before is not None and self.before.resolved else None

    @property
    def is_slow(self) -> bool:
        """Whether cutting the domain up promises more than wider layers do."""
        if self.missed or self.before is None:
            return self.missed
        if not self.before.resolved:
            few = self.gain < _STANDING or _is_narrow(self.problem, self.before.trial)
            return self.width > (_UNRESOLVED if few else _WIDE)
        return self.gain < _GAINING and any(
            self.width > width and self.distance > far * self.tol for width, far in _SLOW.items()
        )

    @property
    def is_late(self) -> bool:
        """Whether layers of this width would look like the solution, were it not for what happens in time."""
        return self.width > _UNRESOLVED and self.before is not None and not self.before.resolved

    def _layers(self, families: Sequence[Family], lighter: float = 1.0) -> list[Solved]:
        before = self.before.trial if self.before is not None else None
        return competition(
            self.problem,
            families,
            self.width,
            self.method,
            self.generator,
            before,
            self.clock,
            self.blind,
            lighter * self.observed,
        )

    def _learn(self, best: Solved) -> None:
        """What to draw next: what is like the best, unless nothing has the measure of the solution yet."""
        self.gain = self.before.residual / best.residual if self.before and best.residual > 0 else math.inf
        self.before = best
        if best.resolved or self.width > _MOST_COMPETING:
            if best.family == self.contenders[0]:
                self.steeper = not self.steeper
            self.contenders = _around(best, self.width, self.steeper)
        if best.resolved and len(self.problem.domain.names) > 1:
            missed = spots(best.trial, self.problem, self.width, self.tol)
            self.missed = len(missed) > 0
            if self.missed:
                self.blind, self.contenders = torch.cat([self.blind, missed]), self.families


def _around(best: Solved, width: int, steeper: bool) -> Sequence[Family]:
    """The best family first, and those on both sides of it while that costs little, otherwise on one."""
    scale, few = best.family.scale, width <= _FEW
    if best.family.activation == "sin" and scale < _LONG:
        changes = _SHORTER if few else _SHORTER[:1]
    elif few:
        changes = (_STEEPER, 1 / _STEEPER, 2.0)
    else:
        changes = (_STEEPER if steeper else 1 / _STEEPER,)
    return [best.family, *(replace(best.family, scale=change * scale) for change in changes)]


def _undetermined(problem: Problem, width: int) -> bool:
    """Whether functions of one draw that is good at smooth ones are left free by the equations and conditions."""
    if len(problem.domain.names) == 1 or not problem.linear:
        return False
    generator = torch.Generator().manual_seed(0)
    width = max(width, _LOOKING_FOR_MORE)
    drawn = Family("sin", 1.0).drawn(problem, width, generator)
    trial, (rows, _) = Posed.drawn(problem, drawn, generator).rows(drawn)
    return amplification(problem, trial, rows) > MOST


def _is_narrow(problem: Problem, trial: Trial) -> bool:
    """Whether what is left of the equations is in a small part of the domain, by the ratio of its moments."""
    X = problem.sample(_MANY, conditions=1)[INTERIOR]
    left = torch.stack([balance.residual for balance in balances(trial, problem, X)]).norm(dim=0)
    share = left.mean().square() / left.square().mean().clamp(min=_TINY)
    return bool(share < _NARROW)


def _scatter(problem: Problem, trial: Trial) -> float:
    """What observations are missed by, relative to themselves; of zeros nothing is said."""
    worst = 0.0
    for data in problem.data:
        key = key_of(data.name, problem.unknowns, problem.domain.names)
        with torch.no_grad():
            off = trial.partials(data.points, [key])[key] - data.values
        size = data.values.norm()
        worst = max(worst, (off.norm() / size).item() if size > 0 else 0.0)
    return worst


def _apart(problem: Problem, one: Trial, other: Trial) -> float:
    """How far one trial is from another, relative to it, by a look at a few points."""
    X = problem.sample(_A_FEW)[INTERIOR]
    keys = [(unknown, (0,) * X.shape[1]) for unknown in problem.unknowns]
    with torch.no_grad():
        first, second = one.partials(X, keys), other.partials(X, keys)
    return max(float((first[key] - second[key]).norm() / second[key].norm().clamp(min=_TINY)) for key in keys)

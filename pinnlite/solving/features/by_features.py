"""Random features: hidden layers as drawn, output layer by least squares, widened until the estimate is met.

Waves resolve what is smooth with far fewer features than steps do, and steps what is steep; how steep is best depends
on the solution, and a little on the width. So a few families compete while the layers are narrow, by the residual that
they leave between the points, and the best ones go on.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.balance import spots
from pinnlite.solving.clock import Clock
from pinnlite.solving.features.families import FAMILIES, Family, Solved, competition
from pinnlite.solving.features.posed import Posed
from pinnlite.solving.features.uniqueness import MOST, amplification
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
_RESOLVED = 0.01  # of the residual at rest: what a layer leaves that has the measure of the solution
_MOST_COMPETING = 500  # features in layers of which all families are solved with while none has
_FEW = 200  # features in layers of which more than two are solved with
_PROMISING = 3.0  # times the tolerance: how far apart two layers may be to be looked at more closely
_A_FEW = 500
_TINY = 1e-300
_LOOKING_FOR_MORE = 150  # features that are asked whether there is more than one solution


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Ever wider layers, each a draw of its own, checked by another draw of the same width once the two are near."""
    generator = torch.Generator().manual_seed(seed)
    contenders: Sequence[Family] = FAMILIES
    before: Trial | None = None
    width, before_width, steeper = _FIRST, 0, True
    blind = torch.empty(0, len(problem.domain.names), dtype=torch.float64)
    while width <= _MOST:
        began = clock.seconds
        found = competition(problem, contenders, width, method, generator, before, clock, blind)
        best, *others = found
        if not math.isfinite(best.residual):
            yield Candidate(None, f"{width} features", "No finite residual was found: try another trial.")
            return
        check = others[0] if others else best
        distance = _apart(problem, check.trial, best.trial) if others else math.inf
        if (
            distance > tol >= distance * best.residual / check.residual
        ):  # the best is good enough, the other is not
            (check,) = competition(problem, [best.family], width, method, generator, before, clock, blind)
            distance = _apart(problem, check.trial, best.trial)
        near = distance <= _PROMISING * tol
        if near and _undetermined(problem, width):
            yield Candidate(best.trial, f"{width} {best}", UNDETERMINED, hopeless=True)
            return
        yield Candidate(best.trial, f"{width} {best}", check=check.trial if near else None)
        resolved = best.residual < _RESOLVED * best.at_rest  # or so it seems
        if resolved or width > _MOST_COMPETING:
            if best.family == contenders[0]:
                steeper = not steeper
            contenders = _around(best, width, steeper)
        before = best.trial
        if (
            resolved
            and len(problem.domain.names) > 1
            and len(missed := spots(best.trial, problem, width, tol))
        ):
            blind, contenders = torch.cat([blind, missed]), FAMILIES
        growth = _LITTLE_GROWTH if distance < _NEARLY * tol else _GROWTH
        expected = (clock.seconds - began) * growth**2.5  # the factorisation's share grows by the cube
        before_width, width = width, int(growth * width)
        if clock.limit is not None and clock.seconds + expected > clock.limit:
            limit = f"The time limit of {clock.limit:g} s leaves no time for {width} features"
            yield Candidate(before, limit, f"{limit}: give it more time or a larger tol.")
            return
    widest = f"{before_width} features do not resolve the solution"
    yield Candidate(before, widest, f"{widest}: try a larger tol, or another trial.")


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


def _apart(problem: Problem, one: Trial, other: Trial) -> float:
    """How far one trial is from another, relative to it, by a look at a few points."""
    X = problem.sample(_A_FEW)[INTERIOR]
    keys = [(unknown, (0,) * X.shape[1]) for unknown in problem.unknowns]
    with torch.no_grad():
        first, second = one.partials(X, keys), other.partials(X, keys)
    distances = [(first[key] - second[key]).norm() / second[key].norm().clamp(min=_TINY) for key in keys]
    return max(distance.item() for distance in distances)

"""Evolution equations in one space dimension by slabs of Legendre elements: ever finer candidates."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pinnlite.problem.problem import Problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.estimate import difference
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import UNDETERMINED
from pinnlite.solving.slabs.evolution import Evolution, evolution_of
from pinnlite.solving.slabs.inverse import Inverse
from pinnlite.solving.slabs.jumps import travelling_jump
from pinnlite.solving.slabs.slab_collocation import SlabCollocation
from pinnlite.solving.slabs.slab_scan import Overlooked, overlooked
from pinnlite.solving.slabs.slabs import SlabMarch
from pinnlite.solving.slabs.well_posed import ill_posed
from pinnlite.trials.reference import gauss_nodes, radau_nodes
from pinnlite.trials.space_time import SpaceTime
from pinnlite.trials.trial import Approximation

_MARGIN = 1.0  # of the tolerance
_SHARPER = 0.1  # from one candidate to the next, at least
_FLOOR = 1e-13  # coefficients below this are rounding
_CANDIDATES = 6
_SCANS = 3  # marches of one accuracy that a scan between the nodes may ask for
_ILL_POSED = (
    "The problem is ill-posed: about its initial state the shorter a wave is the faster it grows, as in a heat "
    "equation that runs backward. Start from another state, or look at the sign of the highest derivative."
)


def suits(problem: Problem) -> bool:
    """Whether the problem is an evolution in one space dimension."""
    return evolution_of(problem) is not None


def candidates(
    problem: Problem, tol: float, clock: Clock, near: Approximation | None = None
) -> Iterator[Candidate]:
    """Solutions of growing accuracy, each on other nodes than the one before.

    The first goes on from ``near`` where that is a march that ended early.
    """
    evolution = evolution_of(problem)
    assert evolution is not None
    inverse = Inverse(problem, evolution) if problem.unknown_parameters else None
    if inverse is None and ill_posed(evolution):
        yield Candidate(None, "short waves grow without bound", _ILL_POSED)
        return
    jump = None if inverse else travelling_jump(evolution)
    if jump:
        yield Candidate(None, "a jump travels undamped", jump)
        return
    accuracy, before, apart = _MARGIN * tol, None, math.inf
    looked_at, doubtful = Overlooked(), False
    for level in range(_CANDIDATES):
        for _ in range(_SCANS):
            begun = near if isinstance(near, SpaceTime) and level == 0 else None
            if begun is not None and _is_whole(begun, evolution):
                candidate = Candidate(begun, f"{len(begun.counts)} slabs from before")
                break
            march = partial(_candidate, level=level, clock=clock, looked_at=looked_at, begun=begun)
            aim = max(accuracy, _FLOOR)
            candidate = inverse.at(aim, march) if inverse else march(evolution, aim)
            if candidate.failure or not isinstance(candidate.trial, SpaceTime) or clock.spent:
                break
            found = overlooked(candidate.trial, problem)
            # What is unbalanced at one accuracy may be coarse; what still is at the next one was overlooked.
            doubtful, doubted = bool(found), doubtful
            if not (doubtful and doubted):
                break
            looked_at |= found
        yield candidate
        if candidate.trial is None or candidate.failure:
            return
        if before is not None:
            apart = difference(before, candidate.trial, problem)
        before = candidate.trial
        accuracy *= min(_SHARPER, 0.3 * tol / apart) if 0 < apart < math.inf else _SHARPER


def confirmed(problem: Problem, found: Iterator[Candidate], clock: Clock) -> Iterator[Candidate]:
    """Candidates of another kind, each refused where marches with its parameters do not depend on them."""
    evolution = evolution_of(problem)
    assert evolution is not None
    march = partial(_candidate, level=0, clock=clock, looked_at=Overlooked(), begun=None)
    for candidate in found:
        if candidate.trial is not None and not candidate.failure:
            inverse = Inverse(problem, evolution)
            if not inverse.determined(candidate.trial, march):
                yield replace(candidate, failure=UNDETERMINED, hopeless=True)
                return
        yield candidate


def _candidate(
    evolution: Evolution,
    accuracy: float,
    level: int,
    clock: Clock,
    looked_at: Overlooked,
    begun: SpaceTime | None,
) -> Candidate:
    digits = -math.log10(accuracy)
    in_space = min(30, max(6, round(6 + digits))) + level
    in_time = min(14, max(3, round(2 + 0.9 * digits))) + level % 2
    left = evolution if begun is None else _left(evolution, begun)
    collocation = SlabCollocation(left, gauss_nodes(in_space), radau_nodes(in_time))
    run = SlabMarch(collocation, accuracy, clock, looked_at).run()
    note = (
        f"{run.slabs} slabs of up to {run.most} elements, {in_space} nodes in {evolution.names[evolution.space]} "
        f"and {in_time} in {evolution.names[evolution.time]}, {run.refused} refused"
    )
    trial: Approximation | None = run.trial
    if left is not evolution and begun is not None:
        trial = begun if run.trial is None else begun.followed_by(run.trial)
        note = f"{len(begun.counts)} slabs from before, {note}"
    if run.failure is None:
        return Candidate(trial, note)
    return Candidate(
        trial, note, run.failure, (min(evolution.start, run.reached), max(evolution.start, run.reached))
    )


def _left(evolution: Evolution, begun: SpaceTime) -> Evolution:
    """What a march that went up from the start and ended early has left to do."""
    reached = begun.times[-1].item()
    upwards = evolution.start < evolution.stop and begun.times[0] == evolution.start
    early = upwards and evolution.start < reached < evolution.stop and not begun.numbers
    return evolution.after(begun, reached) if early else evolution


def _is_whole(begun: SpaceTime, evolution: Evolution) -> bool:
    """Whether a march came to its end."""
    return {begun.times[0].item(), begun.times[-1].item()} == {evolution.start, evolution.stop}

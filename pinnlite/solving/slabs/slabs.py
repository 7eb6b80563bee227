"""Evolution equations: one slab of time after the other, its length and its elements chosen by what they resolve.

A slab is solved and looked at: where a series in space has not decayed, the element is halved and the slab solved
again; where those in time have not, a shorter slab is tried. Nothing has to be known of where fronts will be.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnlite.solving.clock import Clock
from pinnlite.solving.residuals import INTERRUPTED
from pinnlite.solving.slabs.driven import driven_size
from pinnlite.solving.slabs.initial_field import InitialField
from pinnlite.solving.slabs.signs import Signs, Slab
from pinnlite.solving.slabs.slab import SlabSolver
from pinnlite.solving.slabs.slab_collocation import Place, Rows, SlabCollocation
from pinnlite.solving.slabs.slab_fields import SlabFields
from pinnlite.solving.slabs.slab_scan import Overlooked
from pinnlite.solving.slabs.well_posed import WAVES, undamped_speed
from pinnlite.trials.elements import TINY
from pinnlite.trials.space_time import SpaceTime

# Lengths of slabs, as parts of the whole time
_FIRST = 0.05  # tried at first
_LONGEST = 0.125  # so that what begins later is not passed over
_EARLY = 1e-4  # how long what was discontinuous at the start may need small elements
_SINGULAR = 1.5  # order of a tail in the length of the slab: a smooth one's is that of the nodes
_FORGOTTEN = 1 / 2
_COARSE = 1e2  # times the accuracy: tails that tell their order
_LEAST_PART = 1e-3  # to which a slab is shortened at once
_LEAST_ORDER = 0.25  # what a jump leaves in the mean square as it spreads
_SHORT = 1e-8  # what a solution that grows without bound comes to
_SHORTEST = 1e-20
# Elements, as parts of the domain
_SMALLEST = 2.0**-23  # a front that needs smaller ones is a shock
_SMALLEST_EARLY = 2.0**-40
_MOST_ELEMENTS = 2000
_START = 0.03  # of the accuracy: how well the initial state is resolved
_STOPPED = "stopped"


@dataclass(frozen=True)
class Marched:
    """What came of a march: slabs as far as it got, and why it stopped if that is not the end."""

    trial: SpaceTime | None
    reached: float
    failure: str | None
    slabs: int
    most: int  # elements in one slab
    refused: int


class SlabMarch:
    """A march at one accuracy, from where the initial conditions are to the other end of time."""

    def __init__(
        self, collocation: SlabCollocation, accuracy: float, clock: Clock, looked_at: Overlooked
    ) -> None:
        self.collocation, self.accuracy, self.clock = collocation, accuracy, clock
        self.evolution = collocation.evolution
        self.solver, self.fields = SlabSolver(collocation), SlabFields(collocation, accuracy)
        self.length = self.evolution.stop - self.evolution.start
        self.time, self.step = self.evolution.start, _FIRST * self.length
        self.mesh, self.known = InitialField(self.evolution).resolved(
            collocation.space_nodes, _START * accuracy
        )
        self.places = looked_at.places
        self.stations = looked_at.stations(self.evolution.start, self.evolution.stop)
        self._close_in()
        starts = {u: given[0][:, None] for u, given in self.known.items() if given}
        self.start_sizes = self.fields.sizes(starts, self.mesh, {})
        self.sizes = {u: self.start_sizes.get(u, 0.0) for u in self.known}
        if not any(self.sizes.values()):
            self.sizes = dict.fromkeys(self.sizes, driven_size(self.evolution))
        # Length and tail of the first slab that was refused last.
        self.opening: tuple[float, float] | None = None
        self.singular = False  # the start
        speeds = [undamped_speed(self.evolution, count) for count in WAVES]
        self.damped = speeds[-1] is None
        hyperbolic = None not in speeds and math.isclose(*speeds, rel_tol=1e-2)  # type: ignore[arg-type]
        shocks = hyperbolic and not all(equation.linear for equation in self.evolution.equations)
        self.signs = Signs(self.evolution, self.fields, self.start_sizes, shocks)
        self.expected: dict[str, float] | None = None  # sizes after the first slab that was tried
        self.first: Rows | None = None  # what Newton's method starts from, if the slab was solved before
        self.accepted: list[Slab] = []
        self.refused = 0

    def run(self) -> Marched:
        """March to the end, or as far as it goes."""
        failure = None
        try:
            while self.time != self.evolution.stop and failure is None:
                failure = self._attempt() or (_STOPPED if self.clock.spent else None)
                done = (self.time - self.evolution.start) / self.length
                name = self.evolution.names[self.evolution.time]
                self.clock.tell(f"{name} = {self.time:.3g}, {len(self.mesh.half)} elements", done)
        except KeyboardInterrupt:
            failure = INTERRUPTED
        if self.time == self.evolution.stop:
            failure = None
        most = max((len(slab.mesh.half) for slab in self.accepted), default=0)
        return Marched(self._trial(), self.time, failure, len(self.accepted), most, self.refused)

    def _attempt(self) -> str | None:
        """Solve one slab and accept it, or change its length or its elements; a sentence where nothing more helps."""
        left = self._next_stop() - self.time
        if abs(self.step) > _LONGEST * abs(self.length):
            self.step = _LONGEST * self.length
        if abs(self.step) > 0.5 * abs(left):  # no crumb is left for the last slab
            self.step = left if abs(self.step) > 0.999 * abs(left) else left / 2
        slab = self._solved()
        if slab is None:
            return self._refuse(0.3)
        sizes = self.fields.sizes(slab.rows, self.mesh, self.sizes)
        measures = self._measures(sizes)
        early = abs(self.time - self.evolution.start) < _EARLY * abs(self.length)
        tail = self.fields.in_time(slab.series, self.mesh, measures)
        limit = self._limit()
        ratio = 0.9 * (limit / max(tail, TINY)) ** (1 / len(self.collocation.time_nodes))
        smallest = _SMALLEST_EARLY if early else _SMALLEST
        unresolved = self.fields.in_space(slab.rows, self.mesh, measures) > limit
        halved = unresolved & (self.mesh.share > smallest)
        if tail > limit:
            if not self.accepted and halved.any() and self.singular:
                return self._halve(halved, slab)  # a layer that is not resolved in space says nothing of time
            return self._refuse(self._shorter(tail) or min(0.9, max(0.2, ratio)))
        if halved.any():
            return self._halve(halved, slab)
        if unresolved.any() and not early:
            return self.signs.too_steep(bool(self.accepted), self.time, self.sizes)
        self.sizes = sizes
        if not self.accepted and self._order(tail) > _SINGULAR:
            self.singular = False
        self._accept(slab, measures, smallest, limit)
        if hopeless := self.signs.of_the_end(self.accepted, self.time):
            return hopeless
        if not 0.85 < ratio < 1.25:  # a slab of the same length may have the same factors
            self.step *= min(2.5, max(0.5, ratio))
        return None

    def _measures(self, sizes: dict[str, float]) -> dict[str, float]:
        """The sizes that tails are measured by.

        An unknown that starts from zero beside others is at first as small as the slab is short, and so is what the
        others' rounding makes of it: until it has had its time, it counts as what the first slab that was tried found.
        """
        if self.expected is None:
            self.expected = sizes
        if abs(self.time - self.evolution.start) >= _FIRST * abs(self.length):
            return sizes
        most = max(sizes.values())
        later = {u: min(size, most) for u, size in self.expected.items() if not self.start_sizes.get(u, 0.0)}
        return {u: max(size, later.get(u, 0.0)) for u, size in sizes.items()}

    def _solved(self) -> Slab | None:
        """The slab that is next, if Newton's method converges."""
        place = Place(self.mesh.edges, self.time, self.step / 2)
        values = self.first or self._guess(place)
        self.first = None
        top = {u: self.collocation.top(v, self.known[u], place.half_time) for u, v in values.items()}
        found = self.solver.solve(place, self.known, top, self.accuracy, self.sizes)
        if found is None:
            return None
        derivatives = {
            u: self.collocation.in_time(w, self.known[u], place.half_time) for u, w in found.items()
        }
        rows = {u: values[0] for u, values in derivatives.items()}
        after = {u: tuple(d[:, -1] for d in derivatives[u][: len(self.known[u])]) for u in self.known}
        return Slab(self.mesh, place, rows, self.fields.series(rows, self.known, place.half_time), after)

    def _guess(self, place: Place) -> Rows:
        """The last slab's series gone on with; at first the initial state."""
        if self.accepted:
            last = self.accepted[-1]
            ratio = place.half_time / last.place.half_time
            return self.fields.ahead(last.series, last.mesh, ratio, self.mesh)
        n, N, guess = len(self.collocation.time_nodes), len(self.collocation.space_nodes), {}
        for unknown, (k, _) in self.evolution.orders.items():
            given = self.known[unknown]
            start = given[0] if given else torch.zeros(len(self.mesh.half), k + N, dtype=torch.float64)
            guess[unknown] = start[:, None].repeat(1, n, 1)
        return guess

    def _refuse(self, factor: float) -> str | None:
        """Try a shorter slab, if that still makes sense."""
        self.refused += 1
        self.step *= factor
        least = max(1e-14 * abs(self.time), _SHORTEST * abs(self.length))
        grown = self.signs.grown(self.time, self.sizes)
        if grown:
            least = max(least, _SHORT * abs(self.length))
        if abs(self.step) > least:
            return None
        return grown or (
            f"No solution could be continued past {self.signs.here(self.time)}: the equation seems to be singular "
            "there, or its conditions do not determine a solution."
        )

    def _shorter(self, tail: float) -> float | None:
        """Towards the first slab of a singular start, whose tail falls with a low power of the length; else None."""
        if self.accepted:
            return None
        order, self.opening = self._order(tail), (abs(self.step), tail)
        self.singular = self.damped and order < _SINGULAR and tail > _COARSE * self.accuracy
        if not self.singular:
            return None
        aim = (0.5 * self._limit() / tail) ** (1 / max(order, _LEAST_ORDER))
        return float(max(_LEAST_PART, min(aim, 0.9)))

    def _order(self, tail: float) -> float:
        """The power of the length with which the tail of the first slab falls, from the one that was refused last."""
        if self.opening is None or self.opening[0] < 2 * abs(self.step):
            return math.inf
        return math.log(self.opening[1] / max(tail, TINY)) / math.log(self.opening[0] / abs(self.step))

    def _limit(self) -> float:
        """What tails may be at the end of the next slab.

        A singular start is smoothed out, and with it what was wrong with it: a dent of width w that diffuses is smaller
        by (w^2 / t)^(1/4) in the mean square after a time t, and more where the ends take it up.
        """
        if not self.singular:
            return self.accuracy
        passed = abs((self.time + self.step - self.evolution.start) / self.length)
        return min(math.sqrt(self.accuracy), self.accuracy * math.pow(passed, -_FORGOTTEN))

    def _halve(self, chosen: Tensor, slab: Slab) -> str | None:
        """The same slab on finer elements, from what was found on these."""
        self.refused += 1
        opening = self.singular and not self.accepted
        finer = self.mesh.graded(chosen) if opening else self.mesh.halved(chosen)
        if len(finer.half) > _MOST_ELEMENTS:
            return self.signs.too_steep(bool(self.accepted), self.time, self.sizes)
        self.first = self.fields.carry(slab.rows, self.mesh, finer)
        self.known = self.fields.carry_known(self.known, self.mesh, finer)
        self.mesh = finer
        return None

    def _accept(self, slab: Slab, measures: dict[str, float], smallest: float, limit: float) -> None:
        self.accepted.append(slab)
        end = slab.place.start + 2 * slab.place.half_time
        stop = self._next_stop()
        self.time = stop if self.step == stop - self.time else end
        if self.stations and self.time == self.stations[0]:
            self.stations = self.stations[1:]
        mesh = self.fields.remeshed(self.mesh, slab.after, slab.rows, measures, smallest, limit)
        self.known = self.fields.carry_known(slab.after, self.mesh, mesh)
        self.mesh = mesh
        self._close_in()

    def _next_stop(self) -> float:
        """The time that no slab may reach across."""
        return self.stations[0] if self.stations else self.evolution.stop

    def _close_in(self) -> None:
        """Small elements where a march before was blind, whatever the present state is like there."""
        finer = self.mesh.closed_in(self.places)
        self.known = self.fields.carry_known(self.known, self.mesh, finer)
        self.mesh = finer

    def _trial(self) -> SpaceTime | None:
        """The slabs in ascending time: those of a march backwards are turned round."""
        if not self.accepted:
            return None
        starts = torch.tensor([*(s.place.start for s in self.accepted), self.time], dtype=torch.float64)
        slabs, sign = (self.accepted, 1.0) if self.length > 0 else (self.accepted[::-1], -1.0)
        local = {u: torch.cat([slab.series[u] for slab in slabs]) for u in self.evolution.orders}
        for series in local.values():
            series *= sign ** torch.arange(series.shape[1], dtype=torch.float64)[:, None]
        return SpaceTime(
            starts if self.length > 0 else starts.flip(0),
            torch.cat([slab.mesh.edges for slab in slabs]),
            torch.tensor([len(slab.mesh.half) for slab in slabs]),
            {u: k for u, (k, _) in self.evolution.orders.items()},
            local,
            self.evolution.time,
        )

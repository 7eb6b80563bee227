"""Evolution equations: one slab of time after the other, its length and its elements chosen by what they resolve."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.solving.initial_field import InitialField
from pinnlite.solving.refine import Clock
from pinnlite.solving.residuals import INTERRUPTED
from pinnlite.solving.slab import SlabSolver
from pinnlite.solving.slab_collocation import Known, Place, Rows, SlabCollocation
from pinnlite.solving.space_mesh import SpaceMesh, carried, tails
from pinnlite.trials.elements import TINY
from pinnlite.trials.reference import legendre_basis, reference
from pinnlite.trials.space_time import SpaceTime

_FIRST = 0.05  # of the whole time: the first slab that is tried
_SHORTEST = 1e-20  # of the whole time
_SHORT = 1e-8  # of the whole time
_BRIEF = 1e-6  # of the whole time: no longer are steps across what jumps at the start
_MOST_ELEMENTS = 2000
_SMALLEST = 2.0**-27  # of the domain: a front that needs smaller elements is a shock
_SMALLEST_EARLY = 2.0**-40  # the same while what was discontinuous at the start is smoothed out
_EARLY = 1e-4  # of the whole time
_WASTED = 0.03  # of the accuracy: elements that resolve so much more are merged
_GROWN = 1e4  # times the start: what stops there blows up
_STOPPED = "stopped"


@dataclass
class Marched:
    """What came of a march: slabs as far as it got, and why it stopped if that is not the end."""

    trial: SpaceTime | None
    reached: float
    failure: str | None
    slabs: int
    most: int  # elements in one slab
    refused: int


@dataclass
class _Slab:
    """A slab that was accepted."""

    mesh: SpaceMesh
    place: Place
    rows: Rows  # at the nodes in time
    series: dict[str, Float[Tensor, "E n1 w"]]  # Legendre coefficients in time


class SlabMarch:
    """A march at one accuracy."""

    def __init__(self, collocation: SlabCollocation, accuracy: float, clock: Clock) -> None:
        self.collocation, self.accuracy, self.clock = collocation, accuracy, clock
        self.evolution = collocation.evolution
        self.solver = SlabSolver(collocation)
        self.sizes: dict[str, float] = {}
        self.accepted: list[_Slab] = []
        self.refused = 0
        nodes = torch.tensor([-1.0, *collocation.time_nodes], dtype=torch.float64)
        self._to_series = torch.linalg.inv(legendre_basis(nodes, len(nodes) - 1))
        self._weights = torch.linalg.inv(
            legendre_basis(
                torch.tensor(collocation.space_nodes, dtype=torch.float64), len(collocation.space_nodes) - 1
            )
        )[0]

    def run(self) -> Marched:
        """March to the end, or as far as it goes."""
        evolution, failure = self.evolution, None
        length = evolution.stop - evolution.start
        time, step = evolution.start, _FIRST * length
        mesh, known = InitialField(evolution).resolved(self.collocation.space_nodes, 0.3 * self.accuracy)
        self._measure_start(known, mesh)
        self.start_sizes = dict(self.sizes)
        first: Rows | None = None
        try:
            while time != evolution.stop and failure is None:
                left = evolution.stop - time
                if abs(step) > 0.999 * abs(left):
                    step = left
                elif abs(step) > 0.5 * abs(left):
                    step = left / 2
                place = Place(mesh.edges, time, step / 2)
                guess = self._top(self._guess(mesh, place, known) if first is None else first, known, place)
                first = None
                outcome = self.solver.solve(place, known, guess, self.accuracy, self.sizes)
                if self.clock.spent:
                    failure = _STOPPED
                if outcome.rows is None:
                    self.refused += 1
                    step *= 0.3
                    failure = failure or self._stuck(time, step)
                    continue
                derivatives = {
                    u: self.collocation.in_time(top, known[u], place.half_time)
                    for u, top in outcome.rows.items()
                }
                rows = {u: values[0] for u, values in derivatives.items()}
                sizes = self._sizes(rows, mesh)
                series = self._series(rows, known)
                tail_x, tail_t = self._tails(rows, series, mesh, sizes)
                ratio = 0.9 * (self.accuracy / max(tail_t, TINY)) ** (1 / len(self.collocation.time_nodes))
                early = abs(time - evolution.start) < _EARLY * abs(length)
                # A contradiction at a corner is smoothed out at once: what it leaves goes with the square of its tail.
                brief = early and abs(step) < _BRIEF * abs(length)
                late = tail_t > (math.sqrt(self.accuracy) if brief else self.accuracy)
                if late and not self._shortest(time, step):
                    self.refused += 1
                    step *= min(0.9, max(0.2, ratio))
                    if ratio < 0.5:  # so far off in time that the elements could not be judged by it
                        failure = failure or self._stuck(time, step)
                        continue
                smallest = _SMALLEST_EARLY if early else _SMALLEST
                unresolved = tail_x > self.accuracy
                bad = unresolved & (mesh.share > smallest)
                if bad.any():
                    self.refused += 1
                    finer = mesh.halved(bad)
                    if len(finer.half) > _MOST_ELEMENTS:
                        failure = self._too_steep(time)
                        continue
                    if not late:
                        first = self._carry(rows, mesh, finer)
                    known = self._carry_known(known, mesh, finer)
                    mesh = finer
                    continue
                if late and not self._shortest(time, step):
                    failure = failure or self._stuck(time, step)
                    continue
                if unresolved.any() and not early:
                    failure = self._too_steep(time)
                    continue
                self.sizes = sizes
                self.accepted.append(_Slab(mesh, place, rows, series))
                time = evolution.stop if step == left else time + step
                known = {u: tuple(d[:, -1] for d in derivatives[u][: len(known[u])]) for u in known}
                mesh, known = self._remeshed(mesh, known, rows, tail_x, sizes)
                if brief and tail_t > self.accuracy:
                    step *= 2
                elif not 0.85 < ratio < 1.25:
                    step *= min(2.5, max(0.5, ratio))
        except KeyboardInterrupt:
            failure = INTERRUPTED
        most = max((len(slab.mesh.half) for slab in self.accepted), default=0)
        return Marched(self._trial(), time, failure, len(self.accepted), most, self.refused)

    def _shortest(self, time: float, step: float) -> bool:
        """Whether no shorter step makes sense: time would not get on, or a solution that grows is near its end."""
        length = abs(self.evolution.stop - self.evolution.start)
        if self._grown(time) and abs(step) < _SHORT * length:
            return True
        return abs(step) < max(1e-14 * abs(time), _SHORTEST * length)

    def _stuck(self, time: float, step: float) -> str | None:
        if not self._shortest(time, step):
            return None
        return self._grown(time) or (
            f"No solution could be continued past {self._at(time)}: the equation seems to be singular there, "
            "or its conditions do not determine a solution."
        )

    def _too_steep(self, time: float) -> str:
        return self._grown(time) or (
            f"The solution steepens near {self._at(time)} beyond what elements can resolve, as into a shock: "
            "end the domain before, or add diffusion."
        )

    def _grown(self, time: float) -> str | None:
        starts = {u: size for u, size in self.start_sizes.items() if size > 0}
        if not any(self.sizes[u] > _GROWN * size for u, size in starts.items()):
            return None
        return f"The solution grows without bound near {self._at(time)}: it seems to blow up there."

    def _at(self, time: float) -> str:
        return f"{self.evolution.names[self.evolution.time]} = {time:.6g}"

    def _guess(self, mesh: SpaceMesh, place: Place, known: Known) -> dict[str, Tensor]:
        """Where Newton's method starts: the last slab's series in time gone on with, as long as its terms fall."""
        n = len(self.collocation.time_nodes)
        if not self.accepted:
            return {
                u: (
                    given[0]
                    if given
                    else known[next(iter(known))][0].new_zeros(
                        len(mesh.half), k + len(self.collocation.space_nodes)
                    )
                )[:, None].repeat(1, n, 1)
                for (u, given), (k, _) in zip(known.items(), self.evolution.orders.values(), strict=True)
            }
        last = self.accepted[-1]
        tau = 1 + place.half_time / last.place.half_time * (
            1 + torch.tensor(self.collocation.time_nodes, dtype=torch.float64)
        )
        basis = legendre_basis(tau, n)
        guess = {}
        for unknown, series in last.series.items():
            reach = series.abs().amax((0, 2)) * basis[-1]
            count = int(reach[1:].argmin()) + 1
            ahead = torch.einsum("ejw,nj->enw", series[:, :count], basis[:, :count])
            guess[unknown] = self._carry({unknown: ahead}, last.mesh, mesh)[unknown]
        return guess

    def _top(self, values: Rows, known: Known, place: Place) -> dict[str, Tensor]:
        return {u: self.collocation.top(v, known[u], place.half_time) for u, v in values.items()}

    def _series(self, rows: Rows, known: Known) -> dict[str, Tensor]:
        """Legendre coefficients in time of the coordinates of the elements."""
        found = {}
        for unknown, values in rows.items():
            if known[unknown]:
                start = known[unknown][0]
            else:  # an unknown without a derivative by time has no start: its polynomial goes on to there
                inner = torch.tensor(self.collocation.time_nodes, dtype=torch.float64)
                fit = torch.linalg.inv(legendre_basis(inner, len(inner) - 1))
                ends = (-1.0) ** torch.arange(len(inner), dtype=torch.float64) @ fit
                start = torch.einsum("n,enw->ew", ends, values)
            found[unknown] = self._to_series @ torch.cat([start[:, None], values], 1)
        return found

    def _values(self, unknown: str, rows: Tensor) -> Tensor:
        return rows @ reference(self.collocation.space_nodes, self.evolution.orders[unknown][0]).values[0].T

    def _rms(self, unknown: str, rows: Float[Tensor, "E n w"], mesh: SpaceMesh) -> Float[Tensor, " n"]:
        """Root mean square over the domain of functions given by their coordinates."""
        return ((self._values(unknown, rows).square() @ self._weights) * mesh.share[:, None]).sum(0).sqrt()

    def _measure_start(self, known: Known, mesh: SpaceMesh) -> None:
        self.sizes = {
            u: self._rms(u, given[0][:, None], mesh).item() if given else 0.0 for u, given in known.items()
        }

    def _sizes(self, rows: Rows, mesh: SpaceMesh) -> dict[str, float]:
        """The size of each unknown so far."""
        return {u: max(self.sizes[u], self._rms(u, values, mesh).max().item()) for u, values in rows.items()}

    def _tails(
        self, rows: Rows, series: dict[str, Tensor], mesh: SpaceMesh, sizes: dict[str, float]
    ) -> tuple[Float[Tensor, " E"], float]:
        """What is left at the end of the series in space, for each element, and in time, relative to the sizes."""
        in_space, in_time = torch.zeros_like(mesh.half), 0.0
        for unknown, values in rows.items():
            size = max(sizes[unknown], TINY)
            in_space = torch.maximum(in_space, tails(values, self.evolution.orders[unknown][0], mesh) / size)
            in_time = max(in_time, self._rms(unknown, series[unknown][:, -2:], mesh).max().item() / size)
        return in_space, in_time

    def _remeshed(
        self, mesh: SpaceMesh, known: Known, rows: Rows, tail: Tensor, sizes: dict[str, float]
    ) -> tuple[SpaceMesh, Known]:
        """Elements for the next slab: halves where the tail will have grown too long, pairs merged where it is wasted."""
        last = torch.zeros_like(tail)
        first = torch.zeros_like(tail)
        for u, values in rows.items():
            k, size = self.evolution.orders[u][0], max(sizes[u], TINY)
            last = torch.maximum(last, tails(values[:, -1:], k, mesh) / size)
            first = torch.maximum(first, tails(values[:, :1], k, mesh) / size)
        growth = (last / first.clamp(min=TINY)).clamp(1, 30)
        ahead = last * growth
        finer = mesh.halved((ahead > self.accuracy) & (mesh.share > _SMALLEST))
        known = self._carry_known(known, mesh, finer) if len(finer.half) > len(mesh.half) else known
        mesh = finer
        pairs = mesh.pairs()
        if not len(pairs):
            return mesh, known
        # Whether a pair is wasted is found by merging it: what its halves' series end in says little.
        coarser = mesh.merged(pairs)
        merged = self._carry_known(known, mesh, coarser)
        wasted = torch.zeros_like(coarser.half)
        for u, given in merged.items():
            k, size = self.evolution.orders[u][0], max(sizes[u], TINY)
            for field_ in given[:1]:
                wasted = torch.maximum(wasted, tails(field_[:, None], k, coarser) / size)
        position = torch.searchsorted(coarser.places, mesh.places[pairs], right=True) - 1
        good = pairs[wasted[position] < _WASTED * self.accuracy]
        if not len(good):
            return mesh, known
        coarser = mesh.merged(good)
        return coarser, self._carry_known(known, mesh, coarser)

    def _carry(self, rows: Rows, old: SpaceMesh, new: SpaceMesh) -> dict[str, Tensor]:
        if torch.equal(old.places, new.places):
            return dict(rows)
        nodes = self.collocation.space_nodes
        return {
            u: carried(values, self.evolution.orders[u][0], old, new, nodes) for u, values in rows.items()
        }

    def _carry_known(self, known: Known, old: SpaceMesh, new: SpaceMesh) -> dict[str, tuple[Tensor, ...]]:
        stacked = {u: torch.stack(given, 1) for u, given in known.items() if given}
        moved = self._carry(stacked, old, new)
        return {u: tuple(moved[u].unbind(1)) if u in moved else () for u in known}

    def _trial(self) -> SpaceTime | None:
        if not self.accepted:
            return None
        slabs = self.accepted
        backwards = self.evolution.stop < self.evolution.start
        if backwards:
            slabs = slabs[::-1]
        starts = [slab.place.start for slab in self.accepted]
        last = self.accepted[-1].place
        times = torch.tensor([*starts, last.start + 2 * last.half_time], dtype=torch.float64)
        signs = (-1.0) ** torch.arange(len(self._to_series), dtype=torch.float64) if backwards else None
        local = {
            u: torch.cat([s.series[u] if signs is None else s.series[u] * signs[:, None] for s in slabs])
            for u in self.evolution.orders
        }
        return SpaceTime(
            times.flip(0) if backwards else times,
            torch.cat([slab.mesh.edges for slab in slabs]),
            torch.tensor([len(slab.mesh.half) for slab in slabs]),
            {u: k for u, (k, _) in self.evolution.orders.items()},
            local,
            self.evolution.time,
        )

"""What a march watches for: a shock ahead, growth without bound, something sharp that moves and is not damped."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from pinnlite.solving.slabs.evolution import Evolution
from pinnlite.solving.slabs.slab_collocation import Known, Place, Rows
from pinnlite.solving.slabs.slab_fields import Series, SlabFields
from pinnlite.solving.slabs.space_mesh import SpaceMesh
from pinnlite.solving.slabs.well_posed import long_growth
from pinnlite.trials.elements import TINY

_NARROW = 2.0**-8  # of the domain: elements as small as this follow something sharp
_WINDOW = 12  # slabs in which neither these elements nor the slabs have changed by more than
_STEADY = 1.5
_MOST_WORK = 4e4  # so many elements more are too many
_NEAR_SHOCK = 1e-2  # of the time up to a shock
_STEEPENED = 10.0  # times what was the steepest in the first half of that time, at least
_GROWN = 1e4  # times the initial size: a solution that stops there blows up


@dataclass(frozen=True)
class Slab:
    """A slab that was solved: values at its nodes, their Legendre coefficients in time, and what the next one knows."""

    mesh: SpaceMesh
    place: Place
    rows: Rows
    series: Series
    after: Known


@dataclass(frozen=True)
class Signs:
    """Sentences about how a march will end, or has ended, before its time.

    Attributes:
        evolution, fields: what is marched, and what measures it.
        start_sizes: of the unknowns at the start.
        shocks: whether characteristics may meet: waves travel undamped, at a speed that depends on the solution.
    """

    evolution: Evolution
    fields: SlabFields
    start_sizes: Mapping[str, float]
    shocks: bool

    def of_the_end(self, accepted: Sequence[Slab], time: float) -> str | None:
        """What the last slabs say of those to come, if they lead nowhere."""
        return self._shock(accepted, time) or self._followed(accepted, time)

    def too_steep(self, begun: bool, time: float, sizes: Mapping[str, float]) -> str:
        """Why elements cannot resolve the solution any more."""
        if not begun:
            return (
                "The solution cannot be resolved from its start on: its conditions may contradict each other or the "
                "initial state, or not be where the equation's characteristics enter."
            )
        return self.grown(time, sizes) or (
            f"The solution steepens near {self.here(time)} beyond what elements can resolve, as into a shock: "
            "end the domain before, or add diffusion."
        )

    def grown(self, time: float, sizes: Mapping[str, float]) -> str | None:
        """That the solution blows up, if it has grown so much."""
        starts = {u: size for u, size in self.start_sizes.items() if size > 0}
        if not any(sizes[u] > _GROWN * size for u, size in starts.items()):
            return None
        grown = long_growth(self.evolution) * abs(time - self.evolution.start)
        if grown < -math.log(self.fields.accuracy):
            return f"The solution grows without bound near {self.here(time)}: it seems to blow up there."
        return (
            f"Near {self.here(time)} the solution grows without bound, or an error does: about the initial state small "
            f"errors grow until then by some 1e{grown / math.log(10):.0f} times. If the solution is bounded, start "
            "farther from what is unstable, u = 0.001 in the place of u = 0, say, or try a smaller tol."
        )

    def here(self, time: float) -> str:
        """A time in words."""
        return f"{self.evolution.names[self.evolution.time]} = {time:.6g}"

    def _followed(self, accepted: Sequence[Slab], time: float) -> str | None:
        """What is said where slabs stay so short that they would be too many: they follow something that moves."""
        if len(accepted) <= _WINDOW:
            return None
        before, last = accepted[-_WINDOW - 1], accepted[-1]
        changes = (
            last.place.half_time / before.place.half_time,
            (last.mesh.share.min() / before.mesh.share.min()).item(),
        )
        left = abs((self.evolution.stop - time) / (2 * last.place.half_time))
        work = left * len(last.mesh.half)
        steady = all(1 / _STEADY < change < _STEADY for change in changes)
        if not steady or last.mesh.share.min() > _NARROW or work < _MOST_WORK:
            return None
        old, new = (slab.mesh.edges[slab.mesh.share.argmin()].item() for slab in (before, last))
        name, then = self.evolution.names[self.evolution.space], self.evolution.names[self.evolution.time]
        moved = f"moves (it was near {old:.3g} at {then} = {before.place.start:.3g}) and"
        if abs(new - old) < last.mesh.share.min().item() * abs(
            self.evolution.ends[1] - self.evolution.ends[0]
        ):
            moved = f"needs small elements from {then} = {before.place.start:.3g} on at least. It"
        return (
            f"Something sharp near {name} = {new:.3g} {moved} is not damped, as a kink in the initial values, or "
            "values that bend (their second derivative is not 0) at an end where they are held: following it from "
            f"{self.here(time)} on would take some {left:.0f} slabs. Start from smoother values, add damping or "
            "diffusion, or try a larger tol."
        )

    def _shock(self, accepted: Sequence[Slab], time: float) -> str | None:
        """What is said of a shock that is near: where characteristics meet, 1 / max |u_x| falls to zero linearly.

        It falls as fast where a standing wave has just been flat, and then nothing is steeper than it was before.
        """
        if len(accepted) < 2 or not self.shocks:
            return None
        gentle = [1 / max(self._steepest(slab)[-1].item(), TINY) for slab in accepted[-2:]]
        fall = gentle[0] - gentle[1]
        if fall <= 0:
            return None
        left = gentle[1] / fall * abs(2 * accepted[-1].place.half_time)
        passed = abs(time - self.evolution.start)
        if left > _NEAR_SHOCK * passed:
            return None
        early = [slab for slab in accepted if abs(slab.place.start - self.evolution.start) < passed / 2]
        if 1 / gentle[1] < _STEEPENED * max(self._steepest(slab).amax().item() for slab in early):
            return None
        at = time + math.copysign(left, self.evolution.stop - self.evolution.start)
        return (
            f"The solution steepens into a shock at about {self.evolution.names[self.evolution.time]} = {at:.5g}: "
            "end the domain before, or add diffusion."
        )

    def _steepest(self, slab: Slab) -> Tensor:
        return self.fields.steepest(slab.rows, slab.mesh)

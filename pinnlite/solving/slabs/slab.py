"""One slab of time by Newton's method, with a Jacobian that is kept for as long as the steps go on falling with it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Placed, Values
from pinnlite.solving.residuals import pointwise
from pinnlite.solving.slabs.condensed import Condensed
from pinnlite.solving.slabs.cyclic import Cyclic
from pinnlite.solving.slabs.slab_collocation import Known, Place, Rows, SlabCollocation
from pinnlite.trials.elements import TINY
from pinnlite.trials.reference import reference

_STEPS = 12
_SLOW = 0.2  # a step that is no smaller than this part of the one before asks for a new Jacobian
_FAR = 1e6  # times the size of an unknown: a step as long as that leads nowhere
_LEFT, _MOST_LEFT = 1e-4, 1e-2  # of the accuracy: what is left at the end, and where so little is _FINE
_FINE = 1e-12
_ROUNDING = 1e-13
_NEGLIGIBLE = 1e-14  # of the largest unknown
_HARMLESS = 1e-12  # jumps of this size are left alone


@dataclass(frozen=True)
class Guess:
    """A point of Newton's method: physical states at the edges, scaled inner coordinates of the elements."""

    states: Float[Tensor, "E1 K"]
    inner: Float[Tensor, "E N"]


@dataclass(frozen=True)
class _Factors:
    """A factorised Jacobian and where it is of."""

    condensed: Condensed
    chain: Cyclic | None
    edges: Tensor
    half_time: float


class SlabSolver:
    """Solves slabs of one collocation, one after the other."""

    def __init__(self, collocation: SlabCollocation) -> None:
        self.collocation = collocation
        self._factors: _Factors | None = None

    def solve(
        self, place: Place, known: Known, first: Rows, accuracy: float, sizes: Mapping[str, float]
    ) -> Rows | None:
        """The highest derivatives by time, times half_time^k, from ``first``; None where Newton's method fails.

        It ends where what is left of the unknowns is little beside ``accuracy``, relative to ``sizes``: marches that
        check each other stop at the same step, so that neither sees what is left of the other.
        """
        enough = max(_LEFT * accuracy, min(_MOST_LEFT * accuracy, _FINE))
        jumps = self._jumps(place, known, accuracy, sizes)
        scale = place.half[:, None] ** self.collocation.state_powers
        guess = self._packed(place, first, scale)
        factors, before = self._fitting(place), math.inf
        self._factors = None
        for count in range(_STEPS):
            rows = self._rows(guess, scale)
            if factors is None:
                residual, factors = self._factorised(place, guess, rows, known, scale)
                if factors is None:
                    return None
            else:
                residual = self.collocation.residual(place, rows, known)
            ends, _ = self._ends(place, guess, known)
            step = self._step(factors, guess, residual, ends, jumps, scale)
            guess = Guess(guess.states + step.states, guess.inner + step.inner)
            change = self._length(step, guess, scale, sizes, accuracy)
            rate = change / before
            if not change < _FAR or (rate > 2 and count > 3):
                return None
            if change * (min(rate, 1.0) if count else 1.0) < enough or change < _ROUNDING:
                self._factors = factors
                return self._rows(guess, scale)
            if rate > _SLOW:
                factors = None
            before = change
        return None

    def _factorised(
        self, place: Place, guess: Guess, rows: Rows, known: Known, scale: Tensor
    ) -> tuple[Tensor, _Factors | None]:
        """Residuals and the factors of their Jacobian; none where it is singular."""
        residual, left, inner = self.collocation.linearize(place, rows, known)
        if not inner.isfinite().all():
            return residual, None
        _, (first, last) = self._ends(place, guess, known)
        condensed = Condensed(left, inner, self.collocation.end, scale)
        try:
            chain = Cyclic(condensed.G, condensed.H, first, last) if self.collocation.states else None
        except (ArithmeticError, RuntimeError):  # LAPACK's complaint of what is not finite is a RuntimeError
            return residual, None
        return residual, _Factors(condensed, chain, place.edges, place.half_time)

    def _fitting(self, place: Place) -> _Factors | None:
        """The factors of the slab before where they may serve for this one."""
        kept = self._factors
        if kept is None or abs(kept.half_time - place.half_time) > 1e-9 * abs(place.half_time):
            return None
        return kept if torch.equal(kept.edges, place.edges) else None

    def _step(
        self, factors: _Factors, guess: Guess, residual: Tensor, ends: Tensor, jumps: Tensor, scale: Tensor
    ) -> Guess:
        K = self.collocation.states
        end = self.collocation.end
        mismatch = (
            (guess.states[:-1] * scale) @ end[:, :K].T
            + guess.inner @ end[:, K:].T
            - (guess.states[1:] - jumps) * scale
        )
        inner, right = factors.condensed.reduced(-residual, mismatch)
        if factors.chain is None:
            return Guess(torch.zeros_like(guess.states), inner)
        states = factors.chain.solve(right, -ends)
        return Guess(states, factors.condensed.inner(inner, states))

    def _jumps(
        self, place: Place, known: Known, accuracy: float, sizes: Mapping[str, float]
    ) -> Float[Tensor, "E K"]:
        """Jumps of the unknowns at the right edges of the elements, which are to come out continuous.

        What is known at the start has jumps where it has kinks, or where elements were merged; those of the highest
        derivatives by time have to make up for them. Where they are rounding they are left alone.
        """
        n, E = len(self.collocation.time_nodes), len(place.half)
        blocks = []
        for unknown, (k, _) in self.collocation.evolution.orders.items():
            at_rest = torch.zeros(E, n, k, dtype=torch.float64)
            if not k:
                blocks.append(at_rest.flatten(1))
                continue
            powers = place.half[:, None] ** -torch.arange(k, dtype=torch.float64)
            starts, matters = [], False
            for rows in known[unknown]:
                right = rows @ reference(self.collocation.space_nodes, k).end.T
                jump = torch.zeros(E, k, dtype=torch.float64)
                jump[:-1] = rows[1:, :k] * powers[1:] - right[:-1] * powers[:-1]
                apart = (jump / powers).abs().amax()
                matters = matters or bool(apart > max(1e-2 * accuracy, _HARMLESS) * sizes[unknown])
                starts.append(jump)
            if matters:
                at_rest = self.collocation.top(at_rest, tuple(starts), place.half_time)
            blocks.append(at_rest.flatten(1))
        return torch.cat(blocks, 1)

    def _length(
        self, step: Guess, guess: Guess, scale: Tensor, sizes: Mapping[str, float], accuracy: float
    ) -> float:
        """The largest change of a value at a node, relative to the size of its unknown."""
        changes, reach = (self._reach(point, scale) for point in (step, guess))
        size = {u: max(sizes[u], reach[u]) for u in changes}
        # An unknown that is nothing but rounding has no digits.
        least = max(_NEGLIGIBLE / accuracy * max(size.values()), TINY)
        lengths = [change / max(size[u], least) for u, change in changes.items()]
        return max(lengths) if all(math.isfinite(length) for length in lengths) else math.inf

    def _reach(self, point: Guess, scale: Tensor) -> dict[str, float]:
        """What a point contributes to the values of each unknown at the nodes, at most."""
        reach = {}
        for unknown, rows in self._rows(point, scale).items():
            basis = reference(self.collocation.space_nodes, self.collocation.evolution.orders[unknown][0])
            values = self.collocation.by_time(unknown, 0, 1.0) @ rows @ basis.values[0].T
            reach[unknown] = values.abs().amax().item()
        return reach

    def _rows(self, guess: Guess, scale: Tensor) -> dict[str, Tensor]:
        """The coordinates of the elements, by unknown and node in time."""
        n, N = len(self.collocation.time_nodes), len(self.collocation.space_nodes)
        rows, state, inner = {}, 0, 0
        scaled = guess.states[:-1] * scale
        for unknown, (k, _) in self.collocation.evolution.orders.items():
            left = scaled[:, state : state + n * k].reshape(len(guess.inner), n, k)
            rows[unknown] = torch.cat(
                [left, guess.inner[:, inner : inner + n * N].reshape(len(guess.inner), n, N)], 2
            )
            state, inner = state + n * k, inner + n * N
        return rows

    def _packed(self, place: Place, rows: Rows, scale: Tensor) -> Guess:
        K, end = self.collocation.states, self.collocation.end
        orders = self.collocation.evolution.orders
        left = torch.cat([rows[u][..., :k].flatten(1) for u, (k, _) in orders.items()], 1)
        inner = torch.cat([rows[u][..., k:].flatten(1) for u, (k, _) in orders.items()], 1)
        last = left[-1] @ end[:, :K].T + inner[-1] @ end[:, K:].T
        return Guess(torch.cat([left / scale, last[None] / scale[-1:]]), inner)

    def _ends(
        self, place: Place, guess: Guess, known: Known
    ) -> tuple[Float[Tensor, " K"], tuple[Float[Tensor, "K K"], Float[Tensor, "K K"]]]:
        """Boundary conditions at the nodes in time, and their slopes by the first and by the last state."""
        evolution, n = self.collocation.evolution, len(self.collocation.time_nodes)
        keys = sorted({key for c in evolution.boundary for key in c.wanted}, key=str)
        values = {key: self._at_end(place, guess, known, key) for key in keys}
        places: Values = {
            **evolution.parameters,
            evolution.names[evolution.time]: self.collocation.times(place),
        }
        found = pointwise(evolution.boundary, places, values)
        sides = guess.states.new_zeros(2, len(found), n, self.collocation.states)
        residuals = []
        for i, (residual, slopes) in enumerate(found):
            residuals.append(residual.expand(n))
            for key, slope in slopes.items():
                side, columns, b = self._columns(key)
                sides[side, i][:, columns] += slope[:, None] * self.collocation.by_time(
                    key[0], b, place.half_time
                )
        right = torch.cat(residuals) if residuals else guess.states.new_zeros(0)
        return right, (sides[0].flatten(0, 1), sides[1].flatten(0, 1))

    def _columns(self, key: Placed) -> tuple[int, Tensor, int]:
        """The side of the domain, the states there that a partial is made of, and its order in time."""
        unknown, index, at = key
        evolution, n = self.collocation.evolution, len(self.collocation.time_nodes)
        a, b = evolution.split(index)
        offset = 0
        for name, (k, _) in evolution.orders.items():
            if name == unknown:
                return int(at[evolution.space] == evolution.ends[1]), offset + a + k * torch.arange(n), b
            offset += n * k
        raise KeyError(unknown)

    def _at_end(self, place: Place, guess: Guess, known: Known, key: Placed) -> Float[Tensor, " n"]:
        """A partial at an end of the domain at the nodes in time."""
        unknown, (a, _) = key[0], self.collocation.evolution.split(key[1])
        side, columns, b = self._columns(key)
        k, _ = self.collocation.evolution.orders[unknown]
        if side:
            row = reference(self.collocation.space_nodes, k).end[a]
            ends = [rows[-1] @ row for rows in known[unknown]]
        else:
            ends = [rows[0, a] for rows in known[unknown]]
        at_start = tuple(end[None] * place.half[-side] ** -a for end in ends)
        return self.collocation.in_time(guess.states[-side, columns][:, None], at_start, place.half_time)[b][
            :, 0
        ]

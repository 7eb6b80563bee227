"""Initial-value problems: one Legendre element after the other, each as long as its coefficients decay.

Collocation at Radau nodes is an implicit Runge-Kutta method of order 2n - 1 that damps stiff transients
(Hairer and Wanner, Solving Ordinary Differential Equations II, section IV.5); with the solution's coefficients at hand
the length of the next element follows from how fast they fall.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Key
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.driven import driven_sizes
from pinnlite.solving.residuals import INTERRUPTED, Monitor
from pinnlite.trials.elements import SHORT, SHORTEST, TAIL, TINY, Elements
from pinnlite.trials.trial import Approximation

_STOPPED = "stopped"
_NEWTON_STEPS, _PATIENCE = 20, 4  # how many, and how many in a row that bring nothing
_LEFT = 1e-4  # of the accuracy: what Newton's method may leave
_MOST_ATTEMPTS = 2000
_CLEAR = 8 * torch.finfo(torch.float64).eps  # relative distance at which elements keep from a break
_LEAST_STEP = 1024 * torch.finfo(torch.float64).eps  # of x: what shorter elements see of it is rounding
_NOISE = 1e-10  # tails below this may be rounding
_NOTHING = 1e-16  # of the largest unknown: less is not followed from its first digit on
_LITTLE = 1e-4  # of what an unknown is going to be: less needs fewer digits
_LASTING = 0.1  # of the length of a march: over so much of it a slope is carried along
_JUMP = 0.1  # of an unknown: what is left of it where it jumps, or has a layer that is thinner yet
_THINNEST = 1e-24  # of the length of a march: layers at x = 0 that numbers resolve


@dataclass(frozen=True)
class March:
    """What came of a march: elements as far as it got, and why it stopped if that is not the end."""

    elements: Elements | None
    reached: float
    failure: str | None = None


def march(
    collocation: Collocation,
    start: float,
    stop: float,
    state: Float[Tensor, " K"],
    accuracy: float,
    breaks: Collection[float],
    monitor: Monitor,
) -> March:
    """Solve from ``start`` to ``stop`` (either direction) with the tail of every element below ``accuracy``.

    ``breaks`` are places that no element may reach across.
    """
    steps = _Steps(collocation, accuracy, start, stop)
    x, step = start, stop - start
    edges, rows, failure = [start], [], None
    stations = [place for place in breaks if min(start, stop) < place < max(start, stop)]
    try:
        for station in [*sorted(stations, reverse=stop < start), stop]:
            while x != station and failure is None:
                left, planned = station - x, step
                step = left if abs(step) > 0.99 * abs(left) else step
                # An element keeps clear of breaks at its ends: the equation there belongs to neither side.
                clear = [_CLEAR * max(abs(x), abs(station)) if at in breaks else 0.0 for at in (x, x + step)]
                inner = math.copysign(1.0, step)
                row, step_after = steps.attempt(x + inner * clear[0], step - inner * sum(clear), state)
                if row is not None:
                    x = station if step == left else x + step
                    # Beyond a break the length from before it was cut is tried again.
                    step_after = max(step_after, planned, key=abs) if step == left else step_after
                    edges.append(x)
                    rows.append(row)
                    state = collocation.end @ row * (step / 2) ** -collocation.powers
                elif abs(step) < steps.shortest:
                    failure = _reason(x, steps.sizes[:, 0], 0 in collocation.orders.values())
                elif steps.stuck(x):
                    failure = f"The solution could not be resolved near {x:.6g}: try a larger tol."
                step = step_after
                # Steps that are refused take time too.
                if failure is None and monitor(len(rows), abs(x - start)):
                    failure = _STOPPED
    except KeyboardInterrupt:
        failure = INTERRUPTED
    if not rows:
        return March(None, x, failure)
    return March(_ascending(collocation, edges, torch.stack(rows)), x, failure)


class _Steps:
    """Steps tried, and taken or refused by how far the last coefficients have fallen."""

    def __init__(self, collocation: Collocation, accuracy: float, start: float, stop: float) -> None:
        self.collocation, self.accuracy, self.length = collocation, accuracy, abs(stop - start)
        orders = collocation.orders.values()
        self.sizes = torch.zeros(len(orders), max(1, *orders), dtype=torch.float64)  # of each derivative
        self.sizes[:, 0] = _LITTLE * driven_sizes(collocation, start, stop)
        self._refused, self._stalls = math.inf, 0
        self._longer: Elements | None = None  # the element that was refused last, which the next is a part of
        self._floor = 0.0  # where rounding was met, until it is left behind
        self._attempts, self._milestone = 0, -math.inf
        self.short, self.shortest = SHORT * self.length, SHORTEST * self.length

    def stuck(self, x: float) -> bool:
        """Whether thousands of attempts have not led a millionth of the domain further."""
        self._attempts += 1
        if abs(x - self._milestone) > 1e-6 * self.length:
            self._attempts, self._milestone = 0, x
        return self._attempts > _MOST_ATTEMPTS

    def attempt(self, x: float, step: float, state: Tensor) -> tuple[Tensor | None, float]:
        """The element's row, or None if it is not good enough, and the step to try next."""
        row = _solved(self.collocation, x, step / 2, state, _LEFT * self.accuracy, self._longer)
        if row is None:
            return None, 0.3 * step
        enough = max(0.1 * self.accuracy, self.collocation.basis.floor)
        tail, needed, reach = _tail(self.collocation, row, step / 2, self.length, self.sizes, enough)
        if tail > _JUMP:
            self.short = self.shortest = max(_LEAST_STEP * abs(x), _THINNEST * self.length)
        # Where a shorter step is no better, what is left is rounding: of the unknowns, or of a forcing near its zero.
        self._stalls = self._stalls + 1 if tail > 0.5 * self._refused else 0
        noise = self._stalls > (0 if tail < _NOISE else 2 if abs(step) < self.short else math.inf)
        noise = noise or self.accuracy < tail <= self._floor
        count = len(self.collocation.nodes)
        ratio = 0.9 * (self.accuracy / max(tail, TINY)) ** (1 / count)
        if tail > self.accuracy and not noise and abs(step) >= self.shortest:
            self._refused, self._longer = tail, _ascending(self.collocation, [x, x + step], row[None])
            return None, step * min(0.9, max(0.2, ratio))
        most = 3.0 if self._longer is None else 1.0  # a refused length is not tried again at once
        self._refused, self._longer, self._stalls, self.sizes = math.inf, None, 0, reach
        self.short, self.shortest = SHORT * self.length, SHORTEST * self.length
        # It is passed in steps that double while what is let pass halves: the sum of it stays as small as it began.
        self._floor = max(tail, self._floor) / 2 if noise else self._floor / 2
        # A tail of rounding says less than how few coefficients came before it: those fall like a power of the step.
        ratio = max(ratio, enough ** (1 / count - 1 / needed))
        return row, step * (2.0 if noise else min(most, max(0.5, ratio)))


def _solved(
    collocation: Collocation,
    x: float,
    half: float,
    state: Tensor,
    enough: float,
    near: Approximation | None,
) -> Tensor | None:
    """An element from the first guess that Newton's method gets on with: implicit equations may refuse zero."""
    if near is not None:
        row = _element(collocation, x, half, state, _read_off(collocation, x, half, near), enough)
        if row is not None:
            return row
    for slope in (0.0, 1.0, -1.0):
        guess = torch.zeros(collocation.end.shape[1], dtype=torch.float64)
        for order, columns in zip(collocation.orders.values(), collocation.columns.values(), strict=True):
            guess[columns[order]] = slope * half**order
        row = _element(collocation, x, half, state, guess, enough)
        if row is not None:
            return row
    return None


def _read_off(collocation: Collocation, x: float, half: float, near: Approximation) -> Tensor:
    """The row of the element that has the highest derivatives of ``near`` at its nodes."""
    points = x + half * (1 + torch.tensor(collocation.nodes, dtype=torch.float64))
    keys: list[Key] = [(unknown, (k,)) for unknown, k in collocation.orders.items()]
    with torch.no_grad():
        highest = near.partials(points[:, None], keys)
    row = torch.zeros(collocation.end.shape[1], dtype=torch.float64)
    for unknown, (k,) in keys:
        inside = collocation.columns[unknown][k:]
        row[inside] = collocation.from_nodes[unknown] @ highest[unknown, (k,)] * half**k
    return row


def _element(
    collocation: Collocation, x: float, half: float, state: Tensor, guess: Tensor, enough: float
) -> Tensor | None:
    """One element by Newton's method from its left state; None where that does not converge.

    It ends with a step below ``enough`` that is a tenth of the one before, as the next would then be of this one. The
    Jacobian is kept for as long as the steps fall tenfold with it: a residual costs a third of it. Steps are measured
    beside the unknown that they change: one may be 1e-9 of another, and its tail is compared with its own size.
    """
    K, owner = collocation.states, collocation.owners
    h, left = torch.tensor([half], dtype=torch.float64), torch.tensor([x], dtype=torch.float64)
    row = guess[None].clone()
    row[0, :K] = state * half**collocation.powers
    before, factors, slow = 1.0, None, 0  # a first step is measured by what it leads to
    for _ in range(_NEWTON_STEPS):
        fresh = factors is None
        if factors is None:
            residual, jacobian = collocation.linearize(left, h, row)
            lu, pivots, info = torch.linalg.lu_factor_ex(jacobian[0, :, K:])
            factors = (lu, pivots)
            if info.item():
                return None
        else:
            residual = collocation.residual(left, h, row)
        step = torch.linalg.lu_solve(*factors, -residual[0, :, None])[:, 0]
        row = row.clone()
        row[0, K:] += step
        sizes = row.new_zeros(len(collocation.orders)).scatter_reduce(0, owner, row[0].abs(), "amax")
        change = (step.abs() / sizes[owner[K:]].clamp(min=TINY)).amax().item()
        overall = (step.abs().amax() / sizes.amax().clamp(min=TINY)).item()
        if not overall < 1e8:
            return None
        # Newton converges until what is left is of no account, or rounding takes over: then the change falls no more.
        if change < max(1e-14, enough if change < 0.1 * before else 0.0):
            return row[0]
        if overall < 1e-9 and change > 0.1 * before and (fresh or change < 1e-9):
            return row[0]
        if change > 0.1 * before:
            factors = None
        slow = slow + 1 if change > 0.7 * before else 0
        if slow > _PATIENCE:
            return None
        before = change
    return None


def _tail(
    collocation: Collocation,
    row: Tensor,
    half: float,
    length: float,
    sizes: Float[Tensor, "U k"],
    enough: float,
) -> tuple[float, int, Tensor]:
    """Largest of the last coefficients relative to the size so far, how many come before none exceeds ``enough``, and
    the sizes brought up to date.

    They are those of each unknown and of its derivatives below the highest, which are handed on with it: an error d of
    a slope that lasts is one of d times that length in the end, however short the element that it came from.
    """
    edges = torch.tensor([0.0, 2.0], dtype=torch.float64)  # half-length 1: the scaled coordinates as they are
    elements = collocation.elements(edges, row[None])
    reach, found = sizes.clone(), []
    for i, (name, order) in enumerate(collocation.orders.items()):
        for j in range(max(order, 1)):
            series = collocation.basis.series(elements.local[name], order, j)[0].abs()
            series *= (_LASTING * length / abs(half)) ** j
            reach[i, j] = torch.maximum(sizes[i, j], series.amax())
            found.append((i, j, series))
    least = _NOTHING * reach[:, 0].amax()
    beside = [
        series / torch.stack([reach[i, 0], reach[i, j], least]).amax().clamp(min=TINY)
        for i, j, series in found
    ]
    tail = max(series[-TAIL:].amax().item() for series in beside)
    needed = max(max((series > enough).nonzero().flatten().tolist(), default=1) for series in beside)
    return tail, max(needed, 1), reach


def _ascending(collocation: Collocation, edges: list[float], rows: Tensor) -> Elements:
    """Elements in ascending order: those of a leftward march are turned round."""
    if edges[0] < edges[-1]:
        return collocation.elements(torch.tensor(edges, dtype=torch.float64), rows)
    K, n = collocation.states, len(collocation.nodes)
    turned = torch.empty_like(rows)
    turned[:, :K] = rows @ collocation.end.T * (-1.0) ** collocation.powers
    for k, columns in zip(collocation.orders.values(), collocation.columns.values(), strict=True):
        turned[:, columns[k:]] = rows[:, columns[k:]] * (-1.0) ** (torch.arange(n) + k)
    return collocation.elements(torch.tensor(edges, dtype=torch.float64).flip(0), turned.flip(0))


def _reason(x: float, sizes: Tensor, algebraic: bool) -> str:
    if sizes.max() > 1e8:
        return f"The solution grows without bound near {x:.6g}: it seems to blow up there."
    why = "the equation seems to be singular there"
    if algebraic:
        why += (
            ", or its constraints do not determine the unknowns that have no derivative (differentiate a constraint "
            "until they appear), or the initial values contradict them"
        )
    return f"No solution could be continued past {x:.6g}: {why}."

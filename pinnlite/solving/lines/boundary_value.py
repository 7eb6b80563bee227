"""Boundary-value problems: all elements at once, split until every one of them has resolved its piece.

Unresolved layers ring through a symmetric collocation from end to end, so where halving does not help the partition
is graded towards both ends first: layers sit there more often than not, and the rest is found by halving again.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.solving.lines.chain import Undetermined
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.continuation import follow
from pinnlite.solving.lines.newton import Chain
from pinnlite.solving.lines.system import System
from pinnlite.solving.residuals import Monitor
from pinnlite.trials.elements import SHORTEST, Elements, halved
from pinnlite.trials.trial import Approximation

_UNDETERMINED = (
    "The equation and its conditions have no solution or many (an eigenvalue, say): change a condition, or let a "
    "parameter be pl.Unknown and fix the size of the solution, as with integral(u^2, x) = 1."
)
_NOT_FOUND = (
    "No solution was found: Newton's method converges neither from the simplest function that meets the conditions nor "
    "along a continuation. If there is one, try a larger tol, or conditions that determine it more sharply."
)
_MANY = (
    "Conditions and data do not determine {0}: with other values of {0} they are met as well. Give one a number, or "
    "observe something else."
)
_FREE = 1e-8  # of the largest part of a direction that is free
_MOST_ELEMENTS = 3000
_MOST_COARSE = 16  # elements up to which a failing Newton iteration is tried again on halves
_GRADING = 26  # halvings towards each end: layers down to 1e-8 of the domain


@dataclass(frozen=True)
class Relaxation:
    """What came of a boundary-value problem: elements, and why they are not good enough if they are not."""

    elements: Elements | None
    failure: str | None = None


def relax(
    collocation: Collocation,
    system: System,
    edges: Float[Tensor, " E1"],
    first: Approximation,
    accuracy: float,
    monitor: Monitor,
) -> Relaxation:
    """Solve from ``first`` on a partition that is refined until the tail of every element is below ``accuracy``."""
    length = (edges[-1] - edges[0]).item()
    elements, graded, followed, rounds = None, False, False, 0
    while True:
        chain = Chain(collocation, system.conditions, system.observations, edges)
        failure = _NOT_FOUND
        try:
            solved = chain.solve(chain.interpolate(first), system.linear, monitor)
        except Undetermined as lost:
            if system.linear:
                return Relaxation(None, _many(lost, system) or _UNDETERMINED)
            failure = (_is_free(chain, first, system) and _many(lost, system)) or _NOT_FOUND
            solved = None
        rounds += 1
        if solved is None and monitor(rounds, 0.0):
            return Relaxation(elements, "stopped")
        if solved is None and len(edges) > _MOST_COARSE:
            rough = None if followed or system.linear else follow(collocation, system, edges, first, monitor)
            if rough is None:
                return Relaxation(elements, failure)
            first, elements, edges, followed = rough, rough, rough.edges, True
            continue
        if solved is None:
            edges = halved(edges, torch.ones(len(edges) - 1, dtype=torch.bool))
            continue
        first = elements = collocation.elements(edges, solved.rows)
        tails = elements.tails()
        bad = (tails > accuracy) & (2 * elements.half > SHORTEST * length)
        if not bad.any():
            return Relaxation(elements)
        if monitor(rounds, tails.max().item()):
            return Relaxation(elements, "stopped")
        if len(edges) > _MOST_ELEMENTS:
            return Relaxation(elements, f"{len(edges) - 1} elements did not resolve the solution")
        if not graded and len(bad) >= 8 and bad.float().mean() > 0.5:
            edges, graded = _towards_ends(edges), True
        else:
            edges = halved(edges, bad)


def _many(lost: Undetermined, system: System) -> str | None:
    """What is left free, by name, where it is known."""
    if lost.free is None:
        return None
    numbers = [name for name, order in system.orders.items() for _ in range(order)]
    named = zip(numbers, lost.free.tolist(), strict=True)
    free = dict.fromkeys(name for name, size in named if size > _FREE * lost.free.max().item())
    return _MANY.format(" and ".join(free))


def _is_free(chain: Chain, first: Approximation, system: System) -> bool:
    """Whether a state is left free near other functions as well: at u = 0 nothing is known of k in u' = k*u."""
    guess = chain.interpolate(first)
    noise = torch.rand(guess.rows.shape, generator=torch.Generator().manual_seed(0), dtype=guess.rows.dtype)
    for name in system.functions:
        columns = chain.collocation.columns[name]
        guess.rows[:, columns] += noise[:, columns]
    frozen = chain.freeze(guess)
    try:
        chain.correction(guess, frozen.residual, frozen)
    except Undetermined:
        return True
    return False


def _towards_ends(edges: Tensor) -> Tensor:
    """Geometric partitions of the first and the last element."""
    powers = 0.5 ** torch.arange(1, _GRADING, dtype=edges.dtype)
    first = edges[0] + (edges[1] - edges[0]) * powers
    last = edges[-1] - (edges[-1] - edges[-2]) * powers
    return torch.cat([edges, first, last]).sort().values

"""Marches that begin inside the domain or go on from an earlier one, joined to one partition."""

from collections.abc import Collection
from dataclasses import replace

import torch
from torch import Tensor

from pinnlite.problem.equations import Key
from pinnlite.problem.problem import Problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.march import March, march
from pinnlite.solving.residuals import Monitor
from pinnlite.trials.elements import Elements
from pinnlite.trials.trial import Approximation


def march_both_ways(
    problem: Problem,
    collocation: Collocation,
    start: tuple[float, Tensor],
    accuracy: float,
    breaks: Collection[float],
    clock: Clock,
) -> March:
    """March from where the state is given to both ends of the domain."""
    x, state = start
    low, high = problem.domain.intervals[problem.domain.names[0]]
    monitor = _monitor(clock, high - low)
    runs = [
        march(collocation, x, stop, state, accuracy, breaks, monitor) for stop in (low, high) if stop != x
    ]
    parts = [run.elements for run in runs if run.elements is not None]
    failed = [run for run in runs if run.failure]
    last = failed[0] if failed else runs[-1]
    return replace(last, elements=_joined(parts) if parts else None)


def continued(
    begun: Approximation | None,
    problem: Problem,
    collocation: Collocation,
    start: float,
    accuracy: float,
    breaks: Collection[float],
    clock: Clock,
) -> March | None:
    """The march upwards that an earlier one with the same nodes began; None if there is none that ended early."""
    low, high = problem.domain.intervals[problem.domain.names[0]]
    if not isinstance(begun, Elements) or start != low:
        return None
    reached, count = begun.edges[-1].item(), len(collocation.nodes)
    kept = all(rows.shape[1] == count + begun.orders[unknown] for unknown, rows in begun.local.items())
    if begun.edges[0] != low or not low < reached < high or not kept:
        return None
    keys: list[Key] = [(unknown, (j,)) for unknown, order in begun.orders.items() for j in range(order)]
    found = begun.partials(begun.edges[-1:, None], keys)
    state = torch.cat([found[key] for key in keys])
    run = march(collocation, reached, high, state, accuracy, breaks, _monitor(clock, high - low))
    return replace(run, elements=_joined([begun, run.elements]) if run.elements else begun)


def _monitor(clock: Clock, length: float) -> Monitor:
    """Tells how far a march is, and stops it when the time is up."""

    def monitor(step: int, done: float) -> bool:
        clock.tell(f"{step} elements", done / length)
        return clock.spent

    return monitor


def _joined(parts: list[Elements]) -> Elements:
    """Elements side by side as one partition."""
    if len(parts) == 1:
        return parts[0]
    left, right = parts
    return Elements(
        torch.cat([left.edges, right.edges[1:]]),
        left.orders,
        {unknown: torch.cat([left.local[unknown], right.local[unknown]]) for unknown in left.orders},
        left.basis,
    )

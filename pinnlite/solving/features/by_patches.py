"""Random features in patches: the region is cut into cells, each with a layer of its own, the worst cut ever again."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes.block_elimination import Stopped
from pinnlite.solving.clock import Clock
from pinnlite.solving.features.families import Family, match
from pinnlite.solving.features.patch_rows import PatchRows, meeting
from pinnlite.solving.refine import Candidate
from pinnlite.trials.partition import Partition
from pinnlite.trials.patchwork import Patchwork
from pinnlite.trials.trial import Approximation

_FAMILY = Family("sin", 1.5)  # of a cell, whose solution has little detail once it is small enough
_WIDTH = 120
_FINER, _WIDER = Family("sin", 2.0), 150  # of what it is checked by
_CELLS = 4  # along each coordinate at first
_MOST_CELLS = 1500
_STEPS = 12  # of Newton's method
_SETTLED, _SHORT, _LOOSE = 1e-12, 1e-7, 0.05  # its steps, relative to the unknowns: at rest, or about to be
_GRADED = 4  # cuts in a row towards a singular point
_STALLED = 0.25  # of the imbalance of the cell that it was cut from: a smooth solution leaves less of it
_ENOUGH = 0.1  # of the tolerance: cells that leave less are never cut
_WORST = 0.03  # of the largest imbalance: cells with less are left whole


def candidates(
    problem: Problem, tol: float, seed: int, before: Approximation | None, clock: Clock
) -> Iterator[Candidate]:
    """Ever more cells, each time with other features, from ``before`` on where the problem is not linear.

    Once so little is unbalanced as the tolerance asks for, more and shorter waves on the same cells are the check.
    """
    generator = torch.Generator().manual_seed(seed)
    partition = _even(problem)
    slivers, judged, best = partition.low[:0], None, before
    while len(partition) <= _MOST_CELLS:
        partition, more = meeting(problem, partition, seed)
        slivers = torch.cat([slivers, more])
        try:
            rows = _solved(problem, partition, slivers, (_FAMILY, _WIDTH), best, generator, clock)
            if rows is None:
                yield Candidate(
                    best, f"{len(partition)} cells", "Newton's method found no solution in patches."
                )
                return
            best = rows.patchwork
            imbalance, spots = rows.imbalance(_seed(generator))
            worst = imbalance.amax().item()
            check = None
            if worst <= tol:
                check = _solved(problem, partition, slivers, (_FINER, _WIDER), best, generator, clock)
        except Stopped:
            cells = f"{len(partition)} cells"
            end, advice = f"The smallest of {cells} would be too small", "try a larger tol."
            if clock.stopped:
                end = f"The time limit of {clock.limit:g} s leaves no time for {cells}"
                advice = "give it more time or a larger tol."
            yield Candidate(best, end, f"{end}: {advice}")
            return
        note = f"{len(partition)} cells of {_WIDTH} {_FAMILY}, {worst:.1e} unbalanced"
        yield Candidate(best, note, check=check.patchwork if check is not None else None)
        stalled = _stalled(partition, imbalance, judged)
        judged = (partition, imbalance)
        partition = _finer(partition, imbalance, spots, stalled, tol)
    most = f"{_MOST_CELLS} cells do not resolve the solution"
    yield Candidate(best, most, f"{most}: try a larger tol, or another trial.")


def suits(problem: Problem) -> bool:
    """Whether a problem can be cut up: in two coordinates, with conditions that speak of one place at a time."""
    beyond = problem.unknown_parameters or problem.data
    places = [{at for _, _, at in condition.wanted} for condition in problem.stated]
    return (
        len(problem.domain.names) == 2
        and not beyond
        and all(len(at) == 1 and None in next(iter(at)) for at in places)
    )


def _solved(
    problem: Problem,
    partition: Partition,
    slivers: Float[Tensor, "n d"],
    drawn: tuple[Family, int],
    before: Approximation | None,
    generator: torch.Generator,
    clock: Clock,
) -> PatchRows | None:
    """So many features of a family in each cell with the best coefficients; None if Newton's method found none."""
    family, width = drawn
    boxes = zip(partition.low.tolist(), partition.high.tolist(), strict=True)
    layers = [
        family.over(list(zip(low, high, strict=True)), problem.unknowns, width, generator)
        for low, high in boxes
    ]
    patchwork = Patchwork(problem.domain, partition, layers)
    rows = PatchRows(problem, patchwork, slivers, _seed(generator), clock)
    if problem.linear:
        return rows if math.isfinite(rows.solve()) else None
    if before is not None:
        for layer, X in zip(layers, rows.points, strict=True):
            match(layer, before, X)
    length = math.inf
    for _ in range(_STEPS):
        earlier, length = length, rows.solve()
        if length < _SETTLED or (length < _SHORT and length > earlier / 4):
            break
        if length < _LOOSE and length > earlier / 2:  # cells that do not resolve the solution let it creep
            break
    return rows if length < _LOOSE else None


def _seed(generator: torch.Generator) -> int:
    return int(torch.randint(2**40, (), generator=generator))


def _even(problem: Problem) -> Partition:
    low, high = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64).T
    partition = Partition(low[None], high[None])
    while len(partition) < _CELLS ** len(low):
        partition, _ = partition.halved(torch.ones(len(partition), len(low), dtype=torch.bool))
    return partition


def _stalled(
    partition: Partition, imbalance: Float[Tensor, " E"], before: tuple[Partition, Tensor] | None
) -> Bool[Tensor, " E"]:
    """Cells that are hardly better than the ones that they were cut from: there is a singular point in them."""
    if before is None:
        return torch.zeros(len(partition), dtype=torch.bool)
    parents = before[0].locate((partition.low + partition.high) / 2)
    shorter = (before[0].half[parents] / partition.half).amax(1) > 1
    return shorter & (imbalance > _STALLED * before[1][parents])


def _finer(
    partition: Partition,
    imbalance: Float[Tensor, " E"],
    spots: Float[Tensor, "E d"],
    stalled: Bool[Tensor, " E"],
    tol: float,
) -> Partition:
    """The worst cells halved along every coordinate; those that are no better for it several times, towards a spot."""
    d = partition.low.shape[1]
    marked = imbalance > (_WORST * imbalance.amax()).clamp(min=_ENOUGH * tol)
    marked |= imbalance == imbalance.amax()
    stalled &= imbalance > _WORST**0.5 * imbalance.amax()  # the others may be echoes
    finer, _ = partition.halved(marked[:, None].expand(-1, d))
    towards = spots[stalled]
    for _ in range(_GRADED - 1 if len(towards) else 0):
        inside = (finer.low[:, None] <= towards) & (towards <= finer.high[:, None])
        again = inside.all(2).any(1)
        finer, _ = finer.halved(again[:, None].expand(-1, d))
    return finer

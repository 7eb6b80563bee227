"""Random features in patches: the region is cut into cells, each with a layer of its own, the worst cut ever again."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes.block_elimination import Stopped
from pinnlite.solving.clock import Clock
from pinnlite.solving.features.families import Family
from pinnlite.solving.features.patch_rows import PatchRows, meeting
from pinnlite.solving.refine import Candidate
from pinnlite.trials.partition import Partition
from pinnlite.trials.patchwork import Patchwork
from pinnlite.trials.ridge import Ridge
from pinnlite.trials.trial import Approximation

_FAMILY = Family("sin", 1.5)  # of a cell, whose solution has little detail once it is small enough
_WIDTH = 120
_CELLS = 4  # along each coordinate at first
_MOST_CELLS = 1500
_WORST = 0.1  # of the largest imbalance: cells with less are left whole


def candidates(problem: Problem, seed: int, before: Approximation | None, clock: Clock) -> Iterator[Candidate]:
    """Ever more cells, each time with other features, from ``before`` on where the problem is not linear."""
    generator = torch.Generator().manual_seed(seed)
    partition = _even(problem)
    slivers = partition.low[:0]
    while len(partition) <= _MOST_CELLS:
        partition, more = meeting(problem, partition, seed)
        slivers = torch.cat([slivers, more])
        layers = [
            _FAMILY.over(list(zip(low, high, strict=True)), problem.unknowns, _WIDTH, generator)
            for low, high in zip(partition.low.tolist(), partition.high.tolist(), strict=True)
        ]
        patchwork = Patchwork(problem.domain, partition, layers)
        one, other = torch.randint(2**40, (2,), generator=generator).tolist()
        rows = PatchRows(problem, patchwork, slivers, one, clock)
        try:
            rows.solve()
        except Stopped:
            return
        before = patchwork
        imbalance = rows.imbalance(other)
        yield Candidate(patchwork, f"{len(partition)} cells of {_WIDTH} {_FAMILY}, {imbalance.amax().item():.1e} unbalanced")
        partition = _finer(partition, imbalance)


def _even(problem: Problem) -> Partition:
    low, high = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64).T
    partition = Partition(low[None], high[None])
    while len(partition) < _CELLS ** len(low):
        partition, _ = partition.halved(torch.ones(len(partition), len(low), dtype=torch.bool))
    return partition


def _finer(partition: Partition, imbalance: Float[Tensor, " E"]) -> Partition:
    d = partition.low.shape[1]
    volumes = partition.half.prod(1)
    weighted = imbalance * (volumes / volumes.sum()) ** (0.5 / d)
    marked = weighted > _WORST * weighted.amax()
    return partition.halved(marked[:, None].expand(-1, d))[0]

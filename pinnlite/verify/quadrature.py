"""Where functions are compared: quadrature over a problem's domain, on points that no solver used."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.trials.elements import Elements
from pinnlite.trials.trial import Approximation, Partitioned, Trial

Rule = tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]

_CELLS = 64  # of an interval, where no trial brings a partition of its own
_NODES = 8
# Where a cell is split: no rule of the solver's has its points where this one has.
_RATIO = (math.sqrt(5) - 1) / 2
_POINTS = 20_000  # in several coordinates, at most
_POINTS_EACH = 10  # for each coefficient of a trial that is one function of the whole domain
_FEWEST = 3000


def quadrature(
    problem: Problem, *trials: Approximation | None, reached: tuple[float, float] | None = None
) -> Rule:
    """Points and weights of the domain, or of the part of it that was reached.

    In one coordinate a composite Gauss rule on the union of the trials' partitions; in several the rule of the last
    trial that has a partition, otherwise that of the domain.
    """
    intervals = list(problem.domain.intervals.values())
    if len(intervals) == 1:
        return _along_a_line(trials, *(reached or intervals[0]))
    for trial in reversed(trials):
        if isinstance(trial, Partitioned):
            return trial.quadrature()
    sizes = [sum(p.numel() for p in trial.parameters) for trial in trials if isinstance(trial, Trial)]
    count = max(_FEWEST, _POINTS_EACH * max(sizes)) if sizes else _POINTS
    return problem.domain.quadrature(min(count, _POINTS))


def _along_a_line(trials: tuple[Approximation | None, ...], low: float, high: float) -> Rule:
    partitions = [trial.edges for trial in trials if isinstance(trial, Elements)]
    if not partitions:
        partitions = [torch.linspace(low, high, _CELLS + 1, dtype=torch.float64)]
    cells = torch.unique(torch.cat(partitions).clamp(low, high))
    split = cells[:-1] + _RATIO * (cells[1:] - cells[:-1])
    x, weights = composite_gauss(torch.cat([cells, split]).sort().values, _NODES)
    return x[:, None], weights


def composite_gauss(
    edges: Float[Tensor, " E"], count: int
) -> tuple[Float[Tensor, " N"], Float[Tensor, " N"]]:
    """The Gauss rule of ``count`` nodes on each cell between ascending edges."""
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(count))
    half = (edges[1:] - edges[:-1])[:, None] / 2
    return (edges[:-1, None] + half * (1 + nodes)).flatten(), (half * weights).flatten()

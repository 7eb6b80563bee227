"""Random features in windows: as many windows as the problem needs, each candidate from a draw of its own."""

from collections.abc import Iterator

import torch

from pinnlite.problem.problem import Problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.lines import by_elements
from pinnlite.solving.refine import Candidate
from pinnlite.trials.windows import FeatureBasis


def candidates(problem: Problem, tol: float, seed: int, clock: Clock) -> Iterator[Candidate]:
    """Elements whose functions are sums of random features."""
    generator = torch.Generator().manual_seed(seed)
    return by_elements.candidates(problem, tol, clock, lambda count: FeatureBasis.drawn(count, generator))

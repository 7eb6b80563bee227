"""A problem with a known solution: its statement, its domain, its parameters and the truth, nothing else."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

Values = dict[str, Tensor]

_POINTS = 1237  # of an interval
_EACH_WAY = {2: 97, 3: 31}  # of a grid, neither nodes nor multiples of anything that a solver uses
_SCATTERED = 8000  # where a grid would have too many


@dataclass(frozen=True)
class Known:
    """A problem whose solution is known: ``exact`` maps columns of coordinates to values by the unknown's name."""

    name: str
    statements: tuple[str, ...]
    names: dict[str, object]
    exact: Callable[..., Values]
    tolerance: float = 1e-13  # relative L2 error that is to be reached, row by row of the benchmark
    floor: float = 5e-15  # below this the reference is no better than what is measured by it
    points: Callable[[], Tensor] | None = field(default=None)  # where to look, if an even grid would miss it

    def error(self, solution: Callable[..., Tensor | Values]) -> float:
        """Relative L2 error of a solution on points that its solver never saw, the largest over the unknowns."""
        X = self.sample()
        columns = (X,) if X.ndim == 1 else tuple(X.T)
        found, exact = solution(*columns), self.exact(*columns)
        values = found if isinstance(found, dict) else {next(iter(exact)): found}

        def norm(f: Tensor) -> float:
            return math.sqrt((torch.trapezoid(f.square(), X) if X.ndim == 1 else f.square().mean()).item())

        return max(norm(values[u] - exact[u]) / norm(exact[u]) for u in exact)

    def sample(self) -> Tensor:
        """Points of the domain: ``(N,)`` of an interval, ``(N, d)`` of a box, a grid or scattered ones."""
        if self.points is not None:
            return self.points()
        intervals = [v for v in self.names.values() if isinstance(v, tuple)]
        if len(intervals) == 1:
            return torch.linspace(*intervals[0], _POINTS, dtype=torch.float64)
        if len(intervals) in _EACH_WAY:
            n = _EACH_WAY[len(intervals)]
            return torch.cartesian_prod(*(torch.linspace(*i, n, dtype=torch.float64) for i in intervals))
        unit = torch.rand(_SCATTERED, len(intervals), generator=torch.Generator().manual_seed(7)).double()
        low, high = torch.tensor(intervals, dtype=torch.float64).T
        return torch.lerp(low, high, unit)

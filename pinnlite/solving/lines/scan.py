"""A look between the nodes: where the residual of a solution is large on a fine grid that no solve has used."""

import torch
from torch import Tensor

from pinnlite.problem.equations import Values
from pinnlite.problem.problem import Problem
from pinnlite.solving.lines.system import System
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.elements import Elements

_POINTS = 8192  # pulses wider than a thousandth of the domain are seen for certain, narrower ones by chance
_MOST = 0.05  # of the largest term of the equation, where the tolerance is coarse
_LEAST = 1e-9  # below this a residual may be rounding
_AMPLIFICATION = 1e4  # of an error in the solution by differentiating it


def overlooked(elements: Elements, problem: Problem, system: System, accuracy: float) -> list[float]:
    """Ends of the stretches where an equation is far from balanced, to be edges of elements from then on."""
    low, high = elements.edges[0].item(), elements.edges[-1].item()
    generator = torch.Generator().manual_seed(0)
    jitter = torch.rand(_POINTS, generator=generator, dtype=torch.float64)
    x = low + (high - low) * (torch.arange(_POINTS, dtype=torch.float64) + jitter) / _POINTS
    places: Values = {**problem.parameters, problem.domain.names[0]: x}
    wanted = sorted({key for equation in system.equations for key in equation.wanted})
    with torch.no_grad():
        values = elements.partials(x[:, None], wanted)
    most = min(_MOST, max(_LEAST, _AMPLIFICATION * accuracy))
    bad = torch.zeros(_POINTS, dtype=torch.bool)
    for residual, slopes in pointwise(system.equations, places, values):
        terms = [residual.abs(), *((slope * values[key]).abs() for key, slope in slopes.items())]
        size = torch.stack([term.expand_as(x) for term in terms]).nan_to_num(posinf=0.0).amax()
        bad |= residual.abs() > most * size
    return _ends(x, bad & ~_in_shortest(elements, x))


def _in_shortest(elements: Elements, x: Tensor) -> Tensor:
    """Points next to a jump or a singular point that elements have closed in on already."""
    element = (torch.searchsorted(elements.edges, x) - 1).clamp(0, len(elements.half) - 1)
    return elements.half[element] < 1e-6 * (elements.edges[-1] - elements.edges[0])


def _ends(x: Tensor, bad: Tensor) -> list[float]:
    """First point before and first point after each run of bad ones."""
    padded = torch.cat([bad.new_zeros(1), bad, bad.new_zeros(1)])
    starts = (~padded[:-1] & padded[1:]).nonzero()[:, 0]
    stops = (padded[:-1] & ~padded[1:]).nonzero()[:, 0]
    before, after = x[(starts - 1).clamp(min=0)], x[stops.clamp(max=len(x) - 1)]
    return sorted({*before.tolist(), *after.tolist()})

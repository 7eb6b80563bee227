"""How large what starts from zero will be: from the data at the ends and the terms that no unknown is in.

Tails are measured by the size of an unknown, and one that starts from zero has none yet.
"""

import math

import torch
from torch import Tensor

from pinnlite.problem.equations import Values
from pinnlite.solving.residuals import pointwise
from pinnlite.solving.slabs.evolution import Evolution

_TIMES, _PLACES = 64, 33


def driven_size(evolution: Evolution) -> float:
    """The largest value that a condition at an end asks for, or that a forcing alone would bring about in the time."""
    t = torch.linspace(evolution.start, evolution.stop, _TIMES, dtype=torch.float64)
    return max([_asked_for(evolution, t), _forced(evolution, t)])


def _asked_for(evolution: Evolution, t: Tensor) -> float:
    length = (evolution.ends[1] - evolution.ends[0]) / 2
    places: Values = {**evolution.parameters, evolution.names[evolution.time]: t}
    found = [0.0]
    for condition in evolution.boundary:
        zeros = {key: torch.zeros_like(t) for key in condition.wanted}
        ((residual, slopes),) = pointwise([condition], places, zeros)
        unit = sum(
            slope.abs().max().item() / length ** evolution.split(key[1])[0] for key, slope in slopes.items()
        )
        found.append(_ratio(residual, unit))
    return max(found)


def _forced(evolution: Evolution, t: Tensor) -> float:
    x = torch.linspace(*evolution.ends, _PLACES, dtype=torch.float64)
    grid_t, grid_x = (each.flatten() for each in torch.meshgrid(t, x, indexing="ij"))
    names, whole = evolution.names, abs(evolution.stop - evolution.start)
    places: Values = {**evolution.parameters, names[evolution.time]: grid_t, names[evolution.space]: grid_x}
    found = [0.0]
    for equation in evolution.equations:
        zeros = {key: torch.zeros_like(grid_t) for key in equation.wanted}
        ((residual, slopes),) = pointwise([equation], places, zeros)
        by_time = {key: evolution.split(key[1])[1] for key in slopes}
        highest = max(by_time.values(), default=0)
        unit = sum(slope.abs().max().item() for key, slope in slopes.items() if by_time[key] == highest)
        found.append(_ratio(residual, unit) * whole**highest)
    return max(found)


def _ratio(residual: Tensor, unit: float) -> float:
    size = residual.abs().nan_to_num(posinf=0.0).max().item() / unit if unit > 0 else 0.0
    return size if math.isfinite(size) else 0.0

"""A look between the nodes of slabs: where an equation is far from balanced at points that no march has used."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pinnlite.geometry.sampling import box_points
from pinnlite.problem.problem import Problem
from pinnlite.solving.balance import balances, written
from pinnlite.trials.space_time import SpaceTime

_ALONG = 4096  # of each axis: what is wider than a thousandth of it is seen for certain, narrower by chance
_SPREAD = 2048  # all over the domain
_MOST = 0.3  # of the largest term of the equation in the slab and those next to it
_SHORT = 1e-4  # of the axis: what slabs and elements have closed in on already
_WHOLE = 0.5  # of a slab or an element: what is bad in so much of it is not narrow
_NEAR = 1 / 2048  # of the axis: a stretch is known up to the distance of two points


@dataclass(frozen=True)
class Overlooked:
    """Stretches of time whose ends no slab may reach across, and of space that elements are as short as."""

    times: tuple[tuple[float, float], ...] = ()
    places: tuple[tuple[float, float], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.times or self.places)

    def __or__(self, other: "Overlooked") -> "Overlooked":
        return Overlooked((*self.times, *other.times), (*self.places, *other.places))

    def stations(self, start: float, stop: float) -> list[float]:
        """Ends of the stretches of time, in the order in which a march from ``start`` meets them."""
        ends = sorted({end for stretch in self.times for end in stretch}, reverse=stop < start)
        least, found = _NEAR / 4 * abs(stop - start), [start]
        for end in ends:
            if abs(end - found[-1]) > least and abs(stop - end) > least:
                found.append(end)
        return found[1:]


def overlooked(trial: SpaceTime, problem: Problem) -> Overlooked:
    """Where a march was blind; a stretch in every slab and in every element that has bad points in it."""
    X = _points(problem)
    slab, cell = trial.cells(X)
    lengths = trial.times.diff()
    left, right = trial.edges[cell + slab], trial.edges[cell + slab + 1]
    (low, high), (first, last) = _extent(problem, 1 - trial.time), _extent(problem, trial.time)
    short = (lengths[slab] < _SHORT * (last - first)) | (right - left < _SHORT * (high - low))
    bad = _bad(trial, problem, X, slab) & ~short
    bad[bad.clone()] = written(trial, problem, X[bad])
    if not bad.any():
        return Overlooked()
    x, t, slab, cell = X[bad, 1 - trial.time], X[bad, trial.time], slab[bad], cell[bad]
    times, places = [], []
    for number in torch.unique(slab).tolist():
        begin, end = _stretch(t[slab == number], first, last)
        if end - begin < max(_WHOLE * lengths[number].item(), 4 * _NEAR * (last - first)):
            times.append((begin, end))
    for number in torch.unique(cell).tolist():
        of = cell == number
        begin, end = _stretch(x[of], low, high)
        width = (right - left)[bad][of][0].item()
        if end - begin < max(_WHOLE * width, 4 * _NEAR * (high - low)):
            places.append((begin, end))
    if not times and not places:  # bad all over: halves of the slabs
        middles = ((trial.times[1:] + trial.times[:-1]) / 2)[torch.unique(slab)].tolist()
        times = [(middle, middle) for middle in middles]
    return Overlooked(tuple(times), tuple(places))


def _points(problem: Problem) -> Float[Tensor, "N 2"]:
    """Fine jittered grids along either axis, each point somewhere across, and points all over."""
    generator = torch.Generator().manual_seed(0)
    sets = [box_points([(0.0, 1.0)] * 2, _SPREAD, seed=1)]
    for axis in range(2):
        unit = torch.rand(_ALONG, 2, generator=generator, dtype=torch.float64)
        unit[:, axis] = (torch.arange(_ALONG, dtype=torch.float64) + unit[:, axis]) / _ALONG
        sets.append(unit)
    low, high = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64).T
    return torch.lerp(low, high, torch.cat(sets))


def _bad(
    trial: SpaceTime, problem: Problem, X: Float[Tensor, "N 2"], slab: Int[Tensor, " N"]
) -> Bool[Tensor, " N"]:
    """Points of large residuals, relative to the terms about their slab: those at another time may be huge.

    Those of a wave vanish from time to time: what they are most of the time counts as well.
    """
    bad = torch.zeros(len(X), dtype=torch.bool)
    for balance in balances(trial, problem, X):
        size = X.new_zeros(len(trial.counts)).scatter_reduce(0, slab, balance.largest, "amax")
        size = torch.nn.functional.max_pool1d(size[None], 3, stride=1, padding=1)[0]
        usual = max(balance.usual, size[slab].median().item())
        bad |= balance.residual > _MOST * size.clamp(min=usual)[slab]
    return bad


def _extent(problem: Problem, axis: int) -> tuple[float, float]:
    return problem.domain.intervals[problem.domain.names[axis]]


def _stretch(points: Float[Tensor, " n"], low: float, high: float) -> tuple[float, float]:
    """From before the first of the points to behind the last."""
    margin = _NEAR * (high - low)
    return max(low, points.amin().item() - margin), min(high, points.amax().item() + margin)

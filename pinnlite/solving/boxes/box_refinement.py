"""Where series on boxes are not enough: the degree of a single box is raised, or the worst boxes are cut in two."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.problem.equations import Key
from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes.box_layers import graded
from pinnlite.solving.boxes.box_newton import Outcome
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.boxes import Boxes, multi_indices
from pinnlite.trials.partition import Partition

MOST_CUT = 3  # coordinates in which a box is cut: in more there would be too many
_MOST_MEMBERS, _MOST_HIGH = 2100, 4000  # of a single box, and of one that cannot be cut
_FIRST_DEGREE, _FIRST_MEMBERS = 8, 150
_PATIENT = 480  # members up to which the degree is raised without asking whether it helps
_GROWTH = 1.5  # of the number of members when the degree is raised
# Of the logarithm of the coefficients from one degree to the next, where the degree is raised.
_LEAST_DECAY = 0.3
_LEAST_ORDER = 9.0  # of their decay as a power of the degree: what singular points leave is slower
_WORST = 0.1  # of the largest imbalance: boxes with less wait, since it may be an echo of the worst
_ALONG = 0.1  # of the tail along the worst axis: axes with less are not cut
# In which imbalance falls with the length of a box: that of smooth functions falls faster.
_SINGULAR_ORDER = 4.0
_GRADED = 4  # cuts in a row towards a singular point
_NEAR = 0.1  # of a box: how near to a corner a spot is to mean it
_SHORTEST = 1e-13  # of the domain: boxes as short as that are left as they are
_LOOKS = 40  # points of a box where the equations are looked at
_MOST_UNBALANCED, _LEAST_UNBALANCED = 0.05, 1e-9  # of the equation's largest term
_NOTHING = 1e-12  # of the terms: rounding
_AMPLIFICATION = 1e4  # of an error in the solution by differentiating it


@dataclass(frozen=True, eq=False)
class Judged:
    """Boxes as they were solved for, and by how much each falls short."""

    boxes: Boxes
    imbalance: Float[Tensor, " E"]
    lacking: Float[Tensor, "E d"]

    @staticmethod
    def of(outcome: Outcome) -> "Judged":
        """Tails and imbalances, those of small boxes for less: but a corner makes itself felt far away.

        A residual is about p^2 times the error that goes with it, for second derivatives of P_p are on the average
        that much larger than P_p.
        """
        partition, d = outcome.boxes.partition, outcome.boxes.partition.low.shape[1]
        volumes = partition.half.prod(1)
        weight = (volumes / volumes.sum()) ** (0.5 / d)
        tails = outcome.boxes.tails()
        along = tails / tails.amax(1, keepdim=True).clamp(min=1e-300)
        imbalance = outcome.imbalance / outcome.boxes.degree**2 * weight
        return Judged(
            outcome.boxes,
            imbalance,
            torch.maximum(tails * weight[:, None], imbalance[:, None] * along),
        )


class Refinement:
    """Decides for one problem, and remembers how bad the boxes were that the present ones were cut from."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.d = problem, len(problem.domain.names)
        self.before: Judged | None = None
        self.graded = False

    def finer(self, outcome: Outcome, accuracy: float) -> Boxes | None:
        """A trial that can hold more, None if the present one is enough; itself if nothing more can be done."""
        judged, boxes = Judged.of(outcome), outcome.boxes
        single = len(boxes.partition) == 1
        worst = judged.lacking.amax().item()
        if worst <= accuracy and not (single and self.d <= MOST_CUT and not _exponential(boxes)):
            overlooked = _overlooked(self.problem, boxes, accuracy)
            if not overlooked.any():
                return None
            lacking = torch.where(overlooked[:, None], 1.0, judged.lacking)
            judged = Judged(boxes, torch.where(overlooked, 1.0, 0.0), lacking)
        if single and self._worth_raising(boxes, worst, accuracy):
            return boxes.of_degree(_next_degree(boxes, self.d, worst, accuracy))
        if self.d > MOST_CUT:
            return boxes
        if single:
            boxes = boxes.of_degree(degree_of_many(accuracy, self.d))
        if not self.graded and self._layered(boxes):
            self.graded = True
            return graded(self.problem, boxes)
        return self._cut(judged, boxes, outcome.spots)

    def _worth_raising(self, boxes: Boxes, worst: float, accuracy: float) -> bool:
        """Whether the coefficients' decay promises the accuracy at a degree that can be afforded."""
        most = most_degree(self.d)
        if self.d > 2 or members_of(boxes.degree, self.d) < _PATIENT:  # in space cuts are dear
            return boxes.degree < most
        if self._layered(boxes):
            return False
        enough = boxes.degree + math.log(max(1.0, worst / accuracy)) / _decay(boxes)
        return boxes.degree < most and _exponential(boxes) and enough <= most

    def _layered(self, boxes: Boxes) -> bool:
        """Whether there may be layers at the sides that boxes are to be graded towards."""
        return len(graded(self.problem, boxes).partition) > len(boxes.partition)

    def _cut(self, judged: Judged, boxes: Boxes, spots: Float[Tensor, "E d"]) -> Boxes:
        """The worst boxes cut in two along the axes that they lack most on; towards singular points several times."""
        partition = boxes.partition
        short = 2 * partition.half <= _SHORTEST * partition.extent
        imbalance = torch.where(short.all(1), 0.0, judged.imbalance)
        marked = imbalance >= _WORST * imbalance.amax()
        axes = judged.lacking > _ALONG * judged.lacking.amax(1, keepdim=True)
        axes &= marked[:, None] & ~short
        stalled = self._stalled(judged) & marked
        corners = _corners(partition.low[stalled], partition.high[stalled], spots[stalled])
        finer = boxes.refined(axes)
        for _ in range(_GRADED - 1):
            again = _touching(finer.partition, corners)  # whatever meets there, the same corner troubles it
            again &= ~(2 * finer.partition.half <= _SHORTEST * partition.extent).any(1)
            finer = finer.refined(again[:, None].expand(-1, self.d)) if again.any() else finer
        self.before = judged
        return finer if len(finer.partition) > len(partition) else boxes

    def _stalled(self, judged: Judged) -> Bool[Tensor, " E"]:
        """Boxes that are hardly better than the ones that they were cut from: there is a singular point in them."""
        partition = judged.boxes.partition
        if self.before is None or len(self.before.boxes.partition) == 1:
            return torch.zeros(len(partition), dtype=torch.bool)
        parents = self.before.boxes.partition.locate((partition.low + partition.high) / 2)
        shorter = (self.before.boxes.partition.half[parents] / partition.half).amax(1)
        return (shorter > 1) & (self.before.imbalance[parents] < shorter**_SINGULAR_ORDER * judged.imbalance)


def _corners(
    low: Float[Tensor, "n d"], high: Float[Tensor, "n d"], spots: Float[Tensor, "n d"]
) -> Float[Tensor, "c d"]:
    """Corners of boxes that are near the spots in them: where singular points are, if there are any."""
    corners = torch.where(spots - low < high - spots, low, high)
    near = ((spots - corners).abs() <= _NEAR * (high - low)).all(1)
    distinct: Tensor = torch.unique(corners[near], dim=0)
    return distinct


def _touching(partition: Partition, corners: Float[Tensor, "c d"]) -> Bool[Tensor, " E"]:
    """Which boxes have one of these points as a corner, or on a side."""
    inside = (partition.low[:, None] <= corners) & (corners <= partition.high[:, None])
    return inside.all(2).any(1)


def members_of(degree: int, dimension: int) -> int:
    """How many members a series of total degree ``degree`` has."""
    return math.comb(degree + dimension, dimension)


def first_degree(dimension: int) -> int:
    """The degree that a single box begins with."""
    return max(p for p in range(2, _FIRST_DEGREE + 1) if p == 2 or members_of(p, dimension) <= _FIRST_MEMBERS)


def most_degree(dimension: int) -> int:
    """The highest degree that a single box can afford."""
    most = _MOST_MEMBERS if dimension <= MOST_CUT else _MOST_HIGH
    return max(p for p in range(1, 200) if members_of(p, dimension) <= most)


def _decay(boxes: Boxes) -> float:
    """That of the unknown that decays slowest in a single box."""
    return max(1e-3, boxes.decay().amin().item())


def _exponential(boxes: Boxes) -> bool:
    """Whether the coefficients decay faster than a corner or another singular point would let them."""
    return _decay(boxes) > max(_LEAST_DECAY, _LEAST_ORDER / boxes.degree)


def _next_degree(boxes: Boxes, dimension: int, worst: float, accuracy: float) -> int:
    """The degree that the decay promises to be enough, within bounds."""
    size, degree = members_of(boxes.degree, dimension), boxes.degree + 1
    enough = boxes.degree + math.log(max(1.0, worst / accuracy)) / _decay(boxes)
    while degree < min(enough, most_degree(dimension)) and members_of(degree, dimension) < _GROWTH * size:
        degree += 1
    return degree


def degree_of_many(accuracy: float, dimension: int) -> int:
    """The degree of a box among many."""
    wanted = round(5 - math.log10(accuracy))
    return min(14, max(8, wanted)) if dimension == 2 else min(8, max(5, wanted))


def _overlooked(problem: Problem, boxes: Boxes, accuracy: float) -> Bool[Tensor, " E"]:
    """Boxes in which an equation is far from balanced at places that no solve has used."""
    partition = boxes.partition
    generator = torch.Generator().manual_seed(len(partition))
    count = max(
        _LOOKS,
        4000 // len(partition) // (1 + len(multi_indices(boxes.degree, partition.low.shape[1])) // 1000),
    )
    places = 2 * torch.rand(count, len(problem.domain.names), generator=generator, dtype=torch.float64) - 1
    X = partition.points(places).flatten(0, 1)
    named = {**problem.parameters, **dict(zip(problem.domain.names, X.T, strict=True))}
    most = min(_MOST_UNBALANCED, max(_LEAST_UNBALANCED, _AMPLIFICATION * accuracy))
    large = (2 * partition.half > 1e-2 * partition.extent).all(1)
    bad = torch.zeros(len(partition), dtype=torch.bool)
    for equation in problem.equations:
        with torch.no_grad():
            values = boxes.partials(X, sorted(equation.wanted))
        ((residual, slopes),) = pointwise([equation], named, values)
        terms = [residual.abs(), *((slope * values[key]).abs() for key, slope in slopes.items())]
        size = torch.stack([term.expand(len(X)) for term in terms]).nan_to_num(posinf=0.0).amax()
        size = size.clamp(min=_rounding(boxes, problem, slopes) / most)
        bad |= (residual.expand(len(X)).abs() > most * size).view(-1, count).any(1)
    return bad & large


def _rounding(boxes: Boxes, problem: Problem, slopes: Mapping[Key, Tensor]) -> float:
    """What an equation's terms may be by rounding alone: where all of them are zero their balance means nothing."""
    size = max(own.abs().amax().item() for own in boxes.coefficients.values())
    lengths = [(high - low) / 2 for low, high in problem.domain.intervals.values()]
    terms = [
        slope.abs().amax().item() * size / math.prod(h**k for h, k in zip(lengths, index, strict=True))
        for (name, index), slope in slopes.items()
        if name in problem.unknowns
    ]
    return _NOTHING * max(terms, default=0.0)

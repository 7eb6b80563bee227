"""Problems in several coordinates without a march: one box of rising degree, or ever more boxes where that is no use."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.solving.box_newton import Outcome, gauss_newton
from pinnlite.solving.refine import Candidate, Clock
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.boxes import TAIL, Boxes, multi_indices
from pinnlite.trials.partition import Partition

_CANDIDATES = 6
_MARGIN = 0.3  # of the tolerance
_SHARPER = 0.1  # from one candidate to the next
_FLOOR = 1e-14  # coefficients below this are rounding
_GROWTH = 1.5  # of the number of members when the degree is raised
_MOST_MEMBERS = 2100  # of one box
_PATIENT = 480  # members up to which the degree is raised without asking whether it helps
_MOST_UNKNOWNS = {2: 150_000}  # of all boxes, by the number of coordinates
_MOST_UNKNOWNS_BEYOND = 15_000
_MOST_CUT = 3  # coordinates in which a box is cut in two: in more there would be too many
_LEAST_DECAY = 0.3  # of the logarithm of the coefficients from one degree to the next
_LEAST_ORDER = 9.0  # of their decay as a power of the degree
_SHARE = 0.1  # of the worst tail: what is below is left until then, for it may be an echo of the worst
_SHORTEST = 1e-12  # of the domain: boxes as short as that are left as they are
_LOOKS = 40  # points of a box where the residual is looked at
_AMPLIFIED = 1e3  # noise in the rows by more than this, and by ever more: the problem is not well posed

_UNDETERMINED = (
    "The equations and conditions have no solution or many (an eigenvalue, a missing condition, slopes alone on the "
    "whole boundary): add a condition or change one."
)
_UNSETTLED = "Newton's iteration did not converge: try parameters that make the problem less nonlinear first."


def candidates(problem: Problem, tol: float, clock: Clock) -> Iterator[Candidate]:
    """Solutions of growing accuracy, each of a higher degree on other points than the one before."""
    attempt = _Attempt(problem, clock)
    for level in range(_CANDIDATES):
        yield attempt.at(max(_FLOOR, _MARGIN * tol * _SHARPER**level))


class _Attempt:
    """Solves of one problem, each from the partition and the functions of the one before."""

    def __init__(self, problem: Problem, clock: Clock) -> None:
        self.problem, self.clock = problem, clock
        self.d = len(problem.domain.names)
        self.amplification: float | None = None
        guesses = {name: unknown.guess for name, unknown in problem.unknown_parameters.items()}
        low, high = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64).T
        degree = next(p for p in range(2, 9) if p == 8 or _members(p + 1, self.d) > 150)
        self.boxes = Boxes.zero(Partition(low[None], high[None]), degree, problem.unknowns, guesses)
        self.solved = False

    def at(self, accuracy: float) -> Candidate:
        """A candidate whose series have decayed to this accuracy."""
        if self.solved:
            self.boxes = self.boxes.of_degree(self.boxes.degree + (2 if self.d <= _MOST_CUT else 1))
        while True:
            outcome = self._solve(accuracy)
            self.boxes, self.solved = outcome.boxes, True
            if not math.isfinite(outcome.amplification):
                return Candidate(None, self._note, _UNDETERMINED)
            if self.clock.spent:
                return Candidate(self.boxes, self._note, "stopped")
            finer = self._finer(accuracy, outcome.imbalance)
            if finer is None:
                break
            if finer is self.boxes or self._too_many(finer):
                return Candidate(self.boxes, self._note, self._unresolved())
            self.boxes = finer
        failure = None if outcome.settled else _UNSETTLED
        if self._ever_more(outcome.amplification):
            failure = _UNDETERMINED
        self.amplification = outcome.amplification
        return Candidate(self.boxes, self._note, failure)

    def _solve(self, accuracy: float) -> Outcome:
        return gauss_newton(self.problem, self.boxes, accuracy, lambda step, length: self.clock.spent)

    def _finer(self, accuracy: float, imbalance: Float[Tensor, " E"]) -> Boxes | None:
        """A trial that can hold more where the present one is not enough; None if it is."""
        boxes, partition = self.boxes, self.boxes.partition
        volumes = partition.half.prod(1)
        weight = (volumes / volumes.sum()) ** (0.5 / self.d)  # a small box counts for less, but a corner spreads far
        tails = boxes.tails()
        along = tails / tails.amax(1, keepdim=True).clamp(min=1e-300)
        # Second derivatives of P_p are up to p^4 times P_p, and p^2 on the average.
        unbalanced = (imbalance / boxes.degree**2)[:, None] * along
        tails = torch.maximum(tails, unbalanced) * weight[:, None]
        short = 2 * partition.half <= _SHORTEST * partition.extent
        bad = (tails > accuracy) & ~short
        if not bad.any():
            if len(partition) == 1 and self.d <= _MOST_CUT and not self._exponential:
                bad = ~short
            else:
                bad = _overlooked(self.problem, boxes, accuracy)[:, None] & ~short
            if not bad.any():
                return None
            tails = torch.where(bad, 1.0, tails)
        if len(partition) == 1 and self._worth_raising(tails.amax().item(), accuracy):
            return boxes.of_degree(self._next_degree(tails.amax().item(), accuracy))
        if self.d > _MOST_CUT:
            return boxes
        if len(partition) == 1:
            boxes = boxes.of_degree(_degree_of_many(accuracy, self.d))
        worst = tails.amax()
        return boxes.refined(bad & (tails > _SHARE * tails.amax(1, keepdim=True)) & (tails.amax(1, keepdim=True) > _SHARE**2 * worst))

    def _worth_raising(self, tail: float, accuracy: float) -> bool:
        """Whether the coefficients' decay promises the accuracy at a degree that can be afforded."""
        degree = self.boxes.degree
        most = max(p for p in range(1, 200) if _members(p, self.d) <= _MOST_MEMBERS)
        if self.d > _MOST_CUT or _members(degree, self.d) < _PATIENT:
            return degree < most
        enough = degree + math.log(tail / accuracy) / self._decay
        return degree < most and self._exponential and enough <= most

    @property
    def _decay(self) -> float:
        """That of the unknown that decays slowest."""
        return max(1e-3, self.boxes.decay().amin().item())

    @property
    def _exponential(self) -> bool:
        """Whether the coefficients of one box decay faster than a corner or another singular point would let them."""
        return self._decay > max(_LEAST_DECAY, _LEAST_ORDER / self.boxes.degree)

    def _next_degree(self, tail: float, accuracy: float) -> int:
        """The degree that the decay promises to be enough, within bounds."""
        size, degree = _members(self.boxes.degree, self.d), self.boxes.degree + 1
        enough = self.boxes.degree + math.log(tail / accuracy) / self._decay
        while (
            degree < enough
            and _members(degree, self.d) < _GROWTH * size
            and _members(degree + 1, self.d) <= _MOST_MEMBERS
        ):
            degree += 1
        return degree

    def _too_many(self, boxes: Boxes) -> bool:
        many = len(boxes.partition) * _members(boxes.degree, self.d) * len(self.problem.unknowns)
        return len(boxes.partition) > 1 and many > _MOST_UNKNOWNS.get(self.d, _MOST_UNKNOWNS_BEYOND)

    def _ever_more(self, amplification: float) -> bool:
        before = self.amplification
        return before is not None and amplification > max(_AMPLIFIED, 10 * before)

    @property
    def _note(self) -> str:
        count = len(self.boxes.partition)
        return f"{count} box{'' if count == 1 else 'es'} of degree {self.boxes.degree}"

    def _unresolved(self) -> str:
        return (
            f"{len(self.boxes.partition)} boxes did not resolve the solution: try a larger tol, a smaller domain, "
            "or another trial."
        )


def _members(degree: int, dimension: int) -> int:
    return math.comb(degree + dimension, dimension)


def _degree_of_many(accuracy: float, dimension: int) -> int:
    """The degree of a box among many."""
    wanted = round(5 - math.log10(accuracy))
    return min(16, max(8, wanted)) if dimension == 2 else min(10, max(5, wanted)) if dimension == 3 else 5


def _overlooked(problem: Problem, boxes: Boxes, accuracy: float) -> Float[Tensor, " E"]:
    """Boxes in which an equation is far from balanced at places that no solve has used."""
    generator = torch.Generator().manual_seed(len(boxes.partition))
    count = max(_LOOKS, 4000 // len(boxes.partition))
    places = 2 * torch.rand(count, len(problem.domain.names), generator=generator, dtype=torch.float64) - 1
    X = boxes.partition.points(places).flatten(0, 1)
    named = {**problem.parameters, **dict(zip(problem.domain.names, X.T, strict=True))}
    most = min(0.05, max(1e-9, 1e4 * accuracy))
    large = (2 * boxes.partition.half > 1e-2 * boxes.partition.extent).all(1)
    bad = torch.zeros(len(boxes.partition), dtype=torch.bool)
    for equation in problem.equations:
        with torch.no_grad():
            values = boxes.partials(X, sorted(equation.wanted))
        ((residual, slopes),) = pointwise([equation], named, values)
        terms = [residual.abs(), *((slope * values[key]).abs() for key, slope in slopes.items())]
        size = torch.stack([term.expand(len(X)) for term in terms]).nan_to_num(posinf=0.0).amax()
        bad |= (residual.expand(len(X)).abs() > most * size).view(-1, count).any(1)
    return bad & large

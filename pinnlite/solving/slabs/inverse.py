"""Unknown parameters of an evolution: marches with numbers for them, changed until what was observed comes out.

Gauss-Newton's method on the rows that are observed, as a function of the numbers alone. Their Jacobian is made of
central differences of marches, and carried on by secants (C. G. Broyden, A class of methods for solving nonlinear
simultaneous equations, Math. Comp. 19, 1965).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Condition, Equation
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import points_of
from pinnlite.problem.unknown import Data
from pinnlite.solving.dense import Block, condition_blocks, half_widths
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import UNDETERMINED
from pinnlite.solving.slabs.evolution import Evolution
from pinnlite.solving.slabs.well_posed import ill_posed
from pinnlite.trials.space_time import SpaceTime
from pinnlite.trials.trial import Approximation

March = Callable[[Evolution, float], Candidate]  # at an accuracy

_COARSE = 1e-3  # accuracy of the marches that bring the numbers near
_STEPS = 20
_REACH = 1.0  # of a number, or of its logarithm where it is positive: the longest step
_FAR = 7.0  # from the guess, of a logarithm: a thousand times
_NEAR = 1e-2  # a step as short as this is taken whole: what is left of the rows may be noise, which no step lowers
_SHORTEST = 2.0**-8
_SLOW = 0.3  # of the step before: then the Jacobian is made anew
_BINDING = 1e4  # weight of a condition, which holds, beside an observation, which is met on average
_MET = 1e2  # times the accuracy: a condition that is missed by more cannot be met
_BLIND = 10.0  # times its error: what of the Jacobian is smaller is nothing
_POINTS = 32  # of a condition along a line
_UNMET = (
    "No values of the unknown parameters were found with which '{}' is met: try other guesses, or look at that "
    "condition."
)
_UNSETTLED = "The search for the unknown parameters did not come to rest: try guesses that are nearer."


@dataclass(frozen=True)
class _Run:
    """A march with numbers for the unknown parameters, and what it leaves of the observations."""

    numbers: Float[Tensor, " p"]
    candidate: Candidate
    rows: Float[Tensor, " R"]

    @property
    def misfit(self) -> float:
        """The norm of the rows."""
        norm = self.rows.norm().item()
        return norm if math.isfinite(norm) else math.inf


class Inverse:
    """A problem with unknown parameters, and the numbers that were found for them so far."""

    def __init__(self, problem: Problem, evolution: Evolution) -> None:
        self.problem, self.evolution = problem, evolution
        self.names = tuple(problem.unknown_parameters)
        starts = [unknown.start for unknown in problem.unknown_parameters.values()]
        self.numbers = torch.tensor(starts, dtype=torch.float64)
        self.jacobian: Float[Tensor, "R p"] | None = None  # by the numbers, each relative to its scale
        self.conditions = [_block(problem, condition) for condition in evolution.observed]
        self.data = [_observed(problem, data) for data in problem.data]
        self.size = 0.0  # of the unknown functions
        self.marches = 0

    def at(self, accuracy: float, march: March) -> Candidate:
        """The march at this accuracy with the numbers that fit."""
        if self.jacobian is None and accuracy < _COARSE / 10:
            self._settled(_COARSE, march)
        return self._settled(accuracy, march)

    def determined(self, trial: Approximation, march: March) -> bool:
        """Whether marches depend on the parameters that another kind of trial has found."""
        corner = torch.tensor(
            [[low for low, _ in self.problem.domain.intervals.values()]], dtype=torch.float64
        )
        found = trial.partials(corner, [(name, (0, 0)) for name in self.names])
        numbers = torch.cat([found[name, (0, 0)] for name in self.names]).detach()
        here = self._run(numbers, _COARSE, march)
        return here.misfit < math.inf and self._slopes(here, _COARSE, march) is not None

    def _settled(self, accuracy: float, march: March) -> Candidate:
        """Gauss-Newton steps until they are a tenth of the accuracy, or as short as its marches can tell."""
        here, before = self._run(self.numbers, accuracy, march), math.inf
        fresh = own = False  # whether the Jacobian is of this very place, and of marches of this accuracy
        for _ in range(_STEPS):
            if here.candidate.failure:
                return here.candidate
            if self.jacobian is None:
                self.jacobian, fresh, own = self._slopes(here, accuracy, march), True, True
                if self.jacobian is None:
                    return replace(here.candidate, failure=UNDETERMINED)
            step = torch.linalg.lstsq(self.jacobian, -here.rows[:, None]).solution[:, 0]
            step = step / max(1.0, step.abs().max().item() / _REACH)
            length = step.abs().max().item()
            there = self._taken(here, step, accuracy, march)
            if there is None:
                if fresh:
                    break
                self.jacobian = None
                continue
            rate = length / before if before < math.inf else 1.0
            if length > math.sqrt(accuracy):  # the difference over shorter ones is the marches' own error
                moved = (there.numbers - here.numbers) / self._scale(here.numbers)
                off = there.rows - here.rows - self.jacobian @ moved
                self.jacobian = self.jacobian + torch.outer(off, moved) / moved.square().sum()
            slow = rate > _SLOW and before < _REACH
            self.numbers, here, before, fresh = there.numbers, there, length, False
            if length * min(rate, 1.0) < 0.1 * accuracy or (slow and length < 10 * accuracy):
                if own or not self._scattered(here, accuracy):
                    lost = UNDETERMINED if self._lost(here, accuracy, march) else None
                    return replace(here.candidate, failure=self._unmet(here, accuracy) or lost)
                slow = True
            if slow:
                self.jacobian, before = None, math.inf
        return replace(here.candidate, failure=self._unmet(here, accuracy) or _UNSETTLED)

    def _lost(self, run: _Run, accuracy: float, march: March) -> bool:
        """Whether a number went so far that nothing depends on it any more."""
        sought = self.problem.unknown_parameters.values()
        far = [
            abs(number - unknown.start) > _FAR and not unknown.linear
            for number, unknown in zip(run.numbers.tolist(), sought, strict=True)
        ]
        return any(far) and self._slopes(run, accuracy, march) is None

    def _scattered(self, run: _Run, accuracy: float) -> bool:
        """Whether rows are left over: then an error of the Jacobian is one of the numbers, not of a step alone."""
        return len(run.rows) > len(self.names) and run.misfit > _MET * accuracy

    def _run(self, numbers: Float[Tensor, " p"], accuracy: float, march: March) -> _Run:
        given = dict(zip(self.names, numbers, strict=True))
        evolution = self.evolution.fixed(given)
        nothing = torch.full((1,), math.inf, dtype=torch.float64)
        if ill_posed(evolution):
            return _Run(numbers, Candidate(None, "short waves grow without bound", UNDETERMINED), nothing)
        self.marches += 1
        candidate = march(evolution, accuracy)
        if not isinstance(candidate.trial, SpaceTime):
            return _Run(numbers, candidate, nothing)
        trial = replace(candidate.trial, numbers=given)
        if candidate.failure:
            return _Run(numbers, replace(candidate, trial=trial), nothing)
        self.size = self.size or _size(trial)
        note = f"{candidate.note}, the {self.marches}th march for {', '.join(self.names)}"
        return _Run(numbers, replace(candidate, trial=trial, note=note), self._rows(trial))

    def _rows(self, trial: SpaceTime) -> Float[Tensor, " R"]:
        """What is observed minus what was found, relative to the unknowns as they vary over the domain."""
        lengths, rows = half_widths(self.problem), []
        for blocks, weight in ((self.conditions, _BINDING if self.data else 1.0), (self.data, 1.0)):
            for block in blocks:
                residual, unit = block.terms(trial, lengths)
                rows.append(weight * residual / (unit * self.size))
        return torch.cat(rows)

    def _scale(self, numbers: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """What a change of each number is measured by: itself, where it is no logarithm."""
        sought = self.problem.unknown_parameters.values()
        sizes = [each.scale(number) for each, number in zip(sought, numbers.tolist(), strict=True)]
        return torch.tensor(sizes, dtype=torch.float64)

    def _slopes(self, here: _Run, accuracy: float, march: March) -> Float[Tensor, "R p"] | None:
        """The Jacobian by central differences; None where it leaves one of the numbers free."""
        apart, scale, columns = accuracy ** (1 / 3), self._scale(here.numbers), []
        for shift in torch.diag(apart * scale):
            ahead, behind = (self._run(here.numbers + sign * shift, accuracy, march) for sign in (1, -1))
            if not (ahead.misfit < math.inf and behind.misfit < math.inf):
                return None
            columns.append((ahead.rows - behind.rows) / (2 * apart))
        jacobian = torch.stack(columns, 1)
        singular, least = torch.linalg.svdvals(jacobian), _BLIND * accuracy / apart
        return jacobian if len(singular) == len(self.names) and singular[-1] > least else None

    def _taken(self, here: _Run, step: Tensor, accuracy: float, march: March) -> _Run | None:
        """As much of the step as lowers the misfit."""
        share, scale = 1.0, self._scale(here.numbers)
        while share > _SHORTEST:
            there = self._run(here.numbers + share * step * scale, accuracy, march)
            short = share * step.abs().max() < _NEAR
            if there.misfit < (math.inf if short else (1 - share / 10) * here.misfit):
                return there
            share /= 4
        return None

    def _unmet(self, run: _Run, accuracy: float) -> str | None:
        """What is said of a condition that does not hold."""
        weight, at = _BINDING if self.data else 1.0, 0
        for block, condition in zip(self.conditions, self.evolution.observed, strict=True):
            count = len(next(iter(block.at.values()))[0])
            if not run.rows[at : at + count].abs().max() < _MET * accuracy * weight:
                return _UNMET.format(condition.text)
            at += count
        return None


def _block(problem: Problem, condition: Condition) -> Block:
    """A condition as rows: one, where it holds at places, otherwise some along its line."""
    generator = torch.Generator().manual_seed(0)
    points = points_of(problem, condition, _POINTS, "gauss", generator)
    return condition_blocks(problem, {condition.text: condition}, {condition.text: points})[0]


def _observed(problem: Problem, data: Data) -> Block:
    """Observations as rows."""
    key = key_of(data.name, problem.unknowns, problem.domain.names)
    seen = Equation(data.text, frozenset({key}), lambda places, values: values[key] - data.values, True)
    return Block(seen, {}, {key: (data.points, key)})


def _size(trial: SpaceTime) -> float:
    """The largest root mean square of an unknown function."""
    X, weights = trial.quadrature()
    values = trial.partials(X, [(unknown, (0, 0)) for unknown in trial.orders])
    return max(((weights @ u.square()) / weights.sum()).sqrt().item() for u in values.values())

"""Networks slab after slab of an evolution, where one network for all of it does not find its way.

A network for a long time has to find what comes late before it knows what comes early. In a slab that is short enough
the residual leads there. Its network starts from the hidden layers of the slab before it, whose end is built in as its
initial value; a slab in which the training does not get going either is halved.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from pinnlite.errors import ProblemError
from pinnlite.solving.clock import Clock
from pinnlite.solving.networks.posing import InARegion
from pinnlite.solving.networks.rounds import UNFIT, Rounds
from pinnlite.solving.networks.training import Training, network
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import Method
from pinnlite.trials.lifted import Lifted
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.successive import Course, Successive
from pinnlite.trials.trial import Trial

_SLABS = 4  # at first
_SHORTEST = 2.0**-5  # of the whole time
_ENOUGH = 0.1  # of the tolerance: how far a slab is trained
_GAIN = 0.5  # of the residual: a round that leaves more is the last one of its slab
_POINTS = 256  # at which the size of the solution is looked at
_ROUNDING = 1e-9
_TIMES = "times"


@dataclass(frozen=True)
class Recipe:
    """What the network of a slab is, and how it is trained."""

    hidden: Sequence[int]
    stage: int  # which of the sizes that is
    points: float  # for each weight
    method: str | Method
    tol: float


class March:
    """A candidate for the whole evolution at the end, and on the way one without a trial for each round in each slab.

    A checkpoint is that of the present slab's rounds, with the times up to its end and the weights of slabs before it.
    """

    def __init__(self, course: Course, recipe: Recipe, generator: torch.Generator, clock: Clock) -> None:
        self.course, self.recipe, self.generator, self.clock = course, recipe, generator, clock
        self.step = (course.stop - course.start) / _SLABS
        self.times, self.parts = [course.start], list[Lifted | ModuleTrial]()
        self.interval = (course.start, course.start + self.step)
        first = course.slab(*self.interval)
        self.module = network(first, recipe.hidden, generator, circles=course.circles)
        self._restored: Mapping[str, Tensor] | None = None
        self._checkpoint: Mapping[str, Tensor] | None = None

    def __iter__(self) -> Iterator[Candidate]:
        name = ""
        while not self._close(self.times[-1], self.course.stop):
            last = self.times[-1] + self.step
            last = self.course.stop if self._close(last, self.course.stop) else last
            rounds = self._rounds(last)
            for candidate in rounds.until(lambda rounds=rounds: self._enough(rounds)):
                yield self._told(candidate, last)
                if candidate.failure or self.clock.spent:
                    return
            self.module, self.interval = rounds.training.module, (self.times[-1], last)
            if rounds.stalled and self._is_long and not rounds.training.clock.spent:
                self.step /= 2
                continue
            self.parts.append(rounds.copied())
            self.times.append(last)
            name = rounds.training.name
        note = f"{len(self.parts)} slabs of {self.course.name}, in each a {name}"
        yield Candidate(self._trial(), note, checkpoint=self._checkpoint)

    @property
    def _is_long(self) -> bool:
        """Whether the next slab may be halved."""
        return abs(self.step) > 2 * _SHORTEST * abs(self.course.stop - self.course.start)

    def restore(self, checkpoint: Mapping[str, Tensor]) -> None:
        """Go on from where a checkpoint was taken.

        Raises:
            ProblemError: it is of another march.
        """
        times = checkpoint[_TIMES]
        if times.dtype != torch.float64 or times.ndim != 1 or not self.course.has(times):
            raise ProblemError(UNFIT)
        *known, last = times.tolist()
        self.times = known[:1]
        for k, end in enumerate(known[1:]):
            module = deepcopy(self.module)
            weights = {
                name.removeprefix(f"part.{k}."): tensor
                for name, tensor in checkpoint.items()
                if name.startswith(f"part.{k}.")
            }
            try:
                module.load_state_dict(weights)
            except (RuntimeError, TypeError) as error:
                raise ProblemError(UNFIT) from error
            self.parts.append(self.course.posed(self._inner(module), self._before, self.times[-1], end))
            self.times.append(end)
        self.step = last - known[-1]
        self._restored = checkpoint

    def _rounds(self, last: float) -> Rounds:
        """The training of the next slab, its output layer at zero: then it is what the slab before it ends as."""
        first = self.times[-1]
        share = abs(last - first) / abs(self.course.stop - first)  # of the time that is left
        module = self._moved((first, last))
        given = self.course.given_at(first, self._before)
        posing = InARegion(self.course.slab(first, last), self.generator, self.course.circles, given)
        clock = self.clock.part(share)
        count = int(self.recipe.points * sum(p.numel() for p in module.parameters()))
        training = Training(posing, module, count, self.recipe.method, clock)
        rounds = Rounds(training, self.generator, self.recipe.stage, patient=False)
        if self._restored is not None:
            rounds.restore(self._restored)
            self._restored = None
        return rounds

    def _moved(self, interval: tuple[float, float]) -> nn.Sequential:
        """The last network with its features moved to another slab, and nothing made of them yet."""
        module = deepcopy(self.module)
        first = next(layer for layer in module if isinstance(layer, nn.Linear))
        head = module[-1]
        assert isinstance(head, nn.Linear)
        low, high = min(self.interval), max(self.interval)
        ratio = (high - low) / abs(interval[1] - interval[0])
        with torch.no_grad():
            slope = first.weight[:, self.course.input]
            first.bias += slope * (low - ratio * min(interval))
            slope *= ratio
            head.weight.zero_()
            head.bias.zero_()
        return module

    def _enough(self, rounds: Rounds) -> bool:
        """Whether a slab is as accurate as is needed, or its training gains little."""
        if len(rounds.residuals) < 2:
            return False
        *before, left = rounds.residuals
        trial, problem = rounds.training.trial, rounds.training.posing.problem
        X = problem.domain.sample(_POINTS, seed=0)
        with torch.no_grad():
            values = trial.partials(X, [(unknown, (0,) * X.shape[1]) for unknown in problem.unknowns])
        size = max(value.square().mean().sqrt().item() for value in values.values())
        error = left * abs(self.step)  # where it adds up all along
        return error < _ENOUGH * self.recipe.tol * size or left > _GAIN * before[-1]

    def _told(self, candidate: Candidate, last: float) -> Candidate:
        """What the round of a slab leaves: no solution yet, but what a later training can go on from."""
        if candidate.checkpoint is not None:
            parts = {
                f"part.{k}.{name}": tensor
                for k, part in enumerate(self.parts)
                for name, tensor in _module(part).state_dict().items()
            }
            times = torch.tensor([*self.times, last], dtype=torch.float64)
            self._checkpoint = {**candidate.checkpoint, _TIMES: times, **parts}
        where = f"slab {len(self.times)}, {self.course.name} from {self.times[-1]:g} to {last:g}"
        told = replace(candidate, trial=None, note=f"{where}: {candidate.note}", checkpoint=self._checkpoint)
        if not candidate.failure and not self.clock.spent:
            return told
        failure = candidate.failure or f"The time ended in {where}: give it more, or a larger tol."
        low, high = sorted((self.times[0], self.times[-1]))
        return replace(told, trial=self._trial(), failure=failure, reached=(low, high))

    def _trial(self) -> Successive | None:
        return Successive(self.course.column, tuple(self.times), tuple(self.parts)) if self.parts else None

    def _inner(self, module: nn.Module) -> ModuleTrial:
        return ModuleTrial(module, self.course.problem.unknowns)

    @property
    def _before(self) -> Trial | None:
        return self.parts[-1] if self.parts else None

    def _close(self, one: float, other: float) -> bool:
        return abs(one - other) <= _ROUNDING * abs(self.course.stop - self.course.start)


def is_of_a_march(checkpoint: Mapping[str, Tensor]) -> bool:
    """Whether a checkpoint was taken in a slab."""
    return _TIMES in checkpoint


def _module(part: Lifted | ModuleTrial) -> nn.Module:
    inner = part.inner if isinstance(part, Lifted) else part
    assert isinstance(inner, ModuleTrial)
    return inner.module

"""Networks slab after slab of an evolution, where one network for all of it does not find its way.

A network for a long time has to find what comes late before it knows what comes early. In a slab that is short enough
the residual leads there. Its network starts from the hidden layers of the slab before it, whose end is built in as its
initial value; a slab in which the training does not get going either is halved.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from pinnlite.errors import ProblemError
from pinnlite.solving.clock import Clock
from pinnlite.solving.networks.posing import InARegion
from pinnlite.solving.networks.rounds import UNFIT, Rounds
from pinnlite.solving.networks.training import Training, network
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import Method
from pinnlite.trials.course import Course
from pinnlite.trials.lifted import Lifted
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.patchwork import Patchwork, slabs_along
from pinnlite.trials.trial import Trial

_SLABS = 4  # at first
_SHORTEST = 2.0**-5  # of the whole time: what a slab begins with is known through all slabs before it
_ENOUGH = 0.1  # of the tolerance: how far a slab is trained
_GAIN = 0.5  # of the residual: a round that leaves more is the last one of its slab
_POINTS = 256  # at which the size of the solution is looked at
_PLACES = "places"


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

    A checkpoint is that of the present slab's rounds, with the places up to its end and the weights of slabs before it.
    """

    def __init__(self, course: Course, recipe: Recipe, generator: torch.Generator, clock: Clock) -> None:
        self.course, self.recipe, self.generator, self.clock = course, recipe, generator, clock
        self.share = 1 / _SLABS  # of the whole time, the next slab
        self.places = [0.0]  # of the ends: shares too, exact in binary
        self.parts = list[Trial]()
        self.interval = (course.at(0.0), course.at(self.share))
        first = course.evolution.between(*self.interval)
        self.module = network(first, recipe.hidden, generator, circles=course.circles)
        self._restored: Mapping[str, Tensor] | None = None
        self._checkpoint: Mapping[str, Tensor] | None = None

    def __iter__(self) -> Iterator[Candidate]:
        name = ""
        while self.places[-1] < 1.0:
            rounds = self._rounds()
            for candidate in rounds.until(partial(self._enough, rounds)):
                yield self._told(candidate)
                if candidate.failure or self.clock.spent:
                    return
            self.module, self.interval = rounds.training.module, self._next
            if rounds.stalled and self.share > _SHORTEST and not rounds.training.clock.spent:
                self.share /= 2
                continue
            self.parts.append(rounds.copied())
            self.places.append(self.places[-1] + self.share)
            name = rounds.training.name
        note = f"{len(self.parts)} slabs of {self.course.evolution.name}, in each a {name}"
        yield Candidate(self._trial(), note, checkpoint=self._checkpoint)

    @property
    def _next(self) -> tuple[float, float]:
        """The times between which the next slab is."""
        return self.course.at(self.places[-1]), self.course.at(self.places[-1] + self.share)

    def restore(self, checkpoint: Mapping[str, Tensor]) -> None:
        """Go on from where a checkpoint was taken.

        Raises:
            ProblemError: it is of another march.
        """
        places = checkpoint[_PLACES]
        fit = places.dtype == torch.float64 and places.ndim == 1 and len(places) > 1
        if not (fit and places[0] == 0.0 and places[-1] <= 1.0 and bool((places.diff() > 0).all())):
            raise ProblemError(UNFIT)
        *known, last = places.tolist()
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
            inner = ModuleTrial(module, self.course.problem.unknowns)
            first, stop = self.course.at(self.places[-1]), self.course.at(end)
            self.parts.append(self.course.posed(inner, self._before, first, stop))
            self.places.append(end)
        self.share = last - known[-1]
        self._restored = checkpoint

    def _rounds(self) -> Rounds:
        """The training of the next slab, its output layer at zero: then it is what the slab before it ends as."""
        first, last = self._next
        module = self._moved((first, last))
        given = self.course.given_at(first, self._before)
        posing = InARegion(
            self.course.evolution.between(first, last), self.generator, self.course.circles, given
        )
        clock = self.clock.part(self.share / (1 - self.places[-1]))
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
            first.bias.add_(slope * (low - ratio * min(interval)))
            slope.mul_(ratio)
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
        length = abs(self.course.at(self.share) - self.course.at(0.0))
        error = left * length  # where it adds up all along
        return error < _ENOUGH * self.recipe.tol * size or left > _GAIN * before[-1]

    def _told(self, candidate: Candidate) -> Candidate:
        """What the round of a slab leaves: no solution yet, but what a later training can go on from."""
        if candidate.checkpoint is not None:
            parts = {
                f"part.{k}.{name}": tensor
                for k, part in enumerate(self.parts)
                for name, tensor in _module(part).state_dict().items()
            }
            places = torch.tensor([*self.places, self.places[-1] + self.share], dtype=torch.float64)
            self._checkpoint = {**candidate.checkpoint, _PLACES: places, **parts}
        first, last = self._next
        where = f"slab {len(self.places)}, {self.course.evolution.name} from {first:g} to {last:g}"
        told = replace(candidate, trial=None, note=f"{where}: {candidate.note}", checkpoint=self._checkpoint)
        if not candidate.failure and not self.clock.spent:
            return told
        failure = candidate.failure or f"The time ended in {where}: give it more, or a larger tol."
        low, high = sorted((self.course.at(0.0), first))
        trial = self._trial()
        return replace(told, trial=trial, failure=failure, reached=(low, high) if trial else None)

    def _trial(self) -> Patchwork[Trial] | None:
        times, domain = list(map(self.course.at, self.places)), self.course.problem.domain
        return slabs_along(domain, self.course.column, times, tuple(self.parts)) if self.parts else None

    @property
    def _before(self) -> Trial | None:
        return self.parts[-1] if self.parts else None


def is_of_a_march(checkpoint: Mapping[str, Tensor]) -> bool:
    """Whether a checkpoint was taken in a slab."""
    return _PLACES in checkpoint


def _module(part: Trial) -> nn.Module:
    inner = part.inner if isinstance(part, Lifted) else part
    assert isinstance(inner, ModuleTrial)
    return inner.module

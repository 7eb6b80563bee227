"""Deep networks trained round after round, each of which a later training can start from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.networks.training import Training
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import INTERRUPTED, Linearization
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.trial import Trial

_FIRST = GaussNewton(steps=30, damping=1e-4, tolerance=0.0)
_LATER = GaussNewton(steps=20, damping=1e-10, tolerance=0.0)  # from where the damping has come to by then
_ROUNDS = 80
_STEPS_EACH = 8  # on the same points
_STALLED = 0.1  # of the residual at rest: what the first round of a training leaves that does not get going
_MOST_STAGES, _MOST_STEPS = 1000, 10**9
UNFIT = "the checkpoint is of another network than this problem is given: solve the problem anew"


class Rounds:
    """All layers, on points drawn ever again by the residual that is left; a candidate after every round.

    A step that is taken or refused is judged on the points it was computed for. Within a round the damping goes on
    from draw to draw: what the method has learnt of how far to go is no matter of the points. A checkpoint holds all
    that the next round depends on: weights, the state of the random generator, and which round it is.
    """

    def __init__(
        self, training: Training, generator: torch.Generator, stage: int, patient: bool = True
    ) -> None:
        self.training, self.generator, self.stage, self.patient = training, generator, stage, patient
        self.round = 0
        self.residuals = [training.at_rest]  # and what each round left
        self._checkpoint: Mapping[str, Tensor] | None = None

    def __iter__(self) -> Iterator[Candidate]:
        training, clock = self.training, self.training.clock
        while self.round < _ROUNDS and not self.stalled:
            failure = None
            try:
                usual = _LATER if self.round else _FIRST
                self.residuals.append(training.all_layers(usual, _Redrawn(training)))
                reached = f"residual {self.residuals[-1]:.1e}"
            except KeyboardInterrupt:
                failure, reached = INTERRUPTED, "interrupted"
            self.round += 1
            if not failure and not clock.spent:  # a round that was cut short is begun again
                self._checkpoint = self._state()
            note = f"{training.name}: {training.trained}, {reached}"
            yield Candidate(self.copied(), note, failure, checkpoint=self._checkpoint)
            if failure or clock.spent:
                return

    def until(self, ended: Callable[[], bool]) -> Iterator[Candidate]:
        """Candidates as long as something has not happened, which is asked before each round."""
        trained = iter(self)
        while not ended() and (candidate := next(trained, None)) is not None:
            yield candidate

    @property
    def stalled(self) -> bool:
        """Whether the first round left nearly all that there was, if that is to end the training."""
        return (
            not self.patient and len(self.residuals) > 1 and self.residuals[1] > _STALLED * self.residuals[0]
        )

    def copied(self) -> Trial:
        """The trial as it stands."""
        training = self.training
        return training.posing.posed(ModuleTrial(deepcopy(training.module), training.posing.problem.unknowns))

    def _state(self) -> dict[str, Tensor]:
        counts = torch.tensor([self.stage, self.round, self.training.steps])
        weights = {f"weights.{name}": p.clone() for name, p in self.training.module.state_dict().items()}
        return {
            "counts": counts,
            "generator": self.generator.get_state(),
            "drawn": self.training.drawn,
            "residuals": torch.tensor(self.residuals, dtype=torch.float64),
            **weights,
        }

    def restore(self, checkpoint: Mapping[str, Tensor]) -> None:
        """Go on from where a checkpoint was taken.

        Raises:
            ProblemError: it is of another network.
        """
        weights = {
            name.removeprefix("weights."): tensor
            for name, tensor in checkpoint.items()
            if name.startswith("weights.")
        }
        try:
            self.training.module.load_state_dict(weights)
            self.generator.set_state(checkpoint["generator"])
            _, self.round, self.training.steps = _counts(checkpoint)
            self.residuals = checkpoint["residuals"].tolist()
        except (KeyError, RuntimeError, TypeError) as error:
            raise ProblemError(UNFIT) from error
        fits = checkpoint["drawn"].shape == self.training.drawn.shape
        if not fits or checkpoint["residuals"].shape != (self.round + 1,):
            raise ProblemError(UNFIT)
        self.training.drawn = checkpoint["drawn"]
        self._checkpoint = checkpoint


def depth_of(checkpoint: Mapping[str, Tensor]) -> int:
    """Which of the networks it is of."""
    return _counts(checkpoint)[0]


def _counts(checkpoint: Mapping[str, Tensor]) -> tuple[int, int, int]:
    counts = checkpoint.get("counts", torch.zeros(0))
    if counts.dtype != torch.int64 or counts.shape != (3,):
        raise ProblemError(UNFIT)
    stage, done, steps = map(int, counts.tolist())
    if not (0 <= stage < _MOST_STAGES and 0 <= done <= _ROUNDS and 0 <= steps <= _MOST_STEPS):
        raise ProblemError(UNFIT)
    return stage, done, steps


class _Redrawn:
    """The rows of a training as an objective, on points that are drawn anew at the start and every few steps."""

    def __init__(self, training: Training) -> None:
        self.training, self.steps = training, 0

    @property
    def parameters(self) -> Sequence[Tensor]:
        """Those of the trial."""
        return self.training.trial.parameters

    def rows(self) -> Tensor:
        """On the present points."""
        return self.training.rows.rows()

    def linearize(self) -> Linearization:
        """On new points where it is time for them."""
        if self.steps % _STEPS_EACH == 0:
            self.training.redraw()
        self.steps += 1
        return self.training.rows.linearize()

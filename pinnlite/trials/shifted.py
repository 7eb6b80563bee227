"""A trial plus a constant: what remains of a problem whose unknowns are fixed by integrals."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.sampling import grid_rule
from pinnlite.problem.equations import Key
from pinnlite.problem.means import Means
from pinnlite.trials.boxes import Boxes
from pinnlite.trials.trial import Approximation

_POINTS = 20_000  # of the quadrature over a region
_BEYOND = 8  # nodes beyond those for the trial itself, for what it is multiplied by
_MOST = 3  # coordinates for which there are so many


@dataclass(frozen=True, eq=False)
class Shifted:
    """``inner`` with a number added to each unknown of ``constants``."""

    inner: Approximation
    constants: Mapping[str, float]

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Float[Tensor, " N"]]:
        """Those of the inner trial, values shifted."""
        found = self.inner.partials(X, wanted)
        return {(u, a): v if any(a) else v + self.constants.get(u, 0.0) for (u, a), v in found.items()}


def _gauss(trial: Boxes, finer: bool) -> tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]:
    """The Gauss rule in every box."""
    low, high = trial.partition.low, trial.partition.high
    d = low.shape[1]
    unit, weights = grid_rule(trial.degree // 2 + 1 + finer + (_BEYOND if d <= _MOST else 1), d)
    return torch.lerp(low[:, None], high[:, None], unit).flatten(0, 1), (
        (high - low).prod(1)[:, None] * weights
    ).flatten()


def shifted(trial: Approximation, means: Means, finer: bool) -> Approximation:
    """A solution with pinned unknowns, shifted so that the integrals are what they should be.

    ``finer`` says which of two quadratures is taken, so that candidates that are compared differ by what these are
    wrong by.
    """
    if isinstance(trial, Boxes):
        X, weights = _gauss(trial, finer)
    else:
        X, weights = means.bare.domain.quadrature(_POINTS if finer else _POINTS * 2 // 3)
    with torch.no_grad():
        constants = means.constants(X, weights, trial.partials(X, means.wanted))
    if not isinstance(trial, Boxes):
        return Shifted(trial, constants)
    first = torch.zeros_like(next(iter(trial.coefficients.values())))
    first[:, 0] = 1.0  # the member that is constant
    raised = {name: own + constants.get(name, 0.0) * first for name, own in trial.coefficients.items()}
    return replace(trial, coefficients=raised)

"""One slab of a march of random features: drawn, solved, and looked at between its points.

Slabs of one march have the same features and points, carried to where they are: those of one length then have the same
matrix where the equations are linear and do not change.
"""

import math
from dataclasses import dataclass

import torch

from pinnlite.problem.initial_value import InitialValueProblem
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.boxes.block_elimination import Stopped
from pinnlite.solving.clock import Clock
from pinnlite.solving.dense import Block, CollocationRows, half_widths
from pinnlite.solving.features.families import Family, match
from pinnlite.solving.features.posed import Posed
from pinnlite.solving.features.state import state
from pinnlite.solving.methods.triangle import Factored, TriangularLinearization
from pinnlite.trials.ridge import Ridge

_SLOWER = 0.3  # in time than in space: what a slab is short for
_STEPS = 12  # of Newton's method
_SLOW = 0.3  # of the last step: the matrix has changed too much
_SETTLED = 0.1  # of the rows: a step that changes them by less is the last one
_VARIATION = 0.3  # of a slab: what the unknowns vary over


@dataclass(frozen=True, eq=False)
class FeatureSlab:
    """One slab: where it is, its layer, how wrong it is and how large the unknowns are (root mean squares)."""

    low: float
    high: float
    layer: Ridge
    error: float
    size: float


class FeatureSlabSolver:
    """Solves slabs with features of one seed, with the factors of the last matrix as long as they are of use."""

    def __init__(self, problem: Problem, evolution: InitialValueProblem, seed: int, clock: Clock) -> None:
        self.problem, self.evolution, self.seed, self.clock = problem, evolution, seed, clock
        self.drawn: tuple[Family, int, float] | None = None  # the last features, and the length of their slab
        self.factors: Factored | None = None  # of their matrix

    def solve(self, low: float, high: float, last: Ridge | None, family: Family, width: int) -> FeatureSlab:
        """The slab between two times, from where the last one ended; its error is inf where Newton's method failed.

        Raises:
            Stopped: the time is up.
        """
        if self.clock.spent:
            raise Stopped
        reached = state(self.evolution, last, low) if last is not None else ()
        part = self.evolution.between(low, high, reached)
        layer = self._drawn(part, family, width)
        posed = Posed.drawn(part, layer, torch.Generator().manual_seed(self.seed + 1))
        rows, others = (CollocationRows(layer, blocks, TriangularLinearization) for blocks in posed.blocks)
        if last is not None and not self.problem.linear:
            self._guess(part, layer, last)
        drawn = (family, width, high - low)
        if self.drawn is None or self.drawn[:2] != drawn[:2] or not math.isclose(self.drawn[2], drawn[2]):
            self.drawn, self.factors = drawn, None
        settled = self._settled(rows, layer)
        lengths = [_VARIATION * half for half in half_widths(part)]
        with torch.no_grad():
            unit = max(
                block.terms(layer, lengths)[1]
                for block in posed.blocks[1][: len(part.equations)]
                if isinstance(block, Block)
            )
            error = others.rows().norm().item() / unit
            size = self._size(part, layer)
        return FeatureSlab(low, high, layer, error if settled and math.isfinite(error) else math.inf, size)

    def _drawn(self, part: Problem, family: Family, width: int) -> Ridge:
        """The march's features, over a slab."""
        layer = family.drawn(part, width, torch.Generator().manual_seed(self.seed))
        features, (low, high) = layer.features, part.domain.intervals[self.evolution.name]
        column = self.evolution.column
        features.bias.add_((1 - _SLOWER) * features.weight[column] * (low + high) / 2)
        features.weight[column] *= _SLOWER
        return layer

    def _guess(self, part: Problem, layer: Ridge, last: Ridge) -> None:
        """What the last slab was, as far from its start; with other features, the last slab gone on with."""
        if (
            last.coefficients.shape == layer.coefficients.shape
            and last.features.scale == layer.features.scale
        ):
            with torch.no_grad():
                layer.coefficients.copy_(last.coefficients)
        else:
            match(layer, last, part.sample(2 * len(layer.coefficients), conditions=1)[INTERIOR])

    def _settled(self, rows: CollocationRows, layer: Ridge) -> bool:
        """Move coefficients to the least rows by the factors that there are, anew where they are no good any more.

        The factors of the last slab are those of this one too, or nearly so.
        """
        before = math.inf
        for _ in range(_STEPS):
            with torch.no_grad():
                residuals = rows.rows()
            if not residuals.isfinite().all():
                return False
            step, moved = self.factors.step(residuals) if self.factors else (None, math.inf)
            if step is None or moved > _SLOW * before:
                self.factors = self._factored(rows, layer.coefficients.numel())
                step, moved = self.factors.step(residuals)
            with torch.no_grad():
                layer.coefficients += step.view_as(layer.coefficients)
            if moved <= _SETTLED * residuals.norm():
                return True
            before = moved
        return False

    def _factored(self, rows: CollocationRows, columns: int) -> Factored:
        """The factors of a slab's matrix, if there is time for them: nearly all of it goes there."""
        operations = float(columns) ** 3
        if self.clock.spent or self.clock.overruns(operations):
            raise Stopped
        began = self.clock.seconds
        factors = Factored(rows.assembled()[1])
        self.clock.measured(operations, self.clock.seconds - began)
        return factors

    def _size(self, part: Problem, layer: Ridge) -> float:
        """The largest root mean square of an unknown."""
        X = part.domain.sample(500)
        zero = (0,) * X.shape[1]
        values = layer.partials(X, [(unknown, zero) for unknown in part.unknowns])
        return max(value.square().mean().sqrt().item() for value in values.values())

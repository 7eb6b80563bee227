"""Families that random features are drawn from, and a competition of layers of one width from several of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.models.features import RandomFeatures
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.clock import Clock
from pinnlite.solving.dense import CollocationRows
from pinnlite.solving.features.posed import Posed
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.methods.triangle import TriangularLinearization
from pinnlite.solving.residuals import Method
from pinnlite.trials.parameters import WithParameters
from pinnlite.trials.ridge import Ridge
from pinnlite.trials.trial import Approximation, Trial

_RESOLVED = 0.01  # of the residual at rest: what a layer leaves that has the measure of the solution
_POINTS = 2  # for each feature, where a layer is made what another one is


@dataclass(frozen=True)
class Family:
    """What features are drawn from: an activation, and how steep it is per half-width of the domain.

    Waves have wave vectors that are uniform in a ball, ``scale`` being their root mean square along each coordinate,
    and phases that are uniform as well. Where normal ones leave 2e-9 of a plane wave of 680 features these leave
    3e-12: what is in the ball is met evenly, and nothing is spent on the tail. Long waves are all but polynomials, of
    which phases near zero would give the odd ones alone.
    """

    activation: str
    scale: float

    def drawn(self, problem: Problem, width: int, generator: torch.Generator) -> Ridge:
        """So many features of the family, over the whole domain."""
        return self.over(list(problem.domain.intervals.values()), problem.unknowns, width, generator)

    def over(
        self,
        intervals: Sequence[tuple[float, float]],
        unknowns: Sequence[str],
        width: int,
        generator: torch.Generator,
    ) -> Ridge:
        """So many features of the family, over a box."""
        features = RandomFeatures(
            len(intervals),
            len(unknowns),
            width,
            domain=intervals,
            scale=self.scale,
            activation=self.activation,
            generator=generator,
        )
        if self.activation == "sin":
            _even_waves(features, intervals, generator)
        return Ridge(features, unknowns)

    def __str__(self) -> str:
        return f"{self.activation} features of scale {self.scale:.2g}"


def _even_waves(
    features: RandomFeatures, intervals: Sequence[tuple[float, float]], generator: torch.Generator
) -> None:
    """Wave vectors anew: the directions that they have, lengths by strata of equal volume, any phase."""
    low, high = torch.tensor(intervals, dtype=torch.float64).T
    d, width = features.inputs, features.width
    uniform, phases = torch.rand(2, width, generator=generator, dtype=torch.float64)
    lengths = ((torch.arange(width) + uniform) / width) ** (1 / d) * math.sqrt(d + 2) * features.scale
    directions = features.weight * ((high - low) / 2)[:, None]
    waves = lengths * directions / directions.norm(dim=0) / ((high - low) / 2)[:, None]
    features.weight.copy_(waves)
    features.bias.copy_(2 * math.pi * phases - (low + high) / 2 @ waves)


FAMILIES = (
    *(Family("sin", scale) for scale in (5e-4, 5e-3, 0.05, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)),
    *(Family("tanh", scale) for scale in (0.5, 1.0, 2.0, 4.0, 8.0)),
)
FEW_FAMILIES = (
    *(Family("sin", scale) for scale in (0.05, 0.5, 1.0, 2.0, 4.0, 8.0)),
    *(Family("tanh", scale) for scale in (1.0, 4.0)),
)


@dataclass(frozen=True)
class Solved:
    """A trial with the norm of the residual that it leaves between its points."""

    family: Family
    trial: Trial
    rows: CollocationRows
    residual: float
    at_rest: float  # the same before anything was solved

    @property
    def resolved(self) -> bool:
        """Whether the layer has the measure of the solution, or so it seems."""
        return self.residual < _RESOLVED * self.at_rest

    def __str__(self) -> str:
        return f"{self.family}, residual {self.residual:.1e}"


def competition(
    problem: Problem,
    families: Sequence[Family],
    width: int,
    method: str | Method,
    generator: torch.Generator,
    before: Trial | None,
    clock: Clock,
    blind: Tensor | None = None,
    observed: float = 1.0,
) -> list[Solved]:
    """Layers of one width from several families, the one that leaves the least residual first.

    All are solved at the same points. There are more of them about places where layers before were ``blind``.
    """
    layers = [family.drawn(problem, width, generator) for family in families]
    posed = Posed.drawn(problem, layers[0], generator, blind, observed)
    found = []
    for i, (family, trial) in enumerate(zip(families, layers, strict=True)):
        # Layers that start from the same numbers may agree on wrong ones: all but the first find theirs for themselves.
        alone = i > 0 and len(problem.unknown_parameters) > 0
        found.append(_solved(posed, family, trial, method, None if alone else before, clock))
        if clock.spent:
            break
    return sorted(found, key=lambda solved: solved.residual)


def default_method(problem: Problem, near: bool) -> Method:
    """One exact step where the problem is linear, damped steps otherwise; less damped ones near the solution."""
    if problem.linear:
        return GaussNewton(steps=1, damping=0.0)
    return GaussNewton(steps=12, damping=1e-14) if near else GaussNewton(steps=40)


def _solved(
    posed: Posed, family: Family, trial: Ridge, method: str | Method, before: Trial | None, clock: Clock
) -> Solved:
    """A layer with the best coefficients, found from ``before`` on where the problem is not linear."""
    problem = posed.problem
    whole, (rows, others) = posed.rows(trial)
    with torch.no_grad():
        at_rest = others.rows().norm().item()
    if before is not None and not problem.linear:
        _start(whole, trial, before, problem)
    chosen = default_method(problem, before is not None) if isinstance(method, str) else method
    chosen.minimize(rows, clock.monitor())
    with torch.no_grad():
        residual = others.rows().norm().item()
    return Solved(family, whole, rows, residual if math.isfinite(residual) else math.inf, at_rest)


def _start(whole: Trial, layer: Ridge, before: Trial, problem: Problem) -> None:
    """The layer made what another one is, and the unknown parameters too."""
    match(layer, before, problem.sample(_POINTS * layer.features.width)[INTERIOR])
    if isinstance(whole, WithParameters) and isinstance(before, WithParameters):
        with torch.no_grad():
            for name, number in whole.numbers.items():
                number.copy_(before.numbers[name])


def match(layer: Ridge, before: Approximation, X: Float[Tensor, "n d"]) -> None:
    """Coefficients with which a layer is what another approximation is, in least squares at points."""
    keys = [(unknown, (0,) * X.shape[1]) for unknown in layer.unknowns]
    ones = X.new_ones(len(X))
    with torch.no_grad():
        values = before.partials(X, keys)
        rows = torch.cat([-values[key] for key in keys])
        jacobian = torch.cat([layer.jacobian(X, {key: ones}) for key in keys])
        step = TriangularLinearization(rows, jacobian).step(0.0)
        layer.coefficients.copy_(step.view_as(layer.coefficients))

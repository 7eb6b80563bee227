"""Random features: hidden layers as drawn, output layer by least squares, widened until the estimate is met.

Waves resolve what is smooth with far fewer features than steps do, and steps what is steep; how steep is best depends
on the solution, and a little on the width. So a few families compete while the layers are narrow, by the residual that
they leave between the points, and the best ones go on.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.models.features import RandomFeatures
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.balance import spots
from pinnlite.solving.clock import Clock
from pinnlite.solving.dense import CollocationRows, rows_in
from pinnlite.solving.lines.ordinary import fitted, gauss_points, rows_on
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.methods.triangle import TriangularLinearization
from pinnlite.solving.networks.uniqueness import MOST, amplification
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import UNDETERMINED, Method
from pinnlite.trials.parameters import guessed
from pinnlite.trials.ridge import Ridge
from pinnlite.trials.trial import Trial

_FIRST = 60
_GROWTH = 1.5
_MOST = 4000  # features: their Jacobian takes half a gigabyte
_POINTS = 2  # for each feature
_STEEPER = 1.3  # by which a family tries to change from one width to the next, up or down
_RESOLVED = 0.01  # of the residual at rest: what a layer leaves that has the measure of the solution
_MOST_COMPETING = 500  # features in layers of which all families are solved with
_PROMISING = 3.0  # times the tolerance: how far apart two layers may be to be looked at more closely
_A_FEW = 500
_LOOKING_FOR_MORE = 150  # features that are asked whether there is more than one solution
_CLOUD = 0.5  # of the collocation points: how many more there are about what was overlooked
_REACH = 0.02  # of the domain's extent: how far from an unbalanced point they are


@dataclass(frozen=True)
class Family:
    """What features are drawn from: an activation, and how steep it is per half-width of the domain."""

    activation: str
    scale: float

    def drawn(self, problem: Problem, width: int, generator: torch.Generator) -> Ridge:
        """So many features of the family."""
        intervals = list(problem.domain.intervals.values())
        features = RandomFeatures(
            len(intervals),
            len(problem.unknowns),
            width,
            domain=intervals,
            scale=self.scale,
            activation=self.activation,
            generator=generator,
        )
        return Ridge(features, problem.unknowns)

    def __str__(self) -> str:
        return f"{self.activation} features of scale {self.scale:.2g}"


FAMILIES = (
    *(
        Family("sin", scale) for scale in (0.02, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    ),  # 0.02: all but polynomials
    *(Family("tanh", scale) for scale in (0.5, 1.0, 2.0, 4.0, 8.0)),
)


@dataclass(frozen=True)
class Solved:
    """A trial with the norm of the residual that it leaves between its points."""

    family: Family
    trial: Trial
    residual: float
    at_rest: float  # the same before anything was solved

    def __str__(self) -> str:
        return f"{self.family}, residual {self.residual:.1e}"


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Ever wider layers, each a draw of its own; two of one width where one may be the check that the other passes."""
    generator = torch.Generator().manual_seed(seed)
    contenders: Sequence[Family] = FAMILIES
    before: Trial | None = None
    width, steeper = _FIRST, _STEEPER
    blind = torch.empty(0, len(problem.domain.names), dtype=torch.float64)
    while width <= _MOST:
        began = clock.seconds
        found = competition(problem, contenders, width, method, generator, before, clock, blind)
        best, *others = found
        if not math.isfinite(best.residual):
            yield Candidate(None, f"{width} features", "No finite residual was found: try another trial.")
            return
        if others and _near(problem, others[0].trial, best.trial, _PROMISING * tol):
            if _undetermined(problem, width):
                yield Candidate(best.trial, f"{width} {best}", UNDETERMINED, hopeless=True)
                return
            yield Candidate(others[0].trial, f"{width} {others[0]}")
        yield Candidate(best.trial, f"{width} {best}")
        resolved = best.residual < _RESOLVED * best.at_rest  # or so it seems
        if resolved or width > _MOST_COMPETING:
            if len(contenders) < len(FAMILIES) and best.family == contenders[0]:
                steeper = 1 / steeper
            scale = best.family.scale
            scales = [scale, steeper * scale, *([2 * scale] if width <= _MOST_COMPETING else [])]
            contenders = [replace(best.family, scale=scale) for scale in scales]
        before = best.trial
        if (
            resolved
            and len(problem.domain.names) > 1
            and len(found_blind := spots(best.trial, problem, width))
        ):
            blind, contenders = torch.cat([blind, found_blind]), FAMILIES
        expected = (clock.seconds - began) * _GROWTH**2.5  # the factorisation's share grows by the cube
        width = int(_GROWTH * width)
        if clock.limit is not None and clock.seconds + expected > clock.limit:
            limit = f"The time limit of {clock.limit:g} s leaves no time for {width} features"
            yield Candidate(before, limit, f"{limit}: give it more time or a larger tol.")
            return
    widest = f"{int(width / _GROWTH)} features do not resolve the solution"
    yield Candidate(before, widest, f"{widest}: try a larger tol, or another trial.")


def competition(
    problem: Problem,
    families: Sequence[Family],
    width: int,
    method: str | Method,
    generator: torch.Generator,
    before: Trial | None,
    clock: Clock,
    blind: Float[Tensor, "n d"] | None = None,
) -> list[Solved]:
    """Layers of one width from several families, the one that leaves the least residual first.

    There are more points about places where layers before were ``blind``.
    """
    found = []
    for family in families:
        found.append(_solved(problem, family, width, method, generator, before, clock, blind))
        if clock.spent:
            break
    return sorted(found, key=lambda solved: solved.residual)


def _undetermined(problem: Problem, width: int) -> bool:
    """Whether functions of one draw that is good at smooth ones are left free by the equations and conditions."""
    if len(problem.domain.names) == 1 or not problem.linear:
        return False
    generator = torch.Generator().manual_seed(0)
    width = max(width, _LOOKING_FOR_MORE)
    trial, (rows, _) = _posed(
        problem, Family("sin", 1.0).drawn(problem, width, generator), width, generator, None
    )
    return amplification(problem, trial, rows) > MOST


def _near(problem: Problem, one: Trial, other: Trial, distance: float) -> bool:
    """Whether two trials are about as near each other as that, by a look at a few points."""
    X = problem.sample(_A_FEW)["interior"]
    keys = [(unknown, (0,) * X.shape[1]) for unknown in problem.unknowns]
    with torch.no_grad():
        first, second = one.partials(X, keys), other.partials(X, keys)
    return all((first[key] - second[key]).norm() <= distance * second[key].norm() for key in keys)


def default_method(problem: Problem, near: bool) -> Method:
    """One exact step where the problem is linear, damped steps otherwise; less damped ones near the solution."""
    if problem.linear:
        return GaussNewton(steps=1, damping=0.0)
    return GaussNewton(steps=12, damping=1e-14) if near else GaussNewton(steps=40)


def _solved(
    problem: Problem,
    family: Family,
    width: int,
    method: str | Method,
    generator: torch.Generator,
    before: Trial | None,
    clock: Clock,
    blind: Float[Tensor, "n d"] | None,
) -> Solved:
    """The family's best trial of this width, from ``before`` on where the problem is not linear."""
    trial = family.drawn(problem, width, generator)
    constrained, (rows, others) = _posed(problem, trial, width, generator, blind)
    with torch.no_grad():
        at_rest = others.rows().norm().item()
    if before is not None and not problem.linear:
        _start(trial, before, problem.sample(_POINTS * width)["interior"])
    chosen = default_method(problem, before is not None) if isinstance(method, str) else method
    chosen.minimize(rows, clock.monitor())
    with torch.no_grad():
        residual = others.rows().norm().item()
    return Solved(family, constrained, residual if math.isfinite(residual) else math.inf, at_rest)


def _posed(
    problem: Problem,
    trial: Ridge,
    width: int,
    generator: torch.Generator,
    blind: Float[Tensor, "n d"] | None,
) -> tuple[Trial, list[CollocationRows]]:
    """The trial with what conditions can be built in, and rows at two sets of points."""
    count = _POINTS * width
    if len(problem.domain.names) == 1:
        constrained = fitted(trial, problem, guessed(problem))
        return constrained, [
            rows_on(problem, constrained, gauss_points(problem, n)) for n in (count, count + 1)
        ]
    conditions = max(count // (2 * max(len(problem.stated), 1)), 1)
    seeds = torch.randint(2**62, (2,), generator=generator).tolist()
    points = [problem.sample(count, conditions=conditions, seed=s) for s in seeds]
    if blind is not None and len(blind):
        clouds = [_about(problem, blind, int(_CLOUD * count), generator) for _ in points]
        points = [
            {**sets, INTERIOR: torch.cat([sets[INTERIOR], cloud])}
            for sets, cloud in zip(points, clouds, strict=True)
        ]
    return trial, [rows_in(problem, trial, sets, TriangularLinearization) for sets in points]


def _about(
    problem: Problem, spots: Float[Tensor, "n d"], count: int, generator: torch.Generator
) -> Float[Tensor, "c d"]:
    """Points about these, in all up to ``count`` of them."""
    chosen = torch.randint(len(spots), (count,), generator=generator)
    low, high = spots.new_tensor(list(problem.domain.intervals.values())).T
    away = torch.randn(count, len(low), generator=generator, dtype=torch.float64).to(spots)
    X = spots[chosen] + _REACH * (high - low) * away
    inside: Tensor = X[problem.domain.contains(X)]
    return inside


def _start(trial: Ridge, before: Trial, X: Tensor) -> None:
    """Coefficients with which the trial is what another one is, in least squares at points."""
    keys = [(unknown, (0,) * X.shape[1]) for unknown in trial.unknowns]
    ones = X.new_ones(len(X))
    with torch.no_grad():
        values = before.partials(X, keys)
        rows = torch.cat([-values[key] for key in keys])
        jacobian = torch.cat([trial.jacobian(X, {key: ones}) for key in keys])
        step = TriangularLinearization(rows, jacobian).step(0.0)
        trial.coefficients.copy_(step.view_as(trial.coefficients))

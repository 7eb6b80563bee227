"""Random features: hidden layers as drawn, output layer by least squares, doubled until the estimate is met."""

import math
from collections.abc import Iterator

import torch

from pinnlite.models.features import RandomFeatures
from pinnlite.problem.problem import Problem
from pinnlite.solving.dense import rows_in
from pinnlite.solving.gauss_newton import GaussNewton
from pinnlite.solving.ordinary import fitted, gauss_points, rows_on
from pinnlite.solving.refine import Candidate, Clock
from pinnlite.solving.residuals import Method
from pinnlite.trials.linear import LinearTrial
from pinnlite.trials.parameters import guessed
from pinnlite.trials.trial import Trial

_WIDTHS = (50, 100, 200, 400, 800)
_SCALES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # steepness per half-width of the domain


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Ever wider layers, each drawn anew, with the steepness that leaves the smallest residual between the points."""
    generator = torch.Generator().manual_seed(seed)
    chosen = default_method(problem) if isinstance(method, str) else method
    scales: tuple[float, ...] = _SCALES
    for width in _WIDTHS:
        found = [(*_solved(problem, width, scale, chosen, generator, clock), scale) for scale in scales]
        residual, trial, scale = min(found, key=lambda entry: entry[0])
        if not math.isfinite(residual):
            yield Candidate(None, f"{width} features", "no finite residual was found")
            return
        scales = (scale, 2 * scale)
        yield Candidate(trial, f"{width} features of scale {scale:g}, residual {residual:.1e}")


def default_method(problem: Problem) -> GaussNewton:
    """One exact step where the problem is linear, damped steps otherwise."""
    return GaussNewton(steps=1, damping=0.0) if problem.linear else GaussNewton(steps=40)


def _solved(
    problem: Problem, width: int, scale: float, method: Method, generator: torch.Generator, clock: Clock
) -> tuple[float, Trial]:
    """A trial of this width and scale, and its root mean square residual on other points than it was solved on."""
    intervals = list(problem.domain.intervals.values())
    features = RandomFeatures(
        len(intervals), len(problem.unknowns), width, domain=intervals, scale=scale, generator=generator
    )
    trial: Trial = LinearTrial(features.features, width, problem.unknowns)
    if len(intervals) == 1:
        trial = fitted(trial, problem, guessed(problem))
        rows, others = (rows_on(problem, trial, gauss_points(problem, n)) for n in (2 * width, 2 * width + 1))
    else:
        rows, others = (rows_in(problem, trial, problem.sample(2 * width, seed=seed)) for seed in (0, 1))
    method.minimize(rows, clock.monitor())
    with torch.no_grad():
        residual = others.rows().norm().item()
    return (residual if math.isfinite(residual) else math.inf), trial

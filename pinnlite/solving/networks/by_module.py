"""Modules of the user's own: trained in place, and measured by an independent solution, never replaced by it."""

import math
from collections.abc import Iterator

import torch
from torch import nn

from pinnlite.problem.problem import Problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.lines import by_elements
from pinnlite.solving.methods.damped import DampedLinearization
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.methods.lbfgs import LBFGS
from pinnlite.solving.methods.self_scaled_broyden import SelfScaledBroyden
from pinnlite.solving.networks import independent
from pinnlite.solving.networks.posing import posing
from pinnlite.solving.networks.training import left
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import INTERRUPTED, Method
from pinnlite.trials.module import ModuleTrial

_TRAINED = 0.8  # of the time; the rest is for measuring the error
_POINTS = 1.5  # for each weight
_FEWEST_POINTS, _MOST_POINTS = 200, 4000
_MOST_DENSE = 3000  # parameters up to which a step by a dense Jacobian is quicker than many by gradients
_MOST_SQUARE = 8000  # up to which a matrix of their number squared is quicker than what few pairs know of it
_DENSE_SECONDS = 1e-9  # that a dense step takes, times the number of parameters cubed
_FEW = 10  # steps that the time is to suffice for: nothing stops a factorisation on its way


def candidates(
    module: nn.Module, problem: Problem, tol: float, method: str | Method, clock: Clock
) -> Iterator[Candidate]:
    """The module trained, and what it is measured by."""
    along_a_line = len(problem.domain.names) == 1
    check = None if along_a_line else independent.by_any(problem, tol, clock)
    posed = posing(problem, torch.Generator().manual_seed(0))
    trial = posed.posed(ModuleTrial(module, problem.unknowns))
    size = sum(p.numel() for p in trial.parameters)
    points = posed.points(max(_FEWEST_POINTS, min(int(_POINTS * size), _MOST_POINTS)))
    rows = posed.rows(trial, points, DampedLinearization)
    chosen = default_method(size, clock) if isinstance(method, str) else method
    failure = None
    try:
        chosen.minimize(rows, clock.monitor(_TRAINED))
        reached = f"residual {left(rows):.1e}"
    except KeyboardInterrupt:
        failure, reached = INTERRUPTED, "interrupted"
    note = f"module of {size} parameters by {type(chosen).__name__}, {reached}"
    yield Candidate(trial, note, failure, check=check)
    if along_a_line and not failure:
        yield next(by_elements.candidates(problem, tol, clock, near=trial))


def default_method(size: int, clock: Clock) -> Method:
    """Gauss-Newton while its steps are quick, then a whole inverse Hessian, and what fits any size beyond."""
    time = math.inf if clock.limit is None else max(clock.limit - clock.seconds, 0.0)
    if size <= _MOST_DENSE and _FEW * _DENSE_SECONDS * size**3 <= time:
        return GaussNewton(steps=100)
    return SelfScaledBroyden() if size <= _MOST_SQUARE else LBFGS()

"""Networks in several coordinates: wide ones of one layer where a draw is near the solution, deep ones elsewhere.

All layers are trained, by Gauss-Newton, between solves of the output layer alone; deep ones in rounds, each on points
that are drawn where the last one left large residuals, and that stay as they are during it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn

from pinnlite.geometry.sampling import adaptive_points
from pinnlite.models.features import RandomFeatures
from pinnlite.models.networks import Activation, Elementwise
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.by_features import FAMILIES, Family, competition
from pinnlite.solving.damped import DampedLinearization
from pinnlite.solving.dense import CollocationRows, equation_blocks, rows_in
from pinnlite.solving.gauss_newton import GaussNewton
from pinnlite.solving.refine import Candidate, Clock
from pinnlite.solving.residuals import Method
from pinnlite.solving.triangle import TriangularLinearization
from pinnlite.trials.linear import LinearTrial
from pinnlite.trials.module import ModuleTrial

_LAYER = 320  # features whose output layer shows whether one layer will do, and how it is best drawn
_WITHIN_REACH = 0.1  # of the residual at rest: what such a layer leaves at most then
_LOOK = GaussNewton(steps=8)  # at a layer, where the problem is not linear
_MOST_DEEP = 3  # coordinates: in more, one wide layer does better for the weights it has
_WIDTHS = (80, 160, 240, 400, 640)
_MOST_DENSE = 3000  # weights up to which the steps of Gauss-Newton are quick
_DEEP = ((20, 20, 20), (30, 30, 30), (40, 40, 40))
_SCALE = 2.0  # steepness of a deep network's first layer per half-width of the domain
_POINTS = 1.5  # for each weight
_MOST_POINTS = 4000
_RIDGE = 1e-10  # damping of the first output layer
_TOUCH = GaussNewton(steps=8, damping=1e-8)
_ROUND = GaussNewton(steps=15, damping=1e-6, tolerance=1e-3)
_FIRST_ROUND = GaussNewton(steps=60, damping=1e-4, tolerance=1e-3)
_ROUNDS = 40
_CANDIDATES = 8  # for each point that is drawn by its residual
_EVEN = 0.25  # how much of the draw does not look at the residual
_GAIN = 0.1  # of the loss: what is left when another candidate is shown


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Networks, each from a draw of its own or much further trained than the one before."""
    generator = torch.Generator().manual_seed(seed)
    looked = "auto" if problem.linear else _LOOK
    best = competition(problem, FAMILIES, _LAYER, looked, generator, None, clock)[0]
    late = clock.spent
    if late:
        return
    if len(problem.domain.names) > _MOST_DEEP or best.residual < _WITHIN_REACH * best.at_rest:
        weights = len(problem.domain.names) + len(problem.unknowns) + 1  # of each feature
        for width in (width for width in _WIDTHS if width * weights <= _MOST_DENSE):
            proposed = _wide(problem, best.family, width, method, generator, clock)
            if clock.spent:  # in the middle of it
                return
            yield proposed
    for hidden in _DEEP:
        yield from _deep(problem, hidden, method, generator, clock)


def _wide(
    problem: Problem,
    family: Family,
    width: int,
    method: str | Method,
    generator: torch.Generator,
    clock: Clock,
) -> Candidate:
    """One hidden layer: the output layer, all of them a touch, the output layer again."""
    drawn = family.drawn(problem, width, generator).features
    network = _network(problem, [width], drawn.activation, drawn, generator)
    trial = ModuleTrial(network, problem.unknowns)
    points = _points(problem, trial, generator)
    rows = rows_in(problem, trial, points, DampedLinearization)
    phases = [_solve_output_layer(problem, network, points, _RIDGE, clock)]
    chosen = _TOUCH if isinstance(method, str) else method
    chosen.minimize(rows, clock.monitor())
    phases.append(_left(rows))
    phases.append(_solve_output_layer(problem, network, points, 0.0, clock))
    listed = ", ".join(f"{residual:.1e}" for residual in phases)
    return Candidate(
        trial, f"network {width}, {family}, residual by output layer, all layers, output layer: {listed}"
    )


def _deep(
    problem: Problem,
    hidden: tuple[int, ...],
    method: str | Method,
    generator: torch.Generator,
    clock: Clock,
) -> Iterator[Candidate]:
    """Several hidden layers, in rounds: a candidate whenever the loss has fallen to a tenth."""
    network = _network(problem, hidden, torch.tanh, None, generator)
    trial = ModuleTrial(network, problem.unknowns)
    points = _points(problem, trial, generator)
    size, shown = "-".join(map(str, hidden)), math.inf
    for count in range(_ROUNDS):
        rows = rows_in(problem, trial, points, DampedLinearization)
        usual = _ROUND if count else _FIRST_ROUND
        (usual if isinstance(method, str) else method).minimize(rows, clock.monitor())
        left = _left(rows)
        if clock.spent and count == 0:
            return
        if left**2 < _GAIN * shown**2:
            shown = left
            yield Candidate(
                ModuleTrial(deepcopy(network), problem.unknowns),
                f"network {size}, round {count + 1}, residual {left:.1e}",
            )
        if clock.spent:
            break
        points = _points(problem, trial, generator, adapted=True)


def _network(
    problem: Problem,
    hidden: Sequence[int],
    activation: Activation,
    drawn: RandomFeatures | None,
    generator: torch.Generator,
) -> nn.Sequential:
    """Layers of these widths, the first as drawn or with its kinks spread over the domain; the output layer is zero."""
    intervals = list(problem.domain.intervals.values())
    if drawn is None:
        drawn = RandomFeatures(
            len(intervals), 1, hidden[0], domain=intervals, scale=_SCALE, generator=generator
        )
    first = nn.Linear(len(intervals), hidden[0], dtype=torch.float64)
    with torch.no_grad():
        first.weight.copy_(drawn.weight.T)
        first.bias.copy_(drawn.bias)
    layers: list[nn.Module] = [first, Elementwise(activation)]
    for fan_in, fan_out in pairwise(hidden):
        layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.normal_(0.0, (1.5 / fan_in) ** 0.5, generator=generator)
            layer.bias.normal_(0.0, 0.5, generator=generator)
        layers += [layer, Elementwise(activation)]
    head = nn.Linear(hidden[-1], len(problem.unknowns), bias=False, dtype=torch.float64)
    nn.init.zeros_(head.weight)
    return nn.Sequential(*layers, head)


def _points(
    problem: Problem, trial: ModuleTrial, generator: torch.Generator, adapted: bool = False
) -> Mapping[str, Tensor]:
    """Points for every statement; those of the interior by the size of the residual, once there is one."""
    count = min(int(_POINTS * sum(p.numel() for p in trial.parameters)), _MOST_POINTS)
    seed, other = torch.randint(2**62, (2,), generator=generator).tolist()
    conditions = max(count // (2 * max(len(problem.stated), 1)), 1)
    points = problem.sample(count, conditions=conditions, seed=seed)
    if not adapted:
        return points
    many = problem.sample(_CANDIDATES * count, conditions=1, seed=other)[INTERIOR]

    def residual(X: Tensor) -> Tensor:
        rows = CollocationRows(trial, equation_blocks(problem, X)).rows()
        sizes: Tensor = rows.detach().reshape(-1, len(X)).norm(dim=0)
        return sizes

    return {**points, INTERIOR: adaptive_points(residual, many, count, floor=_EVEN, seed=seed)}


def _solve_output_layer(
    problem: Problem, network: nn.Sequential, points: Mapping[str, Tensor], damping: float, clock: Clock
) -> float:
    """Least squares for the last layer alone; the norm of the residual that is left.

    Damped before the hidden layers are trained: an exact solution has huge coefficients that cancel, and with them
    the slightest step of a hidden layer is out of bounds.
    """
    body, head = network[:-1], network[-1]
    assert isinstance(head, nn.Linear)
    output = LinearTrial(body, head.in_features, problem.unknowns)
    rows = rows_in(problem, output, points, TriangularLinearization)
    if not problem.linear:
        with torch.no_grad():
            output.coefficients.copy_(head.weight.T)
    steps = GaussNewton(steps=1 if problem.linear else 20, damping=damping)
    steps.minimize(rows, clock.monitor())
    with torch.no_grad():
        head.weight.copy_(output.coefficients.T)
    return _left(rows)


def _left(rows: CollocationRows) -> float:
    with torch.no_grad():
        return float(rows.rows().norm())

"""Networks: from a draw that is near the solution by a touch of training, from others by a long one.

Along a line there are ever wider networks of two hidden layers, each the check of the one before. In several
coordinates a wide network of one hidden layer does where a draw of it resolves the solution, and deep ones are trained
elsewhere, on points that are drawn anew every few steps; periodic where the problem is, and for an evolution slab after
slab where one for all of it does not get going. Snapshots of one training agree with each other long before
they agree with the solution: they are measured by elements. Where there are none a wide layer is measured by one that
stayed as drawn, and only networks of different draws are compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.features.families import FAMILIES, Family, Solved, competition
from pinnlite.solving.lines.opening import first_function
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.networks.independent import Checks
from pinnlite.solving.networks.marching import March, Recipe, is_of_a_march
from pinnlite.solving.networks.posing import AlongALine, InARegion
from pinnlite.solving.networks.rounds import Rounds, depth_of
from pinnlite.solving.networks.training import Training, network
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import Method
from pinnlite.trials.course import course_of
from pinnlite.trials.periodic import circles_of

# The damping of the first output layer, and the steps after it: fine where hidden layers need no more than a touch.
# Features that a draw lacks are found from a smooth start, in many steps.
_TOUCH = GaussNewton(steps=8, damping=1e-8)
_TRAINING = ((1e-3,), GaussNewton(steps=200, damping=1e-6, tolerance=1e-6))
_RIDGES = (1e-10, 1e-16, 1e-22)  # less where features are all but constants

_ALONG_A_LINE = ((16, 40), (20, 60), (24, 90), (32, 140))
_RESOLVED = 1e-4  # of the rows at rest: what a draw that has the solution's features in it leaves at most

_LAYER = 320  # features whose output layer shows whether one layer will do, and how it is best drawn
_WITHIN_REACH = 0.1  # of the residual at rest: what such a layer leaves at most then
# The same where the output layer takes many steps, and a deep network fewer or a better form.
_WITHIN_STEPS = 1e-3
_LOOK = GaussNewton(steps=8)  # at a narrower layer of these, where the problem is not linear
_FEW_FAMILIES = (
    *(Family("sin", scale) for scale in (1.0, 4.0)),
    *(Family("tanh", scale) for scale in (1.0, 4.0)),
)
_LEAST_SCALE = 2e-4  # curvature goes with its square, and less is lost among rounding
_LONGER = 3.0
_MOST_DEEP = 3  # coordinates: in more, one wide layer does better for the weights it has
_WIDTHS = (80, 160, 240, 400, 640)
_WIDTHS_IN_MANY = (320, 480, 720)  # cubics of ten coordinates have 286 terms
_MOST_DENSE = 3000  # weights up to which the steps of Gauss-Newton are quick
_DEEP = ((20, 20, 20), (30, 30, 30), (40, 40, 40))
_POINTS, _POINTS_DEEP = 1.5, 2.0  # for each weight: many steps find what lies between too few
_POINTS_EACH = 3  # for each feature of other layers: steps are then taken in the space of the rows
_TRAINED = 0.9  # of the time; what is left is for measuring the error
_HALF = 0.5  # of the time that is left, for a network that only another one can check


def candidates(
    problem: Problem,
    tol: float,
    method: str | Method,
    seed: int,
    clock: Clock,
    checkpoint: Mapping[str, Tensor] | None = None,
) -> Iterator[Candidate]:
    """Networks, each from a draw of its own or much further trained than the one before.

    From a ``checkpoint`` of the deep ones their training goes on as if it had never stopped.
    """
    generator = torch.Generator().manual_seed(seed)
    if len(problem.domain.names) == 1:
        yield from _along_a_line(problem, method, generator, clock)
        return
    checks = Checks(problem, tol, clock)
    own = clock.part(_TRAINED)
    networks = _in_a_region(problem, tol, method, generator, own, checks.finest is not None, checkpoint)
    for candidate in networks:
        whole = candidate.trial is not None and candidate.reached is None
        finer = checks.of(candidate.trial) if whole else None
        yield candidate if finer is None else replace(candidate, check=finer)
    clock.stopped = clock.stopped or own.spent


def _along_a_line(
    problem: Problem, method: str | Method, generator: torch.Generator, clock: Clock
) -> Iterator[Candidate]:
    first = first_function(problem, clock)
    for hidden in _ALONG_A_LINE:
        module = network(problem, hidden, generator)
        training = Training(AlongALine(problem), module, 2 * hidden[-1] + 40, method, clock)
        if first is not None:
            training.follow(first)
        near = training.output_layer(0.0) < _RESOLVED * training.at_rest
        yield training.phases(*((_RIDGES[:1], _TOUCH) if near else _TRAINING), "tanh")


def _in_a_region(
    problem: Problem,
    tol: float,
    method: str | Method,
    generator: torch.Generator,
    clock: Clock,
    snapshots: bool,
    checkpoint: Mapping[str, Tensor] | None,
) -> Iterator[Candidate]:
    marching = checkpoint is not None and is_of_a_march(checkpoint)
    # What comes of slabs is too much alike to be compared.
    course = course_of(problem) if snapshots or marching else None
    if checkpoint is None:
        yield from _shallow(problem, method, generator, clock, snapshots)
    for stage in range(0 if checkpoint is None else depth_of(checkpoint), len(_DEEP)):
        if not (marching or clock.spent):
            own = clock if snapshots else clock.part(_HALF)
            rounds = _rounds(problem, stage, method, generator, own, patient=course is None)
            if checkpoint is not None:
                rounds.restore(checkpoint)
                checkpoint = None
            if not snapshots:
                yield from list(rounds)[-1:]
                continue
            for candidate in rounds:
                goes_on = rounds.stalled and not candidate.failure and not clock.spent
                yield replace(candidate, trial=None) if goes_on else candidate
            marching = rounds.stalled
        if clock.spent:
            return
        if marching and course is not None:
            march = March(course, Recipe(_DEEP[stage], stage, _POINTS_DEEP, method, tol), generator, clock)
            if checkpoint is not None:
                march.restore(checkpoint)
                checkpoint = None
            yield from march


def _rounds(
    problem: Problem,
    stage: int,
    method: str | Method,
    generator: torch.Generator,
    clock: Clock,
    patient: bool,
) -> Rounds:
    """A deep network for all of the domain, periodic where the problem is."""
    circles = circles_of(problem)
    module = network(problem, _DEEP[stage], generator, circles=circles)
    posed = InARegion(problem, generator, circles)
    training = Training(posed, module, int(_POINTS_DEEP * _weights(module)), method, clock)
    return Rounds(training, generator, stage, patient)


def _shallow(
    problem: Problem, method: str | Method, generator: torch.Generator, clock: Clock, snapshots: bool
) -> Iterator[Candidate]:
    """Networks of one hidden layer, where a drawn one is within reach of the solution."""
    best = _drawn_best(problem, generator, clock)
    late = clock.spent
    if late:
        return
    many = len(problem.domain.names) > _MOST_DEEP
    # A deep network is periodic where the problem is, which is worth more than a quick solve for the output layer.
    quick = problem.linear and circles_of(problem) is None
    reach = _WITHIN_REACH if quick else _WITHIN_STEPS
    if many or best.residual < reach * best.at_rest:
        for width in _widths(problem):
            candidate = _wide(problem, best.family, width, method, generator, clock)
            if snapshots or not clock.spent:  # the layer that won is of another draw, and solved for already
                yield replace(candidate, check=best.trial) if width <= _LAYER and best.resolved else candidate
            if clock.spent:
                return


def _widths(problem: Problem) -> list[int]:
    """Of one hidden layer, up to as many weights as there are quick steps for."""
    if len(problem.domain.names) > _MOST_DEEP:
        return list(_WIDTHS_IN_MANY)
    weights = len(problem.domain.names) + len(problem.unknowns) + 1  # of each feature
    return [width for width in _WIDTHS if width * weights <= _MOST_DENSE]


def _wide(
    problem: Problem,
    family: Family,
    width: int,
    method: str | Method,
    generator: torch.Generator,
    clock: Clock,
) -> Candidate:
    """One hidden layer; its output layer is damped as much as leaves it able to resolve the solution."""
    drawn = family.drawn(problem, width, generator).features
    module = network(problem, [width], generator, drawn, drawn.activation)
    size = _weights(module)
    quick = size <= _MOST_DENSE and len(problem.domain.names) <= _MOST_DEEP
    count = int(_POINTS * size) if quick else _POINTS_EACH * width
    training = Training(InARegion(problem, generator), module, count, method, clock)
    return training.phases(_RIDGES, _TOUCH, str(family))


def _weights(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _drawn_best(problem: Problem, generator: torch.Generator, clock: Clock) -> Solved:
    """The family of which a layer leaves the least residual; waves are made longer for as long as that helps.

    Long waves are all but polynomials of low degree, the more so the longer they are.
    """
    if not problem.linear:  # each look is many steps
        return competition(problem, _FEW_FAMILIES, _LAYER // 2, _LOOK, generator, None, clock)[0]
    best = competition(problem, FAMILIES, _LAYER, "auto", generator, None, clock)[0]
    longest = min(family.scale for family in FAMILIES if family.activation == best.family.activation)
    scale = best.family.scale
    while scale == best.family.scale <= longest and scale > _LEAST_SCALE and not clock.spent:
        scale /= _LONGER
        longer = [replace(best.family, scale=scale)]
        found = competition(problem, longer, _LAYER, "auto", generator, None, clock)
        best = min(best, *found, key=lambda solved: solved.residual)
    return best

"""Networks in several coordinates: wide ones of one layer where a draw is near the solution, deep ones elsewhere.

Conditions are built in where they can be. Of a wide layer the output layer is solved for, then all weights take a few
steps of Gauss-Newton, then the output layer is solved for again; all layers of a deep network are trained, on points
that are drawn anew every few steps where the residual is large. What a network is measured by is no network of the same
training: Legendre elements where they can represent the solution, elsewhere a network of another draw.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from pinnlite.geometry.sampling import adaptive_points
from pinnlite.models.features import RandomFeatures
from pinnlite.models.networks import Activation, Elementwise
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.boxes import by_boxes
from pinnlite.solving.clock import Clock
from pinnlite.solving.dense import CollocationRows, equation_blocks, rows_in
from pinnlite.solving.estimate import difference
from pinnlite.solving.methods.damped import DampedLinearization
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.methods.lbfgs import LBFGS
from pinnlite.solving.methods.triangle import TriangularLinearization
from pinnlite.solving.networks import by_features
from pinnlite.solving.networks.by_features import FAMILIES, Family, Solved, competition
from pinnlite.solving.refine import Candidate, refine
from pinnlite.solving.residuals import INTERRUPTED, Linearization, Method, Objective
from pinnlite.solving.slabs import by_slabs
from pinnlite.trials.lifted import Given, Lifted, buildable, left_over
from pinnlite.trials.linear import LinearTrial
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.trial import Approximation, Trial

_LAYER = 320  # features whose output layer shows whether one layer will do, and how it is best drawn
_WITHIN_REACH = 0.1  # of the residual at rest: what such a layer leaves at most then
_WITHIN_STEPS = 1e-3  # the same where the output layer takes many steps: a deep network takes fewer
_LOOK = GaussNewton(steps=8)  # at a narrower layer of these, where the problem is not linear
_FEW_FAMILIES = (
    *(Family("sin", scale) for scale in (1.0, 4.0)),
    *(Family("tanh", scale) for scale in (1.0, 4.0)),
)
_MOST_DEEP = 3  # coordinates: in more, one wide layer does better for the weights it has
_WIDTHS = (80, 160, 240, 400, 640)
_WIDTHS_IN_MANY = (320, 480, 720)  # cubics of ten coordinates have 286 terms
_LEAST_SCALE = 2e-4  # curvature goes with its square, and less is lost among rounding
_LONGER = 3.0
_MOST_DENSE = 3000  # weights up to which the steps of Gauss-Newton are quick
_DEEP = ((20, 20, 20), (30, 30, 30), (40, 40, 40))
_SCALE = 2.0  # steepness of a deep network's first layer per half-width of the domain
_POINTS = 1.5  # for each weight
_POINTS_EACH = 3  # for each feature of a wide layer of more weights than steps can take at once
_FEWEST_POINTS = 200
_TRAINED = 0.9  # of the time; what is left is for measuring the error
_MOST_POINTS = 4000
_RIDGES = (
    1e-10,
    1e-16,
    1e-22,
)  # damping of the first output layer, less where features are all but constants
_TOUCH = GaussNewton(steps=8, damping=1e-8)
_ROUND = GaussNewton(steps=40, damping=1e-7, tolerance=0.0)
_FIRST_ROUND = GaussNewton(steps=30, damping=1e-4, tolerance=0.0)
_STEPS_EACH = (
    5  # on the same points: with fifteen, and the damping as at first, the error is four times as large
)
_ROUNDS = 40
_HALF = 0.5  # of the time that is left, for a network that only another one can check
_CANDIDATES = 8  # for each point that is drawn by its residual
_EVEN = 0.25  # how much of the draw does not look at the residual
_CHECK = 0.3  # of the time for the solution that networks are measured by
_SHARPER = 0.1  # it is by so much more accurate than they are to be
_APART = 3.0  # times the accuracy of a check: a network nearer to it may be better than the check is
_FINEST = 1e-13  # a check that is asked for: beyond there is only rounding


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Networks, each from a draw of its own or much further trained than the one before.

    Snapshots of one training agree with each other long before they agree with the solution: each is measured by an
    independent solution where there is one, and where there is none only networks of different draws are shown.
    """
    given = buildable(problem)
    checks = Checks(problem, tol, clock)
    own = clock.part(_TRAINED)
    for candidate in _networks(problem, given, method, seed, own, checks.finest is not None):
        yield replace(candidate, check=checks.of(candidate.trial))
    clock.stopped = clock.stopped or own.spent


class Checks:
    """Solutions by Legendre elements, where they can represent it and have time: what networks are measured by.

    The first is to a fraction of the tolerance. A network may be better than that, and its distance from the check
    would be the check's own error: then a finer one is made.
    """

    def __init__(self, problem: Problem, tol: float, clock: Clock) -> None:
        self.problem, self.accuracy = problem, _SHARPER * tol
        own = clock.part(_CHECK)
        self._finer: Iterator[Candidate] = iter(())
        for way in (by_slabs, by_boxes):
            if way.suits(problem):
                self._finer = way.candidates(problem, self.accuracy, own)
                break
        self.finest = self._next()

    def of(self, trial: Approximation | None) -> Approximation | None:
        """A solution that is nearer to the truth than the trial is, as far as there is one."""
        while trial is not None and self.finest is not None and self.accuracy > _FINEST:
            if difference(trial, self.finest, self.problem) > _APART * self.accuracy:
                break
            finer = self._next()
            if finer is None:
                break
            self.finest, self.accuracy = finer, _SHARPER * self.accuracy
        return self.finest

    def _next(self) -> Approximation | None:
        found = next(self._finer, None)
        if found is not None and found.failure == INTERRUPTED:
            raise KeyboardInterrupt
        return None if found is None or found.failure or found.reached else found.trial


def _networks(
    problem: Problem,
    given: Sequence[Given],
    method: str | Method,
    seed: int,
    clock: Clock,
    snapshots: bool,
) -> Iterator[Candidate]:
    generator = torch.Generator().manual_seed(seed)
    best = _drawn_best(problem, generator, clock)
    late = clock.spent
    if late:
        return
    many = len(problem.domain.names) > _MOST_DEEP
    reach = _WITHIN_REACH if problem.linear else _WITHIN_STEPS
    if many or best.residual < reach * best.at_rest:
        weights = len(problem.domain.names) + len(problem.unknowns) + 1  # of each feature
        few = [width for width in _WIDTHS if width * weights <= _MOST_DENSE]
        for width in _WIDTHS_IN_MANY if many else few:
            drawn = best.family.drawn(problem, width, generator).features
            network = _network(problem, [width], drawn.activation, drawn, generator)
            training = _Training(problem, given, network, method, generator, clock)
            proposed = training.wide(best.family)
            if snapshots or not clock.spent:
                yield proposed
            if clock.spent:
                return
    for hidden in _DEEP:
        network = _network(problem, hidden, torch.tanh, None, generator)
        if snapshots:
            yield from _Training(problem, given, network, method, generator, clock).deep()
        else:
            yield list(_Training(problem, given, network, method, generator, clock.part(_HALF)).deep())[-1]
        if clock.spent:
            return


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


class _Training:
    """A network and the phases of its training: the output layer alone, and all layers."""

    def __init__(
        self,
        problem: Problem,
        given: Sequence[Given],
        network: nn.Sequential,
        method: str | Method,
        generator: torch.Generator,
        clock: Clock,
    ) -> None:
        self.problem, self.given, self.network = problem, given, network
        self.method, self.generator, self.clock = method, generator, clock
        self.trial = self._posed(ModuleTrial(network, problem.unknowns))
        self.steps = 0  # of Gauss-Newton on all layers

    def wide(self, family: Family) -> Candidate:
        """One hidden layer: the output layer, all of them a touch, the output layer again."""
        points = self.points()
        rows = rows_in(self.problem, self.trial, points, DampedLinearization)
        at_rest = _left(rows)
        for ridge in _RIDGES:
            phases = [self._solve_output_layer(points, ridge)]
            if phases[0] < _WITHIN_REACH * at_rest:
                break
        phases.append(self._train(rows, _TOUCH))
        phases.append(self._solve_output_layer(points, 0.0))
        listed = ", ".join(f"{residual:.1e}" for residual in phases)
        return Candidate(
            self.trial,
            f"network {self.head.in_features}, {family}, {self._conditions}: output layer, "
            f"{self._trained}, output layer, residual after each: {listed}",
        )

    def deep(self) -> Iterator[Candidate]:
        """Several hidden layers, on points drawn ever again by the residual that is left."""
        rows = _Redrawn(self)
        size = "-".join(str(layer.out_features) for layer in self.network if isinstance(layer, nn.Linear))
        for count in range(_ROUNDS):
            left = self._train(rows, _ROUND if count else _FIRST_ROUND)
            copied = ModuleTrial(deepcopy(self.network), self.problem.unknowns)
            yield Candidate(
                self._posed(copied),
                f"network {size}, {self._conditions}: {self._trained} of Gauss-Newton, residual {left:.1e}",
            )
            if self.clock.spent:
                return

    @property
    def head(self) -> nn.Linear:
        """The output layer."""
        head = self.network[-1]
        assert isinstance(head, nn.Linear)
        return head

    @property
    def _trained(self) -> str:
        return f"all layers by {self.steps} steps"

    @property
    def _conditions(self) -> str:
        if not self.given:
            return "conditions as rows"
        return "some conditions built in" if left_over(self.problem, self.given) else "conditions built in"

    def _posed(self, trial: Trial) -> Trial:
        return Lifted(trial, self.problem, self.given) if self.given else trial

    def _train(self, rows: Objective, usual: Method) -> float:
        """All layers; the norm of the residual that is left."""
        monitor = self.clock.monitor()

        def counting(step: int, loss: float) -> bool:
            self.steps += step > 0
            return monitor(step, loss)

        (usual if isinstance(self.method, str) else self.method).minimize(rows, counting)
        return _left(rows)

    def points(self, adapted: bool = False) -> Mapping[str, Tensor]:
        """Points for every statement; those of the interior by the size of the residual, once there is one."""
        size = sum(p.numel() for p in self.trial.parameters)
        count = int(_POINTS * size)
        if size > _MOST_DENSE:  # then fewer rows than weights, and steps in the space of the rows
            count = _POINTS_EACH * self.head.in_features
        seed, other = torch.randint(2**62, (2,), generator=self.generator).tolist()
        conditions = max(count // (2 * max(len(self.problem.stated), 1)), 1)
        points = self.problem.sample(count, conditions=conditions, seed=seed)
        if not adapted:
            return points
        many = self.problem.sample(_CANDIDATES * count, conditions=1, seed=other)[INTERIOR]

        def residual(X: Tensor) -> Tensor:
            rows = CollocationRows(self.trial, equation_blocks(self.problem, X)).rows()
            sizes: Tensor = rows.detach().reshape(-1, len(X)).norm(dim=0)
            return sizes

        return {**points, INTERIOR: adaptive_points(residual, many, count, floor=_EVEN, seed=seed)}

    def _solve_output_layer(self, points: Mapping[str, Tensor], damping: float) -> float:
        """Least squares for the last layer alone; the norm of the residual that is left.

        Damped before the hidden layers are trained: an exact solution has huge coefficients that cancel, and with them
        the slightest step of a hidden layer is out of bounds.
        """
        body, head = self.network[:-1], self.head
        output = LinearTrial(body, head.in_features, self.problem.unknowns)
        rows = rows_in(self.problem, self._posed(output), points, TriangularLinearization)
        if not self.problem.linear:
            with torch.no_grad():
                output.coefficients.copy_(head.weight.T)
        steps = GaussNewton(steps=1 if self.problem.linear else 20, damping=damping)
        steps.minimize(rows, self.clock.monitor())
        with torch.no_grad():
            head.weight.copy_(output.coefficients.T)
        return _left(rows)


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


class _Redrawn:
    """Rows of a network on points that are drawn anew every few steps, where the last ones left large residuals.

    A step that is taken or refused is judged on the points it was computed for. The damping goes on from draw to draw:
    what the method has learnt of how far to go is no matter of the points.
    """

    def __init__(self, training: _Training) -> None:
        self.training, self.steps = training, 0
        self._rows = self._on(training.points())

    @property
    def parameters(self) -> Sequence[Tensor]:
        """Those of the network."""
        return self.training.trial.parameters

    def rows(self) -> Tensor:
        """On the present points."""
        return self._rows.rows()

    def linearize(self) -> Linearization:
        """On new points where it is time for them."""
        if self.steps and self.steps % _STEPS_EACH == 0:
            self._rows = self._on(self.training.points(adapted=True))
        self.steps += 1
        return self._rows.linearize()

    def _on(self, points: Mapping[str, Tensor]) -> CollocationRows:
        return rows_in(self.training.problem, self.training.trial, points, DampedLinearization)


def candidates_from(
    module: nn.Module, problem: Problem, tol: float, method: str | Method, clock: Clock
) -> Iterator[Candidate]:
    """The user's module trained in place, and what it is measured by: elements, elsewhere random features."""
    given = buildable(problem)
    checks = Checks(problem, tol, clock)
    if checks.finest is None:
        own = clock.part(_CHECK)
        found = refine(by_features.candidates(problem, tol, "auto", 0, own), problem, tol, own)
        if found.interrupted:
            raise KeyboardInterrupt
        checks.finest = found.candidate.trial if found.error < math.inf else None
    inner = ModuleTrial(module, problem.unknowns)
    trial = Lifted(inner, problem, given) if given else inner
    size = sum(p.numel() for p in trial.parameters)
    count = max(_FEWEST_POINTS, min(int(_POINTS * size), _MOST_POINTS))
    conditions = max(count // (2 * max(len(problem.stated), 1)), 1)
    rows = rows_in(problem, trial, problem.sample(count, conditions=conditions), DampedLinearization)
    default = GaussNewton(steps=100) if size <= _MOST_DENSE else LBFGS()
    failure = None
    try:
        (default if isinstance(method, str) else method).minimize(rows, clock.monitor(_TRAINED))
    except KeyboardInterrupt:
        failure = INTERRUPTED
    yield Candidate(
        trial, f"module of {size} parameters, residual {_left(rows):.1e}", failure, check=checks.of(trial)
    )


def _left(rows: Objective) -> float:
    with torch.no_grad():
        return float(rows.rows().norm())

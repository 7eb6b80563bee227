"""Networks: output layer by least squares first, then all layers by Gauss-Newton; and modules of the user's own."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from pinnlite.problem.problem import Problem
from pinnlite.problem.unknown import Data
from pinnlite.solving.clock import Clock
from pinnlite.solving.dense import CollocationRows
from pinnlite.solving.lines import by_elements
from pinnlite.solving.lines.opening import first_function
from pinnlite.solving.lines.ordinary import fitted, gauss_points, observations, rows_on
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.methods.lbfgs import LBFGS
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import INTERRUPTED, Method
from pinnlite.trials.linear import LinearTrial
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.parameters import guessed
from pinnlite.trials.trial import Approximation

_SIZES = ((16, 40), (20, 60), (24, 90), (32, 140))
_RESOLVED = (
    1e-4  # of the rows at the start: what a draw that has the solution's features in it leaves at most
)
# The damping of the first output layer, and the steps after it. An exact solution has huge coefficients that cancel,
# and with them the slightest step of a hidden layer is out of bounds: fine where hidden layers need no more than a
# touch. Features that a draw lacks are found from a smooth start, in many steps.
_TOUCH = (1e-10, GaussNewton(steps=8, damping=1e-8))
_TRAINING = (1e-3, GaussNewton(steps=200, damping=1e-6, tolerance=1e-6))
_EXACT_STEPS, _NONLINEAR_STEPS = 3, 40  # of the output layer where the problem is linear, and where it is not
_SCALE = 2.0  # steepness of the first layer per half-width of the domain
_TRAINED = 0.8  # of the time for a module of the user's; the rest is for the check
_MOST_DENSE = 3000  # parameters up to which a step by a dense Jacobian is quicker than many by gradients
_DENSE_SECONDS = 1e-9  # that it takes, times the number of parameters cubed
_FEW = 10  # steps that the time is to suffice for: nothing stops a factorisation on its way


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Ever wider networks of two hidden layers, each from a draw of its own."""
    generator = torch.Generator().manual_seed(seed)
    first = first_function(problem, clock)
    for hidden in _SIZES:
        network = _Network(problem, hidden, generator, clock)
        if first is not None:
            network.follow(first)
        phases: list[float] = []
        try:
            left = network.solve_output_layer(0.0)
            ridge, training = _TOUCH if left < _RESOLVED * network.scale else _TRAINING
            phases.append(network.solve_output_layer(ridge))
            phases.append(network.train(training if isinstance(method, str) else method))
            phases.append(network.solve_output_layer(0.0))
        except KeyboardInterrupt:
            yield Candidate(network.trial, f"network {hidden}, interrupted", INTERRUPTED)
            return
        size, residuals = "-".join(map(str, hidden)), ", ".join(f"{residual:.1e}" for residual in phases)
        yield Candidate(
            network.trial, f"network {size}, residual by output layer, all layers, output layer: {residuals}"
        )


class _Network:
    """A tanh network and a problem's rows, as a function of all its weights and of those of its last layer."""

    def __init__(
        self, problem: Problem, hidden: tuple[int, ...], generator: torch.Generator, clock: Clock
    ) -> None:
        self.problem, self.clock = problem, clock
        self.network = _drawn(problem, hidden, generator)
        self.points = gauss_points(problem, 2 * hidden[-1] + 40)
        self.numbers = guessed(problem)
        self.trial = fitted(ModuleTrial(self.network, problem.unknowns), problem, self.numbers)
        self.rows = rows_on(problem, self.trial, self.points)
        self.scale = 0.0

    def train(self, method: Method) -> float:
        """All layers; the norm of the residual that is left."""
        method.minimize(self.rows, self.clock.monitor())
        return self._left()

    def solve_output_layer(self, damping: float) -> float:
        """Least squares for the last layer alone; the norm of the residual that is left.

        Damped, a linear problem is solved from zero: the coefficients are to be small, not their change. Undamped, from
        where it stands, and again from there: huge coefficients cancel, and what that costs the next step mends.
        """
        output = self._output()
        trial = fitted(output, self.problem, self.numbers)
        rows = rows_on(self.problem, trial, self.points)
        self.scale = self.scale or rows.rows().detach().norm().item()
        method = GaussNewton(
            steps=(1 if damping else _EXACT_STEPS) if self.problem.linear else _NONLINEAR_STEPS,
            damping=damping,
        )
        monitor = self.clock.monitor()
        if monitor(0, 0.0):
            return self._left()
        if self.problem.linear and damping:
            output.coefficients.data.zero_()
        method.minimize(rows, lambda step, loss: step > 0 and monitor(step, loss))
        self._take(output)
        return self._left()

    def follow(self, function: Approximation) -> None:
        """Start from a function that is known approximately."""
        output = self._output()
        trial = fitted(output, self.problem, self.numbers)
        zero = (0,) * self.points.shape[1]
        found = function.partials(self.points, [(unknown, zero) for unknown in self.problem.unknowns])
        blocks = [
            observations(Data(unknown, self.points, found[unknown, zero]), self.problem)
            for unknown in self.problem.unknowns
        ]
        GaussNewton(steps=1, damping=_TOUCH[0]).minimize(
            CollocationRows(trial, blocks), lambda step, loss: False
        )
        self._take(output)

    def _output(self) -> LinearTrial:
        """The last layer as a trial of its own, with the coefficients that it has; the constant comes last."""
        head = self.head
        output = LinearTrial(self._basis, head.in_features + 1, self.problem.unknowns)
        with torch.no_grad():
            output.coefficients.copy_(torch.cat([head.weight, head.bias[:, None]], 1).T)
        return output

    def _basis(self, x: Any) -> Any:
        features = self.network[:-1](x)
        return torch.cat([features, 0 * features[..., :1] + 1], -1)

    def _take(self, output: LinearTrial) -> None:
        with torch.no_grad():
            self.head.weight.copy_(output.coefficients[:-1].T)
            self.head.bias.copy_(output.coefficients[-1])

    @property
    def head(self) -> nn.Linear:
        """The last layer."""
        head = self.network[-1]
        assert isinstance(head, nn.Linear)
        return head

    def _left(self) -> float:
        with torch.no_grad():
            return float(self.rows.rows().norm())


def candidates_from(
    module: nn.Module, problem: Problem, tol: float, method: str | Method, clock: Clock
) -> Iterator[Candidate]:
    """The user's module trained in place, then Legendre elements to check it against, never in its stead."""
    trial = fitted(ModuleTrial(module, problem.unknowns), problem, guessed(problem))
    size = sum(p.numel() for p in trial.parameters)
    dense = size <= _MOST_DENSE and _FEW * _DENSE_SECONDS * size**3 <= (clock.limit or math.inf)
    default = GaussNewton(steps=100) if dense else LBFGS()
    chosen = default if isinstance(method, str) else method
    rows = rows_on(problem, trial, gauss_points(problem, max(200, min(2 * size, 1000))))
    try:
        chosen.minimize(rows, clock.monitor(_TRAINED))
    except KeyboardInterrupt:
        yield Candidate(trial, f"module of {size} parameters, interrupted", INTERRUPTED)
        return
    with torch.no_grad():
        left = rows.rows().norm().item()
    yield Candidate(trial, f"module of {size} parameters, residual {left:.1e}")
    yield next(by_elements.candidates(problem, tol, clock, near=trial))


def _drawn(problem: Problem, hidden: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
    """A tanh network whose first layer looks at the domain scaled to [-1, 1], its kinks spread over all of it.

    The output layer starts at zero, where the trial is what the conditions say and no more.
    """
    low, high = problem.domain.intervals[problem.domain.names[0]]
    first = nn.Linear(1, hidden[0], dtype=torch.float64)
    slopes = _SCALE * torch.randn(hidden[0], 1, generator=generator, dtype=torch.float64)
    centres = 2 * torch.rand(hidden[0], 1, generator=generator, dtype=torch.float64) - 1
    layers: list[nn.Module] = [first, nn.Tanh()]
    with torch.no_grad():
        scale = 2 / (high - low)
        first.weight.copy_(slopes * scale)
        first.bias.copy_(-(slopes * (centres + 1 + low * scale))[:, 0])
    for fan_in, fan_out in pairwise(hidden):
        layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.normal_(0.0, (1.5 / fan_in) ** 0.5, generator=generator)
            layer.bias.normal_(0.0, 0.5, generator=generator)
        layers += [layer, nn.Tanh()]
    head = nn.Linear(hidden[-1], len(problem.unknowns), dtype=torch.float64)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
    return nn.Sequential(*layers, head)

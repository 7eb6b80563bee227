"""The training of a network: its output layer alone by least squares, and all layers by Gauss-Newton."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from pinnlite.models.features import RandomFeatures
from pinnlite.models.networks import Activation, Elementwise
from pinnlite.models.periodic import PeriodicInputs
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.problem.unknown import Data
from pinnlite.solving.clock import Clock
from pinnlite.solving.dense import CollocationRows
from pinnlite.solving.lines.ordinary import observations
from pinnlite.solving.methods.damped import DampedLinearization
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.methods.triangle import TriangularLinearization
from pinnlite.solving.networks.posing import Posing
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import INTERRUPTED, Method, Objective
from pinnlite.trials.linear import LinearTrial
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.periodic import Circles
from pinnlite.trials.trial import Approximation

_SCALE = 2.0  # steepness of the first layer per half-width of the domain
_EXACT_STEPS, _NONLINEAR_STEPS = 3, 40  # of the output layer where the problem is linear, and where it is not
_WITHIN_REACH = 0.1  # of the residual at rest: what an output layer leaves at most that resolves the solution
_FOLLOWING = 1e-10  # the damping with which a function is followed


def network(
    problem: Problem,
    hidden: Sequence[int],
    generator: torch.Generator,
    drawn: RandomFeatures | None = None,
    activation: Activation = torch.tanh,
    circles: Circles | None = None,
) -> nn.Sequential:
    """Layers of these widths, the first as drawn or with its kinks spread over the domain; the output layer is zero.

    The trial is then what the conditions say and no more. Where the problem has ``circles`` it is periodic in them.
    """
    intervals = list(problem.domain.intervals.values())
    layers: list[nn.Module] = []
    if circles is not None:
        layers = [PeriodicInputs(circles.periods)]
        straight = [i for i, period in zip(intervals, circles.periods, strict=True) if not period]
        intervals = straight + [(-1.0, 1.0)] * (2 * (len(intervals) - len(straight)))
    if drawn is None:
        drawn = RandomFeatures(
            len(intervals), 1, hidden[0], domain=intervals, scale=_SCALE, generator=generator
        )
    first = nn.Linear(len(intervals), hidden[0], dtype=torch.float64)
    with torch.no_grad():
        first.weight.copy_(drawn.weight.T)
        first.bias.copy_(drawn.bias)
    layers += [first, Elementwise(activation)]
    for fan_in, fan_out in pairwise(hidden):
        layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.normal_(0.0, (1.5 / fan_in) ** 0.5, generator=generator)
            layer.bias.normal_(0.0, 0.5, generator=generator)
        layers += [layer, Elementwise(activation)]
    head = nn.Linear(hidden[-1], len(problem.unknowns), dtype=torch.float64)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return nn.Sequential(*layers, head)


class Training:
    """A network and the phases of its training.

    Args:
        posing: the problem as rows; unknown parameters that it holds are trained with the network.
        module: a sequence whose last layer is linear.
        count: of points.
        method: instead of Gauss-Newton for all layers, if it is no text.
        clock: stops whatever takes too long.
    """

    def __init__(
        self, posing: Posing, module: nn.Sequential, count: int, method: str | Method, clock: Clock
    ) -> None:
        self.posing, self.module, self.count = posing, module, count
        self.method, self.clock = method, clock
        self.trial = posing.posed(ModuleTrial(module, posing.problem.unknowns))
        self.points = posing.points(count)
        self.rows = posing.rows(self.trial, self.points, DampedLinearization)
        self.at_rest = left(self.rows)
        self.drawn = self.hidden()
        self.steps = 0  # on all layers

    def phases(self, ridges: Sequence[float], usual: Method, said: str) -> Candidate:
        """The output layer, all layers, the output layer again.

        Damped before the hidden layers are trained: an exact solution has huge coefficients that cancel, and with them
        the slightest step of a hidden layer is out of bounds. The first of the ``ridges`` that lets it resolve the
        solution will do.
        """
        found: list[float] = []
        failure = None
        try:
            for ridge in ridges:
                found = [self.output_layer(ridge)]
                if found[0] < _WITHIN_REACH * self.at_rest:
                    break
            found.append(self.all_layers(usual))
            found.append(self.output_layer(0.0))
        except KeyboardInterrupt:
            failure = INTERRUPTED
        listed = ", ".join(f"{residual:.1e}" for residual in found)
        phases = f"output layer, {self.trained}, output layer, residual after each: {listed}"
        return Candidate(self.trial, f"{self.name}, {said}: {phases}", failure)

    def all_layers(self, usual: Method, rows: Objective | None = None) -> float:
        """Train every parameter; the norm of the residual that is left."""
        monitor = self.clock.monitor()

        def counting(step: int, loss: float) -> bool:
            self.steps += step > 0
            return monitor(step, loss)

        chosen = usual if isinstance(self.method, str) else self.method
        chosen.minimize(rows or self.rows, counting)
        return left(self.rows)

    def redraw(self) -> None:
        """Points where the present residual is large."""
        self.points = self.posing.points(self.count, unbalanced=self.trial)
        self.rows = self.posing.rows(self.trial, self.points, DampedLinearization)

    def output_layer(self, damping: float) -> float:
        """Least squares for the last layer alone; the norm of the residual that is left.

        Damped, a linear problem is solved from zero: the coefficients are to be small, not their change. Undamped, from
        where it stands, and again from there: huge coefficients cancel, and what that costs the next step mends.
        """
        linear, monitor = self.posing.problem.linear, self.clock.monitor()
        if monitor(0, 0.0):
            return left(self.rows)
        output = self._output(zero=linear and damping > 0)
        rows = self.posing.rows(self.posing.posed(output), self.points, TriangularLinearization)
        steps = (1 if damping else _EXACT_STEPS) if linear else _NONLINEAR_STEPS
        GaussNewton(steps, damping).minimize(rows, lambda step, loss: step > 0 and monitor(step, loss))
        self._take(output)
        return left(self.rows)

    def follow(self, function: Approximation) -> None:
        """Start from a function of one coordinate that is known approximately."""
        problem, output = self.posing.problem, self._output(zero=True)
        X = self.points[INTERIOR]
        keys = [(unknown, (0,) * X.shape[1]) for unknown in problem.unknowns]
        found = function.partials(X, keys)
        blocks = [observations(Data(key[0], X, found[key]), problem) for key in keys]
        rows = CollocationRows(self.posing.posed(output), blocks)
        GaussNewton(steps=1, damping=_FOLLOWING).minimize(rows, lambda step, loss: False)
        self._take(output)

    @property
    def name(self) -> str:
        """The widths of its layers, and which conditions are built in."""
        layers = [layer for layer in self.module if isinstance(layer, nn.Linear)]
        size = "-".join(str(layer.out_features) for layer in layers)
        return f"network {size}, {self.posing.built_in}"

    @property
    def trained(self) -> str:
        """How long all layers were trained, and how far that moved hidden weights."""
        moved = ((self.hidden() - self.drawn).norm() / self.drawn.norm()).item()
        return f"all layers by {self.steps} steps that moved hidden weights by {moved:.1e} of their size"

    def hidden(self) -> Tensor:
        """A copy of what makes the hidden layers: how far it moves says whether they are more than a draw."""
        return torch.cat(
            [p.detach().flatten() for layer in list(self.module)[:-1] for p in layer.parameters()]
        )

    @property
    def _head(self) -> nn.Linear:
        head = self.module[-1]
        assert isinstance(head, nn.Linear)
        return head

    def _output(self, zero: bool) -> LinearTrial:
        """The last layer as a trial of its own, the constant last, with the coefficients that it has or none."""
        head = self._head
        output = LinearTrial(self._basis, head.in_features + 1, self.posing.problem.unknowns)
        if not zero:
            with torch.no_grad():
                output.coefficients.copy_(torch.cat([head.weight, head.bias[:, None]], 1).T)
        return output

    def _basis(self, x: Any) -> Any:
        features = self.module[:-1](x)
        return torch.cat([features, 0 * features[..., :1] + 1], -1)

    def _take(self, output: LinearTrial) -> None:
        with torch.no_grad():
            self._head.weight.copy_(output.coefficients[:-1].T)
            self._head.bias.copy_(output.coefficients[-1])


def left(rows: Objective) -> float:
    """The norm of the rows."""
    with torch.no_grad():
        return float(rows.rows().norm())

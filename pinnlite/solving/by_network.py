"""Networks: output layer by least squares first, then all layers by Gauss-Newton; and modules of the user's own."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from pinnlite.problem.problem import Problem
from pinnlite.solving import by_elements
from pinnlite.solving.dense import gauss_points, rows_on
from pinnlite.solving.gauss_newton import GaussNewton
from pinnlite.solving.lbfgs import LBFGS
from pinnlite.solving.refine import Candidate, Clock
from pinnlite.solving.residuals import Method
from pinnlite.trials.constrained import built_in
from pinnlite.trials.linear import LinearTrial
from pinnlite.trials.module import ModuleTrial

_SIZES = ((16, 40), (20, 60), (24, 90), (32, 140))
_RIDGE = 1e-10  # damping of the first output layer
_NONLINEAR_STEPS = 40
_SCALE = 2.0  # steepness of the first layer per half-width of the domain
_MOST_DENSE = 3000  # parameters up to which a step by a dense Jacobian is quicker than many by gradients


def candidates(
    problem: Problem, tol: float, method: str | Method, seed: int, clock: Clock
) -> Iterator[Candidate]:
    """Ever wider networks of two hidden layers, each from a draw of its own."""
    generator = torch.Generator().manual_seed(seed)
    chosen = GaussNewton(steps=8, damping=1e-8) if isinstance(method, str) else method
    for hidden in _SIZES:
        network = _drawn(problem, hidden, generator)
        points = gauss_points(problem, 2 * hidden[-1] + 40)
        trial = built_in(ModuleTrial(network, problem.unknowns), problem)
        rows = rows_on(problem, trial, points)
        residuals = [_solve_output_layer(network, problem, points, _RIDGE, clock)]
        chosen.minimize(rows, lambda step, loss: clock.spent)
        residuals.append(rows.rows().norm().item())
        residuals.append(_solve_output_layer(network, problem, points, 0.0, clock))
        phases = ", ".join(f"{residual:.1e}" for residual in residuals)
        size = "-".join(map(str, hidden))
        yield Candidate(
            trial, f"network {size}, residual by output layer, all layers, output layer: {phases}"
        )


def _solve_output_layer(
    network: nn.Sequential, problem: Problem, points: Tensor, damping: float, clock: Clock
) -> float:
    """Least squares for the last layer alone; the norm of the residual that is left.

    Damped before the hidden layers are trained: an exact solution has huge coefficients that cancel, and with them
    the slightest step of a hidden layer is out of bounds.
    """
    body, head = network[:-1], network[-1]
    assert isinstance(head, nn.Linear)
    output = LinearTrial(body, head.in_features, problem.unknowns)
    rows = rows_on(problem, built_in(output, problem), points)
    method = GaussNewton(steps=1 if problem.linear else _NONLINEAR_STEPS, damping=damping)
    method.minimize(rows, lambda step, loss: clock.spent)
    with torch.no_grad():
        head.weight.copy_(output.coefficients.T)
        head.bias.zero_()
    return float(rows.rows().detach().norm())


def candidates_from(
    module: nn.Module, problem: Problem, tol: float, method: str | Method, clock: Clock
) -> Iterator[Candidate]:
    """The user's module trained in place, then Legendre elements to check it against."""
    trial = built_in(ModuleTrial(module, problem.unknowns), problem)
    size = sum(p.numel() for p in trial.parameters)
    default = GaussNewton(steps=100) if size <= _MOST_DENSE else LBFGS()
    chosen = default if isinstance(method, str) else method
    rows = rows_on(problem, trial, gauss_points(problem, max(200, min(2 * size, 1000))))
    chosen.minimize(rows, lambda step, loss: clock.spent)
    yield Candidate(trial, f"module of {size} parameters, residual {rows.rows().norm().item():.1e}")
    yield from by_elements.candidates(problem, tol, clock)


def _drawn(problem: Problem, hidden: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
    """A tanh network whose first layer looks at the domain scaled to [-1, 1], its kinks spread over all of it."""
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
    return nn.Sequential(*layers, nn.Linear(hidden[-1], len(problem.unknowns), dtype=torch.float64))

"""Whether rows determine a solution and its parameters: how much of it their least change would move.

Least squares always gives one answer, the shortest of all; where the equations and conditions leave another function
free, an eigenfunction say, that answer is one of many.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.problem import Problem
from pinnlite.solving.dense import CollocationRows, equation_blocks, half_widths
from pinnlite.trials.trial import Trial

MOST = 1e5  # well-posed problems amplify by up to some hundreds, undetermined ones by 1e7 and ever more
_POINTS, _LOOKS = 400, 4
_UNSEEN = 2**40 + 5
# Times the tolerance, and at most: a parameter that changes the rows by less is not determined.
_BLIND, _MOST_BLIND = 10.0, 0.05
_DAMPING = 1e-15  # of |J|_F, as where least squares are solved


def amplification(problem: Problem, trial: Trial, rows: CollocationRows) -> float:
    """Largest change of the mean of u, under random signs, that rows changed by unit length can bring about.

    With J = Q R it is |R^-T g| for a functional g of the parameters, in the unit that an equation has where the
    unknowns are of size 1 and vary over the domain.
    """
    jacobian = torch.cat([block.linearized(trial)[1] for block in rows.blocks])
    X = problem.domain.sample(_POINTS, seed=_UNSEEN)
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(_LOOKS, len(X), generator=generator, dtype=torch.float64)
    weights[0] = 1.0  # slowly varying functions are the ones that are left free most often
    zero = (0,) * X.shape[1]
    keys = [(unknown, zero) for unknown in problem.unknowns]
    with torch.no_grad():
        means = [trial.jacobian(X, dict.fromkeys(keys, w)).sum(0) / len(X) ** 0.5 for w in weights]
    triangle = _triangle(jacobian)
    responses = torch.linalg.solve_triangular(triangle.T, torch.stack(means, 1), upper=False)
    largest: float = responses.norm(dim=0).amax().item()
    return _unit(problem, trial, X) * largest


def are_determined(
    problem: Problem, trial: Trial, rows: CollocationRows, tol: float, observed: float
) -> bool:
    """Whether rows tell a change of the unknown parameters once the functions have followed it.

    With J = Q R, columns of the parameters last, the last block of R is what of them no function makes up for; its
    least singular value is the change of the rows. Where observations weigh less than other rows it is less as well.
    """
    jacobian = torch.cat([block.linearized(trial)[1] for block in rows.blocks])
    sought = problem.unknown_parameters
    X = problem.domain.sample(_POINTS, seed=_UNSEEN)
    zero = (0,) * X.shape[1]
    with torch.no_grad():
        values = trial.partials(X, [(name, zero) for name in (*problem.unknowns, *sought)])
    scale = jacobian.new_tensor([each.scale(values[name, zero][0].item()) for name, each in sought.items()])
    size = max(values[name, zero].square().mean().sqrt().item() for name in problem.unknowns)
    left = _triangle(jacobian)[-len(sought) :, -len(sought) :] * scale
    least: float = torch.linalg.svdvals(left)[-1].item()
    return least > min(_BLIND * tol, _MOST_BLIND) * observed * size * _unit(problem, trial, X)


def _triangle(jacobian: Float[Tensor, "R P"]) -> Float[Tensor, "P P"]:
    """R of its QR, damped: features are dependent."""
    columns = jacobian.shape[1]
    damped = _DAMPING * jacobian.norm() * torch.eye(columns, dtype=jacobian.dtype, device=jacobian.device)
    triangle: Tensor = torch.linalg.qr(torch.cat([jacobian, damped]), mode="r").R
    return triangle


def _unit(problem: Problem, trial: Trial, X: Float[Tensor, "N d"]) -> float:
    """The size of the largest equation where unknowns of size 1 vary over the domain."""
    lengths = half_widths(problem)
    return max(block.terms(trial, lengths)[1] for block in equation_blocks(problem, X))

"""Whether rows determine a solution: how much of it their least change would move.

Least squares always gives one answer, the shortest of all; where the equations and conditions leave another function
free, an eigenfunction say, that answer is one of many.
"""

import torch

from pinnlite.problem.problem import Problem
from pinnlite.solving.dense import CollocationRows, equation_blocks, half_widths
from pinnlite.trials.trial import Trial

MOST = 1e5  # well-posed problems amplify by up to some hundreds, undetermined ones by 1e7 and ever more
_POINTS, _LOOKS = 400, 4
_UNSEEN = 2**40 + 5
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
    columns = jacobian.shape[1]
    damped = _DAMPING * jacobian.norm() * torch.eye(columns, dtype=jacobian.dtype, device=jacobian.device)
    triangle = torch.linalg.qr(torch.cat([jacobian, damped]), mode="r").R
    responses = torch.linalg.solve_triangular(triangle.T, torch.stack(means, 1), upper=False)
    lengths = half_widths(problem)
    unit = max(block.terms(trial, lengths)[1] for block in equation_blocks(problem, X))
    largest: float = responses.norm(dim=0).amax().item()
    return unit * largest

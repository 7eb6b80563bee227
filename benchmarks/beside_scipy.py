"""SciPy beside a solution of ordinary differential equations, in the same process.

Two questions have two answers: what SciPy takes for the error that we happened to reach, and what it takes for the
tolerance that was asked for. The first is the comparison of methods, the second what a user would wait for. SciPy's
seconds leave out what the right side takes, for one written by hand is faster than one read from text.
"""

from typing import Any

import torch

import pinnlite as pl
from pinnlite.verify.effort import reference_effort
from tests.problems.known import Known

# About as near as SciPy's integrators come: for less, all of them climb to their tightest tolerance in vain.
REACH = 1e-12


def beside(known: Known, solution: pl.Solution, error: float) -> dict[str, Any]:
    """SciPy's quickest runs that reach the error of a solution, and its tolerance.

    Errors are not compared below SciPy's reach, nor below the floor of what is known of the problem.
    """
    return {
        "scipy_same_error": _quickest(known, solution, max(error, known.floor, REACH)),
        "scipy_tolerance": _quickest(known, solution, max(solution.tol, known.floor, REACH)),
    }


def _quickest(known: Known, solution: pl.Solution, error: float) -> dict[str, Any]:
    try:
        effort = reference_effort(solution.problem, error, lambda x: known.exact(torch.as_tensor(x)))
    except pl.PinnliteError as reason:
        return {"run": None, "why": str(reason)}
    return {
        "run": str(effort.run),
        "boundary_values": effort.run.method == "solve_bvp",
        "error": effort.error,
        "reached": effort.reached,
        "seconds": effort.seconds,
    }

"""The error of a solution against a reference: a callable, or SciPy's integrators at their tightest."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.differentiation.recording import recording
from pinnlite.errors import ProblemError, ShapeError
from pinnlite.problem.first_order import FirstOrder
from pinnlite.problem.problem import Problem
from pinnlite.trials.elements import Elements
from pinnlite.trials.trial import Approximation
from pinnlite.verify.integrators import Array, BoundaryValues, InitialValues, Run, Values, posed
from pinnlite.verify.quadrature import quadrature

_CELLS = 64  # of the mesh of a guess that brings none of its own
_RTOL = 1e-13  # the tightest at which rounding does not yet drown SciPy's own error estimates
_CHECK_RTOL = 1e-12
_BOUNDARY_TOLS = (1e-4, 1e-6, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12)
_STIFF = 30  # times the evaluations of a rough implicit run: an explicit one that needs more is held up by stability
_ROUNDING = 2e-15


@dataclass(frozen=True)
class Comparison:
    """How far a solution is from a reference, in the relative L2 norm.

    Attributes:
        error: the largest of ``errors``.
        errors: for each unknown ``|u - r| / |r|``, or ``|u|`` where the reference r is zero.
        reference: what it was compared with.
        reference_error: how far a less accurate reference is from this one, which bounds what this one is off; None
            for a callable, which is taken for the truth. An ``error`` below it says no more than that.
        seconds: wall time that the reference took.
    """

    error: float
    errors: dict[str, float]
    reference: str
    reference_error: float | None
    seconds: float

    def __str__(self) -> str:
        each = ", ".join(f"{name} {error:.1e}" for name, error in self.errors.items())
        detail = f" ({each})" if len(self.errors) > 1 else ""
        doubt = "" if self.reference_error is None else f"is itself good to {self.reference_error:.0e} and "
        return (
            f"relative L2 error {self.error:.1e}{detail} against {self.reference}, "
            f"which {doubt}took {self.seconds:.2f} s"
        )


@recording()
def compare(
    problem: Problem,
    trial: Approximation,
    reference: Callable[..., Any] | None = None,
    reached: tuple[float, float] | None = None,
) -> Comparison:
    """Compare a trial with a reference by quadrature on points that no solver used: see ``Solution.compare``."""
    X, weights = quadrature(problem, trial, reached=reached)
    zero = (0,) * len(problem.domain.names)
    with torch.no_grad():
        partials = trial.partials(X, [(name, zero) for name in problem.unknowns])
    values = {name: partials[name, zero] for name in problem.unknowns}
    began = time.perf_counter()
    if reference is None:
        system = _given_to_scipy(problem)
        run, check = tightest(posed(system, reached), trial)
        name, truth = str(run), run.curve(X[:, 0])
        doubt = max(_ROUNDING, *distances(check.curve(X[:, 0]), truth, weights).values())
    else:
        name, doubt = f"the callable {getattr(reference, '__name__', type(reference).__name__)}", None
        truth = asked(reference, problem, X)
    seconds = time.perf_counter() - began
    errors = distances(values, truth, weights)
    return Comparison(max(errors.values()), errors, name, doubt, seconds)


def _given_to_scipy(problem: Problem) -> FirstOrder:
    try:
        return FirstOrder(problem)
    except ProblemError as error:
        call = f"compare(lambda {', '.join(problem.domain.names)}: ...)"
        raise ProblemError(
            f"SciPy's integrators cannot be given this: {error}. Give a reference, as in {call}"
        ) from None


def tightest(posing: InitialValues | BoundaryValues, trial: Approximation | None = None) -> tuple[Run, Run]:
    """The most accurate run that can be had, and one less accurate to tell its error from; the trial is a guess."""
    if isinstance(posing, InitialValues):
        rough, _ = posing.rough
        try:
            run = posing.run("DOP853", _RTOL, most=_STIFF * rough)
            return run, posing.run("DOP853", _CHECK_RTOL)
        except ProblemError:
            return posing.run("LSODA", _RTOL), posing.run("LSODA", _CHECK_RTOL)
    run, mesh = posing.run(_BOUNDARY_TOLS[0], None if trial is None else _guess(posing.system, trial))
    check = run
    for tol in _BOUNDARY_TOLS[1:]:
        try:
            finer, mesh = posing.run(tol, mesh)
        except ProblemError:
            break  # rounding keeps it from any smaller residual
        run, check = finer, run
    return run, check


def _guess(system: FirstOrder, trial: Approximation) -> tuple[Array, Array]:
    """The trial's states on its partition, so that of several solutions the one that is meant is found."""
    low, high = system.problem.domain.intervals[system.problem.domain.names[0]]
    even = torch.linspace(low, high, _CELLS + 1, dtype=torch.float64)
    edges = torch.unique(trial.edges.clamp(low, high)) if isinstance(trial, Elements) else even
    with torch.no_grad():
        partials = trial.partials(edges[:, None], list(system.states))
    return edges.numpy(), np.stack([partials[key].numpy() for key in system.states])


def asked(reference: Callable[..., Any], problem: Problem, X: Float[Tensor, "N d"]) -> Values:
    """Values of a reference that is called like a solution.

    Raises:
        ShapeError: it does not give one value for each point.
        ProblemError: it leaves an unknown out, or a value is not finite.
    """
    if isinstance(reference, nn.Module):  # of points, not of coordinates
        columns = reference(X.to(next(reference.parameters(), X))).reshape(len(X), -1).T
        given: Any = dict(zip(problem.unknowns, columns, strict=False))
    else:
        given = reference(*X.T)
    if not isinstance(given, Mapping):
        given = {problem.unknowns[0]: given}
    missing = [name for name in problem.unknowns if name not in given]
    if missing:
        raise ProblemError(
            f"the reference gives no values of {missing[0]}: return a dict with {', '.join(problem.unknowns)}"
        )
    values: Values = {}
    for name in problem.unknowns:
        value = torch.as_tensor(given[name], dtype=torch.float64).detach().cpu()
        if value.shape != (len(X),):
            raise ShapeError(
                f"the reference gave a tensor of shape {tuple(value.shape)} for {name} at {len(X)} points: "
                f"give one value for each, shape ({len(X)},)"
            )
        if not value.isfinite().all():
            place = X[int((~value.isfinite()).nonzero()[0])].tolist()
            raise ProblemError(f"the reference is not finite at {', '.join(f'{c:g}' for c in place)}")
        values[name] = value
    return values


def distances(values: Values, truth: Values, weights: Float[Tensor, " N"]) -> dict[str, float]:
    """Relative L2 distances by unknown."""
    errors = {}
    for name, known in truth.items():
        distance = (weights * (values[name] - known).square()).sum().sqrt()
        size = (weights * known.square()).sum().sqrt()
        errors[name] = (distance / size if size > 0 else distance).item()
    return errors

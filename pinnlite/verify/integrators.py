"""SciPy's integrators on a problem: initial values by solve_ivp, boundary values by solve_bvp."""

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.problem.equations import Placed
from pinnlite.problem.first_order import FirstOrder
from pinnlite.problem.initial import initial_state

Array = npt.NDArray[np.float64]
Method = Literal["DOP853", "LSODA", "Radau"]
Values = dict[str, Tensor]
Curve = Callable[[Tensor], Values]  # points (N,) of the one coordinate to values (N,) by unknown

# Of rtol times the size of a component, so that one which passes through zero is not pursued there.
_ATOL = 1e-1
_ROUGH = 1e-6  # the tolerance of the run that tells sizes
_ROUGH_POINTS = 500
_MOST_ROUGH = 20_000  # evaluations
_MOST = 400_000
_MOST_NODES = 8_000  # of solve_bvp, which would go on adding them against rounding errors
_NODES = 11  # of the mesh that solve_bvp starts from, unless it is given a guess


@dataclass(frozen=True)
class Run:
    """What an integrator found.

    ``seconds`` is SciPy's own time: what the right side takes is left out, for a right side written by hand takes less
    than one read from text.
    """

    method: str
    tol: float
    curve: Curve = field(repr=False)
    seconds: float
    evaluations: int

    def __str__(self) -> str:
        function, name = ("solve_bvp", "tol") if self.method == "solve_bvp" else ("solve_ivp", "rtol")
        method = "" if self.method == function else f"{self.method}, "
        return f"SciPy's {function} ({method}{name} = {self.tol:.0e})"


class _Exhausted(Exception):
    """The right side was asked for more often than was allowed."""


class _RightSide:
    """f(x, y) for NumPy's arrays, counted and timed; x is a number and y ``(K,)``, or ``(N,)`` and ``(K, N)``."""

    def __init__(self, system: FirstOrder, most: float) -> None:
        self.system, self.most = system, most
        self.count, self.seconds = 0, 0.0
        self.began = time.perf_counter()

    def __call__(self, x: Any, y: Array) -> Array:
        began = time.perf_counter()
        self.count += 1
        if self.count > self.most:
            raise _Exhausted
        places = torch.from_numpy(np.atleast_1d(np.asarray(x, dtype=np.float64)))
        states = torch.from_numpy(np.ascontiguousarray(y)).reshape(len(y), -1)
        slopes: Array = self.system.slopes(places, states).numpy().reshape(y.shape)
        self.seconds += time.perf_counter() - began
        return slopes

    @property
    def others(self) -> float:
        """Seconds since the start that were not spent in here."""
        return time.perf_counter() - self.began - self.seconds


@dataclass(frozen=True, eq=False)
class InitialValues:
    """All conditions at one place: integrated from there to both ends of an interval."""

    system: FirstOrder
    x: float
    state: Float[Tensor, " K"]
    interval: tuple[float, float]

    def run(self, method: Method, rtol: float, most: float = _MOST) -> Run:
        """Integrate by a method of solve_ivp with at most so many evaluations of the right side.

        Raises:
            ProblemError: it does not reach the ends.
        """
        _, sizes = self.rough
        states, right = self._integrate(method, rtol, _ATOL * rtol * sizes, most)
        return Run(method, rtol, _curve(self.system, states), right.others, right.count)

    @cached_property
    def rough(self) -> tuple[int, Array]:
        """How many evaluations a rough run takes, stiff or not, and the largest value of each component on it."""
        rough = np.full(len(self.state), _ROUGH**2)
        try:
            states, right = self._integrate("LSODA", _ROUGH, rough, _MOST_ROUGH)
        except ProblemError:  # near a pole it takes ever smaller steps
            states, right = self._integrate("DOP853", _ROUGH, rough, _MOST_ROUGH)
        sizes = np.abs(states(torch.linspace(*self.interval, _ROUGH_POINTS, dtype=torch.float64))).max(1)
        return right.count, np.where(sizes > 0, sizes, 1.0)

    def _integrate(
        self, method: Method, rtol: float, atol: Array, most: float
    ) -> tuple[Callable[[Tensor], Array], _RightSide]:
        """The states as a function of points, to both sides of the start."""
        right = _RightSide(self.system, most)
        pieces = [self._piece(right, end, method, rtol, atol) for end in self.interval if end != self.x]

        def states(x: Tensor) -> Array:
            places = x.detach().numpy()
            return np.where(places < self.x, pieces[0](places), pieces[-1](places))

        return states, right

    def _piece(
        self, right: _RightSide, end: float, method: Method, rtol: float, atol: Array
    ) -> Callable[[Array], Array]:
        """The solution from the start to one end, as a function of x."""
        from scipy.integrate import solve_ivp

        start = self.system.starting_slope(self.x, self.state, end).numpy()

        def slopes(x: float, y: Array) -> Array:
            return start.copy() if x == self.x and np.array_equal(y, self.state) else right(x, y)

        where = f"SciPy's {method} did not get from {self.x:g} to {end:g}"
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                run = solve_ivp(
                    slopes, (self.x, end), self.state.numpy(), method, rtol=rtol, atol=atol, dense_output=True
                )
        except _Exhausted:
            raise ProblemError(f"{where} in {right.most:g} evaluations of the right side") from None
        except (ValueError, ArithmeticError) as error:  # it met values that are not finite
            raise ProblemError(f"{where}: {error}") from None
        if run.status != 0 or run.sol is None:
            raise ProblemError(f"{where}: {run.message}")
        dense: Callable[[Array], Array] = run.sol
        return dense


@dataclass(frozen=True, eq=False)
class BoundaryValues:
    """Conditions at both ends, for solve_bvp."""

    system: FirstOrder
    ends: tuple[float, float]

    def run(self, tol: float, guess: tuple[Array, Array] | None = None) -> tuple[Run, tuple[Array, Array]]:
        """Solve from a mesh and the states there, zero if there is no guess; the mesh and states come back refined.

        Raises:
            ProblemError: no solution was found.
        """
        from scipy.integrate import solve_bvp

        right = _RightSide(self.system, math.inf)
        mesh, start = guess or (np.linspace(*self.ends, _NODES), np.zeros((len(self.system.states), _NODES)))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                found = solve_bvp(right, self._conditions, mesh, start, tol=tol, max_nodes=_MOST_NODES)
            except (ValueError, ArithmeticError) as error:
                raise ProblemError(f"SciPy's solve_bvp failed at tol = {tol:.0e}: {error}") from None
        if found.status != 0 or not np.isfinite(found.y).all():
            raise ProblemError(f"SciPy's solve_bvp failed at tol = {tol:.0e}: {found.message}")

        def states(x: Tensor) -> Array:
            values: Array = found.sol(x.detach().numpy())
            return values

        run = Run("solve_bvp", tol, _curve(self.system, states), right.others, right.count)
        return run, (found.x, found.y)

    def _conditions(self, low: Array, high: Array) -> Array:
        """Residuals of the conditions from the states at the two ends."""
        residuals = []
        for condition in self.system.problem.conditions:
            values = {
                placed: torch.tensor(
                    [(low if placed[2][0] == self.ends[0] else high)[self.system.states.index(placed[:2])]]
                )
                for placed in condition.wanted
            }
            residuals.append(condition.residual(self.system.problem.parameters, values).item())
        return np.array(residuals)


def _curve(system: FirstOrder, states: Callable[[Tensor], Array]) -> Curve:
    """The unknowns out of the states."""
    rows = {name: system.states.index((name, (0,))) for name in system.problem.unknowns}

    def curve(x: Tensor) -> Values:
        found = states(x)
        return {name: torch.from_numpy(found[row]) for name, row in rows.items()}

    return curve


def posed(system: FirstOrder, reached: tuple[float, float] | None = None) -> InitialValues | BoundaryValues:
    """The problem in the form that SciPy takes; ``reached`` is the part of the domain that is asked about.

    Raises:
        ProblemError: its conditions are neither all at one place nor all at the ends of the domain.
    """
    problem = system.problem
    ends = problem.domain.intervals[problem.domain.names[0]]
    start = initial_state(problem)
    if start is not None:
        return InitialValues(system, *start, reached or ends)
    for condition in problem.conditions:
        if condition.integrals or not all(_at_an_end(placed, system, ends) for placed in condition.wanted):
            raise ProblemError(
                f"SciPy's solve_bvp cannot take the condition '{condition.text}': it takes values and derivatives "
                "below the highest one at the two ends of the domain"
            )
    if len(problem.conditions) != len(system.states):
        raise ProblemError(
            "SciPy's solve_bvp needs as many conditions as the orders of the unknowns add up to"
        )
    return BoundaryValues(system, ends)


def _at_an_end(placed: Placed, system: FirstOrder, ends: tuple[float, float]) -> bool:
    return placed[2][0] in ends and placed[:2] in system.states

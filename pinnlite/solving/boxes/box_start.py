"""Where Newton's method begins: as smooth a function as the conditions allow, for which the equations make sense."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from pinnlite.problem.equations import Equation, Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes.box_rows import BoxRows
from pinnlite.solving.clock import Clock
from pinnlite.trials.boxes import Boxes

_SINGULAR = 1e12  # amplification of noise: the conditions alone do not hold a smooth function


def first_guess(problem: Problem, zero: Boxes, clock: Clock) -> Boxes | None:
    """A function from which Newton's method may begin; None where the equations are not finite for any that is tried.

    It is harmonic, or biharmonic where the order is higher, and meets the conditions: sqrt(u), log(u) and 1/u make
    sense there if they do on the boundary. Where an equation has no slope at u = 0, as u_xx u_yy - u_xy^2 = f has none,
    it is a paraboloid.
    """
    rows = BoxRows(problem, zero.partition, zero.degree, clock)
    if rows.is_flat(zero):
        return zero.bowl()
    return next((guess for guess in _guesses(problem, zero, clock) if rows.is_finite(guess)), None)


def _guesses(problem: Problem, zero: Boxes, clock: Clock) -> Iterator[Boxes]:
    for source in (0.0, -1.0, 1.0):
        solved = BoxRows(
            problem,
            zero.partition,
            zero.degree,
            clock,
            [_smooth(problem, name, source) for name in problem.unknowns],
        ).solve(zero)
        if solved.amplification < _SINGULAR:
            yield replace(solved.boxes, parameters=zero.parameters)
    yield zero
    for sign in (1.0, -1.0):
        ones = {name: own.clone() for name, own in zero.coefficients.items()}
        for own in ones.values():
            own[:, 0] = sign
        yield replace(zero, coefficients=ones)


def _smooth(problem: Problem, name: str, source: float) -> Equation:
    """The sum of the highest even pure derivatives, on the domain's scale, is the source; zero without any."""
    order = max(problem.orders[name])
    order += order % 2
    d = len(problem.domain.names)
    lengths = [(high - low) / 2 for low, high in problem.domain.intervals.values()]
    keys: dict[Key, float] = {
        (name, tuple(order * (i == axis) for i in range(d))): length**order
        for axis, length in enumerate(lengths)
    }

    def residual(places: Values, values: Mapping[Key, Tensor]) -> Tensor:
        terms = torch.stack([size * values[key] for key, size in keys.items()])
        return terms.sum(0) - source

    return Equation(f"{name} is smooth", frozenset(keys), residual, True)

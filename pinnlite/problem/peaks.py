"""Where the text of a problem says that it is narrow: where exp(-...), 1/(1 + ...) and sech are largest, tanh steps.

Of what a callable computes nothing is known but its values: those at many points that stand out.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import torch
from torch import Tensor

from pinnlite.geometry.sampling import box_points
from pinnlite.language.algebra import add, negate, number, power
from pinnlite.language.equation import Statement
from pinnlite.language.expression import Expression
from pinnlite.language.nodes import Call, Node, Number, Power, Product, Symbol
from pinnlite.problem.equations import Equation, Values

_STEPS = 30  # of Newton's method, which needs one where the argument is quadratic
_SETTLED = 1e-12  # of the domain
_MOST = 50  # places
_STEEP = 20.0  # how much the argument of a step changes over half the domain, if it is to be a narrow one
_MANY = 2**15  # points of a source that is no text
# A share of them on either side, and how many times the range of the others they are beyond it.
_USUAL, _FAR = 0.02, 3.0
_LOOKS = 64  # points by which that is seen
_STEPPING = {"tanh", "sigmoid", "erf", "atan", "softplus", "silu", "gelu", "sech", "csch", "cosh", "sinh"}

Interval = tuple[float, float]


def peaks(
    statements: Sequence[Statement], intervals: Mapping[str, Interval], parameters: Mapping[str, float]
) -> tuple[tuple[float, ...], ...]:
    """Points of the box around the domain where arguments of exp and denominators are stationary, and those of steps 0.

    A bump exp(-((x - a)/w)^2) that is narrower than any grid of points has its middle where its argument is largest:
    however small w is, Newton's method finds it. Of tanh((x - a)/w) or sech((x - a)/w) it is where the argument's
    square is least. Coordinates that an argument does not have are taken in the middle.
    """
    names = tuple(intervals)
    found: list[tuple[float, ...]] = []
    for statement in statements:
        for side in (statement.left, statement.right):
            for inner in _narrowing(side, intervals, parameters):
                used = {leaf.name for leaf in inner.leaves if isinstance(leaf, Symbol)}
                if len(used) < len(inner.leaves) or not used & set(names) or used - {*names, *parameters}:
                    continue
                place = _stationary(inner, intervals, parameters)
                if place is not None and place not in found:
                    found.append(place)
    return tuple(found[:_MOST])


def outliers(
    equation: Equation, intervals: Mapping[str, Interval], parameters: Values
) -> tuple[tuple[float, ...], ...]:
    """Where a source, the residual with all unknowns zero, is largest and least, if it is so at few points only."""
    X = box_points(list(intervals.values()), _MANY)
    places = {**parameters, **dict(zip(intervals, X.T, strict=True))}
    source = equation.residual(places, {key: X.new_zeros(len(X)) for key in equation.wanted}).detach()
    if source.shape != (len(X),) or not source.isfinite().all():
        return ()
    low, high = source.quantile(_USUAL), source.quantile(1 - _USUAL)
    found = [(source.argmax(), source.amax() - high), (source.argmin(), low - source.amin())]
    return tuple(tuple(X[at].tolist()) for at, beyond in found if beyond > _FAR * (high - low) and beyond > 0)


def _narrowing(
    node: Node, intervals: Mapping[str, Interval], parameters: Mapping[str, float]
) -> Iterator[Node]:
    """Expressions that are stationary where a tree is narrow; of a product the sum of its factors' besides."""
    if isinstance(node, Call) and node.function == "exp":
        yield negate(node.arguments[0])
    if isinstance(node, Power) and isinstance(node.exponent, Number) and float(node.exponent.value) < 0:
        yield node.base
    if isinstance(node, Call) and node.function in _STEPPING and _is_steep(node, intervals, parameters):
        yield power(node.arguments[0], number(Fraction(2)))
    factors = []
    for child in node.children:
        found = list(_narrowing(child, intervals, parameters))
        factors += found[:1]
        yield from found
    if isinstance(node, Product) and len(factors) > 1:
        yield add(*factors)


def _is_steep(step: Call, intervals: Mapping[str, Interval], parameters: Mapping[str, float]) -> bool:
    """Whether the argument of a step, of coordinates and parameters alone, changes much over the domain."""
    (argument,) = step.arguments
    if not all(
        isinstance(leaf, Symbol) and leaf.name in {*intervals, *parameters} for leaf in argument.leaves
    ):
        return False
    function = Expression(argument, (*intervals, *parameters))
    X = box_points(list(intervals.values()), _LOOKS)
    values = torch.as_tensor(function(**dict(zip(intervals, X.T, strict=True)), **parameters))
    return values.ndim > 0 and bool(values.amax() - values.amin() > 2 * _STEEP)


def _stationary(
    inner: Node, intervals: Mapping[str, Interval], parameters: Mapping[str, float]
) -> tuple[float, ...] | None:
    """Where the slope of an expression vanishes, if that is inside the box: by Newton's method from its middle."""
    names = tuple(intervals)
    function = Expression(inner, (*names, *parameters))
    low, high = torch.tensor(list(intervals.values()), dtype=torch.float64).T
    half = (high - low) / 2

    def value(s: Tensor) -> Tensor:
        x = (low + high) / 2 + half * s
        result = function(**dict(zip(names, x, strict=True)), **parameters)
        return torch.as_tensor(result, dtype=torch.float64).reshape(())

    s = torch.zeros(len(names), dtype=torch.float64)
    for _ in range(_STEPS):
        slope = torch.autograd.functional.jacobian(value, s)  # type: ignore[no-untyped-call]
        curvature = torch.autograd.functional.hessian(value, s)  # type: ignore[no-untyped-call]
        if not (slope.isfinite().all() and curvature.isfinite().all()) or not curvature.any():
            return None
        step = -torch.linalg.pinv(curvature, hermitian=True) @ slope
        s = s + step
        if not s.abs().max() < 2:
            return None
        if step.abs().max() < _SETTLED:
            break
    inside = bool((s.abs() <= 1).all()) and bool(step.abs().max() < 1e-3)
    return tuple(((low + high) / 2 + half * s).tolist()) if inside else None

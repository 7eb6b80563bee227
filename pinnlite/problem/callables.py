"""Statements that text cannot make: Python callables, and where they hold."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from pinnlite.errors import ProblemError


@dataclass(frozen=True, eq=False)
class CallableStatement:
    """A residual as a Python function, before it is known what its arguments are."""

    function: Callable[..., Any]
    fixed: Mapping[str, float] | None  # coordinates that a condition fixes; None for an equation
    part: str | None = None  # of the boundary, where a condition holds on one

    @property
    def text(self) -> str:
        """How messages and results name it."""
        name = getattr(self.function, "__name__", type(self.function).__name__)
        if self.part is not None:
            return f"condition {name} on {self.part}"
        if self.fixed is None:
            return f"equation {name}"
        return f"condition {name} at " + ", ".join(f"{key} = {value:g}" for key, value in self.fixed.items())

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names that it wants to be given."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def kept(self) -> frozenset[str]:
        """Those with a value of their own, which they keep where the problem has none for them."""
        found = inspect.signature(self.function).parameters.items()
        return frozenset(name for name, each in found if each.default is not each.empty)


def equation(function: Callable[..., Any]) -> CallableStatement:
    """An equation as a Python function that returns its residual, left side minus right side, at each point.

    Arguments are matched by name: coordinates and parameters of the problem by theirs, every other name is an unknown
    function, or keeps its default value if it has one. An unknown ``u`` stands for its values ``(N,)``; ``u.x``,
    ``u.xx``, ``u.xt`` are its partials.

    A bump that is narrower than any grid of points is found in a text, from its formula. Of a function nothing is known
    but its values: what is narrower than a ten-thousandth of the domain may be passed over. Write it as text, or solve
    on the two sides of it.

    Args:
        function: from tensors ``(N,)`` to the residual ``(N,)``; its row i may depend on row i of its arguments alone.

    Example:
        >>> import pinnlite as pl
        >>> statement = pl.equation(lambda u, x: u.xx + x * u)
        >>> statement.arguments
        ('u', 'x')
    """
    _check_callable("equation", function)
    return CallableStatement(function, None)


def condition(
    function: Callable[..., Any], on: str | float | None = None, **fixed: float
) -> CallableStatement:
    """A condition as a Python function that returns its residual where some coordinates are fixed, or on a boundary.

    Args:
        function: as for ``equation``; on a boundary ``u.n`` is the derivative along the outward normal.
        on: "boundary", or the name of a part of it.
        fixed: the coordinates that are fixed, and where: ``t=0``.

    Raises:
        ProblemError: it does not say where it holds, or says so twice.

    Example:
        >>> import torch
        >>> import pinnlite as pl
        >>> pl.condition(lambda u, x: u - torch.sin(x), t=0).fixed
        {'t': 0}
        >>> pl.condition(lambda u, x: u.n + u - x, on="boundary").text
        'condition <lambda> on boundary'
    """
    _check_callable("condition", function)
    places: dict[str, Any] = dict(fixed)
    if on is not None and not isinstance(on, str):
        places, on = {**fixed, "on": on}, None  # a coordinate may have that name
    if not places and on is None:
        raise ProblemError('a condition says where it holds: condition(function, x=0), or on="boundary"')
    if places and on is not None:
        raise ProblemError(
            f'a condition holds at a place or on a part of the boundary, not both: leave out on="{on}"'
        )
    for name, value in places.items():
        if not isinstance(value, Real):
            raise ProblemError(
                f"condition: {name}={value!r} is no place: fix {name} to a number, such as {name}=0"
            )
    return CallableStatement(function, places, on)


def _check_callable(verb: str, function: object) -> None:
    if not callable(function):
        raise ProblemError(
            f"{verb} takes a Python function, such as lambda u, x: u.x - u; {function!r} arrived"
        )

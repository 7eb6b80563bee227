"""What a model is fitted to: text, a function or a pair of arrays, as points and values."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError, ShapeError
from pinnlite.language.expression import Expression, parse

# Steps of the golden ratio fill an interval evenly and never meet the points of an even grid.
_GOLDEN = (math.sqrt(5) - 1) / 2
_CHECK_POINTS = 2000


@dataclass(frozen=True)
class Samples:
    """Points and values: those to fit, and those to judge the fit by."""

    x: Float[Tensor, "N d"]
    y: Float[Tensor, "N *m"]
    check_x: Float[Tensor, "M d"]
    check_y: Float[Tensor, "M *m"]
    variable: str = "x"


def sample(target: Any, x: Any, points: Any, like: Tensor) -> Samples:
    """Turn a target into samples of the dtype and device of ``like``.

    Args:
        target: text or a function of one variable, taken at ``points`` even steps over the interval x, ends
            included, and judged at 2,000 other points inside; or a pair of arrays, judged where it is fitted.
        x: the interval (a, b) for text and functions, None for arrays.
        points: how many points to take of text and functions.
        like: a tensor of the dtype and device wanted.

    Raises:
        ProblemError: for an interval that is none, no points, a target of another kind, or values not finite.
        ShapeError: for arrays of different lengths, or a function that does not give one value per point.
    """
    if isinstance(target, str) or callable(target):
        function = _read(target) if isinstance(target, str) else target
        a, b = _interval(x)
        if isinstance(points, bool) or not isinstance(points, int) or points < 1:
            raise ProblemError(f"fit: points must be a whole number of at least 1, got {points!r}")
        grid = torch.linspace(a, b, points, dtype=like.dtype, device=like.device)
        turns = torch.arange(1, _CHECK_POINTS + 1, dtype=torch.float64) * _GOLDEN % 1
        between = (a + (b - a) * turns).to(grid)
        name = function.variables[0] if isinstance(function, Expression) and function.variables else "x"
        values, judged = _values(function, grid), _values(function, between)
        return Samples(grid[:, None], values, between[:, None], judged, name)
    if not isinstance(target, tuple | list) or len(target) != 2:
        raise ProblemError(
            "fit: the target must be text, a function, or a pair of arrays (x, y); "
            f"got {type(target).__name__}. Of a function write fit('sin(x)', ...) or fit(torch.sin, ...)"
        )
    if x is not None:
        raise ProblemError("fit: x=(a, b) is for text and functions; a pair of arrays brings its own points")
    inputs, values = _pair(target[0], target[1], like)
    return Samples(inputs, values, inputs, values)


def _read(text: str) -> Expression:
    expression = parse(text)
    if len(expression.variables) > 1:
        names = ", ".join(expression.variables)
        raise ProblemError(
            f"fit: {text!r} has the variables {names}, and text stands for a function of one; give numbers "
            "to the others with pl.parse(text, name=...), or give arrays (points, values)"
        )
    return expression


def _interval(x: Any) -> tuple[float, float]:
    if x is None:
        raise ProblemError("fit: on which interval? Give it as x=(a, b), for instance x=(-1, 1)")
    try:
        a, b = (float(end) for end in x)
    except (TypeError, ValueError):
        raise ProblemError(f"fit: x must be an interval (a, b) of two numbers, got {x!r}") from None
    if not (math.isfinite(a) and math.isfinite(b)):
        raise ProblemError(f"fit: the interval ({a:g}, {b:g}) must have finite ends")
    if a >= b:
        raise ProblemError(f"fit: the interval ({a:g}, {b:g}) is empty; write the smaller end first")
    return a, b


def _values(function: Callable[[Tensor], Any], x: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    y = function(x)
    if not isinstance(y, Tensor):
        raise ShapeError(f"fit: the function must give a tensor for a tensor, but gave {type(y).__name__}")
    if y.shape not in (x.shape, (*x.shape, 1)):
        raise ShapeError(
            f"fit: the function was given {tuple(x.shape)} points and gave {tuple(y.shape)} values; "
            "it must give one value for each point"
        )
    y = _real(y, x).reshape(x.shape)
    bad = ~y.isfinite()
    if bad.any():
        raise ProblemError(
            f"fit: the target is not finite at x = {x[bad][0].item():g}; choose an interval on which it is"
        )
    return y


def _pair(x: Any, y: Any, like: Tensor) -> tuple[Float[Tensor, "N d"], Float[Tensor, "N *m"]]:
    """Arrays as (N, d) points and (N,) or (N, m) values."""
    inputs, values = _array("x", x, like), _array("y", y, like)
    if len(inputs) != len(values):
        raise ShapeError(
            f"fit: x holds {len(inputs)} points and y holds {len(values)} values; they must be equally long"
        )
    if not len(inputs):
        raise ProblemError("fit: there are no data; x and y are empty")
    for name, array in (("x", inputs), ("y", values)):
        rows = (~array.isfinite()).reshape(len(array), -1).any(1).nonzero()
        if len(rows):
            raise ProblemError(
                f"fit: {name} holds NaN or infinity, first in row {int(rows[0])}; leave such rows out"
            )
    return inputs.reshape(len(inputs), -1), values.squeeze(1) if values.shape[1:] == (1,) else values


def _array(name: str, data: Any, like: Tensor) -> Tensor:
    try:
        # By way of NumPy, since torch would read lists of Python's floats in single precision.
        array = data if isinstance(data, Tensor) else torch.from_numpy(np.array(data, order="C"))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(f"fit: {name} is no array of numbers ({error})") from None
    if array.ndim not in (1, 2) or array.shape[1:] == (0,):
        raise ShapeError(f"fit: {name} must be of shape (N,) or (N, columns), got {tuple(array.shape)}")
    return _real(array, like)


def _real(data: Tensor, like: Tensor) -> Tensor:
    """Data cut off from any graph, in the dtype and on the device of ``like``."""
    if data.is_complex():
        raise ProblemError("fit: complex values cannot be fitted; fit real and imaginary part as two columns")
    return data.detach().to(like)

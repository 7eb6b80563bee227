"""What a Problem is made from: keywords as intervals, numbers and unknowns; statements as text, callables and data."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from pinnlite.errors import ProblemError
from pinnlite.geometry.consistency import check_level
from pinnlite.geometry.domains import Box
from pinnlite.geometry.region import Region
from pinnlite.language.characters import NAME
from pinnlite.language.equation import split_statements
from pinnlite.problem.callables import CallableStatement
from pinnlite.problem.unknown import Data, Unknown

# Options of solve, which a misspelt name may mean.
_OPTIONS = ("tol", "trial", "method", "seed", "progress", "time_limit")


def domain_of(
    on: Region | None, intervals: Mapping[str, tuple[float, float]], parameters: Mapping[str, float]
) -> Region:
    """The region, the box of the intervals, or the product of both."""
    if on is None and not intervals:
        taken = ", ".join(f"{name} = {value:g}" for name, value in parameters.items())
        taken = f"; numbers are for parameters ({taken})" if taken else ""
        raise ProblemError(f"no coordinate has an interval: add one, such as x=(0, 1){taken}")
    if on is None:
        return Box(intervals)
    check_level(on)
    return on * Box(intervals) if intervals else on


def check_used(parameters: Mapping[str, float], texts: Sequence[str]) -> None:
    """A parameter that no statement names is most likely an option misspelt."""
    words = {word for text in texts for word in re.findall(NAME, text)}
    for name in sorted(set(parameters) - words):
        near = [each for each in _OPTIONS if name.startswith(each)]
        near = near or difflib.get_close_matches(name, _OPTIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else "leave it out or use it"
        raise ProblemError(f"the parameter {name} appears in no statement: {hint}")


def sort_names(
    names: Mapping[str, object],
) -> tuple[dict[str, tuple[float, float]], dict[str, float], dict[str, Unknown]]:
    """Keywords are coordinates where their value is an interval, parameters where it is a number or an Unknown."""
    intervals: dict[str, tuple[float, float]] = {}
    parameters: dict[str, float] = {}
    unknowns: dict[str, Unknown] = {}
    for name, given in names.items():
        # An array or a tensor is the numbers that it holds.
        value: Any = given.tolist() if hasattr(given, "tolist") else given
        if isinstance(value, Unknown):
            unknowns[name] = value
        elif isinstance(value, Real):
            parameters[name] = float(value)
        elif isinstance(value, tuple | list) and len(value) == 2 and all(isinstance(v, Real) for v in value):
            intervals[name] = (float(value[0]), float(value[1]))
        else:
            raise ProblemError(
                f"{name}={value!r} is neither an interval (low, high), which makes {name} a coordinate, "
                "nor a number, which makes it a parameter, nor an Unknown"
                + "; a function is called in a callable, pl.equation(lambda u, x: ...)"
                * callable(value)
            )
    for name, number in parameters.items():
        if not math.isfinite(number):
            raise ProblemError(f"the parameter {name} = {number} is not finite")
    return intervals, parameters, unknowns


def sort_statements(
    statements: tuple[object, ...],
) -> tuple[tuple[str, ...], list[CallableStatement], tuple[Data, ...]]:
    """Texts, cut into single statements; callables; observations."""
    texts: list[str] = []
    callables: list[CallableStatement] = []
    data: list[Data] = []
    for statement in statements:
        if isinstance(statement, str):
            texts += split_statements(statement)
        elif isinstance(statement, CallableStatement):
            callables.append(statement)
        elif isinstance(statement, Data):
            data.append(statement)
        else:
            remedy = (
                "give those in it one by one, *statements"
                if isinstance(statement, list | tuple)
                else "wrap a Python function in equation(...) or condition(...)"
            )
            raise ProblemError(
                f"a statement is text, such as \"u'' + u = 0\"; a {type(statement).__name__} arrived ({remedy})"
            )
    if not texts and not callables:
        raise ProblemError("there is no equation: write one, such as \"u'' + u = 0\"")
    return tuple(texts), callables, tuple(data)

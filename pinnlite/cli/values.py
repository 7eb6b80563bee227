"""Numbers, points and intervals as they are typed: every value is an expression, such as 2*pi."""

import math
import re
from collections.abc import Iterator

from pinnlite.errors import ParseError

_MOST_POINTS = 1_000_000
_NAME = re.compile(r"\s*([^\W\d]\w*)\s*=")

Piece = tuple[int, int]
Interval = tuple[float, float]
Points = tuple[str | None, list[float]]


def number(text: str) -> float:
    """A finite number."""
    return _read_number(text, (0, len(text)))


def assignment(text: str) -> tuple[str, float]:
    """``NAME=VALUE``."""
    name, start = _split_name(text)
    if name is None:
        given = text.strip()
        hint = f"write {given}=1" if given.isidentifier() else f"write NAME={given or 1}"
        raise ParseError("a parameter is given by name", text, 1, len(text), hint)
    return name, _read_number(text, (start, len(text)))


def points(text: str) -> Points:
    """``1,2,3`` or ``start:stop:count``, behind ``NAME=`` where there are several variables."""
    name, start = _split_name(text)
    pieces = _split(text, (start, len(text)), ",")
    return name, [value for piece in pieces for value in _read_range(text, piece)]


def domain(text: str) -> tuple[str, Interval]:
    """``NAME=LOW,HIGH``."""
    name, start = _split_name(text)
    ends = list(_split(text, (start, len(text)), ","))
    if name is None or len(ends) != 2:
        hint = "write the coordinate with its two ends, such as x=0,2*pi"
        raise ParseError("this is no interval", text, 1, len(text), hint)
    return name, (_read_number(text, ends[0]), _read_number(text, ends[1]))


def named_text(text: str) -> tuple[str, str]:
    """``NAME=TEXT``."""
    name, start = _split_name(text)
    if name is None or not text[start:].strip():
        raise ParseError("this names no file", text, 1, len(text), "write NAME=FILE, such as u=data.csv")
    return name, text[start:].strip()


def _read_number(text: str, piece: Piece) -> float:
    """The number that a piece of a text stands for; what is wrong is pointed out in the whole text."""
    from pinnlite.language.expression import parse

    start, stop = piece
    try:
        expression = parse(text[start:stop])
    except ParseError as error:
        raise ParseError(error.message, text, error.column + start, error.length, error.hint) from None
    if expression.variables:
        shown = text[start:stop].strip()
        hint = "write a number, such as 0.5, 1e-3 or 2*pi"
        raise ParseError(f"{shown!r} is not a number", text, text.index(shown, start) + 1, len(shown), hint)
    return float(expression())


def _read_range(text: str, piece: Piece) -> list[float]:
    """A single number, or start:stop:count with both ends included."""
    parts = list(_split(text, piece, ":"))
    if len(parts) == 1:
        return [_read_number(text, piece)]
    start, stop = piece
    if len(parts) != 3:
        hint = "evenly spaced points are start:stop:count, such as 0:1:11"
        raise ParseError("this is no range", text, start + 1, stop - start, hint)
    low, high, count = (_read_number(text, part) for part in parts)
    if not (count.is_integer() and 1 <= count <= _MOST_POINTS):
        begin, end = parts[2]
        message = f"the count of points is a whole number from 1 to {_MOST_POINTS:,}"
        raise ParseError(message, text, begin + 1, end - begin, "a range is start:stop:count, such as 0:1:11")
    last = int(count) - 1
    # Both ends weighted, so that 0:1:11 holds 0.3 and not 0.30000000000000004.
    places = [low] if last == 0 else [(low * (last - i) + high * i) / last for i in range(last + 1)]
    if all(map(math.isfinite, places)):
        return places
    return [
        low * (1 - i / last) + high * (i / last) for i in range(last + 1)
    ]  # ends near the largest numbers


def _split_name(text: str) -> tuple[str | None, int]:
    """The name in front of an equals sign, if there is one, and where the rest begins."""
    match = _NAME.match(text)
    return (match[1], match.end()) if match else (None, 0)


def _split(text: str, piece: Piece, separator: str) -> Iterator[Piece]:
    """Cut at separators that stand in no brackets: min(1, 2) is one value."""
    start, stop = piece
    depth = 0
    for place in range(start, stop):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if text[place] == separator and depth == 0:
            yield start, place
            start = place + 1
    yield start, stop

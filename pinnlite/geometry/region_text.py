"""A region as it is printed, read back: names of regions, numbers, and the signs that combine them."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from pinnlite.errors import ParseError, PinnliteError
from pinnlite.geometry.ball import Ball, Disk
from pinnlite.geometry.domains import Box
from pinnlite.geometry.polygon import Polygon
from pinnlite.geometry.region import Region

_MOST_TEXT = 1_000
_DEEPEST = 40
_LARGEST = 1e100
_KINDS: dict[str, Callable[..., Region]] = {"Disk": Disk, "Ball": Ball, "Polygon": Polygon, "Box": Box}
_SIGNS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Add: operator.add,
    ast.Div: operator.truediv,
}
_HINT = "write Disk((0, 0), 1), Ball, Polygon([(0, 0), (1, 0), (0, 1)]) or Box, joined by |, & or -"


def read_region(text: str) -> Region:
    """The region that a text such as ``"Disk((0, 0), 1) - Disk((0.3, 0), 0.2)"`` stands for.

    The text is taken apart by Python's own grammar and never evaluated: only the regions ``Disk``, ``Ball``,
    ``Polygon`` and ``Box``, numbers with ``pi``, and the signs of unions ``|``, differences ``-``, intersections ``&``
    and products ``*`` have a meaning.

    Raises:
        ParseError: the text is no region, or its numbers make none.

    Example:
        >>> str(read_region("Disk((0, 0), 2) - Disk((0, 0), 1/2)"))
        '(Disk((0, 0), 2) - Disk((0, 0), 0.5))'
    """
    if len(text) > _MOST_TEXT:
        raise ParseError(f"a region has at most {_MOST_TEXT} characters", text[:60], 1, 60, _HINT)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ParseError("this is no region", text, 1, len(text), _HINT) from None
    region = _read(tree, text, _DEEPEST)
    if not isinstance(region, Region):
        raise ParseError("this is no region", text, 1, len(text), _HINT)
    return region


def _read(node: ast.AST, text: str, depth: int) -> Any:
    if not depth:
        _refuse(node, text, f"this is nested more than {_DEEPEST} deep")
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number) if abs(number) <= _LARGEST:
            return float(number)
        case ast.Constant(value=str() as name):
            return name
        case ast.Name(id="pi"):
            return math.pi
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [_read(part, text, depth - 1) for part in parts]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _applied(node, text, operator.neg, _read(operand, text, depth - 1))
        case ast.BinOp(op=sign) if type(sign) in _SIGNS:
            return _applied(
                node,
                text,
                _SIGNS[type(sign)],
                _read(node.left, text, depth - 1),
                _read(node.right, text, depth - 1),
            )
        case ast.Call(func=ast.Name(id=kind), args=arguments, keywords=named) if kind in _KINDS:
            values = [_read(part, text, depth - 1) for part in arguments]
            by_name = {str(each.arg): _read(each.value, text, depth - 1) for each in named}
            return _applied(node, text, _KINDS[kind], *values, **by_name)
    return _refuse(node, text, "this is no region and no number")


def _applied(node: ast.AST, text: str, function: Callable[..., Any], *values: Any, **named: Any) -> Any:
    try:
        return function(*values, **named)
    except PinnliteError as error:
        return _refuse(node, text, str(error))
    except (TypeError, ValueError, ArithmeticError):
        return _refuse(node, text, "these do not make a region")


def _refuse(node: ast.AST, text: str, message: str) -> Any:
    start, stop = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None) or len(text)
    raise ParseError(message, text.strip(), start + 1, max(stop - start, 1), _HINT) from None

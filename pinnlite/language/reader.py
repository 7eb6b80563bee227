"""Parse tree to expression tree: meaning, implicit products and the rule that constants are finite reals."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

from lark import Token
from lark.visitors import Transformer_NonRecursive

from pinnlite.errors import ParseError
from pinnlite.language.algebra import MINUS_ONE, add, multiply, negate, number, power
from pinnlite.language.evaluation import constant_value
from pinnlite.language.nodes import Node
from pinnlite.language.tokens import error_at


class Ending(Enum):
    """What a part of the text ends in, which decides whether an implicit product may follow."""

    NUMBER = auto()
    BRACKET = auto()
    NAME = auto()
    EXPONENT = auto()
    OPERAND = auto()


@dataclass(frozen=True)
class Part:
    """A node and where in the text it stands; ``pieces`` are the factors of an implicit product."""

    node: Node
    start: int
    stop: int
    ending: Ending = Ending.NAME
    pieces: "tuple[Part, ...]" = ()


@runtime_checkable
class Scope(Protocol):
    """What the names of a text mean."""

    def name(self, token: Token) -> Node:
        """The meaning of a plain name."""
        ...

    def call(self, token: Token, arguments: tuple[Part, ...], stop: int) -> Node:
        """The meaning of a name followed by arguments in brackets that end at ``stop``."""
        ...

    def differentiated(self, operator: Token, part: Part) -> Node:
        """The meaning of an operator such as _xx, d/dx or Δ beside what it differentiates."""
        ...


class Reader(Transformer_NonRecursive):  # type: ignore[type-arg]
    """One method for each rule of the grammar; parts are read from left to right."""

    def __init__(self, text: str, scope: Scope) -> None:
        super().__init__()
        self.text, self.scope = text, scope

    def number(self, children: list[Any]) -> Part:
        """Whole numbers exactly, others as the nearest float64."""
        (token,) = children
        value = float(token)
        start, stop = _span(token)
        if value == 0 and any(digit in "123456789" for digit in token.lower().split("e")[0]):
            raise self._error(
                start, stop, "the number is too small for float64", "the smallest is about 5e-324"
            )
        exact = Fraction(int(token)) if token.isdigit() and value < 1e15 else value
        return self._part(lambda: number(exact), start, stop, Ending.NUMBER)

    def name(self, children: list[Any]) -> Part:
        """A name without brackets."""
        (token,) = children
        ending = Ending.BRACKET if token == "π" else Ending.NAME  # sin(2πx) has one reading
        return Part(self.scope.name(token), *_span(token), ending)

    def bracket(self, children: list[Any]) -> Part:
        """An expression in brackets."""
        left, part, right = children
        return Part(part.node, _span(left)[0], _span(right)[1], Ending.BRACKET)

    def call(self, children: list[Any]) -> Part:
        """A name with arguments, brackets and commas among them."""
        name, arguments = children[0], tuple(part for part in children if isinstance(part, Part))
        start, stop = _span(name)[0], _span(children[-1])[1]
        return self._part(lambda: self.scope.call(name, arguments, stop), start, stop, Ending.BRACKET)

    def differentiated(self, children: list[Any]) -> Part:
        """(u**2)_xx and (u**2)''."""
        part, token = children
        return self._differentiated(token, part, part.start, _span(token)[1], Ending.BRACKET)

    def operated(self, children: list[Any]) -> Part:
        """d/dx(u**2) and Δu."""
        token, part = children
        return self._differentiated(token, part, _span(token)[0], part.stop, Ending.OPERAND)

    def quotient(self, children: list[Any]) -> Part:
        """d(u**2)/dx."""
        above, left, inner, right, below = children
        start, stop = _span(above)[0], _span(below)[1]
        token = Token("OPERATOR", "".join(f"{above}{below}".split()), start_pos=start, end_pos=stop)
        part = Part(inner.node, _span(left)[0], _span(right)[1], Ending.BRACKET)
        return self._differentiated(token, part, start, stop, Ending.BRACKET)

    def _differentiated(self, token: Token, part: Part, start: int, stop: int, ending: Ending) -> Part:
        return self._part(lambda: self.scope.differentiated(token, part), start, stop, ending)

    def superscript(self, children: list[Any]) -> Part:
        """x² and the like."""
        base, token = children
        self._check_base(base, token)
        size = int("".join(str(unicodedata.digit(digit)) for digit in token.lstrip("⁻")))
        exponent = number(Fraction(-size if token[0] == "⁻" else size))
        return self._part(lambda: power(base.node, exponent), base.start, _span(token)[1], Ending.BRACKET)

    def raised(self, children: list[Any]) -> Part:
        """x**2 or x^2."""
        base, sign, exponent = children
        self._check_base(base, sign)
        ending = Ending.BRACKET if exponent.ending is Ending.BRACKET else Ending.EXPONENT
        return self._part(lambda: power(base.node, exponent.node), base.start, exponent.stop, ending)

    def sign(self, children: list[Any]) -> Part:
        """A leading sign."""
        token, part = children
        node = negate(part.node) if token.type == "MINUS" else part.node
        return Part(node, _span(token)[0], part.stop, part.ending)

    def adjacent(self, factors: list[Part]) -> Part:
        """An implicit product."""
        for left, right in pairwise(factors):
            self._check_adjacent(left, right)
        start, stop = factors[0].start, factors[-1].stop
        nodes = [factor.node for factor in factors]
        part = self._part(lambda: multiply(*nodes), start, stop, factors[-1].ending)
        return Part(part.node, start, stop, part.ending, tuple(factors))

    def product(self, parts: list[Any]) -> Part:
        """Factors and divisors with the tokens between them, all at once so that long products do not nest."""
        first, last = parts[0], parts[-1]
        nodes = [first.node]
        for operator, part in zip(parts[1::2], parts[2::2], strict=True):
            if operator.type == "SLASH":
                self._check_divisor(first.start, _span(operator)[0], part)
            nodes.append(self._inverse(part) if operator.type == "SLASH" else part.node)
        return self._part(lambda: multiply(*nodes), first.start, last.stop)

    def _inverse(self, part: Part) -> Node:
        return self._part(lambda: power(part.node, MINUS_ONE), part.start, part.stop).node

    def sum(self, parts: list[Any]) -> Part:
        """Terms with the tokens between them."""
        nodes = [parts[0].node]
        for operator, part in zip(parts[1::2], parts[2::2], strict=True):
            nodes.append(negate(part.node) if operator.type == "MINUS" else part.node)
        return self._part(lambda: add(*nodes), parts[0].start, parts[-1].stop)

    def _part(self, build: Callable[[], Node], start: int, stop: int, ending: Ending = Ending.NAME) -> Part:
        """Build a node and make sure that a constant is a finite real number."""
        try:
            node = build()
            if not node.leaves:
                constant_value(node)
            return Part(node, start, stop, ending)
        except ZeroDivisionError:
            message = "division by zero"
        except OverflowError:
            message = "this constant is too large or too small for float64"
        except ValueError:
            message = "this constant is not a finite real number"
        raise self._error(start, stop, message, "constants must be finite reals")

    def _check_base(self, base: Part, power_sign: Token) -> None:
        if base.ending is Ending.OPERAND:
            stop = _span(power_sign)[1]
            message = f"{self.text[base.start : stop]!r} can be read in two ways"
            raise self._error(base.start, stop, message, "put brackets around what is raised to the power")

    def _check_adjacent(self, left: Part, right: Part) -> None:
        """An implicit product is read only where no other reading comes to mind."""
        one, two = self._text(left), self._text(right)
        if left.ending is Ending.EXPONENT:
            hint = f"write {one}*{two} for the product, or put the exponent in brackets"
            raise self._error(left.start, right.stop, f"{one + two!r} can be read in two ways", hint)
        if (
            right.ending is Ending.NUMBER
            or left.ending in {Ending.NAME, Ending.OPERAND}
            or two[0] in ".0123456789"
        ):
            hint = f"for a product write {one}*{two}"
            if left.ending is Ending.BRACKET:
                hint += f", for a power {one}**{two}"
            raise self._error(right.start, right.stop, f"an operator is missing before {two!r}", hint)

    def _check_divisor(self, start: int, slash: int, divisor: Part) -> None:
        if not divisor.pieces:
            return
        above = self.text[start:slash].strip()
        first, *others = (self._text(piece) for piece in divisor.pieces)
        rest = "*".join(others)
        raise self._error(
            start,
            divisor.stop,
            f"{self.text[start : divisor.stop]!r} can be read in two ways",
            f"write ({above}/{first})*{rest} or {above}/({first}*{rest})",
        )

    def _text(self, part: Part) -> str:
        return self.text[part.start : part.stop]

    def _error(self, start: int, stop: int, message: str, hint: str) -> ParseError:
        return error_at(self.text, start, stop, message, hint)


def _span(token: Token) -> tuple[int, int]:
    assert token.start_pos is not None
    assert token.end_pos is not None
    return token.start_pos, token.end_pos

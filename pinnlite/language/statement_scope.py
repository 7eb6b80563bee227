"""What names mean in the statements of a problem: coordinates, parameters, unknown functions and their places."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches

import torch
from lark import Token

from pinnlite.errors import ParseError
from pinnlite.language.algebra import ZERO, add
from pinnlite.language.calculus import OPERATORS, Calculus
from pinnlite.language.evaluation import constant_value, evaluate
from pinnlite.language.names import (
    apply_function,
    canonical,
    constant,
    refuse_bare,
    refuse_product,
)
from pinnlite.language.nodes import Gradient, Integral, Node, NormalDerivative, Partial, PointPartial, Symbol
from pinnlite.language.notation import TIME, Derivative, Misread, Notation
from pinnlite.language.reader import Part
from pinnlite.language.structure import deep_leaves
from pinnlite.language.tokens import at_token, error_at
from pinnlite.language.unknowns import INTEGRAL, read_derivative


class StatementScope:
    """Names of one statement."""

    def __init__(
        self,
        text: str,
        notation: Notation,
        parameters: Mapping[str, int | float | None],
        unknowns: frozenset[str],
    ) -> None:
        self.text, self.notation = text, notation
        self.parameters, self.unknowns = parameters, unknowns
        self.calculus = Calculus(notation.coordinates)
        self._vectors: dict[Node, Token] = {}  # and where they stand

    def name(self, token: Token) -> Node:
        """A coordinate, a parameter, an unknown, a derivative or a constant."""
        name = canonical(token)
        if name in self.notation.taken:
            return Symbol(name)
        derivative = self._unknown(token)
        if derivative:
            return _at_the_point(derivative)
        known = constant(name)
        if known:
            return known
        raise refuse_bare(self.text, token) or self._unknown_name(token)

    def call(self, token: Token, arguments: tuple[Part, ...], stop: int) -> Node:
        """An unknown at a place, an integral or a function."""
        name = canonical(token)
        if name in self.notation.taken:
            kind = "coordinate" if name in self.notation.coordinates else "number"
            raise refuse_product(self.text, token, kind)
        derivative = self._unknown(token)
        if derivative:
            return self._at_a_place(token, derivative, arguments, stop)
        if name == INTEGRAL:
            return self._integral(token, arguments, stop)
        if name in OPERATORS:
            nodes = tuple(part.node for part in arguments)
            return self._calculated(token, stop, lambda: self.calculus.apply(name, nodes))
        return apply_function(self.text, token, arguments, stop, self.notation.taken)

    def differentiated(self, operator: Token, part: Part) -> Node:
        """An expression that is differentiated as a whole."""
        start, stop = min(operator.start_pos or 0, part.start), max(operator.end_pos or 0, part.stop)
        if "/" in operator and self.text[part.start] != "(":
            hint = f"write {operator}({self.text[part.start : part.stop]})"
            message = f"{str(operator)!r} needs what it differentiates in brackets"
            raise at_token(self.text, operator, message, hint)
        try:
            meaning = self.notation.operator(str(operator))
        except Misread as misread:
            raise at_token(self.text, operator, *misread.args) from None
        if isinstance(meaning, str):
            return self._calculated(operator, stop, lambda: self.calculus.apply(meaning, (part.node,)))
        return self._calculated(
            operator, stop, lambda: self.calculus.differentiate(part.node, meaning), start
        )

    def refuse_vectors(self, *sides: Node) -> None:
        """Raise ParseError at a gradient that is left over."""
        for vector in deep_leaves(add(*sides)).intersection(self._vectors):
            message = "a gradient is a vector, and a statement is about numbers"
            hint = "write div(k*grad(u)), dot(grad(u), grad(v)), or its components u_x, u_y"
            raise at_token(self.text, self._vectors[vector], message, hint)

    def _calculated(
        self, token: Token, stop: int, calculate: Callable[[], Node], start: int | None = None
    ) -> Node:
        try:
            node = calculate()
        except Misread as misread:
            where = (token.start_pos or 0) if start is None else start
            raise error_at(self.text, where, stop, *misread.args) from None
        if isinstance(node, Gradient):
            self._vectors[node] = token
        return node

    def is_normal(self, token: Token) -> bool:
        """Whether a name is a normal derivative."""
        derivative = self._unknown(token)
        return derivative is not None and derivative.index is None

    def _unknown(self, token: Token) -> Derivative | None:
        name = canonical(token)
        if name in self.unknowns:
            return Derivative(name, (0,) * len(self.notation.coordinates))
        return read_derivative(self.text, token, self.notation)

    def _at_a_place(
        self, token: Token, derivative: Derivative, arguments: tuple[Part, ...], stop: int
    ) -> Node:
        coordinates = self.notation.coordinates
        usual = f"{derivative.unknown}({', '.join(coordinates)})"
        if derivative.index is None or len(arguments) != len(coordinates):
            given = f"{len(arguments)} value{'s' * (len(arguments) != 1)}"
            message = f"{str(token)!r} is given {given}, and the coordinates are {', '.join(coordinates)}"
            hint = f"a place is written as in {usual}, each coordinate fixed to a number or left as it is"
            raise error_at(self.text, token.start_pos or 0, stop, message, hint)
        at = tuple(self._place(part, name, usual) for part, name in zip(arguments, coordinates, strict=True))
        if all(value is None for value in at):
            return _at_the_point(derivative)
        return PointPartial(derivative.unknown, derivative.index, at)

    def _place(self, part: Part, coordinate: str, usual: str) -> float | None:
        """The number that a coordinate is fixed to, or None where it stays free."""
        if part.node == Symbol(coordinate):
            return None
        if not part.node.leaves:
            return constant_value(part.node)
        names = {leaf.name if isinstance(leaf, Symbol) else "" for leaf in part.node.leaves}
        shown = self.text[part.start : part.stop]
        if not names <= set(self.parameters):
            message = f"{shown!r} is no place: {coordinate!r} can be left as it is or fixed to a number"
            raise self._at_part(
                part, message, f"for a product write *; the order of the coordinates is {usual}"
            )
        values = {}
        for name in sorted(names):
            value = self.parameters[name]
            if value is None:
                raise self._at_part(
                    part, f"{name!r} has no value yet, and a place needs one", f"give {name} a number"
                )
            values[Symbol(name)] = torch.tensor(float(value), dtype=torch.float64)
        place = float(evaluate(part.node, values))
        if not abs(place) < float("inf"):
            raise self._at_part(part, f"{shown!r} is not a finite real number", "a place needs one")
        return place

    def _integral(self, token: Token, arguments: tuple[Part, ...], stop: int) -> Node:
        """integral(f, x), integral(f, x, y); integral(f) over all coordinates where time is none of several."""
        coordinates = self.notation.coordinates
        integrand, *over = [part.node for part in arguments] or [ZERO]
        named = [each.name for each in over if isinstance(each, Symbol) and each.name in coordinates]
        if not over and (TIME not in coordinates or len(coordinates) == 1):
            named = list(coordinates)
        if isinstance(integrand, Integral) and not set(named) & set(integrand.coordinates):
            named += integrand.coordinates
            integrand = integrand.integrand
        inside = any(isinstance(leaf, Integral) for leaf in integrand.leaves)
        if arguments and len(set(named)) >= max(len(over), 1) and not inside:
            return Integral(integrand, tuple(name for name in coordinates if name in named))
        hint = f"write integral(u, {', '.join(coordinates)}): over the whole domain of the coordinates named"
        message = "'integral' takes an expression, itself without integrals, and coordinates"
        raise error_at(self.text, token.start_pos or 0, stop, message, hint)

    def _at_part(self, part: Part, message: str, hint: str) -> ParseError:
        return error_at(self.text, part.start, part.stop, message, hint)

    def _unknown_name(self, token: Token) -> ParseError:
        name = canonical(token)
        hint = self._meant(name) or self._stray(token)
        if hint:
            return at_token(self.text, token, f"unknown name {name!r}", hint)
        known = sorted(self.notation.taken | self.unknowns)
        alike = [each for each in known if each.casefold() == name.casefold()]
        close = alike or get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f"did you mean {close[0]!r}? If not, " if close else ""
        hint += f"give it a value, {name}=0.1, or say {name}=pl.Unknown(...)"
        hint += f"; an unknown function is written {name}({', '.join(self.notation.coordinates)}) once"
        return at_token(self.text, token, f"unknown name {name!r}", hint)

    def _stray(self, token: Token) -> str | None:
        """What to do about du/dx where x is no coordinate."""
        below = re.match(r"[d∂][^\W\d]*/[d∂]([^\W\d]+)", self.text[token.start_pos :])
        coordinates = " or ".join(self.notation.coordinates)
        return below and f"give {below[1]} an interval, or differentiate by {coordinates}"

    def _meant(self, name: str) -> str | None:
        """What a name is likely to stand for, if it is no forgotten parameter."""
        if name in {"i", "j", "I", "J"}:
            return (
                f"give {name} a value, {name}=2; if the imaginary unit is meant, write two real fields: "
                "with u = v + i*w the equation i*u_t = u_xx is v_t = w_xx; w_t = -v_xx"
            )
        coordinates = self.notation.coordinates
        for unknown in sorted(self.unknowns, key=len, reverse=True):
            rest = name.removeprefix(unknown)
            if rest == name or not rest:
                continue
            if self.notation.read(f"{unknown}_{rest}"):
                return f"did you mean {unknown}_{rest}?"
            if rest[0] == "_":
                by = f"a derivative of {unknown} is by {' or '.join(coordinates)}, as in {unknown}_{coordinates[0]}"
                other = set(rest[1:]) - set(coordinates)
                return f"{by}; or give {other.pop()} an interval as well" if len(other) == 1 else by
        known = self.notation.taken | self.unknowns | {"π", "pi"}
        for cut in range(1, len(name)):
            if name[:cut] in known and name[cut:] in known:
                return f"for a product write {name[:cut]}*{name[cut:]}"
        return None


def _at_the_point(derivative: Derivative) -> Node:
    if derivative.index is None:
        return NormalDerivative(derivative.unknown)
    return Partial(derivative.unknown, derivative.index)

"""What names mean in the statements of a problem: coordinates, parameters, unknown functions and their places."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches

import torch
from lark import Token

from pinnlite.errors import ParseError
from pinnlite.language.algebra import ZERO, add
from pinnlite.language.calculus import OPERATORS, Calculus
from pinnlite.language.derivative import MAX_ORDER
from pinnlite.language.evaluation import constant_value, evaluate
from pinnlite.language.names import (
    FUNCTION_NAMES,
    apply_function,
    canonical,
    constant,
    is_near_function,
    refuse_bare,
)
from pinnlite.language.nodes import Gradient, Integral, Node, NormalDerivative, Partial, PointPartial, Symbol
from pinnlite.language.notation import TIME, Derivative, Misread, Notation
from pinnlite.language.reader import Part
from pinnlite.language.structure import deep_leaves
from pinnlite.language.tokens import at_token, error_at

_INTEGRAL = "integral"


def find_unknowns(texts: Iterable[tuple[str, list[Token]]], notation: Notation) -> frozenset[str]:
    """The unknown functions of a problem: names that carry a derivative somewhere or are called at a place."""
    unknowns, called = set(), set()
    for text, tokens in texts:
        for token in tokens:
            if token.type not in {"NAME", "CALLED"}:
                continue
            derivative = _read_derivative(text, token, notation)
            if derivative:
                unknowns.add(derivative.unknown)
            elif token.type == "CALLED" and canonical(token) not in notation.taken:
                called.add(canonical(token))
    functions = FUNCTION_NAMES | OPERATORS | {_INTEGRAL}
    unknowns |= {name for name in called - functions if not is_near_function(name)}
    operands = [names for text, tokens in texts for names in _operands(text, tokens, notation)]
    for names in sorted(operands, key=len):  # the innermost first
        if not names & unknowns:  # (k*u_x)_x differentiates u, and k has been forgotten
            unknowns |= {
                n for n in names - notation.taken - functions if n.isidentifier() and not constant(n)
            }
    return frozenset(unknowns)


def _operands(text: str, tokens: list[Token], notation: Notation) -> Iterator[set[str]]:
    """The names in each expression that is differentiated as a whole, u for u_x."""

    def names(inner: list[Token]) -> set[str]:
        found = [token for token in inner if token.type in {"NAME", "CALLED"}]
        derivatives = [_read_derivative(text, token, notation) for token in found]
        pairs = zip(derivatives, found, strict=True)
        return {each.unknown if each else canonical(token) for each, token in pairs}

    opened: list[int] = []
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else token
        if token.type == "OPEN":
            opened.append(i)
        elif token.type == "CLOSE":
            start = opened.pop()
            front = tokens[start - 1] if start else token
            differentiates = front.type in {"OPERATOR", "ABOVE"} or front in OPERATORS
            if differentiates or (i + 1 < len(tokens) and tokens[i + 1].type == "SUFFIX"):
                yield names(tokens[start:i])
        elif token.type == "NAME" and before.type == "OPERATOR":
            yield names([token])


def find_algebraic(
    texts: Iterable[tuple[str, list[Token], bool]], notation: Notation, unknowns: frozenset[str]
) -> frozenset[str]:
    """Names without a value that can only be unknown functions of which no derivative is taken.

    So it is where there are equations for exactly these functions besides those for the others: in
    x' = -x + y, y^3 + y = x the name y is one, while in x' = -k*x the parameter k has been forgotten. With each text
    comes whether it may be an equation, which it is not if it says where it holds.
    """
    strangers, equations = set(), 0
    for text, tokens, pointwise in texts:
        plain = [token for token in tokens if token.type == "NAME"]
        names = {canonical(token) for token in plain if not _read_derivative(text, token, notation)}
        names -= notation.taken | unknowns | FUNCTION_NAMES
        strangers |= {name for name in names if not constant(name)}
        called = [token for token in tokens if token.type == "CALLED"]
        fixed = any(
            canonical(t) in unknowns | {_INTEGRAL} or _read_derivative(text, t, notation) for t in called
        )
        equations += pointwise and not fixed
    enough = unknowns and len(strangers) == equations - len(unknowns)
    return frozenset(strangers) if enough else frozenset()


def _read_derivative(text: str, token: Token, notation: Notation) -> Derivative | None:
    try:
        derivative = notation.read(str(token))
    except Misread as misread:
        raise at_token(text, token, *misread.args) from None
    if derivative and derivative.unknown in notation.taken:
        kind = "coordinate" if derivative.unknown in notation.coordinates else "parameter"
        message = f"{derivative.unknown!r} is a {kind}, which has no derivative here"
        raise at_token(text, token, message, "an unknown function needs a name of its own")
    if derivative and derivative.index and sum(derivative.index) > MAX_ORDER:
        message = f"the order of this derivative is {sum(derivative.index)}, and the limit is {MAX_ORDER}"
        raise at_token(text, token, message, "write a system: v = u' and so on")
    return derivative


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
            raise at_token(
                self.text, token, f"{name!r} is a {kind} here", f"for a product write {name}*(...)"
            )
        derivative = self._unknown(token)
        if derivative:
            return self._at_a_place(token, derivative, arguments, stop)
        if name == _INTEGRAL:
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
        return _read_derivative(self.text, token, self.notation)

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
        hint = self._meant(name)
        if hint:
            return at_token(self.text, token, f"unknown name {name!r}", hint)
        known = sorted(self.notation.taken | self.unknowns)
        alike = [each for each in known if each.casefold() == name.casefold()]
        close = alike or get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f"did you mean {close[0]!r}? If not, " if close else ""
        hint += f"give it a value, {name}=0.1, or say {name}=pl.Unknown(...)"
        hint += f"; an unknown function is written {name}({', '.join(self.notation.coordinates)}) once"
        return at_token(self.text, token, f"unknown name {name!r}", hint)

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
                return f"a derivative of {unknown} is by {' or '.join(coordinates)}, as in {unknown}_{coordinates[0]}"
        known = self.notation.taken | self.unknowns | {"π", "pi"}
        for cut in range(1, len(name)):
            if name[:cut] in known and name[cut:] in known:
                return f"for a product write {name[:cut]}*{name[cut:]}"
        return None


def _at_the_point(derivative: Derivative) -> Node:
    if derivative.index is None:
        return NormalDerivative(derivative.unknown)
    return Partial(derivative.unknown, derivative.index)

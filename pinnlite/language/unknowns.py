"""Which names are the unknown functions of a problem: found from all of its statements, before any of them is read."""

from collections.abc import Iterable, Iterator

from lark import Token

from pinnlite.language.calculus import OPERATORS
from pinnlite.language.derivative import MAX_ORDER
from pinnlite.language.names import FUNCTION_NAMES, canonical, constant, is_near_function, suggest_function
from pinnlite.language.notation import Derivative, Misread, Notation
from pinnlite.language.tokens import at_token

INTEGRAL = "integral"


def find_unknowns(texts: Iterable[tuple[str, list[Token]]], notation: Notation) -> frozenset[str]:
    """The unknown functions of a problem: names that carry a derivative somewhere or are called at a place."""
    unknowns, called = set(), set()
    for text, tokens in texts:
        for token in tokens:
            if token.type not in {"NAME", "CALLED"}:
                continue
            derivative = read_derivative(text, token, notation)
            if derivative:
                unknowns.add(derivative.unknown)
            elif token.type == "CALLED" and canonical(token) not in notation.taken:
                called.add(canonical(token))
    functions = FUNCTION_NAMES | OPERATORS | {INTEGRAL}
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
        derivatives = [read_derivative(text, token, notation) for token in found]
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
        names = {canonical(token) for token in plain if not read_derivative(text, token, notation)}
        names -= notation.taken | unknowns | FUNCTION_NAMES
        strangers |= {name for name in names if not constant(name)}
        called = [token for token in tokens if token.type == "CALLED"]
        fixed = any(
            canonical(t) in unknowns | {INTEGRAL} or read_derivative(text, t, notation) for t in called
        )
        equations += pointwise and not fixed
    enough = unknowns and len(strangers) == equations - len(unknowns)
    return frozenset(strangers) if enough else frozenset()


def refuse_strange_calls(
    texts: Iterable[tuple[str, list[Token], bool]], notation: Notation, unknowns: frozenset[str]
) -> None:
    """Raise ParseError at a call such as foo(u) where there is an equation for every other unknown function.

    Nothing is said of a name that carries a derivative somewhere, or is called at a place in a condition.
    """
    derived, equations = set(), 0
    called: dict[str, tuple[str, Token]] = {}
    placed = set()
    for text, tokens, pointwise in texts:
        fixed, everywhere = False, False
        at_places = set()
        for i, token in enumerate(tokens):
            if token.type not in {"NAME", "CALLED"}:
                continue
            derivative = read_derivative(text, token, notation)
            name = derivative.unknown if derivative else canonical(token)
            if derivative or token.type == "NAME":
                derived |= {name} & unknowns
                everywhere |= token.type == "NAME" and name in unknowns
            if token.type == "CALLED" and (name in unknowns or name == INTEGRAL):
                at_a_place = name == INTEGRAL or _is_fixed(tokens[i + 1 :], notation)
                fixed |= at_a_place or derivative is not None
                at_places |= {name} if at_a_place else set()
                called.setdefault(name, (text, token))
        equations += pointwise and not fixed
        placed |= set() if everywhere else at_places
    strange = set(called) & unknowns - derived - placed
    if derived and strange and equations <= len(derived):
        name = min(strange)
        arguments = ", ".join([*sorted(derived), *notation.coordinates])
        hint = (
            f"{suggest_function(name, notation.taken)}; a function of your own is Python's, in a callable: "
            f"pl.equation(lambda {arguments}: ...)"
        )
        raise at_token(*called[name], f"there is no function {name!r}", hint)


def _is_fixed(tokens: list[Token], notation: Notation) -> bool:
    """Whether one of the arguments, from the opening bracket on, is a number: free of coordinates and unknowns."""
    depth, free = 0, True
    for token in tokens:
        depth += (token.type == "OPEN") - (token.type == "CLOSE")
        if depth == 0 or (depth == 1 and token.type == "COMMA"):
            if free and tokens[1].type != "CLOSE":
                return True
            if depth == 0:
                break
            free = True
        elif token.type == "NAME":
            name = canonical(token)
            free &= name not in notation.coordinates and (
                name in notation.taken or constant(name) is not None
            )
    return False


def read_derivative(text: str, token: Token, notation: Notation) -> Derivative | None:
    """A token as a derivative, or None if it is a plain name.

    Raises:
        ParseError: it is a derivative that makes no sense here.
    """
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

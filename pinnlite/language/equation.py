"""Statements: equations and conditions, from text to residual trees."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lark import Token

from pinnlite.language.algebra import subtract
from pinnlite.language.evaluation import Program, compile_tree
from pinnlite.language.latex import to_latex
from pinnlite.language.nodes import Integral, Leaf, Node, NormalDerivative, Partial, PointPartial
from pinnlite.language.notation import Notation
from pinnlite.language.parser import not_finite, parse_tokens
from pinnlite.language.statement_scope import StatementScope
from pinnlite.language.structure import deep_leaves, unknown_leaves
from pinnlite.language.text import to_text
from pinnlite.language.tokens import at_token, error_at, tokenize
from pinnlite.language.unknowns import find_algebraic, find_unknowns, refuse_strange_calls

_OPERATORS = "=+-−*·×⋅/^("  # after which, or before which, a statement goes on in another line


@dataclass(frozen=True)
class Statement:
    """One equation or condition, ``left = right``.

    ``residual`` is left - right. Its leaves are Symbol (a coordinate or a parameter), Partial (an unknown or its
    derivative at the point itself), PointPartial (the same at a place), NormalDerivative and Integral; ``program``
    computes it from their values. ``region`` is the NAME of ``on NAME``.
    """

    text: str
    left: Node
    right: Node
    coordinates: tuple[str, ...]
    region: str | None
    residual: Node = field(init=False, repr=False)
    program: Program = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "residual", subtract(self.left, self.right))
        object.__setattr__(self, "program", compile_tree(self.residual))

    @property
    def is_condition(self) -> bool:
        """Whether it speaks of a place, a boundary or the whole domain instead of each point."""
        fixed = (PointPartial, Integral, NormalDerivative)
        return self.region is not None or any(isinstance(leaf, fixed) for leaf in self._all_leaves)

    @property
    def unknown_leaves(self) -> frozenset[Leaf]:
        """The leaves of the residual that stand for unknown functions."""
        return unknown_leaves(self.residual)

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The unknown functions that it names, sorted."""
        kinds = (Partial, PointPartial, NormalDerivative)
        return tuple(sorted({leaf.unknown for leaf in self._all_leaves if isinstance(leaf, kinds)}))

    @property
    def _all_leaves(self) -> frozenset[Leaf]:
        return deep_leaves(self.left) | deep_leaves(self.right)

    def latex(self) -> str:
        """The statement in LaTeX."""
        left, right = (to_latex(side, self.coordinates) for side in (self.left, self.right))
        region = rf" \quad \text{{on {self.region.replace('_', chr(92) + '_')}}}" if self.region else ""
        return f"{left} = {right}{region}"

    def __str__(self) -> str:
        left, right = (to_text(side, self.coordinates) for side in (self.left, self.right))
        return f"{left} = {right}" + (f" on {self.region}" if self.region else "")


def split_statements(text: str) -> tuple[str, ...]:
    """Cut a text into statements at semicolons, newlines and the commas outside brackets.

    A line that ends in an operator goes on in the next one, and so does one before a line that starts with one, unless
    both have an equals sign.

    >>> split_statements("u_t = u_xx, u(x, 0) = sin(x); u(0, t) = 0")
    ('u_t = u_xx', 'u(x, 0) = sin(x)', 'u(0, t) = 0')
    """
    lines: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        before = lines[-1].rpartition(";")[2] if lines else ""
        led = line[0] in _OPERATORS and not ("=" in before and "=" in line)
        if before and (before[-1] in _OPERATORS or led):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    pieces, depth = [""], 0
    for character in "\n".join(lines):
        depth += (character == "(") - (character == ")")
        if character in ";\n" or (character == "," and depth <= 0):
            pieces.append("")
            depth = 0
        else:
            pieces[-1] += character
    return tuple(piece.strip() for piece in pieces if piece.strip())


def parse_statements(
    texts: Sequence[str],
    coordinates: Sequence[str],
    parameters: Mapping[str, int | float | None],
    functions: Collection[str] = (),
) -> tuple[Statement, ...]:
    """Read the statements of one problem together, for the unknown functions are found from all of them.

    An unknown is a name that carries a derivative somewhere, or is called at a place as in ``u(0)``, and is no known
    function (a function's name that carries a derivative is an unknown all the same). Names without a value are
    unknowns, too, where there are equations for exactly as many of them. No name is reserved:
    parameters, coordinates and unknowns hide constants and functions.

    Args:
        texts: one statement each.
        coordinates: their names, in the order of the index of a Partial.
        parameters: their values by name, None for one that is not known yet. They stay symbols in the residual;
            the values serve places such as ``u(L)``.
        functions: unknown functions of which other statements, that are no text, speak.

    Returns:
        One Statement for each text.

    Raises:
        ParseError: pointing into the statement that cannot be read.

    >>> equation, condition = parse_statements(["u'' + u = 0", "u'(0) = 1"], ["x"], {})
    >>> equation.is_condition, condition.is_condition, str(condition)
    (False, True, "u'(0) = 1")
    """
    notation = Notation(tuple(coordinates), frozenset(coordinates) | frozenset(parameters))
    cut = [_Cut.of(text, notation) for text in texts]
    tokens = [(each.text, each.tokens) for each in cut]
    unknowns = find_unknowns(tokens, notation) | frozenset(functions)
    whole = [(c.text, c.tokens, c.region is None) for c in cut]
    unknowns |= find_algebraic(whole, notation, unknowns)
    if not functions:
        refuse_strange_calls(whole, notation, unknowns)
    return tuple(_read(each, StatementScope(each.text, notation, parameters, unknowns)) for each in cut)


@dataclass(frozen=True)
class _Cut:
    """The tokens of a statement's two sides, and the region."""

    text: str
    left: list[Token]
    right: list[Token]
    region: str | None

    @property
    def tokens(self) -> list[Token]:
        return self.left + self.right

    @staticmethod
    def of(text: str, notation: Notation) -> "_Cut":
        if not isinstance(text, str):
            raise TypeError(f"a statement is text, not {type(text).__name__}")
        tokens = tokenize(text, notation.long_token)
        place = _equals(text, tokens)
        left, right = tokens[:place], tokens[place + 1 :]
        region = None
        if len(right) > 2 and right[-2] == "on" and {right[-2].type, right[-1].type} == {"NAME"}:
            *right, _, last = right
            region = str(last)
        for side, where in ((left, "left"), (right, "right")):
            if not side:
                hint = "write 0 where nothing else stands there"
                raise at_token(text, tokens[place], f"nothing stands on the {where} of '='", hint)
        return _Cut(text, left, right, region)


def _equals(text: str, tokens: list[Token]) -> int:
    """Where the one equals sign is."""
    for token in tokens:
        if token.type == "RELATION":
            hint = (
                "an equation has a single '='"
                if token == "=="
                else "inequalities are not part of the language; a step at x = 2 is (1 + sign(x - 2))/2"
            )
            raise at_token(text, token, f"{str(token)!r} has no meaning here", hint)
    places = [i for i, token in enumerate(tokens) if token.type == "EQUALS"]
    if not tokens:
        raise error_at(text, 0, 1, "the statement is empty", "write an equation, such as u'' + u = 0")
    if not places:
        hint = "write an equation or a condition, such as u'' + u = 0 or u(0) = 1"
        raise error_at(text, 0, len(text.rstrip()), "a statement needs an '='", hint)
    before = [token.type for token in tokens[: places[0]]]
    if before.count("OPEN") != before.count("CLOSE"):
        hint = "close the bracket before it; a place has no name, as in u(0) = 1"
        raise at_token(text, tokens[places[0]], "this '=' stands inside brackets", hint)
    if len(places) > 1:
        hint = "separate statements by ';' or give them one by one"
        raise at_token(text, tokens[places[1]], "a statement has one '=', and this is a second", hint)
    return places[0]


def _read(cut: _Cut, scope: StatementScope) -> Statement:
    left, right = (parse_tokens(cut.text, side, scope) for side in (cut.left, cut.right))
    scope.refuse_vectors(left, right)
    try:
        statement = Statement(cut.text, left, right, scope.notation.coordinates, cut.region)
    except (ArithmeticError, ValueError):
        raise not_finite(cut.text) from None
    if cut.region is None:
        for token in cut.tokens:
            if "/" in token and token.type == "NAME" and scope.is_normal(token):
                hint = "say where: add 'on boundary' at the end"
                raise at_token(cut.text, token, "a normal derivative exists on a boundary only", hint)
    return statement

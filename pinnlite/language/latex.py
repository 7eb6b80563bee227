"""Trees as LaTeX, the way a textbook sets them."""

import re
import unicodedata
from fractions import Fraction

from pinnlite.language.algebra import (
    HALF,
    MINUS_ONE,
    is_denominator,
    multiply,
    power,
    recognize,
    split_coefficient,
)
from pinnlite.language.functions import FUNCTIONS
from pinnlite.language.nodes import (
    Call,
    Constant,
    Integral,
    LegendreP,
    Node,
    NormalDerivative,
    Number,
    Partial,
    PointPartial,
    Power,
    Product,
    Real,
    Sum,
    Symbol,
)

_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi"
    "|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)


def to_latex(node: Node, coordinates: tuple[str, ...] = ()) -> str:
    """Typeset a tree; ``coordinates`` name the orders of partial derivatives."""
    return _Typesetter(coordinates).write(node)


def typeset_name(name: str) -> str:
    r"""A name as mathematics: ``x``, ``\alpha``, ``x_{1}``, ``\mathrm{speed}``."""
    stem, _, index = name.partition("_")
    digits = re.fullmatch("([A-Za-z]+)([0-9]+)", stem)
    if digits and not index:
        stem, index = digits.groups()
    return f"{_word(stem)}_{{{_word(index)}}}" if index and stem else _word(name)


def _word(text: str) -> str:
    letter = (
        re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(text, ""))
        if len(text) == 1
        else None
    )
    if letter:
        spelt = letter[2].lower().replace("lamda", "lambda")
        return rf"\{spelt if letter[1] == 'SMALL' else spelt.capitalize()}"
    if _GREEK.fullmatch(text):
        return rf"\{text}"
    return text if len(text) == 1 or text.isdigit() else rf"\mathrm{{{text.replace('_', chr(92) + '_')}}}"


def typeset_number(value: Real) -> str:
    """A number as mathematics, powers of ten included."""
    if isinstance(value, Fraction):
        sign = "-" if value < 0 else ""
        above, below = abs(value.numerator), value.denominator
        return f"{sign}{above}" if below == 1 else rf"{sign}\frac{{{above}}}{{{below}}}"
    mantissa, _, exponent = repr(value).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


class _Typesetter:
    def __init__(self, coordinates: tuple[str, ...]) -> None:
        self.coordinates = coordinates

    def write(self, node: Node) -> str:
        if isinstance(node, Number):
            return typeset_number(node.value)
        if isinstance(node, Constant):
            return r"\pi" if node.name == "pi" else "e"
        if isinstance(node, Symbol):
            return typeset_name(node.name)
        if isinstance(node, Sum):
            return self._sum(node)
        if isinstance(node, Product) or is_denominator(node):
            return self._product(node)
        if isinstance(node, Power):
            return self._power(node)
        if isinstance(node, LegendreP):
            order = rf"^{{({node.derivative})}}" if node.derivative else ""
            return rf"P_{{{node.degree}}}{order}{self._brackets(node.argument)}"
        if isinstance(node, Call):
            return self._call(node)
        return self._unknown(node)

    def _sum(self, node: Sum) -> str:
        text = self.write(node.terms[0])
        for term in node.terms[1:]:
            negative = split_coefficient(term)[0] < 0
            text += f" - {self.write(multiply(MINUS_ONE, term))}" if negative else f" + {self.write(term)}"
        return text

    def _product(self, node: Node) -> str:
        """One line, or one fraction."""
        coefficient, factors = split_coefficient(node)
        sign = "-" if coefficient < 0 else ""
        size: Real = -coefficient if coefficient < 0 else coefficient
        above = [f for f in factors if not is_denominator(f)]
        below = [power(f, MINUS_ONE) for f in factors if is_denominator(f)]
        over: Real = size
        under = Fraction(1)
        if isinstance(size, Fraction):
            over, under = Fraction(size.numerator), Fraction(size.denominator)
        top = self._chain(over, above)
        if not below and under == 1:
            return sign + top
        return rf"{sign}\frac{{{top}}}{{{self._chain(under, below)}}}"

    def _chain(self, coefficient: Real, factors: list[Node]) -> str:
        if not factors:
            return typeset_number(coefficient)
        if coefficient == 1 and len(factors) == 1:
            return self.write(factors[0])
        shown = [self._factor(f) for f in factors]
        if coefficient != 1:
            shown.insert(0, typeset_number(coefficient))
        text = shown[0]
        for piece in shown[1:]:
            text += _gap(text, piece) + piece
        return text

    def _factor(self, node: Node) -> str:
        return self._brackets(node) if isinstance(node, Sum) else self.write(node)

    def _power(self, node: Power) -> str:
        if node.exponent == HALF:
            return rf"\sqrt{{{self.write(node.base)}}}"
        value = node.exponent.value if isinstance(node.exponent, Number) else None
        if isinstance(value, Fraction) and value.numerator == 1 and value.denominator > 1:
            return rf"\sqrt[{value.denominator}]{{{self.write(node.base)}}}"
        exponent = self.write(node.exponent)
        base = node.base
        if isinstance(base, Call) and base.function not in {"exp", "sqrt", "abs"} and value is not None:
            return f"{FUNCTIONS[base.function].latex}^{{{exponent}}}{self._arguments(base.arguments)}"
        bare = isinstance(base, Symbol | Constant) or (isinstance(base, Number) and base.value >= 0)
        bare = bare or (isinstance(base, Partial) and not any(base.index))
        bare = bare or (isinstance(base, Call) and base.function == "abs")
        shown = self.write(base) if bare and r"\frac" not in self.write(base) else self._brackets(base)
        return f"{shown}^{{{exponent}}}"

    def _call(self, node: Call) -> str:
        if node.function == "exp":
            return f"e^{{{self.write(node.arguments[0])}}}"
        if node.function == "sqrt":
            return rf"\sqrt{{{self.write(node.arguments[0])}}}"
        if node.function == "abs":
            return rf"\left|{self.write(node.arguments[0])}\right|"
        return FUNCTIONS[node.function].latex + self._arguments(node.arguments)

    def _arguments(self, arguments: tuple[Node, ...]) -> str:
        return rf"\left({', '.join(map(self.write, arguments))}\right)"

    def _brackets(self, node: Node) -> str:
        return self._arguments((node,))

    def _unknown(self, node: Node) -> str:
        if isinstance(node, Partial):
            return self._derivative(node.unknown, node.index)
        if isinstance(node, PointPartial):
            places = zip(node.at, self.coordinates, strict=True)
            shown = (typeset_name(c) if a is None else self.write(recognize(a)) for a, c in places)
            return rf"{self._derivative(node.unknown, node.index)}\left({', '.join(shown)}\right)"
        if isinstance(node, NormalDerivative):
            return rf"\frac{{\partial {typeset_name(node.unknown)}}}{{\partial n}}"
        assert isinstance(node, Integral)
        over = "".join(rf" \, \mathrm{{d}}{typeset_name(name)}" for name in node.coordinates)
        return r"\int " * len(node.coordinates) + self._factor(node.integrand) + over

    def _derivative(self, unknown: str, index: tuple[int, ...]) -> str:
        name = typeset_name(unknown)
        if not any(index):
            return name
        if len(index) == 1:
            return name + "'" * index[0] if index[0] <= 3 else f"{name}^{{({index[0]})}}"
        letters = [
            typeset_name(c) for c, order in zip(self.coordinates, index, strict=True) for _ in range(order)
        ]
        below = ("" if all(len(letter) == 1 for letter in letters) else " ").join(letters)
        return f"{name if '_' not in name else '{' + name + '}'}_{{{below}}}"


def _gap(left: str, right: str) -> str:
    """Between two factors: a dot where figures would meet, a space where words would."""
    if right[0].isdigit():
        return r" \cdot "
    return r" \, " if left.endswith("}") and right.startswith(r"\mathrm") else " "

"""Trees as text that reads back as the same tree."""

from fractions import Fraction

from pinnlite.language.algebra import MINUS_ONE, is_denominator, multiply, power, recognize, split_coefficient
from pinnlite.language.nodes import (
    Call,
    Constant,
    Gradient,
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


def to_text(node: Node, coordinates: tuple[str, ...] = ()) -> str:
    """Write a tree in the language's own notation; ``coordinates`` name the orders of partial derivatives."""
    return _Writer(coordinates).write(node)


def format_number(value: Real) -> str:
    """A number as the language reads it: 2, 2/3 or 0.1."""
    return str(value) if isinstance(value, Fraction) else repr(value)


def derivative_name(unknown: str, index: tuple[int, ...], coordinates: tuple[str, ...]) -> str:
    """u'' with one coordinate, u_xxt with several."""
    if not any(index):
        return unknown
    if len(coordinates) == 1:
        return unknown + "'" * index[0]
    return f"{unknown}_{''.join(name * order for name, order in zip(coordinates, index, strict=True))}"


class _Writer:
    def __init__(self, coordinates: tuple[str, ...]) -> None:
        self.coordinates = coordinates

    def write(self, node: Node) -> str:
        if isinstance(node, Number):
            return format_number(node.value)
        if isinstance(node, Constant | Symbol):
            return node.name
        if isinstance(node, Sum):
            return self._sum(node)
        if isinstance(node, Product) or is_denominator(node):
            return self._product(node)
        if isinstance(node, Power):
            return f"{self._tight(node.base)}**{self._tight(node.exponent)}"
        if isinstance(node, LegendreP):
            order = f", {node.derivative}" if node.derivative else ""
            return f"P({node.degree}, {self.write(node.argument)}{order})"
        if isinstance(node, Call):
            return f"{node.function}({', '.join(map(self.write, node.arguments))})"
        return self._unknown(node)

    def _sum(self, node: Sum) -> str:
        text = self.write(node.terms[0])
        for term in node.terms[1:]:
            negative = split_coefficient(term)[0] < 0
            text += f" - {self.write(multiply(MINUS_ONE, term))}" if negative else f" + {self.write(term)}"
        return text

    def _product(self, node: Node) -> str:
        coefficient, factors = split_coefficient(node)
        sign = "-" if coefficient < 0 else ""
        above = [self._factor(f) for f in factors if not is_denominator(f)]
        below = [self._factor(power(f, MINUS_ONE)) for f in factors if is_denominator(f)]
        size: Real = -coefficient if coefficient < 0 else coefficient
        if isinstance(size, Fraction):
            if size.denominator != 1:
                below.insert(0, str(size.denominator))
            if size.numerator != 1 or not above:
                above.insert(0, str(size.numerator))
        else:
            above.insert(0, repr(size))
        if not below:
            return sign + "*".join(above)
        under = below[0] if len(below) == 1 else f"({'*'.join(below)})"
        return f"{sign}{'*'.join(above)}/{under}"

    def _factor(self, node: Node) -> str:
        """A factor: sums in brackets, powers bare."""
        return f"({self.write(node)})" if isinstance(node, Sum) else self.write(node)

    def _tight(self, node: Node) -> str:
        """A base or an exponent: everything but a name, a call or a plain positive number in brackets."""
        text = self.write(node)
        bare = isinstance(node, Constant | Symbol | Call | LegendreP | Partial | PointPartial) or (
            isinstance(node, Number) and node.value >= 0 and "/" not in text
        )
        return text if bare else f"({text})"

    def _unknown(self, node: Node) -> str:
        if isinstance(node, Partial):
            return derivative_name(node.unknown, node.index, self.coordinates)
        if isinstance(node, PointPartial):
            name = derivative_name(node.unknown, node.index, self.coordinates)
            places = zip(node.at, self.coordinates, strict=True)
            return f"{name}({', '.join(c if a is None else self.write(recognize(a)) for a, c in places)})"
        if isinstance(node, NormalDerivative):
            return f"d{node.unknown}/dn"
        if isinstance(node, Gradient):
            return f"grad({self.write(node.of)})"
        assert isinstance(node, Integral)
        return f"integral({self.write(node.integrand)}, {', '.join(node.coordinates)})"

"""Differentiation of trees by their own rules, with every shared subtree differentiated once."""

from collections.abc import Callable

from pinnlite.errors import DerivativeError
from pinnlite.language.algebra import ONE, ZERO, add, multiply, power, subtract
from pinnlite.language.functions import FUNCTIONS
from pinnlite.language.nodes import Call, Leaf, LegendreP, Node, Power, Product, Sum

MAX_ORDER = 12
MAX_WORK = 250_000  # factors and terms that one derivative may touch: a few seconds


def differentiate(node: Node, leaf: Leaf, order: int = 1) -> Node:
    """The derivative of a tree by one of its leaves, all other leaves held fixed.

    Chain rule: d f(u) = f'(u) du, where du is not expanded over the bracket. That keeps the n-th derivative
    a polynomial in f, u', u'', ... with as many terms as n has partitions, instead of a tree that doubles
    with each order.

    Raises:
        DerivativeError: if the derivative outgrows MAX_WORK.
        ArithmeticError: if a constant in it is not finite.
    """
    derivatives = _Derivatives(lambda each: ONE if each == leaf else ZERO)
    for _ in range(order):
        node = derivatives.of(node)
    return node


def total_derivative(node: Node, slope: Callable[[Leaf], Node]) -> Node:
    """The derivative of a tree whose leaves are functions, from the derivative of each leaf.

    Raises:
        DerivativeError, ArithmeticError: as ``differentiate``.
    """
    return _Derivatives(slope).of(node)


class _Derivatives:
    """Derivatives from those of the leaves, remembered for as long as one question lasts."""

    def __init__(self, slope: Callable[[Leaf], Node]) -> None:
        self.slope = slope
        self.known: dict[Node, Node] = {}
        self.work = 0

    def of(self, node: Node) -> Node:
        if node not in self.known:
            self._count(len(node.children) ** (2 if isinstance(node, Product) else 1))
            self.known[node] = self._apply_rule(node)
        return self.known[node]

    def _count(self, work: int) -> None:
        self.work += work
        if self.work > MAX_WORK:
            raise DerivativeError(
                "the formula of this derivative is too large to write down; "
                "ask for a lower order, or for its values with pl.derivatives"
            )

    def _apply_rule(self, node: Node) -> Node:
        if isinstance(node, Leaf):
            return self.slope(node)
        if all(self.of(leaf) == ZERO for leaf in node.leaves):
            return ZERO
        if isinstance(node, Sum):
            return add(*(self.of(term) for term in node.terms))
        if isinstance(node, Product):
            return self._product(node.factors)
        if isinstance(node, Power):
            return self._power(node)
        if isinstance(node, LegendreP):
            outer = LegendreP(node.degree, node.derivative + 1, node.argument)
            return multiply(outer, self.of(node.argument)) if outer.derivative <= outer.degree else ZERO
        assert isinstance(node, Call)
        partials = (partial(*node.arguments) for partial in FUNCTIONS[node.function].partials)
        return add(*(multiply(p, self.of(u)) for p, u in zip(partials, node.arguments, strict=True)))

    def _product(self, factors: tuple[Node, ...]) -> Node:
        terms = []
        for i, factor in enumerate(factors):
            slope = self.of(factor)
            if slope != ZERO:
                terms.append(multiply(*factors[:i], slope, *factors[i + 1 :]))
        return add(*terms)

    def _power(self, node: Power) -> Node:
        """d(u**v) = v u**(v - 1) du + u**v log(u) dv."""
        base, exponent = node.base, node.exponent
        by_base = multiply(exponent, power(base, subtract(exponent, ONE)), self.of(base))
        slope = self.of(exponent)
        if slope == ZERO:
            return by_base
        return add(by_base, multiply(node, Call("log", (base,)), slope))

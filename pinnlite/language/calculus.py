"""Derivatives of whole expressions, (k*u_x)_x or div(k*grad(u)): expanded by product and chain rule into partials."""

from dataclasses import dataclass

from pinnlite.errors import DerivativeError
from pinnlite.language.algebra import ONE, ZERO, add, multiply
from pinnlite.language.derivative import MAX_ORDER, total_derivative
from pinnlite.language.nodes import (
    Call,
    Gradient,
    Integral,
    Leaf,
    Node,
    NormalDerivative,
    Partial,
    PointPartial,
    Power,
    Product,
    Sum,
    Symbol,
)
from pinnlite.language.notation import TIME, Index, Misread
from pinnlite.language.structure import jumps
from pinnlite.language.text import to_text

OPERATORS = frozenset({"laplacian", "biharmonic", "grad", "div", "dot"})

_CURVILINEAR = {"r", "rho", "theta", "phi"}  # by their names no Cartesian coordinates


@dataclass(frozen=True)
class Calculus:
    """The rules, for the coordinates of a problem.

    ``laplacian``, ``grad`` and ``div`` are those of Cartesian coordinates in space: all coordinates but ``t``, where
    there are others. What cannot be written down raises Misread: message and hint.
    """

    coordinates: tuple[str, ...]

    def apply(self, operator: str, arguments: tuple[Node, ...]) -> Node:
        """One of ``OPERATORS``, of its arguments in brackets."""
        if not arguments:
            raise Misread(f"'{operator}' of what?", f"write {operator}(u)")
        if operator in {"laplacian", "biharmonic"}:
            inner, along = arguments[0], self._named(operator, arguments[1:])
            once = self._laplacian(inner, along)
            return once if operator == "laplacian" else self._laplacian(once, along)
        if operator == "div":
            return self._divergence(arguments)
        if operator == "dot":
            if len(arguments) != 2:
                raise Misread("'dot' takes two vectors", "write dot(grad(u), grad(v))")
            pairs = zip(*map(self._vector, arguments), strict=True)
            return add(*(multiply(one, two) for one, two in pairs))
        if len(arguments) != 1:
            raise Misread("'grad' takes one expression", "write grad(u)")
        self._space("grad")
        return Gradient(arguments[0])

    def differentiate(self, node: Node, index: Index) -> Node:
        """The partial derivative of these orders of an expression whose leaves are functions of the point."""
        for column, order in enumerate(index):
            for _ in range(order):
                node = self._once(node, column)
        return node

    def _once(self, node: Node, column: int) -> Node:
        def slope(leaf: Leaf) -> Node:
            return self._slope(leaf, column)

        for jump in jumps(node):
            if total_derivative(jump.children[0], slope) != ZERO:
                message = f"the derivative of {to_text(jump, self.coordinates)} is a pulse where it jumps"
                hint = "solve on both sides of the jump, or make it smooth, as tanh(x/0.01) is for sign(x)"
                raise Misread(message, hint)
        try:
            result = total_derivative(node, slope)
        except DerivativeError:
            raise Misread(
                "this derivative is too large to write down", "name a part of it as an unknown of its own"
            ) from None
        if any(sum(leaf.index) > MAX_ORDER for leaf in result.leaves if isinstance(leaf, Partial)):
            raise Misread(
                f"this leads to derivatives of an order above {MAX_ORDER}", "write a system: v = u' and so on"
            )
        return result

    def _slope(self, leaf: Leaf, column: int) -> Node:
        if isinstance(leaf, Symbol):
            return ONE if leaf.name == self.coordinates[column] else ZERO
        if isinstance(leaf, Partial):
            index = tuple(n + (i == column) for i, n in enumerate(leaf.index))
            return Partial(leaf.unknown, index)
        if isinstance(leaf, Gradient):
            return Gradient(self._once(leaf.of, column))
        what = to_text(leaf, self.coordinates)
        if isinstance(leaf, PointPartial):
            raise Misread(f"{what} is a value at a place", f"its derivative there is {leaf.unknown}_x(...)")
        assert isinstance(leaf, Integral | NormalDerivative)
        raise Misread(
            f"{what} has no derivative here", "differentiate the unknown itself, as in u_x or (x*u)_x"
        )

    def _space(self, operator: str) -> list[int]:
        """The columns of the coordinates of space."""
        columns = [i for i, name in enumerate(self.coordinates) if name != TIME] or [0]
        curved = [self.coordinates[i] for i in columns if self.coordinates[i] in _CURVILINEAR]
        if curved:
            message = f"{operator!r} is that of Cartesian coordinates, and {curved[0]!r} is none by its name"
            raise Misread(message, "write it out, as in (r*u_r)_r/r + u_zz, or call the coordinate x")
        return columns

    def _named(self, operator: str, names: tuple[Node, ...]) -> list[int]:
        """The columns of coordinates that are named, those of space if none is."""
        if not names:
            return self._space(operator)
        known = [Symbol(name) for name in self.coordinates]
        if not set(names) <= set(known):
            message = f"{operator!r} takes one expression, and coordinates after it where not all are meant"
            raise Misread(message, f"write {operator}(u), or {operator}(u, {', '.join(self.coordinates)})")
        return [i for i, name in enumerate(known) if name in names]

    def _laplacian(self, node: Node, columns: list[int]) -> Node:
        second = [tuple(2 * (i == column) for i in range(len(self.coordinates))) for column in columns]
        return add(*(self.differentiate(node, index) for index in second))

    def _divergence(self, arguments: tuple[Node, ...]) -> Node:
        columns = self._space("div")
        parts = self._vector(arguments[0]) if len(arguments) == 1 else arguments
        if len(parts) != len(columns):
            names = ", ".join(self.coordinates[i] for i in columns)
            message = f"'div' is given {len(parts)} components, and the coordinates of space are {names}"
            raise Misread(message, "write div(k*grad(u)), or one component for each of them")
        return add(*(self._once(part, column) for part, column in zip(parts, columns, strict=True)))

    def _vector(self, node: Node) -> tuple[Node, ...]:
        """The components along the coordinates of space."""
        found = self._components(node)
        if found is None:
            hint = "a vector is a gradient, or made of gradients: grad(u), k*grad(u), grad(u) - v*grad(w)"
            raise Misread(f"{to_text(node, self.coordinates)} is a number, not a vector", hint)
        return found

    def _components(self, node: Node) -> tuple[Node, ...] | None:
        """The components of a vector, None of a number."""
        if isinstance(node, Gradient):
            return tuple(self._once(node.of, column) for column in self._space("grad"))
        if not any(isinstance(leaf, Gradient) for leaf in node.leaves):
            return None
        if isinstance(node, Power | Call):
            raise Misread("a function or a power of a vector has no meaning", "the square is dot(a, a)")
        parts = [self._components(child) for child in node.children]
        vectors = [part for part in parts if part is not None]
        if isinstance(node, Sum) and len(vectors) == len(parts):
            return tuple(add(*each) for each in zip(*vectors, strict=True))
        if isinstance(node, Product) and len(vectors) == 1:
            numbers = [factor for factor, part in zip(node.factors, parts, strict=True) if part is None]
            return tuple(multiply(*numbers, each) for each in vectors[0])
        raise Misread(
            "a number plus a vector, or a vector times a vector, has no meaning",
            "write k*grad(u), grad(u) + grad(v) or dot(grad(u), grad(v))",
        )

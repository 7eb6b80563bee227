"""The trees: immutable nodes that compare by structure, and leaves whose values are given from outside."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

Real = Fraction | float


class Node:
    """A mathematical expression; equal nodes have equal structure.

    The hash is kept, because the nodes of a high derivative are looked up far more often than they are made.
    """

    __match_args__: tuple[str, ...]

    @cached_property
    def _content(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    @cached_property
    def _hash(self) -> int:
        return hash((type(self).__name__, self._content))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Node) or type(self) is not type(other) or self._hash != other._hash:
            return False
        return bool(self._content == other._content)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._content  # without the kept hash, which differs between processes

    @property
    def children(self) -> "tuple[Node, ...]":
        """The nodes directly beneath this one."""
        return ()

    @cached_property
    def leaves(self) -> "frozenset[Leaf]":
        """Every leaf of the tree; none for a constant."""
        if isinstance(self, Leaf):
            return frozenset((self,))
        return frozenset[Leaf]().union(*(child.leaves for child in self.children))


class Leaf(Node):
    """A node whose value is given when the tree is evaluated."""


@dataclass(frozen=True, eq=False)
class Number(Node):
    """A rational number, exact while its parts stay below 2**53; otherwise a float64."""

    value: Real


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """``pi`` or ``e``, kept by name so that it prints as it was written."""

    name: str


@dataclass(frozen=True, eq=False)
class Sum(Node):
    """Two or more terms."""

    terms: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """The terms."""
        return self.terms


@dataclass(frozen=True, eq=False)
class Product(Node):
    """Two or more factors: a number first if there is one, negative powers last."""

    factors: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """The factors."""
        return self.factors


@dataclass(frozen=True, eq=False)
class Power(Node):
    """``base ** exponent``."""

    base: Node
    exponent: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Base and exponent."""
        return self.base, self.exponent


@dataclass(frozen=True, eq=False)
class Call(Node):
    """A function of the table in ``functions.py``, applied."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """The arguments."""
        return self.arguments


@dataclass(frozen=True, eq=False)
class LegendreP(Node):
    """The k-th derivative of the Legendre polynomial P_n, at ``argument``."""

    degree: int
    derivative: int
    argument: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """The argument alone: degree and derivative are no expressions."""
        return (self.argument,)


@dataclass(frozen=True, eq=False)
class Symbol(Leaf):
    """A variable, a coordinate or a parameter."""

    name: str


@dataclass(frozen=True, eq=False)
class Partial(Leaf):
    """A partial derivative of an unknown at the point itself; ``index`` has one order for each coordinate."""

    unknown: str
    index: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PointPartial(Leaf):
    """The same at a place: each coordinate is fixed to a number, or free where ``at`` has None."""

    unknown: str
    index: tuple[int, ...]
    at: tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class NormalDerivative(Leaf):
    """The derivative of an unknown along the outward normal of a boundary."""

    unknown: str


@dataclass(frozen=True, eq=False)
class Integral(Leaf):
    """The integral of ``integrand`` over the whole domain of some coordinates."""

    integrand: Node
    coordinates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Gradient(Leaf):
    """The gradient of ``of`` on its way into a divergence or a scalar product; no statement keeps one."""

    of: Node

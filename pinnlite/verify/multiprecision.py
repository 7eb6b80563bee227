"""Trees as functions in mpmath, to any number of digits: what float64 arithmetic on the same tree is held against."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from pinnlite.language.evaluation import constant_value
from pinnlite.language.nodes import Call, LegendreP, Node, Power, Product, Sum, Symbol

_LARGEST = 1100  # binary digits before the point: float64 has overflowed, and mpmath would go on for hours
_UNIT = 2.0**-52


class Multiprecision:
    """A tree in the arithmetic of an mpmath context, at the precision that it has when called.

    Constants are the float64 numbers that torch is given, so that abs(x - pi) has its kink where float64 has it.

    Args:
        node: a tree whose leaves are symbols.
        context: of mpmath.
        rounding: draws for each node how far its value is off, at most by a unit of float64 rounding and in the same
            proportion everywhere: the result is smooth, and as far from the exact one as rounding may move it. Signs
            alone would be drawn so that they cancel too often.
    """

    def __init__(self, node: Node, context: Any, rounding: Random | None = None) -> None:
        self.context = context
        self.node = node
        self.order: dict[Node, Any] = {}  # each with its factor, children first
        self._place(node, rounding)

    def _place(self, node: Node, rounding: Random | None) -> None:
        if node in self.order:
            return
        if node.leaves:
            for child in node.children:
                self._place(child, rounding)
        # Leaves are given exactly, and whole numbers must stay whole: (-2)**3 is real.
        exact = isinstance(node, Symbol) or (not node.leaves and constant_value(node).is_integer())
        off = 0.0 if rounding is None or exact else rounding.uniform(-_UNIT, _UNIT)
        self.order[node] = self.context.mpf(1) + off

    def __call__(self, leaves: Mapping[str, Any]) -> Any:
        """The value where the symbols have these values; NaN where it is no finite real number."""
        known: dict[Node, Any] = {}
        try:
            for node, factor in self.order.items():
                known[node] = self._real(self._value(node, known, leaves)) * factor
        except (ArithmeticError, ValueError):
            return self.context.nan
        return known[self.node]

    def _value(self, node: Node, known: dict[Node, Any], leaves: Mapping[str, Any]) -> Any:
        mp = self.context
        if isinstance(node, Symbol):
            return leaves[node.name]
        if not node.leaves:
            return mp.mpf(constant_value(node))
        values = [known[child] for child in node.children]
        if isinstance(node, Sum):
            return mp.fsum(values)
        if isinstance(node, Product):
            return mp.fprod(values)
        if isinstance(node, Power):
            return values[0] ** values[1]
        if isinstance(node, LegendreP):
            return _legendre(mp, values[0], node.degree, node.derivative)
        assert isinstance(node, Call)
        return _FUNCTIONS[node.function](mp, *values)

    def _real(self, value: Any) -> Any:
        mp = self.context
        if isinstance(value, mp.mpc) or not mp.isfinite(value) or (value and mp.mag(value) > _LARGEST):
            raise ValueError("no real number that float64 can hold")
        return value


def _legendre(mp: Any, x: Any, n: int, k: int) -> Any:
    """P_n^(k) = (2k - 1)!! C_{n-k}^{(k + 1/2)} (DLMF 18.9.19)."""
    if k == 0:
        return mp.legendre(n, x)
    return mp.fac2(2 * k - 1) * mp.gegenbauer(n - k, k + mp.mpf(0.5), x) if k <= n else mp.zero


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": lambda mp, x: mp.sin(x),
    "cos": lambda mp, x: mp.cos(x),
    "tan": lambda mp, x: mp.tan(x),
    "asin": lambda mp, x: mp.asin(x),
    "acos": lambda mp, x: mp.acos(x),
    "atan": lambda mp, x: mp.atan(x),
    "sinh": lambda mp, x: mp.sinh(x),
    "cosh": lambda mp, x: mp.cosh(x),
    "tanh": lambda mp, x: mp.tanh(x),
    "sec": lambda mp, x: mp.sec(x),
    "csc": lambda mp, x: mp.csc(x),
    "cot": lambda mp, x: mp.cot(x),
    "sech": lambda mp, x: mp.sech(x),
    "csch": lambda mp, x: mp.csch(x),
    "coth": lambda mp, x: mp.coth(x),
    "atan2": lambda mp, y, x: mp.atan2(y, x),
    "hypot": lambda mp, x, y: mp.hypot(x, y),
    "exp": lambda mp, x: mp.exp(x),
    "log": lambda mp, x: mp.log(x),
    "sqrt": lambda mp, x: mp.sqrt(x),
    "abs": lambda mp, x: abs(x),
    "sign": lambda mp, x: mp.sign(x),
    "erf": lambda mp, x: mp.erf(x),
    "sigmoid": lambda mp, x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda mp, x: mp.log1p(mp.exp(x)),
    "relu": lambda mp, x: max(x, mp.zero),
    "gelu": lambda mp, x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "silu": lambda mp, x: x / (1 + mp.exp(-x)),
    "min": lambda mp, x, y: min(x, y),
    "max": lambda mp, x, y: max(x, y),
}

"""Trees as SymPy expressions, built by constructors and never from text."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pinnlite.language.nodes import Call, Constant, LegendreP, Node, Number, Power, Product, Sum, Symbol


def to_sympy(node: Node) -> Any:
    """Build the SymPy expression of a tree; floats keep their 53 bits, rationals stay exact."""
    import sympy

    if isinstance(node, Number):
        value = node.value
        if isinstance(value, Fraction):
            return sympy.Rational(value.numerator, value.denominator)
        return sympy.Float(value)
    if isinstance(node, Constant):
        return sympy.pi if node.name == "pi" else sympy.E
    if isinstance(node, Symbol):
        return sympy.Symbol(node.name)
    arguments = [to_sympy(child) for child in node.children]
    if isinstance(node, Sum):
        return sympy.Add(*arguments)
    if isinstance(node, Product):
        return sympy.Mul(*arguments)
    if isinstance(node, Power):
        return sympy.Pow(*arguments)
    if isinstance(node, LegendreP):
        return _legendre(node.degree, node.derivative, arguments[0])
    assert isinstance(node, Call)
    return _FUNCTIONS[node.function](sympy, *arguments)


def _legendre(n: int, k: int, x: Any) -> Any:
    """P_n^(k) = (2k - 1)!! C_{n-k}^{(k + 1/2)} (DLMF 18.9.19)."""
    import sympy

    if k > n:
        return sympy.Integer(0)
    if k == 0:
        return sympy.legendre(n, x)
    return sympy.factorial2(2 * k - 1) * sympy.gegenbauer(n - k, k + sympy.Rational(1, 2), x)


def _sigmoid(sp: Any, x: Any) -> Any:
    return 1 / (1 + sp.exp(-x))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": lambda sp, x: sp.sin(x),
    "cos": lambda sp, x: sp.cos(x),
    "tan": lambda sp, x: sp.tan(x),
    "asin": lambda sp, x: sp.asin(x),
    "acos": lambda sp, x: sp.acos(x),
    "atan": lambda sp, x: sp.atan(x),
    "sinh": lambda sp, x: sp.sinh(x),
    "cosh": lambda sp, x: sp.cosh(x),
    "tanh": lambda sp, x: sp.tanh(x),
    "sec": lambda sp, x: sp.sec(x),
    "csc": lambda sp, x: sp.csc(x),
    "cot": lambda sp, x: sp.cot(x),
    "sech": lambda sp, x: sp.sech(x),
    "csch": lambda sp, x: sp.csch(x),
    "coth": lambda sp, x: sp.coth(x),
    "atan2": lambda sp, y, x: sp.atan2(y, x),
    "hypot": lambda sp, x, y: sp.sqrt(x**2 + y**2),
    "exp": lambda sp, x: sp.exp(x),
    "log": lambda sp, x: sp.log(x),
    "sqrt": lambda sp, x: sp.sqrt(x),
    "abs": lambda sp, x: sp.Abs(x),
    "sign": lambda sp, x: sp.sign(x),
    "erf": lambda sp, x: sp.erf(x),
    "sigmoid": _sigmoid,
    "softplus": lambda sp, x: sp.log(1 + sp.exp(x)),
    "relu": lambda sp, x: sp.Max(0, x),
    "gelu": lambda sp, x: x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
    "silu": lambda sp, x: x * _sigmoid(sp, x),
    "min": lambda sp, x, y: sp.Min(x, y),
    "max": lambda sp, x, y: sp.Max(x, y),
}

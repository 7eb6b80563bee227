"""The table of known functions: how each is computed, differentiated and typeset."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch

from pinnlite.language.algebra import (
    HALF,
    MINUS_ONE,
    ONE,
    ZERO,
    add,
    divide,
    multiply,
    negate,
    number,
    power,
    subtract,
)
from pinnlite.language.nodes import Call, Constant, Node

CONSTANTS = {"pi": math.pi, "e": math.e}


@dataclass(frozen=True)
class Function:
    """One function of one or two arguments.

    ``tensor`` computes it in torch, ``real`` for one float64 (raising ValueError outside its domain);
    ``partials`` gives its derivative by each argument as trees; ``latex`` is its name or a template.
    """

    tensor: Callable[..., Any]
    real: Callable[..., float]
    partials: tuple[Callable[..., Node], ...]
    latex: str

    def __call__(self, *values: Any) -> Any:
        """The function of tensors, or of numbers alone, as parameters are."""
        if all(isinstance(value, int | float) for value in values):
            return self.real(*values)
        return self.tensor(*values)

    @property
    def arity(self) -> int:
        """How many arguments it takes."""
        return len(self.partials)


def apply(name: str, *arguments: Node) -> Call:
    """The node of a function applied."""
    return Call(name, arguments)


def _inverse(function: str) -> tuple[Callable[[Any], Any], Callable[[float], float]]:
    """One over a function, of tensors and of numbers."""
    whole: Callable[[Any], Any] = getattr(torch, function)
    real: Callable[[float], float] = getattr(math, function)
    return lambda x: 1 / whole(x), lambda x: 1 / real(x)


def _sech(x: float) -> float:
    return 2 * math.exp(-abs(x)) / (1 + math.exp(-2 * abs(x)))


def _csch(x: float) -> float:
    return math.copysign(2 * math.exp(-abs(x)), x) / -math.expm1(-2 * abs(x))


def _atan2(y: Any, x: Any) -> Any:
    return torch.atan2(*_filled(y, x))


def _hypot(x: Any, y: Any) -> Any:
    return torch.hypot(*_filled(x, y))


def _squares(x: Node, y: Node) -> Node:
    return add(_square(x), _square(y))


def _square(node: Node) -> Node:
    return power(node, number(Fraction(2)))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _softplus(x: Any) -> Any:
    # torch's own threshold of 20 costs seven digits in float64 and drops the second derivative
    return torch.nn.functional.softplus(x, beta=1.0, threshold=40.0)


def _minimum(a: Any, b: Any) -> Any:
    return torch.minimum(*_filled(a, b))


def _maximum(a: Any, b: Any) -> Any:
    return torch.maximum(*_filled(a, b))


def _filled(a: Any, b: Any) -> tuple[Any, Any]:
    """A number beside a tensor as a tensor: torch.clamp would take numbers, but differs at ties."""
    if isinstance(a, int | float):
        return torch.full_like(b, a), b
    return a, torch.full_like(a, b) if isinstance(b, int | float) else b


def _sigmoid_prime(u: Node) -> Node:
    # s(u) s(-u): the usual s (1 - s) loses all digits where s rounds to 1
    return multiply(apply("sigmoid", u), apply("sigmoid", negate(u)))


def _normal_cdf(u: Node) -> Node:
    return divide(add(ONE, apply("erf", divide(u, apply("sqrt", number(Fraction(2)))))), number(Fraction(2)))


def _gelu_prime(u: Node) -> Node:
    bell = divide(
        apply("exp", divide(negate(_square(u)), number(Fraction(2)))),
        apply("sqrt", multiply(number(Fraction(2)), Constant("pi"))),
    )
    return add(_normal_cdf(u), multiply(u, bell))


def _erf_prime(u: Node) -> Node:
    return divide(
        multiply(number(Fraction(2)), apply("exp", negate(_square(u)))), apply("sqrt", Constant("pi"))
    )


def _above(first: Node, second: Node) -> Node:
    """1 where first > second, 0 where it is smaller, 1/2 at a tie as torch.maximum has it."""
    return multiply(HALF, add(ONE, apply("sign", subtract(first, second))))


def _root(node: Node) -> Node:
    return apply("sqrt", node)


FUNCTIONS = {
    "sin": Function(torch.sin, math.sin, (lambda u: apply("cos", u),), r"\sin"),
    "cos": Function(torch.cos, math.cos, (lambda u: negate(apply("sin", u)),), r"\cos"),
    "tan": Function(torch.tan, math.tan, (lambda u: add(ONE, _square(apply("tan", u))),), r"\tan"),
    "asin": Function(
        torch.asin, math.asin, (lambda u: divide(ONE, _root(subtract(ONE, _square(u)))),), r"\arcsin"
    ),
    "acos": Function(
        torch.acos, math.acos, (lambda u: divide(MINUS_ONE, _root(subtract(ONE, _square(u)))),), r"\arccos"
    ),
    "atan": Function(torch.atan, math.atan, (lambda u: divide(ONE, add(ONE, _square(u))),), r"\arctan"),
    "sinh": Function(torch.sinh, math.sinh, (lambda u: apply("cosh", u),), r"\sinh"),
    "cosh": Function(torch.cosh, math.cosh, (lambda u: apply("sinh", u),), r"\cosh"),
    "tanh": Function(torch.tanh, math.tanh, (lambda u: subtract(ONE, _square(apply("tanh", u))),), r"\tanh"),
    "sec": Function(*_inverse("cos"), (lambda u: multiply(apply("sec", u), apply("tan", u)),), r"\sec"),
    "csc": Function(
        *_inverse("sin"), (lambda u: negate(multiply(apply("csc", u), apply("cot", u))),), r"\csc"
    ),
    "cot": Function(*_inverse("tan"), (lambda u: negate(_square(apply("csc", u))),), r"\cot"),
    "sech": Function(
        _inverse("cosh")[0],
        _sech,
        (lambda u: negate(multiply(apply("sech", u), apply("tanh", u))),),
        r"\operatorname{sech}",
    ),
    "csch": Function(
        _inverse("sinh")[0],
        _csch,
        (lambda u: negate(multiply(apply("csch", u), apply("coth", u))),),
        r"\operatorname{csch}",
    ),
    "coth": Function(*_inverse("tanh"), (lambda u: negate(_square(apply("csch", u))),), r"\coth"),
    "atan2": Function(
        _atan2,
        math.atan2,
        (lambda y, x: divide(x, _squares(x, y)), lambda y, x: divide(negate(y), _squares(x, y))),
        r"\operatorname{atan2}",
    ),
    "hypot": Function(
        _hypot,
        math.hypot,
        (lambda x, y: divide(x, apply("hypot", x, y)), lambda x, y: divide(y, apply("hypot", x, y))),
        r"\operatorname{hypot}",
    ),
    "exp": Function(torch.exp, math.exp, (lambda u: apply("exp", u),), r"\exp"),
    "log": Function(torch.log, math.log, (lambda u: divide(ONE, u),), r"\log"),
    "sqrt": Function(torch.sqrt, math.sqrt, (lambda u: divide(HALF, _root(u)),), r"\sqrt"),
    "abs": Function(torch.abs, abs, (lambda u: apply("sign", u),), r"\operatorname{abs}"),
    "sign": Function(
        torch.sign, lambda x: float((x > 0) - (x < 0)), (lambda u: ZERO,), r"\operatorname{sign}"
    ),
    "erf": Function(torch.erf, math.erf, (_erf_prime,), r"\operatorname{erf}"),
    "sigmoid": Function(torch.sigmoid, _sigmoid, (_sigmoid_prime,), r"\sigma"),
    "softplus": Function(
        _softplus,
        lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
        (lambda u: apply("sigmoid", u),),
        r"\operatorname{softplus}",
    ),
    "relu": Function(
        torch.relu,
        lambda x: max(x, 0.0),
        (lambda u: apply("sign", apply("relu", u)),),  # 0 at 0, as torch has it
        r"\operatorname{relu}",
    ),
    "gelu": Function(
        torch.nn.functional.gelu,
        lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2)),
        (_gelu_prime,),
        r"\operatorname{gelu}",
    ),
    "silu": Function(
        torch.nn.functional.silu,
        lambda x: x * _sigmoid(x),
        (lambda u: add(apply("sigmoid", u), multiply(u, _sigmoid_prime(u))),),
        r"\operatorname{silu}",
    ),
    "min": Function(_minimum, min, (lambda a, b: _above(b, a), lambda a, b: _above(a, b)), r"\min"),
    "max": Function(_maximum, max, (lambda a, b: _above(a, b), lambda a, b: _above(b, a)), r"\max"),
}

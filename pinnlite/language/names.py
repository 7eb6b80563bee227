"""What names mean, and what is suggested for names that mean nothing."""

import keyword
from collections.abc import Iterable
from difflib import get_close_matches

from lark import Token

from pinnlite.errors import ParseError
from pinnlite.language.evaluation import constant_value
from pinnlite.language.functions import CONSTANTS, FUNCTIONS
from pinnlite.language.nodes import Call, Constant, LegendreP, Node
from pinnlite.language.reader import Part
from pinnlite.language.tokens import at_token, error_at

MAX_DEGREE = 200
FUNCTION_NAMES = frozenset(FUNCTIONS) | {"P"}

# How functions that people type from habit are written here.
_ELSEWHERE = {
    "ln": "the natural logarithm is log(x)",
    "lg": "write log(x)/log(10)",
    "log10": "write log(x)/log(10)",
    "log2": "write log(x)/log(2)",
    "arcsin": "write asin(x)",
    "arccos": "write acos(x)",
    "arctan": "write atan(x)",
    "arcsinh": "write log(x + sqrt(x**2 + 1))",
    "asinh": "write log(x + sqrt(x**2 + 1))",
    "acosh": "write log(x + sqrt(x**2 - 1))",
    "atanh": "write log((1 + x)/(1 - x))/2",
    "arctan2": "write atan2(y, x)",
    "sgn": "write sign(x)",
    "pow": "write x**n",
    "cbrt": "write x**(1/3)",
    "erfc": "write 1 - erf(x)",
    "heaviside": "write (1 + sign(x))/2",
    "step": "a step is written (1 + sign(x))/2",
    "diff": "a derivative is written u_xx, d2u/dx2 or, of an expression, (x*u)_x",
    "Derivative": "a derivative is written u_xx, d2u/dx2 or, of an expression, (x*u)_x",
    "floor": "functions with jumps are not part of the language, except sign(x)",
    "legendre": "write P(n, x)",
    **dict.fromkeys(
        ("J0", "J1", "Y0", "Y1", "I0", "I1", "K0", "K1", "J", "besselj"),
        "Bessel functions are no part of the language: give the statement as a callable, pl.equation or pl.condition, "
        "in which torch.special.bessel_j0 and its like may stand",
    ),
}


def canonical(token: Token) -> str:
    """The name that a token stands for."""
    return "pi" if token == "π" else str(token)


def constant(name: str) -> Node | None:
    """The constant of that name, if there is one."""
    return Constant(name) if name in CONSTANTS else None


def refuse_product(text: str, token: Token, kind: str) -> ParseError:
    """What is wrong with the call of a coordinate or of a number, which may hide a function."""
    name = canonical(token)
    hint = f"for a product write {name}*(...)"
    if name in FUNCTION_NAMES:
        hint += f"; for the function {name} give the {kind} another name"
    return at_token(text, token, f"{name!r} is a {kind} here", hint)


def apply_function(
    text: str, token: Token, arguments: tuple[Part, ...], stop: int, known: Iterable[str]
) -> Node:
    """The node of a known function, its arguments checked; ``known`` are names that are no functions."""
    name = canonical(token)
    if name not in FUNCTION_NAMES:
        raise at_token(text, token, f"unknown function {name!r}", suggest_function(name, known))
    if name == "P":
        return _legendre(text, token, arguments, stop)
    nodes = [argument.node for argument in arguments]
    if name in {"min", "max"} and len(nodes) > 2:
        return _balanced(name, nodes)
    _check_count(text, token, len(nodes), FUNCTIONS[name].arity, stop)
    return Call(name, tuple(nodes))


def _balanced(name: str, nodes: list[Node]) -> Node:
    """min or max of many arguments as a shallow tree of pairs."""
    if len(nodes) == 1:
        return nodes[0]
    middle = (len(nodes) + 1) // 2
    return Call(name, (_balanced(name, nodes[:middle]), _balanced(name, nodes[middle:])))


def _check_count(text: str, token: Token, got: int, wanted: int, stop: int) -> None:
    if got == wanted:
        return
    shown = "one argument" if wanted == 1 else "two arguments"
    hint = f"write {token}(x, y)" if wanted == 2 else f"write {token}(x)"
    start = token.start_pos or 0
    raise error_at(text, start, stop, f"{str(token)!r} takes {shown}, not {got}", hint)


def _legendre(text: str, token: Token, arguments: tuple[Part, ...], stop: int) -> Node:
    """P(n, x), or P(n, x, k) for its k-th derivative."""
    if len(arguments) not in {2, 3}:
        message = f"'P' takes two arguments, a degree and a value, not {len(arguments)}"
        raise error_at(
            text, token.start_pos or 0, stop, message, "the Legendre polynomial of degree 3 is P(3, x)"
        )
    degree = _whole(text, arguments[0], "the degree of P")
    derivative = _whole(text, arguments[2], "the derivative of P") if len(arguments) == 3 else 0
    return LegendreP(degree, derivative, arguments[1].node)


def _whole(text: str, part: Part, what: str) -> int:
    value = constant_value(part.node) if not part.node.leaves else -1.0
    if not value.is_integer() or not 0 <= value <= MAX_DEGREE:
        shown = text[part.start : part.stop]
        message = f"{what} is a whole number from 0 to {MAX_DEGREE}, not {shown!r}"
        raise error_at(text, part.start, part.stop, message, "P(3, x) is the Legendre polynomial of degree 3")
    return int(value)


def suggest_function(name: str, known: Iterable[str]) -> str:
    """A hint about a call of something that is no function."""
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    if name in known or name in CONSTANTS:
        return f"{name!r} is no function; for a product write {name}*(...)"
    product = split_product(name)
    if product:
        return f"write {product[0]}*{product[1]}(...)"
    close = get_close_matches(name, sorted(FUNCTION_NAMES), n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    if len(name) == 1:
        return f"for a product write {name}*(...)"
    return f"the functions are {', '.join(sorted(FUNCTION_NAMES, key=str.lower))}"


def split_product(name: str) -> tuple[str, str] | None:
    """Take 'xsin' apart into 'x' and 'sin'."""
    for function in sorted(FUNCTION_NAMES, key=len, reverse=True):
        front = name.removesuffix(function)
        if front != name and 0 < len(front) <= 2 and len(function) > 1:
            return front, function
    return None


def is_near_function(name: str) -> bool:
    """Whether a name looks like a function misspelt or run together with its factor, such as sn or xsin."""
    return bool(
        name in _ELSEWHERE or split_product(name) or get_close_matches(name, sorted(FUNCTION_NAMES), n=1)
    )


def refuse_bare(text: str, token: Token) -> ParseError | None:
    """What is wrong with a name that stands without brackets and is no variable, if anything is."""
    name = canonical(token)
    if name in FUNCTION_NAMES:
        example = (
            f"{name}(n, x)"
            if name == "P"
            else f"{name}(x)"
            if FUNCTIONS[name].arity == 1
            else f"{name}(x, y)"
        )
        after = text[token.end_pos or 0 :].lstrip()
        hint = f"write {example}" + "**2" * after.startswith(("^", "**", "²"))
        return at_token(text, token, f"the function {name!r} needs its argument in brackets", hint)
    if keyword.iskeyword(name) and name != "lambda":
        hint = "an expression is mathematics, such as max(x, 0)*exp(-x)"
        return at_token(text, token, f"{name!r} is a word of Python, which is not read", hint)
    function, letter = name[:-1], name[-1]
    if function in FUNCTIONS and FUNCTIONS[function].arity == 1 and letter in "xyzt":
        return at_token(text, token, f"unknown name {name!r}", f"did you mean {function}({letter})?")
    return None

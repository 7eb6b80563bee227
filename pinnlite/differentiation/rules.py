"""The table of Taylor rules: what each torch function does to jets. One line for each function.

A rule is called like the function that it stands for, with jets among the arguments. A smooth function is given by
its derivative, written with ordinary torch functions; whatever can be composed of functions that have rules needs
no mathematics of its own (``rules_linear``, ``rules_piecewise`` and ``rules_composed`` hold the rest of the table).
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from pinnlite.differentiation.composition import Analytic
from pinnlite.differentiation.jet import RULES, Rule
from pinnlite.differentiation.laws import Partner, Power, Riccati

_NAMESPACES = (torch, Tensor, F, torch.special, torch.linalg)


def taylor_rule(function: Callable[..., Any]) -> Callable[[Rule], Rule]:
    """Teach the Taylor engine a torch function.

    The rule is called like the function, with jets in the place of tensors, and answers with a jet. It is ordinary
    PyTorch code made of functions that have rules already.

    Args:
        function: what user code calls, such as ``torch.special.entr``. All spellings of it (``torch.f``,
            ``Tensor.f``) are taught at once. A function of your own is seen if it is wrapped by
            ``torch.overrides.wrap_torch_function``.

    Returns:
        A decorator that registers the rule and returns it unchanged.

    >>> import torch
    >>> import pinnlite as pl
    >>> @pl.taylor_rule(torch.special.entr)
    ... def entr(x):
    ...     return -x * torch.log(x)
    >>> x = torch.tensor([0.5], dtype=torch.float64)
    >>> pl.derivatives(torch.special.entr, x, 2, engine="taylor")[2].tolist()  # -1/x
    [-2.0]
    """

    def register(rule: Rule) -> Rule:
        name = getattr(function, "__name__", "").removeprefix("special_").removeprefix("linalg_")
        for spelling in [function, *spellings(name)]:
            RULES[spelling] = rule
        return rule

    return register


def spellings(name: str) -> list[Any]:
    """Every public torch function of this name."""
    return [getattr(space, name) for space in _NAMESPACES if hasattr(space, name)]


def listed(names: str) -> list[str]:
    """Names separated by spaces: tables of many short names read better so."""
    return names.split()


def register(names: Iterable[str], rule: Rule) -> None:
    """Enter a rule under all spellings of these names."""
    for name in names:
        for function in spellings(name):
            RULES[function] = rule


def _sech_squared(x: Tensor) -> Tensor:
    """1 - tanh(x)^2 without cancellation."""
    s = torch.sigmoid(2 * x)
    return 4 * s * torch.sigmoid(-2 * x)


def _logistic_slope(x: Tensor) -> Tensor:
    """s(x) (1 - s(x)) without cancellation."""
    return torch.sigmoid(x) * torch.sigmoid(-x)


def _gaussian(x: Any) -> Any:
    return (2 / math.sqrt(math.pi)) * torch.exp(-x * x)


ANALYTIC: dict[str, Analytic] = {
    "exp": Analytic(torch.exp, lambda u, v: v, Riccati(1, 0)),
    "exp2": Analytic(torch.exp2, lambda u, v: math.log(2) * v, Riccati(math.log(2), 0)),
    "expm1": Analytic(torch.expm1, lambda u, v: 1 + v, Riccati(1, 0), torch.exp),
    "tanh": Analytic(torch.tanh, lambda u, v: 1 - v * v, Riccati(0, -1), _sech_squared),
    "sigmoid": Analytic(torch.sigmoid, lambda u, v: v * (1 - v), Riccati(1, -1), _logistic_slope),
    "tan": Analytic(torch.tan, lambda u, v: 1 + v * v, Riccati(0, 1)),
    "reciprocal": Analytic(torch.reciprocal, lambda u, v: -v * v, Riccati(0, -1)),
    "sin": Analytic(torch.sin, lambda u, v: torch.cos(u), Partner(-1)),
    "cos": Analytic(torch.cos, lambda u, v: -torch.sin(u), Partner(-1)),
    "sinh": Analytic(torch.sinh, lambda u, v: torch.cosh(u), Partner(1)),
    "cosh": Analytic(torch.cosh, lambda u, v: torch.sinh(u), Partner(1)),
    "rsqrt": Analytic(torch.rsqrt, lambda u, v: -0.5 * v / u, Power(-0.5)),
    "log": Analytic(torch.log, lambda u, v: 1 / u),
    "log2": Analytic(torch.log2, lambda u, v: 1 / (math.log(2) * u)),
    "log10": Analytic(torch.log10, lambda u, v: 1 / (math.log(10) * u)),
    "log1p": Analytic(torch.log1p, lambda u, v: 1 / (1 + u)),
    "atan": Analytic(torch.atan, lambda u, v: 1 / (1 + u * u)),
    "asin": Analytic(torch.asin, lambda u, v: torch.rsqrt((1 - u) * (1 + u))),
    "acos": Analytic(torch.acos, lambda u, v: -torch.rsqrt((1 - u) * (1 + u))),
    "asinh": Analytic(torch.asinh, lambda u, v: torch.rsqrt(1 + u * u)),
    "acosh": Analytic(torch.acosh, lambda u, v: torch.rsqrt((u - 1) * (u + 1))),
    "atanh": Analytic(torch.atanh, lambda u, v: 1 / ((1 - u) * (1 + u))),
    "erf": Analytic(torch.erf, lambda u, v: _gaussian(u)),
    "erfc": Analytic(torch.erfc, lambda u, v: -_gaussian(u)),
    "logsigmoid": Analytic(F.logsigmoid, lambda u, v: torch.sigmoid(-u)),
}
_ALIASES = {
    "sigmoid": ["expit"],
    "asin": ["arcsin"],
    "acos": ["arccos"],
    "atan": ["arctan"],
    "asinh": ["arcsinh"],
    "acosh": ["arccosh"],
    "atanh": ["arctanh"],
}
for _name, _rule in ANALYTIC.items():
    register([_name, *_ALIASES.get(_name, ())], _rule)

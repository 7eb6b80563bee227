"""Expressions: text that can be evaluated, differentiated and typeset."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, SupportsFloat

import numpy
import torch
from lark import Token
from torch import Tensor

from pinnlite.errors import DerivativeError, ParseError
from pinnlite.language.algebra import number
from pinnlite.language.characters import PRIMES
from pinnlite.language.derivative import MAX_ORDER, differentiate
from pinnlite.language.evaluation import Program, compile_tree
from pinnlite.language.latex import to_latex
from pinnlite.language.names import apply_function, canonical, constant, refuse_bare, refuse_product
from pinnlite.language.nodes import Node, Symbol
from pinnlite.language.parser import not_finite, parse_tokens
from pinnlite.language.reader import Part
from pinnlite.language.symbolic import to_sympy
from pinnlite.language.text import to_text
from pinnlite.language.tokens import at_token, tokenize


@dataclass(frozen=True, eq=False)
class Expression:
    """An immutable function of its variables, made by ``parse``.

    Call it on a tensor (one variable) or on tensors by name (several); numbers and arrays will do too. Values
    keep dtype, device and graph, and shapes broadcast. A derivative keeps the variables of its origin.
    """

    node: Node
    variables: tuple[str, ...]
    _program: Program = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_program", compile_tree(self.node))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.node, self.variables)

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The values of the expression.

        Args:
            *values: the one variable's value, where there is one variable at most.
            **named: values by name.

        Returns:
            A tensor of the broadcast shape of all values given.

        Raises:
            TypeError: if a variable has no value, or a value no variable.
        """
        given = self._match(values, named)
        needed = [leaf.name for leaf in self._program.leaves if isinstance(leaf, Symbol)]
        result = self._program(*[given[name] for name in needed])
        # What the result does not depend on still shapes it; times 0, it is still found in the graph.
        for name, value in given.items():
            if name not in needed:
                result = result + 0 * value
        return result if not isinstance(result, float) else torch.tensor(result, dtype=torch.float64)

    def _match(self, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """Values by name, as tensors."""
        shown = ", ".join(self.variables) or "no variable"
        if values:
            if len(values) > 1 or named or len(self.variables) > 1:
                example = ", ".join(f"{name}=..." for name in self.variables)
                raise TypeError(f"this expression has the variables {shown}: call it by name, f({example})")
            named = {self.variables[0] if self.variables else "x": values[0]}
        elif self.variables and set(named) != set(self.variables):
            missing = [name for name in self.variables if name not in named]
            unexpected = [name for name in named if name not in self.variables]
            wrong = [f"missing {', '.join(missing)}"] * bool(missing)
            wrong += [f"unexpected {', '.join(unexpected)}"] * bool(unexpected)
            raise TypeError(f"this expression has the variables {shown}: {'; '.join(wrong)}")
        return _as_tensors(named)

    def diff(self, variable: str, order: int = 1) -> "Expression":
        """The derivative d^order f / d variable^order, by the rules of calculus on the tree itself.

        Args:
            variable: one of ``variables``.
            order: 0 to 12.

        Raises:
            DerivativeError: if there is no such variable, or the order is out of range.

        >>> import pinnlite as pl
        >>> f = pl.parse("x**2 + 1")
        >>> [str(f.diff("x", order)) for order in range(4)]
        ['x**2 + 1', '2*x', '2', '0']
        """
        if self.variables and variable not in self.variables:
            known = ", ".join(self.variables)
            raise DerivativeError(
                f"there is no variable {variable!r} to differentiate by; the variables are: {known}"
            )
        if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= MAX_ORDER:
            raise DerivativeError(
                f"the order of a derivative is a whole number from 0 to {MAX_ORDER}, not {order!r}"
            )
        try:
            return Expression(differentiate(self.node, Symbol(variable), order), self.variables)
        except (ArithmeticError, ValueError) as error:
            message = f"a constant in the derivative of order {order} is no finite real number: {error}"
            raise DerivativeError(message) from error

    def latex(self) -> str:
        r"""The expression in LaTeX.

        >>> import pinnlite as pl
        >>> pl.parse("x**2/2").latex()
        '\\frac{x^{2}}{2}'
        """
        return to_latex(self.node)

    def sympy(self) -> Any:
        """The expression in SymPy, with plain symbols for its variables.

        >>> import pinnlite as pl
        >>> pl.parse("x**2/2").sympy()
        x**2/2
        """
        return to_sympy(self.node)

    def __str__(self) -> str:
        return to_text(self.node)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


def _as_tensors(named: Mapping[str, Any]) -> dict[str, Any]:
    """Whole tensors as float64; Python numbers with dtype and device of a tensor beside them, alone as float64."""
    tensors = {name: _floating(value) for name, value in named.items() if not isinstance(value, int | float)}
    like = next(iter(tensors.values()), torch.empty(0, dtype=torch.float64))
    return {
        name: tensors[name] if name in tensors else torch.tensor(value, dtype=like.dtype, device=like.device)
        for name, value in named.items()
    }


def _floating(value: Any) -> Any:
    if not hasattr(value, "__torch_function__"):
        # A view may run backwards, which torch refuses.
        value = torch.as_tensor(numpy.array(value, order="C"))
    whole = isinstance(value, Tensor) and not value.is_floating_point() and not value.is_complex()
    return value.double() if whole else value


class _ExpressionScope:
    """Names of an expression: parameters, constants, functions, and every other name is a variable."""

    def __init__(self, text: str, parameters: Mapping[str, float]) -> None:
        self.text, self.parameters = text, parameters
        self.variables: dict[str, None] = {}

    def name(self, token: Token) -> Node:
        name = canonical(token)
        if name in self.parameters:
            return number(self.parameters[name])
        if name[-1] in PRIMES:
            raise self._derivative(token)
        error = refuse_bare(self.text, token)
        if error:
            raise error
        known = constant(name)
        if known:
            return known
        self.variables[name] = None
        return Symbol(name)

    def call(self, token: Token, arguments: tuple[Part, ...], stop: int) -> Node:
        name = canonical(token)
        if name in self.parameters:
            raise refuse_product(self.text, token, "number")
        return apply_function(self.text, token, arguments, stop, self.variables)

    def differentiated(self, operator: Token, part: Part) -> Node:
        raise self._derivative(operator)

    def _derivative(self, token: Token) -> ParseError:
        hint = "parse the function itself and call .diff, or give the equation to pl.solve"
        return at_token(self.text, token, f"{str(token)!r} is a derivative, which only an equation has", hint)


def parse(text: str, **parameters: SupportsFloat) -> Expression:
    """Read an expression.

    Names other than parameters, constants (pi, e) and functions are its variables, in order of appearance.
    Nothing is ever evaluated as Python.

    Args:
        text: such as ``"sin(x)*exp(-x)"``; ``**`` or ``^`` for powers, ``2x`` and ``2(x+1)`` for products.
        **parameters: finite numbers by name. A parameter hides a constant or function of the same name.

    Returns:
        The Expression.

    Raises:
        ParseError: with the column of what cannot be read, and a hint.
        TypeError, ValueError: if a parameter is no finite real number.

    >>> import torch
    >>> import pinnlite as pl
    >>> f = pl.parse("a*x^2 + 1", a=3)
    >>> f(torch.tensor([1.0, 2.0]))
    tensor([ 4., 13.])
    """
    if not isinstance(text, str):
        raise ParseError(
            f"parse reads text, not {type(text).__name__}", repr(text), 1, hint="write it in quotes"
        )
    values = {name: _finite(name, value) for name, value in parameters.items()}
    scope = _ExpressionScope(text, values)
    tokens = tokenize(text)
    for token in tokens:
        if token.type == "EQUALS":
            raise at_token(text, token, "an expression has no '='", "an equation is given to pl.solve")
        if token.type == "RELATION":
            hint = "comparisons are not part of the language; max, min, sign and abs are"
            raise at_token(text, token, f"{str(token)!r} has no meaning here", hint)
    node = parse_tokens(text, tokens, scope)
    try:
        return Expression(node, tuple(scope.variables))
    except (ArithmeticError, ValueError):
        raise not_finite(text) from None


def _finite(name: str, value: Any) -> float:
    """A parameter's value, refused unless it is a finite real number."""
    try:
        converted = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"the parameter {name!r} must be a real number, not {type(value).__name__}") from None
    if not math.isfinite(converted):
        raise ValueError(f"the parameter {name!r} must be a finite number, not {converted}")
    return converted

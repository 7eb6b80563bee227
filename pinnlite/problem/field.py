"""The unknown that a callable is given: it computes like its values, and its attributes are its partials."""

import operator
from collections.abc import Callable
from typing import Any

from torch import Tensor

from pinnlite.language.nodes import NormalDerivative
from pinnlite.problem.partial_names import index_of


class Field:
    """An unknown inside a callable: a tensor of its values, with its partials as attributes."""

    def __init__(self, name: str, coordinates: tuple[str, ...], lookup: Callable[[Any], Tensor]) -> None:
        self._name, self._coordinates, self._lookup = name, coordinates, lookup

    @property
    def _value(self) -> Tensor:
        return self._lookup((self._name, (0,) * len(self._coordinates)))

    def __getattr__(self, name: str) -> Any:
        index = index_of(name, self._coordinates)
        if index is not None:
            return self._lookup((self._name, index))
        if name == "n":
            return self._lookup(NormalDerivative(self._name))
        return getattr(self._value, name)

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return function(*plain(args), **{key: plain(value) for key, value in (kwargs or {}).items()})

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return repr(self._value)


def plain(value: Any) -> Any:
    """Fields within arguments replaced by their values."""
    if isinstance(value, Field):
        return value._value
    if isinstance(value, tuple | list):
        return type(value)(plain(item) for item in value)
    return value


def _give_operators() -> None:
    """Arithmetic of a Field is that of its values."""
    for name in ("add", "sub", "mul", "truediv", "pow", "matmul"):
        function = getattr(operator, name)
        setattr(Field, f"__{name}__", lambda self, other, f=function: f(self._value, plain(other)))
        setattr(Field, f"__r{name}__", lambda self, other, f=function: f(plain(other), self._value))
    for name in ("neg", "pos", "abs"):
        function = getattr(operator, name)
        setattr(Field, f"__{name}__", lambda self, f=function: f(self._value))
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        function = getattr(operator, name)
        setattr(Field, f"__{name}__", lambda self, other, f=function: f(self._value, plain(other)))


_give_operators()

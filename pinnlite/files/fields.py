"""What a file says, taken out piece by piece and checked: nothing that was read is used before it passed here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category

import torch
from torch import Tensor

from pinnlite.errors import FileError

_MOST_TEXT = 100_000  # characters
_MOST_ENTRIES = 10_000
_MOST_NAME = 100
_UNSEEN = ("Cc", "Cs")  # Unicode's classes of control characters and of halves of characters


@dataclass(frozen=True)
class Fields:
    """A JSON object; each method takes out the field of a name and raises FileError if it is not what it should be."""

    values: Mapping[str, Any]
    place: str  # where in the file it stands, for messages

    def text(self, name: str) -> str:
        """A text of bearable length."""
        value = self._value(name)
        self._require(_is_text(value), name, "a text")
        return str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._list(name)
        self._require(all(map(_is_text, values)), name, "a list of texts")
        return tuple(values)

    def number(self, name: str, low: float = -math.inf) -> float:
        """A finite number that is not below ``low``."""
        value = self._value(name)
        self._require(_is_number(value) and value >= low, name, "a finite number")
        return float(value)

    def numbers(self, name: str) -> tuple[float, ...]:
        """A list of finite numbers."""
        values = self._list(name)
        self._require(all(map(_is_number, values)), name, "a list of finite numbers")
        return tuple(map(float, values))

    def rows(self, name: str) -> tuple[tuple[float, ...], ...]:
        """A list of lists of finite numbers."""
        values = self._list(name)
        fits = all(isinstance(row, list) and all(map(_is_number, row)) for row in values)
        self._require(fits, name, "a list of lists of finite numbers")
        return tuple(tuple(map(float, row)) for row in values)

    def integer(self, name: str, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``."""
        value = self._value(name)
        self._require(
            type(value) is int and low <= value <= high, name, f"an integer between {low} and {high}"
        )
        return int(value)

    def truth(self, name: str) -> bool:
        """True or false."""
        value = self._value(name)
        self._require(isinstance(value, bool), name, "true or false")
        return bool(value)

    def interval(self, name: str) -> tuple[float, float]:
        """Two finite numbers, the lower one first."""
        values = self._list(name)
        fits = len(values) == 2 and all(map(_is_number, values)) and values[0] <= values[1]
        self._require(fits, name, "an interval")
        return float(values[0]), float(values[1])

    def sizes(self, name: str) -> tuple[float, ...]:
        """Finite numbers that are not negative."""
        values = self._list(name)
        self._require(all(_is_number(v) and v >= 0 for v in values), name, "a list of sizes")
        return tuple(map(float, values))

    def object(self, name: str) -> "Fields":
        """An object, to be taken apart in turn."""
        value = self._value(name)
        self._require(isinstance(value, dict) and len(value) <= _MOST_ENTRIES, name, "an object")
        return Fields(value, f"{self.place}.{name}")

    def objects(self, name: str) -> tuple["Fields", ...]:
        """A list of objects."""
        values = self._list(name)
        self._require(all(isinstance(v, dict) for v in values), name, "a list of objects")
        return tuple(Fields(v, f"{self.place}.{name}[{i}]") for i, v in enumerate(values))

    def missing(self, name: str) -> bool:
        """Whether a field says that there is nothing."""
        return self._value(name) is None

    def names(self) -> tuple[str, ...]:
        """The names of the fields, where they name something themselves."""
        for name in self.values:
            fits = name.isidentifier() and len(name) <= _MOST_NAME and name != "self"
            self._require(fits, name, "something with a proper name")
        return tuple(self.values)

    def _list(self, name: str) -> list[Any]:
        value = self._value(name)
        self._require(isinstance(value, list) and len(value) <= _MOST_ENTRIES, name, "a list")
        return list(value)

    def _value(self, name: str) -> Any:
        if name not in self.values:
            raise FileError(f"the file is damaged: {self.place}.{name} is missing")
        return self.values[name]

    def _require(self, fits: bool, name: str, expected: str) -> None:
        if not fits:
            raise FileError(f"the file is damaged: {self.place}.{name} is not {expected}")


@dataclass(frozen=True)
class Tensors:
    """Tensors by name, under a prefix."""

    values: Mapping[str, Tensor]
    prefix: str = ""

    def take(self, name: str, *shape: int | None) -> Tensor:
        """A float64 tensor of finite numbers in a shape, of which None leaves a length open but not empty.

        Raises:
            FileError: it is missing or otherwise.
        """
        tensor = self.values.get(self.prefix + name)
        fits = (
            tensor is not None
            and tensor.dtype == torch.float64
            and tensor.ndim == len(shape)
            and all(
                length == wanted if wanted is not None else length > 0
                for length, wanted in zip(tensor.shape, shape, strict=True)
            )
            and bool(tensor.isfinite().all())
        )
        if tensor is None or not fits:
            expected = ", ".join("any" if length is None else str(length) for length in shape)
            raise FileError(
                f"the file is damaged: {self.prefix}{name} is no float64 tensor of finite numbers of shape ({expected})"
            )
        return tensor

    def under(self, prefix: str) -> "Tensors":
        """Those whose name goes on with a prefix."""
        return Tensors(self.values, f"{self.prefix}{prefix}.")

    def all(self) -> dict[str, Tensor]:
        """Every tensor under the prefix, by the rest of its name, whatever its type.

        Raises:
            FileError: one holds something that is not finite.
        """
        found = {
            name.removeprefix(self.prefix): tensor
            for name, tensor in self.values.items()
            if name.startswith(self.prefix)
        }
        for name, tensor in found.items():
            if tensor.is_floating_point() and not tensor.double().isfinite().all():
                raise FileError(f"the file is damaged: {self.prefix}{name} holds a number that is not finite")
        return found


def _is_text(value: Any) -> bool:
    """Whether it can be shown on any terminal: no half of a character, nothing that moves a cursor."""
    return (
        isinstance(value, str)
        and len(value) <= _MOST_TEXT
        and not any(category(c) in _UNSEEN and c not in "\n\t" for c in value)
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e308

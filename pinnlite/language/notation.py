"""How derivatives are written: u'', u_xx, du/dx, du/dn; of expressions (u^2)_xx, d/dx(u^2), d(u^2)/dx, Δ(u^2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import digit

from pinnlite.language.characters import LETTERS, PRIMES

Index = tuple[int, ...]

TIME = "t"  # what time is called, where it matters which of several coordinates is the one

_ORDER = r"(?:(?:\^|\*\*)?[0-9]+|[²³⁴-⁹])"
_NAME = f"[{LETTERS}][{LETTERS}0-9_]*"
_BELOW = rf"\s*/\s*(?P<below>(?:[d∂]{_NAME}(?:{_ORDER})?)+)"
_QUOTIENT = re.compile(rf"[d∂](?P<order>{_ORDER})?(?P<unknown>{_NAME})?{_BELOW}")
_UNDER = re.compile(_BELOW)
_OVER = re.compile(rf"(?<![{LETTERS}0-9_])[d∂]{_ORDER}?$")  # before an opening bracket
_NABLA = re.compile(r"∇\s*[·⋅•.]|∇(?:²|\^2|\*\*2)|[Δ∆∇]")
_NABLAS = {"·": "div", "²": "laplacian", "2": "laplacian", "∇": "grad", "Δ": "laplacian", "∆": "laplacian"}


@dataclass(frozen=True)
class Derivative:
    """An unknown with its order in each coordinate; no index stands for the normal derivative."""

    unknown: str
    index: Index | None


class Misread(Exception):
    """A derivative that is written wrongly: message and hint."""


@dataclass(frozen=True)
class Notation:
    """What can be written with these coordinates; ``taken`` are names with a meaning of their own."""

    coordinates: tuple[str, ...]
    taken: frozenset[str]

    def long_token(self, text: str, start: int) -> tuple[str, int] | None:
        """Type and end of a token of several symbols: d2u/dx2, d/dx, the two parts of d(...)/dx, Δ and its kind."""
        if text[start] in "Δ∆∇":
            match = _NABLA.match(text, start)
            assert match is not None
            return "OPERATOR", match.end()
        if text[start] == "/":
            under = _UNDER.match(text, start)
            return ("BELOW", under.end()) if under and self._over(text, under) is not None else None
        match = _QUOTIENT.match(text, start)
        if match and self._is_derivative(match):
            return "NAME" if match["unknown"] else "OPERATOR", match.end()
        for under in _UNDER.finditer(text, start) if text[start] in "d∂" else ():
            if self._over(text, under) == start:
                return "ABOVE", text.index("(", start)
        return None

    def _over(self, text: str, under: re.Match[str]) -> int | None:
        """Where d(...) starts that stands over this, or None if nothing like it does."""
        if under["below"] in self.taken or next(self._below(under["below"]), None) is None:
            return None
        end, depth = len(text[: under.start()].rstrip()), 0
        for place in range(end - 1, -1, -1):
            depth += (text[place] == ")") - (text[place] == "(")
            if depth <= 0:
                break
        over = _OVER.search(text, 0, place) if end and text[end - 1] == ")" else None
        return over.start() if over and over.group() not in self.taken else None

    def operator(self, text: str) -> Index | str:
        """What is done to an expression: orders of differentiation, or the name of an operator of vector analysis.

        Raises:
            Misread: if it makes no sense here.
        """
        if "/" in text:
            derivative = self._quotient(text)
            assert derivative.index is not None
            return derivative.index
        if text[0] in PRIMES:
            index = self._primes(text).index
            assert index is not None
            return index
        if text[0] != "_":
            return _NABLAS["·" if text[-1] in "⋅•." else text[-1]]
        found = self._letters(text[1:], "(...)")
        if found is None:
            names = ", ".join(self.coordinates)
            raise Misread(
                f"{text!r} is no derivative: the coordinates are {names}", "write (...)_x, or * first"
            )
        return found

    def read(self, name: str) -> Derivative | None:
        """Read a name as a derivative, or None if it is a plain name.

        Raises:
            Misread: if it is a derivative that makes no sense here.
        """
        if name in self.taken:
            return None
        if name[-1] in PRIMES:
            return self._primes(name)
        if "/" in name:
            return self._quotient(name)
        unknown, _, letters = name.rpartition("_")
        index = self._letters(letters, unknown) if unknown and letters else None
        stem, _, earlier = unknown.rpartition("_")
        if index is not None and stem and earlier and self._letters(earlier, stem) is not None:
            hint = f"the derivative of {unknown} is {stem}_{earlier}{letters}; a component is named {stem}{earlier}"
            raise Misread(f"{name!r} can be read in two ways", hint)
        return None if index is None else Derivative(unknown, index)

    def _letters(self, letters: str, what: str) -> Index | None:
        """The orders that xxt stands for."""
        found = {_count(names, self.coordinates) for names in _segment(letters, self.coordinates)} - {()}
        if len(found) > 1:
            raise Misread(f"'{what}_{letters}' can be read in two ways", f"write it as d2{what}/...")
        return found.pop() if found and letters else None

    def _primes(self, name: str) -> Derivative:
        unknown = name.rstrip("".join(PRIMES))
        if len(self.coordinates) != 1:
            instead = " or ".join(f"{unknown or '(...)'}_{c}" for c in self.coordinates)
            message = f"{name!r} does not say by which of {', '.join(self.coordinates)} it is differentiated"
            raise Misread(message, f"write {instead}")
        return Derivative(unknown, (sum(PRIMES[prime] for prime in name[len(unknown) :]),))

    def _quotient(self, name: str) -> Derivative:
        match = _QUOTIENT.fullmatch(name)
        assert match is not None
        unknown, order = match["unknown"] or "", _order(match["order"])
        below = list(self._below(match["below"]))
        if not below:
            if order != 1:
                raise Misread("a normal derivative is of first order", f"write d{unknown}/dn")
            return Derivative(unknown, None)
        fitting = {index for index in below if sum(index) == order}
        if len(fitting) != 1:
            total = sum(below[0])
            message = f"{name!r} has order {order} above the line and {total} below"
            above = f"d{total}{unknown}" if total > 1 else f"d{unknown}"
            raise Misread(message, f"a derivative of order {total} is written {above}/{match['below']}")
        return Derivative(unknown, fitting.pop())

    def _is_derivative(self, match: re.Match[str]) -> bool:
        above, below = match.group().split("/")
        if above.strip() in self.taken and below.strip() in self.taken:
            return False
        if match["unknown"] is None:
            return match["below"] not in self.taken and next(self._below(match["below"]), None) is not None
        normal = match["below"] in {"dn", "∂n"} and "n" not in self.coordinates
        return normal or next(self._below(match["below"]), None) is not None

    def _below(self, text: str) -> Iterator[Index]:
        """Every reading of dx2dt, as orders by coordinate; x2 may be a coordinate, or x twice."""
        if not text:
            yield (0,) * len(self.coordinates)
            return
        for i, name in enumerate(self.coordinates):
            if text[0] not in "d∂" or not text.startswith(name, 1):
                continue
            rest = text[1 + len(name) :]
            written = re.match(_ORDER, rest)
            for stop in {0, written.end() if written else 0}:
                order = _order(rest[:stop])
                for index in self._below(rest[stop:]):
                    yield tuple(n + order * (i == j) for j, n in enumerate(index))


def _order(text: str | None) -> int:
    if not text:
        return 1
    return int("".join(str(digit(c)) for c in text.lstrip("^*")))


def _segment(letters: str, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every way to cut letters into names."""
    if not letters:
        yield ()
        return
    for name in names:
        if letters.startswith(name):
            for rest in _segment(letters[len(name) :], names):
                yield (name, *rest)


def _count(found: tuple[str, ...], names: tuple[str, ...]) -> Index:
    return tuple(found.count(name) for name in names)

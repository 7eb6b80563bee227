"""A problem in a TOML file: statements, domain, parameters, observations, and what ``solve`` is told beside them."""

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnlite.cli.text_files import read_text_file
from pinnlite.cli.values import number
from pinnlite.errors import FileError, ParseError, ProblemError

if TYPE_CHECKING:
    from pinnlite.geometry.region import Region

_MOST_INPUT = 1_000_000  # bytes
_LARGEST = 1e308
_PROBLEM = ("equation", "equations", "conditions", "domain", "region", "params", "unknowns", "data")
_SOLVE = ("tol", "trial", "seed", "time_limit")
_UNKNOWN = ("guess", "positive", "bounds")


@dataclass(frozen=True)
class Stated:
    """A problem as it was given, and what ``solve`` is told beside it.

    Attributes:
        statements: equations and conditions.
        names: coordinates with their intervals and parameters, known and unknown, as ``pl.Problem`` takes them.
        region: where the problem lives, if that is no box.
        data: files of observations by the name of what was observed.
        settings: of ``solve``: tol, trial, seed, time_limit.
    """

    statements: Sequence[str]
    names: Mapping[str, Any] = field(default_factory=dict)
    region: "Region | None" = None
    data: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def read_problem_file(path: str) -> Stated:
    """The problem in a TOML file.

    Raises:
        FileError: the file is not there, cannot be read, or is no TOML.
        ProblemError: an entry is unknown, missing, or not what it should be.
        ParseError: a number or a region cannot be read.
    """
    return read_problem(read_text_file(path, _MOST_INPUT), path, Path(path).parent)


def read_problem(text: str, place: str, folder: Path) -> Stated:
    """The problem in a text of TOML; ``place`` is how messages speak of it, ``folder`` where its data lie."""
    try:
        entries = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of TOML's grammar, or a number with too many digits
        raise FileError(f"{place} is no TOML: {error}") from None
    return _Reader(place, folder).stated(entries)


def is_problem(text: str) -> bool:
    """Whether a text is TOML with a problem, and no statements."""
    return any(line.strip() == "[problem]" for line in text.splitlines())


@dataclass(frozen=True)
class _Reader:
    """Takes a problem out of TOML's tables, each entry checked."""

    place: str
    folder: Path

    def stated(self, entries: dict[str, Any]) -> Stated:
        self._known(entries, ("problem", "solve"), "")
        problem = self._table(entries, "problem", _PROBLEM)
        if not problem:
            raise ProblemError(f'{self.place} states no problem: add [problem] with equation = "..."')
        observed = self._dict(problem.get("data", {}), "data")
        return Stated(
            self._statements(problem),
            self._names(problem),
            self._region(problem),
            {name: str(self.folder / self._text(observed, name, "data")) for name in observed},
            self._settings(self._table(entries, "solve", _SOLVE)),
        )

    def _statements(self, problem: Mapping[str, Any]) -> list[str]:
        if "equation" in problem and "equations" in problem:
            raise ProblemError(f"{self.place}: give equation or equations, not both")
        first = [self._text(problem, "equation", "problem")] if "equation" in problem else []
        lists = [self._texts(problem, key) for key in ("equations", "conditions") if key in problem]
        statements = [*first, *(text for texts in lists for text in texts)]
        if not {"equation", "equations"} & problem.keys() or not statements:
            raise ProblemError(f'{self.place} has no equation: add equation = "..." under [problem]')
        return statements

    def _region(self, problem: Mapping[str, Any]) -> "Region | None":
        from pinnlite.geometry.region_text import read_region

        return read_region(self._text(problem, "region", "problem")) if "region" in problem else None

    def _names(self, problem: Mapping[str, Any]) -> dict[str, Any]:
        intervals = self._dict(problem.get("domain", {}), "domain")
        parameters = self._dict(problem.get("params", {}), "params")
        sought = self._dict(problem.get("unknowns", {}), "unknowns")
        twice = (intervals.keys() & parameters.keys()) | (
            sought.keys() & (intervals.keys() | parameters.keys())
        )
        if twice:
            raise ProblemError(f"{self.place}: {min(twice)} is given twice, in domain, params or unknowns")
        return {
            **{name: self._interval(value, f"domain.{name}") for name, value in intervals.items()},
            **{name: self._number(value, f"params.{name}") for name, value in parameters.items()},
            **{name: self._unknown(value, f"unknowns.{name}") for name, value in sought.items()},
        }

    def _settings(self, solve: Mapping[str, Any]) -> dict[str, Any]:
        read: dict[str, Callable[[Any, str], Any]] = {
            "tol": self._number,
            "time_limit": self._number,
            "seed": lambda value, place: value,
            "trial": lambda value, place: value,
        }
        return {name: read[name](value, f"solve.{name}") for name, value in solve.items()}

    def _unknown(self, value: Any, place: str) -> Any:
        from pinnlite.problem.unknown import Unknown

        if not isinstance(value, dict):
            return Unknown(self._number(value, place))
        self._known(value, _UNKNOWN, place)
        if "guess" not in value:
            raise ProblemError(f"{self.place}: {place} has no guess: give one, such as guess = 1.0")
        bounds = self._interval(value["bounds"], f"{place}.bounds") if "bounds" in value else None
        positive = value.get("positive", False)
        if not isinstance(positive, bool):
            raise ProblemError(f"{self.place}: {place}.positive is true or false")
        return Unknown(self._number(value["guess"], f"{place}.guess"), positive, bounds)

    def _table(self, entries: Mapping[str, Any], key: str, known: tuple[str, ...]) -> dict[str, Any]:
        table = self._dict(entries.get(key, {}), key)
        self._known(table, known, key)
        return table

    def _known(self, table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                raise ProblemError(f"{self.place}: unknown key {f'{place}.{key}'.lstrip('.')}: {advice}")

    def _dict(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ProblemError(f"{self.place}: {place} is a table, such as {place} = {{ name = ... }}")
        return value

    def _text(self, table: Mapping[str, Any], key: str, place: str) -> str:
        if not isinstance(table[key], str):
            raise ProblemError(f"{self.place}: {place}.{key} is a text in quotes")
        return str(table[key])

    def _texts(self, table: Mapping[str, Any], key: str) -> list[str]:
        values = table[key]
        if not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
            raise ProblemError(f'{self.place}: problem.{key} is a list of texts, such as ["u(0) = 0"]')
        return list(values)

    def _number(self, value: Any, place: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not abs(value) <= _LARGEST:
                raise ProblemError(f"{self.place}: {place} is no finite number")
            return float(value)
        if not isinstance(value, str):
            raise ProblemError(f'{self.place}: {place} is a number, or a text such as "2*pi"')
        try:
            return number(value)
        except ParseError as error:
            message = f"{self.place}: {place}: {error.message}"
            raise ParseError(message, error.text, error.column, error.length, error.hint) from None

    def _interval(self, value: Any, place: str) -> tuple[float, float]:
        if not (isinstance(value, list) and len(value) == 2):
            raise ProblemError(f"{self.place}: {place} is a list of two ends, such as [0, 1]")
        return self._number(value[0], place), self._number(value[1], place)

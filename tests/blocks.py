"""The fenced blocks of a page, run in their order: what a reader would type, and what the page says comes of it."""

import ast
import contextlib
import doctest
import io
import re
import shlex
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pinnlite.cli import main

NUMBER = re.compile(r"[-−]?\d+\.?\d*(?:e[-+]?\d+)?")
CLAIM = re.compile(r"(?:tensor|array)?[\[({]*(?:[-−]?\d|'|\"|True|False|None)|raises ")
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
CLOSE, ZERO = 1e-6, 1e-9
SHOWN = {
    "python",
    "console",
    "text",
    "toml",
    "sh",
}  # the first two are run, files are written where they are named


@dataclass(frozen=True)
class Block:
    """A fenced block: the name stands before it, as in "`problem.toml`:", if it is a file."""

    language: str
    text: str
    line: int
    name: str
    excuse: str  # why it is not run: <!-- not run: it takes an hour --> before it


def blocks(page: str) -> Iterator[Block]:
    before = ""
    for token in MarkdownIt("commonmark").parse(page):
        if token.type == "fence":
            named = re.search(r"`([\w.-]+)`:$", before)
            excuse = re.fullmatch(r"<!-- not run: (.+) -->", before.strip(), re.DOTALL)
            line = token.map[0] + 1 if token.map else 0
            yield Block(
                token.info, token.content, line, named[1] if named else "", excuse[1] if excuse else ""
            )
        if token.content:
            before = token.content


def run(page: Path) -> None:
    """Run all blocks of a page in the present folder, those of Python in one namespace."""
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page.read_text(encoding="utf-8")):
        where = f"{page.name}, line {block.line}"
        if block.name:
            Path(block.name).write_text(block.text, encoding="utf-8")
        elif block.excuse:
            continue
        elif block.language == "console":
            run_commands(block.text, where)
        elif block.language == "python" and block.text.startswith(">>> "):
            run_session(block.text, names, where)
        elif block.language == "python":
            run_code(block.text, names, where)


def run_commands(text: str, where: str) -> None:
    """Commands after a dollar; what one prints is compared if the page shows anything below it."""
    for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, expected = command.partition("\n")
        words = shlex.split(line)
        assert words[0] == "pinnlite", where
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words[1:])
        assert code == 0, f"{where}: {err.getvalue()}"
        if expected.strip():
            assert_prints(expected, out.getvalue(), where)


def run_session(text: str, names: dict[str, Any], where: str) -> None:
    """A block as it was typed at Python's prompt, warnings and the last lines of tracebacks among what it prints."""
    session = doctest.DocTestParser().get_doctest(text, {}, where, None, None)
    session.globs = names
    told: list[str] = []
    runner = doctest.DocTestRunner(Printed())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, category, *_, **__: print(f"{category.__name__}: {message}")
        runner.run(session, out=told.append, clear_globs=False)
    assert not runner.failures, "".join(told)


def run_code(text: str, names: dict[str, Any], where: str) -> None:
    """Statements one by one; a comment after an expression that starts with a value says what it is.

    ``x + 1  # 3; and so on`` is held to 3, ``f(x)  # raises ShapeError: ...`` to raising that.
    """
    said = dict(_comments(text))
    for node in ast.parse(text).body:
        claim = said.get(node.end_lineno or 0, "")
        if not (isinstance(node, ast.Expr) and CLAIM.match(claim)):
            exec(compile(ast.Module([node], []), where, "exec"), names)  # our own text
            continue
        expression = compile(ast.Expression(node.value), where, "eval")
        if claim.startswith("raises "):
            with pytest.raises(Exception) as caught:  # noqa: PT011  # which one is the claim
                eval(expression, names)
            assert claim.split()[1].rstrip(":;,.") in {each.__name__ for each in caught.type.__mro__}, where
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            value = eval(expression, names)
        assert_holds(claim, out.getvalue() if value is None else value, where)


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


class Printed(doctest.OutputChecker):
    """Output as ``assert_prints`` compares it; a long line may be broken where the page needs it."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if len(want.splitlines()) != len(got.splitlines()):
            want, got = " ".join(want.split()), " ".join(got.split())
        try:
            assert_prints(want, got)
        except AssertionError:
            return False
        return True


def assert_prints(expected: str, printed: str, where: str = "") -> None:
    """Words are the same, numbers close; three dots stand for anything up to the end of a line or the next word."""
    wanted, found = expected.rstrip().splitlines(), printed.rstrip().splitlines()
    assert len(wanted) == len(found), f"{where}: {printed}"
    for line, other in zip(wanted, found, strict=True):
        pattern = r"\s+".join(_pattern(word) for word in line.split())
        assert re.fullmatch(pattern, " ".join(other.split())), f"{where}: {line!r} is not {other!r}"
        first, _, rest = line.partition("...")
        others = NUMBER.findall(other)
        before, after = NUMBER.findall(first), NUMBER.findall(rest.rpartition("...")[2])
        assert _floats(others[: len(before)]) == pytest.approx(_floats(before), rel=CLOSE, abs=ZERO), where
        last = others[len(others) - len(after) :]
        assert _floats(last) == pytest.approx(_floats(after), rel=CLOSE, abs=ZERO), where


def _pattern(word: str) -> str:
    parts = [NUMBER.sub("#", part) for part in word.split("...")]
    return r".*".join(re.escape(part).replace(r"\#", NUMBER.pattern) for part in parts)


def assert_holds(claim: str, value: Any, where: str) -> None:
    """The values that a comment states before any semicolon or colon are those of an object, to the digits shown."""
    stated = re.split(r";|:(?![^{]*\})", claim)[0]
    found = list(_scalars(value))
    words = re.findall(r"\b(?:True|False|None)\b", stated)
    assert words == [str(each) for each in found if isinstance(each, bool | None)], f"{where}: {claim}"
    quoted = [a or b for a, b in QUOTED.findall(stated)] if not isinstance(value, dict) else []
    texts = [each for each in found if isinstance(each, str)]
    assert not quoted or quoted == texts, f"{where}: {claim}"
    numbers = NUMBER.findall(QUOTED.sub("", stated))
    others = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
    for text in () if quoted else texts:
        others += _floats(NUMBER.findall(text))
    assert len(numbers) == len(others), f"{where}: {claim} of {value}"
    for number, other in zip(numbers, others, strict=True):
        exact = float(number.replace("−", "-"))
        assert abs(other - exact) <= max(_half_a_digit(number), CLOSE * abs(exact), ZERO), f"{where}: {claim}"


def _half_a_digit(number: str) -> float:
    """What rounding to the digits of a decimal fraction may change; whole numbers are meant as they are."""
    digits, _, power = number.partition("e")
    _, point, fraction = digits.partition(".")
    return 0.5 * 10.0 ** (int(power or 0) - len(fraction)) if point or power else 0.0


def _scalars(value: Any) -> Iterator[Any]:
    """The numbers, words and truths that an object is made of."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _scalars(each)
    else:
        yield value if isinstance(value, int | float | None) else str(value)


def _floats(numbers: Iterable[str]) -> list[float]:
    return [float(number.replace("−", "-")) for number in numbers]

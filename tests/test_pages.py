"""README and docs do what they say: every block is run, and what it prints is compared, numbers as numbers."""

import doctest
import re
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pinnlite.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-−]?\d+\.?\d*(?:e[-+]?\d+)?")
CLOSE, ZERO = 1e-6, 1e-9


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Language, text, and the name of the file that stands before the block, as in `problem.toml`:."""
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        before = text[: match.start()].rstrip().rsplit("\n\n", 1)[-1]
        named = re.search(r"`([\w.-]+)`:$", before)
        yield match[1], match[2], named[1] if named else ""


def assert_prints(expected: str, printed: str) -> None:
    """Words are the same, numbers close; three dots stand for anything up to the end of a line or the next word."""
    wanted, printed_lines = expected.rstrip().splitlines(), printed.rstrip().splitlines()
    assert len(wanted) == len(printed_lines), printed
    for line, other in zip(wanted, printed_lines, strict=True):
        pattern = r"\s+".join(_pattern(word) for word in line.split())
        assert re.fullmatch(pattern, " ".join(other.split())), f"{line!r} is not {other!r}"
        before, _, after = line.partition("...")
        found = NUMBER.findall(other)
        for part, start in ((before, True), (after.rpartition("...")[2], False)):
            numbers = NUMBER.findall(part)
            others = found[: len(numbers)] if start else found[len(found) - len(numbers) :]
            assert list(map(float, others)) == pytest.approx(list(map(float, numbers)), rel=CLOSE, abs=ZERO)


def _pattern(word: str) -> str:
    parts = [NUMBER.sub("#", part) for part in word.split("...")]
    return r".*".join(re.escape(part).replace(r"\#", NUMBER.pattern) for part in parts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_console(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for language, text, name in blocks(page):
        if name:
            (tmp_path / name).write_text(text)
        if language != "console":
            continue
        for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, _, expected = command.partition("\n")
            words = shlex.split(line)
            assert words[0] == "pinnlite"
            capsys.readouterr()
            assert main(words[1:]) == 0, capsys.readouterr().err
            if expected.strip():
                assert_prints(expected, capsys.readouterr().out)


class Printed(doctest.OutputChecker):
    """Output as ``assert_prints`` compares it, messages over as many lines as the page needs."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if len(want.splitlines()) != len(got.splitlines()):
            want, got = " ".join(want.split()), " ".join(got.split())
        try:
            assert_prints(want, got)
        except AssertionError:
            return False
        return True


def show(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
    """A warning where a reader of the page sees it: among the output."""
    print(f"{category.__name__}: {message}")


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)  # README has a test of its own
def test_the_python(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    for language, text, _ in blocks(page):
        if language == "python" and not text.startswith(">>> "):
            exec(text, names)  # our own text
        elif language == "python":
            run_session(text, names, page.name)


def run_session(text: str, names: dict[str, object], name: str) -> None:
    """A block as it was typed at Python's prompt; what is assigned there holds in the blocks below."""
    session = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    session.globs = names
    said: list[str] = []
    runner = doctest.DocTestRunner(Printed())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        runner.run(session, out=said.append, clear_globs=False)
    assert not runner.failures, "".join(said)


def test_the_comparison_itself() -> None:
    assert_prints("x  u\n1  0.5 s", "x u\n1   0.50000000001 s\n")
    assert_prints("error ... in 3 steps", "error 1e-9 in 3 steps")
    run_session(">>> n = 2\n>>> n / 3\n0.66666666\n", {}, "right")
    run_session(
        ">>> 1 / 0\nTraceback (most recent call last):\n  ...\nZeroDivisionError: ...\n", {}, "raises"
    )
    with pytest.raises(AssertionError, match=r"0\.67"):
        run_session(">>> 2 / 3\n0.67\n", {}, "wrong")
    with pytest.raises(AssertionError):
        assert_prints("x 1 ... 2", "x 1.1 and 2")
    for wrong in ("x  u\n1  0.51 s", "x  u\n1  0.5 h", "x  u", "x u v\n1 0.5 s"):
        with pytest.raises(AssertionError):
            assert_prints("x  u\n1  0.5 s", wrong)

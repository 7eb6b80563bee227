"""The README does what it says: its commands run, its output is what is printed, its Python runs."""

import math
import re
from pathlib import Path

import pytest

import pinnlite as pl
from pinnlite.cli import main
from tests.blocks import run_code
from tests.streams import said

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    pinnlite (.*)$", README, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', line)]
    if words[0] == "eval":
        pl.solve("u'' + exp(u) = 0", "u(0) = 0", "u(1) = 0", x=(0, 1)).save(words[1])
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert said(err) == ""
    assert len(list(tmp_path.iterdir())) == words.count("--plot") + words.count("--out") + words.count("eval")
    if line == COMMANDS[0]:
        shown = README.split("The first prints\n\n")[1].split("\n\n## ")[0]
        assert [line[4:] for line in shown.splitlines()] == out.splitlines()


def test_the_python() -> None:
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        run_code(code, names, "README.md")
    sine, u, rows = names["sine"], names["u"], names["rows"]
    assert sine.converged  # type: ignore[attr-defined]
    assert float(sine(1.0)) == pytest.approx(math.sin(1), rel=1e-11)  # type: ignore[operator]
    assert u.converged  # type: ignore[attr-defined]
    assert float(u(0.5, 0.0)) == pytest.approx(-1, rel=1e-5)  # type: ignore[operator]
    assert [len(row) for row in rows.values()][:2] == [500, 22]  # type: ignore[attr-defined]
    assert all(row.requires_grad for row in rows.values())  # type: ignore[attr-defined]


def test_where_it_points_to() -> None:
    """Every page and picture that the README names is there."""
    named = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(named) > 7
    assert [name for name in named if not (ROOT / name).exists()] == []

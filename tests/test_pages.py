"""README and docs do what they say: every block is run, and what it prints or states is compared."""

import re
from pathlib import Path

import pytest

from tests.blocks import SHOWN, assert_prints, blocks, run, run_code, run_session

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)  # README has tests of its own
def test_the_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_is_of_a_kind_that_is_passed_over(page: Path) -> None:
    found = {block.language for block in blocks(page.read_text(encoding="utf-8"))}
    directives = {language for language in found if language.startswith("{") and "code" not in language}
    assert found - directives <= SHOWN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    """A path from the top or from the package's folder, or the name of a file of the package."""
    named = set(re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8")))
    own = {path.name for path in (ROOT / "pinnlite").rglob("*.py")}
    missing = {name for name in named if not ((ROOT / name).exists() or (ROOT / "pinnlite" / name).exists())}
    assert missing - own == set()


def test_the_comparison_itself() -> None:
    assert_prints("x  u\n1  0.5 s", "x u\n1   0.50000000001 s\n")
    assert_prints("error ... in 3 steps", "error 1e-9 in 3 steps")
    for wrong in ("x  u\n1  0.51 s", "x  u\n1  0.5 h", "x  u", "x u v\n1 0.5 s"):
        with pytest.raises(AssertionError):
            assert_prints("x  u\n1  0.5 s", wrong)
    for wrong in ("x 1.1 and 2", "x 1 and 2.1"):
        with pytest.raises(AssertionError):
            assert_prints("x 1 ... 2", wrong)


@pytest.mark.parametrize(
    "code",
    [
        "x = torch.tensor([1.0, 2 / 3])\nx  # 1, 0.6667; and more: 5",
        "{'k': math.log(2)}  # {'k': 0.693...}: log 2",
        "{'k': math.log(2)}  # {'k': 0.693}",
        "'it ends'  # 'it ends'",
        "1 < 2, None  # True, None",
        "print(1 / 3)  # 0.33333",
        "1 / 0  # raises ZeroDivisionError: as it should",
        "1 / 3  # a third, for which 7 digits are not needed",
        "y = 3  # 4 is not compared with what is assigned",
        "2e-9  # 2e-09",
    ],
)
def test_a_comment_that_is_right(code: str) -> None:
    run_code("import math, torch\n" + code, {}, "")


@pytest.mark.parametrize(
    "code",
    [
        "2 / 3  # 0.66",
        "[1, 2]  # 1",
        "2.4  # 2",
        "1 > 2  # True",
        "'a'  # 'b'",
        "('a', 1)  # ('a', 2)",
        "1 + 1  # raises TypeError",
    ],
)
def test_a_comment_that_is_wrong(code: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run_code(code, {}, "")


def test_sessions() -> None:
    names: dict[str, object] = {}
    run_session(">>> n = 2\n>>> n / 3\n0.66666666\n", names, "right")
    run_session(
        ">>> 1 / 0\nTraceback (most recent call last):\n  ...\nZeroDivisionError: ...\n", names, "raises"
    )
    run_session(
        ">>> import warnings\n>>> warnings.warn('so it\\nis')\nUserWarning: so it is\n", names, "warns"
    )
    assert names["n"] == 2
    with pytest.raises(AssertionError, match=r"0\.67"):
        run_session(">>> 2 / 3\n0.67\n", {}, "wrong")


PAGE = """- an item

  ```python
  x = 1
  ```

<!-- not run: it takes an hour -->
```python
while True: ...
```

`a.toml`:

```toml
a = 1
```
"""


def test_blocks_in_lists_blocks_that_are_not_run_and_files() -> None:
    first, second, third = blocks(PAGE)
    assert (first.text, first.excuse, first.name) == ("x = 1\n", "", "")
    assert (second.excuse, third.excuse, third.name) == ("it takes an hour", "", "a.toml")

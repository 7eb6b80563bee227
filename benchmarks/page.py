"""Puts the tables into README and docs, from the files of results alone.

    python -m benchmarks.page

In any page, what stands between the two lines

    <!-- bench: NAME -->
    <!-- /bench -->

is replaced by the table of that name (``tables``); the text around it is written by hand.
"""

import re
from pathlib import Path

from benchmarks.tables import TABLES

ROOT = Path(__file__).parents[1]
PLACE = re.compile(r"(?<=<!-- bench: )([\w-]+)( -->\n).*?(?=<!-- /bench -->)", re.DOTALL)
UNMEASURED = "Not measured yet."


def pages() -> list[Path]:
    """The texts that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def filled(text: str) -> str:
    """A page's text with its tables as they are in the results.

    Raises:
        KeyError: there is no table of a name that the page asks for.
    """
    return PLACE.sub(lambda place: f"{place[1]}{place[2]}\n{_table(place[1])}\n\n", text)


def _table(name: str) -> str:
    try:
        return TABLES[name]()
    except FileNotFoundError:
        return UNMEASURED


def main() -> None:
    for path in pages():
        text = path.read_text(encoding="utf-8")
        new = filled(text)
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: tables renewed")


if __name__ == "__main__":
    main()

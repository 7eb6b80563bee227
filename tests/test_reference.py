"""The API reference has every public name once, and nothing that is not there."""

import re
from collections import Counter
from pathlib import Path

import pinnlite as pl

ROOT = Path(__file__).parents[1]
ENTRY = re.compile(r"^\.\. auto(function|class|exception):: pinnlite\.(\w+)$", re.MULTILINE)
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")}


def test_every_public_name_is_on_one_page() -> None:
    stub = (ROOT / "pinnlite" / "__init__.pyi").read_text(encoding="utf-8")
    public = re.findall(r" as (\w+)$", stub, re.MULTILINE)
    assert set(public) == set(pl.__all__)
    entries = Counter(name for page in PAGES.values() for _, name in ENTRY.findall(page))
    assert entries == Counter(public)


def test_every_entry_is_of_the_right_kind() -> None:
    for kind, name in (entry for page in PAGES.values() for entry in ENTRY.findall(page)):
        thing = getattr(pl, name)
        is_class, is_error = isinstance(thing, type), name.endswith("Error")
        assert (is_class, is_error) == (kind != "function", kind == "exception"), name


def test_every_page_is_in_the_contents() -> None:
    listed = re.findall(r"^[a-z]+$", PAGES["index"], re.MULTILINE)
    assert sorted([*listed, "index"]) == sorted(PAGES)

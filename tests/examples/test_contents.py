"""The examples as a collection: all are listed, each is short, says what it shows, and has a main."""

import ast

import pytest

from tests.examples.running import CONTENTS, EXAMPLES

SCRIPTS = [name for name in CONTENTS if name.endswith(".py")]


def test_the_table_of_contents_is_complete() -> None:
    found = {
        path.relative_to(EXAMPLES).as_posix()
        for end in ("py", "ipynb")
        for path in EXAMPLES.rglob(f"*.{end}")
    }
    assert set(CONTENTS) == found
    names = [name.rpartition("/")[2] for name in CONTENTS]
    assert len(set(names)) == len(names)  # by which `pinnlite examples` knows them


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_is_short_and_says_what_it_shows(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert len(text.splitlines()) <= 60
    title, rule = (ast.get_docstring(ast.parse(text)) or "").splitlines()[:2]
    assert rule == "=" * len(title)
    assert len(title) <= 66  # one line of the list
    assert "def main(" in text
    assert text.endswith('if __name__ == "__main__":\n    main()\n')


@pytest.mark.parametrize("section", sorted({name.rpartition("/")[0] for name in CONTENTS}))
def test_each_section_has_a_title_for_the_gallery(section: str) -> None:
    title, rule, *_ = (EXAMPLES / section / "GALLERY_HEADER.rst").read_text().splitlines()
    assert len(rule) == len(title)

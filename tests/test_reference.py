"""The API reference has every public name once, and nothing that is not there."""

import ast
import builtins
import doctest
import inspect
import re
from collections import Counter
from pathlib import Path

import pinnlite as pl

ROOT = Path(__file__).parents[1]
ENTRY = re.compile(r"^\.\. auto(function|class|exception):: pinnlite\.(\w+)(?:\(\))?$", re.MULTILINE)
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


def documented() -> dict[str, str]:
    """What public names and their public methods say of themselves."""
    found = {}
    for name in pl.__all__:
        thing = getattr(pl, name)
        found[name] = inspect.getdoc(thing) or ""
        for method, value in vars(thing).items() if isinstance(thing, type) else ():
            if not method.startswith("_"):
                found[f"{name}.{method}"] = inspect.getdoc(value) or ""
    return found


def free_names(source: str) -> set[str]:
    """The names that a piece of code uses and does not make."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    own |= {each.asname or each.name for node in imports for each in node.names}
    return {node.id for node in names} - own - set(dir(builtins))


def test_an_example_is_all_that_there_is_to_type() -> None:
    """The tests of docstrings see the names of a module, which a reader does not."""
    parser = doctest.DocTestParser()
    sources = {
        name: "".join(each.source for each in parser.get_examples(text))
        for name, text in documented().items()
    }
    assert sum(map(bool, sources.values())) > 50
    assert {name: free for name, source in sources.items() if (free := free_names(source))} == {}

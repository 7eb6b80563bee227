"""The directives ``rooms`` and ``files``: what is in the house, read from the layers' test and from the first lines."""

import ast
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pinnlite"
LAYERS = ROOT / "tests" / "test_layers.py"


def layers() -> list[list[str]]:
    """The rooms, layer by layer, as the test that enforces them has them."""
    tree = ast.parse(LAYERS.read_text(encoding="utf-8"))
    (found,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "LAYERS"
    )
    return [sorted(rooms) for rooms in ast.literal_eval(found) if "__main__" not in rooms]


def first_line(path: Path) -> str:
    """What a file or a package says that it is for."""
    path = path / "__init__.py" if path.is_dir() else path
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]


class Rooms(SphinxDirective):
    """A table: one row for each layer, each of which may import from those above it."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        group = nodes.tgroup("", nodes.colspec(colwidth=1), nodes.colspec(colwidth=4), cols=2)
        body = nodes.tbody()
        for layer in layers():
            for room in layer:
                path = PACKAGE / room
                path = path if path.is_dir() else path.with_suffix(".py")
                mark = f"{room}/" if path.is_dir() else path.name
                beside = [other for other in layer if other != room]
                note = f" It does not know {' and '.join(beside)}, nor they it." if beside else ""
                body += nodes.row(
                    "", _cell(nodes.literal(mark, mark)), _cell(*_prose(first_line(path) + note))
                )
        group += nodes.thead(
            "", nodes.row("", *(_cell(nodes.Text(head)) for head in ("room", "what it holds")))
        )
        group += body
        return [nodes.table("", group)]


class Files(SphinxDirective):
    """Every file of the package with its first line, room after room."""

    def run(self) -> list[nodes.Node]:
        """Make one list for each package of files."""
        found: list[nodes.Node] = []
        for room in (room for layer in layers() for room in layer if (PACKAGE / room).is_dir()):
            for folder in sorted({path.parent for path in (PACKAGE / room).rglob("*.py")}):
                files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
                name = folder.relative_to(PACKAGE).as_posix()
                title = nodes.strong(name, name)
                found.append(nodes.paragraph("", "", title, nodes.Text(". "), *_prose(first_line(folder))))
                found.append(nodes.bullet_list("", *(_item(path) for path in files)))
        return found


def _item(path: Path) -> nodes.list_item:
    name = nodes.literal(path.name, path.name)
    return nodes.list_item("", nodes.paragraph("", "", name, nodes.Text(": "), *_prose(first_line(path))))


def _cell(*content: nodes.Node) -> nodes.entry:
    return nodes.entry("", nodes.paragraph("", "", *content))


def _prose(text: str) -> Iterable[nodes.Node]:
    """Text with what stands between double backticks as code."""
    for i, part in enumerate(" ".join(text.split()).split("``")):
        yield nodes.literal(part, part) if i % 2 else nodes.Text(part)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("rooms", Rooms)
    app.add_directive("files", Files)
    return {"parallel_read_safe": True}

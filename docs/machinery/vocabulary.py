"""The directive ``vocabulary``: the table of functions that the language knows, read from the language itself."""

from collections.abc import Callable

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pinnlite.language.expression import parse
from pinnlite.language.functions import FUNCTIONS

HEADS = ("function", "derivative by x")


class Vocabulary(SphinxDirective):
    """A table: one row for each function of ``pinnlite.language.functions``."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        calls = [f"{name}({', '.join('xy'[: f.arity])})" for name, f in FUNCTIONS.items()]
        functions = [parse(call) for call in [*calls, "P(3, x)"]]
        body = nodes.tbody("", *(_row((str(f), str(f.diff("x"))), _code) for f in functions))
        head = nodes.thead("", _row(HEADS, nodes.Text))
        return [nodes.table("", nodes.tgroup("", *(nodes.colspec() for _ in HEADS), head, body, cols=2))]


def _row(cells: tuple[str, ...], make: Callable[[str], nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", make(cell))) for cell in cells))


def _code(text: str) -> nodes.literal:
    return nodes.literal(text, text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("vocabulary", Vocabulary)
    return {"parallel_read_safe": True}

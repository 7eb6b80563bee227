"""The directive ``vocabulary``: the table of functions that the language knows, read from the language itself."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pinnlite.language.expression import parse
from pinnlite.language.functions import FUNCTIONS

HEADS = ("function", "derivative", "what PyTorch computes")


class Vocabulary(SphinxDirective):
    """One row for each function of ``pinnlite.language.functions``."""

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        rows = []
        for name, function in FUNCTIONS.items():
            f = parse(f"{name}({', '.join('xy'[: function.arity])})")
            rows.append((str(f), str(f.diff("x"))))
        f = parse("P(3, x)")
        rows.append((str(f), str(f.diff("x"))))
        return [table(HEADS[:2], rows)]


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> nodes.table:
    """A table whose cells are code."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in heads), cols=len(heads))
    group += nodes.thead("", _row(heads, nodes.Text))
    group += nodes.tbody("", *(_row(row, lambda cell: nodes.literal(cell, cell)) for row in rows))
    return nodes.table("", group)


def _row(cells, node):
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", node(cell))) for cell in cells))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("vocabulary", Vocabulary)
    return {"parallel_read_safe": True}

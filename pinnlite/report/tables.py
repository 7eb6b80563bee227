"""Tables as text, as comma-separated values and as JSON, made of plain numbers and words."""

import csv
import io
import json
import math
import sys
from collections.abc import Sequence
from typing import Any

Cell = float | str
_GAP = 3
_DIGITS = 10
_UNBOUNDED = 10**6  # characters


def text_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Lay out a table for people: words to the left, numbers with ten digits to the right.

    The primes of a heading such as f'' hang over its column's edge, so that a narrow column stays narrow.

    Args:
        columns: a heading for each column.
        rows: cells, as many in each row as there are columns.

    Returns:
        Lines without trailing blanks and without a final newline.

    >>> print(text_table(["x", "f", "f'"], [[3.0, 10.0, 6.0], [0.5, 1.25, 1.0]]))
      x      f   f'
      3     10   6
    0.5   1.25   1
    """
    laid_out = [
        _column(name, [row[i] for row in rows], last=i == len(columns) - 1) for i, name in enumerate(columns)
    ]
    return "\n".join("".join(cells).rstrip() for cells in zip(*laid_out, strict=True))


def _column(name: str, cells: Sequence[Cell], last: bool) -> list[str]:
    """A heading and its cells, padded to one width that includes the gap to the next column."""
    stem = name.rstrip("'")
    primes = name[len(stem) :]
    shown = [cell if isinstance(cell, str) else format_number(cell) for cell in cells]
    width = max(map(len, [stem, *shown]))
    gap = 0 if last else max(_GAP, len(primes) + 2)
    if any(isinstance(cell, str) for cell in cells):
        return [cell.ljust(width + gap) for cell in [name, *shown]]
    return [
        (stem.rjust(width) + primes).ljust(width + gap),
        *(cell.rjust(width) + " " * gap for cell in shown),
    ]


def format_number(value: float) -> str:
    """A number for people: ten digits, whole numbers without a point, zero without a sign.

    >>> format_number(2.0), format_number(0.1 + 0.2), format_number(-0.0)
    ('2', '0.3', '0')
    """
    return format(value + 0.0, f".{_DIGITS}g")


def csv_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Lay out a table for programs: comma-separated values that read back as the same numbers.

    >>> csv_table(["x", "f"], [[0.5, 0.1], [2.0, float("nan")]]).splitlines()
    ['x,f', '0.5,0.1', '2,nan']
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[cell if isinstance(cell, str) else _exact(cell) for cell in row] for row in rows])
    return text.getvalue().rstrip("\n")


def latex_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    r"""Lay out a table as a LaTeX ``tabular``; headings are mathematics, and so are cells that are words.

    >>> print(latex_table(["x", "f'"], [[0.5, 1e-9]]))
    \begin{tabular}{rr}
    $x$ & $f'$ \\
    \hline
    $0.5$ & $1 \cdot 10^{-9}$ \\
    \end{tabular}
    """
    lines = [_latex_row(columns), "\\hline", *map(_latex_row, rows)]
    return "\n".join([f"\\begin{{tabular}}{{{'r' * len(columns)}}}", *lines, "\\end{tabular}"])


def _latex_row(cells: Sequence[Cell]) -> str:
    return " & ".join(f"${_latex_cell(cell)}$" for cell in cells) + r" \\"


def _latex_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    digits, e, power = format_number(cell).partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if e else digits


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print a table for people: with lines and colours on a terminal that is wide enough, plain elsewhere."""
    text = text_table(columns, rows)
    if not sys.stdout.isatty():
        print(text)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for i, name in enumerate(columns):
        words = any(isinstance(row[i], str) for row in rows)
        table.add_column(Text(name), justify="left" if words else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell if isinstance(cell, str) else format_number(cell)) for cell in row))
    unbounded = console.options.update(max_width=_UNBOUNDED)
    if console.measure(table, options=unbounded).maximum > console.width:
        print(text)  # cells would be cut short
    else:
        console.print(table)


def _exact(value: float) -> str:
    """The shortest text that reads back as the same float64."""
    return repr(value + 0.0).removesuffix(".0")


def json_document(schema: str, **content: Any) -> str:
    """A JSON object that says what it is; numbers that are not finite become null, because JSON has none.

    >>> json_document("demo/1", error=float("inf"), rows=[[1.0]])
    '{"schema": "demo/1", "error": null, "rows": [[1.0]]}'
    """
    return json.dumps({"schema": schema, **_finite(content)}, allow_nan=False)


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content

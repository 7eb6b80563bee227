"""Columns of numbers from a file of comma-separated values."""

import csv
import math
from collections.abc import Sequence

from pinnlite.cli.text_files import read_text_file
from pinnlite.errors import FileError

_MOST_BYTES = 50_000_000
_SEPARATORS = ",;\t"


def read_columns(path: str) -> tuple[list[str] | None, list[list[float]]]:
    """The headings, if the first line is no row of numbers, and a list of numbers for each column.

    Lines that are empty or start with # are skipped; commas, semicolons or tabs separate.

    Raises:
        FileError: the file is not there or cannot be read, or a line in it is no row of numbers.
    """
    numbered = enumerate(read_text_file(path, _MOST_BYTES).splitlines(), 1)
    lines = [(i, line) for i, line in numbered if line.strip() and not line.startswith("#")]
    if not lines:
        raise FileError(f"{path} holds no numbers")
    separator = max(_SEPARATORS, key=lines[0][1].count)
    try:
        rows = [
            (i, [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]) for i, line in lines
        ]
    except csv.Error as error:
        raise FileError(f"{path} cannot be read: {error}") from None
    headings = None if any(map(_is_number, rows[0][1])) else rows[0][1]
    if headings and not all(name.isprintable() and name for name in headings):
        raise FileError(f"{path}: a column has no heading that could be printed")
    table = [_row(path, i, cells, len(rows[0][1])) for i, cells in rows[headings is not None :]]
    if not table:
        raise FileError(f"{path} has headings, but no numbers under them")
    return headings, [list(column) for column in zip(*table, strict=True)]


def chosen_columns(path: str, names: Sequence[str]) -> list[list[float]]:
    """The columns of the names given, found by their headings, or in order where there are none.

    Raises:
        FileError: a column is missing.
    """
    headings, columns = read_columns(path)
    wanted = ", ".join(names)
    if headings is None:
        if len(columns) != len(names):
            raise FileError(f"{path} has {len(columns)} columns without headings; wanted are {wanted}")
        return columns
    missing = [name for name in names if name not in headings]
    if missing:
        raise FileError(
            f"{path} has no column {missing[0]}: it has {', '.join(headings)}, and wanted are {wanted}"
        )
    return [columns[headings.index(name)] for name in names]


def _is_number(cell: str) -> bool:
    return _numbers([cell]) is not None


def _numbers(cells: Sequence[str]) -> list[float] | None:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _row(path: str, line: int, cells: Sequence[str], count: int) -> list[float]:
    numbers = _numbers(cells)
    if numbers is None or len(numbers) != count:
        raise FileError(f"{path}, line {line}: '{', '.join(cells)[:60]}' is no row of {count} finite numbers")
    return numbers

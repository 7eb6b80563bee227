"""Where results go: one table in the form asked for, to standard output."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import click

from pinnlite.cli.options import TERMINAL, form_of
from pinnlite.cli.values import Points
from pinnlite.errors import FileError, ProblemError
from pinnlite.report.tables import Cell, csv_table, json_document, latex_table, print_table

_MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Table:
    """Columns with their headings, and rows of equal length; ``typeset`` are the headings in TeX."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    typeset: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """A result, in each form in which it may be printed.

    Attributes:
        schema: name and version of the JSON object, such as "pinnlite/derive/1".
        words: lines that stand above the table.
        content: what the JSON object holds besides the table.
        table: its rows may be none.
        formulas: the words in LaTeX.
        pretty: the table for people, if they are shown less than programs.
    """

    schema: str
    words: str
    content: dict[str, Any]
    table: Table
    formulas: str = ""
    pretty: Table | None = None


@dataclass(frozen=True)
class Extras:
    """What a result leaves besides its print: a file that keeps it, and a picture; each if it was asked for."""

    out: str | None = None
    save: Callable[[str], None] | None = None
    plot: str | None = None
    draw: Callable[[str], None] | None = None


def show(report: Report, extras: Extras = Extras()) -> None:
    """Print a result in the form that the command was asked for.

    Files are written before, so that a reader who closes the pipe does not cost them; what prevented one is raised
    after, so that it does not cost the print.
    """
    wanted = [(extras.save, extras.out), (extras.draw, None if extras.plot == TERMINAL else extras.plot)]
    failed: list[FileError] = []
    for write, path in wanted:
        try:
            if write is not None and path is not None:
                write(path)
        except FileError as error:
            failed.append(error)
    _print(report)
    if extras.draw is not None and extras.plot == TERMINAL:
        extras.draw(TERMINAL)
    if failed:
        raise failed[0]


def _print(report: Report) -> None:
    form, table = form_of(click.get_current_context()), report.table
    if form == "json":
        columns, rows = list(table.columns), list(table.rows)
        click.echo(json_document(report.schema, **report.content, columns=columns, rows=rows))
    elif form == "csv":
        click.echo(csv_table(table.columns, table.rows))
    elif form == "latex":
        typeset = table.typeset or [rf"\mathrm{{{name}}}" for name in table.columns]
        blocks = [report.formulas] * bool(report.formulas)
        blocks += [latex_table(typeset, (report.pretty or table).rows)] * bool(table.rows)
        click.echo("\n\n".join(blocks))
    else:
        pretty = report.pretty or table
        if report.words:
            click.echo(report.words)
        if report.words and pretty.rows:
            click.echo()
        if pretty.rows:
            print_table(pretty.columns, pretty.rows)


def grid(
    names: Sequence[str], given: Sequence[Points], default: dict[str, list[float]]
) -> list[tuple[float, ...]]:
    """Every combination of the points given for each name.

    Args:
        names: the variables, in the order of the columns.
        given: what ``--at`` said; the name may be left out where there is only one.
        default: points for names that ``--at`` did not mention.

    Raises:
        ProblemError: for a name that is none of the variables, missing or given twice, or too many points.
    """
    chosen: dict[str, list[float]] = {}
    shown = ", ".join(names)
    for name, points in given:
        if name is None and len(names) != 1:
            raise ProblemError(
                f"--at: points of which variable? There are {shown}: write --at {names[0]}=..."
            )
        known = names[0] if name is None else name
        if known not in names:
            raise ProblemError(f"--at: there is no variable {known}; there is {shown}")
        if known in chosen:
            raise ProblemError(f"--at: {known} is given twice; write its points in one list, {known}=1,2,3")
        chosen[known] = points
    missing = [name for name in names if name not in chosen and name not in default]
    if missing:
        raise ProblemError(f"--at: points of {', '.join(missing)} are missing: add --at {missing[0]}=...")
    columns = [chosen.get(name) or default[name] for name in names]
    if prod(map(len, columns)) > _MOST_ROWS:
        raise ProblemError(f"--at: these are more than {_MOST_ROWS:,} points; give fewer")
    return list(product(*columns))


def warn_of_gaps(names: Sequence[str], variables: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    """Say where a value is NaN or infinite, once for each column."""
    for column, name in enumerate(names, start=len(variables)):
        for row in rows:
            if not math.isfinite(row[column]):
                place = ", ".join(f"{x} = {value:g}" for x, value in zip(variables, row, strict=False))
                warnings.warn(f"{name} is not finite at {place}", stacklevel=2)
                break

"""``pinnlite eval``: a solution that was kept in a file, and its derivatives, at points."""

from collections.abc import Sequence
from typing import Any

import click

from pinnlite.cli import options
from pinnlite.cli.output import Report, show
from pinnlite.cli.pictures import draw_solution
from pinnlite.cli.solution_table import solution_table, without_rounding
from pinnlite.cli.values import Points

_ENDING = ".safetensors"


@click.command(cls=options.MathematicalCommand, short_help="A kept solution and its derivatives at points.")
@click.argument("file")
@options.at
@click.option("--order", type=click.IntRange(0, 12), default=0, show_default=True, help="Highest derivative.")
@click.option("--wrt", metavar="NAME", help="The coordinate to differentiate by, where there are several.")
@options.forms
@options.plot
@options.quiet
def command(
    file: str, at: Sequence[Points], order: int, wrt: str | None, plot: str | None, quiet: bool
) -> None:
    """Evaluate a solution that was kept with "pinnlite solve ... --out FILE".

    \b
      pinnlite eval u.safetensors
      pinnlite eval u.safetensors --at 0:1:11 --order 2
      pinnlite eval burgers.safetensors --at x=-1:1:5 --at t=0.5 --wrt x --order 1 --csv
      pinnlite eval u.safetensors --plot u.png

    Outside the domain where the problem was solved values are extrapolated, with a warning.
    """
    show_model(file, at, order, wrt, plot)


def is_model(text: str) -> bool:
    """Whether an argument is the name of a file with a model, and no expression."""
    return text.strip().endswith(_ENDING)


def show_model(path: str, at: Sequence[Points], order: int, wrt: str | None, plot: str | None) -> None:
    """Print what a file holds as a table of values and derivatives, and draw it."""
    import pinnlite as pl

    solution = pl.load(path)
    table = solution_table(solution, at, order, wrt)
    words = "\n".join([*solution.problem.statements, str(solution)])
    show(Report("pinnlite/eval/1", words, content_of(solution), table, pretty=without_rounding(table)))
    if plot:
        draw_solution(solution, plot)


def content_of(solution: Any) -> dict[str, object]:
    """The facts about a solution, as the JSON object has them."""
    problem = solution.problem
    return {
        "statements": list(problem.statements),
        "domain": problem.domain.intervals,
        "region": str(problem.domain),
        "parameters": problem.parameters,
        "unknowns": solution.unknowns if solution.trial is not None else {},
        "tol": solution.tol,
        "converged": solution.converged,
        "status": solution.status,
        "error": solution.error,
        "trial": solution.kind,
        "seed": solution.seed,
        "seconds": solution.seconds,
        "reached": list(solution.reached) if solution.reached else None,
        "history": list(solution.history),
    }

"""``pinnlite eval``: a solution that was kept in a file, and its derivatives, at points."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from pinnlite.cli import options
from pinnlite.cli.derivative_names import derivative_names
from pinnlite.cli.output import Extras, Report, Table, grid, show
from pinnlite.cli.pictures import draw_fit, draw_solution
from pinnlite.cli.solution_table import solution_table, without_rounding
from pinnlite.cli.values import Points
from pinnlite.errors import ProblemError

_POINTS = 11


@click.command(cls=options.MathematicalCommand, short_help="A kept solution and its derivatives at points.")
@click.argument("file", shell_complete=options.complete_files)
@options.at
@click.option("--order", type=click.IntRange(0, 12), default=0, show_default=True, help="Highest derivative.")
@click.option("--wrt", metavar="NAME", help="The coordinate to differentiate by, where there are several.")
@options.forms
@options.plot
@options.quiet
def command(
    file: str, at: Sequence[Points], order: int, wrt: str | None, plot: str | None, quiet: bool
) -> None:
    """Evaluate what was kept with "pinnlite solve ... --out FILE" or "pinnlite fit ... --out FILE".

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
    return text.strip().endswith(options.KEPT)


def show_model(path: str, at: Sequence[Points], order: int, wrt: str | None, plot: str | None) -> None:
    """Print what a file holds as a table of values and derivatives, and draw it."""
    import pinnlite as pl

    solution = pl.load(path)
    if isinstance(solution, pl.Fit):
        _show_fit(solution, at, order, plot)
        return
    table = solution_table(solution, at, order, wrt)
    words = "\n".join([*solution.problem.statements, str(solution)])
    report = Report("pinnlite/eval/1", words, content_of(solution), table, pretty=without_rounding(table))
    show(report, Extras(plot=plot, draw=partial(draw_solution, solution, at)))


def _show_fit(fit: Any, at: Sequence[Points], order: int, plot: str | None) -> None:
    """A fitted model and its derivatives, by Taylor arithmetic or autograd, whichever is quicker."""
    import torch

    import pinnlite as pl

    name = fit.variable
    low, high = fit.x.min().item(), fit.x.max().item()
    if fit.x.shape[1] > 1 or fit.y.ndim > 1:
        raise ProblemError("the model in the file has several inputs or outputs: evaluate it from Python")
    even = torch.linspace(low, high, _POINTS, dtype=torch.float64).tolist()
    x = torch.tensor(grid([name], at, {name: even}), dtype=fit.x.dtype)
    if not (low <= x.min() and x.max() <= high):
        warnings.warn(f"{name} lies outside [{low:g}, {high:g}], where the model was fitted", stacklevel=2)
    values = pl.derivatives(fit.model, x, order).detach().double().reshape(order + 1, -1)
    rows = torch.cat([x.T.double(), values]).T.tolist()
    names = derivative_names("f", [name], name, order)
    content = {"formula": str(fit), "error": fit.error, "status": fit.status, "seconds": fit.seconds}
    words = f"{fit}\nrelative error {fit.error:.1e}, {fit.status}"
    report = Report("pinnlite/eval/1", words, content, Table([name, *names], rows))
    show(report, Extras(plot=plot, draw=partial(draw_fit, fit)))


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

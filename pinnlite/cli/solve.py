"""``pinnlite solve``: a differential equation to a stated tolerance."""

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pinnlite.cli import options
from pinnlite.cli.output import Table, grid, show
from pinnlite.cli.values import Interval, Points, domain, number

if TYPE_CHECKING:
    from torch import Tensor

    from pinnlite.solution import Solution

_POINTS = {1: 11, 2: 5}  # along each coordinate, by how many there are: a table that fits a screen
_POINTS_OF_MORE = 3
_ROUNDING = 1e-14  # of a column's largest value: what is smaller is printed as zero for people
_NOT_CONVERGED, _INTERRUPTED = 3, 130


@click.command(cls=options.MathematicalCommand)
@click.argument("statements", nargs=-1, required=True)
@click.option(
    "--on",
    "intervals",
    type=domain,
    metavar="NAME=LOW,HIGH",
    multiple=True,
    required=True,
    help="A coordinate and its ends.",
)
@click.option(
    "--tol",
    type=number,
    metavar="NUMBER",
    default="1e-6",
    show_default=True,
    help="Relative L2 error to be reached.",
)
@click.option("--trial", default="auto", show_default=True, help="legendre, features or network.")
@options.parameter
@options.at
@options.as_json
@options.as_csv
@options.plot
@options.seed
@click.option(
    "--time-limit", type=number, metavar="SECONDS", help="Time after which the best answer so far is given."
)
@click.pass_context
def command(
    context: click.Context,
    statements: Sequence[str],
    intervals: Sequence[tuple[str, Interval]],
    tol: float,
    trial: str,
    parameters: Sequence[tuple[str, float]],
    at: Sequence[Points],
    form: str | None,
    plot: str | None,
    seed: int,
    time_limit: float | None,
) -> None:
    """Solve a differential equation to a stated tolerance; exit code 3 says that it was not reached.

    \b
      pinnlite solve "u'' + u = 0" "u(0) = 0" "u'(0) = 1" --on x=0,2*pi
      pinnlite solve "u_xx + exp(u) = 0, u(0) = 0, u(1) = 0" --on x=0,1 --tol 1e-10 --plot u.png
      pinnlite solve "u' = -k*u; u(0) = 1" --on t=0,5 -p k=log(2) --at 0:5:6 --csv
      pinnlite solve - --on x=0,1 < problem.txt

    Statements are equations and conditions: one in each argument, or several with commas, semicolons or newlines
    between them; "-" reads them from standard input.
    """
    import pinnlite as pl

    named = options.distinct([*intervals, *parameters])
    problem = pl.Problem(*map(options.read_text, statements), **named)
    names = problem.domain.names
    grid(names, at, {name: [0.0] for name in names})  # refuses what cannot be asked for before time is spent
    solution = pl.solve(problem, tol=tol, trial=trial, seed=seed, time_limit=time_limit)
    table = _table(solution, at)
    content = _content(solution)
    show(form, "pinnlite/solve/1", _words(solution), content, table if form else _without_rounding(table))
    if plot:
        options.draw(solution, plot)
    if solution.history and solution.history[-1].endswith("interrupted"):
        context.exit(_INTERRUPTED)  # solve itself gives the best it had, which has just been printed
    if not solution.converged:
        context.exit(_NOT_CONVERGED)


def _words(solution: "Solution") -> str:
    known = f"{solution.error:.1e}" if math.isfinite(solution.error) else "unknown"
    verdict = "converged" if solution.converged else "not converged"
    return (
        f"{verdict}: {solution.status}\n"
        f"estimated error {known} (tol {solution.tol:.0e}), {solution.kind}, {solution.seconds:.2f} s"
    )


def _content(solution: "Solution") -> dict[str, object]:
    problem = solution.problem
    return {
        "statements": list(problem.statements),
        "domain": problem.domain.intervals,
        "parameters": problem.parameters,
        "tol": solution.tol,
        "converged": solution.converged,
        "status": solution.status,
        "error": solution.error,
        "trial": solution.kind,
        "seconds": solution.seconds,
    }


def _table(solution: "Solution", at: Sequence[Points]) -> Table:
    """Values of the unknowns at the points asked for, otherwise at a few along each coordinate.

    Points past the place where the solution ends, as at a blow-up, have no rows.
    """
    import torch

    names, unknowns = solution.problem.domain.names, solution.problem.unknowns
    if solution.trial is None:
        return Table([*names, *unknowns], [])
    ends = dict(solution.problem.domain.intervals)
    if solution.reached:
        ends[solution.problem.marching] = solution.reached
    count = _POINTS.get(len(names), _POINTS_OF_MORE)
    default = {
        name: torch.linspace(*pair, count, dtype=torch.float64).tolist() for name, pair in ends.items()
    }
    points = torch.tensor(grid(names, at, default), dtype=torch.float64)
    if solution.reached:
        points = _found(points, names.index(solution.problem.marching), solution.reached)
    columns = points.T
    with torch.no_grad():
        values = solution(*columns)
    found = values if isinstance(values, dict) else {unknowns[0]: values}
    rows = torch.stack([*columns, *(found[unknown] for unknown in unknowns)], dim=1).tolist()
    return Table([*names, *unknowns], rows)


def _found(points: "Tensor", along: int, reached: Interval) -> "Tensor":
    """The points where there is a solution; how many there are besides is said on standard error."""
    start, stop = reached
    kept = points[(start <= points[:, along]) & (points[:, along] <= stop)]
    if len(kept) < len(points):
        warnings.warn(
            f"the solution ends at {stop:g}: {len(points) - len(kept)} of {len(points)} points have no value",
            stacklevel=2,
        )
    return kept


def _without_rounding(table: Table) -> Table:
    """Values that are nothing but rounding beside the largest of their column as zeros."""
    largest = [max(map(abs, column), default=0.0) for column in zip(*table.rows, strict=True)]
    small = [_ROUNDING * size for size in largest]
    rows = [
        [
            0.0 if isinstance(cell, float) and abs(cell) < s else cell
            for cell, s in zip(row, small, strict=True)
        ]
        for row in table.rows
    ]
    return Table(table.columns, rows)

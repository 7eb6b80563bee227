"""``pinnlite solve``: a differential equation to a stated tolerance."""

import math
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pinnlite.cli import options
from pinnlite.cli.csv_data import chosen_columns
from pinnlite.cli.eval import content_of
from pinnlite.cli.output import Extras, Report, grid, show
from pinnlite.cli.pictures import draw_solution
from pinnlite.cli.problem_file import Stated, is_problem, read_problem, read_problem_file
from pinnlite.cli.solution_table import solution_table, without_rounding
from pinnlite.cli.values import Interval, Points, assignment, domain, named_text, number
from pinnlite.errors import FileError, ProblemError

if TYPE_CHECKING:
    from pinnlite.problem.problem import Problem
    from pinnlite.solution import Solution

_NOT_CONVERGED, _INTERRUPTED = 3, 130
_TOLERANCE = 1e-6
_MOST_DRAWN = 2  # coordinates


@click.command(cls=options.MathematicalCommand, short_help="A differential equation to a stated tolerance.")
@click.argument(
    "statements", nargs=-1, metavar="STATEMENT...|FILE.toml|-", shell_complete=options.complete_files
)
@click.option(
    "--on",
    "intervals",
    type=domain,
    metavar="NAME=LOW,HIGH",
    multiple=True,
    help="A coordinate and its ends, once for each.",
)
@click.option(
    "--region",
    metavar="TEXT",
    help='A region that is no box: Disk, Ball and Polygon, joined by |, & and -, as in "Disk((0, 0), 1)".',
)
@click.option(
    "--tol", type=number, metavar="NUMBER", help="Relative L2 error to be reached.  [default: 1e-6]"
)
@click.option(
    "--trial",
    shell_complete=options.complete_from("auto", "legendre", "features", "network"),
    help="Trial functions: legendre, features, network or auto.  [default: auto]",
)
@options.parameter
@click.option(
    "--unknown",
    "sought",
    type=assignment,
    metavar="NAME=GUESS",
    multiple=True,
    help="A parameter that is to be found, and where to start; once for each.",
)
@click.option(
    "--data",
    "observed",
    type=named_text,
    metavar="NAME=FILE.csv",
    multiple=True,
    help="Observations of an unknown function: columns of the coordinates, then of its values.",
)
@click.option(
    "--resume",
    metavar="FILE",
    shell_complete=options.complete_files,
    help="Go on from a kept solution: with its problem, and its tolerance unless there is a --tol.",
)
@options.at
@options.forms
@options.plot
@options.out
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Decides every random draw.  [default: 0]")
@click.option(
    "--time-limit", type=number, metavar="SECONDS", help="Time after which the best answer so far is given."
)
@options.quiet
@options.verbose
@click.pass_context
def command(
    context: click.Context,
    /,
    statements: Sequence[str],
    intervals: Sequence[tuple[str, Interval]],
    region: str | None,
    parameters: Sequence[tuple[str, float]],
    sought: Sequence[tuple[str, float]],
    observed: Sequence[tuple[str, str]],
    resume: str | None,
    at: Sequence[Points],
    plot: str | None,
    out: str | None,
    quiet: bool,
    verbose: bool,
    **settings: Any,
) -> None:
    """Solve a differential equation to a stated tolerance; exit code 3 says that it was not reached.

    \b
      pinnlite solve "u'' + u = 0" "u(0) = 0" "u'(0) = 1" --on x=0,2*pi
      pinnlite solve "u_xx + exp(u) = 0, u(0) = 0, u(1) = 0" --on x=0,1 --tol 1e-10 --plot u.png
      pinnlite solve "u' = -k*u; u(0) = 1" --on t=0,5 -p k=log(2) --at 0:5:6 --csv
      pinnlite solve "u_xx + u_yy = -4, u = 0 on boundary" --region "Disk((0, 0), 1)" --out disk.safetensors
      pinnlite solve "u' = -k*u, u(0) = 1" --on t=0,5 --unknown k=1 --data u=decay.csv
      pinnlite solve burgers.toml --tol 1e-8 --plot burgers.png
      pinnlite solve --resume burgers.safetensors --tol 1e-10 --out burgers.safetensors
      pinnlite solve - --on x=0,1 < problem.txt

    Statements are equations and conditions: one in each argument, or several with commas, semicolons or newlines
    between them; "-" reads them from standard input. u'', u_xx and d2u/dx2 are the same derivative. A TOML file holds
    the problem, and options besides override what it says:

    \b
      [problem]
      equation = "u_t + u*u_x = nu*u_xx"
      conditions = ["u(x,0) = -sin(pi*x)", "u(-1,t) = 0", "u(1,t) = 0"]
      domain = { x = [-1, 1], t = [0, 1] }
      params = { nu = "0.01/pi" }
      [solve]
      tol = 1e-6

    [problem] may hold region, unknowns and data as well, [solve] trial, seed and time_limit.
    """
    import pinnlite as pl
    from pinnlite.solving.residuals import INTERRUPTED

    if resume is not None:
        begun = _begun(resume, [*statements, *intervals, *parameters, *sought, *observed], region)
        problem, given = begun.problem, Stated((), settings={"tol": begun.tol})
    else:
        begun, given = None, _given(statements)
        named = options.distinct([*intervals, *parameters, *((name, pl.Unknown(at)) for name, at in sought)])
        problem = _problem(given, named, region, observed)
    names = problem.domain.names
    if plot and len(names) > _MOST_DRAWN:
        raise ProblemError(
            f"--plot draws one or two coordinates, and there are {', '.join(names)}: use Solution.plot"
        )
    grid(names, at, {name: [0.0] for name in names})  # refuses what cannot be asked for before time is spent
    chosen = {name: value for name, value in settings.items() if value is not None}
    solution = pl.solve(
        begun or problem, **{"tol": _TOLERANCE, **given.settings, **chosen}, progress=not quiet
    )
    if solution.trial is None and (out or plot):
        warnings.warn(
            f"there is no solution: {' and '.join(filter(None, (out, plot)))} not written", stacklevel=2
        )
    if not solution.converged and options.form_of(context) in {"csv", "latex"}:
        warnings.warn(_words(solution).split("\n")[0], stacklevel=2)
    if verbose:
        click.echo("\n".join(solution.history), err=True)
    table = solution_table(solution, at)
    formulas = _formulas(problem)
    content = {**content_of(solution), "out": out if solution.trial is not None else None}
    report = Report("pinnlite/solve/1", _words(solution), content, table, formulas, without_rounding(table))
    kept = Extras(out, solution.save, plot, partial(draw_solution, solution, at))
    show(report, kept if solution.trial is not None else Extras())
    if solution.status == INTERRUPTED:
        context.exit(_INTERRUPTED)  # solve itself gives the best it had, which has just been printed
    if not solution.converged:
        context.exit(_NOT_CONVERGED)


def _begun(path: str, besides: Sequence[object], region: str | None) -> "Solution":
    """The solution to go on from."""
    import pinnlite as pl

    if besides or region is not None:
        raise click.UsageError(
            "a kept solution has its problem in its file: say --resume without another one"
        )
    begun = pl.load(path)
    if isinstance(begun, pl.Fit):
        raise FileError(f"{path} holds a fit, and no solution that could be gone on from")
    return begun


def _given(statements: Sequence[str]) -> Stated:
    """What the arguments state: a file, or statements as they stand."""
    if not statements:
        raise click.UsageError("missing argument: state an equation and its conditions, or name a TOML file")
    if len(statements) == 1 and statements[0].strip().endswith(".toml"):
        return read_problem_file(statements[0].strip())
    texts = list(map(options.read_text, statements))
    if len(texts) == 1 and is_problem(texts[0]):
        return read_problem(texts[0], "standard input", Path())
    return Stated(texts)


def _problem(
    given: Stated, named: dict[str, Any], region: str | None, observed: Sequence[tuple[str, str]]
) -> "Problem":
    import pinnlite as pl
    from pinnlite.geometry.region_text import read_region

    on = read_region(region) if region is not None else given.region
    names = {**given.names, **named}
    coordinates = [
        *(on.names if on else ()),
        *(name for name, value in names.items() if isinstance(value, tuple)),
    ]
    if not coordinates:
        raise ProblemError(
            "on which domain? Give each coordinate its ends, such as --on x=0,1, or a --region"
        )
    if "self" in names or (on is not None and "on" in names):
        raise ProblemError(
            "a coordinate or a parameter cannot have the name 'self', nor 'on' beside a region"
        )
    data = []
    for name, path in {**given.data, **options.distinct(observed)}.items():
        *points, values = chosen_columns(path, [*coordinates, name])
        data.append(pl.data(name, *points, values))
    return pl.Problem(*given.statements, *data, **(names if on is None else {**names, "on": on}))


def _words(solution: "Solution") -> str:
    known = f"{solution.error:.1e}" if math.isfinite(solution.error) else "unknown"
    verdict = "converged" if solution.converged else "not converged"
    found = solution.unknowns if solution.trial is not None else {}
    lines = [
        f"{verdict}: {solution.status}",
        f"estimated error {known} (tol {solution.tol:.0e}), {solution.kind}, {solution.seconds:.2f} s",
        *(f"{name} = {value:.10g}" for name, value in found.items()),
    ]
    return "\n".join(lines)


def _formulas(problem: "Problem") -> str:
    """The statements in LaTeX, one on each line."""
    from pinnlite.language.equation import parse_statements

    names = problem.domain.names
    known: dict[str, float | None] = {**problem.parameters, **dict.fromkeys(problem.unknown_parameters)}
    texts = problem.statements[: len(problem.statements) - len(problem.data)]
    return "\n".join(statement.latex() + r" \\" for statement in parse_statements(texts, names, known, set()))

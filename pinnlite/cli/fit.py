"""``pinnlite fit``: a model fitted to a function or to data."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pinnlite.cli import options
from pinnlite.cli.csv_data import read_columns
from pinnlite.cli.output import Extras, Report, Table, grid, show
from pinnlite.cli.pictures import draw_fit
from pinnlite.cli.values import Interval, Points, domain
from pinnlite.errors import ProblemError

if TYPE_CHECKING:
    from torch import nn

    from pinnlite.solving.fitting.result import Fit

_POINTS = 11
_INTERRUPTED = 130
_COLUMNS = 2  # of data
# The models that can be named: how the text behind the colon is written.
_MODELS = {
    "polynomial": "polynomial:DEGREE",
    "legendre": "legendre:DEGREE",
    "legendre-unit": "legendre-unit:DEGREE",
    "mlp": "mlp:WIDTHxDEPTH",
    "features": "features:WIDTH",
}
_LARGEST = {
    "polynomial": (100,),
    "legendre": (1000,),
    "legendre-unit": (200,),
    "mlp": (1000, 20),
    "features": (5000,),
}


@click.command(cls=options.MathematicalCommand, short_help="A model fitted to a function or to data.")
@click.argument("target", metavar="EXPRESSION|FILE.csv|-", shell_complete=options.complete_files)
@click.option(
    "--model",
    metavar="NAME:SIZE",
    required=True,
    shell_complete=options.complete_from(*(f"{name}:" for name in _MODELS)),
    help=", ".join(_MODELS.values()) + ".",
)
@click.option(
    "--on",
    "variable",
    type=domain,
    metavar="NAME=LOW,HIGH",
    help="The variable and the ends of its interval; data bring their own.",
)
@click.option(
    "--method",
    default="auto",
    show_default=True,
    shell_complete=options.complete_from("auto", "least-squares", "gauss-newton", "lbfgs", "adam"),
    help="least-squares, gauss-newton, lbfgs, adam or auto.",
)
@click.option(
    "--points",
    "count",
    type=click.IntRange(1, 10_000_000),
    default=2000,
    show_default=True,
    help="How many points the function is fitted at.",
)
@options.parameter
@options.at
@options.forms
@options.plot
@options.out
@options.seed
@options.quiet
@options.verbose
@click.pass_context
def command(
    context: click.Context,
    target: str,
    model: str,
    variable: tuple[str, Interval] | None,
    method: str,
    count: int,
    parameters: Sequence[tuple[str, float]],
    at: Sequence[Points],
    plot: str | None,
    out: str | None,
    seed: int,
    quiet: bool,
    verbose: bool,
) -> None:
    """Fit a model to a function of one variable, or to the two columns of a file.

    \b
      pinnlite fit "sin(x)" --model polynomial:3 --on x=-pi,pi
      pinnlite fit "exp(-x**2)" --model legendre:20 --on x=-3,3 --plot bell.png
      pinnlite fit "abs(x)" --model mlp:16x2 --method lbfgs --on x=-1,1 --seed 1 --json
      pinnlite fit data.csv --model legendre:8 --plot - --out series.safetensors
    """
    import pinnlite as pl

    if target.strip().endswith(".csv"):
        name, followed, interval, known = _data(target.strip())
    else:
        if variable is None:
            raise ProblemError("where is the function to be followed? Give its interval, such as --on x=-1,1")
        name, interval = variable
        followed = known = pl.parse(options.read_text(target), **options.distinct(parameters))
        if followed.variables not in {(name,), ()}:
            raise ProblemError(
                f"a fit follows a function of {name} alone, but this one has {', '.join(followed.variables)}"
            )
    grid([name], at, {name: [0.0]})
    built = _build(model, interval, seed)
    where: dict[str, Any] = {} if target.strip().endswith(".csv") else {"x": interval, "points": count}
    result = pl.fit(followed, built, method=method, progress=not quiet, **where)
    result = replace(result, variable=name)
    if verbose:
        _show_history(result)
    content = {
        "target": target if known is None else str(known),
        "model": model,
        "formula": str(result),
        "status": result.status,
        "error": result.error,
        "seconds": result.seconds,
        "out": out,
    }
    words = f"{result}\nrelative error {result.error:.1e}, {result.status}, {result.seconds:.2f} s"
    report = Report("pinnlite/fit/1", words, content, _table(known, result, name, interval, at))
    show(report, Extras(out, result.save, plot, partial(draw_fit, result)))
    if result.status.startswith("interrupted"):
        context.exit(_INTERRUPTED)  # the best model there was has just been printed and kept


def _data(path: str) -> tuple[str, Any, Interval, None]:
    """The name of the variable, the pair of columns, the interval that they span, and no formula."""
    headings, columns = read_columns(path)
    if len(columns) != _COLUMNS:
        raise ProblemError(f"{path} has {len(columns)} columns, and a fit takes two: places and values")
    x, y = columns
    if min(x) == max(x):
        raise ProblemError(f"{path}: all places are {x[0]:g}; a fit needs two different ones")
    return headings[0] if headings else "x", (x, y), (min(x), max(x)), None


def _show_history(result: "Fit") -> None:
    for step, loss in result.history:
        click.echo(f"step {step:6}  loss {loss:.6g}", err=True)


def _build(text: str, interval: Interval, seed: int) -> "nn.Module":
    """The model that a text such as ``polynomial:3`` names."""
    import torch

    import pinnlite as pl

    generator = torch.Generator().manual_seed(seed)
    builders: dict[str, Callable[..., nn.Module]] = {
        "polynomial": pl.Polynomial,
        "legendre": lambda degree: pl.Legendre(degree, domain=interval),
        "legendre-unit": pl.LegendreUnit,
        "mlp": lambda width, depth: pl.MLP(1, 1, width, depth, generator=generator),
        "features": lambda width: pl.RandomFeatures(1, 1, width, domain=interval, generator=generator),
    }
    name, _, sizes = text.partition(":")
    if name not in _MODELS:
        raise ProblemError(f"there is no model '{name}'; take one of {', '.join(_MODELS.values())}")
    numbers = sizes.split("x")
    if not all(number.isdecimal() for number in numbers) or len(numbers) != _MODELS[name].count("x") + 1:
        raise ProblemError(f"'{text}' is no model: write {_MODELS[name]} with whole numbers")
    if any(
        len(number) > 5 or int(number) > most for number, most in zip(numbers, _LARGEST[name], strict=True)
    ):
        sizes = " and ".join(f"{most:,}" for most in _LARGEST[name])
        raise ProblemError(f"--model {text} is too large: the most is {sizes}")
    try:
        return builders[name](*map(int, numbers))
    except ValueError as error:
        raise ProblemError(f"--model {text}: {error}") from None


def _table(known: Any, result: "Fit", name: str, interval: Interval, at: Sequence[Points]) -> Table:
    """Target, if it is a function, and fit side by side at the points asked for, otherwise at eleven."""
    import torch

    even = torch.linspace(*interval, _POINTS, dtype=torch.float64).tolist()
    x = torch.tensor(grid([name], at, {name: even}), dtype=torch.float64)
    with torch.no_grad():
        fitted = result.model(x).reshape(-1)
    if known is None:
        return Table([name, "fit"], torch.stack([x[:, 0], fitted], dim=1).tolist())
    return Table([name, "f", "fit"], torch.stack([x[:, 0], known(x[:, 0]), fitted], dim=1).tolist())

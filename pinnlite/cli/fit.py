"""``pinnlite fit``: a model fitted to a function."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from pinnlite.cli import options
from pinnlite.cli.output import Table, grid, show
from pinnlite.cli.values import Interval, Points, domain
from pinnlite.errors import ProblemError

if TYPE_CHECKING:
    from torch import nn

    from pinnlite.language.expression import Expression
    from pinnlite.solving.fitting.fit import Fit

_POINTS = 11
# The models that can be named: how the text behind the colon is written.
_MODELS = {
    "polynomial": "polynomial:DEGREE",
    "legendre": "legendre:DEGREE",
    "legendre-unit": "legendre-unit:DEGREE",
    "mlp": "mlp:WIDTHxDEPTH",
    "features": "features:WIDTH",
}


@click.command(cls=options.MathematicalCommand)
@click.argument("expression")
@click.option("--model", metavar="NAME:SIZE", required=True, help=", ".join(_MODELS.values()) + ".")
@click.option(
    "--on",
    "variable",
    type=domain,
    metavar="NAME=LOW,HIGH",
    required=True,
    help="The variable and the ends of its interval.",
)
@click.option(
    "--method", default="auto", show_default=True, help="least-squares, gauss-newton, lbfgs or adam."
)
@click.option(
    "--points", "count", type=click.IntRange(min=1), default=2000, show_default=True, help="How many."
)
@options.parameter
@options.at
@options.as_json
@options.as_csv
@options.plot
@options.seed
def command(
    expression: str,
    model: str,
    variable: tuple[str, Interval],
    method: str,
    count: int,
    parameters: Sequence[tuple[str, float]],
    at: Sequence[Points],
    form: str | None,
    plot: str | None,
    seed: int,
) -> None:
    """Fit a model to a function of one variable.

    \b
      pinnlite fit "sin(x)" --model polynomial:3 --on x=-pi,pi
      pinnlite fit "exp(-x**2)" --model legendre:20 --on x=-3,3 --plot bell.png
      pinnlite fit "abs(x)" --model mlp:16x2 --method lbfgs --on x=-1,1 --seed 1 --json
    """
    import pinnlite as pl

    name, interval = variable
    f = pl.parse(options.read_text(expression), **dict(parameters))
    if f.variables not in {(name,), ()}:
        raise ProblemError(
            f"a fit follows a function of {name} alone, but this one has {', '.join(f.variables)}"
        )
    result = pl.fit(f, _build(model, interval, seed), method=method, x=interval, points=count)
    content = {
        "expression": str(f),
        "model": model,
        "formula": str(result),
        "status": result.status,
        "error": result.error,
        "seconds": result.seconds,
    }
    words = f"{result}\nrelative error {result.error:.1e}, {result.status}, {result.seconds:.2f} s"
    show(form, "pinnlite/fit/1", words, content, _table(f, result, name, interval, at))
    if plot:
        options.draw(result, plot)


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
    try:
        return builders[name](*map(int, numbers))
    except ValueError as error:
        raise ProblemError(f"--model {text}: {error}") from None


def _table(
    f: "Expression",
    result: "Fit",
    name: str,
    interval: Interval,
    at: Sequence[Points],
) -> Table:
    """Target and fit side by side at the points asked for, otherwise at eleven along the interval."""
    import torch

    even = torch.linspace(*interval, _POINTS, dtype=torch.float64).tolist()
    x = torch.tensor(grid([name], at, {name: even}), dtype=torch.float64)
    with torch.no_grad():
        fitted = result.model(x).reshape(-1)
    return Table([name, "f", "fit"], torch.stack([x[:, 0], f(x[:, 0]), fitted], dim=1).tolist())

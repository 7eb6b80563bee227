"""``pinnlite derive``: the derivatives of an expression as formulas, numbers and a picture."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from pinnlite.cli import options
from pinnlite.cli.derivative_names import chosen_variable, derivative_names, typeset_derivatives
from pinnlite.cli.eval import is_model, show_model
from pinnlite.cli.output import Extras, Report, Table, grid, show, warn_of_gaps
from pinnlite.cli.pictures import print_curves
from pinnlite.cli.values import Points
from pinnlite.errors import DerivativeError, ProblemError

if TYPE_CHECKING:
    from torch import Tensor

    from pinnlite.language.expression import Expression
    from pinnlite.language.nodes import Node

_LONGEST = 3000  # parts of a formula that is still worth printing
_RESOLUTION = 601  # points of a drawn curve
_MOST_DOTS = 60  # on it
_TITLE = 120  # characters of a formula that fits above a picture


@click.command(cls=options.MathematicalCommand, short_help="Derivatives as formulas, numbers and pictures.")
@click.argument("expression", metavar="EXPRESSION|FILE|-", shell_complete=options.complete_files)
@options.at
@click.option("--order", type=click.IntRange(0, 12), default=1, show_default=True, help="Highest derivative.")
@click.option("--wrt", metavar="NAME", help="The variable to differentiate by, where there are several.")
@options.parameter
@options.forms
@options.plot
@options.quiet
def command(
    expression: str,
    at: Sequence[Points],
    order: int,
    wrt: str | None,
    parameters: Sequence[tuple[str, float]],
    plot: str | None,
    quiet: bool,
) -> None:
    """Differentiate an expression, or what standard input holds where it is "-".

    \b
      pinnlite derive "x**2+1" --at 1,2,3,4 --order 2
      pinnlite derive "-x**2" --at -1,2
      pinnlite derive "sin(x)*exp(-a*x)" -p a=1/2 --at 0:2*pi:101 --order 3 --plot sine.png
      pinnlite derive "tanh(x)" --at -3:3:7 --plot -
      pinnlite derive "x**2*y" --wrt x --at x=0:1:3 --at y=1,2
      echo "exp(-x^2)" | pinnlite derive - --order 4 --latex
      pinnlite derive u.safetensors --at 0:1:5

    The name of a .safetensors file stands for the solution or the model in it, as for pinnlite eval.
    """
    import pinnlite as pl
    from pinnlite.language.latex import typeset_name

    if is_model(expression):
        show_model(expression, at, order, wrt, plot)
        return
    if not at and (options.form_of(click.get_current_context()) == "csv" or plot):
        raise ProblemError("numbers were asked for, but not where: add points, such as --at 0:1:11")
    text = options.read_text(expression)
    f = pl.parse(text, **options.distinct(parameters))
    options.check_used(parameters, text)
    f = f if f.variables else pl.Expression(f.node, ("x",))
    variable = chosen_variable(f.variables, wrt)
    points = grid(f.variables, at, {}) if at else []
    names = derivative_names("f", f.variables, variable, order)
    typeset = typeset_derivatives("f", f.variables, variable, order)
    rows = [
        [*point, *values] for point, values in zip(points, _values(f, variable, order, points), strict=True)
    ]
    warn_of_gaps(names, f.variables, rows)
    formulas = _formulas(f, variable, order)
    missing = [None] * (order + 1 - len(formulas))
    report = Report(
        "pinnlite/derive/1",
        _lines(names, f.variables, list(map(str, formulas))),
        {
            "expression": str(f),
            "variables": list(f.variables),
            "wrt": variable,
            "formulas": [*map(str, formulas), *missing],
            "latex": [*(g.latex() for g in formulas), *missing],
        },
        Table([*f.variables, *names], rows, [*map(typeset_name, f.variables), *typeset]),
        _lines(typeset, list(map(typeset_name, f.variables)), [g.latex() for g in formulas]),
    )
    show(report, Extras(plot=plot, draw=_picture(f, variable, order, points)) if plot else Extras())


def _values(
    f: "Expression", variable: str, order: int, points: Sequence[Sequence[float]]
) -> list[list[float]]:
    """f and its derivatives at the points, a row for each of them."""
    import torch

    import pinnlite as pl

    if not points:
        return []

    def function(X: Any) -> "Tensor":
        values: Tensor = f(**{name: X[:, i] for i, name in enumerate(f.variables)})
        return values

    indices = [tuple(k if name == variable else 0 for name in f.variables) for k in range(order + 1)]
    found = pl.partials(function, torch.tensor(points, dtype=torch.float64), indices)
    rows: list[list[float]] = torch.stack([found[index].detach() for index in indices], dim=1).tolist()
    return rows


def _formulas(f: "Expression", variable: str, order: int) -> "list[Expression]":
    """Formulas of the derivatives, as many as can be written down."""
    found = [f]
    try:
        while len(found) <= order:
            derivative = found[-1].diff(variable)
            if _length(derivative.node) > _LONGEST:
                break
            found.append(derivative)
    except DerivativeError:
        pass
    if len(found) <= order:
        import warnings

        warnings.warn(
            f"the formula of the derivative of order {len(found)} is too long to be written; numbers are not affected",
            stacklevel=2,
        )
    return found


def _length(node: "Node") -> int:
    """Parts of a formula as it is written, where a tree holds what is shared only once."""
    lengths: dict[Node, int] = {}

    def length(part: "Node") -> int:
        if part not in lengths:
            lengths[part] = 1 + sum(map(length, part.children))
        return lengths[part]

    return length(node)


def _lines(names: Sequence[str], variables: Sequence[str], formulas: Sequence[str]) -> str:
    heads = [f"{name}({', '.join(variables)})" for name in names[: len(formulas)]]
    width = max(map(len, heads))
    return "\n".join(f"{head:{width}} = {formula}" for head, formula in zip(heads, formulas, strict=True))


def _picture(
    f: "Expression", variable: str, order: int, points: Sequence[tuple[float, ...]]
) -> Callable[[str], None]:
    """What draws the derivatives over the range of the points, which are marked on the curves.

    Raises:
        ProblemError: the points make no curve.
    """
    column = f.variables.index(variable)
    places = sorted({point[column] for point in points})
    if len(places) < 2 or len({(*p[:column], *p[column + 1 :]) for p in points}) > 1:
        raise ProblemError(
            f"--plot draws a curve over {variable}: give two or more points of {variable}, and one of the others"
        )

    def draw(path: str) -> None:
        steps = [places[0] + (places[-1] - places[0]) * i / (_RESOLUTION - 1) for i in range(_RESOLUTION)]
        curve = [(*points[0][:column], step, *points[0][column + 1 :]) for step in steps]
        values = list(zip(*_values(f, variable, order, curve), strict=True))
        if path == options.TERMINAL:
            arguments = ", ".join(f.variables)
            names = [f"{name}({arguments})" for name in derivative_names("f", f.variables, variable, order)]
            print_curves(variable, steps, dict(zip(names, values, strict=True)))
            return
        dots = list(zip(*_values(f, variable, order, points), strict=True))
        marked = ([point[column] for point in points], dots) if len(points) <= _MOST_DOTS else None
        _write_figure(path, f, variable, steps, values, marked)

    return draw


def _write_figure(
    path: str,
    f: "Expression",
    variable: str,
    steps: Sequence[float],
    values: Sequence[Sequence[float]],
    marked: tuple[Sequence[float], Sequence[Sequence[float]]] | None,
) -> None:
    from pinnlite.language.latex import typeset_name
    from pinnlite.report.plots import derivatives_figure, write

    arguments = ", ".join(map(typeset_name, f.variables))
    names = typeset_derivatives("f", f.variables, variable, len(values) - 1)
    title = f"f({arguments}) = {f.latex()}"
    figure = derivatives_figure(
        typeset_name(variable),
        steps,
        values,
        [f"{name}({arguments})" for name in names],
        title=title if len(title) <= _TITLE else "",
        marked=marked,
    )
    write(figure, path)

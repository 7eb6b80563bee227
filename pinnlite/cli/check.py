"""``pinnlite check``: the derivatives of an expression four ways, side by side."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pinnlite.cli import options
from pinnlite.cli.derivative_names import chosen_variable, derivative_names
from pinnlite.cli.output import Report, Table, grid, show
from pinnlite.cli.values import Points

if TYPE_CHECKING:
    from pinnlite.verify.derivatives import FourWays

_DEFAULT = [0.3, 0.7]  # where every function of the language has a derivative
_WAYS = ("autograd", "taylor", "symbolic", "differences")
_MOST_SENTENCES = 5
_DISAGREEMENT = 3


@click.command(cls=options.MathematicalCommand, short_help="Derivatives four ways, side by side.")
@click.argument("expression")
@options.at
@click.option("--order", type=click.IntRange(0, 12), default=4, show_default=True, help="Highest derivative.")
@click.option("--wrt", metavar="NAME", help="The variable to differentiate by, where there are several.")
@options.parameter
@options.forms
@options.quiet
@click.pass_context
def command(
    context: click.Context,
    expression: str,
    at: Sequence[Points],
    order: int,
    wrt: str | None,
    parameters: Sequence[tuple[str, float]],
    quiet: bool,
) -> None:
    """Compute derivatives four ways and compare them; exit code 3 says that they disagree.

    \b
      pinnlite check "sin(x)*exp(-x)"
      pinnlite check "tanh(x)" --at -3,0,5 --order 8
      pinnlite check "abs(x)" --at 0
      pinnlite check "exp(x*y)" --wrt y --at x=1,2 --at y=0.5 --csv

    The ways are nested autograd, Taylor arithmetic, the formula of the derivative, each in float64, and finite
    differences of the function in mpmath to 50 digits. Without --at the points are 0.3 and 0.7.

    "disagreement" is the largest difference between any two. Up to "allowed" rounding explains it: that is 4096 units
    of float64 rounding in the size that the terms of the Taylor series at the point have near by, and what the
    derivative moves by when each operation in the expression is off by some units. A kink is a disagreement whatever
    the other ways answer there, because differences to its left and right do not meet.
    """
    import pinnlite as pl
    from pinnlite.verify.derivatives import four_ways

    text = options.read_text(expression)
    f = pl.parse(text, **options.distinct(parameters))
    options.check_used(parameters, text)
    f = f if f.variables else pl.Expression(f.node, ("x",))
    variable = chosen_variable(f.variables, wrt)
    points = grid(f.variables, at, dict.fromkeys(f.variables, _DEFAULT))
    found = four_ways(f, variable, points, order)
    names = derivative_names("f", f.variables, variable, order)
    _warn_of_gaps(names, found)
    _warn_of_disagreement(f.variables, names, found)
    agree = all(way.agree for way in found)
    content = {"expression": str(f), "variables": list(f.variables), "wrt": variable, "agree": agree}
    words = f"f({', '.join(f.variables)}) = {f}\n{_verdict(found)}"
    columns = [*f.variables, "order", *_WAYS, "disagreement", "allowed"]
    formula = f"f({', '.join(f.variables)}) = {f.latex()}"
    show(Report("pinnlite/check/1", words, content, Table(columns, list(map(_row, found))), formula))
    if not agree:
        context.exit(_DISAGREEMENT)


def _verdict(found: "Sequence[FourWays]") -> str:
    agreeing = sum(way.agree for way in found)
    if agreeing == len(found):
        return f"all ways agree on each of {agreeing} values"
    return f"the ways disagree on {len(found) - agreeing} of {len(found)} values"


def _row(way: "FourWays") -> list[float]:
    """A row of the table; NaN stands for what there is not, and two digits of a difference say all there is in it."""
    values = [way.values.get(name, math.nan) for name in _WAYS]
    return [*way.point, way.order, *values, float(f"{way.disagreement:.1e}"), float(f"{way.allowed:.1e}")]


def _warn_of_gaps(names: Sequence[str], found: "Sequence[FourWays]") -> None:
    """Say from which order on a way was not gone."""
    import warnings

    reasons = {
        "autograd": "nested autograd would take too long",
        "symbolic": "the formula is too long to be written",
    }
    for name, reason in reasons.items():
        missing = [way.order for way in found if name not in way.values]
        if missing:
            warnings.warn(
                f"from {names[min(missing)]} on {reason}; the other ways are compared", stacklevel=2
            )


def _warn_of_disagreement(
    variables: Sequence[str], names: Sequence[str], found: "Sequence[FourWays]"
) -> None:
    """Say for each point, up to a few, what is wrong at the lowest order that disagrees."""
    import warnings

    first: dict[tuple[float, ...], FourWays] = {}
    for way in found:
        if not way.agree:
            first.setdefault(way.point, way)
    for way in list(first.values())[:_MOST_SENTENCES]:
        place = ", ".join(f"{x} = {value:.10g}" for x, value in zip(variables, way.point, strict=True))
        warnings.warn(f"at {place} {_reason(names[way.order], way)}", stacklevel=2)
    if len(first) > _MOST_SENTENCES:
        warnings.warn(f"the same at {len(first) - _MOST_SENTENCES} more points", stacklevel=2)


def _reason(name: str, way: "FourWays") -> str:
    if way.obstacle:
        return f"{way.obstacle}: {name} does not exist" if way.order else way.obstacle
    broken = [way_name for way_name, value in way.values.items() if not math.isfinite(value)]
    if broken:
        return f"{name} is not finite by {' and '.join(broken)}"
    low, high = min(way.values, key=way.values.__getitem__), max(way.values, key=way.values.__getitem__)
    return (
        f"{name} is {way.values[low]:.10g} by {low} and {way.values[high]:.10g} by {high}, "
        f"further apart than the {way.allowed:.1e} that rounding explains"
    )

"""``pinnlite functions``: what an expression may be made of."""

import click

from pinnlite.cli import options
from pinnlite.cli.output import Report, Table, show


@click.command(short_help="What expressions may be made of.")
@options.forms
def command() -> None:
    """List the functions and constants that expressions may use, with their derivatives.

    \b
      pinnlite functions
      pinnlite functions --json
    """
    from pinnlite.language.expression import parse
    from pinnlite.language.functions import CONSTANTS, FUNCTIONS

    calls = [f"{name}({', '.join('xy'[: f.arity])})" for name, f in FUNCTIONS.items()]
    read = [parse(call) for call in [*calls, "P(3, x)"]]
    rows = [(str(f), str(f.diff("x"))) for f in read]
    words = (
        f"constants: {', '.join(CONSTANTS)}; operators: + - * / ** ^; products: 2x, 2(x+1)\n"
        "P(n, x) is the Legendre polynomial of degree n, P(n, x, k) its k-th derivative\n"
        "derivatives are by x"
    )
    table = Table(["function", "derivative"], rows)
    if options.form_of(click.get_current_context()) == "latex":
        table = Table(["f", r"\partial f / \partial x"], [(f.latex(), f.diff("x").latex()) for f in read])
    show(Report("pinnlite/functions/1", words, {"constants": CONSTANTS}, table))

"""What commands share: options, arguments that start with a minus sign, text from standard input."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pinnlite.cli.values import assignment, points
from pinnlite.errors import FileError, ProblemError

if TYPE_CHECKING:
    from pinnlite.solution import Solution
    from pinnlite.solving.fitting.fit import Fit

_MOST_INPUT = 100_000  # bytes; far beyond what the language reads, so that an endless stream ends
_PICTURES = (".png", ".svg", ".pdf")
_OPTION = re.compile(r"--[A-Za-z][A-Za-z-]*(=.*)?", re.DOTALL)


def _check_picture(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Refuse a file that no picture can become before anything is computed for it."""
    if path is not None and Path(path).suffix.lower() not in _PICTURES:
        raise FileError(f"'{path}' is no picture that can be written: end it in {', '.join(_PICTURES)}")
    if path is not None and not Path(path).parent.is_dir():
        raise FileError(f"'{path}' cannot be written: there is no folder '{Path(path).parent}'")
    return path


at = click.option(
    "--at",
    type=points,
    metavar="POINTS",
    multiple=True,
    help="Points: 1,2,3 or 0:1:11 (start:stop:count); x=... where there are several variables, once for each.",
)
parameter = click.option(
    "-p",
    "--param",
    "parameters",
    type=assignment,
    metavar="NAME=VALUE",
    multiple=True,
    help="A named number, such as nu=0.01/pi.",
)
as_json = click.option("--json", "form", flag_value="json", help="Print one JSON object; never NaN, null.")
as_csv = click.option("--csv", "form", flag_value="csv", help="Print the table as comma-separated values.")
plot = click.option(
    "--plot", metavar="FILE", callback=_check_picture, help="Also draw a picture: .png, .svg or .pdf."
)
seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Decides every random draw.",
)


class MathematicalCommand(click.Command):
    """A command whose arguments are mathematics, which may start with a minus sign: -x**2 is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put options in front and everything else behind ``--``, where click reads no options."""
        flags = {name: o for o in self.get_params(ctx) if isinstance(o, click.Option) for name in o.opts}
        options: list[str] = []
        positions: list[str] = []
        rest = list(args)
        while rest:
            word = rest.pop(0)
            if word == "--":
                positions += rest
                break
            name, attached, _ = word.partition("=")
            option = flags.get(name)
            if option is not None and (word == name or (attached and name.startswith("--"))):
                options.append(word)
                if word == name and not option.is_flag:
                    if not rest:
                        raise click.BadOptionUsage(name, f"the option '{name}' needs a value", ctx)
                    options.append(rest.pop(0))
            elif _OPTION.fullmatch(word):
                raise click.NoSuchOption(name, possibilities=sorted(flags), ctx=ctx)
            else:
                positions.append(word)
        return super().parse_args(ctx, [*options, "--", *positions])


def read_text(argument: str) -> str:
    """The argument itself, or standard input where it is ``-``."""
    if argument != "-":
        return argument
    try:
        return sys.stdin.buffer.read(_MOST_INPUT).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise click.UsageError("standard input is no text in UTF-8") from None


def distinct(named: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Names with their values; a name that is given twice is refused."""
    found: dict[str, Any] = {}
    for name, value in named:
        if name in found:
            raise ProblemError(
                f"{name} is given twice, as a coordinate (--on) or a parameter (-p); give it once"
            )
        found[name] = value
    return found


def draw(result: "Fit | Solution", path: str) -> None:
    """Write the picture of a result."""
    from pinnlite.report.plots import write

    write(result.plot().get_figure(root=True), path)

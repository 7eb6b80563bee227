"""What commands share: options, arguments that start with a minus sign, text from standard input."""

import re
import sys
import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from pinnlite.cli.values import assignment, points
from pinnlite.errors import FileError, ProblemError

Command = Callable[..., Any]

_MOST_INPUT = 100_000  # bytes; far beyond what the language reads, so that an endless stream ends
_PICTURES = (".png", ".svg", ".pdf")
_FORM = "pinnlite.form"
KEPT = ".safetensors"
TERMINAL = "-"  # in place of a picture's file
_OPTION = re.compile(r"--[A-Za-z][A-Za-z-]*(=.*)?", re.DOTALL)
_ENDS = re.compile(r"--?([^\W\d]\w*)=([^=,]+,[^=]+)")  # -t 0,1 and --x=0,1, which are no options


def _check_picture(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Refuse a file that no picture can become before anything is computed for it."""
    if path == TERMINAL and form_of(context):
        raise click.UsageError(
            "--plot - draws among words for people; with --json, --csv or --latex name a file"
        )
    if path is None or path == TERMINAL:
        return path
    if Path(path).suffix.lower() not in _PICTURES:
        raise FileError(f"'{path}' is no picture that can be written: end it in {', '.join(_PICTURES)}")
    return check_folder(context, option, path)


def check_folder(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Refuse a file in a folder that is not there before anything is computed for it."""
    if path is None:
        return None
    try:
        if not Path(path).parent.is_dir():
            raise FileError(f"'{path}' cannot be written: there is no folder '{Path(path).parent}'")
        if Path(path).is_dir():
            raise FileError(f"'{path}' cannot be written: it is a folder")
    except (OSError, ValueError) as error:
        raise FileError(f"'{path[:60]}' cannot be written: {error}") from None
    return path


def _check_kept(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Refuse a name by which the file would not be known again."""
    if path is not None and not path.endswith(KEPT):
        raise FileError(f"'{path[:60]}' is no name for a kept result: end it in {KEPT}")
    return check_folder(context, option, path)


def complete_from(*words: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """What a shell offers for a value: the words that begin as it does."""
    return lambda context, option, begun: [CompletionItem(word) for word in words if word.startswith(begun)]


def complete_files(context: click.Context, option: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of files, as the shell itself completes them."""
    return [CompletionItem(begun, type="file")]


def _one_form(context: click.Context, option: click.Parameter, chosen: bool) -> bool:
    """Refuse two forms of output at once, of which one would be lost."""
    if chosen:
        before = context.meta.setdefault(_FORM, option.name)
        if before != option.name:
            raise click.UsageError(f"--{before} and --{option.name} are two forms of one output: choose one")
    return chosen


def _form(name: str, explained: str) -> Callable[[Command], Command]:
    return click.option(
        f"--{name}", is_flag=True, expose_value=False, is_eager=True, callback=_one_form, help=explained
    )


def _silence(context: click.Context, option: click.Parameter, quiet: bool) -> bool:
    if quiet:
        warnings.simplefilter("ignore")  # until the command line ends
    return quiet


def form_of(context: click.Context) -> str | None:
    """The form of output that was asked for: "json", "csv", "latex", or None for people."""
    form: str | None = context.meta.get(_FORM)
    return form


at = click.option(
    "--at",
    type=points,
    metavar="POINTS",
    multiple=True,
    help="Points: 1,2,3 or 0:1:11 (start:stop:count). With several variables once for each: --at x=0:1:3 --at y=1,2.",
)
parameter = click.option(
    "-p",
    "--param",
    "parameters",
    type=assignment,
    metavar="NAME=VALUE",
    multiple=True,
    help="The value of a parameter, such as nu=0.01/pi; once for each.",
)
_as_json = _form("json", "Print one JSON object, with null for what is not finite.")
_as_csv = _form("csv", "Print the table as comma-separated values.")
_as_latex = _form("latex", "Print formulas and table in LaTeX.")


def forms(command: Command) -> Command:
    """The options that say in which form a result is printed."""
    return _as_json(_as_csv(_as_latex(command)))


plot = click.option(
    "--plot",
    metavar="FILE",
    shell_complete=complete_files,
    callback=_check_picture,
    help="Also draw a picture, a .png, .svg or .pdf; - draws one of characters.",
)
quiet = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    callback=_silence,
    is_eager=True,
    help="Neither progress nor warnings.",
)
verbose = click.option("-v", "--verbose", is_flag=True, help="Say on standard error what was tried.")
out = click.option(
    "--out",
    metavar="FILE",
    callback=_check_kept,
    help="Keep the result in a .safetensors file, for pinnlite eval.",
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
        if ctx.resilient_parsing:  # a line that is being completed
            return super().parse_args(ctx, args)
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
            else:
                _refuse_option(ctx, word, rest[:1], flags, bool(positions))
                positions.append(word)
        return super().parse_args(ctx, [*options, "--", *positions])


def _refuse_option(
    ctx: click.Context, word: str, following: Sequence[str], flags: Collection[str], late: bool
) -> None:
    """Raise where a word is meant as an option, and there is none of that name; ``late`` if mathematics came before."""
    name, attached, _ = word.partition("=")
    ends = _ENDS.fullmatch(word if attached else "=".join([word, *following]))
    if ends and "--on" in flags:
        meant = f"--on {ends[1]}={ends[2]}"
        raise click.UsageError(f"no such option '{name}': the ends of a coordinate are given as {meant}", ctx)
    if _OPTION.fullmatch(word):
        raise click.NoSuchOption(name, possibilities=sorted(flags), ctx=ctx)
    alone = not late and all(each.startswith("-") for each in following)  # as the expression -at may
    if f"-{word}" in flags and not alone:
        raise click.NoSuchOption(word, possibilities=[f"-{word}"], ctx=ctx)


def read_text(argument: str) -> str:
    """The argument itself, or standard input where it is ``-``."""
    if argument != "-":
        return argument
    if sys.stdin is None:
        raise click.UsageError("standard input is closed")
    data = sys.stdin.buffer.read(_MOST_INPUT + 1)
    if len(data) > _MOST_INPUT:
        raise click.UsageError(f"standard input holds more than {_MOST_INPUT:,} bytes")
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise click.UsageError("standard input is no text in UTF-8") from None


def distinct(named: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Names with their values; a name that is given twice is refused."""
    found: dict[str, Any] = {}
    for name, value in named:
        if name in found:
            raise ProblemError(f"{name} is given twice; give it once")
        found[name] = value
    return found


def check_used(parameters: Sequence[tuple[str, float]], text: str) -> None:
    """Refuse a parameter that an expression does not have."""
    for name, _ in parameters:
        if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
            raise ProblemError(
                f"the parameter {name} does not appear in {text.strip()[:60]}: leave it out or use it"
            )

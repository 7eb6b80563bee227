"""The command ``pinnlite``: finds the command asked for, and turns whatever ends it into a message and an exit code."""

import difflib
import importlib
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click

from pinnlite.errors import PinnliteError

_COMMANDS = ("derive", "check", "fit", "solve", "eval", "export", "examples", "functions", "info")
# What an error says to do in Python: where a name has no value, and where an interval is reversed.
_UNKNOWN = re.compile(r"give it a value, \w+=0\.1, or say (\w+)=pl\.Unknown\(\.\.\.\)")
_INTERVAL = re.compile(r"\b(write|widen) (\w+)=\(([^(),]+), ([^(),]+)\)")
_DONE, _FAILED, _UNUSABLE, _INTERRUPTED = 0, 1, 2, 130


class _LazyGroup(click.Group):
    """Commands by name, each imported when it is looked up; none of them imports torch before it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
        if near and args[0] not in _COMMANDS:
            raise click.UsageError(f"no such command '{args[0]}'. Did you mean '{near[0]}'?", ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"pinnlite.cli.{cmd_name}").command
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pinnlite", message="%(prog)s %(version)s")
def _pinnlite() -> None:
    """Derivatives of any order, and differential equations solved to a stated tolerance.

    \b
      pinnlite derive "x**2+1" --at 1,2,3,4 --order 2
      pinnlite fit "sin(x)" --model polynomial:3 --on x=-pi,pi
      pinnlite solve "u'' + u = 0, u(0) = 0, u'(0) = 1" --on x=0,2*pi --out sine.safetensors
      pinnlite eval sine.safetensors --at 0:pi:5 --order 2
      pinnlite COMMAND --help

    Exit codes: 0 done; 1 the computation failed; 2 the input cannot be used; 3 the tolerance was not reached, or
    derivatives disagree; 130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done; 1 the computation failed; 2 the input cannot be used; 3 the tolerance was not reached; 130 interrupted.

    Args:
        arguments: what stands after the program's name; by default what the process was started with.

    >>> main(["derive", "x**2", "--at", "1,3"])
    f(x)  = x**2
    f'(x) = 2*x
    <BLANKLINE>
    x   f   f'
    1   1   2
    3   9   6
    0
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None:
        _complain("error: standard output is closed")
        return _FAILED
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = _WarningsOnce()
        try:
            code = _pinnlite.main(given or ["--help"], prog_name="pinnlite", standalone_mode=False)
        except click.ClickException as error:
            return _unusable(error)
        except PinnliteError as error:
            report = _UNKNOWN.sub(r"-p \1=... or --unknown \1=GUESS", error.report())
            _complain(_INTERVAL.sub(r"\1 --on \2=\3,\4", report))
            return _UNUSABLE
        except (click.Abort, KeyboardInterrupt):
            _complain("error: interrupted")
            return _INTERRUPTED
        except Exception as error:  # a person at a terminal is not served by a traceback
            _complain(f"error: the computation failed: {type(error).__name__}: {error}")
            return _FAILED
    return code if isinstance(code, int) else _DONE


def _unusable(error: click.ClickException) -> int:
    """Say what is wrong with the options and where to read about them."""
    message = error.format_message().rstrip(".")
    _complain(f"error: {message[:1].lower()}{message[1:]}")
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"  hint: see {context.command_path} --help", err=True)
    return _UNUSABLE


class _WarningsOnce:
    """Stands in for ``warnings.showwarning``: the place in the source means nothing to a person at a terminal."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, message: Warning | str, *place: Any, **more: Any) -> None:
        text = f"warning: {message}"
        if text not in self._said:
            self._said.add(text)
            _complain(text)


def _complain(text: str) -> None:
    """Write to stderr, the first word in colour on a terminal unless NO_COLOR is set."""
    kind, colon, rest = text.partition(":")
    shown = click.style(kind, fg="yellow" if kind == "warning" else "red", bold=True) + colon + rest
    click.echo(shown, err=True, color=False if os.environ.get("NO_COLOR") else None)

"""``pinnlite examples``: the scripts that come along, listed, shown and run."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from pinnlite.cli import options
from pinnlite.cli.output import Report, Table, show
from pinnlite.errors import ProblemError


def _complete(context: click.Context, option: click.Parameter, begun: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in _scripts() if name.startswith(begun)]


@click.command(short_help="Scripts to read and to run.")
@click.argument("name", required=False, shell_complete=_complete)
@click.option("--source", is_flag=True, help="Print the script instead of running it.")
@options.forms
@click.pass_context
def command(context: click.Context, name: str | None, source: bool) -> None:
    """List the examples, or run one of them; pictures go to the current folder.

    \b
      pinnlite examples
      pinnlite examples own_network
      pinnlite examples own_network --source
    """
    scripts = _scripts()
    if name is None:
        rows = [(each, _title(path)) for each, path in scripts.items()]
        words = "run one with: pinnlite examples NAME; read it with --source"
        show(Report("pinnlite/examples/1", words, {}, Table(["name", "what it shows"], rows)))
        return
    path = scripts.get(name.removesuffix(".py"))
    if path is None:
        raise ProblemError(f"there is no example '{name}': pinnlite examples lists them")
    if source:
        _print(path.read_text(encoding="utf-8"))
        return
    context.exit(_run(path))


def _scripts() -> dict[str, Path]:
    """The examples by name: those of the package, or of the checkout that it was installed from."""
    package = Path(__file__).parents[1]
    folder = next((f for f in (package / "examples", package.parent / "examples") if f.is_dir()), None)
    if folder is None:
        return {}
    found = sorted(folder.rglob("*.py"), key=lambda path: (len(path.parts), path.name))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in found}


def _title(path: Path) -> str:
    """The first line of a script's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


def _print(source: str) -> None:
    """The script, in colours on a terminal."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        click.echo(source.rstrip("\n"))
        return
    from rich.console import Console
    from rich.syntax import Syntax

    Console().print(Syntax(source, "python", background_color="default"))


def _run(path: Path) -> int:
    """Run a script in a process of its own, and say how it ended: 0, 1, or 130 where it was interrupted."""
    try:
        ended = subprocess.run([sys.executable, str(path)], check=False).returncode
    except KeyboardInterrupt:
        return 130
    return {0: 0, -2: 130, 130: 130}.get(ended, 1)

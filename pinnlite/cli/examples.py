"""``pinnlite examples``: the scripts that come along, listed, shown and run."""

import ast
import json
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
        words = "run one with: pinnlite examples NAME; read it with --source; start with demo"
        show(Report("pinnlite/examples/1", words, {}, Table(["name", "what it shows"], rows)))
        return
    path = scripts.get(Path(name).stem)
    if path is None:
        raise ProblemError(f"there is no example '{name}': pinnlite examples lists them")
    if source:
        _print(path.read_text(encoding="utf-8"))
        return
    if path.suffix == ".ipynb":
        raise ProblemError(
            f"a notebook is opened in Jupyter: pinnlite examples {name} --source > {path.name}"
        )
    context.exit(_run(path))


def _scripts() -> dict[str, Path]:
    """The examples by name, as they build on each other: the package's, or those of the checkout."""
    package = Path(__file__).parents[1]
    folder = next((f for f in (package / "examples", package.parent / "examples") if f.is_dir()), None)
    if folder is None:
        return {}
    listed = (folder / "contents.txt").read_text(encoding="utf-8").split()
    return {Path(name).stem: folder / name for name in listed}


def _title(path: Path) -> str:
    """The first line of a script's docstring or of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        first: str = json.loads(text)["cells"][0]["source"][0]
        return first.strip("# \n")
    return (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]


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

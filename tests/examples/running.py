"""How the tests run an example: by its name in the table of contents, its pictures looked for and closed."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTENTS = (EXAMPLES / "contents.txt").read_text().split()


def example(name: str) -> dict[str, Any]:
    mpl.use("Agg")
    return runpy.run_path(str(next(EXAMPLES.rglob(f"{name}.py"))))


def main_of(name: str) -> Callable[..., Any]:
    """Its ``main``, which is to leave pictures whose axes say what they show."""
    return shown(example(name)["main"])


def shown(main: Callable[..., Any]) -> Callable[..., Any]:
    import matplotlib.pyplot as plt

    def run(*arguments: Any, **options: Any) -> Any:
        try:
            found = main(*arguments, **options)
            figures = [plt.figure(number) for number in plt.get_fignums()]
            assert figures
            for axes in (figure.axes[0] for figure in figures):
                assert axes.get_xlabel() or axes.get_title() or axes.get_title(loc="left")
        finally:
            plt.close("all")
        return found

    return run

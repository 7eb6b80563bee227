"""Pictures for the gallery: every matplotlib figure that an example makes, drawn with pyplot or without it."""

from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

_made: list[Figure] = []
_make = Figure.__init__


def watch(gallery: dict[str, Any], example: str) -> None:
    """Start anew before an example; pinnlite's figures are their own, so that pyplot's list does not have them."""

    @wraps(_make)
    def make(figure: Figure, *arguments: Any, **options: Any) -> None:
        _make(figure, *arguments, **options)
        _made.append(figure)

    Figure.__init__ = make  # type: ignore[method-assign]
    _made.clear()


def scrape(block: tuple[Any, ...], variables: dict[str, Any], gallery: dict[str, Any]) -> str:
    """Write the figures that a block has made since the last one, and return the lines that show them."""
    paths: Iterator[str] = variables["image_path_iterator"]
    written = []
    for figure in _made:
        if figure.axes:
            path = next(paths)
            figure.savefig(path, dpi=110, bbox_inches="tight")
            written.append(path)
    _made.clear()
    return figure_rst(written, str(Path(gallery["src_dir"])))

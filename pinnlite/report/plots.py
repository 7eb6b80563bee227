"""Pictures of derivatives, solutions and fits, drawn from plain arrays on figures of their own.

No pyplot and no style sheets, so no state is shared. Lines differ in dash and lightness, which keeps them apart in
grey; the background is white, which keeps the picture legible in a dark notebook.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from pinnlite.errors import FileError

Array = NDArray[np.float64]
Curve = Any  # (N,) numbers: an array, a list, or a tensor on the CPU
Canvas = Figure | SubFigure

_LINES: list[dict[str, Any]] = [
    {"color": "#10284b", "linestyle": "-"},
    {"color": "#d9641e", "linestyle": (0, (5, 2))},
    {"color": "#3c8c8c", "linestyle": (0, (1, 1.2))},
    {"color": "#8f6bb3", "linestyle": (0, (6, 2, 1, 2))},
]
INK, _PALE = "#222222", "#c8c8c8"
TYPE: dict[str, Any] = {"math_fontfamily": "cm", "fontsize": 12}
OBSERVED: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 3.5,
    "markerfacecolor": "#d9641e",
    "markeredgecolor": "white",
    "markeredgewidth": 0.6,
}
_WIDTH = 6.4  # inches
_RESOLUTION = 160  # dots per inch
_MOST_LINES = 40
_LEAST_SPAN = 20.0  # of a log axis


def derivatives_figure(
    name: str,
    x: Curve,
    values: Sequence[Curve],
    labels: Sequence[str],
    *,
    title: str = "",
    marked: tuple[Curve, Sequence[Curve]] | None = None,
) -> Canvas:
    """Stack a function and its derivatives, one above the other over a shared axis.

    Args:
        name: of the variable, in TeX without dollars.
        x: (N,) places, ascending.
        values: (N,) values for each curve: f, f', ...
        labels: what each curve is, in TeX without dollars.
        title: formula in TeX without dollars.
        marked: places and, for each curve, values there, to be drawn as dots.

    Returns:
        The figure, to be written with ``write``.
    """
    figure = new_figure(0.9 + 1.25 * len(values))
    panels = _stack(figure, [1.0] * len(values))
    places = np.asarray(x, dtype=float)
    for i, (axes, curve, label) in enumerate(zip(panels, values, labels, strict=True)):
        _curve_to_poles(axes, places, np.asarray(curve, dtype=float))
        if marked:
            axes.plot(marked[0], marked[1][i], "o", color=_LINES[1]["color"], markersize=4, zorder=3)
        axes.set_ylabel(mathematics(label), rotation=0, ha="right", va="center", labelpad=8, **TYPE)
    panels[-1].set_xlabel(mathematics(name), **TYPE)
    set_title(panels[0], mathematics(title) if title else "")
    figure.align_ylabels(panels)
    return figure


def solution_figure(
    name: str,
    x: Curve,
    values: Mapping[str, Curve],
    below: Mapping[str, Curve],
    *,
    below_label: str,
    reference: Mapping[str, Curve] | None = None,
    observed: Mapping[str, Array] | None = None,
    edges: Curve | None = None,
    title: str = "",
    figure: Canvas | None = None,
) -> Canvas:
    """Draw unknown functions, and beneath them on a log axis how wrong they are.

    Args:
        name: of the coordinate, in TeX without dollars.
        x: (N,) places, ascending.
        values: (N,) values of each unknown by its name.
        below: (N,) errors or residuals by name; their magnitudes are drawn.
        below_label: what they are, as the axis says it.
        reference: (N,) trusted values by the unknown's name.
        observed: (n, 2) places and values that were observed, by the unknown's name.
        edges: where elements meet.
        title: a few words on what was solved and how well.
        figure: where to draw, if not on a new figure.
    """
    figure = new_figure(4.4, figure)
    upper, lower = _stack(figure, [1.7, 1.0])
    for line, (unknown, curve) in zip(_cycled(len(values)), values.items(), strict=True):
        upper.plot(x, curve, **line, label=mathematics(unknown))
    for unknown, curve in (reference or {}).items():
        _sparse_dots(upper, x, curve, f"{mathematics(unknown)} reference")
    for unknown, points in (observed or {}).items():
        upper.plot(*points.T, **OBSERVED, label=f"{mathematics(unknown)} observed")
    _legend(upper, len(values) + len(reference or {}) + len(observed or {}))
    if len(values) == 1:
        upper.set_ylabel(mathematics(f"{next(iter(values))}({name})"), **TYPE)
    _log_curves(lower, x, below, below_label)
    if edges is not None:
        _mark_edges(upper, edges)
        _mark_edges(lower, edges)
    lower.set_xlabel(mathematics(name), **TYPE)
    set_title(upper, title)
    figure.align_ylabels([upper, lower])
    return figure


def fit_figure(
    name: str, x: Curve, target: Curve, fitted: Curve, *, title: str = "", figure: Canvas | None = None
) -> Canvas:
    """Draw a target and what was fitted to it, and beneath them on a log axis how far they are apart.

    Args:
        name: of the variable, in TeX without dollars.
        x: (N,) places, ascending.
        target: (N,) values to be met.
        fitted: (N,) values of the model.
        title: a few words, such as the fitted formula.
        figure: where to draw, if not on a new figure.
    """
    figure = new_figure(4.4, figure)
    upper, lower = _stack(figure, [1.7, 1.0])
    upper.plot(x, fitted, **_LINES[0], label="fit")
    _sparse_dots(upper, x, target, "target")
    _legend(upper, 2)
    distance = np.asarray(fitted, dtype=float) - np.asarray(target, dtype=float)
    _log_curves(lower, x, {"": distance}, "|fit − target|")
    lower.set_xlabel(mathematics(name), **TYPE)
    set_title(upper, title)
    figure.align_ylabels([upper, lower])
    return figure


def history_figure(
    steps: Sequence[int],
    losses: Sequence[float],
    phases: Sequence[tuple[int, str]],
    *,
    title: str = "",
    figure: Canvas | None = None,
) -> Canvas:
    """Draw a loss over the steps on a log axis, the phases told apart by lines and named.

    Args:
        steps: (N,) numbers of the steps, ascending.
        losses: (N,) values.
        phases: the step at which each begins, and its name.
        title: a few words on what was trained.
        figure: where to draw, if not on a new figure.
    """
    figure = new_figure(3.4, figure)
    (axes,) = _stack(figure, [1.0])
    positive = [loss if loss > 0 else np.nan for loss in losses]
    axes.plot(steps, positive, **_LINES[0], linewidth=1.4)
    axes.set_yscale("log")
    axes.grid(axis="y", color=_PALE, linewidth=0.4)
    for start, name in phases:
        axes.axvline(start, color=INK, linewidth=0.7, linestyle=":")
        place = axes.get_xaxis_transform()
        where: dict[str, Any] = {"transform": place, "rotation": 90, "ha": "left", "va": "top"}
        axes.text(start, 0.98, name, fontsize=9, color=INK, **where)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    set_title(axes, title)
    return figure


def write(figure: Canvas, path: str) -> None:
    """Write a figure as PNG, SVG or PDF, whichever the path ends in.

    Raises:
        FileError: if it ends in something else, or cannot be written.
    """
    try:
        figure.get_figure(root=True).savefig(path)
    except (OSError, ValueError) as error:
        raise FileError(f"'{path}' cannot be written: {error}") from error


def new_figure(height: float, given: Canvas | None = None) -> Canvas:
    """The empty figure that was given, or one of the usual width that pyplot does not know."""
    if given is not None:
        if isinstance(given, Figure) and given.get_layout_engine() is None:
            given.set_layout_engine("constrained")
        return given
    return Figure(figsize=(_WIDTH, height), dpi=_RESOLUTION, facecolor="white", layout="constrained")


def _stack(figure: Canvas, heights: Sequence[float]) -> list[Axes]:
    """Panels one above the other that share their horizontal axis."""
    column = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes in column:
        axes.set_facecolor("white")
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(INK)
        axes.tick_params(colors=INK, labelsize=9)
        axes.margins(x=0.02)
    return list(column)


def _curve_to_poles(axes: Axes, x: Array, curve: Array) -> None:
    """A curve, cut off where a pole would flatten everything else."""
    finite = np.isfinite(curve)
    if finite.any():
        low, middle, high = np.quantile(curve[finite], [0.1, 0.5, 0.9])
        reach = 8 * max(high - low, 1e-12 * abs(middle), 1e-300)
        tame = finite & (np.abs(curve - middle) <= reach)
        curve = np.where(tame, curve, np.nan)
    axes.plot(x, curve, **_LINES[0], linewidth=1.6)
    axes.axhline(0, color=_PALE, linewidth=0.7, zorder=0)


def _log_curves(axes: Axes, x: Curve, curves: Mapping[str, Curve], label: str) -> None:
    """Magnitudes on a log axis; exact zeros have no place there and are left out."""
    sizes: list[Array] = []
    for line, (name, curve) in zip(_cycled(len(curves)), curves.items(), strict=True):
        size = np.abs(np.asarray(curve, dtype=float))
        axes.plot(
            x,
            np.where(size > 0, size, np.nan),
            **line,
            linewidth=1.0,
            label=mathematics(name) if name else "",
        )
        sizes.append(size[size > 0])
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    together = np.concatenate(sizes)
    # A curve that crosses zero would stretch the axis down to nothing; some power of ten is to be labelled.
    if together.size:
        axes.set_ylim(bottom=min(np.quantile(together, 0.03) / 3, together.max() / _LEAST_SPAN))
    axes.set_ylabel(label)
    axes.grid(axis="y", color=_PALE, linewidth=0.4)
    _legend(axes, len(curves))


def _sparse_dots(axes: Axes, x: Curve, curve: Curve, label: str) -> None:
    """Known values as circles, few enough to see the line between them."""
    every = max(1, np.size(np.asarray(x)) // 24)
    circle = {"markerfacecolor": "white", "markeredgecolor": _LINES[1]["color"], "markersize": 5}
    axes.plot(x, curve, "o", markevery=every, label=label, zorder=3, **circle)


def _mark_edges(axes: Axes, edges: Curve) -> None:
    """Lines where elements meet, or short ticks where lines would be a curtain."""
    places = np.asarray(edges, dtype=float)
    height = 1.0 if places.size <= _MOST_LINES else 0.05
    axes.vlines(places, 0, height, color=_PALE, linewidth=0.7, zorder=0, transform=axes.get_xaxis_transform())


def _cycled(count: int) -> list[dict[str, Any]]:
    return [_LINES[i % len(_LINES)] for i in range(count)]


def _legend(axes: Axes, curves: int) -> None:
    if curves > 1:
        axes.legend(frameon=False, fontsize=9, loc="best")


def set_title(axes: Axes, text: str) -> None:
    """A few words above, to the left."""
    axes.set_title(text, fontsize=10, color=INK, loc="left", math_fontfamily="cm")


def mathematics(tex: str) -> str:
    """TeX as matplotlib wants it."""
    return f"${tex}$"

"""Pictures of functions of two coordinates: a heat map of each unknown, beside it how wrong it is."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from pinnlite.report.plots import INK, OBSERVED, TYPE, Canvas, mathematics, new_figure, set_title

Array = NDArray[np.float64]

# Both fall or rise in lightness all the way, and so can be read in grey.
_VALUES, _ERRORS = "cividis", "Greys"
_LEAST_SPAN, _MOST_SPAN = 1e3, 1e14  # of the errors' scale: what is smaller yet looks like the smallest
_LEAST_SHOWN = 0.05  # of the map is smaller than the scale's lower end
_ROW = 2.9  # inches
_MOST_CELLS = 1500  # outlined


def map_figure(
    names: tuple[str, str],
    grid: tuple[Array, Array],
    values: Mapping[str, Array],
    errors: Mapping[str, Array],
    *,
    errors_label: str,
    observed: Mapping[str, Array] | None = None,
    cells: Array | None = None,
    equal: bool = False,
    title: str = "",
    figure: Canvas | None = None,
) -> Canvas:
    """Draw unknown functions of two coordinates, and beside each on a log scale how wrong they are.

    Args:
        names: of the coordinates, in TeX without dollars; the first runs to the right.
        grid: (n,) and (m,) places along each.
        values: (n, m) values of each unknown by its name, NaN outside the domain.
        errors: (n, m) errors or residuals by name, drawn in the same order; their magnitudes are drawn.
        errors_label: what they are.
        observed: (n, 3) places and values that were observed, by the unknown's name; the places are marked.
        cells: (E, 2, 2) lower and upper corners of the elements, to be outlined if they are few enough to be seen.
        equal: whether both coordinates are lengths, to be drawn to one scale.
        title: a few words on what was solved and how well.
        figure: where to draw, if not on a new figure.
    """
    figure = new_figure(_ROW * max(len(values), len(errors)), figure)
    rows = figure.subplots(max(len(values), len(errors)), 2, squeeze=False, sharex=True, sharey=True)
    for axes, (name, array) in zip(rows[:, 0], values.items(), strict=False):
        image = axes.pcolormesh(*grid, array.T, cmap=_VALUES, shading="nearest", rasterized=True)
        _finish(figure, axes, image, mathematics(f"{name}({names[0]}, {names[1]})"))
        if observed and name in observed:
            axes.plot(*observed[name][:, :2].T, **OBSERVED)
    for axes, (name, array) in zip(rows[:, 1], errors.items(), strict=False):
        size = np.abs(array)
        bottom, top = _scale(size)
        norm = LogNorm(bottom, top)
        floored = np.where(np.isnan(size), np.nan, np.maximum(size, bottom))
        image = axes.pcolormesh(*grid, floored.T, cmap=_ERRORS, norm=norm, shading="nearest", rasterized=True)
        _finish(figure, axes, image, f"{errors_label} {mathematics(name) if name else ''}")
    for axes in rows.flat:
        axes.set_aspect("equal" if equal else "auto")
    if cells is not None and len(cells) <= _MOST_CELLS:
        for axes in rows[:, 0]:
            _outline(axes, cells)
    for axes in rows[-1]:
        axes.set_xlabel(mathematics(names[0]), **TYPE)
    for axes in rows[:, 0]:
        axes.set_ylabel(mathematics(names[1]), rotation=0, **TYPE)
    figure.suptitle(title, fontsize=10, color=INK, x=0.02, ha="left")
    return figure


def _scale(size: Array) -> tuple[float, float]:
    """From what nearly all of a map exceeds to its largest value, which may be a single point's."""
    positive = size[size > 0]
    if not positive.size:
        return 1e-300 / _LEAST_SPAN, 1e-300
    top = float(positive.max())
    usual = float(np.quantile(positive, _LEAST_SHOWN))
    return float(np.clip(usual, top / _MOST_SPAN, top / _LEAST_SPAN)), top


def _outline(axes: Axes, cells: Array) -> None:
    (low_x, low_y), (high_x, high_y) = cells[:, 0].T, cells[:, 1].T
    corners = [(low_x, low_y), (high_x, low_y), (high_x, high_y), (low_x, high_y), (low_x, low_y)]
    outlines = np.stack([np.stack(corner, 1) for corner in corners], 1)
    axes.add_collection(LineCollection(list(outlines), colors="white", linewidths=0.4, alpha=0.6))


def _finish(figure: Canvas, axes: Axes, image: object, title: str) -> None:
    set_title(axes, title)
    axes.tick_params(colors=INK, labelsize=9)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)  # type: ignore[arg-type]
    bar.ax.tick_params(labelsize=8)

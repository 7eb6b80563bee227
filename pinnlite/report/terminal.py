"""Curves drawn with characters, for a terminal."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_WIDTH = 64  # characters
_HEIGHT, _LEAST = 24, 5  # lines of all panels together, and of one
_DIGITS = 4
_EDGE = 1e-6  # beyond the last place, which the canvas leaves out


def text_curves(name: str, x: Sequence[float], curves: Mapping[str, ArrayLike]) -> str:
    """Draw curves over one variable with Braille characters, one above the other.

    Values that are not finite leave gaps.

    Args:
        name: of the variable.
        x: (N,) places, ascending.
        curves: (N,) values by what stands above each curve.

    Returns:
        Lines to be printed.

    Example:
        >>> lines = text_curves("x", [0.0, 1.0], {"u(x)": [0.0, 2.0]}).splitlines()
        >>> lines[0].strip(), lines[-1].split()
        ('u(x)', ['0', 'x', '1'])
    """
    arrays = {label: np.asarray(values, dtype=float) for label, values in curves.items()}
    scales = {label: _scale(values) for label, values in arrays.items()}
    margin = max(len(_number(end)) for ends in scales.values() for end in ends)
    height = max(_HEIGHT // len(arrays), _LEAST)
    lines: list[str] = []
    for label, values in arrays.items():
        low, high = scales[label]
        marks = [_number(high), *[""] * (height - 2), _number(low)]
        lines.append(f"{'':{margin + 2}}{label}")
        rows = _drawn(np.asarray(x, dtype=float), values, low, high, height)
        lines += [f"{mark:>{margin}} │{row}" for mark, row in zip(marks, rows, strict=True)]
    left, right = _number(x[0]), _number(x[-1])
    lines.append(f"{'':{margin}} └{'─' * _WIDTH}")
    lines.append(f"{'':{margin + 2}}{left}{name:^{_WIDTH - len(left) - len(right)}}{right}")
    return "\n".join(line.rstrip() for line in lines)


def _scale(values: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of the vertical axis; a few values that dwarf all others, as at a pole, are left out."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -1.0, 1.0
    low, middle, high = np.quantile(finite, [0.1, 0.5, 0.9])
    reach = 8 * max(high - low, 1e-12 * abs(middle), 1e-300)
    kept = finite[np.abs(finite - middle) <= reach]
    low, high = kept.min(), kept.max()
    if high > low:
        return float(low), float(high)
    around = max(1.0, abs(float(low)))  # a constant is drawn through the middle
    return float(low) - around, float(high) + around


def _drawn(
    x: NDArray[np.float64], values: NDArray[np.float64], low: float, high: float, height: int
) -> list[str]:
    from plotille import Canvas

    right, top = (end + _EDGE * (end - start) for start, end in ((float(x[0]), float(x[-1])), (low, high)))
    canvas = Canvas(_WIDTH, height, xmin=float(x[0]), xmax=right, ymin=low, ymax=top)
    shown = np.isfinite(values) & (values >= low) & (values <= high)
    for i in range(len(x) - 1):
        if shown[i] and shown[i + 1]:
            canvas.line(float(x[i]), float(values[i]), float(x[i + 1]), float(values[i + 1]))
    rows: list[str] = canvas.plot().replace("\N{BRAILLE PATTERN BLANK}", " ").splitlines()
    return rows


def _number(value: float) -> str:
    return f"{value:.{_DIGITS}g}"

"""A solution as a picture: which coordinates are drawn, what values go into it, and which figure shows them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.language.latex import typeset_name
from pinnlite.language.notation import TIME
from pinnlite.problem.problem import Problem
from pinnlite.report.maps import map_figure
from pinnlite.report.plots import solution_figure
from pinnlite.trials.elements import Elements
from pinnlite.trials.trial import Approximation, Celled

_CURVE, _MAP = 601, 161  # points of a curve, and each way of a map
_LONGEST = 4  # times as long as wide a map may be, for both coordinates to be drawn to one scale
_NEAR = 1e-9  # relative: an observation there counts as made where a coordinate is held

Array = NDArray[np.float64]
Named = Mapping[str, Tensor]


def draw(
    problem: Problem,
    trial: Approximation,
    evaluate: Callable[..., Named],
    residual: Callable[..., Named],
    reference: Callable[..., Named] | None,
    fixed: Mapping[str, float],
    ends: Mapping[str, tuple[float, float]],
    title: str,
    figure: Any = None,
) -> Any:
    """Axes of a curve over one coordinate, or of a map over two, with the error or the residual by it.

    Raises:
        ProblemError: the coordinates that are left free are not one or two, or one is held outside the domain.
    """
    names = problem.domain.names
    free = _free(names, fixed, ends)
    count = _CURVE if len(free) == 1 else _MAP
    axes = [torch.linspace(*ends[name], count, dtype=torch.float64) for name in free]
    mesh = dict(zip(free, torch.meshgrid(*axes, indexing="ij"), strict=True))
    shape = mesh[free[0]].shape
    columns = [mesh.get(name, torch.full(shape, fixed.get(name, 0.0))) for name in names]
    points = torch.stack([column.flatten().double() for column in columns], 1)
    inside = problem.domain.contains(points)

    def on_grid(function: Callable[..., Named]) -> dict[str, Array]:
        with torch.no_grad():
            found = function(*points[inside].T)
        return {typeset_name(key): _spread(value, inside).view(shape).numpy() for key, value in found.items()}

    values, known = on_grid(evaluate), on_grid(reference) if reference else {}
    errors = {u: values[u] - known[u] for u in known}
    if not errors:
        rows = on_grid(residual).values()
        errors = {f"r_{i}" if len(rows) > 1 else "": row for i, row in enumerate(rows, start=1)}
    label = "|error|" if known else "|residual|"
    title = ", ".join([title, *(f"{name} = {value:g}" for name, value in fixed.items())])
    observed = _observed(problem, free, fixed)
    if len(free) == 1:
        return solution_figure(
            typeset_name(free[0]),
            axes[0],
            values,
            errors,
            below_label=label,
            reference=known,
            observed=observed,
            edges=trial.edges if isinstance(trial, Elements) else None,
            title=title,
            figure=figure,
        ).axes[0]
    drawn = [names.index(name) for name in free]
    short, long = sorted(ends[name][1] - ends[name][0] for name in free)
    return map_figure(
        (typeset_name(free[0]), typeset_name(free[1])),
        (axes[0].numpy(), axes[1].numpy()),
        values,
        errors,
        errors_label=label,
        observed=observed,
        cells=trial.corners()[:, :, drawn].numpy() if isinstance(trial, Celled) and not fixed else None,
        equal=TIME not in free and long <= _LONGEST * short,
        title=title,
        figure=figure,
    ).axes[0]


def _free(
    names: Sequence[str], fixed: Mapping[str, float], ends: Mapping[str, tuple[float, float]]
) -> list[str]:
    """The one or two coordinates that are drawn over."""
    free = [name for name in names if name not in fixed]
    for name, value in fixed.items():
        if name not in names:
            raise ProblemError(
                f"{name} is no coordinate that could be held at {value}: there is {', '.join(names)}"
            )
        low, high = ends[name]
        if not low <= value <= high:
            raise ProblemError(
                f"{name} = {value:g} lies outside [{low:g}, {high:g}], where there is a solution"
            )
    if len(free) not in (1, 2):
        example = ", ".join(f"{name}=..." for name in names[: max(len(names) - 2, 1)])
        raise ProblemError(
            f"a picture has one or two coordinates, and {', '.join(free) or 'none'} of {', '.join(names)} are left "
            f"free: fix the others, as in plot({example})"
        )
    return free


def _observed(problem: Problem, free: Sequence[str], fixed: Mapping[str, float]) -> dict[str, Array]:
    """Observations of unknowns where the picture shows them: rows of the free coordinates and the value."""
    names, shown = problem.domain.names, {}
    for data in problem.data:
        if data.name not in problem.unknowns:
            continue  # of a derivative, which is not drawn
        columns = dict(zip(names, data.points.T, strict=True))
        here = torch.ones(len(data.values), dtype=torch.bool)
        for name, value in fixed.items():
            here &= (columns[name] - value).abs() <= _NEAR * abs(value)
        rows = torch.stack([*(columns[name] for name in free), data.values], 1)[here]
        shown[typeset_name(data.name)] = rows.numpy()
    return {name: rows for name, rows in shown.items() if len(rows)}


def _spread(values: Tensor, inside: Tensor) -> Tensor:
    """Values at the points inside, NaN elsewhere."""
    whole = values.new_full(inside.shape, np.nan)
    whole[inside] = values
    return whole

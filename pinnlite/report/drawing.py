"""A solution as a picture: which coordinates are drawn, what values go into it, and which figure shows them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.language.latex import typeset_name
from pinnlite.problem.problem import Problem
from pinnlite.report.maps import map_figure
from pinnlite.report.plots import solution_figure
from pinnlite.trials.elements import Elements
from pinnlite.trials.trial import Approximation, Celled

_CURVE, _MAP = 601, 161  # points of a curve, and each way of a map

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
) -> Any:
    """Axes of a curve over one coordinate, or of a map over two, with the error or the residual by it.

    Raises:
        ProblemError: the coordinates that are left free are not one or two, or one is held outside the domain.
    """
    names = problem.domain.names
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
    count = _CURVE if len(free) == 1 else _MAP
    axes = [torch.linspace(*ends[name], count, dtype=torch.float64) for name in free]
    mesh = dict(zip(free, torch.meshgrid(*axes, indexing="ij"), strict=True))
    shape = mesh[free[0]].shape
    columns = {name: mesh[name] if name in mesh else torch.full(shape, fixed[name]) for name in names}
    points = torch.stack([columns[name].flatten().double() for name in names], 1)
    inside = problem.domain.contains(points)

    def on_grid(function: Callable[..., Named]) -> dict[str, Tensor]:
        with torch.no_grad():
            found = function(*points[inside].T)
        return {key: _spread(value, inside).view(shape) for key, value in found.items()}

    values, residuals = on_grid(evaluate), on_grid(residual)
    known = on_grid(reference) if reference else {}
    errors = {typeset_name(u): values[u] - known[u] for u in known} or {
        f"r_{i}" if len(residuals) > 1 else "": row for i, row in enumerate(residuals.values(), start=1)
    }
    label = "|error|" if known else "|residual|"
    shown = {typeset_name(u): value for u, value in values.items()}
    if len(free) == 1:
        edges = trial.edges if isinstance(trial, Elements) else None
        trusted = {typeset_name(u): value for u, value in known.items()}
        return solution_figure(
            typeset_name(free[0]),
            axes[0],
            shown,
            errors,
            below_label=label,
            reference=trusted,
            edges=edges,
            title=title,
        ).axes[0]
    arrays = [{name: value.numpy() for name, value in each.items()} for each in (shown, errors)]
    grid = (axes[0].numpy(), axes[1].numpy())
    pair = (typeset_name(free[0]), typeset_name(free[1]))
    drawn = [names.index(name) for name in free]
    cells = trial.corners()[:, :, drawn].numpy() if isinstance(trial, Celled) and not fixed else None
    return map_figure(pair, grid, *arrays, errors_label=label, cells=cells, title=title).axes[0]


def _spread(values: Tensor, inside: Tensor) -> Tensor:
    """Values at the points inside, NaN elsewhere."""
    whole = values.new_full(inside.shape, np.nan)
    whole[inside] = values
    return whole

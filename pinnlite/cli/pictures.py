"""Pictures of results: into a file, or drawn with characters on the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from pinnlite.cli.options import TERMINAL
from pinnlite.errors import ProblemError

if TYPE_CHECKING:
    from pinnlite.solution import Solution
    from pinnlite.solving.fitting.result import Fit

_POINTS = 201
_PROFILES = 3  # of a function of two coordinates


def draw_solution(solution: "Solution", path: str) -> None:
    """The unknowns over one coordinate, or over two; with characters, the profiles along the first of two."""
    if path != TERMINAL:
        write_axes(solution.plot(), path)
        return
    import torch

    names, unknowns = solution.problem.domain.names, solution.problem.unknowns
    ends = dict(solution.problem.domain.intervals)
    if solution.reached:
        ends[solution.problem.marching] = solution.reached
    if len(names) > 2:
        raise ProblemError(f"--plot draws one or two coordinates, and there are {', '.join(names)}")
    x = torch.linspace(*ends[names[0]], _POINTS, dtype=torch.float64)
    stations = [torch.linspace(*ends[name], _PROFILES, dtype=torch.float64).tolist() for name in names[1:]]
    curves: dict[str, Any] = {}
    for held in zip(*stations, strict=True) if stations else [()]:
        points = torch.stack([x, *(torch.full_like(x, value) for value in held)], 1)
        inside = solution.problem.domain.contains(points)
        values = torch.full((len(unknowns), len(x)), torch.nan, dtype=torch.float64)
        with torch.no_grad():
            found = solution(*points[inside].T)
        by_name = found if isinstance(found, dict) else {unknowns[0]: found}
        places = "".join(f", {name} = {value:.4g}" for name, value in zip(names[1:], held, strict=True))
        for row, unknown in zip(values, unknowns, strict=True):
            row[inside] = by_name[unknown]
            curves[f"{unknown}({names[0]}{places})"] = row.numpy()
    print_curves(names[0], x.tolist(), curves)


def draw_fit(fit: "Fit", path: str) -> None:
    """The model and how far it is from its target."""
    if path != TERMINAL:
        write_axes(fit.plot(), path)
        return
    order = fit.x[:, 0].argsort()
    x, y, fitted = (values[order].double().cpu() for values in (fit.x[:, 0], fit.y, fit.fitted))
    name = fit.variable
    curves = {f"fit({name})": fitted.numpy(), f"fit({name}) - f({name})": (fitted - y).numpy()}
    print_curves(name, x.tolist(), curves)


def print_curves(name: str, x: Sequence[float], curves: Mapping[str, Any]) -> None:
    """Curves beneath what was printed before."""
    from pinnlite.report.terminal import text_curves

    click.echo()
    click.echo(text_curves(name, x, curves))


def write_axes(axes: Any, path: str) -> None:
    """Write the figure that axes belong to."""
    from pinnlite.report.plots import write

    write(axes.get_figure(root=True), path)

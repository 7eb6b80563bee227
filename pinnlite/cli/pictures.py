"""Pictures of results: into a file, or drawn with characters on the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from pinnlite.cli.options import TERMINAL
from pinnlite.cli.values import Points
from pinnlite.errors import ProblemError

if TYPE_CHECKING:
    from pinnlite.solution import Solution
    from pinnlite.solving.fitting.result import Fit

_POINTS = 201
_PROFILES = 3  # of a function of two coordinates


def draw_solution(solution: "Solution", at: Sequence[Points], path: str) -> None:
    """The unknowns over one coordinate, or over two; with characters, the profiles along the first of two.

    A coordinate for which a single place was asked is held there, unless that leaves none to draw over.
    """
    names, unknowns = solution.problem.domain.names, solution.problem.unknowns
    held: dict[str, Any] = {name: places[0] for name, places in at if name is not None and len(places) == 1}
    if len(held) == len(names):
        held = {}
    free = [name for name in names if name not in held]
    if len(free) > 2:
        raise ProblemError(
            f"--plot draws one or two coordinates of {', '.join(free)}: hold others, as in --at {free[-1]}=0.5"
        )
    if path != TERMINAL:
        write_axes(solution.plot(**held), path)
        return
    import torch

    ends = dict(solution.problem.domain.intervals)
    if solution.reached:
        ends[solution.problem.marching] = solution.reached
    x = torch.linspace(*ends[free[0]], _POINTS, dtype=torch.float64)
    profiles = torch.linspace(*ends[free[1]], _PROFILES, dtype=torch.float64).tolist() if free[1:] else []
    curves: dict[str, Any] = {}
    for places in [{**held, free[1]: value} for value in profiles] or [held]:
        points = torch.stack([torch.full_like(x, places[name]) if name in places else x for name in names], 1)
        inside = solution.problem.domain.contains(points)
        values = torch.full((len(unknowns), len(x)), torch.nan, dtype=torch.float64)
        with torch.no_grad():
            found = solution(*points[inside].T)
        by_name = found if isinstance(found, dict) else {unknowns[0]: found}
        arguments = ", ".join(f"{name} = {places[name]:.4g}" if name in places else name for name in names)
        for row, unknown in zip(values, unknowns, strict=True):
            row[inside] = by_name[unknown]
            curves[f"{unknown}({arguments})"] = row.numpy()
    print_curves(free[0], x.tolist(), curves)


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

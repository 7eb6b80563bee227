"""The pictures of README and docs, made by the code that they show.

    python docs/picture.py

Writes ``docs/picture.svg`` and ``docs/figures/*.svg``. Nothing random is in them, so that a picture changes only when
the package does. The page is white and the lines are dark enough for it: it is read on a dark screen too.
"""

import math
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import pinnlite as pl

HERE = Path(__file__).parent
STYLE = {
    "svg.hashsalt": "pinnlite",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}
EDGE = "0.45"  # the grey of what is no data
BURGERS = pl.Problem(
    "u_t + u*u_x = nu*u_xx", "u(x, 0) = -sin(pi*x)", "u = 0 on boundary", x=(-1, 1), t=(0, 1), nu=0.01 / math.pi
)  # fmt: skip


def derivatives(axes: Axes) -> None:
    """A Gabor pulse and its derivatives, each divided by a power of the frequency so that they share an axis."""
    text, frequency = "sin(4*x)*exp(-x**2)", 4.0
    x = torch.linspace(-2.5, 2.5, 401, dtype=torch.float64)
    found = pl.derivatives(pl.parse(text), x, 3)
    for order, values in enumerate(found):
        label = "f" + "'" * order + (f" / {frequency**order:g}" if order else "")
        axes.plot(x, values / frequency**order, label=label)
    axes.set(title=f"f(x) = {text}", xlabel="x", ylim=(-1.5, 1.75))
    axes.legend(loc="upper center", fontsize=9, ncols=4, handlelength=1.2, columnspacing=1)


def burgers(axes: Axes, solution: pl.Solution) -> None:
    """The solution as a map, with what its own estimate says."""
    x = torch.linspace(-1, 1, 401, dtype=torch.float64)
    t = torch.linspace(0, 1, 201, dtype=torch.float64)
    values = solution(x=x[:, None], t=t)
    drawn = axes.pcolormesh(t, x, values, cmap="RdBu_r", shading="gouraud", rasterized=True)
    axes.set(title=BURGERS.statements[0] + ", nu = 0.01/pi", xlabel="t", ylabel="x")
    bar = axes.figure.colorbar(drawn, ax=axes)
    bar.set_label("u(x, t)")
    words = f"asked for: {solution.tol:.0e}\nestimated error: {solution.error:.0e}"
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "boxstyle": "round"}
    axes.text(0.97, 0.05, words, transform=axes.transAxes, ha="right", va="bottom", fontsize=9, bbox=box)


def line(axes: Axes) -> None:
    """Elements along a line, narrow in a boundary layer."""
    u = pl.solve("-0.01*u'' + u' = 1", "u(0) = 0", "u(1) = 0", x=(0, 1), tol=1e-8)
    x = torch.linspace(0, 1, 2001, dtype=torch.float64)
    for edge in u.trial.edges.tolist():
        axes.axvline(edge, color=EDGE, linewidth=0.6)
    axes.plot(x, u(x), color="#10284b")
    axes.set(title="elements along a line", xlabel="x", xlim=(0, 1))


def cells(axes: Axes, u: pl.Solution, title: str, labels: tuple[str, str], flip: bool) -> None:
    """The outlines of the elements of a solution in two coordinates."""
    corners = u.trial.corners()[:, :, [1, 0]] if flip else u.trial.corners()
    for (left, bottom), (right, top) in corners.tolist():
        axes.plot(
            [left, right, right, left, left], [bottom, bottom, top, top, bottom], color=EDGE, linewidth=0.6
        )
    axes.set(title=title, xlabel=labels[0], ylabel=labels[1])
    axes.margins(0)


def least_squares(axes: Axes) -> None:
    """u'' + u = 0 by random features: the error of two ways to solve the same rows, by the number of features."""
    x = torch.linspace(0, 2 * math.pi, 400, dtype=torch.float64)[:, None]
    counts, errors = range(10, 121, 10), {"normal equations": [], "the rows themselves": []}
    for count in counts:
        features = pl.RandomFeatures(
            1, 1, count, domain=[(0, 2 * math.pi)], generator=torch.Generator().manual_seed(0)
        )
        value, slope, bend = (d.detach() for d in pl.derivatives(features.basis, x, 2))
        A = torch.cat([bend + value, value[:1], slope[:1]])
        b = torch.zeros(len(A), 1, dtype=torch.float64)
        b[-1] = 1.0
        found = {
            "normal equations": torch.linalg.lstsq(A.T @ A, A.T @ b, driver="gelsd").solution,
            "the rows themselves": torch.linalg.lstsq(A, b, driver="gelsd").solution,
        }
        for name, c in found.items():
            errors[name].append(float((value @ c - x.sin()).norm() / x.sin().norm()))
    for name, values in errors.items():
        axes.semilogy(counts, values, "o-", markersize=3, label=name)
    axes.set(title="u'' + u = 0 by random features", xlabel="features", ylabel="relative L2 error")
    axes.legend(fontsize=9)


def estimates(axes: Axes) -> None:
    """Estimated against true errors, problems with closed forms at several tolerances."""
    theta = 1.5171645990507543
    problems = {
        "oscillator": (("u'' + u = 0", "u(0) = 0", "u'(0) = 1"), {"x": (0, 2 * math.pi)}, torch.sin),
        "Bratu": (
            ("u'' + exp(u) = 0", "u(0) = 0", "u(1) = 0"),
            {"x": (0, 1)},
            lambda x: -2 * torch.log(torch.cosh((x - 0.5) * theta / 2) / math.cosh(theta / 4)),
        ),
        "layer": (
            ("-0.001*u'' + u' = 1", "u(0) = 0", "u(1) = 0"),
            {"x": (0, 1)},
            lambda x: x - torch.exp((x - 1) * 1000),
        ),
        "wave": (
            ("u_tt = 4*u_xx", "u(x, 0) = sin(pi*x)", "u_t(x, 0) = 0", "u = 0 on boundary"),
            {"x": (0, 1), "t": (0, 1)},
            lambda x, t: torch.sin(math.pi * x) * torch.cos(2 * math.pi * t),
        ),
    }
    for name, (statements, domain, exact) in problems.items():
        solved = [pl.solve(*statements, tol=10.0**-digits, **domain) for digits in (2, 4, 6, 8)]
        errors = [(u.compare(exact).error, u.error) for u in solved]
        axes.loglog(*zip(*errors, strict=True), "o", markersize=4, label=name)
    ends = torch.tensor([1e-16, 1e-1])
    axes.loglog(ends, ends, color=EDGE, linewidth=0.8)
    axes.fill_between(ends, ends / 10, ends * 10, color=EDGE, alpha=0.15, linewidth=0)
    axes.set(xlabel="true error", ylabel="estimated error", title="the band: a factor of ten")
    axes.legend(fontsize=9)


def write(figure: Figure, path: Path) -> None:
    """Save a figure with nothing in it that changes from run to run."""
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=150, metadata={"Date": None}, facecolor="white")
    print(path)


def main() -> None:
    """Draw and write everything, a minute's work."""
    with mpl.rc_context(STYLE):
        solution = pl.solve(BURGERS, tol=1e-6)
        figure = Figure(figsize=(9, 3.1), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
        derivatives(left)
        burgers(right, solution)
        write(figure, HERE / "picture.svg")
        figure = Figure(figsize=(9, 2.9), layout="constrained")
        panels = figure.subplots(1, 3)
        line(panels[0])
        cells(panels[1], solution, "slabs of time, elements in space", ("t", "x"), flip=True)
        square, corner = pl.Box(x=(-1, 1), y=(-1, 1)), pl.Box(x=(0, 1), y=(0, 1))
        shape = pl.solve("u_xx + u_yy = -1", "u = 0 on boundary", on=square - corner, tol=1e-4)
        cells(panels[2], shape, "boxes, cut towards a corner", ("x", "y"), flip=False)
        write(figure, HERE / "figures" / "elements.svg")
        for name, draw in (("least-squares", least_squares), ("estimate", estimates)):
            figure = Figure(figsize=(5, 3.4), layout="constrained")
            draw(figure.subplots())
            write(figure, HERE / "figures" / f"{name}.svg")


if __name__ == "__main__":
    main()

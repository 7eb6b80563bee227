"""Pictures: what they show, read back from the figures, and the files that they become."""

import base64
import io
import re
import sys
import time
import warnings
from pathlib import Path
from types import ModuleType

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

import pinnlite as pl
from pinnlite.report.plots import derivatives_figure, fit_figure, solution_figure, write
from pinnlite.report.progress import Progress
from pinnlite.report.terminal import text_curves

X = np.linspace(0, 2 * np.pi, 401)


def drawn(figure: Figure, panel: int, line: int = 0) -> np.ndarray:
    return np.asarray(figure.axes[panel].lines[line].get_ydata(), dtype=float)


def test_derivatives_are_stacked_over_one_axis() -> None:
    figure = derivatives_figure("x", X, [np.sin(X), np.cos(X)], ["f(x)", "f'(x)"], title=r"f(x) = \sin(x)")
    first, second = figure.axes
    assert first.get_shared_x_axes().joined(first, second)
    np.testing.assert_array_equal(drawn(figure, 0), np.sin(X))
    np.testing.assert_array_equal(drawn(figure, 1), np.cos(X))
    assert (first.get_ylabel(), second.get_ylabel()) == ("$f(x)$", "$f'(x)$")
    assert second.get_xlabel() == "$x$"


def test_marked_points_lie_on_their_curve() -> None:
    figure = derivatives_figure("x", X, [X**2], ["f"], marked=([1.0, 2.0], [[1.0, 4.0]]))
    np.testing.assert_array_equal(drawn(figure, 0, 2), [1.0, 4.0])


def test_a_pole_does_not_flatten_the_rest() -> None:
    x = np.linspace(-1, 1, 601)
    with np.errstate(divide="ignore"):
        figure = derivatives_figure("x", x, [1 / x], ["f"])
    low, high = figure.axes[0].get_ylim()
    assert high - low < 200
    assert np.isnan(drawn(figure, 0)[300])


@pytest.mark.parametrize("curve", [np.zeros(401), np.full(401, np.nan), np.full(401, 1e300)])
def test_degenerate_curves_are_drawn_without_complaint(curve: np.ndarray, tmp_path: Path) -> None:
    write(derivatives_figure("x", X, [curve], ["f"]), str(tmp_path / "flat.png"))
    write(fit_figure("x", X, curve, curve), str(tmp_path / "fit.png"))


def test_errors_stand_on_a_log_axis_with_the_elements_marked() -> None:
    error = 1e-13 * np.sin(3 * X)
    figure = solution_figure(
        "x",
        X,
        {"u": np.sin(X)},
        {"u": error},
        below_label="|error|",
        reference={"u": np.sin(X)},
        edges=[0, 2, 5],
    )
    upper, lower = figure.axes
    assert lower.get_yscale() == "log"
    found = drawn(figure, 1)
    np.testing.assert_array_equal(found[error != 0], np.abs(error)[error != 0])
    low, high = lower.get_ylim()
    assert 1e-17 < low < 1e-14 < 1e-13 < high < 1e-11  # zeros of the error do not stretch the axis
    marks = {x for x, _ in np.concatenate(upper.collections[0].get_segments())}
    assert marks == {0.0, 2.0, 5.0}


def test_lines_differ_in_grey() -> None:
    curves = {name: X * k for k, name in enumerate("uvwz")}
    figure = solution_figure("t", X, curves, curves, below_label="|residual|")
    lines = figure.axes[0].lines
    styles = {line.get_linestyle() + str(line._unscaled_dash_pattern) for line in lines}  # type: ignore[attr-defined]
    assert len(styles) == len(lines) == 4
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "$u$",
        "$v$",
        "$w$",
        "$z$",
    ]


def test_the_distance_of_a_fit() -> None:
    figure = fit_figure("x", X, np.sin(X), np.sin(X) + 1e-3)
    np.testing.assert_allclose(drawn(figure, 1), 1e-3, rtol=1e-12)


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures_are_written_in_each_format(tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"picture.{ending}"
    write(fit_figure("x", X, X, X), str(path))
    assert path.read_bytes().startswith(start)


def test_the_picture_has_ink_and_a_white_ground(tmp_path: Path) -> None:
    write(fit_figure("x", X, np.sin(X), np.cos(X)), str(tmp_path / "fit.png"))
    grey = np.asarray(Image.open(io.BytesIO((tmp_path / "fit.png").read_bytes())).convert("L"))
    assert grey[0, 0] == 255
    assert 0.005 < (grey < 128).mean() < 0.2


@pytest.mark.parametrize(
    "text",
    [
        "sin(x)*exp(-x)/x**2",
        "sqrt(abs(x))",
        "P(3, x)",
        "min(x, 1)*max(x, 2)",
        "sigmoid(x)/softplus(x)",
        "1e-30*x",
    ],
)
def test_every_formula_of_the_language_can_be_a_title(text: str, tmp_path: Path) -> None:
    write(derivatives_figure("x", X, [X], ["f"], title=pl.parse(text).latex()), str(tmp_path / "title.png"))


def test_unusable_paths(tmp_path: Path) -> None:
    figure = fit_figure("x", X, X, X)
    with pytest.raises(pl.FileError, match=r"picture\.doc' cannot be written: Format 'doc' is not supported"):
        write(figure, str(tmp_path / "picture.doc"))
    with pytest.raises(pl.FileError, match=r"cannot be written: .*No such file or directory"):
        write(figure, str(tmp_path / "nowhere" / "picture.png"))


def test_no_state_of_matplotlib_changes(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write(fit_figure("x", X, X, X), str(tmp_path / "fit.png"))
    assert dict(matplotlib.rcParams) == before


def test_a_history_names_its_phases() -> None:
    generator = torch.Generator().manual_seed(0)
    method = (pl.Descent(torch.optim.Adam, steps=5, lr=1e-2), pl.LBFGS(steps=5))
    fit = pl.fit("sin(x)", pl.MLP(1, 1, 4, 1, generator=generator), x=(0, 3), points=20, method=method)
    axes = fit.plot_history()
    assert axes.get_yscale() == "log"
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [step for step, _ in fit.history])
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [loss for _, loss in fit.history])
    assert [text.get_text().strip() for text in axes.texts] == ["Descent", "LBFGS"]
    assert [line.get_xdata()[0] for line in axes.lines[1:]] == [0, 5]


def test_characters_draw_curves() -> None:
    lines = text_curves("x", X.tolist(), {"f(x)": np.sin(X), "g(x)": 1 / (X - 3.0001)}).splitlines()
    assert (lines[0].strip(), lines[13].strip()) == ("f(x)", "g(x)")
    assert lines[1].split("│")[0].strip() == "1"
    assert lines[12].split("│")[0].strip() == "-1"
    peak = lines[1].split("│")[1]
    # At a quarter of 64 characters.
    assert abs(len(peak) - len(peak.lstrip()) + len(peak.strip()) / 2 - 16) < 1.5
    assert float(lines[14].split("│")[0]) < 1000  # the pole does not flatten the rest
    assert lines[-1].split() == ["0", "x", "6.283"]
    for curve in (np.full(401, np.nan), np.zeros(401), np.full(401, 1e300)):
        assert len(text_curves("x", X.tolist(), {"u": curve}).splitlines()) > 5


def test_notebooks_show_pictures_and_facts() -> None:
    solution = pl.solve("u' = -u", "u(0) = 1", x=(0, 1))
    shown = solution._repr_html_()
    assert "u&#x27; = -u; u(0) = 1" in shown
    assert "converged: The estimated error meets" in shown
    picture = base64.b64decode(shown.split("base64,")[1].split("'")[0])
    assert Image.open(io.BytesIO(picture)).width > 400
    fit = pl.fit("x**2", pl.Polynomial(2), x=(0, 1), points=10)
    assert "<td style='text-align:left'>x**2</td>" in fit._repr_html_()
    assert pl.parse("x**2")._repr_latex_() == "$x^{2}$"


def test_progress_is_a_line_with_phase_error_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(limit=10.0) as tell:
        tell("marching", 0.5, 1e-3)
        assert re.fullmatch(r" +0\.0 s  marching  error 1\.0e-03  about 0\.0 s left of this", tell.line)
        tell("checking")
        assert tell.line.endswith("checking  error 1.0e-03  at most 10 s left")
    assert capsys.readouterr() == ("", "")  # what ends at once shows nothing


def test_a_map_outlines_its_elements() -> None:
    solution = pl.solve("u_t = u_xx", "u(x, 0) = sin(pi*x)", "u = 0 on boundary", x=(0, 1), t=(0, 0.1))
    corners = solution.trial.corners().numpy()
    assert np.prod(corners[:, 1] - corners[:, 0], 1).sum() == pytest.approx(0.1)  # they tile the domain
    (outlines,) = solution.plot().collections[1:]
    assert len(outlines.get_segments()) == len(corners)
    assert outlines.get_segments()[0].min(0) == pytest.approx(corners[0, 0])


def test_pictures_show_what_was_observed_and_what_is_held() -> None:
    x, t, values = [0.5, 0.25], [0.05, 0.1], [0.61, 0.26]
    heat = ("u_t = k*u_xx", "u(x, 0) = sin(pi*x)", "u = 0 on boundary")
    solution = pl.solve(*heat, pl.data("u", x, t, values), x=(0, 1), t=(0, 0.1), k=pl.Unknown(1.0), tol=1e-2)
    (dots,) = solution.plot().lines
    np.testing.assert_array_equal(dots.get_xydata(), np.stack([x, t], 1))
    held = solution.plot(t=0.1)
    np.testing.assert_array_equal(held.lines[1].get_xydata(), [[0.25, 0.26]])
    assert held.get_title(loc="left").endswith(", t = 0.1")
    with pytest.raises(pl.ProblemError, match=r"figure\.savefig"):
        solution.plot("heat.png")  # type: ignore[arg-type]


def test_progress_in_a_notebook_is_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, line: object) -> None:
            shown.append(repr(line))

    class TextDisplayObject:
        def __init__(self, data: str) -> None:
            self.data = data

    def display(line: object, display_id: bool) -> Handle:
        assert display_id
        shown.append(repr(line))
        return Handle()

    notebook = ModuleType("IPython.display")
    notebook.TextDisplayObject, notebook.display = TextDisplayObject, display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    with Progress() as tell:
        tell("marching", 0.5)
        time.sleep(1.2)
    assert len(shown) >= 2
    assert "marching" in shown[0]
    assert shown[-1] == ""  # taken away at the end

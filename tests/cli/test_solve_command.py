"""``pinnlite solve`` and ``pinnlite fit``, in process; values against closed forms and NumPy."""

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from pinnlite.cli import main
from tests.streams import said

Run = pytest.CaptureFixture[str]
OSCILLATOR = ["u'' + u = 0", "u(0) = 0", "u'(0) = 1"]


def document(capsys: Run, *arguments: str, code: int = 0) -> dict[str, object]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == code
    out, err = capsys.readouterr()
    assert said(err) == ""
    found: dict[str, object] = json.loads(out)
    return found


def test_the_oscillator(capsys: Run) -> None:
    found = document(capsys, "solve", *OSCILLATOR, "--on", "x=0,2*pi", "--tol", "1e-12")
    assert (found["schema"], found["converged"], found["columns"]) == ("pinnlite/solve/1", True, ["x", "u"])
    assert found["domain"] == {"x": [0, 2 * math.pi]}
    assert found["statements"] == OSCILLATOR
    assert isinstance(found["error"], float)
    assert found["error"] <= 1e-12
    rows = np.array(found["rows"])
    assert len(rows) == 11
    assert np.linalg.norm(rows[:, 1] - np.sin(rows[:, 0])) < 1e-11 * np.linalg.norm(np.sin(rows[:, 0]))


@pytest.mark.parametrize("separator", [", ", ";", "\n"])
def test_statements_in_one_argument(capsys: Run, separator: str) -> None:
    found = document(capsys, "solve", separator.join(OSCILLATOR), "--on", "x=0,1", "--at", "1/2")
    assert found["rows"] == [[0.5, pytest.approx(math.sin(0.5), rel=1e-6)]]


def test_statements_from_standard_input(capsys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"u' = -k*u\nu(0) = 1\n")))
    found = document(capsys, "solve", "-", "--on", "t=0,5", "-p", "k=log(2)", "--at", "1,2")
    rows = found["rows"]
    assert isinstance(rows, list)
    assert [u for _, u in rows] == pytest.approx([0.5, 0.25], rel=1e-5)


def test_a_statement_may_start_with_a_minus_sign(capsys: Run) -> None:
    found = document(capsys, "solve", "-u' = u", "u(0) = 1", "--on", "x=0,1", "--at", "1")
    assert found["rows"] == [[1.0, pytest.approx(math.exp(-1), rel=1e-5)]]


def test_a_system_has_a_column_for_each_unknown(capsys: Run) -> None:
    capsys.readouterr()
    statements = "x' = y, y' = -x, x(0) = 1, y(0) = 0"
    assert main(["solve", statements, "--on", "t=0,pi", "--at", "0:pi:5", "--csv"]) == 0
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["t", "x", "y"]
    t, x, y = np.array(rows, dtype=float).T
    np.testing.assert_allclose(x, np.cos(t), atol=1e-5)
    np.testing.assert_allclose(y, -np.sin(t), atol=1e-5)


def test_words_and_a_picture(capsys: Run, tmp_path: Path) -> None:
    path = tmp_path / "u.svg"
    assert main(["solve", *OSCILLATOR, "--on", "x=0,1", "--at", "0,1", "--plot", str(path)]) == 0
    out, err = capsys.readouterr()
    assert said(err) == ""
    verdict, figures, blank, header, *rows = out.splitlines()
    assert verdict.startswith("converged: ")
    assert figures.startswith("estimated error ")
    assert "(tol 1e-06), Legendre elements, " in figures
    assert (blank, header.split(), len(rows)) == ("", ["x", "u"], 2)
    assert path.read_text().startswith("<?xml")


def test_a_blow_up_is_answered_as_far_as_it_goes_with_code_3(capsys: Run) -> None:
    found = document(capsys, "solve", "u' = u**2, u(0) = 1", "--on", "x=0,2", code=3)
    assert found["converged"] is False
    assert "near 1" in str(found["status"])
    rows = np.array(found["rows"], dtype=float)
    assert rows[-1, 0] <= 1 + 1e-6
    np.testing.assert_allclose(rows[:-1, 1], 1 / (1 - rows[:-1, 0]), rtol=1e-6)


def test_points_past_a_blow_up_have_no_rows(capsys: Run) -> None:
    capsys.readouterr()
    statements = "u' = u**2, u(0) = 1"
    assert main(["solve", statements, "--on", "x=0,2", "--at", "0,0.5,1.5,1.9", "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"] == [[0.0, pytest.approx(1)], [0.5, pytest.approx(2)]]
    assert said(err).startswith("warning: the solution ends at 1: 2 of 4 points have no value")


HEAT = ["u_t = u_xx", "u(x, 0) = sin(pi*x)", "u = 0 on boundary", "--on", "x=0,1", "--on", "t=0,0.1"]


def test_a_heat_equation(capsys: Run, tmp_path: Path) -> None:
    """A table that fits a screen, in which what is zero is printed as zero; every digit for programs; a map."""
    capsys.readouterr()
    path = tmp_path / "u.svg"
    assert main(["solve", *HEAT, "--plot", str(path)]) == 0
    _, figures, _, header, *rows = capsys.readouterr().out.splitlines()
    assert "Legendre elements" in figures
    assert header.split() == ["x", "t", "u"]
    x, t, u = np.array([row.split() for row in rows], dtype=float).T
    np.testing.assert_allclose(x.reshape(5, 5)[:, 0], np.linspace(0, 1, 5))
    np.testing.assert_allclose(t.reshape(5, 5)[0], np.linspace(0, 0.1, 5))
    np.testing.assert_allclose(u, np.sin(np.pi * x) * np.exp(-(np.pi**2) * t), atol=1e-6)
    assert (u[x % 1 == 0] == 0).all()
    assert path.read_text().startswith("<?xml")


def test_chosen_points_of_two_coordinates(capsys: Run) -> None:
    found = document(capsys, "solve", *HEAT, "--at", "t=0.1", "--at", "x=0:1:3", "--tol", "1e-8")
    peak = math.exp(-(math.pi**2) / 10)
    assert [row[:2] for row in found["rows"]] == [[0, 0.1], [0.5, 0.1], [1, 0.1]]  # type: ignore[attr-defined]
    assert [row[2] for row in found["rows"]] == pytest.approx([0, peak, 0], abs=1e-8)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--at", "0.5"], "--at: points of which variable? There are x, t"),
        (["--at", "y=1"], "--at: there is no variable y"),
        (["u = 1 on circle"], "the boundary has no part 'circle'"),
        (["--region", "disk"], "this is no region and no number (column 1)\n  disk"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_solved(
    capsys: Run, monkeypatch: pytest.MonkeyPatch, change: list[str], says: str
) -> None:
    monkeypatch.setattr("pinnlite.solve", lambda *_, **__: pytest.fail("solved first"))
    assert main(["solve", *HEAT, *change]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        ("u_t = -u_xx, u(x, 0) = sin(pi*x), u = 0 on boundary", "ill-posed"),
        ("u_t = u_xx, u(x, 0) = sin(pi*x), u(0, t) = 0", "such as u(1, t) = 0"),
    ],
)
def test_a_backward_heat_equation_and_a_missing_condition(capsys: Run, statements: str, says: str) -> None:
    assert main(["solve", statements, *HEAT[3:]]) == 2
    assert says in capsys.readouterr().err


def test_the_seed_decides(capsys: Run) -> None:
    words = ["fit", "exp(x)", "--model", "features:5", "--on", "x=0,1"]
    first, again, other = (document(capsys, *words, "--seed", seed)["rows"] for seed in "112")
    assert first == again != other


def test_a_cubic_regression(capsys: Run) -> None:
    capsys.readouterr()
    assert main(["fit", "sin(x)", "--model", "polynomial:3", "--on", "x=-pi,pi"]) == 0
    out, err = capsys.readouterr()
    assert said(err) == ""
    x = np.linspace(-np.pi, np.pi, 2000)
    _, slope, _, third = np.polynomial.polynomial.polyfit(x, np.sin(x), 3)
    formula, figures, blank, header, *rows = out.splitlines()
    assert formula == f"{slope:.4g}*x - {-third:.4g}*x**3"
    assert figures.startswith("relative error 9.4e-02, ")
    assert (blank, header.split(), len(rows)) == ("", ["x", "f", "fit"], 11)


@pytest.mark.parametrize("model", ["legendre:12", "legendre-unit:1", "features:60", "mlp:8x1"])
def test_models_by_name(capsys: Run, model: str) -> None:
    found = document(
        capsys,
        "fit",
        "a*x",
        "-p",
        "a=1/2",
        "--model",
        model,
        "--on",
        "x=0,1",
        "--points",
        "100",
        "--at",
        "0.3",
    )
    assert found["rows"] == [[0.3, 0.15, pytest.approx(0.15, abs=1e-3)]]
    assert isinstance(found["error"], float)
    assert found["error"] < 1e-3


def test_a_picture_of_a_fit(capsys: Run, tmp_path: Path) -> None:
    path = tmp_path / "fit.pdf"
    assert (
        main(["fit", "exp(x)", "--model", "legendre:5", "--on", "x=0,1", "--csv", "--plot", str(path)]) == 0
    )
    assert capsys.readouterr().out.startswith("x,f,fit\n")
    assert path.read_bytes().startswith(b"%PDF")


def test_functions_and_info(capsys: Run) -> None:
    table = dict(document(capsys, "functions")["rows"])  # type: ignore[call-overload]
    assert table["sin(x)"] == "cos(x)"
    assert table["P(3, x)"] == "P(3, x, 1)"
    facts = dict(document(capsys, "info")["rows"])  # type: ignore[call-overload]
    assert facts["numpy"] == np.__version__
    assert "cpu" in facts["devices"]


def test_a_kept_solution_is_gone_on_from(capsys: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "u.safetensors")
    document(capsys, "solve", *OSCILLATOR, "--on", "x=0,20", "--tol", "1e-4", "--out", path)
    finer = document(capsys, "solve", "--resume", path, "--tol", "1e-11", "--at", "10", "--out", path)
    assert finer["tol"] == 1e-11
    assert finer["rows"] == [[10.0, pytest.approx(math.sin(10), rel=1e-10)]]
    assert document(capsys, "solve", "--resume", path)["tol"] == 1e-11  # as it was kept
    for words, says in {
        ("u' = u", "--resume", path): "a kept solution has its problem in its file",
        ("--resume", str(tmp_path / "v.safetensors")): "there is no file",
    }.items():
        assert main(["solve", *words]) == 2
        assert says in said(capsys.readouterr().err)

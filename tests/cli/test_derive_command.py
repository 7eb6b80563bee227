"""``pinnlite derive``, in process; values against SymPy."""

import csv
import io
import json
import math
from pathlib import Path

import mpmath
import pytest
import sympy

from pinnlite.cli import main

Run = pytest.CaptureFixture[str]


def run(capsys: Run, *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(["derive", *arguments]) == code
    out, err = capsys.readouterr()
    return out, err


def document(capsys: Run, *arguments: str) -> dict[str, object]:
    out, err = run(capsys, *arguments, "--json")
    assert err == ""
    found: dict[str, object] = json.loads(out)
    return found


def test_the_example_of_the_interface(capsys: Run) -> None:
    out, err = run(capsys, "x**2+1", "--at", "1,2,3,4", "--order", "2")
    assert err == ""
    assert out == (
        "f(x)   = x**2 + 1\n"
        "f'(x)  = 2*x\n"
        "f''(x) = 2\n"
        "\n"
        "x    f   f'  f''\n"
        "1    2   2   2\n"
        "2    5   4   2\n"
        "3   10   6   2\n"
        "4   17   8   2\n"
    )


@pytest.mark.parametrize(
    ("text", "order"),
    [("sin(x)*exp(-x)", 12), ("log(x)/x", 6), ("x**x", 4), ("tanh(x)*sqrt(x)", 8), ("7", 2)],
)
def test_values_agree_with_sympy(capsys: Run, text: str, order: int) -> None:
    found = document(capsys, text, "--at", "0.5:2:4", "--order", str(order))
    x = sympy.Symbol("x")
    f = sympy.sympify(text)
    derivatives = [sympy.diff(f, x, k) for k in range(order + 1)]
    expected = [
        [at, *(float(d.subs(x, sympy.Float(at, 40)).evalf(40)) for d in derivatives)]
        for at in (0.5, 1.0, 1.5, 2.0)
    ]
    rows = found["rows"]
    assert isinstance(rows, list)
    for row, known in zip(rows, expected, strict=True):
        # Rounding of x alone moves a derivative by eps times the next; 1e-12 leaves room for twelve of them.
        assert row == pytest.approx(known, rel=1e-12, abs=1e-12)


def test_formulas_read_back_as_the_same_derivatives(capsys: Run) -> None:
    formulas = document(capsys, "x^2*exp(2x)", "--order", "3")["formulas"]
    assert isinstance(formulas, list)
    x = sympy.Symbol("x")
    for k, formula in enumerate(formulas):
        assert sympy.expand(sympy.sympify(formula) - sympy.diff(x**2 * sympy.exp(2 * x), x, k)) == 0


def test_several_variables_make_a_grid(capsys: Run) -> None:
    out, _ = run(capsys, "x**2*y", "--wrt", "x", "--at", "x=0:1:2", "--at", "y=1,3", "--order", "2", "--csv")
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["x", "y", "f", "f_x", "f_xx"]
    grid = [(x, y) for x in (0.0, 1.0) for y in (1.0, 3.0)]
    assert [[float(c) for c in row] for row in rows] == [[x, y, x * x * y, 2 * x * y, 2 * y] for x, y in grid]


def test_long_names_are_differentiated_by_in_full(capsys: Run) -> None:
    out, _ = run(capsys, "a*theta**2", "--wrt", "theta", "--order", "2")
    assert [line.split(" = ") for line in out.splitlines()] == [
        ["f(a, theta)          ", "a*theta**2"],
        ["df/dtheta(a, theta)  ", "2*a*theta"],
        ["d2f/dtheta2(a, theta)", "2*a"],
    ]


@pytest.mark.parametrize("text", ["-x**2", "-pi*x", "-(x)", "-x", "−x"])
def test_an_expression_may_start_with_a_minus_sign(capsys: Run, text: str) -> None:
    out, err = run(capsys, text, "--at", "-1,2")
    assert err == ""
    assert out.startswith("f(x)  = -")
    assert float(out.split("\n")[4].split()[1]) == {"-x**2": -1.0, "-pi*x": 3.141592654}.get(text, 1.0)


def test_parameters_and_points_are_expressions(capsys: Run) -> None:
    found = document(capsys, "sin(a*x)", "-p", "a=1/2", "--at", "pi,min(1, 2):2*pi:2")
    expected = [[x, math.sin(x / 2), math.cos(x / 2) / 2] for x in (math.pi, 1.0, 2 * math.pi)]
    rows = found["rows"]
    assert isinstance(rows, list)
    for row, known in zip(rows, expected, strict=True):
        assert row == pytest.approx(known, rel=1e-14, abs=1e-15)


def test_even_points_are_the_decimals_they_look_like(capsys: Run) -> None:
    rows = document(capsys, "x", "--at", "0:1:11")["rows"]
    assert isinstance(rows, list)
    assert [row[0] for row in rows] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]


def test_poles_are_shown_and_warned_of(capsys: Run) -> None:
    out, err = run(capsys, "1/x", "--at", "0,1")
    assert out.splitlines()[-2].split()[:2] == ["0", "inf"]
    assert err.splitlines() == ["warning: f is not finite at x = 0", "warning: f' is not finite at x = 0"]
    out, _ = run(capsys, "log(x)", "--at", "-1", "--json")
    assert json.loads(out)["rows"][0][:2] == [-1.0, None]


def test_numbers_do_not_wait_for_formulas_that_are_too_long(capsys: Run) -> None:
    text = "*".join(f"sin({k}*x)" for k in range(1, 11))
    out, err = run(capsys, text, "--order", "10", "--at", "0.3")
    assert "is too long to be written; numbers are not affected" in err
    formulas, table = out.split("\n\n")
    assert len(formulas.splitlines()) < 11
    product = [mpmath.mpf(1)]  # Taylor coefficients at 0.3, to 50 digits
    with mpmath.workdps(50):
        for k in range(1, 11):
            at = k * mpmath.mpf(0.3)
            sine = [
                mpmath.mpf(k) ** j / mpmath.factorial(j) * mpmath.sin(at + j * mpmath.pi / 2)
                for j in range(11)
            ]
            product = [
                mpmath.fdot((product[i], sine[j - i]) for i in range(min(j + 1, len(product))))
                for j in range(11)
            ]
        known = float(product[10] * mpmath.factorial(10))
    assert float(table.split()[-1]) == pytest.approx(known, rel=1e-9)  # ten digits are printed


def test_latex(capsys: Run) -> None:
    out, _ = run(capsys, "x**2/2", "--latex", "--order", "4")
    assert out.splitlines()[0] == r"f(x)       = \frac{x^{2}}{2}"
    assert out.splitlines()[4] == r"f^{(4)}(x) = 0"


def test_a_picture(capsys: Run, tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    run(capsys, "x**2*y", "--wrt", "x", "--at", "x=0:1:5", "--at", "y=2", "--plot", str(path))
    assert path.read_text().startswith("<?xml")

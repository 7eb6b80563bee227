"""``pinnlite check``: against SymPy and numbers known by other means, at kinks, and where one way is made wrong."""

import csv
import io
import json
import math
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import mpmath
import pytest
import sympy
import torch

import pinnlite as pl
import pinnlite.language.derivative
import pinnlite.verify.derivatives
from pinnlite.cli import main
from pinnlite.language.functions import FUNCTIONS, apply
from pinnlite.verify.derivatives import FourWays, four_ways
from pinnlite.verify.multiprecision import Multiprecision

Run = pytest.CaptureFixture[str]


def run(capsys: Run, *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert main(["check", *arguments]) == code
    out, err = capsys.readouterr()
    return out, err


def ways(text: str, points: Iterable[float], order: int) -> list[FourWays]:
    f = pl.parse(text)
    return four_ways(f, f.variables[0], [(point,) for point in points], order)


@pytest.mark.parametrize(
    ("text", "point", "known"),
    [
        ("exp(sin(x))", 0.0, [1, 1, 1, 0, -3, -8, -3, 56, 217]),
        ("x**7 - 3*x**2", 1.0, [-2, 1, 36, 210, 840, 2520, 5040, 5040, 0]),
        ("P(7, x)", 0.3, [None, None, None, -70.1544375]),
        ("tanh(x)", -3.0, [None] * 10 + [-6.0462927626301132]),
        ("1/x", 1e-5, [(-1) ** k * math.factorial(k) * 1e5 ** (k + 1) for k in range(7)]),
        ("sqrt(1 + x**2)", 1e-300, [1, 1e-300, 1, -3e-300, -3]),
    ],
)
def test_known_derivatives(text: str, point: float, known: list[float | None]) -> None:
    found = ways(text, [point], len(known) - 1)
    assert all(way.agree for way in found)
    for way, exact in zip(found, known, strict=True):
        if exact is not None:
            # Fifty digits were there: what is left is that 0.3 and 1e-5 are float64 numbers.
            assert way.differences == pytest.approx(exact, rel=4e-15, abs=0)


@pytest.mark.parametrize("text", ["sin(x)*exp(-x)", "log(x)/x", "x**x", "tanh(x)*sqrt(x)", "erf(x)*atan(x)"])
def test_differences_are_what_sympy_says(text: str) -> None:
    x = sympy.Symbol("x")
    f = sympy.sympify(text)
    for way in ways(text, [0.5, 2.0], 6):
        known = sympy.diff(f, x, way.order).subs(x, sympy.Float(way.point[0], 60)).evalf(60)
        assert way.differences == float(known)
        assert way.agree


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_in_many_digits(name: str) -> None:
    """Values of the tree in mpmath against SymPy's own evaluation."""
    f = pl.parse(f"{name}({', '.join('xy'[: FUNCTIONS[name].arity])})")
    mp = mpmath.mp.clone()
    mp.dps = 60
    for x in (0.3, 0.7, -0.6):
        found = Multiprecision(f.node, mp)({"x": mp.mpf(x), "y": mp.mpf("0.5")})
        symbols = {"x": sympy.Float(x, 60), "y": sympy.Float("0.5", 60)}
        known = f.sympy().subs(symbols).evalf(60)
        if not known.is_real:
            assert mp.isnan(found)
        else:
            assert abs(found - mp.mpf(str(known))) < mp.mpf(10) ** -50


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_agrees_where_it_is_smooth(name: str) -> None:
    f = pl.parse(f"{name}(x)" if FUNCTIONS[name].arity == 1 else f"{name}(x, x**2)")
    with pytest.warns(UserWarning, match="piecewise linear") if name == "relu" else nullcontext():
        assert all(way.agree for way in four_ways(f, "x", [(0.3,), (0.7,)], 5))


@pytest.mark.parametrize(
    ("text", "point", "first", "sentence"),
    [
        (
            "abs(x)",
            "0",
            1,
            "at x = 0 the derivative of order 1 is -1 to the left and 1 to the right: f' does not",
        ),
        ("max(x, 2 - x)", "1", 1, "at x = 1 the derivative of order 1 is -1 to the left and 1 to the right"),
        ("min(x, x**2)", "1", 1, "is 2 to the left and 1 to the right"),
        (
            "2 + x*abs(x)",
            "0",
            2,
            "the derivative of order 2 is -2 to the left and 2 to the right: f'' does not",
        ),
        ("relu(x)**3", "0", 3, "the derivative of order 3 is 0 to the left and 6 to the right"),
        ("abs(x - 0.1)", "0.1", 1, "is -1 to the left and 1 to the right"),
        ("abs(x - 2*pi/3)", "2*pi/3", 1, "is -1 to the left and 1 to the right"),
        ("sign(x)", "0", 1, "at x = 0 f is -1 to the left and 1 to the right: f' does not exist"),
        ("sqrt(abs(x))", "0", 1, "the derivative of order 1 grows without bound"),
        ("abs(x)**(4/3)", "0", 2, "the derivative of order 2 grows without bound"),
        ("sqrt(x)", "0", 1, "f has values on one side only: f' does not exist"),
        ("log(x)", "-1", 0, "at x = -1 f is no finite real number"),
        ("sin(x)/x", "0", 0, "at x = 0 f is no finite real number"),
        ("exp(exp(x))", "7", 0, "f is no finite real number"),
    ],
)
def test_where_there_is_no_derivative(capsys: Run, text: str, point: str, first: int, sentence: str) -> None:
    out, err = run(capsys, text, "--at", point, "--order", "3", "--json", code=3)
    assert sentence in err
    found = json.loads(out)
    assert found["agree"] is False
    for row in found["rows"]:
        differences, disagreement, allowed = row[5:]
        assert (differences is None) == (row[1] >= first)
        assert (disagreement is not None and disagreement <= allowed) == (row[1] < first)


def test_digits_lost_to_cancellation_are_a_disagreement(capsys: Run) -> None:
    x = 1e-4
    out, err = run(capsys, "(1 - cos(x))/x**2", "--at", "1e-4", "--order", "2", "--json", code=3)
    row = json.loads(out)["rows"][2]
    # Of its series, whose next term is x**4/1344.
    assert row[5] == pytest.approx(-1 / 12 + x**2 / 60, rel=1e-12)
    assert abs(row[2] - row[5]) > 1  # autograd
    assert "at x = 0.0001 f'' is -1.6565" in err
    assert "by differences, further apart than the 1.0e-03 that rounding explains" in err


@pytest.mark.parametrize(
    ("text", "points", "order"),
    [
        ("sin(x + 1e8)", [1.0, 2.0], 6),  # x + 1e8 has eight digits of x
        ("sin(pi*x)", [1.0, 1e6], 4),
        ("x**7 - 7*x**6 + 21*x**5 - 35*x**4 + 35*x**3 - 21*x**2 + 7*x - 1", [1.001], 7),
        ("sin(x)**2 + cos(x)**2 - 1", [0.3], 6),
        ("tanh(x)**2 - 1 + 1/cosh(x)**2", [3.0], 7),
        ("tanh(x)", [20.0], 8),  # 1 - tanh**2 is zero in float64
        ("sigmoid(x)", [40.0, -40.0, 700.0], 4),
        ("sin(100*x)", [0.0, 0.3], 8),
        ("exp(-1/x)", [1e-3, 0.1], 6),
        ("exp(-x**2)", [27.0], 6),  # nearly underflows
        ("x**3", [0.0], 1),
    ],
)
def test_rounding_is_no_disagreement(text: str, points: list[float], order: int) -> None:
    assert all(way.agree for way in ways(text, points, order))


@pytest.mark.parametrize("engine", ["autograd", "taylor"])
def test_an_engine_that_is_wrong_is_found(capsys: Run, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    right = pinnlite.verify.derivatives.partials

    def wrong(f: Any, X: torch.Tensor, wanted: Any, **options: str) -> Any:
        found = right(f, X, wanted, **options)
        off = 1 + 1e-9 * (options["engine"] == engine)
        return {index: value * (off if sum(index) == 3 else 1) for index, value in found.items()}

    monkeypatch.setattr(pinnlite.verify.derivatives, "partials", wrong)
    out, err = run(capsys, "exp(x)", "--at", "1", "--order", "4", code=3)
    assert "the ways disagree on 1 of 5 values" in out
    assert "at x = 1 f''' is 2.718281828 by " in err
    assert f"2.718281831 by {engine}, further apart" in err


def test_a_rule_of_calculus_that_is_wrong_is_found(capsys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FUNCTIONS, "sin", replace(FUNCTIONS["sin"], partials=(lambda u: apply("sin", u),)))
    _, err = run(capsys, "sin(x)", "--at", "0.3", "--order", "1", code=3)
    assert "f' is 0.2955202067 by symbolic and 0.9553364891 by" in err


def test_what_is_printed(capsys: Run) -> None:
    out, err = run(capsys, "-x**2", "--at", "1,-2", "--order", "2")
    assert err == ""
    assert out.splitlines()[:3] == ["f(x) = -x**2", "all ways agree on each of 6 values", ""]
    assert out.splitlines()[3].split() == [
        *("x", "order", "autograd", "taylor", "symbolic", "differences", "disagreement", "allowed")
    ]
    cells = [[float(cell) for cell in line.split()[:7]] for line in out.splitlines()[4:]]
    assert cells == [
        [x, k, *[value] * 4, 0] for x in (1, -2) for k, value in enumerate((-(x**2), -2 * x, -2))
    ]


def test_without_points_and_with_a_parameter(capsys: Run) -> None:
    out, _ = run(capsys, "log(a*x)", "-p", "a=2", "--json")
    rows = json.loads(out)["rows"]
    assert [row[:2] for row in rows] == [[x, k] for x in (0.3, 0.7) for k in range(5)]
    assert [row[5] for row in rows[1::5]] == pytest.approx([1 / 0.3, 1 / 0.7], rel=1e-15)


def test_several_variables(capsys: Run) -> None:
    text = "exp(x*y)"
    out, _ = run(capsys, text, "--wrt", "y", "--at", "x=1,2", "--at", "y=0.5", "--order", "3", "--csv")
    header, *rows = csv.reader(io.StringIO(out))
    assert header[:3] == ["x", "y", "order"]
    for x, y, order, *values, disagreement, allowed in [[float(cell) for cell in row] for row in rows]:
        assert values == pytest.approx([x**order * math.exp(x * y)] * 4, rel=1e-15)
        assert disagreement <= allowed < 1e-10


def test_ways_that_cannot_be_gone_are_left_out(capsys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinnlite.language.derivative, "MAX_WORK", 40)
    seconds = iter([0.0, 0.1, 0.1, 9.0])  # f was quick and f' slow
    clock = SimpleNamespace(process_time=lambda: next(seconds))
    monkeypatch.setattr(pinnlite.verify.derivatives, "time", clock)
    out, err = run(capsys, "sin(x)*exp(x)*log(x)", "--at", "0.5", "--order", "3", "--csv")
    assert "from f'' on nested autograd would take too long; the other ways are compared" in err
    assert "on the formula is too long to be written; the other ways are compared" in err
    rows = [[float(cell) for cell in row] for row in list(csv.reader(io.StringIO(out)))[1:]]
    assert [math.isnan(row[2]) for row in rows] == [False, False, True, True]
    assert [math.isnan(row[4]) for row in rows] == [False, False, False, True]
    assert all(row[-2] <= row[-1] for row in rows)


def test_sentences_are_few(capsys: Run) -> None:
    _, err = run(capsys, "abs(sin(x) - sin(x)*cos(x))*0 + abs(x)*0 + sqrt(x)", "--at=-9:-1:9", code=3)
    assert err.count("no finite real number") == 5
    assert err.endswith("warning: the same at 4 more points\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sn(x)",), "unknown function 'sn'"),
        (("x*y",), "by which variable?"),
        (("x", "--order", "13"), "13 is not in the range 0<=x<=12"),
        (("x", "--at", "one"), "'one' is not a number"),
        (("x", "--wrt", "t"), "there is no variable t"),
    ],
)
def test_bad_input(capsys: Run, arguments: tuple[str, ...], message: str) -> None:
    out, err = run(capsys, *arguments, code=2)
    assert message in err
    assert out == ""


def test_the_precision_of_mpmath_is_left_alone() -> None:
    before = mpmath.mp.dps
    ways("sin(x)", [0.3], 3)
    assert mpmath.mp.dps == before


def test_an_order_that_cannot_be_is_refused() -> None:
    for order in (-1, 13):
        with pytest.raises(pl.DerivativeError, match="from 0 to 12"):
            ways("sin(x)", [0.3], order)
    with pytest.raises(pl.DerivativeError, match="no variable 't'"):
        four_ways(pl.parse("sin(x)"), "t", [(0.3,)], 1)

"""Derivatives of expressions: SymPy differentiates the same function on its own, and mpmath evaluates at 50 digits."""

import mpmath
import pytest
import sympy
import torch

import pinnlite as pl
from pinnlite.language import derivative
from pinnlite.language.functions import FUNCTIONS

x = sympy.Symbol("x", real=True)


def sympy_value(expression: sympy.Expr, at: float) -> float:
    return float(expression.subs(x, sympy.Rational(*at.as_integer_ratio())).evalf(50))


# Built here by hand, not by .sympy(): text, the same function in SymPy, and a point.
FUNCTIONS_BY_HAND = {
    "sin(2x)": (sympy.sin(2 * x), 0.7),
    "cos(x)**2": (sympy.cos(x) ** 2, 0.7),
    "tan(x)": (sympy.tan(x), 0.7),
    "asin(x/2)": (sympy.asin(x / 2), 0.7),
    "acos(x/2)": (sympy.acos(x / 2), -0.7),
    "atan(x)": (sympy.atan(x), 1.3),
    "sinh(x)*cosh(x)": (sympy.sinh(x) * sympy.cosh(x), 0.7),
    "tanh(3x)": (sympy.tanh(3 * x), 0.4),
    "sec(x)*cot(x)*csc(2x)": (sympy.sec(x) * sympy.cot(x) * sympy.csc(2 * x), 0.7),
    "sech(3x)*coth(x)": (sympy.sech(3 * x) * sympy.coth(x), 0.7),
    "csch(x)": (sympy.csch(x), -0.7),
    "atan2(x, x - 2)": (sympy.atan(x / (x - 2)) + sympy.pi, 0.7),
    "hypot(x, 2)": (sympy.sqrt(x**2 + 4), 0.7),
    "exp(-x**2)": (sympy.exp(-(x**2)), 0.7),
    "log(1 + x**2)": (sympy.log(1 + x**2), 0.7),
    "sqrt(x)/x**2": (sympy.sqrt(x) / x**2, 1.7),
    "erf(x)": (sympy.erf(x), 0.7),
    "sigmoid(2x)": (1 / (1 + sympy.exp(-2 * x)), 0.7),
    "softplus(x)*x": (sympy.log(1 + sympy.exp(x)) * x, -0.7),
    "gelu(x)": (x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2, -1.2),
    "silu(x)": (x / (1 + sympy.exp(-x)), -0.7),
    "x**x": (x**x, 1.7),
    "2**sin(x)": (2 ** sympy.sin(x), 1.7),
    "x**2.5": (x ** sympy.Rational(5, 2), 1.7),
    "(1 + x)**(1/3)": ((1 + x) ** sympy.Rational(1, 3), 0.7),
    "P(6, x)*x": (sympy.legendre(6, x) * x, 0.3),
    "exp(sin(x))": (sympy.exp(sympy.sin(x)), 0.7),
    "x*exp(x)/(1 + x)": (x * sympy.exp(x) / (1 + x), 0.7),
}


@pytest.mark.parametrize("text", FUNCTIONS_BY_HAND)
@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_derivatives_agree_with_sympy(text: str, order: int) -> None:
    expression, at = FUNCTIONS_BY_HAND[text]
    expected = sympy_value(sympy.diff(expression, x, order), at)
    got = pl.parse(text).diff("x", order)(at).item()
    # sums of terms of both signs lose some of the 16 digits at order 6
    assert got == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize(
    ("text", "at", "slopes"),
    [
        ("abs(x)", -2.0, (-1, 0)),
        ("abs(x)", 0.0, (0, 0)),
        ("sign(x)", 3.0, (0, 0)),
        ("relu(x)", 2.0, (1, 0)),
        ("relu(x)", -2.0, (0, 0)),
        ("relu(x)", 0.0, (0, 0)),
        ("abs(x)**3", -2.0, (-12, 12)),
        ("max(x, x**2)", 0.5, (1, 0)),
        ("max(x, x**2)", 2.0, (4, 2)),
        ("min(x, x**2)", 2.0, (1, 0)),
        ("max(x, 2, -x)", -3.0, (-1, 0)),
        ("max(x, 0)", 0.0, (0.5, 0)),
    ],
)
def test_kinks(text: str, at: float, slopes: tuple[float, float]) -> None:
    f = pl.parse(text)
    assert (f.diff("x")(at).item(), f.diff("x", 2)(at).item()) == slopes


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_kinks_and_slopes_agree_with_autograd(name: str) -> None:
    at = torch.tensor([-0.6, 0.25, 0.9], dtype=torch.float64)
    at = at.abs() if name in {"log", "sqrt"} else at
    at.requires_grad_()
    f = pl.parse(f"{name}(x)" if FUNCTIONS[name].arity == 1 else f"{name}(x, 0.25)")
    (slope,) = torch.autograd.grad(f(at).sum(), at)
    torch.testing.assert_close(f.diff("x")(at), slope, rtol=1e-13, atol=1e-14)


def test_partial_derivatives_hold_the_other_variable() -> None:
    f = pl.parse("exp(x*y)*sin(x + 2y)")
    u = f.diff("x", 2).diff("y")
    # an independent value at 17 digits
    assert u(x=0.3, y=-0.2).item() == pytest.approx(-0.04801257730432426, rel=1e-13)
    assert f.diff("y").diff("x", 2)(x=0.3, y=-0.2).item() == pytest.approx(-0.04801257730432426, rel=1e-13)


def test_exp_of_sin_gives_its_known_derivatives_at_zero() -> None:
    f = pl.parse("exp(sin(x))")
    assert [round(f.diff("x", order)(0.0).item(), 9) for order in range(9)] == [
        1,
        1,
        1,
        0,
        -3,
        -8,
        -3,
        56,
        217,
    ]


def test_tanh_at_order_10() -> None:
    # sums with terms up to 1e7 times the result cost the digits that 1e-8 allows for
    assert pl.parse("tanh(x)").diff("x", 10)(-3.0).item() == pytest.approx(-6.0462927626301132, rel=1e-8)


def test_seventh_legendre_polynomial() -> None:
    assert pl.parse("P(7, x)").diff("x", 3)(0.3).item() == pytest.approx(-70.1544375, rel=1e-14)
    assert str(pl.parse("P(7, x)").diff("x", 8)) == "0"


@pytest.mark.parametrize(
    ("text", "order", "written"),
    [
        ("x**2+1", 1, "2*x"),
        ("x**2+1", 2, "2"),
        ("x**2+1", 3, "0"),
        ("sin(x)*exp(-x)", 2, "-2*cos(x)*exp(-x)"),
        ("x**3/6 - x", 1, "x**2/2 - 1"),
        ("1/x", 1, "-1/x**2"),
        ("sqrt(x)", 1, "1/(2*sqrt(x))"),
        ("tanh(x)", 1, "1 - tanh(x)**2"),
        ("sigmoid(x)", 1, "sigmoid(x)*sigmoid(-x)"),
        ("P(5, x)", 1, "P(5, x, 1)"),
        ("(x+1)**10", 1, "10*(x + 1)**9"),
        ("pi*x*y", 1, "pi*y"),
        ("x*y + y*x", 1, "2*y"),
    ],
)
def test_derivatives_print_as_one_would_write_them(text: str, order: int, written: str) -> None:
    assert str(pl.parse(text).diff("x", order)) == written


def sigmoid(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-x))


def gelu(x: mpmath.mpf) -> mpmath.mpf:
    return x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2


@pytest.mark.parametrize(
    ("text", "function", "steps"),
    [
        ("tanh(3x + 1)*x**2", lambda x: mpmath.tanh(3 * x + 1) * x**2, 100),
        ("exp(sin(x) + tanh(x))", lambda x: mpmath.exp(mpmath.sin(x) + mpmath.tanh(x)), 600),
        ("gelu(x)*sigmoid(x)", lambda x: gelu(x) * sigmoid(x), 1200),
        ("1/(1 + x**2)", lambda x: 1 / (1 + x**2), 40),
        ("x**x", lambda x: x**x, 2500),
    ],
)
def test_order_12_is_small_and_right(text: str, function, steps: int) -> None:
    derivative = pl.parse(text).diff("x", 12)
    with mpmath.workdps(50):
        expected = mpmath.taylor(function, mpmath.mpf("0.5"), 12)[12] * mpmath.factorial(12)
    # terms of both signs, up to 1e4 times the result
    assert derivative(0.5).item() == pytest.approx(float(expected), rel=1e-11)
    assert len(derivative._program.steps) < steps


def test_a_formula_too_large_to_write_down_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivative, "MAX_WORK", 5_000)  # the real one takes seconds to reach
    f = pl.parse("*".join(f"sin({k}*x)" for k in range(1, 41)))
    with pytest.raises(pl.DerivativeError, match="too large to write down"):
        f.diff("x", 12)


def test_deep_expressions_differentiate_without_overflowing_the_stack() -> None:
    f = pl.parse("sin(" * 39 + "x" + ")" * 39)
    expected, slope = 0.5, 1.0
    for _ in range(39):
        expected, slope = float(sympy.sin(expected)), slope * float(sympy.cos(expected))
    assert f(0.5).item() == pytest.approx(expected, rel=1e-13)
    assert f.diff("x")(0.5).item() == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("order", [-1, 13, 99, 1.0, True])
def test_orders_out_of_range(order: object) -> None:
    with pytest.raises((pl.DerivativeError, TypeError)) as caught:
        pl.parse("x").diff("x", order)
    if isinstance(caught.value, pl.DerivativeError):
        assert str(caught.value) == f"the order of a derivative is a whole number from 0 to 12, not {order}"


def test_a_variable_that_is_not_there() -> None:
    with pytest.raises(
        pl.DerivativeError, match="no variable 'y' to differentiate by; the variables are: x, t"
    ):
        pl.parse("x*t").diff("y")
    assert str(pl.parse("7").diff("x")) == "0"


def test_derivatives_without_real_constants() -> None:
    with pytest.raises(pl.DerivativeError, match="no finite real number"):
        pl.parse("(-3)**x").diff("x")

"""Statements: what they contain, what they compute, and what is said where they cannot be read."""

import math

import pytest
import sympy
import torch

import pinnlite as pl
from pinnlite.language.equation import parse_statements, split_statements
from pinnlite.language.evaluation import evaluate
from pinnlite.language.nodes import (
    Integral,
    Node,
    NormalDerivative,
    Partial,
    PointPartial,
    Symbol,
)
from pinnlite.language.structure import deep_leaves, linear_in

x, t = Symbol("x"), Symbol("t")


def u(*index: int) -> Partial:
    return Partial("u", index)


def v(*index: int) -> Partial:
    return Partial("v", index)


def at(index: tuple[int, ...], *place: float | None) -> PointPartial:
    return PointPartial("u", index, place)


def residual_of(text: str, *coordinates: str, **parameters: float | None) -> Node:
    (statement,) = parse_statements([text], coordinates, parameters)
    return statement.residual


@pytest.mark.parametrize(
    ("text", "coordinates", "leaves"),
    [
        ("u'' + u = 0", "x", {u(2), u(0)}),
        ("u''''= u'*x", "x", {u(4), u(1), x}),
        ("u′′ = u’", "x", {u(2), u(1)}),
        ("u″ = u‴", "x", {u(2), u(3)}),
        ("u_xx + u_x = u", "x", {u(2), u(1), u(0)}),
        ("u_t + u*u_x = nu*u_xx", "xt", {u(0, 1), u(0, 0), u(1, 0), u(2, 0), Symbol("nu")}),
        ("u_xxt = u_txx + u_xtx", "xt", {u(2, 1)}),
        ("u_tx = v_xt", "xt", {u(1, 1), v(1, 1)}),
        ("du/dx = 0", "x", {u(1)}),
        ("d2u/dx2 = d3v/dx3", "x", {u(2), v(3)}),
        ("d^2u/dx^2 + d²u/dt² = ∂u/∂t", "xt", {u(2, 0), u(0, 2), u(0, 1)}),
        ("d2u/dxdt + d3u/dx2dt = d**2u/dt**2", "xt", {u(1, 1), u(2, 1), u(0, 2)}),
        ("2du/dx/x = du/dx*dv/dx", "x", {u(1), v(1), x}),
        ("u(0) = 1", "x", {at((0,), 0.0)}),
        ("u'(0) + 2u(0) = 1", "x", {at((1,), 0.0), at((0,), 0.0)}),
        ("du/dx(1) = u_x(0)", "x", {at((1,), 1.0), at((1,), 0.0)}),
        ("u(2*pi) = u(-1/3)", "x", {at((0,), 2 * math.pi), at((0,), -1 / 3)}),
        ("u(x, 0) = -sin(pi*x)", "xt", {at((0, 0), None, 0.0), x}),
        ("u_x(1, t) = u_x(-1, t)", "xt", {at((1, 0), 1.0, None), at((1, 0), -1.0, None)}),
        ("u(x, t) = u_x(x, t)", "xt", {u(0, 0), u(1, 0)}),
        ("u(x)*u' = u", "x", {u(0), u(1)}),
        (
            "integral(u**2, x) = u_x(0)",
            "x",
            {Integral(residual_of("u**2 = 0*u'", "x"), ("x",)), at((1,), 0.0)},
        ),
        ("du/dn = x on boundary", "xt", {NormalDerivative("u"), x}),
        ("u_x = 0 on inlet", "xt", {u(1, 0)}),
    ],
)
def test_leaves_of_the_residual(text: str, coordinates: str, leaves: set[Node]) -> None:
    others = ["v_x = u_x"] if len(coordinates) == 1 else ["v_x = u_x + u_t"]  # makes u and v known
    statement = parse_statements([text, *others], list(coordinates), {"nu": None})[0]
    assert statement.residual.leaves == leaves


def test_multi_letter_coordinates() -> None:
    statement, same = parse_statements(
        ["u_rtheta + u_thetatheta = u_rr", "d2u/drdtheta + d2u/dtheta2 = d2u/dr2"], ["r", "theta"], {}
    )
    assert statement.residual.leaves == {u(1, 1), u(0, 2), u(2, 0)} == same.residual.leaves


def test_coordinates_with_figures() -> None:
    (statement,) = parse_statements(["du/dx2 + d2u/dx12 = u_x1x2"], ["x1", "x2"], {})
    assert statement.residual.leaves == {u(0, 1), u(2, 0), u(1, 1)}


@pytest.mark.parametrize(
    ("text", "condition", "region"),
    [
        ("u'' + u = 0", False, None),
        ("u(x) = u'", False, None),
        ("u(0) = 0", True, None),
        ("integral(u, x) = 1", True, None),
        ("u = 0 on boundary", True, "boundary"),
        ("u' = 1 on left", True, "left"),
        ("on = u' on on", True, "on"),
    ],
)
def test_equation_or_condition(text: str, condition: bool, region: str | None) -> None:
    statement = parse_statements([text, "u' = u"], ["x"], {"on": 1.0})[0]
    assert (statement.is_condition, statement.region) == (condition, region)


def test_a_condition_whose_unknown_parts_cancel_stays_a_condition() -> None:
    (statement,) = parse_statements(["u(0) = u(0)"], ["x"], {})
    assert not statement.residual.leaves
    assert statement.is_condition
    assert statement.unknowns == ("u",)


@pytest.mark.parametrize(
    ("texts", "coordinates", "unknowns"),
    [
        (["x'' + x = 0", "x(0) = 1"], ["t"], ("x",)),
        (["x'' + sin(x(t)) = cos(t)*x"], ["t"], ("x",)),
        (["e' = -e", "e(0) = pi"], ["t"], ("e",)),
        (["sin'' + sin = 0", "sin(0) = 0"], ["t"], ("sin",)),
        (["P' = P"], ["t"], ("P",)),
        (["u_1' = 2*u_1", "u_1(0) = 1"], ["t"], ("u_1",)),
        (["pi' = 3pi"], ["t"], ("pi",)),
    ],
)
def test_no_name_is_reserved(texts: list[str], coordinates: list[str], unknowns: tuple[str, ...]) -> None:
    for statement in parse_statements(texts, coordinates, {}):
        assert statement.unknowns == unknowns


def test_parameters_and_coordinates_hide_constants_and_functions() -> None:
    residual = residual_of("u_pi = e*sin*u", "pi", e=2.0, sin=None)
    assert residual.leaves == {u(1), u(0), Symbol("e"), Symbol("sin")}
    assert residual_of("u_x = du/dx", "x", u_x=1.0, du=2.0, dx=3.0).leaves == {
        Symbol("u_x"),
        Symbol("du"),
        Symbol("dx"),
    }


def test_places_may_use_parameters_by_value() -> None:
    assert residual_of("u(2L + 1) = L", "x", L=1.5).leaves == {at((0,), 4.0), Symbol("L")}


def test_values_and_slopes_of_a_residual_agree_with_sympy() -> None:
    text = "u_t + u*u_x - nu*u_xx = sin(pi*x)*exp(-t)/(1 + u**2)"
    residual = residual_of(text, "x", "t", nu=0.1)
    names = {
        x: "x",
        t: "t",
        Symbol("nu"): "nu",
        u(0, 0): "u",
        u(1, 0): "ux",
        u(2, 0): "uxx",
        u(0, 1): "ut",
    }
    symbols = {leaf: sympy.Symbol(name) for leaf, name in names.items()}
    U, UX, UXX, UT, X, T, NU = (symbols[k] for k in (u(0, 0), u(1, 0), u(2, 0), u(0, 1), x, t, Symbol("nu")))
    expected = UT + U * UX - NU * UXX - sympy.sin(sympy.pi * X) * sympy.exp(-T) / (1 + U**2)
    numbers = dict(zip(symbols, (0.3, 0.7, 0.1, -1.2, 0.8, 2.1, -0.4), strict=True))
    values = {
        leaf: torch.tensor(number, dtype=torch.float64, requires_grad=True)
        for leaf, number in numbers.items()
    }
    result = evaluate(residual, values)
    exact = {symbols[leaf]: sympy.Rational(*number.as_integer_ratio()) for leaf, number in numbers.items()}
    assert result.item() == pytest.approx(float(expected.subs(exact).evalf(30)), rel=1e-14)
    slopes = torch.autograd.grad(result, list(values.values()))
    for leaf, slope in zip(values, slopes, strict=True):
        wanted = float(sympy.diff(expected, symbols[leaf]).subs(exact).evalf(30))
        assert slope.item() == pytest.approx(wanted, rel=1e-13)


def test_evaluation_by_mapping_by_callable_and_by_program() -> None:
    (statement,) = parse_statements(["u'' + k*u = 0"], ["x"], {"k": 4.0})
    values = {u(2): torch.tensor([1.0, 2.0]), u(0): torch.tensor([3.0, 5.0]), Symbol("k"): 4.0}
    expected = torch.tensor([13.0, 22.0])
    assert torch.equal(evaluate(statement.residual, values), expected)
    assert torch.equal(evaluate(statement.residual, lambda leaf: torch.as_tensor(values[leaf])), expected)
    assert torch.equal(statement.program(*(values[leaf] for leaf in statement.program.leaves)), expected)


def test_functions_of_parameters_given_as_numbers() -> None:
    (statement,) = parse_statements(["u' = sin(k)*max(k, 0.5)*P(2, k) + sqrt(k)"], ["x"], {"k": 0.25})
    value = evaluate(statement.residual, {u(1): torch.zeros(()), Symbol("k"): 0.25})
    expected = -math.sin(0.25) * 0.5 * (3 * 0.25**2 - 1) / 2 - 0.5
    assert value.item() == pytest.approx(expected, rel=1e-7)  # u' is float32 here


@pytest.mark.parametrize(
    ("text", "linear"),
    [
        ("u'' + x*u' - sin(x)*u = exp(x)", True),
        ("u'' + u = 3*(u - x)/2", True),
        ("u*(u + 1) - u*u = 0", True),
        ("u'' + u**2 = 0", False),
        ("u*u' = 0", False),
        ("u' = sin(u)", False),
        ("u' = abs(u)", False),
        ("u' = sign(u)", False),
        ("u' = sign(x)*u", True),
        ("u' = 1/u", False),
        ("u' = 2**u", False),
        ("u'(0) + 2u(0) = 1", True),
        ("u(0)*u(1) = 1", False),
        ("integral(x*u, x) = u(0)", True),
        ("integral(u**2, x) = 1", False),
        ("k*u' = u", True),
    ],
)
def test_linearity(text: str, linear: bool) -> None:
    statement, _ = parse_statements([text, "u' = u"], ["x"], {"k": None})
    assert linear_in(statement.residual, statement.unknown_leaves) is linear


def test_linearity_in_some_leaves_only() -> None:
    residual = residual_of("u' = k*u", "x", k=None)
    assert linear_in(residual, [Symbol("k")])
    assert not linear_in(residual, [Symbol("k"), u(0)])


def test_leaves_under_integral_signs() -> None:
    residual = residual_of("integral(integral(u*x, x), t) = u_x(0, 0)", "x", "t")
    assert {u(0, 0), x, at((1, 0), 0.0, 0.0)} < deep_leaves(residual)


@pytest.mark.parametrize(
    ("text", "written", "latex"),
    [
        ("u''+u=0", "u'' + u = 0", "u'' + u = 0"),
        ("u(2pi) = 0", "u(2*pi) = 0", r"u\left(2 \pi\right) = 0"),
        ("u(1e300) = 0", "u(1e+300) = 0", r"u\left(1 \cdot 10^{300}\right) = 0"),
        ("u(0.1) = x", "u(0.1) = x", r"u\left(0.1\right) = x"),
        ("u_x(1) = -1", "u'(1) = -1", r"u'\left(1\right) = -1"),
        ("d4u/dx4 = (u')^2", "u'''' = u'**2", r"u^{(4)} = \left(u'\right)^{2}"),
        ("u = 0 on boundary", "u = 0 on boundary", r"u = 0 \quad \text{on boundary}"),
        ("du/dn=1 on rim", "du/dn = 1 on rim", r"\frac{\partial u}{\partial n} = 1 \quad \text{on rim}"),
        ("integral(u^2, x)=1", "integral(u**2, x) = 1", r"\int u^{2} \, \mathrm{d}x = 1"),
        ("integral(u)=1", "integral(u, x) = 1", r"\int u \, \mathrm{d}x = 1"),
        ("integral(u+x, x)=1", "integral(u + x, x) = 1", r"\int \left(u + x\right) \, \mathrm{d}x = 1"),
    ],
)
def test_one_coordinate_in_text_and_latex(text: str, written: str, latex: str) -> None:
    statement = parse_statements([text, "u' = u"], ["x"], {})[0]
    assert (str(statement), statement.latex()) == (written, latex)
    again = parse_statements([written, "u' = u"], ["x"], {})[0]
    assert (again.left, again.right, again.region) == (statement.left, statement.right, statement.region)


@pytest.mark.parametrize(
    ("text", "written", "latex"),
    [
        ("u_t+u*u_x=nu*u_xx", "u_t + u*u_x = nu*u_xx", r"u_{t} + u u_{x} = \nu u_{xx}"),
        ("u(x,0)=sin(pi*x)", "u(x, 0) = sin(pi*x)", r"u\left(x, 0\right) = \sin\left(\pi x\right)"),
        ("u_x(-1,t)=0", "u_x(-1, t) = 0", r"u_{x}\left(-1, t\right) = 0"),
        ("integral(u, t, x)=1", "integral(u, x, t) = 1", r"\int \int u \, \mathrm{d}x \, \mathrm{d}t = 1"),
        (
            "integral(integral(u, x), t)=1",
            "integral(u, x, t) = 1",
            r"\int \int u \, \mathrm{d}x \, \mathrm{d}t = 1",
        ),
        ("d3u/dxdt2=0", "u_xtt = 0", r"u_{xtt} = 0"),
    ],
)
def test_several_coordinates_in_text_and_latex(text: str, written: str, latex: str) -> None:
    statement = parse_statements([text, "u_x = u"], ["x", "t"], {"nu": 0.1})[0]
    assert (str(statement), statement.latex()) == (written, latex)
    assert parse_statements([written, "u_x = u"], ["x", "t"], {"nu": 0.1})[0].residual == statement.residual


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("u' = sin(2πx) + π(x + 1)", "u' = sin(2*pi*x) + pi*(x + 1)"),
        ("u' = x⁻¹ + x²", "u' = 1/x + x**2"),
        ("du/dt = −u·u", "u_t = -u*u"),
        ("∂²φ/∂x² = λ*φ", "φ_xx = λ*φ"),
        ("u′ = exp(-x)u", "u_x = exp(-x)*u"),
    ],
)
def test_what_people_type_is_read(typed: str, plain: str) -> None:
    coordinates = "t" if "t" in typed else "x"
    one, two = (parse_statements([text], [coordinates], {"λ": 2.0})[0] for text in (typed, plain))
    assert one.residual == two.residual
    assert (r"\lambda \phi" in one.latex()) == ("λ" in typed)


def test_a_condition_on_the_boundary_is_no_equation_for_a_forgotten_parameter() -> None:
    with pytest.raises(pl.ParseError, match="unknown name 'k'"):
        parse_statements(["u_t = k*u_xx", "u = 0 on boundary"], ["x", "t"], {})


def test_a_statement_may_go_on_in_the_next_line() -> None:
    text = "u'' =\n  -u\n  + sin(x)\nu(0)\n= 1; u(1) = 2\n- u'' + v = 1\n-v' = u"
    assert split_statements(text) == (
        "u'' = -u + sin(x)",
        "u(0) = 1",
        "u(1) = 2",
        "- u'' + v = 1",
        "-v' = u",
    )


def test_several_statements_in_one_text() -> None:
    text = "u'' + u = 0, u(0) = max(0, 1); u'(0) = 1\n\n u(1) = 2;"
    assert split_statements(text) == ("u'' + u = 0", "u(0) = max(0, 1)", "u'(0) = 1", "u(1) = 2")
    assert split_statements("  ") == ()


X, XT = ("x",), ("x", "t")
ERRORS = [
    ("", X, 1, 1, "the statement is empty", "write an equation, such as u'' + u = 0"),
    (
        "u'' + u",
        X,
        1,
        7,
        "a statement needs an '='",
        "write an equation or a condition, such as u'' + u = 0 or u(0) = 1",
    ),
    (
        "u' = 1 = 2",
        X,
        8,
        1,
        "a statement has one '=', and this is a second",
        "separate statements by ';' or give them one by one",
    ),
    ("u' == 1", X, 4, 2, "'==' has no meaning here", "an equation has a single '='"),
    (
        "u' <= 1",
        X,
        4,
        2,
        "'<=' has no meaning here",
        "inequalities are not part of the language; a step at x = 2 is (1 + sign(x - 2))/2",
    ),
    ("u'' =", X, 5, 1, "nothing stands on the right of '='", "write 0 where nothing else stands there"),
    ("= u'", X, 1, 1, "nothing stands on the left of '='", "write 0 where nothing else stands there"),
    (
        "(u' = 1)",
        X,
        5,
        1,
        "this '=' stands inside brackets",
        "close the bracket before it; a place has no name, as in u(0) = 1",
    ),
    (
        "u(x=0) = 1",
        X,
        4,
        1,
        "this '=' stands inside brackets",
        "close the bracket before it; a place has no name, as in u(0) = 1",
    ),
    ("u' + = 1", X, 5, 1, "a value is missing after '+'", "write a value there, or remove '+'"),
    ("u' = u", XT, 1, 2, '"u\'" does not say by which of x, t it is differentiated', "write u_x or u_t"),
    (
        "u' = J0(2*x)",
        X,
        6,
        2,
        "unknown function 'J0'",
        "Bessel functions are no part of the language: give the statement as a callable, pl.equation or pl.condition, "
        "in which torch.special.bessel_j0 and its like may stand",
    ),
    (
        "u' = nu*u",
        X,
        6,
        2,
        "unknown name 'nu'",
        "give it a value, nu=0.1, or say nu=pl.Unknown(...); an unknown function is written nu(x) once",
    ),
    (
        "u' = speeed*u",
        X,
        6,
        6,
        "unknown name 'speeed'",
        "did you mean 'speed'? If not, give it a value, speeed=0.1, or say speeed=pl.Unknown(...); "
        "an unknown function is written speeed(x) once",
    ),
    ("u' = sinx", X, 6, 4, "unknown name 'sinx'", "did you mean sin(x)?"),
    ("u' = sin", X, 6, 3, "the function 'sin' needs its argument in brackets", "write sin(x)"),
    ("u' = sn(x)", X, 6, 2, "unknown function 'sn'", "did you mean 'sin'?"),
    *(
        (
            f"u' = f({inner})",
            X,
            6,
            1,
            "there is no function 'f'",
            "for a product write f*(...); a function of your own is Python's, in a callable: "
            "pl.equation(lambda u, x: ...)",
        )
        for inner in ("u", "x, u", "2")
    ),
    ("u' = x(x + 1)", X, 6, 1, "'x' is a coordinate here", "for a product write x*(...)"),
    ("u' = speed(x)", X, 6, 5, "'speed' is a number here", "for a product write speed*(...)"),
    (
        "x' = u'",
        X,
        1,
        2,
        "'x' is a coordinate, which has no derivative here",
        "an unknown function needs a name of its own",
    ),
    (
        "speed' = 1",
        X,
        1,
        6,
        "'speed' is a parameter, which has no derivative here",
        "an unknown function needs a name of its own",
    ),
    (
        "u' = u(x + 1)",
        X,
        8,
        5,
        "'x + 1' is no place: 'x' can be left as it is or fixed to a number",
        "for a product write *; the order of the coordinates is u(x)",
    ),
    (
        "u(t, x) = u_x",
        XT,
        3,
        1,
        "'t' is no place: 'x' can be left as it is or fixed to a number",
        "for a product write *; the order of the coordinates is u(x, t)",
    ),
    (
        "u(0) = u_x",
        XT,
        1,
        4,
        "'u' is given 1 value, and the coordinates are x, t",
        "a place is written as in u(x, t), each coordinate fixed to a number or left as it is",
    ),
    ("u(L) = u'", X, 3, 1, "'L' has no value yet, and a place needs one", "give L a number"),
    ("u(sqrt(-speed)) = u'", X, 3, 12, "'sqrt(-speed)' is not a finite real number", "a place needs one"),
    ("u(1/0) = u'", X, 5, 1, "division by zero", "constants must be finite reals"),
    (
        "d2u/dx = 0",
        X,
        1,
        6,
        "'d2u/dx' has order 2 above the line and 1 below",
        "a derivative of order 1 is written du/dx",
    ),
    (
        "du/dx2 = 0",
        X,
        1,
        6,
        "'du/dx2' has order 1 above the line and 2 below",
        "a derivative of order 2 is written d2u/dx2",
    ),
    (
        "du/dy = u'",
        X,
        1,
        2,
        "unknown name 'du'",
        "give y an interval, or differentiate by x",
    ),
    (
        "du/dn = 1",
        X,
        1,
        5,
        "a normal derivative exists on a boundary only",
        "say where: add 'on boundary' at the end",
    ),
    ("d2u/dn = 1 on rim", X, 1, 6, "a normal derivative is of first order", "write du/dn"),
    (
        "u_xxxxxxxxxxxxx = 0",
        X,
        1,
        15,
        "the order of this derivative is 13, and the limit is 12",
        "write a system: v = u' and so on",
    ),
    (
        "integral(u, 2) = u'",
        X,
        1,
        14,
        "'integral' takes an expression, itself without integrals, and coordinates",
        "write integral(u, x): over the whole domain of the coordinates named",
    ),
    (
        "integral(u) = u_x",
        XT,
        1,
        11,
        "'integral' takes an expression, itself without integrals, and coordinates",
        "write integral(u, x, t): over the whole domain of the coordinates named",
    ),
    (
        "1e308u' = -1e308u'",
        X,
        1,
        18,
        "the constants together are too large or too small for float64",
        "constants must be finite reals",
    ),
    ("u' = 1/2x", X, 6, 4, "'1/2x' can be read in two ways", "write (1/2)*x or 1/(2*x)"),
    (
        "u' = 1,5",
        X,
        7,
        1,
        "this comma separates nothing",
        "a comma stands between the arguments of a function; a decimal point is written 1.5",
    ),
    (
        "u' = х",
        X,
        6,
        1,
        "'х' (CYRILLIC SMALL LETTER HA) has no meaning here",
        "it looks like 'x': type the plain Latin letter",
    ),
    (
        'u" = 0',
        X,
        2,
        1,
        "'\"' has no meaning here",
        "quotation marks are not part of an expression; a second derivative is u'' with two single quotes",
    ),
    ("uxx = u'", X, 1, 3, "unknown name 'uxx'", "did you mean u_xx?"),
    (
        "u_yy = u_x",
        XT,
        1,
        4,
        "unknown name 'u_yy'",
        "a derivative of u is by x or t, as in u_x; or give y an interval as well",
    ),
    ("u' = speedx", X, 6, 6, "unknown name 'speedx'", "for a product write speed*x"),
    ("u' = step(x - 1)", X, 6, 4, "unknown function 'step'", "a step is written (1 + sign(x))/2"),
    (
        "u_x_x = 1",
        X,
        1,
        5,
        "'u_x_x' can be read in two ways",
        "the derivative of u_x is u_xx; a component is named ux",
    ),
    (
        "i*u_t = u_xx",
        XT,
        1,
        1,
        "unknown name 'i'",
        "give i a value, i=2; if the imaginary unit is meant, write two real fields: with u = v + i*w the equation "
        "i*u_t = u_xx is v_t = w_xx; w_t = -v_xx",
    ),
    (
        "u' = __import__",
        X,
        6,
        10,
        "unknown name '__import__'",
        "give it a value, __import__=0.1, or say __import__=pl.Unknown(...); "
        "an unknown function is written __import__(x) once",
    ),
]


@pytest.mark.parametrize(
    ("text", "coordinates", "column", "length", "message", "hint"), ERRORS, ids=[error[0] for error in ERRORS]
)
def test_what_is_said(
    text: str, coordinates: tuple[str, ...], column: int, length: int, message: str, hint: str
) -> None:
    with pytest.raises(pl.ParseError) as caught:
        parse_statements([text], coordinates, {"speed": 2.0, "L": None})
    error = caught.value
    assert (error.message, error.hint) == (message, hint)
    assert (error.column, error.length, error.text) == (column, length, text)


def test_a_number_that_hides_a_function_is_told() -> None:
    with pytest.raises(pl.ParseError, match="for the function sin give the number another name"):
        parse_statements(["u' = sin(x)"], ["x"], {"sin": 2.0})


def test_ambiguous_letters() -> None:
    with pytest.raises(pl.ParseError, match="'u_abc' can be read in two ways"):
        parse_statements(["u_abc = 0"], ["a", "bc", "ab", "c"], {})

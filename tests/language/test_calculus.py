"""Derivatives of whole expressions: expanded as SymPy expands them, and what is said where they cannot be."""

import re
from typing import Any

import pytest
import sympy
import torch

import pinnlite as pl
from pinnlite.language.equation import parse_statements
from pinnlite.language.evaluation import evaluate
from pinnlite.language.nodes import Leaf, Partial, Symbol
from pinnlite.language.structure import linear_in

COORDINATES = ("x", "y", "t")
x, y, t = sympy.symbols(COORDINATES)
u = sympy.exp(x / 3) * sympy.cos(y + t / 5) + 2
v = 1 + x * y**2 + sympy.sin(t)
GIVEN = {"u": u, "v": v}
PLACE = {"x": 0.4, "y": -0.7, "t": 0.9}


def d(expression: Any, *by: Any) -> Any:
    return sympy.diff(expression, *by)


def laplacian(expression: Any) -> Any:
    return d(expression, x, 2) + d(expression, y, 2)


CASES = {
    "(u^3 - u)_xx": d(u**3 - u, x, 2),
    "(x*u)_x - v*(u_x*v_y)_xyt": d(x * u, x) - v * d(d(u, x) * d(v, y), x, y, t),
    "((1 + x^2)*u_x)_x/x": d((1 + x**2) * d(u, x), x) / x,
    "(x*u_x)_x/x*2": 2 * d(x * d(u, x), x) / x,
    "sin(u)_x*exp(u*v)_t^2": d(sympy.sin(u), x) * d(sympy.exp(u * v), t) ** 2,
    "d/dx(x^2*du/dx)": d(x**2 * d(u, x), x),
    "d2/dx2(u^2) + d^2/dxdt (u*v) - ∂²/∂y²(v)": d(u**2, x, 2) + d(u * v, x, t) - d(v, y, 2),
    "d(u*du/dx)/dx - d3(u*v)/dx2dy": d(u * d(u, x), x) - d(u * v, x, x, y),
    "∂/∂x(log(u) * ∂u / ∂t)": d(sympy.log(u) * d(u, t), x),
    "u**v_x + (u**v)_y": u ** d(v, x) + d(u**v, y),
    "((u_x)_t/(u))_y": d(d(u, x, t) / u, y),
    "laplacian(u*v)": laplacian(u * v),
    "biharmonic(u) + laplacian(laplacian(v^2))": laplacian(laplacian(u)) + laplacian(laplacian(v**2)),
    "Δu - 2∇²v + ∇^2(u*v)": laplacian(u) - 2 * laplacian(v) + laplacian(u * v),
    "laplacian(u, x, t)": d(u, x, 2) + d(u, t, 2),
    "div((1 + u^2)*grad(u))": sum(d((1 + u**2) * d(u, c), c) for c in (x, y)),
    "∇·(x*(∇u - v*∇v))": sum(d(x * (d(u, c) - v * d(v, c)), c) for c in (x, y)),
    "div(u*v, x*v) - dot(grad(u), 2grad(v))": d(u * v, x)
    + d(x * v, y)
    - sum(2 * d(u, c) * d(v, c) for c in (x, y)),
    "div(grad(u)/sqrt(1 + dot(grad(u), grad(u))))": sum(
        d(d(u, c) / sympy.sqrt(1 + d(u, x) ** 2 + d(u, y) ** 2), c) for c in (x, y)
    ),
}


def value_of(leaf: Leaf) -> torch.Tensor:
    """A leaf's value from SymPy."""
    if isinstance(leaf, Symbol):
        return torch.tensor(PLACE[leaf.name], dtype=torch.float64)
    assert isinstance(leaf, Partial)
    by = [c for c, order in zip((x, y, t), leaf.index, strict=True) for _ in range(order)]
    value = sympy.diff(GIVEN[leaf.unknown], *by) if by else GIVEN[leaf.unknown]
    return torch.tensor(float(value.subs(PLACE)), dtype=torch.float64)


@pytest.mark.parametrize("text", CASES)
def test_expands_as_sympy_does(text: str) -> None:
    statement, _ = parse_statements([f"{text} = 0", "u_t = v_t"], COORDINATES, {})
    expected = float(CASES[text].subs(PLACE).evalf(30))
    # rounding of some tens of products and sums
    assert float(evaluate(statement.residual, value_of)) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("texts", "coordinates", "unknowns"),
    [
        (["(u^2)'' = 1"], "x", ("u",)),
        (["(p^2*q)_x = k", "q_x = 1"], "x", ("q",)),  # p is a parameter here
        (["laplacian(u) = -4"], "xy", ("u",)),
        (["Δw = k"], "xy", ("w",)),
        (["div(k*grad(u)) = e"], "xy", ("u",)),
        (["div(u, v) = 0"], "xy", ("u", "v")),
        (["laplacian' = laplacian"], "x", ("laplacian",)),
        (["d(0) = 1"], "x", ("d",)),
    ],
)
def test_the_unknowns_are_found(texts: list[str], coordinates: str, unknowns: tuple[str, ...]) -> None:
    statements = parse_statements(texts, tuple(coordinates), {"k": 1.0, "p": 2.0})
    assert {name for statement in statements for name in statement.unknowns} == set(unknowns)


def test_a_linear_equation_in_conservation_form_stays_linear() -> None:
    fokker_planck, porous = parse_statements(
        ["p_t = (x*p)_x + (exp(-x)*p_x)_x", "u_t = (u^2)_xx"], ["x", "t"], {}
    )
    assert linear_in(fokker_planck.residual, fokker_planck.unknown_leaves)
    assert not linear_in(porous.residual, porous.unknown_leaves)


@pytest.mark.parametrize(
    ("text", "coordinates", "message", "caret", "hint"),
    [
        ("(k*u_x)_x = 0", "x", "unknown name 'k'", "k", "k=0.1"),
        ("(u^2)_z = u_x", "x", "'_z' is no derivative", "_z", "coordinates are x"),
        ("(u^2)' = u_x", "xt", "by which of x, t", "'", "(...)_x"),
        ("d2/dx(u) = u_x", "x", "order 2 above the line and 1 below", "d2/dx", "d/dx"),
        ("d/dx u = u_x", "x", "in brackets", "d/dx", "d/dx(u)"),
        ("Δu^2 = u_x", "xy", "two ways", "Δu^", "brackets"),
        ("d/dx(u)^2 = u_x", "xy", "two ways", "d/dx(u)^", "brackets"),
        ("((1 + sign(x))*u_x)_x = 0", "x", "a pulse", "((1 + sign(x))*u_x)_x", "tanh"),
        ("abs(u)_xx = 1", "x", "a pulse", "abs(u)_xx", "smooth"),
        ("u_x = (u(0, t))_x", "xt", "value at a place", "(u(0, t))_x", "u_x(...)"),
        ("u_x = grad(u)", "xy", "a vector", "grad", "div("),
        ("u_x = div(u_x)", "xy", "not a vector", "div(u_x)", "grad(u)"),
        ("u_x = div(x + grad(u))", "xy", "no meaning", "div(x + grad(u))", "dot("),
        ("u_x = div(grad(u)^2)", "xy", "power of a vector", "div(grad(u)^2)", "dot(a, a)"),
        ("laplacian(u) = u_r", "rz", "Cartesian", "laplacian(u)", "(r*u_r)_r/r"),
        ("(u_xxxxxx)_xxxxxxx = 0", "x", "above 12", "(u_xxxxxx)_xxxxxxx", "system"),
    ],
)
def test_what_cannot_be_read(text: str, coordinates: str, message: str, caret: str, hint: str) -> None:
    with pytest.raises(pl.ParseError, match=re.escape(message)) as caught:
        parse_statements([text], tuple(coordinates), {})
    shown = str(caught.value).splitlines()
    assert text[caught.value.column - 1 :].startswith(caret)
    assert shown[2].count("^") == len(caret)
    assert hint in str(caught.value)


def test_an_expression_has_no_derivatives_inside() -> None:
    with pytest.raises(pl.ParseError, match="only an equation has"):
        pl.parse("(x^2)_x")


def test_solved_in_conservation_form() -> None:
    solution = pl.solve("((1 + x)*u')' = 0", "u(0) = 0", "u(1) = 1", x=(0, 1), tol=1e-10)
    points = torch.linspace(0, 1, 50, dtype=torch.float64)
    exact = torch.log1p(points) / torch.log(torch.tensor(2.0, dtype=torch.float64))
    assert solution.converged
    assert (solution(points) - exact).norm() < 1e-9 * exact.norm()

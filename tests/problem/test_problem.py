"""Problems are posed or refused, and the refusal says which statement and what to write instead."""

import math
import re

import pytest
import torch

from pinnlite.errors import ParseError, ProblemError
from pinnlite.problem.problem import Problem

UNIT = {"x": (0, 1)}


def test_an_equation_is_a_function_of_numbers_typed_by_hand() -> None:
    problem = Problem("u'' + 3*x*u^2 = a", "u(0) = 0", "u'(0) = 1", x=(0, 1), a=5.0)
    (equation,) = problem.equations
    assert equation.wanted == {("u", (2,)), ("u", (0,))}
    values = {("u", (2,)): torch.tensor([7.0]), ("u", (0,)): torch.tensor([2.0])}
    assert equation.residual({"x": torch.tensor([0.5]), "a": 5.0}, values).item() == 7 + 3 * 0.5 * 4 - 5


def test_a_condition_is_a_function_of_numbers_typed_by_hand() -> None:
    problem = Problem("u'' + u = 0", "u'(0) + 2u(0) = 1", "u(0) = u(1)", x=(0, 1))
    robin, periodic = problem.conditions
    assert (
        robin.residual({}, {("u", (1,), (0.0,)): torch.tensor(4.0), ("u", (0,), (0.0,)): torch.tensor(3.0)})
        == 9
    )
    assert periodic.wanted == {("u", (0,), (0.0,)), ("u", (0,), (1.0,))}


@pytest.mark.parametrize(
    ("statements", "linear"),
    [
        (("u'' + x^2*u = sin(x)", "u(0) = 0", "u'(0) = 1"), True),
        (("u'' + u^2 = 0", "u(0) = 0", "u'(0) = 1"), False),
        (("u'' + u = 0", "u(0)^2 = 1", "u'(0) = 1"), False),
    ],
)
def test_linearity_is_seen(statements: tuple[str, ...], linear: bool) -> None:
    assert Problem(*statements, **UNIT).linear is linear


def test_no_name_is_reserved() -> None:
    problem = Problem("x' = -e*x", "x(0) = 1", t=(0, 1), e=2.0)
    assert problem.unknowns == ("x",)
    assert problem.parameters == {"e": 2.0}


def test_statements_may_come_in_one_text() -> None:
    problem = Problem("u'' + u = 0, u(0) = 0; u'(0) = 1", x=(0, 2 * math.pi))
    assert [c.text for c in problem.conditions] == ["u(0) = 0", "u'(0) = 1"]


def test_a_problem_prints_as_it_was_stated() -> None:
    problem = Problem("u' = k*u", "u(0) = 1", x=(0, 2), k=0.5)
    assert str(problem) == "u' = k*u; u(0) = 1; x in [0, 2], k = 0.5"


@pytest.mark.parametrize(
    ("statements", "names", "message"),
    [
        (
            ("u'' + u = 0", "u(0) = 0"),
            UNIT,
            "too few conditions: 1 where 2 are needed (u of order 2): add 1 more",
        ),
        (
            ("u' = u", "u(0) = 0", "u(1) = 2"),
            UNIT,
            "too many conditions: 2 where 1 is needed (u of order 1): leave out 1",
        ),
        (
            ("u'' = u", "u(0) = 0", "u(0) = 1"),
            UNIT,
            "'u(0) = 0' and 'u(0) = 1' contradict each other: keep one",
        ),
        (("u'' = u", "u(0) = 1", "2u(0) = 2"), UNIT, "'u(0) = 1' and '2u(0) = 2' say the same: replace one"),
        (("u'' = u", "u(0) = 0", "u(3) = 1"), UNIT, "'u(3) = 1' is at x = 3, outside the domain [0, 1]"),
        (("u'' = u", "v(0) = 0", "u(0) = 1"), UNIT, "'v(0) = 0' speaks of v, which no equation determines"),
        (("u(0) = 1", "u'(0) = 0"), UNIT, "there is no equation among the statements, only conditions"),
        (("u' = v", "u(0) = 1", "v(0) = 1"), UNIT, "1 equation for 2 unknown functions (u, v)"),
        (("u' = u", "u(0) = 1"), {"x": (1, 0)}, "the domain x = (1, 0) is reversed: write x=(0, 1)"),
        (("u' = u", "u(0) = 1"), {"x": (1, 1)}, "the domain x = (1, 1) is empty"),
        (("u' = u", "u(0) = 1"), {"x": (0, math.inf)}, "the domain x = (0, inf) is not finite"),
        (("u' = u", "u(0) = 1"), {"x": (0, math.nan)}, "the domain x = (0, nan) is not finite"),
        (("u' = a*u", "u(0) = 1"), {"x": (0, 1), "a": math.nan}, "the parameter a = nan is not finite"),
        (("u' = u", "u(0) = 1"), {"x": "0..1"}, "x='0..1' is neither an interval (low, high)"),
        (("u' = u", "u(0) = 1"), {}, "no coordinate has an interval: add one, such as x=(0, 1)"),
        (("u' = u", "u(0) = 1"), {"t": 10}, "such as x=(0, 1); numbers are for parameters (t = 10)"),
        ((), UNIT, "there is no equation: write one, such as \"u'' + u = 0\""),
        ((3,), UNIT, "a statement is text"),
        (("u' = u", "u(0)*0 = 1"), UNIT, "the equation 'u(0)*0 = 1' names no unknown"),
        (("u'' = u", "u(0) = x", "u(1) = 0"), UNIT, "uses x, which it fixes"),
        (("u' = u", "u(0) = u"), UNIT, "speaks of u both at a place and everywhere: say where, as in u(0)"),
    ],
)
def test_what_is_not_posed_is_refused(
    statements: tuple[str, ...], names: dict[str, object], message: str
) -> None:
    with pytest.raises(ProblemError, match=re.escape(message)):
        Problem(*statements, **names)


def test_unknown_names_are_refused_where_they_stand() -> None:
    with pytest.raises(ParseError, match="nu") as caught:
        Problem("u' = nu*u", "u(0) = 1", **UNIT)
    assert caught.value.column == 6

"""What cannot be read: the place, the message and the hint of every error, word for word."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pinnlite as pl

# Reading takes less than 0.1 s; the annotation checks that run with the tests cost several times as much.
SECONDS = 0.1 * 5

# Text; column and length of the caret; message; hint.
ERRORS = [
    ("", 1, 1, "the text is empty", "write an expression, such as sin(x)*exp(-x)"),
    ("   ", 1, 1, "the text is empty", "write an expression, such as sin(x)*exp(-x)"),
    ("sn(x)", 1, 2, "unknown function 'sn'", "did you mean 'sin'?"),
    (
        "foo(x)",
        1,
        3,
        "unknown function 'foo'",
        "the functions are abs, acos, asin, atan, atan2, cos, cosh, cot, coth, csc, csch, erf, exp, gelu, hypot, log, "
        "max, min, P, relu, sec, sech, sigmoid, sign, silu, sin, sinh, softplus, sqrt, tan, tanh",
    ),
    ("ln(x)", 1, 2, "unknown function 'ln'", "the natural logarithm is log(x)"),
    ("xsin(x)", 1, 4, "unknown function 'xsin'", "write x*sin(...)"),
    ("x(x+1)", 1, 1, "unknown function 'x'", "'x' is no function; for a product write x*(...)"),
    ("2x(x+1)", 2, 1, "unknown function 'x'", "'x' is no function; for a product write x*(...)"),
    ("pi(x+1)", 1, 2, "unknown function 'pi'", "'pi' is no function; for a product write pi*(...)"),
    ("sinx", 1, 4, "unknown name 'sinx'", "did you mean sin(x)?"),
    ("sin x", 1, 3, "the function 'sin' needs its argument in brackets", "write sin(x)"),
    ("sin", 1, 3, "the function 'sin' needs its argument in brackets", "write sin(x)"),
    ("sin^2(x)", 1, 3, "the function 'sin' needs its argument in brackets", "write sin(x)**2"),
    ("sin()", 1, 5, "'sin' takes one argument, not 0", "write sin(x)"),
    ("sin(x, y)", 1, 9, "'sin' takes one argument, not 2", "write sin(x)"),
    ("max(x)", 1, 6, "'max' takes two arguments, not 1", "write max(x, y)"),
    (
        "P(x)",
        1,
        4,
        "'P' takes two arguments, a degree and a value, not 1",
        "the Legendre polynomial of degree 3 is P(3, x)",
    ),
    ("P", 1, 1, "the function 'P' needs its argument in brackets", "write P(n, x)"),
    (
        "P(2.5, x)",
        3,
        3,
        "the degree of P is a whole number from 0 to 200, not '2.5'",
        "P(3, x) is the Legendre polynomial of degree 3",
    ),
    (
        "P(-1, x)",
        3,
        2,
        "the degree of P is a whole number from 0 to 200, not '-1'",
        "P(3, x) is the Legendre polynomial of degree 3",
    ),
    (
        "P(201, x)",
        3,
        3,
        "the degree of P is a whole number from 0 to 200, not '201'",
        "P(3, x) is the Legendre polynomial of degree 3",
    ),
    (
        "P(n, x)",
        3,
        1,
        "the degree of P is a whole number from 0 to 200, not 'n'",
        "P(3, x) is the Legendre polynomial of degree 3",
    ),
    ("(x", 1, 1, "this bracket is never closed", "add a ')' where it should end"),
    ("x)", 2, 1, "this bracket closes nothing", "remove it, or open one before it"),
    ("sin(x*(1+2)", 4, 1, "this bracket is never closed", "add a ')' where it should end"),
    ("()", 2, 1, "there is nothing between these brackets", "write a value between them"),
    ("x**", 4, 1, "a value is missing after '**'", "write a value there, or remove '**'"),
    ("x +", 4, 1, "a value is missing after '+'", "write a value there, or remove '+'"),
    ("*x", 1, 1, "a value is missing before '*'", "write a value there, or remove '*'"),
    ("x*/y", 3, 1, "a value is missing after '*'", "write a value there, or remove '/'"),
    ("x = 1", 3, 1, "an expression has no '='", "an equation is given to pl.solve"),
    (
        "x == 1",
        3,
        2,
        "'==' has no meaning here",
        "comparisons are not part of the language; max, min, sign and abs are",
    ),
    (
        "x < 1",
        3,
        1,
        "'<' has no meaning here",
        "comparisons are not part of the language; max, min, sign and abs are",
    ),
    (
        "x.__class__",
        2,
        1,
        "'.' has no meaning here",
        "a decimal point stands next to a digit, as in 0.5; a product is written x*y; attributes are not read",
    ),
    (
        "__import__('os')",
        12,
        1,
        '"\'" has no meaning here',
        "a prime marks a derivative, which only an equation has; here, parse f and call .diff",
    ),
    ("x!", 2, 1, "'!' has no meaning here", "factorials are not part of the language; write the number"),
    ("|x|", 1, 1, "'|' has no meaning here", "an absolute value is written abs(x)"),
    (
        '"x"',
        1,
        1,
        "'\"' has no meaning here",
        "quotation marks are not part of an expression; a second derivative is u'' with two single quotes",
    ),
    (
        "u'",
        1,
        2,
        '"u\'" is a derivative, which only an equation has',
        "parse the function itself and call .diff, or give the equation to pl.solve",
    ),
    (
        "lambda x: x",
        9,
        1,
        "':' has no meaning here",
        "an expression is made of numbers, names, + - * / **, brackets and commas",
    ),
    (
        "x if x else x",
        3,
        2,
        "'if' is a word of Python, which is not read",
        "an expression is mathematics, such as max(x, 0)*exp(-x)",
    ),
    ("x[0]", 2, 1, "'[' has no meaning here", "round brackets do all the grouping: (x + 1)"),
    (
        "{x}",
        1,
        1,
        "'{' has no meaning here",
        "round brackets do all the grouping: (x + 1); a derivative is written u_xx",
    ),
    ("1e400", 1, 5, "this constant is too large or too small for float64", "constants must be finite reals"),
    ("1e-400", 1, 6, "the number is too small for float64", "the smallest is about 5e-324"),
    ("1..2", 1, 4, "'1..2' is not a number", "write it as 10, 0.5 or 1e-3"),
    ("1.2.3", 1, 5, "'1.2.3' is not a number", "write it as 10, 0.5 or 1e-3"),
    ("0x10", 1, 4, "'0x10' is not a number", "write it as 10, 0.5 or 1e-3"),
    ("1_000", 1, 5, "'1_000' is not a number", "write it as 10, 0.5 or 1e-3"),
    (
        "1,5",
        2,
        1,
        "this comma separates nothing",
        "a comma stands between the arguments of a function; a decimal point is written 1.5",
    ),
    (
        "(1,5)",
        3,
        1,
        "this comma separates nothing",
        "a comma stands between the arguments of a function; a decimal point is written 1.5",
    ),
    ("sin(x,)", 7, 1, "a value is missing after ','", "write a value there, or remove ','"),
    ("x y", 3, 1, "an operator is missing before 'y'", "for a product write x*y"),
    ("2 3", 3, 1, "an operator is missing before '3'", "for a product write 2*3"),
    (
        "(x+1)2",
        6,
        1,
        "an operator is missing before '2'",
        "for a product write (x+1)*2, for a power (x+1)**2",
    ),
    ("x 2", 3, 1, "an operator is missing before '2'", "for a product write x*2"),
    ("1/2x", 1, 4, "'1/2x' can be read in two ways", "write (1/2)*x or 1/(2*x)"),
    ("1/2(x+1)", 1, 8, "'1/2(x+1)' can be read in two ways", "write (1/2)*(x+1) or 1/(2*(x+1))"),
    ("a*b/2x", 1, 6, "'a*b/2x' can be read in two ways", "write (a*b/2)*x or a*b/(2*x)"),
    (
        "x/sin(x)cos(x)",
        1,
        14,
        "'x/sin(x)cos(x)' can be read in two ways",
        "write (x/sin(x))*cos(x) or x/(sin(x)*cos(x))",
    ),
    (
        "x**2y",
        1,
        5,
        "'x**2y' can be read in two ways",
        "write x**2*y for the product, or put the exponent in brackets",
    ),
    ("x/0", 3, 1, "division by zero", "constants must be finite reals"),
    ("x/(1-1)", 3, 5, "division by zero", "constants must be finite reals"),
    ("x/sin(0)", 3, 6, "division by zero", "constants must be finite reals"),
    ("sqrt(-1)*x", 1, 8, "this constant is not a finite real number", "constants must be finite reals"),
    ("log(0)", 1, 6, "this constant is not a finite real number", "constants must be finite reals"),
    ("asin(2)", 1, 7, "this constant is not a finite real number", "constants must be finite reals"),
    ("(-8)**(1/3)", 1, 11, "this constant is not a finite real number", "constants must be finite reals"),
    ("0**-1", 1, 5, "division by zero", "constants must be finite reals"),
    (
        "9**9**9**9",
        4,
        7,
        "this constant is too large or too small for float64",
        "constants must be finite reals",
    ),
    (
        "1e300*1e300*x",
        1,
        13,
        "this constant is too large or too small for float64",
        "constants must be finite reals",
    ),
    (
        "exp(1000)",
        1,
        9,
        "this constant is too large or too small for float64",
        "constants must be finite reals",
    ),
    (
        "-" * 900 + "x",
        41,
        1,
        "brackets, signs and powers are nested more than 40 deep",
        "give a part of it a name, or write it with less nesting",
    ),
    (
        "sin(" * 60 + "x" + ")" * 60,
        164,
        1,
        "brackets, signs and powers are nested more than 40 deep",
        "give a part of it a name, or write it with less nesting",
    ),
    (
        "(" * 41 + "x" + ")" * 41,
        41,
        1,
        "brackets, signs and powers are nested more than 40 deep",
        "give a part of it a name, or write it with less nesting",
    ),
    (
        "**".join("x" * 60),
        122,
        2,
        "brackets, signs and powers are nested more than 40 deep",
        "give a part of it a name, or write it with less nesting",
    ),
    (
        "x" * 1001,
        1001,
        1,
        "the text has 1,001 characters, and the limit is 1,000",
        "shorten it, or give the function as Python",
    ),
    (
        "9" * 5000,
        1001,
        1,
        "the text has 5,000 characters, and the limit is 1,000",
        "shorten it, or give the function as Python",
    ),
    (
        "9" * 400,
        1,
        400,
        "this constant is too large or too small for float64",
        "constants must be finite reals",
    ),
    (
        "х + 1",
        1,
        1,
        "'х' (CYRILLIC SMALL LETTER HA) has no meaning here",
        "it looks like 'x': type the plain Latin letter",
    ),
    (
        "ѕin(x)",
        1,
        1,
        "'ѕ' (CYRILLIC SMALL LETTER DZE) has no meaning here",
        "it looks like 's': type the plain Latin letter",
    ),
    (
        "ο",
        1,
        1,
        "'ο' (GREEK SMALL LETTER OMICRON) has no meaning here",
        "it looks like 'o'; if the Greek letter is meant, spell it out: omicron",
    ),
    ("ϑ", 1, 1, "'ϑ' (GREEK THETA SYMBOL) has no meaning here", "spell Greek letters out: theta"),
    (
        "ẍ",
        1,
        1,
        "'ẍ' (LATIN SMALL LETTER X WITH DIAERESIS) has no meaning here",
        "a derivative is written u' and u'', or u_t and u_tt",
    ),
    (
        "２x",
        1,
        1,
        "'２' (FULLWIDTH DIGIT TWO) has no meaning here",
        "it looks like '2': type the plain digit",
    ),
    (
        "𝑥",
        1,
        1,
        "'𝑥' (MATHEMATICAL ITALIC SMALL X) has no meaning here",
        "it looks like 'x': type the plain Latin letter",
    ),
    ("x\x00", 2, 1, "the text holds the invisible character U+0000", "delete it and type the place anew"),
    ("x\u200b", 2, 1, "the text holds the invisible character U+200B", "delete it and type the place anew"),
    ("x\u202e", 2, 1, "the text holds the invisible character U+202E", "delete it and type the place anew"),
    ("√x", 1, 1, "'√' (SQUARE ROOT) has no meaning here", "a square root is written sqrt(x)"),
    ("∞", 1, 1, "'∞' (INFINITY) has no meaning here", "constants must be finite reals"),
    ("x÷2", 2, 1, "'÷' (DIVISION SIGN) has no meaning here", "a quotient is written x/y"),
    (
        "x%2",
        2,
        1,
        "'%' has no meaning here",
        "a percentage is written as a number, such as 0.05; remainders are not part of the language",
    ),
    ("x; y", 2, 1, "';' has no meaning here", "one expression at a time"),
    ("\\sin(x)", 1, 1, "'\\\\' has no meaning here", "LaTeX is not read; write sin(x), x**2, x/y"),
    (
        "$x$",
        1,
        1,
        "'$' has no meaning here",
        "an expression is made of numbers, names, + - * / **, brackets and commas",
    ),
    (
        "x@y",
        2,
        1,
        "'@' has no meaning here",
        "an expression is made of numbers, names, + - * / **, brackets and commas",
    ),
    (
        "a.b",
        2,
        1,
        "'.' has no meaning here",
        "a decimal point stands next to a digit, as in 0.5; a product is written x*y; attributes are not read",
    ),
    (
        "5 % 2",
        3,
        1,
        "'%' has no meaning here",
        "a percentage is written as a number, such as 0.05; remainders are not part of the language",
    ),
    ("x//y", 3, 1, "a value is missing after '/'", "write a value there, or remove '/'"),
    ("x***2", 4, 1, "a value is missing after '**'", "write a value there, or remove '*'"),
    (
        "not x",
        1,
        3,
        "'not' is a word of Python, which is not read",
        "an expression is mathematics, such as max(x, 0)*exp(-x)",
    ),
    (
        "None",
        1,
        4,
        "'None' is a word of Python, which is not read",
        "an expression is mathematics, such as max(x, 0)*exp(-x)",
    ),
    (
        "True",
        1,
        4,
        "'True' is a word of Python, which is not read",
        "an expression is mathematics, such as max(x, 0)*exp(-x)",
    ),
    (
        "for",
        1,
        3,
        "'for' is a word of Python, which is not read",
        "an expression is mathematics, such as max(x, 0)*exp(-x)",
    ),
    (
        "∂x",
        1,
        1,
        "'∂' (PARTIAL DIFFERENTIAL) has no meaning here",
        "an expression is made of numbers, names, + - * / **, brackets and commas",
    ),
    ("2*(x+1))", 8, 1, "this bracket closes nothing", "remove it, or open one before it"),
    (
        "x @ 1",
        3,
        1,
        "'@' has no meaning here",
        "an expression is made of numbers, names, + - * / **, brackets and commas",
    ),
    ("sin(x))", 7, 1, "this bracket closes nothing", "remove it, or open one before it"),
    ("1/2sin(x)", 1, 9, "'1/2sin(x)' can be read in two ways", "write (1/2)*sin(x) or 1/(2*sin(x))"),
    ("x**-", 5, 1, "a value is missing after '-'", "write a value there, or remove '-'"),
    (
        "lambda y: 1",
        9,
        1,
        "':' has no meaning here",
        "an expression is made of numbers, names, + - * / **, brackets and commas",
    ),
]


@pytest.mark.parametrize(
    ("text", "column", "length", "message", "hint"), ERRORS, ids=[repr(error[0][:30]) for error in ERRORS]
)
def test_what_is_said(text: str, column: int, length: int, message: str, hint: str) -> None:
    with pytest.raises(pl.ParseError) as caught:
        pl.parse(text)
    error = caught.value
    assert (error.message, error.hint) == (message, hint)
    assert (error.column, error.length) == (column, length)


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("sn(x)", "error: unknown function 'sn' (column 1)\n  sn(x)\n  ^^\n  hint: did you mean 'sin'?"),
        (
            "2 + sqrt(-1)*x",
            "error: this constant is not a finite real number (column 5)\n"
            "  2 + sqrt(-1)*x\n"
            "      ^^^^^^^^\n"
            "  hint: constants must be finite reals",
        ),
        (
            "a +\x00 b",
            "error: the text holds the invisible character U+0000 (column 4)\n"
            "  a +\\x00 b\n"
            "     ^^^^\n"
            "  hint: delete it and type the place anew",
        ),
    ],
)
def test_the_three_lines(text: str, report: str) -> None:
    with pytest.raises(pl.ParseError) as caught:
        pl.parse(text)
    assert str(caught.value) == report


def test_limits_are_reached_exactly() -> None:
    deepest = "(" * 40 + "x" + ")" * 40
    assert pl.parse(deepest) == pl.parse("x")
    assert str(pl.parse("-" * 40 + "x")) == "x"
    assert pl.parse("**".join(["x"] * 41)).variables == ("x",)
    assert pl.parse("x+" * 499 + "xx") == pl.parse("499*x + xx")


@pytest.mark.parametrize(
    "text", ["exp(700)*x*exp(700)", "exp(709) + x + exp(709.7)", "x*exp(-700)/exp(-700)**2/exp(9)"]
)
def test_constants_that_are_finite_one_by_one_but_not_together(text: str) -> None:
    with pytest.raises(pl.ParseError, match="too large or too small for float64") as caught:
        pl.parse(text)
    assert caught.value.hint == "constants must be finite reals"


def test_wrong_types() -> None:
    with pytest.raises(pl.ParseError, match="parse reads text, not int"):
        pl.parse(3)  # type: ignore[arg-type]


def test_random_text_is_read_or_refused_quickly() -> None:
    """Neither another error, nor a recursion too deep, nor a hang, whatever the text."""
    draw = random.Random(0)
    pieces = [" ", "\n", *"xt0123.+-*/^(),=²πeх", "**", "1e", "sin(", "max(", "P(3,", "u'", "du/dx"]
    slowest, refused = 0.0, []
    for _ in range(800):
        text = "".join(draw.choices(pieces, k=draw.choice([3, 10, 40])))
        start = time.process_time()
        try:
            f = pl.parse(text)
        except pl.ParseError as error:
            refused.append((error.column - len(text), error.hint))
        else:
            assert pl.parse(str(f)) == f
        slowest = max(slowest, time.process_time() - start)
    assert slowest < SECONDS
    assert all(beyond <= 1 and hint for beyond, hint in refused)


@pytest.mark.parametrize(
    "text",
    [
        "+".join(f"a{i}*x" for i in range(140)),
        "*".join(["sin(sin(x))"] * 80),
        "-".join(["(x+1)"] * 160),
        "(" + ")(".join(["x+1"] * 190) + ")",
        "max(" + ",".join(["x"] * 490) + ")",
        "1/" * 498 + "x",
        "x**(" * 20 + "x" + ")" * 20,
    ],
)
def test_the_longest_texts_are_read_quickly(text: str) -> None:
    """The least of three: what other work there is on the machine only ever slows."""
    pl.parse("x")  # builds the parser
    seconds = []
    for _ in range(3):
        start = time.process_time()
        pl.parse(text)
        seconds.append(time.process_time() - start)
        if seconds[-1] < SECONDS:
            return
    pytest.fail(f"it took {min(seconds):.2f} s at best")


def test_nothing_breaks_the_reader() -> None:
    """Random expressions and statements, near and far from mathematics: ``make fuzz`` reads a hundred times as many.

    In a process of its own, for checked annotations run texts of their own.
    """
    words = [sys.executable, "-m", "tests.language.fuzzing", "2000", "7"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 500

"""Input that cannot be used: exit code 2, a message that says what and where, and never a traceback."""

from pathlib import Path

import pytest

from pinnlite.cli import main
from tests.streams import said

DERIVE = {
    "sn(x)": "unknown function 'sn' (column 1)\n  sn(x)\n  ^^\n  hint: did you mean 'sin'?",
    "(x+1": "this bracket is never closed (column 1)\n  (x+1\n  ^\n  hint: add a ')' where it should end",
    "x+1)": "this bracket closes nothing (column 4)\n  x+1)\n     ^\n  hint: remove it, or open one before it",
    "x.__class__": "'.' has no meaning here (column 2)\n  x.__class__\n   ^\n  hint: a decimal point",
    "9**9**9**9": "this constant is too large",
    "9" * 5000: "the text has 5,000 characters, and the limit is 1,000 (column 1001)",
    "-" * 900 + "x": "nested more than 40 deep (column 41)",
    "sin(" * 60 + "x" + ")" * 60: "nested more than 40 deep",
    "х+1": "'х'",  # Cyrillic
    "x\0": "\\x00",
    "": "the text is empty (column 1)",
    "x/0": "division by zero (column 3)\n  x/0\n    ^",
    "sqrt(-1)*x": "real number (column 1)\n  sqrt(-1)*x\n  ^^^^^^^^",
    "x = 1": "an expression has no '='",
    "1/2x": "1/2x",
    "__import__('os')": "has no meaning",
}
OPTIONS = {
    ("x", "--at", "1,two,3"): "'two' is not a number (column 3)\n  1,two,3\n    ^^^\n  hint: write a number",
    ("x", "--at", "1,,3"): "the text is empty (column 3)",
    ("x", "--at", ""): "the text is empty",
    ("x", "--at", "inf"): "'inf' is not a number",
    ("x", "--at", "1e999"): "constant",
    (
        "x",
        "--at",
        "0:1",
    ): "this is no range (column 1)\n  0:1\n  ^^^\n  hint: evenly spaced points are start:stop:count",
    ("x", "--at", "0:1:2.5"): "the count of points is a whole number from 1 to 1,000,000 (column 5)",
    ("x", "--at", "0:1:10**9"): "the count of points is a whole number",
    ("x", "--at", "y=1"): "--at: there is no variable y; there is x",
    ("x", "--at", "1", "--at", "2"): "--at: x is given twice",
    ("x*y", "--wrt", "x", "--at", "1"): "--at: points of which variable? There are x, y: write --at x=...",
    ("x*y", "--wrt", "x", "--at", "x=1"): "--at: points of y are missing: add --at y=...",
    ("x*y", "--wrt", "x", "--at", "x=0:1:2000", "--at", "y=0:1:2000"): "more than 1,000,000 points",
    ("x*y",): "by which variable? There are x, y: add --wrt x",
    ("x", "--wrt", "z"): "--wrt: there is no variable z; there is x",
    ("x", "--order", "-1"): "invalid value for '--order': -1 is not in the range 0<=x<=12",
    ("x", "--order", "99"): "invalid value for '--order': 99 is not in the range 0<=x<=12",
    ("x", "--order", "two"): "invalid value for '--order': 'two' is not a valid integer",
    ("x", "-p", "3"): "a parameter is given by name (column 1)\n  3\n  ^\n  hint: write NAME=3",
    ("a*x", "-p", "a"): "a parameter is given by name (column 1)\n  a\n  ^\n  hint: write a=1",
    ("a*x", "-p", "a=b"): "'b' is not a number (column 3)",
    ("x", "--csv"): "numbers were asked for, but not where: add points",
    ("x", "--plot", "x.png"): "numbers were asked for, but not where: add points",
    ("x", "--plot", "x.png", "--at", "1"): "--plot draws a curve over x: give two or more points",
    ("x", "--plot", "x.gif", "--at", "1,2"): "'x.gif' is no picture that can be written: end it in .png",
    ("x", "--plot", "no/x.png", "--at", "1,2"): "'no/x.png' cannot be written: there is no folder 'no'",
    ("x", "--ordr", "2"): "no such option '--ordr'",
    ("x", "--at"): "the option '--at' needs a value\n  hint: see pinnlite derive --help",
    ("x", "y"): "unexpected extra argument (y)",
    (): "missing argument 'EXPRESSION|FILE|-'",
}
OSCILLATOR = ("u'' + u = 0", "--on", "x=0,1")
SOLVE = {
    (*OSCILLATOR, "u(0)=0"): "too few conditions: 1 ",
    ("u' = u", "-t", "0,1"): "no such option '-t': the ends of a coordinate are given as --on t=0,1",
    ("u' = u", "--x=0,2*pi"): "no such option '--x': the ends of a coordinate are given as --on x=0,2*pi",
    ("u' = u", "-on", "t=0,1"): "no such option '-on'. Did you mean '--on'?",
    (*OSCILLATOR, "u(0)=0, u'(0)=1, u(1)=0"): "too many conditions: 3 ",
    (*OSCILLATOR, "u(0)=0; u(0)=1"): "'u(0)=0' and 'u(0)=1' contradict each other",
    (*OSCILLATOR, "u(0)=0; u(2)=1"): "outside the domain [0, 1]: move it inside or widen",
    (*OSCILLATOR, "u(0)=0\nu(1=1"): "this bracket is never closed",
    ("u' = u, u(0) = 1", "--on", "x=1,0"): "is reversed: write --on x=0,1",
    (
        "u' = u, u(0) = 1",
        "--on",
        "x=0",
    ): "this is no interval (column 1)\n  x=0\n  ^^^\n  hint: write the coordinate",
    ("u' = u, u(0) = 1", "--on", "0,1"): "this is no interval",
    ("u' = u, u(0) = 1", "--on", "x=0,one"): "'one' is not a number (column 5)\n  x=0,one\n      ^^^",
    ("u' = u, u(0) = 1", "--on", "x=0,1", "--on", "x=0,2"): "x is given twice",
    ("u' = u, u(0) = 1", "--on", "x=0,1", "--tol", "0"): "tol = 0.0 is no tolerance",
    ("u' = u, u(0) = 1", "--on", "x=0,1", "--tol", "small"): "'small' is not a number (column 1)",
    ("u' = u, u(0) = 1", "--on", "x=0,1", "--trial", "magic"): "unknown trial 'magic'",
    ("u' = u, u(0) = 1", "--on", "x=0,1", "--time-limit", "-1"): "time_limit = -1.0 is no time",
    ("u' = u, u(0) = 1", "--on", "x=0,1", "--seed", "x"): "invalid value for '--seed'",
    (
        "u' = u, u(0) = 1",
    ): "on which domain? Give each coordinate its ends, such as --on x=0,1, or a --region",
    ("--on", "x=0,1"): "missing argument: state an equation and its conditions, or name a TOML file",
}
SINE = ("sin(x)", "--on", "x=0,1")
FIT = {
    (
        *SINE,
        "--model",
        "spline:3",
    ): "there is no model 'spline'; take one of polynomial:DEGREE, legendre:DEGREE",
    (*SINE, "--model", "polynomial"): "'polynomial' is no model: write polynomial:DEGREE with whole numbers",
    (*SINE, "--model", "polynomial:-1"): "'polynomial:-1' is no model",
    (*SINE, "--model", "mlp:32"): "'mlp:32' is no model: write mlp:WIDTHxDEPTH",
    (*SINE, "--model", "mlp:0x2"): "--model mlp:0x2: ",
    (*SINE, "--model", "legendre-unit:999"): "--model legendre-unit:999 is too large: the most is 200",
    (*SINE, "--model", "polynomial:3", "--method", "magic"): "unknown method 'magic'",
    (*SINE, "--model", "polynomial:3", "--points", "0"): "invalid value for '--points'",
    ("sin(y)", "--on", "x=0,1", "--model", "polynomial:3"): "a fit follows a function of x alone",
    ("1/x", "--on", "x=0,1", "--model", "polynomial:3"): "not finite",
    SINE: "missing option '--model'",
}
CASES = [
    *((("derive", text), message) for text, message in DERIVE.items()),
    *((("derive", *words), message) for words, message in OPTIONS.items()),
    *((("solve", *words), message) for words, message in SOLVE.items()),
    *((("fit", *words), message) for words, message in FIT.items()),
    (("derivf",), "no such command 'derivf'. Did you mean 'derive'?"),
    (("--wrong",), "no such option '--wrong'"),
]


@pytest.mark.parametrize(
    ("words", "message"), CASES, ids=lambda case: str(case)[:40].encode("unicode_escape").decode()
)
def test_bad_input_is_named_and_ends_with_code_2(
    words: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert said(err).startswith("error: ")
    assert "Traceback" not in err
    assert ".py" not in err
    assert list(tmp_path.iterdir()) == []
    if words[0] in {"derive", "solve"} and "column" in err:
        lines = err.splitlines()
        assert len(lines) in {3, 4}
        assert set(lines[2].strip()) <= {"^"}
    assert not out

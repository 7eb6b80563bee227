"""Random mathematics, and what is nearly that: each text is read or refused, at once, and nothing in it is run.

python -m tests.language.fuzzing 200000 [SEED]
"""

import contextlib
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pinnlite as pl
from pinnlite.language.equation import parse_statements, split_statements

_ATOMS = ["x", "t", "u", "k", "pi", "e", "0", "1", "2.5", "1e-3", "9", "u_x", "u_xx", "u_t", "du/dx"]
_ATOMS += ["d2u/dx2", "u(x, 0)", "laplacian(u)", "(u^2)_x", "x²", "2x", "π", "∂u/∂t", "nu"]
_PLAIN = ["x", "t", "pi", "e", "0", "1", "2.5", "1e-3", "9", "x²", "2x", "π", "1_0", "P(3, x)", "max(x, t)"]
_CALLS = ["sin", "exp", "log", "sqrt", "tanh", "abs", "max", "min", "P", "erf", "sin", "cos", "sn"]
_SIGNS = ["+", "-", "*", "/", "**", "^", " ", "·"]
_JUNK = [
    *"()[]{},;:=.'\"\\@#$%&|<>?!~`\n\t\0é𝑥∞√",
    "**",
    "1e",
    "__",
    "import os",
    "eval(",
    "lambda x:",
    "u.__class__",
]
_JUNK += ["9**9**9", "(" * 50, "'" * 14, "--", "1/0", "inf", "nan", "on boundary", "exec('1')", "‮", "\ud800"]
_WATCHED = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "pty.spawn")
_SLOW = 0.1  # seconds


def expression(draw: random.Random, depth: int, atoms: Sequence[str]) -> str:
    """Something that is mathematics for the most part."""
    if depth == 0 or draw.random() < 0.2:
        return draw.choice(atoms)
    match draw.randrange(5):
        case 0 | 1:
            return (
                expression(draw, depth - 1, atoms) + draw.choice(_SIGNS) + expression(draw, depth - 1, atoms)
            )
        case 2:
            return f"({expression(draw, depth - 1, atoms)})"
        case 3:
            inner = ", ".join(expression(draw, depth - 1, atoms) for _ in range(draw.choice([1, 1, 2])))
            return f"{draw.choice(_CALLS)}({inner})"
    return "-" + expression(draw, depth - 1, atoms)


def text(draw: random.Random, statements: bool) -> str:
    """An expression, or a statement or several, or one of them with something wrong in it."""
    atoms = _ATOMS if statements else _PLAIN
    made = expression(draw, draw.randrange(6), atoms)
    if statements:
        made = "u_x + u_t + " + made + " = " + expression(draw, draw.randrange(3), atoms)
        for _ in range(draw.choice([0, 0, 1, 3])):
            made += draw.choice(["; u(x, 0) = ", ", u(0, t) = "]) + expression(
                draw, draw.randrange(4), _PLAIN
            )
    if draw.random() < 0.4:
        for _ in range(draw.choice([1, 1, 2, 6])):
            place = draw.randrange(len(made) + 1)
            cut = draw.randrange(3)
            made = made[:place] + draw.choice([*_JUNK, ""]) + made[place + cut :]
    return made


def _importing() -> bool:
    """Whether a module is being imported, whose dataclasses make themselves from text."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
    return False


@dataclass
class Tally:
    """What came of the texts."""

    read: int = 0
    refused: int = 0
    slowest: tuple[float, str] = (0.0, "")
    faults: list[str] = field(default_factory=list)


def run(count: int, seed: int) -> Tally:
    """Read so many texts as expressions, as statements, or as problems."""
    draw, tally, watching = random.Random(seed), Tally(), [False]
    seen: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching[0] or threading.current_thread() is not threading.main_thread():
            return
        of_text = event == "exec" and arguments[0].co_filename.startswith("<s") and not _importing()
        if of_text or event in _WATCHED:
            seen.append(f"{event} {str(arguments)[:80]}")

    sys.addaudithook(watch)
    _read("u_x + x = sin(x)", 1)  # builds what is built once
    _read("sin(x)", 0)
    for number in range(count):
        made = text(draw, statements=number % 2 > 0)
        watching[0] = True
        start = time.process_time()
        try:
            _read(made, number % 2)
            tally.read += 1
        except pl.PinnliteError as error:
            tally.refused += 1
            if not error.report():
                tally.faults.append(f"{made!r}: nothing is said")
        except Exception as error:
            tally.faults.append(f"{made!r}: {type(error).__name__}: {error}")
        seconds = time.process_time() - start
        watching[0] = False
        if seconds > _SLOW:  # which may have been the collection of garbage
            seconds = min(seconds, _again(made, number % 2))
        if seen:
            tally.faults.append(f"{made!r}: {seen.pop()}")
            seen.clear()
        tally.slowest = max(tally.slowest, (seconds, made))
    return tally


def _again(made: str, kind: int) -> float:
    """The seconds of a second reading."""
    start = time.process_time()
    with contextlib.suppress(Exception):
        _read(made, kind)
    return time.process_time() - start


def _read(made: str, kind: int) -> None:
    if kind == 0:
        again = pl.parse(made)
        if pl.parse(str(again)) != again:
            raise ValueError(f"{again} does not read back")
    else:
        for piece in parse_statements(split_statements(made), ("x", "t"), {"k": 2.0, "nu": None}):
            piece.latex()


if __name__ == "__main__":
    found = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(f"{found.read} read, {found.refused} refused, {len(found.faults)} faults")
    print(f"slowest {found.slowest[0]:.3f} s: {found.slowest[1]!r}")
    print("\n".join(found.faults[:20]))
    sys.exit(bool(found.faults) or found.slowest[0] > _SLOW)

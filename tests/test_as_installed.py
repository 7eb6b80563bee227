"""Public paths as users run them: in a process of its own, where no annotation is checked, warnings being errors."""

import ast
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import math, tempfile
import torch
import pinnlite as pl

x = torch.linspace(0, 1, 20, dtype=torch.float64)

def close(found, exact, tol):
    assert (found - exact).norm() <= tol * exact.norm(), (found - exact).norm() / exact.norm()

f = pl.parse("sin(x)*exp(-x)")
close(pl.derivatives(f, x, 2)[2], f.diff("x", 2)(x), 1e-13)

oscillator = pl.solve("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(0, 1), tol=1e-10)
close(oscillator(x), x.sin(), 1e-9)

# Python's own equations and initial conditions, in slabs and on a region
heat = pl.solve(
    pl.equation(lambda u, x, t: u.t - u.xx / math.pi**2),
    pl.condition(lambda u, x: u - torch.sin(math.pi * x), t=0),
    "u = 0 on boundary", x=(0, 1), t=(0, 1),
)
close(heat(x[1:-1], 1.0), torch.sin(math.pi * x[1:-1]) / math.e, 1e-5)
drum = pl.solve(
    "laplacian(u) = -4", pl.condition(lambda u, x, y: u + 0 * x, on="boundary"), on=pl.Disk((0, 0), 1), tol=1e-6
)
close(drum(x / 2, x / 2), 1 - x**2 / 2, 1e-5)

square = pl.solve("Δu = 2", "u = x^2 on boundary", x=(0, 1), y=(0, 1))
close(square(x[1:], x[1:]), x[1:] ** 2, 1e-5)

decay = pl.solve("u' = -k*u", "u(0) = 1", "u(1) = 0.5", t=(0, 1), k=pl.Unknown(1.0))
assert abs(decay.unknowns["k"] - math.log(2)) < 1e-5

network = pl.solve("u' = -u", "u(0) = 1", x=(0, 1), trial="network", tol=1e-4)
close(network(x), (-x).exp(), 1e-3)

rows = oscillator.problem.residuals(torch.sin, oscillator.problem.sample(10))
assert max(row.abs().max() for row in rows.values()) < 1e-15
with tempfile.TemporaryDirectory() as folder:
    oscillator.save(f"{folder}/sine.safetensors")
    assert torch.equal(pl.load(f"{folder}/sine.safetensors")(x), oscillator(x))
fit = pl.fit("sin(x)", pl.Legendre(15, domain=(0, 1)), method="auto", x=(0, 1))
assert fit.error < 1e-10
close(fit(x), x.sin(), 1e-9)
try:
    oscillator.problem.residuals(torch.sin, x)
    raise AssertionError("points without a name were taken")
except pl.ProblemError as error:
    assert "by name, {'interior': ...}" in str(error)
print("done")
"""


MISUSE = {
    "s('a')": "values of x must be real numbers: a number, a list, an array or a tensor; 'a' arrived",
    "s(None)": "None arrived",
    "s(1j)": "1j arrived",
    "s.partial(3)": "a partial derivative is named by text",
    "pl.parse(None)": "parse reads text, not NoneType",
    "pl.data('u', 'a', 'b')": "data('u', ...) must be real numbers",
    "pl.data(3, [0], [1])": "takes the name of what was observed",
    "pl.Unknown('a')": "is a number, and 'a' arrived",
    "pl.equation(3)": "equation takes a Python function",
    "pl.condition(lambda u: u, x='a')": "x='a' is no place",
    "pl.solve(3, x=(0, 1))": "a statement is text",
    "pl.solve('u = 1', x='a')": "neither an interval",
    "pl.solve(p, trial=[])": "unknown trial []",
    "pl.solve(pl.equation(lambda u, x: None), 'u(0) = 1', x=(0, 1))": "returned NoneType",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=300, check=False
    )


def test_the_examples_of_all_docstrings() -> None:
    package = str(Path(__file__).parents[1] / "pinnlite")
    ran = run("-m", "pytest", "--doctest-modules", "-q", "-p", "no:cacheprovider", package)
    assert ran.returncode == 0, ran.stdout


def test_public_paths_without_checked_annotations() -> None:
    """And arguments of the wrong kind, of which the package itself is to speak in words."""
    lines = ["p = pl.Problem(\"u' = u\", 'u(0) = 1', x=(0, 1))", "s = pl.solve(p, tol=1e-3)"]
    for call in MISUSE:
        lines += ["try:", f"    {call}", "except pl.PinnliteError as error:", "    print(repr(str(error)))"]
    ran = run("-W", "error", "-c", "\n".join([PROGRAM, *lines]))
    assert (ran.returncode, ran.stderr) == (0, "")
    done, *told = ran.stdout.splitlines()
    assert done == "done"
    for message, expected in zip(told, MISUSE.values(), strict=True):
        assert expected in ast.literal_eval(message)

"""Importing the package: cheap, complete, and without a trace in the state of anything else."""

import subprocess
import sys

import pytest

import pinnlite as pl

HEAVY = ("torch", "numpy", "matplotlib", "sympy", "scipy", "lark", "click")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_loads_nothing_heavy() -> None:
    assert python(f"import sys, pinnlite; print(set({HEAVY}) & set(sys.modules))") == "set()\n"


def test_nothing_is_loaded_without_need_and_nothing_global_changes() -> None:
    """Tensors load no plotting, no algebra and no science; all names together leave the state of others alone."""
    code = """
import random, sys, warnings, numpy, torch
def state():
    return (
        torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads(), torch.initial_seed(),
        torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled(), torch.get_rng_state().tolist(),
        str(numpy.random.get_state()), random.getstate(), list(warnings.filters), numpy.geterr(),
    )
x = torch.ones(1, requires_grad=True)
torch.autograd.grad(x * x, x, torch.ones(1))  # imports SymPy, whoever asks for it, which adds a filter of warnings
before, loaded = state(), set(sys.modules)
import pinnlite as pl
f = pl.parse("sin(x)")
pl.partials(lambda X: f(X[:, 0]), torch.ones(3, 1, dtype=torch.float64), [(2,)])
pl.fit(f, pl.Polynomial(3), x=(0, 1))
pl.solve("u' = u", "u(0) = 1", x=(0, 1))
print(({"matplotlib", "sympy", "scipy", "click"} & set(sys.modules)) - loaded)
for name in pl.__all__:
    getattr(pl, name)
import pinnlite.cli, pinnlite.report.plots
print({a == b for a, b in zip(before, state(), strict=True)})
"""
    assert python(code) == "set()\n{True}\n"


@pytest.mark.parametrize("name", pl.__all__)
def test_every_listed_name_is_there(name: str) -> None:
    assert getattr(pl, name).__module__.startswith("pinnlite.")
    assert name in dir(pl)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        pl.no_such_name  # noqa: B018

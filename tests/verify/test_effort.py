"""What SciPy takes for an error: the run that is chosen is measured again against the closed form."""

import pytest
import torch

from pinnlite.problem.problem import Problem
from pinnlite.verify.effort import reference_effort
from tests.problems.ordinary import BRATU, OSCILLATOR, Known


@pytest.mark.parametrize(
    ("known", "error", "methods"),
    [
        (OSCILLATOR, 1e-4, {"DOP853", "LSODA", "Radau"}),
        (OSCILLATOR, 1e-9, {"DOP853", "LSODA"}),
        (BRATU, 1e-8, {"solve_bvp"}),
    ],
    ids=lambda value: value.name if isinstance(value, Known) else None,
)
def test_the_run_reaches_the_error(known: Known, error: float, methods: set[str]) -> None:
    effort = reference_effort(Problem(*known.statements, **known.names), error, known.exact)
    assert effort.reached
    assert effort.run.method in methods
    assert known.error(effort.run.curve) == pytest.approx(effort.error, rel=0.1)
    assert effort.error <= error
    assert 0 < effort.seconds < 1
    assert str(effort).startswith(f"{effort.run}: error {effort.error:.1e} in ")


def test_without_a_truth_scipy_at_its_tightest_is_one() -> None:
    problem = Problem(*OSCILLATOR.statements, **OSCILLATOR.names)
    effort = reference_effort(problem, 1e-7)
    assert effort.reached
    assert OSCILLATOR.error(effort.run.curve) == pytest.approx(effort.error, rel=0.1)


def test_what_cannot_be_reached_is_said() -> None:
    """A truth that is off by 1e-9: no run comes closer than that but by the chance of its own error."""
    problem = Problem("u' = -u", "u(0) = 1", x=(0, 0.1))
    effort = reference_effort(problem, 1e-13, lambda x: torch.exp(-x) * (1 + 1e-9))
    assert not effort.reached
    assert effort.error == pytest.approx(1e-9, rel=0.1)
    assert ", short of 1e-13, in " in str(effort)

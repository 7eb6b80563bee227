"""Is the error estimate to be believed? True and estimated error side by side, over the collection.

The rule: the estimate lies within a factor of ten of the true error, and a solution that says it has converged is
within ten times the tolerance. Run with ``-s`` to see the table.
"""

import pytest

import pinnlite as pl
from tests.problems.evolution import EVOLUTION
from tests.problems.ordinary import ORDINARY, Known


def assert_honest(known: Known, solution: pl.Solution, tol: float) -> None:
    """The rule, down to ``known.floor``, where the reference itself is no better."""
    true = known.error(solution)
    print(
        f"{known.name:30s} tol {tol:.0e}  true {true:.1e}  estimated {solution.error:.1e}  {solution.seconds:.2f} s"
    )
    assert solution.converged, solution.status
    assert true <= max(tol, known.floor)
    assert true <= max(10 * solution.error, known.floor)
    assert solution.error <= max(10 * true, known.floor)


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("known", ORDINARY, ids=lambda k: k.name)
def test_the_estimate_is_within_a_factor_of_ten(known: Known, tol: float) -> None:
    assert_honest(known, pl.solve(*known.statements, tol=tol, **known.names), tol)


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("known", EVOLUTION, ids=lambda k: k.name)
def test_the_estimate_of_an_evolution_is_within_a_factor_of_ten(known: Known, tol: float) -> None:
    assert_honest(known, pl.solve(*known.statements, tol=tol, **known.names), tol)


@pytest.mark.parametrize("known", [*ORDINARY, *EVOLUTION], ids=lambda k: k.name)
def test_a_problem_of_the_collection_is_its_statement_and_domain(known: Known) -> None:
    """No settings but numbers and intervals: whatever makes a problem easy would have to stand here."""
    assert all(isinstance(statement, str) for statement in known.statements)
    assert all(isinstance(value, int | float | tuple) for value in known.names.values())
    assert not set(known.names) & {"tol", "trial", "method", "seed", "time_limit", "progress"}

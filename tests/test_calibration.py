"""Is the error estimate to be believed? True and estimated error side by side, over the collection.

The rule: the estimate lies within a factor of ten of the true error, and a solution that says it has converged is
within ten times the tolerance. Run with ``-s`` to see the table.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import pinnlite as pl
from pinnlite.solving.networks import by_network
from tests.problems.elliptic import POISSON_5D, SMOOTH
from tests.problems.evolution import BURGERS, EVOLUTION
from tests.problems.known import Known
from tests.problems.ordinary import ORDINARY
from tests.problems.regions import HEAT_ON_DISK, HELMHOLTZ, POISSON_3D, ROBIN, SQUARE
from tests.problems.regions import POISSON_5D as POISSON_IN_5D


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


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-9])  # and that of the target, in solving/test_solve.py
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


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("known", SMOOTH, ids=lambda k: k.name)
def test_the_estimate_on_boxes_is_within_a_factor_of_ten(known: Known, tol: float) -> None:
    assert_honest(known, pl.solve(*known.statements, tol=tol, **known.names), tol)


class Begun:
    """What solves of one problem to different tolerances have in common, done once: all draws are from one seed."""

    def __init__(self) -> None:
        self.networks: list[Any] = []
        self.more: Iterator[Any] | None = None

    def candidates(self, networks: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
        """The networks that were trained already, then further ones."""
        self.more = self.more or networks(*arguments)
        yield from self.networks
        for candidate in self.more:
            self.networks.append(candidate)
            yield candidate


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    one = Begun()
    monkeypatch.setattr(by_network, "_in_a_region", partial(one.candidates, by_network._in_a_region))
    return one


CLASSES = [
    *((known, "features", (1e-3, 1e-6, 1e-8)) for known in (SQUARE, ROBIN)),
    (SQUARE, "network", (1e-2, 1e-4, 1e-6)),
    *(
        pytest.param(*row, marks=pytest.mark.long)
        for row in (
            (POISSON_5D, "legendre", (1e-2, 1e-4, 1e-6)),
            *(
                (known, "features", (1e-2, 1e-3, 1e-4))
                for known in (HEAT_ON_DISK, HELMHOLTZ, POISSON_3D, POISSON_IN_5D)
            ),
            (HELMHOLTZ, "network", (1e-2, 1e-3, 1e-4)),
            (BURGERS, "network", (5e-2, 1e-2, 4e-3)),
        )
    ),
]


@pytest.mark.parametrize(
    ("known", "trial", "tolerances"),
    CLASSES,
    ids=lambda value: value.name if isinstance(value, Known) else value if isinstance(value, str) else "",
)
def test_each_class_is_calibrated(
    known: Known, trial: str, tolerances: tuple[float, ...], begun: Begun
) -> None:
    """Rows that the collection lists for more than one class of trial functions, or in many coordinates."""
    for tol in tolerances:
        solution = pl.solve(*known.statements, tol=tol, trial=trial, **known.names)
        assert_honest(known, solution, tol)

"""Comparisons with references, against closed forms: the error, and how good the reference says it is."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import pinnlite as pl
from pinnlite.errors import ProblemError, ShapeError
from pinnlite.problem.first_order import FirstOrder
from pinnlite.problem.problem import Problem
from pinnlite.trials.reference import gauss_nodes, radau_nodes
from pinnlite.verify.comparison import compare
from pinnlite.verify.integrators import InitialValues, posed
from pinnlite.verify.quadrature import quadrature
from tests.problems.ordinary import BRATU, LANE_EMDEN, LAYER, OSCILLATOR, OSCILLATOR_BOUNDARY, Known

STIFF = Known(
    "stiff relaxation to cos t",
    ("u' = -1e5*(u - cos(t)) - sin(t)", "u(0) = 2"),
    {"t": (0, 1)},
    lambda t: {"u": torch.cos(t) + torch.exp(-1e5 * t)},
    points=lambda: torch.cat([torch.zeros(1), torch.logspace(-9, 0, 900)]).double(),
)
MIDDLE = Known(
    "from the middle to both ends",
    ("u'' = -u", "u(1) = 1", "u'(1) = 0"),
    {"x": (0, 3)},
    lambda x: {"u": torch.cos(x - 1)},
)
PAIR = Known(
    "a system",
    ("x' = y", "y' = -x", "x(0) = 0", "y(0) = 2"),
    {"t": (0, 5)},
    lambda t: {"x": 2 * torch.sin(t), "y": 2 * torch.cos(t)},
)
PERIODIC = Known(
    "periodic",
    ("u'' - u = -5sin(2x)", "u(0) = u(2pi)", "u'(0) = u'(2pi)"),
    {"x": (0, 2 * math.pi)},
    lambda x: {"u": torch.sin(2 * x)},
)


class Function:
    """A trial made of a function with its first derivative, so that an error can be made on purpose."""

    def __init__(self, *derivatives: Callable[[Tensor], Tensor]) -> None:
        self.derivatives = derivatives

    def partials(self, X: Tensor, wanted: object) -> dict[object, Tensor]:
        return {(name, index): self.derivatives[index[0]](X[:, 0]) for name, index in wanted}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("known", "reference"),
    [
        (LANE_EMDEN, "SciPy's solve_ivp (DOP853"),
        (MIDDLE, "SciPy's solve_ivp (DOP853, rtol = 1e-13)"),
        (PAIR, "SciPy's solve_ivp (DOP853"),
        (STIFF, "SciPy's solve_ivp (LSODA"),
        (OSCILLATOR_BOUNDARY, "SciPy's solve_bvp (tol ="),
        (BRATU, "SciPy's solve_bvp (tol ="),
        (PERIODIC, "SciPy's solve_bvp (tol ="),
        (LAYER, "SciPy's solve_bvp (tol ="),
    ],
    ids=lambda value: value.name if isinstance(value, Known) else "",
)
def test_a_good_solution_is_as_close_to_scipy_as_scipy_is_to_the_truth(known: Known, reference: str) -> None:
    solution = pl.solve(*known.statements, tol=1e-10, **known.names)
    found = solution.compare()
    assert found.reference.startswith(reference)
    assert found.reference_error is not None
    assert found.reference_error < 1e-10
    assert known.error(solution) < 1e-10
    assert found.error <= known.error(solution) + found.reference_error


@pytest.mark.parametrize("reference", [None, torch.sin], ids=["SciPy", "callable"])
@pytest.mark.parametrize("wrong", [1e-3, 1e-6, 1e-9])
def test_an_error_made_on_purpose_is_measured(
    wrong: float, reference: Callable[[Tensor], Tensor] | None
) -> None:
    """|wrong cos| / |sin| = wrong on a whole period."""
    problem = Problem(*OSCILLATOR.statements, **OSCILLATOR.names)
    trial = Function(lambda x: torch.sin(x) + wrong * torch.cos(x))
    assert compare(problem, trial, reference).error == pytest.approx(wrong, rel=1e-3)


def test_errors_by_unknown() -> None:
    problem = Problem(*PAIR.statements, **PAIR.names)
    exact = {"x": lambda t: 2.002 * torch.sin(t), "y": lambda t: 2 * torch.cos(t)}

    class Wrong:
        def partials(self, X: Tensor, wanted: object) -> dict[object, Tensor]:
            return {key: exact[key[0]](X[:, 0]) for key in wanted}  # type: ignore[attr-defined]

    found = compare(problem, Wrong())
    assert found.errors == {"x": pytest.approx(1e-3, rel=1e-6), "y": pytest.approx(0.0, abs=1e-11)}
    assert found.error == found.errors["x"]
    assert re.fullmatch(
        r"relative L2 error 1\.0e-03 \(x 1\.0e-03, y \d\.\de-1\d\) against SciPy's solve_ivp "
        r"\(DOP853, rtol = 1e-13\), which is itself good to \de-1\d and took \d+\.\d\d s",
        str(found),
    )


def test_of_two_solutions_the_one_that_is_meant_is_the_reference() -> None:
    """Bratu's problem has an upper branch: theta solves theta = sqrt(2) cosh(theta / 4) at 10.9 too."""
    theta = 10.938702772
    upper = lambda x: -2 * torch.log(torch.cosh((x - 0.5) * theta / 2) / math.cosh(theta / 4))  # noqa: E731
    slope = lambda x: -theta * torch.tanh((x - 0.5) * theta / 2)  # noqa: E731
    problem = Problem(*BRATU.statements, **BRATU.names)
    assert compare(problem, Function(upper, slope)).error < 1e-8


def test_only_what_was_reached_is_compared() -> None:
    solution = pl.solve("u' = 2x*u^2", "u(0) = 1", x=(0, 2), tol=1e-8)
    assert solution.reached is not None
    short = compare(solution.problem, solution.trial, reached=(0.0, 0.5))  # type: ignore[arg-type]
    assert short.error < 1e-8
    assert math.isfinite(solution.compare(lambda x: 1 / (1 - x * x)).error)


def test_a_reference_in_numpy_and_as_a_dict() -> None:
    solution = pl.solve("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(0, 1), tol=1e-9)
    assert solution.compare(lambda x: np.sin(x.numpy())).error < 1e-9
    found = solution.compare(lambda x: {"u": torch.sin(x)})
    assert found.error < 1e-9
    assert found.reference_error is None
    assert str(found).startswith("relative L2 error ")
    assert "against the callable <lambda>, which took" in str(found)


@pytest.mark.parametrize(
    ("reference", "error", "message"),
    [
        (lambda x: torch.sin(x).sum(), ShapeError, "a tensor of shape () for u at "),
        (lambda x: torch.sin(x)[:, None], ShapeError, "give one value for each, shape ("),
        (lambda x: 1 / (x - x), ProblemError, "the reference is not finite at "),
        (lambda x: {"v": x}, ProblemError, "the reference gives no values of u: return a dict with u"),
    ],
)
def test_references_that_are_none(
    reference: Callable[[Tensor], Tensor], error: type[Exception], message: str
) -> None:
    problem = Problem("u' = u", "u(0) = 1", x=(0, 1))
    with pytest.raises(error, match=re.escape(message)):
        compare(problem, Function(torch.exp), reference)


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (("u'' = u", "u(0) = 1", "u(0.5) = 2"), "cannot take the condition 'u(0.5) = 2'"),
        (("u'' = u", "u(0) = 1", "integral(u, x) = 2"), "cannot take the condition 'integral(u, x) = 2'"),
        (("u'' = u", "u(0) = 1", "u''(1) = 2"), "cannot take the condition 'u''(1) = 2'"),
    ],
)
def test_what_scipy_cannot_be_given(statements: tuple[str, ...], message: str) -> None:
    with pytest.raises(ProblemError, match=re.escape(message)):
        posed(FirstOrder(Problem(*statements, x=(0, 1))))


def test_an_integration_that_does_not_arrive() -> None:
    posing = posed(FirstOrder(Problem("u' = u", "u(0) = 1", x=(0, 2))))
    assert isinstance(posing, InitialValues)
    with pytest.raises(ProblemError, match=r"SciPy's Radau did not get from 0 to 2 in 40 evaluations"):
        posing.run("Radau", 1e-8, most=40)


def test_there_is_nothing_to_compare_where_nothing_was_found() -> None:
    solution = pl.Solution(
        Problem("u' = u", "u(0) = 1", x=(0, 1)), None, "network", math.inf, 1e-6, "It failed.", 0.0
    )
    with pytest.raises(ProblemError, match=r"there is no solution to compare: It failed\."):
        solution.compare()


def test_quadrature_is_exact_for_polynomials() -> None:
    problem = Problem("u' = u", "u(1) = 1", x=(1, 3))
    X, weights = quadrature(problem)
    assert (weights * X[:, 0] ** 15).sum().item() == pytest.approx((3**16 - 1) / 16, rel=1e-14)
    box = Problem("u_t = u_xx", "u(x, 0) = 1", "u(0, t) = 0", "u(1, t) = 0", x=(0, 1), t=(0, 2))
    X, weights = quadrature(box)
    assert (weights * X[:, 0] ** 9 * X[:, 1] ** 20).sum().item() == pytest.approx(0.1 * 2**21 / 21, rel=1e-13)


def test_quadrature_keeps_clear_of_the_solvers_points() -> None:
    solution = pl.solve("u' = -u", "u(0) = 1", x=(0, 4), tol=1e-6)
    edges = solution.trial.edges  # type: ignore[union-attr]
    X, _ = quadrature(solution.problem, solution.trial)
    half = (edges[1:] - edges[:-1])[:, None] / 2
    for nodes in [rule(n) for rule in (gauss_nodes, radau_nodes) for n in range(4, 40)]:
        used = (edges[:-1, None] + half * (1 + torch.tensor(nodes, dtype=torch.float64))).flatten()
        assert (X - used).abs().min() > 1e-9


def test_a_network_is_compared_on_points() -> None:
    problem = pl.Problem("u_xx + u_yy = 0", "u = x + 2*y on boundary", x=(0, 1), y=(0, 1))
    plane = torch.nn.Linear(2, 1).double()
    with torch.no_grad():
        plane.weight.copy_(torch.tensor([[1.0, 2.0]]))
        plane.bias.zero_()
    solution = pl.solve(problem)
    assert solution.compare(plane).error < 1e-9
    assert solution.compare(lambda x, y: x + 2 * y).error < 1e-9

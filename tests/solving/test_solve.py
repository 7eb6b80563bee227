"""solve: the true error against the tolerance and against the solver's own estimate, by every trial."""

import math
import re
import warnings

import pytest
import torch

import pinnlite as pl
from pinnlite.solving.clock import Clock
from pinnlite.solving.networks.posing import AlongALine
from pinnlite.solving.networks.training import Training, network
from pinnlite.solving.residuals import INTERRUPTED
from pinnlite.trials.elements import Elements
from tests.problems.ordinary import (
    BRATU,
    LOTKA_VOLTERRA,
    ORDINARY,
    OSCILLATOR,
    OSCILLATOR_BOUNDARY,
    SCALAR,
    Known,
)
from tests.test_calibration import assert_honest


def solve(known: Known, **options: object) -> pl.Solution:
    return pl.solve(*known.statements, **options, **known.names)


@pytest.mark.parametrize("known", ORDINARY, ids=lambda k: k.name)
def test_elements_reach_the_targets(known: Known) -> None:
    assert_honest(known, solve(known, tol=known.tolerance), known.tolerance)


@pytest.mark.parametrize("known", [*SCALAR, LOTKA_VOLTERRA], ids=lambda k: k.name)
def test_random_features_in_windows(known: Known) -> None:
    """True error within the tolerance, never ten times the estimate; below 1e-11 the estimate may be pessimistic."""
    solution = solve(known, trial="features", tol=1e-9)
    true = known.error(solution)
    assert solution.converged, solution.status
    assert solution.kind == "random features"
    assert true <= 1e-9
    assert true <= max(10 * solution.error, known.floor)
    assert solution.error <= max(10 * true, 2e-11)


def test_one_layer_of_random_features() -> None:
    one_layer = pl.GaussNewton(steps=40)
    assert_honest(BRATU, solve(BRATU, trial="features", method=one_layer, tol=1e-7), 1e-7)


@pytest.mark.parametrize("known", [OSCILLATOR, OSCILLATOR_BOUNDARY], ids=lambda k: k.name)
def test_random_features_reach_twelve_digits(known: Known) -> None:
    assert_honest(known, solve(known, trial="features", tol=1e-12), 1e-12)


@pytest.mark.parametrize("known", [OSCILLATOR, OSCILLATOR_BOUNDARY], ids=lambda k: k.name)
def test_network(known: Known) -> None:
    assert_honest(known, solve(known, trial="network", tol=1e-7), 1e-7)


def test_training_the_hidden_layers_finds_what_a_draw_lacks() -> None:
    """u = tanh((x - 0.3)/0.02): the output layer alone misses the step, trained layers gain two digits and more."""
    problem = pl.Problem("u' = (1 - tanh((x - 0.3)/0.02)^2)/0.02", "u(0) = tanh(-15)", x=(0, 1))
    x = torch.linspace(0, 1, 501, dtype=torch.float64)
    exact = torch.tanh((x - 0.3) / 0.02)
    errors = []
    for steps in (None, pl.GaussNewton(steps=60, damping=1e-6)):
        generator = torch.Generator().manual_seed(0)
        module = network(problem, (16, 40), generator)
        training = Training(AlongALine(problem), module, 120, "auto", Clock.started(None))
        training.output_layer(1e-3)
        if steps is not None:
            training.all_layers(steps)
        training.output_layer(0.0)
        values = training.trial.partials(x[:, None], [("u", (0,))])["u", (0,)]
        errors.append(((values - exact).norm() / exact.norm()).item())
    drawn, trained = errors
    assert drawn > 1e-3
    assert trained < 1e-2 * drawn


def test_what_features_cannot_resolve_is_not_called_converged() -> None:
    """Two draws that both miss a layer agree with each other; the equation, left unbalanced, gives them away."""
    solution = pl.solve(
        "-eps*u'' + u' = 1",
        "u(0) = 0",
        "u(1) = 0",
        x=(0, 1),
        eps=1e-6,
        trial="features",
        method=pl.GaussNewton(steps=1, damping=0.0),
        tol=1e-2,
        time_limit=2,
    )
    assert not solution.converged


def test_a_module_of_the_users_own_is_trained_in_place() -> None:
    generator = torch.Generator().manual_seed(1)
    net = pl.MLP(1, 1, width=12, depth=1, generator=generator)
    solution = pl.solve("u' = -u", "u(0) = 1", x=(0, 1), trial=net, tol=1e-4)
    x = torch.linspace(0, 1, 99, dtype=torch.float64)
    true = ((solution(x) - torch.exp(-x)).norm() / torch.exp(-x).norm()).item()
    assert solution.converged
    assert true == pytest.approx(solution.error, rel=0.5)
    assert solution(0.0).item() == pytest.approx(1.0, abs=1e-15)  # the condition is built in


@pytest.mark.parametrize(
    ("statements", "interval", "exact"),
    [
        (("u' = u", "u(2) = 1"), (0, 2), lambda x: torch.exp(x - 2)),  # backwards
        (("u'' = -u", "u(1) = 1", "u'(1) = 0"), (0, 3), lambda x: torch.cos(x - 1)),  # from the middle
        (("u'' = -u", "u'(0) + 2u(0) = 1", "u'(0) - u(0) = 1"), (0, 3), torch.sin),  # Robin, one end
        (
            ("u'' = -u", "u'(0) + u(0) = 1", "u(2) - u'(2) = sin(2) - cos(2)"),
            (0, 2),
            torch.sin,
        ),  # Robin, both
        (
            ("u'' + u = 3sin(2x)", "u(0) = u(2pi)", "u'(0) = u'(2pi)"),
            (0, 2 * math.pi),
            None,
        ),  # not determined
        (
            ("u'' - u = -5sin(2x)", "u(0) = u(2pi)", "u'(0) = u'(2pi)"),
            (0, 2 * math.pi),
            lambda x: torch.sin(2 * x),
        ),
        (("u'''' = 24", "u(0) = 0", "u'(0) = 0", "u(1) = 1", "u''(1) = 12"), (0, 1), lambda x: x**4),
        (("u''' = -u'", "u(0) = 0", "u'(0) = 1", "u(1) = sin(1)"), (0, 1), torch.sin),
        (("u'' + u'^2 = 0", "u(0) = 0", "u(1) = log(2)"), (0, 1), lambda x: torch.log(1 + x)),
        (("u*u' = x", "u(0) = 1"), (0, 2), lambda x: torch.sqrt(1 + x * x)),
        (("u' = 2x", "u(0) = 0"), (0, 2), lambda x: x**2),  # the unknown only in its derivative
        (
            ("u'' = u", "u(0) = 1", "u(0.5) = exp(-0.5)"),
            (0, 1),
            lambda x: torch.exp(-x),
        ),  # an inner condition
        (
            ("u' = u", "u(0)^2 + u(0) = 2"),
            (0, 1),
            torch.exp,
        ),  # a nonlinear condition, the root that Newton finds
    ],
)
def test_conditions_of_every_kind(
    statements: tuple[str, ...], interval: tuple[float, float], exact: object
) -> None:
    solution = pl.solve(*statements, x=interval, tol=1e-10)
    if exact is None:
        assert not solution.converged
        return
    x = torch.linspace(*interval, 333, dtype=torch.float64)
    expected = exact(x)  # type: ignore[operator]
    assert solution.converged, solution.status
    assert (solution(x) - expected).norm() <= 1e-10 * expected.norm()


def test_systems() -> None:
    solution = pl.solve("x' = y", "y' = -x", "x(0) = 0", "y(0) = 1", t=(0, 5), tol=1e-11)
    t = torch.linspace(0, 5, 100, dtype=torch.float64)
    values = solution(t)
    assert torch.allclose(values["x"], torch.sin(t), atol=1e-11)
    assert torch.allclose(values["y"], torch.cos(t), atol=1e-11)
    assert torch.allclose(solution.partial("x_t")(t), torch.cos(t), atol=1e-11)


@pytest.mark.parametrize(
    "statements",
    [
        ("u'' + u = 0", "u(0) = 0", "u(pi) = 1"),  # no solution
        ("u'' + u = 0", "u(0) = 0", "u(pi) = 0"),  # c sin(x) for every c
        ("u'' + u = 0", "u'(0) = 0", "u'(pi) = 0"),  # c cos(x)
    ],
)
def test_what_has_no_solution_or_many_is_not_called_converged(statements: tuple[str, ...]) -> None:
    solution = pl.solve(*statements, x=(0, math.pi))
    assert not solution.converged
    assert "have no solution or many" in solution.status
    with pytest.raises(pl.ProblemError, match="there is no solution to evaluate"):
        solution(1.0)


def test_a_pulse_between_the_nodes_is_found() -> None:
    """A hat of a fiftieth of the domain, whose integral is 0.01; every node of one element misses it."""
    solution = pl.solve("u' = max(0, 1 - abs(x - 0.73)/0.01)", "u(0) = 0", x=(0, 1), tol=1e-3)
    assert solution(1.0).item() == pytest.approx(0.01, rel=1e-3)


def test_a_singular_end_is_not_called_more_accurate_than_it_is() -> None:
    solution = pl.solve("sqrt(x)*u' = 1", "u(0) = 0", x=(0, 1), tol=5e-10)
    assert abs(solution(1.0).item() - 2) <= 10 * solution.error


def test_a_module_that_falls_short_is_not_replaced_by_its_check() -> None:
    """One unit cannot follow a sine over two periods: what comes back is the module all the same, and says so."""
    net = pl.MLP(1, 1, width=1, depth=1, generator=torch.Generator().manual_seed(0))
    solution = pl.solve("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(0, 12), trial=net, tol=1e-3)
    assert not solution.converged
    x = torch.linspace(0, 12, 50, dtype=torch.float64)
    assert (solution(x) - torch.sin(x)).norm() > 1e-3 * torch.sin(x).norm()


def test_blow_up_is_reported_with_its_place() -> None:
    solution = pl.solve("u' = u^2", "u(0) = 1", x=(0, 2), tol=1e-8)
    assert not solution.converged
    assert "blow up" in solution.status
    assert re.search(r"near 1\b", solution.status)
    assert solution(0.5).item() == pytest.approx(2.0, rel=1e-8)
    with pytest.raises(pl.ProblemError, match="only found on x"):
        solution(1.5)


def test_a_solution_is_a_differentiable_function() -> None:
    solution = solve(OSCILLATOR, tol=1e-12)
    x = torch.linspace(0.1, 6, 7, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(pl.diff(solution(x), x), torch.cos(x), atol=1e-10)
    assert torch.allclose(solution.partial("xx")(x), -torch.sin(x), atol=1e-11)
    assert torch.allclose(solution.partial("u_x")(x=x), torch.cos(x), atol=1e-11)
    assert solution(x.reshape(7, 1)).shape == (7, 1)
    assert solution.residual(x).abs().max() < 1e-11


def test_outside_the_domain_warns() -> None:
    solution = solve(OSCILLATOR)
    with pytest.warns(UserWarning, match=r"x lies outside \[0, 6.28"):
        solution(7.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution(2 * math.pi)


def test_time_limit_returns_what_there_is() -> None:
    solution = pl.solve("u'' + u = 0", "u(0) = 1", "u'(0) = 0", x=(0, 1e5), tol=1e-12, time_limit=0.3)
    assert not solution.converged
    assert "time limit" in solution.status
    assert solution.seconds < 0.6


@pytest.mark.parametrize("trial", ["features", "network"])
def test_time_limit_of_other_trials(trial: str) -> None:
    """A tenth more than the limit; the rest is for a machine that does other things besides."""
    pl.solve("u' = u", "u(0) = 1", x=(0, 1), trial=trial, tol=1e-2)  # what a process loads once is not timed
    long = {"features": 1e5, "network": 200.0}[trial]
    solution = pl.solve(
        "u'' + u = 0", "u(0) = 1", "u'(0) = 0", t=(0, long), trial=trial, tol=1e-12, time_limit=1.5
    )
    assert not solution.converged
    assert "time limit" in solution.status
    assert solution.seconds < 1.5 * 1.1 + 0.5


@pytest.mark.parametrize("trial", ["features", "network", "module"])
def test_an_interrupt_returns_the_best_so_far(trial: str) -> None:
    count, calls = 0, {"features": 200, "network": 60, "module": 60}[trial]

    def interrupted(u: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        nonlocal count
        count += 1
        if count > calls:
            raise KeyboardInterrupt
        return u.xx + torch.sin(20 * u) * torch.cos(9 * x)  # type: ignore[attr-defined]

    module = pl.MLP(1, 1, width=8, depth=1, generator=torch.Generator().manual_seed(1))
    solution = pl.solve(
        pl.equation(interrupted),
        "u(0) = 1",
        "u'(0) = 0",
        x=(0, 30),
        tol=1e-12,
        trial=module if trial == "module" else trial,
    )
    assert count == calls + 1
    assert not solution.converged
    assert solution.status == INTERRUPTED
    assert torch.isfinite(solution(0.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tol": 0}, "tol = 0 is no tolerance"),
        ({"tol": -1e-3}, "tol = -0.001 is no tolerance"),
        ({"tol": 1e-15}, "tol = 1e-15 is no tolerance: give a relative error from 1e-14"),
        ({"tol": math.nan}, "tol = nan is no tolerance"),
        ({"trial": "magic"}, "unknown trial 'magic': choose one of auto, legendre, features, network"),
        ({"time_limit": 0}, "time_limit = 0 is no time"),
        ({"tolerance": 1e-3}, "the parameter tolerance appears in no statement: did you mean tol?"),
        ({"toll": 1e-3}, "the parameter toll appears in no statement: did you mean tol?"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, object], message: str) -> None:
    with pytest.raises(pl.ProblemError, match=re.escape(message)):
        pl.solve("u' = u", "u(0) = 1", x=(0, 1), **options)


def test_a_wrong_call_of_the_solution_says_how_to_call_it() -> None:
    solution = solve(OSCILLATOR)
    with pytest.raises(pl.ProblemError, match=r"call it as sol\(x\) or sol\(x=...\)"):
        solution(y=1.0)
    with pytest.raises(pl.ProblemError, match="'u_y' is no partial derivative here: write one like 'u_xx'"):
        solution.partial("u_y")
    for primes, letters in (("u'", "x"), ("u''", "xx")):
        assert solution.partial(primes)(1.0) == solution.partial(letters)(1.0)


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_what_the_caller_does_not_record_is_solved_and_fitted_all_the_same(
    off: type[torch.no_grad] | type[torch.inference_mode],
) -> None:
    model = pl.MLP(1, 1, width=8, depth=1)
    with off():
        solution = pl.solve(pl.equation(lambda u, x: u.x + u), "u(0) = 1", x=(0, 1))
        fit = pl.fit("sin(x)", model, x=(-1, 1))
        assert solution.converged
        assert solution.compare().error < 1e-6
        assert fit.error < 1e-2
    x = torch.linspace(0, 1, 5, dtype=torch.float64, requires_grad=True)
    assert (pl.diff(solution(x), x) + torch.exp(-x)).abs().max() < 1e-6


@pytest.mark.parametrize(("k", "end"), [(10, 4), (3, 15), (7, 6)])
def test_rounding_that_outgrows_the_solution_is_no_agreement(k: int, end: float) -> None:
    """exp(-kt) beside exp(kt), which rounding makes 1e-16 of at the start: both marches may be wrong alike."""
    solution = pl.solve(f"u'' = {k * k}u", "u(0) = 1", f"u'(0) = -{k}", t=(0, end), tol=0.1)
    assert not solution.converged
    assert "rounding" in solution.status


def test_an_unknown_that_is_small_beside_another() -> None:
    """c/(1 + t) beside exp(-t): Newton's method ended where the larger one had converged, and the march with it."""
    c = 1e-11
    solution = pl.solve("x' = -x", f"y' = -y^2/{c}", "x(0) = 1", f"y(0) = {c}", t=(0, 20), tol=1e-10)
    t = torch.linspace(0, 20, 401, dtype=torch.float64)
    error = ((solution(t)["y"] * (1 + t) / c - 1).square().mean().sqrt()).item()
    assert solution.converged, solution.status
    assert error < 10 * solution.error + 1e-14


@pytest.mark.parametrize("rate", [1e10, 1e13])
def test_a_layer_thinner_than_a_billionth_of_the_domain(rate: float) -> None:
    """1 - exp(-rate t): its tails once counted as if they lasted, and below 1e-13 the march never got away from it."""
    solution = pl.solve(f"y' = -{rate}*(y - 1)", "y(0) = 0", t=(0, 10), tol=1e-6, time_limit=5)
    t = torch.logspace(-2, 1.3, 50, dtype=torch.float64) / rate
    assert solution.converged, solution.status
    assert solution.error < 1e-9
    assert (solution(t) + torch.expm1(-rate * t)).abs().max() < 1e-6


def test_a_chain_is_not_followed_from_its_first_digits() -> None:
    """y_i = t^i exp(-t) / i!: y_20 is 1e-40 at first, which took an element for every few per cent of growth."""
    n = 20
    chain = [f"y{i}' = y{i - 1} - y{i}" for i in range(1, n + 1)]
    start = ["y0(0) = 1", *(f"y{i}(0) = 0" for i in range(1, n + 1))]
    solution = pl.solve("y0' = -y0", *chain, *start, t=(0, 20), tol=1e-6)
    assert solution.converged, solution.status
    assert isinstance(solution.trial, Elements)
    assert len(solution.trial.edges) < 20
    exact = math.exp(n * math.log(20.0) - 20 - math.lgamma(n + 1))
    assert abs(solution(20.0)[f"y{n}"].item() / exact - 1) < 1e-6


def test_a_positive_parameter_that_is_one() -> None:
    """Its logarithm is 0, of which rounding is any multiple: exact data once led nowhere, noisy ones did."""
    times = [0.5, 1.0, 2.0, 4.0, 8.0]  # B = (exp(-0.3t) - exp(-t)) / 0.7
    seen = pl.data("B", times, [(math.exp(-0.3 * t) - math.exp(-t)) / 0.7 for t in times])
    p, q = (pl.Unknown(0.5, positive=True) for _ in "pq")
    chain = ("A' = -p*A", "B' = p*A - q*B", "A(0) = 1", "B(0) = 0")
    solution = pl.solve(*chain, seen, t=(0, 10), p=p, q=q, time_limit=5)
    assert solution.converged, solution.status
    assert abs(solution.unknowns["p"] - 1) < 1e-9
    assert abs(solution.unknowns["q"] - 0.3) < 1e-9

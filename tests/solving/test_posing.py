"""What a problem may state besides values at places: parameters to be found, integrals, observations, callables."""

import math

import numpy as np
import pytest
import torch

import pinnlite as pl


@pytest.mark.parametrize("mode", [1, 2, 3, 5])
def test_eigenvalues_of_a_string(mode: int) -> None:
    """u'' + k u = 0 between fixed ends: k = (mode pi)^2; the guess picks the mode."""
    exact = (mode * math.pi) ** 2
    solution = pl.solve(
        "u'' + k*u = 0",
        "u(0) = 0",
        "u(1) = 0",
        "integral(u^2, x) = 1",
        x=(0, 1),
        k=pl.Unknown(1.03 * exact),
        tol=1e-10,
    )
    assert solution.converged, solution.status
    assert solution.unknowns["k"] == pytest.approx(exact, rel=1e-12)
    x = torch.linspace(0, 1, 101, dtype=torch.float64)
    assert torch.allclose(solution(x) ** 2, 2 * torch.sin(mode * math.pi * x) ** 2, atol=1e-10)


@pytest.mark.parametrize("level", [0, 1, 2, 4])
def test_energies_of_the_quantum_oscillator(level: int) -> None:
    solution = pl.solve(
        "-u''/2 + x^2*u/2 = E*u",
        "u(-9) = 0",
        "u(9) = 0",
        "integral(u^2, x) = 1",
        x=(-9, 9),
        E=pl.Unknown(level + 0.45),
        tol=1e-9,
    )
    assert solution.converged, solution.status
    assert solution.unknowns["E"] == pytest.approx(level + 0.5, rel=1e-10)


def test_a_parameter_from_one_condition_too_many() -> None:
    solution = pl.solve(
        "u' = -k*u", "u(0) = 1", "u(2) = 0.25", t=(0, 2), k=pl.Unknown(1.0, positive=True), tol=1e-10
    )
    assert solution.unknowns["k"] == pytest.approx(math.log(2), rel=1e-12)


@pytest.mark.parametrize("trial", ["features", "network"])
@pytest.mark.parametrize(
    ("statements", "exact", "k"),
    [
        (("u' = -k*u", "u(0) = 1", "u(2) = 0.25"), lambda t: 0.25 ** (t / 2), math.log(2)),
        (("u'' = 2", "u(0) = 0", "integral(u, t) = 14/3", "u'(0) = k"), lambda t: t * t + t, 1.0),
        (("u'' + k*u = 0", "u(0) = 0", "u(2) = 0", "integral(u^2, t) = 1"), None, math.pi**2 / 4),
        (
            (
                "u' = -k*u",
                "u(0) = 1",
                pl.data("u", [0.5, 1.0, 1.5], [math.exp(-0.4 * t) for t in (0.5, 1.0, 1.5)]),
            ),
            lambda t: torch.exp(-0.4 * t),
            0.4,
        ),
    ],
    ids=["condition", "integral", "eigenvalue", "observations"],
)
def test_features_and_networks_find_parameters_too(
    trial: str, statements: tuple[object, ...], exact: object, k: float
) -> None:
    """Against closed forms, as the elements above; nothing is asked of a network beyond 1e-5."""
    tol = 1e-9 if trial == "features" else 1e-5
    solution = pl.solve(*statements, t=(0, 2), k=pl.Unknown(1.3 * k + 0.1), tol=tol, trial=trial)
    assert solution.converged, solution.status
    assert solution.unknowns["k"] == pytest.approx(k, rel=10 * tol, abs=10 * tol)
    t = torch.linspace(0, 2, 101, dtype=torch.float64)
    if exact is not None:
        assert torch.allclose(solution(t), exact(t), atol=10 * tol)  # type: ignore[operator]


def test_bounds_hold_and_steer() -> None:
    """sin(k) = 1/2 has many roots; the bounds choose 5 pi / 6."""
    solution = pl.solve(
        "u' = sin(k)", "u(0) = 0", "u(1) = 0.5", x=(0, 1), k=pl.Unknown(2.0, bounds=(1.6, 3.0))
    )
    assert solution.unknowns["k"] == pytest.approx(5 * math.pi / 6, rel=1e-9)


def test_an_unknown_in_a_condition() -> None:
    solution = pl.solve("u' = u", "u(0) = a", "u(1) = 2", x=(0, 1), a=pl.Unknown(1.0), tol=1e-11)
    assert solution.unknowns["a"] == pytest.approx(2 / math.e, rel=1e-12)


def test_integral_conditions() -> None:
    """u = x^2 + a x with the integral 1/3 + a/2 = 1."""
    solution = pl.solve("u'' = 2", "u(0) = 0", "integral(u, x) = 1", x=(0, 1), tol=1e-12)
    x = torch.linspace(0, 1, 11, dtype=torch.float64)
    assert torch.allclose(solution(x), x**2 + 4 / 3 * x, atol=1e-13)


def logistic(t: torch.Tensor, start: float, rate: float) -> torch.Tensor:
    return 1 / (1 + (1 / start - 1) * torch.exp(-rate * t))


def test_a_rate_from_exact_observations() -> None:
    t = torch.linspace(0, 5, 30, dtype=torch.float64)
    solution = pl.solve(
        "u' = r*u*(1 - u)",
        "u(0) = 0.1",
        pl.data("u", t, logistic(t, 0.1, 1.7)),
        t=(0, 5),
        r=pl.Unknown(1.0, positive=True),
        tol=1e-9,
    )
    assert solution.converged
    assert solution.unknowns["r"] == pytest.approx(1.7, rel=1e-10)


@pytest.mark.parametrize("equation", ["u' = -k", "u' = -k*u"])
def test_observations_where_all_is_given_say_nothing_of_a_rate(equation: str) -> None:
    solution = pl.solve(equation, "u(0) = 1", pl.data("u", [0.0], [1.0]), x=(0, 1), k=pl.Unknown(1.0))
    assert not solution.converged


def test_noisy_observations_are_met_in_least_squares() -> None:
    """Start and rate both from the data, against SciPy's least squares on the closed form."""
    from scipy.optimize import least_squares

    t = torch.linspace(0, 5, 30, dtype=torch.float64)
    noise = 0.01 * torch.randn(30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    observed = logistic(t, 0.1, 1.7) + noise

    def misfit(p: np.ndarray) -> np.ndarray:
        return (logistic(t, p[0], p[1]) - observed).numpy()

    best = least_squares(misfit, [0.1, 1.5], xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    solution = pl.solve("u' = r*u*(1 - u)", pl.data("u", t, observed), t=(0, 5), r=pl.Unknown(1.3), tol=1e-7)
    assert solution.converged
    assert solution.unknowns["r"] == pytest.approx(best[1], rel=1e-6)
    assert solution(0.0).item() == pytest.approx(best[0], rel=1e-6)


def test_a_callable_and_text_give_identical_results() -> None:
    text = pl.solve("u'' + exp(u) = 0", "u(0) = 0", "u(1) = 0", x=(0, 1), tol=1e-9)
    code = pl.solve(
        pl.equation(lambda u, x: u.xx + torch.exp(u)),
        pl.condition(lambda u: u, x=0),
        pl.condition(lambda u: u, x=1),
        x=(0, 1),
        tol=1e-9,
    )
    x = torch.linspace(0, 1, 101, dtype=torch.float64)
    assert torch.equal(text(x), code(x))
    assert text.error == code.error


def test_callables_take_parameters_and_systems_by_name() -> None:
    solution = pl.solve(
        pl.equation(lambda x, y, w: x.t - w * y),
        pl.equation(lambda x, y, w: y.t + w * x),
        pl.condition(lambda x: x, t=0),
        pl.condition(lambda y: y - 1, t=0),
        t=(0, 3),
        w=2.0,
        tol=1e-10,
    )
    t = torch.linspace(0, 3, 50, dtype=torch.float64)
    assert torch.allclose(solution(t)["x"], torch.sin(2 * t), atol=1e-10)


def test_inside_a_callable_the_values_are_tensors() -> None:
    seen = []

    def residual(u, x):  # type: ignore[no-untyped-def]
        assert u.shape == u.x.shape == x.shape == (len(x),)  # however many elements are solved for at once
        seen.append((repr(u), torch.is_tensor(u.x), torch.is_tensor(x), (2 - u) / 1 + abs(u) ** 2))
        return u.x - torch.cos(x)

    solution = pl.solve(pl.equation(residual), "u(0) = 0", x=(0, 1), tol=1e-9)
    assert solution.converged
    assert all(text.startswith("tensor(") and slope and point for text, slope, point, _ in seen)


def test_what_has_a_default_value_is_no_unknown_function() -> None:
    """The loop's variable is kept in the usual way; x has a value of the problem's all the same."""
    for k in (1.0, 2.0):
        solution = pl.solve(pl.equation(lambda u, x=0.0, k=k: u.x + k * u + 0 * x), "u(0) = 1", x=(0, 1))
        assert solution(1.0).item() == pytest.approx(math.exp(-k), rel=1e-6)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda u, x: u.x - u.mean(), "couples points"),
        (lambda u, x: torch.stack([u.x, u.x]), "returned a tensor of shape"),
        (lambda u, x: u.xyz, "failed on 3 points"),
        (lambda u, v, x: u.x + v.x, "1 equation for 2 unknown functions"),
        (lambda u: u.x - 1 if u > 0 else u.x, "equation <lambda> failed.*write torch.where"),
        (lambda u: u.x - 1 if u else u.x, "write torch.where"),
        (lambda u: u.x - np.sin(u), "write torch.sin"),
        (lambda u: u.x - math.sin(u.x), "write torch.sin"),
        (lambda u: (u.x - u).detach(), "has no derivative of: .* without detach"),
    ],
)
def test_callables_that_cannot_be_an_equation(function: object, message: str) -> None:
    with pytest.raises(pl.ProblemError, match=message):
        pl.solve(pl.equation(function), "u(0) = 1", x=(0, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pl.data("u", [0.0, 1.0], [1.0]), "lengths"),
        (lambda: pl.data("u", [0.0, math.nan], [1.0, 2.0]), "not finite"),
        (lambda: pl.data("u", [1.0]), "coordinates and then the values"),
        (lambda: pl.Unknown(-1.0, positive=True), "not positive"),
        (lambda: pl.Unknown(5.0, bounds=(0, 1)), "does not lie between its bounds"),
        (lambda: pl.condition(lambda u: u), "says where it holds"),
        (
            lambda: pl.Problem("u' = u", "u(0) = 1", pl.data("u", [3.0], [1.0]), x=(0, 1)),
            "outside the domain",
        ),
        (
            lambda: pl.Problem("u' = u", "u(0) = 1", pl.data("w", [0.5], [1.0]), x=(0, 1)),
            "no partial derivative",
        ),
        (lambda: pl.Problem("u' = u", "u(0) = 1", x=(0, 1), k=pl.Unknown(1.0)), "k appears in no statement"),
        (lambda: pl.Problem("u' = k*u", "u(0) = 1", x=(0, 1), k=pl.Unknown(1.0)), "the unknown parameter k"),
        (
            lambda: pl.Problem("u' = u", pl.condition(lambda u: u, t=0), x=(0, 1)),
            "fixes t, which is no coordinate",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, message: str) -> None:
    with pytest.raises(pl.ProblemError, match=message):
        make()  # type: ignore[operator]


def test_the_period_of_a_pendulum() -> None:
    """In s = t/T half a period leads from one turning point to the other: T = 2 K(sin(a/2)) (Jacobi)."""
    from scipy.special import ellipk

    solution = pl.solve(
        "u'' = -T^2*sin(u)",
        "u(0) = 2",
        "u'(0) = 0",
        "u'(1) = 0",
        s=(0, 1),
        T=pl.Unknown(4.1),
        tol=1e-10,
    )
    assert solution.converged, solution.status
    assert solution.unknowns["T"] == pytest.approx(2 * ellipk(math.sin(1) ** 2), rel=1e-11)

"""The examples of ordinary differential equations and of inverse problems: what they return, against oracles."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, least_squares

from tests.examples.running import example, main_of, shown


def test_oscillator() -> None:
    own = example("oscillator")
    own["TOLERANCES"].pop("network")  # trained in tests of its own: the checks of annotations make it slow
    for rows in shown(own["main"])().values():
        for row in rows:
            assert row["error"] <= row["tol"]
            assert row["error"] / 10 < row["estimated"] < 10 * row["error"]


def test_lotka_volterra() -> None:
    """Against DOP853, which leaves the drift of the invariant to rounding, too."""
    found = main_of("lotka_volterra")()
    assert found["drift"] < 1e-10

    def right(t: float, z: np.ndarray) -> list[float]:
        return [1.5 * z[0] - z[0] * z[1], z[0] * z[1] - 3 * z[1]]

    end = solve_ivp(right, (0, 10), [1.0, 1.0], method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    assert (found["x(10)"], found["y(10)"]) == pytest.approx(tuple(end), rel=1e-9)


def test_robertson() -> None:
    """The values of the Bari test set at t = 1e11, which are given to eleven digits or more."""
    found = main_of("robertson")()
    assert found["x"] == pytest.approx(0.2083340149701255e-07, rel=1e-8)
    assert found["y"] == pytest.approx(0.8333360770334713e-13, rel=1e-8)
    assert found["z"] == pytest.approx(0.9999999791665050, rel=1e-11)
    assert found["sum"] == pytest.approx(1, rel=1e-11)


def test_boundary_layer() -> None:
    found = main_of("boundary_layer")()
    assert found["error"] < 1e-10
    assert found["least"] < 1e-6
    assert found["elements"] < 100


def test_bratu() -> None:
    """u(1/2) = 2 log cosh(theta/4) at the two roots of theta = sqrt(2 L) cosh(theta/4), L = 1."""
    found = main_of("bratu")()
    for branch, bracket in (("lower", (0, 4)), ("upper", (4, 20))):
        theta = brentq(lambda t: t - math.sqrt(2) * math.cosh(t / 4), *bracket, xtol=1e-14)
        assert found[branch] == pytest.approx(2 * math.log(math.cosh(theta / 4)), rel=1e-8)
    for height in (0.5, 1.0, 5.5):
        load = 8 * math.acosh(math.exp(height / 2)) ** 2 * math.exp(-height)
        assert found[f"L({height})"] == pytest.approx(load, rel=1e-9)


def test_lane_emden() -> None:
    """Closed forms for n = 0 and 1, Horedt's tables for the others."""
    known = {0: math.sqrt(6), 1: math.pi, 1.5: 3.65375374, 2: 4.35287460, 3: 6.89684862}
    assert main_of("lane_emden")() == pytest.approx(known, rel=2e-9)


def test_quantum_oscillator() -> None:
    assert main_of("quantum_oscillator")() == pytest.approx([n + 0.5 for n in range(5)], rel=1e-10)


def test_decay() -> None:
    k = math.log(0.8 / 0.3) / 2
    assert main_of("decay")() == pytest.approx({"k": k, "start": 0.8 * math.exp(k)}, rel=1e-10)


def test_diffusivity() -> None:
    """SciPy's least squares over the closed form; the noise moves its optimum by a per cent or two."""
    own = example("diffusivity")
    x, t, seen = own["readings"]()
    best = least_squares(lambda p: (own["exact"](x, t, *p) - seen).numpy(), [1.0, 1.0], xtol=1e-12).x
    found = shown(own["main"])()
    assert (found["k"], found["a"]) == pytest.approx(tuple(best), rel=2e-3)
    assert (found["k"], found["a"]) == pytest.approx((0.3, 2.5), rel=0.03)
    assert found["scatter"] == pytest.approx(0.01, rel=0.2)

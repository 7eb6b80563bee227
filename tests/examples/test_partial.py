"""The examples of partial differential equations: what they return, against oracles."""

import math

import numpy as np
import pytest
import torch

from tests.examples.running import example, main_of, shown
from tests.problems.elliptic import HELMHOLTZ
from tests.problems.evolution import BURGERS, WAVE, etdrk4
from tests.problems.known import Known


@pytest.mark.parametrize(
    ("name", "known", "tolerance"),
    [("helmholtz", HELMHOLTZ, 1e-8), ("wave_equation", WAVE, 1e-6), ("burgers", BURGERS, 1e-4)],
)
def test_errors_are_what_they_are_said_to_be(name: str, known: Known, tolerance: float) -> None:
    own = example(name)
    X = known.sample()[::50]
    torch.testing.assert_close(own["exact"](*X.T), known.exact(*X.T)["u"], rtol=1e-9, atol=1e-11)
    found = shown(own["main"])()
    assert found["error"] < tolerance
    assert found["error"] / 10 < found["estimated"] < 10 * found["error"]
    if name == "helmholtz":  # two derivatives cost four digits
        assert found["u_yy"] < 1e4 * tolerance
    if name == "wave_equation":  # half the integral of 4 (pi cos(pi x) + 2 pi cos(4 pi x))^2
        assert found["energy"] == pytest.approx(5 * math.pi**2, rel=1e-5)
        assert found["drift"] < 1e-4
    if name == "burgers":  # C. Basdevant et al., Computers and Fluids 14 (1986): 152.00516
        assert found["steepest"] == pytest.approx(152.00516, rel=1e-4)


def test_korteweg_de_vries() -> None:
    """The integrals that stay, and the tallest wave at the end by Fourier and ETDRK4."""
    found = main_of("korteweg_de_vries")()
    assert found["mass"] < 1e-4
    assert found["drift"] < 1e-3
    end = etdrk4(
        lambda x: np.cos(math.pi * x),
        lambda k: 0.022**2 * 1j * k**3,
        lambda v, k: -0.5j * k * np.fft.fft(np.fft.ifft(v).real ** 2),
        2.0,
        256,
        1000,
    )[-1]
    fine = np.fft.ifft(np.concatenate([end[:128], np.zeros(3840), end[128:]])).real * 16
    assert found["tallest"] == pytest.approx(fine.max(), rel=2e-3)


def test_l_shape() -> None:
    """The published value, to what a tolerance of 1e-5 over the region leaves next to the corner."""
    found = main_of("l_shape")()
    assert found["value"] == pytest.approx(1.0267919261073, abs=2e-4)
    assert found["estimated"] < 1e-5


def test_heat_on_disk() -> None:
    """A Bessel mode decays by the square of the first zero of J_0, 2.404826 (Abramowitz and Stegun)."""
    found = main_of("heat_on_disk")()
    assert found["error"] < 1e-4
    assert found["error"] / 10 < found["estimated"] < 10 * found["error"]
    assert found["rate"] == pytest.approx(2.404826**2, rel=1e-3)


def test_five_dimensions() -> None:
    own = example("five_dimensions")
    assert own["exact"](*torch.ones(5)).item() == pytest.approx(5)
    for found in shown(own["main"])().values():
        assert found["error"] < 1e-3
        assert found["error"] / 10 < found["estimated"] < 10 * found["error"]

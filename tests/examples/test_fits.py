"""The examples of fits: each number that does not depend on a random start, and what every start comes to."""

import math

import numpy as np
import pytest

from tests.examples.running import main_of

BEST_SLOPE, BEST_CUBIC, BEST_LOSS = 0.8567408, -0.0933304, 8.8171654  # numpy.polyfit, 2,000 points

# The published log of the Legendre unit: the loss at steps 99, 199, ..., 1999, from a start without random numbers.
PUBLISHED_UNIT = [
    209.95834350585938,
    144.66018676757812,
    100.70249938964844,
    71.03519439697266,
    50.97850799560547,
    37.403133392333984,
    28.206867218017578,
    21.97318458557129,
    17.7457275390625,
    14.877889633178711,
    12.93176555633545,
    11.610918998718262,
    10.71425724029541,
    10.10548210144043,
    9.692106246948242,
    9.411375045776367,
    9.220745086669922,
    9.091285705566406,
    9.003360748291016,
    8.943639755249023,
]
# Losses at steps 1899 and 1999 of the published descents, each from a random start of its own.
PUBLISHED_DESCENTS = [
    (12.475180918891025, 11.361581406294208),
    (11.0997, 10.4112),
    (9.426568031311035, 9.222803115844727),
]


def descent(start: list[float], steps: int) -> tuple[np.ndarray, float]:
    """Coefficients and loss of gradient descent in closed form, through the eigenvectors of A^T A."""
    x = np.linspace(-math.pi, math.pi, 2000)
    A = np.vander(x, 4, increasing=True)
    best = np.linalg.lstsq(A, np.sin(x), rcond=None)[0]
    eigenvalues, vectors = np.linalg.eigh(A.T @ A)
    p = best + vectors @ ((1 - 2e-6 * eigenvalues) ** steps * (vectors.T @ (np.array(start) - best)))
    return p, float(np.sum((A @ p - np.sin(x)) ** 2))


@pytest.mark.parametrize("seed", [0, 5])
def test_gradient_descents(seed: int) -> None:
    found = main_of("gradients")(seed=seed)
    # float32 carries seven digits, of which the sums over 2,000 points keep five.
    for way, tolerance in (("NumPy", 1e-9), ("tensors", 1e-5), ("autograd", 1e-5)):
        losses, coefficients = found[way]
        for step in (0, 99, 999, 1999):
            assert losses[step] == pytest.approx(descent(found["start"], step)[1], rel=tolerance)
        np.testing.assert_allclose(coefficients, descent(found["start"], 2000)[0], atol=tolerance)


def test_descents_end_as_the_published_ones_do() -> None:
    """Whatever the start, the excess over the best loss shrinks at the pace of the two smallest eigenvalues."""
    A = np.vander(np.linspace(-math.pi, math.pi, 2000), 4, increasing=True)
    slow, slower = np.sort((1 - 2e-6 * np.linalg.eigvalsh(A.T @ A)) ** 200)[-2:]
    losses, _ = main_of("gradients")(1)["NumPy"]
    for earlier, later in [*PUBLISHED_DESCENTS, (losses[1899], losses[1999])]:
        assert slow - 1e-4 < (later - BEST_LOSS) / (earlier - BEST_LOSS) < slower + 1e-4


def test_the_custom_function_reproduces_the_published_log() -> None:
    """Two published runs of the same program differ by 1e-6 after 2,000 steps in float32."""
    found = main_of("custom_function")()
    np.testing.assert_allclose(found["losses"][99::100], PUBLISHED_UNIT, rtol=1e-6)
    a, b, c, d = found["ends"]
    assert (round(found["losses"][1999], 4), round(b, 4), round(d, 4)) == (8.9436, -2.2085, 0.2555)
    assert abs(a) < 1e-6
    assert abs(c) < 1e-6
    assert found["at 1"] == pytest.approx([6, 15, 15], rel=1e-14)  # (15 z^2 - 3)/2, 15 z, 15


def test_rmsprop_ends_half_a_step_from_the_best() -> None:
    found = main_of("optimizers")()
    assert found["coarse loss"] == pytest.approx(8.92, abs=0.005)
    assert abs(found["coarse slope"] - BEST_SLOPE) == pytest.approx(5e-4, abs=5e-5)
    assert abs(found["coarse cubic"] - BEST_CUBIC) == pytest.approx(5e-4, abs=5e-5)
    assert found["fine loss"] == pytest.approx(BEST_LOSS, abs=1e-4)
    # The half step at which the published run stopped too: 0.85627 x - 0.09383 x^3.
    assert found["coarse slope"] == pytest.approx(0.8563, abs=1e-4)
    assert found["coarse cubic"] == pytest.approx(-0.0938, abs=5e-5)


def test_the_best_fits() -> None:
    found = main_of("best_fits")()
    expected = np.polynomial.polynomial.polyfit(x := np.linspace(-math.pi, math.pi, 2000), np.sin(x), 3)
    np.testing.assert_allclose(found["coefficients"], expected, atol=1e-13)
    assert found["loss"] == pytest.approx(BEST_LOSS, abs=1e-7)
    errors = found["errors"]
    assert errors[3] == pytest.approx(0.094, abs=1e-3)
    assert errors[15] < 1e-10
    assert errors[19] < 1e-14
    # The next odd coefficient that is left out decides: its ratio is (pi / 2)^2 / ((n + 1/2) (n + 3/2)) and tends
    # to it from below as n grows, so each step of two degrees gains at least the tenfold.
    for degree in range(5, 18, 2):
        bound = (math.pi / 2) ** 2 / ((degree + 0.5) * (degree + 1.5))
        assert 0.5 * bound < errors[degree] / errors[degree - 2] < 1.1 * bound


def test_derivatives_of_the_walk_and_the_two_claims_that_are_wrong() -> None:
    """d/dx of x^2 + 1 at 1, 2, 3, 4; the tutorial prints 4 last for the mean and 0.5 first for the minimum."""
    found = main_of("derivatives")()
    assert found["y"] == [2, 5, 10, 17]
    assert found["sum"] == found["diff"] == [2, 4, 6, 8]
    assert found["second"] == [2, 2, 2, 2]
    assert found["mean"] == [0.5, 1, 1.5, 2]
    assert found["max"] == [0, 0, 0, 8]
    assert found["min"] == [2, 0, 0, 0]
    assert (found["by a"], found["by t"]) == ([2] * 4, [1] * 4)

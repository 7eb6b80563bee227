"""Symbols against determinants computed by numbers, zeros against the numbers that they were made from."""

import pytest
import torch

import pinnlite as pl
from pinnlite.problem.frozen import Frozen
from pinnlite.problem.symbol import roots, states


@pytest.mark.parametrize(
    "zeros",
    [
        (),
        (3 + 4j,),
        (1e-9, 2e3j),
        (1e6, -1e6, 1e6j),
        (1e4 + 1e4j, -1e4 + 1e4j, 1e4 - 1e4j, -2e4, 5e3),
    ],
)
def test_roots(zeros: tuple[complex, ...]) -> None:
    polynomial = [complex(2.5)]
    for zero in zeros:
        polynomial = [a - zero * b for a, b in zip([0j, *polynomial], [*polynomial, 0j], strict=True)]
    found = roots(polynomial)
    assert len(found) == len(zeros)
    for zero in zeros:
        assert min(abs(z - zero) for z in found) < 1e-10 * abs(zero)


def test_the_determinant_of_a_system() -> None:
    """Stokes flow: entries written by hand, the determinant by torch at five numbers m."""
    problem = pl.Problem(
        "p_x = 2u_xx + 3u_yy; p_y = v_xx + v_yy; u_x + v_y = 0; u = 0 on boundary; v = 0 on boundary; p(0, 0) = 0",
        x=(0, 1),
        y=(0, 1),
    )
    (state,) = set(states(problem.equations, problem.unknowns, ("x", "y"), {}, torch.zeros(3, 2).double()))
    waves, direction = (2j, 1 - 1j), (0.6, -0.8)
    polynomial = state.along(waves, direction)
    for m in (0, 1, -2, 3, 0.5):
        x, y = (w + m * n for w, n in zip(waves, direction, strict=True))
        matrix = torch.tensor(  # columns p, u, v
            [[x, -(2 * x**2 + 3 * y**2), 0], [y, 0, -(x**2 + y**2)], [0, x, y]], dtype=torch.complex128
        )
        expected = torch.linalg.det(matrix).item()
        value = sum(c * m**j for j, c in enumerate(polynomial))
        assert abs(abs(value) - abs(expected)) < 1e-12 * abs(
            expected
        )  # the order of columns decides the sign


def test_orders_and_shares() -> None:
    problem = pl.Problem(
        "u_t + 2u_xxx = u_x; u(x, 0) = 0; u(0, t) = 0; u(1, t) = 0; u_x(1, t) = 0", x=(0, 1), t=(0, 1)
    )
    frozen = Frozen(problem.domain, problem.equations, problem.unknowns, problem.parameters)
    assert [frozen.order(column) for column in (0, 1)] == [3, 1]
    assert [frozen.needed(face, 1, 1.0) for face in frozen.ends(0)] == [1, 2]
    assert [frozen.needed(face, 1, -1.0) for face in frozen.ends(0)] == [2, 1]  # backward in time
    assert not frozen.explodes(1, 1.0)  # dispersion runs both ways
    assert not frozen.explodes(1, -1.0)

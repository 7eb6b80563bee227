"""Legendre elements against NumPy's Legendre series, and against functions with known derivatives."""

import math

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre as npleg

from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.newton import Chain
from pinnlite.trials.elements import LEGENDRE, Elements
from pinnlite.trials.reference import gauss_nodes, legendre_basis, radau_nodes

ROUNDING = 5e-15  # a sum of seven terms of order one, evaluated in two ways


@pytest.mark.parametrize("n", [1, 2, 5, 20, 40])
def test_radau_nodes_integrate_polynomials_of_degree_2n_minus_2(n: int) -> None:
    nodes = np.array(radau_nodes(n))
    assert nodes[-1] == 1.0
    moments = [2.0] + [0.0] * (n - 1)  # integrals of P_0 ... P_(n-1)
    weights = np.linalg.solve(npleg.legvander(nodes, n - 1).T, moments)
    for degree in range(2 * n - 1):
        exact = 2 / (degree + 1) if degree % 2 == 0 else 0.0
        assert weights @ nodes**degree == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_reference_basis_is_the_repeated_integral_of_legendre_polynomials(order: int) -> None:
    n = 7
    nodes = gauss_nodes(n)
    reference = LEGENDRE.reference(nodes, order)
    for j in range(n):
        series = np.eye(n)[j]
        for derivative in range(order, -1, -1):
            expected = npleg.legval(np.array(nodes), series)
            assert np.allclose(
                reference.values[derivative][:, order + j].numpy(), expected, rtol=0, atol=ROUNDING
            )
            series = npleg.legint(series, lbnd=-1)
    for j in range(order):
        at = 1 + np.array(nodes)
        assert np.allclose(reference.values[0][:, j].numpy(), at**j / math.factorial(j), rtol=1e-14)


def exponential(edges: list[float], order: int, n: int = 16) -> Elements:
    """exp on a partition, by its highest derivative and its state at each left edge."""
    edge = torch.tensor(edges, dtype=torch.float64)
    half = (edge[1:] - edge[:-1])[:, None] / 2
    nodes = torch.tensor(gauss_nodes(n), dtype=torch.float64)
    points = edge[:-1, None] + half * (1 + nodes)
    fit = torch.linalg.inv(legendre_basis(nodes, n - 1))
    states = torch.exp(edge[:-1, None]) * half ** torch.arange(order)
    return Elements(
        edge, {"u": order}, {"u": torch.cat([states, torch.exp(points) @ fit.T * half**order], 1)}
    )


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_partials_of_every_order_on_an_uneven_partition(order: int) -> None:
    elements = exponential([-1.0, -0.2, 0.1, 1.5], order)
    x = torch.linspace(-1, 1.5, 77, dtype=torch.float64)
    for derivative in range(order + 3):
        found = elements.partials(x[:, None], [("u", (derivative,))])["u", (derivative,)]
        # up to the order nothing is differentiated; past it a series of degree 15 loses n^2 eps each time
        tolerance = 1e-13 if derivative <= order else 1e-10
        assert torch.allclose(found, x.exp(), rtol=tolerance, atol=0)


def test_values_can_be_differentiated_by_the_point() -> None:
    elements = exponential([0.0, 0.5, 1.0], 2)
    x = torch.linspace(0.05, 0.95, 9, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(elements.partials(x[:, None], [("u", (0,))])["u", (0,)].sum(), x)
    assert torch.allclose(slope, x.detach().exp(), rtol=1e-11)


def test_tails_fall_geometrically_with_the_length() -> None:
    """The third last coefficient (of s^8) of exp falls like h^8 / 15!! relative to the first: halving gains 8 bits."""
    coarse, fine = (exponential([0.0, length], 1, n=10).tails().item() for length in (0.5, 0.25))
    assert coarse / fine == pytest.approx(2**8, rel=0.2)


def test_functional_is_a_derivative_at_a_place() -> None:
    n, order, s = 6, 2, torch.tensor(0.3, dtype=torch.float64)
    row = LEGENDRE.functional(n, order, 1, s)
    series = np.zeros(n)
    for j in range(n):
        series = npleg.legint(np.eye(n)[j], lbnd=-1)
        assert row[order + j].item() == pytest.approx(npleg.legval(0.3, series), abs=1e-15)


def test_interpolation_to_another_partition_keeps_the_function() -> None:
    elements = exponential([0.0, 0.7, 1.0], 2)
    edges = torch.tensor([0.0, 0.3, 0.9, 1.0], dtype=torch.float64)
    collocation = Collocation([], {"u": 2}, "x", {}, gauss_nodes(14))
    guess = Chain(collocation, [], [], edges).interpolate(elements)
    again = collocation.elements(edges, guess.rows)
    x = torch.linspace(0, 1, 50, dtype=torch.float64)[:, None]
    for derivative in range(3):
        key = ("u", (derivative,))
        assert torch.allclose(again.partials(x, [key])[key], x[:, 0].exp(), rtol=1e-12)

"""Random features as a basis of elements: against differentiated modules, closed forms and the rate of convergence."""

import math

import pytest
import torch

from pinnlite.differentiation.operators import derivatives
from pinnlite.trials.elements import Basis, Elements
from pinnlite.trials.reference import gauss_nodes, radau_nodes
from pinnlite.trials.windows import FeatureBasis


def drawn(count: int, seed: int = 0) -> FeatureBasis:
    return FeatureBasis.drawn(count, torch.Generator().manual_seed(seed))


def test_features_are_differentiated_as_the_engine_does() -> None:
    basis = drawn(8)
    assert isinstance(basis, Basis)
    s = torch.linspace(-1, 1, 7, dtype=torch.float64)
    w, b = basis.weight[3], basis.bias[3]
    expected = derivatives(lambda x: torch.tanh(w * x + b), s, 4)
    for found, exact in zip(basis.features(s, range(5)), expected, strict=True):
        assert torch.allclose(found[:, 3], exact, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_functions_are_even_and_odd_by_turns_and_nothing_at_the_start(order: int) -> None:
    basis, n = drawn(12), 8  # those after them are known to fewer digits, and count for less
    s = torch.tensor(gauss_nodes(9), dtype=torch.float64)
    functions = basis.features(s, [order])[0] @ basis.modes(order)[:, :n]
    parity = (-1.0) ** torch.arange(n)
    assert torch.allclose(functions.flip(0), functions * parity, atol=1e-9)
    for derivative in range(order):
        row = basis.functional(n, order, derivative, torch.tensor(-1.0, dtype=torch.float64))
        expected = torch.zeros(order + n, dtype=torch.float64)
        expected[derivative] = 1.0
        assert torch.allclose(row, expected, atol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_a_window_holds_a_smooth_function_to_twelve_digits(order: int) -> None:
    """cos(x + 0.3) on [-1, 1] from its highest derivative at the collocation nodes."""
    nodes, basis = radau_nodes(21), drawn(21)
    s = torch.tensor(nodes, dtype=torch.float64)
    highest = basis.reference(nodes, order).values[order][:, order:]
    c = torch.linalg.solve(highest, torch.cos(s + 0.3 + order * math.pi / 2))
    start = torch.tensor([math.cos(-0.7), -math.sin(-0.7)][:order], dtype=torch.float64)
    edges = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    trial = Elements(edges, {"u": order}, {"u": torch.cat([start, c])[None]}, basis)
    x = torch.linspace(-1, 1, 77, dtype=torch.float64)
    found = trial.partials(x[:, None], [("u", (0,)), ("u", (1,))])
    assert torch.allclose(found["u", (0,)], torch.cos(x + 0.3), rtol=0, atol=1e-12)
    assert torch.allclose(found["u", (1,)], -torch.sin(x + 0.3), rtol=0, atol=1e-11)
    assert trial.tails().item() < 1e-12


def test_another_draw_is_another_basis() -> None:
    assert not torch.equal(drawn(9, 1).weight, drawn(9, 2).weight)

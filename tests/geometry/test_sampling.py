"""Points of a box: each kind by the property that defines it."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from scipy import stats

from pinnlite.errors import ProblemError
from pinnlite.geometry.sampling import adaptive_points, box_points, gauss_rule

KINDS = ("sobol", "latin", "uniform", "gauss", "chebyshev")
UNIT = [(0.0, 1.0), (0.0, 1.0)]


@pytest.mark.parametrize("m", range(1, 9))
def test_sobol_points_form_a_net(m: int) -> None:
    """Of 2^m points each dyadic box of area 2^-m holds exactly one, whatever its proportions."""
    points = box_points(UNIT, 2**m, "sobol", seed=m).numpy()
    for a in range(m + 1):
        boxes = np.floor(points * [2**a, 2 ** (m - a)])
        assert len(np.unique(boxes, axis=0)) == 2**m


@pytest.mark.parametrize("count", [1, 7, 100])
def test_latin_hypercube_has_a_point_in_each_cell_of_each_coordinate(count: int) -> None:
    points = box_points([(0.0, 1.0)] * 5, count, "latin").numpy()
    for column in np.floor(points * count).T:
        np.testing.assert_array_equal(np.sort(column), np.arange(count))


@pytest.mark.parametrize("kind", ["sobol", "latin", "uniform"])
def test_random_kinds_are_evenly_distributed_and_independent_by_coordinate(kind: str) -> None:
    points = box_points([(-1.0, 3.0), (10.0, 11.0)], 2000, kind).numpy()
    x, y = (points[:, 0] + 1) / 4, points[:, 1] - 10
    for column in (x, y, (x + y) % 1, (x - y) % 1):  # the last two are uniform if the first are independent
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    # Chance leaves a distance of about 1 / sqrt(2000) from the uniform distribution, even spreading one of 1 / 2000.
    distance = stats.kstest(x, "uniform").statistic
    assert distance > 5e-3 if kind == "uniform" else distance < 3e-3


def test_grids_are_products_of_nodes() -> None:
    nodes = {
        "gauss": np.polynomial.legendre.leggauss(5)[0],
        "chebyshev": np.polynomial.chebyshev.chebroots([0, 0, 0, 0, 0, 1]),
    }
    for kind, expected in nodes.items():
        points = box_points([(-1.0, 1.0), (0.0, 6.0)], 30, kind)
        pairs = sorted(itertools.product(expected, 3 * expected + 3))
        np.testing.assert_allclose(points.numpy(), pairs, atol=1e-14)


def test_gauss_rule_is_exact_to_degree_2n_minus_1() -> None:
    nodes, weights = gauss_rule(6)
    for k in range(12):
        assert (weights @ nodes**k).item() == pytest.approx(1 / (k + 1), rel=1e-14)
    assert abs((weights @ nodes**12).item() - 1 / 13) > 1e-8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimension", [1, 2, 3, 8])
def test_points_lie_inside_and_are_as_many_as_asked_for(kind: str, dimension: int) -> None:
    intervals = [(float(i), i + 0.5) for i in range(dimension)]
    points = box_points(intervals, 300, kind)
    grid = {1: 300, 2: 17**2, 3: 6**3, 8: 2**8}[dimension]
    assert points.shape == (grid if kind in {"gauss", "chebyshev"} else 300, dimension)
    assert points.dtype == torch.float64
    low, high = torch.tensor(intervals, dtype=torch.float64).T
    assert ((low < points) & (points < high)).all()


def test_roots_that_floating_point_rounds_down() -> None:
    """1000 ** (1 / 3) is 9.999..., and ten points each way are meant."""
    assert len(box_points([(0.0, 1.0)] * 3, 1000, "gauss")) == 1000
    assert len(box_points([(0.0, 1.0)] * 3, 999, "gauss")) == 729


@pytest.mark.parametrize("kind", ["sobol", "latin", "uniform"])
def test_seeds_decide(kind: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (box_points(UNIT, 50, kind, seed) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("count", "kind", "dimension", "message"),
    [
        (
            10,
            "halton",
            1,
            "unknown kind of points 'halton': choose one of sobol, latin, uniform, gauss, chebyshev",
        ),
        (0, "sobol", 1, "the number of points must be a whole number of at least 1, got 0"),
        (1000, "gauss", 10, "a grid in 10 dimensions has at least 1024 points, and 1000 were asked for"),
    ],
)
def test_refusals(count: int, kind: str, dimension: int, message: str) -> None:
    with pytest.raises(ProblemError, match=re.escape(message)):
        box_points([(0.0, 1.0)] * dimension, count, kind)


class TestAdaptive:
    """A candidate's chance is in proportion to |r|^k / mean + c: counted over many draws."""

    CANDIDATES = box_points([(0.0, 1.0)], 2000)

    def test_frequencies(self) -> None:
        def residual(X: torch.Tensor) -> torch.Tensor:
            return torch.where(X[:, 0] < 0.25, -3.0, 1.0)

        left = 0.0
        for seed in range(40):  # few of many, so that not putting back hardly matters
            left += (adaptive_points(residual, self.CANDIDATES, 50, 2.0, 1.0, seed) < 0.25).sum().item()
        mean = 0.25 * 9 + 0.75
        chance = 0.25 * (9 / mean + 1) / 2
        spread = math.sqrt(2000 * chance * (1 - chance))
        assert abs(left - 2000 * chance) < 4 * spread

    def test_seeds_decide(self) -> None:
        first, again, other = (
            adaptive_points(lambda X: X[:, 0], self.CANDIDATES, 20, seed=seed) for seed in (1, 1, 2)
        )
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
        assert len(first.unique(dim=0)) == 20

    def test_where_there_is_nothing_to_choose(self) -> None:
        assert len(adaptive_points(lambda X: 0 * X[:, 0], self.CANDIDATES, 2000)) == 2000
        with pytest.raises(ProblemError, match="3000 points cannot be chosen among 2000"):
            adaptive_points(lambda X: X[:, 0], self.CANDIDATES, 3000)
        with pytest.raises(ProblemError, match="not finite"):
            adaptive_points(lambda X: X[:, 0] / 0, self.CANDIDATES, 30)

"""Partitions into boxes and series of Legendre polynomials on them, against NumPy's series and exact arithmetic."""

import itertools

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre as series

import pinnlite as pl
from pinnlite.geometry.tiling import tiles
from pinnlite.trials.boxes import Boxes, legendre_table, members, multi_indices, restriction, trace
from pinnlite.trials.partition import Partition


def random_boxes(degree: int, d: int, cells: int = 1) -> Boxes:
    generator = torch.Generator().manual_seed(3)
    partition = Partition(torch.zeros(1, d).double(), torch.arange(1, d + 1)[None].double())
    if cells > 1:
        partition, _ = partition.halved(torch.ones(1, d, dtype=torch.bool))
    own = torch.randn(len(partition), len(multi_indices(degree, d)), generator=generator).double()
    return Boxes(partition, degree, {"u": own}, {})


@pytest.mark.parametrize("derivative", [0, 1, 2, 4])
def test_the_table_is_that_of_numpy(derivative: int) -> None:
    s = np.linspace(-1, 1, 23)
    table = legendre_table(torch.from_numpy(s), 9, derivative)
    for n in range(10):
        expected = series.legval(s, series.legder(np.eye(10)[n], derivative) if derivative else np.eye(10)[n])
        assert np.allclose(table[n], expected, rtol=1e-12, atol=1e-11)


def test_partials_are_those_of_numpys_series_in_two_coordinates() -> None:
    boxes = random_boxes(5, 2)
    full = np.zeros((6, 6))
    for (i, j), c in zip(multi_indices(5, 2).tolist(), boxes.coefficients["u"][0].tolist(), strict=True):
        full[i, j] = c
    X = torch.rand(40, 2, generator=torch.Generator().manual_seed(1)).double() * torch.tensor([1.0, 2.0])
    changed = series.legder(series.legder(full, axis=0), m=2, axis=1) * 2 * 1**2  # d/dx = 2 d/ds, d/dy = d/dt
    expected = series.legval2d(2 * X[:, 0] - 1, X[:, 1] - 1, changed)
    found = boxes.partials(X, [("u", (1, 2))])["u", (1, 2)]
    assert np.allclose(found, expected, rtol=1e-11, atol=1e-10)


def test_values_can_be_differentiated_by_the_points() -> None:
    boxes = random_boxes(4, 3)
    X = torch.rand(6, 3, generator=torch.Generator().manual_seed(1)).double().requires_grad_(True)
    values = boxes.partials(X, [("u", (0, 0, 0)), ("u", (0, 1, 0))])
    (slope,) = torch.autograd.grad(values["u", (0, 0, 0)].sum(), X)
    assert torch.allclose(slope[:, 1], values["u", (0, 1, 0)], rtol=1e-11)


def test_halving_cutting_off_and_raising_keep_the_functions() -> None:
    boxes = random_boxes(6, 2, cells=4)
    axes = torch.tensor([[True, False], [False, True], [True, True], [False, False]])
    X = boxes.quadrature()[0]
    before = boxes.partials(X, [("u", (0, 0))])["u", (0, 0)]
    for other in (boxes.refined(axes), boxes.of_degree(9), boxes.of_degree(9).of_degree(6)):
        assert torch.allclose(other.partials(X, [("u", (0, 0))])["u", (0, 0)], before, rtol=1e-11, atol=1e-11)
    assert len(boxes.refined(axes).partition) == 9


def test_a_trace_is_the_function_on_a_flat_box() -> None:
    degree, low, high = 5, (0.25, 1.0, -1.0), (0.75, 1.0, 0.5)  # flat along the second axis
    own = torch.randn(len(multi_indices(degree, 3)), generator=torch.Generator().manual_seed(2)).double()
    s = torch.rand(30, 2, generator=torch.Generator().manual_seed(4)).double() * 2 - 1
    X = torch.stack([0.5 + 0.25 * s[:, 0], torch.ones(30).double(), -0.25 + 0.75 * s[:, 1]], 1)
    for derivative in (0, 1):
        told = members(s, degree, (0, 0)) @ (trace(degree, 1, derivative, low, high) @ own)
        assert torch.allclose(told, members(X, degree, (0, derivative, 0)) @ own, rtol=1e-11, atol=1e-11)


def test_a_restriction_is_exact() -> None:
    low, high = torch.tensor([-0.5, 0.0]).double(), torch.tensor([0.0, 1.0]).double()
    own = torch.randn(len(multi_indices(7, 2)), generator=torch.Generator().manual_seed(2)).double()
    s = torch.rand(30, 2, generator=torch.Generator().manual_seed(4)).double() * 2 - 1
    inner = members(s, 7, (0, 0)) @ (restriction(7, low, high) @ own)
    outer = members(low + (high - low) * (1 + s) / 2, 7, (0, 0)) @ own
    assert torch.allclose(inner, outer, rtol=1e-11, atol=1e-11)


def test_faces_close_every_box() -> None:
    """The faces of an uneven partition and its outer sides have the area of all sides of all boxes."""
    partition = Partition(torch.zeros(1, 3).double(), torch.ones(1, 3).double())
    for cut in ([[True, True, True]], [[True, False, False]] + [[False] * 3] * 7):
        partition, _ = partition.halved(torch.tensor(cut))
    faces = partition.faces()
    lengths = partition.high - partition.low
    sides = sum(2 * lengths[:, i] * lengths[:, j] for i, j in itertools.combinations(range(3), 2)).sum()
    inner = 0.0
    for face in faces:
        wide = face.high - face.low
        inner += wide[wide > 0].prod().item()
        assert (wide > 0).sum() == 2
    assert sides.item() == pytest.approx(2 * inner + 6.0)
    groups = partition.dissection(faces)
    assert sorted(itertools.chain(*groups)) == list(range(len(faces)))


def test_points_are_found_in_their_boxes() -> None:
    boxes = random_boxes(2, 2, cells=4)
    X = boxes.quadrature()[0]
    cells = boxes.partition.locate(X)
    assert ((boxes.partition.low[cells] <= X) & (boxes.partition.high[cells] >= X)).all()


def test_quadrature_has_the_area() -> None:
    assert random_boxes(2, 2, cells=4).quadrature()[1].sum().item() == pytest.approx(2.0)


def test_an_l_is_three_boxes_and_a_triangle_none() -> None:
    shape = pl.Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])
    found = tiles(shape)
    assert found is not None
    low, high = found
    assert len(low) == 3
    assert (high - low).prod(1).sum().item() == pytest.approx(3.0)
    assert tiles(pl.Polygon([(0, 0), (1, 0), (0, 1)])) is None
    assert tiles(pl.Disk((0, 0), 1)) is None


def test_tails_tell_along_which_axis_more_is_needed() -> None:
    boxes = random_boxes(8, 2)
    indices = multi_indices(8, 2)
    decayed = torch.exp(-3.0 * indices[:, 0].double() - 0.3 * indices[:, 1].double())
    tails = Boxes(boxes.partition, 8, {"u": decayed[None]}, {}).tails()[0]
    assert tails[1] > 10 * tails[0] > 0


def test_a_tail_is_what_a_geometric_series_holds_beyond() -> None:
    boxes, ratio = random_boxes(12, 2), 0.5
    indices = multi_indices(12, 2)
    own = torch.where(indices[:, 1] == 0, ratio ** indices[:, 0].double(), 0.0)
    tails = Boxes(boxes.partition, 12, {"u": own[None]}, {}).tails()[0]
    assert tails[0].item() == pytest.approx(ratio**13 / (1 - ratio), rel=0.5)
    assert tails[1] == 0

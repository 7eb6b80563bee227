"""What must not be silently wrong: coupled rows, dropped graphs, kinks, randomness, code in place."""

import gc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import pinnlite as pl
from pinnlite.errors import DerivativeError

F64 = torch.float64
ENGINES = ["auto", "autograd", "taylor"]


def points(n: int = 6, d: int = 2) -> Tensor:
    return torch.rand(n, d, dtype=F64, generator=torch.Generator().manual_seed(0)) + 0.1


def layers(*inner: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 4), *inner, nn.Linear(4, 1)).double()


COUPLED: dict[str, Callable[[Any], Any]] = {
    "mean": lambda X: X - X.mean(0),
    "sum": lambda X: X**2 * X.sum(),
    "norm over rows": lambda X: X / torch.linalg.norm(X, dim=0),
    "flip": lambda X: X * X.flip([0]),
    "roll": lambda X: X.sin() * X.roll(1, 0),
    "softmax over rows": lambda X: torch.softmax(X, 0),
    "reshape": lambda X: X.reshape(2, -1).cumsum(1).reshape(-1, 2),
    "gram matrix": lambda X: X @ (X.T @ X),
    "cumulative sum": lambda X: (X**2).cumsum(0),
    "last row": lambda X: X**2 * X[-1],
    "first row": lambda X: X**2 * X[0],
    "largest": lambda X: X**2 - X.max(0).values,
    "smallest": lambda X: X**2 - X.min(0).values,
}


def sorted_by_sign(X: Tensor) -> Tensor:
    """Two formulas put together again in another order."""
    right = X[:, 0] > 0
    return torch.cat([X[right] ** 2, X[~right] ** 3])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", COUPLED)
def test_coupled_rows(name: str, engine: str) -> None:
    with pytest.raises(DerivativeError, match="couples its rows"):
        pl.laplacian(COUPLED[name], points(), engine=engine)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 20])
@pytest.mark.parametrize("name", sorted(COUPLED.keys() - {"reshape"}))
def test_coupled_rows_of_a_symmetric_grid(name: str, n: int) -> None:
    """Few points, and points of mean zero, hide some couplings from weaker probes."""
    x = torch.linspace(-1, 1, n, dtype=F64)[:, None]
    with pytest.raises(DerivativeError, match="couples its rows"):
        pl.derivatives(COUPLED[name], x, 1)


@pytest.mark.parametrize("engine", ["auto", "autograd"])
def test_rows_in_another_order(engine: str) -> None:
    for X in (points() - 0.5, torch.linspace(-1, 1, 5, dtype=F64)[:, None]):
        with pytest.raises(DerivativeError, match="couples its rows"):
            pl.gradient(sorted_by_sign, X, engine=engine)


def test_rows_are_checked_on_few_points() -> None:
    """What the check costs beside the derivative: one more evaluation, of four rows."""
    rows = []

    def f(X: Any) -> Any:
        rows.append(len(X))
        return X.sin()

    X = points(1000)
    torch.testing.assert_close(pl.gradient(f, X).diagonal(dim1=1, dim2=2), X.cos())
    assert rows == [1000, 4]


def test_functions_that_refuse_other_points() -> None:
    def f(X: Any) -> Any:
        if X.min() < 0 or X.max() > 1:
            raise ValueError("outside of the unit square")
        return X**2

    X = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=F64)
    torch.testing.assert_close(pl.gradient(f, X).diagonal(dim1=1, dim2=2), 2 * X)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_looks_coupled_but_is_not(engine: str) -> None:
    X = points()
    held = torch.linspace(0, 1, len(X), dtype=F64)[
        :, None
    ]  # a number for each point: defined on all of them only
    found = pl.laplacian(lambda X: held * X**2, X, engine=engine)
    torch.testing.assert_close(found, (2 * held).expand(-1, 2))
    found = pl.laplacian(lambda X: X**2 + len(X), X, engine=engine)
    torch.testing.assert_close(found, torch.full_like(X, 2))
    nan_in_a_row = torch.cat([X, torch.full((1, 2), torch.nan, dtype=F64)])
    found = pl.laplacian(lambda X: X**2, nan_in_a_row, engine=engine)
    assert found[:-1].tolist() == torch.full_like(X, 2).tolist()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "layer", [nn.BatchNorm1d(4), nn.Dropout(0.5), nn.RReLU()], ids=lambda m: type(m).__name__
)
def test_training_mode(layer: nn.Module, engine: str) -> None:
    net = layers(layer, nn.Tanh())
    with pytest.raises(DerivativeError, match=r"call f\.eval\(\) first|Call f\.eval\(\) first"):
        pl.laplacian(net.train(), points(), engine=engine)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # RReLU is piecewise linear, in front of a smooth function
        values = [pl.laplacian(net.eval(), points(), engine=e) for e in (engine, "autograd")]
    torch.testing.assert_close(*values)


DROPPED: dict[str, Callable[[Any], Any]] = {
    "detach": lambda X: X.detach() ** 2 * X,
    "data": lambda X: X.data * X,
    "item": lambda X: X * X[0, 0].item(),
    "numpy": lambda X: torch.from_numpy(np.sin(X.detach().numpy())),
    "no_grad": lambda X: under_no_grad(X) * X,
    "float": lambda X: X * float(X[0, 0]),
    "complex": lambda X: X * complex(X[0, 0]).real,
    "torch.tensor": lambda X: X * torch.tensor([x**2 for x in X[:, 0]], dtype=F64)[:, None],
}


@torch.no_grad()
def under_no_grad(X: Any) -> Any:
    return X**2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", DROPPED)
def test_dropped_graphs(name: str, engine: str) -> None:
    with pytest.raises(DerivativeError, match="drops the dependence"):
        pl.laplacian(DROPPED[name], points(), engine=engine)


def test_an_integer_of_a_coordinate() -> None:
    with pytest.raises(DerivativeError, match=r"int\(\) inside the function drops the dependence"):
        pl.gradient(lambda X: X * int(X[0, 0]), points(), engine="autograd")


class Square(torch.autograd.Function):
    """A custom function whose backward pass computes out of PyTorch's sight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad * 2 * torch.from_numpy(x.detach().numpy())


class Cube(torch.autograd.Function):
    """A custom function that can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad * 3 * x**2


def test_custom_functions() -> None:
    x = points(4, 1)
    with pytest.warns(UserWarning, match="has no Taylor rule"):
        found = pl.derivatives(lambda x: Cube.apply(x), x, 4)
    torch.testing.assert_close(found[3], torch.full_like(x, 6))
    assert not found[4].any()
    with pytest.raises(DerivativeError):
        pl.derivatives(lambda x: Square.apply(x), x, 2, engine="autograd")
    with pytest.raises(DerivativeError, match="first has no Taylor rule"):
        pl.derivatives(lambda x: Cube.apply(x), x, 4, engine="taylor")


def through_an_operator(X: Any) -> Any:
    return torch.ops.aten.detach(X) ** 2


def through_a_list(X: Any) -> Tensor:
    with torch.inference_mode():
        return torch.tensor([[x**2 for x in row] for row in X.tolist()], dtype=F64)


@pytest.mark.parametrize("f", [through_an_operator, through_a_list], ids=lambda f: f.__name__)
@pytest.mark.parametrize("order", [1, 2])
def test_a_graph_that_is_gone(f: Callable[[Any], Any], order: int) -> None:
    """No statement need give it away: that the function moves with its points does."""
    with pytest.raises(DerivativeError, match=r"drops the dependence|lost track"):
        pl.partials(f, points(), [(order, 0)], engine="autograd")
    with pytest.raises(DerivativeError, match=r"no Taylor rule|drops the dependence|cannot be evaluated"):
        pl.partials(f, points(), [(order, 0)], engine="taylor")


PIECEWISE_LINEAR = [
    nn.ReLU(),
    nn.LeakyReLU(),
    nn.PReLU(),
    nn.Hardtanh(),
    nn.ReLU6(),
    nn.Softshrink(),
    nn.Hardshrink(),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("activation", PIECEWISE_LINEAR, ids=lambda m: type(m).__name__)
def test_piecewise_linear_networks(activation: nn.Module, engine: str) -> None:
    net = layers(activation, nn.Linear(4, 4), activation)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = pl.laplacian(net, points(), engine=engine)
        pl.gradient(net, points(), engine=engine)
    assert [str(w.message) for w in caught if "piecewise linear" in str(w.message)] == [
        str(w.message) for w in caught
    ]
    assert len(caught) == 1
    assert "use a smooth activation" in str(caught[0].message)
    assert not found.any()


IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "relu": nn.ReLU(inplace=True),
    "elu": nn.ELU(inplace=True),
    "method": lambda X: X.sin().add_(1),
    "slice": lambda X: set_first_column(X * 1),
}


def set_first_column(X: Any) -> Any:
    X[:, 0] = 0
    return X


@pytest.mark.parametrize("name", IN_PLACE)
def test_writing_in_place(name: str) -> None:
    with pytest.raises(DerivativeError, match="writes in place"):
        pl.laplacian(IN_PLACE[name], points(), engine="taylor")


def test_plus_equals_is_not_in_place() -> None:
    def f(X: Any) -> Any:
        y = X**2
        y += X**3
        y *= 2
        return y

    torch.testing.assert_close(pl.laplacian(f, points(), engine="taylor"), 4 + 12 * points())


def test_memory_stays_flat() -> None:
    net, X = layers(nn.Tanh()), points()

    def step() -> None:
        for operator in (pl.laplacian, pl.biharmonic, pl.gradient):
            torch.autograd.grad(operator(net, X).square().sum(), list(net.parameters())[:1])

    def live() -> int:
        gc.collect()
        return sum(issubclass(type(x), Tensor) for x in gc.get_objects())

    gc.disable()
    try:
        step()
        before = live()
        for _ in range(50):  # a tensor that each step leaves behind is fifty
            step()
        assert live() <= before
    finally:
        gc.enable()

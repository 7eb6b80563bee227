"""Where PyTorch itself is silently wrong, or surprising: ours is right, agrees on purpose, or says what is the matter.

Each test first shows the trap in plain PyTorch, so that it is noticed when a new version is cured of it.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import mpmath as mp
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import pinnlite as pl
from pinnlite.errors import DerivativeError
from tests.differentiation.oracles import (
    F64,
    dot,
    exact,
    normalized,
    products,
    relative_error,
    softplus,
)

ENGINES = ["auto", "autograd", "taylor"]
W = torch.tensor([0.3, -0.7, 1.1], dtype=F64)


def plain(f: Callable[[Any], Any], points: list[float], order: int) -> Tensor:
    """Nested autograd as one writes it by hand."""
    x = torch.tensor(points, dtype=F64, requires_grad=True)
    results = [f(x)]
    for _ in range(order):
        (slope,) = torch.autograd.grad(results[-1].sum(), x, create_graph=True, materialize_grads=True)
        results.append(slope)
    return torch.stack(results)


def h(x: Any) -> Any:
    return torch.stack([torch.sin(x), x * x, torch.cos(2 * x)], -1)


def H(x: Any) -> list[Any]:
    return [mp.sin(x), x * x, mp.cos(2 * x)]


def weigh(v: list[Any]) -> Any:
    return dot([mp.mpf(w) for w in W.tolist()], v)


WRONG: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], list[float], int]] = {
    "layer_norm, order 3": (
        lambda x: F.layer_norm(h(x), (3,)) @ W,
        lambda x: weigh(normalized(H(x))),
        [0.6, -0.4],
        4,
    ),
    "instance_norm, order 3": (
        lambda x: F.instance_norm(h(x)[:, None])[:, 0] @ W,
        lambda x: weigh(normalized(H(x))),
        [0.6, -0.4],
        4,
    ),
    "softplus beyond its threshold": (F.softplus, softplus, [21.0, 30.0], 4),
    "power with an integer exponent": (lambda x: x**x, lambda x: x**x, [1.0, 2.0], 5),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", WRONG)
def test_wrong_in_pytorch(name: str, engine: str) -> None:
    f, mathematics, points, order = WRONG[name]
    truth = exact(mathematics, points, order)
    assert relative_error(plain(f, points, order), truth) > 0.1
    assert (
        relative_error(pl.derivatives(f, torch.tensor(points, dtype=F64), order, engine=engine), truth)
        < 1e-11
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_cumprod(engine: str) -> None:
    """Wrong in nested forward mode, which is not used here."""
    points = [0.6, -0.4, 0.0]
    found = pl.derivatives(lambda x: h(x).cumprod(-1) @ W, torch.tensor(points, dtype=F64), 4, engine=engine)
    assert relative_error(found, exact(lambda x: weigh(products(H(x))), points, 4), floor=1.0) < 1e-13


@pytest.mark.parametrize("engine", ENGINES)
def test_functions_without_a_graph(engine: str) -> None:
    x = torch.tensor([0.3], dtype=F64, requires_grad=True)
    assert not torch.special.legendre_polynomial_p(x, 3).requires_grad
    for f in (torch.special.legendre_polynomial_p, torch.special.chebyshev_polynomial_t):
        with pytest.raises(DerivativeError, match=r"polynomial_. has no derivative in PyTorch; pl\.legendre"):
            pl.derivatives(lambda x, f=f: f(x, 3), x, 1, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_zeros_are_ordinary_tensors(engine: str) -> None:
    x = torch.tensor([-1.0, 2.0], dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.abs(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(slope.sum(), x)
    with pytest.raises(RuntimeError, match="ZeroTensor"):
        second.numpy()
    found = pl.derivatives(torch.abs, x.detach(), 3, engine=engine)
    assert found.numpy().tolist() == [
        [1, 2],
        [-1, 1],
        [0, 0],
        [0, 0],
    ]


AT_KINKS: dict[str, tuple[Callable[[Any], Any], list[float], list[float]]] = {
    "clamp(min=0)": (lambda x: torch.clamp(x, min=0), [-1, 0, 1], [0, 1, 1]),
    "relu": (torch.relu, [-1, 0, 1], [0, 0, 1]),
    "abs": (torch.abs, [-1, 0, 1], [-1, 0, 1]),
    "ties of maximum": (lambda x: torch.maximum(x, 2 * x), [-1, 0, 1], [1, 1.5, 2]),
    "ties of minimum": (lambda x: torch.minimum(x, 2 * x), [-1, 0, 1], [2, 1.5, 1]),
    "ties of amax": (lambda x: torch.stack([x, 2 * x], -1).amax(-1), [-1, 0, 1], [1, 1.5, 2]),
    "sqrt": (torch.sqrt, [0, 0.25], [math.inf, 1]),
    "sqrt(x**2)": (lambda x: torch.sqrt(x**2), [-1, 0], [-1, math.nan]),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", AT_KINKS)
def test_slopes_at_kinks_are_those_of_pytorch(name: str, engine: str) -> None:
    f, points, slopes = AT_KINKS[name]
    wanted = torch.tensor(slopes, dtype=F64)
    torch.testing.assert_close(plain(f, points, 1)[1].detach(), wanted, equal_nan=True)
    undefined = pytest.warns(UserWarning, match="derivative is NaN at 1 of 2 points")
    with undefined if wanted.isnan().any() else nullcontext():
        found = pl.derivatives(f, torch.tensor(points, dtype=F64), 1, engine=engine)[1]
    torch.testing.assert_close(found, wanted, equal_nan=True)


@pytest.mark.parametrize("engine", ["auto", "taylor"])
def test_the_branch_that_is_not_taken(engine: str) -> None:
    def f(x: Any) -> Any:
        return torch.where(x > 0, torch.sqrt(x), 0.0)

    assert plain(f, [-1.0], 1)[1].isnan().all()
    found = pl.derivatives(f, torch.tensor([-1.0, 4.0], dtype=F64), 2, engine=engine)
    assert found.tolist() == [[0, 2], [0, 0.25], [0, -1 / 32]]


def test_the_branch_that_is_not_taken_by_autograd() -> None:
    """PyTorch's own answer is NaN; it is given with one warning that says why."""
    x = torch.tensor([-1.0, 4.0], dtype=F64)
    with pytest.warns(UserWarning, match="the branch of torch.where that is not taken") as record:
        found = pl.derivatives(lambda x: torch.where(x > 0, x.sqrt(), x * 0), x, 1, engine="autograd")
    assert len(record) == 1
    torch.testing.assert_close(found[1], torch.tensor([math.nan, 0.25], dtype=F64), equal_nan=True)


def test_every_special_function_without_a_graph() -> None:
    """Beside a term that has a graph PyTorch takes theirs for constants; ours raises, whichever function it is."""
    found, x = [], torch.linspace(0.2, 0.8, 4, dtype=F64)
    for name in torch.special.__all__:
        f = getattr(torch.special, name)
        for more in ((), (2,)):
            try:
                y = f(x.clone().requires_grad_(), *more)
            except (TypeError, RuntimeError, IndexError):
                continue
            if not isinstance(y, Tensor) or y.requires_grad or torch.equal(y, f(1.1 * x, *more)):
                continue
            found.append(name)
            for engine in ENGINES:
                with pytest.raises(
                    DerivativeError, match=f"{name} has no (derivative in PyTorch|Taylor rule)"
                ):
                    pl.derivatives(lambda x, f=f, more=more: x + f(x, *more), x, 1, engine=engine)
    assert {"airy_ai", "bessel_j0", "modified_bessel_k1", "hermite_polynomial_h"} <= set(found)


@pytest.mark.parametrize("f", [torch.special.bessel_j0, torch.detach, torch.no_grad()(torch.erf)])
def test_what_has_no_graph_is_seen_where_it_is_called_by_keyword(f: Callable[..., Tensor]) -> None:
    x = torch.linspace(0.2, 0.8, 4, dtype=F64)
    assert not f(input=x.clone().requires_grad_()).requires_grad
    with pytest.raises(DerivativeError):
        pl.derivatives(lambda x: x + f(input=x), x, 1)


@pytest.mark.parametrize("order", [2, 3])
def test_powers_at_zero(order: int) -> None:
    x = torch.zeros(1, dtype=F64)
    for exponent, wanted in {
        2: [0, 0, 2, 0],
        2.5: [0, 0, 0, math.inf],
        1.5: [0, 0, math.inf, -math.inf],
    }.items():
        for engine in ENGINES:
            found = pl.derivatives(lambda x, p=exponent: x**p, x, order, engine=engine)
            assert found.flatten().tolist() == wanted[: order + 1]


def test_large_arguments() -> None:
    """1 - tanh(x)^2 cancels and s (1 - s) does too; the slopes must not."""
    points = [-20.0, -12.0, -5.0, 5.0, 12.0, 20.0]
    x = torch.tensor(points, dtype=F64)
    assert (
        relative_error(pl.derivatives(torch.tanh, x, 10, engine="taylor"), exact(mp.tanh, points, 10)) < 1e-13
    )
    halves = pl.derivatives(torch.tanh, x.float(), 6, engine="taylor")
    assert relative_error(halves, exact(mp.tanh, points, 6)) < 2e-5

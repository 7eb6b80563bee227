"""Both engines against each other: values, gradients by parameters and by points, and inside torch.func."""

from collections.abc import Callable
from typing import Any

import mpmath as mp
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, vmap
from torch.nn import functional as F

import pinnlite as pl
from pinnlite.differentiation.algebra import Functional, partial, power_of_laplacian
from pinnlite.differentiation.engines import taylor_pays
from pinnlite.errors import DerivativeError
from tests.differentiation.oracles import exact, relative_error

F64 = torch.float64
ACTIVATIONS = [
    nn.Tanh(),
    nn.Sigmoid(),
    nn.SiLU(),
    nn.GELU(),
    nn.Softplus(),
    nn.Mish(),
    nn.ELU(),
    nn.Softsign(),
]


def network(d: int, m: int = 1, activation: nn.Module | None = None, width: int = 7) -> nn.Sequential:
    torch.manual_seed(0)
    s = activation or nn.Tanh()
    return nn.Sequential(nn.Linear(d, width), s, nn.Linear(width, width), s, nn.Linear(width, m)).double()


def points(d: int, n: int = 5) -> Tensor:
    return torch.rand(n, d, dtype=F64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def agree(a: Tensor, b: Tensor, size: float = 1.0) -> None:
    torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-13 * size)


FORMS: dict[str, Callable[[nn.Module, Any], Any]] = {
    "network": lambda net, X: net(X),
    "hard condition": lambda net, X: X[:, 0:1] * (1 - X[:, 0:1]) * net(X),
    "one column": lambda net, X: (torch.sin(X[:, 0]) + X[..., -1] ** 3) * net(X)[:, 0],
    "cat and stack": lambda net, X: net(torch.cat([torch.stack([X[:, 0].cos(), X[:, 1]], 1)], -1)) - X[:, :1],
    "quotient": lambda net, X: (net(X) - 1) / (2 + X.square().sum(1, keepdim=True)),
    "reshaped": lambda net, X: net(X.reshape(-1, 1, 2)).squeeze(1).expand(-1, 3).mean(-1),
    "transposed": lambda net, X: net((X.T * torch.tensor([[2.0], [3.0]], dtype=F64)).t()),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_values_and_gradients_agree(form: str, order: int) -> None:
    net = network(2)
    wanted = [(order, 0), (0, order), (order - 1, 1), (0, 0)]
    results = []
    for engine in ("taylor", "autograd"):
        X = points(2).requires_grad_()
        found = pl.partials(lambda X: FORMS[form](net, X), X, wanted, engine=engine)
        loss = sum((value.square() + value).sum() for value in found.values())
        gradients = torch.autograd.grad(loss, [X, *net.parameters()])
        results.append([*found.values(), *gradients])
    for a, b in zip(*results, strict=True):
        agree(a, b, size=100.0)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: type(a).__name__)
def test_activations_agree(activation: nn.Module) -> None:
    net = network(2, 2, activation)
    results = []
    for engine in ("taylor", "autograd"):
        found = pl.laplacian(net, points(2), engine=engine)
        third = pl.partials(net, points(2), [(2, 1)], engine=engine)[2, 1]
        results.append(
            [found, third, *torch.autograd.grad((found * third).sum(), list(net.parameters())[:3])]
        )
    for a, b in zip(*results, strict=True):
        agree(a, b)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **{f.__name__: f for f in (torch.exp, torch.exp2, torch.expm1, torch.tanh, torch.sigmoid, torch.tan)},
    **{f.__name__: f for f in (torch.sin, torch.cos, torch.sinh, torch.cosh, torch.atan, torch.asinh)},
    **{f.__name__: f for f in (torch.erf, torch.erfc, F.gelu, F.softplus, F.silu, F.logsigmoid)},
    "log": lambda z: torch.log(3 + z),
    "sqrt": lambda z: torch.sqrt(3 + z),
    "rsqrt": lambda z: torch.rsqrt(3 + z),
    "reciprocal": lambda z: 1 / (3 + z),
    "power": lambda z: (3 + z) ** 2.5,
    "product": lambda z: z * z.sin() * z[:, :1],
}


# Beyond degree two the code differs by law, not by function.
OF_EACH_LAW = ["tanh", "exp", "sin", "power", "atan", "gelu", "product"]


@pytest.mark.parametrize(
    ("operator", "name"),
    [*((pl.laplacian, name) for name in FUNCTIONS), *((pl.biharmonic, name) for name in OF_EACH_LAW)],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_results_can_be_differentiated_again(operator: Callable[..., Tensor], name: str) -> None:
    """By weights, three times: the second and third go through other code than the first."""
    X, results = points(2), []
    for engine in ("taylor", "autograd"):
        torch.manual_seed(2)
        weights = [torch.rand(3, 2, dtype=F64, requires_grad=True) for _ in range(2)]

        def f(X: Any, w: list[Tensor] = weights) -> Any:
            return FUNCTIONS[name](X @ w[0].T) @ w[1]

        loss = operator(f, X, engine=engine).square().sum()
        first = torch.autograd.grad(loss, weights, create_graph=True)
        second = torch.autograd.grad(sum(g.square().sum() for g in first), weights, create_graph=True)
        third = torch.autograd.grad(sum(g.sum() for g in second), weights)
        results.append([loss, *first, *second, *third])
    for a, b in zip(*results, strict=True):
        # One number for each tensor: small entries are sums of large ones.
        size = b.detach().abs().max().item()
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("index", [(1, 0), (2, 0), (1, 1), (3, 1)])
def test_gradients_for_each_row(index: tuple[int, int]) -> None:
    """As Gauss-Newton wants them: vmap over points of a gradient by weights, jets inside."""
    net = network(2)
    X = points(2)
    parameters = {name: p.detach() for name, p in net.named_parameters()}

    def row(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        found = pl.partials(lambda Z: functional_call(net, parameters, (Z,)), x[None], [index, (0, 0)])
        return found[index][0, 0] * found[0, 0][0, 0]

    reference = pl.partials(net, X, [index, (0, 0)], engine="autograd")
    rows = (reference[index] * reference[0, 0])[:, 0]
    for transform in (grad, jacrev):
        jacobian = vmap(transform(row), (None, 0))(parameters, X)
        for name, p in net.named_parameters():
            wanted = [torch.autograd.grad(r, p, retain_graph=True, materialize_grads=True)[0] for r in rows]
            agree(jacobian[name], torch.stack(wanted))


def test_an_ensemble_by_vmap() -> None:
    net = network(2)
    X = points(2)
    stacked = {name: torch.stack([p, 2 * p, -p]) for name, p in net.named_parameters()}

    def second(parameters: dict[str, Tensor]) -> Tensor:
        return pl.laplacian(lambda Z: functional_call(net, parameters, (Z,)), X)

    together = vmap(second)(stacked)
    for i in range(3):
        agree(together[i], second({name: p[i] for name, p in stacked.items()}))


# PyTorch itself, the first time that forward mode is used.
@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_hessian_of_a_loss() -> None:
    """By two reverse passes: forward mode is not offered."""
    net = network(1, width=3)
    names = ["4.weight"]
    parameters = {name: p.detach() for name, p in net.named_parameters()}

    def loss(weight: Tensor, engine: str = "auto") -> Tensor:
        changed = {**parameters, names[0]: weight}
        return (
            pl.derivatives(lambda Z: functional_call(net, changed, (Z,)), points(1), 2, engine=engine)
            .pow(4)
            .sum()
        )

    weight = parameters[names[0]]
    found = jacrev(jacrev(loss))(weight)
    wanted = torch.autograd.functional.hessian(lambda w: loss(w, "autograd"), weight)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_autograd_inside_torch_func_is_refused() -> None:
    with pytest.raises(DerivativeError, match="use 'taylor'"):
        vmap(lambda x: pl.laplacian(torch.sin, x, engine="autograd"))(points(2)[:, None])


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_no_forward_mode() -> None:
    """A custom function's jvp gives zeros in nested forward mode; ours has none, and says so."""
    with pytest.raises(NotImplementedError):
        torch.func.jvp(lambda x: pl.laplacian(torch.sin, x), (points(2),), (points(2),))


def test_the_choice() -> None:
    """What the benchmark found: slopes, a second derivative and Hessians by autograd, sums and order three not."""

    def pays(*wanted: Functional) -> bool:
        return taylor_pays(wanted)

    assert not pays(partial((1,)))
    assert not pays(partial((0, 0)), partial((2, 0)), partial((0, 1)))
    assert not pays(
        *[partial(tuple(int(i == k) + int(j == k) for k in range(5))) for i in range(5) for j in range(i, 5)]
    )
    assert pays(partial((3,)))
    assert pays(power_of_laplacian(2, 1))
    assert pays(power_of_laplacian(50, 1))


def test_fallback_warns_once_and_is_right() -> None:
    x = points(1)
    with pytest.warns(UserWarning, match="i0 has no Taylor rule") as record:
        found = pl.derivatives(torch.special.i0, x, 3)
    assert len(record) == 1
    truth = exact(lambda t: mp.besseli(0, t), x.flatten().tolist(), 3)
    assert relative_error(found[:, :, 0], truth) < 1e-11
    with pytest.raises(DerivativeError, match=r"torch\.special\.i0 has no Taylor rule.*pl\.taylor_rule"):
        pl.derivatives(torch.special.i0, x, 3, engine="taylor")


def test_operators_of_operators() -> None:
    X = points(2)
    net = network(2)
    for inner in ("taylor", "autograd"):
        with pytest.warns(
            UserWarning, match=r"inside of f has no Taylor rule|cannot be evaluated on Taylor numbers"
        ):
            twice = pl.laplacian(lambda X, e=inner: pl.laplacian(net, X, engine=e), X)
        agree(twice, pl.biharmonic(net, X))

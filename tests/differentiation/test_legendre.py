"""legendre against mpmath at 50 digits and closed forms, and under what PyTorch does to a function."""

import inspect
import math
from fractions import Fraction
from functools import cache

import mpmath
import numpy as np
import pytest
import torch

import pinnlite as pl

EPS = torch.finfo(torch.float64).eps


@cache
def coefficients(n: int, k: int) -> list[Fraction]:
    """Exact coefficients of P_n^(k), highest power first, from the explicit sum (DLMF 18.5.8)."""
    powers = {n - 2 * j: (-1) ** j * math.comb(n, j) * math.comb(2 * n - 2 * j, n) for j in range(n // 2 + 1)}
    return [Fraction(powers.get(p, 0) * math.perm(p, k), 2**n) for p in range(n, k - 1, -1)]


def exact(n: int, k: int, x: float) -> mpmath.mpf:
    # The explicit sum loses about 0.8 n digits near 1, which the working precision must have to spare.
    with mpmath.workdps(50 + n):
        terms = [mpmath.mpf(c.numerator) / c.denominator for c in coefficients(n, k)]
        return +mpmath.polyval(terms, x) if terms else mpmath.mpf(0)


def points() -> torch.Tensor:
    near = [0.0, 1e-9, 1e-3, 0.5, 0.999, 1 - 1e-6, 1 - 1e-10, 1.0, 1 + 1e-10, 1 + 1e-6, 1.001, 1.1, 2.0, 10.0]
    inside = 2 * torch.rand(30, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    return torch.tensor([*near, *(-v for v in near), *inside.tolist()], dtype=torch.float64)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 20, 64, 99, 100])
def test_relative_error_below_1e_12(n: int) -> None:
    """Near a zero of P the rounding of x itself changes P by eps |x P'|: that much more is allowed, once."""
    x = points()
    for k in range(min(n, 6) + 1):
        for at, value in zip(x.tolist(), pl.legendre(x, n, k).tolist(), strict=True):
            truth, slope = exact(n, k, at), exact(n, k + 1, at)
            assert abs(value - truth) <= 1e-12 * abs(truth) + EPS * abs(at * slope), (n, k, at)


def test_at_zeros_of_the_polynomial() -> None:
    """At the floats nearest to the zeros, where values are all rounding, the error is below 60 ulps of x."""
    zeros, _ = np.polynomial.legendre.leggauss(100)
    for at, value in zip(zeros, pl.legendre(torch.tensor(zeros), 100).tolist(), strict=True):
        assert abs(value - exact(100, 0, float(at))) <= 60 * EPS * abs(at * exact(100, 1, float(at))) + 1e-16


@pytest.mark.parametrize("k", [0, 1, 6, 30, 100, 110])
def test_degree_200_at_the_ends(k: int) -> None:
    n = 200
    end = Fraction(math.factorial(n + k), 2**k * math.factorial(k) * math.factorial(n - k))
    value = pl.legendre(torch.tensor([1.0, -1.0], dtype=torch.float64), n, k)
    for got, want in zip(value.tolist(), (end, (-1) ** (n + k) * end), strict=True):
        assert abs(Fraction(got) - want) <= Fraction(1, 10**12) * abs(want)


def test_any_derivative_of_degree_200() -> None:
    x = torch.tensor([-1.3, -0.6, 0.1, 0.8], dtype=torch.float64)
    for k in (40, 90, 140):
        for at, value in zip(x.tolist(), pl.legendre(x, 200, k).tolist(), strict=True):
            if abs(exact(200, k, at)) < 1.7e308:
                assert abs(value / exact(200, k, at) - 1) < 1e-11, (k, at)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_overflow_is_infinite_with_the_right_sign(dtype: torch.dtype) -> None:
    x = torch.tensor([-50.0, -1.5, 0.0, 1.5, 50.0, math.inf, -math.inf], dtype=dtype)
    for k in (150, 180, 199):  # (2k-1)!! alone overflows float64 from k = 151
        inf, sign = math.inf, (-1.0) ** (199 - k)
        middle = 0.0 if sign < 0 else math.copysign(inf, float(exact(199, k, 0.0) > 0) - 0.5)
        got = pl.legendre(x, 199, k).tolist()
        assert got[0] == sign * inf
        assert got[2] == middle or (k == 199 and got[2] == inf)
        assert got[3:6] == [inf, inf, inf] if k < 199 else got[4] == inf
    assert pl.legendre(torch.tensor([math.nan, 0.5]), 200, 150).isnan().tolist() == [True, False]
    assert not pl.legendre(torch.linspace(-1, 1, 101), 200, 6).isnan().any()  # float32


def test_derivatives_past_the_degree_are_zeros_with_a_graph() -> None:
    x = torch.tensor([0.3, 2.0], dtype=torch.float64, requires_grad=True)
    y = pl.legendre(x, 3, 5)
    assert y.tolist() == [0, 0]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0, 0]


@pytest.mark.parametrize(("n", "k"), [(0, 0), (1, 0), (4, 0), (7, 2), (12, 3)])
def test_gradcheck_and_gradgradcheck(n: int, k: int) -> None:
    x = torch.linspace(-0.9, 1.2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: pl.legendre(z, n, k), x)
    assert torch.autograd.gradgradcheck(lambda z: pl.legendre(z, n, k), x)


def test_nested_autograd_through_a_chain() -> None:
    """d^6/dx^6 of P_9(c + d x) is d^6 P_9^(6)(c + d x)."""
    x = torch.linspace(-1, 1, 9, dtype=torch.float64, requires_grad=True)
    got = pl.diff(pl.legendre(0.1 + 0.7 * x, 9), x, order=6)
    want = [0.7**6 * float(exact(9, 6, 0.1 + 0.7 * at)) for at in x.tolist()]
    torch.testing.assert_close(got.detach(), torch.tensor(want, dtype=torch.float64), rtol=1e-11, atol=1e-8)


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # torch's own, from forward mode
def test_under_function_transforms() -> None:
    x = torch.tensor([-1.0, -0.3, 0.4, 1.7], dtype=torch.float64)
    slope, curve = (
        torch.tensor([float(exact(5, k, at)) for at in x.tolist()], dtype=torch.float64) for k in (1, 2)
    )

    def f(z: torch.Tensor) -> torch.Tensor:
        return pl.legendre(z, 5)

    def close(a: torch.Tensor, b: torch.Tensor) -> None:
        torch.testing.assert_close(a, b, rtol=1e-13, atol=1e-13)

    close(torch.func.vmap(torch.func.grad(f))(x), slope)
    close(torch.func.vmap(torch.func.grad(torch.func.grad(f)))(x), curve)
    close(torch.func.jacrev(f)(x), slope.diag())
    close(torch.func.vmap(torch.func.vmap(f))(x.reshape(2, 2)).flatten(), f(x))
    with pytest.raises(NotImplementedError):  # forward mode raises, where nested it would give zeros
        torch.func.jacfwd(f)(x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_other_dtypes(dtype: torch.dtype) -> None:
    x = torch.linspace(-1, 1, 41, dtype=dtype)
    y = pl.legendre(x, 30)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    # float32 carries the recurrence, whose error is some n eps; the shorter ones only hold the result.
    error = (y.double() - pl.legendre(x.double(), 30)).abs().max().item()
    assert error < max(torch.finfo(dtype).eps, 60 * torch.finfo(torch.float32).eps)


def test_apply_and_shapes() -> None:
    x = torch.rand(2, 3, 4, dtype=torch.float64)
    assert torch.equal(pl.LegendrePolynomial.apply(x, 4, 1), pl.legendre(x, 4, derivative=1))
    assert pl.legendre(x[0, 0, 0], np.int64(2)).shape == ()


def test_hands_itself_to_objects_that_stand_for_a_tensor() -> None:
    class Recorder:
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return function, args[1:], kwargs

    assert pl.legendre(Recorder(), 3, 2) == (pl.legendre, (3,), {"derivative": 2})


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((torch.ones(2), 2.5), TypeError, "degree n must be an integer, got 2.5"),
        ((torch.ones(2), 2, 0.5), TypeError, "derivative must be an integer"),
        ((torch.ones(2), -1), ValueError, "between 0 and 200, got -1"),
        ((torch.ones(2), 201), ValueError, "between 0 and 200, got 201"),
        ((torch.ones(2), 2, -1), ValueError, "derivative must be 0 or more, got -1"),
        ((torch.arange(3), 2), TypeError, "int64; write x.double()"),
        ((torch.ones(2) + 1j, 2), TypeError, "floating-point, got torch.complex64"),
        ((0.5, 2), TypeError, "must be a tensor, got float"),
    ],
)
def test_errors(arguments: tuple, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        inspect.unwrap(pl.legendre)(*arguments)  # without the annotation checks, which would answer first

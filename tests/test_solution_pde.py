"""Solutions in several coordinates as functions: shapes, derivatives, pictures, files and warnings, of every trial."""

import math
import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from torch import Tensor

import pinnlite as pl

DECAY = 0.1 * math.pi**2


def heat(x: Tensor, t: Tensor) -> Tensor:
    return torch.sin(math.pi * x) * torch.exp(-DECAY * t)


def sines(x: Tensor, y: Tensor) -> Tensor:
    return torch.sin(math.pi * x) * torch.sin(math.pi * y)


def paraboloid(x: Tensor, y: Tensor) -> Tensor:
    return 1 - x**2 - y**2


@cache
def solved(kind: str) -> pl.Solution:
    """A march in time, a box, and random features on a region that is none."""
    if kind == "slabs":
        conditions = ("u(x, 0) = sin(pi*x)", "u(0, t) = 0", "u(1, t) = 0")
        return pl.solve("u_t = 0.1*u_xx", *conditions, x=(0, 1), t=(0, 1))
    if kind == "box":
        equation = "u_xx + u_yy = -2*pi^2*sin(pi*x)*sin(pi*y)"
        return pl.solve(equation, "u = 0 on boundary", x=(0, 1), y=(0, 1))
    return pl.solve("u_xx + u_yy = -4", "u = 0 on boundary", on=pl.Disk((0, 0), 1))


EXACT: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"slabs": heat, "box": sines, "disk": paraboloid}
A = torch.tensor([[0.1], [0.3], [0.6], [0.7]], dtype=torch.float64)
B = torch.tensor([[0.0, 0.4, 0.7]], dtype=torch.float64)

every_kind = pytest.mark.parametrize("kind", list(EXACT))


@every_kind
def test_values_have_the_shape_that_the_coordinates_broadcast_to(kind: str) -> None:
    solution, second = solved(kind), solved(kind).problem.domain.names[1]
    expected = EXACT[kind](A, B)
    torch.testing.assert_close(solution(A, B), expected, rtol=0, atol=1e-6)
    assert torch.equal(solution(x=A, **{second: B}), solution(A, B))
    assert solution(0.3, 0.4).shape == ()
    assert (
        solution([0.3, 0.6], 0.4).tolist()
        == solution(A[1:3, 0], torch.full((2,), 0.4, dtype=torch.float64)).tolist()
    )
    assert solution(torch.empty(0, 2), 0.4).shape == (0, 2)
    assert solution(A, B).numpy().shape == (4, 3)  # numbers at numbers carry no graph
    with pytest.raises(pl.ShapeError, match=rf"x \(3,\), {second} \(4,\)"):
        solution(torch.zeros(3), torch.zeros(4))


@every_kind
def test_partials_and_gradients_by_both_coordinates(kind: str) -> None:
    solution, exact = solved(kind), EXACT[kind]
    x, y = (each.expand(4, 3).flatten().requires_grad_() for each in (A, B))
    found, true = pl.diff(solution(x, y), x, y), pl.diff(exact(x, y), x, y)
    torch.testing.assert_close(found, true, rtol=0, atol=1e-4)
    names = solution.problem.domain.names
    torch.testing.assert_close(solution.partial("".join(names))(x, y), found, rtol=0, atol=1e-9)
    torch.testing.assert_close(
        solution.partial("u_xx")(x, y), pl.diff(exact(x, y), x, order=2), rtol=0, atol=1e-3
    )
    assert solution.residual(A, B).abs().max() < 1e-3
    assert pl.diff(solution.residual(x, y), x).shape == (12,)
    with pytest.raises(pl.DerivativeError, match=r'sol\.partial\("xx"\)'):
        pl.laplacian(lambda X: solution(*X.T), torch.stack([x, y], 1))


@every_kind
def test_compare_wants_a_reference(kind: str) -> None:
    solution, exact = solved(kind), EXACT[kind]
    assert solution.compare(exact).error <= 10 * solution.error <= 1e-5
    # Its error is taken against what it is given: three times the truth is two thirds away.
    assert solution.compare(lambda x, y: 3 * exact(x, y)).error == pytest.approx(2 / 3, rel=1e-5)
    call = f"compare(lambda {', '.join(solution.problem.domain.names)}: ...)"
    with pytest.raises(pl.ProblemError, match=rf"SciPy.* it has 2 coordinates.*{re.escape(call)}"):
        solution.compare()


@every_kind
def test_pictures(kind: str) -> None:
    solution, second = solved(kind), solved(kind).problem.domain.names[1]
    assert solution.plot().get_ylabel() == f"${second}$"
    line = solution.plot(**{second: 0.5}).lines[0]
    x, u = (torch.as_tensor(values) for values in line.get_data())
    inside = u.isfinite()
    assert inside.sum() > 500
    torch.testing.assert_close(u[inside], EXACT[kind](x, torch.tensor(0.5))[inside], rtol=0, atol=1e-6)
    with pytest.raises(pl.ProblemError, match="z is no coordinate"):
        solution.plot(z=0.5)
    with pytest.raises(pl.ProblemError, match=rf"{second} = 5 lies outside"):
        solution.plot(**{second: 5.0})
    plt.close("all")


@pytest.mark.parametrize("kind", ["slabs", "box"])
def test_files(kind: str, tmp_path: Path) -> None:
    solution = solved(kind)
    solution.save(tmp_path / "u.safetensors")
    again = pl.load(tmp_path / "u.safetensors")
    assert torch.equal(again(A, B), solution(A, B))
    assert torch.equal(again.partial("xx")(A, B), solution.partial("xx")(A, B))
    assert (str(again.problem), again.error, again.kind) == (
        str(solution.problem),
        solution.error,
        solution.kind,
    )


@every_kind
def test_outside_the_domain_warns(kind: str) -> None:
    solution = solved(kind)
    with pytest.warns(UserWarning, match="x lies outside .* extrapolated"):
        solution(2.0, 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solution(A, B)
        if kind != "disk":
            solution(1.0, 1.0)


def test_a_corner_of_the_bounding_box_lies_outside_the_disk() -> None:
    with pytest.warns(UserWarning, match=r"outside the Disk\(\(0, 0\), 1\)"):
        solved("disk").partial("xx")(0.9, 0.9)

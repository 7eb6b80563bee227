"""Sources so narrow that all collocation points miss them: against closed forms, and never called converged unseen."""

import math

import pytest
import torch
from torch import Tensor

import pinnlite as pl
from pinnlite.solving.balance import spots
from pinnlite.solving.boxes.box_newton import Outcome
from pinnlite.solving.boxes.box_refinement import Refinement, _overlooked
from pinnlite.trials.boxes import Boxes
from tests.problems.evolution import LEAVING

PLACE = (0.3, 0.2)


def relative(found: Tensor, exact: Tensor) -> float:
    return ((found - exact).norm() / exact.norm()).item()


def pulse(x: Tensor, t: Tensor, steep: float, at: float) -> Tensor:
    """0.001 exp(-k t) + the integral of sqrt(a / pi) exp(-a (s - at)^2 - k (t - s)) over s < t, times sin(pi x)."""
    k, a = 0.01 * math.pi**2, steep
    shifted = math.sqrt(a) * (t - at) - k / (2 * math.sqrt(a))
    fed = torch.exp(-k * (t - at) + k * k / (4 * a)) * (1 + torch.erf(shifted)) / 2
    return torch.sin(math.pi * x) * (0.001 * torch.exp(-k * t) + fed)


@pytest.mark.parametrize(("steep", "at", "tol"), [(1e6, 0.777, 1e-2), (1e6, 0.613, 1e-5)])
def test_a_pulse_in_time_is_not_stepped_over(steep: float, at: float, tol: float) -> None:
    solution = pl.solve(
        f"u_t = 0.01*u_xx + {math.sqrt(steep / math.pi)}*exp(-{steep}*(t-{at})^2)*sin(pi*x)",
        "u(x,0) = 0.001*sin(pi*x)",
        "u(0,t) = 0",
        "u(1,t) = 0",
        x=(0, 1),
        t=(0, 1),
        tol=tol,
    )
    x, t = torch.rand(2, 5000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert solution.converged, solution.status
    assert relative(solution(x, t), pulse(x, t, steep, at)) <= tol


def test_a_source_at_a_spot_in_space_is_not_passed_over() -> None:
    """u_t = u_xx + a narrow source: in the end Green's function, a hat, is all there is."""
    strength = math.sqrt(1e5 / math.pi)
    solution = pl.solve(
        f"u_t = u_xx + {strength}*exp(-1e5*(x-0.377)^2)",
        "u(x,0) = 0",
        "u(0,t) = 0",
        "u(1,t) = 0",
        x=(0, 1),
        t=(0, 2),
        tol=1e-3,
    )
    x = torch.linspace(0, 1, 301, dtype=torch.float64)
    hat = torch.where(x < 0.377, x * (1 - 0.377), 0.377 * (1 - x))
    assert solution.converged, solution.status
    assert relative(solution(x, torch.full_like(x, 2.0)), hat) <= 2e-3


def test_a_wave_that_is_coarse_at_first_is_no_false_alarm() -> None:
    solution = pl.solve(*LEAVING.statements, tol=1e-2, **LEAVING.names)
    assert solution.converged
    assert LEAVING.error(solution) <= 1e-2


def test_a_jump_of_the_second_derivative_that_a_wave_carries_is_no_narrow_source() -> None:
    """A string plucked as x(1-x), whose odd continuation has jumps of u_xx, by d'Alembert, and a smooth force."""
    solution = pl.solve(
        "u_tt = u_xx + 10*sin(3*pi*x)",
        "u(x,0) = x*(1-x)",
        "u_t(x,0) = 0",
        "u = 0 on boundary",
        x=(0, 1),
        t=(0, 1.5),
        tol=1e-2,
    )
    x, t = torch.rand(2, 5000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t = 1.5 * t
    continued = [torch.remainder(x + move + 1, 2) - 1 for move in (-t, t)]
    free = sum(each * (1 - each.abs()) for each in continued) / 2
    k = 3 * math.pi
    exact = free + 10 * torch.sin(k * x) * (1 - torch.cos(k * t)) / k**2
    assert solution.converged, solution.status
    assert 0.5 * solution.error <= relative(solution(x, t), exact) <= 2 * solution.error <= 2e-2


def test_a_spot_on_a_disk_is_cut_out() -> None:
    """Outside the spot its source is a point's: Green's function of the disk, by an image."""
    strength, steep, disk = 30, 300, pl.Disk((0, 0), 1)
    solution = pl.solve(
        f"u_xx + u_yy = -1 - {strength}*exp(-{steep}*((x-{PLACE[0]})^2 + (y-{PLACE[1]})^2))",
        "u = 0 on boundary",
        on=disk,
        tol=1e-2,
        trial="features",
    )
    X, place = disk.sample(4000), torch.tensor(PLACE, dtype=torch.float64)
    image, away = place / (place @ place), (X - place).norm(dim=1)
    point = torch.log(away / ((X - image).norm(dim=1) * place.norm()))
    exact = (1 - X.square().sum(1)) / 4 - strength / (2 * steep) * point
    outside = away > 0.2
    assert solution.converged, solution.status
    assert relative(solution(*X.T)[outside], exact[outside]) <= 1e-2


def test_a_spot_that_a_solution_has_missed_is_found() -> None:
    disk, (a, b) = pl.Disk((0, 0), 1), PLACE
    blind = pl.solve("u_xx + u_yy = -1", "u = 0 on boundary", on=disk, tol=1e-4).trial
    assert blind is not None
    spotted = f"u_xx + u_yy = -1 - 1000*exp(-10000*((x - {a})^2 + (y - {b})^2))"
    found = spots(blind, pl.Problem(spotted, "u = 0 on boundary", on=disk), 0)
    assert len(found)
    assert (found - torch.tensor(PLACE, dtype=torch.float64)).norm(dim=1).max() < 0.05
    assert not len(spots(blind, pl.Problem("u_xx + u_yy = -1", "u = 0 on boundary", on=disk), 0))


def test_a_spot_that_boxes_have_missed_is_found_in_the_one_that_holds_it() -> None:
    square: dict[str, object] = {"x": (0, 1), "y": (0, 1)}
    still = "-2*pi^2*sin(pi*x)*sin(pi*y)"
    whole = pl.solve(f"u_xx + u_yy = {still}", "u = 0 on boundary", tol=1e-6, **square).trial
    assert isinstance(whole, Boxes)
    boxes = whole.refined(torch.ones(1, 2, dtype=torch.bool))
    spotted = f"u_xx + u_yy = {still} - 1000*exp(-10000*((x-0.37)^2 + (y-0.71)^2))"
    problem = pl.Problem(spotted, "u = 0 on boundary", **square)
    found = _overlooked(problem, boxes, 1e-6)
    place = torch.tensor([[0.37, 0.71]], dtype=torch.float64)
    assert found.nonzero().flatten().tolist() == boxes.partition.locate(place).tolist()
    middle = (boxes.partition.low + boxes.partition.high) / 2
    balanced = Outcome(boxes, True, 1, 1.0, math.inf, torch.zeros(4, dtype=torch.float64), middle)
    finer = Refinement(problem).finer(balanced, 1e-6)
    assert finer is not None
    assert len(finer.partition) > 4


def test_a_narrow_source_in_a_box_is_not_passed_over() -> None:
    """By the square's Green function, its sum over sines."""
    strength, steep = 1000, 1e4
    solution = pl.solve(
        f"u_xx + u_yy = -{strength}*exp(-{steep}*((x-0.37)^2 + (y-0.71)^2))",
        "u = 0 on boundary",
        x=(0, 1),
        y=(0, 1),
        tol=1e-3,
    )
    n = torch.arange(1, 121, dtype=torch.float64) * math.pi
    line = torch.linspace(0, 1, 41, dtype=torch.float64)
    by_x, by_y = (2 * torch.sin(n * at) * torch.exp(-n * n / (4 * steep)) for at in (0.37, 0.71))
    coefficients = strength * math.pi / steep * by_x[:, None] * by_y / (n[:, None] ** 2 + n**2)
    modes = torch.sin(line[:, None] * n)
    exact = modes @ coefficients @ modes.T
    x, y = torch.meshgrid(line, line, indexing="ij")
    assert solution.converged, solution.status
    assert relative(solution(x.flatten(), y.flatten()), exact.flatten()) <= 1e-3

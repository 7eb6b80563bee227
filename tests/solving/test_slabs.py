"""Evolution equations by slabs: kinds of them against closed forms, and what happens where there is no solution."""

import itertools
import math
import re
import time
from pathlib import Path

import pytest
import torch
from scipy.special import j0, jn_zeros
from torch import Tensor

import pinnlite as pl
from pinnlite.solving.slabs.condensed import Condensed
from pinnlite.solving.slabs.cyclic import Cyclic
from pinnlite.solving.slabs.evolution import evolution_of
from pinnlite.solving.slabs.initial_field import InitialField
from pinnlite.solving.slabs.jumps import travelling_jump
from pinnlite.solving.slabs.slab import SlabSolver
from pinnlite.solving.slabs.slab_collocation import Place, SlabCollocation
from pinnlite.solving.slabs.space_mesh import SpaceMesh, carried
from pinnlite.trials.reference import gauss_nodes, radau_nodes
from tests.problems.evolution import BURGERS, KINDS, WAVE, Known

HEAT = ("u_t = u_xx", "u(x, 0) = sin(pi*x)", "u(0, t) = 0", "u(1, t) = 0")


@pytest.mark.parametrize("known", KINDS, ids=lambda k: k.name)
def test_kinds_of_evolution(known: Known) -> None:
    tol = 1e-5
    solution = pl.solve(*known.statements, tol=tol, **known.names)
    true = known.error(solution)
    assert solution.converged, solution.status
    assert true <= tol
    assert true <= 10 * solution.error


def test_burgers_to_ten_digits_and_without_a_hint() -> None:
    solution = pl.solve(*BURGERS.statements, tol=1e-10, **BURGERS.names)
    assert solution.converged
    assert BURGERS.error(solution) <= 1e-10


def test_wave_to_eleven_digits() -> None:
    solution = pl.solve(*WAVE.statements, tol=1e-11, **WAVE.names)
    assert solution.converged
    assert WAVE.error(solution) <= 1e-11


def test_partials_are_the_derivatives_of_the_solution_and_solve_the_equation() -> None:
    solution = pl.solve(*BURGERS.statements, tol=1e-6, **BURGERS.names)
    x = torch.linspace(-0.97, 0.95, 41, dtype=torch.float64, requires_grad=True)
    t = torch.linspace(0.02, 0.98, 41, dtype=torch.float64, requires_grad=True)
    by_x, by_t = torch.autograd.grad(solution(x, t).sum(), [x, t])
    torch.testing.assert_close(solution.partial("x")(x, t).detach(), by_x, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(solution.partial("t")(x, t).detach(), by_t, rtol=1e-9, atol=1e-9)
    assert solution.residual(x, t).abs().max() < 1e-3


def test_a_solution_is_saved_and_loaded(tmp_path: Path) -> None:
    solution = pl.solve(*WAVE.statements, tol=1e-3, **WAVE.names)
    solution.save(tmp_path / "wave.safetensors")
    x = torch.linspace(0, 1, 9, dtype=torch.float64)
    assert torch.equal(pl.load(tmp_path / "wave.safetensors")(x, x), solution(x, x))


def test_python_functions_are_statements_too() -> None:
    solution = pl.solve(
        pl.equation(lambda u, x, t, nu: u.t + u * u.x - nu * u.xx),
        pl.condition(lambda u, x: u + torch.sin(math.pi * x), t=0),
        pl.condition(lambda u, t: u, x=-1),
        pl.condition(lambda u, t: u, x=1),
        tol=1e-5,
        **BURGERS.names,
    )
    assert BURGERS.error(solution) <= 1e-5


def test_errors_about_an_unstable_state_may_be_what_grows() -> None:
    """u stays between 0 and 1, and u = 0 is left as exp(1000 t), by errors on either side of it."""
    statements = ("u_t = u_xx + 1000*u*(1 - u)", "u(x, 0) = exp(-100*x^2)", "u_x(-1, t) = 0", "u_x(5, t) = 0")
    solution = pl.solve(*statements, x=(-1, 5), t=(0, 0.1), tol=1e-2)
    assert not solution.converged
    assert "grows without bound, or an error does" in solution.status


def test_blow_up_is_told_with_its_time() -> None:
    """u' = u^2 from 1 ends at t = 1, with no flux through the ends."""
    solution = pl.solve(
        "u_t = u_xx + u^2", "u(x, 0) = 1", "u_x(0, t) = 0", "u_x(1, t) = 0", x=(0, 1), t=(0, 2), tol=1e-3
    )
    assert not solution.converged
    assert "blow up" in solution.status
    assert solution.reached is not None
    assert solution.reached[1] == pytest.approx(1.0, abs=1e-3)
    assert solution(0.3, 0.5) == pytest.approx(2.0, rel=1e-2)
    with pytest.raises(pl.ProblemError, match="only found on t"):
        solution(0.3, 1.5)


def test_a_shock_is_told_with_its_time() -> None:
    """Without viscosity the steepest slope of -sin(pi x) becomes infinite at t = 1/pi."""
    solution = pl.solve(*BURGERS.statements, tol=1e-2, x=(-1, 1), t=(0, 1), nu=0.0)
    assert not solution.converged
    assert "shock" in solution.status
    assert solution.reached is not None
    assert solution.reached[1] == pytest.approx(1 / math.pi, abs=1e-2)


def test_a_shock_that_moves_is_told_with_its_time() -> None:
    """Of exp(-x^2) the steepest slope is -sqrt(2/e), and infinite at t = sqrt(e/2)."""
    solution = pl.solve(
        "u_t + u*u_x = 0", "u(x, 0) = exp(-x^2)", "u(-5, t) = exp(-25)", x=(-5, 5), t=(0, 3), tol=1e-4
    )
    assert not solution.converged
    told = re.search(r"shock at about t = (\S+):", solution.status)
    assert told
    # It is told a hundredth of the time before.
    assert float(told[1]) == pytest.approx(math.sqrt(math.e / 2), rel=5e-3)


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("sign(x - 0.3)", "-1", "jumps at x = 0.3,"),
        ("sign(x - 0.5)", "-1", "jumps at x = 0.5,"),  # where elements meet from the first
        ("1", "0", "contradicts the initial state at x = 0,"),
    ],
)
def test_a_jump_that_travels_is_told_at_once(start: str, end: str, told: str) -> None:
    solution = pl.solve("u_t + 2*u_x = 0", f"u(x, 0) = {start}", f"u(0, t) = {end}", x=(0, 1), t=(0, 0.2))
    assert not solution.converged
    assert told in solution.status
    assert "speed of up to 2:" in solution.status


def test_a_wave_packet_is_no_jump() -> None:
    """Of Schrodinger's equation, exp(-x^2 + 2ix) at the start: series coarse enough do not meet where they join."""
    problem = pl.Problem(
        "a_t = -b_xx",
        "b_t = a_xx",
        "a(x, 0) = exp(-x^2)*cos(2x)",
        "b(x, 0) = exp(-x^2)*sin(2x)",
        *(f"{u}({x}, t) = 0" for u in "ab" for x in (-12, 12)),
        x=(-12, 12),
        t=(0, 0.5),
    )
    evolution = evolution_of(problem)
    assert evolution is not None
    assert travelling_jump(evolution) is None


def test_a_source_that_jumps_where_no_elements_meet() -> None:
    """u = t + (x - c) |x - c| / 2, whose second derivative is sign(x - c)."""
    solution = pl.solve(
        "u_t = u_xx + 1 - sign(x - c)",
        "u(x, 0) = (x - c)*abs(x - c)/2",
        "u(0, t) = t - c^2/2",
        "u(1, t) = t + (1 - c)^2/2",
        x=(0, 1),
        t=(0, 0.3),
        c=0.3217,
        tol=1e-9,
        time_limit=10,
    )
    assert solution.converged, solution.status
    x, t = torch.cartesian_prod(*(torch.linspace(0, end, 41, dtype=torch.float64) for end in (1, 0.3))).T
    exact = t + (x - 0.3217) * (x - 0.3217).abs() / 2
    assert (solution(x, t) - exact).norm() <= 1e-9 * exact.norm()


def test_what_starts_from_zero_is_not_resolved_by_what_it_is_at_first() -> None:
    """A soliton at rest, p + iq = exp(it/2) / cosh(x): its imaginary part starts from zero."""
    solution = pl.solve(
        "p_t = -q_xx/2 - (p^2 + q^2)*q",
        "q_t = p_xx/2 + (p^2 + q^2)*p",
        "p(x, 0) = 1/cosh(x)",
        "q(x, 0) = 0",
        *(f"{u}({x}, t) = 0" for u in "pq" for x in (-20, 20)),
        x=(-20, 20),
        t=(0, 1),
        tol=1e-5,
    )
    assert solution.converged, solution.status
    x, t = torch.cartesian_prod(*(torch.linspace(*i, 41, dtype=torch.float64) for i in ((-20, 20), (0, 1)))).T
    found = solution(x, t)
    assert torch.allclose(found["p"], torch.cos(t / 2) / torch.cosh(x), atol=1e-5)
    assert torch.allclose(found["q"], torch.sin(t / 2) / torch.cosh(x), atol=1e-5)


def test_an_evolution_that_is_ill_posed_about_its_start_is_told() -> None:
    """Diffusion by u^3 - u is backward where u is small."""
    statements = (
        "u_t = 6u*u_x^2 + (3u^2 - 1)*u_xx",
        "u(x, 0) = 0.1*cos(pi*x)",
        "u_x(0, t) = 0",
        "u_x(1, t) = 0",
    )
    solution = pl.solve(*statements, x=(0, 1), t=(0, 1))
    assert not solution.converged
    assert "ill-posed" in solution.status


def test_an_interruption_leaves_the_part_that_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    solve, calls = SlabSolver.solve, itertools.count()

    def interrupted(*arguments: object) -> object:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return solve(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(SlabSolver, "solve", interrupted)
    solution = pl.solve(*HEAT, x=(0, 1), t=(0, 1), tol=1e-6)
    assert not solution.converged
    assert "interrupted" in solution.status
    assert next(calls) == 5
    assert solution.reached is not None
    at = solution.reached[1] / 2
    assert solution(0.5, at) == pytest.approx(math.exp(-(math.pi**2) * at), rel=1e-4)
    calls = (
        itertools.count()
    )  # a network that is to be measured by slabs is not trained after an interruption either
    solution = pl.solve(*HEAT, x=(0, 1), t=(0, 1), tol=1e-6, trial="network")
    assert "interrupted" in solution.status
    assert solution.trial is None


@pytest.mark.parametrize(
    ("statements", "time"),
    [
        (HEAT, 1),
        ((HEAT[0], "u(x, 0) = sin(pi*x)", "u = 0 on boundary"), 1),
        (("u_tt = u_xx", *HEAT[1:], "u_t(x, 0) = 0"), 1),
        (("u_xx + u_tt = 0", *HEAT[1:], "u(x, 1) = 0"), None),
        (("u_x = u_tt", "u(0, t) = sin(pi*t)", "u(x, 0) = 0", "u(x, 1) = 0"), 0),
    ],
)
def test_what_is_an_evolution_and_in_what(statements: tuple[str, ...], time: int | None) -> None:
    evolution = evolution_of(pl.Problem(*statements, x=(0, 1), t=(0, 1)))
    assert (evolution.time if evolution else None) == time


def test_the_cost_grows_with_the_number_of_elements() -> None:
    counts, seconds = [8, 16, 32, 64, 128], []
    for count in counts:
        seconds.append(min(_slab_seconds(count) for _ in range(3)))
    x, y = torch.log(torch.tensor([counts, seconds], dtype=torch.float64))
    exponent = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    assert exponent < 1.2


def _slab_seconds(elements: int) -> float:
    """Process time of one slab of Burgers' equation on so many equal elements."""
    evolution = evolution_of(pl.Problem(*BURGERS.statements, **BURGERS.names))
    assert evolution is not None
    nodes = gauss_nodes(10)
    collocation = SlabCollocation(evolution, nodes, radau_nodes(6))
    mesh = SpaceMesh.of(-1, 1, elements.bit_length() - 1)
    known = InitialField(evolution).on(mesh, nodes)
    first = {"u": torch.zeros(elements, 6, 12, dtype=torch.float64)}
    began = time.process_time()
    assert SlabSolver(collocation).solve(Place(mesh.edges, 0.0, 0.01), known, first, 1e-6, {"u": 1.0})
    return time.process_time() - began


@pytest.mark.parametrize("elements", [1, 2, 3, 7, 16])
def test_cyclic_reduction_solves_the_chain(elements: int) -> None:
    generator = torch.Generator().manual_seed(elements)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    G, H, first, last, states = (
        draw(elements, 4, 4),
        draw(elements, 4, 4),
        draw(4, 4),
        draw(4, 4),
        draw(elements + 1, 4),
    )
    right = (G @ states[:-1, :, None] + H @ states[1:, :, None])[..., 0]
    found = Cyclic(G, H, first, last).solve(right, first @ states[0] + last @ states[-1])
    torch.testing.assert_close(found, states, rtol=1e-9, atol=1e-9)


def test_condensed_elements_give_back_what_their_equations_say() -> None:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    left, inner, end, scale = draw(3, 6, 2), draw(3, 6, 6), draw(2, 8), draw(3, 2).exp()
    states, coordinates = draw(4, 2), draw(3, 6)
    scaled = states[:-1] * scale
    r = (left @ scaled[..., None] + inner @ coordinates[..., None])[..., 0]
    m = states[1:] * scale - torch.cat([scaled, coordinates], 1) @ end.T
    condensed = Condensed(left, inner, end, scale)
    at_rest, right = condensed.reduced(r, m)
    chain = (condensed.G @ states[:-1, :, None] + condensed.H @ states[1:, :, None])[..., 0]
    torch.testing.assert_close(right, chain, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(condensed.inner(at_rest, states), coordinates, rtol=1e-9, atol=1e-9)


def test_functions_are_carried_to_halves_without_loss() -> None:
    nodes = gauss_nodes(7)
    rows = torch.randn(4, 2, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    old = SpaceMesh.of(0, 3, 2)
    new = old.halved(torch.tensor([True, False, True, True]))
    back = new.merged(new.pairs())
    there = carried(rows, 2, old, new, nodes)
    assert torch.equal(back.places, SpaceMesh.of(0, 3, 1).places) or len(back.half) < len(new.half)
    again = carried(there, 2, new, old, nodes)
    torch.testing.assert_close(again, rows, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "order", ["u_tt = u_xx", "u_tt = u_xx - u", "u_tt = u_xx - u^3 + (sin(pi*x)*cos(pi*t))^3"]
)
def test_standing_waves_over_several_periods_are_no_shocks(order: str) -> None:
    """1 / max |u_x| falls linearly between two turning points of a standing wave, too."""
    statements = (order, "u(x, 0) = sin(pi*x)", "u_t(x, 0) = 0", "u = 0 on boundary")
    solution = pl.solve(*statements, x=(0, 1), t=(0, 10), tol=1e-6)
    assert solution.converged, solution.status
    frequency = math.pi if not order.endswith("- u") else math.sqrt(math.pi**2 + 1)
    x, t = torch.rand(2, 500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = torch.sin(math.pi * x) * torch.cos(frequency * 10 * t)
    assert (solution(x, 10 * t) - exact).norm() < 1e-6 * exact.norm()


def test_initial_values_without_a_derivative_in_pytorch() -> None:
    """A drum by its radius: J0(j r) cos(j t), where PyTorch computes J0 and none of its derivatives."""
    j = jn_zeros(0, 1)[0]
    start = pl.condition(lambda u, r: u - torch.special.bessel_j0(j * r), t=0)
    rest = ("u_t(r, 0) = 0", "u_r(0, t) = 0", "u(1, t) = 0")
    solution = pl.solve("u_tt = u_rr + u_r/r", start, *rest, r=(0, 1), t=(0, 2), tol=1e-6)
    r, t = torch.rand(2, 500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = torch.from_numpy(j0(j * r.numpy())) * torch.cos(2 * j * t)
    assert solution.converged, solution.status
    assert (solution(r, 2 * t) - exact).norm() < 1e-6 * exact.norm()


def test_what_newtons_method_leaves_is_in_the_estimate() -> None:
    """Radiation at an end of a heated rod: two marches that stop at one step are equally wrong."""
    radiation = "u_x(1, t) = ((1 + cos(1)*exp(-t)/5)^4 - u(1, t)^4)/10 - sin(1)*exp(-t)/5"
    solution = pl.solve(
        "u_t = u_xx", "u(x, 0) = 1 + cos(x)/5", "u_x(0, t) = 0", radiation, x=(0, 1), t=(0, 1)
    )
    true = solution.compare(lambda x, t: 1 + torch.cos(x) * torch.exp(-t) / 5).error
    assert solution.converged, solution.status
    assert true < max(10 * solution.error, 1e-11)  # a hundred-thousandth of the tolerance

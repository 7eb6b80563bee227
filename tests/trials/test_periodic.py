"""Coordinates that are circles: which problems have them, and what networks on them are."""

import pytest
import torch

import pinnlite as pl
from pinnlite.errors import ShapeError
from pinnlite.models.periodic import PeriodicInputs
from pinnlite.solving.methods.damped import DampedLinearization
from pinnlite.solving.networks.posing import InARegion
from pinnlite.solving.networks.training import network
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.periodic import circles_of
from tests.problems.evolution import ALLEN_CAHN, KDV, WAVE
from tests.problems.known import Known

CLOSED = ("u(-1, t) = u(1, t)", "u_x(1, t) - u_x(-1, t) = 0")
DOMAIN = {"x": (-1, 1), "t": (0, 1)}


def posed(known: Known) -> tuple[InARegion, ModuleTrial]:
    """A network for a periodic problem, its weights drawn and not trained."""
    problem, generator = pl.Problem(*known.statements, **known.names), torch.Generator().manual_seed(0)
    module = network(problem, [6, 6], generator, circles=circles_of(problem))
    with torch.no_grad():
        module[-1].weight.normal_(generator=generator)
    return InARegion(problem, generator, circles_of(problem)), ModuleTrial(module, problem.unknowns)


@pytest.mark.parametrize("known", [ALLEN_CAHN, KDV], ids=lambda k: k.name)
def test_periodic_conditions_hold_whatever_the_weights_are(known: Known) -> None:
    posing, inner = posed(known)
    trial, t = posing.posed(inner), torch.linspace(0, 1, 50, dtype=torch.float64)
    keys = [("u", (order, 0)) for order in range(4)]
    low, high = (trial.partials(torch.stack([end + 0 * t, t], 1), keys) for end in (-1.0, 1.0))
    for key in keys:
        assert (low[key] - high[key]).abs().max() < 1e-12 * low[key].abs().max()
    assert low["u", (0, 0)].std() > 0.01


def test_an_initial_value_that_is_periodic_is_built_in() -> None:
    posing, inner = posed(KDV)
    assert posing.built_in == "conditions built in"
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)
    start = posing.posed(inner).partials(torch.stack([x, 0 * x], 1), [("u", (0, 0))])["u", (0, 0)]
    assert (start - torch.cos(torch.pi * x)).abs().max() < 1e-14


def test_an_initial_value_that_is_not_is_a_row() -> None:
    """Slopes of x^2 cos(pi x) at both ends are 2 and -2: carried on they would break what is built in."""
    posing, inner = posed(ALLEN_CAHN)
    trial = posing.posed(inner)
    assert trial is inner
    assert posing.built_in == "some conditions built in"
    rows = posing.rows(trial, posing.points(100), DampedLinearization)
    assert [block.statement.text for block in rows.blocks] == list(ALLEN_CAHN.statements[:2])  # type: ignore[union-attr]


def test_the_kind_in_several_coordinates_and_systems() -> None:
    doubly = pl.Problem(
        "u_xx + u_yy - u = cos(x)*sin(2y)",
        *("u(0, y) = u(2*pi, y)", "u_x(0, y) = u_x(2*pi, y)", "u(x, 0) = u(x, pi)", "u_y(x, 0) = u_y(x, pi)"),
        x=(0, 2 * torch.pi),
        y=(0, torch.pi),
    )
    circles = circles_of(doubly)
    assert circles is not None
    assert circles.periods == (2 * torch.pi, torch.pi)
    start = ("u(x, 0) = 0", "v(x, 0) = 0")
    system = pl.Problem(
        "u_t = v_x", "v_t = u_x", *start, "u(-1, t) = u(1, t)", "2v(-1, t) = 2v(1, t)", **DOMAIN
    )
    circles = circles_of(system)
    assert circles is not None
    assert circles.periods == (2.0, 0.0)
    assert len(circles.conditions) == 2


@pytest.mark.parametrize(
    "statements",
    [
        WAVE.statements,
        ("u_t = u_xx + x*u", "u(x, 0) = 0", *CLOSED),  # a jump of the equation at the seam
        ("u_t = u_xx", "u(x, 0) = 0", "u(-1, t) = -u(1, t)", "u_x(-1, t) = -u_x(1, t)"),
        ("u_t = u_xx", "u(x, 0) = 0", "u(-1, t) = u(1, t) + 1", "u_x(-1, t) = u_x(1, t)"),
        ("u_t = u_xx", "u(x, 0) = 0", "u(-1, t) = u(1, t)", "u_x(-1, t) = 2u_x(1, t)"),
        ("u_t = u_xx", "u(x, 0) = 0", "u(-1, t) = u(1, t)", "u(1, t) = 0"),
    ],
    ids=["wave", "coefficient", "antiperiodic", "a step", "slopes apart", "a value"],
)
def test_what_is_not_periodic(statements: tuple[str, ...]) -> None:
    assert (
        circles_of(pl.Problem(*statements, **(WAVE.names if statements is WAVE.statements else DOMAIN)))
        is None
    )


def test_inputs_against_their_formula_and_what_they_refuse() -> None:
    X = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    s = torch.pi * X[:, 1]
    assert torch.equal(PeriodicInputs((0.0, 2.0))(X), torch.stack([X[:, 0], s.cos(), s.sin()], 1))
    with pytest.raises(ValueError, match="positive"):
        PeriodicInputs((-1.0,))
    with pytest.raises(ShapeError):
        PeriodicInputs((1.0,))(X)

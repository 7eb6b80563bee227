"""Points and residual rows for networks of the user's own: closed forms, exact solutions, a loop written by hand."""

import math
import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import pinnlite as pl
from pinnlite.errors import ProblemError, ShapeError
from pinnlite.problem.callables import condition, equation
from pinnlite.problem.unknown import Unknown, data
from tests.problems.ordinary import BRATU, DAMPED, LANE_EMDEN, LAYER, LONG, OSCILLATOR, Known

HEAT = pl.Problem("u_t = k*u_xx", "u(x, 0) = x^2", "u(0, t) = 0", "u(2, t) = t", x=(0, 2), t=(0, 1), k=3.0)


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-13)


class TestSample:
    def test_a_set_for_the_interior_and_each_condition(self) -> None:
        points = HEAT.sample(400)
        assert {name: tuple(X.shape) for name, X in points.items()} == {
            "interior": (400, 2),
            "u(x, 0) = x^2": (20, 2),
            "u(0, t) = 0": (20, 2),
            "u(2, t) = t": (20, 2),
        }
        assert all(X.dtype == torch.float64 for X in points.values())
        x, t = points["u(x, 0) = x^2"].T
        assert (t == 0).all()
        assert ((x > 0) & (x < 2)).all()
        x, t = points["u(2, t) = t"].T
        assert (x == 2).all()
        assert len(t.unique()) == 20

    def test_counts_for_conditions_and_kinds(self) -> None:
        points = HEAT.sample(100, conditions=7, kind="chebyshev")
        zeros = torch.cos((torch.arange(7, dtype=torch.float64) + 0.5) * math.pi / 7)
        close(points["u(0, t) = 0"][:, 1].sort().values, ((1 - zeros) / 2).sort().values)
        assert len(points["interior"]) == 100

    def test_a_condition_at_a_place_has_one_point(self) -> None:
        problem = pl.Problem("u'' = u", "u(1) = u(0)", "u'(0.5) = 2", x=(0, 1))
        points = problem.sample(10)
        assert points["u(1) = u(0)"].tolist() == [[0.0]]
        assert points["u'(0.5) = 2"].tolist() == [[0.5]]

    def test_seeds_decide_and_sets_are_independent(self) -> None:
        first, again, other = (HEAT.sample(64, seed=seed) for seed in (5, 5, 6))
        for name, X in first.items():
            assert torch.equal(X, again[name])
            assert not torch.equal(X, other[name])
        assert not torch.equal(first["u(0, t) = 0"], first["u(2, t) = t"] * torch.tensor([0.0, 1.0]).double())

    @pytest.mark.parametrize("counts", [{"count": 0}, {"count": 10, "conditions": 0}])
    def test_refuses_counts_below_one(self, counts: dict[str, int]) -> None:
        with pytest.raises(ProblemError, match="must be a whole number of at least 1"):
            HEAT.sample(**counts)

    def test_four_dimensions(self) -> None:
        statements = ("u_t = u_xx + u_yy + u_zz", "u(x, y, z, 0) = 1", "u = 0 on boundary")
        problem = pl.Problem(*statements, x=(0, 1), y=(0, 1), z=(0, 1), t=(0, 2))
        points = problem.sample(10_000)
        assert len(points["u(x, y, z, 0) = 1"]) == 1000  # as dense as the interior: 10 each way


class TestResiduals:
    def test_of_a_function_that_is_no_solution(self) -> None:
        """u = t sin x: every row is known."""
        points = HEAT.sample(50)
        rows = HEAT.residuals(lambda X: X[:, 1:] * torch.sin(X[:, :1]), points)
        x, t = points["interior"].T
        close(rows["u_t = k*u_xx"], torch.sin(x) + 3 * t * torch.sin(x))
        close(rows["u(x, 0) = x^2"], -(points["u(x, 0) = x^2"][:, 0] ** 2))
        close(rows["u(0, t) = 0"], torch.zeros(7).double())
        t = points["u(2, t) = t"][:, 1]
        close(rows["u(2, t) = t"], t * math.sin(2) - t)

    @pytest.mark.parametrize(
        "known", [OSCILLATOR, LONG, DAMPED, BRATU, LAYER, LANE_EMDEN], ids=lambda k: k.name
    )
    def test_exact_solutions_leave_rounding(self, known: Known) -> None:
        problem = pl.Problem(*known.statements, **known.names)
        rows = problem.residuals(lambda X: known.exact(X[:, 0])["u"], problem.sample(100))
        # The largest term of all is 400 u of the damped oscillator.
        assert max(row.abs().max().item() for row in rows.values()) < 400 * 1e-15

    def test_a_condition_that_names_two_places(self) -> None:
        coupled = ("u(0, t) = u(1, t)", "u_x(0, t) = 2u_x(1, t)")
        problem = pl.Problem("u_t = u_xx", "u(x, 0) = 0", *coupled, x=(0, 1), t=(0, 3))
        points = problem.sample(9)
        rows = problem.residuals(lambda X: (X[:, 0] ** 2 + 1) * X[:, 1], points)
        close(rows["u(0, t) = u(1, t)"], -points["u(0, t) = u(1, t)"][:, 1])
        close(rows["u_x(0, t) = 2u_x(1, t)"], -4 * points["u_x(0, t) = 2u_x(1, t)"][:, 1])

    def test_systems_by_the_order_of_the_unknowns(self) -> None:
        problem = pl.Problem("v' = 3u", "u' = v", "u(0) = 1", "v(0) = 5", x=(0, 1))
        assert problem.unknowns == ("u", "v")
        points = problem.sample(5)
        rows = problem.residuals(lambda X: torch.cat([X**2, X**3], 1), points)
        x = points["interior"][:, 0]
        close(rows["v' = 3u"], 3 * x**2 - 3 * x**2)
        close(rows["u' = v"], 2 * x - x**3)
        close(rows["v(0) = 5"], torch.tensor([-5.0]).double())

    def test_integrals(self) -> None:
        problem = pl.Problem("u'' = u", "u(0) = 1", "integral(x*u^2, x) = 1", x=(0, 1))
        rows = problem.residuals(torch.exp, problem.sample(5))
        close(rows["integral(x*u^2, x) = 1"], torch.tensor([(math.e**2 + 1) / 4 - 1], dtype=torch.float64))
        plane = pl.Problem(
            "u_t = u_xx", "u(x, 0) = 0", "u(0, t) = 0", "integral(u, x) = t", x=(0, 2), t=(0, 1)
        )
        points = plane.sample(16)
        rows = plane.residuals(lambda X: X[:, 0] * X[:, 1] ** 2, points)
        t = points["integral(u, x) = t"][:, 1]
        close(rows["integral(u, x) = t"], 2 * t**2 - t)

    def test_unknown_parameters_and_data(self) -> None:
        problem = pl.Problem(
            "u' = -k*u",
            "u(0) = 1",
            data("u", [0.5, 1.0], [0.6, 0.3]),
            x=(0, 1),
            k=Unknown(2.0, positive=True),
        )
        points, m = problem.sample(4), torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        rows = problem.residuals(lambda X: 1 - X[:, 0], points, k=m)
        close(rows["u' = -k*u"], -1 + math.exp(0.5) * (1 - points["interior"][:, 0]))
        close(rows["data of u"], torch.tensor([-0.1, -0.3], dtype=torch.float64))
        (slope,) = torch.autograd.grad(rows["u' = -k*u"].sum(), m)
        close(slope, (math.exp(0.5) * (1 - points["interior"][:, 0])).sum())

    def test_python_callables(self) -> None:
        problem = pl.Problem(
            equation(lambda u, x, t: u.tt - (1 + x) * u.xx),
            condition(lambda u, x: u - torch.sin(x), t=0),
            condition(lambda u, x: u.t, t=0),
            condition(lambda u, t: u.n - t, on="boundary"),
            x=(0, 1),
            t=(0, 1),
        )
        points = problem.sample(25)
        rows = problem.residuals(lambda X: X[:, 0] ** 2 * X[:, 1], points)
        assert list(rows) == [
            "equation <lambda>",
            "condition <lambda> at t = 0",
            "condition <lambda> at t = 0 (2)",
            "condition <lambda> on boundary",
        ]
        x, t = points["interior"].T
        close(rows["equation <lambda>"], -2 * (1 + x) * t)
        first, second = (points[name][:, 0] for name in list(rows)[1:3])
        x, t = points["condition <lambda> on boundary"].T
        close(rows["condition <lambda> on boundary"], torch.where(x > 0.5, 2 * t - t, -t))
        close(rows["condition <lambda> at t = 0"], -torch.sin(first))
        close(rows["condition <lambda> at t = 0 (2)"], second**2)

    def test_gradient_is_that_of_a_loop_written_by_hand(self) -> None:
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)).double()
        points = HEAT.sample(30)
        loss = sum(row.square().mean() for row in HEAT.residuals(net, points).values())
        found = torch.autograd.grad(loss, list(net.parameters()))

        X = points["interior"].clone().requires_grad_()
        first = torch.autograd.grad(net(X).sum(), X, create_graph=True)[0]
        second = torch.autograd.grad(first[:, 0].sum(), X, create_graph=True)[0]
        by_hand = (first[:, 1] - 3 * second[:, 0]).square().mean()
        for name, right in (("u(x, 0) = x^2", lambda X: X[:, 0] ** 2), ("u(2, t) = t", lambda X: X[:, 1])):
            by_hand += (net(points[name])[:, 0] - right(points[name])).square().mean()
        by_hand += net(points["u(0, t) = 0"]).square().mean()
        for ours, theirs in zip(found, torch.autograd.grad(by_hand, list(net.parameters())), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-12)

    def test_points_follow_the_network(self) -> None:
        net = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
        rows = HEAT.residuals(net, HEAT.sample(10))
        assert {row.dtype for row in rows.values()} == {torch.float32}
        with torch.no_grad():
            exact = HEAT.residuals(net.double(), HEAT.sample(10))
        for name, row in rows.items():
            torch.testing.assert_close(row.double(), exact[name], rtol=1e-4, atol=1e-5)

    def test_a_set_left_out_leaves_out_its_rows(self) -> None:
        points = HEAT.sample(10)
        del points["u(0, t) = 0"]
        rows = HEAT.residuals(lambda X: X[:, 0], points)
        assert list(rows) == ["u_t = k*u_xx", "u(x, 0) = x^2", "u(2, t) = t"]
        assert list(HEAT.residuals(lambda X: X[:, 0], {"u(2, t) = t": torch.ones(3, 2)})) == ["u(2, t) = t"]

    def test_derivatives_that_nobody_asked_for_spoil_nothing(self) -> None:
        """u = c sqrt(x) has an infinite slope at 0, where only its value is wanted."""
        problem = pl.Problem("u'' = -u'/(2x)", "u(0) = 0", "u'(1) = 1", x=(0, 1))
        c = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        rows = problem.residuals(lambda X: c * torch.sqrt(X), problem.sample(10))
        (slope,) = torch.autograd.grad(sum(row.sum() for row in rows.values()), c)
        close(slope, torch.tensor(0.5).double())


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            nn.Linear(1, 1).double(),
            "the network does not fit the problem: it has to map points (N, 2), the columns x, t, to (N, 1), "
            "the columns u",
        ),
        (
            nn.Linear(2, 3).double(),
            "the network returns shape (10, 3) for 10 points: it has to map points (N, 2)",
        ),
        (nn.Linear(2, 3).double(), "Give its last layer 1 output"),
        (lambda X: X.sum(), "the network does not fit the problem: it has to map"),
    ],
)
def test_a_network_that_does_not_fit(net: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(ShapeError, match=re.escape(message)):
        HEAT.residuals(net, {"interior": HEAT.sample(10)["interior"]})


@pytest.mark.parametrize(
    ("points", "given", "error", "message"),
    [
        (
            {"inside": torch.ones(3, 2)},
            {},
            ProblemError,
            "points for 'inside', which is no set of this problem",
        ),
        (
            {"interior": torch.ones(3)},
            {},
            ShapeError,
            "the points for 'interior' have shape (3,): points are rows",
        ),
        ({"interior": torch.ones(3, 1)}, {}, ShapeError, "one column for each of x, t"),
        ({}, {}, ProblemError, "there are no points: make them with problem.sample(1000)"),
        (
            {"interior": torch.ones(3, 2)},
            {"k": 1.0},
            ProblemError,
            "k is no unknown parameter of this problem",
        ),
    ],
)
def test_points_and_parameters_that_do_not_fit(
    points: dict[str, Tensor], given: dict[str, float], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        HEAT.residuals(nn.Linear(2, 1).double(), points, **given)


def test_an_unknown_parameter_has_to_be_given_as_one_number() -> None:
    problem = pl.Problem("u' = -k*u", "u(0) = 1", "u(1) = 0.5", x=(0, 1), k=Unknown(2.0))
    with pytest.raises(ProblemError, match=re.escape("residuals(net, points, k=...)")):
        problem.residuals(torch.exp, problem.sample(4))
    with pytest.raises(ShapeError, match=re.escape("k is one number, but a tensor of shape (2,) arrived")):
        problem.residuals(torch.exp, problem.sample(4), k=torch.ones(2))

"""Descent, L-BFGS and least squares on rows whose minimum is known."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch
from scipy import optimize
from torch import Tensor

import pinnlite as pl
from pinnlite.errors import ProblemError
from pinnlite.solving.methods.damped import DampedLinearization
from pinnlite.solving.methods.least_squares import DenseLinearization, LeastSquares
from pinnlite.solving.methods.loss import line_search


@dataclass
class Rows:
    """An objective written as a function of one vector, with the history of its loss."""

    function: Callable[[Tensor], Tensor]
    start: list[float]
    dtype: torch.dtype = torch.float64
    evaluations: int = 0
    history: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.p = torch.tensor(self.start, dtype=self.dtype, requires_grad=True)

    @property
    def parameters(self) -> list[Tensor]:
        return [self.p]

    def rows(self) -> Tensor:
        self.evaluations += 1
        return self.function(self.p)

    def linearize(self) -> DenseLinearization:
        jacobian = torch.autograd.functional.jacobian(self.function, self.p.detach())
        return DenseLinearization(self.rows().detach(), jacobian)

    def monitor(self, step: int, loss: float) -> bool:
        self.history.append((step, loss))
        return False


def rosenbrock(p: Tensor) -> Tensor:
    return torch.cat([10 * (p[1:] - p[:-1] ** 2), 1 - p[:-1]])


def cubic(p: Tensor, points: int = 200) -> Tensor:
    x = torch.linspace(-math.pi, math.pi, points, dtype=p.dtype)
    return x[:, None] ** torch.arange(4) @ p - torch.sin(x)


class TestDescent:
    def test_gradient_descent_is_the_closed_form_of_a_quadratic(self) -> None:
        """p_n - p* = (1 - 2 lr A^T A)^n (p_0 - p*)."""
        rate, steps = 1e-6, 300
        rows = Rows(cubic, [0.3, -0.2, 0.1, 0.4])
        pl.Descent(torch.optim.SGD, steps=steps, lr=rate).minimize(rows, rows.monitor)
        x = np.linspace(-np.pi, np.pi, 200)
        A, y = np.vander(x, 4, increasing=True), np.sin(x)
        best = np.linalg.lstsq(A, y, rcond=None)[0]
        shrink = np.linalg.matrix_power(np.eye(4) - 2 * rate * A.T @ A, steps)
        expected = best + shrink @ (np.array(rows.start) - best)
        np.testing.assert_allclose(rows.p.detach().numpy(), expected, rtol=1e-11)
        # The loss heard for a step is the loss after that many steps, the first and the last included.
        assert [step for step, _ in rows.history] == list(range(steps + 1))
        np.testing.assert_allclose(rows.history[0][1], np.sum((A @ rows.start - y) ** 2), rtol=1e-12)
        np.testing.assert_allclose(rows.history[-1][1], np.sum((A @ expected - y) ** 2), rtol=1e-11)

    @pytest.mark.parametrize(
        ("optimizer", "options"),
        [
            (torch.optim.SGD, {"lr": 1e-4, "momentum": 0.9}),
            (torch.optim.Adam, {"lr": 1e-2}),
            (torch.optim.RMSprop, {"lr": 1e-3}),
            (torch.optim.Rprop, {}),
            (torch.optim.LBFGS, {"line_search_fn": "strong_wolfe"}),
        ],
    )
    def test_is_the_loop_that_one_would_write(
        self, optimizer: type[torch.optim.Optimizer], options: dict[str, float]
    ) -> None:
        rows = Rows(cubic, [0.3, -0.2, 0.1, 0.4])
        pl.Descent(optimizer, steps=15, **options).minimize(rows, rows.monitor)
        p = torch.tensor(rows.start, dtype=torch.float64, requires_grad=True)
        own = optimizer([p], **options)

        def closure() -> float:
            own.zero_grad()
            loss = cubic(p).square().sum()
            loss.backward()
            return loss  # type: ignore[return-value]

        for _ in range(15):
            own.step(closure)
        torch.testing.assert_close(rows.p, p, rtol=0, atol=0)
        assert rows.p.grad is None

    def test_stops_when_told(self) -> None:
        rows = Rows(cubic, [0.3, -0.2, 0.1, 0.4])
        pl.Descent(torch.optim.SGD, steps=50, lr=1e-6).minimize(rows, lambda step, _: step == 7)
        shorter = Rows(cubic, rows.start)
        pl.Descent(torch.optim.SGD, steps=7, lr=1e-6).minimize(shorter, shorter.monitor)
        torch.testing.assert_close(rows.p, shorter.p, rtol=0, atol=0)

    def test_evaluates_the_rows_once_a_step(self) -> None:
        rows = Rows(cubic, [0.3, -0.2, 0.1, 0.4])
        pl.Descent(torch.optim.Adam, steps=20).minimize(rows, rows.monitor)
        assert rows.evaluations == 21

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: pl.Descent(torch.optim.Adam([torch.zeros(1)])), "Hand over the class"),
            (lambda: pl.Descent("adam"), "a class of torch.optim"),
            (lambda: pl.Descent(torch.optim.Adam, steps=0), "at least 1, got 0"),
            (lambda: pl.Descent(torch.optim.Adam, steps=2.5), "whole number"),
        ],
    )
    def test_refuses(self, make: Callable[[], pl.Descent], words: str) -> None:
        with pytest.raises(ProblemError, match=words):
            make()

    def test_names_the_option_that_the_optimizer_refuses(self) -> None:
        rows = Rows(cubic, [0.0] * 4)
        with pytest.raises(ProblemError, match=r"torch.optim.SGD refuses its options.*momntum"):
            pl.Descent(torch.optim.SGD, lr=1e-6, momntum=0.9).minimize(rows, rows.monitor)


class TestLBFGS:
    @pytest.mark.parametrize(
        ("function", "start", "minimum"),
        [
            (rosenbrock, [-1.2, 1.0], [1.0, 1.0]),
            (rosenbrock, [-1.2, 1.0] * 5, [1.0] * 10),
            # Beale's function.
            (
                lambda p: torch.stack(
                    [c - p[0] * (1 - p[1] ** k) for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))]
                ),
                [1.0, 1.0],
                [3.0, 0.5],
            ),
        ],
    )
    def test_reaches_a_minimum_at_zero_to_rounding(
        self, function: Callable[[Tensor], Tensor], start: list[float], minimum: list[float]
    ) -> None:
        rows = Rows(function, start)
        pl.LBFGS().minimize(rows, rows.monitor)
        np.testing.assert_allclose(rows.p.detach().numpy(), minimum, rtol=1e-13)
        assert rows.history[-1][1] < 1e-27

    def test_reaches_a_minimum_above_zero_to_rounding(self) -> None:
        """By values alone the search would end at 1e-8, where the loss stops changing."""
        rows = Rows(cubic, [0.0] * 4)
        pl.LBFGS().minimize(rows, rows.monitor)
        x = np.linspace(-np.pi, np.pi, 200)
        best = np.linalg.lstsq(np.vander(x, 4, increasing=True), np.sin(x), rcond=None)[0]
        np.testing.assert_allclose(rows.p.detach().numpy(), best, atol=1e-13)

    def test_takes_no_more_evaluations_than_scipy(self) -> None:
        rows = Rows(rosenbrock, [-1.2, 1.0] * 5)
        pl.LBFGS(memory=10).minimize(rows, lambda _, loss: loss < 1e-12)

        def value_and_slope(p: np.ndarray) -> tuple[float, np.ndarray]:
            leaf = torch.tensor(p, requires_grad=True)
            loss = rosenbrock(leaf).square().sum()
            return loss.item(), torch.autograd.grad(loss, leaf)[0].numpy()

        options = {"maxcor": 10, "ftol": 0, "gtol": 1e-6}
        other = optimize.minimize(value_and_slope, rows.start, jac=True, method="L-BFGS-B", options=options)
        assert rows.evaluations <= 1.5 * other.nfev

    def test_converges_faster_than_linearly(self) -> None:
        """Twenty digits in a few steps, where steepest descent takes thousands for each."""
        rows = Rows(rosenbrock, [-1.2, 1.0])
        pl.LBFGS().minimize(rows, rows.monitor)
        losses = np.array([loss for _, loss in rows.history])
        assert np.argmax(losses < 1e-24) - np.argmax(losses < 1e-4) <= 8

    def test_never_goes_up(self) -> None:
        rows = Rows(rosenbrock, [-1.2, 1.0] * 5)
        pl.LBFGS().minimize(rows, rows.monitor)
        losses = [loss for _, loss in rows.history]
        assert all(b <= a * (1 + 1e-14) for a, b in pairwise(losses))

    def test_comes_back_from_where_the_loss_overflows(self) -> None:
        rows = Rows(lambda p: torch.exp(200 * p) - 1, [-0.02])
        pl.LBFGS().minimize(rows, rows.monitor)
        assert abs(rows.p.item()) < 1e-14

    def test_stops_at_once_at_the_minimum_and_in_float32(self) -> None:
        rows = Rows(rosenbrock, [1.0, 1.0])
        pl.LBFGS().minimize(rows, rows.monitor)
        assert rows.history == [(0, 0.0)]
        single = Rows(rosenbrock, [-1.2, 1.0], dtype=torch.float32)
        pl.LBFGS().minimize(single, single.monitor)
        np.testing.assert_allclose(single.p.detach().numpy(), [1.0, 1.0], atol=1e-5)
        assert len(single.history) < 200

    def test_refuses_counts_below_one(self) -> None:
        with pytest.raises(ProblemError, match="memory must be at least 1, got 0"):
            pl.LBFGS(memory=0)


def test_line_search_satisfies_both_wolfe_conditions() -> None:
    """On the first three functions of Moré and Thuente (1994), from first steps of 1e-3 to 1e3."""
    beta = 0.004

    def first(t: float) -> tuple[float, float]:
        return -t / (t * t + 2), (t * t - 2) / (t * t + 2) ** 2

    def second(t: float) -> tuple[float, float]:
        return (t + beta) ** 5 - 2 * (t + beta) ** 4, 5 * (t + beta) ** 4 - 8 * (t + beta) ** 3

    def third(t: float) -> tuple[float, float]:
        return math.cosh(t - 4), math.sinh(t - 4)

    for phi in (first, second, third):
        for start in (1e-3, 0.1, 10.0, 1e3 if phi is not third else 100.0):
            value, slope = phi(0.0)
            t = line_search(phi, value, slope, start, 1e-15)
            assert t is not None
            assert phi(t)[0] <= value + 1e-4 * t * slope
            assert abs(phi(t)[1]) <= 0.9 * abs(slope)


def test_line_search_gives_up_on_a_line_without_a_minimum() -> None:
    assert line_search(lambda t: (-t, -1.0), 0.0, -1.0, 1.0, 1e-15) is None


class TestLeastSquares:
    def test_hilbert_matrix_against_fifty_digits(self) -> None:
        """Condition 5e8: normal equations would leave no digit, orthogonal factors lose half of them."""
        mpmath.mp.dps = 50
        hilbert = mpmath.matrix([[mpmath.mpf(1) / (i + j + 1) for j in range(7)] for i in range(12)])
        right = mpmath.matrix([mpmath.sin(i) for i in range(12)])
        exact = mpmath.lu_solve(hilbert, right)
        jacobian = torch.tensor([[float(hilbert[i, j]) for j in range(7)] for i in range(12)]).double()
        jacobian = 1 / (torch.arange(12)[:, None] + torch.arange(7) + 1).double()
        step = DenseLinearization(-torch.arange(12).double().sin(), jacobian).step(0.0)
        error = torch.tensor([float((mpmath.mpf(step[k].item()) - exact[k]) / exact[k]) for k in range(7)])
        assert error.abs().max() < 1e-7

    def test_lack_of_rank_gives_the_shortest_scaled_step(self) -> None:
        generator = torch.Generator().manual_seed(0)
        independent = torch.randn(20, 3, generator=generator, dtype=torch.float64)
        jacobian = torch.cat([independent, 5 * independent[:, :1], torch.zeros(20, 1).double()], dim=1)
        rows = torch.randn(20, generator=generator, dtype=torch.float64)
        scales = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0], dtype=torch.float64)
        step = DenseLinearization(rows, jacobian, scales).step(0.0)
        expected = -np.linalg.pinv((jacobian / scales).numpy(), rcond=1e-12) @ rows.numpy() / scales.numpy()
        np.testing.assert_allclose(step.numpy(), expected, atol=1e-13)

    def test_more_unknowns_than_rows(self) -> None:
        generator = torch.Generator().manual_seed(1)
        jacobian = torch.randn(4, 9, generator=generator, dtype=torch.float64)
        rows = torch.randn(4, generator=generator, dtype=torch.float64)
        step = DenseLinearization(rows, jacobian).step(0.0)
        np.testing.assert_allclose(step.numpy(), -np.linalg.pinv(jacobian.numpy()) @ rows.numpy(), atol=1e-13)

    @pytest.mark.parametrize("damping", [1e-8, 1e-2, 1.0, 100.0])
    def test_damped_step_solves_the_stacked_problem(self, damping: float) -> None:
        generator = torch.Generator().manual_seed(2)
        jacobian = torch.randn(30, 5, generator=generator, dtype=torch.float64) * 10.0 ** torch.arange(-2, 3)
        rows = torch.randn(30, generator=generator, dtype=torch.float64)
        scales = jacobian.norm(dim=0)
        J, r, D = jacobian.numpy(), rows.numpy(), np.diag(scales.numpy())
        largest = np.linalg.norm(J @ np.linalg.inv(D), 2)
        stacked = np.vstack([J, np.sqrt(damping) * largest * D])
        expected = -np.linalg.lstsq(stacked, np.concatenate([r, np.zeros(5)]), rcond=None)[0]
        step = DenseLinearization(rows, jacobian, scales).step(damping)
        np.testing.assert_allclose(step.numpy(), expected, rtol=1e-10)

    def test_solves_linear_rows_in_one_step_and_refuses_others(self) -> None:
        rows = Rows(cubic, [3.0, -2.0, 1.0, 4.0])
        LeastSquares().minimize(rows, rows.monitor)
        x = np.linspace(-np.pi, np.pi, 200)
        best = np.linalg.lstsq(np.vander(x, 4, increasing=True), np.sin(x), rcond=None)[0]
        np.testing.assert_allclose(rows.p.detach().numpy(), best, atol=1e-13)
        assert [step for step, _ in rows.history] == [0, 1]
        bent = Rows(rosenbrock, [-1.2, 1.0])
        with pytest.raises(ProblemError, match="linear in their parameters, which this one is not"):
            LeastSquares().minimize(bent, bent.monitor)
        assert bent.p.tolist() == bent.start


class TestAcceleration:
    """Steps corrected by half the acceleration of the rows, of which plain ones know nothing."""

    class Damped(Rows):
        def linearize(self) -> DampedLinearization:
            plain = super().linearize()
            return DampedLinearization(plain.rows, plain.jacobian)

    @pytest.mark.parametrize(("kind", "order"), [(Rows, 2), (Damped, 3)])
    def test_order_of_one_step(self, kind: type[Rows], order: int) -> None:
        """exp(p) = 1 + a by one undamped step from zero: Newton's leaves a^2 / 2, a corrected one the third power."""
        errors = []
        for a in (0.08, 0.04, 0.02):
            objective = kind(lambda p, a=a: torch.exp(p) - 1 - a, [0.0])  # type: ignore[misc]
            pl.GaussNewton(steps=1, damping=0.0).minimize(objective, objective.monitor)
            errors.append(abs(objective.p.item() - math.log1p(a)))
        for larger, smaller in pairwise(errors):
            assert math.log2(larger / smaller) == pytest.approx(order, abs=0.2)

    def test_a_bent_valley_takes_fewer_steps(self) -> None:
        """Rosenbrock's in six dimensions, to its known minimum at ones."""
        steps = {}
        for kind in (Rows, self.Damped):
            objective = kind(rosenbrock, [-1.2, 1.0, -0.5, 0.8, -1.0, 0.7])
            pl.GaussNewton(steps=200, damping=1e-4).minimize(objective, objective.monitor)
            assert (objective.p - 1).abs().max() < 1e-8
            steps[kind] = len(objective.history)
        assert steps[self.Damped] < steps[Rows]

    @pytest.mark.parametrize("shape", [(12, 5), (5, 12)])
    def test_steps_against_the_singular_values(self, shape: tuple[int, int]) -> None:
        """From J^T J and from J J^T: the damped step of the dense factorisation, in its unit of the damping."""
        generator = torch.Generator().manual_seed(0)
        J = torch.randn(shape, generator=generator, dtype=torch.float64)
        r = torch.randn(shape[0], generator=generator, dtype=torch.float64)
        damping = 1e-3
        scale = (J.norm() / torch.linalg.svdvals(J)[0]).item() ** 2
        expected = DenseLinearization(r, J).step(damping * scale)
        assert (DampedLinearization(r, J).step(damping) - expected).norm() < 1e-12 * expected.norm()

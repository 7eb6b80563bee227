"""fit: every kind of target, the automatic choice, what goes wrong and how it is said."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre as numpy_legendre
from scipy import integrate, optimize
from torch import Tensor, nn

import pinnlite as pl
from pinnlite.errors import ParseError, ProblemError, ShapeError
from pinnlite.solving.fitting.data import DataResiduals
from pinnlite.solving.fitting.fit import _best_for

PI = math.pi


class Decay(nn.Module):
    """a exp(-b x) + c, three numbers that enter nonlinearly; takes points (N,) or (N, 1)."""

    def __init__(self, *start: float) -> None:
        super().__init__()
        self.abc = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = self.abc
        return a * torch.exp(-b * x) + c


def network(width: int, *, inputs: int = 1, outputs: int = 1) -> nn.Sequential:
    generator = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, outputs)).double()
    for parameter in net.parameters():
        nn.init.uniform_(parameter, -1, 1, generator=generator)
    return net


class TestLeastSquares:
    def test_cubic_is_the_one_that_numpy_finds(self) -> None:
        model = pl.Polynomial(3)
        result = pl.fit("sin(x)", model, x=(-PI, PI))
        x = np.linspace(-PI, PI, 2000)
        expected = np.polynomial.polynomial.polyfit(x, np.sin(x), 3)
        np.testing.assert_allclose(model.coefficients.detach().numpy(), expected, atol=1e-13)
        assert result.history[-1] == (
            1,
            pytest.approx(np.sum((np.polyval(expected[::-1], x) - np.sin(x)) ** 2)),
        )
        assert str(result) == "0.8567*x - 0.09333*x**3"

    def test_error_is_the_integral(self) -> None:
        """Relative L2 error by quadrature; 2,000 low-discrepancy points approximate it to three digits."""
        result = pl.fit("exp(x)", pl.Polynomial(2), x=(0, 2))
        c = result.model.coefficients.tolist()
        wrong = integrate.quad(lambda x: (c[0] + c[1] * x + c[2] * x * x - math.exp(x)) ** 2, 0, 2)[0]
        size = integrate.quad(lambda x: math.exp(2 * x), 0, 2)[0]
        assert result.error == pytest.approx(math.sqrt(wrong / size), rel=3e-3)

    def test_error_is_taken_between_the_points_that_were_fitted(self) -> None:
        """A polynomial through 21 even points of Runge's function oscillates to 60 between them."""
        result = pl.fit("1/(1 + 25*x^2)", pl.Legendre(20), x=(-1, 1), points=21)
        assert result.history[-1][1] < 1e-20
        assert result.error > 1

    @pytest.mark.parametrize("degree", [0, 4, 9])
    def test_legendre_series_is_the_one_that_numpy_finds(self, degree: int) -> None:
        model = pl.Legendre(degree, domain=(0, 3))
        pl.fit(torch.exp, model, x=(0, 3), points=300)
        x = np.linspace(0, 3, 300)
        expected = numpy_legendre.legfit(x * 2 / 3 - 1, np.exp(x), degree)
        np.testing.assert_allclose(model.coefficients.detach().numpy(), expected, rtol=1e-10, atol=1e-12)

    def test_converges_as_the_series_does(self) -> None:
        """Errors of two successive even degrees of e^x on [-1, 1] shrink as 1 / (2^2 n (n - 1))."""
        errors = {n: pl.fit("exp(x)", pl.Legendre(n), x=(-1, 1)).error for n in range(2, 12, 2)}
        for n in range(4, 12, 2):
            assert errors[n] / errors[n - 2] == pytest.approx(1 / (4 * n * (n + 1)), rel=0.35)

    def test_random_features_reach_rounding(self) -> None:
        features = pl.RandomFeatures(1, 1, 80, domain=(-PI, PI), generator=torch.Generator().manual_seed(0))
        assert pl.fit("sin(x)", features, x=(-PI, PI)).error < 1e-12

    def test_two_values_at_each_point(self) -> None:
        features = pl.RandomFeatures(1, 2, 6, domain=(0, 1), generator=torch.Generator().manual_seed(0))
        x = np.linspace(0, 1, 40)
        y = np.stack([np.exp(x), np.cos(3 * x)], axis=1)
        result = pl.fit((x, y), features)
        basis = features.basis(result.x).detach().numpy()
        expected = basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
        np.testing.assert_allclose(result.fitted.numpy(), expected, atol=1e-9)

    def test_fewer_points_than_coefficients_interpolate(self) -> None:
        x = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
        result = pl.fit((x, [1.0, 0.0, 5.0]), pl.Polynomial(6))
        torch.testing.assert_close(result.model(x), torch.tensor([1.0, 0.0, 5.0], dtype=torch.float64))

    def test_columns_that_repeat_do_no_harm(self) -> None:
        """Three distinct points cannot tell the ten coefficients apart."""
        x = np.array([0.0, 0.5, 1.0] * 10)
        result = pl.fit((x, x**2), pl.Polynomial(9))
        assert result.error < 1e-13
        assert result.model.coefficients.abs().max() < 2

    def test_any_module_that_is_linear_in_its_parameters(self) -> None:
        x = np.linspace(-PI, PI, 200)
        powers = np.stack([x, x**2, x**3], axis=1)
        layer = nn.Linear(3, 1, dtype=torch.float64)
        result = pl.fit((powers, np.sin(x)), layer, method="least-squares")
        expected = np.linalg.lstsq(np.vander(x, 4, increasing=True), np.sin(x), rcond=None)[0]
        np.testing.assert_allclose([layer.bias.item(), *layer.weight[0].tolist()], expected, atol=1e-13)
        assert result.status.endswith("after 1 step")

    def test_refuses_a_module_that_is_not(self) -> None:
        with pytest.raises(ProblemError, match="linear in their parameters"):
            pl.fit("sin(x)", network(3), x=(0, 1), method="least-squares")


class TestTargets:
    def test_text_function_and_arrays_agree(self) -> None:
        x = torch.linspace(0, 1, 50, dtype=torch.float64)
        targets: list[tuple[Any, dict[str, Any]]] = [
            ("exp(-x)", {"x": (0, 1), "points": 50}),
            (lambda x: torch.exp(-x), {"x": (0, 1), "points": 50}),
            (pl.parse("exp(-a*x)", a=1), {"x": (0, 1), "points": 50}),
            ((x, torch.exp(-x)), {}),
            ((x.numpy(), np.exp(-x.numpy())), {}),
            ((x.tolist(), torch.exp(-x).tolist()), {}),
            ((x.numpy()[::-1], np.exp(-x.numpy())[::-1]), {}),
            ([x[:, None], torch.exp(-x)[:, None]], {}),
        ]
        fitted = []
        for target, where in targets:
            model = pl.Polynomial(4)
            pl.fit(target, model, **where)
            fitted.append(model.coefficients.detach())
        expected = np.polynomial.polynomial.polyfit(x.numpy(), np.exp(-x.numpy()), 4)
        for coefficients in fitted:
            np.testing.assert_allclose(coefficients.numpy(), expected, rtol=1e-10)

    def test_a_constant_in_text(self) -> None:
        assert str(pl.fit("2", pl.Polynomial(2), x=(0, 1))) == "2"

    def test_zero_has_an_absolute_error(self) -> None:
        assert pl.fit("0*x", pl.Polynomial(2), x=(0, 1)).error == 0

    def test_a_model_differentiates_its_way_to_a_target(self) -> None:
        model = pl.Polynomial(3)
        pl.fit(lambda x: pl.derivatives(torch.sin, x, 1)[1], model, x=(-1, 1))
        other = pl.Polynomial(3)
        pl.fit("cos(x)", other, x=(-1, 1))
        torch.testing.assert_close(model.coefficients, other.coefficients)

    def test_several_inputs_and_several_outputs(self) -> None:
        generator = torch.Generator().manual_seed(3)
        points = torch.rand(60, 2, generator=generator, dtype=torch.float64)
        weight = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=torch.float64)
        values = points @ weight.T - 1
        layer = nn.Linear(2, 3, dtype=torch.float64)
        assert pl.fit((points, values), layer, method="gauss-newton").error < 1e-13
        torch.testing.assert_close(layer.weight, weight)

    def test_integers_are_data_too(self) -> None:
        result = pl.fit(([0, 1, 2, 3], [1, 3, 5, 7]), pl.Polynomial(1))
        assert str(result) == "1 + 2*x"

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_the_model_decides_the_dtype(self, dtype: torch.dtype) -> None:
        seen = []

        def target(x: Tensor) -> Tensor:
            seen.append(x.dtype)
            return torch.sin(x)

        result = pl.fit(target, pl.Polynomial(3, dtype=dtype), x=(-1, 1))
        assert {*seen, result.x.dtype, result.y.dtype} == {dtype}
        assert result.error == pytest.approx(pl.fit(torch.sin, pl.Polynomial(3), x=(-1, 1)).error, rel=1e-4)

    def test_a_module_that_takes_no_column_is_given_a_row_of_points(self) -> None:
        class Powers(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer = nn.Linear(3, 1, dtype=torch.float64)

            def forward(self, x: Tensor) -> Tensor:
                return self.layer(x.unsqueeze(-1) ** torch.tensor([1, 2, 3])).squeeze(-1)  # type: ignore[no-any-return]

        model = Powers()
        pl.fit("x^3 - x + 2", model, x=(-1, 1))
        np.testing.assert_allclose(model.layer.weight[0].tolist(), [-1, 0, 1], atol=1e-9)


class TestMethods:
    @pytest.mark.parametrize("method", ["auto", "lbfgs", "gauss-newton", pl.LBFGS(steps=200)])
    def test_recovers_a_decay(self, method: Any) -> None:
        result = pl.fit("3*exp(-2*x) + 1/2", Decay(1.0, 1.0, 0.0), x=(0, 2), points=200, method=method)
        np.testing.assert_allclose(result.model.abc.tolist(), [3, 2, 0.5], rtol=1e-9)
        assert result.error < 1e-10

    @pytest.mark.parametrize("method", ["auto", "lbfgs", "gauss-newton"])
    def test_noisy_data_end_where_scipy_ends(self, method: str) -> None:
        generator = np.random.default_rng(0)
        x = np.linspace(0, 3, 80)
        y = 3 * np.exp(-2 * x) + 0.5 + 0.1 * generator.standard_normal(80)
        model = Decay(1.0, 1.0, 0.0)
        result = pl.fit((x, y), model, method=method)
        best, *_ = optimize.curve_fit(
            lambda x, a, b, c: a * np.exp(-b * x) + c, x, y, p0=[1, 1, 0], xtol=1e-15
        )
        np.testing.assert_allclose(model.abc.tolist(), best, rtol=1e-6)
        expected = np.sum((best[0] * np.exp(-best[1] * x) + best[2] - y) ** 2)
        assert result.history[-1][1] == pytest.approx(expected, rel=1e-12)

    def test_automatic_choice(self) -> None:
        steps = {
            "linear": len(pl.fit("sin(x)", pl.Polynomial(3), x=(0, 1)).history),
            "frozen": len(pl.fit("sin(x)", pl.RandomFeatures(1, 1, 10), x=(0, 1)).history),
        }
        assert set(steps.values()) == {2}
        small = pl.fit("sin(x)", network(5), x=(-PI, PI), points=100)
        assert small.error < 1e-3

    def test_a_network_of_more_parameters(self) -> None:
        net = network(40)
        method = [pl.Descent(torch.optim.Adam, steps=200, lr=1e-2), pl.LBFGS(steps=200)]
        result = pl.fit("sin(x)", net, x=(-PI, PI), points=100, method=method)
        assert result.error < 1e-3
        steps = [step for step, _ in result.history]
        assert steps == list(range(len(steps)))
        assert len(steps) > 201

    def test_the_history_is_of_the_loss_and_the_mean_is_a_share_of_the_sum(self) -> None:
        for loss, rate in (("sum", 1e-4), ("mean", 1e-4 * 100)):
            model = pl.Polynomial(3)
            result = pl.fit(
                "sin(x)",
                model,
                x=(-1, 1),
                points=100,
                loss=loss,
                method=pl.Descent(torch.optim.SGD, steps=50, lr=rate),
            )
            size = 1 if loss == "sum" else 100
            difference = model(result.x[:, 0]) - result.y
            assert result.history[-1] == (50, pytest.approx(difference.square().sum().item() / size))
            if loss == "sum":
                expected = model.coefficients.detach()
            torch.testing.assert_close(model.coefficients.detach(), expected)

    def test_only_what_requires_a_gradient_is_trained(self) -> None:
        model = Decay(1.0, 1.0, 0.0)
        layer = nn.Linear(1, 1, dtype=torch.float64).requires_grad_(False)
        before = layer.weight.item(), layer.bias.item()
        pl.fit("exp(-x)", nn.Sequential(layer, model), x=(0, 1), points=50, method=pl.LBFGS(steps=5))
        assert (layer.weight.item(), layer.bias.item()) == before
        assert model.abc.tolist() != [1.0, 1.0, 0.0]

    def test_batch_norm_couples_rows_so_gauss_newton_is_refused_and_not_chosen(self) -> None:
        net = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)).double()
        with pytest.raises(ProblemError, match=r"one point.*model\.eval\(\)"):
            pl.fit("sin(x)", net, x=(0, 1), points=30, method="gauss-newton")
        assert _best_for(DataResiduals(net.train(), *_line(), "sum")) == "adam, then lbfgs"
        assert _best_for(DataResiduals(net.eval(), *_line(), "sum")) == "lbfgs, then gauss-newton"


def _line() -> tuple[Tensor, Tensor]:
    x = torch.linspace(0, 1, 5, dtype=torch.float64)
    return x[:, None], x


def test_jacobian_against_complex_steps() -> None:
    """d rows / d parameters of the decay, by Im f(p + ih) / h, which has no cancellation."""
    x, y = _line()
    a, b, c = 1.3, 0.7, -0.2
    jacobian = DataResiduals(Decay(a, b, c), x, y, "mean").linearize().jacobian

    def rows(p: np.ndarray) -> np.ndarray:
        return (p[0] * np.exp(-p[1] * x[:, 0].numpy()) + p[2] - y.numpy()) / math.sqrt(5)

    expected = np.stack(
        [rows(np.array([a, b, c]) + 1e-30j * unit).imag / 1e-30 for unit in np.eye(3)], axis=1
    )
    np.testing.assert_allclose(jacobian.numpy(), expected, rtol=1e-14)


class TestDivergence:
    def test_too_large_a_step_keeps_the_best_parameters_and_says_so(self) -> None:
        model = pl.Polynomial(3)
        result = pl.fit("sin(x)", model, x=(-PI, PI), method=pl.Descent(torch.optim.SGD, lr=1.0))
        assert result.status.startswith("diverged: the loss grew beyond all bounds")
        assert "smaller steps" in result.status
        assert model.coefficients.tolist() == [0.0] * 4
        assert math.isfinite(result.error)
        assert all(math.isfinite(loss) for _, loss in result.history)

    def test_growth_that_stays_finite_is_divergence_too(self) -> None:
        model = Decay(2.0, 0.5, 0.0)
        descent = pl.Descent(torch.optim.SGD, steps=3, lr=0.1)
        result = pl.fit("exp(-x)", model, x=(0, 1), points=50, method=descent)
        assert result.status.startswith("diverged: the loss grew")
        best = min(result.history, key=lambda entry: entry[1])
        rows = model(result.x[:, 0]) - result.y
        assert rows.square().sum().item() == pytest.approx(best[1])

    def test_a_method_that_leaves_nan_behind(self) -> None:
        class Spoiler:
            def minimize(self, objective: Any, monitor: Callable[[int, float], bool]) -> None:
                with torch.no_grad():
                    objective.parameters[0].fill_(math.nan)

        model = pl.Polynomial(2)
        result = pl.fit("exp(x)", model, x=(0, 1), method=Spoiler())
        assert result.status.startswith("diverged")
        assert model.coefficients.tolist() == [0.0, 0.0, 0.0]


LINE = ([0.0, 1.0], [0.0, 1.0])


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ProblemError, r"the interval \(1, 0\) is empty", lambda m: pl.fit("x", m, x=(1, 0))),
        (ProblemError, "is empty", lambda m: pl.fit("x", m, x=(1, 1))),
        (ProblemError, "must have finite ends", lambda m: pl.fit("x", m, x=(0, math.inf))),
        (ProblemError, "must have finite ends", lambda m: pl.fit("x", m, x=(math.nan, 1))),
        (ProblemError, "must be an interval", lambda m: pl.fit("x", m, x=(0, 1, 2))),
        (ProblemError, "must be an interval", lambda m: pl.fit("x", m, x=3)),
        (ProblemError, "Give it as x=", lambda m: pl.fit("x", m)),
        (ProblemError, "brings its own points", lambda m: pl.fit(LINE, m, x=(0, 1))),
        (ProblemError, "at least 1, got 0", lambda m: pl.fit("x", m, x=(0, 1), points=0)),
        (ProblemError, "whole number", lambda m: pl.fit("x", m, x=(0, 1), points=2.5)),
        (ProblemError, "'sum' or 'mean', got 'huber'", lambda m: pl.fit(LINE, m, loss="huber")),
        (ProblemError, "unknown method 'sgd'; take 'auto'", lambda m: pl.fit(LINE, m, method="sgd")),
        (ProblemError, "is no method", lambda m: pl.fit(LINE, m, method=torch.optim.Adam)),
        (ProblemError, "must be text, a function, or a pair", lambda m: pl.fit(torch.zeros(2, 5), m)),
        (ProblemError, "must be text, a function, or a pair", lambda m: pl.fit(([1.0],), m)),
        (
            ProblemError,
            "x holds NaN or infinity, first in row 1",
            lambda m: pl.fit(([0, math.inf], [1, 2]), m),
        ),
        (
            ProblemError,
            "y holds NaN or infinity, first in row 0",
            lambda m: pl.fit(([0, 1], [math.nan, 2]), m),
        ),
        (ProblemError, "there are no data", lambda m: pl.fit(([], []), m)),
        (ProblemError, "complex values", lambda m: pl.fit(([0, 1], [1j, 2]), m)),
        (ProblemError, "not finite at x = 0;", lambda m: pl.fit("log(x)", m, x=(0, 1))),
        (ProblemError, "has the variables x, t", lambda m: pl.fit("x*t", m, x=(0, 1))),
        (ParseError, "unknown function 'sn'", lambda m: pl.fit("sn(x)", m, x=(0, 1))),
        (ShapeError, "2 points and y holds 3 values", lambda m: pl.fit(([0, 1], [0, 1, 2]), m)),
        (ShapeError, "x is no array of numbers", lambda m: pl.fit((["a", "b"], [1, 2]), m)),
        (ShapeError, r"must be of shape \(N,\)", lambda m: pl.fit((torch.zeros(2, 2, 2), [1, 2]), m)),
        (ShapeError, "one value for each point", lambda m: pl.fit(lambda x: x.sum(), m, x=(0, 1))),
        (ShapeError, "gave float", lambda m: pl.fit(lambda x: 1.0, m, x=(0, 1))),
        (ShapeError, r"cannot take points \(2, 3\)", lambda m: pl.fit((torch.zeros(2, 3), [1, 2]), m)),
    ],
)
def test_bad_input_is_told_what_to_do(
    error: type[Exception], words: str, call: Callable[[nn.Module], object]
) -> None:
    with pytest.raises(error, match=words):
        call(nn.Linear(1, 1, dtype=torch.float64))


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (nn.Tanh(), ProblemError, "nothing to fit"),
        (nn.Linear(1, 1).requires_grad_(False), ProblemError, "nothing to fit"),
        (nn.Linear(1, 1).half(), ProblemError, r"not torch.float16; call model.double\(\)"),
        (nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1).double()), ProblemError, "all be float32 or all"),
        (nn.Linear(1, 2), ShapeError, r"gave \(2, 2\), but the values to fit are \(2,\)"),
        (nn.Sequential(nn.Linear(1, 1), nn.Flatten(0), nn.Linear(2, 1)), ShapeError, r"gave \(1,\)"),
    ],
)
def test_models_that_do_not_fit_the_data(model: nn.Module, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        pl.fit(LINE, model)


def test_a_model_that_starts_at_nan() -> None:
    with pytest.raises(ProblemError, match="NaN or infinity before the first step"):
        pl.fit("x", Decay(math.nan, 1.0, 0.0), x=(0, 1))


def test_plot_shows_target_and_model_in_order_of_x() -> None:
    x = np.array([1.0, 0.0, 3.0, 2.0])
    axes = pl.fit((x, x**2), pl.Polynomial(1)).plot()
    curves = {line.get_label(): line.get_xydata() for line in axes.lines}
    line = np.polynomial.polynomial.polyfit(x, x**2, 1)
    ascending = np.arange(4.0)
    np.testing.assert_allclose(
        curves["fit"], np.stack([ascending, line[0] + line[1] * ascending], 1), atol=1e-12
    )
    np.testing.assert_allclose(curves["target"], np.stack([ascending, ascending**2], 1))
    assert axes.get_title(loc="left") == "-1 + 3*x"
    assert pl.fit("sin(t)", pl.Polynomial(3), x=(-1, 1)).plot().figure.axes[-1].get_xlabel() == "$t$"


def test_plot_refuses_what_is_no_curve() -> None:
    result = pl.fit((torch.rand(9, 2), torch.rand(9)), nn.Linear(2, 1), method="least-squares")
    with pytest.raises(ProblemError, match="not 1 over 2"):
        result.plot()


def test_prints_as_the_formula_or_as_the_module() -> None:
    unit = pl.fit("sin(x)", pl.LegendreUnit(3), x=(-PI, PI), method=pl.LBFGS())
    assert str(unit) == "-2.234*P(3, 0.2557*x)"
    assert repr(unit).startswith("Fit(-2.234*P(3, 0.2557*x), error=0.094, loss 8.81717 after")
    net = network(2)
    assert str(pl.fit(LINE, net, method=pl.LBFGS(steps=1))) == "Sequential with 7 parameters"


def test_an_interrupted_fit_keeps_the_best_parameters() -> None:
    class Interrupting:
        """Two good steps, a bad one, then Ctrl-C."""

        def minimize(self, objective: Any, monitor: Any) -> None:
            (coefficients,) = objective.parameters
            for step, values in enumerate(([0.0, 1.0], [1.0, 2.0], [9.0, 9.0]), start=1):
                with torch.no_grad():
                    coefficients.copy_(torch.tensor(values))
                monitor(step, objective.rows().square().sum().item())
            raise KeyboardInterrupt

    fit = pl.fit("1 + 2*x", pl.Polynomial(1), method=Interrupting(), x=(0, 1), points=5)
    assert str(fit) == "1 + 2*x"
    assert fit.status == "interrupted: loss 0 of step 2"

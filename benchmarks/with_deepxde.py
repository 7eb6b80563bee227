"""The peers' problems in DeepXDE on PyTorch, with the settings of its own examples."""

import os

os.environ["DDE_BACKEND"] = "pytorch"  # read when deepxde is imported

import deepxde as dde
import numpy as np
import torch

from benchmarks.peer import LIMIT, SEED, Answer, Stopwatch, answer

EXAMPLES = "DeepXDE, examples/"
PI = np.pi


def everywhere(_: np.ndarray, on: bool) -> bool:
    """The place of a condition that holds on the whole of a boundary, or of an initial time."""
    return on


def train(
    watch: Stopwatch,
    model: dde.Model,
    iterations: int,
    polish: bool = False,
    weights: list[float] | None = None,
    variables: list[dde.Variable] | None = None,
) -> None:
    """Adam at rate 1e-3 and, if asked for, L-BFGS with the package's own options, until the time is up."""
    timer = dde.callbacks.Timer(LIMIT / 60)
    model.compile("adam", lr=1e-3, loss_weights=weights, external_trainable_variables=variables)
    model.train(iterations=iterations, callbacks=[timer], display_every=iterations)
    if polish and not watch.over:
        model.compile("L-BFGS")
        model.train(callbacks=[timer], display_every=1000)


def given(
    watch: Stopwatch, model: dde.Model, points: np.ndarray, settings: str, source: str, **unknowns: float
) -> Answer:
    seconds, cut = watch.seconds, watch.over
    values = model.predict(points.reshape(len(points), -1))[:, 0].tolist()
    iterations = model.train_state.iteration
    return Answer(values, seconds, iterations, settings, EXAMPLES + source, cut, unknowns)


def oscillator(points: np.ndarray) -> Answer:
    watch = Stopwatch()
    time = dde.geometry.TimeDomain(0, 2 * PI)
    value = dde.icbc.IC(time, lambda t: 0, everywhere)
    slope = dde.icbc.OperatorBC(
        time, lambda t, u, _: dde.grad.jacobian(u, t) - 1, lambda t, on: on and np.isclose(t[0], 0)
    )
    data = dde.data.TimePDE(time, lambda t, u: dde.grad.hessian(u, t) + u, [value, slope], 16, 2)
    model = dde.Model(data, dde.nn.FNN([1, 50, 50, 50, 1], "tanh", "Glorot uniform"))
    train(watch, model, 10_000, weights=[0.01, 1, 1])
    settings = "3 x 50 tanh, 16 points, weights 0.01, 1, 1, Adam 10,000"
    return given(watch, model, points, settings, "pinn_forward/ode_2nd.py")


def poisson(points: np.ndarray) -> Answer:
    """With the settings for Helmholtz's equation on the same square, where the boundary values are built in."""
    watch = Stopwatch()

    def balance(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        u_xx, u_yy = (dde.grad.hessian(u, x, i=i, j=i) for i in (0, 1))
        return u_xx + u_yy + 2 * PI**2 * torch.sin(PI * x[:, 0:1]) * torch.sin(PI * x[:, 1:2])

    data = dde.data.PDE(dde.geometry.Rectangle([0, 0], [1, 1]), balance, [], num_domain=400, num_boundary=80)
    net = dde.nn.FNN([2, 150, 150, 150, 1], "sin", "Glorot uniform")
    net.apply_output_transform(lambda x, u: u * (x * (1 - x)).prod(1, keepdim=True))
    model = dde.Model(data, net)
    train(watch, model, 5_000)
    settings = "3 x 150 sin, 480 points, boundary values built in, Adam 5,000"
    return given(watch, model, points, settings, "pinn_forward/Helmholtz_Dirichlet_2d.py")


def burgers(points: np.ndarray) -> Answer:
    watch = Stopwatch()

    def balance(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        u_x, u_t = (dde.grad.jacobian(u, x, j=j) for j in (0, 1))
        return u_t + u * u_x - 0.01 / PI * dde.grad.hessian(u, x, i=0, j=0)

    strip = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1))
    ends = dde.icbc.DirichletBC(strip, lambda x: 0, everywhere)
    start = dde.icbc.IC(strip, lambda x: -np.sin(PI * x[:, 0:1]), everywhere)
    numbers = {"num_domain": 2540, "num_boundary": 80, "num_initial": 160}
    data = dde.data.TimePDE(strip, balance, [ends, start], **numbers)
    model = dde.Model(data, dde.nn.FNN([2, 20, 20, 20, 1], "tanh", "Glorot normal"))
    train(watch, model, 15_000, polish=True)
    settings = "3 x 20 tanh, 2,780 points, Adam 15,000 and then L-BFGS"
    return given(watch, model, points, settings, "pinn_forward/Burgers.py")


def diffusivity(points: np.ndarray) -> Answer:
    watch = Stopwatch()
    C = dde.Variable(2.0)

    def balance(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        source = torch.exp(-x[:, 1:2]) * torch.sin(PI * x[:, 0:1]) * (1 - PI**2)
        return dde.grad.jacobian(u, x, j=1) - C * dde.grad.hessian(u, x, i=0, j=0) + source

    def exact(x: np.ndarray) -> np.ndarray:
        return np.sin(PI * x[:, 0:1]) * np.exp(-x[:, 1:2])

    strip = dde.geometry.GeometryXTime(dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1))
    seen = np.stack([np.linspace(-1, 1, 10), np.ones(10)], 1)
    conditions = [
        dde.icbc.DirichletBC(strip, exact, everywhere),
        dde.icbc.IC(strip, exact, everywhere),
        dde.icbc.PointSetBC(seen, exact(seen), component=0),
    ]
    numbers = {"num_domain": 40, "num_boundary": 20, "num_initial": 10}
    data = dde.data.TimePDE(strip, balance, conditions, anchors=seen, **numbers)
    model = dde.Model(data, dde.nn.FNN([2, 32, 32, 32, 1], "tanh", "Glorot uniform"))
    train(watch, model, 50_000, variables=[C])
    settings = "3 x 32 tanh, 80 points, Adam 50,000"
    return given(watch, model, points, settings, "pinn_inverse/diffusion_1d_inverse.py", C=C.item())


if __name__ == "__main__":
    dde.config.set_random_seed(SEED)
    answer({each.__name__: each for each in (oscillator, poisson, burgers, diffusivity)})

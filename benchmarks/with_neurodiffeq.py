"""The peers' problems in neurodiffeq, with the settings of its own documentation.

It finds parameters of ordinary differential equations only, so the inverse problem is not among them.
"""

import numpy as np
import torch
from neurodiffeq import diff
from neurodiffeq.conditions import IBVP1D, IVP, DirichletBVP2D
from neurodiffeq.generators import Generator2D
from neurodiffeq.networks import FCNN
from neurodiffeq.solvers import BaseSolver, Solver1D, Solver2D

from benchmarks.peer import SEED, Answer, Stopwatch, answer

PI = np.pi
UNTIL_TIME_IS_UP = 1_000_000


def train(
    watch: Stopwatch, solver: BaseSolver, epochs: int, points: np.ndarray, settings: str, source: str
) -> Answer:
    """Adam at the package's own rate, as many epochs as there is time for; the best network of them counts."""
    passed = 0

    def count(solver: BaseSolver) -> None:
        nonlocal passed
        passed += 1
        solver._stop_training = watch.over  # the documented way for a callback to end the training

    solver.fit(max_epochs=epochs, callbacks=[count], tqdm_file=None)
    solution, seconds, cut = solver.get_solution(best=True), watch.seconds, watch.over
    values = solution(*points.reshape(len(points), -1).T, to_numpy=True).ravel().tolist()
    return Answer(values, seconds, passed, settings, f"neurodiffeq, {source}", cut, {})


def oscillator(points: np.ndarray) -> Answer:
    watch = Stopwatch()
    start = IVP(t_0=0.0, u_0=0.0, u_0_prime=1.0)
    solver = Solver1D(lambda u, t: [diff(u, t, order=2) + u], [start], t_min=0.0, t_max=2 * PI)
    settings = "2 x 32 tanh, 32 points, initial values built in, Adam 3,000"
    return train(watch, solver, 3_000, points, settings, "Getting Started, harmonic oscillator")


def poisson(points: np.ndarray) -> Answer:
    """With the settings for Laplace's equation on the same square."""
    watch = Stopwatch()

    def balance(u: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
        source = 2 * PI**2 * torch.sin(PI * x) * torch.sin(PI * y)
        return [diff(u, x, order=2) + diff(u, y, order=2) + source]

    sides = {f"{side}_val": (lambda _: 0) for side in ("x_min", "x_max", "y_min", "y_max")}
    edge = DirichletBVP2D(x_min=0, x_max=1, y_min=0, y_max=1, **sides)
    net = FCNN(n_input_units=2, n_output_units=1, hidden_units=(512,))
    solver = Solver2D(balance, [edge], xy_min=(0, 0), xy_max=(1, 1), nets=[net])
    settings = "1 x 512 tanh, 32 x 32 points, boundary values built in, Adam 2,000"
    return train(watch, solver, 2_000, points, settings, "README, Laplace's equation")


def burgers(points: np.ndarray) -> Answer:
    """With the settings for the heat equation; its 200 epochs are extended to what there is time for."""
    watch = Stopwatch()

    def balance(u: torch.Tensor, x: torch.Tensor, t: torch.Tensor) -> list[torch.Tensor]:
        return [diff(u, t) + u * diff(u, x) - 0.01 / PI * diff(u, x, order=2)]

    edge = IBVP1D(
        t_min=0,
        t_min_val=lambda x: -torch.sin(PI * x),
        x_min=-1,
        x_min_val=lambda t: 0 * t,
        x_max=1,
        x_max_val=lambda t: 0 * t,
    )
    low, high = (-1, 0), (1, 1)
    solver = Solver2D(
        balance,
        [edge],
        xy_min=low,
        xy_max=high,
        nets=[FCNN(n_input_units=2, hidden_units=(32, 32))],
        train_generator=Generator2D((32, 32), low, high, method="equally-spaced-noisy"),
        valid_generator=Generator2D((32, 32), low, high, method="equally-spaced"),
    )
    settings = "2 x 32 tanh, 32 x 32 points, conditions built in, Adam until the time was up"
    return train(watch, solver, UNTIL_TIME_IS_UP, points, settings, "Getting Started, heat equation")


if __name__ == "__main__":
    torch.manual_seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002  neurodiffeq draws from it
    answer({each.__name__: each for each in (oscillator, poisson, burgers)})

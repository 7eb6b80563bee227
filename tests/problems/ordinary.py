"""Ordinary differential equations with exact or trusted solutions."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from tests.problems.known import Known, Values


@cache
def bratu_theta() -> float:
    """The smaller root of theta = sqrt(2) cosh(theta / 4), the lower branch of Bratu's problem."""
    theta = 1.5
    for _ in range(50):
        theta -= (theta - math.sqrt(2) * math.cosh(theta / 4)) / (1 - math.sqrt(2) / 4 * math.sinh(theta / 4))
    return theta


def bratu(x: Tensor) -> Values:
    theta = bratu_theta()
    return {"u": -2 * torch.log(torch.cosh((x - 0.5) * theta / 2) / math.cosh(theta / 4))}


def damped(t: Tensor) -> Values:
    omega = math.sqrt(396)
    return {"u": torch.exp(-2 * t) * (torch.cos(omega * t) + 2 / omega * torch.sin(omega * t))}


def layer(epsilon: float) -> Callable[[Tensor], Values]:
    def exact(x: Tensor) -> Values:
        rest = math.exp(-1 / epsilon)
        return {"u": x - (torch.exp((x - 1) / epsilon) - rest) / (1 - rest)}

    return exact


def into_the_layer() -> Tensor:
    """An even grid and, towards x = 1, points at distances from 1e-8 to 1."""
    near = 1 - torch.logspace(-8, 0, 800, dtype=torch.float64)
    return torch.cat([torch.linspace(0, 1, 801, dtype=torch.float64), near]).sort().values


def by_scipy(
    right: Callable[[float, np.ndarray], list[float]],
    start: list[float],
    stop: float,
    unknowns: tuple[str, ...],
    method: str = "DOP853",
    rtol: float = 1e-13,
    begin: float = 0,
) -> Callable[[Tensor], Values]:
    """SciPy at a tight tolerance, evaluated where it is asked for; kept, since the stiff ones take seconds."""

    @cache
    def run(t: tuple[float, ...]) -> np.ndarray:
        from scipy.integrate import solve_ivp

        options = {"method": method, "rtol": rtol, "atol": 1e-3 * rtol}
        return solve_ivp(right, (begin, stop), start, t_eval=t, **options).y

    def exact(t: Tensor) -> Values:
        values = run(tuple(t.tolist()))
        return {name: torch.from_numpy(row) for name, row in zip(unknowns, values, strict=False)}

    return exact


OSCILLATOR = Known(
    "oscillator",
    ("u'' + u = 0", "u(0) = 0", "u'(0) = 1"),
    {"x": (0, 2 * math.pi)},
    lambda x: {"u": torch.sin(x)},
)
OSCILLATOR_BOUNDARY = Known(
    "oscillator, boundary values",
    ("u'' + u = 0", "u(0) = 0", "u(pi/2) = 1"),
    {"x": (0, math.pi / 2)},
    lambda x: {"u": torch.sin(x)},
)
LONG = Known(
    "long oscillator",
    ("u'' + u = 0", "u(0) = 1", "u'(0) = 0"),
    {"t": (0, 200)},
    lambda t: {"u": torch.cos(t)},
    1e-10,
)
DAMPED = Known(
    "fast damped oscillator",
    ("u'' + 4u' + 400u = 0", "u(0) = 1", "u'(0) = 0"),
    {"t": (0, 1)},
    damped,
    1e-12,
)
VAN_DER_POL = Known(
    "Van der Pol, mu = 1",
    ("u'' - mu*(1 - u^2)*u' + u = 0", "u(0) = 2", "u'(0) = 0"),
    {"t": (0, 20), "mu": 1.0},
    by_scipy(lambda t, y: [y[1], (1 - y[0] ** 2) * y[1] - y[0]], [2.0, 0.0], 20, ("u",)),
    1e-10,
    floor=5e-13,
)
BRATU = Known("Bratu", ("u'' + exp(u) = 0", "u(0) = 0", "u(1) = 0"), {"x": (0, 1)}, bratu)
LAYER = Known(
    "boundary layer, eps = 1e-3",
    ("-eps*u'' + u' = 1", "u(0) = 0", "u(1) = 0"),
    {"x": (0, 1), "eps": 1e-3},
    layer(1e-3),
    1e-10,
    points=into_the_layer,
)
THIN_LAYER = Known(
    "boundary layer, eps = 1e-6",
    ("-eps*u'' + u' = 1", "u(0) = 0", "u(1) = 0"),
    {"x": (0, 1), "eps": 1e-6},
    layer(1e-6),
    1e-10,
    points=into_the_layer,
)
LANE_EMDEN = Known(
    "Lane-Emden, n = 5",
    ("u'' + 2u'/x + u^5 = 0", "u(0) = 1", "u'(0) = 0"),
    {"x": (0, 10)},
    lambda x: {"u": 1 / torch.sqrt(1 + x * x / 3)},
    1e-11,
)
LOTKA_VOLTERRA = Known(
    "Lotka-Volterra",
    ("x' = 1.5x - x*y", "y' = x*y - 3y", "x(0) = 1", "y(0) = 1"),
    {"t": (0, 10)},
    by_scipy(lambda t, z: [1.5 * z[0] - z[0] * z[1], z[0] * z[1] - 3 * z[1]], [1.0, 1.0], 10, ("x", "y")),
    1e-10,
    floor=5e-13,
)
LORENZ = Known(
    "Lorenz",
    ("x' = 10(y - x)", "y' = x*(28 - z) - y", "z' = x*y - 8/3*z", "x(0) = 1", "y(0) = 1", "z(0) = 1"),
    {"t": (0, 10)},
    by_scipy(
        lambda t, u: [10 * (u[1] - u[0]), u[0] * (28 - u[2]) - u[1], u[0] * u[1] - 8 / 3 * u[2]],
        [1.0, 1.0, 1.0],
        10,
        ("x", "y", "z"),
    ),
    1e-8,
    floor=5e-12,
)
STIFF_VAN_DER_POL = Known(
    "Van der Pol, mu = 100",
    ("u'' - mu*(1 - u^2)*u' + u = 0", "u(0) = 2", "u'(0) = 0"),
    {"t": (0, 200), "mu": 100.0},
    by_scipy(
        lambda t, y: [y[1], 100 * (1 - y[0] ** 2) * y[1] - y[0]],
        [2.0, 0.0],
        200,
        ("u",),
        method="LSODA",  # 3e-12 from Radau, which takes twenty times as long
        rtol=2.3e-14,
    ),
    1e-8,
    floor=5e-12,
)
ROBERTSON = Known(
    "Robertson",
    (
        "x' = -0.04x + 1e4*y*z",
        "y' = 0.04x - 1e4*y*z - 3e7*y^2",
        "z' = 3e7*y^2",
        "x(0) = 1",
        "y(0) = 0",
        "z(0) = 0",
    ),
    {"t": (0, 1e4)},
    by_scipy(
        lambda t, u: [
            -0.04 * u[0] + 1e4 * u[1] * u[2],
            0.04 * u[0] - 1e4 * u[1] * u[2] - 3e7 * u[1] ** 2,
            3e7 * u[1] ** 2,
        ],
        [1.0, 0.0, 0.0],
        1e4,
        ("x", "y", "z"),
        method="Radau",
        rtol=1e-11,
    ),
    1e-8,
    floor=5e-11,
    points=lambda: torch.cat([torch.zeros(1), torch.logspace(-6, 4, 1200)]).double(),
)


def robertson_by_log(s: float, u: np.ndarray) -> list[float]:
    t = math.exp(s)
    return [
        t * (-0.04 * u[0] + 1e4 * u[1] * u[2]),
        t * (0.04 * u[0] - 1e4 * u[1] * u[2] - 3e7 * u[1] ** 2),
        t * 3e7 * u[1] ** 2,
    ]


ROBERTSON_BY_LOG = Known(
    "Robertson in s = log t",
    (
        "x' = exp(s)*(-0.04x + 1e4*y*z)",
        "y' = exp(s)*(0.04x - 1e4*y*z - 3e7*y^2)",
        "z' = 3e7*exp(s)*y^2",
        "x(-12) = 1",
        "y(-12) = 0",
        "z(-12) = 0",
    ),
    {"s": (-12, 23)},
    by_scipy(robertson_by_log, [1.0, 0.0, 0.0], 23, ("x", "y", "z"), "Radau", 1e-12, begin=-12),
    1e-8,
    floor=5e-12,
)
SCALAR = (
    OSCILLATOR,
    OSCILLATOR_BOUNDARY,
    LONG,
    DAMPED,
    VAN_DER_POL,
    BRATU,
    LAYER,
    THIN_LAYER,
    LANE_EMDEN,
)
HARD = (LORENZ, STIFF_VAN_DER_POL, ROBERTSON, ROBERTSON_BY_LOG)
ORDINARY = (*SCALAR, LOTKA_VOLTERRA, *HARD)

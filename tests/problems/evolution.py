"""Evolution equations in one space dimension with closed forms or converged references."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from tests.problems.known import Known, Values

_GRID = 24  # points of each coordinate; times are steps of the references


def burgers(nu: float) -> Callable[[Tensor, Tensor], Values]:
    """Cole-Hopf with Gauss-Hermite quadrature."""
    z, w = np.polynomial.hermite.hermgauss(300)

    def exact(x: Tensor, t: Tensor) -> Values:
        y = x.numpy()[:, None] - 2 * np.sqrt(nu * np.maximum(t.numpy(), 1e-14))[:, None] * z
        f = np.exp((-np.cos(math.pi * y) - 1) / (2 * math.pi * nu)) * w
        return {"u": torch.from_numpy(-(np.sin(math.pi * y) * f).sum(1) / f.sum(1))}

    return exact


def etdrk4(
    start: Callable[[np.ndarray], np.ndarray],
    linear: Callable[[np.ndarray], np.ndarray],
    nonlinear: Callable[[np.ndarray, np.ndarray], np.ndarray],
    length: float,
    modes: int,
    steps: int,
    stop: float = 1.0,
) -> np.ndarray:
    """Fourier coefficients at the ends of all steps (A.-K. Kassam and L. Trefethen, SIAM J. Sci. Comput. 26, 2005).

    u_t = L u + N(u) on [-length/2, length/2], ``linear`` and ``nonlinear`` as functions of the wave number.
    """
    h = stop / steps
    fine = 2**19  # a kink's coefficients fall slowly: sampled on the grid itself they would be aliased
    x = (np.arange(fine) / fine - 0.5) * length
    k = 2 * math.pi / length * np.fft.fftfreq(modes, 1 / modes)
    L = linear(k).astype(complex)
    roots = np.exp(1j * math.pi * (np.arange(1, 65) - 0.5) / 32)
    LR = h * L[:, None] + roots
    E, E2 = np.exp(h * L), np.exp(h * L / 2)
    Q = h * ((np.exp(LR / 2) - 1) / LR).mean(1)
    f1 = h * ((-4 - LR + np.exp(LR) * (4 - 3 * LR + LR**2)) / LR**3).mean(1)
    f2 = h * ((2 + LR + np.exp(LR) * (LR - 2)) / LR**3).mean(1)
    f3 = h * ((-4 - 3 * LR - LR**2 + np.exp(LR) * (4 - LR)) / LR**3).mean(1)
    kept = np.abs(np.fft.fftfreq(modes, 1 / modes)) < modes / 3

    def N(v: np.ndarray) -> np.ndarray:
        return kept * nonlinear(v, k)

    v = np.fft.fft(start(x))[np.fft.fftfreq(modes, 1 / modes).astype(int)] * (modes / fine)
    found = [v]
    for _ in range(steps):
        Nv = N(v)
        a = E2 * v + Q * Nv
        Na = N(a)
        b = E2 * v + Q * Na
        Nb = N(b)
        c = E2 * a + Q * (2 * Nb - Nv)
        v = E * v + f1 * Nv + 2 * f2 * (Na + Nb) + f3 * N(c)
        found.append(v)
    return np.stack(found)


def by_fourier(
    start: Callable[[np.ndarray], np.ndarray],
    linear: Callable[[np.ndarray], np.ndarray],
    nonlinear: Callable[[np.ndarray, np.ndarray], np.ndarray],
    modes: int,
    steps: int,
    length: float = 2.0,
    stop: float = 1.0,
) -> Callable[[Tensor, Tensor], Values]:
    """ETDRK4 with steps h and h/2, extrapolated to fifth order, at any x and at the times k stop / 24; run once."""

    @cache
    def run() -> np.ndarray:
        coarse = etdrk4(start, linear, nonlinear, length, modes, steps, stop)[:: steps // _GRID]
        fine = etdrk4(start, linear, nonlinear, length, modes, 2 * steps, stop)[:: 2 * steps // _GRID]
        return fine + (fine - coarse) / 15

    def exact(x: Tensor, t: Tensor) -> Values:
        v = run()
        k = 2 * math.pi / length * np.fft.fftfreq(modes, 1 / modes)
        slot = np.rint(t.numpy() * _GRID / stop).astype(int)
        u = np.empty(len(x))
        for j in np.unique(slot):
            at = slot == j
            u[at] = (np.exp(1j * np.outer(x.numpy()[at] + length / 2, k)) @ v[j]).real / modes
        return {"u": torch.from_numpy(u)}

    return exact


def grid_of_steps(low: float = -1.0, high: float = 1.0, stop: float = 1.0) -> Callable[[], Tensor]:
    """Points at the times where a stepped reference has values, at uneven places."""

    def points() -> Tensor:
        t = torch.arange(1, _GRID + 1, dtype=torch.float64) * stop / _GRID
        return torch.cartesian_prod(torch.linspace(low, high, 211, dtype=torch.float64), t)

    return points


BURGERS = Known(
    "Burgers, nu = 0.01/pi",
    ("u_t + u*u_x = nu*u_xx", "u(x, 0) = -sin(pi*x)", "u(-1, t) = 0", "u(1, t) = 0"),
    {"x": (-1, 1), "t": (0, 1), "nu": 0.01 / math.pi},
    burgers(0.01 / math.pi),
    1e-7,
    floor=1e-13,
)
ALLEN_CAHN = Known(
    "Allen-Cahn",
    (
        "u_t = 1e-4*u_xx + 5u - 5u^3",
        "u(x, 0) = x^2*cos(pi*x)",
        "u(-1, t) = u(1, t)",
        "u_x(-1, t) = u_x(1, t)",
    ),
    {"x": (-1, 1), "t": (0, 1)},
    by_fourier(
        lambda x: x**2 * np.cos(math.pi * x),
        lambda k: -1e-4 * k**2,
        lambda v, k: np.fft.fft(5 * (u := np.fft.ifft(v).real) - 5 * u**3),
        2048,
        480,
    ),
    1e-6,
    floor=1e-9,
    points=grid_of_steps(),
)
KDV = Known(
    "Korteweg-de Vries",
    (
        "u_t + u*u_x + 0.022^2*u_xxx = 0",
        "u(x, 0) = cos(pi*x)",
        "u(-1, t) = u(1, t)",
        "u_x(-1, t) = u_x(1, t)",
        "u_xx(-1, t) = u_xx(1, t)",
    ),
    {"x": (-1, 1), "t": (0, 1)},
    by_fourier(
        lambda x: np.cos(math.pi * x),
        lambda k: 0.022**2 * 1j * k**3,
        lambda v, k: -0.5j * k * np.fft.fft(np.fft.ifft(v).real ** 2),
        512,
        4800,
    ),
    1e-8,
    floor=2e-10,
    points=grid_of_steps(),
)
WAVE = Known(
    "wave",
    (
        "u_tt = 4*u_xx",
        "u(x, 0) = sin(pi*x) + sin(4*pi*x)/2",
        "u_t(x, 0) = 0",
        "u(0, t) = 0",
        "u(1, t) = 0",
    ),
    {"x": (0, 1), "t": (0, 1)},
    lambda x, t: {
        "u": torch.sin(math.pi * x) * torch.cos(2 * math.pi * t)
        + torch.sin(4 * math.pi * x) * torch.cos(8 * math.pi * t) / 2
    },
    1e-11,
)
EVOLUTION = (BURGERS, ALLEN_CAHN, KDV, WAVE)

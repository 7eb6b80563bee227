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


def scattered() -> Tensor:
    """Points all over the strip: of an even grid two columns would lie in the shock, and be a third off as a norm."""
    unit = torch.rand(20_000, 2, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    return torch.stack([2 * unit[:, 0] - 1, unit[:, 1]], 1)


BURGERS = Known(
    "Burgers, nu = 0.01/pi",
    ("u_t + u*u_x = nu*u_xx", "u(x, 0) = -sin(pi*x)", "u(-1, t) = 0", "u(1, t) = 0"),
    {"x": (-1, 1), "t": (0, 1), "nu": 0.01 / math.pi},
    burgers(0.01 / math.pi),
    1e-7,
    floor=1e-13,
    points=scattered,
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

HEAT_ROBIN = Known(
    "heat, Robin conditions",
    ("u_t = u_xx", "u(x, 0) = exp(x)", "u_x(0, t) - u(0, t) = 0", "u_x(1, t) = u(1, t)"),
    {"x": (0, 1), "t": (0, 1)},
    lambda x, t: {"u": torch.exp(x + t)},
)
TIME_FIRST = Known(
    "heat, time as the first coordinate",
    ("u_t = u_xx", "u(0, x) = sin(pi*x)", "u(t, 0) = 0", "u(t, 1) = 0"),
    {"t": (0, 0.5), "x": (0, 1)},
    lambda t, x: {"u": torch.sin(math.pi * x) * torch.exp(-(math.pi**2) * t)},
)
FORCED = Known(
    "heat with a coefficient, a forcing and moving ends",
    (
        "u_t = (1 + x^2)*u_xx + t*x*u_x - sin(t)*sin(x) + (1 + x^2)*cos(t)*sin(x) - t*x*cos(t)*cos(x)",
        "u(x, 0) = sin(x)",
        "u(0, t) = 0",
        "u(2, t) = sin(2)*cos(t)",
    ),
    {"x": (0, 2), "t": (0, 3)},
    lambda x, t: {"u": torch.sin(x) * torch.cos(t)},
)
INFLOW = Known(
    "advection with inflow",
    ("u_t + u_x = 0", "u(x, 0) = sin(5x)", "u(0, t) = sin(-5t)"),
    {"x": (0, 1), "t": (0, 2)},
    lambda x, t: {"u": torch.sin(5 * (x - t))},
)
BACKWARDS = Known(
    "advection from the end of time",
    ("u_t + u_x = 0", "u(x, 1) = sin(5x)", "u(1, t) = sin(5*(2 - t))"),
    {"x": (0, 1), "t": (0, 1)},
    lambda x, t: {"u": torch.sin(5 * (x - t + 1))},
)
FIRST_ORDER = Known(
    "wave as a system of first order",
    ("u_t = v_x", "v_t = u_x", "u(x, 0) = sin(pi*x)", "v(x, 0) = 0", "u(0, t) = 0", "u(1, t) = 0"),
    {"x": (0, 1), "t": (0, 2)},
    lambda x, t: {
        "u": torch.sin(math.pi * x) * torch.cos(math.pi * t),
        "v": torch.cos(math.pi * x) * torch.sin(math.pi * t),
    },
)
LEAVING = Known(
    "a wave that leaves through its ends",
    (
        "u_tt = u_xx",
        "u(x, 0) = exp(-100*(x - 0.5)^2)",
        "u_t(x, 0) = 200*(x - 0.5)*exp(-100*(x - 0.5)^2)",
        "u_t(0, t) = u_x(0, t)",
        "u_t(1, t) + u_x(1, t) = 0",
    ),
    {"x": (0, 1), "t": (0, 1)},
    lambda x, t: {"u": torch.exp(-100 * (x - t - 0.5) ** 2)},
)
_BREATHER = "4*atan(0.8/0.6*cos(0.6*t)/cosh(0.8*x))"
SINE_GORDON = Known(
    "sine-Gordon breather",
    (
        "u_tt = u_xx - sin(u)",
        "u(x, 0) = 4*atan(0.8/0.6/cosh(0.8*x))",
        "u_t(x, 0) = 0",
        *(f"u({x}, t) = {_BREATHER.replace('x', str(abs(x)))}" for x in (-8, 8)),
    ),
    {"x": (-8, 8), "t": (0, 6)},
    lambda x, t: {"u": 4 * torch.atan(0.8 / 0.6 * torch.cos(0.6 * t) / torch.cosh(0.8 * x))},
)
SCHRODINGER = Known(
    "nonlinear Schrodinger soliton",
    (
        "p_t = -q_xx/2 - (p^2 + q^2)*q",
        "q_t = p_xx/2 + (p^2 + q^2)*p",
        "p(x, 0) = cos(x)/cosh(x)",
        "q(x, 0) = sin(x)/cosh(x)",
        "p(-20, t) = 0",
        "p(20, t) = 0",
        "q(-20, t) = 0",
        "q(20, t) = 0",
    ),
    {"x": (-20, 20), "t": (0, 1)},
    lambda x, t: {"p": torch.cos(x) / torch.cosh(x - t), "q": torch.sin(x) / torch.cosh(x - t)},
)
BEAM = Known(
    "beam",
    (
        "u_tt + u_xxxx = 0",
        "u(x, 0) = sin(pi*x)",
        "u_t(x, 0) = 0",
        "u(0, t) = 0",
        "u(1, t) = 0",
        "u_xx(0, t) = 0",
        "u_xx(1, t) = 0",
    ),
    {"x": (0, 1), "t": (0, 1)},
    lambda x, t: {"u": torch.sin(math.pi * x) * torch.cos(math.pi**2 * t)},
)
LONG_WAVE = Known(
    "Benjamin-Bona-Mahony soliton",
    ("u_t + u_x + u*u_x - u_xxt = 0", "u(x, 0) = 1.5/cosh(sqrt(1/3)/2*x)^2", "u(-40, t) = 0", "u(40, t) = 0"),
    {"x": (-40, 40), "t": (0, 4)},
    lambda x, t: {"u": 1.5 / torch.cosh(math.sqrt(1 / 3) / 2 * (x - 1.5 * t)) ** 2},
)
GOURSAT = Known(
    "Goursat",
    ("u_xt = u", "u(x, 0) = exp(x)", "u(0, t) = exp(t)"),
    {"x": (0, 1), "t": (0, 1)},
    lambda x, t: {"u": torch.exp(x + t)},
)
FISHER = Known(
    "Fisher-Kolmogorov front",
    (
        "u_t = u_xx + u*(1 - u)",
        "u(x, 0) = (1 + exp(x/sqrt(6)))^(-2)",
        *(f"u({x}, t) = (1 + exp(({x} - 5t/sqrt(6))/sqrt(6)))^(-2)" for x in (-20, 30)),
    ),
    {"x": (-20, 30), "t": (0, 5)},
    lambda x, t: {"u": (1 + torch.exp((x - 5 * t / math.sqrt(6)) / math.sqrt(6))) ** -2},
)
RELAXING = Known(
    "diffusion with an unknown that does not diffuse",
    (
        "u_t = u_xx/pi^2 + w",
        "w_t = -w",
        "u(x, 0) = 0",
        "w(x, 0) = cos(pi*x)",
        "u_x(0, t) = 0",
        "u_x(1, t) = 0",
    ),
    {"x": (0, 1), "t": (0, 1)},
    lambda x, t: {
        "u": torch.cos(math.pi * x) * t * torch.exp(-t),
        "w": torch.cos(math.pi * x) * torch.exp(-t),
    },
)


def _corner(x: Tensor, t: Tensor) -> Values:
    n = torch.arange(1, 400, 2, dtype=torch.float64)[:, None]
    terms = 4 / (math.pi * n) * torch.sin(n * math.pi * x) * torch.exp(-((n * math.pi) ** 2) * t)
    return {"u": terms.sum(0)}


CORNER = Known(
    "heat, ends that contradict the start",
    ("u_t = u_xx", "u(x, 0) = 1", "u(0, t) = 0", "u(1, t) = 0"),
    {"x": (0, 1), "t": (0, 0.1)},
    _corner,
    points=lambda: torch.cartesian_prod(
        torch.linspace(0, 1, 83, dtype=torch.float64), torch.linspace(5e-4, 0.1, 60, dtype=torch.float64)
    ),
)
KURAMOTO = Known(
    "Kuramoto-Sivashinsky",
    (
        "u_t + u*u_x + u_xx + u_xxxx = 0",
        "u(x, 0) = cos(x/4) + sin(x/8)",
        *(f"{u}(-8*pi, t) = {u}(8*pi, t)" for u in ("u", "u_x", "u_xx", "u_xxx")),
    ),
    {"x": (-8 * math.pi, 8 * math.pi), "t": (0, 12)},
    by_fourier(
        lambda x: np.cos(x / 4) + np.sin(x / 8),
        lambda k: k**2 - k**4,
        lambda v, k: -0.5j * k * np.fft.fft(np.fft.ifft(v).real ** 2),
        192,
        960,
        16 * math.pi,
        12.0,
    ),
    floor=1e-9,
    points=grid_of_steps(-8 * math.pi, 8 * math.pi, 12.0),
)
KINDS = (
    HEAT_ROBIN,
    TIME_FIRST,
    FORCED,
    INFLOW,
    BACKWARDS,
    FIRST_ORDER,
    LEAVING,
    SINE_GORDON,
    SCHRODINGER,
    BEAM,
    LONG_WAVE,
    GOURSAT,
    FISHER,
    RELAXING,
    CORNER,
    KURAMOTO,
)

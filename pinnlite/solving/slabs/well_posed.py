"""Does an evolution equation have a solution for every start? Growth of short waves about the initial state.

With the coefficients frozen at a point, a wave exp(i k x + sigma t) solves the linearised equations where a polynomial
matrix in sigma is singular. If the growth rate Re sigma increases without bound with k, the shortest waves, rounding
among them, grow the fastest, and nothing can be computed: the backward heat equation (J. Hadamard, Lectures on
Cauchy's Problem in Linear Partial Differential Equations, 1923). Where that is so about every state the problem is
refused when it is posed; here it is about the state that this one starts from.
"""

import math

import torch
from torch import Tensor

from pinnlite.problem.equations import Key, Values
from pinnlite.solving.residuals import pointwise
from pinnlite.solving.slabs.evolution import Evolution
from pinnlite.solving.slabs.initial_field import InitialField

_POINTS = 7  # of the domain, none of them a place of symmetry
WAVES = (1e4, 1e5)  # on the domain: where only the highest derivatives count
_LONG = (0.0, 0.5, 1.0, 2.0)  # waves on the domain
_LEAST_SHARE = 1e-7  # of |sigma|: a smaller real part is rounding
_DAMPED = 1e-3  # of |Im sigma|: what decays more slowly travels many wave lengths first
_LEAST_GROWTH = 1e3  # exponent over the whole time


def ill_posed(evolution: Evolution) -> bool:
    """Whether ever shorter waves grow ever faster somewhere."""
    slow, fast = (_growth(evolution, count) for count in WAVES)
    return bool(((fast > _LEAST_GROWTH) & (fast > 2 * slow)).any())


def undamped_speed(evolution: Evolution, count: float = WAVES[-1]) -> float | None:
    """How fast waves of which there are so many on the domain travel, at most; None where all are damped or stay."""
    k = _wave_number(evolution, count)
    sigma = exponents(evolution, k)
    travelling = sigma.real.abs() < _DAMPED * sigma.imag.abs()
    return (sigma.imag.abs()[travelling].max() / k).item() if travelling.any() else None


def long_growth(evolution: Evolution) -> float:
    """The largest rate at which long waves, an error among them, grow about the initial state."""
    sign = math.copysign(1.0, evolution.stop - evolution.start)
    rates = [sign * exponents(evolution, _wave_number(evolution, count)).real.amax() for count in _LONG]
    return max(0.0, *(rate.item() for rate in rates))


def _growth(evolution: Evolution, count: float) -> Tensor:
    """For each point the largest Re sigma, times the duration, of waves of which there are so many on the domain."""
    duration = evolution.stop - evolution.start
    sigma = exponents(evolution, _wave_number(evolution, count))
    real = sigma.real * math.copysign(1.0, duration)
    return torch.where(real > _LEAST_SHARE * sigma.abs(), real, 0).amax(1) * abs(duration)


def _wave_number(evolution: Evolution, count: float) -> float:
    low, high = evolution.ends
    return 2 * math.pi / (high - low) * count


def _slopes(evolution: Evolution, x: Tensor) -> list[dict[Key, Tensor]]:
    """Slopes of the equations by each partial at points of the initial state."""
    start = InitialField(evolution)
    known = dict(zip(((u, index) for u, index, _ in start.keys), start.values(x).T, strict=True))
    keys = {key for equation in evolution.equations for key in equation.wanted}
    partials = {key: known.get(key, torch.zeros_like(x)) for key in keys}
    places: Values = {
        **evolution.parameters,
        evolution.names[evolution.space]: x,
        evolution.names[evolution.time]: torch.full_like(x, evolution.start),
    }
    return [slopes for _, slopes in pointwise(evolution.equations, places, partials)]


def exponents(evolution: Evolution, wave_number: float) -> Tensor:
    """sigma of waves exp(i k x + sigma t) about the initial state: a row for each point, a column for each of them."""
    low, high = evolution.ends
    slopes = _slopes(evolution, low + (high - low) * (torch.arange(_POINTS) + 0.3) / _POINTS)
    names = list(evolution.orders)
    degree = max(b for _, b in evolution.orders.values())
    m = len(names)
    symbol = torch.zeros(degree + 1, _POINTS, m, m, dtype=torch.complex128)
    for i, found in enumerate(slopes):
        for (name, index), slope in found.items():
            a, b = evolution.split(index)
            symbol[b, :, i, names.index(name)] += slope * (1j * wave_number) ** a
    if not symbol.isfinite().all():
        return torch.zeros(_POINTS, m * degree, dtype=torch.complex128)
    size = symbol.abs().amax((1, 2, 3))
    unit = max(((size[0] / size[degree].clamp(min=1e-300)) ** (1 / degree)).item(), 1e-300)
    # sigma = unit * s: first-order form (A - s B) z = 0 with entries of comparable size
    A = torch.zeros(_POINTS, m * degree, m * degree, dtype=torch.complex128)
    B = torch.eye(m * degree, dtype=torch.complex128).repeat(_POINTS, 1, 1)
    A[:, :-m, m:] = torch.eye(m * (degree - 1))
    for b in range(degree):
        A[:, -m:, b * m : (b + 1) * m] = -symbol[b] * unit**b
    B[:, -m:, -m:] = symbol[degree] * unit**degree
    scale = A[:, -m:].abs().amax(2, keepdim=True).clamp(min=1e-300)
    A[:, -m:], B[:, -m:] = A[:, -m:] / scale, B[:, -m:] / scale
    # No eigenvalue by accident; constraints have theirs at infinity, where 1 / (s - shift) is 0.
    shift = 0.7310585 + 0.31j
    try:
        inverse = torch.linalg.eigvals(torch.linalg.solve(A - shift * B, B))
    except RuntimeError:
        return torch.zeros(_POINTS, m * degree, dtype=torch.complex128)
    finite = inverse.abs() > 1e-9
    s: Tensor = torch.where(finite, 1 / torch.where(finite, inverse, 1), 0) + shift * finite
    return s * unit

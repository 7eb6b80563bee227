"""The reference element [-1, 1]: nodes, and the matrices between values, Legendre coefficients and their integrals.

An unknown of order k has coordinates (y, c) there: its first k derivatives at s = -1, and the Legendre coefficients of
its k-th derivative.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def legendre_basis(s: Tensor, degree: int) -> Tensor:
    """P_0 ... P_degree at ``s``, stacked along a new last axis."""
    columns = [torch.ones_like(s), s]
    for n in range(1, degree):
        columns.append(((2 * n + 1) * s * columns[n] - n * columns[n - 1]) / (n + 1))
    return torch.stack(columns[: degree + 1], dim=-1)


def integration(degree: int) -> Tensor:
    """Matrix that takes Legendre coefficients of f to those of its integral from -1."""
    matrix = torch.zeros(degree + 2, degree + 1, dtype=torch.float64)
    matrix[0, 0] = matrix[1, 0] = 1.0
    for n in range(1, degree + 1):
        matrix[n + 1, n] = 1 / (2 * n + 1)
        matrix[n - 1, n] = -1 / (2 * n + 1)
    return matrix


def differentiation(degree: int) -> Tensor:
    """Matrix that takes Legendre coefficients of f to those of f' (one fewer)."""
    matrix = torch.zeros(max(degree, 1), degree + 1, dtype=torch.float64)
    for n in range(1, degree + 1):
        for m in range(n - 1, -1, -2):
            matrix[m, n] = 2 * m + 1
    return matrix


@lru_cache(maxsize=512)
def series_matrix(n: int, order: int, derivative: int) -> Tensor:
    """Matrix from an element's coordinates (y, c) to the Legendre coefficients of a derivative with respect to s."""
    if derivative > order:
        lower = series_matrix(n, order, derivative - 1)
        return differentiation(len(lower) - 1) @ lower
    integrated = torch.eye(n, dtype=torch.float64)
    for step in range(order - derivative):
        integrated = integration(n - 1 + step) @ integrated
    matrix = torch.zeros(len(integrated), order + n, dtype=torch.float64)
    matrix[:, order:] = integrated
    power = torch.ones(1, dtype=torch.float64)  # (1 + s)^i / i! by repeated integration of 1
    for i in range(order - derivative):
        matrix[: len(power), derivative + i] = power
        power = integration(len(power) - 1) @ power
    return matrix


@dataclass(frozen=True)
class Reference:
    """The reference element: collocation nodes and every derivative's values there, for one order of unknown."""

    values: tuple[Float[Tensor, "n w"], ...]  # by derivative 0..order, at the nodes; w = order + n
    end: Float[Tensor, "k w"]  # derivatives 0..order-1 at s = 1


@lru_cache(maxsize=512)
def reference(nodes: tuple[float, ...], order: int) -> Reference:
    """The reference element of these nodes, for unknowns of this order."""
    s, one = torch.tensor(nodes, dtype=torch.float64), torch.ones(1, dtype=torch.float64)

    def rows(at: Tensor, derivative: int) -> Tensor:
        series = series_matrix(len(nodes), order, derivative)
        return legendre_basis(at, len(series) - 1) @ series

    end = [rows(one, derivative) for derivative in range(order)]
    return Reference(
        values=tuple(rows(s, derivative) for derivative in range(order + 1)),
        end=torch.cat(end) if end else torch.zeros(0, order + len(nodes), dtype=torch.float64),
    )


@lru_cache(maxsize=256)
def gauss_nodes(n: int) -> tuple[float, ...]:
    """Gauss-Legendre nodes on [-1, 1]: symmetric and clear of both ends, for boundary-value problems."""
    return tuple(np.polynomial.legendre.leggauss(n)[0].tolist())


@lru_cache(maxsize=256)
def radau_nodes(n: int) -> tuple[float, ...]:
    """Right Radau nodes, the zeros of P_n - P_(n-1): they include s = 1, which damps stiff transients."""
    series = np.zeros(n + 1)
    series[n - 1 :] = -1.0, 1.0
    nodes = np.sort(np.polynomial.legendre.legroots(series).real)
    for _ in range(3):  # the companion matrix leaves a few digits to Newton
        slope = np.polynomial.legendre.legder(series)
        nodes -= np.polynomial.legendre.legval(nodes, series) / np.polynomial.legendre.legval(nodes, slope)
    nodes[-1] = 1.0
    return tuple(nodes.tolist())


def functional(n: int, order: int, derivative: int, s: Tensor) -> Float[Tensor, " w"]:
    """Row that takes an element's coordinates to a derivative by s at one place s."""
    series = series_matrix(n, order, derivative)
    return legendre_basis(s, len(series) - 1) @ series

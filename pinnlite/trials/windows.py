"""Random features as a basis of elements: a tanh layer drawn once, carried to every window, with an output layer each.

A window's unknown of order k is sum_{j<k} y_j (1 + s)^j / j! + sum_j c_j psi_j(s), where psi_j is a combination of the
features less its Taylor polynomial at s = -1: the state y at the left end is built in, and windows are joined by
handing it on. Features as drawn are nearly dependent. The combinations are therefore the leading singular functions of
their k-th derivatives: what these leave out, the features hardly contain.

Source: S. Dong and Z. Li, Local extreme learning machines and domain decomposition (2021), for features in windows.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import polynomial
from torch import Tensor

from pinnlite.models.features import RandomFeatures
from pinnlite.trials.elements import Wanted
from pinnlite.trials.reference import Reference, gauss_nodes, legendre_basis

_PAIRS = 5  # of features for each function that is kept
_STEEPNESS = 56  # functions kept for a scale of one: where the singular values reach rounding just after them
_QUADRATURE = 4  # points for each function that is kept


class FeatureBasis:
    """The leading combinations of features drawn in mirrored pairs, tanh(w s + b) and tanh(w s - b).

    Args:
        count: the most combinations that are asked for.
        weight, bias: w and b of the features, the first half those with + b.
        modes: combinations that are known already, by the order of the unknown.
    """

    floor = 1e-13

    def __init__(
        self,
        count: int,
        weight: Float[Tensor, " P"],
        bias: Float[Tensor, " P"],
        modes: Mapping[int, Float[Tensor, "P n"]] | None = None,
    ) -> None:
        self.count, self.weight, self.bias = count, weight, bias
        self.known = dict(modes or {})
        self._references: dict[tuple[tuple[float, ...], int], Reference] = {}

    @staticmethod
    def drawn(count: int, generator: torch.Generator) -> "FeatureBasis":
        """A basis of ``count`` combinations of features with centres all over [-1, 1]."""
        scale = count / _STEEPNESS
        drawn = RandomFeatures(1, 1, _PAIRS * count, domain=(-1, 1), scale=scale, generator=generator)
        weight = torch.cat([drawn.weight[0], drawn.weight[0]])
        return FeatureBasis(count, weight, torch.cat([drawn.bias, -drawn.bias]))

    def features(self, s: Float[Tensor, " N"], derivatives: Sequence[int]) -> list[Float[Tensor, "N P"]]:
        """Derivatives of every feature: polynomials in t = tanh, since t' = 1 - t^2."""
        t = torch.tanh(s[:, None] * self.weight + self.bias)
        return [_horner(_tanh_derivative(a), t) * self.weight**a if a else t for a in derivatives]

    def modes(self, order: int) -> Float[Tensor, "P n"]:
        """Combinations whose derivatives of this order are orthogonal at Gauss points, even and odd ones by turns."""
        if order not in self.known:
            s = torch.tensor(gauss_nodes(_QUADRATURE * self.count), dtype=torch.float64)
            one, other = self.features(s, [order])[0].chunk(2, 1)
            matrix = torch.zeros(len(self.weight), self.count, dtype=torch.float64)
            for parity in (0, 1):
                sign = (-1) ** (parity + order + 1)  # the sum of a pair is odd, the difference even
                _, sigma, vh = torch.linalg.svd(one + sign * other, full_matrices=False)
                kept = len(range(parity, self.count, 2))
                leading = vh[:kept].T / sigma[:kept]
                matrix[:, parity::2] = torch.cat([leading, sign * leading])
            self.known[order] = matrix
        return self.known[order]

    def reference(self, nodes: tuple[float, ...], order: int) -> Reference:
        """Values at ``nodes`` of the basis for unknowns of this order."""
        if (nodes, order) not in self._references:
            s = torch.tensor([*nodes, 1.0], dtype=torch.float64)
            rows = self._rows(s, len(nodes), order, range(order + 1))
            end = torch.stack([row[-1] for row in rows[:-1]]) if order else rows[0][:0]
            self._references[nodes, order] = Reference(tuple(row[:-1] for row in rows), end)
        return self._references[nodes, order]

    def functional(self, n: int, order: int, derivative: int, s: Tensor) -> Float[Tensor, " w"]:
        """Sums of features at one place."""
        row: Tensor = self._rows(s.reshape(1), n, order, [derivative])[0][0]
        return row

    def series(self, local: Float[Tensor, "E w"], order: int, derivative: int = 0) -> Float[Tensor, "E p"]:
        """By interpolation at as many Gauss points as there are functions."""
        n = local.shape[1] - order
        nodes = gauss_nodes(n)
        values = local @ self.reference(nodes, order).values[derivative].T
        fit = torch.linalg.inv(legendre_basis(torch.tensor(nodes, dtype=torch.float64), n - 1))
        series: Tensor = values @ fit.T
        return series

    def values(
        self, wanted: Sequence[Wanted], element: Tensor, s: Float[Tensor, " N"]
    ) -> list[Float[Tensor, " N"]]:
        """Each window's output layer on the features there."""
        derivatives = sorted({a for _, _, a in wanted})
        features = dict(zip(derivatives, self.features(s, derivatives), strict=True))
        found = []
        for local, order, a in wanted:
            states, functions = local[:, :order], local[:, order:]
            outputs = features[a] @ self.modes(order)[:, : functions.shape[1]]
            states = states - functions @ self._start(functions.shape[1], order).T
            found.append(
                (outputs * functions[element]).sum(1) + (_powers(s, order, a) * states[element]).sum(1)
            )
        return found

    def _rows(self, s: Float[Tensor, " N"], n: int, order: int, derivatives: Sequence[int]) -> list[Tensor]:
        """Matrices from a window's coordinates to derivatives by s at places s."""
        modes, start = self.modes(order)[:, :n], self._start(n, order)
        rows = []
        for a, features in zip(derivatives, self.features(s, derivatives), strict=True):
            powers = _powers(s, order, a)
            rows.append(torch.cat([powers, features @ modes - powers @ start], 1))
        return rows

    def _start(self, n: int, order: int) -> Float[Tensor, "k n"]:
        """The derivatives of the combinations at s = -1 that their Taylor polynomials take away."""
        at = torch.full((1,), -1.0, dtype=torch.float64)
        rows = [row @ self.modes(order)[:, :n] for row in self.features(at, range(order))]
        return torch.cat(rows) if rows else torch.zeros(0, n, dtype=torch.float64)


def _powers(s: Float[Tensor, " N"], order: int, derivative: int) -> Float[Tensor, "N k"]:
    """A derivative of (1 + s)^j / j! for every j below the order."""
    powers = [
        (1 + s) ** (j - derivative) / math.factorial(j - derivative)
        if j >= derivative
        else torch.zeros_like(s)
        for j in range(order)
    ]
    return torch.stack(powers, 1) if powers else s.new_zeros(len(s), 0)


def _tanh_derivative(order: int) -> list[float]:
    """Coefficients of the polynomial in tanh(z) that its derivative of this order is."""
    coefficients = np.array([0.0, 1.0])
    for _ in range(order):
        coefficients = polynomial.polymul(polynomial.polyder(coefficients), [1.0, 0.0, -1.0])
    found: list[float] = coefficients.tolist()
    return found


def _horner(coefficients: Sequence[float], t: Tensor) -> Tensor:
    value = torch.full_like(t, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value * t + coefficient
    return value

"""Legendre elements in several coordinates: on each box a series of products of Legendre polynomials.

On a box with centre m and half-lengths h, with s_i = (x_i - m_i) / h_i,

    u(x) = sum over |a| <= p of c_a P_{a_1}(s_1) ... P_{a_d}(s_d),

C(p + d, d) members of total degree at most p. What continuity there is between boxes is left to the rows of the solve.
"""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pinnlite.problem.equations import Index, Key
from pinnlite.trials.partition import Partition

TAIL = 2  # degrees whose coefficients must have decayed; more than one, since of an even function every other is zero
_TINY = 1e-300
_MOST_VALUES = 4_000_000  # of members at points at a time


@lru_cache(maxsize=64)
def multi_indices(degree: int, dimension: int) -> Int[Tensor, "P d"]:
    """All multi-indices of total degree at most ``degree``, sorted by it."""
    every = [a for a in itertools.product(range(degree + 1), repeat=dimension) if sum(a) <= degree]
    return torch.tensor(sorted(every, key=lambda a: (sum(a), a)), dtype=torch.long).view(-1, dimension)


def legendre_table(s: Float[Tensor, "*n"], degree: int, derivative: int) -> Float[Tensor, "*n p1"]:
    """A derivative of P_0 ... P_degree at ``s``, by P_n^(k) = (2k-1)!! C_{n-k}^{(k+1/2)}: no digit is lost."""
    order = derivative + 0.5
    columns = [torch.zeros_like(s)] * min(derivative, degree + 1)
    for n in range(degree + 1 - derivative):
        if n == 0:
            columns.append(torch.full_like(s, float(np.prod(np.arange(1.0, 2 * derivative, 2)))))
        elif n == 1:
            columns.append(2 * order * s * columns[-1])
        else:
            ahead = 2 * (n + order - 1) * s * columns[-1] - (n + 2 * order - 2) * columns[-2]
            columns.append(ahead / n)
    return torch.stack(columns, -1)


def members(s: Float[Tensor, "n d"], degree: int, index: Index) -> Float[Tensor, "n P"]:
    """A partial derivative by s of every member at points of [-1, 1]^d."""
    chosen = multi_indices(degree, len(index))
    product: Tensor | None = None
    for axis, derivative in enumerate(index):
        factor = legendre_table(s[:, axis], degree, derivative)[:, chosen[:, axis]]
        product = factor if product is None else product * factor
    assert product is not None
    return product


@lru_cache(maxsize=4096)
def _restriction(degree: int, low: float, high: float) -> Float[Tensor, "p1 p1"]:
    """Matrix from Legendre coefficients on [-1, 1] to those on [low, high] within it."""
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(degree + 1))
    outer = legendre_table(low + (high - low) * (1 + nodes) / 2, degree, 0)
    inner = legendre_table(nodes, degree, 0) * (torch.arange(degree + 1) + 0.5) * weights[:, None]
    return inner.T @ outer


def _product(factors: Sequence[Tensor], rows: Int[Tensor, "Q d"], columns: Int[Tensor, "P d"]) -> Tensor:
    """The product over the axes of factor[row index, column index]."""
    matrix = torch.ones(len(rows), len(columns), dtype=torch.float64)
    for axis, factor in enumerate(factors):
        matrix = matrix * factor[rows[:, axis]][:, columns[:, axis]]
    return matrix


def restriction(
    degree: int, low: Float[Tensor, " d"], high: Float[Tensor, " d"]
) -> Float[Tensor, "P P"]:
    """Matrix from the coefficients on [-1, 1]^d to those on a box within it, which is exact."""
    indices = multi_indices(degree, len(low))
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    return _product([_restriction(degree, a, b) for a, b in pairs], indices, indices)


@lru_cache(maxsize=1024)
def trace(
    degree: int, axis: int, derivative: int, low: tuple[float, ...], high: tuple[float, ...]
) -> Float[Tensor, "Q P"]:
    """Matrix from the coefficients on [-1, 1]^d to those of a derivative along ``axis`` on a flat box within it.

    The row of a multi-index without ``axis`` is its coefficient, in d - 1 coordinates and total degree p.
    """
    d = len(low)
    rows = multi_indices(degree, d - 1)
    rows = torch.cat([rows[:, :axis], rows.new_zeros(len(rows), 1), rows[:, axis:]], 1)
    factors = [
        legendre_table(torch.tensor(low[i : i + 1], dtype=torch.float64), degree, derivative)
        if i == axis
        else _restriction(degree, low[i], high[i])
        for i in range(d)
    ]
    return _product(factors, rows, multi_indices(degree, d))


@dataclass(frozen=True, eq=False)
class Boxes:
    """A trial of Legendre elements on a partition, all of one degree; ``parameters`` are unknown numbers beside them."""

    partition: Partition
    degree: int
    coefficients: Mapping[str, Float[Tensor, "E P"]]
    parameters: Mapping[str, Float[Tensor, ""]]

    @staticmethod
    def zero(
        partition: Partition, degree: int, unknowns: Sequence[str], parameters: Mapping[str, float]
    ) -> "Boxes":
        """Functions that vanish, and parameters as they are given."""
        size = len(multi_indices(degree, partition.low.shape[1]))
        return Boxes(
            partition,
            degree,
            {name: torch.zeros(len(partition), size, dtype=torch.float64) for name in unknowns},
            {name: torch.tensor(value, dtype=torch.float64) for name, value in parameters.items()},
        )

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Derivatives at any points, each ``(N,)``; outside the partition the nearest box goes on."""
        size = multi_indices(self.degree, X.shape[1]).shape[0]
        found: dict[Key, list[Tensor]] = {key: [] for key in wanted}
        for part in X.split(max(1, _MOST_VALUES // size)):
            cells = self.partition.locate(part)
            half = self.partition.half[cells]
            s = (part - self.partition.low[cells]) / half - 1
            for index in {index for name, index in wanted if name in self.coefficients}:
                table = members(s, self.degree, index)
                scale = (half ** -torch.tensor(index, dtype=half.dtype)).prod(1)
                for name in {name for name, i in wanted if i == index and name in self.coefficients}:
                    own = self.coefficients[name]
                    values = table @ own[0] if len(own) == 1 else (table * own[cells]).sum(1)
                    found[name, index].append(values * scale)
            for name, index in wanted:
                if name in self.parameters:
                    found[name, index].append(self.parameters[name].expand(len(part)))
        return {key: torch.cat(values) if values else X.new_zeros(0) for key, values in found.items()}

    def moved(self, towards: "Boxes", share: float) -> "Boxes":
        """This trial plus a share of the way to another one on the same partition."""
        return Boxes(
            self.partition,
            self.degree,
            {name: torch.lerp(own, towards.coefficients[name], share) for name, own in self.coefficients.items()},
            {name: torch.lerp(own, towards.parameters[name], share) for name, own in self.parameters.items()},
        )

    def distance(self, other: "Boxes") -> float:
        """Root mean square over the cells of the difference to another trial, relative to the largest coefficient."""
        worst = 0.0
        for name, own in self.coefficients.items():
            size = torch.maximum(own.abs().amax(), other.coefficients[name].abs().amax()).clamp(min=_TINY)
            apart = (own - other.coefficients[name]).square().sum(1).mean().sqrt() / size
            worst = max(worst, apart.nan_to_num(torch.inf).item())
        for name, number in self.parameters.items():
            worst = max(worst, ((number - other.parameters[name]).abs() / number.abs().clamp(min=1.0)).item())
        return worst

    def refined(self, axes: Bool[Tensor, "E d"]) -> "Boxes":
        """The same functions on cells that are cut in two along the axes marked for them."""
        partition, parents = self.partition.halved(axes)
        start, half = self.partition.low[parents], self.partition.half[parents]
        low, high = (partition.low - start) / half - 1, (partition.high - start) / half - 1
        kept = [
            None if (a.min() == -1 and b.max() == 1 and b.min() == 1) else restriction(self.degree, a, b)
            for a, b in zip(low, high, strict=True)
        ]
        coefficients = {
            name: torch.stack(
                [own[i] if m is None else m @ own[i] for i, m in zip(parents.tolist(), kept, strict=True)]
            )
            for name, own in self.coefficients.items()
        }
        return Boxes(partition, self.degree, coefficients, self.parameters)

    def of_degree(self, degree: int) -> "Boxes":
        """The same functions as series of another degree: with zeros beyond, or cut off, which is best in L2."""
        size = len(multi_indices(degree, self.partition.low.shape[1]))
        coefficients = {
            name: torch.cat([own[:, :size], own.new_zeros(len(own), max(0, size - own.shape[1]))], 1)
            for name, own in self.coefficients.items()
        }  # the indices are sorted by degree
        return Boxes(self.partition, degree, coefficients, self.parameters)

    def shells(self) -> Float[Tensor, "E p1"]:
        """For each cell and total degree the largest coefficient, relative to the largest of that unknown anywhere."""
        degrees = multi_indices(self.degree, self.partition.low.shape[1]).sum(1)
        shells = torch.zeros(len(self.partition), self.degree + 1, dtype=torch.float64)
        for own in self.coefficients.values():
            relative = own.abs() / own.abs().amax().clamp(min=_TINY)
            for k in range(self.degree + 1):
                shells[:, k] = torch.maximum(shells[:, k], relative[:, degrees == k].amax(1))
        return shells

    def tails(self) -> Float[Tensor, "E d"]:
        """For each cell and axis what the highest degrees still hold, shared out among the axes that they vary along.

        The largest coefficient of the last degrees is split in proportion to a_i / |a|, summed over those degrees.
        """
        indices = multi_indices(self.degree, self.partition.low.shape[1])
        last = indices.sum(1) > self.degree - TAIL
        shares = indices[last].double() / indices[last].sum(1, keepdim=True)
        tails = torch.zeros(len(self.partition), indices.shape[1], dtype=torch.float64)
        for own in self.coefficients.values():
            relative = own[:, last].abs() / own.abs().amax().clamp(min=_TINY)
            share = relative @ shares
            total = share.amax(1, keepdim=True).clamp(min=_TINY)
            tails = torch.maximum(tails, relative.amax(1, keepdim=True) * share / total)
        return tails

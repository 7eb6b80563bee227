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
_ROUNDING = 1e-15
_POINTS = 3000  # of the quadrature over all boxes
_LEAST_POINTS = 24  # of a box
_MOST_VALUES = 4_000_000  # of members at points at a time


@lru_cache(maxsize=64)
def multi_indices(degree: int, dimension: int) -> Int[Tensor, "P d"]:
    """All multi-indices of total degree at most ``degree``, sorted by it."""
    every = [a for a in itertools.product(range(degree + 1), repeat=dimension) if sum(a) <= degree]
    return torch.tensor(sorted(every, key=lambda a: (sum(a), a)), dtype=torch.long).view(-1, dimension)


def legendre_table(s: Float[Tensor, " n"], degree: int, derivative: int) -> Float[Tensor, "p1 n"]:
    """A derivative of P_0 ... P_degree at ``s``, row by row: P_n^(k) = (2k-1)!! C_{n-k}^{(k+1/2)} loses no digit."""
    order = derivative + 0.5
    rows = [torch.zeros_like(s)] * min(derivative, degree + 1)
    for n in range(degree + 1 - derivative):
        if n == 0:
            rows.append(torch.full_like(s, float(np.prod(np.arange(1.0, 2 * derivative, 2)))))
        elif n == 1:
            rows.append(2 * order * s * rows[-1])
        else:
            ahead = 2 * (n + order - 1) * s * rows[-1] - (n + 2 * order - 2) * rows[-2]
            rows.append(ahead / n)
    return torch.stack(rows)


def members(s: Float[Tensor, "n d"], degree: int, index: Index) -> Float[Tensor, "n P"]:
    """A partial derivative by s of every member at points of [-1, 1]^d."""
    chosen = multi_indices(degree, len(index))
    product: Tensor | None = None
    for axis, derivative in enumerate(index):
        factor = legendre_table(s[:, axis], degree, derivative)[chosen[:, axis]]  # rows are copied fast
        product = factor if product is None else product * factor
    assert product is not None
    return product.T


@lru_cache(maxsize=4096)
def _restriction(degree: int, low: float, high: float) -> Float[Tensor, "p1 p1"]:
    """Matrix from Legendre coefficients on [-1, 1] to those on [low, high] within it."""
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(degree + 1))
    outer = legendre_table(low + (high - low) * (1 + nodes) / 2, degree, 0)
    inner = legendre_table(nodes, degree, 0) * (torch.arange(degree + 1) + 0.5)[:, None] * weights
    return inner @ outer.T


def _product(factors: Sequence[Tensor], rows: Int[Tensor, "Q d"], columns: Int[Tensor, "P d"]) -> Tensor:
    """The product over the axes of factor[row index, column index]."""
    matrix = torch.ones(len(rows), len(columns), dtype=torch.float64)
    for axis, factor in enumerate(factors):
        matrix = matrix * factor[rows[:, axis]][:, columns[:, axis]]
    return matrix


def restriction(degree: int, low: Float[Tensor, " d"], high: Float[Tensor, " d"]) -> Float[Tensor, "P P"]:
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
        legendre_table(torch.tensor(low[i : i + 1], dtype=torch.float64), degree, derivative).T
        if i == axis
        else _restriction(degree, low[i], high[i])
        for i in range(d)
    ]
    return _product(factors, rows, multi_indices(degree, d))


@dataclass(frozen=True, eq=False)
class Boxes:
    """Legendre elements on a partition, all of one degree; ``parameters`` are unknown numbers beside them."""

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

    def bowl(self) -> "Boxes":
        """The functions |x - m|^2 / 2 of the distance to the middle m of all cells, plus these."""
        indices = multi_indices(self.degree, self.partition.low.shape[1])
        middle = (self.partition.low.amin(0) + self.partition.high.amax(0)) / 2
        half, offset = self.partition.half, self.partition.low + self.partition.half - middle
        raised = torch.zeros(len(self.partition), len(indices), dtype=torch.float64)
        # (o + h s)^2 / 2 = (o^2 + h^2/3) / 2 P_0 + o h P_1 + h^2 / 3 P_2
        for j, a in enumerate(indices.tolist()):
            if sum(a) == 0:
                raised[:, j] = (offset.square() + half.square() / 3).sum(1) / 2
            for i in range(len(a)):
                if a[i] == sum(a) == 1:
                    raised[:, j] = offset[:, i] * half[:, i]
                if a[i] == sum(a) == 2:
                    raised[:, j] = half[:, i].square() / 3
        added = {name: own + raised for name, own in self.coefficients.items()}
        return Boxes(self.partition, self.degree, added, self.parameters)

    @property
    def amplitude(self) -> float:
        """The largest coefficient; 1 where all of them vanish."""
        return max(own.abs().amax().item() for own in self.coefficients.values()) or 1.0

    def corners(self) -> Float[Tensor, "E 2 d"]:
        """The lower and the upper corner of every box."""
        return torch.stack([self.partition.low, self.partition.high], 1)

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Derivatives at any points, each ``(N,)``; outside the partition the nearest box goes on."""
        return self.partials_in(self.partition.locate(X), X, wanted)

    def partials_in(
        self, cells: Int[Tensor, " N"], X: Float[Tensor, "N d"], wanted: Collection[Key]
    ) -> dict[Key, Tensor]:
        """Derivatives of the series of these cells, each at its point, wherever that lies."""
        size = multi_indices(self.degree, X.shape[1]).shape[0]
        most = max(1, _MOST_VALUES // size)
        found: dict[Key, list[Tensor]] = {key: [] for key in wanted}
        for own_cells, part in zip(torch.split(cells, most), torch.split(X, most), strict=True):
            half = self.partition.half[own_cells]
            s = (part - self.partition.low[own_cells]) / half - 1
            for index in {index for name, index in wanted if name in self.coefficients}:
                table = members(s, self.degree, index)
                scale = (half ** -torch.tensor(index, dtype=half.dtype)).prod(1)
                for name in {name for name, i in wanted if i == index and name in self.coefficients}:
                    own = self.coefficients[name]
                    values = table @ own[0] if len(own) == 1 else (table * own[own_cells]).sum(1)
                    found[name, index].append(values * scale)
            for name, index in wanted:
                if name in self.parameters:
                    found[name, index].append(self.parameters[name].expand(len(part)))
        return {key: torch.cat(values) if values else X.new_zeros(0) for key, values in found.items()}

    def quadrature(self) -> tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]:
        """Scattered points, as many in every box, with even weights within it; none is a collocation point."""
        E, d = self.partition.low.shape
        count = max(_LEAST_POINTS, _POINTS // E)
        places = 2 * torch.rand(count, d, generator=torch.Generator().manual_seed(E), dtype=torch.float64) - 1
        volumes = (2 * self.partition.half).prod(1)
        return self.partition.points(places).flatten(0, 1), (volumes / count).repeat_interleave(count)

    def moved(self, towards: "Boxes", share: float) -> "Boxes":
        """This trial plus a share of the way to another one on the same partition."""
        return Boxes(
            self.partition,
            self.degree,
            {
                name: torch.lerp(own, towards.coefficients[name], share)
                for name, own in self.coefficients.items()
            },
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
            None if (a == -1).all() and (b == 1).all() else restriction(self.degree, a, b)
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

    def shells(self) -> Float[Tensor, "m E p1"]:
        """For each unknown, cell and total degree the largest coefficient, relative to the largest anywhere."""
        degrees = multi_indices(self.degree, self.partition.low.shape[1]).sum(1)
        own = torch.stack(list(self.coefficients.values())).abs()
        # An unknown may be zero, but for the rounding of others.
        own = own.where(own > _ROUNDING * own.amax(), 0.0)
        shells = torch.stack([own[..., degrees == k].amax(-1) for k in range(self.degree + 1)], -1)
        return shells / own.amax((1, 2)).clamp(min=_TINY)[:, None, None]

    def decay(self) -> Float[Tensor, "m E"]:
        """By how much the logarithm of the largest coefficient of a degree falls from one degree to the next.

        The last two degrees do not count: least squares may well hold them down, as their derivatives are the largest.
        """
        shells, span = self.shells(), max(1, self.degree // 3)
        late = shells[..., -2 * TAIL : -TAIL].amax(-1)
        early = shells[..., -2 * TAIL - span : -TAIL - span].amax(-1)
        fallen: Tensor = (early.clamp(min=_TINY) / late.clamp(min=_TINY)).log() / span
        return torch.where(late == 0, torch.inf, fallen)

    def tails(self) -> Float[Tensor, "E d"]:
        """For each cell and axis what the degrees beyond would hold if the coefficients went on to decay as they do.

        Relative to the unknown's largest coefficient; shared out among the axes along which the last members vary.
        """
        indices = multi_indices(self.degree, self.partition.low.shape[1])
        degrees = indices.sum(1)
        shells, ratio = self.shells(), (-self.decay()).exp().clamp(max=1 - 1 / self.degree)
        last = shells[..., -TAIL:].amax(-1) * ratio**TAIL
        before = shells[..., -2 * TAIL : -TAIL].amax(-1) * ratio ** (2 * TAIL)
        beyond = torch.maximum(last, before) / (1 - ratio)
        high = degrees > self.degree - 2 * TAIL
        shares = indices[high].double() / degrees[high, None]
        tails = torch.zeros(len(self.partition), indices.shape[1], dtype=torch.float64)
        for own, size in zip(self.coefficients.values(), beyond, strict=True):
            share = own[:, high].abs() @ shares
            tails = torch.maximum(tails, size[:, None] * share / share.amax(1, keepdim=True).clamp(min=_TINY))
        return tails

    def unresolved(self) -> float:
        """Root mean square over the domain of what the degrees beyond would hold, relative to the unknown's size."""
        volumes = self.partition.half.prod(1)
        squares = self.tails().amax(1).square()
        return ((volumes * squares).sum() / volumes.sum()).sqrt().item()

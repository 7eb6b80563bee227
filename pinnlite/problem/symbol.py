"""The symbol of a system: its linearisation at a state, on waves exp(k . x), as a polynomial along one direction."""

import cmath
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Equation, Key, Values

_MOST_UNKNOWNS = 5  # of which determinants are expanded
_NOTHING = 1e-11  # relative: a coefficient that has cancelled

Coefficients = list[complex]  # of a polynomial, the constant first


@dataclass(frozen=True)
class State:
    """The slopes of each equation by each partial at one point and one random value of all partials."""

    slopes: tuple[tuple[tuple[Key, float], ...], ...]
    unknowns: tuple[str, ...]

    def along(self, waves: Sequence[complex], direction: Sequence[float]) -> Coefficients:
        """The determinant of the symbol at k = waves + m direction, as a polynomial in m; empty where it vanishes."""
        lines = [_trimmed([wave, step]) for wave, step in zip(waves, direction, strict=True)]
        entries = [[self._entry(equation, name, lines) for name in self.unknowns] for equation in self.slopes]
        total: Coefficients = []
        sizes: Coefficients = []
        for order in itertools.permutations(range(len(entries))):
            term: Coefficients = [complex(_sign(order))]
            for row, column in enumerate(order):
                term = _product(term, entries[row][column])
            total = _sum(total, term)
            sizes = _sum(sizes, [complex(abs(c)) for c in term])
        return _trimmed(
            [c if abs(c) > _NOTHING * abs(size) else 0j for c, size in zip(total, sizes, strict=True)]
        )

    def _entry(
        self, equation: Sequence[tuple[Key, float]], name: str, lines: Sequence[Coefficients]
    ) -> Coefficients:
        total: Coefficients = []
        for (unknown, index), slope in equation:
            if unknown != name or not slope:
                continue
            term: Coefficients = [complex(slope)]
            for line, order in zip(lines, index, strict=True):
                for _ in range(order):
                    term = _product(term, line)
            total = _sum(total, term)
        return total


def states(
    equations: Sequence[Equation],
    unknowns: Sequence[str],
    names: Sequence[str],
    parameters: Values,
    X: Float[Tensor, "n d"],
    seed: int = 0,
) -> list[State]:
    """A state at each point, those left out where a slope is not finite; none for very large systems."""
    if len(equations) != len(unknowns) or len(unknowns) > _MOST_UNKNOWNS:
        return []
    generator = torch.Generator().manual_seed(seed)
    wanted = sorted({key for equation in equations for key in equation.wanted})
    values = {
        key: torch.randn(len(X), generator=generator, dtype=torch.float64).requires_grad_() for key in wanted
    }
    places: Values = {**parameters, **dict(zip(names, X.double().T, strict=True))}
    columns: list[list[Tensor]] = []
    for equation in equations:
        residual = equation.residual(places, values)
        leaves = [values[key] for key in wanted]
        found = (
            torch.autograd.grad(residual.sum(), leaves, allow_unused=True, materialize_grads=True)
            if residual.requires_grad
            else [torch.zeros_like(leaf) for leaf in leaves]
        )
        columns.append(list(found))
    rows = [
        tuple(tuple(zip(wanted, each, strict=True)) for each in row)
        for row in zip(*(torch.stack(found, 1).tolist() for found in columns), strict=True)
    ]
    finite = [row for row in rows if all(abs(v) < 1e300 for each in row for _, v in each)]
    return [State(row, tuple(unknowns)) for row in finite]


def roots(polynomial: Coefficients) -> list[complex]:
    """The zeros of a polynomial: by formula up to degree two, then as eigenvalues of its companion matrix.

    That matrix is written in a unit in which the largest zeros are of size one.
    """
    degree = len(polynomial) - 1
    if degree < 1:
        return []
    last = polynomial[-1]
    if degree == 1:
        return [-polynomial[0] / last]
    if degree == 2:
        half = -polynomial[1] / last / 2
        root = cmath.sqrt(half * half - polynomial[0] / last)
        larger = half + root if abs(half + root) >= abs(half - root) else half - root
        return [larger, polynomial[0] / last / larger if larger else 0j]
    unit = max((abs(c / last) ** (1 / (degree - j)) for j, c in enumerate(polynomial[:-1])), default=0.0)
    if not unit:
        return [0j] * degree
    rows = [[complex(i == j + 1) for j in range(degree)] for i in range(degree)]
    for j, c in enumerate(polynomial[:-1]):
        rows[j][-1] = -c / last / unit ** (degree - j)
    matrix = torch.tensor(rows, dtype=torch.complex128)
    return [unit * complex(value) for value in torch.linalg.eigvals(matrix).tolist()]


def _product(a: Coefficients, b: Coefficients) -> Coefficients:
    if not a or not b:
        return []
    result = [0j] * (len(a) + len(b) - 1)
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            result[i + j] += p * q
    return result


def _sum(a: Coefficients, b: Coefficients) -> Coefficients:
    return [p + q for p, q in itertools.zip_longest(a, b, fillvalue=0j)]


def _trimmed(a: Coefficients) -> Coefficients:
    while a and a[-1] == 0:
        a = a[:-1]
    return a


def _sign(order: Sequence[int]) -> int:
    swaps = sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])
    return -1 if swaps % 2 else 1

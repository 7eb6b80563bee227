"""Conditions built in on a box of several coordinates: u = g + D N, where g meets them and D vanishes where they hold.

A condition that gives an unknown or its slopes all over a face is a functional F_ij along coordinate i, such as u at
x = 0 or u_t at t = 0. With polynomials p_ij of x_i for which F_ik p_ij is 1 for j = k and 0 otherwise,
P_i f = sum_j p_ij F_ij f takes up what is given across coordinate i, and the Boolean sum of these projections,

    g = (1 - (1 - P_1) ... (1 - P_d)) u,

takes up all of it and needs of u no more than what is given. D is a product of powers of the distances from the faces.
Training then needs no penalty and no balance of losses, and N is any trial: by the rule of Leibniz partials of D N are
sums of those of N, and so are the rows of their Jacobian.

Source: W. Gordon, Blending-function methods of bivariate and multivariate interpolation, SIAM J. Numer. Anal. 8 (1971);
I. Lagaris, A. Likas, D. Fotiadis, Artificial neural networks for solving ordinary and partial differential equations,
IEEE Trans. Neural Netw. 9 (1998).
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Condition, Index, Key
from pinnlite.problem.problem import Problem
from pinnlite.trials.trial import Trial

_MOST_KEPT = 4


@dataclass(frozen=True, eq=False)
class Given:
    """The derivative of an unknown of this order along a coordinate, given where the coordinate has this value."""

    unknown: str
    column: int
    at: float
    order: int
    derivative: Callable[
        [Tensor, Sequence[Index]], dict[Index, Tensor]
    ]  # partials of what is given, at its place
    condition: Condition | None  # that says so; None where a trial does that comes before


@dataclass(frozen=True, eq=False)
class _Along:
    """What is given across one coordinate: cardinal polynomials of s = (x - low) / length, and the factor of D."""

    given: tuple[Given, ...]
    low: float
    length: float

    @cached_property
    def cardinal(self) -> list[list[float]]:
        """The coefficients of each p_ij, lowest power first."""
        n = len(self.given)
        rows = [
            [
                math.perm(power, g.order) * self._place(g) ** max(power - g.order, 0) / self.length**g.order
                for power in range(n)
            ]
            for g in self.given
        ]
        inverse: list[list[float]] = torch.linalg.inv(torch.tensor(rows, dtype=torch.float64)).T.tolist()
        return inverse

    @cached_property
    def vanishing(self) -> list[float]:
        """s^m (1 - s)^n with as many powers as there are conditions at either end, 1 in the middle between both."""
        powers = [sum(self._place(g) == end for g in self.given) for end in (0.0, 1.0)]
        factor = [1.0]
        for base, power in zip(((0.0, 1.0), (1.0, -1.0)), powers, strict=True):
            for _ in range(power):
                factor = [
                    base[0] * a + base[1] * b for a, b in zip([*factor, 0.0], [0.0, *factor], strict=True)
                ]
        scale = 2.0 ** sum(powers) if all(powers) else 1.0
        return [scale * coefficient for coefficient in factor]

    def value(self, polynomial: Sequence[float], X: Tensor, order: int) -> Tensor:
        """A derivative of a polynomial of s by the coordinate, at points."""
        s = (X[:, self.given[0].column] - self.low) / self.length
        total = torch.zeros_like(s)
        for power in range(len(polynomial) - 1, order - 1, -1):
            total = total * s + math.perm(power, order) * polynomial[power]
        return total / self.length**order

    def _place(self, given: Given) -> float:
        return 0.0 if given.at == self.low else 1.0


class Lifted:
    """``inner`` times what vanishes where conditions are given, plus a function that meets them.

    Args:
        inner: any trial.
        problem: whose domain is a box.
        given: conditions as ``buildable`` finds them; those that are left out are not built in.
    """

    def __init__(self, inner: Trial, problem: Problem, given: Sequence[Given]) -> None:
        self.inner, self.problem, self.given = inner, problem, tuple(given)
        intervals = list(problem.domain.intervals.values())
        self._along: dict[str, list[_Along]] = {unknown: [] for unknown in problem.unknowns}
        for unknown, column in sorted({(g.unknown, g.column) for g in given}):
            low, high = intervals[column]
            own = tuple(g for g in given if (g.unknown, g.column) == (unknown, column))
            self._along[unknown].append(_Along(own, low, high - low))
        self._kept: dict[int, tuple[Tensor, dict[tuple[str, Key], Tensor]]] = {}

    @property
    def parameters(self) -> Sequence[Tensor]:
        """Those of the inner trial."""
        return self.inner.parameters

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Those of g, and by the rule of Leibniz those of D N."""
        terms = {key: list(self._leibniz(X, key)) for key in wanted}
        inner = self.inner.partials(X, sorted({key for own in terms.values() for key, _ in own}))
        return {
            key: self._lift(X, key) + sum(weight * inner[other] for other, weight in own)
            for key, own in terms.items()
        }

    def jacobian(self, X: Float[Tensor, "N d"], weights: Mapping[Key, Tensor]) -> Float[Tensor, "N P"]:
        """The inner Jacobian with the weights that Leibniz makes of these."""
        own: dict[Key, Tensor] = {}
        for key, weight in weights.items():
            for other, factor in self._leibniz(X, key):
                own[other] = own[other] + weight * factor if other in own else weight * factor
        return self.inner.jacobian(X, own)

    def _leibniz(self, X: Tensor, key: Key) -> Iterator[tuple[Key, Tensor]]:
        """The partials of N that one of D N is made of, each with its factor."""
        unknown, index = key
        for lower in product(*(range(a + 1) for a in index)):
            rest = tuple(a - b for a, b in zip(index, lower, strict=True))
            if any(
                order and order >= self._factors(unknown).get(column, 1) for column, order in enumerate(rest)
            ):
                continue  # a polynomial's derivative that is zero
            ways = math.prod(math.comb(a, b) for a, b in zip(index, lower, strict=True))
            yield (unknown, lower), ways * self._once(X, "D", (unknown, rest), self._vanishing)

    def _factors(self, unknown: str) -> dict[int, int]:
        """How many coefficients the factor of D along each coordinate has."""
        return {along.given[0].column: len(along.vanishing) for along in self._along[unknown]}

    def _vanishing(self, X: Tensor, key: Key) -> Tensor:
        unknown, index = key
        value = torch.ones_like(X[:, 0])
        for along in self._along[unknown]:
            value = value * along.value(along.vanishing, X, index[along.given[0].column])
        return value

    def _lift(self, X: Tensor, key: Key) -> Tensor:
        return self._once(X, "g", key, self._boolean_sum)

    def _boolean_sum(self, X: Tensor, key: Key) -> Tensor:
        """A partial of g: over all sets of coordinates and what is given across each, with alternating signs.

        F_1j F_2k u is what is given across the first coordinate, under the second functional.
        """
        unknown, index = key
        total = torch.zeros_like(X[:, 0])
        for size in range(1, len(self._along[unknown]) + 1):
            for chosen in combinations(self._along[unknown], size):
                for places in product(*(range(len(along.given)) for along in chosen)):
                    total = total - (-1.0) ** size * self._term(X, index, chosen, places)
        return total

    def _term(self, X: Tensor, index: Index, chosen: Sequence[_Along], places: Sequence[int]) -> Tensor:
        # Where a slab before and the boundary give the same, the boundary says it at once.
        given = [along.given[place] for along, place in zip(chosen, places, strict=True)]
        first, *others = sorted(given, key=lambda each: each.condition is None)
        shape = math.prod(
            (
                along.value(along.cardinal[place], X, index[along.given[0].column])
                for along, place in zip(chosen, places, strict=True)
            ),
            start=torch.ones_like(X[:, 0]),
        )
        columns, taken = list(X.unbind(1)), list(index)
        for each in (first, *others):
            columns[each.column] = torch.full_like(X[:, 0], each.at)
            taken[each.column] = 0 if each is first else each.order
        at = torch.stack(columns, 1)
        return shape * first.derivative(at, [tuple(taken)])[tuple(taken)]

    def _once(self, X: Tensor, what: str, key: Key, compute: Callable[[Tensor, Key], Tensor]) -> Tensor:
        """What does not change with the parameters is computed once for each tensor of points."""
        if X.requires_grad:
            return compute(X, key)
        points, known = self._kept.get(id(X), (X, {}))
        if points is not X:
            known = {}
        if (what, key) not in known:
            known[what, key] = compute(X, key)
            self._kept = {**dict(list(self._kept.items())[-_MOST_KEPT:]), id(X): (X, known)}
        return known[what, key]

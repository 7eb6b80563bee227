"""Conditions built in: any trial corrected by a few polynomials so that linear conditions hold exactly.

For conditions A v + b = 0 on partials v at fixed places, and an inner trial N,

    u(x) = N(x) - psi(x) M^+ (A v[N] + b),    M = A v[psi],

meets them for every value of N's parameters, whatever N is (C. Leake and D. Mortari, Deep theory of functional
connections, Mach. Learn. Knowl. Extr. 2, 2020). Training then needs no penalty and no balance of losses.
"""

from collections.abc import Collection, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.differentiation.legendre import legendre
from pinnlite.errors import ProblemError
from pinnlite.geometry.region import Region
from pinnlite.problem.equations import Condition, Key, Placed, affine
from pinnlite.problem.problem import Problem
from pinnlite.trials.trial import Trial

_MOST_DEGREE = 24
_WELL_CONDITIONED = 1e-6


class Constrained:
    """``inner`` corrected so that linear conditions at fixed places hold to rounding."""

    def __init__(
        self,
        inner: Trial,
        unknowns: Sequence[str],
        conditions: Sequence[Condition],
        domain: Region,
        given: Mapping[str, float],
    ) -> None:
        self.inner, self.unknowns, self.domain = inner, tuple(unknowns), domain
        self.placed: list[Placed] = sorted({placed for c in conditions for placed in c.wanted}, key=str)
        self._where = torch.tensor([at for _, _, at in self.placed], dtype=torch.float64)
        self._keys = [(unknown, index) for unknown, index, _ in self.placed]
        self._functional, self._constant = affine(conditions, self.placed, given)
        self._supports = self._enough_supports()
        self._inverse = torch.linalg.pinv(self._functional @ self._support_values(self._supports))

    @property
    def parameters(self) -> Sequence[Tensor]:
        """Those of the inner trial."""
        return self.inner.parameters

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Partials of the corrected trial."""
        at_places = self.inner.partials(self._where, set(self._keys))
        values = torch.stack([at_places[key][i] for i, key in enumerate(self._keys)])
        correction = self._inverse @ (self._functional @ values + self._constant)
        found = self.inner.partials(X, wanted)
        return {key: found[key] - self._support(X, key, self._supports) @ correction for key in wanted}

    def jacobian(self, X: Float[Tensor, "N d"], weights: Mapping[Key, Tensor]) -> Float[Tensor, "N P"]:
        """The inner Jacobian less the part that the conditions take away."""
        own = {
            key: torch.tensor([float(key == k) for k in self._keys], dtype=X.dtype) for key in set(self._keys)
        }
        placed = self.inner.jacobian(self._where, own)
        terms = [w[:, None] * self._support(X, key, self._supports) for key, w in weights.items()]
        supports = torch.stack(terms).sum(0)
        correction = self._inverse @ (self._functional @ placed)
        corrected: Tensor = self.inner.jacobian(X, weights) - supports @ correction
        return corrected

    def _enough_supports(self) -> int:
        """The least number of polynomials for each unknown that can meet every condition."""
        for count in range(1, _MOST_DEGREE):
            matrix = self._functional @ self._support_values(count)
            scale = matrix.abs().amax(1, keepdim=True).clamp(min=1e-300)
            singular = torch.linalg.svdvals(matrix / scale)
            if matrix.shape[1] >= len(matrix) and singular[-1] > _WELL_CONDITIONED * singular[0]:
                return count
        raise ProblemError("the conditions cannot be met together: look for one that contradicts the others")

    def _support_values(self, count: int) -> Float[Tensor, "V mS"]:
        rows = [self._support(self._where[i : i + 1], key, count) for i, key in enumerate(self._keys)]
        return torch.cat(rows)

    def _support(self, X: Tensor, key: Key, count: int) -> Float[Tensor, "N mS"]:
        """A partial of the supporting Legendre polynomials; those of the other unknowns are zero."""
        unknown, (order,) = key
        low, high = self.domain.intervals[self.domain.names[0]]
        scale = 2 / (high - low)
        s = (X[:, 0] - low) * scale - 1
        own = torch.stack([legendre(s, n, order) for n in range(count)], 1) * scale**order
        blocks = [own if name == unknown else torch.zeros_like(own) for name in self.unknowns]
        return torch.cat(blocks, 1)


def built_in(trial: Trial, problem: Problem) -> Trial:
    """``trial`` with the linear conditions of the problem built in; the others are left to be rows."""
    linear = [c for c in problem.conditions if c.linear and not c.integrals]
    if not linear:
        return trial
    return Constrained(trial, problem.unknowns, linear, problem.domain, problem.parameters)

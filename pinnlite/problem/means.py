"""Conditions on integrals over the whole domain: what fixes the constant up to which an unknown is determined.

Where derivatives are all that the other statements speak of, the unknown is looked for with the value 0 at a point
instead; then the constant that the integral asks for is added.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.problem.equations import Condition, Key, Placed, Values
from pinnlite.problem.frozen import Frozen
from pinnlite.problem.problem import Problem, changed
from pinnlite.problem.redundant import free_unknowns, is_mean, surplus

_LEAST = 1e-12  # relative: a determinant that is zero but for rounding


@dataclass(frozen=True)
class Means:
    """A problem without its conditions on integrals over the whole domain, and these."""

    bare: Problem
    pinned: Problem  # with the unknowns that they concern fixed at a point instead
    unknowns: tuple[str, ...]
    conditions: tuple[Condition, ...]

    @staticmethod
    def of(problem: Problem) -> "Means | None":
        """Those of a problem; None if it has no such conditions.

        Raises:
            ProblemError: an integral is not over the whole domain, or its condition is not linear, or there are fewer
                conditions than unknowns that are free.
        """
        means = [c for c in problem.conditions if c.integrals]
        if not means or len(problem.domain.names) == 1:
            return None
        others = [c for c in problem.conditions if not c.integrals]
        frozen = Frozen(problem.domain, problem.equations, problem.unknowns, problem.parameters)
        free = free_unknowns(frozen, others)
        for condition in means:
            if not is_mean(condition, problem.domain) or not condition.linear or len(means) != len(free):
                raise ProblemError(
                    f"the condition '{condition.text}' cannot be met, so far: in several coordinates an integral is "
                    "over all of them and linear in an unknown that is determined up to a constant by the rest, as in "
                    f"integral(u, {', '.join(problem.domain.names)}) = 0; or train a network on problem.residuals"
                )
        stated = [c for c in problem.stated if not c.integrals]
        pins = [_pin(problem, name) for name in free]
        bare, pinned = (
            changed(problem, conditions=(*others, *added), stated=(*stated, *added)) for added in ([], pins)
        )
        return Means(bare, pinned, free, tuple(means))

    def constants(
        self,
        X: Float[Tensor, "N d"],
        weights: Float[Tensor, " N"],
        partials: Mapping[Key, Float[Tensor, " N"]],
    ) -> dict[str, float]:
        """What has to be added to the unknowns, given a quadrature of the domain and the partials there."""
        zero = (0,) * X.shape[1]

        def missed(raised: str | None) -> Tensor:
            values = {key: value + (key == (raised, zero)) for key, value in partials.items()}
            return torch.stack([self._missed(condition, X, weights, values) for condition in self.conditions])

        start = missed(None)
        slopes = torch.stack([missed(name) - start for name in self.unknowns], 1)
        if not abs(torch.linalg.det(slopes / slopes.abs().amax(1, keepdim=True)).item()) > _LEAST:
            raise ProblemError(
                f"the condition '{self.conditions[0].text}' leaves the constant open that is to be added to "
                f"{' and '.join(self.unknowns)}: take the integral of that itself"
            )
        found = torch.linalg.solve(slopes, -start)
        return dict(zip(self.unknowns, found.tolist(), strict=True))

    @property
    def wanted(self) -> list[Key]:
        """The partials under the integrals."""
        return sorted({key for c in self.conditions for each in c.integrals.values() for key in each.wanted})

    def _missed(
        self, condition: Condition, X: Tensor, weights: Tensor, partials: Mapping[Key, Tensor]
    ) -> Tensor:
        given = self.bare.parameters
        places: Values = {**given, **dict(zip(self.bare.domain.names, X.T, strict=True))}
        integrals = {
            leaf: (weights @ integrand.residual(places, partials).expand(len(X))).reshape(1)
            for leaf, integrand in condition.integrals.items()
        }
        return condition.residual(given, integrals).reshape(())


def without_surplus(problem: Problem) -> Problem:
    """The problem with as many conditions as determine its solution, where there is one more."""
    frozen = Frozen(problem.domain, problem.equations, problem.unknowns, problem.parameters)
    left_out = None if problem.unknown_parameters or problem.data else surplus(frozen, problem.conditions)
    if left_out is None:
        return problem
    conditions, stated = (
        tuple(c for c in given if c is not left_out) for given in (problem.conditions, problem.stated)
    )
    return changed(problem, conditions=conditions, stated=stated)


def _pin(problem: Problem, unknown: str) -> Condition:
    """The unknown is 0 at the point of the domain that is farthest inside, of some."""
    X = problem.domain.sample(256)
    middle = X.mean(0, keepdim=True)
    if not problem.domain.contains(middle).all():
        middle = X[problem.domain.level(X).argmin()][None]
    at = tuple(middle[0].tolist())
    key: Placed = (unknown, (0,) * len(at), at)

    def residual(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
        return values[key]

    return Condition(f"{unknown} = 0 at a point", frozenset([key]), residual, True)

"""Conditions with integrals over the domain, as rows: each integral a Gauss rule over rows of its integrand."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.sampling import gauss_rule
from pinnlite.problem.equations import Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.solving.dense import Block
from pinnlite.solving.residuals import Pointwise, pointwise
from pinnlite.trials.trial import Trial

_NODES = 160


@dataclass(frozen=True, eq=False)
class Whole:
    """A condition whose residual is a function of its integrals too."""

    wanted: frozenset[Any]
    residual: Callable[[Values, Mapping[Any, Tensor]], Tensor]


@dataclass(frozen=True, eq=False)
class IntegralBlock:
    """One row: a residual of partials at places and of integrals, each of these a block of rows and their weights."""

    condition: Pointwise[Any]
    parameters: Mapping[str, float]
    at: Mapping[Hashable, tuple[Float[Tensor, "1 d"], Key]]
    integrals: Mapping[Any, tuple[Block, Float[Tensor, " q"]]]

    def rows(self, trial: Trial) -> Float[Tensor, " 1"]:
        """The residual, differentiable in the trial's parameters."""
        return self.condition.residual(self.parameters, self._values(trial)).reshape(1)

    def linearized(self, trial: Trial) -> tuple[Float[Tensor, " 1"], Float[Tensor, "1 P"]]:
        """The residual and its Jacobian: that of an integral is the integral of its integrand's."""
        with torch.no_grad():
            values = self._values(trial)
        ((residual, slopes),) = pointwise([self.condition], self.parameters, values)
        jacobian = [
            trial.jacobian(X, {key: slopes[placed].reshape(1)})
            for placed, (X, key) in self.at.items()
            if placed in slopes
        ]
        for leaf, (block, weights) in self.integrals.items():
            if leaf in slopes:
                jacobian.append(slopes[leaf].reshape(1, 1) * (weights @ block.linearized(trial)[1]))
        return residual.reshape(1), torch.stack(jacobian).sum(0)

    def _values(self, trial: Trial) -> dict[Any, Tensor]:
        values: dict[Any, Tensor] = {
            placed: trial.partials(X, [key])[key] for placed, (X, key) in self.at.items()
        }
        return values | {
            leaf: (weights @ block.rows(trial)).reshape(1)
            for leaf, (block, weights) in self.integrals.items()
        }


def integral_blocks(problem: Problem) -> list[IntegralBlock]:
    """The problem's conditions with integrals, in one coordinate."""
    ((name, (low, high)),) = problem.domain.intervals.items()
    nodes, weights = gauss_rule(_NODES)
    X = (low + (high - low) * nodes)[:, None]
    blocks = []
    for condition in problem.conditions:
        integrals = {
            leaf: (
                Block(
                    integrand,
                    {**problem.parameters, name: X[:, 0]},
                    {key: (X, key) for key in sorted(integrand.wanted)},
                ),
                (high - low) * weights,
            )
            for leaf, integrand in condition.integrals.items()
        }
        if integrals:
            at: dict[Hashable, tuple[Tensor, Key]] = {
                placed: (torch.tensor([placed[2]], dtype=torch.float64), placed[:2])
                for placed in sorted(condition.wanted, key=str)
            }
            wanted: frozenset[Any] = frozenset([*condition.wanted, *integrals])
            blocks.append(IntegralBlock(Whole(wanted, condition.residual), problem.parameters, at, integrals))
    return blocks

"""Unknown parameters beside a trial: numbers that the solve finds together with the functions."""

from collections.abc import Collection, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Key
from pinnlite.problem.problem import Problem
from pinnlite.trials.trial import Trial


class WithParameters:
    """``inner`` and numbers by name, which count as functions that are constant."""

    def __init__(self, inner: Trial, numbers: Mapping[str, Float[Tensor, " 1"]]) -> None:
        self.inner, self.numbers = inner, dict(numbers)

    @property
    def parameters(self) -> list[Tensor]:
        """Those of the inner trial, then the numbers."""
        return [*self.inner.parameters, *self.numbers.values()]

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Tensor]:
        """Partials of functions; a number's own are zero."""
        functions = [key for key in wanted if key[0] not in self.numbers]
        found = self.inner.partials(X, functions) if functions else {}
        return {
            key: found[key] if key in found else self.numbers[key[0]].expand(len(X)) * (not any(key[1]))
            for key in wanted
        }

    def jacobian(self, X: Float[Tensor, "N d"], weights: Mapping[Key, Tensor]) -> Float[Tensor, "N P"]:
        """The inner Jacobian, and one column for each number."""
        functions = {key: weight for key, weight in weights.items() if key[0] not in self.numbers}
        width = sum(parameter.numel() for parameter in self.inner.parameters)
        inner = self.inner.jacobian(X, functions) if functions else X.new_zeros(len(X), width)
        columns = X.new_zeros(len(X), len(self.numbers))
        for i, name in enumerate(self.numbers):
            for key, weight in weights.items():
                if key[0] == name and not any(key[1]):
                    columns[:, i] += weight
        return torch.cat([inner, columns], 1)


def guessed(problem: Problem) -> dict[str, Float[Tensor, " 1"]]:
    """The numbers that stand for the guesses of the unknown parameters, as leaves."""
    return {
        name: torch.tensor([unknown.start], dtype=torch.float64, requires_grad=True)
        for name, unknown in problem.unknown_parameters.items()
    }

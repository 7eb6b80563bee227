"""What is to be found besides functions, and what has been observed."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.problem.reals import reals


@dataclass(frozen=True)
class Unknown:
    """A parameter whose value is part of the solution, determined by extra conditions or by observations.

    The solver works on a number m without bounds: the parameter is m itself, exp(m) if it is positive, or
    low + (high - low) / (1 + exp(-m)) if it is bounded.

    Args:
        guess: where to start; near the value looked for, where there are several.
        positive: keep it above zero.
        bounds: keep it between two numbers.

    Raises:
        ProblemError: the guess is not finite or does not respect its own bounds.

    Example:
        >>> import torch
        >>> import pinnlite as pl
        >>> pl.Unknown(2.0, positive=True).value(torch.tensor(0.0)).item()
        1.0
    """

    guess: float
    positive: bool = False
    bounds: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        given: object = self.guess
        if not isinstance(given, Real):
            raise ProblemError(f"the guess of an unknown parameter is a number, and {given!r} arrived")
        if not math.isfinite(self.guess):
            raise ProblemError(f"the guess {self.guess} of an unknown parameter is not finite")
        if self.positive and not self.guess > 0:
            raise ProblemError(f"the guess {self.guess} of a positive parameter is not positive")
        if self.bounds is not None:
            low, high = self.bounds
            if not (low < self.guess < high):
                raise ProblemError(f"the guess {self.guess} does not lie between its bounds {low} and {high}")

    def value(self, free: Tensor) -> Tensor:
        """The parameter from the number that the solver works on."""
        if self.bounds is not None:
            low, high = self.bounds
            return low + (high - low) * torch.sigmoid(free)
        return torch.exp(free) if self.positive else free

    @property
    def start(self) -> float:
        """The number that stands for the guess."""
        if self.bounds is not None:
            low, high = self.bounds
            return math.log((self.guess - low) / (high - self.guess))
        return math.log(self.guess) if self.positive else self.guess

    def scale(self, number: float) -> float:
        """What a change of the number is measured by: itself, where it is no logarithm."""
        return (max(abs(number), 0.1 * abs(self.guess)) or 1.0) if self.linear else 1.0

    @property
    def linear(self) -> bool:
        """Whether the parameter is the number itself."""
        return not self.positive and self.bounds is None


@dataclass(frozen=True, eq=False)
class Data:
    """Observations of an unknown function or of a partial derivative: values at points, met in least squares."""

    name: str
    points: Float[Tensor, "n d"]
    values: Float[Tensor, " n"]

    @property
    def text(self) -> str:
        """How messages speak of it."""
        return f"data of {self.name}"


def data(name: str, *points_and_values: Any) -> Data:
    """Observations as a statement of a problem.

    Args:
        name: the function observed, ``"u"``, or a partial derivative of it, ``"u_x"``.
        points_and_values: one array ``(n,)`` for each coordinate, then the values ``(n,)``.

    Raises:
        ProblemError: the arrays have no common length, are empty, or hold something that is not finite.

    Example:
        >>> import pinnlite as pl
        >>> pl.data("u", [0.0, 1.0, 2.0], [1.0, 0.5, 0.2]).values.shape
        torch.Size([3])
    """
    if not isinstance(name, str):
        raise ProblemError(f"data takes the name of what was observed first, such as 'u'; {name!r} arrived")
    columns = [reals(column, f"data('{name}', ...)").detach().reshape(-1) for column in points_and_values]
    if len(columns) < 2:
        raise ProblemError(f"data('{name}', ...) takes the points' coordinates and then the values")
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise ProblemError(
            f"data('{name}', ...): coordinates and values of lengths {lengths} do not go together: give an array for "
            f"each coordinate and then the values, as in data('{name}', x, t, values)"
        )
    if not all(column.isfinite().all() for column in columns):
        raise ProblemError(f"data('{name}', ...) holds a value that is not finite: leave that point out")
    return Data(name, torch.stack(columns[:-1], 1), columns[-1])

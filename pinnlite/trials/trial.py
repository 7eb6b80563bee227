"""The second seam: a family of functions that can give its partials and their Jacobian by its coefficients."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Key


@runtime_checkable
class Approximation(Protocol):
    """What stands for the unknown functions: anything that gives their partials."""

    def partials(self, X: Float[Tensor, "N d"], wanted: Collection[Key]) -> dict[Key, Float[Tensor, " N"]]:
        """Partial derivatives of the unknowns at points, differentiable in X and in whatever they depend on."""
        ...


@runtime_checkable
class Partitioned(Approximation, Protocol):
    """An approximation in several coordinates that knows where it has detail."""

    def quadrature(self) -> tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]:
        """Points and weights of the domain, dense where the partition is fine, none of them a collocation point."""
        ...


@runtime_checkable
class Celled(Approximation, Protocol):
    """An approximation in several coordinates that is made of boxes side by side."""

    def corners(self) -> Float[Tensor, "E 2 d"]:
        """The lower and the upper corner of every box."""
        ...


@runtime_checkable
class Trial(Approximation, Protocol):
    """A family of approximations, one for each value of its parameters, that a method can choose from."""

    @property
    def parameters(self) -> Sequence[Tensor]:
        """The coefficients, leaves that a method updates in place."""
        ...

    def jacobian(
        self, X: Float[Tensor, "N d"], weights: Mapping[Key, Float[Tensor, " N"]]
    ) -> Float[Tensor, "N P"]:
        """Row i is the gradient by all parameters of the sum over keys of weights[key][i] times that partial at X[i].

        This is the chain rule's whole need of a trial: weights are the slopes of an equation by its partials.
        """
        ...

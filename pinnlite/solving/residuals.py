"""What the methods work on: rows of residuals as a function of parameters that are updated in place."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Values

K = TypeVar("K", bound=Hashable)

INTERRUPTED = "The solve was interrupted: this is the best that it had found."
UNDETERMINED = (
    "The equations and conditions have no solution or many, or are too close to that (a coefficient at or next to an "
    "eigenvalue, a missing condition, slopes alone on the whole boundary): add a condition or change one."
)

# Called after each step with its number and the loss; a method stops when the answer is True.
Monitor = Callable[[int, float], bool]


@runtime_checkable
class Linearization(Protocol):
    """Rows and their Jacobian at one value of the parameters, ready for least squares."""

    rows: Tensor

    def step(self, damping: float) -> Float[Tensor, " P"]:
        """The step s, over all parameters flattened, that minimises ``|J s + r|^2 + damping |D s|^2``."""
        ...

    def expected(self, step: Float[Tensor, " P"]) -> Float[Tensor, " R"]:
        """What the rows would be after a step if they were linear: J s + r."""
        ...


@runtime_checkable
class Curving(Linearization, Protocol):
    """A linearization that can also tell, cheaply once it has made a step, how to go round a bend."""

    def correction(self, bend: Float[Tensor, " R"], damping: float) -> Float[Tensor, " P"]:
        """The s that minimises ``|J s + bend|^2 + damping |D s|^2``, for the damping that a step was just made with."""
        ...


@runtime_checkable
class Objective(Protocol):
    """A least-squares problem: the loss is the squared norm of its rows."""

    @property
    def parameters(self) -> Sequence[Tensor]:
        """The leaves that a method updates in place."""
        ...

    def rows(self) -> Float[Tensor, " R"]:
        """Residual rows, differentiable in the parameters."""
        ...

    def linearize(self) -> Linearization:
        """Rows and Jacobian at the present parameters."""
        ...


@runtime_checkable
class Method(Protocol):
    """One way to make rows small."""

    def minimize(self, objective: Objective, monitor: Monitor) -> None:
        """Change the objective's parameters in place until the rows are small or ``monitor`` says stop."""
        ...


@runtime_checkable
class Pointwise(Protocol[K]):
    """What an equation and a condition have in common: a residual that is a pointwise function of partials."""

    @property
    def wanted(self) -> frozenset[K]:
        """The partials that the residual is made of."""
        ...

    @property
    def residual(self) -> Callable[[Values, Mapping[K, Tensor]], Tensor]:
        """The residual from places by name and partials by key."""
        ...


def pointwise(
    statements: Sequence[Pointwise[K]], places: Values, partials: Mapping[K, Tensor]
) -> list[tuple[Tensor, dict[K, Tensor]]]:
    """Residuals at points and their slopes by each partial there: the only autograd call between the two seams.

    Each statement has leaves of its own, so that one backward pass serves all of them.
    """
    leaves, residuals = [], []
    with torch.enable_grad():
        for statement in statements:
            own = {key: partials[key].detach().requires_grad_(True) for key in statement.wanted}
            leaves.append(own)
            residuals.append(statement.residual(places, own))
        moving = [residual.sum() for residual in residuals if residual.requires_grad]
    flat = [leaf for own in leaves for leaf in own.values()]
    slopes = iter(torch.autograd.grad(moving, flat, allow_unused=True) if moving else [None] * len(flat))
    return [
        (residual.detach(), {key: slope for key in own if (slope := next(slopes)) is not None})
        for residual, own in zip(residuals, leaves, strict=True)
    ]

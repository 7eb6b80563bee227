"""Descent: any optimizer of torch.optim on the full set of rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.solving.residuals import Monitor, Objective


@dataclass(frozen=True, init=False)
class Descent:
    """Descend the loss with an optimizer of PyTorch, all rows in every step.

    The loss is ``L(p) = |r(p)|^2``. With ``torch.optim.SGD`` a step is plain gradient descent, p <- p - lr dL/dp;
    other optimizers scale and smooth the gradient in their own way.

    Args:
        optimizer: a class of ``torch.optim``, those that want a closure included.
        steps: how many steps to take.
        options: what the optimizer's constructor takes besides the parameters: ``lr``, ``momentum``, ...

    Raises:
        ProblemError: if optimizer is no optimizer class, steps is no count, or (when it starts) the optimizer
            refuses its options.

    Source: A. Cauchy, Comptes rendus 25 (1847), for gradient descent; those of the rest: ``torch.optim``.

    >>> import torch
    >>> import pinnlite as pl
    >>> descent = pl.Descent(torch.optim.SGD, steps=500, lr=1e-4)
    >>> print(pl.fit("2*x + 1", pl.Polynomial(1), x=(-1, 1), method=descent))
    1 + 2*x
    """

    optimizer: type[torch.optim.Optimizer]
    steps: int
    options: dict[str, Any]

    def __init__(self, optimizer: Any, *, steps: Any = 2000, **options: Any) -> None:
        if not (isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer)):
            raise ProblemError(
                f"Descent takes a class of torch.optim, such as torch.optim.Adam; got {optimizer!r}. "
                "Hand over the class and its options, not an optimizer: Descent(torch.optim.Adam, lr=1e-3)"
            )
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise ProblemError(f"Descent: steps must be a whole number of at least 1, got {steps!r}")
        object.__setattr__(self, "optimizer", optimizer)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "options", options)

    def minimize(self, objective: Objective, monitor: Monitor) -> None:
        """Take the steps; ``monitor`` hears the loss before the first one and after each."""
        parameters = list(objective.parameters)
        optimizer = self._build(parameters)

        def evaluate() -> Tensor:
            loss = objective.rows().square().sum()
            # Not backward(): that would leave gradients on every leaf the rows depend on, not only on these.
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            return loss.detach()

        for step in range(self.steps):
            loss = evaluate()
            if monitor(step, loss.item()):
                break
            # An optimizer begins its step by evaluating the closure where it stands: that is done already.
            optimizer.step(_once(loss, evaluate))
        else:
            with torch.no_grad():
                monitor(self.steps, objective.rows().square().sum().item())
        for parameter in parameters:
            parameter.grad = None

    def _build(self, parameters: list[Tensor]) -> torch.optim.Optimizer:
        try:
            return self.optimizer(parameters, **self.options)
        except (TypeError, ValueError) as error:
            name = self.optimizer.__name__
            raise ProblemError(f"torch.optim.{name} refuses its options: {error}") from error


def _once(known: Tensor, evaluate: Callable[[], Tensor]) -> Any:
    """A closure that answers ``known`` the first time and evaluates after that."""
    waiting = [known]
    return lambda: waiting.pop() if waiting else evaluate()

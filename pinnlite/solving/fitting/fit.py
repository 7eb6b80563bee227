"""The verb fit: a model made to follow a function or data, and what came of it."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.differentiation.recording import recording
from pinnlite.errors import ProblemError
from pinnlite.report.progress import Progress
from pinnlite.solving.fitting.data import DataResiduals
from pinnlite.solving.fitting.result import Fit
from pinnlite.solving.fitting.targets import sample
from pinnlite.solving.methods.descent import Descent
from pinnlite.solving.methods.gauss_newton import GaussNewton
from pinnlite.solving.methods.lbfgs import LBFGS
from pinnlite.solving.methods.least_squares import LeastSquares
from pinnlite.solving.residuals import Method, Objective

# What the names of methods stand for: each is run from where the one before it stopped.
_METHODS: dict[str, tuple[Method, ...]] = {
    "least-squares": (LeastSquares(),),
    "gauss-newton": (GaussNewton(),),
    "adam": (Descent(torch.optim.Adam, steps=5000, lr=1e-2),),
    "lbfgs": (LBFGS(),),
    # L-BFGS finds the valley, outside which Gauss-Newton may stop; Gauss-Newton goes on to its bottom.
    "lbfgs, then gauss-newton": (LBFGS(steps=300), GaussNewton()),
    "adam, then lbfgs": (Descent(torch.optim.Adam, steps=500, lr=1e-2), LBFGS()),
}

# Of more parameters than this the Jacobian costs so much that L-BFGS alone reaches the same error sooner.
_MODEST = 100


@recording()
def fit(
    target: Any,
    model: nn.Module,
    *,
    method: Any = "auto",
    x: Any = None,
    points: Any = 2000,
    loss: str = "sum",
    progress: bool = False,
) -> Fit:
    """Fit a model to a function or to data: minimise the squared distance between them.

    The loss is the sum (or the mean) over all points of (model(x_i) - y_i)^2. The model is trained in place,
    as PyTorch trains modules, from the parameters it has; points and values take its dtype and device.

    Args:
        target: text such as ``"sin(x)"``, a function from points (N,) to values (N,), or a pair of arrays
            (x, y): points (N,) or (N, d), values (N,) or (N, m), as tensors, NumPy arrays or lists.
        model: a module that maps points (N, d) to values (N,), (N, 1) or (N, m). With one coordinate a module
            that cannot take a column (N, 1) is given (N,).
        method: ``"auto"``, or how to minimise: ``pl.LBFGS()``, ``pl.Descent(...)``, ``pl.GaussNewton()``, or
            several of them in a sequence, or one of the names ``"least-squares"``, ``"gauss-newton"``,
            ``"lbfgs"``, ``"adam"``. The automatic choice is one exact least-squares solve for models that are
            linear in their ``coefficients`` and have a ``basis``; L-BFGS and then Gauss-Newton for others of
            up to 100 parameters; Adam and then L-BFGS for the rest.
        x: the interval (a, b) for a target that is text or a function.
        points: how many evenly spaced points of the interval to fit, both ends included.
        loss: ``"sum"`` or ``"mean"``. Only the step size of a Descent depends on it.
        progress: show on stderr, or under a notebook's cell, the step and the loss: from half a second on.

    Returns:
        A Fit. When the loss grows without bound the training stops, the best parameters are restored, and
        ``status`` says so; NaN is never left in the model. Ctrl-C ends it with the best parameters so far.

    Raises:
        ProblemError: for an interval, data, model, method or loss that cannot be used; the message says why.
        ShapeError: for arrays of different lengths, or a model whose output does not fit the values.
        ParseError: for text that cannot be read.

    Source: Gauss, Theoria motus (1809), for least squares.

    >>> import math
    >>> import pinnlite as pl
    >>> cubic = pl.fit("sin(x)", pl.Polynomial(3), x=(-math.pi, math.pi))
    >>> print(cubic)
    0.8567*x - 0.09333*x**3
    >>> 0.09 < cubic.error < 0.1
    True
    """
    started = time.perf_counter()
    if not isinstance(model, nn.Module):
        raise ProblemError(f"fit: the model must be a torch.nn.Module, got {type(model).__name__}")
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not trainable:
        raise ProblemError(
            "fit: the model has no parameters that require a gradient; there is nothing to fit"
        )
    dtypes = {parameter.dtype for parameter in trainable}
    if len(dtypes) > 1 or not dtypes <= {torch.float32, torch.float64}:
        names = ", ".join(sorted(map(str, dtypes)))
        raise ProblemError(
            f"fit: parameters must all be float32 or all float64, not {names}; call model.double()"
        )
    samples = sample(target, x, points, like=trainable[0])
    objective = DataResiduals(model, samples.x, samples.y, loss)
    with Progress() if progress else nullcontext() as listener:
        record = _Record(objective, listener)
        try:
            for stage in _stages(method, objective):
                record.begin(type(stage).__name__)
                stage.minimize(objective, record)
                if record.diverged:
                    break
        except KeyboardInterrupt:
            record.interrupted = True
    status = record.close()
    with torch.no_grad():
        error = _relative(objective.predict(samples.check_x, samples.check_y), samples.check_y)
        fitted = objective.predict(samples.x, samples.y)
    seconds = time.perf_counter() - started
    return Fit(
        model,
        error,
        record.history,
        status,
        seconds,
        samples.x,
        samples.y,
        fitted,
        samples.variable,
        tuple(record.phases),
    )


def _stages(method: Any, objective: DataResiduals) -> tuple[Method, ...]:
    """The methods to run one after the other."""
    if method == "auto":
        method = _best_for(objective)
    if isinstance(method, str):
        if method not in _METHODS:
            names = ", ".join(repr(name) for name in ("auto", *_METHODS))
            raise ProblemError(
                f"fit: unknown method {method!r}; take {names} or an object such as pl.LBFGS()"
            )
        return _METHODS[method]
    stages = tuple(method) if isinstance(method, Sequence) else (method,)
    for stage in stages:
        if not callable(getattr(stage, "minimize", None)):
            raise ProblemError(
                f"fit: {stage!r} is no method; use pl.LBFGS(), pl.GaussNewton() or "
                "pl.Descent(torch.optim.Adam, lr=...)"
            )
    return stages


def _best_for(objective: DataResiduals) -> str:
    """The name of the method that suits the model."""
    if objective.linear:
        return "least-squares"
    if sum(parameter.numel() for parameter in objective.parameters) > _MODEST:
        return "adam, then lbfgs"
    try:
        objective.linearize()
    except ProblemError:  # its rows depend on each other
        return "adam, then lbfgs"
    return "lbfgs, then gauss-newton"


class _Record:
    """What a method's monitor hears: the history, the best parameters so far, and whether to go on."""

    def __init__(self, objective: Objective, listener: Callable[[str], None] | None) -> None:
        self._listener = listener
        self._objective, self._parameters = objective, list(objective.parameters)
        self.history = [(0, self._loss())]
        self.phases: list[tuple[int, str]] = []
        self.diverged = self.interrupted = False
        self._keep()

    def begin(self, name: str) -> None:
        """Number the next method's steps from here."""
        self._start = self.history[-1][0]
        self.phases.append((self._start, name))

    def __call__(self, step: int, loss: float) -> bool:
        if self._listener is not None:
            self._listener(f"step {self._start + step}, loss {loss:.4g}")
        if not math.isfinite(loss):
            self.diverged = True
        elif step > 0:
            self.history.append((self._start + step, loss))
            if loss < self._best[1]:
                self._keep()
        return self.diverged

    def close(self) -> str:
        """Restore the best parameters if the loss ended above where it began, and say how it went."""
        steps, loss = self.history[-1][0], self._loss()
        if self.interrupted:
            self._restore()
            return f"interrupted: loss {self._best[1]:.6g} of step {self._best[0]}"
        if math.isfinite(loss) and loss <= self.history[0][1] and not self.diverged:
            return f"loss {loss:.6g} after {_counted(steps)}"
        self._restore()
        grown = "beyond all bounds" if self.diverged or not math.isfinite(loss) else f"to {loss:.6g}"
        return (
            f"diverged: the loss grew {grown} within {_counted(steps + self.diverged)}; the best parameters, "
            f"of step {self._best[0]} with loss {self._best[1]:.6g}, are restored. Take smaller steps (lr)"
        )

    def _restore(self) -> None:
        with torch.no_grad():
            for parameter, kept in zip(self._parameters, self._kept, strict=True):
                parameter.copy_(kept)

    def _keep(self) -> None:
        self._best = self.history[-1]
        self._kept = [parameter.detach().clone() for parameter in self._parameters]

    def _loss(self) -> float:
        with torch.no_grad():
            return self._objective.rows().square().sum().item()


def _counted(steps: int) -> str:
    return f"{steps} step" if steps == 1 else f"{steps} steps"


def _relative(found: Float[Tensor, "M *m"], wanted: Float[Tensor, "M *m"]) -> float:
    """Relative L2 distance; the plain one from zero."""
    distance: float = (found.double() - wanted.double()).norm().item()
    size: float = wanted.double().norm().item()
    return distance / (size or 1.0)

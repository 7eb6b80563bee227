"""The verb fit: a model made to follow a function or data, and what came of it."""

import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.errors import ProblemError
from pinnlite.files.export import export
from pinnlite.files.fits import write_fit
from pinnlite.models.series import Legendre, LegendreUnit, Polynomial
from pinnlite.report.notebook import html_report
from pinnlite.report.progress import Progress
from pinnlite.solving.fitting.data import DataResiduals
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
_TITLE = 70  # characters that fit over a picture


@dataclass(frozen=True)
class Fit:
    """A fitted model and how well it fits; it prints as the fitted formula.

    Attributes:
        model: the module that was given, trained.
        error: relative L2 error |model - target| / |target|: on points between those that were fitted if the
            target is a function, on the data themselves if it is data. Absolute where the target is zero.
        history: (step, loss) before the first step and after each one.
        status: how it ended, in a sentence.
        seconds: how long it took.
        x, y: the points and values that were fitted, (N, d) and (N,) or (N, m).
        fitted: what the model says there, shaped like y.
        variable: the name of x where it has one coordinate.
        phases: (step, name) where each method began.
    """

    model: nn.Module
    error: float
    history: list[tuple[int, float]]
    status: str
    seconds: float
    x: Float[Tensor, "N d"]
    y: Float[Tensor, "N *m"]
    fitted: Float[Tensor, "N *m"]
    variable: str
    phases: tuple[tuple[int, str], ...] = ()

    def plot(self) -> Any:
        """Draw target and model over x, and how far they are apart beneath them.

        Returns:
            The upper matplotlib axes; ``.figure`` is a figure of its own, with ``savefig``.

        Raises:
            ProblemError: if there are several coordinates or several values at a point.
        """
        from pinnlite.report.plots import fit_figure

        if self.x.shape[1] > 1 or self.y.ndim > 1:
            raise ProblemError(
                f"plot draws one value over one coordinate, not {self.y[0].numel()} over {self.x.shape[1]}; "
                "draw what you need from .x, .y and .fitted"
            )
        order = self.x[:, 0].argsort()
        x, y, fitted = (values[order].double().cpu() for values in (self.x[:, 0], self.y, self.fitted))
        title = str(self) if len(str(self)) <= _TITLE else type(self.model).__name__
        return fit_figure(self.variable, x.numpy(), y.numpy(), fitted.numpy(), title=title).axes[0]

    def plot_history(self) -> Any:
        """Draw the loss over the steps on a log axis, with the methods named where they begin.

        Returns:
            The matplotlib axes; ``.figure`` is a figure of its own, with ``savefig``.
        """
        from pinnlite.report.plots import history_figure

        steps, losses = zip(*self.history, strict=True)
        return history_figure(steps, losses, self.phases, title=str(self)[:_TITLE]).axes[0]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fit, its model and what it was fitted to, to one safetensors file, which ``load`` reads.

        Args:
            path: where; the usual ending is ``.safetensors``.

        Raises:
            FileError: the file cannot be written.

        Example:
            >>> import tempfile
            >>> import pinnlite as pl
            >>> cubic = pl.fit("sin(x)", pl.Polynomial(3), x=(-1, 1))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     cubic.save(f"{folder}/cubic.safetensors")
            ...     again = pl.load(f"{folder}/cubic.safetensors")
            >>> str(again) == str(cubic)
            True
        """
        write_fit(path, {entry.name: getattr(self, entry.name) for entry in fields(self)})

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the model as a program of its own: points (N, d) in, values out.

        Args:
            path: ends in ``.pt2`` for ``torch.export.load``, in ``.onnx`` for an ONNX runtime.

        Raises:
            FileError: the path cannot be written, or the model cannot be traced.
        """
        low, high = self.x.amin(0).tolist(), self.x.amax(0).tolist()
        export(self.model, list(zip(low, high, strict=True)), path)

    def __str__(self) -> str:
        if isinstance(self.model, Polynomial):
            return self.model.formula(reach=self.x.abs().max().item(), variable=self.variable)
        if isinstance(self.model, Legendre | LegendreUnit):
            return self.model.formula(variable=self.variable)
        count = sum(parameter.numel() for parameter in self.model.parameters())
        return f"{type(self.model).__name__} with {count} parameters"

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture where there can be one, the formula and how well it fits."""
        facts = {
            "model": str(self),
            "relative error": f"{self.error:.1e}",
            "status": self.status,
            "seconds": f"{self.seconds:.2f}",
        }
        drawable = self.x.shape[1] == 1 and self.y.ndim == 1
        return html_report(facts, self.plot().get_figure(root=True) if drawable else None)

    def __repr__(self) -> str:
        return f"Fit({self}, error={self.error:.2g}, {self.status})"


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
        ``status`` says so; NaN is never left in the model.

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
        for stage in _stages(method, objective):
            record.begin(type(stage).__name__)
            stage.minimize(objective, record)
            if record.diverged:
                break
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
        self.diverged = False
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
        if math.isfinite(loss) and loss <= self.history[0][1] and not self.diverged:
            return f"loss {loss:.6g} after {_counted(steps)}"
        with torch.no_grad():
            for parameter, kept in zip(self._parameters, self._kept, strict=True):
                parameter.copy_(kept)
        grown = "beyond all bounds" if self.diverged or not math.isfinite(loss) else f"to {loss:.6g}"
        return (
            f"diverged: the loss grew {grown} within {_counted(steps + self.diverged)}; the best parameters, "
            f"of step {self._best[0]} with loss {self._best[1]:.6g}, are restored. Take smaller steps (lr)"
        )

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

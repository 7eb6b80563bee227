"""What came of a fit: the model, how well it follows its target, and how the training went."""

import os
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.errors import ProblemError
from pinnlite.files.export import export
from pinnlite.files.fits import write_fit
from pinnlite.models.series import Legendre, LegendreUnit, Polynomial
from pinnlite.report.notebook import html_report

_TITLE = 70  # characters that fit over a picture


@dataclass(frozen=True)
class Fit:
    """A fitted model and how well it fits; it prints as the fitted formula.

    Attributes:
        model: the module that was given, trained.
        error: relative L2 error ``|model - target| / |target|``: on points between those that were fitted if the
            target is a function, on the data themselves if it is data. Absolute where the target is zero.
        history: (step, loss) before the first step and after each one.
        status: how it ended, in a sentence.
        seconds: how long it took.
        x: the points that were fitted, (N, d).
        y: the values there, (N,) or (N, m).
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

    def __call__(self, x: Any) -> Any:
        """The fitted model at ``x``, on the model's own dtype and device.

        Of one coordinate ``x`` is a number, an array or a tensor of any shape, which the values have too; of several it
        is points (N, d).

        Example:
            >>> import pinnlite as pl
            >>> fit = pl.fit("x**2", pl.Polynomial(2), x=(0, 1))
            >>> round(float(fit(0.5)), 6)
            0.25
        """
        like = next(chain(self.model.parameters(), self.model.buffers()), self.x)
        X = torch.as_tensor(x, dtype=like.dtype, device=like.device)
        one = self.x.shape[1] == 1 and self.y.ndim == 1
        values = self.model(X.reshape(-1, 1)).reshape(X.shape) if one else self.model(X)
        # Weights ask for gradients, which numbers at mere numbers are not to inherit.
        return values if X.requires_grad else values.detach()

    def plot(self, *, figure: Any = None) -> Any:
        """Draw target and model over x, and how far they are apart beneath them.

        Args:
            figure: an empty figure or subfigure of matplotlib to draw on, as in ``plot(figure=plt.figure())``.

        Returns:
            The upper matplotlib axes; ``.figure`` has ``savefig``.

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
        curves = (x.numpy(), y.numpy(), fitted.numpy())
        return fit_figure(self.variable, *curves, title=title, figure=figure).axes[0]

    def plot_history(self, *, figure: Any = None) -> Any:
        """Draw the loss over the steps on a log axis, with the methods named where they begin.

        Args:
            figure: an empty figure or subfigure of matplotlib to draw on, as in ``plot_history(figure=plt.figure())``.

        Returns:
            The matplotlib axes; ``.figure`` has ``savefig``.
        """
        from pinnlite.report.plots import history_figure

        steps, losses = zip(*self.history, strict=True)
        return history_figure(steps, losses, self.phases, title=str(self)[:_TITLE], figure=figure).axes[0]

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

"""The rows of a fit: what a module says minus the data, with their Jacobian one row at a time."""

import math
from contextlib import suppress

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap

from pinnlite.errors import ProblemError, ShapeError
from pinnlite.solving.methods.least_squares import DenseLinearization

_OTHERS = "Call model.eval() if that cures it, or use pl.LBFGS() or pl.Descent(torch.optim.Adam)"


class DataResiduals:
    """The objective of a fit: rows model(x_i) - y_i, whose squared norm is the sum or mean of squares.

    Args:
        model: the module; its parameters that require a gradient are the unknowns.
        x: (N, d) points. A module of one coordinate that cannot take the column (N, 1) is given (N,).
        y: (N,) or (N, m) values.
        loss: ``"sum"``, or ``"mean"`` over all values.

    Raises:
        ShapeError: if the model takes neither form of x, or does not give values shaped like y.
        ProblemError: if loss is neither, or the model is not finite where it starts.
    """

    def __init__(
        self, model: nn.Module, x: Float[Tensor, "N d"], y: Float[Tensor, "N *m"], loss: str
    ) -> None:
        scales = {"sum": 1.0, "mean": 1 / math.sqrt(y.numel())}
        if loss not in scales:
            raise ProblemError(f"fit: loss must be 'sum' or 'mean', got {loss!r}")
        self.model, self._x, self._y, self._scale = model, x, y, scales[loss]
        self._trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._column = self._takes_columns()
        with torch.no_grad():
            if not self.rows().isfinite().all():
                raise ProblemError(
                    "fit: the model gives NaN or infinity before the first step; start from other parameters"
                )

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters of the model that require a gradient."""
        return list(self._trainable.values())

    @property
    def linear(self) -> bool:
        """Whether the model says that it is ``basis(x) @ coefficients`` and nothing else is trained."""
        return hasattr(self.model, "basis") and list(self._trainable) == ["coefficients"]

    def predict(self, x: Float[Tensor, "M d"], like: Float[Tensor, "M *m"]) -> Float[Tensor, "M *m"]:
        """What the model says at x, in the shape of ``like``."""
        return _shaped(self.model, self._arranged(x), like)

    def rows(self) -> Float[Tensor, " R"]:
        """Scaled differences, differentiable in the parameters."""
        return ((self.predict(self._x, self._y) - self._y) * self._scale).reshape(-1)

    def linearize(self) -> DenseLinearization:
        """Rows and Jacobian: the basis of a linear model, gradients row by row of any other."""
        with torch.no_grad():
            rows = self.rows()
        jacobian = self._basis() if self.linear else self._gradients(rows)
        jacobian = self._scale * jacobian
        norms = jacobian.norm(dim=0)
        return DenseLinearization(rows, jacobian, torch.where(norms > 0, norms, torch.ones_like(norms)))

    def _takes_columns(self) -> bool:
        """Whether the model takes points (N, d), or one coordinate as (N,)."""
        with torch.no_grad():
            try:
                _shaped(self.model, self._x, self._y)
                return True
            except (ShapeError, RuntimeError, IndexError, ValueError) as error:
                if self._x.shape[1] == 1:
                    with suppress(ShapeError, RuntimeError, IndexError, ValueError):
                        _shaped(self.model, self._x[:, 0], self._y)
                        return False
                if isinstance(error, ShapeError):
                    raise
                shape = tuple(self._x.shape)
                raise ShapeError(f"fit: the model cannot take points {shape}: {error}") from error

    def _arranged(self, x: Float[Tensor, "M d"]) -> Tensor:
        return x if self._column else x[:, 0]

    def _basis(self) -> Float[Tensor, "R P"]:
        with torch.no_grad():
            basis = self.model.basis(self._arranged(self._x))  # type: ignore[operator]
        return torch.kron(basis, torch.eye(self._y[0].numel(), dtype=basis.dtype, device=basis.device))

    def _gradients(self, rows: Float[Tensor, " R"]) -> Float[Tensor, "R P"]:
        """Each row's gradient by the parameters, from that point alone.

        Every point is given parameters of its own, by which a sum over the points is differentiated: ``jacrev`` would
        load PyTorch's compiler, which takes seconds.
        """

        def at(parameters: dict[str, Tensor], point: Tensor) -> Tensor:
            return functional_call(self.model, parameters, (point[None],)).reshape(-1)  # type: ignore[no-any-return]

        copies = {
            name: parameter.detach().expand(len(self._x), *parameter.shape).requires_grad_()
            for name, parameter in self._trainable.items()
        }
        try:
            values = vmap(at)(copies, self._arranged(self._x))
            gradients = [
                torch.autograd.grad(
                    column.sum(), list(copies.values()), retain_graph=True, materialize_grads=True
                )
                for column in values.T
            ]
        except (RuntimeError, ValueError) as error:
            raise ProblemError(
                f"fit: the model has no gradient at one point alone: {error}. {_OTHERS}"
            ) from error
        alone = (values.detach().reshape(-1) - self._y.reshape(-1)) * self._scale
        # Whoever looks at other points too (batch norm in training) says something else of a point by itself.
        if (alone - rows).abs().max() > torch.finfo(rows.dtype).eps ** 0.5 * (1 + rows.abs().max()):
            raise ProblemError(
                f"fit: what the model says at one point depends on the other points. {_OTHERS}"
            )
        pieces = [
            torch.stack(columns, 1).reshape(rows.numel(), -1) for columns in zip(*gradients, strict=True)
        ]
        return torch.cat(pieces, dim=1)


def _shaped(model: nn.Module, points: Tensor, like: Float[Tensor, "M *m"]) -> Float[Tensor, "M *m"]:
    """The model's values at points in the shape of ``like``, never broadcast to it."""
    values = model(points)
    if not isinstance(values, Tensor) or values.shape not in (like.shape, (*like.shape, 1)):
        found = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise ShapeError(
            f"fit: the model was given points {tuple(points.shape)} and gave {found}, "
            f"but the values to fit are {tuple(like.shape)}"
        )
    return values.reshape(like.shape)

"""Where equations switch from one formula to another: jumps and kinks that depend on the coordinate alone.

A piecewise function (abs, sign, max, a comparison, floor) has a label that is constant on each piece. The labels are
recorded while the equations run on a grid; where two neighbours differ, bisection closes in on the place. What
switches at values of the unknowns has no place before they are known, and is left to refinement.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.overrides import TorchFunctionMode

from pinnlite.problem.equations import Equation, Key, Values

_POINTS = 2**16  # a piece narrower than this part of the domain may be missed
_MOST = 1000  # places; what switches more often is no piecewise function
_BISECTIONS = 60
_SAME = 8 * torch.finfo(torch.float64).eps  # relative distance at which two places are one


def switches(
    equations: Sequence[Equation], parameters: Values, coordinate: str, ends: tuple[float, float]
) -> list[float]:
    """Places inside ``ends`` at which a formula of the equations changes, ascending."""
    low, high = ends
    first = _labels(equations, parameters, coordinate, torch.tensor([low, high], dtype=torch.float64), 0)
    if not len(first):  # smooth, and the grid is saved
        return []
    x = torch.linspace(low, high, _POINTS + 1, dtype=torch.float64)
    here, other = (_labels(equations, parameters, coordinate, x, seed) for seed in (0, 1))
    fixed = (here == other).all(1)  # what does not listen to the unknowns
    change = here[:, 1:] != here[:, :-1]
    which, cell = (change & fixed[:, None]).nonzero().T
    if not 0 < len(cell) <= _MOST:
        return []
    left, right = x[cell], x[cell + 1]
    before = here[which, cell]
    rows = torch.arange(len(cell))
    for _ in range(_BISECTIONS):
        middle = (left + right) / 2
        same = _labels(equations, parameters, coordinate, middle, 0)[which, rows] == before
        left, right = torch.where(same, middle, left), torch.where(same, right, middle)
    places = [place for place in sorted(right.tolist()) if low < place < high]
    apart = _SAME * max(abs(low), abs(high))
    return [b for a, b in zip([low, *places], places, strict=False) if b - a > apart]


def infinite_ends(
    equations: Sequence[Equation], parameters: Values, coordinate: str, ends: tuple[float, float]
) -> list[float]:
    """Those of the ends at which an equation has no finite value, as u' = u/x has none at 0."""
    x = torch.tensor(ends, dtype=torch.float64)
    finite = torch.ones(2, dtype=torch.bool)
    for equation in equations:
        drawn = {key: torch.ones_like(x) for key in equation.wanted}
        with torch.no_grad():
            finite &= equation.residual({**parameters, coordinate: x}, drawn).expand_as(x).isfinite()
    return x[~finite].tolist()


def _labels(
    equations: Sequence[Equation], parameters: Values, coordinate: str, x: Float[Tensor, " N"], seed: int
) -> Int[Tensor, "L N"]:
    """The labels of all piecewise functions at ``x``, for unknowns that have values drawn by ``seed``."""
    generator = torch.Generator().manual_seed(seed)
    recorder = _Recorder(x)
    for equation in equations:
        drawn: dict[Key, Tensor] = {
            key: torch.randn(1, generator=generator, dtype=torch.float64).expand_as(x)
            for key in sorted(equation.wanted)
        }
        with torch.no_grad(), recorder:
            equation.residual({**parameters, coordinate: x}, drawn)
    return torch.stack(recorder.labels) if recorder.labels else x.new_zeros(0, len(x)).long()


class _Recorder(TorchFunctionMode):
    """Writes down which piece of every piecewise function each point is on."""

    def __init__(self, like: Tensor) -> None:
        super().__init__()
        self._like = like
        self.labels: list[Tensor] = []

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the function, and label its arguments or its result."""
        result = function(*args, **(kwargs or {}))
        label = _PIECES.get(getattr(function, "__name__", "").strip("_"))
        if label is not None:
            try:
                found = torch.as_tensor(label(args, result)).expand_as(self._like)
            except (RuntimeError, TypeError, IndexError):
                return result  # not one value for each point, or arguments of another kind
            self.labels.append(found.nan_to_num().long())
        return result


def _sign(args: tuple[Any, ...], result: Any) -> Tensor:
    return torch.sign(torch.as_tensor(args[0]))


def _order(args: tuple[Any, ...], result: Any) -> Tensor:
    return torch.sign(torch.as_tensor(args[0]) - torch.as_tensor(args[1]))


def _itself(args: tuple[Any, ...], result: Any) -> Tensor:
    return torch.as_tensor(result)


def _change(args: tuple[Any, ...], result: Any) -> Tensor:
    """For clamp and its kind: whether the argument came through, or which way it was moved."""
    return torch.sign(torch.as_tensor(result) - torch.as_tensor(args[0]))


_PIECES: dict[str, Callable[[tuple[Any, ...], Any], Tensor]] = {
    **dict.fromkeys(("abs", "absolute", "sign", "sgn", "relu", "heaviside"), _sign),
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin", "max", "min"), _order),
    **dict.fromkeys(("gt", "ge", "lt", "le", "greater", "less", "floor", "ceil", "round", "trunc"), _itself),
    **dict.fromkeys(("clamp", "clip", "clamp_min", "clamp_max"), _change),
}

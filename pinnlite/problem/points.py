"""Points given as a function's arguments: as rows of coordinates, with a warning where they lie outside the domain."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.differentiation.jet import Jet
from pinnlite.errors import DerivativeError, ProblemError, ShapeError
from pinnlite.geometry.region import Region
from pinnlite.problem.reals import reals

_SLACK = 1e-9  # of an interval: what rounding may put outside it


def rows_of(
    points: Sequence[Any], named: Mapping[str, Any], names: Sequence[str]
) -> tuple[Float[Tensor, "N d"], torch.Size]:
    """Coordinates given in their order or by name as rows, and the shape that values there are to have."""
    if len(points) > len(names) or set(named) != set(names[len(points) :]):
        raise ProblemError(
            f"the solution is a function of {', '.join(names)}: call it as sol({', '.join(names)}) "
            f"or sol({', '.join(f'{name}=...' for name in names)})"
        )
    given = {**dict(zip(names, points, strict=False)), **named}
    if any(isinstance(value, Jet) for value in given.values()):
        raise DerivativeError(
            f'a solution gives its own derivatives: sol.partial("{2 * names[0]}"), or pl.diff of its values'
        )
    tensors = [reals(given[name], f"values of {name}") for name in names]
    try:
        columns: list[Tensor] = torch.broadcast_tensors(*tensors)  # type: ignore[no-untyped-call]
    except RuntimeError:
        shapes = ", ".join(f"{name} {tuple(t.shape)}" for name, t in zip(names, tensors, strict=True))
        raise ShapeError(
            f"the shapes of the coordinates do not go together: {shapes}. Give each the same shape, or shapes "
            "that broadcast, such as (n, 1) and (m,) for a grid"
        ) from None
    X = torch.stack([column.reshape(-1) for column in columns], 1)
    if not X.isfinite().all():
        raise ProblemError("a coordinate is not finite")
    return X, columns[0].shape


def warn_outside(X: Float[Tensor, "N d"], domain: Region, stacklevel: int) -> None:
    """Warn where a point lies outside the domain, but for rounding."""
    if not X.numel():
        return
    outside = "where the problem was solved: values there are extrapolated and can be arbitrarily wrong"
    for column, (name, (low, high)) in zip(X.T, domain.intervals.items(), strict=True):
        slack = _SLACK * (high - low)
        if not (low - slack <= column.min() and column.max() <= high + slack):
            warnings.warn(f"{name} lies outside [{low:g}, {high:g}], {outside}", stacklevel=stacklevel)
            return
    if not domain.contains(X).all():
        warnings.warn(f"a point lies outside the {domain}, {outside}", stacklevel=stacklevel)

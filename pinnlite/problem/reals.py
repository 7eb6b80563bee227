"""Numbers that users give, as float64 tensors, or a sentence that says what arrived instead."""

from typing import Any

import torch
from torch import Tensor

from pinnlite.errors import ProblemError


def reals(given: Any, what: str) -> Tensor:
    """``given`` as a float64 tensor, in its graph if it has one.

    Raises:
        ProblemError: it is no real number and no array of them.
    """
    try:
        tensor = given if isinstance(given, Tensor) else torch.as_tensor(given)
        if tensor.is_complex():
            raise TypeError
        # Lists of Python's floats once more, since torch reads them in single precision.
        return tensor.double() if tensor is given else torch.as_tensor(given, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ProblemError(
            f"{what} must be real numbers: a number, a list, an array or a tensor; {given!r} arrived"
        ) from None

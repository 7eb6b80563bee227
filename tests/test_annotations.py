"""The tests' own checks of annotations: what is wrong is found in every test anew, until there were enough."""

import pytest
import torch
from jaxtyping import Float, TypeCheckError, jaxtyped
from torch import Tensor

import pinnlite as pl
from tests.annotations import ENOUGH, begin_test, checked


def _rows(x: Float[Tensor, "N d"], start: float) -> Float[Tensor, "N d"]:
    return x[int(start) :]


def test_what_is_wrong_is_found() -> None:
    assert hasattr(pl.legendre, "__wrapped__")  # as every function of the package
    rows, x = jaxtyped(_rows, typechecker=checked), torch.ones(3, 2)
    assert rows(x, 0) is not None  # an int is a float
    for wrong in ((x, 1.0), (x, "0"), (x[0], 0.0), (x.int(), 0.0)):
        with pytest.raises(TypeCheckError):
            rows(*wrong)
    for _ in range(ENOUGH):
        rows(x, 0)
    assert len(rows(x, 1.0)) == 2
    begin_test()
    with pytest.raises(TypeCheckError):
        rows(x, 1.0)

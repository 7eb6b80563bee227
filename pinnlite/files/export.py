"""Solutions and fits for other programs: as a torch.export archive, or as ONNX."""

import io
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.errors import FileError
from pinnlite.trials.trial import Approximation

_FORMS = (".pt2", ".onnx")
_ROWS = 7  # of the points that are traced: no number that a computation would have of itself


class Values(nn.Module):
    """The unknowns of an approximation at points: (N, d) to (N, m), one column for each unknown."""

    def __init__(self, trial: Approximation, unknowns: Sequence[str], coordinates: int) -> None:
        super().__init__()
        self._trial = trial
        self._keys = [(unknown, (0,) * coordinates) for unknown in unknowns]

    def forward(self, X: Float[Tensor, "N d"]) -> Float[Tensor, "N m"]:
        """Values at points."""
        found = self._trial.partials(X, self._keys)
        return torch.stack([found[key] for key in self._keys], 1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what PyTorch says of its own insides."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def export(module: nn.Module, ends: Sequence[tuple[float, float]], path: str | os.PathLike[str]) -> None:
    """Write a function of points as a program of its own, for any number of points at once.

    Args:
        module: maps points (N, d) to values.
        ends: of the interval of each coordinate.
        path: ends in ``.pt2`` for ``torch.export.load``, in ``.onnx`` for ONNX runtimes.

    Raises:
        FileError: the path ends in something else or cannot be written, the module cannot be traced, or the packages
            that write ONNX are not installed.
    """
    form = Path(path).suffix.lower()
    if form not in _FORMS:
        raise FileError(f"{path} is no form that can be exported: end it in {' or '.join(_FORMS)}")
    low, high = torch.tensor(list(ends), dtype=torch.float64).T
    like = next(module.parameters(), low)
    share = torch.linspace(0.1, 0.9, _ROWS, dtype=torch.float64)[:, None]
    X = (low + share * (high - low)).to(like.dtype)
    shapes = ({0: torch.export.Dim("N", min=1)},)
    try:
        with _quiet():
            program = torch.export.export(module, (X,), dynamic_shapes=shapes)
            if form == ".pt2":
                torch.export.save(program, path)
            else:
                torch.onnx.export(program, f=path, verbose=False, external_data=False)
    except ImportError:
        raise FileError("ONNX is written by packages of its own: pip install 'pinnlite[export]'") from None
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error}") from None
    except Exception:  # whatever the tracer stumbles over
        raise FileError(
            f"this kind of solution cannot be written as {form}: PyTorch's tracer cannot follow it. A table of values, "
            "or a network or a series fitted to them, can"
        ) from None

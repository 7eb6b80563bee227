"""The verb load: a solution or a fit from the file that it was kept in."""

import os

from torch import nn

from pinnlite.files.container import read_file
from pinnlite.files.fits import read_fit
from pinnlite.files.solutions import read_solution
from pinnlite.solution import Solution
from pinnlite.solving.fitting.result import Fit


def load(path: str | os.PathLike[str], module: nn.Module | None = None) -> Solution | Fit:
    """Read what ``Solution.save`` or ``Fit.save`` wrote.

    Nothing in the file is run: every field is checked, and a file that is not as it was written is refused.

    Args:
        path: the file.
        module: for a module of your own, one like it; it is given the weights in the file.

    Raises:
        FileError: the file is not there, is not ours or is damaged, or needs a ``module`` that was not given.

    Example:
        >>> import pinnlite as pl
        >>> pl.load("nowhere.safetensors")
        Traceback (most recent call last):
        ...
        pinnlite.errors.FileError: there is no file nowhere.safetensors
    """
    record, tensors = read_file(path)
    if "fit" in record:
        return Fit(**read_fit(record, tensors, module))
    return Solution(**read_solution(record, tensors, module))

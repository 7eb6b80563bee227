"""What a solution is on disk: its problem, its trial and the facts about how it came about."""

import math
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from pinnlite.files import problems, trials
from pinnlite.files.container import write_file
from pinnlite.files.fields import Fields, Tensors

_MOST_SEED = 2**64


def _error(fields: Fields, name: str) -> float:
    """JSON has no infinity: nothing stands for it."""
    return math.inf if fields.missing(name) else fields.number(name, low=0.0)


def _reached(fields: Fields, name: str) -> tuple[float, float] | None:
    return None if fields.missing(name) else fields.interval(name)


# The facts of a Solution besides problem and trial, and how each is read.
FACTS: dict[str, Callable[[Fields, str], Any]] = {
    "kind": Fields.text,
    "error": _error,
    "tol": lambda fields, name: fields.number(name, low=0.0),
    "status": Fields.text,
    "seconds": lambda fields, name: fields.number(name, low=0.0),
    "history": Fields.texts,
    "reached": _reached,
    "seed": lambda fields, name: fields.integer(name, 0, _MOST_SEED),
}


def write_solution(path: str | os.PathLike[str], solution: Mapping[str, Any]) -> None:
    """Write the fields of a Solution to a file.

    Raises:
        FileError: the file cannot be written, or something in it cannot.
    """
    problem, observations = problems.written(solution["problem"])
    trial, coefficients = (None, {}) if solution["trial"] is None else trials.written(solution["trial"])
    record = {
        "problem": problem,
        "trial": trial,
        **{name: _plain(solution[name]) for name in FACTS},
        "versions": {"pinnlite": version("pinnlite"), "torch": torch.__version__},
    }
    tensors = {f"problem.{name}": tensor for name, tensor in observations.items()}
    tensors |= {f"trial.{name}": tensor for name, tensor in coefficients.items()}
    tensors |= {f"checkpoint.{name}": tensor for name, tensor in (solution["checkpoint"] or {}).items()}
    write_file(path, record, tensors)


def read_solution(
    record: Mapping[str, Any], values: Mapping[str, Tensor], module: nn.Module | None
) -> dict[str, Any]:
    """The fields of the Solution in a file.

    Raises:
        FileError: it is damaged, or needs a module that was not given.
    """
    fields, tensors = Fields(record, "solution"), Tensors(values)
    problem = problems.read(fields.object("problem"), tensors.under("problem"))
    trial = (
        None
        if fields.missing("trial")
        else trials.read(fields.object("trial"), tensors.under("trial"), problem, module)
    )
    facts = {name: read(fields, name) for name, read in FACTS.items()}
    checkpoint = tensors.under("checkpoint").all() or None
    return {"problem": problem, "trial": trial, **facts, "checkpoint": checkpoint}


def _plain(value: Any) -> Any:
    """A fact as JSON has it."""
    return None if value == math.inf else value

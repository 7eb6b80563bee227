"""What a fit is on disk: its model, what was fitted, and the facts about how it went."""

import math
import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from pinnlite.errors import FileError, PinnliteError
from pinnlite.files.container import write_file
from pinnlite.files.fields import Fields, Tensors
from pinnlite.files.networks import described, restored

_MOST_STEPS = 10**9


def write_fit(path: str | os.PathLike[str], fit: Mapping[str, Any]) -> None:
    """Write the fields of a Fit to a file.

    Raises:
        FileError: the file cannot be written.
    """
    model: nn.Module = fit["model"]
    record = {
        "fit": {
            "model": described(model),
            "class": type(model).__qualname__,
            **{name: fit[name] for name in ("status", "seconds", "variable")},
            "phases": [name for _, name in fit["phases"]],
            "error": fit["error"] if math.isfinite(fit["error"]) else None,
        },
        "versions": {"pinnlite": version("pinnlite"), "torch": torch.__version__},
    }
    history = [entry for entry in fit["history"] if math.isfinite(entry[1])]
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"fit.{name}": fit[name].double() for name in ("x", "y", "fitted")}
    tensors["fit.history"] = torch.tensor(history, dtype=torch.float64).reshape(-1, 2)
    tensors["fit.phases"] = torch.tensor([step for step, _ in fit["phases"]], dtype=torch.float64)
    write_file(path, record, tensors)


def read_fit(
    record: Mapping[str, Any], values: Mapping[str, Tensor], module: nn.Module | None
) -> dict[str, Any]:
    """The fields of the Fit in a file.

    Raises:
        FileError: it is damaged, or a module of the user's own that was not given.
    """
    fields, tensors = Fields(record, "file").object("fit"), Tensors(values)
    state = tensors.under("model").all()
    model = restored(fields, "model", state, module)
    like = next(iter(model.parameters()), torch.zeros(0, dtype=torch.float64))
    kept = tensors.under("fit")
    x = kept.take("x", None, None)
    rows = values.get("fit.y")
    shape = (len(x),) if rows is None or rows.ndim == 1 else (len(x), None)
    y, fitted = (kept.take(name, *shape).to(like.dtype) for name in ("y", "fitted"))
    _try(model, x.to(like.dtype), fitted)
    history = kept.take("history", None, 2)
    phases = fields.texts("phases")
    begun = kept.take("phases", len(phases)).tolist()
    return {
        "model": model,
        "error": math.inf if fields.missing("error") else fields.number("error", low=0.0),
        "history": [(_step(step), loss) for step, loss in history.tolist()],
        "status": fields.text("status"),
        "seconds": fields.number("seconds", low=0.0),
        "x": x.to(like.dtype),
        "y": y,
        "fitted": fitted,
        "variable": fields.text("variable"),
        "phases": tuple((_step(step), name) for step, name in zip(begun, phases, strict=True)),
    }


def _try(model: nn.Module, x: Tensor, fitted: Tensor) -> None:
    """Raise FileError unless the model takes such points as were fitted, and gives such values."""
    try:
        with torch.no_grad():
            value = model(x[:1])
    except (ValueError, TypeError, RuntimeError, LookupError, AttributeError, PinnliteError) as error:
        raise FileError(f"the model in the file does not fit its points: {error}") from None
    if not isinstance(value, Tensor) or value.numel() != fitted[:1].numel():
        raise FileError("the model in the file does not fit its values")


def _step(step: float) -> int:
    if not (step.is_integer() and 0 <= step <= _MOST_STEPS):
        raise FileError("the file is damaged: a step in its history is no whole number")
    return int(step)

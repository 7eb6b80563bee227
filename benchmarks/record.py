"""A file of results: where and when it was measured, and the figures; written whole or not at all."""

import json
import math
import os
import platform
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"


def conditions(seeds: tuple[int, ...]) -> dict[str, Any]:
    """What a figure depends on beside the code; the load is the number of processes that ran before."""
    return {
        "date": date.today().isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "scipy", "pinnlite")},
        "seeds": list(seeds),
    }


def write(name: str, results: Mapping[str, Any]) -> None:
    """Keep results under a name; numbers that are not finite, which JSON does not know, become null."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(_finite(results), indent=1, allow_nan=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def read(name: str) -> dict[str, Any]:
    """Give back what was written under a name."""
    return dict(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

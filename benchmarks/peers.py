"""pinnlite, SciPy and two packages that train networks on equations: the same problems, the same points, one machine.

    make bench-peers              # sets up build/peers, measures, keeps results/peers.json, renders the pages

A peer runs in a process of its own with the settings of its own documentation (``with_deepxde``, ``with_neurodiffeq``),
once, from one seed, for two minutes at most. Its seconds begin when the problem is stated and end when training does;
what importing takes is not counted. Our rows are measured as in ``solving``, with the same two minutes.
"""

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

import pinnlite as pl
from benchmarks import record
from benchmarks.peer import LIMIT, SEED
from benchmarks.solving import SEEDS, Row, measure
from tests.problems import elliptic, evolution, ordinary
from tests.problems.known import Known

ROOT = Path(__file__).parents[1]
PEERS = {"DeepXDE": "with_deepxde", "neurodiffeq": "with_neurodiffeq"}


def diffused(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.sin(math.pi * x) * torch.exp(-t)


SEEN = torch.linspace(-1, 1, 10, dtype=torch.float64)
AT = torch.ones_like(SEEN)  # the time of what was seen
DIFFUSIVITY = Known(
    "diffusivity from ten values",
    (
        "u_t = C*u_xx - exp(-t)*(1 - pi^2)*sin(pi*x)",
        "u(x, 0) = sin(pi*x)",
        "u = 0 on boundary",
        pl.data("u", SEEN, AT, diffused(SEEN, AT)),  # type: ignore[arg-type]
    ),
    {"x": (-1, 1), "t": (0, 1), "C": pl.Unknown(2.0)},
    lambda x, t: {"u": diffused(x, t)},
)
UNKNOWN = {"C": 1.0}  # the diffusivity that the values were made with
OURS = {
    "oscillator": [
        Row(1, ordinary.OSCILLATOR, "legendre", 1e-13, 0.1),
        Row(1, ordinary.OSCILLATOR, "network", 1e-7, 3),
    ],
    "poisson": [
        Row(10, elliptic.POISSON, "legendre", 1e-12, 0.5),
        Row(10, elliptic.POISSON, "network", 1e-6, 20),
    ],
    "burgers": [
        Row(12, evolution.BURGERS, "legendre", 1e-7, 3),
        Row(12, evolution.BURGERS, "network", 1e-4, 60),
    ],
    "diffusivity": [Row(0, DIFFUSIVITY, "legendre", 1e-8, 10)],
}
THEIRS = {
    "DeepXDE": ("oscillator", "poisson", "burgers", "diffusivity"),
    "neurodiffeq": ("oscillator", "poisson", "burgers"),
}


def ask(python: str, package: str, problem: str, known: Known) -> dict[str, Any]:
    """Let a peer solve a problem, and judge its values as ours are judged."""
    with tempfile.TemporaryDirectory() as folder:
        points, answer = Path(folder, "points.npy"), Path(folder, "answer.json")
        np.save(points, known.sample().numpy())
        command = [python, "-m", f"benchmarks.{PEERS[package]}", problem, str(points), str(answer)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(answer.read_text(encoding="utf-8"))
    values = torch.tensor(found.pop("values"), dtype=torch.float64)
    return {"problem": problem, "package": package, "error": known.error(lambda *_: values), **found}


def versions(python: str) -> dict[str, str]:
    """The peers' versions, from their environment."""
    program = (
        "import json; from importlib.metadata import version; print(json.dumps([version(n) for n in {}]))"
    )
    printed = subprocess.run(
        [python, "-c", program.format([name.lower() for name in PEERS])],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return dict(zip(PEERS, json.loads(printed), strict=True))


def runs(python: str) -> Iterator[dict[str, Any]]:
    """Every row, problem by problem."""
    for problem, rows in OURS.items():
        for row in rows:
            yield {**measure(row, LIMIT), "problem": problem, "package": "pinnlite"}
        for package, problems in THEIRS.items():
            if problem in problems:
                yield ask(python, package, problem, rows[0].known)


def main() -> None:
    python = sys.argv[1]
    results = record.conditions(SEEDS)
    results |= {"peers": versions(python), "peers_seed": SEED, "limit": LIMIT, "rows": []}
    for run in runs(python):
        results["rows"].append(run)
        who = f"{run['problem']:12} {run['package']:12} {run.get('class', ''):18}"
        print(f"{who} {run['error']:.1e} {run['seconds']:8.2f} s", flush=True)
    record.write("peers", results)


if __name__ == "__main__":
    main()

"""What a peer's script takes and gives: a problem's name and points, and the values there with what they cost.

The scripts run in the peers' own environment, where pinnlite is not installed; their values are judged in ours, by the
same errors on the same points.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

SEED = 0
LIMIT = 120.0  # seconds for one problem; what was documented to run for longer is cut there


@dataclass(frozen=True)
class Answer:
    """Values at the points (N, d) that were given, and what they took.

    ``settings`` says in words what was trained and how, ``source`` where that is documented, ``cut`` whether the time
    was up before that was done.
    """

    values: list[float]
    seconds: float
    iterations: int
    settings: str
    source: str
    cut: bool
    unknowns: dict[str, float]


class Stopwatch:
    """Seconds since it was made, and whether the time is up."""

    def __init__(self) -> None:
        self.start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    @property
    def over(self) -> bool:
        return self.seconds > LIMIT


def answer(problems: dict[str, Callable[[np.ndarray], Answer]]) -> None:
    """The main program of a peer's script: PROBLEM POINTS.npy ANSWER.json."""
    parser = argparse.ArgumentParser()
    parser.add_argument("problem", choices=problems)
    parser.add_argument("points", type=Path)
    parser.add_argument("answer", type=Path)
    arguments = parser.parse_args()
    _warm_up()
    found = problems[arguments.problem](np.load(arguments.points))
    arguments.answer.write_text(json.dumps(asdict(found)), encoding="utf-8")


def _warm_up() -> None:
    """One step of training, for which PyTorch loads what is not to be counted as a peer's time."""
    x = torch.zeros(1, 1, requires_grad=True)
    net = torch.nn.Linear(1, 1, dtype=x.dtype)
    (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    optimizer = torch.optim.Adam(net.parameters())
    slope.sum().backward()
    optimizer.step()

"""Which trial functions a problem is solved with: a list of ways, the first that reaches the tolerance wins."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import nn

from pinnlite.errors import ProblemError
from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes import by_boxes
from pinnlite.solving.clock import Clock
from pinnlite.solving.lines import by_elements, by_windows
from pinnlite.solving.networks import by_features, by_module, by_network
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import Method
from pinnlite.solving.slabs import by_slabs

KINDS = {"legendre": "Legendre elements", "features": "random features", "network": "network"}


@dataclass(frozen=True)
class Task:
    """What is to be solved, and all that a way to solve it may ask about."""

    problem: Problem
    tol: float
    method: str | Method
    seed: int
    clock: Clock


@dataclass(frozen=True)
class Way:
    """One kind of trial functions: its class, why it was chosen, and its candidates."""

    kind: str
    reason: str
    candidates: Callable[[], Iterator[Candidate]]


def ways(task: Task, trial: str | nn.Module) -> list[Way]:
    """The ways to solve a problem with the trial functions that were asked for, in the order they are tried.

    Raises:
        ProblemError: the trial functions that were asked for cannot represent the problem.
    """
    problem, tol, clock = task.problem, task.tol, task.clock
    if isinstance(trial, nn.Module):
        return [
            Way(
                "module",
                "the module that was given",
                lambda: by_module.candidates(trial, problem, tol, task.method, clock),
            )
        ]
    features = _features(task)
    network = Way(
        KINDS["network"],
        "a network",
        lambda: by_network.candidates(problem, tol, task.method, task.seed, clock),
    )
    if trial == "features":
        return [features]
    if trial == "network":
        return [network]
    elements = _elements(task)
    if trial == "legendre" and elements is None:
        raise ProblemError(
            f"Legendre elements need a box of at most five coordinates, and the domain is {problem.domain}: "
            "leave out trial, or say trial='features'"
        )
    if elements is None:
        return [features, network]
    return [elements]


def _features(task: Task) -> Way:
    """In windows along a line; one layer over the whole domain elsewhere, or where a method is to train it."""
    problem, tol, clock, kind = task.problem, task.tol, task.clock, KINDS["features"]
    if len(problem.domain.names) == 1 and isinstance(task.method, str):
        return Way(
            kind,
            "random features in windows",
            lambda: by_windows.candidates(problem, tol, task.seed, clock),
        )
    return Way(
        kind, "random features", lambda: by_features.candidates(problem, tol, task.method, task.seed, clock)
    )


def _elements(task: Task) -> Way | None:
    """The way by Legendre elements, if they can represent the problem."""
    problem, tol, clock, kind = task.problem, task.tol, task.clock, KINDS["legendre"]
    if len(problem.domain.names) == 1:
        return Way(kind, "elements along a line", lambda: by_elements.candidates(problem, tol, clock))
    if by_slabs.suits(problem):
        return Way(
            kind, f"elements in slabs of {problem.marching}", lambda: by_slabs.candidates(problem, tol, clock)
        )
    if by_boxes.suits(problem):
        return Way(kind, "elements in boxes", lambda: by_boxes.candidates(problem, tol, clock))
    return None

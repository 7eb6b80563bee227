"""Which trial functions a problem is solved with: a list of ways, the first that reaches the tolerance wins."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from torch import Tensor, nn

from pinnlite.errors import ProblemError
from pinnlite.geometry.domains import Box
from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes import by_boxes
from pinnlite.solving.clock import Clock
from pinnlite.solving.features import by_features, by_march
from pinnlite.solving.lines import by_elements, by_windows
from pinnlite.solving.networks import by_module, by_network
from pinnlite.solving.refine import Candidate
from pinnlite.solving.residuals import Method
from pinnlite.solving.slabs import by_slabs
from pinnlite.trials.trial import Approximation

KINDS = {"legendre": "Legendre elements", "features": "random features", "network": "network"}


@dataclass(frozen=True)
class Task:
    """What is to be solved, and all that a way to solve it may ask about."""

    problem: Problem
    tol: float
    method: str | Method
    seed: int
    clock: Clock
    near: Approximation | None = None  # what an earlier solve had come to
    checkpoint: Mapping[str, Tensor] | None = None  # and where its training stood


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
        lambda: by_network.candidates(problem, tol, task.method, task.seed, clock, task.checkpoint),
    )
    if trial == "features":
        return [features]
    if trial == "network":
        return [network]
    elements = _elements(task)
    if trial == "legendre" and not elements:
        raise ProblemError(
            f"Legendre elements need a box of at most five coordinates, and the domain is {problem.domain}: "
            "leave out trial, or say trial='features'"
        )
    if not elements:
        return [features] if problem.unknown_parameters or problem.data else [features, network]
    if trial == "legendre" or not _others_may(problem):
        return elements
    if isinstance(problem.domain, Box) and by_march.suits(problem):
        return [*_elements(task, cut=False), _march(task), *elements, network]
    return [*elements, features, network]


def _others_may(problem: Problem) -> bool:
    """Whether features and networks may solve what elements in boxes do not resolve.

    Unknown parameters, observations and integrals on boxes are for elements alone.
    """
    beyond = problem.unknown_parameters or problem.data or any(c.integrals for c in problem.conditions)
    return len(problem.domain.names) > 1 and not by_slabs.suits(problem) and not beyond


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


def _march(task: Task) -> Way:
    """Slabs of time, whatever one layer over the whole of it may be good for."""
    problem, tol, clock = task.problem, task.tol, task.clock
    reason = f"random features in slabs of {problem.marching}"
    return Way(KINDS["features"], reason, lambda: by_march.candidates(problem, tol, task.seed, clock))


def _elements(task: Task, cut: bool = True) -> list[Way]:
    """The ways by Legendre elements that can represent the problem; without ``cut`` a single box stays one."""
    problem, tol, clock, kind = task.problem, task.tol, task.clock, KINDS["legendre"]
    if len(problem.domain.names) == 1:
        return [
            Way(
                kind,
                "elements along a line",
                lambda: by_elements.candidates(problem, tol, clock, near=task.near),
            )
        ]
    # A clock of its own: where it stops for want of time for its next step, there may be enough for another way.
    own = replace(clock)
    boxes = Way(kind, "elements in boxes", lambda: by_boxes.candidates(problem, tol, own, task.near, cut))
    if by_slabs.suits(problem):
        reason = f"elements in slabs of {problem.marching}"
        slabs = Way(kind, reason, lambda: by_slabs.candidates(problem, tol, clock, task.near))
        if not problem.unknown_parameters:
            return [slabs]
        # Marches with guesses that are far off may show nothing of what is observed.
        found = boxes.candidates
        return [slabs, replace(boxes, candidates=lambda: by_slabs.confirmed(problem, found(), clock))]
    return [boxes] if by_boxes.suits(problem) else []

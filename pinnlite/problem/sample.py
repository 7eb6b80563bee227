"""Points for each statement of a problem: the interior of its domain, and the places where its conditions hold."""

import math
from collections.abc import Iterable
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.sampling import accepted_points
from pinnlite.problem.equations import Condition, Equation
from pinnlite.problem.problem import Problem
from pinnlite.problem.unknown import Data

INTERIOR = "interior"

S = TypeVar("S", Equation, Condition, Data)


def by_name(statements: Iterable[S]) -> dict[str, S]:
    """Statements by their text; one that repeats another's text, as two lambdas do, gets a number after it."""
    named: dict[str, S] = {}
    for statement in statements:
        name, count = statement.text, 1
        while name in named:
            count += 1
            name = f"{statement.text} ({count})"
        named[name] = statement
    return named


def sample(problem: Problem, count: int, conditions: int | None, kind: str, seed: int) -> dict[str, Tensor]:
    """``count`` points of the interior, and a set for each condition: see ``Problem.sample``."""
    seeds = torch.Generator().manual_seed(seed)  # sets of one call do not share their random numbers
    points = {INTERIOR: problem.domain.sample(count, kind, _draw(seeds))}
    for name, condition in by_name(problem.stated).items():
        own = usual_count(problem, condition, count) if conditions is None else conditions
        points[name] = points_of(problem, condition, own, kind, seeds)
    return points


def usual_count(problem: Problem, condition: Condition, count: int) -> int:
    """How many points a condition gets beside ``count`` of the interior: as dense as those."""
    dimension = len(problem.domain.names)
    if condition.part is not None:
        faces = sum(problem.domain.share(face) for face in condition.part.faces)
        return max(round(faces * math.pow(count, (dimension - 1) / dimension)), 1)
    free = len(free_columns(problem, condition))
    return max(round(math.pow(count, free / dimension)), 1 << free)


def points_of(
    problem: Problem, condition: Condition, count: int, kind: str, seeds: torch.Generator
) -> Float[Tensor, "n d"]:
    """Points where a condition holds; one where it holds at fixed places only."""
    if condition.part is not None:
        return condition.part.points(count, kind, _draw(seeds))[0]
    columns = free_columns(problem, condition)
    place = torch.tensor([_a_place(problem, condition)], dtype=torch.float64)
    if not columns:
        return place

    def filled(drawn: Float[Tensor, "n f"]) -> Float[Tensor, "n d"]:
        X = place.repeat(len(drawn), 1)
        X[:, columns] = drawn
        return X

    intervals = list(problem.domain.intervals.values())
    free = [intervals[i] for i in columns]
    return accepted_points(free, count, kind, _draw(seeds), filled, problem.domain.contains)


def _draw(generator: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=generator))


def free_columns(problem: Problem, condition: Condition) -> list[int]:
    """The coordinates in which a condition holds all along: neither fixed to numbers nor integrated over."""
    free = {
        column
        for name, _, place in condition.wanted
        if name in problem.unknowns
        for column, value in enumerate(place)
        if value is None
    }
    for leaf in condition.integrals:
        free |= {i for i, name in enumerate(problem.domain.names) if name not in leaf.coordinates}
    return sorted(free)


def _a_place(problem: Problem, condition: Condition) -> list[float]:
    """Where the condition holds, the lowest number where it names several for one coordinate."""
    places = [place for name, _, place in condition.wanted if name in problem.unknowns]
    lows = [low for low, _ in problem.domain.intervals.values()]
    columns = zip(*places, strict=True) if places else ((low,) for low in lows)
    return [
        min((value for value in column if value is not None), default=low)
        for column, low in zip(columns, lows, strict=True)
    ]

"""How a network is posed: what conditions are built into it, and its rows at points, along a line or in a region."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from pinnlite.geometry.sampling import adaptive_points
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR
from pinnlite.solving.dense import CollocationRows, Factored, equation_blocks, rows_in
from pinnlite.solving.lines.ordinary import fitted, gauss_points, rows_on
from pinnlite.trials.buildable import left_over
from pinnlite.trials.lifted import Given, Lifted
from pinnlite.trials.parameters import guessed
from pinnlite.trials.periodic import Circles, given_on
from pinnlite.trials.trial import Trial

Points = Mapping[str, Tensor]

_CANDIDATES = 8  # for each point that is drawn by its residual
_EVEN = 0.25  # how much of the draw does not look at the residual


@runtime_checkable
class Posing(Protocol):
    """A problem as rows of any trial."""

    problem: Problem

    @property
    def built_in(self) -> str:
        """What a candidate's note says of the conditions."""
        ...

    def posed(self, trial: Trial) -> Trial:
        """The trial with the conditions that can be built in."""
        ...

    def points(self, count: int, unbalanced: Trial | None = None) -> Points:
        """About so many points; if there is a posed trial already, more of them where it leaves large residuals."""
        ...

    def rows(self, trial: Trial, points: Points, linearization: Factored) -> CollocationRows:
        """The rows of a posed trial."""
        ...


class AlongALine:
    """One coordinate: Gauss points, linear conditions built in, and unknown parameters beside the trial."""

    built_in = "conditions built in"

    def __init__(self, problem: Problem) -> None:
        self.problem, self._numbers = problem, guessed(problem)

    def posed(self, trial: Trial) -> Trial:
        """With unknown parameters and linear conditions."""
        return fitted(trial, self.problem, self._numbers)

    def points(self, count: int, unbalanced: Trial | None = None) -> Points:
        """The same ones whatever the trial is: along a line they are dense enough everywhere."""
        return {INTERIOR: gauss_points(self.problem, count)}

    def rows(self, trial: Trial, points: Points, linearization: Factored) -> CollocationRows:
        """Equations, observations and conditions that are not linear."""
        return CollocationRows(trial, rows_on(self.problem, trial, points[INTERIOR]).blocks, linearization)


class InARegion:
    """Several coordinates: random points, drawn ever again, and the conditions that a lift can take built in.

    Args:
        problem: as it is stated.
        generator: of the points.
        circles: the coordinates in which the trials that are posed are periodic.
        given: what is built in, where that is more than the conditions say.
    """

    def __init__(
        self,
        problem: Problem,
        generator: torch.Generator,
        circles: Circles | None = None,
        given: tuple[Given, ...] | None = None,
    ) -> None:
        self.problem, self._generator = problem, generator
        self.given = given_on(problem, circles) if given is None else given
        periodic = circles.conditions if circles else ()
        self._left = tuple(c for c in left_over(problem, self.given) if c not in periodic)

    @property
    def built_in(self) -> str:
        """Which of the conditions are."""
        if not self._left:
            return "conditions built in"
        return (
            "some conditions built in" if len(self._left) < len(self.problem.stated) else "conditions as rows"
        )

    def posed(self, trial: Trial) -> Trial:
        """Lifted, if there is anything to lift."""
        return Lifted(trial, self.problem, self.given) if self.given else trial

    def points(self, count: int, unbalanced: Trial | None = None) -> Points:
        """New ones for every statement; those of the interior by the size of the residual, once there is one."""
        seed, other = torch.randint(2**62, (2,), generator=self._generator).tolist()
        conditions = max(count // (2 * max(len(self.problem.stated), 1)), 1)
        points = self.problem.sample(count, conditions=conditions, seed=seed)
        if unbalanced is None:
            return points
        many = self.problem.sample(_CANDIDATES * count, conditions=1, seed=other)[INTERIOR]

        def residual(X: Tensor) -> Tensor:
            with torch.no_grad():
                rows = CollocationRows(unbalanced, equation_blocks(self.problem, X)).rows()
            sizes: Tensor = rows.reshape(-1, len(X)).norm(dim=0)
            return sizes

        return {**points, INTERIOR: adaptive_points(residual, many, count, floor=_EVEN, seed=seed)}

    def rows(self, trial: Trial, points: Points, linearization: Factored) -> CollocationRows:
        """Equations and the conditions that are not built in."""
        return rows_in(self.problem, trial, points, self._left, linearization)


def posing(problem: Problem, generator: torch.Generator) -> Posing:
    """As many coordinates as the problem has."""
    return AlongALine(problem) if len(problem.domain.names) == 1 else InARegion(problem, generator)

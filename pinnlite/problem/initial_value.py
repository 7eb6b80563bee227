"""A problem read as an evolution: from initial values at one end of a coordinate; and what it is between two times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pinnlite.geometry.domains import Box
from pinnlite.geometry.product import Product, box_names
from pinnlite.geometry.region import Part, Region
from pinnlite.problem.equations import Condition
from pinnlite.problem.problem import Problem, changed


@dataclass(frozen=True)
class InitialValueProblem:
    """``problem`` from ``start`` to ``stop`` of its coordinate ``column``, given as many initial values as it takes."""

    problem: Problem
    column: int
    start: float
    stop: float

    @property
    def name(self) -> str:
        """Of the coordinate."""
        return self.problem.domain.names[self.column]

    def is_initial(self, condition: Condition) -> bool:
        """Whether a condition holds at the start."""
        return any(at[self.column] is not None for _, _, at in condition.wanted)

    def between(self, first: float, last: float, state: Sequence[Condition] = ()) -> Problem:
        """The problem between two times; with ``state`` for its initial conditions where it does not start there."""
        domain = _cut(self.problem.domain, self.name, (min(first, last), max(first, last)))
        faces = dict(zip(map(id, self.problem.domain.faces), domain.faces, strict=True))

        def moved(condition: Condition) -> Condition:
            if condition.part is None:
                return condition
            own = tuple(faces[id(face)] for face in condition.part.faces)
            return replace(condition, part=Part(condition.part.name, own, domain.scale))

        def cut(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
            if first == self.start:
                return tuple(map(moved, conditions))
            return (*state, *(moved(c) for c in conditions if not self.is_initial(c)))

        stated, conditions = cut(self.problem.stated), cut(self.problem.conditions)
        return changed(self.problem, domain=domain, stated=stated, conditions=conditions)


def initial_value_problem(problem: Problem) -> InitialValueProblem | None:
    """The problem as an evolution; None where it is of another kind, or asks for more than functions."""
    domain, name = problem.domain, problem.marching
    if len(domain.names) == 1 or name not in box_names(domain):
        return None
    if problem.unknown_parameters or problem.data or any(c.integrals for c in problem.conditions):
        return None
    column, (low, high) = domain.names.index(name), domain.intervals[name]
    initial = [c for c in problem.stated if any(at[column] is not None for _, _, at in c.wanted)]
    places = {at for c in initial for _, _, at in c.wanted}
    ends = {at[column] for at in places}
    alone = all(sum(value is not None for value in at) == 1 for at in places)
    if not alone or ends not in ({low}, {high}):
        return None
    if len(initial) != sum(index[column] for index in problem.orders.values()):
        return None
    return InitialValueProblem(problem, column, *((low, high) if ends == {low} else (high, low)))


def _cut(domain: Region, name: str, interval: tuple[float, float]) -> Region:
    if isinstance(domain, Product):
        box = Box({**domain.box.intervals, name: interval}, name=domain.box.name)
        return Product(domain.region, box)
    assert isinstance(domain, Box)
    return Box({**domain.intervals, name: interval}, name=domain.name)

"""Ordinary differential equations by Legendre elements: which way to go, and ever finer candidates."""

import math
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.initial import initial_state
from pinnlite.problem.problem import Problem
from pinnlite.solving.clock import Clock
from pinnlite.solving.lines.boundary_value import relax
from pinnlite.solving.lines.branching import branching
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.lines.marches import continued, march_both_ways
from pinnlite.solving.lines.opening import opening, partition_of
from pinnlite.solving.lines.scan import overlooked
from pinnlite.solving.lines.switches import infinite_ends, switches
from pinnlite.solving.lines.system import system_of
from pinnlite.solving.refine import Candidate
from pinnlite.trials.elements import LEGENDRE, SHORT, Basis, Elements
from pinnlite.trials.reference import gauss_nodes, radau_nodes
from pinnlite.trials.trial import Approximation

_MARGIN = 1e-2  # of the tolerance: local errors add up
_SHARPER = 1e-2  # from one candidate to the next
_CANDIDATES = 8
_BRANCHES = (
    "At {:.6g} the coefficient of the highest derivative vanishes, and from there on the conditions do not determine "
    "the solution, of which this is one: give the state beyond that place, or solve on its two sides."
)
_ROUNDING = 2 * torch.finfo(torch.float64).eps
_SCANS = 8  # solves of one accuracy that a scan between the nodes may ask for


def candidates(
    problem: Problem,
    tol: float,
    clock: Clock,
    basis_of: Callable[[int], Basis] = lambda count: LEGENDRE,
    near: Approximation | None = None,
) -> Iterator[Candidate]:
    """Solutions of growing accuracy, each with more nodes in other places than the one before.

    ``basis_of`` gives the functions that an element with so many nodes is made of. Of several solutions the one
    ``near`` a function is looked for.
    """
    attempt = _Attempt(problem, clock)
    attempt.before = near
    for level in range(_CANDIDATES):
        wanted = tol * _MARGIN * _SHARPER**level
        count = min(32, max(8, round(6 - math.log10(max(LEGENDRE.floor, wanted))))) + 2 * level
        basis = basis_of(count)
        yield attempt.at(max(basis.floor, wanted), count, basis)


class _Attempt:
    """Solves of one problem, which remember where the ones before found something and where they were blind."""

    def __init__(self, problem: Problem, clock: Clock) -> None:
        self.problem, self.clock = problem, clock
        self.system = system_of(problem)
        self.start = None if problem.unknown_parameters or problem.data else initial_state(problem)
        (name,) = problem.domain.names
        intervals = problem.domain.intervals
        self.breaks = set(switches(self.system.equations, problem.parameters, name, intervals[name]))
        self.breaks |= set(infinite_ends(self.system.equations, problem.parameters, name, intervals[name]))
        low, high = intervals[name]
        self.breaks |= {place for (place,) in problem.peaks if low < place < high}
        sought = problem.unknown_parameters.items()
        self.logarithms = frozenset(name for name, number in sought if not number.linear)
        self.before: Approximation | None = None
        self.rounding = 0.0  # by which a march starts from another state than the one before

    def at(self, accuracy: float, count: int, basis: Basis) -> Candidate:
        """A candidate of this accuracy by this many nodes, solved again while a scan finds what it overlooked."""
        nodes = (gauss_nodes if self.start is None else radau_nodes)(count)
        coordinate, parameters = self.problem.domain.names[0], self.problem.parameters
        collocation = Collocation(
            self.system.equations, self.system.orders, coordinate, parameters, nodes, basis, self.logarithms
        )
        solve = self._relaxed if self.start is None else self._marched
        for _ in range(_SCANS):
            candidate = solve(collocation, accuracy)
            if candidate.failure or not isinstance(candidate.trial, Elements) or self.clock.spent:
                break
            found = set(overlooked(candidate.trial, self.problem, self.system, accuracy)) - self.breaks
            if not found:
                break
            self.breaks |= found
        self.before = candidate.trial or self.before
        return candidate

    def _marched(self, collocation: Collocation, accuracy: float) -> Candidate:
        """March from where the state is given to the ends of the domain."""
        assert self.start is not None
        origin, state = self.start
        run = continued(self.before, self.problem, collocation, origin, accuracy, self.breaks, self.clock)
        if run is None:
            # Where rounding grows beyond the solution, marches from one state may agree on what it grew to.
            turned = (-1.0) ** torch.arange(len(state), dtype=state.dtype)
            rounded = state * (1 + self.rounding * turned)
            run = march_both_ways(
                self.problem, collocation, (origin, rounded), accuracy, self.breaks, self.clock
            )
            self.rounding = _ROUNDING - self.rounding
        note = f"marched, {_described(run.elements, collocation)}"
        if not run.failure:
            assert run.elements is not None
            place = branching(run.elements, self.problem, self.system, self.start[0])
            return Candidate(run.elements, note, None if place is None else _BRANCHES.format(place))
        ends = (run.elements.edges[0].item(), run.elements.edges[-1].item()) if run.elements else None
        return Candidate(run.elements, note, run.failure, ends or (self.start[0],) * 2)

    def _relaxed(self, collocation: Collocation, accuracy: float) -> Candidate:
        """All elements at once, from a partition that is not the one before."""
        if self.before is None:
            self.before = opening(self.problem, self.system, self.clock)
        ends = torch.tensor(self.problem.domain.intervals[collocation.coordinate], dtype=torch.float64)
        known = partition_of(self.before)
        edges = ends if known is None else known
        if isinstance(self.before, Elements):
            edges = torch.cat([ends[:1], (edges[:-1] + edges[1:]) / 2, ends[1:]])
        edges = _with_breaks(edges, torch.tensor(sorted(self.breaks), dtype=torch.float64))

        def monitor(step: int, tail: float) -> bool:
            self.clock.tell(f"all elements at once, step {step}")
            return self.clock.spent

        result = relax(collocation, self.system, edges, self.before, accuracy, monitor)
        return Candidate(
            result.elements,
            f"all elements at once, {_described(result.elements, collocation)}",
            result.failure,
        )


def _with_breaks(edges: Float[Tensor, " E1"], breaks: Float[Tensor, " B"]) -> Float[Tensor, " E2"]:
    """The partition with these edges besides; inner ones that all but coincide with a break give way to it."""
    if not len(breaks):
        return edges
    inner = edges[1:-1]
    clear = (inner[:, None] - breaks).abs().amin(1) > SHORT * (edges[-1] - edges[0])
    joined: Tensor = torch.unique(torch.cat([edges[:1], inner[clear], breaks, edges[-1:]]))
    return joined


def _described(elements: Elements | None, collocation: Collocation) -> str:
    count = 0 if elements is None else len(elements.edges) - 1
    return f"{count} element{'' if count == 1 else 's'} of {len(collocation.nodes)} nodes"

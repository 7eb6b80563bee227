"""Which conditions can be built in by ``Lifted``: those all over a face of a box that agree and are smooth."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pinnlite.differentiation.operators import partials
from pinnlite.errors import DerivativeError
from pinnlite.geometry.domains import Box
from pinnlite.geometry.sampling import gauss_rule
from pinnlite.problem.equations import Condition, Index, Key
from pinnlite.problem.problem import Problem
from pinnlite.trials.lifted import Given, Lifted

_MOST_TERMS = 100  # of the Boolean sum: four coordinates with conditions on all faces
_POINTS = 200  # on each face, to see whether what is given there is met
_SLACK = 1e-9  # of what is given: by how much it may be missed
_CELLS, _NODES = 64, 8  # along a line, to see whether what is given is as smooth as its derivatives say
_ROUGH = 1e-6
_UNSEEN = 2**40 + 5


def buildable(problem: Problem) -> tuple[Given, ...]:
    """The conditions of a problem that ``Lifted`` can take: linear, of one unknown, all over a face of a box.

    None of them where some contradict each other at a corner or have kinks: rows of least squares then divide the
    misfit among them, or let it be smoothed out, where a lift would carry it into the interior.
    """
    if not isinstance(problem.domain, Box):
        return ()
    read = [found for c in problem.conditions if (found := _read(problem, c)) is not None]
    given = tuple(g for g in read if _has_lower(g, read))
    counts = [
        math.prod(
            1 + sum((g.unknown, g.column) == (unknown, i) for g in given)
            for i in range(len(problem.domain.names))
        )
        for unknown in problem.unknowns
    ]
    if not given or max(counts) > _MOST_TERMS or not all(_smooth(problem, g) for g in given):
        return ()
    return given if _met(problem, given) else ()


def lift_alone(problem: Problem, given: Sequence[Given]) -> Lifted:
    """What meets the conditions, and nothing else."""
    return Lifted(_Nothing(), problem, given)


def left_over(problem: Problem, given: Sequence[Given]) -> tuple[Condition, ...]:
    """The conditions as stated of which some face is not built in."""
    built = [g.condition for g in given]
    missing = {c.text for c in problem.conditions if c not in built}
    return tuple(c for c in problem.stated if c.text in missing)


def _read(problem: Problem, condition: Condition) -> Given | None:
    if not condition.linear or condition.integrals or condition.part or len(condition.wanted) != 1:
        return None
    ((unknown, index, at),) = condition.wanted
    fixed = [i for i, value in enumerate(at) if value is not None]
    if len(fixed) != 1 or unknown not in problem.unknowns:
        return None
    (column,) = fixed
    value = at[column]
    if value not in list(problem.domain.intervals.values())[column] or sum(index) != index[column]:
        return None
    key = (unknown, index, at)

    def data(X: Any) -> Any:
        here = {name: X[:, i] for i, name in enumerate(problem.domain.names) if i != column}
        like = torch.zeros_like(next(iter(here.values())))
        at_zero, at_one = (
            condition.residual({**problem.parameters, **here}, {key: like + one}) + like for one in (0.0, 1.0)
        )
        return at_zero / (at_zero - at_one)

    def derivative(X: Tensor, indices: Sequence[Index]) -> dict[Index, Tensor]:
        return partials(data, X, indices, engine="autograd")  # for which statements are written

    return Given(unknown, column, float(value), index[column], derivative, condition)


def _has_lower(given: Given, read: Sequence[Given]) -> bool:
    """Whether all lower derivatives are given there too, and this one only once."""
    same = [g for g in read if (g.unknown, g.column, g.at) == (given.unknown, given.column, given.at)]
    return sorted(g.order for g in same) == list(range(len(same)))


def _met(problem: Problem, given: Sequence[Given]) -> bool:
    """Whether g takes the values that are given, which it does where they agree at corners."""
    lift = lift_alone(problem, given)
    X = problem.domain.sample(_POINTS, seed=_UNSEEN)
    for g in given:
        at = X.clone()
        at[:, g.column] = g.at
        index = tuple(g.order * (i == g.column) for i in range(X.shape[1]))
        value = (0,) * X.shape[1]
        wanted, found = (
            g.derivative(at, [value])[value],
            lift.partials(at, [(g.unknown, index)])[g.unknown, index],
        )
        if not (wanted - found).abs().amax() <= _SLACK * (1 + wanted.abs().amax()):
            return False
    return True


def _smooth(problem: Problem, given: Given) -> bool:
    """Whether derivatives of what is given add up along lines, as those of a function with kinks do not."""
    nodes, weights = gauss_rule(_NODES)
    (start,) = problem.domain.sample(1, seed=_UNSEEN)
    highest = [max(index[i] for index in problem.orders.values()) for i in range(len(start))]
    for i, (low, high) in enumerate(problem.domain.intervals.values()):
        if i == given.column or not highest[i]:
            continue
        edges = torch.linspace(low, high, _CELLS + 1, dtype=torch.float64)
        inside = (edges[:-1, None] + nodes * (edges[1:] - edges[:-1])[:, None]).flatten()
        X = start.repeat(len(edges) + len(inside), 1)
        X[:, i] = torch.cat([edges, inside])
        upper, lower = (tuple((highest[i] - k) * (j == i) for j in range(len(start))) for k in (0, 1))
        try:
            found = given.derivative(X, [upper, lower])
        except DerivativeError:  # PyTorch has none, of torch.special.bessel_j0, say
            return False
        slopes = found[upper][len(edges) :].view(_CELLS, _NODES) @ weights * (high - low) / _CELLS
        steps = found[lower][: len(edges)].diff()
        if not (steps - slopes).abs().amax() <= _ROUGH * (1 + found[lower].abs().amax()):
            return False
    return True


class _Nothing:
    """A trial that is zero and has no parameters."""

    parameters: Sequence[Tensor] = ()

    def partials(self, X: Tensor, wanted: Collection[Key]) -> dict[Key, Tensor]:
        return dict.fromkeys(wanted, torch.zeros_like(X[:, 0]))

    def jacobian(self, X: Tensor, weights: Mapping[Key, Tensor]) -> Tensor:
        return X.new_zeros(len(X), 0)

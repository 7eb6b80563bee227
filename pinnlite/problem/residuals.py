"""Residual rows of a problem for any function of points: what a training loop of the user's own makes small."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.differentiation.operators import partials
from pinnlite.errors import ProblemError, ShapeError
from pinnlite.geometry.domains import Box
from pinnlite.problem.boundary import NORMAL
from pinnlite.problem.equations import Condition, Equation, Index, Key, Place, Values
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import INTERIOR, by_name

Net = Callable[[Any], Any]

_NODES = 4096  # of the quadrature of an integral in several coordinates; 64 along one


@dataclass(frozen=True)
class _Request:
    """Partials that are wanted at points; ``of`` says for what."""

    of: Hashable
    points: Float[Tensor, "n d"]
    indices: tuple[Index, ...]

    @staticmethod
    def made(of: Hashable, points: Tensor, keys: Collection[Key]) -> "_Request":
        return _Request(of, points, tuple(sorted({index for _, index in keys})))


def residuals(
    problem: Problem, net: Net, points: Mapping[str, Tensor], sought: Mapping[str, Any]
) -> dict[str, Tensor]:
    """Rows by the statement's text, differentiable by whatever ``net`` depends on: see ``Problem.residuals``."""
    sets = _checked(problem, net, points)
    like = next(iter(sets.values()))
    numbers = _numbers(problem, sought, like)
    equations = by_name(problem.equations) if INTERIOR in sets else {}
    conditions = {name: c for name, c in by_name(problem.stated).items() if name in sets}
    data = by_name(problem.data)
    observed = {name: key_of(d.name, problem.unknowns, problem.domain.names) for name, d in data.items()}

    requests = [_Request.made(name, data[name].points.to(like), [key]) for name, key in observed.items()]
    if equations:
        wanted = {key for e in equations.values() for key in e.wanted if key[0] in problem.unknowns}
        requests.append(_Request.made(INTERIOR, sets[INTERIOR], wanted))
    for name, condition in conditions.items():
        requests += _requests(problem, name, condition, sets[name])
    found = _evaluate(problem, net, requests)

    rows = {}
    for name, equation in equations.items():
        rows[name] = _pointwise(problem, equation, sets[INTERIOR], found[INTERIOR], numbers)
    for name, condition in conditions.items():
        rows[name] = _condition(problem, name, condition, sets[name], found, numbers)
    for name, key in observed.items():
        rows[name] = found[name][key] - data[name].values.to(like)
    return {name: row.to(like) for name, row in rows.items()}


def _checked(problem: Problem, net: Net, points: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sets of points on the dtype and device of the network's weights."""
    known = [INTERIOR, *by_name(problem.stated)]
    if not isinstance(points, Mapping):
        raise ProblemError(
            f"points are given by name, {{'{INTERIOR}': ...}}, as problem.sample gives them, not as a "
            f"{type(points).__name__}"
        )
    for name, X in points.items():
        if name not in known:
            raise ProblemError(
                f"there are points for '{name}', which is no set of this problem: those are {', '.join(known)}"
            )
        if X.ndim != 2 or X.shape[1] != len(problem.domain.names) or not len(X):
            raise ShapeError(
                f"the points for '{name}' have shape {tuple(X.shape)}: points are rows, one column for each of "
                f"{', '.join(problem.domain.names)}, as problem.sample(...) makes them"
            )
    if not points:
        raise ProblemError("there are no points: make them with problem.sample(1000)")
    weights = [*net.parameters(), *net.buffers()] if isinstance(net, nn.Module) else []
    like = next((w for w in weights if w.is_floating_point()), next(iter(points.values())))
    return {name: X.to(like) for name, X in points.items()}


def _numbers(problem: Problem, sought: Mapping[str, Any], like: Tensor) -> dict[str, Tensor]:
    """The unknown parameters, as the numbers that stand for them."""
    wanted, given = set(problem.unknown_parameters), set(sought)
    if wanted != given:
        name = min(wanted ^ given)
        raise ProblemError(
            f"{name} is an unknown parameter, so its value has to come from you: residuals(net, points, {name}=...)"
            if name in wanted
            else f"{name} is no unknown parameter of this problem, which has {', '.join(wanted) or 'none'}"
        )
    numbers = {name: torch.as_tensor(value).to(like) for name, value in sought.items()}
    for name, number in numbers.items():
        if number.numel() != 1:
            raise ShapeError(f"{name} is one number, but a tensor of shape {tuple(number.shape)} arrived")
    return {name: number.reshape(()) for name, number in numbers.items()}


def _requests(problem: Problem, name: str, condition: Condition, X: Tensor) -> Iterator[_Request]:
    """A condition's partials at each of its places, and those under its integrals."""
    for place in places_of(problem, condition):
        keys = [(u, index) for u, index, at in condition.wanted if at == place and u in problem.unknowns]
        yield _Request.made((name, place), moved(X, place), keys)
    for leaf, integrand in condition.integrals.items():
        keys = [key for key in integrand.wanted if key[0] in problem.unknowns]
        yield _Request.made((name, leaf), _along(problem, leaf.coordinates, X)[0], keys)


def places_of(problem: Problem, condition: Condition) -> list[Place]:
    """The places that a condition speaks of."""
    return sorted({at for name, _, at in condition.wanted if name in problem.unknowns}, key=str)


def moved(X: Float[Tensor, "n d"], place: Place) -> Float[Tensor, "n d"]:
    """Points with the coordinates fixed that a place fixes."""
    columns = [X[:, i] if v is None else torch.full_like(X[:, i], v) for i, v in enumerate(place)]
    return torch.stack(columns, 1)


def _along(
    problem: Problem, coordinates: Sequence[str], X: Tensor
) -> tuple[Float[Tensor, "nq d"], Float[Tensor, " q"]]:
    """Quadrature nodes along some coordinates through each point, and their weights."""
    domain = problem.domain
    part = Box({name: domain.intervals[name] for name in coordinates})
    whole = set(coordinates) == set(domain.names)
    nodes, weights = (domain if whole else part).quadrature(
        round(_NODES ** (1 if len(coordinates) > 1 else 0.5))
    )
    moved = X.repeat_interleave(len(nodes), 0)
    columns = [domain.names.index(name) for name in (domain.names if whole else coordinates)]
    moved[:, columns] = nodes.to(X).repeat(len(X), 1)
    return moved, weights.to(X)


def _evaluate(
    problem: Problem, net: Net, requests: list[_Request]
) -> dict[Hashable, dict[Key, Float[Tensor, " n"]]]:
    """The partials by request, one pass of the network for all requests of the same indices.

    Others have passes of their own: a derivative that nobody asked for may be infinite there, such as that of
    sqrt(x) at 0, and would spoil the gradient.
    """
    found: dict[Hashable, dict[Key, Tensor]] = {}
    for indices, group in groupby(sorted(requests, key=lambda r: r.indices), key=lambda r: r.indices):
        alike = list(group)
        if not indices:  # an integrand without an unknown
            found.update({request.of: {} for request in alike})
            continue
        results = _partials(problem, net, torch.cat([request.points for request in alike]), indices)
        lengths = [len(request.points) for request in alike]
        pieces = {key: torch.split(values, lengths) for key, values in results.items()}
        for i, request in enumerate(alike):
            found[request.of] = {key: piece[i] for key, piece in pieces.items()}
    return found


def _partials(problem: Problem, net: Net, X: Tensor, indices: tuple[Index, ...]) -> dict[Key, Tensor]:
    """Partials of every unknown, each a column of what the network returns."""
    names, unknowns = ", ".join(problem.domain.names), ", ".join(problem.unknowns)
    d, m = len(problem.domain.names), len(problem.unknowns)
    needed = f"it has to map points (N, {d}), the columns {names}, to (N, {m}), the columns {unknowns}"
    try:
        results = partials(net, X, indices)
    except ShapeError as error:
        raise ShapeError(f"the network does not fit the problem: {needed}. {error}") from error
    shape = results[indices[0]].shape
    if shape != (len(X), m) and not (m == 1 and shape == (len(X),)):
        raise ShapeError(
            f"the network returns shape {tuple(shape)} for {len(X)} points: {needed}. "
            f"Give its last layer {m} output{'s' * (m > 1)}"
        )
    return {
        (unknown, index): results[index].reshape(len(X), m)[:, i]
        for i, unknown in enumerate(problem.unknowns)
        for index in indices
    }


def _pointwise(
    problem: Problem,
    equation: Equation,
    X: Float[Tensor, "n d"],
    found: Mapping[Key, Tensor],
    numbers: Mapping[str, Tensor],
) -> Float[Tensor, " n"]:
    zero = (0,) * X.shape[1]
    values = {**found, **{(name, zero): number.expand(len(X)) for name, number in numbers.items()}}
    places: Values = {**problem.parameters, **dict(zip(problem.domain.names, X.T, strict=True))}
    return equation.residual(places, values).expand(len(X))


def _condition(
    problem: Problem,
    name: str,
    condition: Condition,
    X: Float[Tensor, "n d"],
    found: Mapping[Hashable, Mapping[Key, Tensor]],
    numbers: Mapping[str, Tensor],
) -> Float[Tensor, " n"]:
    values: dict[Any, Tensor] = {
        (u, index, at): numbers[u].expand(len(X)) if u in numbers else found[name, at][u, index]
        for u, index, at in condition.wanted
    }
    for leaf, integrand in condition.integrals.items():
        nodes, weights = _along(problem, leaf.coordinates, X)
        along = _pointwise(problem, integrand, nodes, found[name, leaf], numbers)
        values[leaf] = along.reshape(len(X), -1).to(weights) @ weights
    return condition.residual(places_at(problem, condition, X), values).expand(len(X))


def coordinates_of(problem: Problem, condition: Condition, X: Tensor) -> dict[str, Tensor]:
    """The coordinates that mean one number at each point: not those in which the condition names two places."""
    places = places_of(problem, condition)
    fixed = [{at[i] for at in places} or {None} for i in range(X.shape[1])]
    one = tuple(values.copy().pop() if len(values) == 1 else None for values in fixed)
    columns = zip(problem.domain.names, fixed, moved(X, one).T, strict=True)
    return {name: column for name, values, column in columns if len(values) == 1}


def places_at(problem: Problem, condition: Condition, X: Float[Tensor, "n d"]) -> dict[str, Tensor | float]:
    """What a condition's residual takes besides partials: parameters, coordinates and, on a boundary, normals."""
    places: dict[str, Tensor | float] = {**problem.parameters, **coordinates_of(problem, condition, X)}
    if condition.part is not None:
        normals = condition.part.normals(X)
        places |= {NORMAL + name: n for name, n in zip(problem.domain.names, normals.T, strict=True)}
    return places

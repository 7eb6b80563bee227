"""Jumps that an equation carries on undamped: no series follows them, and a march would only find that out late."""

import torch
from torch import Tensor

from pinnlite.problem.equations import Condition, Placed, Values
from pinnlite.solving.residuals import pointwise
from pinnlite.solving.slabs.evolution import Evolution
from pinnlite.solving.slabs.initial_field import InitialField
from pinnlite.solving.slabs.well_posed import undamped_speed
from pinnlite.trials.elements import TINY
from pinnlite.trials.reference import gauss_nodes

_NODES = gauss_nodes(10)
_ACCURACY = 1e-3  # to which the initial state is looked at
_JUMP = 1e-2  # of the unknown
_NARROW = 2.0**-38  # of the domain: what changes within so little jumps


def travelling_jump(evolution: Evolution) -> str | None:
    """What is said of a jump in the initial data, or between them and those at an end, that travels undamped."""
    speed = undamped_speed(evolution)
    if not speed:
        return None
    start = InitialField(evolution)
    where = _contradicted(evolution, start) or _jump(evolution, start)
    if where is None:
        return None
    return (
        f"{where}, and the equation carries a jump on undamped, at a speed of up to {speed:.3g}: series cannot follow "
        "it. Smooth the jump over a width that you can do with, or add diffusion."
    )


def _jump(evolution: Evolution, start: InitialField) -> str | None:
    """A place across which the initial state differs, however near to it one looks.

    Where the series that hold it do not meet there need be none: they are only as accurate as they were asked to be.
    So in each element, and about each edge, the half across which more changes is halved again.
    """
    mesh, _ = start.resolved(_NODES, _ACCURACY)
    columns = [i for i, (_, orders, _) in enumerate(start.keys) if orders[evolution.time] == 0]
    size = start.values(mesh.nodes(_NODES).flatten())[:, columns].abs().amax(0).clamp(min=TINY)

    def given(x: Tensor) -> Tensor:
        return start.values(x)[:, columns] / size

    inner, narrow = mesh.edges[1:-1], _NARROW * (mesh.edges[-1] - mesh.edges[0])
    low, high = torch.cat([mesh.edges[:-1], inner - narrow]), torch.cat([mesh.edges[1:], inner + narrow])
    while (high - low).amax() > 2 * narrow:
        middle = (low + high) / 2
        below, at, above = given(low), given(middle), given(high)
        lower = (at - below).abs().amax(1) > (above - at).abs().amax(1)
        low, high = torch.where(lower, low, middle), torch.where(lower, middle, high)
    found = low[(given(high) - given(low)).abs().amax(1) > _JUMP]
    return f"The initial state jumps at {_name(evolution)} = {found.amin():.4g}" if len(found) else None


def _contradicted(evolution: Evolution, start: InitialField) -> str | None:
    """A condition at the ends, on values alone, that does not hold at the start."""
    time = torch.tensor([evolution.start], dtype=torch.float64)
    places: Values = {**evolution.parameters, evolution.names[evolution.time]: time}
    sample = start.values(torch.linspace(*evolution.ends, 101, dtype=torch.float64)).abs().amax(0)
    sizes = dict(zip((key[:2] for key in start.keys), sample, strict=True))
    for condition in evolution.boundary:
        if any(key[:2] not in sizes or any(key[1]) for key in condition.wanted):
            continue
        values = _at_start(evolution, start, condition)
        ((residual, slopes),) = pointwise([condition], places, values)
        size = sum((slope.abs() * sizes[key[:2]]).max().item() for key, slope in slopes.items())
        ends = {end for _, _, at in condition.wanted if (end := at[evolution.space]) is not None}
        if residual.abs().max() > _JUMP * size > 0 or (size == 0 and residual.abs().max() > 0):
            where = " and ".join(f"{_name(evolution)} = {end:g}" for end in sorted(ends))
            return f"'{condition.text}' contradicts the initial state at {where}"
    return None


def _at_start(evolution: Evolution, start: InitialField, condition: Condition) -> dict[Placed, Tensor]:
    """The values of the initial state that a condition speaks of."""
    columns = {key[:2]: i for i, key in enumerate(start.keys)}
    found = {}
    for key in condition.wanted:
        x = torch.tensor([key[2][evolution.space]], dtype=torch.float64)
        found[key] = start.values(x)[:, columns[key[:2]]]
    return found


def _name(evolution: Evolution) -> str:
    return evolution.names[evolution.space]

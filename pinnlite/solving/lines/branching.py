"""Where a march loses its way: singular points beyond which the state does not determine the solution.

Where the coefficient of the highest derivatives vanishes, at x*, the linearised equations have solutions like
(x - x*)^r with r from the indicial equation (E. Coddington and N. Levinson, Theory of Ordinary Differential Equations,
chapter 4). One with r > k - 1, k the order, leaves the state at x* as it is: any multiple of it may be added beyond.
x u' = 2u is the simplest case: u = x^2 may go on as C x^2.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.solving.lines.system import System
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.elements import TINY, Elements

_POINTS, _ZOOMS, _ZOOM = 1024, 5, 64
_MOST = 32  # places looked at more closely, the lowest ones
_VANISHING = 1e-9  # of the coefficient's largest value
_NEAR = 1e-6  # of the domain: distance at which exponents are read off
_POSITIVE = 1e-2  # exponents below this may be zero


def branching(elements: Elements, problem: Problem, system: System, start: float) -> float | None:
    """The first place, away from ``start``, at which the solution is not determined further."""
    low, high = elements.edges[0].item(), elements.edges[-1].item()
    for place in sorted(_singular(elements, problem, system), key=lambda x: abs(x - start)):
        for side, end in ((1.0, high), (-1.0, low)):
            onward = place == start or (place - start) * side > 0
            if onward and (end - place) * side > 2 * _NEAR * (high - low):
                step = side * _NEAR * (high - low)
                if (_exponents(elements, problem, system, place, step) > _POSITIVE).any():
                    return place
    return None


def _singular(elements: Elements, problem: Problem, system: System) -> list[float]:
    """Places where the coefficients of the highest derivatives are a singular matrix, along the solution."""
    low, high = elements.edges[0].item(), elements.edges[-1].item()
    x = torch.linspace(low, high, _POINTS + 1, dtype=torch.float64)
    size = _leading(elements, problem, system, x).abs().nan_to_num(torch.inf, torch.inf)
    most = torch.where(size.isfinite(), size, 0.0).max()
    padded = torch.nn.functional.pad(size[None], (1, 1), value=torch.inf)[0]
    lowest = (size < padded[:-2]) & (size <= padded[2:]) & (size < 1e-2 * most)
    lowest &= size <= size.kthvalue(min(_MOST, len(size))).values
    centre, width = x[lowest], (high - low) / _POINTS
    offsets = torch.linspace(-1, 1, 2 * _ZOOM + 1, dtype=torch.float64)
    least = torch.empty_like(centre)
    for _ in range(_ZOOMS if len(centre) else 0):
        near = (centre[:, None] + width * offsets).clamp(low, high)
        found = _leading(elements, problem, system, near.flatten()).abs().view_as(near)
        least, best = found.nan_to_num(torch.inf, torch.inf).min(1)
        centre, width = near.gather(1, best[:, None])[:, 0], width / _ZOOM
    places = centre[least <= _VANISHING * most].tolist()
    return [0.0 if abs(place) < _VANISHING * (high - low) else place for place in places]


def _leading(
    elements: Elements, problem: Problem, system: System, x: Float[Tensor, " N"]
) -> Float[Tensor, " N"]:
    """Determinant of the slopes of the equations by the highest derivatives, each equation's largest slope being 1."""
    length = (elements.edges[-1] - elements.edges[0]).item()
    highest, lower = _slopes(elements, problem, system, x)
    weighted = [column.abs() * length ** (system.orders[name] - j) for (name, (j,)), column in lower.items()]
    size = torch.stack([highest.abs().amax(2), *weighted]).amax(0)
    determinant: Tensor = torch.linalg.det(highest / size.clamp(min=TINY)[..., None])
    return determinant


def _slopes(
    elements: Elements, problem: Problem, system: System, x: Float[Tensor, " N"]
) -> tuple[Float[Tensor, "N m m"], dict[Key, Float[Tensor, "N m"]]]:
    """Slopes by the highest derivatives as matrices, and by each lower one as columns."""
    places: Values = {**problem.parameters, problem.domain.names[0]: x}
    wanted = sorted({key for equation in system.equations for key in equation.wanted})
    with torch.no_grad():
        values = elements.partials(x[:, None], wanted)
    columns: dict[Key, Tensor] = {
        (name, (j,)): x.new_zeros(len(x), len(system.equations))
        for name, order in system.orders.items()
        for j in range(order + 1)
    }
    for i, (_, slopes) in enumerate(pointwise(system.equations, places, values)):
        for key, slope in slopes.items():
            columns[key][:, i] = slope
    highest = [columns.pop((name, (order,))) for name, order in system.orders.items()]
    return torch.stack(highest, 2), columns


def _exponents(
    elements: Elements, problem: Problem, system: System, place: float, step: float
) -> Float[Tensor, " K"]:
    """r - (k - 1) for the solutions (x - place)^r of the linearised equations, read off at ``place + step``.

    In z_j = d^(j - k + 1) u^(j), d the distance, the equations are d z' = R z with a matrix R that has a limit.
    """
    x = torch.tensor([place + step], dtype=torch.float64)
    highest, lower = _slopes(elements, problem, system, x)
    matrix = x.new_zeros(len(lower), len(lower))
    at = {key: i for i, key in enumerate(lower)}
    solved = {
        key: -torch.linalg.lstsq(highest[0], column[0, :, None]).solution[:, 0]
        for key, column in lower.items()
    }
    for i, (name, order) in enumerate(system.orders.items()):
        for j in range(order):
            row = at[name, (j,)]
            matrix[row, row] += j - (order - 1)
            if j < order - 1:
                matrix[row, at[name, (j + 1,)]] += 1.0
                continue
            for (other, (k,)), column in solved.items():
                matrix[row, at[other, (k,)]] += column[i] * step ** (system.orders[other] - k)
    if not matrix.isfinite().all():
        return x.new_zeros(1)
    exponents: Tensor = torch.linalg.eigvals(matrix).real
    return exponents

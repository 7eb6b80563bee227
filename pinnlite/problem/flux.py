"""Does what flows in through the boundary balance the source? With slopes alone on all sides it has to.

By the divergence theorem the integral of laplacian(u) over a region is that of du/dn over its boundary.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.ball import Ball
from pinnlite.geometry.domains import Box
from pinnlite.geometry.faces import Face
from pinnlite.geometry.region import Region
from pinnlite.geometry.sampling import grid_rule
from pinnlite.problem.boundary import NORMAL
from pinnlite.problem.equations import Condition
from pinnlite.problem.frozen import Frozen
from pinnlite.problem.redundant import affine_along

_COUNTS = (900, 3600)  # points of two rules, whose distance is what they are trusted by
_TRUST = 10.0
_EXACT, _ROUGH = 1e-8, 5e-3  # relative to the integrals of absolute values; where points are scattered


def check_flux(frozen: Frozen, conditions: Sequence[Condition]) -> None:
    """Raise ProblemError where source and flux do not balance, for a multiple of the Laplacian with slopes given.

    Nothing is said of other equations, nor where the two differ by no more than their integrals may be wrong.

    Args:
        frozen: the equation and where it holds.
        conditions: those along the boundary.
    """
    coarse, fine = (_integrals(frozen, conditions, count) for count in _COUNTS)
    if coarse is None or fine is None:
        return
    exact = isinstance(frozen.domain, Box | Ball)
    slack = _TRUST * (fine - coarse).abs().amax() + (_EXACT if exact else _ROUGH) * fine[2]
    source, flux, size = fine.tolist()
    if size > 0 and abs(source - flux) > slack:
        unknown = frozen.unknowns[0]
        raise ProblemError(
            f"there is no solution: slopes are all that is given of {unknown} on the boundary, the flux through it is "
            f"{flux:.6g} in all, and the integral of laplacian({unknown}) over the domain, {source:.6g}, would have to "
            f"be the same: change the source or a slope (a constant added to either will do)"
        )


def _integrals(frozen: Frozen, conditions: Sequence[Condition], count: int) -> Float[Tensor, "3"] | None:
    """Of the Laplacian, of the slopes along the normals, and of the absolute values of both; None if not so posed."""
    (equation, *others), (unknown, *more) = frozen.equations, frozen.unknowns
    names, domain = frozen.domain.names, frozen.domain
    d = len(names)
    second = {(unknown, tuple(2 * (i == axis) for i in range(d))) for axis in range(d)}
    if others or more or not equation.linear or equation.wanted != second:
        return None
    flux = size = torch.zeros((), dtype=torch.float64)
    for face in domain.faces:
        own = [c for c in conditions if _holds_on(c, face, domain)]
        slope = _slope(own[0], face, frozen, count) if len(own) == 1 else None
        if slope is None:
            return None
        values, measure = slope
        flux, size = flux + measure @ values, size + measure @ values.abs()
    X, weights = domain.quadrature(count)
    places = {**frozen.parameters, **dict(zip(names, X.T, strict=True))}
    slopes, source = affine_along(equation, sorted(second), places)
    scale = slopes[0, 0]
    if not torch.allclose(slopes, scale, rtol=1e-12, atol=0.0) or scale == 0:
        return None
    laplacian = -source / scale
    total, size = weights @ laplacian, size + weights @ laplacian.abs()
    return torch.stack([total, flux, size])


def _holds_on(condition: Condition, face: Face, domain: Region) -> bool:
    if condition.part is not None:
        return face in condition.part.faces
    middle = face.place(torch.full((1, face.dimension), 0.5, dtype=torch.float64))[0]
    places = {at for _, _, at in condition.wanted}
    if len(places) != 1 or condition.integrals or not isinstance(domain, Box):
        return False
    fixed = [(i, value) for i, value in enumerate(next(iter(places))) if value is not None]
    return len(fixed) == 1 and all(abs(middle[i].item() - value) < 1e-12 * domain.scale for i, value in fixed)


def _slope(
    condition: Condition, face: Face, frozen: Frozen, count: int
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]] | None:
    """What a condition says of du/dn at points of a face, and their weights; None where it says something else."""
    names, d = frozen.domain.names, len(frozen.domain.names)
    if face.dimension:
        unit, weights = grid_rule(round(count**0.5), face.dimension)
    else:
        unit, weights = torch.zeros(1, 0, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    X = face.place(unit)
    normals = face.normals(X)
    weights = weights / weights.sum() * (face.area if face.dimension else 1.0) * face.holds(X)
    if not condition.linear or any(sum(index) != 1 for _, index, _ in condition.wanted):
        return None
    places = {**frozen.parameters, **dict(zip(names, X.T, strict=True))}
    places |= {NORMAL + name: column for name, column in zip(names, normals.T, strict=True)}
    keys = sorted(condition.wanted, key=str)
    slopes, rest = affine_along(condition, keys, places)
    given = torch.zeros(len(X), d, dtype=torch.float64)
    for (_, index, _), slope in zip(keys, slopes.T, strict=True):
        given[:, index.index(1)] += slope
    scale = (given * normals).sum(1)
    if (scale == 0).any() or not torch.allclose(given, scale[:, None] * normals, rtol=1e-9, atol=1e-12):
        return None
    return -rest / scale, weights

"""Does what flows in through the boundary balance the source? With slopes alone on all sides it has to.

By the divergence theorem the integral of div(k grad u) over a region is that of k du/dn over its boundary.
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
    """Raise ProblemError where source and flux do not balance, for div(k grad u) = f with slopes given all around.

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
            f"{flux:.6g} in all, and the source, the integral of the equation over the domain, {source:.6g}, would "
            "have to be the same: add a constant to a slope or to the equation"
        )


def _integrals(frozen: Frozen, conditions: Sequence[Condition], count: int) -> Float[Tensor, "3"] | None:
    """Of div(k grad u), of k du/dn on the boundary, and of the absolute values of both; None if not so posed."""
    if len(frozen.equations) > 1 or not frozen.equations[0].linear:
        return None
    domain, zero = frozen.domain, torch.zeros((), dtype=torch.float64)
    flux = size = zero
    for face in domain.faces:
        own = [c for c in conditions if _holds_on(c, face, domain)]
        slope = _slope(own[0], face, frozen, count) if len(own) == 1 else None
        conducted = None if slope is None else _conducted(frozen, slope[0])
        if slope is None or conducted is None:
            return None
        outward = conducted[0] * slope[1]
        flux, size = flux + slope[2] @ outward, size + slope[2] @ outward.abs()
    X, weights = domain.quadrature(count)
    conducted = _conducted(frozen, X)
    if conducted is None:
        return None
    return torch.stack([weights @ conducted[1], flux, size + weights @ conducted[1].abs()])


def _conducted(
    frozen: Frozen, X: Float[Tensor, "n d"]
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]] | None:
    """k and f at points, where the equation says that div(k grad u) = f; None where it says something else."""
    equation, unknown, d = frozen.equations[0], frozen.unknowns[0], X.shape[1]
    axes = [tuple(int(i == axis) for i in range(d)) for axis in range(d)]
    first = [(unknown, axis) for axis in axes]
    second = [(unknown, tuple(2 * a for a in axis)) for axis in axes]
    if not set(second) <= equation.wanted <= {*first, *second}:
        return None
    X = X.detach().clone().requires_grad_(True)
    values = {key: torch.zeros(len(X), dtype=X.dtype, requires_grad=True) for key in (*second, *first)}
    places = {**frozen.parameters, **dict(zip(frozen.domain.names, X.T, strict=True))}
    residual = equation.residual(places, values).expand(len(X))
    slopes = torch.autograd.grad(
        residual.sum(), list(values.values()), create_graph=True, allow_unused=True, materialize_grads=True
    )
    k, convection = torch.stack(slopes[:d], 1), torch.stack(slopes[d:], 1)
    gradient = torch.zeros_like(X)
    if k.requires_grad:
        (gradient,) = torch.autograd.grad(
            k[:, 0].sum(), X, retain_graph=True, allow_unused=True, materialize_grads=True
        )
    size = k.abs().amax()
    same = torch.allclose(k, k[:, :1], rtol=1e-12, atol=0.0)
    if not (size > 0 and same and torch.allclose(convection, gradient, rtol=1e-9, atol=1e-12 * size.item())):
        return None
    return k[:, 0].detach(), -residual.detach()


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
) -> tuple[Float[Tensor, "n d"], Float[Tensor, " n"], Float[Tensor, " n"]] | None:
    """Points of a face, what a condition says of du/dn there, and weights; None where it says something else."""
    names, d = frozen.domain.names, len(frozen.domain.names)
    if not condition.linear or any(sum(index) != 1 for _, index, _ in condition.wanted):
        return None
    if face.dimension:
        unit, weights = grid_rule(round(count ** (1 / max(face.dimension, 2))), face.dimension)
    else:
        unit, weights = torch.zeros(1, 0, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    X = face.place(unit)
    normals = face.normals(X)
    weights = weights / weights.sum() * (face.area if face.dimension else 1.0) * face.holds(X)
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
    return X, -rest / scale, weights

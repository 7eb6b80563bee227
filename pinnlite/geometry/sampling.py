"""Points of a box by the rule of a name: quasi-random, random, or the nodes of a quadrature."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError

# From a count, a dimension and a generator to points of the open unit cube.
Rule = Callable[[int, int, torch.Generator], Tensor]

_SOBOL_RESOLUTION = 2.0**-31
_FEW = 200  # nodes that numpy finds as exactly


def box_points(
    intervals: Sequence[tuple[float, float]], count: int, kind: str = "sobol", seed: int = 0
) -> Float[Tensor, "N d"]:
    """Points in the interior of a product of intervals.

    Args:
        intervals: ``(low, high)`` of each coordinate.
        count: how many points; a grid has as many full rows as fit.
        kind: one of

            - "sobol": a scrambled Sobol sequence, which fills the box more evenly than chance;
            - "latin": a Latin hypercube: each coordinate's interval is cut into ``count`` cells, and each cell holds
              one point;
            - "uniform": independent and uniformly distributed;
            - "gauss": the grid of Gauss-Legendre nodes;
            - "chebyshev": the grid of the zeros of a Chebyshev polynomial, dense towards the ends like the former.

        seed: decides the random kinds.

    Returns:
        float64 points ``(N, d)``, N = count but for grids; none of them on the boundary.

    Raises:
        ProblemError: the kind is unknown, or there are too few points: below 1, or for a grid fewer than 2^d.

    Source: I. Sobol, USSR Comput. Math. Math. Phys. 7 (1967), with A. Owen's scrambling; M. McKay, R. Beckman and
    W. Conover, Technometrics 21 (1979), for the hypercube.

    >>> import torch
    >>> from pinnlite.geometry.sampling import box_points
    >>> box_points([(0.0, 1.0), (2.0, 4.0)], 9, "gauss").mean(0).allclose(torch.tensor([0.5, 3.0]).double())
    True
    """
    if kind not in _RULES:
        raise ProblemError(f"unknown kind of points '{kind}': choose one of {', '.join(_RULES)}")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ProblemError(f"the number of points must be a whole number of at least 1, got {count!r}")
    low, high = torch.tensor(intervals, dtype=torch.float64).T
    unit = _RULES[kind](count, len(intervals), torch.Generator().manual_seed(seed))
    return torch.lerp(low, high, unit)


def _sobol(count: int, dimension: int, generator: torch.Generator) -> Tensor:
    seed = int(torch.randint(2**62, (), generator=generator))
    engine = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    points = engine.draw(count, dtype=torch.float64)
    # The engine's numbers are multiples of its resolution, zero among them, and its first point is one of float32.
    return points.clamp(_SOBOL_RESOLUTION, 1 - _SOBOL_RESOLUTION)


def _latin(count: int, dimension: int, generator: torch.Generator) -> Tensor:
    cells = [torch.randperm(count, generator=generator) for _ in range(dimension)]
    return (torch.stack(cells, 1) + _uniform(count, dimension, generator)) / count


def _uniform(count: int, dimension: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, dimension, generator=generator, dtype=torch.float64)


def gauss_rule(count: int) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Nodes and weights on (0, 1) that integrate polynomials of degree 2 count - 1 exactly."""
    if count <= _FEW:  # scipy takes a quarter of a second to import
        nodes, weights = np.polynomial.legendre.leggauss(count)
    else:
        # numpy's takes count^3 operations, and the memory of a matrix.
        from scipy.special import roots_legendre

        nodes, weights = roots_legendre(count)
    return (1 + torch.from_numpy(nodes)) / 2, torch.from_numpy(weights) / 2


def _gauss(count: int, dimension: int, generator: torch.Generator) -> Tensor:
    return _grid(gauss_rule(_each_way(count, dimension))[0], dimension)


def _chebyshev(count: int, dimension: int, generator: torch.Generator) -> Tensor:
    n = _each_way(count, dimension)
    angles = (torch.arange(n, dtype=torch.float64) + 0.5) * (math.pi / n)
    return _grid((1 - torch.cos(angles)) / 2, dimension)


def _each_way(count: int, dimension: int) -> int:
    """The most points in each direction of a grid of at most ``count``."""
    n: int = round(count ** (1 / dimension))
    if n**dimension > count:
        n -= 1
    if n < 2 and dimension > 1:
        raise ProblemError(
            f"a grid in {dimension} dimensions has at least {2**dimension} points, and {count} were asked for: "
            "ask for more, or for points of the kind sobol"
        )
    return n


def _grid(nodes: Float[Tensor, " n"], dimension: int) -> Float[Tensor, "N d"]:
    return torch.cartesian_prod(*[nodes] * dimension).reshape(-1, dimension)


_RULES: dict[str, Rule] = {
    "sobol": _sobol,
    "latin": _latin,
    "uniform": _uniform,
    "gauss": _gauss,
    "chebyshev": _chebyshev,
}

GRIDS = ("gauss", "chebyshev")
_MOST_DRAWN = 2**22  # points of which too few are kept: there is next to nothing to be found


def grid_rule(count: int, dimension: int) -> tuple[Float[Tensor, "N d"], Float[Tensor, " N"]]:
    """Nodes and weights of the product of Gauss-Legendre rules on the unit cube, ``count`` each way."""
    nodes, weights = gauss_rule(count)
    products = torch.cartesian_prod(*[weights] * dimension).reshape(-1, dimension).prod(1)
    return _grid(nodes, dimension), products


def accepted_points(
    intervals: Sequence[tuple[float, float]],
    count: int,
    kind: str,
    seed: int,
    place: Callable[[Tensor], Tensor],
    keep: Callable[[Tensor], Tensor],
) -> Float[Tensor, "N d"]:
    """Points of a box under a map, those that a predicate keeps: ``count`` of them, or as many as a grid leaves.

    Args:
        intervals, count, kind, seed: as for ``box_points``.
        place: from points of the box ``(n, k)`` to points ``(n, d)``.
        keep: from those to a mask ``(n,)``.

    Raises:
        ProblemError: next to nothing is kept, or as for ``box_points``.
    """
    drawn, fewest = count, 2 ** len(intervals)
    while drawn <= max(_MOST_DRAWN, 4 * count):
        X = place(box_points(intervals, drawn, kind, seed))
        X = X[keep(X)]
        if len(X) >= count:
            break
        drawn = max(int(1.1 * drawn * count / max(len(X), count / 8)), drawn + 1)
    else:
        raise ProblemError("hardly any of the points drawn are inside: the region is too thin to be sampled")
    if kind not in GRIDS:
        return X[:count]
    while len(X) > count and drawn > fewest:  # the largest grid that leaves no more than were asked for
        drawn = max((_each_way(drawn, len(intervals)) - 1) ** len(intervals), fewest)
        smaller = place(box_points(intervals, drawn, kind, seed))
        X = smaller[keep(smaller)] if keep(smaller).any() else X[:count]
    return X


def adaptive_points(
    residual: Callable[[Tensor], Tensor],
    candidates: Float[Tensor, "N d"],
    count: int,
    power: float = 1.0,
    floor: float = 1.0,
    seed: int = 0,
) -> Float[Tensor, "n d"]:
    """Points chosen where a residual is large: RAD; added to those there are already, RAR-D.

    Each candidate is drawn, without being put back, with a probability in proportion to
    ``|r|^power / mean(|r|^power) + floor``.

    Args:
        residual: from points ``(N, d)`` to ``(N,)``, or ``(N, m)`` for m equations, of which the norm counts.
        candidates: many more points than are wanted, spread evenly.
        count: how many are wanted.
        power: how strongly large residuals draw; 0 draws evenly.
        floor: how much is left to chance; 0 for RAR-D, which keeps its old points.
        seed: decides the draw.

    Raises:
        ProblemError: there are fewer candidates than points wanted, or a residual is not finite.

    Source: C. Wu, M. Zhu, Q. Tan, Y. Kartha, L. Lu, A comprehensive study of non-adaptive and residual-based adaptive
    sampling for physics-informed neural networks, Comput. Methods Appl. Mech. Engrg. 403 (2023).

    >>> import pinnlite as pl
    >>> candidates = pl.Interval(0, 1).sample(1000)
    >>> bool(pl.adaptive_points(lambda X: (X[:, 0] > 0.9).double(), candidates, 50, floor=0.0).min() > 0.9)
    True
    """
    if not 0 < count <= len(candidates):
        raise ProblemError(f"{count} points cannot be chosen among {len(candidates)} candidates")
    with torch.no_grad():
        sizes = residual(candidates).reshape(len(candidates), -1).norm(dim=1)
    if not sizes.isfinite().all():
        raise ProblemError("the residual is not finite at some of the candidates: leave those out")
    sizes = sizes.double().cpu()
    drawing = (sizes / sizes.max().clamp(min=1e-300)) ** power
    weights = drawing / drawing.mean().clamp(min=1e-300) + floor
    # The largest of log(u) / w are a draw without putting back (Efraimidis and Spirakis); an empty weight comes last.
    chance = torch.rand(len(weights), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    order = (torch.log(chance) / weights.clamp(min=1e-300)).argsort(descending=True)
    return candidates[order[:count].to(candidates.device)]

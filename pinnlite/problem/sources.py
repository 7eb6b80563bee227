"""Places where an equation or a condition has no finite value, found before time is spent on its solution."""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.geometry.region import Region
from pinnlite.problem.boundary import NORMAL
from pinnlite.problem.equations import Condition, Equation, Values

_POINTS = 512
_NEAR = 128  # points of each closer look
_LOOKS, _SETTLED = 34, 10  # halvings of the distance, and those after which growth is counted
_NARROW = 10.0  # times the median: only what is larger somewhere may be a pole
_ORDER = 0.9  # of 1/distance: logarithms and roots have solutions that can be found
_CLOSE = 1e-3  # of the domain: how far around a pole it is looked at
_TAIL, _LARGEST = 4096, 256  # points there, and how many of the largest values count
_INTEGRABLE = 1.15  # exponent of the volume where a source is larger than A: at 1 its integral is infinite
_INSIDE = 1e-6  # of the domain: what is closer to the boundary is at it
_BESIDE = 1e-3  # of a pole: a coefficient as singular as the source may balance it


def check_finite(domain: Region, statements: Iterable[Equation | Condition], parameters: Values) -> None:
    """Raise ProblemError where a linear statement has no value, or a source has no integral inside the domain.

    Such a source grows like 1/x across a line or a surface, or like 1/r^2 about a point of the plane: the volume where
    it is larger than A falls like A^-1 or slower, which the largest of many values tell (B. Hill, Ann. Statist. 3
    (1975)). Weaker ones, 1/r in the plane and log(x), leave solutions that are finite.
    """
    generator = torch.Generator().manual_seed(0)
    X = domain.sample(_POINTS, "uniform")
    for statement in statements:
        look = _Look(statement, domain, parameters)
        part = statement.part if isinstance(statement, Condition) else None
        if part is not None:
            X = part.points(_POINTS, "uniform")[0]
        source = look.residual(X, 0.0)
        lost = ~(source.isfinite() & look.residual(X, 1.0).isfinite())
        if statement.linear and lost.sum() > 1:
            raise ProblemError(
                f"'{statement.text}' has no finite value at {look.place(X[lost][0])}, as where a root or a "
                "logarithm is taken of a negative number: keep to a domain where it has one"
            )
        size = source.abs()
        if part is not None or not source.isfinite().all() or not size.amax() > _NARROW * size.median():
            continue
        pole = look.pole(X[size.argmax()], generator)
        if pole is not None:
            raise ProblemError(
                f"'{statement.text}' grows without bound at {look.place(pole)}, inside the domain, whatever the "
                "solution: leave the place out, with a domain on each side of it, or make the source finite there"
            )


class _Look:
    """A statement seen as a function of the point, with all partials alike."""

    def __init__(self, statement: Equation | Condition, domain: Region, parameters: Values) -> None:
        self.statement, self.domain, self.parameters = statement, domain, parameters
        ends = torch.tensor(list(domain.intervals.values()), dtype=torch.float64)
        self.widths = ends[:, 1] - ends[:, 0]

    def residual(self, X: Float[Tensor, "n d"], value: float) -> Float[Tensor, " n"]:
        """The residual where every partial has one value; a condition takes no notice of coordinates it fixes."""
        places = {**self.parameters, **dict(zip(self.domain.names, X.T, strict=True))}
        if isinstance(self.statement, Condition) and self.statement.part is not None:
            normals = self.statement.part.normals(X).T
            places |= {NORMAL + name: n for name, n in zip(self.domain.names, normals, strict=True)}
        values: dict[Any, Tensor] = {key: torch.full_like(X[:, 0], value) for key in self.statement.wanted}
        with torch.no_grad():
            return self.statement.residual(places, values).expand(len(X))

    def pole(self, start: Float[Tensor, " d"], generator: torch.Generator) -> Float[Tensor, " d"] | None:
        """Where the source, looked at ever more closely, grows like 1/distance; None if it does not inside."""
        best, largest = start, [self.residual(start[None], 0.0).abs().item()]
        radius = 2 * self.widths * _POINTS ** (-1 / len(start))
        for _ in range(_LOOKS):
            drawn = torch.rand(_NEAR, len(start), generator=generator, dtype=torch.float64)
            X = best + radius * (2 * drawn - 1)
            X = X[self._inside(X)]
            sizes = self.residual(X, 0.0).abs().nan_to_num(nan=0.0)
            if len(X) and sizes.amax() > largest[-1]:
                best = X[sizes.argmax()]
            largest.append(max(largest[-1], *sizes.tolist()))
            radius = radius / 2
        steps = _LOOKS - _SETTLED
        if not largest[-1] > largest[_SETTLED] * 2 ** (_ORDER * steps):
            return None
        corners = torch.cat([torch.diag(self.widths), -torch.diag(self.widths)])
        coefficients = (self.residual(best[None], 1.0) - self.residual(best[None], 0.0)).abs().item()
        if not self._inside(best + _INSIDE * corners).all() or not coefficients < _BESIDE * largest[-1]:
            return None
        return best if self._tail(best, generator) < _INTEGRABLE else None

    def _tail(self, pole: Float[Tensor, " d"], generator: torch.Generator) -> float:
        drawn = torch.rand(_TAIL, len(pole), generator=generator, dtype=torch.float64)
        X = pole + _CLOSE * self.widths * (2 * drawn - 1)
        sizes = self.residual(X[self._inside(X)], 0.0).abs()
        largest = sizes[sizes.isfinite()].log().sort(descending=True).values[:_LARGEST]
        return 1 / (largest - largest[-1]).mean().clamp(min=1e-300).item()

    def place(self, point: Float[Tensor, " d"]) -> str:
        """A point in words."""
        fixed: set[int] = set()
        if isinstance(self.statement, Condition):
            fixed = {i for _, _, at in self.statement.wanted for i, v in enumerate(at) if v is not None}
        pairs = enumerate(zip(self.domain.names, point.tolist(), strict=True))
        return ", ".join(f"{name} = {value:.3g}" for i, (name, value) in pairs if i not in fixed)

    def _inside(self, X: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        low, high = torch.tensor(list(self.domain.intervals.values()), dtype=torch.float64).T
        return (torch.minimum(X - low, high - X) > 0).all(1) & self.domain.contains(X)

"""Faces made of others: pieces of a curve, what a cut leaves of a patch, patches swept along more coordinates."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pinnlite.geometry.faces import Face

_PROBES = 2**14  # points that measure which fraction of a face is kept
_SCAN = 1024  # places along a curve where it is asked whether it is kept: shorter pieces may be missed
_HALVINGS = 50
_DIGITS = 12


@dataclass(frozen=True)
class Stretch(Face):
    """A piece of a curve, from one number of the unit interval to another."""

    curve: Face
    low: float
    high: float
    level: Callable[[Any], Any]  # of the region that it bounds, which says where outside is

    @property
    def dimension(self) -> int:
        """That of a curve."""
        return 1

    @property
    def area(self) -> float:
        """Its length."""
        return self.curve.area * (self.high - self.low)

    def place(self, unit: Float[Tensor, "n 1"]) -> Float[Tensor, "n d"]:
        """Points of the curve between the two numbers."""
        return self.curve.place(self.low + (self.high - self.low) * unit)

    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The curve's, or their opposites."""
        return _outward(self.curve, self.level, X)

    def distance(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Zero on the curve where it bounds the region."""
        return torch.maximum(self.curve.distance(X), self.level(X).abs())


@dataclass(frozen=True)
class Clipped(Face):
    """A face less what does not bound the region."""

    face: Face
    level: Callable[[Any], Any]
    keep: Callable[[Any], Any]
    known: float | None = None  # its size, where that need not be measured

    @property
    def dimension(self) -> int:
        """As before."""
        return self.face.dimension

    @property
    def area(self) -> float:
        """As before: the patch is the same."""
        return self.face.area

    @cached_property
    def _fraction(self) -> float:
        engine = torch.quasirandom.SobolEngine(self.dimension, scramble=True, seed=0)  # type: ignore[no-untyped-call]
        X = self.place(engine.draw(_PROBES, dtype=torch.float64).clamp(1e-9, 1 - 1e-9))
        return self.holds(X).double().mean().item()

    @property
    def size(self) -> float:
        """By quasi-random points, if it is not known."""
        return self.area * self._fraction if self.known is None else self.known

    def place(self, unit: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """As before."""
        return self.face.place(unit)

    def holds(self, X: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Which points bound the region."""
        kept: Tensor = self.face.holds(X) & self.keep(X)
        return kept

    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The face's, or their opposites."""
        return _outward(self.face, self.level, X)

    def distance(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Zero on the face where it bounds the region."""
        return torch.maximum(self.face.distance(X), self.level(X).abs())


@dataclass(frozen=True)
class Swept(Face):
    """A face in some of the coordinates, at every value of the others."""

    face: Face
    intervals: tuple[tuple[float, float], ...]  # of the others, which come last

    @property
    def dimension(self) -> int:
        """One number more for each of the others."""
        return self.face.dimension + len(self.intervals)

    @property
    def area(self) -> float:
        """Times the lengths of the intervals."""
        return self.face.area * self._length

    @property
    def size(self) -> float:
        """Times the lengths of the intervals."""
        return self.face.size * self._length

    @property
    def _length(self) -> float:
        return math.prod(high - low for low, high in self.intervals)

    def place(self, unit: Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """The face's points beside those of the intervals."""
        low, high = torch.tensor(self.intervals, dtype=unit.dtype, device=unit.device).T
        own, others = unit[:, : self.face.dimension], unit[:, self.face.dimension :]
        return torch.cat([self.face.place(own), torch.lerp(low, high, others)], 1)

    def holds(self, X: Float[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """As the face does."""
        return self.face.holds(self._own(X))

    def normals(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The face's, without a component along the others."""
        own = self.face.normals(self._own(X))
        return torch.cat([own, own.new_zeros(len(X), len(self.intervals))], 1)

    def distance(self, X: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """From the face in its coordinates and from the intervals in the others."""
        low, high = torch.tensor(self.intervals, dtype=X.dtype, device=X.device).T
        others = X[:, -len(self.intervals) :]
        beyond = torch.maximum(low - others, others - high).clamp(min=0).norm(dim=1)
        return torch.hypot(self.face.distance(self._own(X)), beyond)

    def _own(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        return X[:, : -len(self.intervals)]


def spans(keep: Callable[[Tensor], Tensor]) -> list[tuple[float, float]]:
    """The pieces of the unit interval on which a predicate of numbers ``(n,)`` holds, their ends by bisection."""
    t = (torch.arange(_SCAN, dtype=torch.float64) + 0.5) / _SCAN
    kept = keep(t)
    left, right = t[:-1][kept[:-1] != kept[1:]], t[1:][kept[:-1] != kept[1:]]
    before = keep(left)
    for _ in range(_HALVINGS if len(left) else 0):
        middle = (left + right) / 2
        same = keep(middle) == before
        left, right = torch.where(same, middle, left), torch.where(same, right, middle)
    # Predicates look a step to either side and are blurred by that: a round number is as good, and keeps corners exact.
    ends = [0.0] * bool(kept[0]) + [round(t, _DIGITS) for t in left.tolist()] + [1.0] * bool(kept[-1])
    return list(zip(ends[::2], ends[1::2], strict=True))


def _outward(face: Face, level: Callable[[Tensor], Tensor], X: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Normals turned to where the level rises."""
    normals = face.normals(X)
    step = 1e-5 * face.area ** (1 / max(X.shape[1] - 1, 1)) * normals
    return torch.where((level(X + step) < level(X - step))[:, None], -normals, normals)

"""How many conditions a face needs and whether time may run: the equations frozen at points, on short waves.

Where the waves run along a face and grow in time, the solutions along the inward normal y are exponentials exp(m y),
and those that decay, Re m < 0, each need one condition there (H.-O. Kreiss, Comm. Pure Appl. Math. 23 (1970)). In time
a problem may run if short waves do not grow the faster the shorter they are (J. Hadamard).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.faces import Face
from pinnlite.geometry.product import box_names
from pinnlite.geometry.region import Part, Region
from pinnlite.problem.equations import Equation, Values
from pinnlite.problem.symbol import Coefficients, State, roots, states

_STATES = 16  # so many that chance does not make all of them alike
_WAVE = 1e4  # wave number along a face
_SHORTER = 100.0  # so much that lower terms show no longer
_GROWTH = complex(1e8, 3e7)  # in time, faster than that of any wave that long
_ON_AXIS = 1e-3  # relative: no telling whether a wave grows or decays


@dataclass(frozen=True)
class Frozen:
    """A problem's equations, to be frozen at points."""

    domain: Region
    equations: Sequence[Equation]
    unknowns: tuple[str, ...]
    parameters: Values

    def order(self, column: int, face: Face | None = None) -> int | None:
        """How many data a coordinate takes in all; None where that is not the same at every state."""
        degrees = {len(symbol) - 1 for symbol in self._symbols(column, face)}
        return degrees.pop() if len(degrees) == 1 and min(degrees) >= 0 else None

    def crosses(self, column: int) -> bool:
        """Whether all that runs, runs from one end of a coordinate to the other: its highest coefficient has one sign.

        So it is with u_t + c u_x in t, whatever c is; in x not where c changes its sign.
        """
        highest = [symbol[-1] for symbol in self._symbols(column) if symbol]
        return bool(highest) and all((c / highest[0]).real > 0 for c in highest)

    def _symbols(self, column: int, face: Face | None = None) -> list[Coefficients]:
        """Along a coordinate, on waves in the others, at states inside or on a face."""
        waves = self._waves()
        waves[column] = 0j
        X = self.domain.sample(_STATES, "uniform") if face is None else _points_on(face)[0]
        return [state.along(waves, self._axis(column)) for state in dict.fromkeys(self._at(X))]

    def order_of(self, unknown: str, column: int) -> int:
        """The highest derivative of an unknown by a coordinate."""
        keys = (key for equation in self.equations for key in equation.wanted)
        return max((index[column] for name, index in keys if name == unknown), default=0)

    def needed(self, face: Face, time: int | None, sign: float) -> int | None:
        """How many conditions a face needs; None where that cannot be told or changes from state to state.

        Args:
            face: a piece of the boundary.
            time: the column of the coordinate in which the problem evolves, if there is one.
            sign: 1 where it starts at the lower end, -1 where it starts at the upper one.
        """
        X, normals = _points_on(face)
        found = self._at(X)
        if len(found) < len(X):
            return None
        counts: set[int | None] = set()
        for state, normal in dict.fromkeys(zip(found, map(tuple, normals.tolist()), strict=True)):
            counts.add(self._decaying(state, normal, time, sign))
            if len(counts) > 1:
                return None
        return counts.pop()

    def evolves(self, column: int, hyperbolic: bool) -> bool:
        """Whether the equations themselves say that all data of a coordinate of a box are at one of its ends.

        Parabolic ones do. Of hyperbolic ones it is so in one of two coordinates, and it has to be known in which.
        """
        order, shares = self.order(column), [self.needed(face, None, 1.0) for face in self.ends(column)]
        if not order:
            return False
        return shares in ([order, 0], [0, order]) or (hyperbolic and self.undamped(column))

    def undamped(self, column: int) -> bool:
        """Whether at every state no wave grows or decays along a coordinate: so it is with hyperbolic equations."""
        inward = [-n for n in self._axis(column)]
        found = dict.fromkeys(self._at(self.domain.sample(_STATES, "uniform")))
        zeros = [zero for state in found for zero in roots(self._inward(state, inward, None, 1.0, _SHORTER))]
        return bool(zeros) and all(m != 0 and abs(m.real) <= _ON_AXIS * abs(m) for m in zeros)

    def ends(self, column: int) -> tuple[Face, Face]:
        """The faces where a coordinate of a box has its lower and its upper end."""
        own = box_names(self.domain)
        place = 2 * own.index(self.domain.names[column]) - 2 * len(own)
        return self.domain.faces[place], self.domain.faces[place + 1]

    def _decaying(self, state: State, normal: Sequence[float], time: int | None, sign: float) -> int | None:
        """How many solutions decay along the inward normal; None where one does neither, or is no short wave."""
        near, far = (roots(self._inward(state, normal, time, sign, shorter)) for shorter in (1.0, 10.0))
        if any(abs(m.real) <= _ON_AXIS * abs(m) for m in (*near, *far)):
            return None
        if near and min(map(abs, far)) <= min(map(abs, near)):
            return None  # lower terms alone decide, as along a characteristic
        counts = {sum(m.real < 0 for m in zeros) for zeros in (near, far)}
        return counts.pop() if len(counts) == 1 else None

    def _inward(
        self, state: State, normal: Sequence[float], time: int | None, sign: float, shorter: float
    ) -> Coefficients:
        """The symbol along the inward normal, on waves along the face."""
        waves = [shorter * wave for wave in self._waves()]
        if time is not None:
            waves[time] = sign * _GROWTH * shorter**2
        across = sum(w * n for w, n in zip(waves, normal, strict=True))
        along = [w - across * n for w, n in zip(waves, normal, strict=True)]
        return state.along(along, [-n for n in normal])

    def explodes(self, time: int, sign: float) -> bool:
        """Whether at every state waves grow from where the problem starts, without bound the shorter they are."""
        found = dict.fromkeys(self._at(self.domain.sample(_STATES, "uniform")))
        return bool(found) and all(self._grows(state, time, sign) for state in found)

    def _grows(self, state: State, time: int, sign: float) -> bool:
        others = [i for i in range(len(self.domain.names)) if i != time]
        for waving in [*([i] for i in others), others]:
            rates = []
            for shorter in (1.0, 100.0):
                waves = [shorter * w if i in waving else 0j for i, w in enumerate(self._waves())]
                zeros = roots(state.along(waves, self._axis(time)))
                rate = max((sign * s.real for s in zeros), default=0.0)
                rates.append(rate if rate > _ON_AXIS * max(map(abs, zeros), default=0.0) else 0.0)
            if rates[0] > 0 and rates[1] > 5 * rates[0]:
                return True
        return False

    def _at(self, X: Float[Tensor, "n d"]) -> list[State]:
        return states(self.equations, self.unknowns, self.domain.names, self.parameters, X)

    def _axis(self, column: int) -> list[float]:
        return [float(i == column) for i in range(len(self.domain.names))]

    def _waves(self) -> list[complex]:
        """A short wave in each coordinate, no two of the same length."""
        return [1j * _WAVE * (1 + 0.37 * i) for i in range(len(self.domain.names))]


def _points_on(face: Face) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
    return Part("", (face,), 1.0).points(_STATES, "uniform")

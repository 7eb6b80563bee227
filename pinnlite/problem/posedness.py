"""Is a problem in several coordinates posed? The conditions at each face against those that it needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from pinnlite.errors import ProblemError
from pinnlite.geometry.domains import Box
from pinnlite.geometry.faces import Face
from pinnlite.geometry.product import box_names
from pinnlite.language.notation import TIME
from pinnlite.problem.equations import Condition
from pinnlite.problem.frozen import Frozen


@dataclass(frozen=True)
class Given:
    """The conditions at the two ends of a coordinate: at one, at the other, at both at once, and where unclear."""

    low: tuple[Condition, ...]
    high: tuple[Condition, ...]
    both: tuple[Condition, ...]
    unclear: tuple[Condition, ...]

    @property
    def clear(self) -> tuple[Condition, ...]:
        """Those of which it is known where they are."""
        return self.low + self.high + self.both

    def start(self, order: int | None) -> float | None:
        """1 where all data are at the lower end and enough for the order, -1 at the upper one; else None."""
        if not order or self.both or (self.low and self.high):
            return None
        if len(self.low) >= order:
            return 1.0
        return -1.0 if len(self.high) >= order else None


def check_posed(frozen: Frozen, conditions: Sequence[Condition], spare: int, observed: bool) -> None:
    """Raise ProblemError where a problem in several coordinates has too few or too many conditions, or may not run.

    Args:
        frozen: the equations and where they hold.
        conditions: those on parts of a box's boundary as one for each face.
        spare: how many conditions there may be beyond those needed: the number of unknown parameters.
        observed: whether observations may stand for conditions that are missing.
    """
    Posing(frozen, tuple(conditions), spare, observed).check()


@dataclass(frozen=True)
class Posing:
    """Equations and conditions, and what may make up for a wrong number of these."""

    frozen: Frozen
    conditions: tuple[Condition, ...]
    spare: int
    observed: bool

    def check(self) -> None:
        """Raise ProblemError at the first thing that is wrong."""
        domain = self.frozen.domain
        own = box_names(domain)
        columns = [domain.names.index(name) for name in own]
        self._check_any([c for c in range(len(domain.names)) if c not in columns])
        by_column = {column: self._given(column) for column in columns}
        orders = {column: self.frozen.order(column) for column in columns}
        starts = {c: sign for c in columns if (sign := by_column[c].start(orders[c])) is not None}
        time = next((c for c in starts if domain.names[c] == TIME), next(iter(starts), None))
        sign = 1.0 if time is None else starts[time]
        if time is None and TIME in own:  # its data may be incomplete
            column = domain.names.index(TIME)
            found = by_column[column]
            if not found.both and not (found.low and found.high) and self.frozen.evolves(column, True):
                time, sign = column, -1.0 if found.high else 1.0
        for column in sorted(columns, key=lambda c: c != time):
            order = orders[column]
            if order is None:
                continue
            if column == time:
                self._check_start(column, by_column[column], order, sign)
            else:
                self._check_ends(column, by_column[column], order, time, sign)
        if not isinstance(domain, Box):
            for face in domain.faces_without(own):
                self._check_face(face, time, sign)
        if time is not None and self.frozen.explodes(time, sign):
            raise self._exploding(time, sign)

    def _check_any(self, columns: Sequence[int]) -> None:
        """What runs from one end of a region to the other has to be told something on the way."""
        if self.conditions or self.observed:
            return
        if any(self.frozen.order(column) and self.frozen.crosses(column) for column in columns):
            example = f"{self.frozen.unknowns[0]} = 0 on boundary"
            raise ProblemError(
                f"there is no condition, and the equation has many solutions without: add one, such as {example}"
            )

    def _given(self, column: int) -> Given:
        """The conditions by the end of a coordinate at which they are."""
        domain, faces = self.frozen.domain, self.frozen.ends(column)
        ends = domain.intervals[domain.names[column]]
        slack = 1e-12 * (ends[1] - ends[0])
        found: dict[str, list[Condition]] = {"low": [], "high": [], "both": [], "unclear": []}
        for condition in self.conditions:
            if condition.part is not None:
                for name, face in zip(("low", "high"), faces, strict=True):
                    if face in condition.part.faces:
                        found[name].append(condition)
                continue
            places = {at for _, _, at in condition.wanted}
            if not condition.integrals and all(None not in at for at in places):
                continue  # a single point is no datum of a face
            values = {value for at in places if (value := at[column]) is not None}
            low, high = (any(abs(value - end) <= slack for value in values) for end in ends)
            edge = any(sum(value is not None for value in at) > 1 for at in places)
            if condition.integrals or (edge and (low or high)):
                found["unclear"].append(condition)
            elif low or high:
                found["both" if low and high else "low" if low else "high"].append(condition)
        return Given(**{name: tuple(each) for name, each in found.items()})

    def _check_start(self, column: int, found: Given, order: int, sign: float) -> None:
        """In time there are as many conditions as the order, all of them where it starts."""
        where, count = f"at {self._end(column, sign)}", len(found.clear)
        if count + len(found.unclear) < order and not self.observed:
            example = self._example(column, sign, count)
            if any(c.text.split()[-2:] == ["on", "boundary"] for c in self.conditions):
                example += (
                    f" (where {self.frozen.domain.names[column]} starts and ends is no part of the boundary)"
                )
            raise self._wrong_number("few", where, count, str(order), found.clear, example)
        # The data of a system may be more than its degrees of freedom: a flow without divergence starts without any.
        if count > max(order, self._orders(column)) + self.spare:
            raise self._wrong_number("many", where, count, str(order), found.clear)

    def _check_ends(self, column: int, found: Given, order: int, time: int | None, sign: float) -> None:
        """In space the two ends together take as many as the order, each its share."""
        low, high = self.frozen.ends(column)
        regular = [self.frozen.order(column, face) == order for face in (low, high)]
        shares = [
            self.frozen.needed(face, time, sign) if sound else None
            for face, sound in zip((low, high), regular, strict=True)
        ]
        ends = self._end(column, 1.0), self._end(column, -1.0)
        where = f"at {ends[0]} and {ends[1]}"
        if shares[0] is None or shares[1] is None:
            least, most = self._bounds(order, all(regular), time is None or self.frozen.crosses(column))
            needs = f"{order}"
        else:
            least = most = shares[0] + shares[1]
            needs = f"{most} ({shares[0]} at {ends[0]}, {shares[1]} at {ends[1]})"
        hyperbolic = time is None and shares == [None, None] and self.frozen.undamped(column)
        if hyperbolic and all(regular) and len(self.frozen.unknowns) == 1 and found.low and found.high:
            raise ProblemError(
                f"the problem is ill-posed: waves run along {self.frozen.domain.names[column]} undamped, and there are "
                f"conditions {where}: give all {order} at one end of one coordinate{_listed(found.low + found.high)}"
            )
        if len(found.clear) + len(found.unclear) < least and not self.observed:
            full = shares[0] is not None and len(found.low) >= shares[0]
            example = self._example(column, -1.0 if full else 1.0, len(found.high if full else found.low))
            if found.both:
                sides = (self._derivative(column, sign, len(found.both)) for sign in (1.0, -1.0))
                example = f"{' = '.join(sides)}, for to be periodic is more than to have equal values"
            raise self._wrong_number("few", where, len(found.clear), needs, found.clear, example)
        # A flow that is given on all sides and its pressure on one: more than is needed, and yet no contradiction.
        most = max(most, self._orders(column)) if len(self.frozen.unknowns) > 1 else most
        if len(found.clear) > most + self.spare:
            raise self._wrong_number("many", where, len(found.clear), needs, found.clear)
        for k, there in enumerate((found.low, found.high)):
            share, other = shares[k], shares[1 - k]
            elsewhere = len(found.high if k == 0 else found.low)
            if found.both or share is None or other is None:
                continue
            if len(there) > share + self.spare and elsewhere < other:
                raise ProblemError(
                    f"too many conditions at {ends[k]}: {len(there)} where {share} can be met, and {elsewhere} at "
                    f"{ends[1 - k]} where {other} would be needed: move {len(there) - share} to {ends[1 - k]}"
                    f"{_listed(there)}"
                )

    def _orders(self, column: int) -> int:
        """The orders of all unknowns in a coordinate together."""
        return sum(self.frozen.order_of(unknown, column) for unknown in self.frozen.unknowns)

    def _bounds(self, order: int, regular: bool, crossed: bool) -> tuple[int, int]:
        """The least and the most conditions at both ends together, where the ends' shares are not known for certain."""
        even = len(self.frozen.unknowns) == 1 and order % 2 == 0
        return order if regular and (even or crossed) else 0, order if even else 2 * order

    def _check_face(self, face: Face, time: int | None, sign: float) -> None:
        """On a face of a region that is no box."""
        needed = self.frozen.needed(face, time, sign)
        there = tuple(c for c in self.conditions if c.part is not None and face in c.part.faces)
        if needed is None or needed == len(there):
            return
        name, *others = sorted(face.names) or ["boundary"]
        where = f"on {name} ({', '.join(others)})" if others else f"on {name}"
        if len(there) < needed and not self.observed and not any(c.integrals for c in self.conditions):
            example = f"{self.frozen.unknowns[0]} = 0 on {name}"
            raise self._wrong_number("few", where, len(there), str(needed), there, example)
        if len(there) > needed + self.spare:
            raise self._wrong_number("many", where, len(there), str(needed), there)

    def _wrong_number(
        self,
        what: str,
        where: str,
        count: int,
        needs: str,
        there: Sequence[Condition],
        example: str = "",
    ) -> ProblemError:
        remedy = f"add what is missing, such as {example}" if example else "leave out what is too much"
        return ProblemError(
            f"too {what} conditions {where}: {count} where {needs} {'is' if needs == '1' else 'are'} needed: {remedy}"
            f"{_listed(there)}"
        )

    def _exploding(self, time: int, sign: float) -> ProblemError:
        return ProblemError(
            f"the problem is ill-posed: from its data at {self._end(time, sign)} on, waves grow the faster the "
            "shorter they are, as in a heat equation that runs backward: look at the signs in "
            f"'{self.frozen.equations[0].text}', or give the data at {self._end(time, -sign)}"
        )

    def _end(self, column: int, sign: float) -> str:
        name = self.frozen.domain.names[column]
        low, high = self.frozen.domain.intervals[name]
        return f"{name} = {low if sign > 0 else high:g}"

    def _example(self, column: int, sign: float, there: int) -> str:
        """A condition at an end of a coordinate that the first unknown may lack, where there are some already."""
        return f"{self._derivative(column, sign, there)} = 0"

    def _derivative(self, column: int, sign: float, order: int) -> str:
        names, unknown = self.frozen.domain.names, self.frozen.unknowns[0]
        end = self.frozen.domain.intervals[names[column]][0 if sign > 0 else 1]
        place = ", ".join(f"{end:g}" if i == column else name for i, name in enumerate(names))
        return f"{unknown}{'_' * (order > 0)}{names[column] * order}({place})"


def _listed(conditions: Sequence[Condition]) -> str:
    return "".join(f"\n  {text}" for text in dict.fromkeys(c.text for c in conditions))

"""Is a problem in several coordinates posed? The conditions at each face against those that it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnlite.errors import ProblemError
from pinnlite.geometry.domains import Box
from pinnlite.geometry.faces import Face
from pinnlite.geometry.product import Product
from pinnlite.geometry.region import Region
from pinnlite.problem.equations import Condition, Equation, Index, Values
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


def given(domain: Region, column: int, conditions: Sequence[Condition]) -> Given:
    """Sort the conditions by the end of a coordinate at which they are."""
    ends = domain.intervals[domain.names[column]]
    slack = 1e-12 * (ends[1] - ends[0])
    found: dict[str, list[Condition]] = {"low": [], "high": [], "both": [], "unclear": []}
    for condition in conditions:
        places = {at for _, _, at in condition.wanted}
        low, high = (
            any(at[column] is not None and abs(at[column] - end) <= slack for at in places) for end in ends
        )
        edge = any(sum(value is not None for value in at) > 1 for at in places)
        if condition.integrals or (edge and (low or high)):
            found["unclear"].append(condition)
        elif low or high:
            found["both" if low and high else "low" if low else "high"].append(condition)
    return Given(**{name: tuple(each) for name, each in found.items()})


def check_posed(
    domain: Region,
    equations: Sequence[Equation],
    orders: Mapping[str, Index],
    parameters: Values,
    conditions: Sequence[Condition],
    spare: int,
    observed: bool,
) -> None:
    """Raise ProblemError where a problem in several coordinates has too few or too many conditions, or may not run.

    Args:
        domain: where it is posed.
        equations: what is to hold inside.
        orders: the highest orders by unknown.
        parameters: the known ones.
        conditions: those on parts of a box's boundary as one for each face.
        spare: how many conditions there may be beyond those needed: the number of unknown parameters.
        observed: whether observations may stand for conditions that are missing.
    """
    Posing(
        Frozen(domain, equations, tuple(orders), parameters),
        tuple(conditions),
        spare,
        observed,
    ).check()


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
        own = (
            domain.names
            if isinstance(domain, Box)
            else domain.box.names
            if isinstance(domain, Product)
            else ()
        )
        columns = [domain.names.index(name) for name in own]
        by_column = {column: given(domain, column, self.conditions) for column in columns}
        orders = {column: self.frozen.order(column) for column in columns}
        starts = {c: sign for c in columns if (sign := by_column[c].start(orders[c])) is not None}
        time = next((c for c in starts if domain.names[c] == "t"), next(iter(starts), None))
        sign = 1.0 if time is None else starts[time]
        for column in columns:
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

    def _check_start(self, column: int, found: Given, order: int, sign: float) -> None:
        """In time there are as many conditions as the order, all of them where it starts."""
        if len(found.clear) > order + self.spare:
            raise self._wrong_number(
                "many", f"at {self._end(column, sign)}", len(found.clear), str(order), found.clear
            )

    def _check_ends(self, column: int, found: Given, order: int, time: int | None, sign: float) -> None:
        """In space the two ends together take as many as the order, each its share."""
        faces = self.frozen.domain.faces_without(())[-2 * self._box_size() :]
        place = 2 * (column - len(self.frozen.domain.names) + self._box_size())
        low, high = faces[place], faces[place + 1]
        shares = [self.frozen.needed(face, time, sign) for face in (low, high)]
        ends = self._end(column, 1.0), self._end(column, -1.0)
        where = f"at {ends[0]} and {ends[1]}"
        if shares[0] is None or shares[1] is None:
            least, most = self._bounds(column, order, (low, high), time)
            needs = f"{order}"
        else:
            least = most = shares[0] + shares[1]
            needs = f"{most} ({shares[0]} at {ends[0]}, {shares[1]} at {ends[1]})"
        if len(found.clear) + len(found.unclear) < least and not self.observed:
            raise self._wrong_number("few", where, len(found.clear), needs, found.clear, column)
        if len(found.clear) > most + self.spare:
            raise self._wrong_number("many", where, len(found.clear), needs, found.clear)
        for share, there, elsewhere, k in (
            (shares[0], found.low, found.high, 0),
            (shares[1], found.high, found.low, 1),
        ):
            if share is not None and len(there) > share + self.spare and not found.both:
                raise ProblemError(
                    f"too many conditions at {ends[k]}: {len(there)} where {share} can be met, and "
                    f"{len(elsewhere)} at {ends[1 - k]} where {shares[1 - k]} would be needed: move "
                    f"{len(there) - share} to {ends[1 - k]}{_listed(there)}"
                )

    def _bounds(self, column: int, order: int, faces: tuple[Face, Face], time: int | None) -> tuple[int, int]:
        """The least and the most conditions at both ends together, where the ends' shares are not known for certain."""
        regular = all(self.frozen.order(column, face) == order for face in faces)
        even = len(self.frozen.unknowns) == 1 and order % 2 == 0
        if regular and (even or time is None):
            return order, order if even else 2 * order
        return 0, order if even else 2 * order

    def _check_face(self, face: Face, time: int | None, sign: float) -> None:
        """On a face of a region that is no box."""
        needed = self.frozen.needed(face, time, sign)
        there = tuple(c for c in self.conditions if c.part is not None and face in c.part.faces)
        if needed is None or needed == len(there):
            return
        name = sorted(face.names)[0] if face.names else "boundary"
        if len(there) < needed and not self.observed and not any(c.integrals for c in self.conditions):
            raise self._wrong_number("few", f"on {name}", len(there), str(needed), there)
        if len(there) > needed + self.spare:
            raise self._wrong_number("many", f"on {name}", len(there), str(needed), there)

    def _wrong_number(
        self,
        what: str,
        where: str,
        count: int,
        needs: str,
        there: Sequence[Condition],
        column: int | None = None,
    ) -> ProblemError:
        unknown, names = self.frozen.unknowns[0], self.frozen.domain.names
        if what == "many":
            remedy = "leave out what is too much"
        elif column is None:
            remedy = f"add what is missing, such as {unknown} = 0 {where}"
        elif any(c in given(self.frozen.domain, column, self.conditions).both for c in there):
            remedy = (
                "where values at both ends are equal, their derivatives have to be made equal too: "
                + " = ".join(
                    f"{unknown}_{names[column]}({self._arguments(column, sign)})" for sign in (1.0, -1.0)
                )
            )
        else:
            remedy = f"add what is missing, such as {unknown}({self._arguments(column, 1.0)}) = 0"
        return ProblemError(
            f"too {what} conditions {where}: {count} where {needs} {'is' if needs == '1' else 'are'} needed: {remedy}"
            f"{_listed(there)}"
        )

    def _exploding(self, time: int, sign: float) -> ProblemError:
        name = self.frozen.domain.names[time]
        way, end = ("forward", "start") if sign > 0 else ("backward", "end")
        return ProblemError(
            f"the problem is ill-posed: from its data at {self._end(time, sign)} waves grow {way} in {name} the faster the "
            f"shorter they are, as those of a heat equation that runs backward do, so that the solution does not depend "
            f"continuously on the data: look at the signs in '{self.frozen.equations[0].text}', or give the data at the "
            f"other {'end' if end == 'start' else 'start'} of {name}"
        )

    def _end(self, column: int, sign: float) -> str:
        name = self.frozen.domain.names[column]
        low, high = self.frozen.domain.intervals[name]
        return f"{name} = {low if sign > 0 else high:g}"

    def _arguments(self, column: int, sign: float) -> str:
        names = self.frozen.domain.names
        end = self.frozen.domain.intervals[names[column]][0 if sign > 0 else 1]
        return ", ".join(f"{end:g}" if i == column else name for i, name in enumerate(names))

    def _box_size(self) -> int:
        domain = self.frozen.domain
        return len(domain.box.names) if isinstance(domain, Product) else len(domain.names)


def _listed(conditions: Sequence[Condition]) -> str:
    return "".join(f"\n  {text}" for text in dict.fromkeys(c.text for c in conditions))

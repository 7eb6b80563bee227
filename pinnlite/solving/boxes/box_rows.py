"""The rows of a problem on a partition into boxes: equations at points, conditions on their places, joints.

Every row is in the units of its box: the terms of an equation count by what they are on the scale of the box, so that
neither small boxes nor small coefficients (a thin layer's) weigh less than others.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Equation, Key, Values
from pinnlite.problem.problem import Problem
from pinnlite.solving.boxes.block_elimination import Rows, solve_blocks
from pinnlite.solving.boxes.box_conditions import BoxConditions
from pinnlite.solving.boxes.box_joints import BoxJoints
from pinnlite.solving.boxes.box_points import reference_points, scale
from pinnlite.solving.clock import Clock
from pinnlite.solving.residuals import pointwise
from pinnlite.trials.boxes import Boxes, members, multi_indices
from pinnlite.trials.partition import Partition

_TINY = 1e-300
_FAINT = 1e-9  # weight of a row that is to decide only where no other does
_FIRM = 1e6  # weight of a row that decides whatever others say


@dataclass(frozen=True, eq=False)
class Solved:
    """What one least-squares solve gives."""

    boxes: Boxes
    amplification: float  # of noise in the rows: the reciprocal of the smallest singular value, roughly
    sensitivity: float = math.inf  # of the rows to the unknown parameters, once the functions have followed


class BoxRows:
    """A problem on a partition, for series of one degree; other ``equations`` may stand for the problem's own.

    Observations are rows among others, unless ``blind`` is a number. Then equations and conditions alone determine the
    functions, which noise would bend, and observations the unknown parameters; these stay as they are where a change of
    what is observed would be less than ``blind``, relative to the functions.
    """

    def __init__(
        self,
        problem: Problem,
        partition: Partition,
        degree: int,
        clock: Clock,
        equations: Sequence[Equation] | None = None,
        blind: float | None = None,
    ) -> None:
        self.equations = problem.equations if equations is None else equations
        self.problem, self.partition, self.degree, self.clock = problem, partition, degree, clock
        self.dimension = len(problem.domain.names)
        self.size = len(multi_indices(degree, self.dimension))
        self.reference = reference_points(degree, self.dimension)
        self.points = partition.points(self.reference).flatten(0, 1)
        self.faces = partition.faces() if len(partition) > 1 else []
        self.blind = blind
        self.conditions = BoxConditions(problem, partition, degree, self.faces)
        self.joints = BoxJoints(problem, partition, degree, self.faces)
        # Of equations and conditions, as they were last linearised.
        self.units: list[Float[Tensor, "#E"]] = []

    # --- linear algebra -------------------------------------------------------------------------------------------

    def solve(self, guess: Boxes) -> Solved:
        """The functions that make the rows, linearised at ``guess``, as small as can be."""
        E, F, unknowns = len(self.partition), len(self.faces), self.problem.unknowns
        widths = dict.fromkeys(range(E), self.size * len(unknowns))
        widths |= {E + f: self.joints.width(face) for f, face in enumerate(self.faces)}
        order = [[cell] for cell in range(E)]
        order += [[E + f for f in group] for group in self.partition.dissection(self.faces)]
        if self.problem.unknown_parameters:
            widths[E + F] = len(self.problem.unknown_parameters)
            order.append([E + F])
        order = [[g for g in group if widths[g]] for group in order]
        found = solve_blocks(self._rows(guess), widths, [group for group in order if group], self.clock)
        whole = torch.stack([found[cell] for cell in range(E)])
        numbers = found.get(E + F, whole.new_zeros(0, whole.shape[2]))
        amplification, sensitivity = whole[..., 1].abs().amax().nan_to_num(math.inf).item(), math.inf
        size, scale = whole[..., 0].abs().amax().item(), self._scale(guess)
        if not (len(numbers) and 0 < size < math.inf):
            pass
        elif self.blind is not None:
            slopes, left = self._told(guess, whole, numbers)
            sensitivity = torch.linalg.svdvals(slopes * scale)[-1].item() / size
            if len(left) >= len(numbers) and sensitivity > self.blind:
                change = torch.linalg.lstsq(slopes, left[:, None]).solution[:, 0]
                whole[..., 0] += whole[..., 2:] @ change
                numbers[:, 0] += change
        else:  # from the inverse of the normal equations of the parameters alone
            inverse = numbers[:, 2:] / _FAINT**2 / scale[:, None] / scale
            sensitivity = torch.linalg.matrix_norm(inverse, 2).item() ** -0.5 / size
        each = whole[..., 0].view(E, len(unknowns), self.size)
        boxes = Boxes(
            self.partition,
            self.degree,
            {name: each[:, i] for i, name in enumerate(unknowns)},
            dict(zip(self.problem.unknown_parameters, numbers[:, 0], strict=True)),
        )
        return Solved(boxes, amplification, sensitivity)

    def _told(
        self, guess: Boxes, found: Float[Tensor, "E P k"], numbers: Float[Tensor, "p k"]
    ) -> tuple[Float[Tensor, "R p"], Float[Tensor, " R"]]:
        """What observations and conditions say of the parameters: slopes by these, and what is left to be met.

        The columns: the functions for the parameters as they are guessed, noise, and their slopes by each parameter.
        """
        slopes, left = [], []
        for piece in self.conditions.pieces:
            groups, matrix, right, _ = self.conditions.linearised(piece, guess)
            rows = matrix @ torch.cat([*(found[group] for group in groups), numbers])
            slopes.append(rows[:, 2:])
            left.append(right - rows[:, 0])
        return torch.cat(slopes), torch.cat(left)

    def _scale(self, guess: Boxes) -> Float[Tensor, " p"]:
        """What changes of the unknown parameters are measured by."""
        sought = self.problem.unknown_parameters.items()
        return torch.tensor([each.scale(guess.parameters[name].item()) for name, each in sought]).double()

    def _rows(self, guess: Boxes) -> Iterator[Rows]:
        generator = torch.Generator().manual_seed(0)
        for groups, matrix, right in self._statements(guess):
            noise = torch.rand(len(right), generator=generator, dtype=torch.float64) - 0.5
            yield Rows(
                groups, matrix, torch.cat([torch.stack([right, noise], 1), self._spare(len(right))], 1)
            )
        for groups, matrix in self.joints.rows():
            right = torch.zeros(len(matrix), 2, dtype=torch.float64)
            yield Rows(groups, matrix, torch.cat([right, self._spare(len(matrix))], 1))
        # A parameter that nothing depends on as yet stays as it was guessed.
        if self._parameter_group:
            weight = _FAINT if self.blind is None else _FIRM
            numbers = torch.stack([guess.parameters[name] for name in self.problem.unknown_parameters])
            own = torch.eye(len(numbers), dtype=torch.float64)
            right = torch.cat([torch.stack([numbers, torch.zeros_like(numbers)], 1), own], 1)
            yield Rows(self._parameter_group, weight * own, weight * right)

    def _spare(self, count: int) -> Float[Tensor, "n p"]:
        """A right side for each parameter, of rows that do not speak of these alone."""
        return torch.zeros(count, len(self.problem.unknown_parameters), dtype=torch.float64)

    def is_flat(self, boxes: Boxes) -> bool:
        """Whether an equation has no slope by any partial there, as u_xx u_yy - u_xy^2 = f has none at u = 0."""
        return any(
            not any((slope != 0).any() for slope in slopes.values())
            for _, slopes, _ in self._equations(boxes)
        )

    def is_finite(self, boxes: Boxes) -> bool:
        """Whether every equation has a value and slopes there, as log(u) has none for u = 0."""
        return all(
            bool(each.isfinite().all())
            for residual, slopes, _ in self._equations(boxes)
            for each in (residual, *slopes.values())
        )

    def misfit(self, boxes: Boxes) -> float:
        """Root of the sum of squared residuals of equations and conditions, in the units of the last linearisation."""
        residuals = [residual for residual, _, _ in self._equations(boxes)]
        residuals += [self.conditions.residual(piece, boxes) for piece in self.conditions.pieces]
        scaled = [
            residual / (unit[:, None] if residual.ndim > 1 else unit)
            for residual, unit in zip(residuals, self.units, strict=True)
        ]
        return float(torch.cat([rows.flatten() for rows in scaled]).norm().nan_to_num(math.inf))

    def imbalance(self, boxes: Boxes) -> tuple[Float[Tensor, " E"], Float[Tensor, "E d"]]:
        """For each cell the largest residual, relative to what its terms are for functions of this size, and where."""
        left = torch.zeros(len(self.partition), dtype=torch.float64)
        spots = (self.partition.low + self.partition.high) / 2
        points = self.points.view(len(self.partition), -1, self.dimension)
        units = iter(self.units)
        for residual, _, _ in self._equations(boxes):
            worst, at = (residual.abs() / next(units)[:, None]).max(1)
            larger = worst > left
            spots[larger] = points[larger, at[larger]]
            left = torch.maximum(left, worst)
        for piece in self.conditions.pieces:
            unit = next(units)
            if piece.observed and self.blind is not None:
                continue  # no finer box resolves what observations scatter by
            worst, at = (self.conditions.residual(piece, boxes).abs() / unit).max(0)
            for place, cell in piece.cells.items():
                if worst > left[cell]:
                    left[cell], spots[cell] = worst, piece.points[place][at]
        return (left / boxes.amplitude).nan_to_num(math.inf), spots

    # --- equations ------------------------------------------------------------------------------------------------

    def _statements(self, guess: Boxes) -> Iterator[tuple[tuple[int, ...], Tensor, Tensor]]:
        """Groups, matrix and right side of equations in each cell and of conditions."""
        E, n = len(self.partition), len(self.reference)
        parameters = self._parameter_group
        self.units = []
        for residual, slopes, values in self._equations(guess):
            unit = self._unit(slopes)
            self.units.append(unit)
            right = (sum(slopes[key] * values[key] for key in slopes) - residual) / unit[:, None]
            for cell in range(E):
                matrix = torch.zeros(n, len(self.problem.unknowns), self.size, dtype=torch.float64)
                beside = torch.zeros(n, len(self.problem.unknown_parameters), dtype=torch.float64)
                for (name, index), slope in slopes.items():
                    weight = slope[cell] / unit[cell]
                    if name in self.problem.unknown_parameters:
                        beside[:, self._parameter(name)] += weight
                    else:
                        weight = weight * scale(self.partition, index)[cell]
                        matrix[:, self._unknown(name)] += weight[:, None] * self._table(index)
                yield (cell, *parameters), torch.cat([matrix.flatten(1), beside], 1), right[cell]
        for piece in self.conditions.pieces:
            groups, matrix, right, unit = self.conditions.linearised(piece, guess)
            self.units.append(unit)
            if not (piece.observed and self.blind is not None):
                yield (*groups, *parameters), matrix, right

    def _equations(self, guess: Boxes) -> Iterator[tuple[Tensor, dict[Key, Tensor], dict[Key, Tensor]]]:
        """Residuals, slopes and partials of each equation, ``(E, n)``."""
        shape = (len(self.partition), len(self.reference))
        places: Values = {**self.problem.parameters, **self._coordinates(self.points)}
        for equation in self.equations:
            values = {key: self._values(key, guess) for key in equation.wanted}
            flat = {key: value.reshape(-1) for key, value in values.items()}
            ((residual, slopes),) = pointwise([equation], places, flat)
            spread = {key: slope.expand(shape[0] * shape[1]).view(shape) for key, slope in slopes.items()}
            yield residual.expand(shape[0] * shape[1]).view(shape), spread, values

    def _values(self, key: Key, guess: Boxes) -> Float[Tensor, "E n"]:
        name, index = key
        if name in guess.parameters:
            return guess.parameters[name].expand(len(self.partition), len(self.reference))
        return (guess.coefficients[name] @ self._table(index).T) * scale(self.partition, index)[:, None]

    def _unit(self, slopes: Mapping[Key, Float[Tensor, "E n"]]) -> Float[Tensor, " E"]:
        """For each cell the size that the largest term has for functions of size and scale one."""
        sizes = [
            slope.abs().amax(1) * scale(self.partition, index)
            for (name, index), slope in slopes.items()
            if name in self.problem.unknowns
        ]
        if not sizes:
            return torch.ones(len(self.partition), dtype=torch.float64)
        return torch.stack(sizes).amax(0).clamp(min=_TINY)

    @lru_cache(maxsize=32)  # noqa: B019
    def _table(self, index: tuple[int, ...]) -> Float[Tensor, "n P"]:
        return members(self.reference, self.degree, index)

    # --- names and numbers ----------------------------------------------------------------------------------------

    @property
    def _parameter_group(self) -> tuple[int, ...]:
        return (len(self.partition) + len(self.faces),) if self.problem.unknown_parameters else ()

    def _unknown(self, name: str) -> int:
        return self.problem.unknowns.index(name)

    def _parameter(self, name: str) -> int:
        return list(self.problem.unknown_parameters).index(name)

    def _coordinates(self, X: Float[Tensor, "N d"]) -> dict[str, Tensor]:
        return dict(zip(self.problem.domain.names, X.T, strict=True))

"""The rows of a problem on a partition: equations and conditions in each cell, and continuity from cell to cell.

Every row is in the unit that the unknowns have: terms are divided by what they are for functions of size 1 on the
scale of the cell, so that small cells do not drown large ones.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.geometry.sampling import box_points, gauss_rule
from pinnlite.problem.problem import Problem
from pinnlite.problem.sample import by_name
from pinnlite.solving.boxes.block_elimination import Rows, Stopped, solve_blocks
from pinnlite.solving.clock import Clock
from pinnlite.solving.dense import Block, condition_blocks, equation_blocks
from pinnlite.trials.partition import Face, Partition
from pinnlite.trials.patchwork import Patchwork
from pinnlite.trials.ridge import Ridge

_POINTS = 2.0  # of the equations for each feature
_ALONG = 0.7  # points of a condition, and of a side, for each feature along a line
_LOOKS = 512  # points of a cell by which it is asked whether it is in the region
_DRAWS = 8  # times as many points are drawn to find enough of a cell that are in the region
_VARIATION = 0.3  # of a cell: what its features vary over
_JOINED = 3.0  # weight of continuity beside conditions
_TINY = 1e-300
_LEAST_SHARE = 0.1  # of a cell in the region, for a layer of its own
_MOST_ON_A_PART = 300_000  # points of a condition
_ROUNDING = 1e-15  # of a cell's rows: features are dependent, and coefficients that cancel are of no use


class PatchRows:
    """A problem of two coordinates on cells that meet its region, with one layer of features for each."""

    def __init__(
        self,
        problem: Problem,
        patchwork: Patchwork[Ridge],
        slivers: Float[Tensor, "n d"],
        seed: int,
        clock: Clock,
    ) -> None:
        self.problem, self.patchwork, self.clock = problem, patchwork, clock
        self.width = patchwork.pieces[0].features.width
        self.along = round(_ALONG * 2 * self.width**0.5)
        self.slivers = slivers
        own = interior_points(problem, patchwork.partition, round(_POINTS * self.width), seed)
        near = patchwork.partition.locate(slivers)
        self.points = [torch.cat([X, slivers[near == cell]]) for cell, X in enumerate(own)]
        self.conditions = self._placed(seed)
        self.faces = [(face, X) for face in patchwork.partition.faces() if len(X := self._shared(face))]

    def solve(self) -> float:
        """Move all coefficients to the least squares of the rows, linearised where they are; how far u moves by it.

        That is the largest change of an unknown at the points, relative to its largest value.
        """
        layers, E = self.patchwork.pieces, len(self.patchwork.pieces)
        widths = dict.fromkeys(range(E), layers[0].coefficients.numel())
        widths |= {
            E + f: self._told(face, face.first, X)[0].shape[0] for f, (face, X) in enumerate(self.faces)
        }
        order = [[cell] for cell in range(E)]
        only = [face for face, _ in self.faces]
        order += [[E + f for f in group] for group in self.patchwork.partition.dissection(only)]
        seen = {group for groups in order for group in groups}
        order += [[group] for group in widths if group not in seen]
        found = solve_blocks(self._rows(), widths, order, self.clock)
        before = self._values()
        with torch.no_grad():
            for cell, layer in enumerate(layers):
                layer.coefficients += found[cell].view_as(layer.coefficients)
        after = self._values()
        lengths = (after - before).abs().amax(1) / after.abs().amax(1).clamp(min=_TINY)
        return lengths.amax().nan_to_num(nan=math.inf).item()

    def _values(self) -> Float[Tensor, "m N"]:
        """The unknowns at all points of the interior."""
        keys = [(unknown, (0,) * len(self.problem.domain.names)) for unknown in self.problem.unknowns]
        with torch.no_grad():
            each = [
                layer.partials(X, keys) for layer, X in zip(self.patchwork.pieces, self.points, strict=True)
            ]
        return torch.stack([torch.cat([values[key] for values in each]) for key in keys])

    def imbalance(self, seed: int) -> tuple[Float[Tensor, " E"], Float[Tensor, "E d"]]:
        """For each cell what its statements and sides leave at other points, in the unit of the unknowns, and where."""
        others = PatchRows(self.problem, self.patchwork, self.slivers, seed, self.clock)
        E = len(self.patchwork.pieces)
        places: list[list[Tensor]] = [[] for _ in range(E)]
        squares: list[list[Tensor]] = [[] for _ in range(E)]
        with torch.no_grad():
            for cell, layer in enumerate(self.patchwork.pieces):
                for block in others.blocks(cell):
                    (X, _), *_ = block.at.values()
                    places[cell].append(X)
                    squares[cell].append(block.rows(layer).square())
            for face, X in others.faces:
                told = [self._told(face, cell, X)[0] for cell in (face.first, face.second)]
                jumps = (told[0] - told[1]).square().view(-1, len(X)).sum(0) / len(X)
                for cell in (face.first, face.second):
                    places[cell].append(X)
                    squares[cell].append(jumps)
        sizes = [torch.cat(each) for each in squares]
        spots = [torch.cat(X)[own.argmax()] for X, own in zip(places, sizes, strict=True)]
        return torch.stack([own.sum().sqrt() for own in sizes]), torch.stack(spots)

    def blocks(self, cell: int) -> list[Block]:
        """Equations and conditions of a cell, in the unit of the unknowns."""
        trial = self.patchwork.pieces[cell]
        blocks = equation_blocks(self.problem, self.points[cell]) if len(self.points[cell]) else []
        stated = by_name(self.problem.stated)
        own = {name: X[cell] for name, X in self.conditions.items() if cell in X}
        blocks += condition_blocks(self.problem, {name: stated[name] for name in own}, own)
        lengths = (_VARIATION * self.patchwork.partition.half[cell]).tolist()
        return [replace(b, weight=b.weight / b.terms(trial, lengths)[1]) for b in blocks]

    def _rows(self) -> Iterator[Rows]:
        for cell, layer in enumerate(self.patchwork.pieces):
            parts = [block.linearized(layer) for block in self.blocks(cell)]
            columns = layer.coefficients.numel()
            damped = torch.eye(columns, dtype=torch.float64)
            size = 1.0
            if parts:
                matrix = torch.cat([jacobian for _, jacobian in parts])
                size = matrix.norm().item()
                yield Rows((cell,), matrix, -torch.cat([rows for rows, _ in parts])[:, None])
            yield Rows((cell,), _ROUNDING * size * damped, torch.zeros(columns, 1, dtype=torch.float64))
        E = len(self.patchwork.pieces)
        for f, (face, X) in enumerate(self.faces):
            for cell in (face.first, face.second):
                rows, jacobian = self._told(face, cell, X)
                weight = _JOINED * len(X) ** -0.5
                own = torch.eye(len(rows), dtype=torch.float64)
                yield Rows((cell, E + f), weight * torch.cat([jacobian, -own], 1), -weight * rows[:, None])

    def _told(
        self, face: Face, cell: int, X: Float[Tensor, "n d"]
    ) -> tuple[Float[Tensor, " w"], Float[Tensor, "w P"]]:
        """What a cell says of a face: the unknowns and their derivatives across it, one fewer than equations have."""
        layer, axis = self.patchwork.pieces[cell], face.axis
        length = self.patchwork.partition.half[[face.first, face.second], axis].amin().item() * _VARIATION
        rows, jacobians = [], []
        for name, orders in self.problem.orders.items():
            for derivative in range(orders[axis]):
                key = (name, tuple(derivative * (i == axis) for i in range(X.shape[1])))
                scale = X.new_full((len(X),), length**derivative)
                with torch.no_grad():
                    rows.append(scale * layer.partials(X, [key])[key])
                jacobians.append(layer.jacobian(X, {key: scale}))
        if not rows:
            return X.new_zeros(0), X.new_zeros(0, layer.coefficients.numel())
        return torch.cat(rows), torch.cat(jacobians)

    def _shared(self, face: Face) -> Float[Tensor, "n d"]:
        """Gauss points of a face that are in the region."""
        nodes = gauss_rule(self.along)[0]
        X = face.low + (face.high - face.low) * nodes[:, None]
        inside: Tensor = X[self.problem.domain.contains(X)]
        return inside

    def _placed(self, seed: int) -> dict[str, dict[int, Tensor]]:
        """For each condition its points by the cell that they are in, so many that the least cell has enough."""
        partition, shortest = self.patchwork.partition, self.patchwork.partition.half.amin().item()
        found: dict[str, dict[int, Tensor]] = {}
        extent = partition.extent.amax().item()
        count = round(4 * self.along * extent / shortest)
        if count > _MOST_ON_A_PART:
            raise Stopped
        points = self.problem.sample(1, conditions=count, seed=seed)
        for name in by_name(self.problem.stated):
            if self.clock.overruns(0.0):
                raise Stopped
            X = points[name]
            cells = partition.locate(X)
            found[name] = {}
            for cell in torch.unique(cells).tolist():
                own = X[cells == cell]
                step = len(own) // (2 * self.along) | 1  # a large cell has more than it needs
                found[name][cell] = own[
                    ::step
                ]  # odd, since every second point of a Sobol sequence is on one half
        return found


def interior_points(
    problem: Problem, partition: Partition, count: int, seed: int
) -> list[Float[Tensor, "n d"]]:
    """So many points of the region in each cell, or all that are found in a cell that is hardly in it."""
    d = partition.low.shape[1]
    # Dense towards the sides, as the points of a side are: a function may do as it likes where no row looks at it.
    reference = box_points([(0.0, math.pi)] * d, _DRAWS * count, seed=seed).cos()
    inside = problem.domain.contains(partition.points(reference).flatten(0, 1)).view(len(partition), -1)
    return [X[mask][:count] for X, mask in zip(partition.points(reference), inside, strict=True)]


def meeting(problem: Problem, partition: Partition, seed: int) -> tuple[Partition, Float[Tensor, "n d"]]:
    """The cells that are in the region for a good part, and points of what little it has in others.

    A sliver has too few points for a layer of its own: the layer of the nearest cell goes on into it.
    """
    X = partition.points(box_points([(-1.0, 1.0)] * partition.low.shape[1], _LOOKS, seed=seed))
    inside = problem.domain.contains(X.flatten(0, 1)).view(len(partition), -1)
    kept = inside.double().mean(1) >= _LEAST_SHARE
    return Partition(partition.low[kept], partition.high[kept]), X[inside & ~kept[:, None]]

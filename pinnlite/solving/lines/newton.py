"""Newton's method on a partition: elements condensed to their states, states joined in a chain with the conditions.

Within an element the coefficients are eliminated in favour of its left state (U. Ascher, J. Christiansen and
R. D. Russell, A collocation solver for mixed order systems of boundary value problems, Math. Comp. 33, 1979). Steps
are damped by the natural monotonicity test (P. Deuflhard, Newton Methods for Nonlinear Problems, section 3.3): a step
is as long as the next correction with the same matrix comes out shorter, which no scaling of the equations can fool.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.problem.equations import Condition, Placed
from pinnlite.solving.lines.chain import Row, solve_chain
from pinnlite.solving.lines.collocation import Collocation
from pinnlite.solving.residuals import Monitor, pointwise
from pinnlite.trials.elements import TINY
from pinnlite.trials.trial import Approximation

_STEPS = 40
_SMALLEST_DAMPING = 2.0**-14


@dataclass(frozen=True)
class Guess:
    """A point of Newton's method: physical states at the edges, scaled rows of the elements."""

    states: Float[Tensor, "E1 K"]
    rows: Float[Tensor, "E W"]

    def moved(self, by: "Guess", damping: float) -> "Guess":
        """This point plus a multiple of a step."""
        return Guess(self.states + damping * by.states, self.rows + damping * by.rows)


@dataclass(frozen=True)
class Frozen:
    """The equations of the elements at one point: residual, factorised Jacobian, response to the left state."""

    residual: Float[Tensor, "E mn"]
    factors: tuple[Tensor, Tensor]
    response: Float[Tensor, "E mn K"]


class Chain:
    """The Newton equations of one partition."""

    def __init__(
        self,
        collocation: Collocation,
        conditions: Sequence[Condition],
        observations: Sequence[Condition],
        edges: Float[Tensor, " E1"],
    ) -> None:
        self.collocation, self.edges = collocation, edges
        self.conditions, self.observations = conditions, observations
        self.half = (edges[1:] - edges[:-1]) / 2
        self.scale = self.half[:, None] ** collocation.powers  # physical states times this are scaled ones

    def interpolate(self, elements: Approximation) -> Guess:
        """An approximation carried over to this partition."""
        nodes = torch.tensor(self.collocation.nodes, dtype=self.edges.dtype)
        points = self.edges[:-1, None] + self.half[:, None] * (1 + nodes)
        orders = self.collocation.orders
        at_edges = elements.partials(
            self.edges[:, None], [(u, (j,)) for u, k in orders.items() for j in range(k)]
        )
        states = (
            torch.stack(list(at_edges.values()), 1) if at_edges else self.edges.new_zeros(len(self.edges), 0)
        )
        blocks = [states[:-1] * self.scale]
        for unknown, k in orders.items():
            highest = elements.partials(points.reshape(-1, 1), [(unknown, (k,))])[unknown, (k,)]
            blocks.append(
                highest.view_as(points) @ self.collocation.from_nodes[unknown].T * self.half[:, None] ** k
            )
        return Guess(states, torch.cat(blocks, 1))

    def solve(self, guess: Guess, linear: bool, monitor: Monitor) -> Guess | None:
        """Newton's method; None where it does not converge."""
        frozen = self.freeze(guess)
        for count in range(_STEPS):
            if monitor(count, 0.0):
                return None
            step = self.correction(guess, frozen.residual, frozen)
            scale = self._scale(guess, guess.moved(step, 1.0))
            length = self._length(step, scale)
            if not length < torch.inf:
                return None
            damping = 1.0
            while True:
                trial = guess.moved(step, damping)
                ahead = self.freeze(trial)
                follow = self.correction(trial, ahead.residual, frozen)
                shorter = self._length(follow, scale)
                if shorter <= (1 - damping / 4) * length or shorter < 1e-12 or linear:
                    break
                damping /= 2
                if damping < _SMALLEST_DAMPING:
                    return None
            guess, frozen = trial, ahead
            # Where observations contradict each other the matrix goes on changing with the residual that they leave.
            settled = length < 1e-8 if self.observations and not linear else shorter < 1e-12 or linear
            if damping == 1.0 and settled:
                return trial.moved(follow, 1.0)
        return None

    def freeze(self, guess: Guess) -> Frozen:
        """Linearise the elements at ``guess`` and eliminate their inner coordinates."""
        K = self.collocation.states
        residual, jacobian = self.collocation.linearize(self.edges[:-1], self.half, guess.rows)
        lu, pivots, _ = torch.linalg.lu_factor_ex(jacobian[..., K:])
        response = -torch.linalg.lu_solve(lu, pivots, jacobian[..., :K] * self.scale[:, None, :])
        return Frozen(residual, (lu, pivots), response)

    def correction(self, at: Guess, residual: Tensor, frozen: Frozen) -> Guess:
        """Step that the frozen linearisation asks for at ``at``, where the elements' residual is ``residual``."""
        inner = -torch.linalg.lu_solve(*frozen.factors, residual[..., None])[..., 0]
        K, end = self.collocation.states, self.collocation.end
        right = at.rows @ end.T + inner @ end[:, K:].T
        transfer = (end[:, :K] * self.scale[:, None, :] + end[:, K:] @ frozen.response) / self.scale[
            ..., None
        ]
        hard = self._condition_rows(self.conditions, at, inner, frozen.response)
        soft = self._condition_rows(self.observations, at, inner, frozen.response)
        states = solve_chain(transfer, right / self.scale - at.states[1:], hard, soft)
        inner = inner + (frozen.response @ states[:-1, :, None])[..., 0]
        return Guess(states, torch.cat([states[:-1] * self.scale, inner], 1))

    def _condition_rows(
        self, conditions: Sequence[Condition], at: Guess, inner: Tensor, response: Tensor
    ) -> list[Row]:
        """Linearised conditions as rows over the states, inner coordinates eliminated."""
        rows = []
        for condition in conditions:
            placed = {key: self._functional(key, at, inner, response) for key in condition.wanted}
            ((residual, slopes),) = pointwise(
                [condition],
                self.collocation.parameters,
                {key: value for key, (_, _, value, _) in placed.items()},
            )
            by_edge: dict[int, Tensor] = {}
            right = -residual.reshape(())
            for key, slope in slopes.items():
                edge, coefficients, _, known = placed[key]
                by_edge[edge] = by_edge.get(edge, 0) + slope.reshape(()) * coefficients
                right = right - slope.reshape(()) * known
            rows.append(Row(by_edge, right))
        return rows

    def _functional(
        self, placed: Placed, at: Guess, inner: Tensor, response: Tensor
    ) -> tuple[int, Tensor, Tensor, Tensor]:
        """A partial at a place: the edge whose state it hangs on, by what coefficients, its value, its inner step."""
        unknown, (derivative,), (x,) = placed
        assert x is not None
        columns, order = self.collocation.columns[unknown], self.collocation.orders[unknown]
        near = int((self.edges - x).abs().argmin())
        if derivative < order and abs(self.edges[near].item() - x) < 1e-13 * (
            abs(x) + self.half.max().item()
        ):
            unit = at.rows.new_zeros(self.collocation.states)
            unit[columns[derivative]] = 1.0
            return near, unit, at.states[near, columns[derivative]], at.rows.new_zeros(())
        e = int((torch.searchsorted(self.edges, x, right=True) - 1).clamp(0, len(self.half) - 1))
        s = (x - self.edges[e]) / self.half[e] - 1
        basis = at.rows.new_zeros(at.rows.shape[1])
        row = self.collocation.basis.functional(len(columns) - order, order, derivative, s)
        basis[columns] = row * self.half[e] ** -derivative
        K = self.collocation.states
        coefficients = basis[:K] * self.scale[e] + basis[K:] @ response[e]
        return e, coefficients, basis @ at.rows[e], basis[K:] @ inner[e]

    def _scale(self, *points: Guess) -> Tensor:
        """For each coordinate of a row the size of the unknown that it belongs to."""
        size = torch.stack([point.rows.abs().amax(0) for point in points]).amax(0)
        scale = torch.empty_like(size)
        for name, columns in self.collocation.columns.items():
            # The logarithm of a parameter that is 1 is rounding, beside which no step would ever be small.
            least = 1.0 if name in self.collocation.logarithms else TINY
            scale[columns] = size[columns].amax().clamp(min=least)
        return scale

    def _length(self, step: Guess, scale: Tensor) -> float:
        return (step.rows / scale).square().sum(1).mean().sqrt().item()

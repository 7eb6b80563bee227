"""Linear least squares along a chain: blocks that touch their neighbours, and rows at single places or at both ends.

The unknowns are states y_0 ... y_E. Orthogonal elimination from left to right keeps the growing and the decaying
modes apart, where elimination by the recursion itself (shooting) would drown one in the rounding of the other
(S. J. Wright, Stable parallel algorithms for two-point boundary value problems, SIAM J. Sci. Stat. Comput. 13, 1992).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

_SINGULAR = 1e-14  # of the largest pivot; layers of width 1e-10 leave 1e-11
_UNSEEN = 1e-10
_DENSE = 160  # unknowns up to which one dense factorisation is quicker than the walk along the chain


class Undetermined(ArithmeticError):
    """The equations leave a state free, or contradict each other; ``free``, if known, is how much of each number."""

    def __init__(self, free: Float[Tensor, " K"] | None = None) -> None:
        super().__init__(free)
        self.free = free


@dataclass(frozen=True)
class Row:
    """A condition: sum over the edges that it touches of coefficients times the state there = value."""

    coefficients: Mapping[int, Float[Tensor, " K"]]
    value: Float[Tensor, ""]


def solve_chain(
    transfer: Float[Tensor, "E K K"],
    jump: Float[Tensor, "E K"],
    conditions: Sequence[Row],
    observations: Sequence[Row] = (),
) -> Float[Tensor, "E1 K"]:
    """The states with y_(e+1) - transfer_e y_e = jump_e and the conditions, nearest to the observations."""
    E, K = jump.shape
    if observations:
        return _nearest(transfer, jump, conditions, observations)
    inner = any(len(row.coefficients) > 1 and not set(row.coefficients) <= {0, E} for row in conditions)
    if inner or (E + 1) * K <= _DENSE:
        return _solved(*_dense(transfer, jump, conditions)).view(E + 1, K)
    return _walk(transfer, jump, conditions)


def _dense(transfer: Tensor, jump: Tensor, conditions: Sequence[Row]) -> tuple[Tensor, Tensor]:
    """All equations as one matrix and right side."""
    E, K = jump.shape
    links = jump.new_zeros(E, K, E + 1, K)
    each = torch.arange(E)
    links[each, :, each] = -transfer
    links[each, :, each + 1] = torch.eye(K, dtype=jump.dtype)
    matrix, values = _rows(conditions, E, jump)
    return torch.cat([links.view(E * K, -1), matrix]), torch.cat([jump.flatten(), values])


def _rows(conditions: Sequence[Row], E: int, like: Tensor) -> tuple[Tensor, Tensor]:
    matrix = like.new_zeros(len(conditions), E + 1, like.shape[1])
    for i, row in enumerate(conditions):
        for edge, coefficients in row.coefficients.items():
            matrix[i, edge] = coefficients
    values = [row.value.reshape(1) for row in conditions]
    return matrix.flatten(1), torch.cat(values) if values else like.new_zeros(0)


def _nearest(
    transfer: Tensor, jump: Tensor, conditions: Sequence[Row], observations: Sequence[Row]
) -> Tensor:
    """The links and conditions hold exactly; what freedom they leave is spent on the observations (null space)."""
    E, K = jump.shape
    matrix, right = _dense(transfer, jump, conditions)
    equations = _equilibrated(torch.cat([matrix, right[:, None]], 1))
    count = len(equations)
    q, r = torch.linalg.qr(equations[:, :-1].T, mode="complete")
    particular = (
        q[:, :count] @ torch.linalg.solve_triangular(r[:count].T, equations[:, -1:], upper=False)[:, 0]
    )
    free = q[:, count:]
    observed, values = _rows(observations, E, jump)
    if free.shape[1]:
        direction = free @ torch.linalg.svd(observed @ free).Vh[-1]  # that observations tell least
        sizes = direction.view(-1, K).abs().amax(0)
        if not _seen(observed, direction, sizes):
            raise Undetermined(sizes)
        try:
            particular = particular + free @ _least_squares(observed @ free, values - observed @ particular)
        except Undetermined:
            raise Undetermined(sizes) from None
    states: Tensor = particular.view(E + 1, K)
    return states


def _seen(observed: Float[Tensor, "R S"], direction: Float[Tensor, " S"], sizes: Float[Tensor, " K"]) -> bool:
    """Whether a direction is more than rounding where it is observed, beside its size elsewhere."""
    everywhere = sizes.repeat(len(direction) // len(sizes))
    return bool((observed @ direction).abs().amax() > _UNSEEN * (observed.abs() @ everywhere).amax())


def _walk(transfer: Tensor, jump: Tensor, conditions: Sequence[Row]) -> Tensor:
    """Eliminate y_0, y_1, ... in turn; what is left over relates the next state to the first one."""
    E, K = jump.shape
    at: dict[
        int, list[Tensor]
    ] = {}  # rows over (y_0 as carried, y_e, right side) by the edge where they enter
    for row in conditions:
        last = max(row.coefficients)
        first = row.coefficients.get(0, jump.new_zeros(K)) if last else jump.new_zeros(K)
        at.setdefault(last, []).append(torch.cat([row.coefficients[last], first, row.value.reshape(1)]))
    identity, zeros = torch.eye(K, dtype=jump.dtype), jump.new_zeros(K, K)
    # Columns: y_e, y_0, right side. At e = 0 the first state is carried as itself: y_e - y_0 = 0.
    carry = torch.cat([identity, -identity, jump.new_zeros(K, 1)], 1)
    eliminated = []
    for e in range(E):
        here = torch.cat([carry, *[row[None] for row in at.get(e, [])]])
        widened = torch.cat([here[:, :K], here.new_zeros(len(here), K), here[:, K:]], 1)
        link = torch.cat([-transfer[e], identity, zeros, jump[e, :, None]], 1)
        reduced = torch.linalg.qr(_equilibrated(torch.cat([widened, link])), mode="r").R
        eliminated.append(reduced[:K])
        carry = reduced[K:, K:]
    final = torch.cat([carry, *[row[None] for row in at.get(E, [])]])
    solution = _solved(final[:, :-1], final[:, -1])
    state, first = solution[:K], solution[K:]
    states = [state]
    for rows in reversed(eliminated):
        right = rows[:, -1] - rows[:, K : 2 * K] @ state - rows[:, 2 * K : 3 * K] @ first
        state = torch.linalg.solve_triangular(rows[:, :K], right[:, None], upper=True)[:, 0]
        states.append(state)
    return torch.stack(states[::-1])


def _equilibrated(matrix: Tensor) -> Tensor:
    """Rows scaled to unit size, so that a row's units do not decide how well it is met."""
    return matrix / matrix[:, :-1].abs().amax(1, keepdim=True).clamp(min=1e-300)


def _solved(matrix: Tensor, right: Tensor) -> Tensor:
    """Equations that can all hold, whatever units their rows are in."""
    rows = _equilibrated(torch.cat([matrix, right[:, None]], 1))
    return _least_squares(rows[:, :-1], rows[:, -1])


def _least_squares(matrix: Tensor, right: Tensor) -> Tensor:
    size = matrix.norm(dim=0).clamp(min=1e-300)
    triangle = torch.linalg.qr(torch.cat([matrix / size, right[:, None]], 1), mode="r").R
    n = matrix.shape[1]
    diagonal = triangle[:n, :n].diagonal().abs()
    if not diagonal.min() > _SINGULAR * diagonal.max():
        raise Undetermined
    solution = torch.linalg.solve_triangular(triangle[:n, :n], triangle[:n, n:], upper=True)
    unscaled: Tensor = solution[:, 0] / size
    return unscaled

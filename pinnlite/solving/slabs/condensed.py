"""Elements whose inner coordinates are eliminated, so that a chain of states is left.

The rows that an element has for itself and those that tie it to its right neighbour are eliminated together, with
pivots taken from either: the neighbour may then determine what the element alone does not (an element of a stiff
problem is a badly posed initial-value problem, whichever side it is started from).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Condensed:
    """Factors of the equations  left_e s_e + inner_e c_e = r_e,  s_(e+1) = end (s_e, c_e) + m_e,  and rows at the ends.

    States are scaled by ``scale`` within an element and are physical at its edges.
    """

    def __init__(
        self,
        left: Float[Tensor, "E N K"],
        inner: Float[Tensor, "E N N"],
        end: Float[Tensor, "K NK"],
        scale: Float[Tensor, "E K"],
    ) -> None:
        E, N, K = left.shape
        self._size = inner.abs().amax(2).clamp(min=1e-300)
        rows = torch.cat([inner / self._size[..., None], -end[:, K:].expand(E, K, N)], 1)
        known = inner.new_zeros(E, N + K, 2 * K)
        known[:, :N, :K] = left * (scale[:, None] / self._size[..., None])
        known[:, N:, :K] = -end[:, :K] * scale[:, None]
        known[:, N:, K:] = torch.diag_embed(scale)
        self._lu, pivots, _ = torch.linalg.lu_factor_ex(rows)
        self._order = _permutation(pivots, N + K)
        self._lower, self._upper, self._below = self._lu[:, :N], self._lu[:, :N].triu(), self._lu[:, N:]
        known = self._forward(known)
        self.response = torch.linalg.solve_triangular(self._upper, known[:, :N], upper=True)
        self.G, self.H = known[:, N:, :K], known[:, N:, K:]

    def _forward(self, right: Float[Tensor, "E NK C"]) -> Float[Tensor, "E NK C"]:
        """Rows exchanged and eliminated: what remains below the inner rows concerns the states alone."""
        N = self._lower.shape[1]
        right = right.gather(1, self._order[..., None].expand_as(right))
        above = torch.linalg.solve_triangular(self._lower, right[:, :N], upper=False, unitriangular=True)
        return torch.cat([above, right[:, N:] - self._below @ above], 1)

    def reduced(
        self, r: Float[Tensor, "E N"], m: Float[Tensor, "E K"]
    ) -> tuple[Float[Tensor, "E N"], Float[Tensor, "E K"]]:
        """The inner coordinates where all states are zero, and the right sides of the chain of states."""
        N = r.shape[1]
        eliminated = self._forward(torch.cat([r / self._size, m], 1)[..., None])
        inner = torch.linalg.solve_triangular(self._upper, eliminated[:, :N], upper=True)
        return inner[..., 0], eliminated[:, N:, 0]

    def inner(self, at_rest: Float[Tensor, "E N"], states: Float[Tensor, "E1 K"]) -> Float[Tensor, "E N"]:
        """The inner coordinates between these states."""
        pair = torch.cat([states[:-1], states[1:]], 1)
        moved: Tensor = self.response @ pair[..., None]
        return at_rest - moved[..., 0]


def _permutation(pivots: Int[Tensor, "E N"], rows: int) -> Int[Tensor, "E NK"]:
    """The order of rows that LAPACK's successive exchanges amount to."""
    E, N = pivots.shape
    order = torch.arange(rows).repeat(E, 1).numpy()
    swaps, each = (pivots - 1).numpy(), torch.arange(E).numpy()
    for i in range(N):
        j = swaps[:, i]
        held = order[each, j].copy()
        order[each, j] = order[:, i]
        order[:, i] = held
    return torch.from_numpy(order)

"""Blocks that touch their neighbours and close with conditions at both ends, factorised once and solved many times.

The unknowns are states s_0 ... s_E with G_e s_e + H_e s_(e+1) = g_e and rows over s_0 and s_E. Every other state is
eliminated by an orthogonal transformation of the two equations that it is in, all of them at once, until only the ends
are left (S. J. Wright, Stable parallel algorithms for two-point boundary value problems, SIAM J. Sci. Stat. Comput. 13,
1992): linear cost, log2(E) batched steps, and no growing mode ever drowns a decaying one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

_SINGULAR = 1e-15  # of the largest pivot


@dataclass(frozen=True)
class _Level:
    """One halving: what eliminates the middle states of the pairs, and gives them back."""

    below: Float[Tensor, "P K K2"]  # from the pair's right sides to that of the equation that is left
    middle: Float[Tensor, "P K K4"]  # from the pair's right sides and outer states to the middle state


class Cyclic:
    """Factors of one chain.

    Raises:
        ArithmeticError: the equations leave a state free, or contradict each other.
    """

    def __init__(
        self,
        G: Float[Tensor, "E K K"],
        H: Float[Tensor, "E K K"],
        first: Float[Tensor, "K K"],
        last: Float[Tensor, "K K"],
    ) -> None:
        self._scale = torch.maximum(G.abs().amax(2), H.abs().amax(2)).clamp(min=1e-300)
        G, H = G / self._scale[..., None], H / self._scale[..., None]
        self._levels = list(self._halvings(G, H))
        ends = torch.cat([torch.cat([self._G[0], self._H[0]], 1), torch.cat([first, last], 1)])
        self._ends_scale = ends.abs().amax(1, keepdim=True).clamp(min=1e-300)
        self._q, self._r = torch.linalg.qr(ends / self._ends_scale)
        pivots = self._r.diagonal().abs()
        if not pivots.min() > _SINGULAR * pivots.max():
            raise ArithmeticError("the boundary conditions do not determine the solution")

    def _halvings(self, G: Tensor, H: Tensor) -> Iterator[_Level]:
        K = G.shape[1]
        while len(G) > 1:
            pairs = len(G) // 2 * 2
            q, r = torch.linalg.qr(torch.cat([H[:pairs:2], G[1:pairs:2]], 1), mode="complete")
            turned = q.mT
            left, right = turned[..., :K] @ G[:pairs:2], turned[..., K:] @ H[1:pairs:2]
            known = torch.cat([turned[:, :K], -left[:, :K], -right[:, :K]], 2)
            yield _Level(turned[:, K:], torch.linalg.solve_triangular(r[:, :K], known, upper=True))
            G = torch.cat([left[:, K:], G[pairs:]])
            H = torch.cat([right[:, K:], H[pairs:]])
        self._G, self._H = G, H

    def solve(self, g: Float[Tensor, "E K"], ends: Float[Tensor, " K"]) -> Float[Tensor, "E1 K"]:
        """The states for these right sides."""
        K, g = g.shape[1], g / self._scale
        kept = []
        for level in self._levels:
            pairs = 2 * len(level.below)
            kept.append(g[:pairs].reshape(-1, 2 * K))
            g = torch.cat([(level.below @ kept[-1][..., None])[..., 0], g[pairs:]])
        right = torch.cat([g[0], ends])[:, None] / self._ends_scale
        states: Tensor = torch.linalg.solve_triangular(self._r, self._q.T @ right, upper=True).view(2, K)
        for level, given in zip(reversed(self._levels), reversed(kept), strict=True):
            pairs = len(level.middle)
            known = torch.cat([given, states[:pairs], states[1 : pairs + 1]], 1)
            middle = (level.middle @ known[..., None])[..., 0]
            woven = torch.stack([states[:pairs], middle], 1).flatten(0, 1)
            states = torch.cat([woven, states[pairs:]])
        return states

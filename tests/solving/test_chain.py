"""The chain's least squares against a dense solve, with growing, decaying and neutral modes in it."""

import time
import timeit

import pytest
import torch

from pinnlite.solving.lines import chain


def dichotomy(E: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Transfers with modes that grow by 3, fall by 0.3 and stay, in a random basis, and the states to be found."""
    generator = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64)).Q
    modes = torch.diag(torch.tensor([3.0, 0.3, 1.0], dtype=torch.float64))
    noise = 0.05 * torch.randn(E, 3, 3, generator=generator, dtype=torch.float64)
    states = torch.randn(E + 1, 3, generator=generator, dtype=torch.float64)
    return basis @ modes @ basis.T + noise, states, basis


def holding(row: dict[int, torch.Tensor], states: torch.Tensor) -> chain.Row:
    """A condition with these coefficients that the states meet."""
    return chain.Row(row, torch.stack([c @ states[e] for e, c in row.items()]).sum())


@pytest.mark.parametrize("walk", [True, False])
@pytest.mark.parametrize("E", [1, 2, 7, 200])
def test_states_are_found_to_rounding(E: int, walk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shooting would lose everything here: 3^200 is beyond float64's digits by ninety orders."""
    transfer, states, basis = dichotomy(E)
    jump = states[1:] - torch.einsum("eij,ej->ei", transfer, states[:-1])
    rows = [{0: basis[:, 1]}, {E: basis[:, 0]}, {0: basis[:, 2], E: 0.3 * basis[:, 2]}]
    conditions = [holding(row, states) for row in rows]
    monkeypatch.setattr(chain, "_DENSE", 0 if walk else 10**6)
    assert torch.allclose(chain.solve_chain(transfer, jump, conditions), states, atol=1e-11)


def test_conditions_in_the_middle() -> None:
    transfer, states, basis = dichotomy(60)
    jump = states[1:] - torch.einsum("eij,ej->ei", transfer, states[:-1])
    rows = [{0: basis[:, 1]}, {60: basis[:, 0]}, {31: basis[:, 2]}]
    conditions = [holding(row, states) for row in rows]
    assert torch.allclose(chain.solve_chain(transfer, jump, conditions), states, atol=1e-11)


def test_cost_grows_in_proportion_to_the_length() -> None:
    """The walk holds blocks of 2K columns whatever E is; a dense matrix would hold E^2."""

    def seconds(E: int) -> float:
        transfer, states, basis = dichotomy(E)
        rows = [{0: basis[:, 1]}, {E: basis[:, 0]}, {0: basis[:, 2]}]
        conditions = [holding(row, states) for row in rows]
        walk = timeit.Timer(lambda: chain._walk(transfer, states[1:], conditions), timer=time.process_time)
        return min(walk.repeat(number=1, repeat=7))

    assert seconds(800) / seconds(100) < 16  # 8 if linear, 512 if cubic


def test_observations_are_met_in_least_squares_and_the_links_exactly() -> None:
    """Against the normal equations of the one freedom that is left, y_0 = s basis_2 with modes that stay."""
    E = 12
    transfer = torch.eye(2, dtype=torch.float64).expand(E, 2, 2)
    jump = torch.zeros(E, 2, dtype=torch.float64)
    first, second = torch.eye(2, dtype=torch.float64)
    observed = torch.linspace(1, 3, E + 1, dtype=torch.float64) ** 2
    observations = [chain.Row({e: second}, observed[e]) for e in range(E + 1)]
    states = chain.solve_chain(
        transfer, jump, [chain.Row({0: first}, torch.tensor(5.0).double())], observations
    )
    assert torch.allclose(states[:, 0], torch.full((E + 1,), 5.0, dtype=torch.float64), rtol=1e-14)
    assert torch.allclose(states[:, 1], observed.mean().expand(E + 1), rtol=1e-14)

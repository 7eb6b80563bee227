"""Solves that go on from where an earlier one ended: the same answer, from what there was."""

import itertools
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

import pinnlite as pl
from pinnlite.solving.clock import Clock
from pinnlite.solving.networks import rounds
from pinnlite.solving.networks.posing import InARegion
from pinnlite.solving.networks.training import Training, network
from pinnlite.trials.module import ModuleTrial

BURGERS = pl.Problem(
    "u_t + u*u_x = 0.1*u_xx", "u(x, 0) = -sin(pi*x)", "u = 0 on boundary", x=(-1, 1), t=(0, 0.5)
)


def stopped_after(monkeypatch: pytest.MonkeyPatch, asked: int) -> None:
    """Time is up when a clock has been asked so many times."""
    count = itertools.count()
    monkeypatch.setattr(Clock, "spent", property(lambda clock: next(count) >= asked))


def test_a_march_goes_on_from_where_it_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patched:
        stopped_after(patched, 40)
        begun = pl.solve("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(0, 300), tol=1e-9, time_limit=1e9)
    assert begun.reached is not None
    assert 0 < begun.reached[1] < 200
    begun.save(tmp_path / "begun.safetensors")
    whole = pl.solve(pl.load(tmp_path / "begun.safetensors"), tol=1e-9)
    assert whole.converged
    x = torch.linspace(0, 300, 1000, dtype=torch.float64)
    assert (whole(x) - torch.sin(x)).norm() < 1e-8 * torch.sin(x).norm()
    first, kept = begun.trial, pl.solve(begun, tol=1e-9).trial
    assert torch.equal(kept.edges[: len(first.edges)], first.edges)  # type: ignore[union-attr]


def test_slabs_go_on_from_where_they_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patched:
        stopped_after(patched, 3)
        begun = pl.solve(BURGERS, tol=1e-5, time_limit=1e9)
    assert begun.reached is not None
    assert 0 < begun.reached[1] < 0.5
    assert f"t from 0 to {begun.reached[1]:g} done" in begun.status
    begun.save(tmp_path / "begun.safetensors")
    whole, direct = pl.solve(pl.load(tmp_path / "begun.safetensors"), tol=1e-5), pl.solve(BURGERS, tol=1e-7)
    assert whole.converged
    assert "from before" in whole.history[1]
    assert whole.compare(lambda x, t: direct(x, t)).error < 1e-5


def test_boxes_go_on_from_their_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    square: dict[str, object] = {"x": (0, 1), "y": (0, 1)}
    begun = pl.solve("u_xx + u_yy = -1", "u = 0 on boundary", tol=1e-5, **square)
    count, phases = len(begun.trial.partition), []  # type: ignore[union-attr]
    assert count > 1
    monkeypatch.setattr(Clock, "tell", lambda clock, phase, *more, **named: phases.append(phase))
    finer = pl.solve(begun, tol=1e-6)
    assert next(phase for phase in phases if "of degree" in phase).startswith(f"{count} boxes")
    assert finer.converged
    exact = 0.07367135123  # in the middle of the square: the series of Timoshenko
    assert float(finer(0.5, 0.5)) == pytest.approx(exact, rel=1e-6)


def weights_after(count: int, split: int, monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The weights after so many rounds of training, interrupted after ``split`` of them by a checkpoint."""
    steps = {"_FIRST": rounds._FIRST, "_LATER": rounds._LATER}
    for name, method in steps.items():
        monkeypatch.setattr(rounds, name, pl.GaussNewton(steps=4, damping=method.damping, tolerance=0.0))

    def begun() -> rounds.Rounds:
        generator = torch.Generator().manual_seed(3)
        module = network(BURGERS, [5, 5], generator)
        posed = InARegion(BURGERS, generator)
        return rounds.Rounds(Training(posed, module, 120, "auto", Clock.started(None)), generator, 0)

    one = begun()
    found = list(itertools.islice(one, split or count))
    if split:
        state = found[-1].checkpoint
        assert state is not None
        one = begun()
        one.restore({name: tensor.clone() for name, tensor in state.items()})
        found = list(itertools.islice(one, count - split))
    assert isinstance(found[-1].trial.inner, ModuleTrial)  # type: ignore[union-attr]
    return [p.detach() for p in found[-1].trial.parameters]  # type: ignore[union-attr]


def test_training_goes_on_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = weights_after(3, 0, monkeypatch)
    for split in (1, 2):
        assert all(map(torch.equal, weights_after(3, split, monkeypatch), whole))


def test_a_checkpoint_of_something_else_is_refused() -> None:
    generator = torch.Generator().manual_seed(3)
    training = Training(
        InARegion(BURGERS, generator), network(BURGERS, [4], generator), 50, "auto", Clock.started(None)
    )
    own = rounds.Rounds(training, generator, 0)
    good = own._state()
    for name, wrong in {
        "generator": torch.zeros(3, dtype=torch.uint8),
        "counts": torch.tensor([0, -1, 3]),
        "drawn": torch.zeros(1),
        "weights.0.weight": torch.zeros(1, 1, dtype=torch.float64),
    }.items():
        with pytest.raises(pl.ProblemError, match="another network"):
            own.restore({**good, name: wrong})
    own.restore(good)


def test_what_was_better_before_is_kept() -> None:
    begun = pl.solve("u' = -u", "u(0) = 1", x=(0, 1), tol=1e-12)
    again = pl.solve(begun, tol=1e-12, time_limit=1e-9)
    assert again.error <= begun.error
    assert float(again(1.0)) == pytest.approx(math.exp(-1), rel=1e-11)


def test_a_solution_has_its_problem_already() -> None:
    begun = pl.solve("u' = -k*u", "u(0) = 1", x=(0, 1), k=1.0)
    with pytest.raises(
        pl.ProblemError, match="a Solution has its domain and parameters already: k came besides"
    ):
        pl.solve(begun, k=2.0)

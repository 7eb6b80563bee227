"""Networks slab after slab: one function that meets its conditions, goes on where it was left, and is measured."""

import itertools
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

import pinnlite as pl
from pinnlite.solving.clock import Clock
from pinnlite.solving.networks import by_network, rounds
from pinnlite.solving.networks.marching import March, Recipe
from pinnlite.solving.refine import Candidate
from pinnlite.trials.course import course_of
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.patchwork import Patchwork, slabs_along
from pinnlite.trials.trial import Trial
from tests.problems.evolution import ALLEN_CAHN, BACKWARDS, CORNER, FIRST_ORDER, KDV, WAVE
from tests.problems.known import Known
from tests.problems.regions import SQUARE
from tests.test_calibration import assert_honest

TRAVELLING = Known(
    "a wave around a circle",
    ("u_t + u_x = 0", "u(x, 0) = sin(pi*x)", "u(-1, t) = u(1, t)"),
    {"x": (-1, 1), "t": (0, 1)},
    lambda x, t: {"u": torch.sin(math.pi * (x - t))},
)


def untrained(known: Known, slabs: int) -> tuple[Patchwork[Trial], int, list[float]]:
    """Networks with weights at random, one after the other; of which coordinate, and between which of its values."""
    problem, generator = pl.Problem(*known.statements, **known.names), torch.Generator().manual_seed(0)
    course = course_of(problem)
    assert course is not None
    times = [course.at(k / slabs) for k in range(slabs + 1)]
    parts = []
    for first, last in itertools.pairwise(times):
        module = pl.MLP(2, len(problem.unknowns), 5, 2, generator=generator)
        inner = ModuleTrial(module, problem.unknowns)
        parts.append(course.posed(inner, parts[-1] if parts else None, first, last))
    return slabs_along(problem.domain, course.column, times, parts), course.column, times


@pytest.mark.parametrize(("known", "orders"), [(WAVE, 2), (BACKWARDS, 1), (FIRST_ORDER, 1)])
def test_slabs_are_one_function_whatever_the_weights_are(known: Known, orders: int) -> None:
    trial, column, times = untrained(known, 3)
    other = 1 - column
    intervals = [v for v in known.names.values() if isinstance(v, tuple)]
    unknowns = ("u", "v") if known is FIRST_ORDER else ("u",)
    keys = [(u, (a, b)) for u in unknowns for a in range(2) for b in range(orders + 1)]

    def at(time: float) -> dict[tuple[str, tuple[int, int]], Tensor]:
        X = torch.zeros(20, 2, dtype=torch.float64)
        X[:, other], X[:, column] = torch.linspace(*intervals[other], 20, dtype=torch.float64), time
        return trial.partials(X, keys)

    for time in times[1:-1]:
        step = 1e-9 * (intervals[column][1] - intervals[column][0])
        before, after = at(time - step), at(time + step)
        for key in keys:
            apart = (before[key] - after[key]).abs().max() / (1 + before[key].abs().max())
            # The highest derivative by time is the equation's affair.
            assert (apart < 1e-5) if key[1][1] < orders else (apart > 1e-3), key
    start = at(times[0])
    x = torch.linspace(*intervals[other], 20, dtype=torch.float64)
    exact = known.exact(x, torch.full_like(x, times[0]))
    for u in unknowns:
        assert (start[u, (0, 0)] - exact[u]).abs().max() < 1e-12


@pytest.mark.parametrize(
    ("known", "place", "given"),
    [
        (ALLEN_CAHN, 0, 0),
        (KDV, 0, 1),
        (CORNER, 1, 0),
    ],  # values that are not periodic, or contradict the boundary
)
def test_evolutions_have_a_course(known: Known, place: int, given: int) -> None:
    course = course_of(pl.Problem(*known.statements, **known.names))
    assert course is not None
    assert (course.evolution.name, course.at(0.0), course.at(1.0)) == ("t", *known.names["t"])
    assert (course.input, len(course.given)) == (place, given)


def test_other_problems_have_none() -> None:
    assert course_of(pl.Problem(*SQUARE.statements, **SQUARE.names)) is None
    ends = ("u_tt = u_xx", "u(x, 0) = 0", "u(x, 1) = 0", "u(0, t) = 0", "u(1, t) = 0")
    assert course_of(pl.Problem("u_tt + u_xx = 1", *ends[1:], x=(0, 1), t=(0, 1))) is None
    assert course_of(pl.Problem("u' = u", "u(0) = 1", t=(0, 1))) is None


def small(monkeypatch: pytest.MonkeyPatch, steps: int, stalled: float) -> None:
    """Small networks, a few steps in each round; every training is given up that leaves this much of its residual."""
    monkeypatch.setattr(by_network, "_DEEP", ((8, 8), (10, 10)))
    monkeypatch.setattr(by_network, "_shallow", lambda *arguments: iter(()))
    monkeypatch.setattr(rounds, "_STALLED", stalled)
    for name, damping in (("_FIRST", 1e-4), ("_LATER", 1e-10)):
        monkeypatch.setattr(rounds, name, pl.GaussNewton(steps=steps, damping=damping, tolerance=0.0))


def test_a_training_that_is_given_up_is_followed_by_slabs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small(monkeypatch, steps=6, stalled=1e-9)
    monkeypatch.setattr("pinnlite.solving.networks.marching._SHORTEST", 0.25)
    solution = pl.solve(*TRAVELLING.statements, tol=0.05, trial="network", **TRAVELLING.names)
    assert_honest(TRAVELLING, solution, 0.05)
    assert isinstance(solution.trial, Patchwork)
    assert "slab 2, t from 0.25 to 0.5: network 8-8-1, conditions built in" in "\n".join(solution.history)
    solution.save(tmp_path / "it.safetensors")
    assert TRAVELLING.error(pl.load(tmp_path / "it.safetensors")) == TRAVELLING.error(solution)


def marched(count: int | None, checkpoint: dict[str, Tensor] | None = None) -> list[Candidate]:
    """The first candidates of a march, or those after a checkpoint."""
    course = course_of(pl.Problem(*TRAVELLING.statements, **TRAVELLING.names))
    assert course is not None
    generator = torch.Generator().manual_seed(1 if checkpoint else 0)
    march = March(course, Recipe((4, 4), 0, 2.0, "auto", 1e-2), generator, Clock.started(None))
    if checkpoint is not None:
        march.restore(checkpoint)
    return list(itertools.islice(march, count))


def test_a_march_goes_on_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """From within a slab, and from one that is going to be halved; checkpoints of others are refused."""
    small(monkeypatch, steps=2, stalled=0.6)
    monkeypatch.setattr("pinnlite.solving.networks.marching._SHORTEST", 0.125)
    whole = marched(None)
    halved = next(i for i, each in enumerate(whole) if "from 0.75 to 0.875" in each.note)
    for split in (halved, halved + 1):
        state = whole[split - 1].checkpoint
        assert state is not None
        rest = marched(None, {name: tensor.clone() for name, tensor in state.items()})
        assert [each.note for each in rest] == [each.note for each in whole[split:]]
        resumed, straight = rest[-1].trial, whole[-1].trial
        assert isinstance(resumed, Patchwork)
        assert isinstance(straight, Patchwork)
        assert torch.equal(resumed.corners(), straight.corners())
        for one, other in zip(resumed.pieces, straight.pieces, strict=True):
            assert all(map(torch.equal, one.parameters, other.parameters))
    for name, wrong in {
        "places": torch.tensor([0.0, 0.5, 0.25], dtype=torch.float64),
        "part.0.1.weight": torch.zeros(1, 1, dtype=torch.float64),
        "residuals": torch.zeros(9, dtype=torch.float64),
    }.items():
        with pytest.raises(pl.ProblemError, match="another network"):
            marched(1, {**(whole[-2].checkpoint or {}), name: wrong})


def test_time_that_ends_between_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done is given, no further than it goes, and the status says where that is."""
    small(monkeypatch, steps=4, stalled=1e-9)
    monkeypatch.setattr("pinnlite.solving.networks.marching._SHORTEST", 0.25)
    told = March._told

    def late(march: March, candidate: Candidate) -> Candidate:
        march.clock.stopped = march.places[-1] == 0.5
        return told(march, candidate)

    monkeypatch.setattr(March, "_told", late)
    solution = pl.solve(*TRAVELLING.statements, tol=1e-3, trial="network", time_limit=600, **TRAVELLING.names)
    assert not solution.converged
    assert solution.reached == (0.0, 0.5)
    assert "The time ended in slab 3, t from 0.5 to 0.75" in solution.status
    assert abs(solution(0.3, 0.4).item() - math.sin(-0.1 * math.pi)) < 0.2
    with pytest.raises(pl.ProblemError, match="only found on"):
        solution(0.3, 0.6)

"""Solutions saved and loaded: every kind of trial comes back equal bit for bit, and the file reads without us."""

import dataclasses
import json
import math
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

import pinnlite as pl
from pinnlite.errors import FileError
from pinnlite.files import problems
from pinnlite.files.container import read_file
from pinnlite.files.fields import Fields, Tensors
from pinnlite.files.solutions import FACTS
from pinnlite.models.periodic import PeriodicInputs
from pinnlite.trials.buildable import buildable
from pinnlite.trials.constrained import built_in
from pinnlite.trials.course import course_of
from pinnlite.trials.lifted import Lifted
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.partition import Partition
from pinnlite.trials.patchwork import Patchwork, slabs_along
from pinnlite.trials.ridge import Ridge

OSCILLATOR = ("u'' + k*u = 0", "u(0) = 0", "u'(0) = 1")


class Wave(nn.Module):
    """A module that only its own code can build."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64))

    def forward(self, x: Any) -> Any:
        return self.c[0] + self.c[1] * x + self.c[2] * x * x


def waves() -> nn.Module:
    generator = torch.Generator().manual_seed(2)
    waves = pl.FourierFeatures(1, 6, scale=2.0, generator=generator)
    return nn.Sequential(waves, pl.MLP(12, 1, 5, 2, "sin", generator=generator))


def layers() -> nn.Module:
    parts = [nn.Linear(1, 4), nn.Softplus(beta=2.0), nn.Linear(4, 4, bias=False), nn.GELU("tanh")]
    return nn.Sequential(nn.Sequential(*parts, nn.Identity()), nn.SiLU(), nn.Linear(4, 1)).double()


def network() -> nn.Module:
    """As the solver builds them."""
    return nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()


def legendre_series() -> nn.Module:
    series = pl.Legendre(5, domain=(0, 1))
    nn.init.normal_(series.coefficients, generator=torch.Generator().manual_seed(1))
    return series


def lifted() -> pl.Solution:
    """A network on a strip whose ends meet with conditions built in, as the solver poses it."""
    closed = ("u(0, y) = u(1, y)", "u_x(0, y) = u_x(1, y)")
    problem = pl.Problem("u_xx + u_yy = 1", "u(x, 0) = 0", "u(x, 1) = 0", *closed, x=(0, 1), y=(0, 1))
    mlp = pl.MLP(3, 1, 4, 1, generator=torch.Generator().manual_seed(0))
    module = nn.Sequential(PeriodicInputs((1.0, 0.0)), mlp)
    trial = Lifted(ModuleTrial(module, problem.unknowns), problem, buildable(problem))
    return pl.Solution(
        problem, trial, "network", 0.1, 1e-3, "It was not trained.", 0.5, ("nothing",), None, 4
    )


def in_slabs() -> pl.Solution:
    """Two networks, the second of which starts as the first one ends."""
    problem = pl.Problem(
        "u_x = u_yy", "u(0, y) = sin(pi*y)", "u(x, 0) = 0", "u(x, 1) = 0", x=(0, 1), y=(0, 1)
    )
    course, generator = course_of(problem), torch.Generator().manual_seed(0)
    assert course is not None
    inner = [ModuleTrial(pl.MLP(2, 1, 4, 1, generator=generator), problem.unknowns) for _ in range(2)]
    first = course.posed(inner[0], None, 0.0, 0.25)
    pieces = first, course.posed(inner[1], first, 0.25, 1.0)
    trial = slabs_along(problem.domain, course.column, (0.0, 0.25, 1.0), pieces)
    return pl.Solution(problem, trial, "network", 0.1, 1e-3, "It was not trained.", 0.5, ("nothing",))


def untrained(module: nn.Module) -> pl.Solution:
    """What solve returns for a module of the user's own, but for the training."""
    problem = pl.Problem("u' = -u", "u(0) = 1", x=(0, 1))
    trial = built_in(ModuleTrial(module, problem.unknowns), problem)
    return pl.Solution(problem, trial, "module", 0.1, 1e-3, "It was not trained.", 0.5, ("nothing",), None, 4)


MADE: dict[str, Callable[[], pl.Solution]] = {
    "elements": lambda: pl.solve(*OSCILLATOR, x=(0, 1), k=1.0, tol=1e-9, seed=7),
    "decay": lambda: pl.solve("u' = -u", "u(0) = 1", x=(0, 1), tol=1e-3),
    "several elements": lambda: pl.solve(*OSCILLATOR, x=(0, 30), k=1.0, tol=1e-9),
    "a system": lambda: pl.solve("x' = y", "y' = -x", "x(0) = 0", "y(0) = 1", t=(0, 1)),
    "as far as it went": lambda: pl.solve("u' = u^2", "u(0) = 1", x=(0, 2), tol=1e-3),
    "unknown parameter": lambda: pl.solve(
        *OSCILLATOR, "u(1) = 0", x=(0, 1), k=pl.Unknown(9.0, positive=True)
    ),
    "observations": lambda: pl.solve(
        "u' = -k*u",
        "u(0) = 1",
        pl.data("u", [0.5, 1.0], [math.exp(-1), math.exp(-2)]),
        x=(0, 1),
        k=pl.Unknown(1.0, bounds=(0.0, 5.0)),
    ),
    "features": lambda: pl.solve("u' = -u", "u(0) = 1", x=(0, 1), tol=1e-2, trial="features", seed=3),
    "one layer of features": lambda: pl.solve(
        "u' = -u",
        "u(0) = 1",
        x=(0, 1),
        tol=1e-2,
        trial="features",
        method=pl.GaussNewton(steps=1, damping=0.0),
    ),
    "features and a parameter": lambda: pl.solve(
        *OSCILLATOR,
        "u(1) = 0",
        x=(0, 1),
        k=pl.Unknown(9.0),
        tol=1e-3,
        trial="features",
        method=pl.GaussNewton(),
    ),
    "network": lambda: untrained(network()),
    "MLP": lambda: untrained(pl.MLP(1, 1, 6, 1, generator=torch.Generator().manual_seed(0))),
    "Fourier features": lambda: untrained(waves()),
    "layers of torch": lambda: untrained(layers()),
    "Legendre series": lambda: untrained(legendre_series()),
    "slabs": lambda: pl.solve(
        "u_t = u_xx", "u(x, 0) = sin(pi*x)", "u(0, t) = 0", "u(2, t) = 0", x=(0, 2), t=(0, 1), tol=0.05
    ),
    "boxes": lambda: pl.solve(
        "u_xx + u_yy = -1",
        "u = 0 on boundary",
        on=pl.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]),
        tol=0.05,
    ),
    "ridge": lambda: pl.solve("u_xx + u_yy = -1", "u = 0 on boundary", on=pl.Disk((0, 0), 1), tol=0.01),
    "lifted": lifted,
    "patchwork": in_slabs,
}


@cache
def made(name: str) -> pl.Solution:
    return MADE[name]()


def values(solution: pl.Solution) -> list[Tensor]:
    x = torch.linspace(0, 0.9, 101, dtype=torch.float64)
    columns = (x, 0.9 - x)[: len(solution.problem.domain.names)]
    found = solution(*columns)
    derivative = solution.partial(f"{solution.problem.unknowns[0]}_{solution.problem.domain.names[0]}")(
        *columns
    )
    return [*(found.values() if isinstance(found, dict) else [found]), derivative]


@pytest.mark.parametrize("name", MADE)
def test_what_is_loaded_equals_what_was_saved(name: str, tmp_path: Path) -> None:
    solution = made(name)
    solution.save(tmp_path / "it.safetensors")
    state = torch.random.get_rng_state()
    again = pl.load(tmp_path / "it.safetensors")
    assert torch.equal(torch.random.get_rng_state(), state)
    for value, other in zip(values(solution), values(again), strict=True):
        assert torch.equal(value, other)
    for fact in FACTS:
        assert getattr(again, fact) == getattr(solution, fact), fact
    assert again.unknowns == solution.unknowns
    assert str(again) == str(solution)
    assert str(again.problem) == str(solution.problem)
    assert again.problem.domain == solution.problem.domain


def test_every_field_of_a_solution_is_kept() -> None:
    assert {entry.name for entry in dataclasses.fields(pl.Solution)} == {
        "problem",
        "trial",
        "checkpoint",
        *FACTS,
    }


def test_the_file_reads_without_us(tmp_path: Path) -> None:
    made("elements").save(tmp_path / "it.safetensors")
    with safe_open(tmp_path / "it.safetensors", framework="pt") as file:
        record = json.loads(file.metadata()["record"])
        assert set(file.keys()) == {"trial.edges", "trial.local.0"}
        assert file.get_tensor("trial.edges")[-1] == 1.0
    assert record["problem"]["statements"] == list(OSCILLATOR)
    assert record["problem"]["domain"] == {"x": [0.0, 1.0]}
    assert record["problem"]["parameters"] == {"k": 1.0}
    assert record["seed"] == 7
    assert record["tol"] == 1e-9
    assert record["versions"]["torch"] == torch.__version__


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    solution = pl.solve("u' = k*u", "u(0) = 1", x=(0.1 + 0.2 - 0.3, 1 / 3), k=math.pi / 7)
    solution.save(tmp_path / "it.safetensors")
    again = pl.load(tmp_path / "it.safetensors")
    assert again.problem.parameters == {"k": math.pi / 7}
    assert again.problem.domain.intervals == {"x": (0.1 + 0.2 - 0.3, 1 / 3)}


def test_what_failed_can_be_kept_too(tmp_path: Path) -> None:
    problem = pl.Problem("u' = u", "u(0) = 1", x=(0, 1))
    pl.Solution(problem, None, "network", math.inf, 1e-6, "It failed.", 0.5).save(tmp_path / "it.safetensors")
    again = pl.load(tmp_path / "it.safetensors")
    assert again.trial is None
    assert again.error == math.inf
    assert again.status == "It failed."


def test_features_on_each_of_several_cells(tmp_path: Path) -> None:
    problem = pl.Problem("laplacian(u) = 1", "u = 0 on boundary", on=pl.Disk((0, 0), 1))
    low = torch.tensor([[-1.0, -1.0], [0.0, -1.0]], dtype=torch.float64)
    partition = Partition(low, low + torch.tensor([1.0, 2.0], dtype=torch.float64))
    generator = torch.Generator().manual_seed(0)
    layers = []
    for bounds in ([(-1, 0), (-1, 1)], [(0, 1), (-1, 1)]):
        layers.append(Ridge(pl.RandomFeatures(2, 1, 6, domain=bounds, generator=generator), ["u"]))
        nn.init.normal_(layers[-1].coefficients, generator=generator)
    trial = Patchwork(problem.domain, partition, layers)
    solution = pl.Solution(problem, trial, "random features", 0.1, 1e-3, "It was drawn.", 0.5)
    solution.save(tmp_path / "it.safetensors")
    x, y = torch.rand(2, 50, generator=generator, dtype=torch.float64) - 0.5
    assert torch.equal(pl.load(tmp_path / "it.safetensors")(x, y), solution(x, y))


def test_a_module_of_the_users_own_is_filled(tmp_path: Path) -> None:
    wave = Wave()
    nn.init.constant_(wave.c, 0.7)
    solution = untrained(wave)
    solution.save(tmp_path / "it.safetensors")
    with pytest.raises(FileError, match=r"weights of a Wave.*build one like it and give it to load"):
        pl.load(tmp_path / "it.safetensors")
    module = Wave()
    again = pl.load(tmp_path / "it.safetensors", module=module)
    assert all(torch.equal(a, b) for a, b in zip(values(solution), values(again), strict=True))
    assert module.c.tolist() == [0.7, 0.7, 0.7]


def test_a_module_that_does_not_fit_is_left_as_it_was(tmp_path: Path) -> None:
    untrained(Wave()).save(tmp_path / "it.safetensors")
    module = nn.Linear(1, 1)
    before = module.weight.clone()
    with pytest.raises(FileError, match=r"bias has shape \(1,\) in the module and none in the file"):
        pl.load(tmp_path / "it.safetensors", module=module)
    assert torch.equal(module.weight, before)
    made("elements").save(tmp_path / "it.safetensors")
    with pytest.raises(
        FileError, match=r"module=\.\.\. was given, but the solution in the file has no network"
    ):
        pl.load(tmp_path / "it.safetensors", module=module)


class Hooked(nn.Linear):
    """A layer of torch's with code of its own."""


def test_layers_that_text_does_not_tell_are_not_built_from_it(tmp_path: Path) -> None:
    net = nn.Sequential(Hooked(1, 1), nn.Tanh()).double()
    untrained(net).save(tmp_path / "it.safetensors")
    with pytest.raises(FileError, match="weights of a Sequential"):
        pl.load(tmp_path / "it.safetensors")
    net = nn.Sequential(nn.Linear(1, 1), nn.Tanh()).double()
    net[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    untrained(net).save(tmp_path / "it.safetensors")
    with pytest.raises(FileError, match="weights of a Sequential"):
        pl.load(tmp_path / "it.safetensors")


def test_statements_in_python_cannot_be_saved(tmp_path: Path) -> None:
    solution = pl.solve(pl.equation(lambda u: u.x + u), "u(0) = 1", x=(0, 1))
    with pytest.raises(FileError, match="a Python function cannot be saved"):
        solution.save(tmp_path / "it.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("no folder/it.safetensors", "cannot be written: No such file or directory"),
        ("a file/it.safetensors", "cannot be written: Not a directory"),
        (".", "cannot be written: "),
        ("it\0.safetensors", "cannot be written: "),
    ],
)
def test_places_that_cannot_be_written(tmp_path: Path, where: str, message: str) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(FileError, match=re.escape(message)):
        made("elements").save(tmp_path / where)
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


def test_a_failing_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "it.safetensors"
    made("elements").save(path)
    before = path.read_bytes()

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FileError, match=r"it\.safetensors cannot be written: No space left on device"):
        made("features").save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.safetensors", tmp_path / "link.safetensors"
    target.touch()
    link.symlink_to(target)
    made("elements").save(link)
    assert link.is_symlink()
    assert read_file(target)[0]["kind"] == "Legendre elements"


REGION = (pl.Box(x=(0, 2), y=(0, 2), name="wall") - pl.Disk((1, 1), 0.3, name="hole")) | pl.Polygon(
    [(3, 0), (4, 0), (4, 1)], name="wedge"
)


@pytest.mark.parametrize(
    ("statements", "names"),
    [
        ("u_xx + u_yy = 1; u = 0 on wall", {"on": pl.Box(x=(0, 2), y=(0, 2), name="wall")}),
        ("u_xx + u_yy = 1; u = 0 on boundary", {"on": REGION}),
        (
            "u_t = u_aa + u_bb; u = 0 on boundary; u(a, b, 0) = 1",
            {"on": pl.Disk((0, 0), 2, "ab"), "t": (0, 1)},
        ),
        ("u_xx + u_yy + u_zz = 1; u = 0 on boundary", {"on": pl.Ball((0, 0, 0), 1) & pl.Ball((1, 0, 0), 1)}),
    ],
)
def test_regions_are_posed_again(statements: str, names: dict[str, object]) -> None:
    problem = pl.Problem(statements, **names)
    fields, tensors = problems.written(problem)
    again = problems.read(Fields(json.loads(json.dumps(fields)), "problem"), Tensors(tensors))
    assert again.domain == problem.domain
    assert [c.text for c in again.conditions] == [c.text for c in problem.conditions]


def test_damaged_regions_are_refused() -> None:
    fields, _ = problems.written(pl.Problem("u_xx + u_yy = 1; u = 0 on boundary", on=REGION))
    nested: dict[str, object] = {
        "kind": "ball",
        "center": [0, 0],
        "radius": -1,
        "coordinates": ["x", "y"],
        "name": "",
    }
    for _ in range(60):
        for region in ({"kind": "sphere"}, {**nested, "radius": "1"}, {**nested, "center": [0, "a"]}, nested):
            with pytest.raises(FileError):
                problems.read(Fields({**fields, "domain": {"region": region}}, "problem"), Tensors({}))
        nested = {"kind": "union", "left": nested, "right": nested}

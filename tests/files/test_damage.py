"""Files that are not what they should be: each is refused by a FileError, and none costs memory or time."""

import json
import math
import os
import random
import re
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import pinnlite as pl
from pinnlite.errors import FileError, PinnliteError
from pinnlite.files.container import read_file, write_file
from tests.files.test_solutions import made

Record = tuple[dict[str, Any], dict[str, Tensor]]
KINDS = ("decay", "observations", "features", "one layer of features", "network", "MLP")
IN_SEVERAL = ("slabs", "boxes", "ridge", "lifted", "patchwork")  # coordinates
JUNK: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**40, 10**300, 1e300, -0.5, [], [1], [0, 1], [1, 0], [[]], [{}], {}, {"a": 1}),
    *("", "x", "self", "u(0) = 1", "u'' = 0", "Tanh", "elements", "9**9**9**9", "\ud800", "é" * 50),
)


@cache
def saved(name: str) -> tuple[bytes, str, dict[str, Tensor]]:
    """The bytes of a file, its record and its tensors."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it.safetensors"
        made(name).save(path)
        record, tensors = read_file(path)
        return path.read_bytes(), json.dumps(record), tensors


def parts(name: str) -> Record:
    _, record, tensors = saved(name)
    return json.loads(record), dict(tensors)


def load(path: Path) -> None:
    """Load; if that succeeds, the solution can be used like any other."""
    solution = pl.load(path)
    if solution.trial is not None:
        intervals = dict(solution.problem.domain.intervals)
        if solution.reached:
            intervals[solution.problem.marching] = solution.reached
        middle = [torch.tensor([(low + high) / 2], dtype=torch.float64) for low, high in intervals.values()]
        assert solution(*middle) is not None


def test_bytes_changed_at_random(tmp_path: Path) -> None:
    path, generator = tmp_path / "it.safetensors", random.Random(5)
    kinds = (*KINDS, *IN_SEVERAL)
    for i in range(1500):
        path.write_bytes(_mutated(saved(kinds[i % len(kinds)])[0], generator))
        try:
            load(path)
        except FileError:
            continue


def _mutated(data: bytes, generator: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(generator.choice([1, 1, 2, 5, 50])):
        place = generator.randrange(len(changed) or 1)
        match generator.randrange(4):
            case 0 if changed:
                changed[place] = generator.randrange(256)
            case 1:
                del changed[place:]
            case 2:
                del changed[place : place + generator.randrange(20)]
            case 3:
                changed[place:place] = generator.randbytes(generator.randrange(20))
    return bytes(changed)


def test_fields_and_tensors_changed_by_someone_who_knows_the_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # what takes most of the time
    path, generator = tmp_path / "it.safetensors", random.Random(6)
    kinds = (*KINDS, *IN_SEVERAL)
    for i in range(250):
        record, tensors = parts(kinds[i % len(kinds)])
        if generator.random() < 0.75:
            _change_field(record, generator)
        else:
            _change_tensor(tensors, generator)
        write_file(path, record, tensors)
        try:
            load(path)
        except FileError:
            continue


def _change_field(record: dict[str, Any], generator: random.Random) -> None:
    *above, last = generator.choice(list(_places(record)))
    inner: Any = record
    for key in above:
        inner = inner[key]
    value = inner[last]
    match generator.randrange(4):
        case 0:
            del inner[last]
        case 1 if isinstance(inner, dict):
            inner[generator.choice(["x", "u", "k", "", "self", "parts"])] = inner.pop(last)
        case 2 if isinstance(value, str) and value:
            at = generator.randrange(len(value))
            inner[last] = (
                value[:at] + generator.choice("()+-*/^=u'x019 e,;") + value[at + generator.randrange(2) :]
            )
        case 2 if isinstance(value, float):
            inner[last] = generator.choice([value + 1, -value, value * 1e5, value / 3, int(value)])
        case _:
            inner[last] = generator.choice(JUNK)


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*above, key)
        yield from _places(item, (*above, key))


def _change_tensor(tensors: dict[str, Tensor], generator: random.Random) -> None:
    name = generator.choice(sorted(tensors))
    tensor = tensors.pop(name)
    changes = (tensor.float(), tensor[:0], tensor * math.nan, tensor.flip(0), tensor[..., None], None)
    changed = generator.choice(changes)
    if changed is not None:
        tensors[name] = changed


@pytest.mark.parametrize("name", ["elements", *IN_SEVERAL])
def test_truncated_anywhere(name: str, tmp_path: Path) -> None:
    data, path = saved(name)[0], tmp_path / "it.safetensors"
    for length in (*range(0, len(data), len(data) // 150 + 1), len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(FileError):
            pl.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no safetensors file, or only a part of one"),
        (b"PK\x03\x04" + 100 * b"\0", "is no safetensors file, or only a part of one"),
        (b"\x80\x04\x95" + 100 * b"x", "is no safetensors file"),
        ((2**62).to_bytes(8, "little") + b"{}", "is no safetensors file"),
        ((2).to_bytes(8, "little") + b"{}", "holds no solution of pinnlite's"),
        ((4).to_bytes(8, "little") + b"\xff\xff{}", "is damaged: its header is no text"),
        ((2).to_bytes(8, "little") + b"[]", "is damaged: its text is no JSON object"),
        ((60000).to_bytes(8, "little") + 60000 * b"[", "is damaged: its text is no JSON"),
        ((20).to_bytes(8, "little") + b'{"__metadata__":[1]}', "its metadata are no texts"),
    ],
)
def test_what_is_no_file_of_ours(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "it.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileError, match=re.escape(message)):
        pl.load(path)


def test_a_file_of_someone_elses(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "it.safetensors", {"format": "pt"})
    with pytest.raises(FileError, match=r"it\.safetensors holds no solution of pinnlite's"):
        pl.load(tmp_path / "it.safetensors")


def test_a_file_of_another_schema(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "it", {"format": "pinnlite solution", "schema": "2"})
    with pytest.raises(FileError, match="written in form '2', and this version reads form '1'"):
        pl.load(tmp_path / "it")


def test_places_where_no_file_is(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no file "):
        pl.load(tmp_path / "it.safetensors")
    with pytest.raises(FileError, match="cannot be read: it is no regular file"):
        pl.load(tmp_path)


def test_one_bit_of_a_coefficient(tmp_path: Path) -> None:
    data = bytearray(saved("elements")[0])
    data[-3] ^= 1
    (tmp_path / "it").write_bytes(data)
    with pytest.raises(FileError, match="its contents do not match their checksum"):
        pl.load(tmp_path / "it")


def changed(name: str, *path: str | int, to: Any) -> Record:
    record, tensors = parts(name)
    inner: Any = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return record, tensors


def with_tensor(name: str, tensor: str, value: Tensor) -> Record:
    record, tensors = parts(name)
    return record, {**tensors, tensor: value}


def huge() -> dict[str, Any]:
    sizes = {"inputs": 1, "outputs": 1, "width": 2**20, "depth": 2, "activation": "tanh"}
    return {"layer": "MLP", "arguments": sizes}


def nested() -> dict[str, Any]:
    inner: dict[str, Any] = {"layer": "Tanh", "arguments": {}}
    for _ in range(50):
        inner = {"parts": [inner]}
    return inner


# Of files that say that they hold more than they do: to watch each allocation takes longer than all the rest.
PROMISES = {
    "order is not an integer between 0 and 50",
    "cannot be built: it is larger than its tensors",
    "is nested too deeply",
    "does not fit the file",
    "cannot be built: ",
    "slabs that do not fit together",
}


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


NETWORK = ("trial", "inner", "network")
LINE = torch.linspace(1, 0, 3, dtype=torch.float64)


def shifted(name: str, tensor: str, by: float) -> Record:
    record, tensors = parts(name)
    return record, {**tensors, tensor: tensors[tensor] + by}


def shorter(name: str, tensor: str) -> Record:
    record, tensors = parts(name)
    return record, {**tensors, tensor: tensors[tensor][..., :-1].contiguous()}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: changed("elements", "tol", to=-1.0), "solution.tol is not a finite number"),
        (lambda: changed("elements", "error", to="small"), "solution.error is not a finite number"),
        (lambda: changed("elements", "history", to=[1]), "solution.history is not a list of texts"),
        (lambda: changed("elements", "seed", to=True), "solution.seed is not an integer between 0 and"),
        (lambda: changed("elements", "reached", to=[1, 0]), "solution.reached is not an interval"),
        (lambda: changed("elements", "problem", to=None), "solution.problem is not an object"),
        (lambda: changed("elements", "problem", "domain", to={"x": [0, 1e999]}), None),
        (
            lambda: changed("elements", "problem", "statements", to=["u'' = "]),
            "the problem in the file cannot be posed: error: ",
        ),
        (
            lambda: changed("elements", "problem", "parameters", to={"__class__.x": 1}),
            "is not something with a proper name",
        ),
        (
            lambda: changed("elements", "trial", "form", to="magic"),
            "names a trial 'magic', which this version",
        ),
        (lambda: changed("elements", "trial", "orders", to=[]), "orders leaves out an unknown"),
        (
            lambda: changed("elements", "trial", "orders", 0, "order", to=10**9),
            "order is not an integer between 0 and 50",
        ),
        (lambda: with_tensor("elements", "trial.edges", LINE), "edges that are no partition of the domain"),
        (lambda: with_tensor("elements", "trial.edges", LINE * math.nan), "trial.edges is no float64 tensor"),
        (
            lambda: with_tensor("elements", "trial.edges", 9 - LINE),
            "edges that are no partition of the domain",
        ),
        (
            lambda: with_tensor("elements", "trial.local.0", torch.zeros(5, 20, dtype=torch.float64)),
            "trial.local.0 is no float64 tensor of finite numbers of shape (",
        ),
        (lambda: changed("MLP", *NETWORK, to=huge()), "cannot be built: it is larger than its tensors"),
        (lambda: changed("MLP", *NETWORK, to=nested()), "is nested too deeply"),
        (
            lambda: changed("MLP", *NETWORK, to={"layer": "os.system", "arguments": {}}),
            "names a layer 'os.system', which this version",
        ),
        (
            lambda: changed("MLP", *NETWORK, to={"layer": "Tanh", "arguments": {"device": "cuda"}}),
            "are not the arguments of Tanh",
        ),
        (lambda: changed("MLP", *NETWORK, "arguments", "width", to=7), "does not fit the file"),
        (lambda: changed("MLP", *NETWORK, "arguments", "activation", to="exec"), "'exec' is not known"),
        (
            lambda: changed(
                "network",
                *NETWORK,
                to={
                    "layer": "Linear",
                    "arguments": {"in_features": 2**31, "out_features": 2**31, "bias": True},
                },
            ),
            "cannot be built: ",
        ),
        (
            lambda: changed("one layer of features", "trial", "inner", "form", to="constrained"),
            "is constrained twice",
        ),
        (lambda: changed("slabs", "trial", "time", to=2), "time is not an integer between 0 and 1"),
        (lambda: changed("slabs", "trial", "time", to=0), "edges that are no partition of the domain"),
        (lambda: shifted("slabs", "trial.times", 0.1), "edges that are no partition of the domain"),
        (lambda: shifted("slabs", "trial.edges", -0.1), "edges that are no partition of the domain"),
        (lambda: shifted("slabs", "trial.counts", 1.0), "slabs that do not fit together"),
        (lambda: shifted("slabs", "trial.counts", 0.5), "slabs that do not fit together"),
        (lambda: changed("slabs", "trial", "orders", to=[]), "orders are not the unknowns"),
        (lambda: changed("boxes", "trial", "degree", to=3), "trial.coefficients.0 is no float64 tensor"),
        (lambda: changed("boxes", "trial", "degree", to=100), "trial.coefficients.0 is no float64 tensor"),
        (lambda: shifted("boxes", "trial.low", -0.1), "boxes that are no part of the domain"),
        (lambda: shifted("boxes", "trial.high", -9.0), "boxes that are no part of the domain"),
        (lambda: shorter("boxes", "trial.high"), "trial.high is no float64 tensor"),
        (lambda: shorter("ridge", "trial.coefficients"), "trial.coefficients is no float64 tensor"),
        (lambda: changed("ridge", "trial", "basis", to=None), "basis is not an object"),
        (
            lambda: changed("ridge", "trial", "basis", "arguments", "inputs", to=1),
            "the file",
        ),
        (
            lambda: changed("lifted", "trial", "inner", "form", to="boxes"),
            "is no trial that conditions are built into",
        ),
        (
            lambda: changed(
                "lifted", "problem", "statements", to=["u_xx + u_yy = 1", "du/dn = u on boundary"]
            ),
            "is no trial that conditions are built into",
        ),
    ],
)
def test_fields_that_are_wrong(made: Any, message: str | None, tmp_path: Path) -> None:
    if message is None:  # JSON has no infinity to be written
        with pytest.raises(ValueError, match="Out of range float values"):
            write_file(tmp_path / "it", *made())
        return
    write_file(tmp_path / "it", *made())
    began = time.process_time()
    watched = little_memory() if message in PROMISES else nullcontext()
    with watched, pytest.raises(FileError, match=re.escape(message)):
        pl.load(tmp_path / "it")
    assert time.process_time() - began < 2


# Fits, changed by someone who knows the checksum.
SIZES = {"inputs": 1, "outputs": 1, "width": 4, "depth": 1, "activation": "tanh"}


@cache
def fitted() -> tuple[str, dict[str, Tensor]]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.safetensors"
        network = pl.MLP(1, 1, 4, 1, generator=torch.Generator().manual_seed(0))
        pl.fit("exp(x)", network, x=(-1, 1), points=20, method=pl.LBFGS(steps=3)).save(path)
        record, tensors = read_file(path)
        return json.dumps(record), tensors


def of_fit(model: Any, state: dict[str, Tensor] | None = None, **facts: Any) -> Record:
    """The fit with another model, and its tensors unless others are given."""
    text, tensors = fitted()
    record = json.loads(text)
    record["fit"] |= {"model": model or record["fit"]["model"], **facts}
    kept = {name: value for name, value in tensors.items() if state is None or name.startswith("fit.")}
    return record, {**kept, **{f"model.{name}": value for name, value in (state or {}).items()}}


def layer(name: str, **arguments: Any) -> dict[str, Any]:
    return {"layer": name, "arguments": arguments}


def perceptron(**arguments: Any) -> dict[str, Any]:
    return layer("MLP", **{**SIZES, **arguments})


def weights_as(dtype: torch.dtype, only: str = "") -> Record:
    """The network's own weights, or one of them, in another type."""
    record, tensors = of_fit(None)
    for name, value in tensors.items():
        if name.startswith("model.") and only in name:
            tensors[name] = value.to(dtype)
    return record, tensors


def posed(*statements: str, name: str = "ridge", **fields: Any) -> Record:
    record, tensors = parts(name)
    record["problem"] |= fields
    if statements:
        record["problem"]["statements"] = list(statements)
    return record, tensors


def on(region: dict[str, Any]) -> Record:
    return posed(domain={"region": region})


def with_tensors(more: dict[str, Tensor]) -> Record:
    record, tensors = parts("elements")
    return record, {**tensors, **more}


def constrained(name: str) -> Record:
    """A solution whose trial is said to have conditions of an ordinary differential equation built in."""
    record, tensors = parts("MLP")
    other, more = parts(name)
    record["problem"] = other["problem"]
    return record, {**tensors, **more}


def ball(i: int = 0, radius: float = 1.0) -> dict[str, Any]:
    return {
        "kind": "ball",
        "center": [0.3 * i, 0.1 * i],
        "radius": radius,
        "coordinates": ["x", "y"],
        "name": "",
    }


def chain(count: int) -> dict[str, Any]:
    made = ball()
    for i in range(1, count):
        made = {"kind": "union", "left": made, "right": ball(i)}
    return made


def tree(depth: int) -> dict[str, Any]:
    return {"kind": "union", "left": tree(depth - 1), "right": tree(depth - 1)} if depth else ball(depth)


def polygon(corners: int) -> dict[str, Any]:
    angles = [2 * math.pi * i / corners for i in range(corners)]
    vertices = [[math.cos(angle), math.sin(angle)] for angle in angles]
    return {"kind": "polygon", "vertices": vertices, "coordinates": ["x", "y"], "name": ""}


STRANGE = (torch.int64, torch.bool, torch.uint8, torch.float16, torch.float8_e4m3fn)
EMPTY = {f"checkpoint.{i}": torch.zeros(0) for i in range(20_001)}
FLAT = {"parts": 10 * [{"parts": 1000 * [{"layer": "Identity", "arguments": {}}]}]}
LINEAR = {name: value.double() for name, value in torch.nn.Linear(3, 2).state_dict().items()}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        # Small files that would cost memory or time.
        (lambda: of_fit(perceptron(inputs=[0.0, 1.0], width=2**28)), "inputs is not an integer"),
        (lambda: of_fit(perceptron(inputs="a" * 40, width=2**28)), "inputs is not an integer"),
        (lambda: of_fit(perceptron(inputs=True)), "inputs is not an integer"),
        (lambda: of_fit(perceptron(width=1, depth=200_000)), "more than 1000 layers"),
        (lambda: of_fit(FLAT), "more than 1000 layers"),
        (lambda: with_tensors(EMPTY), "tensors, more than the 20000 that are read"),
        (lambda: on(polygon(9_999)), "combines regions with more than"),
        (lambda: on(chain(48)), "regions"),
        (lambda: on(tree(11)), "regions"),
        (lambda: posed(*(f"u{i}' = {'x+' * 390}x" for i in range(200))), "statements that are too long"),
        # What would raise something else, or fail when it is used.
        *((lambda t=t: weights_as(t), "does not fit the file") for t in STRANGE),
        (lambda: weights_as(torch.float32, "bias"), "does not fit its points"),
        (lambda: of_fit(perceptron(activation=True)), "activation is not a text"),
        (lambda: of_fit(perceptron(activation=[0, 1])), "activation is not a text"),
        (lambda: of_fit(layer("GELU", approximate="foo"), {}), "'foo' is not known"),
        (lambda: of_fit(layer("ELU", alpha="foo"), {}), "alpha is not a finite number"),
        (lambda: of_fit(layer("Softplus", beta=[0, 1], threshold=20), {}), "beta is not a finite number"),
        (
            lambda: of_fit(layer("Linear", in_features=3, out_features=2, bias=True), LINEAR),
            "does not fit its points",
        ),
        (lambda: of_fit(None, status="\ud800"), "status is not a text"),
        (lambda: of_fit(None, status="\x1b]0;x\x07"), "status is not a text"),
        (lambda: of_fit(None, phases=["\x9b2J"]), "phases is not a list of texts"),
        (lambda: posed(parameters={"on": 1}), "a parameter named on"),
        (lambda: posed(parameters={"self": 1}), "is not something with a proper name"),
        (lambda: on(ball(radius=1e307)), "the file"),
        (lambda: posed(domain={"x": [-1e307, 1e307], "y": [-9e307, 9e307]}), "the file"),
        (lambda: posed(*["u = 0 on boundary"] * 9, domain={"region": polygon(500)}), "too many statements"),
        (lambda: constrained("slabs"), "is no trial that conditions can be built into"),
        (lambda: constrained("boxes"), "is no trial that conditions can be built into"),
        (lambda: constrained("ridge"), "is no trial that conditions can be built into"),
    ],
)
def test_files_made_to_harm(made: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    write_file(tmp_path / "it", *made())
    began = time.process_time()
    with pytest.raises(FileError, match=re.escape(message)):
        pl.load(tmp_path / "it")
    assert time.process_time() - began < 2


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for special in (Path("/dev/zero"), tmp_path / "pipe", tmp_path):
        with pytest.raises(FileError, match="no regular file"):
            pl.load(special)
        with pytest.raises(FileError, match="no regular file"):
            write_file(special, {}, {})
    with pytest.raises(FileError, match="cannot be read"):
        pl.load(tmp_path / "loop")
    with pytest.raises(FileError, match="cannot be written"):
        write_file(tmp_path / "loop", {}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loop", "pipe"]


def test_a_file_error_is_one_of_ours() -> None:
    assert issubclass(FileError, PinnliteError)

"""Fits in files, and what other programs are given: read back, run, compared; what is damaged is refused."""

import json
import random
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import pinnlite as pl
from pinnlite.cli import main
from pinnlite.files.container import read_file, write_file

X = torch.linspace(-1, 1, 37, dtype=torch.float64)


@cache
def fit_of(kind: str) -> pl.Fit:
    generator = torch.Generator().manual_seed(0)
    match kind:
        case "polynomial":
            return pl.fit("exp(x)", pl.Polynomial(4), x=(-1, 1), points=50)
        case "legendre":
            return pl.fit("exp(x)", pl.Legendre(6), x=(-1, 1), points=50)
        case "network":
            network = pl.MLP(1, 1, 4, 1, generator=generator)
            return pl.fit("exp(x)", network, x=(-1, 1), points=50, method=pl.LBFGS(steps=5))
    points, values = torch.rand(20, 2, generator=generator), torch.rand(20, 3, generator=generator)
    return pl.fit((points, values), torch.nn.Linear(2, 3), method=pl.LBFGS(steps=5))


@pytest.mark.parametrize("kind", ["polynomial", "legendre", "network", "plane"])
def test_a_fit_is_the_same_when_it_is_read_again(kind: str, tmp_path: Path) -> None:
    fit, path = fit_of(kind), tmp_path / "fit.safetensors"
    fit.save(path)
    again = pl.load(path)
    assert isinstance(again, pl.Fit)
    assert repr(again) == repr(fit)
    assert again.history == fit.history
    points = fit.x
    assert torch.equal(again.model(points), fit.model(points))
    assert all(torch.equal(getattr(again, name), getattr(fit, name)) for name in ("x", "y", "fitted"))


def test_a_model_of_the_users_own_is_given_its_weights(tmp_path: Path) -> None:
    class Own(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slope = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sin(self.slope * x)

    path = tmp_path / "own.safetensors"
    pl.fit("sin(x/2)", Own(), x=(-1, 1), method="gauss-newton").save(path)
    with pytest.raises(pl.FileError, match="only your own code can build"):
        pl.load(path)
    assert pl.load(path, Own()).model.slope.item() == pytest.approx(0.5)


def test_damaged_fits_are_refused(tmp_path: Path) -> None:
    path, generator = tmp_path / "fit.safetensors", random.Random(3)
    fit_of("network").save(path)
    whole = path.read_bytes()
    for _ in range(300):
        data = bytearray(whole)
        place = generator.randrange(len(data))
        match generator.randrange(3):
            case 0:
                data[place] ^= 1 << generator.randrange(8)
            case 1:
                del data[place:]
            case 2:
                data[place:place] = generator.randbytes(5)
        path.write_bytes(data)
        with pytest.raises(pl.FileError):
            pl.load(path)


def test_fields_that_are_wrong_behind_a_right_checksum(tmp_path: Path) -> None:
    path = tmp_path / "fit.safetensors"
    fit_of("network").save(path)
    record, tensors = read_file(path)
    text = json.dumps(record)
    for name in record["fit"]:
        for junk in ([], -1, {"a": 1}, "x", True):
            changed = json.loads(text)
            changed["fit"][name] = junk
            write_file(path, changed, tensors)
            try:
                pl.load(path)
            except pl.FileError:
                continue
    for name in tensors:
        write_file(path, record, {key: value for key, value in tensors.items() if key != name})
        with pytest.raises(pl.FileError):
            pl.load(path)


def test_versions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "fit.safetensors"
    fit_of("polynomial").save(path)
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["record"])["versions"]["torch"] == torch.__version__


def test_a_torch_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command, which reads the solution from its file."""
    solution = pl.solve("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(-1, 1), tol=1e-12)
    kept, written = tmp_path / "u.safetensors", tmp_path / "u.pt2"
    solution.save(kept)
    assert main(["export", str(kept), str(written)]) == 0
    assert capsys.readouterr().out == f"wrote {written}\n"
    program = torch.export.load(written).module()
    torch.testing.assert_close(program(X[:, None])[:, 0], torch.sin(X), rtol=1e-11, atol=1e-12)


def test_an_onnx_program(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    fit = fit_of("network")
    fit.export(tmp_path / "f.onnx")
    session = runtime.InferenceSession(tmp_path / "f.onnx")
    (values,) = session.run(None, {session.get_inputs()[0].name: X[:, None].numpy()})
    torch.testing.assert_close(torch.from_numpy(values), fit.model(X[:, None]).detach(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "says"), [("u.txt", "no form that can be exported"), ("no/u.pt2", "cannot be")]
)
def test_programs_that_cannot_be_written(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(pl.FileError, match=says):
        fit_of("polynomial").export(tmp_path / name)

"""Problems, regions and observations in files: what is read, and what is refused with its place."""

import json
import math
from pathlib import Path

import pytest

from pinnlite.cli import main
from tests.streams import said

Run = pytest.CaptureFixture[str]
DECAY = """
[problem]
equation = "u' = -k*u"
conditions = ["u(0) = 1"]
domain = { t = [0, "log(4)"] }
params = { k = "1/2" }
[solve]
tol = 1e-9
"""


def solved(capsys: Run, *words: str, code: int = 0) -> dict[str, object]:
    capsys.readouterr()
    assert main(["solve", *words, "--json"]) == code
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_problem_in_toml(capsys: Run, tmp_path: Path) -> None:
    path = tmp_path / "decay.toml"
    path.write_text(DECAY)
    found = solved(capsys, str(path), "--at", "log(4)")
    assert (found["tol"], found["parameters"]) == (1e-9, {"k": 0.5})
    assert found["rows"] == [[math.log(4), pytest.approx(0.5, rel=1e-8)]]
    again = solved(capsys, str(path), "-p", "k=1", "--tol", "1e-6", "--at", "log(4)")  # options override
    assert again["tol"] == 1e-6
    assert again["rows"] == [[math.log(4), pytest.approx(0.25, rel=1e-5)]]


def test_toml_on_standard_input(capsys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinnlite.cli.options.read_text", lambda word: DECAY if word == "-" else word)
    assert solved(capsys, "-", "--at", "0")["rows"] == [[0.0, pytest.approx(1.0)]]


def test_unknowns_and_observations(capsys: Run, tmp_path: Path) -> None:
    (tmp_path / "seen.csv").write_text("# a decay\nu;t\n0.5;1\n0.25;2\n")
    path = tmp_path / "inverse.toml"
    path.write_text(
        DECAY.replace("log(4)", "3").replace(
            'params = { k = "1/2" }', 'unknowns = { k = 1.0 }\ndata = { u = "seen.csv" }'
        )
    )
    found = solved(capsys, str(path))
    assert found["unknowns"] == {"k": pytest.approx(math.log(2), rel=1e-8)}
    words = ["u' = -k*u, u(0) = 1", "--on", "t=0,3", "--unknown", "k=1", "--data", f"u={tmp_path}/seen.csv"]
    assert solved(capsys, *words)["unknowns"] == {"k": pytest.approx(math.log(2), rel=1e-5)}


def test_a_region(capsys: Run) -> None:
    words = [
        "u_xx + u_yy = -4, u = 0 on boundary",
        "--region",
        "Disk((0, 0), 1)",
        "--at",
        "x=0.3",
        "--at",
        "y=0.4",
    ]
    found = solved(capsys, *words)
    assert found["rows"] == [[0.3, 0.4, pytest.approx(0.75, rel=1e-5)]]
    assert found["region"] == "Disk((0, 0), 1)"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("equation =", "equaton ="), "unknown key problem.equaton: did you mean equation?"),
        (("[solve]", "[solver]"), "unknown key solver: did you mean solve?"),
        (("tol = 1e-9", "tolerance = 1e-9"), "unknown key solve.tolerance"),
        (("tol = 1e-9", "tol = true"), "solve.tol is a number, or a text"),
        (('[0, "log(4)"]', '[0, "log(4"]'), "domain.t: this bracket is never closed (column 4)"),
        (('[0, "log(4)"]', "[0]"), "domain.t is a list of two ends, such as [0, 1]"),
        (('["u(0) = 1"]', '"u(0) = 1"'), "problem.conditions is a list of texts"),
        (('params = { k = "1/2" }', 'params = { t = "1/2" }'), "t is given twice"),
        (
            ('params = { k = "1/2" }', "unknowns = { k = { guess = 1, bound = [0, 2] } }"),
            "did you mean bounds?",
        ),
        (('params = { k = "1/2" }', "unknowns = { k = { positive = true } }"), "unknowns.k has no guess"),
        (('params = { k = "1/2" }', 'data = { u = "nowhere.csv" }'), "there is no file"),
        (
            ('params = { k = "1/2" }', 'region = "Disc((0, 0), 1)"'),
            "this is no region and no number (column 1)",
        ),
        (("[problem]", "[problem"), "is no TOML"),
        (('equation = "u\' = -k*u"', ""), "has no equation"),
    ],
)
def test_what_a_file_must_not_say(capsys: Run, tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = tmp_path / "problem.toml"
    path.write_text(DECAY.replace(*change))
    assert main(["solve", str(path)]) == 2
    assert says in said(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"t,u\n0,1\n1,x\n", "line 3: '1, x' is no row of 2 finite numbers"),
        (b"t,u\n0,1\n1\n", "line 3: '1' is no row of 2"),
        (b"t,u\n0,nan\n", "line 2: '0, nan' is no row of 2 finite numbers"),
        (b"time,u\n0,1\n", "has no column t: it has time, u"),
        (b"0,1,2\n", "has 3 columns without headings; wanted are t, u"),
        (b"t,u\n", "headings, but no numbers"),
        (b"", "holds no numbers"),
        (b"\xff\xfe", "is no text in UTF-8"),
    ],
)
def test_data_that_cannot_be_used(capsys: Run, tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "seen.csv"
    path.write_bytes(content)
    words = ["u' = -k*u, u(0) = 1", "--on", "t=0,3", "--unknown", "k=1", "--data", f"u={path}"]
    assert main(["solve", *words]) == 2
    assert says in said(capsys.readouterr().err)


def test_a_fit_of_data(capsys: Run, tmp_path: Path) -> None:
    path = tmp_path / "parabola.csv"
    path.write_text("s,y\n" + "\n".join(f"{s},{1 + s * s}" for s in range(6)))
    assert main(["fit", str(path), "--model", "polynomial:2", "--at", "10", "--csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header == "s,fit"
    assert [float(cell) for cell in row.split(",")] == pytest.approx([10, 101], rel=1e-9)

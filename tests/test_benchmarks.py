"""No figure in README or docs differs from what was measured, and a miss is shown as one."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import page, record, tables

PAGES = [path for path in page.pages() if "<!-- bench: " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_hold_what_was_measured(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert page.filled(text) == text, "python -m benchmarks.page renews the tables"


def test_every_table_of_the_plan_is_on_the_page() -> None:
    text = (page.ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    placed = {place[1] for place in page.PLACE.finditer(text)}
    assert placed == set(tables.TABLES) - {"oscillator", "collection", "costs"}  # those are for other pages


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    return tmp_path


def row(**figures: Any) -> dict[str, Any]:
    usual = {"row": 1, "problem": "p", "trial": "network", "class": "network", "tolerance": 1e-7, "runs": 3}
    aims = {"error_aimed_at": 1e-7, "seconds_aimed_at": 3.0, "converged": True}
    return {**usual, **aims, "error": 1e-8, "estimate": 2e-8, "seconds": 2.0, **figures}


def test_what_was_missed_is_said(kept: Path) -> None:
    rows = [
        row(),
        row(seconds=41.234, runs=1),
        row(error=1.06e-7, converged=False),
        row(error=float("inf"), estimate=float("inf")),
        row(trial="legendre"),
    ]
    record.write("solving", {"rows": rows})
    json.loads(
        (kept / "solving.json").read_text(), parse_constant=pytest.fail
    )  # numbers that JSON does not know
    lines = tables.of_class("network").splitlines()
    assert lines[:2] == [
        "| # | problem | tolerance asked | true error | estimated error | seconds | aim | met |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    assert lines[2:] == [
        "| 1 | p | 1e-07 | 1.0e-08 | 2.0e-08 | 2 | 3 | yes |",
        "| 1 | p | 1e-07 | 1.0e-08 | 2.0e-08 | 41 (once) | 3 | **no**: time |",
        "| 1 | p | 1e-07 | 1.1e-07 | 2.0e-08 | 2 | 3 | **no**: convergence, error |",
        "| 1 | p | 1e-07 | none | none | 2 | 3 | **no**: error |",
    ]
    assert tables.oscillator().splitlines()[3].endswith("| 41 (once) (missed: time) |")


def test_ratios_to_scipy(kept: Path) -> None:
    """The same error decides; the tolerance does where SciPy comes no nearer; boundary values have an aim of 1."""

    def run(seconds: float, reached: bool = True, boundary: bool = False) -> dict[str, Any]:
        text = "SciPy's solve_ivp (DOP853, rtol = 1e-08)"
        return {
            "run": text,
            "seconds": seconds,
            "error": 3e-9,
            "reached": reached,
            "boundary_values": boundary,
        }

    pairs = [
        (run(0.1), run(0.5)),
        (run(0.1), run(0.5, reached=False)),
        (run(1.0, boundary=True), run(1.9, boundary=True)),
        (run(1.0), {"run": None, "why": "an integral"}),
    ]
    results = [row(scipy_tolerance=asked, scipy_same_error=same) for asked, same in pairs]
    record.write("solving", {"rows": [*results, row()]})
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in tables.scipy().splitlines()[2:]]
    assert [line[4:] for line in lines] == [
        ["20", "solve_ivp (DOP853, rtol = 1e-08), 0.5 s", "4", "at most 10", "yes"],
        ["20", "no nearer than 3.0e-09", "", "at most 10", "**no**: time"],
        ["2", "solve_ivp (DOP853, rtol = 1e-08), 1.9 s", "1.1", "at most 1", "**no**: time"],
        ["2", "cannot", "", "at most 10", "yes"],
    ]


def test_targets_of_derivatives(kept: Path) -> None:
    """Ratios by hand; order 8 by nested autograd was not waited for, so nothing is said of it."""

    def case(name: str, taylor: float, nested: float | None, auto: str = "taylor") -> dict[str, Any]:
        times = {"taylor value": taylor, "taylor gradient": 2 * taylor}
        slow = {"autograd value": nested, "autograd gradient": nested} if nested else {}
        return {"case": name, "auto": auto, "forward": 1.0, **times, **slow}

    orders = [case("order 6", 20, 300), case("order 8", 100, None), case("order 10", 400, None)]
    sets = [case("u, u'", 10, 12, "autograd")]
    record.write("derivatives", {"orders": orders, "sums": [case("Laplacian, d = 10", 4, 10)], "sets": sets})
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in tables.derivative_targets().splitlines()
    ]
    assert [line[1:] for line in lines[2:]] == [
        ["1.2", "at most 1.1", "**no**"],  # u, u': 12 beside 10
        ["15", "at least 12", "yes"],
        ["2.5", "at least 2.5", "yes"],
        ["1", "at most 1.1", "yes"],  # with gradient: 12 beside 20
        ["7.5", "at least 12", "**no**"],
        ["1.25", "at least 2.5", "**no**"],
        ["40", "at most 84.9", "yes"],
        ["200", "at most 191", "**no**"],
        ["800", "at most 375", "**no**"],
    ]


def test_places_are_filled_and_nothing_else_is(kept: Path) -> None:
    record.write("solving", {"rows": [row()]})
    place = "before\n<!-- bench: networks -->\nold\n<!-- /bench -->\nafter 1e-3"
    assert (
        page.filled(place)
        == f"before\n<!-- bench: networks -->\n\n{tables.of_class('network')}\n\n<!-- /bench -->\nafter 1e-3"
    )
    assert page.filled(page.filled(place)) == page.filled(place)
    assert page.UNMEASURED in page.filled("<!-- bench: fits -->\n<!-- /bench -->")
    with pytest.raises(KeyError):
        page.filled("<!-- bench: nothing -->\n<!-- /bench -->")

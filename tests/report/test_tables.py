"""Tables, against what Python's own readers make of them."""

import csv
import doctest
import io
import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pinnlite.report.tables
from pinnlite.report.tables import csv_table, format_number, json_document, print_table, text_table


def test_the_table_of_the_interface() -> None:
    expected = "x    f   f'  f''\n1    2   2   2\n2    5   4   2\n3   10   6   2\n4   17   8   2"  # as API.md prints it
    rows = [[x, x**2 + 1, 2 * x, 2.0] for x in (1.0, 2.0, 3.0, 4.0)]
    assert text_table(["x", "f", "f'", "f''"], rows) == expected


def test_numbers_end_in_one_column_and_primes_touch_nothing() -> None:
    names = ["x", "f", "f'", "f''", "f'''", "f^(4)"]
    rows = [[0.5, -1e300, 1 / 3, math.nan, 12.0, 7.0], [10.0, 1.0, -2.0, math.inf, 0.0, 1e-9]]
    header, *lines = text_table(names, rows).splitlines()
    assert header.split() == names
    for row, line in zip(rows, lines, strict=True):
        assert [float(cell) for cell in line.split()] == pytest.approx(row, rel=1e-9, nan_ok=True)
    assert _ends(lines[0]) == _ends(lines[1])


def _ends(line: str) -> list[int]:
    return [i for i, c in enumerate(line) if c != " " and line[i + 1 : i + 2] in {" ", ""}]


def test_a_terminal_that_is_too_narrow_gets_the_plain_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "8")
    print_table(["x", "f"], [[1.0, 123456.0]])
    assert capsys.readouterr().out == "x        f\n1   123456\n"


def test_words_start_in_one_column() -> None:
    table = text_table(["name", "value"], [["a", "1"], ["longer", "2"]])
    assert table.splitlines() == ["name     value", "a        1", "longer   2"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(2.0, "2"), (-0.0, "0"), (0.1 + 0.2, "0.3"), (1e20, "1e+20"), (math.nan, "nan"), (-math.inf, "-inf")],
)
def test_numbers_for_people(value: float, shown: str) -> None:
    assert format_number(value) == shown


@given(st.lists(st.lists(st.floats(), min_size=2, max_size=2), max_size=5))
def test_csv_reads_back_to_the_last_bit(rows: list[list[float]]) -> None:
    header, *found = csv.reader(io.StringIO(csv_table(["x", "f, g"], rows)))
    assert header == ["x", "f, g"]
    np.testing.assert_array_equal(np.array(found, dtype=float).reshape(-1, 2), np.array(rows).reshape(-1, 2))


@given(st.lists(st.floats()))
def test_json_is_strict_and_reads_back(values: list[float]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    document = json.loads(json_document("s/1", values=values, nested={"v": values}), parse_constant=refuse)
    expected = [value if math.isfinite(value) else None for value in values]
    assert document == {"schema": "s/1", "values": expected, "nested": {"v": expected}}


def test_the_examples_of_the_docstrings() -> None:
    assert doctest.testmod(pinnlite.report.tables).failed == 0

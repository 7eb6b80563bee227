"""The notebook, run as Jupyter runs it: what its cells show, against oracles."""

import math

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from scipy.integrate import solve_ivp

from tests.examples.running import EXAMPLES


def test_first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parent))
    notebook = nbformat.read(EXAMPLES / "first_steps.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)  # kept without outputs
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    _, derived, tensors, fitted, solved, plotted, own = (cell.outputs for cell in cells)
    slopes = [math.exp(-x) * (math.cos(x) - math.sin(x)) for x in (0.0, 1.0, 2.0)]
    shown = derived[-1]["data"]["text/plain"].removeprefix("tensor([").removesuffix("])")
    assert np.fromstring(shown, sep=",") == pytest.approx(slopes, abs=1e-4)
    assert "[2.0, 4.0, 6.0, 8.0] [2.0, 2.0, 2.0, 2.0]" in tensors[0]["text"]
    assert "<img src='data:image/png" in fitted[-1]["data"]["text/html"]
    estimated, true = (float(part.split()[1]) for part in solved[0]["text"].split(","))
    assert max(estimated, true) < 1e-10
    assert [output["data"].keys() >= {"image/png"} for output in plotted] == [True]

    def pendulum(t: float, y: np.ndarray) -> list[float]:
        return [y[1], -0.1 * y[1] - math.sin(y[0])]

    end = solve_ivp(pendulum, (0, 20), [2.0, 0.0], rtol=1e-10, atol=1e-12, method="DOP853").y[0, -1]
    results = [output for output in own if output.output_type == "execute_result"]
    assert float(results[0]["data"]["text/plain"]) == pytest.approx(end, rel=1e-6)

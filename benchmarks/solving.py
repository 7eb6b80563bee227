"""Differential equations of the collection: true and estimated error, seconds, class, and SciPy's time beside them.

    python benchmarks/solving.py            # a table
    python benchmarks/solving.py --json     # the same for programs

Every row is the best of three solves in this process, after one to warm up; SciPy's time is measured here too, at the
loosest tolerance at which its error is no more than ours.
"""

import argparse
import json
import platform
import sys
from pathlib import Path

import torch

import pinnlite as pl
from pinnlite.verify.effort import reference_effort

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.problems.evolution import BURGERS, EVOLUTION
from tests.problems.ordinary import ORDINARY, OSCILLATOR, OSCILLATOR_BOUNDARY, Known

ROWS = [(known, "legendre", known.tolerance) for known in ORDINARY]
ROWS += [(BURGERS, "legendre", 1e-10), *((known, "legendre", known.tolerance) for known in EVOLUTION)]
ROWS += [(known, "features", 1e-12) for known in (OSCILLATOR, OSCILLATOR_BOUNDARY)]
ROWS += [(known, "network", 1e-7) for known in (OSCILLATOR, OSCILLATOR_BOUNDARY)]


def measure(known: Known, trial: str, tol: float) -> dict[str, object]:
    """One row of the table."""
    runs = [pl.solve(*known.statements, tol=tol, trial=trial, **known.names) for _ in range(4)][1:]
    best = min(runs, key=lambda run: run.seconds)
    true = known.error(best)
    row = {
        "problem": known.name,
        "class": best.kind,
        "tolerance": tol,
        "error": true,
        "estimate": best.error,
        "seconds": best.seconds,
    }
    if trial == "legendre":
        try:
            effort = reference_effort(
                best.problem, max(true, known.floor), lambda x: known.exact(torch.as_tensor(x))
            )
            row |= {"scipy": str(effort.run), "scipy_error": effort.error, "scipy_seconds": effort.seconds}
        except pl.PinnliteError as reason:
            row["scipy"] = str(reason)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [measure(*row) for row in ROWS]
    machine = {"machine": platform.machine(), "threads": torch.get_num_threads(), "torch": torch.__version__}
    if arguments.json:
        print(json.dumps({**machine, "rows": rows}, indent=2))
        return
    print(f"{machine['machine']}, {machine['threads']} threads, torch {machine['torch']}")
    for row in rows:
        print(
            f"{row['problem']:28s} {row['class']:18s} tol {row['tolerance']:.0e}  error {row['error']:.1e}  "
            f"estimate {row['estimate']:.1e}  {row['seconds']:7.3f} s  "
            + (
                f"{row['scipy']} {row['scipy_error']:.1e} {row['scipy_seconds']:.3f} s"
                if "scipy_error" in row
                else ""
            )
        )


if __name__ == "__main__":
    main()

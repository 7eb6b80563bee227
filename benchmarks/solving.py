"""Differential equations of the collection: true and estimated error, seconds, class, and SciPy's time beside them.

    python benchmarks/solving.py                 # a table
    python benchmarks/solving.py --json          # the same for programs
    python benchmarks/solving.py --only Burgers  # rows whose name holds this

A row passes nothing to ``solve`` but the statement, the domain, the tolerance and the class of trial functions. It is
the best of three solves in this process after one to warm up, or a single one where that takes longer than a few
seconds. SciPy's time is measured here too, at the loosest tolerance at which its error is no more than ours.
"""

import argparse
import json
import platform
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

import pinnlite as pl
from pinnlite.verify.effort import reference_effort

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.problems import elliptic, evolution, ordinary, regions
from tests.problems.known import Known

_SLOW = 5.0  # seconds from which on one run has to do


@dataclass(frozen=True)
class Row:
    """A problem, the class that it is solved with, and what is to be reached: relative L2 error and seconds."""

    number: int
    known: Known
    trial: str
    error: float
    seconds: float


ROWS = (
    Row(1, ordinary.OSCILLATOR, "legendre", 1e-13, 0.1),
    Row(1, ordinary.OSCILLATOR, "features", 1e-12, 0.3),
    Row(1, ordinary.OSCILLATOR, "network", 1e-7, 3),
    Row(2, ordinary.OSCILLATOR_BOUNDARY, "legendre", 1e-13, 0.1),
    Row(2, ordinary.OSCILLATOR_BOUNDARY, "features", 1e-12, 0.3),
    Row(2, ordinary.OSCILLATOR_BOUNDARY, "network", 1e-7, 3),
    Row(3, ordinary.LONG, "legendre", 1e-10, 2),
    Row(4, ordinary.DAMPED, "legendre", 1e-12, 0.2),
    Row(5, ordinary.LOTKA_VOLTERRA, "legendre", 1e-10, 1),
    Row(6, ordinary.VAN_DER_POL, "legendre", 1e-10, 1),
    Row(7, ordinary.BRATU, "legendre", 1e-13, 0.2),
    Row(8, ordinary.LAYER, "legendre", 1e-10, 1),
    Row(8, ordinary.THIN_LAYER, "legendre", 1e-10, 1),
    Row(9, ordinary.LANE_EMDEN, "legendre", 1e-11, 0.5),
    Row(0, ordinary.LORENZ, "legendre", 1e-8, 10),
    Row(0, ordinary.STIFF_VAN_DER_POL, "legendre", 1e-8, 10),
    Row(0, ordinary.ROBERTSON, "legendre", 1e-8, 10),
    Row(0, ordinary.ROBERTSON_BY_LOG, "legendre", 1e-8, 10),
    Row(10, elliptic.POISSON, "legendre", 1e-12, 0.5),
    Row(10, elliptic.POISSON, "features", 1e-10, 0.5),
    Row(10, elliptic.POISSON, "network", 1e-6, 20),
    Row(11, elliptic.HELMHOLTZ, "legendre", 1e-11, 2),
    Row(11, elliptic.HELMHOLTZ, "features", 1e-9, 10),
    Row(11, elliptic.HELMHOLTZ, "network", 1e-5, 60),
    Row(12, evolution.BURGERS, "legendre", 1e-7, 3),
    Row(12, evolution.BURGERS, "legendre", 1e-10, 8),
    Row(12, evolution.BURGERS, "network", 1e-4, 60),
    Row(13, evolution.ALLEN_CAHN, "legendre", 1e-6, 20),
    Row(14, evolution.KDV, "legendre", 1e-8, 60),
    Row(15, evolution.WAVE, "legendre", 1e-11, 2),
    Row(16, regions.HEAT_ON_DISK, "features", 1e-8, 10),
    Row(17, elliptic.POISSON_3D, "legendre", 1e-9, 5),
    Row(17, elliptic.POISSON_3D, "features", 1e-7, 20),
    Row(18, elliptic.POISSON_5D, "legendre", 1e-8, 20),
    Row(18, elliptic.POISSON_5D, "features", 1e-6, 60),
    Row(19, regions.POISSON_10D, "network", 1e-5, 300),
)


def measure(row: Row) -> dict[str, object]:
    """One row of the table."""

    def solve() -> pl.Solution:
        return pl.solve(*row.known.statements, tol=row.error, trial=row.trial, **row.known.names)

    best = solve()
    if best.seconds < _SLOW:
        best = min((solve() for _ in range(3)), key=lambda run: run.seconds)
    true = row.known.error(best) if best.trial is not None and best.reached is None else float("inf")
    result: dict[str, object] = {
        "row": row.number,
        "problem": row.known.name,
        "class": best.kind,
        "tolerance": row.error,
        "error": true,
        "estimate": best.error,
        "seconds": best.seconds,
        "seconds_aimed_at": row.seconds,
        "met": best.converged and true <= row.error and best.seconds <= row.seconds,
        "peak_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    if row.trial == "legendre" and len(best.problem.domain.names) == 1:
        result |= _scipy(row.known, best, true)
    return result


def _scipy(known: Known, solution: pl.Solution, error: float) -> dict[str, object]:
    try:
        effort = reference_effort(
            solution.problem, max(error, known.floor), lambda x: known.exact(torch.as_tensor(x))
        )
    except pl.PinnliteError as reason:
        return {"scipy": str(reason)}
    return {"scipy": str(effort.run), "scipy_error": effort.error, "scipy_seconds": effort.seconds}


def in_words(result: dict[str, object]) -> str:
    """A line of the table."""
    beside = ""
    if "scipy_seconds" in result:
        beside = f"  {result['scipy']} {result['scipy_error']:.1e} {result['scipy_seconds']:.3f} s"
    return (
        f"{result['row'] or '':>2} {result['problem']:28s} {result['class']:18s} tol {result['tolerance']:.0e}  "
        f"error {result['error']:.1e}  estimate {result['estimate']:.1e}  {result['seconds']:8.3f} s "
        f"(aim {result['seconds_aimed_at']:g}) {'met' if result['met'] else 'MISSED':6s}{beside}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose problem or class holds this")
    arguments = parser.parse_args()
    chosen = [row for row in ROWS if arguments.only.lower() in f"{row.known.name} {row.trial}".lower()]
    machine = {"machine": platform.machine(), "threads": torch.get_num_threads(), "torch": torch.__version__}
    if not arguments.json:
        print(f"{machine['machine']}, {machine['threads']} threads, torch {machine['torch']}")
    results = []
    for row in chosen:
        results.append(measure(row))
        if not arguments.json:
            print(in_words(results[-1]), flush=True)
    if arguments.json:
        print(json.dumps({**machine, "rows": results}, indent=2))


if __name__ == "__main__":
    main()

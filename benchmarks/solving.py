"""Differential equations of the collection: true and estimated error, seconds, class, and SciPy's time beside them.

    python -m benchmarks.solving                 # all rows, kept in results/solving.json
    python -m benchmarks.solving --only Burgers  # rows whose problem or class holds this, printed and not kept

A row passes nothing to ``solve`` but the statement, the domain, the tolerance, the class of trial functions and the
seed. After a run that warms up, three seeds are solved: the seconds are the median, the errors those of the worst. A
solve that takes more than a few seconds is run once.
"""

import argparse
from dataclasses import dataclass
from statistics import median
from typing import Any

import pinnlite as pl
from benchmarks import record
from benchmarks.beside_scipy import beside
from tests.problems import elliptic, evolution, ordinary, regions
from tests.problems.known import Known

SLOW = 5.0  # seconds from which on one run has to do
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Row:
    """A problem, the class that it is solved with, and what is to be reached: relative L2 error and seconds."""

    number: int  # in the list of problems whose targets were set beforehand; 0 for those that came later
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


def measure(row: Row, limit: float | None = None) -> dict[str, Any]:
    """One row: the figures and what they are to be; ``limit`` is in seconds for each solve."""

    def solve(seed: int) -> pl.Solution:
        options = {"tol": row.error, "trial": row.trial, "seed": seed, "time_limit": limit}
        return pl.solve(*row.known.statements, **options, **row.known.names)

    first = solve(SEEDS[0])
    runs = [first] if first.seconds >= SLOW else [solve(seed) for seed in SEEDS]
    errors = [true_error(row.known, run) for run in runs]
    worst, solution = max(zip(errors, runs, strict=True), key=lambda pair: pair[0])
    seconds = median(run.seconds for run in runs)
    result = {
        "row": row.number,
        "problem": row.known.name,
        "trial": row.trial,
        "class": solution.kind,
        "tolerance": row.error,
        "error": worst,
        "estimate": solution.error,
        "seconds": seconds,
        "runs": len(runs),
        "converged": all(run.converged for run in runs),
        "error_aimed_at": row.error,
        "seconds_aimed_at": row.seconds,
    }
    if solution.unknowns:
        result["unknowns"] = dict(solution.unknowns)
    if row.trial == "legendre" and len(solution.problem.domain.names) == 1:
        result |= beside(row.known, solution, worst)
    return result


def true_error(known: Known, solution: pl.Solution) -> float:
    """The error against the truth, infinite where there is no solution or only the part of one."""
    if solution.trial is None or solution.reached is not None:
        return float("inf")
    return known.error(solution)


def in_words(result: dict[str, Any]) -> str:
    """A line for whoever waits."""
    scipy = result.get("scipy_same_error", {})
    beside = f"  {scipy['run']} {scipy['error']:.1e} {scipy['seconds']:.3f} s" if scipy.get("run") else ""
    return (
        f"{result['row'] or '':>2} {result['problem']:28s} {result['class']:18s} tol {result['tolerance']:.0e}  "
        f"error {result['error']:.1e}  estimate {result['estimate']:.1e}  {result['seconds']:8.3f} s of "
        f"{result['runs']} (aim {result['seconds_aimed_at']:g}) {'' if result['converged'] else 'no '}converged{beside}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose problem or class holds this")
    only = parser.parse_args().only.lower()
    results = {**record.conditions(SEEDS), "rows": []}
    for row in ROWS:
        if only in f"{row.known.name}, {row.trial}".lower():
            results["rows"].append(measure(row))
            print(in_words(results["rows"][-1]), flush=True)
            if not only:
                record.write("solving", results)


if __name__ == "__main__":
    main()

"""Derivatives: Taylor arithmetic beside nested autograd, in milliseconds and as ratios within one process.

    python -m benchmarks.derivatives --long        # all rows, kept in results/derivatives.json: minutes, and 12 GB
    python -m benchmarks.derivatives --only order  # rows whose name holds this, printed and not kept

Each figure is the median of several runs, both engines in turn after a run that warms up, in processor time of one
thread, so that what else the machine does weighs little; nested autograd beyond order 6 runs once. The network is a
tanh MLP d-64-64-64-1 on 1,000 points in float64; "gradient" is the derivative and the gradient of its mean square by
all weights.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import product
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import record
from pinnlite.differentiation.algebra import Functional, partial, power_of_laplacian
from pinnlite.differentiation.engines import evaluate, taylor_pays

Case = tuple[str, int, tuple[Functional, ...]]
NESTED_TO, LONG_TO = 6, 8  # the highest order at which nested autograd is waited for, and with --long
SEED = 0

ORDERS: list[Case] = [(f"order {n}", 1, (partial((n,)),)) for n in range(1, 11)]
SUMS: list[Case] = [
    *((f"Laplacian, d = {d}", d, (power_of_laplacian(d, 1),)) for d in (2, 5, 10, 50)),
    *((f"biharmonic, d = {d}", d, (power_of_laplacian(d, 2),)) for d in (2, 3)),
]


def all_of(order: int, d: int) -> tuple[Functional, ...]:
    """Every partial derivative of this order."""
    return tuple(partial(index) for index in product(range(order + 1), repeat=d) if sum(index) == order)


SETS: list[Case] = [
    ("u, u'", 1, (partial((0,)), partial((1,)))),
    ("u, u', u''", 1, (partial((0,)), partial((1,)), partial((2,)))),
    ("u, u_x, u_t, u_xx", 2, tuple(map(partial, ((0, 0), (1, 0), (0, 1), (2, 0))))),
    ("u_xx, u_yy", 2, (partial((2, 0)), partial((0, 2)))),
    ("u_x, u_t, u_xxx", 2, tuple(map(partial, ((1, 0), (0, 1), (3, 0))))),
    ("gradient, d = 5", 5, all_of(1, 5)),
    ("Hessian, d = 2", 2, all_of(2, 2)),
    ("Hessian, d = 3", 3, all_of(2, 3)),
    ("Hessian, d = 5", 5, all_of(2, 5)),
    ("third order, d = 2", 2, all_of(3, 2)),
    ("third order, d = 3", 3, all_of(3, 3)),
]


def medians(functions: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The median milliseconds of each function, run in turn; a single run is not warmed up."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats + (repeats > 1)):
        for function, taken in zip(functions, times, strict=True):
            start = time.thread_time()
            function()
            taken.append(1e3 * (time.thread_time() - start))
    return [median(taken[repeats > 1 :]) for taken in times]


def measure(case: Case, nested_to: int) -> dict[str, Any]:
    """One row: both engines, value and gradient, and the forward pass that both are counted in."""
    name, d, wanted = case
    torch.manual_seed(SEED)
    net = nn.Sequential(
        *(nn.Linear(d, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh()),
        nn.Linear(64, 1),
    ).double()
    X, weights = torch.rand(1000, d, dtype=torch.float64), list(net.parameters())
    order = max(sum(functional[0][0]) for functional in wanted)

    def value(engine: str) -> list[Tensor]:
        with torch.no_grad():
            return evaluate(net, X, wanted, engine)

    def gradient(engine: str) -> object:
        loss = torch.stack([u.square().mean() for u in evaluate(net, X, wanted, engine)]).sum()
        return torch.autograd.grad(loss, weights, materialize_grads=True)

    def forward() -> None:
        with torch.no_grad():
            net(X)

    repeats = 15 if order < 4 and d < 50 else 5 if order < 6 else 3
    row: dict[str, Any] = {"case": name, "auto": "taylor" if taylor_pays(wanted) else "autograd"}
    row["forward"] = medians([forward], 51)[0]
    for what in (value, gradient):
        engines = ("taylor", "autograd") if order <= NESTED_TO else ("taylor",)
        calls = [lambda e=e, f=what: f(e) for e in engines]
        row |= {
            f"{engine} {what.__name__}": ms
            for engine, ms in zip(engines, medians(calls, repeats), strict=True)
        }
        if NESTED_TO < order <= nested_to:
            row[f"autograd {what.__name__}"] = medians([lambda f=what: f("autograd")], 1)[0]
    return row


def in_words(row: dict[str, Any]) -> str:
    """A line for whoever waits."""
    cells = [f"{row['case']:20}"]
    for what in ("value", "gradient"):
        ours, nested = row[f"taylor {what}"], row.get(f"autograd {what}")
        cells += [
            f"{what} {ours:8.1f} ms",
            f"nested {nested:8.1f} ({nested / ours:6.1f})" if nested else f"{'':24}",
        ]
    return "  ".join([*cells, row["auto"]])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name holds this")
    parser.add_argument("--long", action="store_true", help="nested autograd at orders 7 and 8 too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = record.conditions((SEED,))
    for name, cases in {"orders": ORDERS, "sums": SUMS, "sets": SETS}.items():
        results[name] = []
        for case in cases:
            if options.only in case[0]:
                results[name].append(measure(case, LONG_TO if options.long else NESTED_TO))
                print(in_words(results[name][-1]), flush=True)
    if not options.only:
        record.write("derivatives", results)


if __name__ == "__main__":
    main()

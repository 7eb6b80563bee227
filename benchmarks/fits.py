"""sin(x) fitted on [-pi, pi]: the fits of the tutorials that this package grew from, and the same fits done well.

    python -m benchmarks.fits    # kept in results/fits.json

The tutorials' published figures that do not depend on a random start stand beside ours. Seconds are the median of
three fits after one to warm up.
"""

import math
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import nn

import pinnlite as pl
from benchmarks import record

INTERVAL = (-math.pi, math.pi)
SEED, REPEATS = 4, 3
LONGEST = 3  # terms of a formula that are written out

MODELS: dict[str, Callable[[], nn.Module]] = {
    "cubic": lambda: pl.Polynomial(3),
    "Legendre unit, a + b P₃(c + d x)": lambda: pl.LegendreUnit(3),
    "Legendre series of degree 5": lambda: pl.Legendre(5, domain=INTERVAL),
    "Legendre series of degree 15": lambda: pl.Legendre(15, domain=INTERVAL),
}


def done_well(name: str, model: Callable[[], nn.Module]) -> dict[str, Any]:
    """Least squares: one solve where the model is linear in its coefficients."""
    runs = [pl.fit("sin(x)", model(), x=INTERVAL) for _ in range(REPEATS + 1)][1:]
    terms = str(runs[-1]).replace(" - ", " + -").split(" + ")
    short = " + ".join([*terms[:LONGEST], *(["..."] if len(terms) > LONGEST else [])]).replace("+ -", "- ")
    return {
        "model": name,
        "error": runs[-1].error,
        "seconds": median(r.seconds for r in runs),
        "formula": short,
    }


def legendre_unit() -> list[dict[str, Any]]:
    """Gradient descent in single precision, as it was published: no random number is in it."""
    unit = pl.LegendreUnit(3, dtype=torch.float32)
    descent = pl.Descent(torch.optim.SGD, steps=2000, lr=5e-6)
    fitted = pl.fit("sin(x)", unit, x=INTERVAL, method=descent)
    ends = {name: value.item() for name, value in unit.named_parameters()}
    what = "Legendre unit by gradient descent, step 1999"
    return [
        {"what": f"{what}: loss", "published": 8.9436, "here": fitted.history[1999][1]},
        {"what": f"{what}: b", "published": -2.2085, "here": ends["b"]},
        {"what": f"{what}: d", "published": 0.2555, "here": ends["d"]},
    ]


def rmsprop() -> list[dict[str, Any]]:
    """The cubic by RMSprop, which from every start ends half a step beside the best one."""
    x = torch.linspace(*INTERVAL, 2000)
    layer = nn.Linear(3, 1)
    generator = torch.Generator().manual_seed(SEED)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -(3**-0.5), 3**-0.5, generator=generator)
    method = pl.Descent(torch.optim.RMSprop, steps=3000, lr=1e-3)
    data = (x[:, None] ** torch.tensor([1, 2, 3]), torch.sin(x))
    fitted = pl.fit(data, nn.Sequential(layer, nn.Flatten(0, 1)), method=method)
    what = "cubic by RMSprop"
    return [
        {"what": f"{what}: loss", "published": 8.92, "here": fitted.history[-1][1]},
        {"what": f"{what}: coefficient of x", "published": 0.8563, "here": layer.weight[0, 0].item()},
        {"what": f"{what}: coefficient of x³", "published": -0.0938, "here": layer.weight[0, 2].item()},
    ]


def main() -> None:
    results = record.conditions((SEED,))
    results["done_well"] = [done_well(*each) for each in MODELS.items()]
    results["published"] = [*legendre_unit(), *rmsprop()]
    for row in (*results["done_well"], *results["published"]):
        print(row)
    record.write("fits", results)


if __name__ == "__main__":
    main()

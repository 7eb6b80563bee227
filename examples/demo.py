"""
The main job in a minute
========================

Derivatives of x**2 + 1, then sin(x) again and again: fitted, and as the solution of u'' + u = 0 by each kind of trial
function. True errors are taken at points that no solver ever saw. Pictures go to ``demo/``.
"""

import math
from pathlib import Path

import torch

import pinnlite as pl
from pinnlite.cli import main as pinnlite

PICTURES = Path("demo")
UNSEEN = torch.arange(1, 2001, dtype=torch.float64) * (math.sqrt(5) - 1) / 2 % 1
STATEMENTS = {
    "initial": ("u'' + u = 0", "u(0) = 0", "u'(0) = 1"),
    "boundary": ("u'' + u = 0", "u(0) = 0", "u(pi/2) = 1"),
}
ENDS = {"initial": 2 * math.pi, "boundary": math.pi / 2}
TOLERANCES = {"legendre": 1e-13, "features": 1e-12, "network": 1e-7}


def fit(name: str, model: torch.nn.Module) -> None:
    fitted = pl.fit("sin(x)", model, x=(-math.pi, math.pi))
    print(f"{name:17} {fitted.error:10.1e} {fitted.seconds:9.2f}   {fitted}")
    fitted.plot().figure.savefig(PICTURES / f"fit-{name.lower().replace(' ', '-')}.png")


def solve(problem: str, trial: str) -> pl.Solution:
    length = ENDS[problem]
    u = pl.solve(*STATEMENTS[problem], x=(0, length), trial=trial, tol=TOLERANCES[trial])
    exact = torch.sin(length * UNSEEN)
    error = (u(length * UNSEEN) - exact).norm() / exact.norm()
    print(
        f"{problem:8} {u.kind:17} {u.tol:6.0e} {error:12.1e} {u.error:17.1e} {u.seconds:9.2f}   {u.converged}"
    )
    u.plot(torch.sin).figure.savefig(PICTURES / f"{problem}-{trial}.png")
    return u


def main() -> dict[tuple[str, str], pl.Solution]:
    PICTURES.mkdir(exist_ok=True)
    print('$ pinnlite derive "x**2+1" --at 1,2,3,4 --order 2')
    pinnlite(["derive", "x**2+1", "--at", "1,2,3,4", "--order", "2", "--plot", f"{PICTURES}/derivatives.png"])
    print("\nsin(x) fitted on [-pi, pi]\n\nmodel              error   seconds   formula")
    fit("cubic", pl.Polynomial(3))
    fit("Legendre unit", pl.LegendreUnit(3))
    fit("Legendre series", pl.Legendre(5, domain=(-math.pi, math.pi)))
    print("\nsin(x) as the solution of u'' + u = 0\n")
    print("problem  class                tol   true error   estimated error   seconds   converged")
    return {(problem, trial): solve(problem, trial) for problem in STATEMENTS for trial in TOLERANCES}


if __name__ == "__main__":
    main()

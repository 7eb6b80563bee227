"""Results as Markdown: each table has a name, and nothing is in it that is not in a file of results."""

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks import record

Row = dict[str, Any]
BUSY = 2.0  # processes that ran in the minute before, of which the last benchmark may have been one
# What README shows of the collection: its name there, and problem, class and tolerance.
CHOSEN = {
    ("oscillator", "legendre", 1e-13): "u'' + u = 0, initial values",
    ("oscillator", "network", 1e-7): "the same",
    ("Bratu", "legendre", 1e-13): "Bratu's boundary-value problem",
    ("Lorenz", "legendre", 1e-8): "Lorenz to t = 10",
    ("Burgers, nu = 0.01/pi", "legendre", 1e-10): "Burgers, ν = 0.01/π",
    ("Burgers, nu = 0.01/pi", "network", 1e-4): "the same",
    ("Helmholtz (1, 4)", "legendre", 1e-11): "Helmholtz on a square",
    ("Poisson in 5-D", "legendre", 1e-8): "Poisson in 5 dimensions",
    ("heat on the unit disk", "features", 1e-8): "heat on the unit disk",
}
# The rows that say what derivatives cost.
COSTS = ("order 1", "order 2", "order 3", "order 4", "order 6", "Laplacian, d = 10", "biharmonic, d = 3")
PROBLEMS = {
    "oscillator": "u'' + u = 0 on [0, 2π]",
    "poisson": "Poisson, unit square",
    "burgers": "Burgers, ν = 0.01/π",
    "diffusivity": "a diffusivity from ten values",
}
# Milliseconds of jet-for-pytorch 1.0 for a derivative with gradient, in forward passes of 0.63 ms beside it.
JET_PASSES = {6: 107 / 0.63, 8: 241 / 0.63, 10: 473 / 0.63}


def table(heads: str, rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; heads are parted by bars."""
    lines = [[head.strip() for head in heads.split("|")], *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def power(error: float | None) -> str:
    """An error, an infinite one being none at all."""
    return "none" if error is None else f"{error:.1e}"


def brief(number: float) -> str:
    """Two digits, without a power of ten."""
    return f"{number:.2g}" if abs(number) < 99.5 else f"{number:,.0f}"


def verdict(*missed: str) -> str:
    """Whether a target was met, and if not, what was missed."""
    return f"**no**: {', '.join(missed)}" if missed else "yes"


def measured(name: str) -> str:
    """Where and when a file of results was measured."""
    r = record.read(name)
    versions = ", ".join(f"{each} {r[each]}" for each in ("torch", "numpy", "scipy", "pinnlite"))
    seeds = f"seed{'s' * (len(r['seeds']) > 1)} {', '.join(map(str, r['seeds']))}"
    busy = f" {r['load']:g} other processes ran at the start: times are too long, and what was cut was cut too early."
    return (
        f"Measured on {r['date']}: {r['machine']}, {r['cores']} cores of which PyTorch used {r['threads']}; "
        f"Python {r['python']}, {versions}; {seeds}.{busy if r['load'] > BUSY else ''}"
    )


def missed(row: Row) -> list[str]:
    """What of a row's targets was not reached."""
    far = row["error"] is None or row["error"] > row["error_aimed_at"]
    checks = {
        "convergence": not row["converged"],
        "error": far,
        "time": row["seconds"] > row["seconds_aimed_at"],
    }
    return [name for name, failed in checks.items() if failed]


def solved(row: Row) -> list[str]:
    """The cells of a row of ``solving`` after its name."""
    once = " (once)" if row["runs"] == 1 else ""
    errors = [row["class"], f"{row['tolerance']:.0e}", power(row["error"]), power(row["estimate"])]
    return [*errors, brief(row["seconds"]) + once, brief(row["seconds_aimed_at"]), verdict(*missed(row))]


SHORT = "problem | class | tolerance asked | true error | estimated error | seconds"


def in_short(name: str, row: Row) -> list[str]:
    """The same without the targets, except where one was missed."""
    *cells, seconds, _, _ = solved(row)
    return [name, *cells, f"{seconds} (missed: {', '.join(missed(row))})" if missed(row) else seconds]


def oscillator() -> str:
    names = {1: "initial values", 2: "boundary values"}
    rows = [row for row in record.read("solving")["rows"] if row["row"] in names]
    return table(SHORT, (in_short(names[row["row"]], row) for row in rows))


def collection() -> str:
    found = {(row["problem"], row["trial"], row["tolerance"]): row for row in record.read("solving")["rows"]}
    rows = ((*in_short(name, found[key]), beside(found[key])) for key, name in CHOSEN.items())
    return table(f"{SHORT} | SciPy's seconds", rows)


def beside(row: Row) -> str:
    """SciPy's seconds for the tolerance that was asked for, where it solves the problem at all."""
    run = row.get("scipy_tolerance")
    return brief(run["seconds"]) if run and run["reached"] else ""


def of_class(trial: str) -> str:
    rows = [row for row in record.read("solving")["rows"] if row["trial"] == trial]
    heads = f"# | {SHORT.replace(' | class', '')} | aim | met"
    return table(heads, ([str(row["row"] or ""), row["problem"], *solved(row)[1:]] for row in rows))


def scipy() -> str:
    """Ours beside SciPy's; where SciPy comes no nearer, its time for the tolerance is what counts."""
    rows = []
    for row in (row for row in record.read("solving")["rows"] if "scipy_tolerance" in row):
        asked, same = row["scipy_tolerance"], row["scipy_same_error"]
        cells, ratio = [row["problem"], power(row["error"]), brief(row["seconds"])], None
        for run in (asked, same):
            if run["run"] is None or not run["reached"]:
                cells += ["cannot" if run["run"] is None else f"no nearer than {power(run['error'])}", ""]
            else:
                ratio = row["seconds"] / run["seconds"]
                call = run["run"].removeprefix("SciPy's ")
                cells += [f"{call}, {brief(run['seconds'])} s", brief(ratio)]
        most = 1 if same.get("boundary_values") else 10
        late = ratio is not None and ratio > most
        rows.append([*cells, f"at most {most}" if ratio is not None else "", verdict(*["time"] * late)])
    heads = "problem | our error | our seconds | SciPy for the tolerance asked | ours / SciPy's"
    return table(f"{heads} | SciPy for our error | ours / SciPy's | aim | met", rows)


def derivatives(name: str) -> str:
    heads = (
        "derivatives | value | nested | ratio | with gradient | nested | ratio | forward passes | auto takes"
    )
    rows = []
    for row in record.read("derivatives")[name]:
        cells = [row["case"]]
        for what in ("value", "gradient"):
            ours, nested = row[f"taylor {what}"], row.get(f"autograd {what}")
            cells += [brief(ours), brief(nested) if nested else "", f"{nested / ours:.3g}" if nested else ""]
        rows.append([*cells, brief(row["taylor gradient"] / row["forward"]), row["auto"]])
    return table(heads, rows)


def cases() -> dict[str, Row]:
    r = record.read("derivatives")
    return {row["case"]: row for name in ("orders", "sums", "sets") for row in r[name]}


def costs() -> str:
    rows = [cases()[name] for name in COSTS]
    heads = "order or operator | nested autograd | Taylor | ratio"
    pairs = [(row["case"], row["autograd gradient"], row["taylor gradient"]) for row in rows]
    return table(heads, ([name, brief(a), brief(t), f"{a / t:.3g}"] for name, a, t in pairs))


def derivative_targets() -> str:
    rows: list[tuple[str, float, str, float]] = []
    for what in ("value", "gradient"):

        def slower(row: Row, what: str = what) -> float:
            return float(row[f"{row['auto']} {what}"] / min(row[f"taylor {what}"], row[f"autograd {what}"]))

        both = {name: row for name, row in cases().items() if f"autograd {what}" in row}
        worst = max(both.values(), key=slower)
        name = f"auto's time / the faster engine's, {what}; worst: {worst['case']}"
        rows.append((name, slower(worst), "at most", 1.1))
        for case, least in (("order 6", 12), ("order 8", 150), ("Laplacian, d = 10", 2.5)):
            if case in both:
                ratio = both[case][f"autograd {what}"] / both[case][f"taylor {what}"]
                rows.append((f"nested autograd's time / Taylor's, {what}, {case}", ratio, "at least", least))
    for order, passes in JET_PASSES.items():
        row = cases()[f"order {order}"]
        ours = row["taylor gradient"] / row["forward"]
        rows.append(
            (f"forward passes, half of jet-for-pytorch's, order {order}", ours, "at most", passes / 2)
        )
    lines = []
    for name, value, side, aim in rows:
        met = value <= aim if side == "at most" else value >= aim
        lines.append([name, f"{value:.3g}", f"{side} {aim:.3g}", "yes" if met else "**no**"])
    return table("what | measured | target | met", lines)


def fits() -> str:
    rows = record.read("fits")["done_well"]
    heads = "model, by least squares | error | seconds | fitted formula"
    return table(
        heads, ([r["model"], power(r["error"]), brief(r["seconds"]), f"`{r['formula']}`"] for r in rows)
    )


def published_fits() -> str:
    rows = record.read("fits")["published"]
    return table(
        "fit | published | here", ([r["what"], f"{r['published']:g}", f"{r['here']:.4f}"] for r in rows)
    )


def reached(row: Row | None) -> str:
    """A figure beside others: error, seconds, whether the time was up."""
    if row is None:
        return ""
    return f"{power(row['error'])} in {brief(row['seconds'])} s{', cut' if row.get('cut') else ''}"


def peers() -> str:
    r = record.read("peers")
    lines = []
    for problem, name in PROBLEMS.items():
        rows = [row for row in r["rows"] if row["problem"] == problem]
        ours = {row["trial"]: row for row in rows if row["package"] == "pinnlite"}
        theirs = {row["package"]: row for row in rows if row["package"] != "pinnlite"}
        beside = ours["legendre"].get("scipy_tolerance")
        cells = [ours["legendre"], ours.get("network"), beside, *(theirs.get(peer) for peer in r["peers"])]
        lines.append([name, *map(reached, cells)])
    heads = "problem | pinnlite, Legendre elements | pinnlite, network | SciPy"
    return table(f"{heads} | {' | '.join(r['peers'])}", lines)


def peer_runs() -> str:
    r = record.read("peers")
    lines = []
    for row in r["rows"]:
        package = " ".join([row["package"], r["peers"].get(row["package"], r["pinnlite"])])
        settings = row.get("settings") or f"{row['class']}, tolerance {row['tolerance']:.0e}"
        found = ", ".join(f"{name} = {value:.6g}" for name, value in row.get("unknowns", {}).items())
        cells = [PROBLEMS[row["problem"]], package, settings, power(row["error"]), brief(row["seconds"])]
        iterations = f"{row['iterations']:,}{' (cut)' if row['cut'] else ''}" if "iterations" in row else ""
        lines.append([*cells, iterations, found, row.get("source", "")])
    return table(
        "problem | package | settings | true error | seconds | iterations | found | settings from", lines
    )


TABLES: dict[str, Callable[[], str]] = {
    "oscillator": oscillator,
    "collection": collection,
    "elements": lambda: of_class("legendre"),
    "features": lambda: of_class("features"),
    "networks": lambda: of_class("network"),
    "scipy": scipy,
    "orders": lambda: derivatives("orders"),
    "sums": lambda: derivatives("sums"),
    "sets": lambda: derivatives("sets"),
    "costs": costs,
    "derivative-targets": derivative_targets,
    "fits": fits,
    "published-fits": published_fits,
    "peers": peers,
    "peer-runs": peer_runs,
    "solving-measured": lambda: measured("solving"),
    "derivatives-measured": lambda: measured("derivatives"),
    "fits-measured": lambda: measured("fits"),
    "peers-measured": lambda: measured("peers"),
}

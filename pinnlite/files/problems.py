"""Problems as text, with observations as tensors."""

from typing import Any

from torch import Tensor

from pinnlite.errors import FileError, PinnliteError
from pinnlite.files import regions
from pinnlite.files.fields import Fields, Tensors
from pinnlite.problem.problem import Problem
from pinnlite.problem.unknown import Data, Unknown

_MOST_STATEMENTS = 200
_MOST_CHARACTERS = 20_000  # of all statements together
# Statements times faces: each condition may be one for every face, compared with the others.
_MOST_PLACED = 4000
_RESERVED = ("self", "on")  # words that Problem itself is told by


def written(problem: Problem) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Fields and tensors of a problem.

    Raises:
        FileError: a statement is a Python function.
    """
    observed = len(problem.data)
    texts = problem.statements[: len(problem.statements) - observed]
    fields: dict[str, Any] = {
        "statements": list(texts),
        "domain": regions.written(problem.domain),
        "parameters": problem.parameters,
        "unknown_parameters": {
            name: {
                "guess": unknown.guess,
                "positive": unknown.positive,
                "bounds": list(unknown.bounds) if unknown.bounds else None,
            }
            for name, unknown in problem.unknown_parameters.items()
        },
        "observed": [data.name for data in problem.data],
    }
    tensors: dict[str, Tensor] = {}
    for i, data in enumerate(problem.data):
        tensors |= {f"{i}.points": data.points, f"{i}.values": data.values}
    try:
        again = read(Fields(fields, "problem"), Tensors(tensors))
    except FileError:
        again = None
    if again is None or again.statements != problem.statements:
        raise FileError(
            "a problem with a statement that is a Python function cannot be saved: no text can make it again; "
            "state it as text"
        )
    return fields, tensors


def read(fields: Fields, tensors: Tensors) -> Problem:
    """The problem that was written, posed again.

    Raises:
        FileError: it is no problem.
    """
    parameters, sought = fields.object("parameters"), fields.object("unknown_parameters")
    domain = regions.read(fields.object("domain"))
    names: dict[str, Any] = {name: parameters.number(name) for name in parameters.names()}
    texts, observed = fields.texts("statements"), fields.texts("observed")
    if len(texts) + len(observed) > _MOST_STATEMENTS:
        raise FileError(f"the file is damaged: {fields.place} has too many statements")
    if sum(map(len, texts)) > _MOST_CHARACTERS:
        raise FileError(f"the file is damaged: {fields.place} has statements that are too long")
    if len(texts) * len(domain.faces) > _MOST_PLACED:
        raise FileError(f"the file is damaged: {fields.place} has too many statements for its faces")
    for name in (*parameters.names(), *sought.names()):
        if name in _RESERVED:
            raise FileError(f"the file is damaged: {fields.place} has a parameter named {name}")
    try:
        names |= {name: _unknown(sought.object(name)) for name in sought.names()}
        data = []
        for i, name in enumerate(observed):
            points = tensors.take(f"{i}.points", None, len(domain.names))
            data.append(Data(name, points, tensors.take(f"{i}.values", len(points))))
        return Problem(*texts, *data, on=domain, **names)
    except FileError:
        raise
    except (PinnliteError, ArithmeticError, ValueError, RuntimeError) as error:  # numbers too large, too
        raise FileError(f"the problem in the file cannot be posed: {error}") from None


def _unknown(fields: Fields) -> Unknown:
    bounds = None if fields.missing("bounds") else fields.interval("bounds")
    return Unknown(fields.number("guess"), fields.truth("positive"), bounds)

"""What a callable asks for: it is run once with made-up values, and which partials it used is what it wants."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, cast

import torch
from torch import Tensor

from pinnlite.differentiation.jet import Jet
from pinnlite.errors import ProblemError
from pinnlite.language.nodes import NormalDerivative
from pinnlite.problem.boundary import BoundaryStatement
from pinnlite.problem.callables import CallableStatement
from pinnlite.problem.equations import Condition, Equation, Key, Placed, Values
from pinnlite.problem.field import Field, plain
from pinnlite.problem.unknown import Unknown

_PROBES = 3  # points on which a callable is tried
# What PyTorch says of Python that is written for numbers, and what is written for tensors.
_FOR_NUMBERS = {
    "Boolean value of Tensor": (
        "if, and, max() and min() decide once, and the values are many, one for each point: write "
        "torch.where(u > 0, a, b), torch.maximum, torch.minimum"
    ),
    **dict.fromkeys(
        ("numpy", "__array", "real number", "converted to"),
        "functions of NumPy and of math compute numbers, of which PyTorch knows no derivative: write torch.sin(u) "
        "in place of np.sin(u)",
    ),
}


def equation_from(
    statement: CallableStatement,
    coordinates: tuple[str, ...],
    parameters: Values,
    unknowns: Mapping[str, Unknown],
) -> Equation:
    """The equation that a callable is."""
    wanted, residual, linear = _traced(statement, coordinates, parameters, unknowns)
    if any(isinstance(key, NormalDerivative) for key in wanted):
        raise ProblemError(
            f"{statement.text} uses a derivative along the normal, which exists on a boundary only: "
            'condition(function, on="boundary")'
        )
    return Equation(statement.text, wanted, residual, linear)


def _traced(
    statement: CallableStatement,
    coordinates: tuple[str, ...],
    parameters: Values,
    unknowns: Mapping[str, Unknown],
) -> tuple[frozenset[Any], Callable[[Values, Mapping[Any, Tensor]], Tensor], bool]:
    """Find out by one run which partials a callable uses, and check what it returns."""
    zero = (0,) * len(coordinates)
    functions = [
        a for a in statement.arguments if a not in {*coordinates, *parameters, *unknowns, *statement.kept}
    ]
    used = {name: unknowns[name] for name in statement.arguments if name in unknowns}

    def residual(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
        def lookup(key: Any) -> Tensor:
            if key not in values:
                name = key.unknown if isinstance(key, NormalDerivative) else key[0]
                raise ProblemError(
                    f"{statement.text} uses a partial of {name} now that it did not use at first"
                )
            return values[key]

        given: dict[str, Any] = {name: Field(name, coordinates, lookup) for name in functions}
        given |= {name: places[name] for name in statement.arguments if name in places}
        given |= {name: unknown.value(values[name, zero]) for name, unknown in used.items()}
        result = plain(statement.function(**given))
        if isinstance(result, Jet):  # its derivatives are wanted: it stands for a tensor
            return cast(Tensor, result)
        if not isinstance(result, Tensor | Real):
            raise ProblemError(
                f"{statement.text} returned {type(result).__name__}: return the residual, one value for each point"
            )
        return torch.as_tensor(result)

    recorder = _Recorder()
    places = {**parameters, **{name: recorder.draw() for name in coordinates}}
    try:
        first = residual(places, recorder)
    except ProblemError:
        raise
    except Exception as error:  # whatever a user's function raises
        raise _failed(statement, f" on {_PROBES} points", error) from error
    if first.shape not in {(_PROBES,), ()}:
        raise ProblemError(
            f"{statement.text} returned a tensor of shape {tuple(first.shape)} for {_PROBES} points: "
            f"a residual has one value for each point, shape ({_PROBES},)"
        )
    wanted = frozenset(recorder)
    if not wanted:
        raise ProblemError(f"{statement.text} uses none of the unknowns, so that it says nothing of them")

    def spread(places: Values, values: Mapping[Any, Tensor]) -> Tensor:
        example = next(iter(values.values()))
        shape = example.shape
        if len(shape) > 1 and isinstance(example, Tensor):  # elements side by side: what was promised is (N,)
            places = {name: _in_a_row(x, shape) for name, x in places.items()}
            values = {key: _in_a_row(x, shape) for key, x in values.items()}
            example = example.reshape(-1)
        try:
            result = residual(places, values)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise _failed(statement, "", error) from error
        if result.shape != example.shape and result.ndim:
            raise ProblemError(
                f"{statement.text} returned {tuple(result.shape)} for points of shape {tuple(example.shape)}: "
                "a residual has one value for each point"
            )
        result = result.expand(example.shape)
        return result if result.shape == shape else result.reshape(shape)

    _check_rows(statement, spread, places, recorder)
    affine = _is_affine(statement, spread, places, recorder)
    linear = affine and all(u.linear for u in used.values())
    return wanted, spread, linear


def _failed(statement: CallableStatement, where: str, error: Exception) -> ProblemError:
    said = str(error)
    advice = next((advice for part, advice in _FOR_NUMBERS.items() if part in said), said)
    return ProblemError(f"{statement.text} failed{where}: {advice}")


def _in_a_row(x: Any, shape: torch.Size) -> Any:
    """Values (N,) of what broadcasts to ``shape``; numbers as they are."""
    return x.expand(shape).reshape(-1) if isinstance(x, Tensor) and x.ndim else x


def boundary_from(
    statement: CallableStatement,
    coordinates: tuple[str, ...],
    parameters: Values,
    unknowns: Mapping[str, Unknown],
) -> BoundaryStatement:
    """The same for a condition on a part of the boundary."""
    assert statement.part is not None
    traced = _traced(statement, coordinates, parameters, unknowns)
    return BoundaryStatement(statement.text, statement.part, coordinates, *traced)


def condition_from(
    statement: CallableStatement,
    coordinates: tuple[str, ...],
    parameters: Values,
    unknowns: Mapping[str, Unknown],
) -> Condition:
    """The same for a condition: its partials are taken where its coordinates are fixed."""
    assert statement.fixed is not None
    strangers = [name for name in statement.fixed if name not in coordinates]
    if strangers:
        raise ProblemError(
            f"{statement.text} fixes {strangers[0]}, which is no coordinate: those are {', '.join(coordinates)}"
        )
    inner = equation_from(statement, coordinates, parameters, unknowns)
    at = tuple(statement.fixed.get(name) for name in coordinates)
    fixed = {
        name: torch.tensor([float(value)], dtype=torch.float64) for name, value in statement.fixed.items()
    }
    placed: dict[Key, Placed] = {(unknown, index): (unknown, index, at) for unknown, index in inner.wanted}

    def residual(places: Values, values: Mapping[Placed, Tensor]) -> Tensor:
        return inner.residual({**places, **fixed}, {key: values[place] for key, place in placed.items()})

    return Condition(statement.text, frozenset(placed.values()), residual, inner.linear)


class _Recorder(dict[Any, Tensor]):
    """Partials by key, made up when first asked for: what was asked is what is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._generator = torch.Generator().manual_seed(0)

    def draw(self) -> Tensor:
        """Values between 0.5 and 1.5, where few functions have trouble."""
        return 0.5 + torch.rand(_PROBES, generator=self._generator, dtype=torch.float64)

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: Any) -> Tensor:
        self[key] = self.draw()
        return self[key]


def _check_rows(
    statement: CallableStatement,
    residual: Callable[..., Tensor],
    places: Values,
    values: Mapping[Any, Tensor],
) -> None:
    """Move each point in turn, its coordinates and partials: no other residual may change."""
    with torch.no_grad():
        before = residual(places, dict(values))
        for row in range(_PROBES):
            here = torch.arange(_PROBES) == row
            moved = {key: torch.where(here, value + 0.25, value) for key, value in values.items()}
            shifted = {
                name: torch.where(here, value + 0.25, value) if isinstance(value, Tensor) else value
                for name, value in places.items()
            }
            after = residual(shifted, moved)
            if after.shape == before.shape and torch.equal(before[~here], after[~here]):
                continue
            if before.isfinite().all() and after.isfinite().all():
                raise ProblemError(
                    f"{statement.text} couples points: its residual at one point changes with the values at another; "
                    "use only operations that act point by point (no sum, mean, max over points)"
                )


def _is_affine(
    statement: CallableStatement,
    residual: Callable[..., Tensor],
    places: Values,
    values: Mapping[Any, Tensor],
) -> bool:
    """Slopes at random values of all signs and sizes are the slopes at any others."""
    generator = torch.Generator().manual_seed(1)
    slopes = []
    for size in (0.1, 1.0, 10.0):
        at = {
            key: (size * torch.randn(_PROBES, generator=generator, dtype=torch.float64)).requires_grad_(True)
            for key in values
        }
        result = residual(places, at)
        if not result.requires_grad:
            raise ProblemError(
                f"{statement.text} returned what PyTorch has no derivative of: let the result depend on the unknowns, "
                "without detach, .data, torch.no_grad or torch.tensor on the way"
            )
        slopes.append(
            torch.cat(
                torch.autograd.grad(
                    result.sum(), list(at.values()), allow_unused=True, materialize_grads=True
                )
            )
        )
    return all(torch.allclose(slopes[0], other, rtol=1e-12, atol=1e-12) for other in slopes[1:])

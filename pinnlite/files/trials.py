"""Trial functions as fields and tensors: a table with one entry for each kind, how it is written and how it is read."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from pinnlite.errors import FileError, PinnliteError, ProblemError
from pinnlite.files.fields import Fields, Tensors
from pinnlite.files.networks import built, described, fill
from pinnlite.models.features import RandomFeatures
from pinnlite.problem.means import Means
from pinnlite.problem.problem import Problem
from pinnlite.trials.boxes import Boxes
from pinnlite.trials.constrained import Constrained, built_in
from pinnlite.trials.elements import Elements
from pinnlite.trials.lifted import Lifted, buildable
from pinnlite.trials.linear import LinearTrial
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.parameters import WithParameters
from pinnlite.trials.partition import Partition
from pinnlite.trials.patchwork import Patchwork
from pinnlite.trials.ridge import Ridge
from pinnlite.trials.shifted import Shifted
from pinnlite.trials.space_time import SpaceTime
from pinnlite.trials.trial import Approximation, Trial
from pinnlite.trials.windows import FeatureBasis

Written = tuple[dict[str, Any], dict[str, Tensor]]

_HIGHEST_ORDER = 50
_HIGHEST_DEGREE = 100
_MOST_MEMBERS = 10_000  # of a box
_MOST_COEFFICIENTS = 2000  # of an element: its matrices have the square of that
_MOST_FEATURES = 100_000
_MOST_CELLS = 100_000  # of a partition
_SLACK = 1e-9  # of the domain: how far an end may be off by rounding


@dataclass(frozen=True)
class Form:
    """How one kind of trial is written and read."""

    kind: type[Any]
    write: Callable[[Any], Written]
    read: Callable[[Fields, Tensors, Problem, nn.Module | None], Approximation]


def written(trial: Approximation) -> Written:
    """Fields and tensors of a trial.

    Raises:
        FileError: it is of a kind that cannot be saved.
    """
    for name, form in FORMS.items():
        if type(trial) is form.kind:
            fields, tensors = form.write(trial)
            return {"form": name, **fields}, tensors
    raise FileError(f"a {type(trial).__name__} cannot be saved")


def read(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Approximation:
    """The trial of a problem.

    Raises:
        FileError: something about it is not as it was written, or it needs a module that was not given.
    """
    trial = _read(fields, tensors, problem, module)
    names = (*problem.unknowns, *problem.unknown_parameters)
    middle = [(low + high) / 2 for low, high in problem.domain.intervals.values()]
    X = torch.tensor([middle], dtype=torch.float64)
    try:
        with torch.no_grad():
            trial.partials(X, [(name, (0,) * X.shape[1]) for name in names])
    except (RuntimeError, TypeError, ValueError, LookupError, PinnliteError) as error:
        raise FileError(f"the trial in the file does not fit its problem: {error}") from None
    return trial


def _read(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Approximation:
    name = fields.text("form")
    if name not in FORMS:
        raise FileError(f"the file names a trial {name!r}, which this version of pinnlite does not know")
    return FORMS[name].read(fields, tensors, problem, module)


def _write_elements(trial: Elements) -> Written:
    tensors = {"edges": trial.edges}
    tensors |= {f"local.{i}": trial.local[name] for i, name in enumerate(trial.orders)}
    orders = [{"name": name, "order": order} for name, order in trial.orders.items()]
    if not isinstance(trial.basis, FeatureBasis):
        return {"orders": orders, "features": None}, tensors
    basis = trial.basis
    tensors |= {"basis.weight": basis.weight, "basis.bias": basis.bias}
    tensors |= {f"basis.modes.{order}": basis.modes(order) for order in set(trial.orders.values())}
    return {"orders": orders, "features": len(basis.weight)}, tensors


def _read_elements(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Elements:
    _refuse(module)
    orders = {
        entry.text("name"): entry.integer("order", 0, _HIGHEST_ORDER) for entry in fields.objects("orders")
    }
    if not {*problem.unknowns, *problem.unknown_parameters} <= set(orders):
        raise FileError(f"the file is damaged: {fields.place}.orders leaves out an unknown")
    edges = tensors.take("edges", None)
    low, high = problem.domain.intervals[problem.domain.names[0]]
    if len(edges) < 2 or not _is_partition(edges, (low, high)) or len(problem.domain.names) > 1:
        raise FileError(f"the file is damaged: {fields.place} has edges that are no partition of the domain")
    local = {name: tensors.take(f"local.{i}", len(edges) - 1, None) for i, name in enumerate(orders)}
    for name, order in orders.items():
        if not order < local[name].shape[1] <= _MOST_COEFFICIENTS:
            raise FileError(f"the file is damaged: {fields.place} has no proper coefficients of {name}")
    if fields.missing("features"):
        return Elements(edges, orders, local)
    return Elements(edges, orders, local, _read_features(fields, tensors.under("basis"), local, orders))


def _read_features(
    fields: Fields, tensors: Tensors, local: Mapping[str, Tensor], orders: Mapping[str, int]
) -> FeatureBasis:
    """The features of windows, and the combinations of them that the coordinates belong to."""
    width = fields.integer("features", 1, _MOST_FEATURES)
    modes = {order: tensors.take(f"modes.{order}", width, None) for order in set(orders.values())}
    count = min(len(mode[0]) for mode in modes.values())
    if any(local[name].shape[1] - order > count for name, order in orders.items()):
        raise FileError(f"the file is damaged: {fields.place} has more coefficients than functions")
    return FeatureBasis(count, tensors.take("weight", width), tensors.take("bias", width), modes)


def _write_slabs(trial: SpaceTime) -> Written:
    tensors = {"times": trial.times, "edges": trial.edges, "counts": trial.counts.to(torch.float64)}
    tensors |= {f"local.{i}": trial.local[name] for i, name in enumerate(trial.orders)}
    tensors |= {f"number.{i}": number.reshape(1) for i, number in enumerate(trial.numbers.values())}
    orders = [{"name": name, "order": order} for name, order in trial.orders.items()]
    return {"orders": orders, "time": trial.time}, tensors


def _read_slabs(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> SpaceTime:
    _refuse(module)
    orders = {
        entry.text("name"): entry.integer("order", 0, _HIGHEST_ORDER) for entry in fields.objects("orders")
    }
    time = fields.integer("time", 0, 1)
    if set(problem.unknowns) != set(orders) or len(problem.domain.names) != 2:
        raise FileError(f"the file is damaged: {fields.place}.orders are not the unknowns of the problem")
    times, edges = tensors.take("times", None), tensors.take("edges", None)
    counts = tensors.take("counts", None)
    names = problem.domain.names
    whole = bool((counts == counts.round()).all() and (counts >= 1).all() and (counts <= len(edges)).all())
    if not whole or len(times) != len(counts) + 1 or len(edges) != (counts + 1).sum():
        raise FileError(f"the file is damaged: {fields.place} has slabs that do not fit together")
    partitions = torch.split(edges, (counts + 1).long().tolist())
    if not all(
        _is_partition(partition, problem.domain.intervals[name])
        for partition, name in ((times, names[time]), *((p, names[1 - time]) for p in partitions))
    ):
        raise FileError(f"the file is damaged: {fields.place} has edges that are no partition of the domain")
    local = {name: tensors.take(f"local.{i}", int(counts.sum()), None, None) for i, name in enumerate(orders)}
    for name, order in orders.items():
        degrees = local[name].shape[1:]
        if not order < degrees[1] <= _MOST_COEFFICIENTS or not 1 < degrees[0] <= _MOST_COEFFICIENTS:
            raise FileError(f"the file is damaged: {fields.place} has no proper coefficients of {name}")
    numbers = {
        name: tensors.take(f"number.{i}", 1).reshape(()) for i, name in enumerate(problem.unknown_parameters)
    }
    return SpaceTime(times, edges, counts.long(), orders, local, time, numbers)


def _is_partition(edges: Tensor, interval: tuple[float, float]) -> bool:
    """Whether edges ascend within an interval."""
    low, high = interval
    slack = _SLACK * (high - low)
    inside = low - slack <= edges[0].item() and edges[-1].item() <= high + slack
    return inside and bool((edges[1:] > edges[:-1]).all())


def _write_boxes(trial: Boxes) -> Written:
    tensors = {"low": trial.partition.low, "high": trial.partition.high}
    tensors |= {f"coefficients.{i}": own for i, own in enumerate(trial.coefficients.values())}
    tensors |= {f"parameter.{i}": number.reshape(1) for i, number in enumerate(trial.parameters.values())}
    return {"degree": trial.degree}, tensors


def _read_boxes(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Boxes:
    _refuse(module)
    d = len(problem.domain.names)
    degree = fields.integer("degree", 0, _HIGHEST_DEGREE)
    low = tensors.take("low", None, d)
    high = tensors.take("high", len(low), d)
    bounds = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64)
    slack = _SLACK * (bounds[:, 1] - bounds[:, 0])
    inside = (low >= bounds[:, 0] - slack) & (high <= bounds[:, 1] + slack)
    if not (low < high).all() or not inside.all() or math.comb(degree + d, d) > _MOST_MEMBERS:
        raise FileError(f"the file is damaged: {fields.place} has boxes that are no part of the domain")
    shape = (len(low), math.comb(degree + d, d))
    coefficients = {
        name: tensors.take(f"coefficients.{i}", *shape) for i, name in enumerate(problem.unknowns)
    }
    numbers = {
        name: tensors.take(f"parameter.{i}", 1).reshape(())
        for i, name in enumerate(problem.unknown_parameters)
    }
    return Boxes(Partition(low, high), degree, coefficients, numbers)


def _write_linear(trial: LinearTrial) -> Written:
    match trial.basis:
        case MethodType(__self__=RandomFeatures() as features, __name__="features"):
            basis = described(features)
        case _:
            basis = None
    if basis is None:
        raise FileError(
            "a trial on basis functions of your own cannot be saved: no text can build them again"
        )
    return {"basis": basis}, {"coefficients": trial.coefficients, **_under("basis", features.state_dict())}


def _read_linear(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> LinearTrial:
    _refuse(module)
    features = _features(fields, tensors, problem)
    trial = LinearTrial(features.features, features.width, problem.unknowns)
    coefficients = tensors.take("coefficients", features.width, len(problem.unknowns))
    trial.coefficients = coefficients.requires_grad_()
    return trial


def _write_module(trial: ModuleTrial) -> Written:
    state = trial.module.state_dict()
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise FileError(f"the module keeps something in {name} that is no tensor, which cannot be saved")
    fields = {"network": described(trial.module), "class": type(trial.module).__qualname__}
    return fields, _under("module", state)


def _read_module(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> ModuleTrial:
    state = tensors.under("module").all()
    if module is not None:
        fill(module, state)
    elif fields.missing("network"):
        raise FileError(
            f"the file holds the weights of a {fields.text('class')}, which only its own code can build: "
            "build one like it and give it to load(path, module=...)"
        )
    else:
        module = built(fields.object("network"), state)
    return ModuleTrial(module, problem.unknowns)


def _write_constrained(trial: Constrained) -> Written:
    fields, tensors = written(trial.inner)
    return {"inner": fields}, _under("inner", tensors)


def _read_constrained(
    fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None
) -> Approximation:
    inner = fields.object("inner")
    if inner.text("form") == "constrained":
        raise FileError(f"the file is damaged: {fields.place} is constrained twice")
    trial = _read(inner, tensors.under("inner"), problem, module)
    if not isinstance(trial, Trial):
        raise FileError(f"the file is damaged: {inner.place} is no trial that conditions can be built into")
    try:
        return built_in(trial, problem)
    except ProblemError as error:
        raise FileError(f"the problem in the file cannot be posed: {error}") from None


def _write_lifted(trial: Lifted) -> Written:
    fields, tensors = written(trial.inner)
    return {"inner": fields}, _under("inner", tensors)


def _read_lifted(
    fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None
) -> Approximation:
    inner = fields.object("inner")
    given = buildable(problem) if len(problem.domain.names) > 1 else ()
    if inner.text("form") not in {"module", "linear", "ridge"} or not given:
        raise FileError(f"the file is damaged: {fields.place} is no trial that conditions are built into")
    trial = _read(inner, tensors.under("inner"), problem, module)
    assert isinstance(trial, Trial)
    return Lifted(trial, problem, given)


def _write_parameters(trial: WithParameters) -> Written:
    fields, tensors = written(trial.inner)
    return {"inner": fields}, _under("inner", tensors) | _under("numbers", trial.numbers)


def _read_parameters(
    fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None
) -> WithParameters:
    inner = fields.object("inner")
    if inner.text("form") not in {"linear", "ridge", "module"}:
        raise FileError(f"the file is damaged: {inner.place} is no trial that parameters can stand beside")
    trial = _read(inner, tensors.under("inner"), problem, module)
    assert isinstance(trial, Trial)
    numbers = {
        name: tensors.take(f"numbers.{name}", 1).requires_grad_() for name in problem.unknown_parameters
    }
    return WithParameters(trial, numbers)


def _write_shifted(trial: Shifted) -> Written:
    fields, tensors = written(trial.inner)
    constants = {name: torch.tensor([value], dtype=torch.float64) for name, value in trial.constants.items()}
    return {"inner": fields}, _under("inner", tensors) | _under("constants", constants)


def _read_shifted(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Shifted:
    try:
        means = Means.of(problem)
    except ProblemError as error:
        raise FileError(f"the problem in the file cannot be solved: {error}") from None
    inner = fields.object("inner")
    if means is None or inner.text("form") == "shifted":
        raise FileError(f"the file is damaged: {fields.place} is shifted, and no integral asks for it")
    trial = _read(inner, tensors.under("inner"), means.pinned, module)
    return Shifted(trial, {name: tensors.take(f"constants.{name}", 1).item() for name in means.unknowns})


def _write_ridge(trial: Ridge) -> Written:
    basis = described(trial.features)
    if basis is None:
        raise FileError(
            "features with an activation of your own cannot be saved: no text can build them again"
        )
    tensors = {"coefficients": trial.coefficients, **_under("basis", trial.features.state_dict())}
    return {"basis": basis}, tensors


def _read_ridge(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Ridge:
    _refuse(module)
    trial = Ridge(_features(fields, tensors, problem), problem.unknowns)
    coefficients = tensors.take("coefficients", trial.features.width, len(problem.unknowns))
    trial.coefficients = coefficients.requires_grad_()
    return trial


def _write_patches(trial: Patchwork) -> Written:
    basis = described(trial.layers[0].features)
    tensors = {
        "low": trial.partition.low,
        "high": trial.partition.high,
        "coefficients": torch.stack([layer.coefficients for layer in trial.layers]),
        "weight": torch.stack([layer.features.weight for layer in trial.layers]),
        "bias": torch.stack([layer.features.bias for layer in trial.layers]),
    }
    if basis is None:
        raise FileError("features with an activation of your own cannot be saved")
    return {"basis": basis, "cells": len(trial.layers)}, tensors


def _read_patches(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Patchwork:
    _refuse(module)
    count, d = fields.integer("cells", 1, _MOST_CELLS), len(problem.domain.names)
    low, high = tensors.take("low", count, d), tensors.take("high", count, d)
    if not (low < high).all():
        raise FileError(f"the file is damaged: {fields.place} has cells that are empty")
    coefficients = tensors.take("coefficients", count, None, len(problem.unknowns))
    width = coefficients.shape[1]
    weight, bias = tensors.take("weight", count, d, width), tensors.take("bias", count, width)
    layers = []
    for cell in range(count):
        features = RandomFeatures(d, len(problem.unknowns), width, activation="sin")
        features.weight, features.bias = weight[cell], bias[cell]
        layer = Ridge(features, problem.unknowns)
        layer.coefficients = coefficients[cell].clone().requires_grad_()
        layers.append(layer)
    return Patchwork(problem.domain, Partition(low, high), layers)


def _features(fields: Fields, tensors: Tensors, problem: Problem) -> RandomFeatures:
    features = built(fields.object("basis"), tensors.under("basis").all())
    if not isinstance(features, RandomFeatures) or features.inputs != len(problem.domain.names):
        raise FileError(f"the file is damaged: {fields.place}.basis are no random features on the domain")
    return features


FORMS = {
    "elements": Form(Elements, _write_elements, _read_elements),
    "slabs": Form(SpaceTime, _write_slabs, _read_slabs),
    "boxes": Form(Boxes, _write_boxes, _read_boxes),
    "linear": Form(LinearTrial, _write_linear, _read_linear),
    "patches": Form(Patchwork, _write_patches, _read_patches),
    "ridge": Form(Ridge, _write_ridge, _read_ridge),
    "module": Form(ModuleTrial, _write_module, _read_module),
    "parameters": Form(WithParameters, _write_parameters, _read_parameters),
    "constrained": Form(Constrained, _write_constrained, _read_constrained),
    "lifted": Form(Lifted, _write_lifted, _read_lifted),
    "shifted": Form(Shifted, _write_shifted, _read_shifted),
}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _refuse(module: nn.Module | None) -> None:
    if module is not None:
        raise FileError("module=... was given, but the solution in the file has no network")

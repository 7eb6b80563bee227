"""Trials that are polynomials piece by piece, as fields and tensors: elements, slabs and boxes."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pinnlite.errors import FileError
from pinnlite.files.fields import Fields, Tensors
from pinnlite.problem.problem import Problem
from pinnlite.trials.boxes import Boxes
from pinnlite.trials.elements import Elements
from pinnlite.trials.partition import Partition
from pinnlite.trials.space_time import SpaceTime
from pinnlite.trials.windows import FeatureBasis

Written = tuple[dict[str, Any], dict[str, Tensor]]

_HIGHEST_ORDER = 50
_HIGHEST_DEGREE = 100
_MOST_MEMBERS = 10_000  # of a box
_MOST_COEFFICIENTS = 2000  # of an element: its matrices have the square of that
_MOST_FEATURES = 100_000
_SLACK = 1e-9  # of the domain: how far an end may be off by rounding


def write_elements(trial: Elements) -> Written:
    """Elements along a line, of polynomials or features."""
    tensors = {"edges": trial.edges}
    tensors |= {f"local.{i}": trial.local[name] for i, name in enumerate(trial.orders)}
    orders = [{"name": name, "order": order} for name, order in trial.orders.items()]
    if not isinstance(trial.basis, FeatureBasis):
        return {"orders": orders, "features": None}, tensors
    basis = trial.basis
    tensors |= {"basis.weight": basis.weight, "basis.bias": basis.bias}
    tensors |= {f"basis.modes.{order}": basis.modes(order) for order in set(trial.orders.values())}
    return {"orders": orders, "features": len(basis.weight)}, tensors


def read_elements(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Elements:
    """The same, every number checked."""
    refuse(module)
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


def write_slabs(trial: SpaceTime) -> Written:
    """Slabs in time of elements in space."""
    tensors = {"times": trial.times, "edges": trial.edges, "counts": trial.counts.to(torch.float64)}
    tensors |= {f"local.{i}": trial.local[name] for i, name in enumerate(trial.orders)}
    tensors |= {f"number.{i}": number.reshape(1) for i, number in enumerate(trial.numbers.values())}
    orders = [{"name": name, "order": order} for name, order in trial.orders.items()]
    return {"orders": orders, "time": trial.time}, tensors


def read_slabs(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> SpaceTime:
    """The same, every number checked."""
    refuse(module)
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


def write_boxes(trial: Boxes) -> Written:
    """Legendre elements in boxes."""
    tensors = {"low": trial.partition.low, "high": trial.partition.high}
    tensors |= {f"coefficients.{i}": own for i, own in enumerate(trial.coefficients.values())}
    tensors |= {f"parameter.{i}": number.reshape(1) for i, number in enumerate(trial.parameters.values())}
    return {"degree": trial.degree}, tensors


def read_boxes(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> Boxes:
    """The same, every number checked."""
    refuse(module)
    d = len(problem.domain.names)
    degree = fields.integer("degree", 0, _HIGHEST_DEGREE)
    partition = read_partition(fields, tensors, problem)
    if math.comb(degree + d, d) > _MOST_MEMBERS:
        raise FileError(f"the file is damaged: {fields.place} has boxes of too high a degree")
    shape = (len(partition), math.comb(degree + d, d))
    coefficients = {
        name: tensors.take(f"coefficients.{i}", *shape) for i, name in enumerate(problem.unknowns)
    }
    numbers = {
        name: tensors.take(f"parameter.{i}", 1).reshape(())
        for i, name in enumerate(problem.unknown_parameters)
    }
    return Boxes(partition, degree, coefficients, numbers)


def read_partition(fields: Fields, tensors: Tensors, problem: Problem) -> Partition:
    """Boxes within the domain."""
    low = tensors.take("low", None, len(problem.domain.names))
    high = tensors.take("high", *low.shape)
    bounds = torch.tensor(list(problem.domain.intervals.values()), dtype=torch.float64)
    slack = _SLACK * (bounds[:, 1] - bounds[:, 0])
    inside = (low >= bounds[:, 0] - slack) & (high <= bounds[:, 1] + slack)
    if not len(low) or not (low < high).all() or not inside.all():
        raise FileError(f"the file is damaged: {fields.place} has boxes that are no part of the domain")
    return Partition(low, high)


def refuse(module: nn.Module | None) -> None:
    """Raise FileError where a module was given for a solution that has none."""
    if module is not None:
        raise FileError("module=... was given, but the solution in the file has no network")

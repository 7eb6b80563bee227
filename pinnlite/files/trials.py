"""Trial functions as fields and tensors: a table with one entry for each kind, how it is written and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pinnlite.errors import FileError, PinnliteError, ProblemError
from pinnlite.files.fields import Fields, Tensors
from pinnlite.files.networks import built, described, restored
from pinnlite.files.pieces import (
    Written,
    read_boxes,
    read_elements,
    read_partition,
    read_slabs,
    refuse,
    write_boxes,
    write_elements,
    write_slabs,
)
from pinnlite.models.features import RandomFeatures
from pinnlite.problem.means import Means
from pinnlite.problem.problem import Problem
from pinnlite.trials.boxes import Boxes
from pinnlite.trials.buildable import buildable
from pinnlite.trials.constrained import Constrained, built_in
from pinnlite.trials.course import course_of
from pinnlite.trials.elements import Elements
from pinnlite.trials.lifted import Lifted
from pinnlite.trials.module import ModuleTrial
from pinnlite.trials.parameters import WithParameters
from pinnlite.trials.patchwork import Patchwork
from pinnlite.trials.ridge import Ridge
from pinnlite.trials.shifted import Shifted
from pinnlite.trials.space_time import SpaceTime
from pinnlite.trials.trial import Approximation, Trial


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


def _write_module(trial: ModuleTrial) -> Written:
    state = trial.module.state_dict()
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise FileError(f"the module keeps something in {name} that is no tensor, which cannot be saved")
    fields = {"network": described(trial.module), "class": type(trial.module).__qualname__}
    return fields, _under("module", state)


def _read_module(fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None) -> ModuleTrial:
    state = tensors.under("module").all()
    return ModuleTrial(restored(fields, "network", state, module), problem.unknowns)


def _write_inner(trial: Constrained | Lifted) -> Written:
    fields, tensors = written(trial.inner)
    return {"inner": fields}, _under("inner", tensors)


def _read_constrained(
    fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None
) -> Approximation:
    inner = fields.object("inner")
    if inner.text("form") == "constrained":
        raise FileError(f"the file is damaged: {fields.place} is constrained twice")
    trial = _read(inner, tensors.under("inner"), problem, module)
    if not isinstance(trial, Trial) or len(problem.domain.names) > 1:
        raise FileError(f"the file is damaged: {inner.place} is no trial that conditions can be built into")
    try:
        return built_in(trial, problem)
    except ProblemError as error:
        raise FileError(f"the problem in the file cannot be posed: {error}") from None


def _read_lifted(
    fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None
) -> Approximation:
    inner = fields.object("inner")
    given = buildable(problem) if len(problem.domain.names) > 1 else ()
    if inner.text("form") not in {"module", "ridge"} or not given:
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
    if inner.text("form") not in {"ridge", "module"}:
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
    refuse(module)
    trial = Ridge(_features(fields, tensors, problem), problem.unknowns)
    coefficients = tensors.take("coefficients", trial.features.width, len(problem.unknowns))
    trial.coefficients = coefficients.requires_grad_()
    return trial


def _write_patchwork(trial: Patchwork[Trial]) -> Written:
    pieces = [written(piece.inner if isinstance(piece, Lifted) else piece) for piece in trial.pieces]
    tensors = {"low": trial.partition.low, "high": trial.partition.high}
    for i, (_, own) in enumerate(pieces):
        tensors |= _under(f"piece.{i}", own)
    return {"pieces": [fields for fields, _ in pieces]}, tensors


def _read_patchwork(
    fields: Fields, tensors: Tensors, problem: Problem, module: nn.Module | None
) -> Patchwork[Trial]:
    """Layers of features as they are; networks with what is built into them, each from how the one before ends."""
    refuse(module)
    partition, entries = read_partition(fields, tensors, problem), fields.objects("pieces")
    forms = {entry.text("form") for entry in entries}
    course = course_of(problem) if forms == {"module"} else None
    times = course.times(partition) if course else None
    if len(entries) != len(partition) or not (forms == {"ridge"} or times):
        raise FileError(
            f"the file is damaged: {fields.place} has not one trial that can be there for each cell"
        )
    pieces: list[Trial] = []
    for i, entry in enumerate(entries):
        piece = _read(entry, tensors.under(f"piece.{i}"), problem, None)
        assert isinstance(piece, Ridge | ModuleTrial)
        if course and times and isinstance(piece, ModuleTrial):
            piece = course.posed(piece, pieces[-1] if pieces else None, times[i], times[i + 1])
        pieces.append(piece)
    return Patchwork(problem.domain, partition, pieces)


def _features(fields: Fields, tensors: Tensors, problem: Problem) -> RandomFeatures:
    features = built(fields.object("basis"), tensors.under("basis").all())
    if not isinstance(features, RandomFeatures) or features.inputs != len(problem.domain.names):
        raise FileError(f"the file is damaged: {fields.place}.basis are no random features on the domain")
    return features


FORMS = {
    "elements": Form(Elements, write_elements, read_elements),
    "slabs": Form(SpaceTime, write_slabs, read_slabs),
    "boxes": Form(Boxes, write_boxes, read_boxes),
    "ridge": Form(Ridge, _write_ridge, _read_ridge),
    "patchwork": Form(Patchwork, _write_patchwork, _read_patchwork),
    "module": Form(ModuleTrial, _write_module, _read_module),
    "parameters": Form(WithParameters, _write_parameters, _read_parameters),
    "constrained": Form(Constrained, _write_inner, _read_constrained),
    "lifted": Form(Lifted, _write_inner, _read_lifted),
    "shifted": Form(Shifted, _write_shifted, _read_shifted),
}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}

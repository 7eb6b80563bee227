"""Modules as text: known layers by their names and arguments, from which they are built again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn

from pinnlite.errors import FileError, PinnliteError
from pinnlite.files.fields import Fields
from pinnlite.models.features import FourierFeatures, RandomFeatures
from pinnlite.models.mlp import MLP
from pinnlite.models.networks import ACTIVATIONS, Elementwise
from pinnlite.models.periodic import PeriodicInputs
from pinnlite.models.series import Legendre, LegendreUnit, Polynomial

_DEEPEST = 16  # sequences within sequences
_LARGEST = 2**31  # an integer argument
_HIGHEST_DEGREE = 10_000
_MOST_LAYERS = 1000  # in all, those of an MLP among them
_FLOATS = (torch.float32, torch.float64)

Argument = bool | int | float | str | tuple[float, ...]
Taken = Callable[[Fields, str], Argument]  # an argument out of a file, checked
Read = Callable[[Any], Argument | None]  # and off a module


@dataclass(frozen=True)
class Layer:
    """A kind of module, how its arguments are read off it, and how many numbers are drawn when it is built."""

    kind: Callable[..., nn.Module]
    arguments: Mapping[str, tuple[Taken, Read]]
    drawn: Callable[..., int] = lambda **arguments: 0
    layers: Callable[..., int] = lambda **arguments: 1


def _size(fields: Fields, name: str) -> int:
    return fields.integer(name, 1, _LARGEST)


def _degree(fields: Fields, name: str) -> int:
    return fields.integer(name, 0, _HIGHEST_DEGREE)


def _number(fields: Fields, name: str) -> float:
    """As it is written: an integer stays one, in the repr of a module too."""
    number = fields.number(name)
    value = fields.values[name]
    return value if type(value) is int and abs(value) < _LARGEST else number


def _one_of(*known: str) -> Taken:
    def take(fields: Fields, name: str) -> str:
        value = fields.text(name)
        if value not in known:
            raise FileError(f"the file is damaged: {fields.place}.{name} {value!r} is not known")
        return value

    return take


def _same(take: Taken, *names: str) -> dict[str, tuple[Taken, Read]]:
    """Arguments that are kept as attributes of the same name."""
    return {name: (take, attrgetter(name)) for name in names}


def _function_of(module: Any) -> str | None:
    return next((name for name, function in ACTIVATIONS.items() if function is module.activation), None)


_ACTIVATION: dict[str, tuple[Taken, Read]] = {"activation": (_one_of(*ACTIVATIONS), _function_of)}


def _drawn_by_mlp(inputs: int, outputs: int, width: int, depth: int, activation: str) -> int:
    return inputs * width + (depth - 1) * width**2 + width * outputs


LAYERS = {
    "Linear": Layer(
        nn.Linear,
        {**_same(_size, "in_features", "out_features"), "bias": (Fields.truth, lambda m: m.bias is not None)},
    ),
    "Identity": Layer(nn.Identity, {}),
    "Tanh": Layer(nn.Tanh, {}),
    "Elementwise": Layer(Elementwise, _ACTIVATION),
    "Sigmoid": Layer(nn.Sigmoid, {}),
    "SiLU": Layer(nn.SiLU, {}),
    "ReLU": Layer(nn.ReLU, {}),
    "GELU": Layer(nn.GELU, _same(_one_of("none", "tanh"), "approximate")),
    "Softplus": Layer(nn.Softplus, _same(_number, "beta", "threshold")),
    "ELU": Layer(nn.ELU, _same(_number, "alpha")),
    "Polynomial": Layer(Polynomial, _same(_degree, "degree")),
    "Legendre": Layer(Legendre, {**_same(_degree, "degree"), **_same(Fields.interval, "domain")}),
    "LegendreUnit": Layer(LegendreUnit, _same(_degree, "degree")),
    "MLP": Layer(
        MLP,
        {
            **_same(_size, "inputs", "outputs"),
            "width": (_size, lambda m: m.layers[0].out_features),
            "depth": (_size, lambda m: len(m.layers) - 1),
            **_ACTIVATION,
        },
        _drawn_by_mlp,
        lambda depth, **arguments: depth + 1,
    ),
    "RandomFeatures": Layer(
        RandomFeatures,
        {**_same(_size, "inputs", "outputs", "width"), **_same(_number, "scale"), **_ACTIVATION},
        lambda inputs, outputs, width, scale, activation: width * (inputs + outputs),  # centres are not kept
    ),
    "FourierFeatures": Layer(
        FourierFeatures,
        {**_same(_size, "inputs", "width"), **_same(_number, "scale")},
        lambda inputs, width, scale: inputs * width,
    ),
    "PeriodicInputs": Layer(PeriodicInputs, _same(Fields.sizes, "periods")),
}
_NAMES = {layer.kind: name for name, layer in LAYERS.items()}


def described(module: nn.Module) -> dict[str, Any] | None:
    """A module as a JSON object; None if it is or holds one that only its own code can build."""
    if module._forward_hooks or module._forward_pre_hooks:
        return None
    if type(module) is nn.Sequential:
        parts = [described(part) for part in module]
        numbered = list(module._modules) == [str(i) for i in range(len(parts))]
        return {"parts": parts} if numbered and None not in parts else None
    name = _NAMES.get(type(module))
    if name is None:
        return None
    arguments = {key: read(module) for key, (_, read) in LAYERS[name].arguments.items()}
    return None if None in arguments.values() else {"layer": name, "arguments": arguments}


@dataclass(frozen=True)
class _Plan:
    """A layer with its arguments, or a sequence of plans."""

    layer: Layer | None
    arguments: Mapping[str, Argument]
    parts: "tuple[_Plan, ...]"

    @property
    def drawn(self) -> int:
        own = self.layer.drawn(**self.arguments) if self.layer else 0
        return own + sum(part.drawn for part in self.parts)

    @property
    def layers(self) -> int:
        own = self.layer.layers(**self.arguments) if self.layer else 1
        return own + sum(part.layers for part in self.parts)

    def build(self) -> nn.Module:
        if self.layer is None:
            return nn.Sequential(*(part.build() for part in self.parts))
        own = {"generator": torch.Generator()} if self.drawn else {}  # torch's global one stays as it is
        return self.layer.kind(**self.arguments, **own)


def built(fields: Fields, state: Mapping[str, Tensor]) -> nn.Module:
    """The module that was described, with the tensors of its state.

    Raises:
        FileError: the description is wrong, or the tensors are not those of the module.
    """
    plan = _planned(fields, 0)
    try:
        if plan.layers > _MOST_LAYERS:
            raise ValueError(f"it has more than {_MOST_LAYERS} layers")
        if plan.drawn > sum(tensor.numel() for tensor in state.values()):
            raise ValueError("it is larger than its tensors")
        with torch.device("meta"):  # nothing is allocated before the shapes have been compared
            module = plan.build()
    except (TypeError, ValueError, ArithmeticError, RuntimeError, PinnliteError) as error:
        raise FileError(f"the file is damaged: {fields.place} cannot be built: {error}") from None
    fill(module, state, assign=True)
    return module


def restored(fields: Fields, name: str, state: Mapping[str, Tensor], module: nn.Module | None) -> nn.Module:
    """The user's module with the tensors of its state, or the one that a field describes if none was given.

    Raises:
        FileError: a module is needed and was not given, or the tensors are not its.
    """
    if module is not None:
        fill(module, state)
        return module
    if fields.missing(name):
        raise FileError(
            f"the file holds the weights of a {fields.text('class')}, which only your own code can build: "
            "build one like it and give it to load(path, module=...)"
        )
    return built(fields.object(name), state)


def fill(module: nn.Module, state: Mapping[str, Tensor], assign: bool = False) -> None:
    """Give a module the tensors of its state: copied into its own, or in their place.

    Raises:
        FileError: they are not those of the module; then it is left as it was.
    """
    own = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    kept = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if own != kept:
        name = next(name for name in sorted({*own, *kept}) if own.get(name) != kept.get(name))
        raise FileError(
            f"the module does not fit the file: {name} has shape {own.get(name, 'none')} in the module and "
            f"{kept.get(name, 'none')} in the file"
        )
    for name, tensor in module.state_dict().items():
        found = state[name].dtype
        if not (found == tensor.dtype or {found, tensor.dtype} <= {*_FLOATS}):
            raise FileError(
                f"the module does not fit the file: {name} has type {tensor.dtype} in the module and "
                f"{found} in the file"
            )
    module.load_state_dict(dict(state), assign=assign)


def _planned(fields: Fields, depth: int) -> _Plan:
    if depth > _DEEPEST:
        raise FileError(f"the file is damaged: {fields.place} is nested too deeply")
    if "parts" in fields.values:
        return _Plan(None, {}, tuple(_planned(part, depth + 1) for part in fields.objects("parts")))
    name = fields.text("layer")
    if name not in LAYERS:
        raise FileError(f"the file names a layer {name!r}, which this version of pinnlite does not know")
    layer, arguments = LAYERS[name], fields.object("arguments")
    if set(arguments.values) != set(layer.arguments):
        raise FileError(f"the file is damaged: {arguments.place} are not the arguments of {name}")
    return _Plan(layer, {key: take(arguments, key) for key, (take, _) in layer.arguments.items()}, ())

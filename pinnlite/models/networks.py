"""What the networks share: activation functions by name, random draws, and checks of sizes and points."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pinnlite.errors import ShapeError

Activation = Callable[[Any], Any]

ACTIVATIONS: dict[str, Activation] = {
    "tanh": torch.tanh,
    "sin": torch.sin,
    "sigmoid": torch.sigmoid,
    "softplus": nn.functional.softplus,
    "silu": nn.functional.silu,
    "gelu": nn.functional.gelu,
    "erf": torch.erf,
    "relu": torch.relu,
}


def activation_of(activation: str | Activation) -> Activation:
    """The function that a name stands for; a function stands for itself."""
    if not isinstance(activation, str):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation {activation!r} is not known; take one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[activation]


class Elementwise(nn.Module):
    """An activation as a layer of a sequence, by name or as a function of a tensor."""

    def __init__(self, activation: str | Activation) -> None:
        super().__init__()
        self.activation = activation_of(activation)

    def forward(self, x: Any) -> Any:
        """The activation of every element."""
        return self.activation(x)

    def extra_repr(self) -> str:
        """What the module's printed form says of it."""
        return name_of(self.activation)


def name_of(activation: Activation) -> str:
    """The activation as a module's printed form shows it."""
    return str(getattr(activation, "__name__", activation))


def check_sizes(**sizes: int) -> None:
    """Refuse a size below 1, by its name."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be 1 or more, got {size}")


def check_points(model: nn.Module, x: Any, inputs: int) -> None:
    """Refuse points that do not have one column for each input."""
    if x.ndim == 0 or x.shape[-1] != inputs:
        hint = "; write x.unsqueeze(1)" if inputs == 1 and x.ndim == 1 else ""
        raise ShapeError(
            f"{type(model).__name__} takes points of shape (N, {inputs}), got {tuple(x.shape)}{hint}"
        )


def uniform(*shape: int, generator: torch.Generator | None) -> Float[Tensor, "..."]:
    """Numbers between -1 and 1 in float64 on the CPU, the same whatever dtype and device they are for."""
    device = generator.device if generator else "cpu"
    return 2 * torch.rand(shape, generator=generator, dtype=torch.float64, device=device).cpu() - 1


def normal(*shape: int, generator: torch.Generator | None) -> Float[Tensor, "..."]:
    """Standard normal numbers, drawn like the uniform ones."""
    device = generator.device if generator else "cpu"
    return torch.randn(shape, generator=generator, dtype=torch.float64, device=device).cpu()


def placed(
    values: Float[Tensor, "*shape"], device: torch.device | str | None, dtype: torch.dtype
) -> Float[Tensor, "*shape"]:
    """Drawn values where and as what they are wanted; a device of None is torch's default one."""
    return torch.empty(values.shape, device=device, dtype=dtype).copy_(values)

"""What watches a function while it is evaluated, so that no derivative of it is silently wrong."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode, _get_current_function_mode, _pop_mode_temporarily

from pinnlite.differentiation.graph import leads_to
from pinnlite.differentiation.jet import Jet, NoTaylorRule, dropped, name_of, traced
from pinnlite.differentiation.rules import spellings
from pinnlite.differentiation.rules_composed import (
    group_norm,
    instance_norm,
    layer_norm,
    smooth_pow,
    softplus,
)
from pinnlite.errors import DerivativeError, PinnliteError, ShapeError

_PIECEWISE_LINEAR = "relu relu6 leaky_relu prelu rrelu hardtanh hardsigmoid hardshrink softshrink threshold"
_RANDOM = "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout rrelu bernoulli"
_DROPPING = "detach item numpy tolist __array__ __float__ __int__ __complex__ __index__ tensor new_tensor"
# How far points are moved to see what follows, in units of their size. No grid holds the points that are hit.
_STEPS = (0.1234567, 0.2718282)
_DATA: Any = vars(torch._C.TensorBase)["data"]
# PyTorch computes these without a graph, and answers zeros or an error about something else.
_WITHOUT_GRAPH = (
    "legendre_polynomial_p chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v "
    "chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l "
    "shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v "
    "shifted_chebyshev_polynomial_w "
    "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 spherical_bessel_j0 modified_bessel_i0 modified_bessel_i1 "
    "modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1"
)
# What PyTorch differentiates wrongly: normalisations at order three, softplus beyond its threshold at order two, a
# power by base and exponent where the exponent is an integer. Ours are composed of functions that it gets right.
_REPLACED: dict[Any, Callable[..., Any]] = {
    F.layer_norm: layer_norm,
    F.group_norm: group_norm,
    F.instance_norm: instance_norm,
    F.softplus: softplus,
    **dict.fromkeys([*spellings("pow"), *spellings("__pow__")], smooth_pow),
}


def _functions(names: str) -> set[Any]:
    return {function for name in names.split() for function in spellings(name)}


class Watched:
    """A function of points, watched while it is evaluated.

    ``order`` is the highest derivative that will be asked for. Afterwards ``kinks`` names a piecewise linear function
    that was met where that matters, and ``value`` is what f gave for the points themselves.
    """

    def __init__(self, f: Callable[[Any], Any], order: int) -> None:
        self.f, self.order, self.kinks = f, order, ""
        self.value: Any = None

    def __call__(self, X: Any) -> Any:
        """f(X), if it is one row of real numbers for each point."""
        if torch.compiler.is_compiling():
            return self.f(X)
        with _Watch(self.order, X) as watch:
            y = self._evaluate(X)
        self.kinks = self.kinks or watch.kinks
        _check_result(y, X)
        if self.value is None:
            self.value = y.value if isinstance(y, Jet) else y
        return y

    def _evaluate(self, X: Any) -> Any:
        try:
            return self.f(X)
        except (PinnliteError, MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            if isinstance(error, RuntimeError) and ("dtype" in str(error) or "scalar type" in str(error)):
                raise DerivativeError(
                    f"points are {X.dtype}, but f computes with numbers of another dtype ({error}): give both one, "
                    "X.double() and, for a module, f.double()"
                ) from error
            if isinstance(error, RuntimeError) and ("shape" in str(error) or "size" in str(error)):
                raise ShapeError(
                    f"f does not take points of shape {tuple(X.shape)}: {error}. X holds one point in each row, "
                    "one coordinate in each column"
                ) from error
            if isinstance(X, Jet):
                raise NoTaylorRule(
                    f"f cannot be evaluated on Taylor numbers ({error}): use engine='autograd'"
                ) from error
            raise

    def warn(self) -> None:
        """Warn once if the function is piecewise linear."""
        if self.kinks:
            warn(
                f"{self.kinks} is piecewise linear: its derivatives of order 2 and more are zero wherever they "
                "exist. For a differential equation of that order use a smooth activation, such as tanh"
            )


def warn(message: str) -> None:
    """Warn about the line outside of the package that called into it."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "pinnlite":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def _check_result(y: Any, X: Any) -> None:
    if not isinstance(y, (Tensor, Jet)):
        raise DerivativeError(
            f"f must return a tensor, one row for each point, but returned {type(y).__name__}"
        )
    if y.ndim == 0 or len(y) != len(X):
        raise ShapeError(
            f"f returned shape {tuple(y.shape)} for {len(X)} points; it must return (N,) or (N, m), "
            "row i from point i alone"
        )
    if not y.dtype.is_floating_point:
        raise DerivativeError(f"f returned {y.dtype}; only real floating-point values have derivatives")


class _Watch(TorchFunctionMode):
    """Sees every torch function that is called meanwhile."""

    _sets = tuple(map(_functions, (_PIECEWISE_LINEAR, _RANDOM, _DROPPING, _WITHOUT_GRAPH)))

    def __init__(self, order: int, X: Any) -> None:
        super().__init__()
        self.order, self.X, self.kinks = order, X, ""
        self.recording = torch.is_grad_enabled()  # as far as the user's own statements go
        self.began_recording = self.recording

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        given = [*args, *kwargs.values()]
        if func is torch._C._set_grad_enabled:
            self.recording = bool(args[0])
        elif self.began_recording and not torch.is_grad_enabled():
            self._unrecorded(given)
        kinked, random, dropping, without_graph = self._sets
        if func in without_graph and self.order and any(map(self._depends, _entries(given))):
            own = "; pl.legendre has all of its own" if "polynomial" in name_of(func) else ""
            if own or Jet not in types:  # one may have a Taylor rule of the user's
                raise DerivativeError(f"{name_of(func)} has no derivative in PyTorch{own}")
        if func in random and _option(func, args, kwargs, "training", False):
            raise DerivativeError(
                f"{name_of(func)} in training mode is random, so that f has no derivative: call f.eval() first"
            )
        if func is F.batch_norm and _option(func, args, kwargs, "training", False):
            raise coupled("batch normalisation in training mode. Call f.eval() first")
        if func in kinked and self.order > 1:
            self.kinks = self.kinks or name_of(func)
        if func in dropping or getattr(func, "__self__", None) is _DATA:
            copied = given[1:] if func is Tensor.new_tensor else given[:1]
            if any(map(self._depends, _entries(copied))):
                raise dropped(_written(func))
        if Jet in types:
            return Jet.__torch_function__(func, types, args, kwargs)
        return _REPLACED.get(func, func)(*args, **kwargs)

    def _unrecorded(self, given: Sequence[Any]) -> None:
        """Recording is off inside f: because f says so, or because a custom autograd function computes its value."""
        if not any(self._depends(x) for x in given):
            return
        if not self.recording:
            raise dropped("torch.no_grad()")
        if any(isinstance(x, Jet) for x in given):
            raise NoTaylorRule(
                "f computes out of autograd's sight, in a torch.autograd.Function or under torch.inference_mode: the "
                "first has no Taylor rule. Use engine='autograd', or add a rule with @pl.taylor_rule for the function "
                "that calls it, made visible by torch.overrides.wrap_torch_function"
            )

    def _depends(self, x: Any) -> bool:
        if not isinstance(x, Tensor) or x is self.X or x.grad_fn is None:
            return x is self.X or isinstance(x, Jet)
        with torch.inference_mode(False):
            return leads_to(x, self.X)


@contextmanager
def unwatched() -> Iterator[None]:
    """Out of sight of the watch on an outer function, which calls an operator itself."""
    mode = _get_current_function_mode()  # type: ignore[no-untyped-call]
    if isinstance(mode, _Watch):
        with _pop_mode_temporarily():
            yield
    else:
        yield


def _entries(x: Any) -> Iterator[Any]:
    """What lists and tuples within each other hold."""
    if not isinstance(x, (list, tuple)):
        yield x
        return
    for entry in x:
        yield from _entries(entry)


def _written(function: Any) -> str:
    """The built-in that calls a method such as ``__float__``, or else the method."""
    name = name_of(function)
    if name in ("__array__", "tensor"):
        return "NumPy" if name == "__array__" else "torch.tensor()"
    return f"{name.strip('_')}()" if name.startswith("__") else name


def coupled(cause: str) -> DerivativeError:
    """The error for a function whose rows are not independent."""
    return DerivativeError(f"f couples its rows, but row i of f(X) must depend on row i of X alone: {cause}")


def check_rows(f: Callable[[Tensor], Any], X: Tensor, y: Tensor) -> None:
    """Raise if the rows of ``y = f(X)`` depend on each other.

    The last and the first row must give among strangers, and in the other order, what they gave among all. If they do
    not, each of them is moved, and no other may follow: a function that holds one number for each point is only
    defined on all of them together.
    """
    if len(X) < 2 or traced():
        return
    with torch.no_grad():
        found = _evaluated(f, _among_strangers(X))
        if found is not None and len(found) == 4 and not _moved(found[::2], y[[-1, 0]], y).any():
            return
        for row in (0, -1):
            moved = X.clone()
            moved[row] += _STEPS[0] * (1 + moved[row].abs())
            found = _evaluated(f, moved)
            others = torch.arange(len(X), device=X.device) != row % len(X)
            if found is not None and _moved(found[others], y[others], y).any():
                raise coupled(
                    "moving one row changes others (a mean or a sum over rows, normalisation over the batch, "
                    "a reshape that mixes rows), or f is random"
                )


def _among_strangers(X: Tensor) -> Tensor:
    """The last row and the first, each followed by one that is no point: above all of them, and below.

    Steps of different sizes, so that neither mean, largest nor smallest entry of the rows stays what it was; no row
    has the neighbours, or the partner from the other end, that it had.
    """
    above, below = X.amax(0, keepdim=True), X.amin(0, keepdim=True)
    above = above + _STEPS[0] * (1 + above.abs())
    below = below - _STEPS[1] * (1 + below.abs())
    return torch.cat([X[-1:], above, X[:1], below])


def _evaluated(f: Callable[[Tensor], Any], X: Tensor) -> Tensor | None:
    """f(X), or None: a function need not be defined for other points, or for other numbers of them."""
    try:
        return cast(Tensor, f(X))
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception:
        return None


def _moved(a: Tensor, b: Tensor, whole: Tensor) -> Any:
    """Where two tensors differ by more than rounding of a whole; NaN equals NaN."""
    scale = whole.abs().nan_to_num(0, 0, 0).amax() if whole.numel() else whole.sum()
    # Infinities that are equal differ by NaN, which exceeds nothing.
    differ = (a - b).abs() > torch.finfo(b.dtype).eps ** 0.5 * scale
    return differ | (a.isnan() != b.isnan())


def check_not_dropped(before: Tensor, after: Tensor) -> None:
    """Raise if a quantity moved with the points although PyTorch found no dependence on them."""
    moved = _moved(after, before, before) & ~after.isnan() & ~before.isnan()
    if 2 * moved.sum() > moved.numel():  # a few points may cross a kink or a jump
        raise DerivativeError(
            "f depends on the points, but PyTorch lost track of it. Usual causes: .detach(), .item(), .numpy() or "
            "torch.no_grad() inside f, or a function without a derivative"
        )


def _option(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, default: Any) -> Any:
    """An argument of a call, given by place or by name."""
    if name in kwargs:
        return kwargs[name]
    code = getattr(function, "__code__", None)
    names = code.co_varnames if code else ("input", "p", "training")
    place = names.index(name) if name in names else len(args)
    return args[place] if place < len(args) else default

"""What a solve returns: the function it found, how wrong it is, and how it got there."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pinnlite.errors import ProblemError
from pinnlite.files.export import Values, export
from pinnlite.files.solutions import write_solution
from pinnlite.problem.equations import Key
from pinnlite.problem.partial_names import key_of
from pinnlite.problem.points import rows_of, warn_outside
from pinnlite.problem.problem import Problem
from pinnlite.report.notebook import html_report
from pinnlite.trials.trial import Approximation
from pinnlite.verify.comparison import Comparison, compare

_MOST_DRAWN = 2  # coordinates of a picture


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """A solved problem; call it like a function.

    ``sol(x)`` gives values shaped like x, differentiable by x: one tensor for one unknown, a dict by name for several.

    Attributes:
        problem: what was solved.
        trial: the trial function that was found; None if there is none.
        kind: its class: "Legendre elements", "random features", "network" or "module".
        error: the solver's estimate of the relative L2 error, from a second, finer solve; infinite if there is none.
        tol: the tolerance that was asked for.
        status: how it ended, and what to try if the tolerance was not reached.
        seconds: wall time of the solve.
        history: what was tried, in words.
        reached: where in the coordinate that it was marched along the solution ends, if before the domain does.
        seed: what decided the random draws.
        checkpoint: of a deep network, from which ``solve(solution)`` trains it further.
    """

    problem: Problem
    trial: Approximation | None
    kind: str
    error: float
    tol: float
    status: str
    seconds: float
    history: tuple[str, ...] = field(repr=False, default=())
    reached: tuple[float, float] | None = None
    seed: int = 0
    checkpoint: Mapping[str, Tensor] | None = field(repr=False, default=None)

    @property
    def converged(self) -> bool:
        """Whether the estimated error meets the tolerance."""
        return self.error <= self.tol

    def __call__(self, *points: Any, **named: Any) -> Any:
        """Values of the unknowns at points given in the order of the coordinates, or by name."""
        X, shape = self._points(points, named)
        zero = (0,) * len(self.problem.domain.names)
        values = self._partials(X, [(unknown, zero) for unknown in self.problem.unknowns])
        by_name = {unknown: values[unknown, zero].reshape(shape) for unknown in self.problem.unknowns}
        return by_name if len(by_name) > 1 else by_name[self.problem.unknowns[0]]

    @property
    def unknowns(self) -> dict[str, float]:
        """The values found for the problem's unknown parameters."""
        start = torch.tensor(
            [[low for low, _ in self.problem.domain.intervals.values()]], dtype=torch.float64
        )
        sought = self.problem.unknown_parameters
        if not sought:
            return {}
        zero = (0,) * start.shape[1]
        found = self._partials(start, [(name, zero) for name in sought])
        return {name: unknown.value(found[name, zero]).item() for name, unknown in sought.items()}

    def partial(self, name: str) -> Callable[..., Tensor]:
        """A partial derivative as a function that is called like the solution itself.

        Args:
            name: ``"xx"``, or ``"u_xx"`` where there are several unknowns; ``"u''"`` where there is one coordinate.
        """
        key = key_of(name, self.problem.unknowns, self.problem.domain.names)

        def evaluate(*points: Any, **named: Any) -> Tensor:
            X, shape = self._points(points, named)
            return self._partials(X, [key])[key].reshape(shape)

        return evaluate

    def residual(self, *points: Any, **named: Any) -> Any:
        """The residual of the equation at points; of each of them by its text where there are several."""
        X, shape = self._points(points, named)
        places = {**dict(zip(self.problem.domain.names, X.T, strict=True)), **self.problem.parameters}
        found = {
            equation.text: equation.residual(places, self._partials(X, sorted(equation.wanted))).reshape(
                shape
            )
            for equation in self.problem.equations
        }
        return found if len(found) > 1 else next(iter(found.values()))

    def compare(self, reference: Callable[..., Any] | None = None) -> Comparison:
        """Compute the error against a reference: a callable, or SciPy's integrators at their tightest.

        The relative L2 norm ``|u - r| / |r|`` is taken by Gauss quadrature on points that the solver never saw.

        Args:
            reference: called like the solution, it gives what is taken for the truth. Without it, initial values are
                integrated by solve_ivp (DOP853, or LSODA where the problem is stiff, rtol 1e-13) and boundary values
                solved by solve_bvp, as far down as rounding lets it, from this solution as its guess.

        Returns:
            A ``Comparison``: ``error``, ``errors`` by unknown, ``reference``, ``reference_error``, ``seconds``.

        Raises:
            ProblemError: there is no solution, or no ``reference`` where SciPy cannot be given the problem.
            ShapeError: the reference does not give one value for each point.

        Source: E. Hairer, S. Norsett and G. Wanner, Solving Ordinary Differential Equations I (1993), for DOP853;
        J. Kierzenka and L. Shampine, ACM Trans. Math. Softw. 27 (2001), for solve_bvp.

        Example:
            >>> import torch
            >>> import pinnlite as pl
            >>> pl.solve("u'' + u = 0", "u(0) = 0", "u(1) = sin(1)", x=(0, 1)).compare(torch.sin).error < 1e-6
            True
        """
        if self.trial is None:
            raise ProblemError(f"there is no solution to compare: {self.status}")
        return compare(self.problem, self.trial, reference, self.reached)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the solution to one safetensors file, from which ``load`` makes an equal one.

        The coefficients are its tensors; the problem's statements, how the solve went and the versions of the packages
        are its metadata, as JSON. An older file of the name is replaced at the end and at once, so that there is never
        half a file.

        Args:
            path: where; the usual ending is ``.safetensors``.

        Raises:
            FileError: the file cannot be written, or the problem has a Python function among its statements.

        Example:
            >>> import tempfile
            >>> import pinnlite as pl
            >>> solution = pl.solve("u' = -u", "u(0) = 1", x=(0, 1))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     solution.save(f"{folder}/decay.safetensors")
            ...     again = pl.load(f"{folder}/decay.safetensors")
            >>> bool(again(0.5) == solution(0.5)), again.problem.statements
            (True, ("u' = -u", 'u(0) = 1'))
        """
        write_solution(path, {entry.name: getattr(self, entry.name) for entry in fields(self)})

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the unknowns as a program of its own: float64 points (N, d) in, values (N, m) out.

        Args:
            path: ends in ``.pt2`` for ``torch.export.load``, in ``.onnx`` for an ONNX runtime (which needs the
                packages of ``pip install 'pinnlite[export]'``).

        Raises:
            FileError: the path cannot be written, or this kind of trial function cannot be traced.

        Example:
            >>> import pinnlite as pl
            >>> pl.solve("u' = -u", "u(0) = 1", x=(0, 1)).export("decay.txt")
            Traceback (most recent call last):
            ...
            pinnlite.errors.FileError: decay.txt is no form that can be exported: end it in .pt2 or .onnx
        """
        if self.trial is None:
            raise ProblemError(f"there is no solution to export: {self.status}")
        intervals = self.problem.domain.intervals.values()
        export(Values(self.trial, self.problem.unknowns, len(intervals)), list(intervals), path)

    def plot(self, reference: Callable[..., Any] | None = None, *, figure: Any = None, **fixed: float) -> Any:
        """Draw the unknowns, and by them their error against a reference, or the residual if there is none.

        Over one coordinate curves are drawn, over two coordinates maps.

        Args:
            reference: called like the solution, it gives what is taken for the truth.
            figure: an empty figure or subfigure of matplotlib to draw on, as in ``plot(figure=plt.figure())`` for
                ``plt.show()``; without it the picture is on a figure of its own, which pyplot does not know.
            fixed: coordinates that are held at a number, as in ``plot(t=0.5)``.

        Returns:
            The first matplotlib axes; ``.figure`` has ``savefig``.

        Raises:
            ProblemError: if not one or two coordinates are left, or there is no solution.

        Example:
            >>> import pinnlite as pl
            >>> pl.solve("u' = -u", "u(0) = 1", x=(0, 1)).plot().get_ylabel()
            '$u(x)$'
        """
        from pinnlite.report.drawing import draw

        if self.trial is None:
            raise ProblemError(f"there is no solution to draw: {self.status}")
        if reference is not None and not callable(reference):
            raise ProblemError(
                f"plot compares with a function, and {reference!r} is none; a picture is kept with "
                "plot().figure.savefig('u.png')"
            )
        unknowns, ends = self.problem.unknowns, dict(self.problem.domain.intervals)
        if self.reached:
            ends[self.problem.marching] = self.reached
        return draw(
            self.problem,
            self.trial,
            lambda *X: _by_name(self(*X), unknowns),
            lambda *X: _by_name(self.residual(*X), ("r",)),
            (lambda *X: _by_name(reference(*X), unknowns)) if reference else None,
            fixed,
            ends,
            f"{self.kind}, estimated error {self.error:.1e}, {self.seconds:.2f} s",
            figure,
        )

    def _partials(self, X: Float[Tensor, "N d"], wanted: list[Key]) -> dict[Key, Tensor]:
        if self.trial is None:
            raise ProblemError(f"there is no solution to evaluate: {self.status}")
        found = self.trial.partials(X, wanted)
        # Some trials' weights ask for gradients, which numbers at mere numbers are not to inherit.
        return found if X.requires_grad else {key: value.detach() for key, value in found.items()}

    def _points(self, points: tuple[Any, ...], named: dict[str, Any]) -> tuple[Tensor, torch.Size]:
        """Coordinates as rows ``(N, d)``, and the shape that the values are to have."""
        X, shape = rows_of(points, named, self.problem.domain.names)
        if self.reached and len(X):
            (start, stop), along = self.reached, self.problem.marching
            column = X[:, self.problem.domain.names.index(along)]
            if not (start <= column.min() and column.max() <= stop):
                raise ProblemError(
                    f"the solution was only found on {along} = [{start:g}, {stop:g}]: {self.status}"
                )
        warn_outside(X.detach(), self.problem.domain, stacklevel=4)
        return X, shape

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture where there can be one, the statements and how the solve ended."""
        found = {} if self.trial is None else self.unknowns
        facts = {
            "problem": "; ".join(self.problem.statements),
            "domain": str(self.problem.domain),
            **{name: f"{value:.10g}" for name, value in found.items()},
            "estimated error": f"{self.error:.1e} (tol {self.tol:.0e})",
            "status": f"{'converged' if self.converged else 'not converged'}: {self.status}",
            "trial": self.kind,
            "seconds": f"{self.seconds:.2f}",
        }
        drawable = self.trial is not None and len(self.problem.domain.names) <= _MOST_DRAWN
        return html_report(facts, self.plot().get_figure(root=True) if drawable else None)

    def __repr__(self) -> str:
        return f"<Solution of {'; '.join(self.problem.statements)} on {self.problem.domain}: {self}>"

    def __str__(self) -> str:
        reached = f"{self.error:.1e}" if math.isfinite(self.error) else "unknown"
        verdict = "converged" if self.converged else "not converged"
        how = f"{self.kind}, {self.seconds:.2f} s"
        return f"{verdict}: estimated error {reached} (tol {self.tol:.0e}), {how}. {self.status}"


def _by_name(values: Any, unknowns: tuple[str, ...]) -> dict[str, Tensor]:
    """Values of one unknown or of several, by name."""
    return values if isinstance(values, dict) else {unknowns[0]: values}

"""A problem as a frozen value: equations, conditions, the domain and the parameters, checked as far as text allows."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Float
from torch import Tensor

from pinnlite.differentiation.recording import recording
from pinnlite.geometry.domains import Box
from pinnlite.geometry.region import Region
from pinnlite.language.equation import parse_statements
from pinnlite.language.notation import TIME
from pinnlite.problem.arguments import check_used, domain_of, sort_names, sort_statements
from pinnlite.problem.boundary import BoundaryStatement, boundary_statement
from pinnlite.problem.checks import check, orders_of
from pinnlite.problem.equations import Condition, Equation, Index, condition_of, equation_of
from pinnlite.problem.frozen import Frozen
from pinnlite.problem.peaks import outliers, peaks
from pinnlite.problem.places import initial_coordinates, placed_on
from pinnlite.problem.tracing import boundary_from, condition_from, equation_from
from pinnlite.problem.unknown import Data, Unknown


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Problem:
    """Equations and conditions on a domain.

    Args:
        statements: equations and conditions as text, ``u'' + u = 0`` and ``u(0) = 0``, one or several in each; or as
            ``equation``, ``condition`` and ``data`` make them.
        on: a region, such as ``Disk((0, 0), 1)``, whose coordinates come first among the problem's.
        names: a coordinate if the value is an interval ``(low, high)``, a parameter if it is a number. No name is
            reserved: where ``e=0.3`` is given, ``e`` is that number and not the constant.

    A condition ``u = 0 on boundary`` holds on the whole boundary, ``u = 0 on left`` on the part of that name;
    ``du/dn`` is the derivative along the outward normal. The ends of a coordinate all of whose data are at one of them,
    as those of time are, are no part of the boundary.

    Expressions are differentiated as wholes, too: ``(k*u_x)_x``, ``(u^2)''``, ``d/dx(x^2*du/dx)``, ``d2(u^2)/dx2``,
    ``laplacian(u)`` or ``Δu``, ``div(k*grad(u))``, ``dot(grad(u), grad(v))``. The operators are those of
    Cartesian coordinates in space: all coordinates but ``t`` where there are others, so that time of another name is
    left out by ``laplacian(u, x, y)``. ``integral(u, x, y) = 0``, over the whole domain of the coordinates named, fixes
    the constant that derivatives on all sides leave open.

    Raises:
        ParseError: a statement cannot be read.
        ProblemError: there are too few, too many, contradictory or out-of-domain conditions, or a bad domain.

    Example:
        >>> import pinnlite as pl
        >>> problem = pl.Problem("u'' + u = 0", "u(0) = 0", "u'(0) = 1", x=(0, 1))
        >>> problem.unknowns
        ('u',)
        >>> membrane = pl.Problem("u_xx + u_yy = -1", "u = 0 on boundary", x=(0, 1), y=(0, 1))
        >>> len(membrane.conditions), len(membrane.stated)
        (4, 1)
    """

    statements: tuple[str, ...]
    domain: Region
    parameters: dict[str, float]
    unknown_parameters: dict[str, Unknown]
    equations: tuple[Equation, ...]
    conditions: tuple[Condition, ...]  # those on parts of a box's boundary as one for each face
    stated: tuple[Condition, ...] = field(repr=False)  # the same as they were stated
    data: tuple[Data, ...]
    orders: dict[str, Index] = field(repr=False)  # for each unknown the highest order in each coordinate
    # Where the text says that something may be narrow.
    peaks: tuple[tuple[float, ...], ...] = field(repr=False)

    @recording()
    def __init__(self, *statements: object, on: object = None, **names: object) -> None:
        if on is not None and not isinstance(on, Region):
            on, names = None, {**names, "on": on}  # a coordinate or a parameter may have that name
        intervals, parameters, unknowns = sort_names(names)
        domain = domain_of(on, intervals, parameters)
        texts, callables, data = sort_statements(statements)
        known: dict[str, float | None] = {**parameters, **dict.fromkeys(unknowns)}
        named = {name for stated in callables for name in stated.arguments if name not in stated.kept}
        parsed = parse_statements(texts, domain.names, known, named.difference(domain.names, known))
        start = tuple(low for low, _ in domain.intervals.values())
        equations = [equation_of(s, unknowns) for s in parsed if not s.is_condition]
        read: list[Condition | BoundaryStatement] = [
            condition_of(s, unknowns, start) if s.region is None else boundary_statement(s, unknowns)
            for s in parsed
            if s.is_condition
        ]
        hidden: list[tuple[float, ...]] = []  # places where callables stand out
        for stated in callables:
            made = (domain.names, parameters, unknowns)
            if stated.part is not None:
                read.append(boundary_from(stated, *made))
            elif stated.fixed is not None:
                read.append(condition_from(stated, *made))
            else:
                equations.append(equation_from(stated, *made))
                hidden += outliers(equations[-1], domain.intervals, parameters)
        orders = orders_of(equations, len(domain.names))
        frozen = Frozen(domain, equations, tuple(name for name in orders if name not in unknowns), parameters)
        whole, conditions = placed_on(frozen, read, orders, unknowns)
        for name, value in {
            "statements": (*texts, *(stated.text for stated in callables), *(d.text for d in data)),
            "domain": domain,
            "parameters": parameters,
            "unknown_parameters": unknowns,
            "equations": tuple(equations),
            "conditions": conditions,
            "stated": whole,
            "data": data,
            "peaks": (*peaks(parsed, domain.intervals, parameters), *hidden),
            "orders": {name: index for name, index in orders.items() if name not in unknowns},
        }.items():
            object.__setattr__(self, name, value)
        check_used(parameters, (*texts, *(a for stated in callables for a in stated.arguments)))
        check(frozen, parameters, unknowns, conditions, data, self.orders)

    def __repr__(self) -> str:
        given = [repr(statement) for statement in self.statements]
        given += [f"on={self.domain}"]
        given += [f"{name}={value}" for name, value in {**self.parameters, **self.unknown_parameters}.items()]
        return f"Problem({', '.join(given)})"

    @property
    def unknowns(self) -> tuple[str, ...]:
        """Names of the unknown functions, in the order in which they appear."""
        return tuple(self.orders)

    @property
    def marching(self) -> str:
        """The coordinate in which the problem evolves from initial data; the first one where there is none."""
        frozen = Frozen(self.domain, self.equations, self.unknowns, self.parameters)
        evolving = initial_coordinates(frozen, self.conditions, self.orders)
        return TIME if TIME in evolving else (*evolving, self.domain.names[0])[0]

    @property
    def linear(self) -> bool:
        """Whether every equation and condition is linear in the unknowns, so that one least-squares solve is enough."""
        return all(e.linear for e in self.equations) and all(c.linear for c in self.conditions)

    @property
    def guesses(self) -> dict[str, float]:
        """Every parameter with its value, the unknown ones with their guesses."""
        return {
            **self.parameters,
            **{name: unknown.guess for name, unknown in self.unknown_parameters.items()},
        }

    def sample(
        self, count: int, *, conditions: int | None = None, kind: str = "sobol", seed: int = 0
    ) -> dict[str, Float[Tensor, "_ d"]]:
        """Draw points for a training loop of your own.

        Args:
            count: how many in the interior.
            conditions: how many for each condition with free coordinates, such as ``u(x, 0) = sin(x)``; without it as
                densely as in the interior, n^(f/d) for f free ones of d. A condition at fixed places has one point.
            kind: "sobol", "latin", "uniform", "gauss" or "chebyshev", as in ``pinnlite.geometry.sampling.box_points``.
            seed: decides the random kinds.

        Returns:
            float64 points ``(n, d)`` by name: "interior", and each condition by its text. Fixed coordinates hold the
            value that the condition gives them (the lower one in ``u(0, t) = u(1, t)``).

        Raises:
            ProblemError: a count or the kind makes no sense.

        Example:
            >>> import pinnlite as pl
            >>> problem = pl.Problem("u_t = u_xx", "u(x, 0) = 1", "u(0, t) = 0", "u(1, t) = 0", x=(0, 1), t=(0, 1))
            >>> {name: len(points) for name, points in problem.sample(100).items()}
            {'interior': 100, 'u(x, 0) = 1': 10, 'u(0, t) = 0': 10, 'u(1, t) = 0': 10}
        """
        # Its file reads problems, and so cannot be loaded before this one.
        from pinnlite.problem.sample import sample

        return sample(self, count, conditions, kind, seed)

    def residuals(
        self, net: Callable[[Any], Any], points: Mapping[str, Tensor], /, **unknown_parameters: Tensor | float
    ) -> dict[str, Float[Tensor, " _"]]:
        """Compute how far a network is from solving the problem: left side minus right side, at each point.

        Nothing is weighted or squared, so that the loss is yours to make.

        Args:
            net: any module or function from points ``(N, d)``, coordinates in the problem's order, to ``(N, m)``, one
                column for each of ``unknowns``, row by row; ``(N,)`` will do where m = 1. A module's weights decide
                dtype and device.
            points: as ``sample`` gives them, or your own under the same names. A name that is left out leaves out its
                rows: a condition that the network meets by its form needs none.
            unknown_parameters: for each ``Unknown`` the number that stands for it: itself, its logarithm if positive,
                the logit of its place between bounds; a tensor if it is to be trained.

        Returns:
            Rows ``(n,)`` by the text of equations (at the interior points), conditions and data, differentiable by
            whatever the network depends on.

        Raises:
            ShapeError: points or network have the wrong number of columns.
            ProblemError: a set of points or a parameter is not of this problem, or a parameter is missing.
            DerivativeError: a derivative of the network cannot be had.

        Source: M. Raissi, P. Perdikaris, G. Karniadakis, J. Comput. Phys. 378 (2019), for networks trained on
        residuals.

        Example:
            >>> import torch
            >>> import pinnlite as pl
            >>> problem = pl.Problem("u' = u", "u(0) = 1", x=(0, 1))
            >>> rows = problem.residuals(torch.exp, problem.sample(5))
            >>> {name: float(row.abs().max()) < 1e-15 for name, row in rows.items()}
            {"u' = u": True, 'u(0) = 1': True}
        """
        from pinnlite.problem.residuals import residuals

        return residuals(self, net, points, unknown_parameters)

    def __str__(self) -> str:
        intervals = self.domain.intervals.items()
        domain = ", ".join(f"{name} in [{low:g}, {high:g}]" for name, (low, high) in intervals)
        if not isinstance(self.domain, Box):
            domain = f"on {self.domain}"
        given = "".join(f", {name} = {value:g}" for name, value in self.parameters.items())
        sought = "".join(f", {name} unknown" for name in self.unknown_parameters)
        return "; ".join(self.statements) + f"; {domain}{given}{sought}"


def changed(problem: Problem, **parts: object) -> Problem:
    """The problem with other conditions or another domain, which is not checked anew."""
    other = copy.copy(problem)
    for name, value in parts.items():
        object.__setattr__(other, name, value)
    return other

"""Problems without a march, on boxes and regions made of boxes, with exact or trusted solutions."""

import math
import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import pinnlite as pl
from tests.problems.known import Known, Values

PI = math.pi
FACES = ("0, y", "1, y", "x, 0", "x, 1")
SQUARE: dict[str, object] = {"x": (0, 1), "y": (0, 1)}
L_SHAPE = pl.Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])


def of_u(exact: Callable[..., Tensor]) -> Callable[..., Values]:
    return lambda *x: {"u": exact(*x)}


def around(values: str) -> tuple[str, ...]:
    """u on the four sides of the unit square, from a formula in x and y."""
    sides = (
        re.sub(rf"\b{name}\b|(?<=\d){name}\b", f"({end})", values)
        for name, end in (("x", 0), ("x", 1), ("y", 0), ("y", 1))
    )
    return tuple(f"u({face}) = {side}" for face, side in zip(FACES, sides, strict=True))


def sum_of_sines() -> tuple[str, ...]:
    """Poisson in five coordinates, its solution the sum of sin(pi x_i / 2)."""
    names = "abcde"
    statements = [
        " + ".join(f"u_{c}{c}" for c in names)
        + " = -(pi/2)^2*("
        + " + ".join(f"sin(pi*{c}/2)" for c in names)
        + ")"
    ]
    for c in names:
        others = " + ".join(f"sin(pi*{o}/2)" for o in names if o != c)
        for end in (0, 1):
            place = ", ".join(str(end) if o == c else o for o in names)
            statements.append(f"u({place}) = {others} + {end}")
    return tuple(statements)


def layer(x: Tensor, y: Tensor) -> Tensor:
    """(x - (e^((x-1)/eps) - e^(-1/eps)) / (1 - e^(-1/eps))) sin(pi y) for eps = 0.01."""
    rest = math.exp(-100)
    return (x - (torch.exp(100 * (x - 1)) - rest) / (1 - rest)) * torch.sin(PI * y)


def outflow(x: Tensor) -> Tensor:
    """Where -eps g'' + g' = 1 with g(0) = g(1) = 0, for eps = 0.001."""
    return x - torch.exp(1000 * (x - 1))


def graded_to_one() -> Tensor:
    """Numbers in (0, 1), as many in a layer of width 0.001 at the upper end as in the rest."""
    s = torch.linspace(0, 1, 61, dtype=torch.float64)
    return torch.cat([s[:-1], 1 - 0.01 * s.flip(0)]).unique()


def torsion(x: Tensor, y: Tensor) -> Tensor:
    """Prandtl's function of a square bar: a series in sines across, hyperbolic along (S. Timoshenko, 1951)."""
    u = x * (1 - x) / 2
    for n in range(1, 2000, 2):
        along = (torch.exp(-n * PI * y) + torch.exp(-n * PI * (1 - y))) / (1 + math.exp(-n * PI))
        u = u - 4 / (PI * n) ** 3 * torch.sin(n * PI * x) * along
    return u


def corner(x: Tensor, y: Tensor) -> Tensor:
    """(1 - x^2) (1 - y^2) r^(2/3) sin(2 t / 3), the angle t from the positive x axis around the re-entrant corner."""
    angle = torch.atan2(y, x)
    angle = torch.where(angle < -1e-9, angle + 2 * PI, angle)
    return (1 - x * x) * (1 - y * y) * torch.hypot(x, y) ** (2 / 3) * torch.sin(2 * angle / 3)


def corner_balance(u: Any, x: Tensor, y: Tensor) -> Tensor:
    """u_xx + u_yy less what it is for ``corner``, where r^(2/3) sin(2 t / 3) is harmonic."""
    angle, r = torch.atan2(y, x), torch.hypot(x, y)
    angle = torch.where(angle < -1e-9, angle + 2 * PI, angle)
    s = r ** (2 / 3) * torch.sin(2 * angle / 3)
    s_x, s_y = -2 / 3 * r ** (-1 / 3) * torch.sin(angle / 3), 2 / 3 * r ** (-1 / 3) * torch.cos(angle / 3)
    a, b = 1 - x * x, 1 - y * y
    return u.xx + u.yy + 2 * (a + b) * s + 4 * (x * b * s_x + y * a * s_y)


POISSON = Known(
    "Poisson",
    ("u_xx + u_yy = -2*pi^2*sin(pi*x)*sin(pi*y)", "u = 0 on boundary"),
    SQUARE,
    of_u(lambda x, y: torch.sin(PI * x) * torch.sin(PI * y)),
    1e-12,
)
HELMHOLTZ = Known(
    "Helmholtz (1, 4)",
    ("u_xx + u_yy + u = (1 - 17*pi^2)*sin(pi*x)*sin(4*pi*y)", "u = 0 on boundary"),
    {"x": (-1, 1), "y": (-1, 1)},
    of_u(lambda x, y: torch.sin(PI * x) * torch.sin(4 * PI * y)),
    1e-11,
    floor=2e-11,  # rounding of fourth derivatives of the degree that it takes
)
POISSON_3D = Known(
    "Poisson in 3-D",
    ("u_xx + u_yy + u_zz = -3*pi^2*sin(pi*x)*sin(pi*y)*sin(pi*z)", "u = 0 on boundary"),
    {"x": (0, 1), "y": (0, 1), "z": (0, 1)},
    of_u(lambda x, y, z: torch.sin(PI * x) * torch.sin(PI * y) * torch.sin(PI * z)),
    1e-9,
)
POISSON_5D = Known(
    "Poisson in 5-D",
    sum_of_sines(),
    dict.fromkeys("abcde", (0, 1)),
    of_u(lambda *x: torch.stack([torch.sin(PI / 2 * each) for each in x]).sum(0)),
    1e-8,
)
CUBIC = Known(
    "Poisson with u^3",
    ("u_xx + u_yy = u^3 - 3*exp(x)*cos(2y) - (exp(x)*cos(2y))^3", *around("exp(x)*cos(2*y)")),
    SQUARE,
    of_u(lambda x, y: torch.exp(x) * torch.cos(2 * y)),
    1e-10,
)
MONGE_AMPERE = Known(
    "Monge-Ampere",
    ("u_xx*u_yy - u_xy^2 = (1 + x^2 + y^2)*exp(x^2 + y^2)", *around("exp((x^2 + y^2)/2)")),
    SQUARE,
    of_u(lambda x, y: torch.exp((x * x + y * y) / 2)),
    1e-9,
)
MIXED = Known(
    "Robin, Neumann and Dirichlet",
    (
        "u_xx + u_yy = -2*pi^2*cos(pi*x)*cos(pi*y)",
        "u_x(0, y) = 0",
        "u(1, y) = -cos(pi*y)",
        "u_y(x, 0) + u(x, 0) = cos(pi*x)",
        "u_y(x, 1) = 0",
    ),
    SQUARE,
    of_u(lambda x, y: torch.cos(PI * x) * torch.cos(PI * y)),
    1e-10,
)
COUPLED = Known(
    "two coupled Poisson equations",
    (
        "u_xx + u_yy = v",
        "v_xx + v_yy = 4*pi^4*sin(pi*x)*sin(pi*y)",
        *(f"{w}({face}) = 0" for w in "uv" for face in FACES),
    ),
    SQUARE,
    lambda x, y: {
        "u": torch.sin(PI * x) * torch.sin(PI * y),
        "v": -2 * PI**2 * torch.sin(PI * x) * torch.sin(PI * y),
    },
    1e-11,
)
PLATE = Known(
    "clamped plate",
    (
        "u_xxxx + 2u_xxyy + u_yyyy = 4*pi^4*cos(pi*x)*cos(pi*y)",
        *around("cos(pi*x)*cos(pi*y)"),
        "du/dn = 0 on boundary",
    ),
    SQUARE,
    of_u(lambda x, y: torch.cos(PI * x) * torch.cos(PI * y)),
    1e-10,
)
PERIODIC = Known(
    "periodic both ways",
    (
        "u_xx + u_yy - u = -(1 + 20*pi^2)*sin(2*pi*x)*cos(4*pi*y)",
        "u(0, y) = u(1, y)",
        "u_x(0, y) = u_x(1, y)",
        "u(x, 0) = u(x, 1)",
        "u_y(x, 0) = u_y(x, 1)",
    ),
    SQUARE,
    of_u(lambda x, y: torch.sin(2 * PI * x) * torch.cos(4 * PI * y)),
    1e-9,
)
OSCILLATING = Known(
    "Helmholtz, k = 20",
    ("u_xx + u_yy + 400*u = 0", *around("cos(12*x + 16*y)")),
    SQUARE,
    of_u(lambda x, y: torch.cos(12 * x + 16 * y)),
    1e-9,
)
LAYER = Known(
    "convection with a layer, eps = 0.01",
    (
        "-eps*(u_xx + u_yy) + u_x"
        " = sin(pi*y)*(1 + eps*pi^2*(x - (exp((x - 1)/eps) - exp(-1/eps))/(1 - exp(-1/eps))))",
        "u = 0 on boundary",
    ),
    {**SQUARE, "eps": 0.01},
    of_u(layer),
    1e-8,
)
OUTFLOW = Known(
    "convection to a corner, eps = 0.001",
    (
        "-eps*(u_xx + u_yy) + u_x + u_y = x - (exp((x - 1)/eps) - exp(-1/eps))/(1 - exp(-1/eps))"
        " + y - (exp((y - 1)/eps) - exp(-1/eps))/(1 - exp(-1/eps))",
        "u = 0 on boundary",
    ),
    {**SQUARE, "eps": 0.001},
    of_u(lambda x, y: outflow(x) * outflow(y)),
    1e-6,
    points=lambda: torch.cartesian_prod(graded_to_one(), graded_to_one()),
)
TORSION = Known(
    "torsion of a square bar",
    ("u_xx + u_yy = -1", "u = 0 on boundary"),
    SQUARE,
    of_u(torsion),
    1e-6,
    floor=1e-9,
)
CORNER_STATEMENTS = (pl.equation(corner_balance), "u = 0 on boundary")  # its source has no formula in x and y
SMOOTH = (POISSON, HELMHOLTZ, POISSON_3D, CUBIC, MONGE_AMPERE, MIXED, COUPLED, PLATE, PERIODIC, OSCILLATING)
ELLIPTIC = (*SMOOTH, POISSON_5D, LAYER, OUTFLOW, TORSION)

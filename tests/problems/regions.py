"""Problems on regions that are no boxes, and in more coordinates than elements are good for, with closed forms."""

import math

import torch
from torch import Tensor

import pinnlite as pl
from tests.problems.known import Known, Values

J01 = 2.404825557695773  # the first zero of the Bessel function J_0


def scattered(region: object, *intervals: tuple[float, float]) -> Tensor:
    """Points of a region in the plane, by rejection of even ones, and even ones of intervals beside them."""
    generator = torch.Generator().manual_seed(11)
    low, high = torch.tensor([*region.intervals.values(), *intervals]).double().T  # type: ignore[attr-defined]
    X = low + (high - low) * torch.rand(6000, len(low), generator=generator).double()
    return X[region.contains(X[:, : len(low) - len(intervals)])]  # type: ignore[attr-defined]


def known(
    name: str,
    statements: tuple[object, ...],
    exact: object,
    tolerance: float,
    region: object = None,
    **names: object,
) -> Known:
    if region is None:
        return Known(name, statements, names, exact, tolerance)  # type: ignore[arg-type]
    intervals = [value for value in names.values() if isinstance(value, tuple)]
    return Known(
        name,
        statements,  # type: ignore[arg-type]
        {"on": region, **names},
        exact,  # type: ignore[arg-type]
        tolerance,
        points=lambda: scattered(region, *intervals),
    )


def bessel(x: Tensor, y: Tensor, t: Tensor) -> Values:
    return {"u": torch.special.bessel_j0(J01 * torch.hypot(x, y)) * torch.exp(-(J01**2) * t)}


HEAT_ON_DISK = known(
    "heat on the unit disk",
    (
        "u_t = u_xx + u_yy",
        "u = 0 on boundary",
        pl.condition(lambda u, x, y: u - torch.special.bessel_j0(J01 * torch.sqrt(x**2 + y**2)), t=0),
    ),
    bessel,
    1e-8,
    pl.Disk((0, 0), 1),
    t=(0, 0.5),
)
ANNULUS = known(
    "Laplace on an annulus",
    ("u_xx + u_yy = 0", "u = 0 on outer", "u = 1 on inner"),
    lambda x, y: {"u": -torch.log(torch.hypot(x, y)) / math.log(2.0)},
    1e-8,
    pl.Disk((0, 0), 1, name="outer") - pl.Disk((0, 0), 0.5, name="inner"),
)
TRIANGLE = known(
    "Poisson on a triangle",
    ("u_xx + u_yy = exp(x)*y*(x + 2)", "u = exp(x)*x*y on boundary"),
    lambda x, y: {"u": torch.exp(x) * x * y},
    1e-8,
    pl.Polygon([(0, 0), (1, 0), (0, 1)]),
)
ROBIN = known(
    "Robin condition on a disk",
    ("u_xx + u_yy - u = 0", "u + du/dn = exp(x)*(1 + x) on boundary"),
    lambda x, y: {"u": torch.exp(x)},
    1e-8,
    pl.Disk((0, 0), 1),
)
NONLINEAR = known(
    "Liouville's equation on a disk",
    ("u_xx + u_yy + exp(u) = 0", "u = 0 on boundary"),
    # u = log(8 a / (1 + a r^2)^2) with 8 a = (1 + a)^2, the lower branch
    lambda x, y: {"u": torch.log(8 * _A / (1 + _A * (x**2 + y**2)) ** 2)},
    1e-8,
    pl.Disk((0, 0), 1),
)
_A = 3 - math.sqrt(8.0)
POISSON_3D = known(
    "Poisson in 3 dimensions",
    ("u_xx + u_yy + u_zz = -3*pi^2*sin(pi*x)*sin(pi*y)*sin(pi*z)", "u = 0 on boundary"),
    lambda x, y, z: {"u": torch.sin(math.pi * x) * torch.sin(math.pi * y) * torch.sin(math.pi * z)},
    1e-7,
    x=(0, 1),
    y=(0, 1),
    z=(0, 1),
)
_SUM = "sin(pi*a/2) + sin(pi*b/2) + sin(pi*c/2) + sin(pi*d/2) + sin(pi*f/2)"
POISSON_5D = known(
    "Poisson in 5 dimensions",
    (f"u_aa + u_bb + u_cc + u_dd + u_ff = -pi^2/4*({_SUM})", f"u = {_SUM} on boundary"),
    lambda *X: {"u": sum(torch.sin(math.pi / 2 * x) for x in X)},
    1e-6,
    **dict.fromkeys("abcdf", (0, 1)),
)
POISSON_10D = known(
    "Poisson in 10 dimensions",
    (" + ".join(f"u_{c}{c}" for c in "abcdfghijk") + " = 0", "u = a*b + c*d + f*g + h*i + j*k on boundary"),
    lambda *X: {"u": sum(X[2 * i] * X[2 * i + 1] for i in range(5))},
    1e-5,
    **dict.fromkeys("abcdfghijk", (0, 1)),
)
SQUARE = known(
    "Poisson on the unit square",
    ("u_xx + u_yy = -2*pi^2*sin(pi*x)*sin(pi*y)", "u = 0 on boundary"),
    lambda x, y: {"u": torch.sin(math.pi * x) * torch.sin(math.pi * y)},
    1e-10,
    x=(0, 1),
    y=(0, 1),
)
HELMHOLTZ = known(
    "Helmholtz equation",
    ("u_xx + u_yy + u = (1 - 17*pi^2)*sin(pi*x)*sin(4*pi*y)", "u = 0 on boundary"),
    lambda x, y: {"u": torch.sin(math.pi * x) * torch.sin(4 * math.pi * y)},
    1e-9,
    x=(-1, 1),
    y=(-1, 1),
)

REGIONS = (ANNULUS, TRIANGLE, ROBIN, NONLINEAR)

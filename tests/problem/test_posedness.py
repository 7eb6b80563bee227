"""Which problems are posed and which are not: by what textbooks say of each, kind by kind.

The counts behind them are those of energy estimates: half of an even order at each face; one and two for u_t + u_xxx;
inflow for transport; as many in time as the order there.
"""

import math
import re

import pytest

import pinnlite as pl
from pinnlite.errors import ProblemError

Names = dict[str, object]

SQUARE: Names = {"x": (0, 1), "y": (0, 1)}
STRIP: Names = {"x": (0, 1), "t": (0, 1)}
WIDE: Names = {"x": (-1, 1), "t": (0, 1)}
SLAB: Names = {"x": (0, 1), "y": (0, 1), "t": (0, 1)}
DISK: Names = {"on": pl.Disk((0, 0), 1)}
DRUM: Names = {**DISK, "t": (0, 1)}
HOLE: Names = {"on": pl.Box(x=(0, 2), y=(0, 2), name="wall") - pl.Disk((1, 1), 0.3, name="hole")}

POSED: dict[str, tuple[str, Names]] = {
    "poisson": ("u_xx + u_yy = 1; u = 0 on boundary", SQUARE),
    "helm": ("u_xx + u_yy + k^2*u = 1; u = 0 on boundary", {**SQUARE, "k": 50.0}),
    "heat": ("u_t = u_xx; u(x, 0) = 1; u = 0 on boundary", STRIP),
    "heat mix": ("u_t = u_xx; u(x, 0) = 1; u(0, t) = 0; u_x(1, t) + u(1, t) = 0", STRIP),
    "wave": ("u_tt = 4u_xx; u(x, 0) = 1; u_t(x, 0) = 0; u = 0 on boundary", STRIP),
    "wave damped": ("u_tt + u_t = 4u_xx; u(x, 0) = 1; u_t(x, 0) = 0; u = 0 on boundary", STRIP),
    "kg": ("u_tt = u_xx - u^3; u(x, 0) = 1; u_t(x, 0) = 0; u(0, t) = u(1, t); u_x(0, t) = u_x(1, t)", STRIP),
    "kdv": (
        "u_t + u*u_x + 0.022^2*u_xxx = 0; u(x, 0) = cos(pi*x); u(-1, t) = u(1, t); "
        "u_x(-1, t) = u_x(1, t); u_xx(-1, t) = u_xx(1, t)",
        WIDE,
    ),
    "kdv d": ("u_t + u*u_x + u_xxx = 0; u(x, 0) = cos(pi*x); u(-1, t) = 0; u(1, t) = 0; u_x(1, t) = 0", WIDE),
    "kdv -": ("u_t - u_xxx = 0; u(x, 0) = cos(pi*x); u(-1, t) = 0; u(1, t) = 0; u_x(-1, t) = 0", WIDE),
    "transport": ("u_t + 2u_x = 0; u(x, 0) = 1; u(0, t) = 1", STRIP),
    "transport-": ("u_t - 2u_x = 0; u(x, 0) = 1; u(1, t) = 1", STRIP),
    "transport per": ("u_t - 2u_x = 0; u(x, 0) = 1; u(1, t) = u(0, t)", STRIP),
    "inviscid": ("u_t + u*u_x = 0; u(x, 0) = 1; u(0, t) = 1", STRIP),
    "outflow": ("u_t + x*u_x = 0; u(x, 0) = 1", WIDE),
    "inflow2": ("u_t - x*u_x = 0; u(x, 0) = 1; u(-1, t) = 1; u(1, t) = 1", WIDE),
    "schr": (
        "v_t = -w_xx/2 - (v^2 + w^2)*w; w_t = v_xx/2 + (v^2 + w^2)*v; v(x, 0) = 1; w(x, 0) = 0; "
        "v = 0 on boundary; w = 0 on boundary",
        STRIP,
    ),
    "schr per": (
        "v_t = -w_xx/2 - (v^2 + w^2)*w; w_t = v_xx/2 + (v^2 + w^2)*v; v(x, 0) = 1; w(x, 0) = 0; "
        "v(0, t) = v(1, t); w(0, t) = w(1, t); v_x(0, t) = v_x(1, t); w_x(0, t) = w_x(1, t)",
        STRIP,
    ),
    "beam": ("u_tt + u_xxxx = 0; u(x, 0) = 0; u_t(x, 0) = 1; u = 0 on boundary; u_xx = 0 on boundary", STRIP),
    "beam clamped-free": (
        "u_tt + u_xxxx = 0; u(x, 0) = 0; u_t(x, 0) = 1; u(0, t) = 0; u_x(0, t) = 0; u_xx(1, t) = 0; u_xxx(1, t) = 0",
        STRIP,
    ),
    "biharm": ("u_xxxx + 2u_xxyy + u_yyyy = 1; u = 0 on boundary; du/dn = 0 on boundary", SQUARE),
    "neumann+point": ("u_xx + u_yy = 0; du/dn = 0 on boundary; u(0, 0) = 0", SQUARE),
    "neumann helm": ("u_xx + u_yy = u + 1; du/dn = 0 on boundary", SQUARE),
    "mixed": (
        "u_xx + u_yy = 0; du/dn = 0 on left; u = 0 on right; du/dn + u = 0 on bottom; u = 1 on top",
        SQUARE,
    ),
    "burgers": (
        "u_t + u*u_x = nu*u_xx; u(x, 0) = -sin(pi*x); u(-1, t) = 0; u(1, t) = 0",
        {**WIDE, "nu": 0.01 / math.pi},
    ),
    "allen": (
        "u_t = 0.0001*u_xx + 5*u - 5u^3; u(x, 0) = x^2*cos(pi*x); u(-1, t) = u(1, t); u_x(-1, t) = u_x(1, t)",
        WIDE,
    ),
    "ks": (
        "u_t + u*u_x + u_xx + u_xxxx = 0; u(x, 0) = cos(x); u(-1, t) = u(1, t); u_x(-1, t) = u_x(1, t); "
        "u_xx(-1, t) = u_xx(1, t); u_xxx(-1, t) = u_xxx(1, t)",
        WIDE,
    ),
    "cahn": (
        "u_t = -0.01*u_xxxx + 6*u*u_x^2 + 3*u^2*u_xx - u_xx; u(x, 0) = cos(x); u_x = 0 on boundary; "
        "u_xxx = 0 on boundary",
        WIDE,
    ),
    "bbm": ("u_t + u_x + u*u_x - u_xxt = 0; u(x, 0) = 1; u = 0 on boundary", STRIP),
    "porous": ("u_t = u*u_xx + u_x^2; u(x, 0) = 1; u = 1 on boundary", STRIP),
    "disk": ("u_xx + u_yy = 1; u = 0 on boundary", DISK),
    "disk heat": ("u_t = u_xx + u_yy; u = 0 on boundary; u(x, y, 0) = 1", DRUM),
    "disk bih": ("u_xxxx + 2u_xxyy + u_yyyy = 1; u = 0 on boundary; du/dn = 0 on boundary", DISK),
    "ball": ("u_xx + u_yy + u_zz = 1; u = 0 on boundary", {"on": pl.Ball((0, 0, 0), 1)}),
    "L": (
        "u_xx + u_yy = 1; u = 0 on boundary",
        {"on": pl.Polygon([(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)])},
    ),
    "hole": ("u_xx + u_yy = 1; u = 0 on wall; du/dn = 1 on hole", HOLE),
    "3d": ("u_xx + u_yy + u_zz = 1; u = 0 on boundary", {**SQUARE, "z": (0, 1)}),
    "5d": (
        "u_aa + u_bb + u_cc + u_dd + u_ff = 1; u = 0 on boundary",
        {"a": (0, 1), "b": (0, 1), "c": (0, 1), "d": (0, 1), "f": (0, 1)},
    ),
    "ns": (
        "u_t + u*u_x + v*u_y + p_x = nu*(u_xx + u_yy); v_t + u*v_x + v*v_y + p_y = nu*(v_xx + v_yy); "
        "u_x + v_y = 0; u(x, y, 0) = 0; v(x, y, 0) = 0; u = 0 on boundary; v = 0 on boundary; "
        "p(0, 0, t) = 0",
        {**SQUARE, "t": (0, 1), "nu": 0.01},
    ),
    "kovasznay": (
        "u*u_x + v*u_y + p_x = nu*(u_xx + u_yy); u*v_x + v*v_y + p_y = nu*(v_xx + v_yy); u_x + v_y = 0; "
        "u = 1 on boundary; v = 0 on boundary; p = 0 on right",
        {**SQUARE, "nu": 0.025},
    ),
    "monge": ("u_xx*u_yy - u_xy^2 = 1; u = x on boundary", SQUARE),
    "param": ("u_xx = y; u(0, y) = 0; u(1, y) = 0", SQUARE),
    "ode in y": ("u_y = x*u; u(x, 0) = 1", SQUARE),
    "rotation": ("u_t + (y - 0.5)*u_x - (x - 0.5)*u_y = 0; u(x, y, 0) = 1", SLAB),
    "nonlin diff": ("u_t = u*u_xx; u(x, 0) = 1; u = 1 on boundary", STRIP),
    "varcoef": ("u_t + (x - 0.3)*u_x = 0; u(x, 0) = 1", STRIP),
    "sin-gordon": ("u_tt = u_xx - sin(u); u(x, 0) = 1; u_t(x, 0) = 0; u_x = 0 on boundary", STRIP),
    "burgers2d": (
        "u_t + u*u_x + v*u_y = nu*(u_xx + u_yy); v_t + u*v_x + v*v_y = nu*(v_xx + v_yy); "
        "u(x, y, 0) = 0; v(x, y, 0) = 0; u = 0 on boundary; v = 0 on boundary",
        {**SQUARE, "t": (0, 1), "nu": 0.01},
    ),
    "inverse k": (
        "u_t = k*u_xx; u(x, 0) = 1; u = 0 on boundary; u(0.5, t) = 1",
        {**STRIP, "k": pl.Unknown(1.0)},
    ),
    "p-lap": ("u_xx*(1 + u_x^2 + u_y^2)^0.5 + u_yy = 1; u = 0 on boundary", SQUARE),
    "stokes": (
        "p_x = u_xx + u_yy; p_y = v_xx + v_yy; u_x + v_y = 0; u = 0 on boundary; v = 0 on boundary; p(0, 0) = 0",
        SQUARE,
    ),
    "mixed form": ("p = u_x; q = u_y; p_x + q_y = 1; u = 0 on boundary", SQUARE),
    "maxwell": ("E_t = H_x; H_t = E_x; E(x, 0) = 1; H(x, 0) = 0; E = 0 on boundary", STRIP),
    "black-scholes": (
        "V_t + 0.02*S^2*V_SS + 0.05*S*V_S - 0.05*V = 0; V(S, 1) = S; V(0, t) = 0; V(2, t) = 2",
        {"S": (0, 2), "t": (0, 1)},
    ),
    "black-scholes nobc0": (
        "V_t + 0.02*S^2*V_SS + 0.05*S*V_S - 0.05*V = 0; V(S, 1) = S; V(2, t) = 2",
        {"S": (0, 2), "t": (0, 1)},
    ),
    "axi": (
        "u_rr + u_r/r + u_zz = 0; u_r(0, z) = 0; u(1, z) = 1; u(r, 0) = 0; u(r, 1) = 0",
        {"r": (0, 1), "z": (0, 1)},
    ),
    "axi no": ("u_rr + u_r/r + u_zz = 0; u(1, z) = 1; u(r, 0) = 0; u(r, 1) = 0", {"r": (0, 1), "z": (0, 1)}),
    "goursat": ("u_xy = u; u(x, 0) = 1; u(0, y) = 1", SQUARE),
    "telegraph": ("u_tt + 2u_t + u = u_xx; u(x, 0) = 1; u_t(x, 0) = 0; u_x = 0 on boundary", STRIP),
    "advdiff2d": ("u_t + u_x + u_y = 0.01*(u_xx + u_yy); u(x, y, 0) = 1; u = 0 on boundary", SLAB),
    "transport2d": ("u_t + u_x + 2u_y = 0; u(x, y, 0) = 1; u(0, y, t) = 0; u(x, 0, t) = 0", SLAB),
    "steady tr": ("u_x + 2u_y = 0; u(0, y) = 0; u(x, 0) = 0", SQUARE),
    "steady tr-": ("u_x - 2u_y = 0; u(0, y) = 0; u(x, 1) = 0", SQUARE),
    "reac-diff": (
        "u_t = u_xx + u - u*v; v_t = 0.1*v_xx + u*v; u(x, 0) = 1; v(x, 0) = 1; du/dn = 0 on boundary; "
        "dv/dn = 0 on boundary",
        STRIP,
    ),
    "fhn": ("u_t = u_xx + u - u^3 - v; v_t = u - v; u(x, 0) = 1; v(x, 0) = 1; du/dn = 0 on boundary", STRIP),
    "eikonal": ("u_x^2 + u_y^2 = 1; u(0, y) = 0", SQUARE),
    "minimal": ("(1 + u_y^2)*u_xx - 2u_x*u_y*u_xy + (1 + u_x^2)*u_yy = 0; u = x on boundary", SQUARE),
    "neumann heat": ("u_t = u_xx; u(x, 0) = 1; du/dn = 0 on boundary", STRIP),
    "shallow": (
        "h_t + w*h_x + h*w_x = 0; w_t + w*w_x + h_x = 0; h(x, 0) = 1; w(x, 0) = 0; w = 0 on boundary",
        STRIP,
    ),
    "inverse": (
        "u_t = k*u_xx; u(x, 0) = 1; u = 0 on boundary; u(0.5, t) = 1",
        {**STRIP, "k": pl.Unknown(1.0, positive=True)},
    ),
    "terminal": ("u_t = -u_xx; u(x, 1) = 1; u = 0 on boundary", STRIP),
    "nonlocal": ("u_t = u_xx; u(x, 0) = 1; u(0, t) = 0; integral(u, x) = 1", STRIP),
    "bc nonlinear": ("u_t = u_xx; u(x, 0) = 1; u(0, t) = 1; u_x(1, t) = -u(1, t)^4", STRIP),
    "time first": ("u_t = u_xx; u(0, x) = 1; u = 0 on boundary", {"t": (0, 1), "x": (0, 1)}),
    "cylinder": (
        "u_t = u_xx + u_yy + u_zz; u(x, y, z, 0) = 1; u = 0 on boundary",
        {"on": pl.Disk((0, 0), 1) * pl.Box(z=(0, 1)), "t": (0, 1)},
    ),
    "cyl2": ("u_xx + u_yy + u_zz = 1; u = 0 on boundary", {**DISK, "z": (0, 1)}),
    "3d comp": (
        "u_xx + u_yy + u_zz = 1; u = 0 on boundary",
        {"on": (pl.Box(x=(0, 1), y=(0, 1), z=(0, 1)) - pl.Ball((1, 1, 1), 0.5))},
    ),
    "wave disk": ("u_tt = u_xx + u_yy; u = 0 on boundary; u(x, y, 0) = 1; u_t(x, y, 0) = 0", DRUM),
    "elasticity": (
        "2u_xx + u_yy + v_xy = 0; v_xx + 2v_yy + u_xy = 0; u = 0 on boundary; v = x on boundary",
        SQUARE,
    ),
    "gray disk": (
        "u_t = u_xx + u_yy - u*v^2; v_t = v_xx + v_yy + u*v^2; u(x, y, 0) = 1; v(x, y, 0) = 1; "
        "u = 1 on boundary; dv/dn = 0 on boundary",
        DRUM,
    ),
    "tricomi": (
        "u_yy = y*u_xx; u(x, -1) = 0; u(x, 1) = 0; u(0, y) = 0; u(1, y) = 0",
        {"x": (0, 1), "y": (-1, 1)},
    ),
    "viscoelastic": ("u_tt = u_xx + u_xxt; u(x, 0) = 1; u_t(x, 0) = 0; u = 0 on boundary", STRIP),
    "out of a disk": ("x*u_x + y*u_y + u = 1", DISK),
    "out at both ends of t": ("u_x + t*u_t = 0; u(0, t) = 1", {"x": (0, 1), "t": (-1, 1)}),
    "dispersion": (
        "u_t = u_xxxxx; u(x, 0) = 1; u(0, t) = u(1, t); u_x(0, t) = u_x(1, t); u_xx(0, t) = u_xx(1, t); "
        "u_xxx(0, t) = u_xxx(1, t); u_xxxx(0, t) = u_xxxx(1, t)",
        STRIP,
    ),
}

# With what the error says.
NOT_POSED: dict[str, tuple[str, Names, str]] = {
    "nothing for a parameter": (
        "k*(u_xx + u_yy) = -1; u = 0 on boundary",
        {**SQUARE, "k": pl.Unknown(1.0)},
        "all of them are needed for u, and none is left for the unknown parameter k",
    ),
    "missing top": (
        "u_xx + u_yy = 1; u = 0 on left; u = 0 on right; u = 0 on bottom",
        SQUARE,
        "too few conditions at y = 0 and y = 1: 1 where 2 (1 at y = 0, 1 at y = 1) are needed",
    ),
    "double": (
        "u_xx + u_yy = 1; u = 0 on boundary; u = 1 on left",
        SQUARE,
        "'u = 0 on boundary' and 'u = 1 on left' contradict each other",
    ),
    "double2": (
        "u_xx + u_yy = 1; u = 0 on boundary; du/dn = 1 on left",
        SQUARE,
        "too many conditions at x = 0 and x = 1: 3 where 2",
    ),
    "same": (
        "u_xx + u_yy = 1; u = 0 on boundary; u(0, y) = 0",
        SQUARE,
        "'u = 0 on boundary' and 'u(0, y) = 0' say the same",
    ),
    "per": (
        "u_t = u_xx; u(x, 0) = 1; u(0, t) = u(1, t)",
        STRIP,
        "1 where 2 (1 at x = 0, 1 at x = 1) are needed: add what is missing, such as u_x(0, t) = u_x(1, t)",
    ),
    "noinit": (
        "u_t = u_xx; u = 0 on boundary",
        STRIP,
        "too few conditions at t = 0: 0 where 1 is needed: add what is missing, such as u(x, 0) = 0",
    ),
    "wave no ut": (
        "u_tt = u_xx; u(x, 0) = 1; u = 0 on boundary",
        STRIP,
        "too few conditions at t = 0: 1 where 2 are needed: add what is missing, such as u_t(x, 0) = 0",
    ),
    "wave dirichlet": (
        "u_tt = u_xx; u(x, 0) = 1; u(x, 1) = 1; u(0, t) = 0; u(1, t) = 0",
        STRIP,
        "the problem is ill-posed: waves run along x undamped",
    ),
    "heat both ends": (
        "u_t = u_xx; u(x, 0) = 1; u(x, 1) = 1; u(0, t) = 0; u(1, t) = 0",
        STRIP,
        "too many conditions at t = 0 and t = 1: 2 where 1 (1 at t = 0, 0 at t = 1) are needed",
    ),
    "sideways": (
        "u_t = u_xx; u(x, 0) = 1; u(0, t) = 0; u_x(0, t) = 0",
        STRIP,
        "too many conditions at x = 0: 2 where 1 can be met, and 0 at x = 1 where 1 would be needed: move 1 to x = 1",
    ),
    "backward": (
        "u_t = -u_xx; u(x, 0) = 1; u = 0 on boundary",
        STRIP,
        "the problem is ill-posed: from its data at",
    ),
    "backward end": (
        "u_t = u_xx; u(x, 1) = 1; u = 0 on boundary",
        STRIP,
        "the problem is ill-posed: from its data at",
    ),
    "backward nonlin": (
        "u_t = -u_xx + u^2; u(x, 0) = 1; u = 0 on boundary",
        STRIP,
        "the problem is ill-posed: from its data at",
    ),
    "backward disk": (
        "u_t = -u_xx - u_yy; u(x, y, 0) = 1; u = 0 on boundary",
        DRUM,
        "the problem is ill-posed: from its data at",
    ),
    "backward 4": (
        "u_t = u_xxxx; u(x, 0) = 1; u = 0 on boundary; u_xx = 0 on boundary",
        STRIP,
        "the problem is ill-posed: from its data at",
    ),
    "hadamard": (
        "u_xx + u_yy = 0; u(0, y) = 1; u_x(0, y) = 0; u(x, 0) = 0; u(x, 1) = 0",
        SQUARE,
        "the problem is ill-posed: from its data at",
    ),
    "backward sys": (
        "u_t = -u_xx + v; v_t = v_xx; u(x, 0) = 1; v(x, 0) = 1; u = 0 on boundary; v = 0 on boundary",
        STRIP,
        "the problem is ill-posed: from its data at",
    ),
    "transport wrong": (
        "u_t + 2u_x = 0; u(x, 0) = 1; u(1, t) = 1",
        STRIP,
        "too many conditions at x = 1: 1 where 0 can be met",
    ),
    "transport over": (
        "u_t + 2u_x = 0; u(x, 0) = 1; u = 1 on boundary",
        STRIP,
        "too many conditions at x = 0 and x = 1: 2 where 1 (1 at x = 0, 0 at x = 1)",
    ),
    "transport none": (
        "u_t + 2u_x = 0; u(x, 0) = 1",
        STRIP,
        "too few conditions at x = 0 and x = 1: 0 where 1 (1 at x = 0, 0 at x = 1)",
    ),
    "inviscid nothing": ("u_t + u*u_x = 0", STRIP, "too few conditions at t = 0: 0 where 1 is needed"),
    "inviscid no start": (
        "u_t + u*u_x = 0; u(0, t) = 1",
        STRIP,
        "too few conditions at t = 0 and t = 1: 0 where 1 is needed: add what is missing, such as u(x, 0) = 0",
    ),
    "disk nothing": ("u_x + u*u_y = 0", DISK, "there is no condition"),
    "kdv wrong": (
        "u_t + u*u_x + u_xxx = 0; u(x, 0) = cos(pi*x); u(-1, t) = 0; u(1, t) = 0; u_x(-1, t) = 0",
        WIDE,
        "too many conditions at x = -1: 2 where 1 can be met",
    ),
    "kdv few": (
        "u_t + u*u_x + u_xxx = 0; u(x, 0) = cos(pi*x); u(-1, t) = 0; u(1, t) = 0",
        WIDE,
        "2 where 3 (1 at x = -1, 2 at x = 1) are needed: add what is missing, such as u_x(1, t) = 0",
    ),
    "neumann": ("u_xx + u_yy = 0; du/dn = 0 on boundary", SQUARE, "u is determined only up to a constant"),
    "neumann disk": ("u_xx + u_yy = 0; du/dn = 0 on boundary", DISK, "u is determined only up to a constant"),
    "neumann per": (
        "u_xx + u_yy = 0; u(0, y) = u(1, y); u_x(0, y) = u_x(1, y); u_y(x, 0) = 0; u_y(x, 1) = 0",
        SQUARE,
        "u is determined only up to a constant",
    ),
    "stokes p": (
        "p_x = u_xx + u_yy; p_y = v_xx + v_yy; u_x + v_y = 0; u = 0 on boundary; v = 0 on boundary",
        SQUARE,
        "p is determined only up to a constant",
    ),
    "interior": (
        "u_xx + u_yy = 0; u = 0 on boundary; u(0.5, y) = 0",
        SQUARE,
        "'u(0.5, y) = 0' is on points that are not on the boundary",
    ),
    "interior disk": (
        "u_xx + u_yy = 0; u(0, y) = 0",
        DISK,
        "on points that are not on the boundary: write u = ... on boundary",
    ),
    "disk none": (
        "u_xx + u_yy = 0; u(0, 0) = 0",
        DISK,
        "too few conditions on boundary: 0 where 1 is needed",
    ),
    "hole contra": (
        "u_xx + u_yy = 0; u = 0 on boundary; u = 1 on hole",
        HOLE,
        "'u = 0 on boundary' and 'u = 1 on hole' contradict each other",
    ),
    "hole few": (
        "u_xx + u_yy = 0; u = 1 on hole",
        HOLE,
        "too few conditions on left (wall, x_low): 0 where 1 is needed",
    ),
    "schr few": (
        "v_t = -w_xx/2; w_t = v_xx/2; v(x, 0) = 1; w(x, 0) = 0; v = 0 on boundary",
        STRIP,
        "2 where 4 (2 at x = 0, 2 at x = 1) are needed",
    ),
    "schr noinit": (
        "v_t = -w_xx/2; w_t = v_xx/2; v(x, 0) = 1; v = 0 on boundary; w = 0 on boundary",
        STRIP,
        "too few conditions at t = 0: 1 where 2 are needed",
    ),
    "3 init": (
        "u_tt = u_xx; u(x, 0) = 1; u_t(x, 0) = 0; u_tt(x, 0) = 0; u = 0 on boundary",
        STRIP,
        "too many conditions at t = 0: 3 where 2 are needed",
    ),
    "beam few": (
        "u_tt + u_xxxx = 0; u(x, 0) = 0; u_t(x, 0) = 1; u = 0 on boundary",
        STRIP,
        "2 where 4 (2 at x = 0, 2 at x = 1) are needed",
    ),
    "nody": ("u_xx = y; u = 0 on boundary", SQUARE, "too many conditions at y = 0 and y = 1: 2 where 0"),
    "too much": (
        "u_xx + u_yy = 0; u = 0 on boundary; u(0.5, 0.5) = 0",
        SQUARE,
        "'u(0.5, 0.5) = 0' is too much",
    ),
    "too much 2": (
        "u_t = u_xx; u(x, 0) = 1; u = 0 on boundary; u(0.5, 0.5) = 0",
        STRIP,
        "'u(0.5, 0.5) = 0' is too much",
    ),
    "two points": (
        "u_xx + u_yy = 0; du/dn = 0 on boundary; u(0, 0) = 0; u(1, 1) = 0",
        SQUARE,
        "'u(1, 1) = 0' is too much",
    ),
}


@pytest.mark.parametrize("name", POSED)
def test_what_is_posed_is_taken(name: str) -> None:
    statements, names = POSED[name]
    problem = pl.Problem(statements, **names)
    assert len(problem.equations) + len(problem.stated) == len(problem.statements)


def test_observations_stand_for_conditions() -> None:
    observed = pl.data("u", [0.5, 0.6], [0.1, 0.2], [0.3, 0.4])
    assert pl.Problem("u_xx + u_yy = 0", "u(0, y) = y", observed, **SQUARE).data == (observed,)


@pytest.mark.parametrize("name", NOT_POSED)
def test_what_is_not_posed_is_refused(name: str) -> None:
    statements, names, message = NOT_POSED[name]
    with pytest.raises(ProblemError, match=re.escape(message)):
        pl.Problem(statements, **names)

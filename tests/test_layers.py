"""The layers of the package: each room imports only rooms that stand above it in the list."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "pinnlite"
LAYERS = [
    {"errors"},
    {"differentiation"},
    {"language"},
    {"models"},
    {"geometry"},
    {"problem"},
    {"trials"},
    {"report", "verify", "files"},
    {"solution"},
    {"solving"},
    {"cli"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def room_of(module: str) -> str:
    return module.split(".")[1]


def imports(path: Path) -> set[str]:
    """Rooms of pinnlite that a file imports, wherever in the file it does so."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {room_of(name.name) for name in node.names if name.name.startswith("pinnlite.")}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "pinnlite":
                found |= {name.name for name in node.names}
            elif node.module and node.module.startswith("pinnlite."):
                found.add(room_of(node.module))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_from_layers_above(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert room in LEVEL, f"{room} is in no layer"
    below = {other for other in imports(path) if other != room and LEVEL[other] >= LEVEL[room]}
    assert not below, f"{room} must not import {sorted(below)}"


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("scipy", {"verify", "geometry"}),
        ("matplotlib", {"report"}),
        ("click", {"cli"}),
        ("sympy", {"language"}),
    ],
)
def test_heavy_libraries_stay_in_their_rooms(library: str, rooms: set[str]) -> None:
    assert {room for name, room in libraries() if name == library} <= rooms


@cache
def libraries() -> set[tuple[str, str]]:
    """What is imported from outside, with the room that does so."""
    found = set()
    for path in FILES:
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {(name.name.split(".")[0], room) for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add((node.module.split(".")[0], room))
    return found

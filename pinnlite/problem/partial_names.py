"""How partial derivatives are named by those who ask for them: ``u``, ``u_xx``, ``xt``."""

from pinnlite.errors import ProblemError
from pinnlite.problem.equations import Index, Key


def index_of(letters: str, coordinates: tuple[str, ...]) -> Index | None:
    """The orders of differentiation that ``xxt`` stands for; None if it is no run of coordinates."""
    index, rest = [0] * len(coordinates), letters
    while rest:
        match = next((c for c in sorted(coordinates, key=len, reverse=True) if rest.startswith(c)), None)
        if match is None:
            return None
        index[coordinates.index(match)] += 1
        rest = rest[len(match) :]
    return tuple(index) if letters else None


def key_of(name: str, unknowns: tuple[str, ...], coordinates: tuple[str, ...]) -> Key:
    """The partial that a name such as ``u``, ``u_xx``, (with one unknown) ``xx``, (with one coordinate) ``u''`` is."""
    if not isinstance(name, str):
        raise ProblemError(f"a partial derivative is named by text, such as 'xx'; {name!r} arrived")
    if name in unknowns:
        return name, (0,) * len(coordinates)
    plain = name.rstrip("'")
    if plain in unknowns and len(coordinates) == 1:
        return plain, (len(name) - len(plain),)
    unknown, _, letters = name.rpartition("_")
    if not unknown and len(unknowns) == 1:
        unknown = unknowns[0]
    index = index_of(letters, coordinates)
    if index is None or unknown not in unknowns:
        example = f"{unknowns[0]}_{coordinates[0] * 2}"
        raise ProblemError(f"'{name}' is no partial derivative here: write one like '{example}'")
    return unknown, index

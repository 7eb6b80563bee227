"""Whether a region's level and its faces speak of the same set, which a class of the user's own may get wrong."""

from pinnlite.errors import ProblemError
from pinnlite.geometry.region import Region

_POINTS = 128  # of the boundary, or one on each face
_ON = 1e-6  # of the region: how far from zero the level may be on its boundary
_STEP = 1e-5  # of the region: how far inside it is looked at
_ROUNDING = 1e-9
_BEYOND = 0.1  # of the points: where a region is as thin as a step, it ends on the other side of it


def check_level(region: Region) -> None:
    """Raise ProblemError where the level is not zero on the faces, or not below zero on their inner side."""
    X, normals = region.boundary(_POINTS)
    level = region.level(X).abs()
    if not (level <= _ON * region.scale).all():
        worst = int(level.argmax())
        place = ", ".join(f"{value:.4g}" for value in X[worst].tolist())
        raise ProblemError(
            f"the level of {region} is {level[worst].item():.2g} at ({place}) on a face of it, where it must be 0: "
            "its level and its faces bound different sets"
        )
    inside = region.level(X - _STEP * region.scale * normals)
    if (inside > _ROUNDING * region.scale).double().mean() > _BEYOND:
        raise ProblemError(
            f"the level of {region} is above 0 on the inner side of its faces: it must be below 0 inside, and the "
            "normals must point outward"
        )

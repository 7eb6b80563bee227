"""Whether a region's level and its faces speak of the same set, which a class of the user's own may get wrong."""

from pinnlite.errors import ProblemError
from pinnlite.geometry.region import Part, Region

_POINTS = 32  # on each face
_ON = 1e-6  # of the region: how far from zero the level may be on its faces
_STEP = 1e-5  # of the region: how far inside it is looked at
_ROUNDING = 1e-9


def check_level(region: Region) -> None:
    """Raise ProblemError where the level is not zero on a face, or not below zero on its inner side."""
    for face in region.faces:
        name = min(face.names, default="boundary")
        X, normals = Part(name, (face,), region.scale).points(_POINTS)
        level = region.level(X).abs()
        if not (level <= _ON * region.scale).all():
            worst = int(level.argmax())
            place = ", ".join(f"{value:.4g}" for value in X[worst].tolist())
            raise ProblemError(
                f"the level of {region} is {level[worst].item():.2g} at ({place}) on its face '{name}', where it "
                "must be 0: its level and its faces bound different sets"
            )
        if region.level(X - _STEP * region.scale * normals).median() > _ROUNDING * region.scale:
            raise ProblemError(
                f"the level of {region} is above 0 on the inner side of its face '{name}': it must be below 0 "
                "inside, and the face's normals must point outward"
            )

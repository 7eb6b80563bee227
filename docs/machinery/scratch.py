"""The examples, copied to where they may write files, in the order of their table of contents."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

ROOT = Path(__file__).parents[2]
EXAMPLES, SCRATCH, PAGES = ROOT / "examples", ROOT / "build" / "examples", ROOT / "docs" / "gallery"


def copy_anew(app: Sphinx, config: Config) -> None:
    """Copy the examples: each is run in the folder that it lies in, and some write pictures."""
    for old in (SCRATCH, PAGES):  # pages of examples that have another name by now would stay for ever
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(EXAMPLES, SCRATCH, ignore=shutil.ignore_patterns("__pycache__", "demo"))


def place_of_folder(folder: str) -> int:
    """Where a folder, relative to the documentation, is first named in ``contents.txt``."""
    name = Path(folder).name
    return next(i for i, line in enumerate(_contents()) if line.startswith(f"{name}/"))


class PlaceOfScript:
    """Where a script is named in ``contents.txt``; one that is not comes last."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).resolve()

    def __call__(self, name: str) -> tuple[int, str]:
        """What the scripts of a folder are sorted by."""
        line = (self.folder / name).relative_to(SCRATCH).as_posix()
        contents = _contents()
        return (contents.index(line) if line in contents else len(contents), name)


def _contents() -> list[str]:
    path = SCRATCH / "contents.txt"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def setup(app: Sphinx) -> dict[str, bool]:
    """Copy before the gallery is made."""
    app.connect("config-inited", copy_anew, priority=1)
    return {"parallel_read_safe": True}

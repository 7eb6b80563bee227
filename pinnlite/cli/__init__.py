"""The command line: one file per command, each a thin layer on one public function."""

from collections.abc import Sequence

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; ``pinnlite.cli.application.main`` has the rest to say of it."""
    try:
        from pinnlite.cli.application import main as run
    except KeyboardInterrupt:  # so early that nothing was begun
        return _INTERRUPTED
    return run(arguments)

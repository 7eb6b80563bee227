"""``python -m pinnlite`` is the command ``pinnlite``."""

from pinnlite.cli import process

if __name__ == "__main__":
    process()

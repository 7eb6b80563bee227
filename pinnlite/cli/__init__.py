"""The command line: one file per command, each a thin layer on one public function."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

_DONE, _INTERRUPTED = 0, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; ``pinnlite.cli.application.main`` has the rest to say of it."""
    try:
        from pinnlite.cli.application import main as run
    except KeyboardInterrupt:  # so early that nothing was begun
        return _INTERRUPTED
    return run(arguments)


def process() -> NoReturn:
    """The process ``pinnlite``: run the command line and end with its exit code, at once.

    To take down what torch has built up would cost a second. And an interrupt that came while Python ran a text, as
    dataclasses do when they are made, would have the interpreter end itself by a signal although it was dealt with. A
    request to terminate, as batch systems send it when the time is up, is an interrupt too: what there is is kept. A
    reader that closes the pipe, as head does, ends the process by the signal that ends other programs then, without a
    word.

    PyTorch's threads sleep while they wait for each other, unless the environment says otherwise. Where other processes
    want the same cores, threads that spin instead make a solve ten times slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when PyTorch is loaded
    if sys.platform != "win32":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            if code == _DONE:  # the interpreter tries again, and says what is wrong
                sys.exit(code)
    os._exit(code)

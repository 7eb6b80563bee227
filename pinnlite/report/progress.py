"""How far a computation is: one line that changes on a terminal or in a notebook, some lines where neither is."""

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

_DELAY = 0.5  # seconds before anything is shown
_EVERY = 2.0  # seconds between lines in a file
_REFRESH = 0.2
_LEAST_DONE = 0.02  # of the whole: what is extrapolated from less is a guess

Tell = Callable[..., None]


class Progress:
    """Shows on standard error what a computation tells of itself; a context that cleans up behind it.

    Call it with the phase in words, the share of the whole that is done, and the error estimated so far. Nothing is
    shown of what ends within half a second.

    Args:
        limit: seconds after which the computation will stop, if it has such a limit.

    Example:
        >>> with Progress() as tell:
        ...     tell("elements along a line", done=0.5)
    """

    def __init__(self, limit: float | None = None) -> None:
        self._limit = limit
        self._phase, self._done, self._error = "", 0.0, float("inf")
        self._began = self._part_began = time.perf_counter()
        self._lined = -float("inf")
        self._ended = threading.Event()
        self._shown = _sink()
        self._thread = threading.Thread(target=self._refresh, daemon=True)

    def __call__(self, phase: str, done: float = 0.0, error: float | None = None) -> None:
        """Take note of where the computation is."""
        now = time.perf_counter()
        if done < self._done or not done:
            self._part_began = now
        self._phase, self._done = phase, done
        self._error = self._error if error is None else error
        if self._shown is None and now - self._began > _DELAY and now - self._lined > _EVERY:
            self._lined = now
            print(self.line, file=sys.stderr, flush=True)

    @property
    def line(self) -> str:
        """The state in words: time, phase, error, time left."""
        now = time.perf_counter()
        elapsed = now - self._began
        parts = [f"{elapsed:6.1f} s", self._phase or "starting"]
        if self._error < float("inf"):
            parts.append(f"error {self._error:.1e}")
        if self._done >= _LEAST_DONE:
            parts.append(
                f"about {(now - self._part_began) * (1 - self._done) / self._done:.1f} s left of this"
            )
        elif self._limit is not None:
            parts.append(f"at most {max(self._limit - elapsed, 0.0):.0f} s left")
        return "  ".join(parts)

    def __enter__(self) -> "Progress":
        if self._shown is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _refresh(self) -> None:
        """Show the line again and again, and take it away at the end."""
        assert self._shown is not None
        if self._ended.wait(_DELAY):
            return
        while not self._ended.wait(_REFRESH):
            self._shown(self.line)
        self._shown("")


def _sink() -> Callable[[str], Any] | None:
    """Where a line can be written over the one before: in a notebook, on a terminal, or nowhere."""
    if "ipykernel" in sys.modules:
        from IPython.display import TextDisplayObject, display

        class Line(TextDisplayObject):  # type: ignore[misc]
            def __repr__(self) -> str:
                return str(self.data)

        handle: Any = None

        def show(text: str) -> None:
            nonlocal handle
            if handle is None:
                handle = display(Line(text), display_id=True)
            else:
                handle.update(Line(text))

        return show
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.control import Control
    from rich.segment import ControlType

    console = Console(stderr=True)

    def overwrite(text: str) -> None:
        console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
        console.print(text, end="", style="dim", no_wrap=True, overflow="ellipsis", highlight=False)

    return overwrite

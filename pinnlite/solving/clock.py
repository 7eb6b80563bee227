"""How much time a solve has, and whether another step fits into it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pinnlite.solving.residuals import Monitor


@dataclass
class Clock:
    """How much time a solve has; its ``spent`` is what every loop asks."""

    limit: float | None
    began: float
    longest: float = 0.0  # of the steps that a method has taken
    stopped: bool = False
    operations: float = 0.0  # of the largest step that was measured
    took: float = 0.0  # and its time
    listener: Callable[..., None] | None = None  # who is told how far the solve is

    @staticmethod
    def started(limit: float | None, listener: Callable[..., None] | None = None) -> "Clock":
        """A clock that starts now."""
        return Clock(limit, time.perf_counter(), listener=listener)

    def tell(self, phase: str, done: float = 0.0, error: float | None = None) -> None:
        """Say how far the solve is: the phase, the share of it that is done, the error estimated so far."""
        if self.listener is not None:
            self.listener(phase, done, error)

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.perf_counter() - self.began

    @property
    def spent(self) -> bool:
        """Whether the time is up, or a method was stopped because it soon would be."""
        return self.stopped or (self.limit is not None and self.seconds > self.limit)

    def overruns(self, operations: float) -> bool:
        """Whether a step of so many operations, as fast as the largest so far, would take more than is left."""
        ahead = self.took * operations / self.operations if self.operations else 0.0
        self.stopped = self.stopped or (self.limit is not None and self.seconds + ahead > self.limit)
        return self.stopped

    def measured(self, operations: float, seconds: float) -> None:
        """Take note of what a step of so many operations took."""
        if operations >= self.operations:
            self.operations, self.took = operations, seconds

    def part(self, share: float) -> "Clock":
        """A clock of its own for a share of the time that is left."""
        limit = None if self.limit is None else self.seconds + share * max(self.limit - self.seconds, 0.0)
        return Clock(limit, self.began, listener=self.listener)

    def monitor(self, share: float = 1.0) -> Monitor:
        """What stops a method: that another step as long as the longest so far would overrun its share of the time."""
        before: float | None = None

        def stop(step: int, loss: float) -> bool:
            nonlocal before
            now = self.seconds
            if before is not None:
                self.longest = max(self.longest, now - before)
            before = now
            self.tell(f"step {step}, sum of squares {loss:.1e}")
            over = self.limit is not None and now + self.longest > share * self.limit
            self.stopped = self.stopped or (over and share == 1.0)
            return over

        return stop

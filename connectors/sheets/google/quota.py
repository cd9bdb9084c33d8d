"""Keeps calls below what Google allows in a minute, before it has to say no."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

PER_MINUTE = 50
"""Google allows each user of a project 60 reads and 60 writes a minute [limits]; the rest is for its clock."""
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Quota:
    """So many calls in any minute, of all threads together. aiolimiter does the same inside an event loop only."""

    def __init__(self, clock: Clock, calls: int = PER_MINUTE) -> None:
        self._clock = clock
        self._made: deque[float] = deque(maxlen=calls)
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until one more call may be made, and count it."""
        while (wait := self._wait(take=True)) > 0:
            self._clock.sleep(wait)

    def ready(self) -> None:
        """Wait until one more call may be made."""
        while (wait := self._wait(take=False)) > 0:
            self._clock.sleep(wait)

    def _wait(self, *, take: bool) -> float:
        with self._lock:
            now = self._clock.now()
            full = len(self._made) == self._made.maxlen
            wait = self._made[0] + MINUTE - now if full else 0.0
            if wait <= 0 and take:
                self._made.append(now)
            return wait

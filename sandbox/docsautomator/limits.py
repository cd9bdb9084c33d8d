"""How many requests a key may make: "2000 requests per 15 minutes per API key" (API introduction)."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta

from sandbox.clock import Clock

WINDOW_HOURS = 0.25


class Window:
    """The requests of the last 15 minutes, in the provider's time. It is forgotten when the sandbox stops."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._taken: deque[datetime] = deque()

    def take(self) -> int:
        """Counts a request; the seconds to wait where there have been too many, else 0. Whether refused requests count
        is not documented; here they do not."""
        now, length = self._clock.now(), self._clock.hours(WINDOW_HOURS)
        while self._taken and self._taken[0] <= now - length:
            self._taken.popleft()
        if len(self._taken) < self._most:
            self._taken.append(now)
            return 0
        return max(1, math.ceil((self._taken[0] + length - now) / timedelta(seconds=1)))

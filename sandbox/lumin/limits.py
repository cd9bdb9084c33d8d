"""How often calls may be made: the page on rate limits in the provider's public documentation repository, which gives
three. That more calls get 429, and after how long the next may come, is not documented."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from sandbox.clock import Clock

WINDOW_HOURS = 0.5
LIMITS = {
    "POST /signature_request/send": 3000,
    "GET /signature_request/{id}": 3000,
    "GET /user/info": 50,
}
"""Calls in any half hour, of one user."""


class Limits:
    """Remembers when calls were made, as long as the sandbox runs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window = clock.hours(WINDOW_HOURS)
        self._made: dict[str, deque[datetime]] = {key: deque() for key in LIMITS}

    def wait(self, key: str) -> float:
        """Counts a call; more than 0 when it is one too many: the seconds until the next may come."""
        if key not in LIMITS:
            return 0.0
        now, made = self._clock.now(), self._made[key]
        while made and made[0] <= now - self._window:
            made.popleft()
        if len(made) >= LIMITS[key]:
            return (made[0] + self._window - now).total_seconds()
        made.append(now)
        return 0.0

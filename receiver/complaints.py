"""Says what goes wrong without filling the log: one line when it begins, then a count now and then."""

from __future__ import annotations

import logging
import time

log = logging.getLogger("receiver")


class Complaints:
    """Logs each kind of refusal at most once in `seconds`, with how many there were since the last line.

    A kind is one of our own sentences; nothing that came over the wire may be part of it.
    """

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._quiet_until: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def add(self, kind: str) -> None:
        now = time.monotonic()
        self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
        if now >= self._quiet_until.get(kind, 0.0):
            log.warning("%s (%d)", kind, self._unsaid.pop(kind))
            self._quiet_until[kind] = now + self._seconds


class Outage:
    """Something we need is away: one line when that begins, one when it ends, none between."""

    def __init__(self, name: str, meanwhile: str) -> None:
        self._name = name
        self._meanwhile = meanwhile
        self._away = False

    def begins(self, why: str) -> None:
        """`why` is a status or the name of an exception's class."""
        if not self._away:
            log.warning("%s does not answer (%s); %s.", self._name, why, self._meanwhile)
        self._away = True

    def ends(self) -> None:
        if self._away:
            log.info("%s answers again.", self._name)
        self._away = False

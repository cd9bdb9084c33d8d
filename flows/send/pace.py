"""How wide a batch goes: one row alone at first, narrower and with patience when told to wait.

How fast it goes is the ledger's business (`ledger.turns`): an account's rate is everybody's who sends through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from connectors.signing.provider import ProviderSettings

FIRST_WAIT, LONGEST_WAIT = 0.25, 60.0
"""Seconds waited where the provider does not say how long: twice as long each time in a row. The first wait is short,
since at its limit a provider refuses a lone call that came a moment too early."""
TRIES = 10
"""Waits in a row without one accepted request, after which the batch is paused: about three minutes of backing off."""
LONGEST_TOLD = 600.0
"""Seconds a provider may ask us to wait; beyond that the batch is paused instead of a process kept waiting."""
MARGIN = 15.0
"""Seconds a claim holds beyond call and turn: the call's own grace, and the commit of its outcome."""
SHARE_OF_RATE, LEAST_SHARE, LESS_EACH_TIME = 0.98, 0.95, 0.01
"""How much of the account's rate is used: clocks and networks jitter, and at the whole rate a provider that counts
strictly refuses a call every second. A little less after each time it did."""
AHEAD_SECONDS = 0.5
"""How long before its turn a row may be claimed, so that a commit serves several rows where the rate is low."""


class Pace:
    """The pace of one batch at one account.

    `width` is how many rows may be under way. It is one until an accepted request of the account is known (a later
    look-up needs one to be conclusive), halves whenever the provider asks to wait, and grows with what it accepts.
    """

    fresh_seconds = 3.0
    """A claim this young is called for without another look: nobody else may touch it before its lease runs out."""

    def __init__(
        self, settings: ProviderSettings, *, known_good: bool, clock: Callable[[], float], margin: float = MARGIN
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._margin = margin
        self._proven = known_good
        self._width = settings.concurrency if known_good else 1
        self._waits = 0
        self._resume_at = 0.0
        self._share = SHARE_OF_RATE

    @property
    def width(self) -> int:
        """Calls that may be under way now, and rows claimed and not recorded, which a kill leaves in doubt."""
        return self._width

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self._share * self._settings.rate

    @property
    def lease_seconds(self) -> float:
        """How long a claim must hold: until it is no longer fresh, one whole call, and a margin."""
        return self.fresh_seconds + self._settings.timeout_seconds + self._margin

    @property
    def waiting_for(self) -> float:
        """Seconds until the next row may be claimed; nothing when it may be now."""
        return max(0.0, self._resume_at - self._clock())

    def accepted(self) -> None:
        """The provider took a request: wider again, and at once to the full after the very first."""
        self._width = min(self._settings.concurrency, self._width + 1) if self._proven else self._settings.concurrency
        self._proven = True
        self._waits = 0

    def slow_down(self, retry_after: float | None) -> bool:
        """Nothing happened; wait as told, or twice as long as last time. False when patience is at its end.

        Rows that were under way together are told so together: that counts as one wait.
        """
        if self.waiting_for == 0:
            self._waits += 1
            self._width = max(1, self._width // 2)
            self._share = max(LEAST_SHARE, self._share - LESS_EACH_TIME)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self._waits - 1)) if retry_after is None else retry_after
        self._resume_at = max(self._resume_at, self._clock() + wait)
        return self._waits <= TRIES and wait <= LONGEST_TOLD


def loop_clock() -> float:
    """Seconds of the running event loop."""
    return asyncio.get_running_loop().time()

"""Stops a batch that is going wrong before it goes wrong a thousand times."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

UNCLEAR_IN_A_ROW = 5
WINDOW = 50
REFUSED_SHARE = 0.2


class Verdict(StrEnum):
    """How one attempt ended, as far as the batch is concerned."""

    SENT = "sent"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    NOTHING = "nothing"
    """Nothing happened; the row may be tried again."""
    KEY_REFUSED = "key_refused"
    """The credentials were not accepted."""
    WRONG_ADDRESS = "wrong_address"
    """What answered does not know the call, whatever the row says."""
    NO_QUOTA = "no_quota"
    """The account has nothing left to send with."""

    @property
    def about_the_row(self) -> bool:
        """Whether it says nothing about how the provider is: the row went through, or was refused for what it is."""
        return self in (Verdict.SENT, Verdict.REFUSED)


class Breaker:
    """Watches a batch's outcomes; `note` answers with the sentence that says why to pause, once there is a reason.

    A batch pauses on the first authentication, address or quota error, after 5 unclear outcomes in a row, or when more
    than 20 % of the last 50 rows were refused (a short batch counts its missing rows as accepted).
    """

    def __init__(self) -> None:
        self._unclear = 0
        self._last: deque[bool] = deque(maxlen=WINDOW)

    def note(self, verdict: Verdict) -> str | None:
        """Take one outcome in; the reason to pause, or nothing."""
        if verdict is Verdict.KEY_REFUSED:
            return "The provider does not accept the account's key; correct it, then send the batch again to go on."
        if verdict is Verdict.WRONG_ADDRESS:
            return (
                "The provider does not know what it was asked for; check the account's base_url, a proxy in the "
                "environment and the recipe's template, then send the batch again to go on."
            )
        if verdict is Verdict.NO_QUOTA:
            return "The account has no quota left; top it up or upgrade it, then send the batch again to go on."
        if verdict is Verdict.NOTHING:
            return None
        self._last.append(verdict is Verdict.REFUSED)
        self._unclear = self._unclear + 1 if verdict is Verdict.UNCLEAR else 0
        if self._unclear >= UNCLEAR_IN_A_ROW:
            return (
                f"{self._unclear} requests in a row got no clear answer; "
                "see whether the provider is well, then send the batch again to go on."
            )
        if sum(self._last) > REFUSED_SHARE * WINDOW:
            return (
                f"The provider refused {sum(self._last)} of the last {len(self._last)} rows; "
                "see their problems, correct the sheet or the recipe, then send again, with --again for them too."
            )
        return None

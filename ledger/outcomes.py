"""How an attempt ended, as the sender tells the ledger."""

from __future__ import annotations

from connectors.signing.model import Frozen, Snapshot


class Ended(Frozen):
    """One attempt that is over; `attempt` is the number the claim gave."""

    request_id: str
    attempt: int


class Sent(Ended):
    """The provider has it; the snapshot is its answer."""

    snapshot: Snapshot


class Refused(Ended):
    """The provider said no to this row; `problem` is for the sheet and may quote it."""

    problem: str


class NothingHappened(Ended):
    """It certainly did not go out; it is planned again, not before so many seconds have passed."""

    not_before_seconds: float = 0.0
    problem: str | None = None


class Uncertain(Ended):
    """It may have gone out: look before trying again."""

    problem: str


Outcome = Sent | Refused | NothingHappened | Uncertain

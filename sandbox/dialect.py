"""What a provider's dialect adds to the engine: how its webhooks read and how they are signed."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sandbox.contract import Contract, Event
from sandbox.links import Links


class Webhook(NamedTuple):
    """One webhook call to be made."""

    event: str
    url: str
    body: bytes


class Dialect(Protocol):
    """One provider's way of telling its customers what happened."""

    def webhook(self, contract: Contract, event: Event, links: Links) -> Webhook | None:
        """The call for an event, or None where this provider stays silent."""

    def headers(self, body: bytes) -> dict[str, str]:
        """The headers that prove where a call comes from."""

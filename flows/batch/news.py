"""Applies what providers have reported before a person's word acts on it; needs no Prefect server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.catch_up import catch_up
from flows.events.announce import post_to_prefect
from ledger.settings import Settings
from ledger.store import Ledger


async def hear_news(ledger: Ledger, settings: Settings) -> None:
    """Drain once if anything waits.

    Without a server the events for Prefect stay due: its client would start a server of its own.
    """
    await catch_up(ledger, settings, post=post_to_prefect if settings.api_url else _later)


async def _later(_: Sequence[dict[str, Any]]) -> None:
    raise ConnectionError("No Prefect server is known here.")

"""Opens what every flow needs: the settings and the ledger they name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ledger.settings import Settings, load_settings
from ledger.store import Ledger


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Settings, Ledger]]:
    """The settings of this process and its ledger, closed at the end of the block."""
    settings = load_settings()
    async with await Ledger.open(settings.ledger_url) as ledger:
        yield settings, ledger

"""Applies what waits before something is done that depends on it."""

from __future__ import annotations

from blocks.archive import ArchiveWhenNeeded
from blocks.notices import notices_of
from flows.accounts import OpenAccount, provider_for
from flows.events.announce import Post, post_to_prefect
from flows.events.drain import drain
from ledger import inbox
from ledger.settings import Settings
from ledger.store import Ledger


async def catch_up(
    ledger: Ledger, settings: Settings, *, open_account: OpenAccount = provider_for, post: Post = post_to_prefect
) -> None:
    """Drain once, without lingering, if anything waits; where another run drains already, leave it to that."""
    if await inbox.work_waiting(ledger):
        archive = ArchiveWhenNeeded(settings)
        await drain(
            ledger,
            archive,
            settings.receiver_secrets,
            open_account=open_account,
            post=post,
            notify=lambda: notices_of(settings),
        )

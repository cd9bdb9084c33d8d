"""Finds the way the owner of the requests is told: a notification block of Prefect (Slack, Teams, a webhook, mail)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import prefect.blocks.notifications  # noqa: F401 - the types a saved block may have
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block

from ledger.settings import Settings

Notify = Callable[[str, str], Awaitable[None]]
"""Sends one message: what it is about, and what it says."""


class NoticesNotFound(Exception):
    """`ESIGN_NOTIFY` names no block that can tell anybody anything."""

    public = True


async def notices_of(settings: Settings) -> Notify | None:
    """The way these settings name; None if they name none. Raises `NoticesNotFound` with a sentence."""
    if settings.notify is None:
        return None
    try:
        block: object = await Block.aload(settings.notify)
    except ValueError:
        raise NoticesNotFound(f"ESIGN_NOTIFY names the block {settings.notify}, which is not in Prefect.") from None
    if not isinstance(block, NotificationBlock):
        raise NoticesNotFound("ESIGN_NOTIFY must name a notification block of Prefect, such as a Slack Webhook.")
    found: NotificationBlock = block

    async def notify(subject: str, text: str) -> None:
        await found.notify(text, subject)

    return notify

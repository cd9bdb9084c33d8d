"""The way reminders of our own go out, if there is one."""

from __future__ import annotations

from blocks.mail import Mail, MailNotFound, mail_of
from ledger.settings import Settings


async def our_mail(settings: Settings) -> Mail | None:
    """None where no mail block is set, or it cannot be loaded: providers that remind by themselves need none."""
    try:
        return await mail_of(settings)
    except MailNotFound:
        return None

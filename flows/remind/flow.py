"""The scheduled run that reminds."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.mail import Mail, MailNotFound, mail_of
from flows.accounts import Accounts
from flows.catch_up import catch_up
from flows.edges import edge
from flows.remind.job import remind_due
from flows.room import opened
from ledger.settings import Settings


@flow(name="send-reminders", persist_result=False)
@edge
async def send_reminders(now: datetime | None = None) -> State[None]:
    """Remind everybody whose turn it is and whose reminder is due at `now` (the present unless given).

    What providers have reported meanwhile is applied first, so that nobody who has signed is reminded.
    """
    async with opened() as (settings, ledger), Accounts() as accounts:
        await catch_up(ledger, settings)
        sent = await remind_due(ledger, accounts, now or datetime.now(UTC), await _mail(settings))
    return Completed(message=f"{sent} reminders.")


async def _mail(settings: Settings) -> Mail | None:
    """The way our own reminders go out; those of providers that remind by themselves do not wait for it."""
    try:
        return await mail_of(settings)
    except MailNotFound as error:
        get_run_logger().warning(str(error))
        return None

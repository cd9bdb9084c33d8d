"""The scheduled run that reminds."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.mail import mail_of
from flows.accounts import Accounts
from flows.catch_up import catch_up
from flows.edges import edge
from flows.remind.job import remind_due
from flows.room import opened


@flow(name="send-reminders", persist_result=False)
@edge
async def send_reminders(now: datetime | None = None) -> State[None]:
    """Remind everybody whose turn it is and whose reminder is due at `now` (the present unless given).

    What providers have reported meanwhile is applied first, so that nobody who has signed is reminded.
    """
    async with opened() as (settings, ledger), Accounts() as accounts:
        await catch_up(ledger, settings)
        sent = await remind_due(ledger, accounts, now or datetime.now(UTC), await mail_of(settings))
    return Completed(message=f"{sent} reminders.")

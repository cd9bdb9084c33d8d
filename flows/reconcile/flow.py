"""The scheduled sweep: it makes sure that nothing depends on one message having arrived."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.accounts import Accounts
from flows.catch_up import catch_up
from flows.edges import edge
from flows.reconcile.job import pick_up
from flows.room import opened
from ledger import emptying


@flow(name="sweep", persist_result=False)
@edge
async def sweep(now: datetime | None = None) -> State[None]:
    """Drain what waits, settle what is unclear, close what is overdue at `now`, and bring the sheets up to date."""
    async with opened() as (settings, ledger), Accounts() as accounts:
        await catch_up(ledger, settings)
        swept = await pick_up(ledger, accounts, now or datetime.now(UTC))
        await catch_up(ledger, settings)
        emptied = await emptying.empty_old(ledger, settings.keep_webhooks_days)
    return Completed(
        message=f"{swept.claims} claims ran out, {swept.found} found, {swept.absent} planned again, "
        f"{swept.unclear} unclear, {swept.expired} expired, {emptied} webhooks emptied."
    )

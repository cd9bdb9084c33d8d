"""The daily run that finds lost webhooks, and says how many there were: each is a delivery that did not arrive."""

from __future__ import annotations

import logging
from contextlib import suppress

from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.accounts import Accounts
from flows.catch_up import catch_up
from flows.edges import edge
from flows.reconcile.lost import Looked, look_for_lost
from flows.room import opened

logger = logging.getLogger(__name__)

MOST = 500
"""Requests shown on Prefect's page."""


@flow(name="reconcile", persist_result=False)
@edge
async def reconcile(calls: int = 50, patience_seconds: float = 60.0) -> State[None]:
    """Hold each account's list against the ledger, in at most `calls` calls an account, and take in what was lost.

    What the list alone shows is called lost only after `patience_seconds`: its webhook may be on its way.
    """
    async with opened() as (settings, ledger), Accounts() as accounts:

        async def drain() -> None:
            await catch_up(ledger, settings)

        await drain()
        looked = await look_for_lost(ledger, accounts, calls, patience_seconds, drain)
        await drain()
    if lost := sum(len(one.lost) for one in looked):
        logger.warning("%d requests had moved on without our hearing of it.", lost)
    await _show(looked)
    return Completed(message="; ".join(map(str, looked)) or "No request is open.")


async def _show(looked: list[Looked]) -> None:
    """The requests, by their ids alone. A server that does not take the table keeps nothing from being done."""
    with suppress(Exception):
        await acreate_table_artifact(table=table(looked), key="reconcile", description="; ".join(map(str, looked)))


def table(looked: list[Looked]) -> list[dict[str, str]]:
    """What was lost, request by request."""
    return [
        {
            "account": f"{one.account.provider}/{one.account.account}",
            "request": lost.request_id,
            "before": lost.before.value,
            "now": lost.after.value,
        }
        for one in looked
        for lost in one.lost
    ][:MOST]

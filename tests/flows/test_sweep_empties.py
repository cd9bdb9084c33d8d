"""The sweep empties webhooks that are long dealt with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from flows.reconcile.flow import sweep
from ledger import inbox, schema
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.test_draining import put


@pytest.mark.parametrize(("days", "left"), [("90", 0), ("0", 2), ("1000", 2)])
async def test_a_sweep_empties_what_is_older_than_the_setting_says(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, days: str, left: int
) -> None:
    monkeypatch.setenv("ESIGN_HOME", str(settings.home))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.setenv("ESIGN_KEEP_WEBHOOKS_DAYS", days)
    for _ in range(2):
        await put(ledger, b'{"status": "unheard-of", "data": {}}')
    async with ledger.begin() as connection:
        old = datetime.now(UTC) - timedelta(days=100)
        await connection.execute(update(schema.inbox).values(received_at=old, state="done"))
    state = await sweep.fn()
    async with ledger.read() as connection:
        bodies = (await connection.execute(select(schema.inbox.c.body))).scalars().all()
    assert len([body for body in bodies if body]) == left
    assert f"{2 - left} webhooks emptied." in (state.message or "")
    assert await inbox.count(ledger) == 2

"""The batch verbs and the canary as Prefect runs: what ends how, and what Prefect never gets to see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.batch.flow import remind_batch, resend_failed, void_batch
from flows.send.flow import PAUSED, WAITS, send_batch
from flows.send.held import pause_sentence
from ledger import batches
from ledger.settings import load_settings
from ledger.store import Ledger
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider, says
from tests.flows.test_on_prefect import HEADER, ROW, nothing

pytestmark = pytest.mark.slow


@pytest.fixture
async def ours(
    provider: FakeProvider, on_prefect: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Ledger]:
    """A home of the test's own, with the fake provider as its sandbox."""
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.setenv("ESIGN_SANDBOX_URL", provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")
    provider.settings_given = {"rate": 20.0, "timeout_seconds": 30.0}
    async with await Ledger.open(load_settings().ledger_url) as ledger:
        yield ledger


async def counts(ledger: Ledger, batch_id: str) -> dict[str, int]:
    return {state: number for state, number in (await batches.counts(ledger, batch_id)).items() if number}


async def test_a_canary_in_a_process_of_its_own_pauses_the_batch_and_a_person_resumes_it(
    ours: Ledger, provider: FakeProvider
) -> None:
    batch_id = await frozen(ours, provider.settings(), 5)
    state = await send_batch(batch=batch_id, canary=2, return_state=True)
    assert state.is_completed() and state.name == WAITS and f"esign batch resume {batch_id}" in (state.message or "")
    assert await counts(ours, batch_id) == {"sent": 2, "planned": 3}
    state = await send_batch(batch=batch_id, return_state=True)
    assert state.name == PAUSED and len(provider.contracts) == 2
    state = await send_batch(batch=batch_id, resume=True, return_state=True)
    assert state.is_completed() and await counts(ours, batch_id) == {"sent": 5}


async def test_a_canary_counts_within_the_limit(ours: Ledger, provider: FakeProvider) -> None:
    batch_id = await frozen(ours, provider.settings(), 6)
    state = await send_batch(batch=batch_id, canary=3, limit=3, return_state=True)
    assert state.name != WAITS and await counts(ours, batch_id) == {"sent": 3, "planned": 3}
    state = await send_batch(batch=batch_id, canary=1, limit=2, return_state=True)
    assert state.name == WAITS and await counts(ours, batch_id) == {"sent": 4, "planned": 2}


async def test_a_canary_that_stops_itself_asks_nothing(ours: Ledger, provider: FakeProvider) -> None:
    provider.faults = [says(401)]
    batch_id = await frozen(ours, provider.settings(), 4)
    state = await send_batch(batch=batch_id, canary=2, return_state=True)
    assert state.name == "Paused itself" and await counts(ours, batch_id) == {"planned": 4}
    state = await send_batch(batch=batch_id, canary=2, return_state=True)
    assert state.name == WAITS and await counts(ours, batch_id) == {"sent": 2, "planned": 2}


async def test_the_sheet_sent_again_does_not_undo_a_persons_pause_not_even_corrected(
    ours: Ledger, provider: FakeProvider, tmp_path: Path
) -> None:
    sheet = tmp_path / "list.csv"
    sheet.write_text(HEADER + "".join(ROW.format(at) for at in (1, 2, 3)))
    await send_batch(recipe="nda", sheet=str(sheet), canary=1, return_state=True)
    assert len(provider.contracts) == 1
    for text in (sheet.read_text(), sheet.read_text().replace("a project", "a better project")):
        sheet.write_text(text)
        state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
        assert state.is_failed() and "esign batch resume bat_" in (state.message or ""), state
        assert len(provider.contracts) == 1
    state = await send_batch(recipe="nda", sheet=str(sheet), resume=True, return_state=True)
    assert state.is_completed() and len(provider.contracts) == 3
    assert sum("a better project" in str(contract) for contract in provider.contracts) == 2


async def test_a_batch_is_taken_back_only_with_its_number(ours: Ledger, provider: FakeProvider) -> None:
    batch_id = await frozen(ours, provider.settings(), 3)
    await send_batch(batch=batch_id, limit=2, return_state=True)
    for number in (None, 2):
        state = await void_batch(batch_id, number, return_state=True)
        assert state.is_failed() and "3 requests end by this" in (state.message or "")
    assert await counts(ours, batch_id) == {"sent": 2, "planned": 1}
    state = await void_batch(batch_id, 3, return_state=True)
    assert state.is_completed() and "2 withdrawn" in (state.message or "")
    assert await counts(ours, batch_id) == {"canceled": 3}


async def test_everybody_is_reminded_once_a_day(ours: Ledger, provider: FakeProvider) -> None:
    batch_id = await frozen(ours, provider.settings(), 3)
    await send_batch(batch=batch_id, return_state=True)
    first, second = [await remind_batch(batch_id, return_state=True) for _ in range(2)]
    assert "3 sent" in (first.message or "") and "3 reminded within the last day" in (second.message or "")
    assert provider.calls["remind"] == 3


async def test_what_failed_is_sent_anew_unless_the_batch_is_paused(ours: Ledger, provider: FakeProvider) -> None:
    provider.faults = [nothing, says(422)]
    batch_id = await frozen(ours, provider.settings(), 3)
    await send_batch(batch=batch_id, return_state=True)
    await batches.reopen(ours, batch_id)
    assert await counts(ours, batch_id) == {"sent": 2, "failed": 1}
    state = await resend_failed(batch_id, return_state=True)
    assert state.is_completed() and await counts(ours, batch_id) == {"sent": 3}
    other = await frozen(ours, provider.settings(), 2, first=50)
    await batches.hold(ours, other, pause_sentence(other))
    state = await resend_failed(other, return_state=True)
    assert state.is_failed() and f"esign batch resume {other}" in (state.message or "")

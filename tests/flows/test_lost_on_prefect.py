"""The daily look for lost webhooks as a Prefect run: what its page says, and what never stands there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from flows.reconcile.lost_flow import reconcile
from flows.send.job import run_batch
from ledger import reading
from ledger.settings import load_settings
from ledger.store import Ledger
from tests.flows.conftest import PROJECT
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider
from tests.flows.prefect_api import prefect_api


@pytest.fixture
async def ours(
    provider: FakeProvider, on_prefect: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Ledger]:
    """A home of the test's own, with the fake provider as its sandbox."""
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.setenv("ESIGN_SANDBOX_URL", provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")
    async with await Ledger.open(load_settings().ledger_url) as ledger:
        yield ledger


async def test_a_run_says_how_many_were_lost_and_lists_them_by_their_ids(
    ours: Ledger, provider: FakeProvider, on_prefect: dict[str, str]
) -> None:
    batch_id = await frozen(ours, provider.settings(), 3)
    await run_batch(ours, batch_id, load_settings(), open_account=provider.open_account)
    provider.contracts[1]["status"] = "signed"
    state = await reconcile(calls=5, patience_seconds=0.0, return_state=True)
    assert state.is_completed()
    assert state.message == "esignatures/sandbox: 1 calls, 1 lost webhooks made up for"
    (lost,) = [row for row in await reading.rows(ours, batch_id) if row.state == "completed"]
    assert lost.document, "and its document is archived in the same run"
    async with prefect_api(on_prefect["PREFECT_API_URL"]) as api:
        artifact = (await api.get("/artifacts/reconcile/latest")).json()
    (row,) = json.loads(artifact["data"])
    assert row == {
        "account": "esignatures/sandbox",
        "request": lost.request_id,
        "before": "sent",
        "now": "completed",
    }
    assert "example.com" not in json.dumps(artifact)
    again = await reconcile(calls=5, patience_seconds=0.0, return_state=True)
    assert again.message == "esignatures/sandbox: 1 calls, 0 lost webhooks made up for"


def test_it_is_deployed_to_run_once_a_day() -> None:
    deployments = YAML(typ="safe").load(PROJECT / "prefect.yaml")["deployments"]
    (daily,) = [one for one in deployments if one["name"] == "reconcile"]
    assert daily["entrypoint"] == f"{reconcile.fn.__module__}.{reconcile.fn.__name__}"
    assert daily["schedules"] == [{"interval": 86400}]

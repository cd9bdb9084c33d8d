"""The account `sandbox` leads to the provider of the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.fake_provider import FakeProvider
from tests.flows.watch.desk import Desk


@pytest.fixture
def desk(
    ledger: Ledger, settings: Settings, provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    lead_to(provider, monkeypatch)
    return Desk(ledger, settings, provider, tmp_path / "people.csv")


def lead_to(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESIGN_SANDBOX_URL", provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")

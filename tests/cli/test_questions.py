"""Who asks does not wait for what only sending needs: Prefect, aiohttp, what draws documents, other connectors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ledger import planning, sending
from ledger.settings import read_settings
from ledger.store import Ledger
from tests.cli.modules import loaded
from tests.ledger.making import claimed, draft, row

HEAVY = {"prefect", "alembic", "aiohttp", "gspread", "psutil", "starlette", "uvicorn", "multiprocessing.pool", "pypdf",
         "pypdfium2", "fpdf", "phonenumbers", "charset_normalizer"}  # fmt: skip
CONNECTORS = {f"connectors.signing.{name}" for name in ("docsautomator", "leap", "lumin", "switchlabs")}
SHEET = Path(__file__).parents[2] / "recipes" / "nda" / "sample.csv"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command finds its ledger, and an account."""
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.delenv("ESIGN_LEDGER_URL", raising=False)
    monkeypatch.setenv("ESIGN_SANDBOX_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up")
    return tmp_path


def asked_of(home: Path, *, unclear: bool) -> tuple[str, str]:
    """A ledger with a batch whose first row the provider has refused, or may have; the batch's id and the row's."""

    async def make() -> tuple[str, str]:
        async with await Ledger.open(read_settings({"ESIGN_HOME": str(home)}).ledger_url) as ledger:
            frozen = await planning.freeze(ledger, draft(row(2), row(3)))
            (one,) = await claimed(ledger, frozen.batch_id)
            if unclear:
                await sending.record_uncertain(ledger, one.request_id, 1, "No answer came.")
            else:
                await sending.record_refused(ledger, one.request_id, 1, "The provider says no.")
            return frozen.batch_id, one.request_id

    return asyncio.run(make())


def test_how_things_stand_is_told_by_the_ledger_alone(home: Path) -> None:
    batch_id, request_id = asked_of(home, unclear=False)
    for words in (["status"], ["status", batch_id, "--all"], ["request", "show", request_id], ["events", "dead"]):
        page, modules = loaded(*words)
        assert page
        assert {name for name in modules if weighs(name) or room(name) in {"flows", "recipes", "blocks"}} == set()
        assert modules.isdisjoint({"httpx", "jinja2", "connectors.signing.provider"})


def test_what_is_unclear_is_told_with_the_connector_of_its_provider_alone(home: Path) -> None:
    asked_of(home, unclear=True)
    page, modules = loaded("status")
    assert "may or may not have been sent" in page and "connectors.signing.esignatures" in modules
    assert {name for name in modules if weighs(name)} == set()


def test_a_plan_is_made_without_what_sends_it(home: Path) -> None:
    asked_of(home, unclear=False)
    page, modules = loaded("plan", "nda", str(SHEET))
    assert " to send" in page and "connectors.signing.esignatures" in modules
    assert {name for name in modules if weighs(name) or room(name) == "blocks"} == set()
    assert modules.isdisjoint({"ledger.sending", "flows.send.sender", "flows.send.drawing"})


def weighs(name: str) -> bool:
    """Whether a module takes long to import and answers no question, or is another provider's."""
    return name in HEAVY or name in CONNECTORS or name.split(".")[0] in HEAVY


def room(name: str) -> str:
    """The room, or the library, a module belongs to."""
    return name.split(".")[0]

"""A long batch is shown in its sheet by a process of its own, and whatever becomes of that, the sheet is right."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flows.send.showing import FEW, showing
from ledger import outbox, planning
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.fake_provider import FakeProvider
from tests.flows.test_writing_back import HEADER, ROW, cells, prepared

PROJECT = Path(__file__).resolve().parents[2]
MANY = FEW + 1
pytestmark = pytest.mark.skipif(os.name == "nt", reason="a sheet is shown from the sending process there")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(HEADER + "".join(ROW.format(number) for number in range(1, 4)))
    return path


@pytest.fixture
async def batch_id(
    ledger: Ledger, settings: Settings, sheet: Path, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Three rows, frozen; the process is told that there are many."""
    monkeypatch.setenv("ESIGN_SANDBOX_URL", provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")
    return (await planning.freeze(ledger, (await prepared(ledger, settings, sheet)).plan.draft())).batch_id


def others() -> list[psutil.Process]:
    """The processes that show a sheet for this one."""
    return [child for child in psutil.Process().children() if "flows.events.aside" in " ".join(child.cmdline())]


async def test_a_long_batch_is_shown_by_a_process_that_ctrl_c_does_not_reach_and_that_is_gone_afterwards(
    ledger: Ledger, settings: Settings, sheet: Path, batch_id: str
) -> None:
    async with showing(ledger, settings.ledger_url, batch_id, MANY) as finish:
        (other,) = others()
        spent = time.process_time()
        assert await finish() is None
        spent = time.process_time() - spent
        assert cells(sheet, "esign status") == ["planned"] * 3
        assert os.getpgid(other.pid) != os.getpgid(0)
    assert others() == [] and spent < 0.2
    assert not await outbox.due(ledger, "sheet", 10)


async def test_what_is_due_is_shown_while_the_batch_is_still_being_sent(
    ledger: Ledger, settings: Settings, sheet: Path, batch_id: str
) -> None:
    async with showing(ledger, settings.ledger_url, batch_id, MANY):
        give_up = time.monotonic() + 120
        while "esign status" not in sheet.read_text() and time.monotonic() < give_up:
            await asyncio.sleep(0.1)
        assert cells(sheet, "esign status") == ["planned"] * 3


async def test_if_it_dies_the_sheet_is_brought_up_to_date_here(
    ledger: Ledger, settings: Settings, sheet: Path, batch_id: str
) -> None:
    async with showing(ledger, settings.ledger_url, batch_id, MANY) as finish:
        others()[0].kill()
        assert await finish() is None
    assert cells(sheet, "esign status") == ["planned"] * 3


async def test_it_does_not_answer_for_another_ledger(
    ledger: Ledger, settings: Settings, sheet: Path, batch_id: str, tmp_path: Path
) -> None:
    elsewhere = f"sqlite+aiosqlite:///{tmp_path / 'another.db'}"
    async with showing(ledger, elsewhere, batch_id, MANY) as finish:
        assert await finish() is None
    assert cells(sheet, "esign status") == ["planned"] * 3


async def test_why_the_sheet_is_not_up_to_date_is_said_as_it_is_said_here(
    ledger: Ledger, settings: Settings, sheet: Path, batch_id: str
) -> None:
    sheet.unlink()
    said = []
    for rows in (1, MANY):
        async with showing(ledger, settings.ledger_url, batch_id, rows) as finish:
            said.append(await finish())
    assert said[0] == said[1] and "no sheet" in (said[0] or "")


KILLED = """
import asyncio, sys
from flows.send.showing import showing
from ledger.store import Ledger

async def main(url, batch_id):
    async with await Ledger.open(url) as ledger, showing(ledger, url, batch_id, 1_000_000):
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_it_outlives_no_sender_that_was_killed(settings: Settings, batch_id: str, tmp_path: Path) -> None:
    script = tmp_path / "sending.py"
    script.write_text(KILLED)
    sending = subprocess.Popen(
        [sys.executable, str(script), settings.ledger_url, batch_id], stdout=subprocess.PIPE, cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert sending.stdout is not None and sending.stdout.readline() == b"ready\n"
    children = psutil.Process(sending.pid).children(recursive=True)
    assert children
    sending.send_signal(signal.SIGKILL)
    sending.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []

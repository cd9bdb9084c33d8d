"""The Google account saved in Prefect reaches the connector, and only where it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks import GoogleSheetsCredentials
from connectors.sheets import locate, read
from connectors.sheets.google.credentials import BASE_URL
from connectors.sheets.google.handing import KEY_FILE, hand_over, handed_over
from flows.unlocking import unlock
from tests.google.server import GoogleSheets

ADDRESS = "https://docs.google.com/spreadsheets/d/1x/edit"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(KEY_FILE, raising=False)
    hand_over(None)
    yield
    hand_over(None)


async def test_a_sheet_is_read_with_the_account_saved_in_prefect(
    on_prefect: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with GoogleSheets() as double:
        monkeypatch.setenv(BASE_URL, double.url)
        book = double.book()
        book.add("Data", [["key"], ["A"]])
        address = f"https://docs.google.com/spreadsheets/d/{book.id}/edit"
        await unlock(address)
        assert handed_over() is None, "nothing is saved yet"
        block = GoogleSheetsCredentials(key=double.identity.service_account(double.url))  # type: ignore[arg-type]
        assert "PRIVATE" not in repr(block) and "PRIVATE" not in str(block.model_dump())
        await block.asave("default", overwrite=True)  # type: ignore[attr-defined]
        await unlock(address)
        assert [row.cells for row in read(locate(address)).rows] == [{"key": "A"}]


async def test_a_file_and_a_key_in_the_environment_need_no_prefect(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await unlock(tmp_path / "people.csv")
    monkeypatch.setenv(KEY_FILE, "somewhere")
    await unlock(ADDRESS)
    assert handed_over() is None


def test_a_process_that_was_handed_the_key_loads_no_prefect() -> None:
    program = (
        "import asyncio, sys; from connectors.sheets.google.handing import hand_over; import flows.events.aside;"
        f"hand_over({json.dumps('{}')!r}); from flows.unlocking import unlock; asyncio.run(unlock({ADDRESS!r}));"
        "print('prefect' in sys.modules, 'google.auth' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"], said.stderr

"""A webhook that could not be applied is shown, and tried again when somebody says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cli.main import main
from ledger import inbox
from ledger.store import Ledger
from tests.ledger.making import delivery


def url(home: Path) -> str:
    return f"sqlite+aiosqlite:///{home / 'ledger.db'}"


async def bury_one(home: Path) -> None:
    async with await Ledger.open(url(home)) as ledger:
        await inbox.put(ledger, [delivery("one")])
        (waiting,) = await inbox.take(ledger, 1)
        await inbox.bury(ledger, waiting.id, "It is not JSON.")


async def waiting(home: Path) -> int:
    async with await Ledger.open(url(home)) as ledger:
        return len(await inbox.take(ledger, 9))


def test_a_dead_letter_is_shown_with_its_reason_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    asyncio.run(bury_one(tmp_path))
    main(["events", "dead"])
    assert "1\tesignatures/sandbox" in (said := capsys.readouterr().out) and "It is not JSON." in said
    main(["events", "replay", "1"])
    assert asyncio.run(waiting(tmp_path)) == 1
    with pytest.raises(SystemExit) as ended:
        main(["events", "replay", "1"])
    assert ended.value.code == 1
    assert "esign events dead" in capsys.readouterr().err

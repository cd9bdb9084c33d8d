"""What `esign status` prints: a page however large the batch is, and every row when asked for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from cli.main import main
from cli.verbs.status import MOST
from ledger import planning, sending
from ledger.settings import read_settings
from ledger.store import Ledger
from tests.ledger.making import claimed, draft, row

ROWS = MOST + 20


@pytest.fixture
def batch_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A batch larger than a page, whose first two rows the provider has refused."""
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.delenv("ESIGN_LEDGER_URL", raising=False)

    async def make() -> str:
        async with await Ledger.open(read_settings({"ESIGN_HOME": str(tmp_path)}).ledger_url) as ledger:
            frozen = await planning.freeze(ledger, draft(*(row(number) for number in range(2, 2 + ROWS))))
            for one in await claimed(ledger, frozen.batch_id, 2):
                await sending.record_refused(ledger, one.request_id, 1, "The provider says no.")
            return frozen.batch_id

    return asyncio.run(make())


def test_a_large_batch_is_a_summary_with_the_rows_that_need_a_person(
    batch_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["status"])
    said = capsys.readouterr().out.splitlines()
    assert said[1] in (f"2 failed, {ROWS - 2} planned", f"{ROWS - 2} planned, 2 failed")
    assert [line.split("\t")[0] for line in said[2:5]] == ["row", "2", "3"]
    assert said[5].startswith("These are the 2 rows that need a person; `esign status bat_")


def test_every_row_or_those_of_one_state_are_printed_when_asked_for(
    batch_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["status", batch_id, "--all"])
    assert len([line for line in capsys.readouterr().out.splitlines() if "\t" in line]) == ROWS + 1
    main(["status", "--state", "failed"])
    assert len([line for line in capsys.readouterr().out.splitlines() if "\t" in line]) == 3
    with pytest.raises(SystemExit) as ended:
        main(["status", "--state", "lost"])
    assert ended.value.code == 2


def test_json_makes_the_same_choice_and_says_so(batch_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "--json"])
    page = json.loads(capsys.readouterr().out)
    assert (page["whole"], page["need_a_person"], len(page["rows"])) == (False, 2, 2)
    main(["status", "--json", "--all"])
    whole = json.loads(capsys.readouterr().out)
    assert (whole["whole"], len(whole["rows"]), whole["batch"]["id"]) == (True, ROWS, batch_id)
    assert whole["counts"] == page["counts"]

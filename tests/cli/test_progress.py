"""The sentence a sending ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.failures import AnswerIsNo
from cli.main import main
from cli.progress import conclude
from ledger import sending
from ledger.store import Ledger
from tests.ledger.making import claimed, planned


async def test_rows_left_over_are_a_no_that_says_when_to_go_on(tmp_path: Path) -> None:
    async with await Ledger.open(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as ledger:
        batch_id = await planned(ledger, 2)
        await conclude(ledger, batch_id, whole=False)
        with pytest.raises(AnswerIsNo, match=r"2 rows are not sent yet; the same command goes on with them\."):
            await conclude(ledger, batch_id, whole=True)
        for one in await claimed(ledger, batch_id, 2):
            await sending.record_nothing_happened(ledger, one.request_id, 1, not_before_seconds=90)
        with pytest.raises(AnswerIsNo, match=r"in (90|8\d) s"):
            await conclude(ledger, batch_id, whole=True)


async def test_every_kind_of_row_that_needs_a_person_has_its_way_on(tmp_path: Path) -> None:
    async with await Ledger.open(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}") as ledger:
        batch_id = await planned(ledger, 2)
        refused, unclear = await claimed(ledger, batch_id, 2)
        await sending.record_refused(ledger, refused.request_id, 1, "No.")
        await sending.record_uncertain(ledger, unclear.request_id, 1, "No answer.")
        with pytest.raises(AnswerIsNo, match=r"refused 1 rows.*--again.*1 rows may or may not"):
            await conclude(ledger, batch_id, whole=True)


@pytest.mark.parametrize("verb", ["plan", "send"])
@pytest.mark.parametrize("limit", ["0", "-1"])
def test_a_limit_below_one_is_a_wrong_use(verb: str, limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "nda", "people.csv", f"--limit={limit}"])
    assert ended.value.code == 2
    assert "--limit" in capsys.readouterr().err

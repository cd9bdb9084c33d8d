"""What a sheet's owner sees."""

from __future__ import annotations

import asyncio
import csv
import shutil
import time
from datetime import date
from pathlib import Path

import pytest

from connectors.signing.model import Snapshot, Status
from flows.events.writeback import lease_name, write_batch, write_due
from flows.send import prepare as preparing
from flows.send.job import run_batch
from flows.send.prepare import Prepared, RowsNotThere, prepare
from flows.send.refusals import show_refused
from ledger import batches, leases, outbox, planning, reading, sending
from ledger.schema import effects
from ledger.settings import Settings
from ledger.store import Ledger
from recipes import loading
from tests.flows.fake_provider import FakeProvider, says
from tests.ledger.making import lines

HEADER = "company,signer_name,signer_email,our_company,our_name,our_email,purpose,years,note\n"
ROW = (
    "Example Company {0:02},Signer {0},person{0:02}@example.com,"
    "Example Company 00,Signer Zero,person00@example.com,a project,3,mine\n"
)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(HEADER + "".join(ROW.format(number) for number in range(1, 4)))
    return path


@pytest.fixture
def account(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """The sandbox's account, as the environment would name it."""
    monkeypatch.setenv("ESIGN_SANDBOX_URL", provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")
    return provider


def cells(sheet: Path, column: str) -> list[str]:
    with sheet.open(newline="") as file:
        return [row[column] for row in csv.DictReader(file)]


async def prepared(ledger: Ledger, settings: Settings, sheet: Path, recipe: str = "nda", **more: object) -> Prepared:
    values: dict[str, object] = {"account": None, "campaign": None, "today": date(2026, 1, 1), **more}
    return await prepare(ledger, settings, recipe, sheet, **values)  # type: ignore[arg-type]


async def send(ledger: Ledger, settings: Settings, account: FakeProvider, ready: Prepared) -> str:
    frozen = await planning.freeze(ledger, ready.plan.draft(), again=ready.again)
    assert preparing.fingerprint(account.settings()) == ready.plan.sending.fingerprint
    await run_batch(ledger, frozen.batch_id, settings, open_account=account.open_account)
    return frozen.batch_id


async def test_a_sent_sheet_says_so_and_keeps_the_owners_cells(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    account.faults = [nothing, says(422, text="=bad name")]
    await send(ledger, settings, account, await prepared(ledger, settings, sheet))
    assert sorted(cells(sheet, "esign status")) == ["failed", "sent", "sent"]
    assert all(mark.startswith(f"{ledger.short_id}:req_") for mark in cells(sheet, "esign id"))
    assert "Signer 1" in cells(sheet, "esign waiting for") and "mine" in cells(sheet, "note")
    assert any("bad name" in problem for problem in cells(sheet, "esign problem"))
    assert not await outbox.due(ledger, "sheet", 10)


async def test_planning_a_sent_sheet_again_finds_everything_sent(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    first = await prepared(ledger, settings, sheet)
    await send(ledger, settings, account, first)
    again = await prepared(ledger, settings, sheet)
    assert (len(again.plan.send), len(again.plan.already), again.plan.hash) == (0, 3, first.plan.hash)
    assert account.calls["create"] == 3


async def test_a_request_whose_row_has_gone_is_named_before_a_new_row_goes_out(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    await send(ledger, settings, account, await prepared(ledger, settings, sheet))
    sheet.write_text(HEADER + ROW.format(1) + ROW.format(2))
    assert not (await prepared(ledger, settings, sheet)).plan.notes, "a row may be deleted"
    sheet.write_text(HEADER + ROW.format(1) + ROW.format(2) + ROW.format(4))
    plan = (await prepared(ledger, settings, sheet)).plan
    out = await planning.out_from(ledger, plan.sheet, "test", plan.sending.campaign)
    (gone,) = (id_ for key, id_ in out.items() if "03" in key)
    assert plan.notes[-1].startswith("1 request that is out has no row in this sheet any more")
    assert f"`esign request cancel {gone}`" in plan.notes[-1] and [row.row for row in plan.send] == [4]


async def test_rows_sorted_meanwhile_are_still_found(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    frozen = await planning.freeze(ledger, (await prepared(ledger, settings, sheet)).plan.draft())
    sheet.write_text(HEADER + "".join(ROW.format(number) for number in (3, 2, 1)))
    await run_batch(ledger, frozen.batch_id, settings, open_account=account.open_account)
    waiting = dict(zip(cells(sheet, "company"), cells(sheet, "esign waiting for"), strict=True))
    assert waiting == {f"Example Company {number:02}": f"Signer {number}" for number in (1, 2, 3)}


async def test_why_rows_are_refused_stands_in_the_sheet_until_they_are_right(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    good = sheet.read_text()
    sheet.write_text(good.replace("person02@example.com", "nowhere").replace("Example Company 03,", ","))
    bad = await prepared(ledger, settings, sheet)
    assert await show_refused(ledger, bad.plan)
    assert cells(sheet, "esign status") == ["", "refused", "refused"]
    assert "signer_email" in cells(sheet, "esign problem")[1] and "company" in cells(sheet, "esign problem")[2]
    text = (
        sheet.read_text()
        .replace("nowhere", "person02@example.com")
        .replace("\n,Signer 3", "\nExample Company 03,Signer 3")
    )
    sheet.write_text(text)
    right = await prepared(ledger, settings, sheet)
    assert not right.plan.refused
    await show_refused(ledger, right.plan)
    assert cells(sheet, "esign status") == ["", "", ""] == cells(sheet, "esign problem")


async def test_rows_and_limit_choose_and_a_row_that_is_not_there_is_said(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    assert (await prepared(ledger, settings, sheet, rows={3, 4})).rows == (3, 4)
    assert (await prepared(ledger, settings, sheet, limit=2)).rows == (2, 3)
    with pytest.raises(RowsNotThere, match="no row 9"):
        await prepared(ledger, settings, sheet, rows={9})


async def test_a_sheet_somebody_else_writes_is_left_to_them(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    await planning.freeze(ledger, (await prepared(ledger, settings, sheet)).plan.draft())
    before = sheet.read_bytes()
    await leases.acquire(ledger, lease_name(str(sheet)), "somebody else", 1.0)
    assert await write_due(ledger) == 0 and sheet.read_bytes() == before
    await asyncio.sleep(1.1)
    assert await write_due(ledger) == 3 and cells(sheet, "esign status") == ["planned"] * 3


async def test_a_sheet_that_is_gone_keeps_no_other_from_being_written(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text(HEADER + ROW.format(9))
    for path in (sheet, other):
        await planning.freeze(ledger, (await prepared(ledger, settings, path)).plan.draft())
    sheet.unlink()
    assert await write_due(ledger) == 1 and cells(other, "esign status") == ["planned"]
    assert not sheet.exists()
    later = await lines(ledger, effects, kind="sheet", state="due")
    assert [line["tries"] for line in later] == [1] * 3 and all("no sheet" in line["problem"] for line in later)


async def test_a_sheet_that_stands_as_it_was_left_gets_the_changed_rows_alone(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    frozen = await planning.freeze(ledger, (await prepared(ledger, settings, sheet)).plan.draft())
    left: dict[str, tuple[int, ...]] = {}
    assert await write_due(ledger, left) == 3
    file = sheet.stat().st_ino
    await write_batch(ledger, frozen.batch_id, left)
    assert sheet.stat().st_ino == file, "nothing has changed, so it is not even read"
    (one, *_) = await sending.claim(ledger, frozen.batch_id, "a process", 1, 60.0)
    await sending.record_sent(ledger, one.request_id, 1, Snapshot(id="P1", status=Status.SENT))
    shown = reading.sheet_portions(ledger, str(sheet), {one.request_id})
    assert [[row.request_id for row in portion] async for portion in shown] == [[one.request_id]]
    await write_batch(ledger, frozen.batch_id, left)
    assert cells(sheet, "esign status") == ["sent", "planned", "planned"]
    assert not await outbox.due(ledger, "sheet", 10)


async def test_a_sheet_of_more_rows_than_are_written_in_one_go_is_written_to_its_end(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.events.writeback.AT_ONCE", 1)
    monkeypatch.setattr("ledger.reading.PORTION", 1)
    frozen = await planning.freeze(ledger, (await prepared(ledger, settings, sheet)).plan.draft())
    await write_batch(ledger, frozen.batch_id)
    assert cells(sheet, "esign status") == ["planned"] * 3
    assert not await outbox.due(ledger, "sheet", 10)


async def test_what_an_old_copy_saved_over_it_has_lost_is_shown_again(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    frozen = await planning.freeze(ledger, (await prepared(ledger, settings, sheet)).plan.draft())
    before, left = sheet.read_text(), dict[str, tuple[int, ...]]()
    assert await write_due(ledger, left) == 3
    sheet.write_text(before)
    await write_batch(ledger, frozen.batch_id, left)
    assert cells(sheet, "esign status") == ["planned"] * 3


async def test_a_batch_whose_sheet_is_gone_is_sent_and_says_so(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    frozen = await planning.freeze(ledger, (await prepared(ledger, settings, sheet)).plan.draft())
    sheet.unlink()
    outcome = await run_batch(ledger, frozen.batch_id, settings, open_account=account.open_account)
    assert outcome.sent == 3 and "no sheet" in (outcome.sheet_problem or "")


async def test_a_refused_row_that_is_sent_again_shows_its_newest_round_alone(
    ledger: Ledger, settings: Settings, account: FakeProvider, sheet: Path
) -> None:
    account.faults = [nothing, says(422), says(422)]
    first = await send(ledger, settings, account, await prepared(ledger, settings, sheet))
    assert (await prepared(ledger, settings, sheet)).rows == ()
    again = await prepared(ledger, settings, sheet, again=True, limit=1)
    assert len(again.plan.send) == 2 and len(again.again) == 1
    assert await send(ledger, settings, account, again) == first
    assert sorted(cells(sheet, "esign status")) == ["failed", "sent", "sent"]
    counts = await batches.counts(ledger, first)
    assert (counts.get("sent"), counts.get("failed"), len(account.contracts)) == (2, 1, 2)
    assert [row.row for row in await reading.rows(ledger, first)] == [2, 3, 4]


async def test_what_is_out_under_last_years_name_is_not_sent_again_under_this_years_unasked(
    ledger: Ledger, settings: Settings, account: FakeProvider, tmp_path: Path
) -> None:
    yearly, sheet = tmp_path / "yearly", tmp_path / "few.csv"
    shutil.copytree(loading.folders()["nda"], yearly)
    with (yearly / "recipe.yaml").open("a") as file:
        file.write('\ncampaign: "nda {{ year }}"\n')
    sheet.write_text(HEADER + ROW.format(1))
    before = await prepared(ledger, settings, sheet, str(yearly), today=date(2025, 12, 31))
    await send(ledger, settings, account, before)
    after = await prepared(ledger, settings, sheet, str(yearly), today=date(2026, 1, 1))
    (row,) = after.plan.refused
    assert "--campaign 'nda 2025'" in (row.problem or "")
    for named, verdict in {"nda 2025": "unchanged", "nda 2026": "send"}.items():
        ready = await prepared(ledger, settings, sheet, str(yearly), campaign=named, today=date(2026, 1, 1))
        assert [str(row.verdict) for row in ready.plan.rows] == [verdict]


def test_the_day_is_that_of_this_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    days = []
    for zone in ("Etc/GMT+12", "Etc/GMT-14"):  # 26 hours apart: never the same day
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        days.append(preparing.today())
    monkeypatch.undo()
    time.tzset()
    assert days[0] < days[1]


async def nothing(request: object) -> None:
    """No fault."""

"""Looks at a sheet that people are working in: what goes out, when, and what never does."""

from __future__ import annotations

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from connectors.sheets import NoRows, read
from flows.send.plan import PlanRow
from flows.watch.edits import edits
from flows.watch.job import Watching, look
from flows.watch.looking import CannotWatch
from ledger import batches
from tests.flows.fake_provider import says
from tests.flows.watch.desk import COLUMNS, Desk, person

ONE, TWO, THREE = (f"Example Company {number:02}" for number in (1, 2, 3))


def shown(desk: Desk, column: str = "esign status") -> list[str]:
    return [line.get(column) or "" for line in desk.lines()]


async def test_a_row_that_says_yes_goes_out_at_the_second_look_and_never_again(desk: Desk) -> None:
    desk.write(person(1), person(2, "no"), person(3, ""))
    assert await desk.look() == [] and desk.turns[-1].unsettled == 1
    assert await desk.look() == [ONE]
    assert await desk.look() == await desk.look() == []
    assert shown(desk) == ["sent", "", ""]


async def test_a_row_that_changes_between_two_looks_waits_for_another(desk: Desk) -> None:
    desk.write(person(1))
    await desk.look()
    desk.say(0, "purpose", "another project")
    assert await desk.look() == []
    assert await desk.look() == [ONE]


async def test_who_takes_the_yes_back_is_not_sent_and_has_to_be_seen_twice_again(desk: Desk) -> None:
    desk.write(person(1))
    await desk.look()
    desk.say(0, "send", "")
    assert await desk.look() == []
    desk.say(0, "send", "yes")
    assert await desk.look() == []
    assert await desk.look() == [ONE]


@pytest.mark.parametrize("word", ["Yes", "TRUE", "x", "1", "ja", " oui ", "✓"])
async def test_yes_is_understood_as_people_write_it(desk: Desk, word: str) -> None:
    desk.write(person(1, word), person(2, "maybe"), person(3, "not yet"))
    await desk.look()
    assert await desk.look() == [ONE]


async def test_sorted_rows_and_moved_columns_are_the_same_rows(desk: Desk) -> None:
    desk.write(person(1), person(2))
    await desk.look()
    desk.write(*({name: line[name] for name in reversed(line)} for line in reversed(desk.lines())))
    assert sorted(await desk.look()) == [ONE, TWO]


async def test_no_more_than_so_many_go_out_in_one_run_and_the_others_follow(desk: Desk) -> None:
    desk.most = 2
    desk.write(*(person(number) for number in range(1, 6)))
    counts = [len(await desk.look()) for _ in range(5)]
    assert counts == [0, 2, 2, 1, 0] and [turn.later for turn in desk.turns] == [0, 3, 1, 0, 0]


async def test_a_bad_row_is_shown_holds_up_nobody_and_goes_out_once_it_is_good(desk: Desk) -> None:
    desk.write(person(1) | {"signer_email": "nobody"}, person(2), person(3, "") | {"signer_email": "later"})
    await desk.look()
    assert await desk.look() == [TWO]
    assert shown(desk) == ["refused", "sent", ""] and "nobody" in shown(desk, "esign problem")[0]
    desk.say(0, "signer_email", "person01@example.com")
    assert await desk.look() == [] and shown(desk) == ["", "sent", ""]
    assert await desk.look() == [ONE]
    assert shown(desk) == ["sent", "sent", ""]


async def test_a_look_that_finds_nothing_new_leaves_the_file_as_it_is(desk: Desk) -> None:
    desk.write(person(1) | {"signer_email": "nobody"}, person(2))
    for _ in range(3):
        await desk.look()
    before = desk.path.stat()
    await desk.look()
    after = desk.path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


async def test_an_edit_of_a_sent_row_sends_nothing_and_is_new_once(desk: Desk) -> None:
    desk.write(person(1), person(2))
    for _ in range(2):
        await desk.look()
    desk.say(1, "purpose", "something else")
    assert await desk.look() == []
    (row,) = desk.turns[-1].new_edits
    assert row.row == 3 and row.known is not None
    report = edits(desk.turns[-1].looked.edited, desk.turns[-1].new_edits)
    assert f"| 3 (new) | `{row.known.request_id}` | sent |" in report
    for verb in ("correct", "cancel"):
        assert f"`esign request {verb} {row.known.request_id}`" in report
    assert "Example" not in report and "Signer" not in report and "something else" not in report
    await desk.look()
    assert desk.turns[-1].looked.edited == (row,) and not desk.turns[-1].new_edits
    desk.say(1, "purpose", "something else again")
    await desk.look()
    assert len(desk.turns[-1].new_edits) == 1
    desk.say(1, "purpose", "a project")
    await desk.look()
    assert desk.turns[-1].looked.edited == ()


async def test_beside_a_workbook_a_bad_row_is_shown_and_taken_away_again(desk: Desk) -> None:
    desk.path = desk.path.with_suffix(".xlsx")
    beside = desk.path.with_name("people.status.xlsx")

    def save(**changes: str) -> None:
        book = Workbook()
        for line in (COLUMNS, tuple((person(1) | changes).values())):
            book.active.append(line)
        book.save(desk.path)

    save(send="no")
    await desk.look()
    assert not beside.exists()
    save(years="three")
    await desk.look()
    assert read(beside).rows[0].cells["esign status"] == "refused"
    save(send="no")
    await desk.look()
    assert read(beside).rows[0].cells["esign status"] == ""
    assert read(beside).rows[0].cells["esign problem"] == ""
    save()
    assert await desk.look() == [] and await desk.look() == [ONE]


async def test_what_the_provider_refused_is_not_tried_again_by_itself(desk: Desk) -> None:
    desk.write(person(1))
    desk.provider.faults = [says(422)]
    for _ in range(4):
        assert await desk.look() == []
    assert desk.provider.calls["create"] == 1 and shown(desk) == ["failed"]
    desk.say(0, "purpose", "another project")
    await desk.look()
    (row,) = desk.turns[-1].new_edits
    assert "--again" in edits([row], [row]) and await desk.look() == []


async def test_what_a_run_left_planned_goes_out_with_the_next_one(desk: Desk) -> None:
    desk.write(person(1), person(2))
    await desk.look()
    desk.provider.faults = [says(401)]
    assert await desk.look() == []
    assert sorted(await desk.look()) == [ONE, TWO] and len(desk.provider.contracts) == 2


async def test_rows_in_a_batch_that_a_person_holds_stay_there(desk: Desk) -> None:
    desk.write(person(1))
    await desk.look()
    desk.provider.faults = [says(401)]
    await desk.look()
    (batch,) = await batches.batches(desk.ledger)
    await batches.hold(desk.ledger, batch.id, "Somebody said stop.")
    desk.edit(lambda lines: lines.append(person(2)))
    assert await desk.look() == [] and desk.turns[-1].held == 1
    assert await desk.look() == [TWO]
    await batches.release(desk.ledger, batch.id)
    assert await desk.look() == [ONE]


async def test_two_sheets_are_two_watches(desk: Desk) -> None:
    desk.write(person(1))
    await desk.look()
    other = Desk(desk.ledger, desk.settings, desk.provider, desk.path.with_name("others.csv"))
    other.write(person(1))
    assert await other.look() == [] and await other.look() == [ONE]
    assert await desk.look() == []


async def test_a_sheet_without_rows_or_without_the_column_says_so(desk: Desk) -> None:
    desk.write()
    with pytest.raises(NoRows):
        await desk.look()
    line = person(1)
    del line["send"]
    desk.write(line)
    with pytest.raises(CannotWatch, match="no column 'send'"):
        await desk.look()
    with pytest.raises(CannotWatch, match="at least 1"):
        await look(desk.ledger, desk.settings, Watching("nda", str(desk.path), max_per_run=0))


async def test_nothing_that_stands_in_the_sheet_is_kept_of_a_look(desk: Desk) -> None:
    desk.write(person(1), person(2))
    await desk.look()
    async with desk.ledger.read() as connection:
        kept = (await connection.execute(text("SELECT watch, row_key, seen FROM looks"))).all()
    assert len(kept) == 2
    assert all(len(cell) == 64 and set(cell) <= set("0123456789abcdef") for row in kept for cell in row)
    desk.edit(lambda lines: lines.pop())
    assert await desk.look() == [ONE]
    await desk.look()
    async with desk.ledger.read() as connection:
        assert len((await connection.execute(text("SELECT * FROM looks"))).all()) == 0


def test_long_reports_are_cut() -> None:
    from flows.send.plan import PlanVerdict
    from ledger.drafts import Known
    from ledger.states import RequestState

    known = Known(request_id="req_x", batch_id="bat_x", state=RequestState.SENT, key="k", row=1, round=1, attempts=1)
    rows = [PlanRow(number, "k", PlanVerdict.EDITED, known=known) for number in range(2, 300)]
    assert "And 98 more." in edits(rows, rows)

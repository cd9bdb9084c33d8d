"""Failures of sheets and recipes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from connectors import sheets
from flows.send.flow import send_batch
from flows.watch.flow import watch_sheet
from recipes import loading
from recipes.errors import RecipeError
from recipes.rendering import check_columns
from tests.privacy.canaries import STEM
from tests.privacy.failures.catalogue import failure
from tests.privacy.provider import takes
from tests.privacy.room import Room


@failure
async def a_row_with_a_bad_address(room: Room) -> None:
    sheet = room.sheet({**room.person.row, "signer_email": room.person.no_address})
    state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
    assert state.is_failed() and "1 of 1 rows" in (state.message or "")
    assert room.person.no_address in room.cells(sheet, "esign problem")[0]


@failure
async def rows_that_contradict_each_other(room: Room) -> None:
    sheet = room.sheet(room.person.row, {**room.person.row, "purpose": room.person.other_purpose})
    state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
    assert state.is_failed() and room.cells(sheet, "esign status") == ["refused", "refused"]


@failure
async def a_row_whose_key_was_edited(room: Room) -> None:
    sheet = room.sheet()
    assert (await send_batch(recipe="nda", sheet=str(sheet), return_state=True)).is_completed()
    sheet.write_text(sheet.read_text().replace(room.person.company, room.person.new_company))
    state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
    assert state.is_failed() and room.person.company in room.cells(sheet, "esign problem")[0]


@failure
async def a_sheet_without_its_columns_so_that_a_person_stands_where_they_should(room: Room) -> None:
    sheet = room.folder / "list.csv"
    sheet.write_text(",".join(value.replace('"', "") for value in room.person.row.values()) + "\n1,2,3,4,5,6,7,8,9\n")
    with pytest.raises(RecipeError, match=f"(?i){STEM}"):
        check_columns(loading.load("nda"), sheets.read(sheet).columns)
    state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
    assert (state.message or "").endswith("Withheld: RecipeError")


@failure
async def a_sheet_that_names_a_person_twice_in_its_first_row(room: Room) -> None:
    sheet = room.folder / "list.csv"
    sheet.write_text(f"{room.person.company},{room.person.company}\n1,2\n")
    state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
    assert (state.message or "").endswith("Withheld: SheetError")


@failure
async def a_template_that_gives_no_address(room: Room) -> None:
    sheet, recipe = room.sheet(), room.recipe(reply_to='"{{ company }}"')
    state = await send_batch(recipe=recipe, sheet=str(sheet), return_state=True)
    assert state.is_failed() and room.person.company in room.cells(sheet, "esign problem")[0]


@failure
async def a_template_that_cannot_be_filled_in(room: Room) -> None:
    sheet, recipe = room.sheet(), room.recipe(message='"{{ company + 1 }}"')
    state = await send_batch(recipe=recipe, sheet=str(sheet), return_state=True)
    assert state.is_failed() and "cannot be filled in" in room.cells(sheet, "esign problem")[0]


@failure
async def a_recipe_with_a_wrong_value(room: Room) -> None:
    recipe = room.recipe(expires_in_days=room.person.days)
    state = await send_batch(recipe=recipe, sheet=str(room.sheet()), return_state=True)
    assert (state.message or "").endswith("Withheld: RecipeError")


@failure
async def a_recipe_that_names_a_person_where_a_column_should_stand(room: Room) -> None:
    name = room.person.column.replace("-", "_")
    recipe = room.recipe(archive=f'"{{{{ {name} }}}}"')
    with pytest.raises(RecipeError, match=name):
        loading.load(recipe)
    state = await send_batch(recipe=recipe, sheet=str(room.sheet()), return_state=True)
    assert (state.message or "").endswith("Withheld: RecipeError")


@failure
async def a_workbook_in_which_a_person_stands_in_merged_headers(room: Room) -> None:
    sheet = room.folder / "list.xlsx"
    with xlsxwriter.Workbook(sheet) as book:
        page = book.add_worksheet()
        page.merge_range("A1:B1", room.person.company)
        page.write_row("A2", room.person.row.values())
    state = await send_batch(recipe="nda", sheet=str(sheet), return_state=True)
    assert (state.message or "").endswith("Withheld: SheetError")


@failure
async def a_row_that_says_something_else_when_its_sheet_is_watched_again(room: Room) -> None:
    sheet = room.sheet({**room.person.row, "send": "yes"})
    for _ in range(2):
        state = await watch_sheet(recipe="nda", sheet=str(sheet), return_state=True)
    assert state.is_completed() and room.provider.calls["create"] == 1
    sheet.write_text(sheet.read_text().replace(room.person.row["purpose"], room.person.other_purpose))
    state = await watch_sheet(recipe="nda", sheet=str(sheet), return_state=True)
    assert "1 were edited after sending" in (state.message or "")


@failure
async def a_sheet_that_is_gone_when_results_are_to_be_written(room: Room) -> None:
    await _with_sheet_harmed(room, Path.unlink)


@failure
async def a_sheet_that_has_become_a_folder(room: Room) -> None:
    def replaced(sheet: Path) -> None:
        sheet.unlink()
        sheet.mkdir()

    await _with_sheet_harmed(room, replaced)


@failure
async def a_sheet_that_is_no_text_any_more(room: Room) -> None:
    await _with_sheet_harmed(room, lambda sheet: sheet.write_bytes(f"\0{room.person.name}".encode()))


@failure
async def a_sheet_that_somebody_keeps_saving(room: Room) -> None:
    sheet = room.sheet(name=f"{room.person.sheet}.csv")
    batch = await room.frozen(sheet)
    stop = asyncio.Event()

    def save() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            sheet.write_text(f"company,signer_email,note\n{room.person.company},{room.person.email},{number:09}\n")

    saving = asyncio.create_task(asyncio.to_thread(save))
    try:
        assert (await send_batch(batch=batch, return_state=True)).is_completed()
    finally:
        stop.set()
        await saving
    assert room.sql("SELECT count(*) FROM effects WHERE kind = 'sheet' AND state = 'due'") == [(1,)]


async def _with_sheet_harmed(room: Room, harm: Callable[[Path], object]) -> None:
    """Harm the sheet while its row is being sent; the batch is sent all the same, and the row stays to be written."""
    sheet = room.sheet(name=f"{room.person.sheet}.csv")
    batch = await room.frozen(sheet)
    room.provider.faults = [takes(0.2)]
    sending = asyncio.ensure_future(send_batch(batch=batch, return_state=True))
    while not room.provider.calls["create"]:
        await asyncio.sleep(0.01)
    harm(sheet)
    assert (await sending).is_completed()
    assert room.sql("SELECT count(*) FROM effects WHERE kind = 'sheet' AND state = 'due'") == [(1,)]

"""Failures of parameters. What their caller types is told apart: Prefect keeps it with the run, by itself."""

from __future__ import annotations

from typing import Any, cast

from flows.remind.flow import send_reminders
from flows.send.flow import send_batch
from tests.privacy.canaries import TYPED
from tests.privacy.failures.catalogue import failure
from tests.privacy.room import Room


@failure
async def a_run_that_is_told_neither_a_batch_nor_a_sheet(room: Room) -> None:
    state = await send_batch(return_state=True)
    assert "CannotSend: Give either a batch" in (state.message or "")


@failure
async def a_parameter_of_the_wrong_type(room: Room) -> None:
    typed = cast(Any, [f"{TYPED}-rows"])
    assert (await send_batch(batch="bat_x", rows=typed, return_state=True)).is_failed()


@failure
async def a_time_that_is_none(room: Room) -> None:
    assert (await send_reminders(now=cast(Any, f"{TYPED}-now"), return_state=True)).is_failed()


@failure
async def a_batch_by_the_name_of_its_sheet(room: Room) -> None:
    assert (await send_batch(batch=f"{TYPED}-batch", return_state=True)).is_failed()


@failure
async def a_sheet_that_is_not_there(room: Room) -> None:
    state = await send_batch(recipe="nda", sheet=f"/nowhere/{TYPED}-sheet.csv", return_state=True)
    assert (state.message or "").endswith("Withheld: SheetError")


@failure
async def a_recipe_that_is_not_there(room: Room) -> None:
    state = await send_batch(recipe=f"{TYPED}-recipe", sheet=str(room.sheet()), return_state=True)
    assert (state.message or "").endswith("Withheld: RecipeError")


@failure
async def a_campaign_nobody_planned(room: Room) -> None:
    rows = room.sheet({**room.person.row, "signer_email": "?"})
    state = await send_batch(recipe="nda", sheet=str(rows), campaign=f"{TYPED}-campaign", return_state=True)
    assert state.is_failed()

"""Failures of what a provider reports, and of what follows from it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.filesystems import LocalFileSystem

from flows.archive.naming import confined
from flows.events.flow import process_events
from tests.privacy.canaries import SHARED, canary
from tests.privacy.failures.catalogue import failure_at_the_receiver
from tests.privacy.room import Room, quietly


@failure_at_the_receiver
async def a_genuine_webhook_that_nobody_can_read(room: Room) -> None:
    assert await room.deliver(f"{room.person.name} <{room.person.email}> has signed".encode()) == 200
    assert (await drained()).is_completed()
    assert room.sql(f"SELECT state FROM inbox WHERE CAST(body AS TEXT) LIKE '{room.person.company[:10]}%'") == [
        ("dead",)
    ]


@failure_at_the_receiver
async def a_genuine_webhook_that_names_no_contract(room: Room) -> None:
    body = json.dumps({"status": "signer-signed", "data": {"signer": room.person.row}}).encode()
    assert await room.deliver(body) == 200
    assert (await drained()).is_completed()


@failure_at_the_receiver
async def a_genuine_webhook_about_something_new(room: Room) -> None:
    await room.sent()
    assert await room.deliver(room.report(room.person.event)) == 200
    assert (await drained()).is_completed()
    assert room.sql(f"SELECT what FROM history WHERE name = '{room.person.event}'") == [("unknown",)]


@failure_at_the_receiver
async def a_webhook_with_a_wrong_signature(room: Room) -> None:
    body = json.dumps({"status": "signer-signed", "data": {"signer": room.person.row}}).encode()
    assert await room.deliver(body, key=room.person.key) == 401


@failure_at_the_receiver
async def a_webhook_at_an_address_nobody_gave_out(room: Room) -> None:
    assert await room.deliver(b"{}", path=f"{room.person.path}?for={room.person.email}") == 404


@failure_at_the_receiver
async def a_webhook_that_is_too_long(room: Room) -> None:
    assert await room.deliver(room.person.name.encode() * 60_000) == 413


@failure_at_the_receiver
async def somebody_who_declines_and_says_why(room: Room) -> None:
    await room.sent()
    assert await room.deliver(room.report("signer-declined", reason_for_decline=room.person.reason)) == 200
    assert (await drained()).is_completed()
    assert room.sql(f"SELECT reason FROM history WHERE what = 'declined' AND reason = '{room.person.reason}'")


@failure_at_the_receiver
async def an_address_mail_comes_back_from(room: Room) -> None:
    await room.sent()
    why = f"no mailbox {room.person.email}"
    assert await room.deliver(room.report("error", error_code="email-delivery-failed", error_message=why)) == 200
    assert (await drained()).is_completed()


@failure_at_the_receiver
async def a_signed_document_that_is_refused_with_its_address_echoed(room: Room) -> None:
    room.provider.file_status = 403
    await _completed(room)
    assert _archiving(room) == ("due", "PermanentError")


@failure_at_the_receiver
async def a_signed_document_at_an_address_that_is_not_allowed(room: Room) -> None:
    await room.sent(account="default")
    link = f"{room.provider.url}/files/1?key={room.person.link}"
    signed = {**room.provider.contracts[-1], "contract_pdf_url": link}
    assert await room.deliver(room.report("contract-signed", signed), account="default") == 200
    assert (await drained()).is_completed()
    assert _archiving(room) == ("due", "PermanentError")


@failure_at_the_receiver
async def an_archive_that_complains_about_a_document_by_its_name(room: Room) -> None:
    await room.sent()
    ((name, ref),) = room.sql(f"SELECT archive_name, ref FROM requests WHERE key LIKE '{room.person.company}%'")
    (room.home / "archive" / confined(name, ref)).mkdir(parents=True)
    await _completed(room, sent=True)
    assert _archiving(room) == ("due", "ValueError")


@failure_at_the_receiver
async def an_archive_block_that_is_not_there(room: Room) -> None:
    os.environ["ESIGN_ARCHIVE"] = "local-file-system/nowhere"
    await _completed(room)
    assert _archiving(room) == ("due", "ArchiveNotFound")


@failure_at_the_receiver
async def an_archive_block_whose_folder_is_a_file(room: Room) -> None:
    place = room.folder / "archive"  # a block's settings that are no secret stand in Prefect's event about its saving
    place.write_text("not a folder")
    with quietly():
        await LocalFileSystem(basepath=str(place)).save("blocked", overwrite=True)
    os.environ["ESIGN_ARCHIVE"] = "local-file-system/blocked"
    await _completed(room)
    assert _archiving(room)[0] == "due"


@failure_at_the_receiver
async def an_archive_folder_that_cannot_be_made(room: Room) -> None:
    place = Path(room.folder / room.person.place)
    place.write_text("not a folder")
    os.environ["ESIGN_ARCHIVE"] = str(place / room.person.folder)
    await _completed(room)
    assert _archiving(room) == ("due", "NotADirectoryError")


async def drained() -> State[Any]:
    return await process_events(linger_seconds=0, return_state=True)


async def _completed(room: Room, *, sent: bool = False) -> None:
    """Send the row unless it is sent, report it as signed by all, and drain."""
    if not sent:
        await room.sent()
    link = f"{room.provider.url}/files/1?key={canary(room.person.number, 'link')}&token={canary(SHARED, 'link')}"
    signed = {**room.provider.contracts[-1], "status": "signed", "contract_pdf_url": link}
    assert await room.deliver(room.report("contract-signed", signed)) == 200
    assert (await drained()).is_completed()


def _archiving(room: Room) -> tuple[str, str]:
    ((state, problem),) = room.sql(
        "SELECT effects.state, effects.problem FROM effects JOIN requests ON requests.id = request_id "
        f"WHERE kind = 'archive' AND key LIKE '{room.person.company}%'"
    )
    return state, problem

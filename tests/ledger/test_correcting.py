"""A signer corrected at the provider, as the ledger keeps it and as later news finds them."""

from __future__ import annotations

import pytest

from connectors.signing.model import EventType, Signer, SignerSnapshot, SignerStatus, Snapshot, Status
from ledger import applying, correcting, planning, resending, voiding
from ledger.drafts import Correction, content_hash
from ledger.schema import effects, history, requests, signers
from ledger.states import RequestState
from ledger.store import Ledger
from tests.ledger.making import PLAN, event, hear, lines, row, sent

RIGHT = "person07@example.com"
MOVED = Correction(email=RIGHT)


async def correct(ledger: Ledger, request_id: str, place: int, what: Correction = MOVED, *, anew: bool = True) -> bool:
    return await correcting.corrected(ledger, request_id, f"{request_id}.{place}", what, anew=anew)


async def test_what_the_provider_accepted_is_in_signer_content_and_history(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    what = Correction(name="Signer Seven", email=RIGHT, mobile="+12025550107")
    assert await correct(ledger, request_id, 1, what)
    first, second = await lines(ledger, signers)
    assert (first["name"], first["email"], first["state"]) == ("Signer Seven", RIGHT, "invited")
    assert (second["name"], second["email"], second["state"]) == ("Signer 2", "person02@example.com", "waiting")
    one, other = await correcting.present(ledger, request_id)
    assert (one.mobile, one.in_turn, other.mobile, other.in_turn) == ("+12025550107", True, None, False)
    (line,) = await lines(ledger, history, what="corrected")
    assert (line["signer_id"], line["reason"]) == (first["id"], "name, email, mobile")
    assert RIGHT not in str(line) and "Seven" not in str(line)
    told = [one["payload"] for one in await lines(ledger, effects, kind="event")]
    (said,) = [payload for payload in told if payload["name"] == "esign.request.corrected"]
    assert said["request_id"] == request_id
    assert RIGHT not in str(said) and "Seven" not in str(said)


async def test_a_row_counts_as_sent_with_the_correction_and_without_it_and_as_edited_otherwise(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    planned = row(2, orders=(1, 2)).request

    def with_second(**data: str) -> bytes:
        people = (planned.signers[0], Signer(**{**dict(planned.signers[1]), **data}))
        return content_hash(planned.model_copy(update={"signers": people}))

    await correct(ledger, request_id, 2)
    await correct(ledger, request_id, 2, Correction(mobile="+12025550107"))
    (known,) = (await planning.known(ledger, "test", "spring", ["key of P1"])).values()
    assert known.says(with_second(email=RIGHT, mobile="+12025550107"))
    assert known.says(content_hash(planned))
    assert not known.says(with_second(email=RIGHT)) and not known.says(with_second(email="person08@example.com"))


async def test_whose_turn_it_is_not_is_corrected_and_not_asked(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    assert not await correct(ledger, request_id, 2)
    assert not await correct(ledger, request_id, 1, Correction(name="Signer Seven"), anew=False)
    assert [one["state"] for one in await lines(ledger, signers)] == ["invited", "waiting"]


async def test_who_is_reached_elsewhere_starts_anew_and_keeps_the_count_of_reminders(ledger: Ledger) -> None:
    request_id = await sent(ledger, reminders=PLAN)
    await hear(ledger, event(EventType.VIEWED, who=1))
    (before,) = await lines(ledger, signers)
    async with ledger.begin() as connection:
        await connection.execute(signers.update().values(reminded=1))
    assert await correct(ledger, request_id, 1)
    (after,) = await lines(ledger, signers)
    assert (after["state"], after["viewed_at"], after["reminded"]) == ("invited", None, 1)
    assert after["invited_at"] >= before["invited_at"]
    assert after["next_reminder_at"] == after["invited_at"] + PLAN.first + PLAN.every


async def test_a_bounce_is_mended_by_another_address(ledger: Ledger) -> None:
    request_id = await sent(ledger, reminders=PLAN)
    await hear(ledger, event(EventType.BOUNCED, reason="No such mailbox."))
    (line,) = await lines(ledger, requests)
    assert line["problem"] == "No such mailbox."
    assert await correct(ledger, request_id, 1)
    (line,), (person,) = await lines(ledger, requests), await lines(ledger, signers)
    assert (line["problem"], line["last_event"], person["state"]) == (None, "corrected", "invited")
    assert person["next_reminder_at"] is not None


@pytest.mark.parametrize("address", ["person01@example.com", RIGHT])
async def test_events_with_the_old_address_and_with_the_new_one_find_the_signer(ledger: Ledger, address: str) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await correct(ledger, request_id, 1)
    await hear(ledger, event(EventType.SIGNED, who=1).model_copy(update={"signer_email": address}))
    assert [one["state"] for one in await lines(ledger, signers)] == ["signed", "invited"]


async def test_an_event_that_names_nothing_but_the_new_address_finds_the_signer(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await correct(ledger, request_id, 1)
    await hear(ledger, event(EventType.SIGNED, signer_email=RIGHT))
    assert [one["state"] for one in await lines(ledger, signers)] == ["signed", "invited"]


async def test_what_the_provider_shows_after_a_correction_is_taken_in(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await correct(ledger, request_id, 1)
    shown = (
        SignerSnapshot(id="s1", email=RIGHT, status=SignerStatus.SIGNED),
        SignerSnapshot(id="s2", email="person02@example.com"),
    )
    assert await applying.observe(ledger, request_id, Snapshot(id="P1", status=Status.SENT, signers=shown))
    assert [one["state"] for one in await lines(ledger, signers)] == ["signed", "invited"]


async def test_an_unclear_correction_stands_in_the_row_until_it_is_clear(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    for _ in range(2):
        await correcting.unclear(ledger, request_id)
    (line,), noted = await lines(ledger, requests), await lines(ledger, history, what="not corrected")
    assert line["problem"] == correcting.UNKNOWN and len(noted) == 1
    await correct(ledger, request_id, 1)
    assert (await lines(ledger, requests))[0]["problem"] is None


async def test_a_correction_of_what_has_ended_meanwhile_moves_nothing_and_asks_nobody(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await hear(ledger, event(EventType.SIGNED, who=1), event(EventType.COMPLETED))
    assert not await correct(ledger, request_id, 1)
    await correcting.unclear(ledger, request_id)
    (line,), (person,) = await lines(ledger, requests), await lines(ledger, signers)
    assert (line["state"], line["last_event"], line["problem"]) == ("completed", "completed", None)
    assert (person["state"], person["email"]) == ("signed", RIGHT)


async def test_sent_anew_from_the_ledger_it_goes_to_the_corrected_address(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await correct(ledger, request_id, 1)
    await voiding.withdrawn(ledger, request_id)
    (line,) = await lines(ledger, requests)
    assert await resending.open_rounds(ledger, line["batch_id"], {RequestState.CANCELED}) == 1
    assert [one["email"] for one in await lines(ledger, signers)] == [RIGHT, RIGHT]
    (known,) = (await planning.known(ledger, "test", "spring", ["key of P1"])).values()
    assert known.round == 2 and known.says(content_hash(row(2).request))

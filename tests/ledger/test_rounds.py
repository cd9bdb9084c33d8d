"""A row that was sent anew and had been sent the first time after all: nothing more goes out, or somebody sees it."""

from __future__ import annotations

from connectors.signing.model import EventType
from ledger import reading, resending, sending, settling, voiding
from ledger.overview import overview
from ledger.schema import requests
from ledger.states import RequestState
from ledger.store import Ledger
from tests.ledger.making import claimed, event, hear, lines, planned, snapshot

CANCELED = RequestState.CANCELED


async def sent_anew_too_early(ledger: Ledger) -> tuple[str, str]:
    """A row in doubt of which a person said that it was not out, and that was taken back and planned anew; with the
    mark under which it is out after all."""
    batch_id = await planned(ledger, 1)
    (one,) = await claimed(ledger, batch_id)
    await sending.record_uncertain(ledger, one.request_id, 1, "No answer.")
    assert await settling.resolve(ledger, one.request_id, None)
    assert await voiding.take_back_planned(ledger, batch_id) == 1
    assert await resending.open_rounds(ledger, batch_id, {CANCELED}) == 1
    return batch_id, one.ref


async def test_a_further_round_does_not_go_out_once_the_first_turns_out_to_be(ledger: Ledger) -> None:
    batch_id, ref = await sent_anew_too_early(ledger)
    (first,) = await hear(ledger, event(EventType.INVITED, "P9", ref=ref))
    assert await claimed(ledger, batch_id, 9) == []
    (row,) = await reading.rows(ledger, batch_id)
    assert row.state == CANCELED and f"esign request show {first}" in (row.problem or "")
    assert (await overview(ledger, batch_id, 9)).need == 1 and await reading.all_incidents(ledger) == []


async def test_two_rounds_that_are_both_out_are_an_incident_of_the_one_that_is_shown(ledger: Ledger) -> None:
    batch_id, ref = await sent_anew_too_early(ledger)
    (second,) = await claimed(ledger, batch_id)
    (first,) = await hear(ledger, event(EventType.INVITED, "P9", ref=ref))
    await sending.record_sent(ledger, second.request_id, 1, snapshot("P10"))
    (incident,) = await reading.all_incidents(ledger)
    assert (incident.request_id, incident.kind, incident.provider_id) == (second.request_id, "sent twice", "P9")
    (row,) = await reading.rows(ledger, batch_id)
    assert (row.request_id, row.state) == (second.request_id, "sent")
    assert "holds this request twice" in (row.problem or "")
    assert (await overview(ledger, batch_id, 9)).need == 1
    assert await hear(ledger, event(EventType.VIEWED, "P9"), event(EventType.VIEWED, "P10")) == [
        first,
        incident.request_id,
    ]


async def test_a_late_answer_that_the_first_round_was_sent_counts_as_any_news_of_it(ledger: Ledger) -> None:
    batch_id, ref = await sent_anew_too_early(ledger)
    (second,) = await claimed(ledger, batch_id)
    await sending.record_sent(ledger, second.request_id, 1, snapshot("P10"))
    (first,) = [line["id"] for line in await lines(ledger, requests, ref=ref)]
    await sending.record_sent(ledger, first, 1, snapshot("P9"))
    assert [one.request_id for one in await reading.all_incidents(ledger)] == [second.request_id]


async def test_what_was_withdrawn_at_the_provider_and_sent_anew_is_no_incident(ledger: Ledger) -> None:
    batch_id = await planned(ledger, 1)
    (one,) = await claimed(ledger, batch_id)
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1"))
    await voiding.withdrawn(ledger, one.request_id)
    await resending.open_rounds(ledger, batch_id, {CANCELED})
    (second,) = await claimed(ledger, batch_id)
    await sending.record_sent(ledger, second.request_id, 1, snapshot("P2"))
    await hear(ledger, event(EventType.VIEWED, "P1"), event(EventType.CANCELED, "P1"))
    assert await reading.all_incidents(ledger) == []
    await hear(ledger, event(EventType.COMPLETED, "P1"))  # signed before it was withdrawn: now there are two
    assert [each.request_id for each in await reading.all_incidents(ledger)] == [second.request_id]

"""What came in and what has to go out: kept until it is dealt with, tried again, given up in the open."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from connectors.signing.model import EventType
from ledger import archiving, inbox, outbox, planning, reading, sending
from ledger.archiving import Kept
from ledger.delivered import replay
from ledger.schema import inbox as inbox_table
from ledger.schema import requests
from ledger.store import Ledger
from tests.ledger.making import SHEET, claimed, delivery, draft, event, hear, lines, planned, row, sent, snapshot


async def settle_outbox(ledger: Ledger) -> None:
    for kind in ("archive", "sheet", "event"):
        await outbox.done(ledger, [(one.id, one.version) for one in await outbox.due(ledger, kind, 999)])


async def test_deliveries_wait_oldest_first_and_whole(ledger: Ledger) -> None:
    some = [delivery(f"{number}", body=bytes([0, 255, number]), headers={"x-proof": "1"}) for number in range(3)]
    assert await inbox.put(ledger, some) == [True] * 3
    waiting = await inbox.take(ledger, 2)
    assert [one.body for one in waiting] == [bytes([0, 255, 0]), bytes([0, 255, 1])]
    assert waiting[0].headers == {"x-proof": "1"}
    assert abs((datetime.now(UTC) - waiting[0].received_at).total_seconds()) < 60
    assert await inbox.put(ledger, []) == []


async def test_the_same_identity_of_another_account_is_another_delivery(ledger: Ledger) -> None:
    assert await inbox.put(ledger, [delivery("1"), delivery("1", account="second")]) == [True, True]


async def test_a_hint_is_kept_only_where_hints_are_wanted_and_never_hides_the_genuine_one(ledger: Ledger) -> None:
    hint = delivery("1", genuine=False)
    with pytest.raises(ValueError, match="genuine"):
        await inbox.put(ledger, [hint])
    assert await inbox.put(ledger, [hint, delivery("1")], hints=True) == [True, True]
    assert [one.genuine for one in await inbox.take(ledger, 9)] == [False, True]


async def test_a_delivery_that_fails_is_tried_again_later_and_buried_in_the_end(ledger: Ledger) -> None:
    await inbox.put(ledger, [delivery("1")])
    (waiting,) = await inbox.take(ledger, 9)
    for tries in range(1, inbox.MOST_TRIES):
        await inbox.again(ledger, waiting.id, "The ledger was away.")
        assert await inbox.take(ledger, 9) == []
        (line,) = await lines(ledger, inbox_table)
        assert (line["state"], line["tries"]) == ("waiting", tries)
    await inbox.again(ledger, waiting.id, "The ledger was away.")
    (buried,) = await inbox.dead(ledger)
    assert (buried.identity, buried.reason) == ("1", "The ledger was away.")
    assert (await replay(ledger, (buried.id, buried.id))).put_back == 1
    assert len(await inbox.take(ledger, 9)) == 1
    assert (await replay(ledger, (buried.id, buried.id))).put_back == 0


async def test_what_cannot_be_understood_is_a_dead_letter_with_its_reason(ledger: Ledger) -> None:
    await inbox.put(ledger, [delivery("1")])
    (waiting,) = await inbox.take(ledger, 9)
    await inbox.bury(ledger, waiting.id, "It is not JSON.")
    assert [one.reason for one in await inbox.dead(ledger)] == ["It is not JSON."]
    assert await inbox.take(ledger, 9) == []


async def test_work_waits_for_deliveries_and_effects_that_are_due_and_for_nothing_else(ledger: Ledger) -> None:
    assert not await inbox.work_waiting(ledger)
    await inbox.put(ledger, [delivery("1")])
    assert await inbox.work_waiting(ledger)
    (waiting,) = await inbox.take(ledger, 9)
    await inbox.again(ledger, waiting.id, "Later.")
    assert not await inbox.work_waiting(ledger)
    await sent(ledger)
    assert await inbox.work_waiting(ledger)
    (effect,) = await outbox.due(ledger, "sheet", 9)
    await outbox.again(ledger, effect.id, 60.0, "The sheet is open elsewhere.")
    assert not await inbox.work_waiting(ledger)


async def test_an_effect_that_is_wanted_anew_while_it_is_done_stays_due(ledger: Ledger) -> None:
    await sent(ledger)
    (before,) = await outbox.due(ledger, "sheet", 9)
    await hear(ledger, event(EventType.VIEWED, who=1))
    await outbox.done(ledger, [(before.id, before.version)])
    (after,) = await outbox.due(ledger, "sheet", 9)
    assert after.version > before.version
    await outbox.done(ledger, [(after.id, after.version)])
    assert await outbox.due(ledger, "sheet", 9) == []


async def test_an_effect_is_never_given_up_but_shown_after_ten_tries(ledger: Ledger) -> None:
    await sent(ledger)
    (effect,) = await outbox.due(ledger, "sheet", 9)
    for _ in range(outbox.MOST_TRIES):
        assert await outbox.stuck(ledger) == []
        await outbox.again(ledger, effect.id, 0.0, "The sheet is gone.")
    assert [one.id for one in await outbox.due(ledger, "sheet", 9)] == [effect.id]
    assert await inbox.work_waiting(ledger)
    await outbox.again(ledger, effect.id, 3600.0, "The sheet is gone.")
    assert await outbox.due(ledger, "sheet", 9) == []
    assert not await inbox.work_waiting(ledger)
    assert [(one.id, one.problem) for one in await outbox.stuck(ledger)] == [(effect.id, "The sheet is gone.")]
    assert await outbox.retry(ledger, effect.id)
    assert [one.tries for one in await outbox.due(ledger, "sheet", 9)] == [0]


async def test_news_makes_a_row_due_at_once_however_often_it_failed(ledger: Ledger) -> None:
    await sent(ledger)
    for effect in await outbox.due(ledger, "sheet", 9):
        await outbox.again(ledger, effect.id, 3600.0, "The sheet is gone.")
    await hear(ledger, event(EventType.VIEWED, who=1))
    assert len(await outbox.due(ledger, "sheet", 9)) == 1


async def test_an_effect_for_the_sheet_names_every_sheet_the_row_is_in(ledger: Ledger) -> None:
    first = await planning.freeze(ledger, draft(row(2, "one")))
    await claimed(ledger, first.batch_id)
    await planning.freeze(ledger, draft(row(9, "one"), sheet="/elsewhere/copy.csv"))
    (effect,) = await outbox.due(ledger, "sheet", 9)
    assert sorted(effect.payload["sheets"]) == ["/elsewhere/copy.csv", SHEET]


async def test_an_event_for_prefect_carries_ids_alone_and_keeps_its_own(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await hear(ledger, event(EventType.DECLINED, who=1, reason="Signer One has left."))
    (effect,) = await outbox.due(ledger, "event", 9)
    (again,) = await outbox.due(ledger, "event", 9)
    assert effect.payload == again.payload
    assert set(effect.payload) == {"id", "name", "occurred", "request_id", "batch_id"}
    assert (effect.payload["name"], effect.payload["request_id"]) == ("esign.request.declined", request_id)
    assert "Signer" not in str(effect.payload)


async def test_a_completed_request_is_archived_with_what_can_be_shown_about_it(ledger: Ledger) -> None:
    request_id = await sent(ledger, orders=(1, 2))
    await hear(ledger, event(EventType.SIGNED, who=1), event(EventType.SIGNED, who=2))
    await hear(ledger, event(EventType.COMPLETED, document_url="https://files.example.com/1"))
    what = (await archiving.to_archive(ledger, [request_id]))[request_id]
    assert (what.provider_id, what.document_url, what.archive_name) == ("P1", "https://files.example.com/1", "2.pdf")
    evidence = what.evidence
    assert evidence["request"]["ledger"] == ledger.id
    assert [(one["order"], one["state"]) for one in evidence["signers"]] == [(1, "signed"), (2, "signed")]
    assert [one["what"] for one in evidence["history"]] == ["sent", "signed", "signed", "completed"]
    assert all(len(one["sha256"]) == 64 and "body" not in one for one in evidence["deliveries"])
    assert [one["outcome"] for one in evidence["attempts"]] == ["sent"]
    assert json.loads(json.dumps(evidence)) == evidence


async def test_what_was_archived_shows_in_the_row_and_is_told(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await hear(ledger, event(EventType.COMPLETED))
    await settle_outbox(ledger)
    for _ in range(2):
        await archiving.archived(ledger, [Kept(request_id=request_id, name="2026/2.pdf", sha256="ab" * 32, size=1234)])
    (line,) = await lines(ledger, requests)
    assert (line["archived_as"], line["archived_size"], line["state"]) == ("2026/2.pdf", 1234, "completed")
    (status,) = await reading.rows(ledger, line["batch_id"])
    assert (status.document, status.last_event) == ("2026/2.pdf", "completed")
    assert [one.payload["name"] for one in await outbox.due(ledger, "event", 9)] == ["esign.request.archived"]
    assert len(await outbox.due(ledger, "sheet", 9)) == 1


async def test_what_was_never_sent_cannot_be_archived(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    assert await archiving.to_archive(ledger, [one.request_id, "req_unknown"]) == {}
    await settle_outbox(ledger)
    await archiving.archived(ledger, [Kept(request_id="req_unknown", name="x.pdf", sha256="00", size=1)])
    assert await outbox.due(ledger, "sheet", 9) == []


async def test_two_receivers_that_store_the_same_deliveries_at_once_keep_each_once(ledger: Ledger, url: str) -> None:
    some = [delivery(f"{number:03}") for number in range(50)]
    async with await Ledger.open(url) as other:
        answers = await asyncio.gather(
            *(inbox.put(one, group) for one in (ledger, other) for group in (some, some[::-1]))
        )
    assert sum(sum(answer) for answer in answers) == 50
    assert len(await lines(ledger, inbox_table)) == 50


async def test_a_group_with_a_sent_row_commits_the_row_and_its_effect_together(ledger: Ledger) -> None:
    (one,) = await claimed(ledger, await planned(ledger))
    await settle_outbox(ledger)
    await sending.record_sent(ledger, one.request_id, 1, snapshot("P1"))
    assert [effect.request_id for effect in await outbox.due(ledger, "sheet", 9)] == [one.request_id]

"""Webhooks that are long dealt with lose their text and nothing else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from connectors.signing.model import EventType
from ledger import archiving, delivered, emptying, inbox
from ledger.applying import apply
from ledger.archiving import Kept
from ledger.emptying import empty_old
from ledger.schema import inbox as inbox_table
from ledger.schema import requests
from ledger.store import Ledger
from tests.ledger.making import delivery, event, hear, lines, sent

E = EventType
BODY = b'{"said": "person01@example.com has signed"}'


async def heard(ledger: Ledger, identity: str, about: Any, **more: Any) -> None:
    await inbox.put(ledger, [delivery(identity, body=BODY, headers={"x-proof": "1"}, **more)])
    (one,) = await inbox.take(ledger, 1)
    await apply(ledger, one.id, one.provider, one.account, about, one.received_at)


async def age(ledger: Ledger, days: float) -> None:
    """Everything in the ledger is so many days older."""
    earlier = datetime.now(UTC) - timedelta(days=days)
    async with ledger.begin() as connection:
        await connection.execute(update(inbox_table).values(received_at=earlier))
        for column in (requests.c.closed_at, requests.c.archived_at):
            await connection.execute(update(requests).where(column.is_not(None)).values({column: earlier}))


async def kept(ledger: Ledger) -> list[bool]:
    """Which deliveries still have their text."""
    return [bool(line["body"]) for line in await lines(ledger, inbox_table)]


async def test_what_is_done_is_emptied_after_its_time_and_not_before(ledger: Ledger) -> None:
    await sent(ledger)
    await heard(ledger, "1", event(E.DECLINED, who=1))
    await age(ledger, 89)
    assert await empty_old(ledger, 90) == 0
    await age(ledger, 91)
    assert await empty_old(ledger, 0) == 0, "0 is for ever"
    assert await kept(ledger) == [True]
    assert await empty_old(ledger, 90) == 1
    (line,) = await lines(ledger, inbox_table)
    assert (line["body"], line["headers"], line["state"]) == (b"", {}, "done")
    assert line["body_sha256"] == hashlib.sha256(BODY).hexdigest()
    assert await empty_old(ledger, 90) == 0


async def test_a_repeat_of_what_was_emptied_is_still_known_as_one(ledger: Ledger) -> None:
    await sent(ledger)
    await heard(ledger, "1", event(E.DECLINED, who=1))
    await age(ledger, 91)
    await empty_old(ledger, 90)
    assert await inbox.put(ledger, [delivery("1", body=BODY)]) == [False]
    assert await inbox.take(ledger, 9) == []


async def test_nothing_is_emptied_before_its_request_has_ended_and_is_archived(ledger: Ledger) -> None:
    request_id = await sent(ledger)
    await heard(ledger, "1", event(E.VIEWED, who=1))
    await age(ledger, 400)
    assert await empty_old(ledger, 90) == 0
    await heard(ledger, "2", event(E.COMPLETED))
    await age(ledger, 400)
    assert await empty_old(ledger, 90) == 0, "its evidence has still to be made"
    before = (await archiving.to_archive(ledger, [request_id]))[request_id].evidence
    await archiving.archived(ledger, [Kept(request_id=request_id, name="2.pdf", sha256="ab" * 32, size=1)])
    assert await empty_old(ledger, 90) == 0, "archived a moment ago"
    await age(ledger, 400)
    assert await empty_old(ledger, 90) == 2
    after = (await archiving.to_archive(ledger, [request_id]))[request_id].evidence
    fingerprints = [one["sha256"] for one in after["deliveries"]]
    assert fingerprints == [one["sha256"] for one in before["deliveries"]] == [hashlib.sha256(BODY).hexdigest()] * 2
    assert all(set(one) == {"id", "identity", "genuine", "received_at", "sha256"} for one in after["deliveries"])
    assert after["history"][:3] == before["history"][:3]


async def test_what_was_about_nobodys_request_counts_as_done_and_says_why(ledger: Ledger) -> None:
    await heard(ledger, "1", event(E.SIGNED, "P99", signer_email="person01@example.com"))
    await age(ledger, 91)
    assert await empty_old(ledger, 90) == 1
    (line,) = await lines(ledger, inbox_table)
    assert (line["state"], line["reason"], line["event"]) == ("done", emptying.STRANGER, None)
    assert await delivered.unmatched(ledger) == 0
    await sent(ledger, "P99")
    (line,) = await lines(ledger, inbox_table)
    assert line["request_id"] is None, "it is too late to be adopted"


async def test_dead_ones_and_those_that_wait_keep_their_text_however_old(ledger: Ledger) -> None:
    await inbox.put(ledger, [delivery("1", body=BODY), delivery("2", body=BODY)])
    await inbox.bury(ledger, 1, "It is not JSON.")
    await age(ledger, 4000)
    assert await empty_old(ledger, 1) == 0
    assert await kept(ledger) == [True, True]


async def test_replaying_what_was_emptied_says_so_and_does_nothing(ledger: Ledger) -> None:
    await sent(ledger)
    await heard(ledger, "1", event(E.DECLINED, who=1))
    await age(ledger, 91)
    await empty_old(ledger, 90)
    replayed = await delivered.replay(ledger, (1, 1))
    assert (replayed.put_back, replayed.others, replayed.emptied) == (0, {"done": 1}, 1)
    assert [one.emptied for one in await delivered.newest(ledger, 9)] == [True]


async def test_many_are_emptied_portion_by_portion(ledger: Ledger) -> None:
    await sent(ledger)
    await inbox.put(ledger, [delivery(body=BODY) for _ in range(emptying.PORTION + 7)])
    for one in await inbox.take(ledger, 9999):
        await apply(ledger, one.id, one.provider, one.account, event(E.UNKNOWN, None), one.received_at)
    await hear(ledger, event(E.VIEWED, who=1))
    await age(ledger, 91)
    assert await empty_old(ledger, 90, portions=1) == emptying.PORTION
    assert await empty_old(ledger, 90) == 7
    assert (await kept(ledger)).count(True) == 1, "the last one's request is still open"

"""Drafts, answers and deliveries for the ledger's tests, and the short ways to bring a row where a test wants it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, select

from connectors.signing.model import (
    Document,
    Event,
    EventType,
    SignatureRequest,
    Signer,
    SignerSnapshot,
    Snapshot,
    Status,
)
from ledger import applying, inbox, planning, sending
from ledger.drafts import BatchDraft, RefusedRow, Reminders, RowDraft
from ledger.sending import Claimed
from ledger.store import Ledger

POSTGRES = os.environ.get("ESIGN_TEST_POSTGRES_URL")

ACCOUNT = {"provider": "esignatures", "account": "sandbox"}
SHEET = "/somewhere/staff.csv"
PLAN = Reminders(first=timedelta(days=3), every=timedelta(days=2), most=2)
LEASE = 60.0

Fresh = Callable[[], str]
"""Makes a ledger nobody has written to, and says where it is."""

_count = itertools.count(1)


def in_a_year() -> datetime:
    return datetime.now(UTC) + timedelta(days=365)


def signers(*orders: int) -> tuple[Signer, ...]:
    return tuple(
        Signer(role=f"signer {place}", name=f"Signer {place}", email=f"person{place:02}@example.com", order=order)
        for place, order in enumerate(orders, start=1)
    )


def row(number: int, key: str | None = None, *, orders: Sequence[int] = (1,), **more: Any) -> RowDraft:
    """One row; `more` goes to the request, but for `reminders`."""
    reminders = more.pop("reminders", None)
    content: dict[str, Any] = {"title": "An agreement", "document": Document(markdown="# Agreement")} | more
    request = SignatureRequest(signers=signers(*orders), **content)
    return RowDraft(
        row=number, key=key or f"key {number}", request=request, archive_name=f"{number}.pdf", reminders=reminders
    )


def draft(*rows: RowDraft, refused: Sequence[RefusedRow] = (), **more: Any) -> BatchDraft:
    """A plan; each has a hash of its own unless told otherwise."""
    values = {"recipe": "nda", "campaign": "spring", "mode": "test", "sheet": SHEET, "hash": f"hash {next(_count)}",
              "base_url": "http://127.0.0.1/api", "fingerprint": "0f0f0f0f"} | ACCOUNT | more  # fmt: skip
    return BatchDraft(rows=rows, refused=tuple(refused), **values)


async def planned(ledger: Ledger, count: int = 1, **more: Any) -> str:
    """A batch of `count` rows, starting in row 2; its id."""
    frozen = await planning.freeze(ledger, draft(*(row(number, **more) for number in range(2, 2 + count))))
    return frozen.batch_id


async def claimed(ledger: Ledger, batch_id: str, most: int = 1, lease_seconds: float = LEASE) -> list[Claimed]:
    return await sending.claim(ledger, batch_id, "a process", most, lease_seconds)


def snapshot(provider_id: str, *people: str, status: Status = Status.SENT, **more: Any) -> Snapshot:
    """An answer; `people` are the provider's ids of person01, person02, …"""
    shown = tuple(
        SignerSnapshot(id=id_, email=f"person{place:02}@example.com") for place, id_ in enumerate(people, start=1)
    )
    return Snapshot(id=provider_id, status=status, signers=shown, **more)


async def sent(ledger: Ledger, provider_id: str = "P1", people: Sequence[str] = ("s1", "s2", "s3"), **more: Any) -> str:
    """A request that the provider has under this id; our id of it."""
    key = f"key of {provider_id}"
    frozen = await planning.freeze(ledger, draft(row(2, key, **more)))
    (one,) = await claimed(ledger, frozen.batch_id)
    await sending.record_sent(ledger, one.request_id, one.attempt, snapshot(provider_id, *people))
    return one.request_id


def event(kind: EventType, provider_id: str | None = "P1", who: int | None = None, **more: Any) -> Event:
    signer = {} if who is None else {"signer_id": f"s{who}", "signer_email": f"person{who:02}@example.com"}
    return Event(type=kind, name=f"their {kind}", provider_id=provider_id, **(signer | more))


def delivery(identity: str | None = None, **more: Any) -> inbox.Delivery:
    values: dict[str, Any] = (
        {"identity": identity or f"delivery {next(_count)}", "body": b"{}", "genuine": True} | ACCOUNT | more
    )
    return inbox.Delivery(**values)


async def hear(ledger: Ledger, *events: Event, **account: str) -> list[str | None]:
    """Put, take and apply events one after the other; which requests they were about."""
    heard = []
    for one in events:
        await inbox.put(ledger, [delivery(**account)])
        (waiting,) = await inbox.take(ledger, 1)
        arguments = (waiting.provider, waiting.account, one, waiting.received_at)
        heard.append(await applying.apply(ledger, waiting.id, *arguments))
    return heard


async def lines(ledger: Ledger, table: Table, **equal: Any) -> list[dict[str, Any]]:
    """What stands in a table."""
    conditions = [table.c[name] == value for name, value in equal.items()]
    async with ledger.read() as connection:
        found = await connection.execute(select(table).where(*conditions).order_by(*table.primary_key.columns))
        return [dict(line) for line in found.mappings()]

"""Keeps what providers delivered until it is dealt with; a delivery that came twice is kept once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update

from connectors.signing.model import Frozen
from ledger import arriving
from ledger.prepared import now
from ledger.schema import effects, inbox
from ledger.sql import at_least, now_ms, stands
from ledger.store import Ledger

MOST_TRIES = 3
FIRST_WAIT_SECONDS = 5


class Delivery(Frozen):
    """One delivery as it came. `identity` is what makes two the same; `headers` are those a proof needs, no more.
    `ref` is the mark its address carried, where it carried one."""

    provider: str
    account: str
    identity: str
    body: bytes = Field(repr=False)
    headers: dict[str, str] = Field(default={}, repr=False)
    genuine: bool
    ref: str | None = None


class Waiting(Frozen):
    """One delivery that waits to be applied; one that is not `genuine` is a hint, to be confirmed with the provider."""

    id: int
    provider: str
    account: str
    body: bytes = Field(repr=False)
    headers: dict[str, str] = Field(repr=False)
    genuine: bool
    ref: str | None
    received_at: datetime
    tries: int


class Dead(Frozen):
    """One delivery that nothing could be made of, and why."""

    id: int
    provider: str
    account: str
    identity: str
    reason: str | None
    received_at: datetime


async def put(ledger: Ledger, deliveries: Sequence[Delivery], *, hints: bool = False) -> list[bool]:
    """Keep deliveries, all in one commit; False for each that was seen before.

    Raises `ValueError` for one that is not genuine unless `hints` says that such ones are wanted.
    """
    if not hints and not all(delivery.genuine for delivery in deliveries):
        raise ValueError("A delivery that is not proven genuine is kept only where hints are wanted.")
    # one order for everybody, so that two receivers never wait for each other; each once, since Postgres lets one
    # statement meet a row it has just written no second time
    once = {_name(delivery): delivery for delivery in reversed(deliveries)}
    ordered = [once[name].model_dump() for name in sorted(once)]
    new = await ledger.write(lambda connection: arriving.keep(connection, ordered))
    answers = []
    for delivery in deliveries:
        answers.append(_name(delivery) in new)
        new.discard(_name(delivery))  # the same one again in this group was seen before
    return answers


async def take(ledger: Ledger, most: int, *, genuine: bool | None = None) -> list[Waiting]:
    """The oldest deliveries that wait and are due, proven ones or hints alone where `genuine` says which; they keep
    waiting until applied or buried."""
    columns = [inbox.c[name] for name in Waiting.model_fields]
    wanted = [] if genuine is None else [inbox.c.genuine.is_(genuine)]
    chosen = select(*columns).where(_due(), *wanted).order_by(inbox.c.id).limit(most)
    async with ledger.read() as connection:
        return [Waiting(**row) for row in (await connection.execute(chosen)).mappings()]


async def again(ledger: Ledger, delivery_id: int, reason: str, *, most: int = MOST_TRIES) -> None:
    """Try this delivery again later, each time after four times as long; after `most` tries it is buried.

    Until a person has had it replayed, nobody of its account is reminded and nothing expires there.
    """
    async with ledger.begin() as connection:
        waiting = (inbox.c.id == delivery_id) & stands(inbox.c.state, "waiting")
        tries = (await connection.execute(select(inbox.c.tries).where(waiting).with_for_update())).scalar_one_or_none()
        if tries is None:
            return
        wait = FIRST_WAIT_SECONDS * 4**tries * 1000
        state = "dead" if tries + 1 >= most else "waiting"
        values = {"tries": tries + 1, "not_before": now_ms() + wait, "state": state, "reason": reason}
        await connection.execute(update(inbox).where(waiting).values(values))


async def put_off(ledger: Ledger, delivery_id: int, reason: str) -> None:
    """Nothing is wrong with this delivery, but it cannot be dealt with now: later, after half as long as it has been
    waiting, up to an hour. It is never given up, and this counts as no try."""
    async with ledger.begin() as connection:
        waiting = (inbox.c.id == delivery_id) & stands(inbox.c.state, "waiting")
        found = select(inbox.c.received_at).where(waiting).with_for_update()
        received_at = (await connection.execute(found)).scalar_one_or_none()
        if received_at is None:
            return
        age = (await now(connection) - received_at).total_seconds()
        wait = round(min(3600.0, max(FIRST_WAIT_SECONDS, age / 2)) * 1000)
        values = {"not_before": now_ms() + wait, "reason": reason}
        await connection.execute(update(inbox).where(waiting).values(values))


async def bury(ledger: Ledger, delivery_id: int, reason: str) -> None:
    """Nothing can be made of it: a dead letter, kept with its reason."""
    async with ledger.begin() as connection:
        waiting = (inbox.c.id == delivery_id) & stands(inbox.c.state, "waiting")
        await connection.execute(update(inbox).where(waiting).values(state="dead", reason=reason))


async def dead(ledger: Ledger, most: int | None = None) -> list[Dead]:
    """The dead letters, oldest first, all unless `most` says how many."""
    columns = [inbox.c[name] for name in Dead.model_fields]
    chosen = select(*columns).where(stands(inbox.c.state, "dead")).order_by(inbox.c.id).limit(most)
    async with ledger.read() as connection:
        return [Dead(**row) for row in (await connection.execute(chosen)).mappings()]


async def count(ledger: Ledger) -> int:
    """How many deliveries were ever kept."""
    async with ledger.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(inbox))).scalar_one())


async def last_received(ledger: Ledger, provider: str, account: str) -> datetime | None:
    """When the last delivery came for an account that its provider had proven, or that a request confirmed."""
    proven = inbox.c.genuine | stands(inbox.c.state, "done")
    theirs = (inbox.c.provider == provider, inbox.c.account == account, proven)
    newest = select(inbox.c.received_at).where(*theirs).order_by(inbox.c.id.desc()).limit(1)
    async with ledger.read() as connection:
        return (await connection.execute(newest)).scalar_one_or_none()


async def work_waiting(ledger: Ledger) -> bool:
    """Whether a drain would find anything to do now: a delivery, or an effect that is due."""
    outgoing = exists().where(
        stands(effects.c.state, "due"), effects.c.kind.in_(("archive", "sheet", "event")), effects.c.due_at <= now_ms()
    )
    async with ledger.read() as connection:
        return bool((await connection.execute(select(or_(exists().where(_due()), outgoing)))).scalar_one())


def account_has_news(provider: ColumnElement[str], account: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether deliveries of this account still wait, or were given up unapplied: they may say that somebody has signed.

    A dead letter that says nothing we could read is not news.
    """
    theirs = (inbox.c.provider == provider, inbox.c.account == account)
    waiting = exists().where(stands(inbox.c.state, "waiting"), *theirs)
    return waiting | exists().where(stands(inbox.c.state, "dead"), at_least(inbox.c.tries, MOST_TRIES), *theirs)


def _due() -> ColumnElement[bool]:
    return and_(stands(inbox.c.state, "waiting"), or_(inbox.c.not_before.is_(None), inbox.c.not_before <= now_ms()))


def _name(delivery: Delivery) -> tuple[Any, ...]:
    return (delivery.provider, delivery.account, delivery.identity, delivery.genuine)

"""Applies what providers report to the requests it is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, bindparam, select, update

from connectors.signing.model import Event, Snapshot
from ledger.casefile import Casefile, when
from ledger.cases import Case
from ledger.errors import NotInLedger
from ledger.prepared import now
from ledger.schema import inbox, incidents, requests
from ledger.sql import among, serialize, stands
from ledger.states import RequestState
from ledger.store import Ledger


class Reported(NamedTuple):
    """One waiting delivery, translated."""

    delivery_id: int
    provider: str
    account: str
    event: Event
    received_at: datetime


async def apply(
    ledger: Ledger, delivery_id: int, provider: str, account: str, event: Event, received_at: datetime
) -> str | None:
    """Apply one waiting delivery; the id of the request it is about. `apply_all` says the rest."""
    applied = await apply_all(ledger, [Reported(delivery_id, provider, account, event, received_at)])
    return applied.get(delivery_id)


async def apply_all(ledger: Ledger, reported: Sequence[Reported]) -> dict[int, str]:
    """Apply waiting deliveries in one transaction; delivery id → id of the request it is about.

    History, signers, states, reminders and effects change together. A delivery that no longer waits changes nothing.
    One whose request is not known yet stays as *unmatched*, and is applied by whoever records its provider id.
    """
    async with ledger.begin() as connection:
        waiting = stands(inbox.c.state, "waiting") & among(
            connection, inbox.c.id, [one.delivery_id for one in reported]
        )
        taken = update(inbox).where(waiting).values(state="done", reason=None).returning(inbox.c.id)
        ours = set((await connection.execute(taken)).scalars())
        todo = sorted((one for one in reported if one.delivery_id in ours), key=lambda one: one.delivery_id)
        casefile = Casefile(connection, await now(connection))
        matched = await _match(casefile, todo)
        if missing := [one for one in todo if one.delivery_id not in matched and one.event.provider_id]:
            # whoever is recording such an id just now must see our delivery, or we their request
            await serialize(connection, *(f"provider id {one.event.provider_id}" for one in missing))
            matched |= await _match(casefile, missing)
        await _set_aside(casefile, [one for one in missing if one.delivery_id not in matched])
        for one in todo:
            if (case := matched.get(one.delivery_id)) is not None:
                case.report(one.event, when(one.event, one.received_at), one.delivery_id)
        await casefile.answer_attempts()
        await casefile.put_back()
        await _name_requests(casefile, matched)
        return {delivery_id: case.id for delivery_id, case in matched.items()}


async def observe(ledger: Ledger, request_id: str, snapshot: Snapshot) -> bool:
    """Take in what the provider answered when asked about a request; whether anything changed.

    For providers whose webhooks are hints, and for catching up after webhooks were lost. Raises `NotInLedger`.
    """
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id):
            changed = case.observe(snapshot, casefile.at)
            await casefile.answer_attempts()
            await casefile.put_back()
            return changed
    raise NotInLedger(f"The ledger knows no request {request_id}.")


class Hinted(NamedTuple):
    """The request a hint is about, as far as the ledger knows."""

    request_id: str
    ref: str
    state: RequestState
    provider_id: str | None


async def hinted(ledger: Ledger, one: Reported) -> Hinted | None:
    """Which request a delivery that proves nothing is about; None for one we know nothing of."""
    async with ledger.read() as connection:
        casefile = Casefile(connection, await now(connection))
        chosen = await _choose(casefile, [one])
        if one.delivery_id not in chosen:
            return None
        columns = (requests.c.id, requests.c.ref, requests.c.state, requests.c.provider_id)
        found = select(*columns).where(requests.c.id == chosen[one.delivery_id])
        row = (await connection.execute(found)).one()
        return Hinted(row.id, row.ref, RequestState(row.state), row.provider_id)


async def confirm(ledger: Ledger, one: Reported, request_id: str, snapshot: Snapshot) -> None:
    """Apply a delivery that proves nothing by itself as what the provider answered when asked about it."""
    await _settle_hint(ledger, one, request_id, lambda case, at: case.confirm(one.event, snapshot, at, one.delivery_id))


async def leave_unconfirmed(ledger: Ledger, one: Reported, request_id: str, problem: str | None) -> None:
    """Keep a delivery about which nobody was asked. One that could not be confirmed is a dead letter, and the request's
    row says `problem`; it moves nowhere."""

    def keep(case: Case, at: datetime) -> None:
        case.leave_unconfirmed(one.event, at, one.delivery_id, problem)

    await _settle_hint(ledger, one, request_id, keep, problem)


async def _settle_hint(
    ledger: Ledger,
    one: Reported,
    request_id: str,
    act: Callable[[Case, datetime], None],
    problem: str | None = None,
) -> None:
    async with ledger.begin() as connection:
        waiting = (inbox.c.id == one.delivery_id) & stands(inbox.c.state, "waiting")
        ended = {"state": "dead", "tries": 0} if problem else {"state": "done"}
        taken = update(inbox).where(waiting).values(reason=problem, request_id=request_id, **ended)
        if (await connection.execute(taken)).rowcount == 0:
            return
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id):
            act(case, casefile.at)
            await casefile.answer_attempts()
            await casefile.put_back()


async def _match(casefile: Casefile, reported: Sequence[Reported]) -> dict[int, Case]:
    """The cases the events are about, taken out."""
    chosen = await _choose(casefile, reported)
    taken = await casefile.take_out_ids(sorted(set(chosen.values()))) if chosen else []
    cases = {case.id: case for case in taken}
    return {delivery_id: cases[request_id] for delivery_id, request_id in chosen.items()}


async def _choose(casefile: Casefile, reported: Sequence[Reported]) -> dict[int, str]:
    """The request each event is about: by the provider's id, be it a second one, else by our mark; never by less."""
    ids = {one.event.provider_id for one in reported if one.event.provider_id}
    refs = {one.event.ref for one in reported if one.event.ref}
    by_id = await _known(casefile, requests.c.provider_id, ids)
    by_second_id = await _known(casefile, incidents.c.provider_id, ids)
    by_ref = await _known(casefile, requests.c.ref, refs)
    chosen: dict[int, str] = {}
    for one in reported:
        account, event = (one.provider, one.account), one.event
        for known, name in ((by_id, event.provider_id), (by_second_id, event.provider_id), (by_ref, event.ref)):
            if name is not None and (*account, name) in known:
                chosen.setdefault(one.delivery_id, known[*account, name])
    return chosen


async def _known(casefile: Casefile, column: Column[Any], names: Collection[str]) -> dict[tuple[str, str, str], str]:
    """(provider, account, name) → request id."""
    if not names:
        return {}
    found = select(requests.c.provider, requests.c.account, column, requests.c.id)
    if column.table is incidents:
        found = found.join(incidents, incidents.c.request_id == requests.c.id)
    found = found.where(among(casefile.connection, column, sorted(names)))
    return {(row[0], row[1], row[2]): row[3] for row in await casefile.connection.execute(found)}


async def _set_aside(casefile: Casefile, reported: Iterable[Reported]) -> None:
    """Keep events whose request is not known yet; their raw text stays in the body."""
    lines = [
        {
            "which": one.delivery_id,
            "accepted": one.event.provider_id,
            "kept": one.event.model_copy(update={"raw": {}}).model_dump_json(),
        }
        for one in reported
    ]
    if lines:
        values: dict[str, Any] = {
            "state": "unmatched",
            "provider_id": bindparam("accepted"),
            "event": bindparam("kept"),
        }
        this = update(inbox).where(inbox.c.id == bindparam("which"))
        await casefile.connection.execute(this.values(values), lines)


async def _name_requests(casefile: Casefile, matched: Mapping[int, Case]) -> None:
    if matched:
        lines = [{"which": delivery_id, "request": case.id} for delivery_id, case in matched.items()]
        this = update(inbox).where(inbox.c.id == bindparam("which"))
        await casefile.connection.execute(this.values(request_id=bindparam("request")), lines)

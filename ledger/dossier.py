"""Everything the ledger knows of one request, for the person who has to decide about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen
from ledger.ids import esign_id
from ledger.outbox import MOST_TRIES
from ledger.reading import Incident, Line
from ledger.schema import attempts, batches, effects, history, incidents, reminders, requests, signers
from ledger.states import RequestState
from ledger.store import Ledger


class SignerLine(Frozen):
    """One signer; the signing link is not among it, since it is as good as a key."""

    id: str
    position: int
    order: int
    role: str
    name: str
    email: str
    state: str
    invited_at: datetime | None
    viewed_at: datetime | None
    signed_at: datetime | None
    declined_at: datetime | None
    reminded: int
    next_reminder_at: datetime | None


class AttemptLine(Frozen):
    """One attempt at sending; no outcome means that the call is on its way, or that its process died."""

    number: int
    started_at: datetime
    outcome: str | None
    outcome_at: datetime | None
    provider_id: str | None
    problem: str | None


class ReminderLine(Frozen):
    """One reminder; no outcome means that perhaps it went out."""

    signer_id: str
    number: int
    begun_at: datetime
    outcome: str | None


class EffectLine(Frozen):
    """Something outside that did not simply work: it keeps failing and is still tried, or may not have gone out."""

    id: int
    kind: str
    tries: int
    problem: str | None


class Dossier(Frozen):
    """One request with all that belongs to it. `base_url` and `fingerprint` say through which account it went."""

    id: str
    esign_id: str
    batch_id: str
    row: int
    key: str
    campaign: str
    round: int
    mode: str
    provider: str
    account: str
    base_url: str
    fingerprint: str
    ref: str
    state: RequestState
    problem: str | None
    provider_id: str | None
    created_at: datetime
    sent_at: datetime | None
    expires_at: datetime | None
    closed_at: datetime | None
    archived_at: datetime | None
    archived_as: str | None
    signers: tuple[SignerLine, ...]
    attempts: tuple[AttemptLine, ...]
    reminders: tuple[ReminderLine, ...]
    history: tuple[Line, ...]
    incidents: tuple[Incident, ...]
    stuck: tuple[EffectLine, ...]
    unclear: tuple[EffectLine, ...] = ()


_OF_THE_REQUEST = ("id", "batch_id", "row", "key", "campaign", "round", "mode", "provider", "account", "ref", "state",
                   "problem", "provider_id", "created_at", "sent_at", "expires_at", "closed_at", "archived_at",
                   "archived_as")  # fmt: skip


async def dossier(ledger: Ledger, request_id: str) -> Dossier | None:
    """All about one request; None for an id the ledger does not know."""
    columns = [*(requests.c[name] for name in _OF_THE_REQUEST), batches.c.base_url, batches.c.fingerprint]
    chosen = select(*columns).join(batches, batches.c.id == requests.c.batch_id).where(requests.c.id == request_id)
    async with ledger.read() as connection:
        found = (await connection.execute(chosen)).mappings().one_or_none()
        if found is None:
            return None
        people = await _lines(connection, signers, request_id, "position")
        wanted = await _lines(connection, effects, request_id, "id")
        often = [one for one in wanted if one["state"] == "due" and one["tries"] >= MOST_TRIES]
        unclear = [one for one in wanted if one["state"] == "done" and one["problem"]]
        return Dossier(
            **found,
            esign_id=esign_id(ledger, request_id),
            signers=tuple(SignerLine(order=one["turn"], **_only(SignerLine, one)) for one in people),
            attempts=tuple(
                AttemptLine(**_only(AttemptLine, one))
                for one in await _lines(connection, attempts, request_id, "number")
            ),
            reminders=tuple(
                ReminderLine(**_only(ReminderLine, one))
                for one in await _lines(connection, reminders, request_id, "begun_at")
            ),
            history=tuple(Line(**_only(Line, one)) for one in await _lines(connection, history, request_id, "id")),
            incidents=tuple(
                Incident(**_only(Incident, one)) for one in await _lines(connection, incidents, request_id, "id")
            ),
            stuck=tuple(EffectLine(**_only(EffectLine, one)) for one in often),
            unclear=tuple(EffectLine(**_only(EffectLine, one)) for one in unclear),
        )


async def owner_of(ledger: Ledger, provider: str, account: str, provider_id: str) -> str | None:
    """The request that has this id at this account, be it as a second copy."""
    mine = (requests.c.provider == provider, requests.c.account == account)
    by_id = select(requests.c.id).where(*mine, requests.c.provider_id == provider_id)
    second = (
        select(requests.c.id)
        .join(incidents, incidents.c.request_id == requests.c.id)
        .where(*mine, incidents.c.provider_id == provider_id)
    )
    async with ledger.read() as connection:
        first: str | None = (await connection.execute(by_id)).scalars().first()
        return first or (await connection.execute(second)).scalars().first()


async def _lines(connection: AsyncConnection, table: Table, request_id: str, order: str) -> list[dict[str, Any]]:
    chosen = select(table).where(table.c.request_id == request_id).order_by(table.c[order])
    return [dict(line) for line in (await connection.execute(chosen)).mappings()]


def _only(kind: type[Frozen], line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in kind.model_fields if name in line}

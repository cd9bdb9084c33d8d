"""Corrects a signer of a request that is out: what the provider has accepted, and the row's content with it."""

from __future__ import annotations

import json

from pydantic import Field
from sqlalchemy import select, update

from connectors.signing.model import Frozen, SignatureRequest
from ledger.casefile import Casefile
from ledger.cases import Case, Person
from ledger.drafts import Correction, content_hash, corrected_content, hash_of
from ledger.prepared import now
from ledger.schema import requests, signers
from ledger.states import RequestState, SignerState
from ledger.store import Ledger

UNKNOWN = "A correction of a signer was asked for and nobody knows yet whether it got through; giving it again is safe."


class Present(Frozen):
    """A signer as they are now. `in_turn`: they have to sign now, so that a new address has to be asked."""

    id: str
    role: str
    name: str = Field(repr=False)
    email: str = Field(repr=False)
    mobile: str | None = Field(repr=False)
    state: SignerState
    provider_signer_id: str | None
    in_turn: bool


async def present(ledger: Ledger, request_id: str) -> tuple[Present, ...]:
    """The signers of a request, in the order of its recipe."""
    chosen = select(requests.c.state, requests.c.content).where(requests.c.id == request_id)
    people = select(signers).where(signers.c.request_id == request_id).order_by(signers.c.position)
    async with ledger.read() as connection:
        request = (await connection.execute(chosen)).one()
        rows = (await connection.execute(people)).mappings().all()
    planned = json.loads(request.content)["signers"]
    known = [Person(row["id"], row["position"], row["turn"], "", SignerState(row["state"])) for row in rows]
    asked = {person.id for person in Case(request_id, "", RequestState(request.state), people=known).in_turn()}
    return tuple(
        Present(
            **{name: row[name] for name in ("id", "role", "name", "email", "state", "provider_signer_id")},
            mobile=planned[row["position"] - 1].get("mobile"),
            in_turn=row["id"] in asked,
        )
        for row in rows
    )


async def corrected(ledger: Ledger, request_id: str, signer_id: str, correction: Correction, *, anew: bool) -> bool:
    """Write down what the provider has accepted; whether this signer has to be asked, since it is their turn.

    The row's content becomes what a sheet with the same correction says. What it was is kept as a hash, so that a row
    counts as edited neither with the correction nor without it: the address may be part of its key.
    """
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id):
            person = next(one for one in case.people if one.id == signer_id)
            this = requests.c.id == request_id
            columns = (requests.c.content, requests.c.document_sha256, requests.c.planned_hash)
            row = (await connection.execute(select(*columns).where(this))).one()
            changed = corrected_content(row.content, person.position, correction)
            first = row.planned_hash or hash_of(row.content, row.document_sha256).hex()
            await connection.execute(update(requests).where(this).values(content=changed, planned_hash=first))
            if data := {name: value for name, value in correction.given.items() if name in signers.c}:
                await connection.execute(update(signers).where(signers.c.id == signer_id).values(data))
            person.email = correction.email or person.email
            if case.problem == UNKNOWN:
                case.problem = None
            asked = case.correct(person, ", ".join(correction.given), casefile.at, anew=anew)
            await casefile.put_back()
            return asked
    return False


async def corrections(ledger: Ledger, request_id: str, wanted: SignatureRequest) -> dict[str, Correction]:
    """What makes the request that is out say the same as this one, by role; empty where corrections cannot do that,
    since something else differs as well."""
    chosen = select(requests.c.content, requests.c.document_sha256).where(requests.c.id == request_id)
    async with ledger.read() as connection:
        row = (await connection.execute(chosen)).one()
    content, found = row.content, {}
    for place, (before, after) in enumerate(zip(json.loads(content)["signers"], wanted.signers, strict=False), start=1):
        now_ = {name: getattr(after, name) for name in Correction.model_fields}
        changed = Correction(**{name: value for name, value in now_.items() if value != before.get(name)})
        if changed.given:
            content, found[after.role] = corrected_content(content, place, changed), changed
    return found if hash_of(content, row.document_sha256) == content_hash(wanted) else {}


async def unclear(ledger: Ledger, request_id: str) -> None:
    """Nobody knows whether the provider took it: the row says so, and the same correction again finds out."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id):
            if case.state.open and case.problem != UNKNOWN:
                case.problem = UNKNOWN
                case.note("not corrected", "correction", casefile.at, reason=UNKNOWN)
            await casefile.put_back()


async def asked_anew(ledger: Ledger, request_id: str, outcome: str) -> None:
    """The corrected signer was asked again, or perhaps was; it is no reminder, so that one may still follow."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id):
            case.note("asked anew", outcome, casefile.at)
            await casefile.put_back()

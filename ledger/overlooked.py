"""Holds what a provider lists against what we have heard: where it knows more, a webhook was lost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.signing.model import Frozen, Snapshot
from ledger.casefile import Casefile
from ledger.cases import Case
from ledger.prepared import now
from ledger.schema import batches, requests
from ledger.sql import among, stands
from ledger.states import RequestState, SignerState
from ledger.store import Ledger

_OPEN = (RequestState.SENT, RequestState.IN_PROGRESS)
_TOLD = (SignerState.SIGNED, SignerState.DECLINED)
"""What every provider tells of a signer; of invitations and views, not all do."""


class Account(Frozen):
    """An account as its batches name it, by the address they went to."""

    provider: str
    account: str
    base_url: str


class Lost(Frozen):
    """A request about which we had not heard everything: how it stood here, and how it stands."""

    request_id: str
    before: RequestState
    after: RequestState


async def accounts(ledger: Ledger) -> dict[Account, int]:
    """All accounts with requests somebody still has to sign; how many of these."""
    theirs = (batches.c.provider, batches.c.account, batches.c.base_url)
    number = func.count(distinct(requests.c.id)).label("number")
    chosen = (
        select(*theirs, number)
        .join(requests, requests.c.batch_id == batches.c.id)
        .where(stands(requests.c.state, *_OPEN), requests.c.provider_id.is_not(None))
        .group_by(*theirs)
        .order_by(*theirs)
    )
    async with ledger.read() as connection:
        found = (await connection.execute(chosen)).mappings()
        return {Account(**{name: row[name] for name in Account.model_fields}): row["number"] for row in found}


async def ours(ledger: Ledger, account: Account, listed: Sequence[Snapshot]) -> dict[str, Snapshot]:
    """Those of the listed that are requests of ours and open here, by our ids."""
    async with ledger.read() as connection:
        return await _ours(connection, account, listed, _OPEN)


async def overlooked(ledger: Ledger, account: Account, listed: Sequence[Snapshot], *, keep: bool) -> list[Lost]:
    """About which requests the provider knows more than we have heard; with `keep` the ledger knows it from now on.

    One that has ended here for our own reasons, and was signed there, counts too.
    """
    beyond = [state for state in RequestState if state is not RequestState.COMPLETED]
    async with ledger.begin() as connection:
        known = await _ours(connection, account, listed, beyond)
        casefile = Casefile(connection, await now(connection))
        lost = []
        for case in await casefile.take_out_ids(sorted(known)):
            before, heard = case.state, _heard(case)
            case.observe(known[case.id], casefile.at)
            if (case.state, _heard(case)) != (before, heard):
                lost.append(Lost(request_id=case.id, before=before, after=case.state))
        if keep:
            await casefile.answer_attempts()
            await casefile.put_back()
        return lost


async def _ours(
    connection: AsyncConnection, account: Account, listed: Sequence[Snapshot], states: Sequence[RequestState]
) -> dict[str, Snapshot]:
    """By the provider's id alone, and not under another mark than ours."""
    by_id = {one.id: one for one in listed}
    columns = (requests.c.id, requests.c.provider_id, requests.c.ref)
    chosen = (
        select(*columns)
        .join(batches, batches.c.id == requests.c.batch_id)
        .where(
            among(connection, requests.c.provider_id, sorted(by_id)),
            requests.c.provider == account.provider,
            requests.c.account == account.account,
            batches.c.base_url == account.base_url,
            stands(requests.c.state, *states),
        )
    )
    found = (await connection.execute(chosen)).all()
    return {row.id: by_id[row.provider_id] for row in found if by_id[row.provider_id].ref in (None, row.ref)}


def _heard(case: Case) -> list[bool]:
    return [person.state in _TOLD for person in case.people]

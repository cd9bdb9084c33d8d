"""Takes back what is not completed: planned rows at once, open ones as the provider lets go of them."""

from __future__ import annotations

from sqlalchemy import func, select

from connectors.signing.model import Frozen
from ledger.batches import Counts
from ledger.casefile import Casefile
from ledger.prepared import now
from ledger.schema import requests
from ledger.sql import among, stands
from ledger.states import RequestState
from ledger.store import Ledger

PORTION = 500


class OpenRequest(Frozen):
    """A request that the provider has and somebody still has to sign; without an id it cannot be withdrawn by us."""

    request_id: str
    provider: str
    account: str
    provider_id: str | None


async def standing(ledger: Ledger, batch_id: str) -> Counts:
    """How many of a batch's requests are in each state, of all rounds: an older one may be open after all."""
    per_state = select(requests.c.state, func.count().label("number")).where(requests.c.batch_id == batch_id)
    async with ledger.read() as connection:
        return {row.state: row.number for row in await connection.execute(per_state.group_by(requests.c.state))}


async def take_back_planned(ledger: Ledger, batch_id: str) -> int:
    """Call the batch's planned rows canceled; how many. Nothing of them has gone out, so nobody has to be asked."""
    planned = (requests.c.batch_id == batch_id, stands(requests.c.state, RequestState.PLANNED))
    taken = 0
    while True:
        async with ledger.begin() as connection:
            portion = select(requests.c.id).where(*planned).order_by(requests.c.id).limit(PORTION)
            ids = list((await connection.execute(portion)).scalars())
            if not ids:
                return taken
            casefile = Casefile(connection, await now(connection))
            cases = await casefile.take_out(*planned, among(connection, requests.c.id, ids))
            taken += sum(case.withdraw(casefile.at) for case in cases)
            await casefile.put_back()


async def take_back(ledger: Ledger, request_id: str) -> bool:
    """Call one planned row canceled; False if it is not planned any more."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        planned = stands(requests.c.state, RequestState.PLANNED)
        taken = [case.withdraw(casefile.at) for case in await casefile.take_out(requests.c.id == request_id, planned)]
        await casefile.put_back()
        return any(taken)


async def open_requests(ledger: Ledger, batch_id: str, after: str = "") -> list[OpenRequest]:
    """The next open requests of a batch by id, at most a portion; `after` is the last one seen."""
    columns = (requests.c.id.label("request_id"), requests.c.provider, requests.c.account, requests.c.provider_id)
    chosen = select(*columns).where(
        requests.c.batch_id == batch_id,
        stands(requests.c.state, RequestState.SENT, RequestState.IN_PROGRESS),
        requests.c.id > after,
    )
    async with ledger.read() as connection:
        rows = (await connection.execute(chosen.order_by(requests.c.id).limit(PORTION))).mappings()
        return [OpenRequest(**row) for row in rows]


async def withdrawn(ledger: Ledger, request_id: str) -> RequestState | None:
    """The provider has let go of it: canceled, unless it has ended otherwise meanwhile. Where it stands now."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id):
            if case.state.open:
                case.withdraw(casefile.at)
            await casefile.put_back()
            return case.state
    return None


async def still_open(ledger: Ledger, request_id: str, problem: str) -> None:
    """It could not be withdrawn, or nobody knows whether it was: its row says so, and a further call tries again."""
    async with ledger.begin() as connection:
        casefile = Casefile(connection, await now(connection))
        for case in await casefile.take_out(requests.c.id == request_id):
            if case.state.open and case.problem != problem:
                case.problem = problem
                case.note("not withdrawn", "void", casefile.at, reason=problem)
            await casefile.put_back()

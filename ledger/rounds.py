"""Notices that a row which was sent anew had been sent the first time after all, and says so where it is seen.

A person sees the newest round of a row. So the news goes there: a round that is still planned is taken back before it
goes out, one that is out or may be is the incident *sent twice*, and one that ended before it was out says why.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.cases import Case
from ledger.prepared import Prepared, among_listed, listed
from ledger.schema import requests
from ledger.sql import at_least
from ledger.states import RequestState
from ledger.wants import Want

_OUT = (RequestState.SENT, RequestState.IN_PROGRESS, RequestState.COMPLETED)


def came_out(case: Case, state: RequestState, provider_id: str | None) -> bool:
    """Whether a request that was thought not to be out, or not any more, is: a later round of it may have been opened.

    `state` and `provider_id` are what they were before. What is being sent has no later round: one is opened only
    after an ending.
    """
    if state in (*_OUT, RequestState.SENDING):
        return False
    return case.state in _OUT or (provider_id is None and case.provider_id is not None)


def tell(later: Case, earlier: Case, at: datetime) -> None:
    """Let a later round know that an earlier one is out after all."""
    if later.state is RequestState.PLANNED:
        later.withdraw(at)
    if later.provider_id is None and later.state not in (RequestState.SENDING, RequestState.UNCERTAIN, *_OUT):
        later.problem = (
            f"This row had been sent before after all: `esign request show {earlier.id}` shows that request."
        )
    elif earlier.provider_id is not None:
        later.incidents.append(earlier.provider_id)
    later.wanted.append(Want(later.id, "sheet"))


async def later_rounds(connection: AsyncConnection, request_ids: Collection[str]) -> dict[str, str]:
    """Id of a later round → id of the one of these requests that it is a later round of."""
    rows = await _LATER.rows(connection, {"listed": listed(connection, request_ids)})
    return {row.later: row.earlier for row in rows}


_earlier, _later = requests.alias("earlier"), requests.alias("later")
_LATER = Prepared(
    lambda connection: (
        select(_later.c.id.label("later"), _earlier.c.id.label("earlier"))
        .select_from(_earlier)
        .join(
            _later,
            (_later.c.mode == _earlier.c.mode)
            & (_later.c.campaign == _earlier.c.campaign)
            & (_later.c.key == _earlier.c.key)
            & (_later.c.round > _earlier.c.round)
            & at_least(_later.c.round, 2),
        )
        .where(among_listed(connection, _earlier.c.id))
        .order_by(_later.c.id)
    )
)

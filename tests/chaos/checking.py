"""The invariant: the ledger as it stands at the end, compared with the stub's own record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

from tests.chaos.record import Call
from tests.chaos.standing import Attempt, Row

CLOCKS = 0.05
"""Seconds by which the database's clock (whole milliseconds) and the stub's may differ on one machine."""


def problems(rows: Sequence[Row], record: Sequence[Call]) -> list[str]:
    """Everything that is not as it has to be once nothing is left to send; an empty list is what one wants to see.

    Accepted twice, lost, or a lie: a state, an id or an attempt's outcome that the record contradicts.
    """
    calls: dict[str, list[Call]] = defaultdict(list)
    for call in record:
        calls[call.ref].append(call)
    strangers = calls.keys() - {row.ref for row in rows}
    found = [f"{ref}: the ledger knows nothing of it" for ref in sorted(strangers)]
    return found + [f"{row.ref}: {problem}" for row in rows for problem in _of_row(row, calls[row.ref])]


def doubts(rows: Sequence[Row]) -> int:
    """How often a row became uncertain."""
    return sum(row.doubts for row in rows)


def most_doubts(record: Sequence[Call], under_way: int, deaths: int) -> int:
    """How often rows may become uncertain: what may be under way at each death, and each call without a clear answer.

    The latter are the stub's hidden acceptances and its unreadable answers to calls it did not accept. A death is a
    kill, a suspension, or a sender that ended because it could not reach or write its ledger; while a database stands
    still (a lock, a full disk, a restart), leases run out as if their holders had died: one death of each sender.
    """
    return under_way * deaths + sum(not call.clear for call in record)


def _of_row(row: Row, calls: Sequence[Call]) -> Iterator[str]:
    ids = [call.provider_id for call in calls if call.accepted]
    refused = any(call.refused for call in calls)
    if len(ids) > 1:
        yield f"accepted {len(ids)} times, as {', '.join(map(str, ids))}"
    if row.incidents:
        yield f"the ledger says that it was sent twice ({', '.join(row.incidents)})"
    if not ids and not refused:
        yield f"lost: it is {row.state} and was neither accepted nor refused"
    if row.state not in ("sent", "failed"):
        yield f"it is {row.state}, although nothing is left to do"
    if row.state == "sent" and not ids:
        yield "it is sent, but was never accepted"
    if row.state == "failed" and (ids or not refused):
        yield "it is failed, but " + ("was accepted" if ids else "was never refused")
    if row.state == "sent" and row.provider_id not in ids:
        yield f"its id is {row.provider_id}, but it was accepted as {', '.join(map(str, ids)) or 'nothing'}"
    if row.state == "failed" and row.provider_id is not None:
        yield f"it is failed and has the id {row.provider_id}"
    if len(calls) > len(row.attempts):
        yield f"{len(calls)} calls were made in {len(row.attempts)} attempts"
    yield from _of_attempts(row.attempts, calls)
    said = sum(attempt.outcome == "sent" for attempt in row.attempts)
    if ids and said != 1:
        yield f"{said} of its attempts say that it was sent"


def _of_attempts(attempts: Sequence[Attempt], calls: Sequence[Call]) -> list[str]:
    """Each call belongs to the attempt it fell into; at a border, where clocks differ, to the one it fits.

    A call that is refused with 429 may be followed within milliseconds by the next attempt, of another sender.
    """
    ends = [attempt.began for attempt in attempts[1:]] + [float("inf")]
    spans = [(attempt.began - CLOCKS, end + CLOCKS) for attempt, end in zip(attempts, ends, strict=True)]
    within = [[place for place, (begin, end) in enumerate(spans) if begin <= call.at < end] for call in calls]
    if not all(within):
        return ["a call was made before its intent was on record"]
    found = [list(_as_assigned(attempts, calls, places)) for places in product(*within)]
    return min(found, key=len)


def _as_assigned(attempts: Sequence[Attempt], calls: Sequence[Call], places: Sequence[int]) -> Iterator[str]:
    for place, attempt in enumerate(attempts):
        its = [call for call, at in zip(calls, places, strict=True) if at == place]
        yield from (f"attempt {attempt.number} {problem}" for problem in _of_attempt(attempt, its))


def _of_attempt(attempt: Attempt, calls: Sequence[Call]) -> Iterator[str]:
    accepted = [call.provider_id for call in calls if call.accepted]
    if len(calls) > 1:
        yield f"called {len(calls)} times"
    if attempt.outcome is None:
        yield "has no outcome"
    if attempt.outcome == "sent" and accepted != [attempt.provider_id]:
        yield f"says sent as {attempt.provider_id}, but was accepted as {accepted or 'nothing'}"
    if attempt.outcome != "sent" and accepted:
        yield f"says {attempt.outcome}, but was accepted as {accepted}"
    if attempt.outcome == "refused" and not any(call.refused for call in calls):
        yield "says refused, but was not"
    if attempt.outcome == "nothing" and not all(call.clear and not call.refused for call in calls):
        yield f"says that nothing happened, which {calls[0].how!r} does not say"

"""`esign events`: which webhooks came and what became of them, and another try for those nothing could be made of."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cli.failures import AnswerIsNo, BadUsage
from cli.tables import show

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.delivered import Delivered, DeliveryState, Replayed
    from ledger.store import Ledger

MOST = 40
"""How many webhooks `esign events list` shows unless told otherwise."""

app = App(name="events", help_format="plaintext")


@app.command(name="list")
async def list_(
    *,
    request: str | None = None,
    state: str | None = None,
    since: str | None = None,
    most: int = MOST,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> None:
    """Show the newest webhooks: from whom, what they report, where they stand; never what people wrote in them.

    Parameters
    ----------
    request
        Those of one request, by its `req_…` or the sheet's `esign id`.
    state
        Those in one state: waiting, done, unmatched (about no request known here) or dead.
    since
        Those received since then: a date, or a date and a time (UTC unless it says otherwise).
    most
        How many, at most.
    as_json
        Print JSON for another program to read.
    """
    from cli.troubles import about_strangers
    from ledger import delivered

    wanted, moment = _state(state), _moment(since)
    if most < 1:
        raise BadUsage("`--most` is how many webhooks to show, from 1.")
    async with _ledger() as ledger:
        request_id = await _request(ledger, request)
        found = await delivered.newest(ledger, most, request_id=request_id, state=wanted, since=moment)
        strangers = await delivered.unmatched(ledger)
    if as_json:
        page = {"webhooks": [one.model_dump(mode="json") for one in found], "unmatched": strangers}
        print(json.dumps(page, indent=2, ensure_ascii=False))
        return
    show(("webhook", "from", "received", "state", "reports", "request", "note"), map(_cells, found))
    print(about_strangers(strangers) or "No webhook is about a request not known here.")


@app.command
async def dead(*, as_json: Annotated[bool, Parameter("--json", negative="")] = False) -> None:
    """Show the webhooks that could not be applied, and why.

    Parameters
    ----------
    as_json
        Print JSON for another program to read.
    """
    from ledger import inbox

    async with _ledger() as ledger:
        found = await inbox.dead(ledger)
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in found], indent=2, ensure_ascii=False))
        return
    rows = [(one.id, f"{one.provider}/{one.account}", _when(one.received_at), one.reason) for one in found]
    show(("webhook", "from", "received", "why"), rows)


@app.command
async def replay(
    webhooks: str | None = None, /, *, every: Annotated[bool, Parameter("--dead", negative="")] = False
) -> None:
    """Let webhooks that could not be applied wait to be applied once more; any others are left as they are.

    Parameters
    ----------
    webhooks
        A number, as `esign events dead` shows it, or a range of them, like 17-42.
    every
        All that could not be applied.
    """
    from ledger import delivered

    if (webhooks is None) is not every:
        raise BadUsage("Say which: a number, a range like 17-42, or --dead for all that could not be applied.")
    numbers = None if webhooks is None else _numbers(webhooks)
    async with _ledger() as ledger:
        replayed = await delivered.replay(ledger, numbers)
    left = _left(replayed)
    if not replayed.put_back:
        raise AnswerIsNo(f"Nothing was put back{left}; `esign events dead` shows the webhooks that can be.")
    one = replayed.put_back == 1
    print(
        f"{replayed.put_back} webhook{' is' if one else 's are'} applied with the next drain, within five minutes at "
        f"most while everything is up{left}."
    )


@asynccontextmanager
async def _ledger() -> AsyncIterator[Ledger]:
    from ledger.settings import load_settings
    from ledger.store import Ledger

    async with await Ledger.open(load_settings().ledger_url) as ledger:
        yield ledger


async def _request(ledger: Ledger, name: str | None) -> str | None:
    from ledger.dossier import dossier
    from ledger.ids import read_esign_id

    if name is None:
        return None
    marked = read_esign_id(name)
    if marked is not None and marked[0] != ledger.short_id:
        raise AnswerIsNo("That row was sent from another ledger; use that one (ESIGN_LEDGER_URL, ESIGN_HOME).")
    found = await dossier(ledger, marked[1] if marked else name)
    if found is None:
        raise AnswerIsNo(f"The ledger knows no request {name}; the sheet's `esign id` names those of its rows.")
    return found.id


def _state(given: str | None) -> DeliveryState | None:
    from ledger.delivered import STATES

    for state in STATES:
        if given == state:
            return state
    if given is None:
        return None
    raise BadUsage(f"There is no state '{given}'; there is: {', '.join(STATES)}.")


def _moment(given: str | None) -> datetime | None:
    from datetime import UTC, datetime

    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise BadUsage(f"'{given}' is no date; write it like 2026-11-28 or 2026-11-28T14:30.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _numbers(given: str) -> tuple[int, int]:
    first, _, last = given.partition("-")
    if not all(one.isascii() and one.isdigit() and len(one) < 19 for one in (first, last or first)):
        raise BadUsage(f"'{given}' is no webhook's number, nor a range of them like 17-42.")
    return int(first), int(last or first)


def _left(replayed: Replayed) -> str:
    """What became of the others that were asked for."""
    others = ", ".join(f"{number} {state}" for state, number in replayed.others.items())
    gone = f" ({replayed.emptied} of them emptied for their age)" if replayed.emptied else ""
    return f"; {sum(replayed.others.values())} left as they are: {others}{gone}" if others else ""


def _cells(one: Delivered) -> tuple[object, ...]:
    note = one.reason or ("emptied for its age" if one.emptied else None)
    return (one.id, f"{one.provider}/{one.account}", _when(one.received_at), one.state, one.kind, one.request_id, note)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

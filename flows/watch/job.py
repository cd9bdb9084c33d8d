"""One look at a watched sheet and what follows from it, up to a frozen batch. No Prefect."""

from __future__ import annotations

from dataclasses import dataclass

from flows.send.judging import PlanRow
from flows.send.plan import Plan
from flows.send.prepare import prepare, today
from flows.watch.looking import CannotWatch, Looked, look_at, only, watch_id
from ledger import batches, consent, looks, planning
from ledger.settings import Settings
from ledger.states import RequestState
from ledger.store import Ledger


@dataclass(frozen=True)
class Watching:
    """What to watch: see the parameters of the flow."""

    recipe: str
    sheet: str
    max_per_run: int = 50
    account: str | None = None
    provider: str | None = None
    campaign: str | None = None
    send_column: str = "send"
    live: bool = False
    approval_hours: float = 24.0


@dataclass(frozen=True)
class Turn:
    """What is to happen after a look."""

    looked: Looked
    watch: str
    chosen: tuple[PlanRow, ...]
    """The rows that go out now."""
    unsettled: int
    """Rows that say yes and were not like this at the last look."""
    later: int
    """Rows that could go out, and are more than `max_per_run`."""
    held: int
    """Rows that wait in a batch for a person."""
    asked: str | None
    """The batch about which a person is being asked; until there is an answer nothing else goes out."""
    new_edits: tuple[PlanRow, ...]
    consent: bool
    """Whether the rows may go out without a person being asked."""

    @property
    def plan(self) -> Plan:
        """The plan of the chosen rows alone."""
        return only(self.looked.plan, self.chosen)


async def look(ledger: Ledger, settings: Settings, watching: Watching) -> Turn:
    """Look at the sheet, remember what was seen, and say what may go out.

    Raises with one sentence: `CannotWatch`, and what `prepare` raises.
    """
    if watching.max_per_run < 1:
        raise CannotWatch("max_per_run is the number of rows that go out in one run: at least 1.")
    prepared = await prepare(
        ledger,
        settings,
        watching.recipe,
        watching.sheet,
        account=watching.account,
        provider=watching.provider,
        campaign=watching.campaign,
        today=today(),
    )
    if prepared.account_settings.mode == "live" and not watching.live:
        raise CannotWatch("The account is in live mode; give the deployment the parameter live=true to send for real.")
    looked = look_at(prepared.plan, watching.send_column, ledger.id)
    watch = watch_id(prepared.plan, ledger.id)
    before = await looks.take_look(ledger, watch, looked.seen)
    settled = looked.as_before(before, looked.wanted)
    closed = await _waiting_for_a_person(ledger, settled, watching.approval_hours)
    free = [row for row in settled if row.known is None or row.known.batch_id not in closed]
    draft = only(prepared.plan, ()).draft()
    live = draft.mode == "live"
    asked = await consent.waiting_for(ledger, draft, watching.approval_hours) if live else None
    told = looked.as_before(before, looked.edited)
    return Turn(
        looked=looked,
        watch=watch,
        chosen=() if asked else tuple(free[: watching.max_per_run]),
        unsettled=len(looked.wanted) - len(settled),
        later=len(free) if asked else max(0, len(free) - watching.max_per_run),
        held=len(settled) - len(free),
        asked=asked,
        new_edits=tuple(row for row in looked.edited if row not in told),
        consent=not live or await consent.given(ledger, draft),
    )


async def freeze(ledger: Ledger, turn: Turn, watching: Watching) -> str | None:
    """Write the chosen rows down as a batch; its id, or None if there are none."""
    if not turn.chosen:
        return None
    batch_id = (await planning.freeze(ledger, turn.plan.draft())).batch_id
    if turn.consent and await consent.run_out(ledger, [batch_id], watching.approval_hours):
        await batches.release(ledger, batch_id)  # closed by a question that has been answered since, elsewhere
    return batch_id


async def _waiting_for_a_person(ledger: Ledger, rows: list[PlanRow], hours: float) -> set[str]:
    """The batches with these rows that only a person opens; not those about which a question has run out."""
    planned = {row.known.batch_id for row in rows if row.known and row.known.state is RequestState.PLANNED}
    held = {one.id for one in await batches.held(ledger, planned)}
    return held - await consent.run_out(ledger, held, hours)

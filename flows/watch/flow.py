"""Watches a sheet as a Prefect run: one run is one look. When it runs, the deployment's schedules in Prefect say."""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.sheets import NoRows, locate
from flows.edges import edge, kinds
from flows.lease import while_leased
from flows.room import opened
from flows.send.approval import run_id
from flows.send.flow import send_and_show, send_behind_gate
from flows.send.leaving import our_part
from flows.watch.edits import show_edits
from flows.watch.job import Turn, Watching, freeze, look
from flows.watch.looking import hashed
from flows.watch.refusals import show_refusals
from ledger import gates
from ledger.gates import Gate
from ledger.settings import Settings
from ledger.store import Ledger

NOTHING, BUSY = "Nothing to send", "Already watched"
"""Names of states in which a run ends in good order without having sent anything."""


@flow(name="watch-sheet", persist_result=False)
@edge
async def watch_sheet(
    recipe: str,
    sheet: str,
    max_per_run: int = 50,
    account: str | None = None,
    provider: str | None = None,
    campaign: str | None = None,
    send_column: str = "send",
    live: bool = False,
    approval_hours: float = 24.0,
) -> State[None]:
    """Send the rows of a sheet that say yes and have not changed since the last run; report edits of what was sent.

    Args:
        recipe: Name of the recipe.
        sheet: Absolute path of the sheet on the worker's machine, or the address of a Google spreadsheet.
        max_per_run: How many rows go out in one run at most; the others follow in the next ones.
        account: Name of the account, if not the recipe's own.
        provider: Name of the provider, if not the recipe's own.
        campaign: What this sending is called, if not the recipe's own.
        send_column: The column in which a person writes yes.
        live: Whether an account in live mode may be sent with. The first such run asks for a person's yes.
        approval_hours: How long that yes is waited for; after that the next run asks again.
    """
    watching = Watching(recipe, sheet, max_per_run, account, provider, campaign, send_column, live, approval_hours)
    with our_part():
        async with opened() as (settings, ledger):
            # Started again after an answer, this run finds its batch by its gate; the sheet is not read again.
            gate = await gates.of_run(ledger, run_id() or "")
            if gate is None:
                done = await _alone(ledger, settings, watching)
                if not isinstance(done, Gate):
                    return done
                gate = done
            return await send_behind_gate(ledger, settings, gate, None, gate.waiting, approval_hours)


async def _alone(ledger: Ledger, settings: Settings, watching: Watching) -> State[None] | Gate:
    """Look and send under the sheet's lease; the gate, if a person has to be asked first."""

    async def work() -> State[None] | Gate:
        try:
            turn = await look(ledger, settings, watching)
        except NoRows:
            return Completed(name=NOTHING, message="Nothing stands below the sheet's header.")
        await _show(ledger, turn)
        batch = await freeze(ledger, turn, watching)
        if batch is None:
            return Completed(name=NOTHING, message=told(turn))
        if not turn.consent:
            made = await gates.make(ledger, batch, run_id(), 0)
            if made is None:
                return Completed(name=NOTHING, message=told(turn))
            return await gates.ask(ledger, made, most=len(turn.chosen))
        sent = await send_and_show(ledger, settings, batch, None, len(turn.chosen))
        sent.message = f"{sent.message} {told(turn)}"
        return sent

    lease = f"watch:{hashed(ledger.id, str(locate(watching.sheet)))[:32]}"
    done = await while_leased(ledger, lease, work)
    return Completed(name=BUSY, message="Another run is at this sheet.") if done is None else done


def told(turn: Turn) -> str:
    """What else there is to know of a look, in numbers and ids."""
    said = [
        (turn.unsettled, "said yes for the first time or changed and wait for the next look"),
        (turn.later, "are left for later"),
        (turn.held, "wait in a batch that a person has to open"),
        (len(turn.looked.bad), "cannot be sent as they stand; the sheet says why"),
        (len(turn.looked.edited), f"were edited after sending, {len(turn.new_edits)} of them newly seen"),
    ]
    rows = "; ".join(f"{number} {what}" for number, what in said if number)
    asked = (
        f" A person is being asked about {turn.asked}; nothing else goes out before the answer." if turn.asked else ""
    )
    return (f"Rows: {rows}." if rows else "No row is ready.") + asked


async def _show(ledger: Ledger, turn: Turn) -> None:
    """Show what does not go out; whatever comes of it, the rest is sent."""
    try:
        if not await show_refusals(ledger, turn.looked):
            get_run_logger().info("Another writer is at the sheet; what is refused is shown after the next look.")
        await show_edits(turn)
    except Exception as error:
        get_run_logger().warning("What does not go out could not be shown: %s.", ", ".join(kinds(error)))

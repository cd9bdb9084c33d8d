"""`esign send`: plan a sheet, ask where it is needed, and send what is not yet sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from cli.asking import confirm_live
from cli.failures import AnswerIsNo, BadUsage
from cli.sheet_options import SheetOptions

if TYPE_CHECKING:
    from cli.planning import Ready


async def send(
    recipe: str,
    sheet: str,
    /,
    *,
    options: SheetOptions | None = None,
    skip_bad: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(negative="")] = False,
    live: Annotated[bool, Parameter(negative="")] = False,
    no_webhooks: Annotated[bool, Parameter(negative="")] = False,
    canary: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None,
    resume: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Send what the plan says; the same call again goes on after an interruption and sends nothing twice.

    Parameters
    ----------
    recipe
        Name of a recipe (see `esign recipes list`) or the path of its folder.
    sheet
        The spreadsheet; its status columns are kept current.
    skip_bad
        Send the good rows although others cannot be sent.
    yes
        Do not ask; with a live account only together with --live.
    live
        Say that requests of a live account are meant to bind people.
    no_webhooks
        Send with a live account although nobody would hear when a document is signed.
    canary
        Send so many rows first and pause; `esign batch resume` sends the others.
    resume
        Go on although a person paused the batch, with what the sheet says now.
    """
    from cli.needs import quiet_prefect, require_prefect

    quiet_prefect()
    from cli.plan_page import show_plan
    from cli.planning import chosen, prepared
    from flows.send.judging import BAD

    options = options or SheetOptions()
    async with prepared(recipe, sheet, options) as ready:
        rows = chosen(ready.plan, options)
        show_plan(ready, rows)
        bad = [row for row in rows if row.verdict in BAD]
        if bad and not skip_bad:
            raise AnswerIsNo(
                f"Nothing was sent: {len(bad)} of {len(rows)} rows cannot be; correct them ({await _said_why(ready)}), "
                "or send the others with --skip-bad."
            )
        await _require_webhooks(ready, needed=not no_webhooks)
        await require_prefect(ready.settings)
        await _require_no_pause(ready, resume=resume)
        await _send(ready, options, yes=yes, live=live, canary=canary, resume=resume)


async def _said_why(ready: Ready) -> str:
    """Show in the sheet why rows are refused, and say where that stands; a sheet that cannot be written keeps nobody
    from the answer."""
    from cli.tables import printable
    from connectors.sheets import SheetError, shown_in
    from flows.send.refusals import show_refused

    try:
        written = await show_refused(ready.ledger, ready.plan)
    except SheetError as error:
        print(printable(str(error)))
        written = False
    if not written:
        return "see above"
    shown = shown_in(ready.plan.sheet)
    return "the sheet says why" if shown == ready.plan.sheet else f"{shown} says why"


async def _send(
    ready: Ready, options: SheetOptions, *, yes: bool, live: bool, canary: int | None, resume: bool
) -> None:
    from cli.progress import sent_with_progress
    from cli.tables import printable
    from connectors.sheets import shown_in
    from flows.send.held import release_paused
    from ledger import planning

    count = len(ready.prepared.rows)
    confirmed = _confirmed(ready, count, yes=yes, live=live)
    if resume:
        await release_paused(ready.ledger, ready.plan)
    frozen = await planning.freeze(ready.ledger, ready.plan.draft(), again=ready.prepared.again)
    print(f"Batch {frozen.batch_id}{' goes on' if frozen.resumed else ''}.", flush=True)
    if (shown := shown_in(ready.plan.sheet)) != ready.plan.sheet:
        print(printable(f"Where each row stands is shown in {shown}."), flush=True)
    await sent_with_progress(
        ready.ledger,
        frozen.batch_id,
        rows=options.row,
        limit=options.limit,
        total=min(count, canary or count),
        confirm_live=confirmed,
        canary=canary,
    )


async def _require_no_pause(ready: Ready, *, resume: bool) -> None:
    """A person's pause is not undone by sending the sheet again, unless that is what was asked for."""
    from flows.send.held import PausedByPerson, refuse_paused

    if not resume:
        try:
            await refuse_paused(ready.ledger, ready.plan)
        except PausedByPerson as paused:
            raise AnswerIsNo(str(paused)) from None


def _confirmed(ready: Ready, count: int, *, yes: bool, live: bool) -> int | None:
    """For a live account, the number of requests somebody said yes to; a test account asks nothing."""
    sending = ready.plan.sending
    if sending.mode == "test" or count == 0:
        return None
    first = "; ".join(f"row {row.row} {row.key}" for row in ready.plan.send if row.row in ready.prepared.rows[:3])
    lines = (
        f"LIVE: this sends {count} requests that bind people, through {sending.provider.title} ({sending.account}).",
        f"Each may be charged by the provider. The first ones: {first}",
    )
    return confirm_live(count, sending.account, lines, yes=yes, live=live)


async def _require_webhooks(ready: Ready, *, needed: bool) -> None:
    """A provider that cannot report leaves every row at `sent`: no for a live account, a warning for others."""
    from connectors.signing.accounts import SANDBOX
    from flows.send.addresses import addresses
    from ledger import inbox

    sending = ready.plan.sending
    known = addresses(ready.settings, sending.provider, sending.account, sending.base_url)
    by_hand = sending.provider.webhook_setup is not None
    if known.public_url is None:
        sentence = (
            f"{sending.provider.title} would have no address to report to, so nobody would hear who signed: set "
            "ESIGN_PUBLIC_URL to the receiver's https address"
        )
    elif by_hand and await inbox.last_received(ready.ledger, sending.provider.name, sending.account) is None:
        sentence = (
            f"Nothing was ever heard from {sending.provider.title}, so perhaps nobody would hear who signed: "
            f"`esign providers check {sending.provider.name}/{sending.account}` prints the address to type in there"
        )
    else:
        return
    if needed and sending.mode == "live":
        raise BadUsage(f"{sentence}, or add --no-webhooks.")
    if known.public_url is None or sending.account != SANDBOX:
        print(f"Note: {sentence}.")

"""`esign send`: plan a sheet, ask where it is needed, and send what is not yet sent."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cli.failures import AnswerIsNo, BadUsage, OutsideFailed
from cli.reach import answers
from cli.sheet_options import SheetOptions

if TYPE_CHECKING:
    from cli.planning import Ready
    from ledger.settings import Settings


async def send(
    recipe: str,
    sheet: Path,
    /,
    *,
    options: SheetOptions | None = None,
    skip_bad: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(negative="")] = False,
    live: Annotated[bool, Parameter(negative="")] = False,
    no_webhooks: Annotated[bool, Parameter(negative="")] = False,
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
    """
    from ledger.settings import load_settings

    # Before Prefect is imported, which reads the environment then and never again: where the server is, and to keep
    # its own lines off the terminal, since the run's page has them.
    load_settings()
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    from cli.planning import chosen, prepared, show_plan
    from flows.send.plan import PlanVerdict
    from flows.send.refusals import show_refused

    options = options or SheetOptions()
    async with prepared(recipe, sheet, options) as ready:
        rows = chosen(ready.plan, options)
        show_plan(ready.plan, rows)
        bad = [row for row in rows if row.verdict is PlanVerdict.REFUSED]
        if bad and not skip_bad:
            await show_refused(ready.ledger, ready.plan)
            raise AnswerIsNo(
                f"Nothing was sent: {len(bad)} of {len(rows)} rows cannot be; correct them (the sheet says why), "
                "or send the others with --skip-bad."
            )
        await _require_webhooks(ready, needed=not no_webhooks)
        await _require_prefect(ready.settings)
        await _send(ready, options, yes=yes, live=live)


async def _send(ready: Ready, options: SheetOptions, *, yes: bool, live: bool) -> None:
    from cli.progress import sent_with_progress
    from ledger import planning

    count = len(ready.prepared.rows)
    confirmed = _confirmed(ready, count, yes=yes, live=live)
    frozen = await planning.freeze(ready.ledger, ready.plan.draft(), again=ready.prepared.again)
    print(f"Batch {frozen.batch_id}{' goes on' if frozen.resumed else ''}.", flush=True)
    await sent_with_progress(
        ready.ledger, frozen.batch_id, rows=options.row, limit=options.limit, total=count, confirm_live=confirmed
    )


def _confirmed(ready: Ready, count: int, *, yes: bool, live: bool) -> int | None:
    """For a live account, the number of requests somebody said yes to; a test account asks nothing."""
    sending = ready.plan.sending
    if sending.mode == "test" or count == 0:
        return None
    if yes and live:
        return count
    if yes or not os.isatty(0):
        raise BadUsage(f"Account {sending.account} is live: type the number when asked, or add --yes --live.")
    first = "; ".join(f"row {row.row} {row.key}" for row in ready.plan.send if row.row in ready.prepared.rows[:3])
    print(f"LIVE: this sends {count} requests that bind people, through {sending.provider.title} ({sending.account}).")
    print(f"Each may be charged by the provider. The first ones: {first}")
    if _typed(f"Type {count} to send them: ") != str(count):
        raise AnswerIsNo("Nothing was sent.")
    return count


def _typed(question: str) -> str:
    """What somebody at the terminal types; Ctrl-C ends it at once, which asyncio's handler would leave for later."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""
    finally:
        signal.signal(signal.SIGINT, before)


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


async def _require_prefect(settings: Settings) -> None:
    if settings.api_url is None:
        raise OutsideFailed("No Prefect server is running here: start everything with `esign up`, then send again.")
    if not await answers(f"{settings.api_url}/health"):
        raise OutsideFailed(
            f"The Prefect server at {settings.api_url} does not answer: run `esign up`, then send again."
        )

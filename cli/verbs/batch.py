"""`esign batch`: pause, resume, take back, remind, send anew; each safe to repeat and to interrupt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cli.asking import confirm_live, confirm_number
from cli.failures import AnswerIsNo, OutsideFailed

if TYPE_CHECKING:
    from flows.batch.void import Prospect, Voided
    from ledger.batches import Batch
    from ledger.settings import Settings
    from ledger.store import Ledger

app = App(name="batch", help_format="plaintext")

Yes = Annotated[bool, Parameter(negative="", help="Do not ask; to send with a live account only together with --live.")]
Live = Annotated[bool, Parameter(negative="", help="Say that requests of a live account are meant to bind people.")]


@app.command
async def pause(batch: str, /) -> None:
    """Let nothing more of a batch go out; a running `esign send` stops after the calls under way.

    Parameters
    ----------
    batch
        Id of a batch (`bat_…`).
    """
    from flows.send.held import pause_sentence
    from ledger import batches

    async with _opened(batch) as (_, ledger, found):
        if not await batches.hold(ledger, found.id, pause_sentence(found.id)):
            raise AnswerIsNo(f"Batch {found.id} is done; there is nothing left to pause.")
        counts = await batches.counts(ledger, found.id)
    print(
        f"Batch {found.id} is paused with {counts.get('planned', 0)} rows still planned; "
        f"`esign batch resume {found.id}` goes on."
    )


@app.command
async def resume(batch: str, /, *, yes: Yes = False, live: Live = False) -> None:
    """Send what is still planned of a batch, whoever paused it; the sheet is not read again.

    Parameters
    ----------
    batch
        Id of a batch (`bat_…`).
    """
    from cli.needs import quiet_prefect, require_prefect
    from ledger import batches

    quiet_prefect()
    async with _opened(batch) as (settings, ledger, found):
        await require_prefect(settings)
        planned = (await batches.counts(ledger, found.id)).get("planned", 0)
        confirmed = _confirmed(found, planned, yes=yes, live=live)
        await batches.release(ledger, found.id)
        await _send(ledger, found, planned, confirmed)


@app.command
async def void(batch: str, /, *, yes: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Take a batch back: planned rows at once, open requests as far as the provider lets go of them.

    Parameters
    ----------
    batch
        Id of a batch (`bat_…`).
    yes
        Do not ask for the number.
    """
    from cli.needs import quiet_prefect

    quiet_prefect()
    from flows.accounts import Accounts
    from flows.batch import void as job
    from flows.batch.news import hear_news
    from flows.batch.sheet import show_in_sheet

    async with _opened(batch) as (settings, ledger, found), Accounts() as accounts:
        await hear_news(ledger, settings)
        asked = await job.prospect(ledger, found)
        _show_prospect(found, asked)
        if asked.number == 0:
            if left := asked.open + asked.sending + asked.uncertain:
                raise AnswerIsNo(f"Nothing was done: none of the {left} requests that are left can be taken back now.")
            print("There is nothing left to take back.")
            return
        confirm_number(asked.number, f"take back {asked.number} requests", yes=yes)
        done = await job.void(ledger, accounts, found, _every_hundred(asked.open))
        note = await show_in_sheet(ledger, found.id)
    _show_voided(found, done, note)


@app.command
async def remind(batch: str, /) -> None:
    """Remind everybody whose turn it is, now; nobody who was reminded within the last day.

    Parameters
    ----------
    batch
        Id of a batch (`bat_…`).
    """
    from cli.needs import quiet_prefect

    quiet_prefect()
    from cli.reminded import show_reminded
    from flows.accounts import Accounts
    from flows.batch.mail import our_mail
    from flows.batch.news import hear_news
    from flows.batch.remind import remind_now
    from flows.batch.sheet import show_in_sheet

    async with _opened(batch) as (settings, ledger, found), Accounts() as accounts:
        await hear_news(ledger, settings)
        done = await remind_now(ledger, accounts, found, await our_mail(settings))
        await show_in_sheet(ledger, found.id)
    show_reminded(done)


@app.command
async def resend(
    batch: str,
    /,
    *,
    also: Annotated[str, Parameter(help="What else to send anew: declined, expired, canceled; with commas.")] = "",
    yes: Yes = False,
    live: Live = False,
) -> None:
    """Send anew, as a further round, what the provider refused; what may have been sent is never among it.

    Parameters
    ----------
    batch
        Id of a batch (`bat_…`).
    """
    from cli.needs import quiet_prefect, require_prefect
    from ledger import batches, resending

    quiet_prefect()
    from flows.batch.resend import NotNow, plan_anew, states

    which = states([word.strip() for word in also.split(",") if word.strip()])
    async with _opened(batch) as (settings, ledger, found):
        await require_prefect(settings)
        planned = (await batches.counts(ledger, found.id)).get("planned", 0)
        number = planned + await resending.over(ledger, found.id, which)
        if number == 0:
            raise AnswerIsNo(f"Nothing was sent: nothing of batch {found.id} is {' or '.join(sorted(which))}.")
        confirmed = _confirmed(found, number, yes=yes, live=live)
        try:
            anew = await plan_anew(ledger, found, which)
        except NotNow as problem:
            raise AnswerIsNo(str(problem)) from None
        print(f"{anew} rows are sent anew.", flush=True)
        await _send(ledger, found, number, confirmed)


@asynccontextmanager
async def _opened(batch_id: str) -> AsyncIterator[tuple[Settings, Ledger, Batch]]:
    """The settings, the ledger and a batch it knows. Raises `AnswerIsNo` for any other id."""
    from ledger import batches
    from ledger.settings import load_settings
    from ledger.store import Ledger

    settings = load_settings()
    async with await Ledger.open(settings.ledger_url) as ledger:
        found = await batches.batch(ledger, batch_id)
        if found is None:
            raise AnswerIsNo(f"The ledger knows no batch {batch_id}; `esign status` shows the newest.")
        yield settings, ledger, found


def _confirmed(batch: Batch, number: int, *, yes: bool, live: bool) -> int | None:
    if batch.mode == "test" or number == 0:
        return None
    line = f"LIVE: this sends {number} requests that bind people, through {batch.provider}/{batch.account}."
    return confirm_live(number, batch.account, [line], yes=yes, live=live)


async def _send(ledger: Ledger, batch: Batch, number: int, confirmed: int | None) -> None:
    from cli.progress import sent_with_progress

    await sent_with_progress(ledger, batch.id, rows=(), limit=None, total=number, confirm_live=confirmed)


def _show_prospect(batch: Batch, asked: Prospect) -> None:
    print(f"Batch {batch.id}: {asked.planned} planned rows are taken back at once.")
    if asked.open and asked.can:
        print(f"{asked.open} open requests are withdrawn at {asked.provider.title}.")
    elif asked.open:
        print(
            f"{asked.provider.title} cannot be told to withdraw a request: the {asked.open} open ones stay as they "
            "are; end them on its own pages."
        )
    if asked.sending:
        print(f"{asked.sending} rows are being sent right now and stay; call this again for them.")
    if asked.uncertain:
        print(f"{asked.uncertain} rows may or may not have been sent and stay; see `esign status` for what to do.")


def _every_hundred(total: int) -> Callable[[int], None]:
    def heard(number: int) -> None:
        if number % 100 == 0:
            print(f"{number} of {total} withdrawals are through.", flush=True)

    return heard


def _show_voided(batch: Batch, done: Voided, note: str | None) -> None:
    from flows.batch.withdrawing import Ended

    said = [f"{done.planned} planned rows taken back", f"{done.ended[Ended.WITHDRAWN]} requests withdrawn"]
    if over := done.ended[Ended.OVER]:
        said.append(f"{over} had ended already")
    print(f"Batch {batch.id}: {', '.join(said)}.")
    if note:
        print(note)
    if done.stopped:
        raise OutsideFailed(done.stopped)
    left = {
        "that the provider keeps open; their rows say why": done.ended[Ended.OPEN] + done.kept,
        "of which nobody knows whether they are withdrawn": done.ended[Ended.UNKNOWN],
        "that are being sent right now": done.sending,
        "that may or may not have been sent (`esign status` says what to do)": done.uncertain,
    }
    if done.left:
        what = "; ".join(f"{number} {words}" for words, number in left.items() if number)
        raise AnswerIsNo(f"Left: {what}. `esign batch void {batch.id}` again goes on with them.")

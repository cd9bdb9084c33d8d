"""`esign request`: one request as the ledger knows it, and what a person can do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cli.asking import confirm_number
from cli.failures import AnswerIsNo, BadUsage

if TYPE_CHECKING:
    from ledger.batches import Batch
    from ledger.dossier import Dossier
    from ledger.settings import Settings
    from ledger.store import Ledger

app = App(name="request", help_format="plaintext")


@app.command
async def show(request: str, /, *, as_json: Annotated[bool, Parameter("--json", negative="")] = False) -> None:
    """Show all the ledger knows of a request: signers, attempts, history, and what needs a person.

    Parameters
    ----------
    request
        Its id (`req_…`), or what stands in the sheet's `esign id`.
    as_json
        Print JSON for another program to read.
    """
    from cli.request_page import show_page

    async with _opened(request) as (_, _, found, _):
        if as_json:
            print(found.model_dump_json(indent=2))
        else:
            show_page(found)


@app.command
async def remind(request: str, /) -> None:
    """Remind whose turn it is in a request, now; not if they were reminded within the last day.

    Parameters
    ----------
    request
        Its id (`req_…`), or what stands in the sheet's `esign id`.
    """
    from cli.needs import quiet_prefect

    quiet_prefect()
    from cli.reminded import show_reminded
    from flows.accounts import Accounts
    from flows.batch.mail import our_mail
    from flows.batch.news import hear_news
    from flows.batch.remind import remind_now

    async with _opened(request) as (settings, ledger, found, batch), Accounts() as accounts:
        await hear_news(ledger, settings)
        done = await remind_now(ledger, accounts, batch, await our_mail(settings), request_id=found.id)
    if not done.numbers:
        raise AnswerIsNo(f"Nobody has to sign {found.id} now; `esign request show {found.id}` says how it stands.")
    show_reminded(done)


@app.command
async def cancel(request: str, /, *, yes: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Take a request back: at once if it is planned, else by withdrawing it at the provider.

    Parameters
    ----------
    request
        Its id (`req_…`), or what stands in the sheet's `esign id`.
    yes
        Do not ask.
    """
    from cli.needs import quiet_prefect

    quiet_prefect()
    from flows.accounts import Accounts
    from flows.batch.cancel import CannotCancel, cancel_request
    from flows.batch.news import hear_news
    from flows.batch.sheet import show_in_sheet
    from flows.batch.withdrawing import Ended
    from ledger.dossier import dossier

    async with _opened(request) as (settings, ledger, found, batch), Accounts() as accounts:
        await hear_news(ledger, settings)
        found = await dossier(ledger, found.id) or found
        if not found.state.terminal:
            confirm_number(1, f"cancel {found.id} (row {found.row}, {found.state})", yes=yes)
        try:
            ended = await cancel_request(ledger, accounts, batch, found)
        except CannotCancel as problem:
            raise AnswerIsNo(str(problem)) from None
        await show_in_sheet(ledger, batch.id)
    words = {
        Ended.WITHDRAWN: f"{found.id} is canceled.",
        Ended.OVER: f"{found.id} had ended already; `esign request show {found.id}` says how.",
        Ended.OPEN: f"The provider keeps {found.id} open; look there why.",
        Ended.UNKNOWN: f"Nobody knows yet whether {found.id} is withdrawn; call this again to look and go on.",
    }
    if ended is not Ended.WITHDRAWN:
        raise AnswerIsNo(words[ended])
    print(words[ended])


@app.command
async def correct(
    request: str,
    /,
    *,
    role: str | None = None,
    name: str | None = None,
    email: str | None = None,
    mobile: str | None = None,
    yes: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Correct a signer of a request that is out; with another address or number they are asked to sign anew.

    The document stays as it was sent, whatever it says of them.

    Parameters
    ----------
    request
        Its id (`req_…`), or what stands in the sheet's `esign id`.
    role
        Which signer, by the recipe's word; needed where several sign.
    name
        The right name.
    email
        The right e-mail address.
    mobile
        The right mobile number, with its country code.
    yes
        Do not ask.
    """
    from cli.needs import quiet_prefect

    quiet_prefect()
    from cli.corrected import show_change, show_corrected
    from flows.accounts import Accounts
    from flows.batch.correct import correct_signer
    from flows.batch.correctable import CannotCorrect, judge_correction, read_correction
    from flows.batch.news import hear_news
    from flows.batch.sheet import show_in_sheet
    from ledger.correcting import present
    from ledger.dossier import dossier

    correction = read_correction(name, email, mobile)
    async with _opened(request) as (settings, ledger, found, batch), Accounts() as accounts:
        await hear_news(ledger, settings)
        found = await dossier(ledger, found.id) or found
        try:
            change = judge_correction(found, await present(ledger, found.id), correction, role)
            if not yes:
                show_change(change)
            confirm_number(1, f"correct {change.signer.role} of {found.id} (row {found.row})", yes=yes)
            try:
                done = await correct_signer(ledger, accounts, batch, found, change)
            finally:
                await show_in_sheet(ledger, batch.id)
        except CannotCorrect as problem:
            raise AnswerIsNo(str(problem)) from None
    show_corrected(found, change, done)


@app.command
async def resolve(
    request: str,
    /,
    *,
    sent: str | None = None,
    not_sent: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Say what became of a request that may or may not have been sent, after looking at the provider's own pages.

    Parameters
    ----------
    request
        Its id (`req_…`), or what stands in the sheet's `esign id`.
    sent
        It was sent, under this id of the provider's, which is asked about first.
    not_sent
        It was not sent: it is planned again.
    """
    from cli.needs import quiet_prefect

    quiet_prefect()
    from flows.accounts import Accounts
    from flows.batch.resolve import CannotResolve, resolve_not_sent, resolve_sent
    from flows.batch.sheet import show_in_sheet

    if (sent is not None) == not_sent:
        raise BadUsage("Say either --sent with the provider's id, or --not-sent.")
    async with _opened(request) as (_, ledger, found, batch), Accounts() as accounts:
        try:
            if sent is not None:
                state = await resolve_sent(ledger, accounts, batch, found, sent)
                said = f"{found.id} is {state}, under the provider's id {sent}."
            elif await resolve_not_sent(ledger, accounts, batch, found):
                said = f"{found.id} is planned again; `esign batch resume {batch.id}` sends it."
            else:
                await show_in_sheet(ledger, batch.id)
                raise AnswerIsNo(f"The provider has {found.id} after all; it is recorded as sent and not sent again.")
        except CannotResolve as problem:
            raise AnswerIsNo(f"Nothing was changed: {problem}") from None
        await show_in_sheet(ledger, batch.id)
    print(said)


@asynccontextmanager
async def _opened(name: str) -> AsyncIterator[tuple[Settings, Ledger, Dossier, Batch]]:
    """The settings, the ledger, a request it knows, and its batch. Raises `AnswerIsNo` for any other id."""
    from ledger import batches
    from ledger.dossier import dossier
    from ledger.ids import read_esign_id
    from ledger.settings import load_settings
    from ledger.store import Ledger

    settings = load_settings()
    async with await Ledger.open(settings.ledger_url) as ledger:
        marked = read_esign_id(name)
        if marked is not None and marked[0] != ledger.short_id:
            raise AnswerIsNo("That row was sent from another ledger; use that one (ESIGN_LEDGER_URL, ESIGN_HOME).")
        found = await dossier(ledger, marked[1] if marked else name)
        batch = await batches.batch(ledger, found.batch_id) if found else None
        if found is None or batch is None:
            raise AnswerIsNo(f"The ledger knows no request {name}; the sheet's `esign id` names those of its rows.")
        yield settings, ledger, found, batch

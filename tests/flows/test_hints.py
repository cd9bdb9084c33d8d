"""A provider that signs no webhook and cannot do much: what we do in its place."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from prefect_email import EmailServerCredentials
from pydantic import SecretStr
from sqlalchemy import select, update

from blocks.archive import archive_of
from blocks.mail import SmtpMail
from connectors.signing.hooks import token
from flows.accounts import Accounts
from flows.events.confirm import LOOKS
from flows.events.drain import drain
from flows.reconcile.job import pick_up
from flows.remind.job import remind_due
from flows.send.job import run_batch
from ledger import inbox, reading, schema
from ledger.inbox import Delivery, account_has_news
from ledger.planning import freeze
from ledger.reading import RowStatus
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.drafts import draft
from tests.flows.fake_leap import FakeLeap

SECRETS = (SecretStr("made-up-receiver-secret"),)
DAY = timedelta(days=1)


@pytest.fixture
async def leap() -> AsyncIterator[FakeLeap]:
    async with FakeLeap() as fake:
        yield fake


async def sent(ledger: Ledger, settings: Settings, leap: FakeLeap) -> str:
    """One row, sent to the provider on this machine, which therefore may be given a plain address."""
    plain = settings.model_copy(update={"public_url": "http://127.0.0.1:9"})
    batch = draft(leap.settings(), 1).model_copy(update={"provider": "leap"})
    batch_id = (await freeze(ledger, batch)).batch_id
    await run_batch(ledger, batch_id, plain, open_account=leap.open_account)
    return batch_id


async def row(ledger: Ledger, batch_id: str) -> RowStatus:
    (one,) = await reading.rows(ledger, batch_id)
    return one


async def called_back(ledger: Ledger, leap: FakeLeap, ref: str | None = None, times: int = 1) -> None:
    """The provider calls the address it was given; the receiver has checked its mark."""
    (address,) = leap.callbacks.values()
    ref = ref or address.rsplit("/", 1)[1]
    for number in range(times):
        delivery = Delivery(
            provider="leap", account="sandbox", identity=f"{ref}{number}", body=b"", genuine=False, ref=ref
        )
        await inbox.put(ledger, [delivery], hints=True)


async def drained(ledger: Ledger, settings: Settings, leap: FakeLeap) -> None:
    async def post(events: Any) -> None: ...

    await drain(ledger, await archive_of(settings), SECRETS, open_account=leap.open_account, post=post)


async def test_each_request_has_an_address_of_its_own_that_only_we_can_make(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    await sent(ledger, settings, leap)
    (address,) = leap.callbacks.values()
    mark, ref = address.rsplit("/", 2)[1:]
    assert mark == token(SECRETS[0], "leap", "sandbox", ref)


async def test_a_hint_counts_once_the_provider_confirms_it_and_is_asked_about_once(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    leap.finish("prj-1")
    await called_back(ledger, leap)
    await drained(ledger, settings, leap)
    assert (await row(ledger, batch_id)).state == "completed"
    assert leap.asked == 1


async def test_a_hint_the_provider_does_not_confirm_changes_nothing_and_is_tried_again(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    await called_back(ledger, leap)
    await drained(ledger, settings, leap)
    assert (await row(ledger, batch_id)).state == "sent"
    async with ledger.read() as connection:
        (waiting,) = (await connection.execute(select(schema.inbox))).mappings()
    assert (waiting["state"], waiting["tries"]) == ("waiting", 1)


async def test_a_hint_about_another_request_is_a_dead_letter_and_nobody_is_asked(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    leap.finish("prj-1")
    await called_back(ledger, leap, ref="E00000000000")
    await drained(ledger, settings, leap)
    assert (await row(ledger, batch_id)).state == "sent"
    (dead,) = await inbox.dead(ledger)
    assert dead.reason == "It is about no request of ours."
    assert leap.asked == 0


async def test_a_completion_nobody_can_be_asked_about_is_left_to_a_person(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    leap.silent = True
    batch_id = await sent(ledger, settings, leap)
    assert (await row(ledger, batch_id)).state == "uncertain"
    leap.finish("prj-1")
    await called_back(ledger, leap)
    await drained(ledger, settings, leap)
    one = await row(ledger, batch_id)
    assert one.state == "uncertain"
    assert "cannot be confirmed" in (one.problem or "")
    assert leap.asked == 0


async def test_without_a_document_the_evidence_is_kept_alone(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    leap.finish("prj-1")
    await called_back(ledger, leap)
    await drained(ledger, settings, leap)
    (kept,) = (settings.home / "archive").iterdir()
    assert kept.name.endswith(".evidence.json")
    evidence = json.loads(kept.read_bytes())
    assert evidence["document"] is None
    assert [signer["state"] for signer in evidence["signers"]] == ["signed", "signed"]
    assert (await row(ledger, batch_id)).document == kept.name


async def test_what_is_overdue_is_withdrawn_there_before_it_counts_as_expired(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    async with Accounts(leap.open_account) as accounts:
        swept = await pick_up(ledger, accounts, datetime.now(UTC) + 31 * DAY)
    assert (swept.expired, swept.failed) == (1, ())
    assert leap.withdrawn == ["prj-1"]
    assert (await row(ledger, batch_id)).state == "expired"


async def test_what_was_signed_in_time_is_not_called_expired(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    leap.finish("prj-1")
    async with Accounts(leap.open_account) as accounts:
        await pick_up(ledger, accounts, datetime.now(UTC) + 31 * DAY)
    assert leap.withdrawn == []
    assert (await row(ledger, batch_id)).state == "completed"


class Letters(Message):
    """A mail server's handler that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[EmailMessage] = []

    def handle_message(self, message: Any) -> None:
        self.kept.append(message_from_bytes(message.as_bytes(), policy=policy.default))


@contextmanager
def mail_server(letters: Letters) -> Iterator[SmtpMail]:
    """A mail server on this machine, and the way there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(letters, hostname="127.0.0.1", port=port)
    server.start()
    try:
        credentials = EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=port)
        yield SmtpMail(credentials, "office@example.com")
    finally:
        server.stop()


async def test_we_remind_with_the_signing_link_where_the_provider_cannot(
    ledger: Ledger, settings: Settings, leap: FakeLeap, tmp_path: Path
) -> None:
    await sent(ledger, settings, leap)
    letters = Letters()
    due = datetime.now(UTC) + 3.1 * DAY
    with mail_server(letters) as mail:
        async with Accounts(leap.open_account) as accounts:
            assert await remind_due(ledger, accounts, due) == 0, "without mail nobody can be reminded"
            assert await remind_due(ledger, accounts, due, mail) == 1
            assert await remind_due(ledger, accounts, due, mail) == 0
    (letter,) = letters.kept
    assert (letter["To"], letter["From"]) == ("person01@example.com", "office@example.com")
    assert f"{leap.url}/sign/01" in letter.get_content()
    assert "Agreement 01" in letter["Subject"]


async def test_a_mail_server_that_is_away_loses_no_reminder(ledger: Ledger, settings: Settings, leap: FakeLeap) -> None:
    await sent(ledger, settings, leap)
    mail = SmtpMail(
        EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=9), "office@example.com"
    )
    due = datetime.now(UTC) + 3.1 * DAY
    async with Accounts(leap.open_account) as accounts:
        assert await remind_due(ledger, accounts, due, mail) == 0
    async with ledger.read() as connection:
        people = list((await connection.execute(select(schema.signers).order_by(schema.signers.c.position))).mappings())
    assert people[0]["reminded"] == 0
    assert people[0]["next_reminder_at"] is not None


async def test_a_provider_that_is_away_loses_no_hint_and_holds_up_nobody_for_good(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    leap.finish("prj-1")
    await called_back(ledger, leap)
    leap.away = True
    for _ in range(8):
        await drained(ledger, settings, leap)
        await at_once(ledger)
    assert await inbox.dead(ledger) == []
    leap.away = False
    await drained(ledger, settings, leap)
    assert (await row(ledger, batch_id)).state == "completed"


async def test_a_request_that_is_gone_there_is_left_to_a_person_and_its_account_goes_on(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    await called_back(ledger, leap)
    leap.processes.clear()
    await drained(ledger, settings, leap)
    one = await row(ledger, batch_id)
    assert one.state == "sent"
    assert "knows nothing of the request" in (one.problem or "")
    async with ledger.read() as connection:
        news = account_has_news(schema.requests.c.provider, schema.requests.c.account)
        assert (await connection.execute(select(schema.requests.c.id).where(news))).all() == []


async def test_what_is_never_confirmed_is_left_to_a_person_in_the_end(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    await called_back(ledger, leap)
    for _ in range(LOOKS):
        await drained(ledger, settings, leap)
        await at_once(ledger)
    one = await row(ledger, batch_id)
    assert one.state == "sent"
    assert "does not say so when asked" in (one.problem or "")
    assert leap.asked == LOOKS
    leap.finish("prj-1")  # what came too early, or from somebody else, takes nothing from the genuine call
    await called_back(ledger, leap)
    await drained(ledger, settings, leap)
    assert (await row(ledger, batch_id)).state == "completed"


async def test_a_callback_for_a_row_believed_unsent_keeps_it_from_going_out_again(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    leap.silent = True
    batch_id = await sent(ledger, settings, leap)
    async with ledger.begin() as connection:  # somebody concluded that it never went out
        await connection.execute(update(schema.requests).values(state="planned"))
    await called_back(ledger, leap)
    await drained(ledger, settings, leap)
    assert (await row(ledger, batch_id)).state == "uncertain"


async def test_what_can_be_neither_withdrawn_nor_understood_is_not_called_expired(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    batch_id = await sent(ledger, settings, leap)
    leap.processes["prj-1"] = {"projectId": "prj-1", "status": "WHO KNOWS"}
    async with Accounts(leap.open_account) as accounts:
        swept = await pick_up(ledger, accounts, datetime.now(UTC) + 31 * DAY)
        again = await pick_up(ledger, accounts, datetime.now(UTC) + 31 * DAY)
    one = await row(ledger, batch_id)
    assert (swept.expired, again.expired, one.state) == (0, 0, "sent")
    assert "look there" in (one.problem or "")
    assert leap.asked == 1


async def test_what_is_gone_there_is_expired(ledger: Ledger, settings: Settings, leap: FakeLeap) -> None:
    batch_id = await sent(ledger, settings, leap)
    leap.processes.clear()
    async with Accounts(leap.open_account) as accounts:
        assert (await pick_up(ledger, accounts, datetime.now(UTC) + 31 * DAY)).expired == 1
    assert (await row(ledger, batch_id)).state == "expired"


class Rude(Letters):
    """A mail server that takes the message and then is rude at parting."""

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        return "421 go away"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return "250 OK"


class Refusing(Letters):
    """A mail server that knows nobody."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        return "550 no such user"


@pytest.mark.parametrize(("letters", "reminded"), [(Rude(), 1), (Refusing(), 0)])
async def test_a_reminder_of_ours_goes_out_at_most_once_whatever_the_mail_server_says(
    ledger: Ledger, settings: Settings, leap: FakeLeap, letters: Letters, reminded: int
) -> None:
    await sent(ledger, settings, leap)
    due = datetime.now(UTC) + 3.1 * DAY
    with mail_server(letters) as mail:
        async with Accounts(leap.open_account) as accounts:
            counts = [await remind_due(ledger, accounts, due, mail) for _ in range(3)]
    assert counts == [reminded, 0, 0]
    assert len(letters.kept) == reminded


async def at_once(ledger: Ledger) -> None:
    """What was put off is due now."""
    async with ledger.begin() as connection:
        await connection.execute(update(schema.inbox).values(not_before=None))


async def test_nobody_learns_the_address_s_mark_from_what_the_provider_says(
    ledger: Ledger, settings: Settings, leap: FakeLeap
) -> None:
    leap.echoes = True
    batch_id = await sent(ledger, settings, leap)
    one = await row(ledger, batch_id)
    assert (one.state, "/hooks/" in (one.problem or "")) == ("uncertain", False)
    assert "***" in (one.problem or "")

"""Reminds everybody who has to sign now because somebody asks for it: at most once a day, marked before the call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from blocks.mail import Mail
from connectors.signing.provider import Provider
from flows.accounts import Accounts
from flows.batch.a_few import AT_ONCE, a_few_at_once
from flows.remind.job import NOT_SENT, PERHAPS, SENT, can_remind, deliver
from ledger import reminding, reminding_now
from ledger.batches import Batch
from ledger.reminding_now import Awaited
from ledger.store import Ledger

LATELY, UNREACHABLE, MOVED_ON = "reminded within the last day", "not reachable", "moved on meanwhile"
NO_WAY = "nobody can remind"


@dataclass(frozen=True)
class Reminded:
    """How many people were reminded, or left out, by reason; `rows` are the rows of those left out."""

    numbers: Counter[str] = field(default_factory=Counter)
    rows: dict[str, list[int]] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def sent(self) -> int:
        """How many reminders went out, or may have."""
        return self.numbers[SENT] + self.numbers[PERHAPS]


class _Rest(Exception):
    """The account had better rest: nothing happened by the last call."""


async def remind_now(
    ledger: Ledger, accounts: Accounts, batch: Batch, mail: Mail | None, *, request_id: str | None = None
) -> Reminded:
    """Remind everybody whose turn it is in a batch, or in one of its requests. Safe to repeat and to interrupt.

    Nobody is reminded who was within the last day, so that a second call reminds those the first one missed. Apply
    what providers have reported before. Raises `AccountNotFound` before anybody is reminded.
    """
    provider = await accounts.client(batch.provider, batch.account)
    numbers: Counter[str] = Counter()
    rows: dict[str, list[int]] = {}

    async def one(awaited: Awaited) -> None:
        how = await _one(ledger, accounts, provider, awaited, mail)
        numbers[how] += 1
        if how not in (SENT, PERHAPS):
            rows.setdefault(how, []).append(awaited.row)

    after = ""
    try:
        while portion := await reminding_now.awaited(ledger, batch_id=batch.id, request_id=request_id, after=after):
            await a_few_at_once(portion, one, min(AT_ONCE, provider.settings.concurrency))
            after = portion[-1].due.request_id
    except _Rest:
        return Reminded(numbers, rows, "The provider takes no reminders now; give the same command again later.")
    return Reminded(numbers, rows)


async def _one(ledger: Ledger, accounts: Accounts, provider: Provider, awaited: Awaited, mail: Mail | None) -> str:
    if awaited.lately:
        return LATELY
    if not awaited.reachable:
        return UNREACHABLE
    if not can_remind(provider, mail):
        return NO_WAY
    await accounts.turn(provider)
    if not await reminding_now.begin_now(ledger, awaited.due):
        return MOVED_ON
    outcome = await deliver(ledger, provider, awaited.due, mail)
    if outcome is None:
        await reminding_now.take_back_now(ledger, awaited.due, awaited.next_before)
        raise _Rest
    await reminding.end_reminder(ledger, awaited.due, outcome)
    return NOT_SENT if outcome == NOT_SENT else outcome

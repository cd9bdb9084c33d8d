"""Reminds each signer whose turn it is and whose time has come, at most once a number."""

from __future__ import annotations

import asyncio
from datetime import datetime

from blocks.mail import Mail, NotTaken, Undeliverable
from connectors.signing.errors import AuthenticationError, PermanentError, QuotaExceeded, TransientError
from connectors.signing.provider import Capability, Provider
from flows.accounts import Accounts
from flows.remind import letter
from ledger import reminding
from ledger.reminding import DueReminder
from ledger.store import Ledger

AT_ONCE = 200
SENT, PERHAPS, NOT_SENT = "sent", "perhaps sent", "not sent"


async def remind_due(ledger: Ledger, accounts: Accounts, now: datetime, mail: Mail | None = None) -> int:
    """Send the reminders due at `now` (aware); how many went out or may have.

    A provider that cannot be told to remind is made up for with a message of our own through `mail`.

    Each is marked in the ledger before the call, so a crash loses one rather than sending it twice, and an unknown
    outcome counts as sent. An account that cannot be used, or asks to wait, is left alone until the next run; its
    reminders stay due.
    """
    resting: set[tuple[str, str]] = set()
    sent = 0
    while True:
        before = (sent, len(resting))
        due = await reminding.due_reminders(ledger, now, AT_ONCE, resting=resting)
        for one in due:
            if (one.provider, one.account) not in resting:
                sent += await _remind(ledger, accounts, one, resting, mail)
        if len(due) < AT_ONCE or (sent, len(resting)) == before:
            return sent


async def _remind(
    ledger: Ledger, accounts: Accounts, due: DueReminder, resting: set[tuple[str, str]], mail: Mail | None
) -> bool:
    try:
        provider = await accounts.client(due.provider, due.account)
    except Exception:
        resting.add((due.provider, due.account))
        return False
    if not can_remind(provider, mail):
        resting.add((due.provider, due.account))  # nobody can remind; they stay due until somebody can
        return False
    await accounts.turn(provider)
    if not await reminding.begin_reminder(ledger, due):
        return False
    outcome = await deliver(ledger, provider, due, mail)
    if outcome is None:
        await reminding.take_back_reminder(ledger, due)
        resting.add((due.provider, due.account))
        return False
    await reminding.end_reminder(ledger, due, outcome)
    return outcome != NOT_SENT


def can_remind(provider: Provider, mail: Mail | None) -> bool:
    """Whether anybody can remind the signers of this provider: it itself, or we by mail."""
    return Capability.REMIND in provider.capabilities or mail is not None


async def deliver(ledger: Ledger, provider: Provider, due: DueReminder, mail: Mail | None) -> str | None:
    """Make the call, or write the message, of a reminder that is marked; how that ended, in words for the ledger.

    None: nothing happened, and the account had better rest.
    """
    if Capability.REMIND in provider.capabilities or mail is None:
        return await _ask(provider, due)
    return await _write(ledger, mail, due)


async def _ask(provider: Provider, due: DueReminder) -> str | None:
    """Have the provider write to this signer; how that ended, in words for the ledger.

    None: nothing happened, and the account had better rest.
    """
    if due.provider_signer_id is None:
        return NOT_SENT
    try:
        async with asyncio.timeout(provider.settings.timeout_seconds + 5):
            await provider.remind(due.provider_id, due.provider_signer_id)
    except (TransientError, AuthenticationError, QuotaExceeded):
        return None
    except PermanentError:
        return NOT_SENT
    except Exception:
        return PERHAPS
    return SENT


async def _write(ledger: Ledger, mail: Mail, due: DueReminder) -> str | None:
    """Write to this signer ourselves; how that ended, in words for the ledger.

    None: nothing happened, and the account had better rest.
    """
    to = await reminding.addressee(ledger, due)
    if to is None:
        return NOT_SENT
    try:
        await mail.send(to.email, letter.subject(to), letter.text(to))
    except Undeliverable:
        return NOT_SENT
    except NotTaken:
        return None
    except Exception:
        return PERHAPS
    return SENT

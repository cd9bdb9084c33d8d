"""Reminds each signer whose turn it is and whose time has come, at most once a number."""

from __future__ import annotations

import asyncio
from datetime import datetime

from connectors.signing.errors import AuthenticationError, PermanentError, QuotaExceeded, TransientError
from connectors.signing.provider import Provider
from flows.accounts import Accounts
from ledger import reminding
from ledger.reminding import DueReminder
from ledger.store import Ledger

AT_ONCE = 200
SENT, PERHAPS, NOT_SENT = "sent", "perhaps sent", "not sent"


async def remind_due(ledger: Ledger, accounts: Accounts, now: datetime) -> int:
    """Send the reminders due at `now` (aware); how many went out or may have.

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
                sent += await _remind(ledger, accounts, one, now, resting)
        if len(due) < AT_ONCE or (sent, len(resting)) == before:
            return sent


async def _remind(
    ledger: Ledger, accounts: Accounts, due: DueReminder, now: datetime, resting: set[tuple[str, str]]
) -> bool:
    try:
        provider = await accounts.client(due.provider, due.account)
    except Exception:
        resting.add((due.provider, due.account))
        return False
    await accounts.turn(provider)
    if not await reminding.begin_reminder(ledger, due):
        return False
    outcome = await _ask(provider, due)
    if outcome is None:
        await reminding.take_back_reminder(ledger, due)
        resting.add((due.provider, due.account))
        return False
    await reminding.end_reminder(ledger, due, outcome)
    return outcome != NOT_SENT


async def _ask(provider: Provider, due: DueReminder) -> str | None:
    """Have the provider write to this signer; how that ended, in words for the ledger.

    None: nothing happened, and the account had better rest.
    """
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

"""Corrects a signer of a request that is out, at its provider, and asks them anew where they have another address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    PermanentError,
    QuotaExceeded,
    TransientError,
)
from connectors.signing.provider import Provider
from flows.accounts import Accounts
from flows.batch.a_few import patiently
from flows.batch.correctable import CannotCorrect, Change
from flows.batch.withdrawing import same_account
from flows.remind.job import NOT_SENT, deliver
from ledger import correcting
from ledger.batches import Batch
from ledger.dossier import Dossier
from ledger.reminding import DueReminder
from ledger.store import Ledger


class NotKnown(ConnectorError):
    """The provider may have taken the correction, or not."""


@dataclass(frozen=True)
class Corrected:
    """What became of a correction. `asked` is how asking anew went, in the words for reminders; None where nobody had
    to be asked."""

    asked: str | None


async def correct_signer(
    ledger: Ledger, accounts: Accounts, batch: Batch, request: Dossier, change: Change
) -> Corrected:
    """Correct a signer at the provider, write down what it accepted, and ask them anew if that is called for.

    Safe to repeat: the call sets values, and asking goes out at most once a call. Raises `CannotCorrect` and
    `NotKnown`, and where nothing happened `AuthenticationError`, `QuotaExceeded` and `TransientError`.
    """
    provider = await accounts.client(request.provider, request.account)
    if not same_account(batch, provider):
        raise CannotCorrect(
            f"{request.provider}/{request.account} has another key now than when {batch.id} was sent through it; "
            "give it that one back, or correct the signer on the provider's own pages."
        )
    try:
        await patiently(lambda: _call(accounts, provider, request, change))
    except (AuthenticationError, QuotaExceeded, TransientError):
        raise
    except PermanentError as error:
        raise CannotCorrect(f"Nothing was changed: {error}") from None
    except (ConnectorError, TimeoutError):
        await correcting.unclear(ledger, request.id)
        raise NotKnown(
            f"Nobody knows yet whether {provider.title} took the correction; give the same command again."
        ) from None
    signer = change.signer
    if not await correcting.corrected(ledger, request.id, signer.id, change.correction, anew=change.anew):
        return Corrected(None)
    return Corrected(await _ask(ledger, accounts, provider, request, change))


async def _call(accounts: Accounts, provider: Provider, request: Dossier, change: Change) -> None:
    there, theirs = request.provider_id or "", change.signer.provider_signer_id or ""
    await accounts.turn(provider)
    async with asyncio.timeout(provider.settings.timeout_seconds + 5):
        await provider.correct_signer(there, theirs, **change.correction.given)


async def _ask(ledger: Ledger, accounts: Accounts, provider: Provider, request: Dossier, change: Change) -> str:
    """Have the provider ask them, once; how that ended. It is no numbered reminder: they can be reminded at once."""
    once = DueReminder(
        request_id=request.id,
        signer_id=change.signer.id,
        provider=request.provider,
        account=request.account,
        provider_id=request.provider_id or "",
        provider_signer_id=change.signer.provider_signer_id,
        number=0,
        as_of=datetime.now(UTC),
    )
    await accounts.turn(provider)
    outcome = await deliver(ledger, provider, once, None) or NOT_SENT
    if outcome != NOT_SENT:
        await correcting.asked_anew(ledger, request.id, outcome)
    return outcome

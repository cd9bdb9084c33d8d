"""What an attempt's end means for its row: one table, and the one place that calls the provider to send."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    OutcomeUnknown,
    PermanentError,
    QuotaExceeded,
    TransientError,
)
from connectors.signing.model import SignatureRequest, Snapshot, Status
from connectors.signing.provider import Provider
from flows.send.breaker import Verdict
from ledger.sending import Claimed, NothingHappened, Outcome, Refused, Sent, Uncertain

# First match wins, so the finer class stands above the coarser one. What is not in here may have happened.
VERDICTS: tuple[tuple[type[BaseException], Verdict], ...] = (
    (AuthenticationError, Verdict.KEY_REFUSED),
    (QuotaExceeded, Verdict.NO_QUOTA),
    (TransientError, Verdict.NOTHING),
    (OutcomeUnknown, Verdict.UNCLEAR),
    (PermanentError, Verdict.REFUSED),
)

NOT_ABOUT_THE_ROW = (404, 405, 407)
"""Answers to the create call that no row brings about: no such place, no such call there, a proxy in between."""

LONG = 40
"""Letters from which on a part of a webhook's address is a mark and no name."""

GRACE = 5.0
"""Seconds a call may take beyond its own timeout before we stop believing that it keeps it."""


@dataclass(frozen=True)
class Result:
    """How one attempt ended.

    `problem` is for the ledger and the sheet and may hold the provider's own words; an attempt that ended before its
    call has none. `answered`: the provider said so itself.
    """

    claimed: Claimed
    verdict: Verdict
    snapshot: Snapshot | None = None
    problem: str | None = None
    retry_after: float | None = None
    answered: bool = False


def verdict_of(error: BaseException) -> Verdict:
    """What this error means; one nobody has thought of is an unclear outcome, never a reason to send again."""
    if isinstance(error, PermanentError) and error.status in NOT_ABOUT_THE_ROW:
        return Verdict.WRONG_ADDRESS
    return next((verdict for kind, verdict in VERDICTS if isinstance(error, kind)), Verdict.UNCLEAR)


async def attempt(provider: Provider, claimed: Claimed, request: SignatureRequest) -> Result:
    """Send one claimed row, fitted to its provider, and say how it ended.

    Raises nothing, so that no outcome is ever lost.

    Being cancelled in the middle of the call is an unclear outcome like any other.
    """
    try:
        async with asyncio.timeout(provider.settings.timeout_seconds + GRACE):
            snapshot = await provider.send(request)
    except asyncio.CancelledError:
        return Result(claimed, Verdict.UNCLEAR, problem="Stopped in the middle of the call.")
    except Exception as error:
        problem = _without_marks(_sentence(error), request)
        told = {name: getattr(error, name, None) for name in ("status", "retry_after")}
        answered = told["status"] is not None
        return Result(claimed, verdict_of(error), None, problem, told["retry_after"], answered)
    if snapshot.status is Status.FAILED:  # it exists there under an id, and nobody will sign it
        return Result(claimed, Verdict.REFUSED, snapshot=snapshot, problem=snapshot.reason)
    return Result(claimed, Verdict.SENT, snapshot=snapshot)


def outcome(result: Result) -> Outcome:
    """What the ledger is told."""
    request_id, attempt = result.claimed.request_id, result.claimed.attempt
    problem = result.problem
    if result.snapshot is not None:
        return Sent(request_id=request_id, attempt=attempt, snapshot=result.snapshot)
    if result.verdict is Verdict.REFUSED:
        return Refused(request_id=request_id, attempt=attempt, problem=problem or "")
    if result.verdict is Verdict.UNCLEAR:
        return Uncertain(request_id=request_id, attempt=attempt, problem=problem or "")
    return NothingHappened(
        request_id=request_id, attempt=attempt, problem=problem, not_before_seconds=result.retry_after or 0.0
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, ConnectorError):
        return f"{error} {error.detail}" if error.detail else str(error)
    return f"No clear answer ({type(error).__name__})."


def _without_marks(sentence: str, request: SignatureRequest) -> str:
    """What a provider says may quote what it was sent; whoever knows our marks could report in its name."""
    address = request.webhook_url or ""
    in_address = [part for part in address.partition("/hooks/")[2].split("/") if len(part) > LONG]
    for mark in filter(None, (address, *in_address, request.proof)):
        sentence = sentence.replace(mark, "***")
    return sentence

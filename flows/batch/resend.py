"""Plans anew what ended badly, as a further round; what may have been sent is never among it."""

from __future__ import annotations

from collections.abc import Collection

from flows.send.held import sentence
from ledger import batches, resending
from ledger.batches import Batch
from ledger.states import RequestState
from ledger.store import Ledger

WORDS = {str(state): state for state in resending.RESENDABLE}
"""What may be sent anew, by the word a person gives."""


class NotNow(Exception):
    """The batch has to be resumed before anything of it is sent anew."""

    public = True


def states(also: Collection[str]) -> set[RequestState]:
    """Failed ones always, and what else was named. Raises `ValueError` for any other word."""
    if wrong := sorted(set(also) - set(WORDS)):
        raise ValueError(f"'{wrong[0]}' cannot be sent anew; there is: {', '.join(WORDS)}.")
    return {RequestState.FAILED, *(WORDS[word] for word in also)}


async def plan_anew(ledger: Ledger, batch: Batch, which: Collection[RequestState]) -> int:
    """Open a new round for these; how many rows. Raises `NotNow` for a batch that a person paused."""
    if await batches.held(ledger, [batch.id]):
        raise NotNow(f"Nothing was planned anew. {sentence(batch)}")
    return await resending.open_rounds(ledger, batch.id, which)

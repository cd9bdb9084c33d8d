"""Takes one request back: a planned row at once, an open one as far as the provider lets go of it."""

from __future__ import annotations

from connectors.signing.provider import Capability
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.batch.a_few import patiently
from flows.batch.withdrawing import Ended, same_account, withdraw
from ledger import batches, voiding
from ledger.batches import Batch
from ledger.dossier import Dossier
from ledger.states import RequestState
from ledger.store import Ledger


class CannotCancel(Exception):
    """The request cannot be taken back as it stands; the sentence says why."""

    public = True


async def cancel_request(ledger: Ledger, accounts: Accounts, batch: Batch, request: Dossier) -> Ended:
    """Take a request back; how that ended. Safe to repeat.

    Raises `CannotCancel` before anything is changed, and what `withdraw` raises.
    """
    if request.state is RequestState.PLANNED:
        if not await voiding.take_back(ledger, request.id):
            raise CannotCancel("It is being sent right now; call this again in a minute.")
        await batches.finish(ledger, batch.id)
        return Ended.WITHDRAWN
    if request.state in (RequestState.SENDING, RequestState.UNCERTAIN):
        raise CannotCancel(
            f"It is {request.state}: it may have been sent or not. Once that is clear it can be canceled; "
            f"`esign request resolve {request.id}` is a person's word on it."
        )
    if request.state.terminal:
        raise CannotCancel(f"It is {request.state} already; there is nothing to cancel.")
    provider_class = PROVIDERS[request.provider]
    if Capability.CANCEL not in provider_class.capabilities:
        raise CannotCancel(f"{provider_class.title} cannot be told to withdraw a request; end it on its own pages.")
    known = request.provider_id
    if known is None:
        raise CannotCancel("It has no id at the provider yet, so it cannot be withdrawn from here; end it there.")
    provider = await accounts.client(request.provider, request.account)
    same = same_account(batch, provider)
    return await patiently(lambda: withdraw(ledger, accounts, provider, request.id, known, same=same))

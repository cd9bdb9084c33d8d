"""Takes a person's word on a request that may have been sent, after the checks that one call can make."""

from __future__ import annotations

from connectors.signing.errors import AuthenticationError, ConnectorError, PermanentError, QuotaExceeded
from connectors.signing.model import Snapshot
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.batch.a_few import patiently
from flows.batch.withdrawing import same_account
from ledger import applying, batches, settling
from ledger.batches import Batch
from ledger.dossier import Dossier, dossier, owner_of
from ledger.states import RequestState
from ledger.store import Ledger


class CannotResolve(Exception):
    """The word is not taken; the sentence says why."""

    public = True


class NotAsked(ConnectorError):
    """The provider could not be asked just now, so nothing was changed."""


async def resolve_sent(
    ledger: Ledger, accounts: Accounts, batch: Batch, request: Dossier, provider_id: str
) -> RequestState:
    """A person says that it was sent, under this id; where the request stands then.

    The provider is asked for that id once. Raises `CannotResolve` for an id it does not know or that is another
    request's, and `NotAsked`.
    """
    _require_uncertain(request)
    if (owner := await owner_of(ledger, request.provider, request.account, provider_id)) is not None:
        raise CannotResolve(f"That id belongs to {owner} already; look again which one is {request.id}'s.")
    provider = await accounts.client(request.provider, request.account)
    snapshot = await _shown(provider, provider_id)
    if snapshot.ref is not None and snapshot.ref != request.ref:
        raise CannotResolve(f"The request of that id carries another mark than {request.id}'s ({request.ref}).")
    if not await settling.resolve(ledger, request.id, provider_id):
        raise CannotResolve("It is not uncertain any more; look again how it stands.")
    await applying.observe(ledger, request.id, snapshot)
    await batches.finish(ledger, batch.id)
    return await _state(ledger, request)


async def resolve_not_sent(ledger: Ledger, accounts: Accounts, batch: Batch, request: Dossier) -> bool:
    """A person says that it was not sent: it is planned again.

    False if the provider shows that it was sent, which is recorded instead.

    Raises `CannotResolve` and `NotAsked`.
    """
    _require_uncertain(request)
    if Capability.FIND in PROVIDERS[request.provider].capabilities:
        provider = await accounts.client(request.provider, request.account)
        if same_account(batch, provider) and (found := await _found(provider, request.ref)) is not None:
            await applying.observe(ledger, request.id, found)
            return False
    if not await settling.resolve(ledger, request.id, None):
        raise CannotResolve("It is not uncertain any more; look again how it stands.")
    return True


def _require_uncertain(request: Dossier) -> None:
    if request.state is not RequestState.UNCERTAIN:
        raise CannotResolve(f"{request.id} is {request.state} and not uncertain; there is nothing to resolve.")


async def _shown(provider: Provider, provider_id: str) -> Snapshot:
    try:
        return await patiently(lambda: provider.get(provider_id))
    except (AuthenticationError, QuotaExceeded) as error:
        raise NotAsked(str(error)) from None
    except PermanentError:
        raise CannotResolve(f"{provider.title} knows no request of that id; look there again.") from None
    except ConnectorError as error:
        raise NotAsked(f"{error} Nothing was changed; try again later.") from None


async def _found(provider: Provider, ref: str) -> Snapshot | None:
    try:
        return (await patiently(lambda: provider.find({ref}))).found.get(ref)
    except ConnectorError as error:
        raise NotAsked(f"{error} Nothing was changed; try again later.") from None


async def _state(ledger: Ledger, request: Dossier) -> RequestState:
    now = await dossier(ledger, request.id)
    return now.state if now else request.state

"""The way of one delivery: known address, body of reasonable size, proof, the ledger; then the answer."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from connectors.signing.errors import InvalidWebhook
from connectors.signing.hooks import genuine
from connectors.signing.provider import Capability, Provider, ProviderSettings
from connectors.signing.registry import PROVIDERS
from ledger.inbox import Delivery
from receiver.accounts import Accounts
from receiver.body import read_body
from receiver.committer import Committer
from receiver.complaints import Complaints
from receiver.errors import NoSuchAccount, NotProven, ReceiverError, UnknownAddress, WrongMethod, WrongSource
from receiver.figures import Figures
from receiver.replies import reply

HOOKS = "/hooks/"
NEVER_STORED = frozenset({"authorization", "cookie"})


@dataclass(frozen=True)
class Address:
    """Where a delivery came in. `ref` is the mark of a single request, where the address is one request's own."""

    provider: str
    account: str
    token: str
    ref: str

    @classmethod
    def of(cls, path: str) -> Address:
        """The parts of `/hooks/{provider}/{account}/{token}` or `…/{ref}`. Raises `UnknownAddress`."""
        parts = path.removeprefix(HOOKS).split("/")
        if len(parts) not in (3, 4) or not all(parts):
            raise UnknownAddress
        return cls(parts[0], parts[1], parts[2], parts[3] if len(parts) == 4 else "")


class Door:
    """An ASGI endpoint for everything below `/hooks/`, any method."""

    def __init__(
        self,
        secrets: Sequence[SecretStr],
        accounts: Accounts,
        committer: Committer,
        figures: Figures,
        body_seconds: float,
    ) -> None:
        self._secrets = secrets
        self._accounts = accounts
        self._committer = committer
        self._figures = figures
        self._body_seconds = body_seconds
        self._complaints = Complaints()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        provider = ""
        try:
            address = Address.of(scope["path"])
            if address.provider not in PROVIDERS:
                raise UnknownAddress
            provider = address.provider
            status, outcome = 200, await self._take(address, scope, receive)
        except ReceiverError as problem:
            status, outcome = problem.status, problem.outcome
            if isinstance(problem, UnknownAddress):
                self._complaints.add("Calls to an address that was never given out were turned away")
        except ClientDisconnect:
            self._figures.answered(provider, "hung_up", time.perf_counter() - begun)
            return
        except asyncio.CancelledError:
            # The receiver is being stopped, nothing else cancels: say so instead of hanging up.
            status, outcome = 503, "stopping"
        except Exception as problem:
            # Its message or its traceback might quote the body: the class has to do.
            self._complaints.add(f"A webhook could not be dealt with: {type(problem).__name__}")
            status, outcome = 500, "error"
        await reply(send, status)
        self._figures.answered(provider, outcome, time.perf_counter() - begun)

    async def _take(self, address: Address, scope: Scope, receive: Receive) -> str:
        """`stored` or `repeated`. Raises what there is in `receiver.errors`."""
        provider, account = address.provider, address.account
        if not genuine(self._secrets, provider, account, address.token, address.ref):
            raise UnknownAddress
        if scope["method"] != "POST":
            raise WrongMethod
        try:
            settings = await self._accounts.settings(provider, account)
            if settings is None:
                raise NoSuchAccount
            if not settings.takes_from(scope["client"][0] if scope["client"] else None):
                raise WrongSource
            body = await read_body(receive, self._body_seconds)
            delivery = _verified(address, settings, Headers(raw=scope["headers"]), body)
            return "stored" if await self._committer.put(delivery) else "repeated"
        except NoSuchAccount:
            self._complaints.add(f"Webhooks came for {provider}/{account}, and there is no such account")
            raise
        except WrongSource:
            self._complaints.add(f"Webhooks for {provider}/{account} came from outside its webhook_sources")
            raise
        except NotProven:
            self._complaints.add(f"Webhooks for {provider}/{account} had no signature or a wrong one")
            raise
        except ReceiverError as problem:
            self._complaints.add(f"Webhooks for {provider}/{account} were not taken: {type(problem).__name__}")
            raise


def _verified(address: Address, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> Delivery:
    """The delivery as the ledger keeps it. Raises `NotProven`."""
    provider = PROVIDERS[address.provider]
    asked_for = _AskedFor(headers)
    ref = address.ref or None
    try:
        provider.verify(settings, asked_for, body)
    except InvalidWebhook:
        raise NotProven from None
    return Delivery(
        provider=address.provider,
        account=address.account,
        identity=_identity(provider, asked_for, body, ref),
        body=body,
        headers=asked_for.kept(),
        genuine=Capability.SIGNED_WEBHOOKS in provider.capabilities,
        ref=ref,
    )


def _identity(provider_class: type[Provider], headers: Mapping[str, str], body: bytes, ref: str | None) -> str:
    """What makes a repeat a repeat; a body nobody understands is known by its bytes and becomes a dead letter later."""
    try:
        identity = provider_class.delivery_id(headers, body, ref=ref)
    except Exception:
        return f"sha256:{hashlib.sha256(body).hexdigest()}"
    # JSON may hold what no database takes as text: half a character, or a NUL.
    return identity.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


class _AskedFor(Mapping[str, str]):
    """The headers of a call, remembering which of them the provider's class looked at: only those are worth storing."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._seen: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = self._headers[name]
        self._seen.add(name.lower())
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def kept(self) -> dict[str, str]:
        return {name: self._headers[name] for name in sorted(self._seen - NEVER_STORED)}

"""The way of one delivery: known address, body of reasonable size, the provider's proof, the ledger; then the answer.

Answers carry no detail: who has no business here learns nothing, and a provider only looks at the status.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
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
from receiver.errors import ReceiverError

RETRY = {"Retry-After": "30"}
NEVER_STORED = frozenset({"authorization", "cookie"})


class Door:
    """An ASGI endpoint for `/hooks/{provider}/{account}/{token}`, any method; the address of a single request has its
    mark behind that."""

    def __init__(
        self, secrets: Sequence[SecretStr], accounts: Accounts, committer: Committer, body_seconds: float
    ) -> None:
        self._secrets = secrets
        self._accounts = accounts
        self._committer = committer
        self._body_seconds = body_seconds
        self._complaints = Complaints()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            # The receiver is being stopped, nothing else cancels: say so instead of hanging up.
            response = Response(status_code=503, headers=RETRY)
        except Exception as problem:
            # Its message or its traceback might quote the body: the class has to do.
            self._complaints.add(f"A webhook could not be dealt with: {type(problem).__name__}")
            response = Response(status_code=500)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        provider, account = request.path_params["provider"], request.path_params["account"]
        mark, ref = request.path_params["token"], request.path_params.get("ref", "")
        if provider not in PROVIDERS or not genuine(self._secrets, provider, account, mark, ref):
            self._complaints.add("Calls to an address that was never given out were turned away")
            return Response(status_code=404)
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        try:
            body = await read_body(request, self._body_seconds)
            settings = await self._accounts.settings(provider, account)
            if settings is None:
                self._complaints.add(f"Webhooks came for {provider}/{account}, and there is no such account")
                return Response(status_code=404)
            await self._committer.put(_verified(provider, account, settings, request.headers, body, ref or None))
        except InvalidWebhook:
            self._complaints.add(f"Webhooks for {provider}/{account} had no signature or a wrong one")
            return Response(status_code=401)
        except ReceiverError as problem:
            self._complaints.add(f"Webhooks for {provider}/{account} were not taken: {type(problem).__name__}")
            return Response(status_code=problem.status, headers=RETRY if problem.status == 503 else None)
        return Response(status_code=200)


def _verified(
    provider: str, account: str, settings: ProviderSettings, headers: Mapping[str, str], body: bytes, ref: str | None
) -> Delivery:
    """The delivery as the ledger keeps it. Raises `InvalidWebhook`."""
    provider_class = PROVIDERS[provider]
    asked_for = _AskedFor(headers)
    provider_class.verify(settings, asked_for, body)
    return Delivery(
        provider=provider,
        account=account,
        identity=_identity(provider_class, asked_for, body, ref),
        body=body,
        headers=asked_for.kept(),
        genuine=Capability.SIGNED_WEBHOOKS in provider_class.capabilities,
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

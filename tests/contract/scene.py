"""A sandbox, an account of ours there, a place where its webhooks arrive, and people who sign."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.signing.accounts import SANDBOX, from_environment
from connectors.signing.model import Event, SignatureRequest, Signer, Snapshot
from connectors.signing.provider import Capability, Provider, ProviderSettings
from flows.send.addresses import Addresses
from flows.send.fitting import Fitting
from ledger.sending import Claimed
from sandbox.app import Options, sandbox
from sandbox.server import listen
from tests.sandbox.running import TOKEN, Person, serving

SECRETS = (SecretStr("a-receiver-secret-for-tests"),)


@dataclass
class Delivery:
    """One webhook call as it arrived."""

    headers: dict[str, str]
    body: bytes
    ref: str | None


@dataclass
class Scene:
    """What a contract test acts in. Clock: an hour of the provider's is `3600 / clock_factor` seconds."""

    provider_class: type[Provider]
    provider: Provider
    settings: ProviderSettings
    url: str
    person: Person
    addresses: Addresses
    client: httpx.AsyncClient
    created: str | None = None
    """The event that says a request is ready to be signed, where that takes the provider a moment."""
    deliveries: list[Delivery] = field(default_factory=list)
    sent: int = 0

    # -- sending -------------------------------------------------------------------------------------------------

    async def request(self, *emails: str, **more: Any) -> SignatureRequest:
        """A request as our sender would hand it over: fitted to the provider, with a mark of its own."""
        self.sent += 1
        names = ("One", "Two", "Three")
        signers = tuple(
            Signer(role=f"signer-{at}", name=f"Signer {names[at - 1]}", email=email, order=at)
            for at, email in enumerate(emails or ("person01@example.com", "person02@example.com"), start=1)
        )
        planned = SignatureRequest.model_validate({"title": f"Agreement {self.sent}", "signers": signers, **more})
        claimed = Claimed(request_id="r", ref=self.ref, attempt=1, row=2, request=planned)
        return await Fitting(self.provider_class, self.addresses).fit(claimed)

    @property
    def ref(self) -> str:
        """The mark of the request sent last."""
        return f"E7K2M9Q4XW{self.sent:03}"

    # -- what happens there --------------------------------------------------------------------------------------

    async def counts(self) -> dict[str, int]:
        answer = (await self.client.get(f"{self.url}/_sandbox/counts")).json()
        return dict(answer["requests"])

    async def fault(self, match: str, action: str) -> None:
        fault = {"match": match, "action": action, "times": 1}
        (await self.client.post(f"{self.url}/_sandbox/faults", json=fault)).raise_for_status()

    async def in_their_pages(self, what: str) -> None:
        """What a sender does in the provider's own pages: `<contract>/withdraw`, `<contract>/remind/<signer>`."""
        (await self.client.post(f"{self.url}/_sandbox/contracts/{what}")).raise_for_status()

    async def set_up(self, call: str, **what: Any) -> None:
        """What an account's owner sets up at the provider beforehand, by a call that is none of the connector's."""
        key = {"Authorization": f"Bearer {TOKEN}"}
        address = f"{self.url}/{self.provider_class.sandbox_path}/{call}"
        (await self.client.put(address, headers=key, **what)).raise_for_status()

    async def signing_pages(self, provider_id: str) -> list[str]:
        """The signing pages of a request, in signing order, as the signers' letters name them."""
        contracts = (await self.client.get(f"{self.url}/_sandbox/contracts")).json()
        (signers,) = [one["signers"] for one in contracts if one["id"] == provider_id]
        return [f"{self.url}/sign/{one['id']}" for one in signers]

    async def sign_all(self, provider_id: str) -> None:
        for page in await self.signing_pages(provider_id):
            await self.sign(page)

    async def sign(self, page: str) -> None:
        """Sign, with something in every field that asks for it."""
        forms = (await self.person.open(page)).forms
        fields = [control for form in forms for control in form.controls if control.required]
        answers = {"date": "2026-01-31", "checkbox": "1"}
        filled = {one.name: answers.get(one.kind, "Ulm") for one in fields if one.name.startswith("field")}
        answer = await self.person.sign(page, **filled)
        assert answer.status_code in (200, 303), answer.text[-2000:]

    async def heard(self, provider_id: str | None, name: str, seconds: float = 60.0) -> Event:
        """The first event of this name about a request; each delivery is verified as the receiver would."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events():
                    if event.name == name and self._about(event, provider_id):
                        return event
                await asyncio.sleep(0.02)

    def _about(self, event: Event, provider_id: str | None) -> bool:
        """Whether an event is about this request; one that carries no id is known by the mark of the last one sent."""
        return provider_id in (None, event.provider_id) or (event.provider_id is None and event.ref == self.ref)

    async def letters(self) -> int:
        """How many letters there are in the sandbox's mailbox that ask somebody to sign."""
        return len(await self.person.mails())

    def events(self) -> list[Event]:
        found = []
        for one in self.deliveries:
            self.provider_class.verify(self.settings, one.headers, one.body)
            found.append(self.provider_class.parse(one.body, ref=one.ref))
        return found

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.deliveries.append(Delivery(dict(request.headers), body, request.path_params.get("ref")))
        return Response(status_code=200)


@asynccontextmanager
async def scene(
    provider_class: type[Provider], home: Path, *, clock_factor: float = 1.0, created: str | None = None
) -> AsyncIterator[Scene]:
    """Everything up, in this process, on ports of its own."""
    listening, heard = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    url, receiver = (f"http://127.0.0.1:{one.getsockname()[1]}" for one in (listening, heard))
    known = from_environment(provider_class.name, SANDBOX, {"ESIGN_SANDBOX_URL": url, "ESIGN_SANDBOX_TOKEN": TOKEN})
    assert known is not None
    settings = known.model_copy(update={"timeout_seconds": 20.0})
    addresses = Addresses(provider_class.name, SANDBOX, receiver, SECRETS, provider_class.capabilities)
    home.mkdir(parents=True, exist_ok=True)
    async with (
        sandbox(Options(home=home, token=TOKEN, base_url=url, clock_factor=clock_factor)) as app,
        serving(app, listening),
        provider_class(settings) as provider,
        httpx.AsyncClient(trust_env=False, timeout=20) as client,
    ):
        person = Person(url)
        stage = Scene(provider_class, provider, settings, url, person, addresses, client, created)
        paths = ("/hooks/{provider}/{account}/{token}", "/hooks/{provider}/{account}/{token}/{ref}")
        hooks = Starlette(routes=[Route(path, stage.take, methods=["POST"]) for path in paths])
        async with serving(hooks, heard), person.browser:
            if Capability.WEBHOOK_PER_REQUEST not in provider_class.capabilities:
                typed_in = {"webhook_url": addresses.to_type_in()}
                account = f"{url}/_sandbox/accounts/{provider_class.name}"
                (await client.put(account, json=typed_in)).raise_for_status()
            yield stage


async def sent(stage: Scene, *emails: str, **more: Any) -> Snapshot:
    """One request, sent and ready to be signed."""
    one = await stage.provider.send(await stage.request(*emails, **more))
    if stage.created is not None:
        await stage.heard(one.id, stage.created)
    return one

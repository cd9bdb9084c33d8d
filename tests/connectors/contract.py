"""What every provider keeps, as tests to subclass; the models are `connectors.signing.provider` and its docstrings.

A provider's test file subclasses `ProviderContract` and brings a function that plays the provider (`wire`), one that
signs a webhook (`delivery`) and the tables below. The provider is played over a real connection to this machine.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidWebhook,
    OutcomeUnknown,
    PermanentError,
    QuotaExceeded,
    TransientError,
    Unsupported,
)
from connectors.signing.model import Document, EventType, SignatureRequest, Signer, Snapshot, Status
from connectors.signing.provider import Capability, Provider, ProviderSettings
from tests.connectors.loopback import Server, answering, serving

REF = "E7K2M9Q4XW"
Call = Callable[[Any, Snapshot], Awaitable[Any]]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
VERBS = {name for name, value in vars(Provider).items() if inspect.iscoroutinefunction(value)}
"""What all providers have in common; several of these may make one documented call."""


class ProviderContract:
    """Subclass it, name it `Test…`, and fill in what is declared here."""

    provider_class: ClassVar[type[Provider]]
    settings: ClassVar[dict[str, Any]]
    base_path: ClassVar[str] = ""
    key_setting: ClassVar[str]
    """The setting whose secret opens the API."""
    secret_setting: ClassVar[str | None]
    """The setting whose secret signs the webhooks; `None` where the provider signs nothing."""
    events: ClassVar[dict[str, EventType]]
    """Every documented kind of delivery, by the name `delivery` knows it by: the event's own name, or that and more."""
    refs_in_events: ClassVar[bool] = True
    """Whether the provider's deliveries carry our mark."""
    document: ClassVar[Document] = Document(template="t1")
    """What this provider can be asked to have signed."""
    calls_to_send: ClassVar[tuple[str, ...]]
    """The calls that sending makes, as in `Provider.calls`."""
    shares: ClassVar[frozenset[str]] = frozenset()
    """Methods of this provider's own whose call another method makes as well."""
    speaks: ClassVar[dict[str, Call]]
    """For every documented call a function that makes it, on an open provider and a request sent before."""

    def wire(self, request: httpx.Request) -> httpx.Response:
        raise NotImplementedError

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        raise NotImplementedError

    # -- the stage -----------------------------------------------------------------------------------------------

    answer: httpx.Response | None = None
    """Set by a test to have every call answered so, instead of by `wire`."""

    @pytest.fixture
    async def server(self) -> AsyncIterator[Server]:
        async with answering(lambda request: self.answer or self.wire(request)) as server:
            yield server

    @pytest.fixture
    async def provider(self, server: Server) -> AsyncIterator[Provider]:
        async with self.provider_class(self.account(base_url=server.url + self.base_path)) as provider:
            yield provider

    @classmethod
    def account(cls, **more: Any) -> ProviderSettings:
        given = {**cls.settings, "allow_private_downloads": True, "timeout_seconds": 5, **more}
        return cls.provider_class.settings_class.model_validate(given)

    def request(self, **more: Any) -> SignatureRequest:
        one = Signer(role="first", name="Signer One", email="person01@example.com", company="Example Company 01")
        two = Signer(role="second", name="Signer Two", email="person02@example.com", order=2)
        given = {"ref": REF, "title": "Agreement 1", "document": self.document, "signers": (one, two)}
        return SignatureRequest.model_validate({**given, **more})

    # -- calls ---------------------------------------------------------------------------------------------------

    def test_every_documented_call_has_a_method_and_every_method_a_documented_call(self) -> None:
        own = {
            name
            for name, value in vars(self.provider_class).items()
            if inspect.iscoroutinefunction(value) and not name.startswith("_")
        }
        assert set(self.provider_class.calls.values()) <= own, "calls without a method"
        assert own <= {*self.provider_class.calls.values(), *VERBS, *self.shares}, "methods without a documented call"
        assert set(self.speaks) == set(self.provider_class.calls), "calls without a contract test"

    def test_every_documented_event_has_a_delivery_here(self) -> None:
        assert {name.partition(" ")[0] for name in self.events} == set(self.provider_class.events)

    async def test_every_documented_call_is_made_as_documented(self) -> None:
        for documented, call in self.speaks.items():
            self.completed = False
            async with answering(lambda request: self.wire(request)) as server:
                account = self.account(base_url=server.url + self.base_path)
                async with self.provider_class(account) as provider:
                    sent = await provider.send(self.request())
                    server.requests.clear()
                    await call(provider, sent)
                made = {
                    f"{request.method} {request.url.path.removeprefix(self.base_path)}" for request in server.requests
                }
                assert any(re.fullmatch(as_pattern(documented), one) for one in made), (documented, made)

    async def test_credentials_are_checked_by_reading_alone(self, provider: Provider, server: Server) -> None:
        await provider.check()
        assert [request.method for request in server.requests] == ["GET"]

    async def test_no_secret_stands_in_a_url(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request())
        secrets = [value for value in dict(provider.settings).values() if isinstance(value, SecretStr)]
        assert secrets
        for request in server.requests:
            assert not any(secret.get_secret_value() in str(request.url) for secret in secrets)

    async def test_what_was_sent_has_an_id_and_our_mark(self, provider: Provider) -> None:
        snapshot = await provider.send(self.request())
        assert snapshot.id
        assert snapshot.status is Status.SENT
        assert snapshot.ref in (None, REF)
        assert [signer.email for signer in snapshot.signers if signer.email] in (
            [],
            ["person01@example.com", "person02@example.com"],
        )

    async def test_what_was_sent_can_be_asked_for(self, provider: Provider) -> None:
        sent = await provider.send(self.request())
        assert (await provider.get(sent.id)).id == sent.id

    async def test_what_was_sent_is_found_by_its_mark(self, provider: Provider) -> None:
        if Capability.FIND not in provider.capabilities:
            with pytest.raises(Unsupported):
                await provider.find({REF})
            return
        sent = await provider.send(self.request())
        lookup = await provider.find({REF, "E-NOBODY"})
        assert {ref: snapshot.id for ref, snapshot in lookup.found.items()} == {REF: sent.id}
        assert sent.id in lookup.ids

    async def test_a_page_of_the_list_is_one_call_and_shows_what_was_sent(
        self, provider: Provider, server: Server
    ) -> None:
        if Capability.LIST not in provider.capabilities:
            return
        sent = await provider.send(self.request())
        server.requests.clear()
        page = await provider.recent()
        assert [request.method for request in server.requests] == ["GET"]
        assert sent.id in {one.id for one in page.requests}

    async def test_sending_makes_no_more_calls_than_it_says(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request())
        made = [f"{request.method} {request.url.path.removeprefix(self.base_path)}" for request in server.requests]
        assert len(made) == len(self.calls_to_send)
        for one, documented in zip(made, self.calls_to_send, strict=True):
            assert re.fullmatch(as_pattern(documented), one)

    async def test_a_declared_verb_is_one_call_and_an_undeclared_one_is_none(
        self, provider: Provider, server: Server
    ) -> None:
        sent = await provider.send(self.request())
        signer = next((one.id for one in sent.signers if one.id), "1")
        for capability, verb in (
            (Capability.REMIND, lambda: provider.remind(sent.id, signer)),
            (Capability.SIGN_LINKS, lambda: provider.sign_links(sent.id)),
            (Capability.CORRECT_SIGNER, lambda: provider.correct_signer(sent.id, signer, email="person03@example.com")),
            (Capability.CANCEL, lambda: provider.cancel(sent.id)),
            (Capability.LIST, lambda: provider.recent()),
        ):
            before = len(server.requests)
            if capability in provider.capabilities:
                await verb()
                assert len(server.requests) > before, capability
            else:
                with pytest.raises(Unsupported, match=re.escape(provider.title)):
                    await verb()
                assert len(server.requests) == before, capability

    @pytest.mark.parametrize("capability", list(Capability))
    def test_what_is_not_declared_is_refused_by_name(self, capability: Capability) -> None:
        if capability in self.provider_class.capabilities:
            self.provider_class.require(capability)
            return
        with pytest.raises(Unsupported, match=re.escape(self.provider_class.title)):
            self.provider_class.require(capability)

    async def test_a_document_this_provider_cannot_take_is_refused_before_any_call(
        self, provider: Provider, server: Server
    ) -> None:
        kinds = {
            Capability.MARKDOWN: Document(markdown="# Terms"),
            Capability.TEMPLATES: Document(template="t1"),
            Capability.UPLOADS: Document(pdf=b"%PDF-1.7"),
        }
        for capability, document in kinds.items():
            if capability not in provider.capabilities:
                with pytest.raises(Unsupported, match=re.escape(provider.title)):
                    await provider.send(self.request(document=document))
        assert server.requests == []

    async def test_a_download_that_is_not_declared_is_refused_before_any_call(
        self, provider: Provider, server: Server
    ) -> None:
        if Capability.DOWNLOAD in provider.capabilities:
            return
        with pytest.raises(Unsupported, match=re.escape(provider.title)):
            await provider.download("r1")
        assert server.requests == []

    async def test_the_signed_document_comes_without_our_key(self, provider: Provider, server: Server) -> None:
        if Capability.DOWNLOAD not in provider.capabilities:
            pytest.skip("this provider hands out no document")
        sent = await provider.send(self.request())
        self.completed = True
        server.requests.clear()
        assert (await provider.download(sent.id)).startswith(b"%PDF-")
        foreign = [one for one in server.requests if not one.url.path.startswith(f"{self.base_path}/")]
        key = str(self.settings[self.key_setting])
        assert not any(key in value for request in foreign for value in request.headers.values())

    completed = False
    """Set when the document has been signed by all; `wire` then answers so."""

    @pytest.mark.parametrize(
        ("status", "headers", "error"),
        [
            (400, {}, PermanentError),
            (401, {}, AuthenticationError),
            (402, {}, QuotaExceeded),
            (403, {}, AuthenticationError),
            (404, {}, PermanentError),
            (422, {}, PermanentError),
            (429, {}, TransientError),
            (429, {"retry-after": "7"}, TransientError),
            (500, {}, OutcomeUnknown),
            (502, {}, OutcomeUnknown),
            (503, {}, OutcomeUnknown),
            (503, {"retry-after": "7"}, TransientError),
            (504, {}, OutcomeUnknown),
            (200, {}, OutcomeUnknown),
            (302, {"location": "https://elsewhere.example/"}, OutcomeUnknown),
        ],
    )
    async def test_a_send_that_fails_says_what_to_do_next(
        self, provider: Provider, server: Server, status: int, headers: dict[str, str], error: type[ConnectorError]
    ) -> None:
        self.answer = httpx.Response(status, headers=headers, text="<p>not what you asked for</p>")
        with pytest.raises(ConnectorError) as caught:
            await provider.send(self.request())
        assert type(caught.value) is error
        assert len(server.requests) == 1
        if "retry-after" in headers:
            assert getattr(caught.value, "retry_after", None) == 7.0

    @pytest.mark.parametrize(
        ("status", "headers", "error"),
        [
            (401, {}, AuthenticationError),
            (403, {}, AuthenticationError),
            (404, {}, PermanentError),
            (422, {}, PermanentError),
            (429, {}, TransientError),
            (429, {"retry-after": "7"}, TransientError),
            (500, {}, TransientError),
            (503, {}, TransientError),
            (200, {}, TransientError),
            (302, {"location": "https://elsewhere.example/"}, PermanentError),
        ],
    )
    async def test_a_question_that_fails_says_what_to_do_next(
        self, provider: Provider, server: Server, status: int, headers: dict[str, str], error: type[ConnectorError]
    ) -> None:
        self.answer = httpx.Response(status, headers=headers, text="<p>not what you asked for</p>")
        with pytest.raises(ConnectorError) as caught:
            await provider.get("r1")
        if status != 403 or type(caught.value) is not TransientError:  # one provider blocks too much reading like this
            assert type(caught.value) is error
        assert len(server.requests) == 1

    async def test_an_answer_cut_short_is_unclear_on_a_write_and_worth_another_try_on_a_read(
        self, provider: Provider
    ) -> None:
        self.answer = httpx.Response(200, text='{"data": {"id": "r1", "sta')
        with pytest.raises(OutcomeUnknown):
            await provider.send(self.request())
        with pytest.raises(TransientError):
            await provider.get("r1")

    async def test_a_good_status_with_an_error_inside_is_an_error(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, json={"error": True, "message": "This account is closed"})
        with pytest.raises(OutcomeUnknown) as unclear:
            await provider.send(self.request())
        with pytest.raises(PermanentError) as refused:
            await provider.get("r1")
        assert unclear.value.detail == refused.value.detail == "This account is closed"

    async def test_no_answer_in_time_is_unclear_on_a_write_and_worth_another_try_on_a_read(self) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        async with serving(silent) as server:
            account = self.account(base_url=server.url + self.base_path, timeout_seconds=0.2)
            async with self.provider_class(account) as provider:
                with pytest.raises(OutcomeUnknown):
                    await provider.send(self.request())
                with pytest.raises(TransientError):
                    await provider.get("r1")

    async def test_an_empty_object_is_no_proof_that_it_was_sent(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, json={})
        with pytest.raises(OutcomeUnknown):
            await provider.send(self.request())

    async def test_an_error_that_echoes_people_shows_them_in_its_detail_alone(self, provider: Provider) -> None:
        sentence = "Signer One <person01@example.com> is not acceptable"
        self.answer = httpx.Response(400, json={"error": sentence})
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request())
        assert caught.value.detail == sentence
        assert "person01" not in f"{caught.value!s}{caught.value!r}{caught.value.args}"
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    async def test_an_error_that_echoes_our_key_shows_it_nowhere(self, provider: Provider, server: Server) -> None:
        await provider.check()
        sent = server.requests[0].headers
        echoed = [sent[name] for name in ("authorization", "x-api-key") if name in sent]
        key = str(self.settings[self.key_setting])
        self.answer = httpx.Response(400, json={"error": f"{'.' * 460} {key} is not accepted: {echoed}"})
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request())
        assert caught.value.detail
        assert not [part for part in (key, *echoed) if part.split()[-1][:8] in caught.value.detail]

    # -- webhooks ------------------------------------------------------------------------------------------------

    ref_in_address: ClassVar[str | None] = None
    """The mark the webhook's address carries, where each request is given an address of its own."""

    def any_delivery(self) -> tuple[dict[str, str], bytes]:
        return self.delivery(next(iter(self.events)))

    def signs(self) -> bool:
        """Whether this provider signs its webhooks; where it does not, everything is let in, as a hint."""
        signs = Capability.SIGNED_WEBHOOKS in self.provider_class.capabilities
        assert signs == (self.secret_setting is not None)
        if not signs:
            self.provider_class.verify(self.account(), {}, b"anything")
        return signs

    def signed_by(self, secret: str, *former: str) -> ProviderSettings:
        assert self.secret_setting is not None
        return self.account(**{self.secret_setting: secret, "webhook_secrets": former})

    def test_a_genuine_delivery_is_let_in(self) -> None:
        headers, body = self.any_delivery()
        self.provider_class.verify(self.account(), headers, body)

    def test_a_delivery_without_its_signature_is_turned_away(self) -> None:
        if not self.signs():
            return
        _, body = self.any_delivery()
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.account(), {}, body)

    def test_an_altered_delivery_is_turned_away(self) -> None:
        if not self.signs():
            return
        headers, body = self.any_delivery()
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.account(), headers, body + b" ")

    def test_a_delivery_signed_with_another_key_is_turned_away(self) -> None:
        if not self.signs():
            return
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.signed_by("another"), *self.any_delivery())

    def test_a_delivery_signed_with_the_former_key_is_let_in_while_it_is_being_exchanged(self) -> None:
        if not self.signs():
            return
        former = self.settings[str(self.secret_setting)]
        self.provider_class.verify(self.signed_by("new", "older", former), *self.any_delivery())

    def test_without_a_secret_nothing_is_genuine(self) -> None:
        if not self.signs():
            return
        nothing = self.account().model_copy(update={str(self.secret_setting): SecretStr("")})
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(nothing, *self.any_delivery())

    @pytest.mark.parametrize("value", ["ü", "\udcff", "0", "", "\u0660" * 64, "e" * 100_000])
    def test_a_signature_that_is_none_is_turned_away(self, value: str) -> None:
        if not self.signs():
            return
        headers, body = self.any_delivery()
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.account(), dict.fromkeys(headers, value), body)

    def test_every_documented_delivery_is_understood(self) -> None:
        for kind, expected in self.events.items():
            _, body = self.delivery(kind)
            assert self.provider_class.parse(body, ref=self.ref_in_address).type is expected, kind

    def test_a_delivery_says_which_request_it_is_about(self) -> None:
        for kind in self.events:
            event = self.provider_class.parse(self.delivery(kind)[1], ref=self.ref_in_address)
            assert event.provider_id or event.ref, kind
            assert event.ref == (REF if self.refs_in_events else None), kind

    def test_a_repeat_is_the_same_delivery_and_no_other_is(self) -> None:
        deliveries = [self.delivery(kind) for kind in self.events]
        identities = [self.provider_class.delivery_id(*delivery) for delivery in deliveries]
        assert len(set(identities)) == len(identities)
        assert identities == [self.provider_class.delivery_id(*delivery) for delivery in deliveries]

    # Each provider's own class runs it, which hypothesis takes for one test under several executors.
    @bounds(suppress_health_check=[HealthCheck.differing_executors])
    @given(body=st.binary())
    def test_no_bytes_make_parse_raise_anything_but_value_errors(self, body: bytes) -> None:
        self.parse_or_refuse(body)

    @pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"status":"\\ud800"}', b"1" * 10_000])
    def test_no_monstrous_body_makes_parse_raise_anything_but_value_errors(self, body: bytes) -> None:
        self.parse_or_refuse(body)

    def parse_or_refuse(self, body: bytes) -> None:
        assert self.provider_class.delivery_id({}, body)
        try:
            self.provider_class.parse(body)
        except ValueError as error:
            assert type(error) is ValueError  # a sentence of ours, not a parser's with the body in it


def as_pattern(documented: str) -> str:
    """A documented call as a regular expression over method and path."""
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(documented))

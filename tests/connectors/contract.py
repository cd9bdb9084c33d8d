"""What every provider keeps, as tests to subclass; the models are `connectors.signing.provider` and its docstrings.

A provider's test file subclasses `ProviderContract` and brings a function that plays the provider (`wire`), one that
signs a webhook (`delivery`) and the tables below. The provider is played over a real connection to this machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
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
from connectors.signing.model import Document, EventType, SignatureRequest, Signer, Status
from connectors.signing.provider import Capability, Provider, ProviderSettings
from tests.connectors.loopback import Server, answering

REF = "E7K2M9Q4XW"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


class ProviderContract:
    """Subclass it, name it `Test…`, and fill in what is declared here."""

    provider_class: ClassVar[type[Provider]]
    settings: ClassVar[dict[str, Any]]
    base_path: ClassVar[str] = ""
    secret_setting: ClassVar[str]
    """The setting whose secret signs the webhooks."""
    events: ClassVar[dict[str, EventType]]
    """Every documented kind of delivery, by the name `delivery` knows it by."""

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
        given = {"ref": REF, "title": "Agreement 1", "document": Document(template="t1"), "signers": (one, two)}
        return SignatureRequest.model_validate({**given, **more})

    # -- calls ---------------------------------------------------------------------------------------------------

    async def test_credentials_are_checked_by_reading_alone(self, provider: Provider, server: Server) -> None:
        await provider.check()
        assert [request.method for request in server.requests] == ["GET"]

    async def test_no_secret_stands_in_a_url(self, provider: Provider, server: Server) -> None:
        await provider.send(self.request())
        secrets = [value for value in provider.settings.model_dump().values() if isinstance(value, SecretStr)]
        assert secrets
        for request in server.requests:
            assert not any(secret.get_secret_value() in str(request.url) for secret in secrets)

    async def test_what_was_sent_has_an_id_and_our_mark(self, provider: Provider) -> None:
        snapshot = await provider.send(self.request())
        assert snapshot.id
        assert snapshot.status is Status.SENT
        assert snapshot.ref == REF
        assert [signer.email for signer in snapshot.signers] == ["person01@example.com", "person02@example.com"]

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

    async def test_each_verb_is_one_call(self, provider: Provider, server: Server) -> None:
        sent = await provider.send(self.request())
        assert len(server.requests) == 1
        for capability, verb, ids in (
            (Capability.REMIND, provider.remind, (sent.id, sent.signers[0].id)),
            (Capability.CANCEL, provider.cancel, (sent.id,)),
        ):
            before = len(server.requests)
            if capability in provider.capabilities:
                await verb(*ids)
                assert len(server.requests) == before + 1
            else:
                with pytest.raises(Unsupported):
                    await verb(*ids)

    async def test_the_signed_document_comes_without_our_key(self, provider: Provider, server: Server) -> None:
        if Capability.DOWNLOAD not in provider.capabilities:
            pytest.skip("this provider hands out no document")
        sent = await provider.send(self.request())
        self.completed = True
        assert (await provider.download(sent.id)).startswith(b"%PDF-")
        assert "authorization" not in server.requests[-1].headers

    completed = False
    """Set when the document has been signed by all; `wire` then answers so."""

    @pytest.mark.parametrize(
        ("status", "headers", "error"),
        [
            (400, {}, PermanentError),
            (401, {}, AuthenticationError),
            (402, {}, QuotaExceeded),
            (404, {}, PermanentError),
            (422, {}, PermanentError),
            (429, {}, TransientError),
            (500, {}, OutcomeUnknown),
            (502, {}, OutcomeUnknown),
            (503, {}, OutcomeUnknown),
            (503, {"retry-after": "7"}, TransientError),
            (504, {}, OutcomeUnknown),
            (200, {}, OutcomeUnknown),
            (302, {"location": "/elsewhere"}, OutcomeUnknown),
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
        key = str(self.settings[self.secret_setting])
        self.answer = httpx.Response(400, json={"error": f"{'.' * 460} {key} is not accepted: {echoed}"})
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request())
        assert caught.value.detail
        assert not [part for part in (key, *echoed) if part.split()[-1][:8] in caught.value.detail]

    # -- webhooks ------------------------------------------------------------------------------------------------

    def any_delivery(self) -> tuple[dict[str, str], bytes]:
        return self.delivery(next(iter(self.events)))

    def signed_by(self, secret: str, *former: str) -> ProviderSettings:
        return self.account(**{self.secret_setting: secret, "webhook_secrets": former})

    def test_a_genuine_delivery_is_let_in(self) -> None:
        headers, body = self.any_delivery()
        self.provider_class.verify(self.account(), headers, body)

    def test_a_delivery_without_its_signature_is_turned_away(self) -> None:
        _, body = self.any_delivery()
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.account(), {}, body)

    def test_an_altered_delivery_is_turned_away(self) -> None:
        headers, body = self.any_delivery()
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.account(), headers, body + b" ")

    def test_a_delivery_signed_with_another_key_is_turned_away(self) -> None:
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.signed_by("another"), *self.any_delivery())

    def test_a_delivery_signed_with_the_former_key_is_let_in_while_it_is_being_exchanged(self) -> None:
        former = self.settings[self.secret_setting]
        self.provider_class.verify(self.signed_by("new", "older", former), *self.any_delivery())

    def test_without_a_secret_nothing_is_genuine(self) -> None:
        nothing = self.account().model_copy(update={self.secret_setting: SecretStr("")})
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(nothing, *self.any_delivery())

    @pytest.mark.parametrize("value", ["ü", "\udcff", "0", "", "\u0660" * 64, "e" * 100_000])
    def test_a_signature_that_is_none_is_turned_away(self, value: str) -> None:
        headers, body = self.any_delivery()
        with pytest.raises(InvalidWebhook):
            self.provider_class.verify(self.account(), dict.fromkeys(headers, value), body)

    def test_every_documented_delivery_is_understood(self) -> None:
        for kind, expected in self.events.items():
            _, body = self.delivery(kind)
            assert self.provider_class.parse(body).type is expected, kind

    def test_a_delivery_says_which_request_it_is_about(self) -> None:
        for kind in self.events:
            event = self.provider_class.parse(self.delivery(kind)[1])
            assert event.provider_id, kind
            assert event.ref == REF, kind

    def test_a_repeat_is_the_same_delivery_and_no_other_is(self) -> None:
        deliveries = [self.delivery(kind) for kind in self.events]
        identities = [self.provider_class.delivery_id(*delivery) for delivery in deliveries]
        assert len(set(identities)) == len(identities)
        assert identities == [self.provider_class.delivery_id(*delivery) for delivery in deliveries]

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

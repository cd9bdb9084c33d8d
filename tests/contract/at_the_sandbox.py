"""What every connector keeps against the sandbox's dialect of its provider, over HTTP; to be subclassed.

Connector and dialect were written apart from the provider's documents, so a misreading of either shows here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    OutcomeUnknown,
    PermanentError,
    TransientError,
    Unsupported,
)
from connectors.signing.model import Document, EventType, Snapshot, Status
from connectors.signing.provider import Capability, Provider
from tests.contract.scene import Scene, scene, sent

Call = Callable[[Scene, Snapshot], Awaitable[Any]]
Provoke = Callable[[Scene], Awaitable[None]]
HOURS = 3600.0
"""A clock with which an hour of the provider's lasts a second."""


@pytest.mark.asyncio(loop_scope="class")
class AtTheSandbox:
    """Subclass it, name it `Test…`, and fill in what is declared here."""

    provider_class: ClassVar[type[Provider]]
    key_setting: ClassVar[str]
    document: ClassVar[Document] = Document(markdown="# Terms\n\nBe kind.\n\n[[sign:signer-1]] [[date:signer-1]]")
    speaks: ClassVar[dict[str, Call]]
    """For every documented call a function that makes it, on a request just sent."""
    provokes: ClassVar[tuple[Provoke, ...]]
    """What has to happen so that, together, every documented event is told."""
    created: ClassVar[str | None] = None
    """The event that says a request is ready to be signed, where that takes the provider a moment."""
    completion: ClassVar[str]
    """The event that says the signed document is there."""
    decline: ClassVar[str | None]
    """The event that says somebody declined; `None` where nothing does."""

    def send(self, stage: Scene, *emails: str, **more: Any) -> Awaitable[Snapshot]:
        return sent(stage, *emails, **{"document": self.document, **more})

    # -- calls ---------------------------------------------------------------------------------------------------

    async def test_the_key_opens_the_account_and_another_does_not(self, stage: Scene) -> None:
        await stage.provider.check()
        wrong = stage.settings.model_copy(update={self.key_setting: SecretStr("another-key")})
        async with self.provider_class(wrong) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.check()

    async def test_every_documented_call_is_made_here(self) -> None:
        assert set(self.speaks) == set(self.provider_class.calls)

    async def test_every_documented_call_is_answered_as_documented(self, stage: Scene) -> None:
        for documented, call in self.speaks.items():
            before = await stage.counts()
            await call(stage, await self.send(stage))
            after = await stage.counts()
            made = {_shape(one) for one, number in after.items() if number > before.get(one, 0)}
            method, path = documented.split(" ", 1)
            assert _shape(f"{method} /{self.provider_class.sandbox_path}{path}") in made, (documented, sorted(made))

    # -- a request's life ----------------------------------------------------------------------------------------

    async def test_a_request_is_sent_signed_in_order_and_completed(self, stage: Scene) -> None:
        one = await self.send(stage)
        assert one.status is Status.SENT
        first, second = await stage.signing_pages(one.id)
        if Capability.ORDER in self.provider_class.capabilities:
            assert not await stage.person.may_sign(second)
        await stage.sign(first)
        await stage.sign(second)
        event = await stage.heard(one.id, self.completion)
        assert event.type is EventType.COMPLETED
        assert one.id == event.provider_id or event.ref == stage.ref
        now = await stage.provider.get(one.id)
        assert now.status is Status.COMPLETED
        if Capability.DOWNLOAD in self.provider_class.capabilities:
            assert (await stage.provider.download(one.id, event.document_url)).startswith(b"%PDF-")
            assert (await stage.provider.download(one.id)).startswith(b"%PDF-")
        else:
            with pytest.raises(Unsupported):
                await stage.provider.download(one.id)

    async def test_a_decline_is_heard_with_its_reason(self, stage: Scene) -> None:
        one = await self.send(stage)
        first, _ = await stage.signing_pages(one.id)
        await stage.person.decline(first, "The starting date is wrong")
        if self.decline is None:
            assert (await stage.provider.get(one.id)).status is Status.DECLINED
            return
        event = await stage.heard(one.id, self.decline)
        assert event.type is EventType.DECLINED

    async def test_a_request_can_be_taken_back_where_that_is_declared(self, stage: Scene) -> None:
        one = await self.send(stage)
        if Capability.CANCEL not in self.provider_class.capabilities:
            with pytest.raises(Unsupported):
                await stage.provider.cancel(one.id)
            return
        await stage.provider.cancel(one.id)
        first, _ = await stage.signing_pages(one.id)
        assert not await stage.person.may_sign(first)
        assert (await stage.provider.get(one.id)).status is Status.CANCELED

    async def test_a_signer_is_reminded_where_that_is_declared(self, stage: Scene) -> None:
        one = await self.send(stage)
        signer = next((signer.id for signer in one.signers if signer.id), "1")
        if Capability.REMIND not in self.provider_class.capabilities:
            with pytest.raises(Unsupported):
                await stage.provider.remind(one.id, signer)
            return
        before = await stage.letters()
        await stage.provider.remind(one.id, signer)
        assert await stage.letters() == before + 1

    async def test_a_signer_is_corrected_where_that_is_declared(self, stage: Scene) -> None:
        one = await self.send(stage)
        signer = next((signer.id for signer in one.signers if signer.id), "1")
        if Capability.CORRECT_SIGNER not in self.provider_class.capabilities:
            with pytest.raises(Unsupported):
                await stage.provider.correct_signer(one.id, signer, email="person07@example.com")
            return
        before = await stage.letters()
        for _ in range(2):  # it sets values, so that the same again is the same
            await stage.provider.correct_signer(one.id, signer, email="person07@example.com")
        assert await stage.letters() == before
        shown = (await stage.provider.get(one.id)).signers
        assert [who.email for who in shown] == ["person07@example.com", "person02@example.com"]
        assert [who.name for who in shown] == [who.name for who in one.signers]
        await stage.provider.remind(one.id, signer)
        assert await stage.letters() == before + 1
        await stage.sign_all(one.id)
        await stage.heard(one.id, self.completion)
        with pytest.raises(PermanentError):
            await stage.provider.correct_signer(one.id, signer, email="person08@example.com")

    async def test_what_was_sent_is_found_by_its_mark_where_that_is_declared(self, stage: Scene) -> None:
        if Capability.FIND not in self.provider_class.capabilities:
            with pytest.raises(Unsupported):
                await stage.provider.find({stage.ref})
            return
        one, ref = await self.send(stage), stage.ref
        other = await self.send(stage)
        lookup = await stage.provider.find({ref, "E-NOBODY"})
        assert {ref: found.id for ref, found in lookup.found.items()} == {ref: one.id}
        assert {one.id, other.id} <= lookup.ids
        assert lookup.complete

    async def test_the_list_says_how_each_request_stands_where_that_is_declared(self, stage: Scene) -> None:
        if Capability.LIST not in self.provider_class.capabilities:
            with pytest.raises(Unsupported):
                await stage.provider.recent()
            return
        signed, still_open = await self.send(stage), await self.send(stage)
        await stage.sign_all(signed.id)
        await stage.heard(signed.id, self.completion)
        page = await stage.provider.recent()
        shown = {one.id: one.status for one in page.requests}
        assert shown[signed.id] is Status.COMPLETED
        assert shown[still_open.id] in (Status.SENT, Status.IN_PROGRESS)
        while page.next is not None:
            page = await stage.provider.recent(page.next)

    async def test_a_signing_link_opens_its_page_where_that_is_declared(self, stage: Scene) -> None:
        one = await self.send(stage)
        if Capability.SIGN_LINKS not in self.provider_class.capabilities:
            with pytest.raises(Unsupported):
                await stage.provider.sign_links(one.id)
            return
        links = await stage.provider.sign_links(one.id)
        assert links[0].sign_url is not None
        assert await stage.person.may_sign(links[0].sign_url)

    # -- events --------------------------------------------------------------------------------------------------

    async def test_every_documented_event_is_told_and_understood(self, tmp_path: Path) -> None:
        told: dict[str, EventType] = {}
        for at, provoke in enumerate(self.provokes):
            home = tmp_path / str(at)
            async with scene(self.provider_class, home, clock_factor=HOURS, created=self.created) as stage:
                await provoke(stage)
                told |= {event.name: event.type for event in stage.events()}
        known = {name: kind for name, kind in told.items() if kind is not EventType.UNKNOWN}
        assert known == dict(self.provider_class.events)

    # -- what goes wrong -----------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("action", "error"),
        [
            ("status:400", ConnectorError),
            ("status:401", AuthenticationError),
            ("status:403", AuthenticationError),
            ("status:404", ConnectorError),
            ("status:422", ConnectorError),
            ("status:429", TransientError),
            ("status:429:7", TransientError),
            ("status:500", OutcomeUnknown),
            ("status:503:7", TransientError),
            ("cut-after", OutcomeUnknown),
            ("half-answer", OutcomeUnknown),
            ("html", OutcomeUnknown),
            ("error-inside", OutcomeUnknown),
            ("redirect:https://elsewhere.example/", OutcomeUnknown),
        ],
    )
    async def test_a_send_that_goes_wrong_says_what_to_do_next(
        self, stage: Scene, action: str, error: type[ConnectorError]
    ) -> None:
        request = await stage.request(document=self.document)
        await stage.fault(self.create(), action)
        with pytest.raises(error) as caught:
            await stage.provider.send(request)
        assert key_of(stage) not in f"{caught.value!r}{caught.value.detail}"
        assert "person01" not in repr(caught.value)
        if action.endswith(":7"):
            assert getattr(caught.value, "retry_after", None) == 7.0
        if action.startswith("status"):
            assert caught.value.detail, "the provider's own sentence"

    def create(self) -> str:
        """The call that sends, as the sandbox names it."""
        documented = next(call for call, method in self.provider_class.calls.items() if method == "send")
        method, path = documented.split(" ", 1)
        return f"{method} /{self.provider_class.sandbox_path}{path}"


def key_of(stage: Scene) -> str:
    """The key of the account, which no message may show."""
    return next(value.get_secret_value() for value in dict(stage.settings).values() if isinstance(value, SecretStr))


def _shape(call: str) -> str:
    return re.sub(r"\{\w+\}", "{}", call)

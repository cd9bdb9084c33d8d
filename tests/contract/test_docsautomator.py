"""DocsAutomator: the connector against the sandbox's dialect, over HTTP."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from connectors.signing.docsautomator import DocsAutomator
from connectors.signing.model import Document, Snapshot
from connectors.signing.provider import Provider
from tests.contract.at_the_sandbox import AtTheSandbox, Call, Provoke
from tests.contract.scene import Scene, sent

pytestmark = pytest.mark.providers

NDA = Document(template="665f1c0de5a8d0c5a0000001")
"""The sandbox's ready automation: two signers, one after the other."""


def ours(stage: Scene) -> DocsAutomator:
    assert isinstance(stage.provider, DocsAutomator)
    return stage.provider


def plainly(verb: str, *arguments: Any) -> Call:
    async def call(stage: Scene, one: Snapshot) -> Any:
        return await getattr(ours(stage), verb)(one.id, *arguments)

    return call


async def its_job(stage: Scene, one: Snapshot) -> None:
    """Sending asks for its own job."""
    await sent(stage, document=NDA)


async def completed(stage: Scene) -> None:
    one = await sent(stage, document=NDA)
    await stage.sign_all(one.id)
    await stage.heard(one.id, "(completed)")


async def declined(stage: Scene) -> None:
    one = await sent(stage, document=NDA)
    await stage.person.decline((await stage.signing_pages(one.id))[0], "The starting date is wrong")
    await stage.heard(one.id, "esign.session_declined")


async def expired(stage: Scene) -> None:
    """The automation's thirty days last twelve minutes here, too long for a test: the end is moved."""
    one = await sent(stage, document=NDA)
    await stage.in_their_pages(f"{one.id}/due/600")
    await stage.heard(one.id, "esign.session_expired")


async def delivered_by_hand(stage: Scene) -> None:
    """An automation that leaves the delivery of its links to the sender tells them when the session is made."""
    await stage.set_up(
        "updateAutomation", params={"docId": NDA.template}, json={"esignature": {"deliveryMethod": "manual"}}
    )
    one = await sent(stage, document=NDA)
    await stage.heard(one.id, "esign.session_created")


class TestDocsAutomatorAtTheSandbox(AtTheSandbox):
    provider_class: ClassVar[type[Provider]] = DocsAutomator
    key_setting = "api_key"
    document: ClassVar[Document] = NDA
    completion = "(completed)"
    decline = "esign.session_declined"
    provokes: ClassVar[tuple[Provoke, ...]] = (completed, declined, expired, delivered_by_hand)
    speaks: ClassVar[dict[str, Call]] = {
        "POST /createDocument": its_job,
        "GET /job/{jobId}": its_job,
        "GET /queue/stats": lambda stage, one: ours(stage).queue(),
        "GET /automations": lambda stage, one: ours(stage).automations(),
        "GET /automation": lambda stage, one: ours(stage).automation(str(NDA.template)),
        "GET /listPlaceholdersV2": lambda stage, one: ours(stage).placeholders(str(NDA.template)),
        "GET /esign/sessions": lambda stage, one: ours(stage).sessions(email="PERSON01", limit=10),
        "GET /esign/sessions/{sessionId}": plainly("get"),
        "GET /esign/sessions/{sessionId}/links": plainly("links"),
        "GET /esign/sessions/{sessionId}/audit": plainly("audit"),
        "POST /esign/sessions/{sessionId}/cancel": plainly("cancel"),
        "POST /esign/sessions/{sessionId}/resend/{signerIndex}": plainly("remind", "1"),
    }

    @pytest.fixture(autouse=True)
    def _quickly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DocsAutomator, "first_look", 0.05)

    async def test_the_proof_comes_back_with_every_webhook(self, stage: Scene) -> None:
        one = await sent(stage, document=NDA)
        await stage.sign_all(one.id)
        await stage.heard(one.id, "(completed)")
        ref = stage.ref
        about = [event for event in stage.events() if event.provider_id == one.id]
        assert {(event.ref, event.proof) for event in about} == {(ref, stage.addresses.proof(ref))}

    async def test_a_document_that_was_only_made_is_not_taken_for_a_signed_one(self, stage: Scene) -> None:
        one = await sent(stage, document=NDA)
        made = [event for event in stage.events() if event.provider_id is None]
        assert "completed" not in {event.type.value for event in made}
        assert (await stage.provider.get(one.id)).document_url is None

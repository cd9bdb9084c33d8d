"""Switch Labs eSign: the connector against the sandbox's dialect, over HTTP."""

from __future__ import annotations

from typing import ClassVar

import pytest

from connectors.signing.model import Document, Snapshot, Status
from connectors.signing.provider import Provider
from connectors.signing.switchlabs import SwitchLabs
from tests.contract.at_the_sandbox import AtTheSandbox, Call, Provoke
from tests.contract.scene import Scene, sent

pytestmark = pytest.mark.providers

TERMS = Document(markdown="# Terms\n\nBe kind.\n\n[[sign:signer-1]] [[date:signer-1]]\n\n[[sign:signer-2]]")


def ours(stage: Scene) -> SwitchLabs:
    assert isinstance(stage.provider, SwitchLabs)
    return stage.provider


async def a_draft(stage: Scene, one: Snapshot) -> None:
    draft = await ours(stage).draft(await stage.request(document=TERMS))
    assert draft.status is Status.DRAFT
    await ours(stage).send_draft(draft.id, "Please sign by Friday.")
    assert (await ours(stage).get(draft.id)).status is Status.SENT


async def completed(stage: Scene) -> None:
    one = await sent(stage, document=TERMS)
    first = (await stage.signing_pages(one.id))[0].rsplit("/", 1)[1]
    await stage.in_their_pages(f"{one.id}/remind/{first}")
    await stage.heard(one.id, "reminder.sent")
    await stage.sign_all(one.id)
    await stage.heard(one.id, "document.completed")


async def declined(stage: Scene) -> None:
    one = await sent(stage, document=TERMS)
    await stage.person.decline((await stage.signing_pages(one.id))[0], "The starting date is wrong")
    await stage.heard(one.id, "recipient.declined")
    await stage.heard(one.id, "document.declined")


async def voided(stage: Scene) -> None:
    one = await sent(stage, document=TERMS)
    await stage.in_their_pages(f"{one.id}/withdraw")
    await stage.heard(one.id, "document.voided")


class TestSwitchLabsAtTheSandbox(AtTheSandbox):
    provider_class: ClassVar[type[Provider]] = SwitchLabs
    key_setting = "api_key"
    document: ClassVar[Document] = TERMS
    completion = "document.completed"
    decline = "document.declined"
    provokes: ClassVar[tuple[Provoke, ...]] = (completed, declined, voided)
    speaks: ClassVar[dict[str, Call]] = {
        "POST /documents": lambda stage, one: sent(stage, document=TERMS),
        "GET /documents": lambda stage, one: ours(stage).documents(Status.SENT, limit=10),
        "GET /documents/{id}/status": lambda stage, one: ours(stage).get(one.id),
        "POST /documents/{id}/send": a_draft,
    }

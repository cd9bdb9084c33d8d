"""Documill Leap: the connector against the sandbox's dialect, over HTTP."""

from __future__ import annotations

from typing import ClassVar

import pytest

from connectors.signing.errors import PermanentError
from connectors.signing.leap import Leap
from connectors.signing.model import Document
from connectors.signing.provider import Provider
from tests.contract.at_the_sandbox import AtTheSandbox, Call, Provoke
from tests.contract.scene import Scene, sent
from tests.sandbox.running import until

pytestmark = pytest.mark.providers

TERMS = Document(markdown="# Terms\n\nBe kind.\n\n[[sign:signer-1]] [[date:signer-1]]\n\n[[sign:signer-2]]")


def ours(stage: Scene) -> Leap:
    assert isinstance(stage.provider, Leap)
    return stage.provider


async def completed(stage: Scene) -> None:
    one = await sent(stage, document=TERMS)
    await stage.sign_all(one.id)
    await stage.heard(one.id, "signTasksCompleted")


class TestLeapAtTheSandbox(AtTheSandbox):
    provider_class: ClassVar[type[Provider]] = Leap
    key_setting = "api_key"
    document: ClassVar[Document] = TERMS
    completion = "signTasksCompleted"
    decline = None
    provokes: ClassVar[tuple[Provoke, ...]] = (completed,)
    speaks: ClassVar[dict[str, Call]] = {
        "POST /sign-only-api/projects/launch-new": lambda stage, one: sent(stage, document=TERMS),
        "GET /projects/info-for-sign-only-integrator/{projectId}": lambda stage, one: ours(stage).get(one.id),
        "PUT /sign-only-api/projects/cancel/{projectId}": lambda stage, one: ours(stage).cancel(one.id),
        "DELETE /sign-only-api/projects/{projectId}": lambda stage, one: ours(stage).delete(one.id),
    }

    async def test_the_callback_comes_once_to_the_request_s_own_address(self, stage: Scene) -> None:
        one = await sent(stage, document=TERMS)
        await stage.sign_all(one.id)
        await stage.heard(one.id, "signTasksCompleted")
        assert [delivery.ref for delivery in stage.deliveries].count(stage.ref) == 1

    async def test_what_was_deleted_is_gone_and_deleting_again_does_no_harm(self, stage: Scene) -> None:
        one = await sent(stage, document=TERMS)
        await ours(stage).delete(one.id)
        await ours(stage).delete(one.id)
        with pytest.raises(PermanentError):
            await ours(stage).get(one.id)

    async def test_a_copy_goes_to_the_archive_s_mailbox(self, stage: Scene) -> None:
        one = await sent(stage, document=TERMS, extra={"additionalRecipients": ["archive@example.com"]})
        await stage.sign_all(one.id)
        await stage.heard(one.id, "signTasksCompleted")

        async def arrived() -> bool:
            return "archive@example.com" in [mail.to for mail in await stage.person.mails()]

        await until(arrived)

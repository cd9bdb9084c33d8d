"""Lumin: the connector against the sandbox's dialect, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from connectors.signing.errors import PermanentError
from connectors.signing.lumin import Lumin
from connectors.signing.lumin_parts import FileKind
from connectors.signing.model import Document, EventType, Snapshot, Status
from connectors.signing.provider import Provider
from recipes.document.render import render
from tests.contract.at_the_sandbox import AtTheSandbox, Call, Provoke
from tests.contract.scene import Scene, sent

pytestmark = pytest.mark.providers

TERMS = Document(markdown="# Terms\n\nBe kind.\n\n[[sign:signer-1]] [[date:signer-1]]\n\n[[sign:signer-2]]")
FIRST = "person01@example.com"


def ours(stage: Scene) -> Lumin:
    assert isinstance(stage.provider, Lumin)
    return stage.provider


def plainly(verb: str, *arguments: Any) -> Call:
    async def call(stage: Scene, one: Snapshot) -> Any:
        return await getattr(ours(stage), verb)(one.id, *arguments)

    return call


async def from_a_template(stage: Scene, one: Snapshot) -> None:
    template = await ours(stage).template((await ours(stage).templates()).templates[0].id)
    roles = [role.name for role in template.roles] or [None]
    tags = {tag.name: "Example Company 01" for tag in template.tags}
    extra = {"signers": [{"signer_role": role} for role in roles], "tags": tags}
    people = [f"person0{at}@example.com" for at, _ in enumerate(roles, start=1)]
    await sent(stage, *people, document=Document(template=template.id), extra=extra)


async def one_template(stage: Scene, one: Snapshot) -> None:
    page = await ours(stage).templates()
    assert (await ours(stage).template(page.templates[0].id)).id == page.templates[0].id


async def old_link(stage: Scene, one: Snapshot) -> None:
    link = await ours(stage).old_file_link(one.id)
    assert (await ours(stage).fetch(link.url)).startswith(b"%PDF-")


async def completed(stage: Scene) -> None:
    one = await sent(stage, document=TERMS)
    await stage.heard(one.id, "signature_request_created")
    await ours(stage).extend(one.id, datetime.now(UTC) + timedelta(days=90))
    await stage.heard(one.id, "signature_request_due_date_updated")
    await stage.sign_all(one.id)
    await stage.heard(one.id, "signature_request_downloadable")
    with pytest.raises(PermanentError):
        await ours(stage).cancel(one.id)
    await stage.heard(one.id, "signature_request_cancel_failed")


async def declined(stage: Scene) -> None:
    one = await sent(stage, document=TERMS)
    await stage.person.decline((await stage.signing_pages(one.id))[0], "The starting date is wrong")
    await stage.heard(one.id, "signature_request_declined")


async def canceled(stage: Scene) -> None:
    one = await sent(stage, document=TERMS)
    await ours(stage).cancel(one.id)
    await stage.heard(one.id, "signature_request_canceled")


async def unusable(stage: Scene) -> None:
    """A tag for a ninth of two signers: taken at first, and found wanting later."""
    request = await stage.request(document=TERMS)
    bad = Document(pdf=render("# Terms\n\n[sig|req|signer9]", "Terms"), fields=request.document.fields)
    one = await stage.provider.send(request.model_copy(update={"document": bad}))
    event = await stage.heard(one.id, "signature_request_invalid")
    assert event.type is EventType.FAILED
    assert (await ours(stage).get(one.id)).status is Status.FAILED


class TestLuminAtTheSandbox(AtTheSandbox):
    provider_class: ClassVar[type[Provider]] = Lumin
    key_setting = "api_key"
    document: ClassVar[Document] = TERMS
    created = "signature_request_created"
    completion = "signature_request_downloadable"
    decline = "signature_request_declined"
    provokes: ClassVar[tuple[Provoke, ...]] = (completed, declined, canceled, unusable)
    speaks: ClassVar[dict[str, Call]] = {
        "POST /signature_request/send": lambda stage, one: sent(stage, document=TERMS),
        "POST /signature_request/send-from-template": from_a_template,
        "GET /signature_request/{id}": plainly("get"),
        "PATCH /signature_request/{id}": lambda stage, one: ours(stage).extend(
            one.id, datetime.now(UTC) + timedelta(days=90)
        ),
        "PUT /signature_request/cancel/{id}": plainly("cancel"),
        "POST /signature_request/remind/{id}": plainly("remind", FIRST),
        "POST /signature_request/{id}/signing-link": plainly("signing_link", FIRST),
        "POST /signature_request/{id}/signing-session": plainly("signing_session", FIRST, timedelta(minutes=20)),
        "GET /signature_request/{id}/file": plainly("file", FileKind.AGREEMENT),
        "GET /signature_request/files_as_file_url/{id}": old_link,
        "GET /signature_request/files/{id}": plainly("old_file"),
        "GET /templates": lambda stage, one: ours(stage).templates(),
        "GET /templates/{id}": one_template,
        "GET /user/info": lambda stage, one: ours(stage).user(),
    }

    async def test_who_has_signed_is_seen_in_the_signers_it_shows(self, stage: Scene) -> None:
        one = await sent(stage, document=TERMS)
        pages = await stage.signing_pages(one.id)
        await stage.sign(pages[0])
        event = await stage.heard(one.id, "signature_request_signed")
        assert [signer.email for signer in event.signers if signer.status == "signed"] == [FIRST]

    async def test_the_certificate_waits_until_everybody_has_signed(self, stage: Scene) -> None:
        one = await sent(stage, document=TERMS)
        with pytest.raises(PermanentError):
            await ours(stage).file(one.id, FileKind.CERTIFICATE)
        await stage.sign_all(one.id)
        await stage.heard(one.id, "signature_request_downloadable")
        for kind in FileKind:
            link = await ours(stage).file_link(one.id, kind)
            assert link.expires_at is not None
            assert timedelta(minutes=25) < link.expires_at - datetime.now(UTC) < timedelta(minutes=31)
            assert (await ours(stage).fetch(link.url)).startswith(b"%PDF-")

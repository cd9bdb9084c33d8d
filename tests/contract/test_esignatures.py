"""eSignatures: the connector against the sandbox's dialect, over HTTP."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.signing.esignatures import ESignatures
from connectors.signing.esignatures_parts import Edit, NewSigner, Placeholder, SignerChange
from connectors.signing.model import Document, Snapshot
from connectors.signing.provider import Provider
from tests.contract.at_the_sandbox import AtTheSandbox, Call, Provoke
from tests.contract.scene import Scene, sent

TEXT = "# Terms\n\nThe {{thing}} is blue.\n\n## Payment\n\nMonthly.\n\n[[text:signer-1|City]]"
MARKDOWN = Document(markdown=TEXT)


def ours(stage: Scene) -> ESignatures:
    assert isinstance(stage.provider, ESignatures)
    return stage.provider


def first(one: Snapshot) -> str:
    assert one.signers[0].id is not None
    return one.signers[0].id


def plainly(verb: str, *arguments: Any, **more: Any) -> Call:
    """A method that takes the contract's id and fixed arguments."""

    async def call(stage: Scene, one: Snapshot) -> Any:
        return await getattr(ours(stage), verb)(one.id, *arguments, **more)

    return call


def on_a_template(verb: str, *arguments: Any, **more: Any) -> Call:
    """A method that takes a template's id and fixed arguments."""

    async def call(stage: Scene, one: Snapshot) -> Any:
        template = await ours(stage).create_template("Terms", TEXT, ["sales"])
        return await getattr(ours(stage), verb)(template, *arguments, **more)

    return call


async def add_and_remove_a_collaborator(stage: Scene, one: Snapshot) -> None:
    template = await ours(stage).create_template("Terms", TEXT)
    added = await ours(stage).add_collaborator(template, name="Signer Nine", email="person09@example.com")
    assert [one.id for one in await ours(stage).collaborators(template)] == [added.id]
    await ours(stage).remove_collaborator(template, added.id)
    assert await ours(stage).collaborators(template) == ()


async def fill_and_read(stage: Scene, one: Snapshot) -> None:
    await ours(stage).fill(one.id, [Placeholder(key="thing", text="sky")])
    (shown,) = await ours(stage).placeholders(one.id)
    assert (shown.key, shown.text) == ("thing", "sky")


async def edit_and_read(stage: Scene, one: Snapshot) -> None:
    await ours(stage).edit(one.id, [Edit(find="## Payment", replace="## Payment\n\nAt once.")])
    assert "At once." in await ours(stage).content(one.id)


async def remove_the_second(stage: Scene, one: Snapshot) -> None:
    assert one.signers[1].id is not None
    await ours(stage).remove_signer(one.id, one.signers[1].id)
    assert len((await ours(stage).get(one.id)).signers) == 1


async def all_signed(stage: Scene) -> None:
    one = await sent(stage, document=MARKDOWN)
    await stage.provider.remind(one.id, first(one))
    await stage.heard(one.id, "contract-reminder-sent-to-signer")
    await ours(stage).preview(one.id)
    await stage.heard(one.id, "contract-pdf-generated")
    await stage.sign_all(one.id)
    await stage.heard(one.id, "contract-signed")


async def declined(stage: Scene) -> None:
    one = await sent(stage, document=MARKDOWN)
    pages = await stage.signing_pages(one.id)
    await stage.person.decline(pages[0], "The starting date is wrong")
    await stage.heard(one.id, "signer-declined")
    await stage.heard(one.id, "contract-withdrawn")


async def bounced(stage: Scene) -> None:
    one = await sent(stage, "person01+bounce@example.com", "person02@example.com", document=MARKDOWN)
    await stage.heard(one.id, "error")


async def answered_by_phone(stage: Scene) -> None:
    one = await sent(stage, document=MARKDOWN)
    await stage.in_their_pages(f"{one.id}/message/{first(one)}?text=Signed+it+just+now")
    await stage.heard(one.id, "sms-incoming")
    await stage.in_their_pages(f"{one.id}/mobile/{first(one)}?number=%2B12025550102")
    await stage.heard(one.id, "signer-mobile-update-request")


class TestESignaturesAtTheSandbox(AtTheSandbox):
    provider_class: ClassVar[type[Provider]] = ESignatures
    key_setting = "api_token"
    document: ClassVar[Document] = MARKDOWN
    completion = "contract-signed"
    decline = "signer-declined"
    provokes: ClassVar[tuple[Provoke, ...]] = (all_signed, declined, bounced, answered_by_phone)
    speaks: ClassVar[dict[str, Call]] = {
        "POST /contracts": lambda stage, one: sent(stage, document=MARKDOWN),
        "GET /contracts/{id}": plainly("get"),
        "GET /contracts/recent": lambda stage, one: stage.provider.find({"E7K2M9Q4XW01"}),
        "POST /contracts/{id}/withdraw": plainly("cancel"),
        "POST /contracts/{id}/delete": plainly("delete"),
        "POST /contracts/{id}/generate_pdf_preview": plainly("preview"),
        "GET /contracts/{id}/content": plainly("content"),
        "POST /contracts/{id}/content": edit_and_read,
        "GET /contracts/{id}/placeholder_fields": plainly("placeholders"),
        "POST /contracts/{id}/placeholder_fields": fill_and_read,
        "POST /contracts/{id}/signers": plainly(
            "add_signer", NewSigner(name="Signer Three", email="person03@example.com", order=3)
        ),
        "POST /contracts/{id}/signers/{signer}": lambda stage, one: ours(stage).change_signer(
            one.id, first(one), SignerChange(name="Signer First")
        ),
        "POST /contracts/{id}/signers/{signer}/send_contract": lambda stage, one: stage.provider.remind(
            one.id, first(one)
        ),
        "POST /contracts/{id}/signers/{signer}/delete": remove_the_second,
        "GET /templates": lambda stage, one: ours(stage).templates(),
        "POST /templates": on_a_template("template"),
        "GET /templates/{id}": on_a_template("template"),
        "POST /templates/{id}": on_a_template("change_template", title="Other terms", labels=["rental"]),
        "POST /templates/{id}/copy": on_a_template("copy_template", "Copied", [Placeholder(key="thing", text="sky")]),
        "POST /templates/{id}/delete": on_a_template("delete_template"),
        "GET /templates/{id}/content": on_a_template("template_content"),
        "POST /templates/{id}/content": on_a_template("edit_template", [Edit(find="Monthly.", replace="Weekly.")]),
        "GET /templates/{id}/collaborators": add_and_remove_a_collaborator,
        "POST /templates/{id}/collaborators": add_and_remove_a_collaborator,
        "POST /templates/{id}/collaborators/{collaborator}/remove": add_and_remove_a_collaborator,
    }

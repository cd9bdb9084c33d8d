"""What POST /createDocument does: fills a template, prints it and, where signing is on, starts a session."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import ids, uploads
from sandbox.contract import Contract, Signer
from sandbox.docsautomator.automations import API, Automation, Automations, SignerSetting
from sandbox.docsautomator.printing import Tag, filled, printed
from sandbox.docsautomator.requests import NewDocument, is_email
from sandbox.engine import Engine, NotFound, Refused
from sandbox.paper import Paper, Placed

SENDER = "The sandbox account"
NO_ID = "Please add a valid automation id with key 'docId' to the request."
UNKNOWN = "Automation / template id does not exist or is not part of the account with the given API key."
NO_TEMPLATE = "No Google Docs template set for the given document id."
INACTIVE = "Automation is not active."


@dataclass(frozen=True)
class Recipient:
    """One signer as it is settled for one document."""

    name: str
    email: str
    role: str


async def checked(automations: Automations, wanted: NewDocument) -> Automation:
    """The automation that is to run; raises Refused or NotFound, with the words of the troubleshooting page where it
    has some, before anything is generated."""
    if not wanted.automation:
        raise Refused(NO_ID)
    automation = await automations.get(wanted.automation)
    if automation is None:
        raise NotFound(UNKNOWN)
    if not automation.is_active:
        raise NotFound(INACTIVE)
    if not automation.template:
        raise NotFound(NO_TEMPLATE)
    if automation.data_source != API or wanted.rec_id or wanted.row_number is not None or wanted.task_id:
        raise Refused("The sandbox knows automations with the data source API only.")
    if "data" not in wanted.model_fields_set:
        raise Refused("data: required, as this automation's data source is API.")
    if wanted.doc_template_link is not None:
        raise Refused("docTemplateLink: the sandbox has no other templates.")
    recipients(automation, wanted)
    return automation


def recipients(automation: Automation, wanted: NewDocument) -> list[Recipient]:
    """Who signs. A missing address is refused (documented for `recipients`, assumed for placeholders)."""
    settings = automation.esignature.signers
    if wanted.recipients and not (automation.esignature.enabled and settings):
        raise Refused("recipients: this automation has no signing step.")
    given: dict[int, Recipient] = {}
    for one in wanted.recipients:
        number = 1 if one.signer is None and len(settings) == 1 else one.signer
        if number is None or not 1 <= number <= len(settings):
            raise Refused("recipients: every entry needs the number of one of the automation's signers.")
        if number in given:
            raise Refused(f"recipients: signer {number} is listed twice.")
        setting = _settled(settings[number - 1], wanted)
        given[number] = Recipient(one.name or setting.name, one.email, setting.role)
    settled = [given.get(number) or _settled(setting, wanted) for number, setting in enumerate(settings, start=1)]
    if _signs(automation, wanted):
        for number, person in enumerate(settled, start=1):
            if not person.email:
                raise Refused(f"Signer {number} needs an email.")
            if not is_email(person.email):
                raise Refused(f"Signer {number} has an invalid email.")
    return settled


async def generate(engine: Engine, automation: Automation, wanted: NewDocument, document_id: str) -> Contract:
    """The document under this id; made once, however often it is asked for. Raises Refused."""
    try:
        return await engine.contract(document_id)
    except NotFound:
        pass
    now = engine.clock.now()
    title = wanted.document_name or wanted.values.get(automation.new_document_name_field) or automation.title
    paper = Paper(
        id=document_id,
        title=title,
        markdown="",
        test=wanted.is_preview,
        sender=SENDER,
        created_at=now,
        state="sent",
        parties=(),
        redirect_url="",
        history=(),
    )
    pdf, tags = await asyncio.to_thread(printed, paper, filled(automation.markdown(), wanted.values))
    if wanted.existing_pdfs:
        more = [await uploads.fetched(url) for url in wanted.existing_pdfs]
        pdf = await asyncio.to_thread(uploads.joined, [pdf, *more])
    contract = _contract(automation, wanted, document_id, title, await engine.keep_upload(pdf), tags, now)
    return await engine.create(contract, sent=bool(contract.signers))


def _contract(
    automation: Automation,
    wanted: NewDocument,
    document_id: str,
    title: str,
    upload: str,
    tags: list[Tag],
    now: datetime,
) -> Contract:
    """With signers it is a session; without, a document of which only the PDF is of interest. Settings are copied, so
    that later changes to the automation do not touch it."""
    signing, signs = automation.esignature, _signs(automation, wanted)
    people = recipients(automation, wanted) if signs else []
    signers = tuple(
        Signer(
            id=ids.hexadecimal(32),
            name=one.name or one.email,
            email=one.email,
            order=number if signing.signing_order == "sequential" else 1,
            request_by=("email",) if signing.delivery_method == "email" else (),
            role=one.role,
            extra={"index": number},
        )
        for number, one in enumerate(people, start=1)
    )
    mine = [tag for tag in tags if tag.signer <= len(signers)]
    extra: dict[str, Any] = {
        "data": wanted.data,
        "params": wanted.webhook_params,
        "skipped": wanted.skip_esign and signing.enabled,
        "signing": signing.model_dump(by_alias=True, exclude={"signers"}),
        "fields": [{"id": tag.id, "type": tag.type, "signer": tag.signer} for tag in mine],
    }
    return Contract(
        id=document_id,
        dialect="docsautomator",
        title=title,
        body="",
        sender=SENDER,
        created_at=now,
        signers=signers,
        metadata=json.dumps(wanted.webhook_params, ensure_ascii=False) if wanted.webhook_params else "",
        test=wanted.is_preview,
        due=now + timedelta(days=signing.expiration_days) if signs else None,
        upload=upload,
        placed=tuple(_placed(tag, signers[tag.signer - 1].id) for tag in mine),
        extra=extra,
    )


def _placed(tag: Tag, signer: str) -> Placed:
    return Placed(signer, tag.type, *tag.box, required=True, label=tag.label, id=tag.id)


def _signs(automation: Automation, wanted: NewDocument) -> bool:
    """A preview starts a session as any other run does (not documented)."""
    return automation.esignature.enabled and bool(automation.esignature.signers) and not wanted.skip_esign


def _settled(setting: SignerSetting, wanted: NewDocument) -> Recipient:
    values = wanted.values
    name, email = (filled(text, values, markdown=False).strip() for text in (setting.name, setting.email))
    return Recipient(name, email, setting.role)

"""How eSignatures writes contracts, signers and webhooks: the reference's JSON examples, key by key."""

from __future__ import annotations

import json
from typing import Any

from sandbox.contract import Contract, Event, Signer, in_order
from sandbox.fields import named_ids
from sandbox.links import Links
from sandbox.templates import Collaborator, Template

EVENTS = {
    "invited": ["contract-sent-to-signer"],
    "reminded": ["contract-reminder-sent-to-signer"],
    "viewed": ["signer-viewed-the-contract"],
    "signed": ["signer-signed"],
    "declined": ["signer-declined", "contract-withdrawn"],
    "withdrawn": ["contract-withdrawn"],
    "completed": ["contract-signed"],
    "previewed": ["contract-pdf-generated"],
    "undelivered": ["error"],
    "message": ["sms-incoming"],
    "mobile_wanted": ["signer-mobile-update-request"],
}
"""What is told of an event; a decline withdraws the contract for everyone (documented at contract-withdrawn). Of the
others, such as the expiry, the reference says nothing."""


def encode(value: Any) -> bytes:
    """JSON with `&`, `<` and `>` escaped: the PDF's address "will be JSON encoded" (Contracts – Query)."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").encode()


def yes_no(value: bool) -> str:
    """Booleans are words here."""
    return "yes" if value else "no"


def status(contract: Contract) -> str:
    """An expired contract stays `sent` and a declined one is `withdrawn`, as the reference has no more words; `signed`
    waits for the PDF."""
    if contract.state == "declined":
        return "withdrawn"
    if contract.state == "expired" or (contract.state == "signed" and not contract.completed):
        return "sent"
    return contract.state


def created(contract: Contract, links: Links) -> dict[str, Any]:
    """The answer to Contracts – New. The status is one of `sent`, `signed`, `withdrawn`; of a draft, `draft`."""
    signers = [_contact(one) | {"sign_page_url": links.sign_page(one.id)} for one in in_order(contract.signers)]
    return {"id": contract.id, "status": status(contract), **_about(contract), "signers": signers}


def queried(contract: Contract, links: Links) -> dict[str, Any]:
    """Contracts – Query; the PDF's address is there once the PDF is."""
    shown = created(contract, links)
    for entry, signer in zip(shown["signers"], in_order(contract.signers), strict=True):
        entry["signer_field_values"] = _values(contract, signer)
    pdf = {"contract_pdf_url": links.pdf(contract.id)} if contract.finished_at else {}
    return {name: value for name, value in shown.items() if name != "signers"} | {
        **pdf,
        "labels": list(contract.labels),
        "signers": shown["signers"],
    }


def payload(name: str, contract: Contract, event: Event, links: Links) -> dict[str, Any]:
    """The data of a webhook."""
    if name == "error":
        return {
            "error_code": "email-delivery-failed",
            "error_message": event.detail,
            "contract_id": contract.id,
            "metadata": contract.metadata,
        }
    about = {"id": contract.id, **_about(contract)}
    if name == "contract-pdf-generated":
        return {"contract": about | {"contract_pdf_url": links.pdf(f"{contract.id}-preview")}}
    if name == "contract-signed":
        about["contract_pdf_url"] = links.pdf(contract.id)
        about["signers"] = [
            _contact(one) | {"signer_field_values": _values(contract, one)} for one in in_order(contract.signers)
        ]
    elif name == "contract-withdrawn":
        about["signers"] = [_contact(one) for one in in_order(contract.signers)]
    elif event.signer is not None:
        reason = {"reason_for_decline": event.detail} if name == "signer-declined" else {}
        if event.what == "message":
            said = {"mobile_from": event.signer.mobile, "sms_text": event.detail}
            return {"signer": _contact(event.signer), "contract": about, "sms": said}
        if event.what == "mobile_wanted":
            return {"mobile_new": event.detail, "signer": _signer(event.signer), "contract": about}
        signer = _signer(event.signer)
        if name == "signer-signed":
            signer["signer_field_values"] = _values(contract, event.signer)
        return {**reason, "signer": signer, "contract": about}
    return {"contract": about}


def placeholder_fields(contract: Contract) -> list[dict[str, str]]:
    """Placeholder fields – Query; a template's content is never shown."""
    return [
        {
            "placeholder_key": one.key,
            f"replace_with_{one.kind}": "[template content]" if one.kind == "template" else one.value,
        }
        for one in contract.placeholders
    ]


def collaborator(template: Template, one: Collaborator, links: Links) -> dict[str, str]:
    """Collaborators – Add and List."""
    return {
        "template_collaborator_id": one.id,
        "template_id": template.id,
        "name": one.name,
        "email": one.email,
        "template_collaborator_editor_url": links.absolute(f"contract_template_collaborators/{one.id}/editor"),
    }


def _about(contract: Contract) -> dict[str, Any]:
    return {
        "title": contract.title,
        "metadata": contract.metadata,
        "source": contract.source,
        "test": yes_no(contract.test),
    }


def _contact(signer: Signer) -> dict[str, Any]:
    return {
        "id": signer.id,
        "name": signer.name,
        "email": signer.email,
        "mobile": signer.mobile,
        "company_name": signer.company_name,
    }


def _signer(signer: Signer) -> dict[str, Any]:
    return _contact(signer) | {
        "signing_order": str(signer.order),
        "auto_sign": yes_no(signer.auto_sign),
        "redirect_url": signer.redirect_url,
    }


def _values(contract: Contract, signer: Signer) -> dict[str, str]:
    named = set(named_ids(contract.markdown())) if signer.values else ()
    return {name: value for name, value in signer.values.items() if name in named}

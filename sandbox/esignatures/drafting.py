"""Turns eSignatures' requests into contracts and signers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sandbox import ids
from sandbox.contract import Channel, Contract, Signer, Wording
from sandbox.esignatures.requests import (
    Branding,
    ContentEdit,
    Emails,
    JoiningSigner,
    NewContract,
    NewSigner,
    PlaceholderField,
)
from sandbox.esignatures.requests import SignerDetails as Details
from sandbox.paper import Refused
from sandbox.placeholders import Edit, Placeholder
from sandbox.templates import Template

SENDER = "The sandbox account"
"""Who sends where no custom branding says otherwise."""


def contract(wanted: NewContract, template: Template | None, *, source: str, now: datetime) -> Contract:
    """The contract a request asks for, not sent yet."""
    labels = wanted.labels if wanted.labels is not None else template.labels if template else ()
    return Contract(
        id=ids.uuid4(),
        dialect="esignatures",
        title=wanted.title or (template.title if template else "Untitled contract"),
        body=template.markdown if template else wanted.markdown or "",
        sender=_sender(wanted.custom_branding),
        created_at=now,
        signers=tuple(_signers(wanted.signers)),
        placeholders=placeholders(wanted.placeholder_fields),
        prefilled={one.signer_field_id: one.default_value for one in wanted.signer_fields},
        metadata=wanted.metadata,
        labels=tuple(labels),
        source=source,
        test=wanted.test == "yes",
        webhook_url=wanted.custom_webhook_url or "",
        wording=_wording(wanted.emails),
        life_hours=float(wanted.expires_in_hours) if wanted.expires_in_hours else None,
    )


def added(wanted: JoiningSigner, present: Contract) -> Signer:
    """A signer who joins; without signing_order they come last ("By default, sequential")."""
    return signer(wanted, max(one.order for one in present.signers) + 1)


def signer(wanted: JoiningSigner, next_order: int) -> Signer:
    """One signer; delivery methods that are not given are calculated from the contact details."""
    email, mobile = wanted.email or "", wanted.mobile or ""
    requests, final = wanted.signature_request_delivery_methods, wanted.signed_document_delivery_method
    calculated: Channel = "email" if email else "sms"
    return _checked(
        Signer(
            id=ids.uuid4(),
            name=wanted.name or email or mobile,
            email=email,
            mobile=mobile,
            company_name=wanted.company_name or "",
            order=int(wanted.signing_order) if wanted.signing_order else next_order,
            auto_sign=wanted.auto_sign == "yes",
            request_by=(calculated,) if requests is None else tuple(dict.fromkeys(requests)),
            final_by=calculated if final is None else final,
            second_factors=tuple(wanted.multi_factor_authentications or ()),
            redirect_url=wanted.redirect_url or "",
        )
    )


def updated(present: Signer, details: Details) -> Signer:
    """The signer with the details that are given."""
    requests, final, factors = (
        details.signature_request_delivery_methods,
        details.signed_document_delivery_method,
        details.multi_factor_authentications,
    )
    return _checked(
        replace(
            present,
            name=present.name if details.name is None else details.name,
            email=present.email if details.email is None else details.email,
            mobile=present.mobile if details.mobile is None else details.mobile,
            company_name=present.company_name if details.company_name is None else details.company_name,
            request_by=present.request_by if requests is None else tuple(dict.fromkeys(requests)),
            final_by=present.final_by if final is None else final,
            second_factors=present.second_factors if factors is None else tuple(factors),
            redirect_url=present.redirect_url if details.redirect_url is None else details.redirect_url,
        )
    )


def placeholders(wanted: Iterable[PlaceholderField]) -> tuple[Placeholder, ...]:
    """What stands for each key."""
    return tuple(_placeholder(one) for one in wanted)


def edits(wanted: Iterable[ContentEdit]) -> list[Edit]:
    """Find-and-replace steps."""
    return [Edit(one.find_markdown, one.replace_with_markdown) for one in wanted]


def _placeholder(wanted: PlaceholderField) -> Placeholder:
    if wanted.replace_with_text is not None:
        return Placeholder(wanted.placeholder_key, "text", wanted.replace_with_text)
    if wanted.replace_with_markdown is not None:
        return Placeholder(wanted.placeholder_key, "markdown", wanted.replace_with_markdown)
    return Placeholder(wanted.placeholder_key, "template", wanted.replace_with_template or "")


def _signers(wanted: Iterable[NewSigner]) -> Iterable[Signer]:
    last = 0
    for one in wanted:
        ready = signer(one, last + 1)
        last = max(last, ready.order)
        yield ready


def _checked(ready: Signer) -> Signer:
    """Methods "require corresponding email/mobile contact details" (multi_factor_authentications and others)."""
    ways = {*ready.request_by, *([ready.final_by] if ready.final_by else [])}
    if not ready.email and not ready.mobile:
        raise Refused("signers: email or mobile is required.")
    if not ready.email and ("email" in ways or "email_verification_code" in ready.second_factors):
        raise Refused("signers: an email address is required for the chosen methods.")
    if not ready.mobile and ("sms" in ways or "sms_verification_code" in ready.second_factors):
        raise Refused("signers: a mobile number is required for the chosen methods.")
    return ready


def _wording(emails: Emails) -> Wording:
    return Wording(
        request_subject=emails.signature_request_subject,
        request_text=emails.signature_request_text,
        final_subject=emails.final_contract_subject,
        final_text=emails.final_contract_text,
        copies_to=tuple(emails.cc_email_addresses),
        reply_to=emails.reply_to,
    )


def _sender(branding: Branding) -> str:
    return branding.company_name or SENDER

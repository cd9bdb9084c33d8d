"""Reads what Lumin shows: signature requests, their signers, templates, times. For [docs] and [guess] see `lumin`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.signing.lumin_parts import (
    Template,
    TemplateEntry,
    TemplateField,
    TemplateRole,
    TemplateTag,
    TemplateVariable,
)
from connectors.signing.model import FieldKind, SignerSnapshot, SignerStatus, Snapshot, Status
from connectors.signing.titles import ref_in
from connectors.signing.tolerant import dig, epoch_time, flag, iso_time, objects, text, whole

STATUSES = {
    "WAITING_FOR_PROCESSING": Status.SENT,
    # These two differ by whose turn it is, seen from the caller; who has signed is read off the signers.
    "NEED_TO_SIGN": Status.SENT,
    "WAITING_FOR_OTHERS": Status.SENT,
    "APPROVED": Status.COMPLETED,
    "REJECTED": Status.DECLINED,
    "CANCELLED": Status.CANCELED,
    "FAILED": Status.FAILED,
}
"""[docs] "Get Signature Request", `status`. There is no word for one that has run out; see `snapshot_of`."""

NOT_SIGNED = {
    "NEED_TO_SIGN": SignerStatus.INVITED,
    "WAITING_FOR_OTHERS": SignerStatus.WAITING,
    "WAITING_FOR_PROCESSING": SignerStatus.WAITING,
    "REJECTED": SignerStatus.DECLINED,
}
"""[docs] A signer's `status` beside `is_approved: false`."""

UNTOLD = {
    "NEED_TO_SIGN": SignerStatus.INVITED,
    "APPROVED": SignerStatus.SIGNED,
    "WAITING_FOR_PROCESSING": SignerStatus.WAITING,
    "REJECTED": SignerStatus.DECLINED,
}
"""The same where `is_approved` is not shown: `WAITING_FOR_OTHERS` then means "signed already" as well as "not yet in
turn", as the example of [docs] "Send Reminder Emails" shows, and so it says nothing."""

FIELD_KINDS = {"text": FieldKind.TEXT, "checkbox": FieldKind.CHECKBOX}
"""[docs] "Get Template Details": the fields that can be filled in beforehand."""

MILLISECONDS_FROM = 10**11
"""A time counted since 1970 is in milliseconds from here on (in seconds this is the year 5138, in milliseconds 1973):
the pages say milliseconds, but seconds for links to files, whose examples then show either."""


def snapshot_of(found: Any, *, now: datetime) -> Snapshot | None:
    """A signature request as the provider shows it; `None` if it is not even that. Unknown states stay `UNKNOWN`.

    One that is open past its due date counts as expired: Lumin has no state and no event for that [guess].
    """
    provider_id = text(dig(found, "signature_request_id"))
    if provider_id is None:
        return None
    signers = signers_of(found.get("signers"))
    status = STATUSES.get((text(found.get("status")) or "").upper(), Status.UNKNOWN)
    due = moment(found.get("expires_at"))
    if status is Status.SENT and due is not None and due < now:
        status = Status.EXPIRED
    elif status is Status.SENT and any(signer.status is SignerStatus.SIGNED for signer in signers):
        status = Status.IN_PROGRESS
    return Snapshot(
        id=provider_id,
        status=status,
        ref=ref_in(text(found.get("title"))),
        signers=signers,
        reason=text(found.get("reason")),
        expires_at=due,
        raw=found,
    )


def signers_of(listed: Any) -> tuple[SignerSnapshot, ...]:
    """Signers as answers (`email_address`) and webhooks (`email`) show them."""
    shown = [(text(one.get("email_address")) or text(one.get("email")), one) for one in objects(listed)]
    return tuple(
        SignerSnapshot(id=email, email=email, name=text(one.get("name")), status=stands(one)) for email, one in shown
    )


def stands(signer: Any) -> SignerStatus | None:
    """How a signer stands: `is_approved` is trusted, the word alone only where it has one meaning."""
    word = (text(dig(signer, "status")) or "").upper()
    approved = dig(signer, "is_approved")
    if approved is None:
        return UNTOLD.get(word)
    return SignerStatus.SIGNED if flag(approved) else NOT_SIGNED.get(word)


def entry_of(found: Any) -> TemplateEntry | None:
    """A template as the provider lists it; `None` if it is not even that."""
    template_id = text(dig(found, "template_id"))
    if template_id is None:
        return None
    return TemplateEntry(
        id=template_id,
        name=text(found.get("name")),
        kind=text(found.get("type")),
        created_at=moment(found.get("created_at")),
        updated_at=moment(found.get("updated_at")),
    )


def template_of(found: Any) -> Template | None:
    """A template as the provider shows it alone; `None` if it is not even that."""
    entry = entry_of(found)
    if entry is None:
        return None
    signing_type = text(found.get("signing_type"))
    return Template(
        **dict(entry),
        in_order=None if signing_type is None else signing_type == "ORDER",
        roles=tuple(
            TemplateRole(name=name, order=whole(role.get("group"))) for name, role in _named(found, "signer_roles")
        ),
        tags=tuple(
            TemplateTag(name=name, required=flag(tag.get("is_required"))) for name, tag in _named(found, "tags")
        ),
        fields=tuple(_template_field(name, field) for name, field in _named(found, "fields")),
        variables=tuple(
            TemplateVariable(name=name, value=text(variable.get("value")))
            for name, variable in _named(found, "variables")
        ),
    )


def _template_field(name: str, field: Mapping[str, Any]) -> TemplateField:
    return TemplateField(
        name=name,
        kind=FIELD_KINDS.get(text(field.get("type")) or ""),
        required=flag(field.get("is_required")),
        role=text(field.get("assigned_role")),
    )


def _named(found: Mapping[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in objects(found.get(key)):
        if (name := text(item.get("name"))) is not None:
            yield name, item


def moment(value: Any) -> datetime | None:
    """A time as Lumin writes it: counted in milliseconds or seconds since 1970, as a number or as text."""
    counted = whole(value)
    if counted is None:
        return iso_time(value)
    return epoch_time(counted, per_second=1000 if abs(counted) >= MILLISECONDS_FROM else 1)

"""Turns Leap's requests into contracts."""

from __future__ import annotations

from datetime import datetime

from sandbox import ids
from sandbox.contract import Contract, Signer, Wording
from sandbox.leap.requests import NewProcess, Person


def contract(wanted: NewProcess, upload: str, now: datetime) -> Contract:
    """The signing process a request asks for. The form of its ids is not documented. Signature tags in the document
    (`{signer1/signature}`) stay text: nothing says that the Sign API heeds them. It never ends by itself: the pages
    know no expiry."""
    ordered = wanted.ordered_signers == "true"
    return Contract(
        id=ids.uuid4(),
        dialect="leap",
        title=wanted.name,
        body="",
        sender=wanted.project_owner.name,
        created_at=now,
        signers=tuple(
            _signer(one, number if ordered else 1) for number, one in enumerate(wanted.signers.signers, start=1)
        ),
        webhook_url=wanted.sign_tasks_completed_callback_url or "",
        wording=Wording(copies_to=tuple(wanted.additional_recipients)),
        upload=upload,
        extra={"ordered": ordered, "owner": wanted.project_owner.model_dump()},
    )


def _signer(wanted: Person, order: int) -> Signer:
    """True: they "take turns" as they are listed; false: all at the same time (orderedSigners)."""
    return Signer(
        id=ids.uuid4(),
        name=wanted.name,
        email=wanted.email,
        company_name=wanted.organization,
        order=order,
        extra={"title": wanted.title},
    )

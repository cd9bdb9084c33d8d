"""Turns eSign's requests into contracts."""

from __future__ import annotations

from datetime import datetime

from sandbox import ids
from sandbox.contract import Contract, Signer
from sandbox.paper import Placed, Refused
from sandbox.switchlabs.requests import NewDocument, Placement

SENDER = "The sandbox account"
DIGITS = 32
"""The page shortens its ids (`abc123...`, `def456...`) to what look like hexadecimal digits; how many is not
documented."""


def contract(wanted: NewDocument, upload: str, pages: int, now: datetime) -> Contract:
    """The document a request asks for, as a draft; raises Refused for fields on pages that are not there."""
    signers = tuple(_signer(wanted, index) for index in range(len(wanted.recipients)))
    return Contract(
        id=ids.hexadecimal(DIGITS),
        dialect="switchlabs",
        title=wanted.title,
        body="",
        sender=SENDER,
        created_at=now,
        signers=signers,
        upload=upload,
        placed=tuple(_placed(one, signers, number, pages) for number, one in enumerate(wanted.fields)),
    )


def _signer(wanted: NewDocument, index: int) -> Signer:
    """In sequential order they sign as they are listed (not documented)."""
    recipient = wanted.recipients[index]
    return Signer(
        id=ids.hexadecimal(DIGITS),
        name=recipient.name,
        email=recipient.email,
        role=recipient.role,
        order=index + 1 if wanted.signing_order == "sequential" else 1,
    )


def _placed(wanted: Placement, signers: tuple[Signer, ...], number: int, pages: int) -> Placed:
    """Positions count from the top left of the page (not documented, but the example's signature is at 0.85)."""
    if wanted.page_index >= pages:
        raise Refused(f"fields.{number}.page_index: the PDF has no page {wanted.page_index} (counted from 0).")
    return Placed(
        signer=signers[wanted.recipient_index].id,
        kind=wanted.type,
        page=wanted.page_index,
        x=wanted.x,
        y=wanted.y,
        width=wanted.width,
        height=wanted.height,
        required=wanted.required,
    )

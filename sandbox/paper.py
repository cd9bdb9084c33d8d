"""What a signing page and the finished PDF show: the paper, its parties, their signatures and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import ConfigDict

PartyState = Literal["waiting", "invited", "viewed", "signed", "declined"]
PaperState = Literal["sent", "signed", "declined", "withdrawn", "expired", "failed"]
FieldKind = Literal["text-input", "text-area", "date", "select-input", "checkbox", "radiobutton"]
PlacedKind = Literal["signature", "initials", "text", "date", "checkbox"]
MediaType = Literal["application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"]
PDF: MediaType = "application/pdf"
DOCX: MediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MailKind = Literal["request", "reminder", "final", "cc", "sms", "bounced"]


class Refused(Exception):
    """What somebody asked for cannot be done; the message is one sentence for that person."""


class NotFound(Refused):
    """There is nothing with that id."""


@dataclass(frozen=True)
class Signature:
    """A signature as typed (`text`) or drawn (`png`, the picture's bytes)."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    kind: Literal["typed", "drawn"]
    text: str
    png: bytes | None = None


@dataclass(frozen=True)
class Party:
    """One signer of a paper; `order` counts from 1, equal numbers sign at the same time."""

    id: str
    name: str
    email: str
    order: int
    state: PartyState
    signed_at: datetime | None = None
    signature: Signature | None = None
    values: dict[str, str] = field(default_factory=dict)
    ip: str = ""
    agent: str = ""


@dataclass(frozen=True)
class Field:
    """One field a signer fills in; a checkbox is ticked by the value `1`, a date is `YYYY-mm-dd`."""

    id: str
    label: str
    kind: FieldKind
    required: bool
    options: tuple[str, ...] = ()
    default: str = ""
    placeholder: str = ""


@dataclass(frozen=True)
class Placed:
    """A field at a place of an uploaded document: `page` counts from 0; `x`, `y`, `width` and `height` are fractions
    of the page as it is shown, from its top left. `signer` is the id of whoever fills it in. Without an `id` its
    value is kept under `placed-<n>`, n counting all fields of the document from 1."""

    signer: str
    kind: PlacedKind
    page: int
    x: float
    y: float
    width: float
    height: float
    required: bool = True
    label: str = ""
    id: str = ""


@dataclass(frozen=True)
class Happening:
    """One line of a paper's history: `what` is one of created, sent, reminded, viewed, signed, declined, withdrawn,
    expired, failed, bounced, changed, completed; `who` is a signer's name or empty."""

    at: datetime
    what: str
    who: str = ""
    ip: str = ""
    agent: str = ""


@dataclass(frozen=True)
class Paper:
    """A contract as its signers see it: Markdown, or an uploaded file with the fields placed on it. The Markdown has
    its placeholders filled and still carries the lines of the signer fields (text followed by a JSON object in
    backticks); values pre-filled by the sender stand there as `default_value`. `redirect_url` is where this signer
    goes after signing, or empty."""

    id: str
    title: str
    markdown: str
    test: bool
    sender: str
    created_at: datetime
    state: PaperState
    parties: tuple[Party, ...]
    redirect_url: str
    history: tuple[Happening, ...]
    upload: str = ""
    media_type: MediaType | Literal[""] = ""
    placed: tuple[Placed, ...] = ()


@dataclass(frozen=True)
class Mail:
    """One message in the mailbox. `link` is absolute: the signing page of a request or reminder, the signed PDF of a
    final copy, or None. A message of kind `sms` has a phone number in `to`; one of kind `bounced` never arrived."""

    id: int
    at: datetime
    to: str
    subject: str
    text: str
    link: str | None
    kind: MailKind

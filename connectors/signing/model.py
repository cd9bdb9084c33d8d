"""What we ask of a provider, what it says now, and what it reports: the words all providers are translated into."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """A value that does not change; its validation errors never show what was put in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


# -- what we ask -------------------------------------------------------------------------------------------------


class FieldKind(StrEnum):
    """What a signer fills in at a place in the document."""

    SIGNATURE = "signature"
    INITIALS = "initials"
    DATE = "date"
    TEXT = "text"
    CHECKBOX = "checkbox"


class PlacedField(Frozen):
    """One field on a page of a PDF. `page` counts from 0; place and size are fractions of the page as it is seen,
    from its top left corner to the field's."""

    role: str
    kind: FieldKind
    page: int = Field(ge=0)
    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    width: float = Field(gt=0, le=1)
    height: float = Field(gt=0, le=1)
    required: bool = True
    label: str = ""


class Document(Frozen):
    """What is to be signed: Markdown text, a PDF, or the id of a template kept at the provider; exactly one of them.

    `fields` says where in the PDF the signers fill in what.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    markdown: str | None = None
    template: str | None = None
    pdf: bytes | None = Field(default=None, repr=False)
    fields: tuple[PlacedField, ...] = ()

    @model_validator(mode="after")
    def _exactly_one(self) -> Document:
        if [self.markdown, self.template, self.pdf].count(None) != 2:
            raise ValueError("a document is Markdown, a PDF or a provider's template")
        if self.fields and self.pdf is None:
            raise ValueError("fields belong to a PDF")
        return self


class Signer(Frozen):
    """One person who signs. `order` starts at 1; equal numbers sign in parallel."""

    role: str
    name: str
    email: str
    mobile: str | None = None
    company: str | None = None
    order: int = Field(default=1, ge=1)


class SignatureRequest(Frozen):
    """One document, its signers and how they are asked.

    `ref` is our short mark, the same at every attempt for a row; it travels to the provider so that anything can be
    found again. `fields` fill the
    template's placeholders. `expires_in_hours` counts from the moment the provider accepts. `test` asks for a
    request that costs nothing and binds nobody. `proof` is a value nobody can guess, for providers that sign no
    webhook but send back what they were given. `extra` is merged into the provider's own body as it is.
    """

    ref: str = ""
    title: str
    message: str | None = None
    document: Document
    signers: tuple[Signer, ...] = Field(min_length=1)
    fields: dict[str, str] = Field(default_factory=dict)
    locale: str | None = None
    expires_in_hours: int | None = Field(default=None, ge=1)
    reply_to: str | None = None
    webhook_url: str | None = Field(default=None, repr=False)
    proof: str | None = Field(default=None, repr=False)
    test: bool = True
    extra: dict[str, Any] = Field(default_factory=dict)


# -- what the provider says now ----------------------------------------------------------------------------------


class Status(StrEnum):
    """How a request stands at the provider. `signed` is one person, `completed` is all of them."""

    DRAFT = "draft"
    SENT = "sent"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELED = "canceled"
    FAILED = "failed"
    UNKNOWN = "unknown"


class SignerStatus(StrEnum):
    """How one signer stands at the provider."""

    WAITING = "waiting"
    INVITED = "invited"
    VIEWED = "viewed"
    SIGNED = "signed"
    DECLINED = "declined"
    BOUNCED = "bounced"


class SignerSnapshot(Frozen):
    """One signer as the provider knows them; `sign_url` opens the signing page and is as good as a key.

    `status` is `None` where the provider does not say. Times are aware and given only by providers that say when.
    """

    id: str | None = None
    email: str | None = None
    name: str | None = None
    sign_url: str | None = Field(default=None, repr=False)
    status: SignerStatus | None = None
    invited_at: datetime | None = None
    viewed_at: datetime | None = None
    signed_at: datetime | None = None
    declined_at: datetime | None = None


class Snapshot(Frozen):
    """One request as the provider answers about it.

    `reason` is a person's or the provider's sentence on why it was declined or failed. `expires_at` is the provider's
    own deadline, where it says one. `raw` is the provider's own object, untouched.
    """

    id: str
    status: Status
    ref: str | None = None
    signers: tuple[SignerSnapshot, ...] = ()
    document_url: str | None = Field(default=None, repr=False)
    reason: str | None = Field(default=None, repr=False)
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    raw: dict[str, Any] = Field(default={}, repr=False)


class Lookup(Frozen):
    """What a search for our marks brought to light.

    `found` maps ref to snapshot, `also` to further requests that carry the same mark, which must not be. `ids` are
    all provider ids the answer showed, of anybody's requests: the window. `complete` says that the window holds
    everything there is (the list was not cut off). An absence is believed only from these two: where a search shows
    nothing but what it finds, it proves nobody's absence, unless further calls show a window.
    """

    found: dict[str, Snapshot] = {}
    also: dict[str, tuple[Snapshot, ...]] = {}
    ids: frozenset[str] = frozenset()
    complete: bool = False


class Recent(Frozen):
    """One page of the provider's list of requests, anybody's; `next` is how to ask for the page after it, if any.

    Entries on which no id can be read are left out.
    """

    requests: tuple[Snapshot, ...] = ()
    next: int | None = None


# -- what the provider reports -----------------------------------------------------------------------------------


class EventType(StrEnum):
    """What happened, in our words; a word we do not know is `UNKNOWN` and never an error."""

    CREATED = "created"
    """The provider has the request; says nothing about whom it has asked."""
    INVITED = "invited"
    REMINDED = "reminded"
    VIEWED = "viewed"
    SIGNED = "signed"
    ALL_SIGNED = "all_signed"
    """Everybody has signed; the signed document is still being made, and another event says when it is there."""
    COMPLETED = "completed"
    """Everybody has signed, and the signed document is there where the provider hands one out."""
    DECLINED = "declined"
    CANCELED = "canceled"
    EXPIRED = "expired"
    BOUNCED = "bounced"
    FAILED = "failed"
    """The provider could not make anything of the request after having accepted it."""
    CANCEL_FAILED = "cancel_failed"
    DUE_DATE_CHANGED = "due_date_changed"
    PREVIEW_READY = "preview_ready"
    CONTACT_CHANGE_ASKED = "contact_change_asked"
    MESSAGE_RECEIVED = "message_received"
    UNKNOWN = "unknown"


class Event(Frozen):
    """One delivery, translated. `provider_id` and `ref` say which request; `signer_*` say who, where it is a person.

    `name` is the provider's own word. `reason` is a person's or the provider's sentence (a decline, a bounce).
    `signers` is how all of them stand, where the event shows that. `proof` is what came back of the request's own.
    `occurred_at` is aware and given only by providers that say when.
    """

    type: EventType
    name: str
    provider_id: str | None = None
    ref: str | None = None
    signer_id: str | None = None
    signer_email: str | None = None
    reason: str | None = None
    signers: tuple[SignerSnapshot, ...] = ()
    proof: str | None = Field(default=None, repr=False)
    document_url: str | None = Field(default=None, repr=False)
    occurred_at: datetime | None = None
    raw: dict[str, Any] = Field(default={}, repr=False)

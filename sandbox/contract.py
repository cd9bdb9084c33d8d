"""What the sandbox remembers of a contract, whole, as one record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import TypeAdapter

from sandbox.fields import prefill
from sandbox.paper import Happening, MailKind, MediaType, NotFound, Paper, Party, PartyState, Placed, Signature
from sandbox.placeholders import Placeholder, fill

ContractState = Literal["draft", "sent", "signed", "declined", "withdrawn", "expired", "failed"]
STATES: tuple[ContractState, ...] = get_args(ContractState)
Channel = Literal["email", "sms"]


@dataclass(frozen=True)
class Signer:
    """One person asked to sign; `order` counts from 1, equal numbers sign at the same time. `request_by` empty means:
    bring the link to them yourself; `reminded` counts the requests after the first. Times are UTC by the sandbox's
    clock. `extra` is for what only one dialect knows."""

    id: str
    name: str
    email: str
    mobile: str = ""
    company_name: str = ""
    order: int = 1
    auto_sign: bool = False
    request_by: tuple[Channel, ...] = ("email",)
    final_by: Literal["email", "sms", ""] = "email"
    second_factors: tuple[str, ...] = ()
    redirect_url: str = ""
    state: PartyState = "waiting"
    asked: bool = False
    signed_at: datetime | None = None
    signature: Signature | None = None
    values: dict[str, str] = field(default_factory=dict)
    ip: str = ""
    agent: str = ""
    role: str = ""
    invited_at: datetime | None = None
    viewed_at: datetime | None = None
    declined_at: datetime | None = None
    decline_reason: str = ""
    reminded: int = 0
    reminded_at: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether this signer has signed."""
        return self.state == "signed"

    def party(self) -> Party:
        """This signer as pages and documents see one."""
        return Party(
            id=self.id,
            name=self.name,
            email=self.email,
            order=self.order,
            state=self.state,
            signed_at=self.signed_at,
            signature=self.signature,
            values=dict(self.values),
            ip=self.ip,
            agent=self.agent,
        )


@dataclass(frozen=True)
class Wording:
    """The sender's own words for the mails; empty means the sandbox's own. `__FULL_NAME__` becomes the name."""

    request_subject: str = ""
    request_text: str = ""
    final_subject: str = ""
    final_text: str = ""
    copies_to: tuple[str, ...] = ()
    reply_to: str = ""


@dataclass(frozen=True)
class Contract:
    """One contract with everything about it.

    Its content is either Markdown (`body`, with `placeholders` and `prefilled`) or a file (`upload`, the name under
    which `Engine.keep_upload` keeps it, with its `media_type` and the fields `placed` on it). It ends by itself after
    `life_hours` from sending, or at the moment `due`, both in the provider's time, which is what customers are shown;
    `expires_at` is when that is by the sandbox's clock. `signed` means that all have signed, `finished_at` that the
    PDF exists. `ended_at` is when it was declined, withdrawn, expired or failed; `declined_by` is a signer's id,
    `reason` why it was declined or withdrawn, `failure` what went wrong. `extra` is for what only one dialect knows:
    JSON values.
    """

    id: str
    dialect: str
    title: str
    body: str
    sender: str
    created_at: datetime
    signers: tuple[Signer, ...]
    placeholders: tuple[Placeholder, ...] = ()
    prefilled: dict[str, str] = field(default_factory=dict)
    metadata: str = ""
    labels: tuple[str, ...] = ()
    source: str = "api"
    test: bool = False
    webhook_url: str = ""
    wording: Wording = Wording()
    life_hours: float | None = None
    expires_at: datetime | None = None
    state: ContractState = "draft"
    finished_at: datetime | None = None
    preview_wanted: bool = False
    history: tuple[Happening, ...] = ()
    upload: str = ""
    media_type: MediaType | Literal[""] = ""
    placed: tuple[Placed, ...] = ()
    due: datetime | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    declined_by: str = ""
    reason: str = ""
    failure: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def pending(self) -> bool:
        """Whether a PDF has still to be made."""
        return self.preview_wanted or (self.state == "signed" and self.finished_at is None)

    @property
    def completed(self) -> bool:
        """Whether everybody has signed and the PDF exists."""
        return self.state == "signed" and self.finished_at is not None

    @property
    def updated_at(self) -> datetime:
        """When something happened last."""
        return self.history[-1].at if self.history else self.created_at

    def overdue(self, now: datetime) -> bool:
        """Whether the signing pages have closed by themselves; the state follows a moment later."""
        return self.state == "sent" and self.expires_at is not None and now >= self.expires_at

    def signer(self, signer_id: str) -> Signer:
        """Raises NotFound."""
        for signer in self.signers:
            if signer.id == signer_id:
                return signer
        raise NotFound("This contract has no such signer.")

    def turn(self) -> int | None:
        """The order number whose signers have to sign now."""
        return min((signer.order for signer in self.signers if not signer.done), default=None)

    def markdown(self) -> str:
        """The text with placeholders filled and fields pre-filled."""
        return prefill(fill(self.body, self.placeholders), self.prefilled)

    def paper(self, now: datetime, redirect_url: str = "") -> Paper:
        """What signers and the document show."""
        state = "expired" if self.overdue(now) else self.state
        return Paper(
            id=self.id,
            title=self.title,
            markdown=self.markdown(),
            test=self.test,
            sender=self.sender,
            created_at=self.created_at,
            state="sent" if state == "draft" else state,
            parties=tuple(signer.party() for signer in in_order(self.signers)),
            redirect_url=redirect_url,
            history=self.history,
            upload=self.upload,
            media_type=self.media_type,
            placed=self.placed,
        )


@dataclass(frozen=True)
class Event:
    """Something a provider may report.

    `what` is one of, in the order of a contract's life: created, sent (to whoever signs first), invited (a signer's
    turn has come), undelivered (their mail bounced), viewed, reminded, signed (one signer), all_signed (the last of
    them; there is no PDF yet), completed (the PDF exists); instead of the end declined, withdrawn, expired, failed;
    in between changed (content or contact details), due_changed, previewed.
    `signer` is whom it is about, `detail` a reason or an error in words.
    """

    what: str
    at: datetime
    signer: Signer | None = None
    detail: str = ""


@dataclass(frozen=True)
class Letter:
    """A message to be put into the mailbox; `link` is a path of ours (`sign/…`, `files/…`) or None."""

    to: str
    subject: str
    text: str
    kind: MailKind
    link: str | None = None


def in_order(signers: Iterable[Signer]) -> list[Signer]:
    """Signers as they sign; those with equal numbers stay as they were listed."""
    return sorted(signers, key=lambda signer: signer.order)


_records = TypeAdapter(Contract)


def to_json(contract: Contract) -> bytes:
    """The record as it is stored."""
    return _records.dump_json(contract)


def from_json(record: bytes) -> Contract:
    """The record as it was stored."""
    return _records.validate_json(record)

"""What the sandbox remembers of a contract, whole, as one record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from sandbox.fields import prefill
from sandbox.paper import Happening, MailKind, NotFound, Paper, Party, PartyState, Signature
from sandbox.placeholders import Placeholder, fill

ContractState = Literal["draft", "sent", "signed", "withdrawn"]
Channel = Literal["email", "sms"]


@dataclass(frozen=True)
class Signer:
    """One person asked to sign. `request_by` empty means: bring the link to them yourself."""

    id: str
    name: str
    email: str
    mobile: str
    company_name: str
    order: int
    auto_sign: bool
    request_by: tuple[Channel, ...]
    final_by: Literal["email", "sms", ""]
    second_factors: tuple[str, ...] = ()
    redirect_url: str = ""
    state: PartyState = "waiting"
    asked: bool = False
    signed_at: datetime | None = None
    signature: Signature | None = None
    values: dict[str, str] = field(default_factory=dict)
    ip: str = ""
    agent: str = ""

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
    """One contract with everything about it; `signed` means all have signed, `finished_at` that its PDF exists."""

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

    @property
    def pending(self) -> bool:
        """Whether a PDF has still to be made."""
        return self.preview_wanted or (self.state == "signed" and self.finished_at is None)

    @property
    def status(self) -> ContractState:
        """The state as customers are told it: an expired contract stays `sent`, and `signed` waits for the PDF."""
        return "sent" if self.state == "signed" and self.finished_at is None else self.state

    def expired(self, now: datetime) -> bool:
        """Whether the signing pages have closed by themselves."""
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
        state = "expired" if self.expired(now) else self.state
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
        )


@dataclass(frozen=True)
class Event:
    """Something a provider reports; `what` is one of invited, reminded, viewed, signed, declined, withdrawn,
    completed, undelivered, previewed."""

    what: str
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

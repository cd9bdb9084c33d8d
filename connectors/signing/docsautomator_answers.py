"""What DocsAutomator answers, in our words: what only this provider has, its words, and their translation.

Where a fact is from is said as in `connectors.signing.docsautomator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from connectors.signing.model import EventType, FieldKind, Frozen, SignerSnapshot, SignerStatus, Snapshot, Status
from connectors.signing.tolerant import dig, epoch_time, flag, iso_time, objects, text, whole


class Delivery(StrEnum):
    """Who brings the signers their links."""

    EMAIL = "email"
    """The provider, by mail."""
    BY_HAND = "by_hand"
    """We do; the provider neither invites nor reminds anybody."""


class JobStatus(StrEnum):
    """How far the queue is with one document."""

    WAITING = "waiting"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Actor(StrEnum):
    """On whose behalf something happened in a session."""

    SYSTEM = "system"
    SIGNER = "signer"
    ADMIN = "admin"
    UNKNOWN = "unknown"


class Generated(Frozen):
    """One document that was made. `session_id` is its signing session's; there is none yet where the session is
    `queued`, and there will be none where signing was `skipped`. `pdf_url` is the unsigned document, for a short time.
    """

    session_id: str | None = None
    queued: bool = False
    skipped: bool = False
    delivery: Delivery | None = None
    signers: tuple[SignerSnapshot, ...] = ()
    document_name: str | None = None
    pdf_url: str | None = Field(default=None, repr=False)
    raw: dict[str, Any] = Field(default={}, repr=False)


class Job(Frozen):
    """One document in the provider's queue. `progress` is in percent; `reason` says why it failed, in the provider's
    words; `generated` is what was made, once it is completed."""

    id: str | None
    status: JobStatus
    progress: int | None = None
    attempts: int | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str | None = Field(default=None, repr=False)
    generated: Generated | None = None


class Queue(Frozen):
    """How many documents of the workspace are in which state; `None` where the provider does not say."""

    waiting: int | None = None
    active: int | None = None
    completed: int | None = None
    failed: int | None = None
    delayed: int | None = None


class Automation(Frozen):
    """One automation; its `id` is what a recipe names as its template. `source` is where its values come from and has
    to be `API` for us. `raw` is the provider's own object."""

    id: str
    title: str | None = None
    source: str | None = None
    active: bool | None = None
    locale: str | None = None
    template_url: str | None = Field(default=None, repr=False)
    created_at: datetime | None = None
    raw: dict[str, Any] = Field(default={}, repr=False)


class Placeholders(Frozen):
    """What an automation's template wants filled in: single values, and by name each list of lines."""

    main: tuple[str, ...] = ()
    line_items: dict[str, tuple[str, ...]] = Field(default={})


class Session(Frozen):
    """One session as the list shows it. `in_order` says whether signers are asked one after the other."""

    snapshot: Snapshot
    document_name: str | None = None
    in_order: bool | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None


class SessionPage(Frozen):
    """One page of the list, counted from 1. `rows` is how many entries it had, also those on which no id could be
    read; `pages` and `total` are of the whole list."""

    sessions: tuple[Session, ...] = ()
    rows: int = 0
    page: int | None = None
    pages: int | None = None
    total: int | None = None


class SigningLink(Frozen):
    """One signer with the link to the signing page, and until when it opens."""

    signer: SignerSnapshot
    expires_at: datetime | None = None


class SigningLinks(Frozen):
    """The links of all signers of a session."""

    session_id: str | None
    status: Status
    document_name: str | None = None
    delivery: Delivery | None = None
    links: tuple[SigningLink, ...] = ()


class AuditEvent(Frozen):
    """One line of a session's log. `name` is the provider's word, `type` ours, where there is one."""

    id: str | None
    type: EventType
    name: str
    actor: Actor = Actor.UNKNOWN
    signer_id: str | None = None
    actor_email: str | None = None
    field_id: str | None = None
    field_kind: FieldKind | None = None
    occurred_at: datetime | None = None
    ip_address: str | None = Field(default=None, repr=False)
    user_agent: str | None = Field(default=None, repr=False)
    time_zone: str | None = Field(default=None, repr=False)
    metadata: dict[str, Any] = Field(default={}, repr=False)


class Audit(Frozen):
    """A session's log, oldest first. `reconstructed` says that some of it was inferred later, because the original
    lines are gone."""

    session_id: str | None
    events: tuple[AuditEvent, ...] = ()
    reconstructed: bool = False


# -- their words, ours -------------------------------------------------------------------------------------------

STATUSES = {
    "pending": Status.SENT,
    # "At least one signer started", which opening the link may be: `standing` looks at the signers.
    "in_progress": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "expired": Status.EXPIRED,
    "cancelled": Status.CANCELED,
    "declined": Status.DECLINED,
    # Only the audit trail knows the word, "voided by admin" [docs]; as a status it is a [guess].
    "voided": Status.CANCELED,
}
"""[docs] "Session Statuses"."""

SIGNER_STATUSES = {
    "pending": SignerStatus.WAITING,
    "invited": SignerStatus.INVITED,
    "opened": SignerStatus.VIEWED,
    "signed": SignerStatus.SIGNED,
    "declined": SignerStatus.DECLINED,
}
"""[docs] "Signer Statuses"."""

DELIVERIES = {"email": Delivery.EMAIL, "manual": Delivery.BY_HAND, "link": Delivery.BY_HAND}
"""[docs] say `manual` where [openapi] says `link`."""

JOBS = {
    "waiting": JobStatus.WAITING,
    # Counted by `GET /queue/stats` [openapi], so a job may well say it of itself [guess].
    "delayed": JobStatus.WAITING,
    "active": JobStatus.ACTIVE,
    "completed": JobStatus.COMPLETED,
    "failed": JobStatus.FAILED,
}
"""[openapi] `JobStatus`."""

AUDIT = {
    "session_created": EventType.CREATED,
    "invite_sent": EventType.INVITED,
    "invite_resent": EventType.REMINDED,
    "link_opened": EventType.VIEWED,
    "document_viewed": EventType.VIEWED,
    "signer_completed": EventType.SIGNED,
    "signer_declined": EventType.DECLINED,
    "session_completed": EventType.COMPLETED,
    "session_cancelled": EventType.CANCELED,
    "session_expired": EventType.EXPIRED,
    "session_voided": EventType.CANCELED,
    "reminder_sent": EventType.REMINDED,
}
"""[docs] "Get Audit Trail"; `consent_given`, `field_signed` and `field_cleared` have no word of ours and stay
`UNKNOWN`, with their names."""

ACTORS = {"system": Actor.SYSTEM, "signer": Actor.SIGNER, "admin": Actor.ADMIN}
"""[openapi] `AuditEvent`."""

KINDS = {
    "signature": FieldKind.SIGNATURE,
    "date": FieldKind.DATE,
    "text": FieldKind.TEXT,
    "checkbox": FieldKind.CHECKBOX,
}
"""[pages] "Overview" of eSign, "Field Types"."""

PARAMS = ("webhookParams", "additionalParams")
"""Under which names a request's `webhookParams` come back: [docs] say the second, newer [pages] both, with the same in
them."""

PRIVATE = frozenset({"accessToken", "ipAddress", "geoLocation", "timezone"})
"""What is taken out of a session before it is kept: a key to the signing page, and where its signer was."""


# -- translation -------------------------------------------------------------------------------------------------


def generated_of(answer: Any) -> Generated:
    """What was made, as the answer to a waiting call or a job's `result` says it; empty where it says nothing."""
    status = word(dig(answer, "signingStatus"))
    return Generated(
        session_id=text(dig(answer, "signingSessionId")),
        queued=status == "queued",
        skipped=flag(dig(answer, "esignSkipped")),
        delivery=DELIVERIES.get(word(dig(answer, "signingDeliveryMethod"))),
        signers=tuple(signer_of(row) for row in objects(dig(answer, "signingLinks"))),
        document_name=text(dig(answer, "documentName")),
        pdf_url=text(dig(answer, "pdfUrl")),
        raw=without_private(answer) if isinstance(answer, dict) else {},
    )


def job_of(answer: dict[str, Any]) -> Job | None:
    """A job as the provider shows it; `None` if it does not say how it stands."""
    if text(answer.get("status")) is None:
        return None
    status = JOBS.get(word(answer.get("status")), JobStatus.UNKNOWN)
    result = answer.get("result")
    return Job(
        id=text(answer.get("jobId")),
        status=status,
        progress=whole(answer.get("progress")),
        attempts=whole(answer.get("attempts")),
        created_at=_moment(answer.get("createdAt")),
        started_at=_moment(answer.get("processedOn")),
        finished_at=_moment(answer.get("finishedOn")),
        reason=(text(answer.get("error")) or text(dig(answer, "error", "message")) or text(answer.get("message")))
        if status is JobStatus.FAILED
        else None,
        generated=generated_of(result) if status is JobStatus.COMPLETED and isinstance(result, dict) else None,
    )


def snapshot_of(session: Any) -> Snapshot | None:
    """A session as the provider shows it; `None` if it is not even that. Unknown states stay `UNKNOWN`."""
    provider_id = text(dig(session, "id"))
    if provider_id is None:
        return None
    rows = objects(session.get("signers"))
    signers = tuple(signer_of(row) for row in rows)
    status = standing(session.get("status"), signers)
    reasons = (text(place.get("declineReason")) for place in (session, *rows))
    return Snapshot(
        id=provider_id,
        status=status,
        ref=param(session, "ref"),
        signers=signers,
        document_url=text(session.get("signedPdfUrl")) if status is Status.COMPLETED else None,
        reason=next(filter(None, reasons), None) if status is Status.DECLINED else None,
        completed_at=iso_time(session.get("completedAt")),
        expires_at=iso_time(session.get("expiresAt")),
        raw=without_private(session),
    )


def session_of(row: Any) -> Session | None:
    """A session of the list; `None` if it has no id."""
    snapshot = snapshot_of(row)
    if snapshot is None:
        return None
    return Session(
        snapshot=snapshot,
        document_name=text(row.get("documentName")),
        in_order={"sequential": True, "parallel": False}.get(word(row.get("signingOrder"))),
        created_at=iso_time(row.get("createdAt")),
        expires_at=iso_time(row.get("expiresAt")),
    )


def standing(said: Any, signers: Sequence[SignerSnapshot]) -> Status:
    """A session's status; in progress only once somebody has signed, not when somebody has opened it."""
    status = STATUSES.get(word(said), Status.UNKNOWN)
    somebody_signed = any(signer.status is SignerStatus.SIGNED for signer in signers)
    return Status.SENT if status is Status.IN_PROGRESS and not somebody_signed else status


def signer_of(row: dict[str, Any]) -> SignerSnapshot:
    """A signer, whose id is the number in the session, `index` or `signerIndex`. The link has three names: in the
    answer to a request, in the links and webhooks, and in a tutorial."""
    links = (text(row.get(name)) for name in ("signingUrl", "signingLink", "url"))
    return SignerSnapshot(
        id=text(row.get("index")) or text(row.get("signerIndex")),
        email=text(row.get("email")),
        name=text(row.get("name")),
        sign_url=next(filter(None, links), None),
        status=SIGNER_STATUSES.get(word(row.get("status"))),
        invited_at=iso_time(row.get("invitedAt")),
        viewed_at=iso_time(row.get("openedAt")),
        signed_at=iso_time(row.get("signedAt")),
        declined_at=iso_time(row.get("declinedAt")),
    )


def audit_event_of(row: dict[str, Any]) -> AuditEvent:
    """A line of the audit trail."""
    name = text(row.get("eventType")) or ""
    metadata = row.get("metadata")
    return AuditEvent(
        id=text(row.get("id")),
        type=AUDIT.get(name, EventType.UNKNOWN),
        name=name,
        actor=ACTORS.get(word(row.get("actorType")), Actor.UNKNOWN),
        signer_id=text(row.get("actorSignerIndex")),
        actor_email=text(row.get("actorEmail")),
        field_id=text(row.get("fieldId")),
        field_kind=KINDS.get(word(row.get("fieldType"))),
        occurred_at=iso_time(row.get("timestamp")),
        ip_address=text(row.get("ipAddress")),
        user_agent=text(row.get("userAgent")),
        time_zone=text(row.get("timezone")),
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def automation_of(row: Any) -> Automation | None:
    """An automation; `None` if it has no id."""
    automation_id = text(dig(row, "_id")) or text(dig(row, "id"))
    if automation_id is None:
        return None
    return Automation(
        id=automation_id,
        title=text(row.get("title")),
        source=text(row.get("dataSourceName")) or text(dig(row, "dataSource", "name")),
        active=flag(row["isActive"]) if row.get("isActive") is not None else None,
        locale=text(row.get("locale")),
        template_url=text(row.get("docTemplateLink")),
        created_at=iso_time(row.get("dateCreated")),
        raw=row,
    )


def shows_marks(row: dict[str, Any]) -> bool:
    """Whether a session of the list says what its `webhookParams` were, be it that there were none."""
    shown = [row[name] for name in PARAMS if name in row]
    return bool(shown) and all(params is None or isinstance(params, dict) for params in shown)


def without_private(value: Any) -> Any:
    """The same without `PRIVATE`, however deep."""
    if isinstance(value, dict):
        return {key: without_private(inner) for key, inner in value.items() if key not in PRIVATE}
    return [without_private(inner) for inner in value] if isinstance(value, list) else value


def param(value: dict[str, Any], name: str) -> str | None:
    """What came back of a request's `webhookParams`."""
    return next((found for params in PARAMS if (found := text(dig(value, params, name)))), None)


def _moment(value: Any) -> datetime | None:
    """A time of a job: a date [openapi], or milliseconds, as queues of this kind count [guess]."""
    return iso_time(value) or epoch_time(value, per_second=1000)


def word(value: Any) -> str:
    """One of the provider's words, ready to be looked up."""
    return (text(value) or "").lower()

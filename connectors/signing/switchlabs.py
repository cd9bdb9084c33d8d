"""Switch Labs eSign: PDFs with fields at places on their pages; their *document* is our signature request.

Facts are from the provider's one page, https://www.switchlabs.dev/esign/docs (named [docs] below). It shows one
request, one answer and one webhook; what it leaves open is a [guess].
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr

from connectors.signing.answers import Rule, one
from connectors.signing.bodies import given, in_path, merged, refuse_reserved
from connectors.signing.errors import AuthenticationError, OutcomeUnknown, TransientError, Unsupported
from connectors.signing.keys import HeaderKey
from connectors.signing.model import (
    Document,
    Event,
    EventType,
    FieldKind,
    Frozen,
    Lookup,
    PlacedField,
    Recent,
    SignatureRequest,
    Signer,
    SignerSnapshot,
    SignerStatus,
    Snapshot,
    Status,
)
from connectors.signing.over_http import OverHttp
from connectors.signing.proofs import require_hmac
from connectors.signing.provider import Capability, ProviderSettings, own
from connectors.signing.titles import ref_in, with_ref
from connectors.signing.tolerant import dig, iso_time, objects, read_object, text, whole
from connectors.signing.transport import Part


class SwitchLabsSettings(ProviderSettings):
    """An account at Switch Labs eSign."""

    base_url: str = Field(
        default="https://www.switchlabs.dev/api/esign/v1",
        description="Address of the provider's API, without a slash at its end.",
    )
    api_key: SecretStr = Field(
        min_length=1, description="Key made in the account's settings (esk_…); only the Business plan has API access."
    )
    webhook_secret: SecretStr = Field(
        min_length=1, description="Secret the webhooks are signed with, from the account's settings; not the API key."
    )


class DocumentPage(Frozen):
    """One page of the provider's list. `rows` is how many entries it had, also those on which no id could be read;
    `total` is how many documents there are altogether, where the provider says so."""

    documents: tuple[Snapshot, ...] = ()
    rows: int = 0
    total: int | None = None


# -- their words, ours -------------------------------------------------------------------------------------------

STATUSES = {
    "draft": Status.DRAFT,
    "sent": Status.SENT,
    "viewed": Status.SENT,
    "in_progress": Status.IN_PROGRESS,
    "partially_signed": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "declined": Status.DECLINED,
    "voided": Status.CANCELED,
    "expired": Status.EXPIRED,
}
"""[docs] "GET /documents": draft, sent, completed, "etc."; the others are a [guess], `declined` and `voided` after the
events of that name. `signed` is missing on purpose: it could mean one signer or all of them."""

FILTERS = {
    Status.DRAFT: "draft",
    Status.SENT: "sent",
    Status.COMPLETED: "completed",
    Status.DECLINED: "declined",
    Status.CANCELED: "voided",
}
"""The words the list is filtered by: the first three [docs], the other two a [guess] as in `STATUSES`."""

SIGNER_STATUSES = {
    "pending": SignerStatus.WAITING,
    "waiting": SignerStatus.WAITING,
    "sent": SignerStatus.INVITED,
    "viewed": SignerStatus.VIEWED,
    "signed": SignerStatus.SIGNED,
    "completed": SignerStatus.SIGNED,
    "declined": SignerStatus.DECLINED,
}
"""How one recipient stands; no word of it is documented [guess]."""

KINDS = {
    FieldKind.SIGNATURE: "signature",
    FieldKind.INITIALS: "initials",
    FieldKind.DATE: "date",
    FieldKind.TEXT: "text",
    FieldKind.CHECKBOX: "checkbox",
}
"""[docs] "Field Placement Format"."""

EVENTS = {
    "document.created": EventType.CREATED,
    # "was sent for signing": somebody has been asked, though it does not say who.
    "document.sent": EventType.INVITED,
    "document.completed": EventType.COMPLETED,
    # Tells of the same refusal as `recipient.declined`.
    "document.declined": EventType.DECLINED,
    "document.voided": EventType.CANCELED,
    "recipient.signed": EventType.SIGNED,
    "recipient.viewed": EventType.VIEWED,
    "recipient.declined": EventType.DECLINED,
    "reminder.sent": EventType.REMINDED,
}
"""[docs] "Available Events"."""

RULES = (
    Rule(
        one(403),
        AuthenticationError,
        "this key may not do that; check the key, and that the account is on the Business plan",
        '[docs] "Rate Limits": only Business has API access; the status is a [guess]',
    ),
)
"""No error is documented: the general lines of `connectors.signing.answers` say the rest."""

OURS = frozenset({"file", "title", "fields", "signing_order", "send"})
"""What `extra` may not set: it would double a part of the form, or send what is to stay a draft."""

MOST = 100
"""How many documents a page of the list holds at most [docs]."""

PAGES = 10
"""How many pages a look-up reads."""

SIGNATURE = "x-esign-signature"


class SwitchLabs(OverHttp):
    """One account at Switch Labs eSign."""

    name: ClassVar[str] = "switchlabs"
    title: ClassVar[str] = "Switch Labs eSign"
    docs: ClassVar[str] = "https://www.switchlabs.dev/esign/docs"
    sandbox_path: ClassVar[str] = "switchlabs/api/esign/v1"
    settings_class: ClassVar[type[ProviderSettings]] = SwitchLabsSettings
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.UPLOADS,
            Capability.COORDINATES,
            Capability.ORDER,
            Capability.FIND,
            Capability.LIST,
            Capability.SIGNED_WEBHOOKS,
        }
    )
    calls: ClassVar[Mapping[str, str]] = {
        "POST /documents": "send",
        "GET /documents": "documents",
        "GET /documents/{id}/status": "get",
        "POST /documents/{id}/send": "send_draft",
    }
    events: ClassVar[Mapping[str, EventType]] = EVENTS
    rules: ClassVar[Sequence[Rule]] = RULES
    webhook_setup: ClassVar[str | None] = (
        "Enter the address under the webhooks in the eSign settings at www.switchlabs.dev, "
        "and keep the webhook secret from there as this account's `webhook_secret`."
    )

    leaves_out: ClassVar[frozenset[str]] = frozenset({"message", "reply_to", "locale"})

    @classmethod
    def authentication(cls, settings: ProviderSettings) -> httpx.Auth:
        return HeaderKey(own(SwitchLabsSettings, settings).api_key, word="Bearer")

    @classmethod
    def refuse_unsayable(cls, request: SignatureRequest) -> None:
        """Raise `Unsupported` for `extra` that sets what is in `OURS`, and for signers of whom only some share their
        turn: all sign at once or each after the other [docs], nothing between can be said."""
        refuse_reserved(cls.title, request.extra, OURS)
        if len({signer.order for signer in request.signers}) not in (1, len(request.signers)):
            raise Unsupported(
                f"{cls.title} has all signers sign at once or each after the other; "
                "it cannot be told that only some of them share their turn."
            )

    # -- verbs ---------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """List a single document."""
        await self.documents(limit=1)

    async def send(self, request: SignatureRequest) -> Snapshot:
        """Upload the PDF and have it sent, in one call.

        `message` is left out: only the call that sends a draft takes one, and a failure between two calls would leave
        a draft behind. Where the message matters, `draft` and `send_draft` carry it. Raises `Unsupported`, before the
        call, for a signer without a place to sign, who would be asked to sign nothing.
        """
        self._require_pdf(request.document)
        refuse_unsigned(request)
        return await self._create(request, send=True)

    async def draft(self, request: SignatureRequest) -> Snapshot:
        """Upload the PDF and ask nobody yet; fields that are missing can be placed in the provider's own pages.

        A draft is what the provider makes where `send` is left out [guess]. A write: may raise `OutcomeUnknown`.
        """
        self._require_pdf(request.document)
        return await self._create(request, send=False)

    async def send_draft(self, provider_id: str, message: str | None = None) -> None:
        """Send a draft, with a message to its signers. A write: may raise `OutcomeUnknown`.

        What the provider answers is not documented, so only that it agreed is taken from it.
        """
        path = f"/documents/{in_path(self.title, provider_id)}/send"
        await self.http.call("POST", path, json=given(message=message) or None, wordless=True)

    async def get(self, provider_id: str) -> Snapshot:
        """Ask for a document's status and how its signers stand; the shape of the answer is a [guess].

        It is about the document in the path, whatever other id it shows.
        """
        answer = await self.http.call("GET", f"/documents/{in_path(self.title, provider_id)}/status")
        places = objects([dig(answer, "document"), dig(answer, "data"), answer])
        document = next((place for place in places if {"status", "recipients"} & place.keys()), None)
        snapshot = snapshot_of(document, provider_id=provider_id)
        if snapshot is None:
            raise TransientError(f"{self.title} answered without the status of a document.")
        return snapshot

    async def documents(self, status: Status | None = None, *, limit: int = 50, offset: int = 0) -> DocumentPage:
        """A page of the account's documents: at most `limit` (the provider gives no more than 100) after `offset`.

        The order of the list is not documented, nor is its envelope: `documents`, `data` or a bare list are read
        [guess]. Raises `Unsupported` for a status the provider has no word for.
        """
        if status is not None and status not in FILTERS:
            raise Unsupported(f"{self.title} cannot list by {status.value}.")
        params = given(status=status and FILTERS[status], limit=limit, offset=offset)
        answer = await self.http.call("GET", "/documents", params=params)
        places = (answer, dig(answer, "documents"), dig(answer, "data"), dig(answer, "data", "documents"))
        rows = next((place for place in places if isinstance(place, list)), None)
        if rows is None:
            raise TransientError(f"{self.title} answered without a list of documents.")
        documents = tuple(snapshot for row in rows if (snapshot := snapshot_of(row)) is not None)
        return DocumentPage(documents=documents, rows=len(rows), total=whole(dig(answer, "total")))

    async def find(self, refs: Collection[str]) -> Lookup:
        """Look for our marks at the end of titles, in at most a thousand documents of the list; there is no search.

        One document on which no id or title can be read may be the one we look for; so may one outside of what was
        read, as the list's order is not documented, or one that moved while pages were read. So the list has `ids`
        only where every row could be read, and it was either read to its end with no document shown twice, or seen to
        go from the newest to older ones by `created_at` [guess]. Without `ids` it proves nobody's absence.
        """
        shown: list[Snapshot] = []
        rows, ended = 0, False
        for _ in range(PAGES):
            page = await self.documents(limit=MOST, offset=rows)
            shown += page.documents
            rows += page.rows
            # The provider may give fewer to a page than asked for; only its count or an empty page is the end.
            ended = rows >= (page.total or 0) and (page.rows == 0 or page.total is not None)
            if ended or page.rows == 0:
                break
        readable = len(shown) == rows and all(text(snapshot.raw.get("title")) for snapshot in shown)
        listed = {snapshot.id: snapshot for snapshot in shown}
        sound = readable and (_newest_first(shown) or (ended and len(listed) == len(shown)))
        ours: dict[str, list[Snapshot]] = {}
        for snapshot in listed.values():
            if snapshot.ref is not None and snapshot.ref in refs:
                ours.setdefault(snapshot.ref, []).append(snapshot)
        return Lookup(
            found={ref: first for ref, (first, *_) in ours.items()},
            also={ref: tuple(more) for ref, (_, *more) in ours.items() if more},
            ids=frozenset(listed) if sound else frozenset(),
            complete=sound and ended,
        )

    async def recent(self, after: int = 0) -> Recent:
        """A page of the documents, at most a hundred, in an order that is not documented."""
        page = await self.documents(limit=MOST, offset=after)
        read = after + page.rows
        ended = page.rows == 0 or (page.total is not None and read >= page.total)
        return Recent(requests=page.documents, next=None if ended else read)

    def _require_pdf(self, document: Document) -> None:
        if document.markdown is not None:
            self.require(Capability.MARKDOWN)
        if document.template is not None:
            self.require(Capability.TEMPLATES)

    async def _create(self, request: SignatureRequest, *, send: bool) -> Snapshot:
        answer = await self.http.call("POST", "/documents", form=form_of(request, send=send))
        snapshot = snapshot_of(answer, asked=[request.signers[place] for place in _turns(request)])
        if snapshot is None:
            raise OutcomeUnknown(f"{self.title} took the document, but its answer names none.")
        return snapshot.model_copy(update={"ref": request.ref or None})

    # -- webhooks ------------------------------------------------------------------------------------------------

    @classmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """`sha256=` and the HMAC-SHA256 of the raw body with the webhook secret, in hexadecimal [docs]."""
        ours = own(SwitchLabsSettings, settings)
        require_hmac(
            cls.title, (ours.webhook_secret, *ours.webhook_secrets), body, headers.get(SIGNATURE), prefix="sha256="
        )

    @classmethod
    def parse(cls, body: bytes, *, ref: str | None = None) -> Event:
        """Translate a delivery. It knows the document and the recipient by the ids of the create call alone."""
        delivery = read_object(body)
        name = text(delivery.get("event"))
        if name is None:
            raise ValueError("The delivery does not say in `event` what happened.")
        kind = EVENTS.get(name, EventType.UNKNOWN)
        provider_id = text(delivery.get("document_id"))
        if provider_id is None and kind is not EventType.UNKNOWN:
            raise ValueError("The delivery does not say which document it is about.")
        ended = kind in (EventType.DECLINED, EventType.CANCELED)
        return Event(
            type=kind,
            name=name,
            provider_id=provider_id,
            signer_id=text(delivery.get("recipient_id")),
            # [guess] the one example of `data` has a `fieldCount`, of an event that needs no reason
            reason=text(dig(delivery, "data", "reason")) if ended else None,
            occurred_at=iso_time(delivery.get("timestamp")),
            raw=delivery,
        )

    @classmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes, *, ref: str | None = None) -> str:
        """Event, document, recipient and timestamp [guess]: no id of a delivery is documented, nor that it is repeated.

        Never raises: what lacks any of these but the recipient is told apart by its bytes.
        """
        try:
            delivery = read_object(body)
        except ValueError:
            delivery = {}
        parts = [text(delivery.get(key)) for key in ("event", "document_id", "recipient_id", "timestamp")]
        event, document, recipient, timestamp = parts
        known = json.dumps(parts).encode() if event and document and timestamp else body
        shown = [(part or "")[:80] for part in (event, document, recipient)]
        return ":".join([*shown, hashlib.sha256(known).hexdigest()])


# -- translation -------------------------------------------------------------------------------------------------


def form_of(request: SignatureRequest, *, send: bool) -> list[Part]:
    """The form of `POST /documents`: JSON and flags are text fields; without `send` it makes a draft.

    The mark stands at the title's end, as there is no metadata. Labels of fields, phone numbers, companies, language
    and reply address have no place in it and are left out. `extra` adds text fields (what is no text, as JSON); its
    `recipients` add to ours one by one, in the order of the request's signers. Raises `Unsupported` like
    `SwitchLabs.refuse_unsayable`, and for a field of nobody.
    """
    SwitchLabs.refuse_unsayable(request)
    extra = dict(request.extra)
    more = iter(objects(extra.pop("recipients", None)))
    added = [next(more, {}) for _ in request.signers]
    signers = [request.signers[place] for place in _turns(request)]
    recipients = [
        merged(added[place], {"name": signer.name, "email": signer.email})
        for place, signer in zip(_turns(request), signers, strict=True)
    ]
    fields = [_placed(field, signers) for field in request.document.fields]
    texts = {
        "title": with_ref(request.title, request.ref),
        "recipients": _json(recipients),
        "fields": _json(fields) if fields else None,
        "signing_order": "parallel" if len({signer.order for signer in signers}) == 1 else "sequential",
        "send": "true" if send else None,
        **{name: value if isinstance(value, str | None) else _json(value) for name, value in extra.items()},
    }
    file = Part("file", request.document.pdf or b"", filename="document.pdf", type="application/pdf")
    return [file, *(Part(name, value) for name, value in texts.items() if value is not None)]


def refuse_unsigned(request: SignatureRequest) -> None:
    """Raise `Unsupported` for a signer without a place to sign.

    A document without fields reaches its signers with nothing to sign [guess]. Of two signers in one role the fields
    are the first one's.
    """
    signing = {field.role for field in request.document.fields if field.kind is FieldKind.SIGNATURE}
    for signer in request.signers:
        if signer.role not in signing:
            raise Unsupported(f"{SwitchLabs.title} needs a signature field for every signer; {signer.role} has none.")
        signing.remove(signer.role)


def _turns(request: SignatureRequest) -> list[int]:
    """The signers' places in the request, in the order of their turns: the list of recipients is that order [guess]."""
    return sorted(range(len(request.signers)), key=lambda place: request.signers[place].order)


def _placed(field: PlacedField, signers: Sequence[Signer]) -> dict[str, Any]:
    """A field as the form says it: indices from 0, fractions of the page [docs], counted from its top left [guess]."""
    index = next((place for place, signer in enumerate(signers) if signer.role == field.role), None)
    if index is None:
        raise Unsupported(f"{SwitchLabs.title} cannot place a field for {field.role}: no signer has that role.")
    return {
        "recipient_index": index,
        "type": KINDS[field.kind],
        "page_index": field.page,
        "x": field.x,
        "y": field.y,
        "width": field.width,
        "height": field.height,
        "required": field.required,
    }


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        problem = Unsupported(f"{SwitchLabs.title} cannot be told this: it does not fit into a form.")
    raise problem  # out here, so that no value hangs on the error


def snapshot_of(document: Any, *, provider_id: str | None = None, asked: Sequence[Signer] = ()) -> Snapshot | None:
    """A document as the provider shows it; `None` if it has no id. Unknown states stay `UNKNOWN`.

    `provider_id` is its id where we know it better; `asked` whom we asked, in the order of the recipients, for the
    answer that shows these by their place alone.
    """
    provider_id = provider_id or text(dig(document, "id"))
    if provider_id is None or not isinstance(document, dict):
        return None
    shown = document.get("recipients")
    recipients = shown if isinstance(shown, list) else []
    return Snapshot(
        id=provider_id,
        status=STATUSES.get((text(document.get("status")) or "").lower(), Status.UNKNOWN),
        ref=ref_in(text(document.get("title"))),
        signers=_asked_signers(recipients, asked) if asked else tuple(map(_signer, recipients)),
        completed_at=iso_time(document.get("completed_at")),
        raw=document,
    )


def _asked_signers(recipients: Sequence[Any], asked: Sequence[Signer]) -> tuple[SignerSnapshot, ...]:
    """Whom we asked, with the recipients' ids and links by place [guess], unless an answer should name them itself;
    without ids and links where these are not as many."""
    entries = recipients if len(recipients) == len(asked) else [None] * len(asked)
    placed = [
        (_signer(entry), {"email": one.email, "name": one.name}) for entry, one in zip(entries, asked, strict=True)
    ]
    return tuple(read if read.email else read.model_copy(update=ours) for read, ours in placed)


def _signer(recipient: Any) -> SignerSnapshot:
    """A recipient, whatever of it is there; all but `id` and `signing_url` is a [guess]."""
    viewed_at, signed_at = iso_time(dig(recipient, "viewed_at")), iso_time(dig(recipient, "signed_at"))
    seen = SignerStatus.SIGNED if signed_at else SignerStatus.VIEWED if viewed_at else None
    return SignerSnapshot(
        id=text(dig(recipient, "id")),
        email=text(dig(recipient, "email")),
        name=text(dig(recipient, "name")),
        sign_url=text(dig(recipient, "signing_url")),
        status=SIGNER_STATUSES.get((text(dig(recipient, "status")) or "").lower(), seen),
        viewed_at=viewed_at,
        signed_at=signed_at,
    )


def _newest_first(shown: Sequence[Snapshot]) -> bool:
    """Whether the documents are seen to go from the newest to older ones."""
    made = [iso_time(snapshot.raw.get("created_at")) for snapshot in shown]
    falling = [newer is not None and older is not None and newer >= older for newer, older in pairwise(made)]
    return bool(falling) and all(falling)

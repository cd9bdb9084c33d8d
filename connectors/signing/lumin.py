"""Lumin (luminpdf.com): PDFs and templates sent for signature; their *signature request* is ours.

Facts are from the provider's reference and guides, https://developers.luminpdf.com (named [docs] below), and from the
repository these pages are made of, github.com/luminpdf/luminsign-docs ([repo]), where it says more; [pipedream] is
somebody else's published client, and [guess] what nobody documents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

import httpx
from pydantic import Field, SecretStr, field_validator

from connectors.signing.answers import Rule, one
from connectors.signing.bodies import given, in_path, merged, refuse_reserved
from connectors.signing.download import MOST_BYTES, PDF
from connectors.signing.errors import (
    OutcomeUnknown,
    PermanentError,
    QuotaExceeded,
    TransientError,
    Unsupported,
)
from connectors.signing.keys import HeaderKey
from connectors.signing.lumin_answers import entry_of, moment, signers_of, snapshot_of, stands, template_of
from connectors.signing.lumin_parts import (
    FileKind,
    FileLink,
    SigningLink,
    SigningSession,
    Template,
    TemplatePage,
    User,
)
from connectors.signing.model import (
    Document,
    Event,
    EventType,
    FieldKind,
    PlacedField,
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
from connectors.signing.tolerant import dig, objects, read_object, text, whole
from connectors.signing.transport import Part


class LuminSettings(ProviderSettings):
    """An account (a workspace) at Lumin."""

    base_url: str = Field(
        default="https://api.luminpdf.com/v1", description="Address of the provider's API, without a slash at its end."
    )
    api_key: SecretStr = Field(
        min_length=1,
        description="API key from the developer settings. Webhooks of the account are signed with the workspace's "
        "primary key: if this is another one, the primary key belongs into webhook_secrets.",
    )
    app_signing_secret: SecretStr | None = Field(
        default=None, description="Signing secret of a private app, if webhooks come from the app's own address."
    )
    default_expiry_days: int = Field(
        default=30, ge=1, le=3650, description="Days a request stays open that does not say so; Lumin wants a due date."
    )

    @field_validator("api_key")
    @classmethod
    def _fits_into_a_header(cls, key: SecretStr) -> SecretStr:
        """A line end pasted along would break every call where it looks as if the call may have gone out."""
        if re.fullmatch(r"[!-~]+", key.get_secret_value()) is None:
            raise ValueError("a key has neither blanks nor letters beyond ASCII: copy it again")
        return key


# -- their words, ours -------------------------------------------------------------------------------------------

EVENTS = {
    "signature_request_created": EventType.CREATED,
    "signature_request_viewed": EventType.VIEWED,
    "signature_request_signed": EventType.SIGNED,
    "signature_request_approved": EventType.ALL_SIGNED,
    "signature_request_downloadable": EventType.COMPLETED,
    "signature_request_declined": EventType.DECLINED,
    "signature_request_invalid": EventType.FAILED,
    # One *l* here, two in the status.
    "signature_request_canceled": EventType.CANCELED,
    "signature_request_cancel_failed": EventType.CANCEL_FAILED,
    "signature_request_due_date_updated": EventType.DUE_DATE_CHANGED,
}
"""[docs] "Webhooks – Overview", supported event types. `signature_request_sent` of the samples is not among them."""

ONCE = frozenset(f"signature_request_{word}" for word in ("created", "approved", "declined", "invalid", "canceled"))
"""Events that come about once in a request's life, so that request and event are the delivery, as [docs] advises."""

TAGS = {
    FieldKind.SIGNATURE: "sig",
    FieldKind.INITIALS: "initial",
    FieldKind.DATE: "date",
    FieldKind.TEXT: "text",
}
"""[docs] "Text Tags", types of field; there is none for a checkbox."""

NO_REMINDER = {
    "EXCEED_DAILY_LIMIT": "this signer has had as many reminders today as it sends in a day",
    "BOUNCE": "this signer has signed already or is not in turn",
}
"""[docs] "Send Reminder Emails", `email_status`; the other one is `SENT`."""

RULES = (
    Rule(
        one(403),
        QuotaExceeded,
        "the account has no licence for checking who signs; have it licensed or leave `verification` out",
        '[docs] "Send Signature Request", `signers[].verification`',
        body="verification_not_licensed",
    ),
    Rule(
        one(429),
        TransientError,
        "too many calls in half an hour; try again later",
        '[repo] "Rate limits", an older page: 3000 sends, 50 of /user/info in 30 minutes; the wait is a [guess]',
        wait=60.0,
    ),
)
"""What differs from the general lines of `connectors.signing.answers`; errors are `{error_code, error_message}`."""

OURS = frozenset({"title", "template_id", "file", "files", "file_url", "file_urls"})
"""What `extra` may not set, because a request would be lost (the title carries our mark) or be about another paper."""

SESSION_SHORTEST = timedelta(minutes=5)
SESSION_LONGEST = timedelta(minutes=60)
"""[docs] "Create Signing Session", `expiry`: 300000 to 3600000 milliseconds."""

TITLE_LENGTH = 255
"""[docs] "Send Signature Request", `title`."""

SIGNATURE = "x-signature"
PDF_TYPE = "application/pdf"


class Lumin(OverHttp):
    """One account at Lumin. A signer's id is the e-mail address, since Lumin gives no other."""

    name: ClassVar[str] = "lumin"
    title: ClassVar[str] = "Lumin"
    field_kinds: ClassVar[frozenset[FieldKind]] = frozenset(TAGS)
    docs: ClassVar[str] = (
        "https://developers.luminpdf.com/tabs/api-reference/api/signature-requests/send-signature-request"
    )
    sandbox_path: ClassVar[str] = "lumin/v1"
    settings_class: ClassVar[type[ProviderSettings]] = LuminSettings
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.UPLOADS,
            Capability.TEMPLATES,
            Capability.TEXT_TAGS,
            Capability.ORDER,
            Capability.REMIND,
            Capability.CANCEL,
            Capability.EXPIRY,
            Capability.DOWNLOAD,
            Capability.SIGN_LINKS,
            Capability.SIGNED_WEBHOOKS,
        }
    )
    calls: ClassVar[Mapping[str, str]] = {
        "POST /signature_request/send": "send",
        "POST /signature_request/send-from-template": "send",
        "GET /signature_request/{id}": "get",
        "PATCH /signature_request/{id}": "extend",
        "PUT /signature_request/cancel/{id}": "cancel",
        "POST /signature_request/remind/{id}": "remind",
        "POST /signature_request/{id}/signing-link": "signing_link",
        "POST /signature_request/{id}/signing-session": "signing_session",
        "GET /signature_request/{id}/file": "file",
        "GET /signature_request/files_as_file_url/{id}": "old_file_link",
        "GET /signature_request/files/{id}": "old_file",
        "GET /templates": "templates",
        "GET /templates/{id}": "template",
        "GET /user/info": "user",
    }
    events: ClassVar[Mapping[str, EventType]] = EVENTS
    rules: ClassVar[Sequence[Rule]] = RULES
    webhook_setup: ClassVar[str | None] = (
        "The workspace's owner types the address in at Lumin, under Developer Settings, API Key, Account callback; "
        "a private app has a webhook address of its own."
    )

    leaves_out: ClassVar[frozenset[str]] = frozenset({"reply_to", "locale"})

    @classmethod
    def authentication(cls, settings: ProviderSettings) -> httpx.Auth:
        return HeaderKey(own(LuminSettings, settings).api_key, header="X-API-Key")

    # -- verbs ---------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """Ask whose key it is; one of 50 such calls in half an hour [repo]."""
        await self.user()

    async def send(self, request: SignatureRequest) -> Snapshot:
        """Create the request from the PDF or from the template. Lumin prepares it afterwards: that it could make
        nothing of it is told later, by webhook.

        Lumin has no place for `reply_to`, `locale`, `webhook_url`, `proof`, `test`, a signer's mobile number and
        company, and none for `fields` beside a PDF: they are left out. So is the signers' order beside a template,
        whose roles have their own. A template's role is the signer's `role`; where it is called otherwise, or the
        template has none, the signer's entry in `extra` says so (`signer_role`, `None` to leave it out).
        """
        self.require(_kind(request.document))
        body = self._body(request)
        if request.document.pdf is None:
            answer = await self.http.call("POST", "/signature_request/send-from-template", json=body)
        else:
            answer = await self.http.call(
                "POST", "/signature_request/send", form=[*bracketed(body), _pdf_part("file", request.document.pdf)]
            )
        return self._accepted(answer, request)

    async def send_files(
        self, request: SignatureRequest, *, files: Sequence[bytes] = (), urls: Sequence[str] = ()
    ) -> Snapshot:
        """Create one request out of several documents: the request's own PDF and further PDFs, `files`; or what Lumin
        itself fetches from `urls`, in place of the PDF. Both at once, or neither, is `Unsupported`.
        """
        pdf = request.document.pdf
        if pdf is None:
            raise Unsupported(f"{self.title} takes several documents only as PDFs.")
        if bool(files) == bool(urls):
            raise Unsupported(f"{self.title} takes files or addresses of files, one of the two.")
        body = self._body(request)
        if urls:
            answer = await self.http.call("POST", "/signature_request/send", json={**body, "file_urls": list(urls)})
        else:
            # How they are numbered is from [pipedream].
            parts = [_pdf_part(f"files[{place}]", one_pdf) for place, one_pdf in enumerate((pdf, *files))]
            answer = await self.http.call("POST", "/signature_request/send", form=[*bracketed(body), *parts])
        return self._accepted(answer, request)

    async def get(self, provider_id: str) -> Snapshot:
        return self._shown(await self.http.call("GET", self._path(provider_id)))

    async def extend(self, provider_id: str, until: datetime) -> Snapshot:
        """Move the due date to `until`, an aware time in the future. Only of the key's own requests that are still to
        be signed [docs]; else a `PermanentError`. The answer may leave the signers out."""
        if until.tzinfo is None:
            raise ValueError("The new due date needs a time zone.")
        return self._shown(
            await self.http.call(
                "PATCH", self._path(provider_id), json={"expires_at": _milliseconds(until)}, repeatable=True
            )
        )

    async def cancel(self, provider_id: str) -> None:
        """Withdraw. That it did not work out may also be told later, by webhook."""
        await self.http.call("PUT", f"/signature_request/cancel/{in_path(self.title, provider_id)}", wordless=True)

    async def remind(self, provider_id: str, signer_id: str) -> None:
        """Have Lumin write to one signer, by address; ten times a day [docs], and only to who is to sign now. What it
        did not send is a `PermanentError`."""
        answer = await self.http.call(
            "POST", f"/signature_request/remind/{in_path(self.title, provider_id)}", json={"emails": [signer_id]}
        )
        for reminder in objects(dig(answer, "reminders")):
            why = NO_REMINDER.get(text(reminder.get("email_status")) or "")
            if why is not None and _same(text(reminder.get("email")), signer_id):
                raise PermanentError(f"{self.title} sent no reminder: {why}.")

    async def sign_links(self, provider_id: str) -> tuple[SignerSnapshot, ...]:
        """All signers, with a link for each who can sign now: one call, and another for each link."""
        snapshot = await self.get(provider_id)
        return tuple([await self._with_link(provider_id, signer) for signer in snapshot.signers])

    async def signing_link(self, provider_id: str, email: str) -> SigningLink:
        """The address of one signer's page, to send the signer to."""
        answer = await self.http.call(
            "POST", f"{self._path(provider_id)}/signing-link", json={"signer_email": email}, repeatable=True
        )
        return SigningLink(
            url=self._address(answer, "view_url"), email=text(dig(answer, "signer_email")), status=stands(answer)
        )

    async def signing_session(
        self, provider_id: str, email: str, lifetime: timedelta = timedelta(minutes=15)
    ) -> SigningSession:
        """An address that shows one signer's page inside a page of one's own, for 5 to 60 minutes (else
        `Unsupported`). The page's domain has to be allowed by Lumin first, for this key [docs]."""
        if not SESSION_SHORTEST <= lifetime <= SESSION_LONGEST:
            raise Unsupported(f"{self.title} keeps a signing session open for 5 to 60 minutes.")
        answer = await self.http.call(
            "POST",
            f"{self._path(provider_id)}/signing-session",
            json={"signer_email": email, "expiry": lifetime // timedelta(milliseconds=1)},
            repeatable=True,
        )
        return SigningSession(
            url=self._address(answer, "sign_url"),
            email=text(dig(answer, "signer_email")),
            status=stands(answer),
            expires_at=moment(dig(answer, "expires_at")),
        )

    async def download(self, provider_id: str, url: str | None = None) -> bytes:
        """Fetch the agreement with its certificate, in one PDF; no event brings a `url`. Before both are there Lumin
        refuses, it is not documented how: then the request's state says whether they may still come."""
        try:
            return await self.file(provider_id, FileKind.MERGED)
        except PermanentError as error:
            if type(error) is not PermanentError:  # about the account, not about the file
                raise
            refusal = error
        if (await self.get(provider_id)).status in (Status.DECLINED, Status.CANCELED, Status.FAILED):
            raise refusal
        raise TransientError(
            f"{self.title} has no signed document for this request yet.", detail=refusal.detail, status=refusal.status
        )

    async def file(self, provider_id: str, kind: FileKind = FileKind.MERGED) -> bytes:
        """One paper of a request as a PDF. Certificate and merged PDF need a request everybody has signed."""
        return await self._pdf(f"{self._path(provider_id)}/file?type={FileKind(kind)}")

    async def file_link(self, provider_id: str, kind: FileKind = FileKind.MERGED) -> FileLink:
        """A link to one paper of a request, to be handed on or fetched at once; it asks for no key."""
        answer = await self.http.call("GET", f"{self._path(provider_id)}/file", params={"type": FileKind(kind).value})
        return FileLink(url=self._address(answer, "signed_url"), expires_at=moment(dig(answer, "expires_at")))

    async def old_file_link(self, provider_id: str) -> FileLink:
        """A link to the agreement, by the call that came before `file_link`. Deprecated by Lumin [docs]."""
        answer = await self.http.call("GET", f"/signature_request/files_as_file_url/{in_path(self.title, provider_id)}")
        return FileLink(url=self._address(answer, "file_url"), expires_at=moment(dig(answer, "expires_at")))

    async def old_file(self, provider_id: str) -> bytes:
        """The agreement as a PDF, by the call that came before `file`. Deprecated by Lumin [docs]."""
        return await self._pdf(f"/signature_request/files/{in_path(self.title, provider_id)}")

    async def templates(self, page: int = 1, limit: Literal[10, 25, 50] = 25) -> TemplatePage:
        """One page of the workspace's templates, of all kinds: Sign, AgreementGen and PDF."""
        answer = await self.http.call(
            "GET", "/templates", params={"page": page, "limit": limit}, headers={"X-Lumin-API-Version": "1.1"}
        )
        entries = [entry_of(listed) for listed in objects(dig(answer, "data"))]
        return TemplatePage(
            templates=tuple(entry for entry in entries if entry is not None),
            page=whole(dig(answer, "page")),
            limit=whole(dig(answer, "limit")),
            total=whole(dig(answer, "total_count")),
        )

    async def template(self, template_id: str) -> Template:
        """All of one template: who signs it and what can be filled in."""
        found = template_of(await self.http.call("GET", f"/templates/{in_path(self.title, template_id)}"))
        if found is None:
            raise TransientError(f"{self.title} answered without a template.")
        return found

    async def user(self) -> User:
        """Whose key this is."""
        user = dig(await self.http.call("GET", "/user/info"), "user")
        return User(id=text(dig(user, "id")), email=text(dig(user, "email")), name=text(dig(user, "name")))

    # -- webhooks ------------------------------------------------------------------------------------------------

    @classmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """HMAC-SHA256 of the raw body in hexadecimal [docs]: with the primary API key where the webhook is the
        account's, with the app's signing secret where it is an app's."""
        ours = own(LuminSettings, settings)
        app = () if ours.app_signing_secret is None else (ours.app_signing_secret,)
        require_hmac(cls.title, (ours.api_key, *app, *ours.webhook_secrets), body, headers.get(SIGNATURE))

    @classmethod
    def parse(cls, body: bytes, *, ref: str | None = None) -> Event:
        """Who has just viewed or signed is not said [docs]; how all signers stand is."""
        delivery = read_object(body)
        name = text(dig(delivery, "event", "event_type"))
        if name is None:
            raise ValueError("The delivery does not say in `event_type` what happened.")
        kind = EVENTS.get(name, EventType.UNKNOWN)
        about = _about(delivery)
        provider_id = text(about.get("signature_request_id"))
        if provider_id is None and kind is not EventType.UNKNOWN:
            raise ValueError("The delivery does not say which signature request it is about.")
        return Event(
            type=kind,
            name=name,
            provider_id=provider_id,
            ref=ref_in(text(about.get("title"))),
            # Bad news comes with a "Signature Request Error" [docs], whose shape nobody shows [guess].
            reason=text(about.get("reason")) or text(about.get("error_message")),
            signers=signers_of(about.get("signers")),
            occurred_at=moment(dig(delivery, "event", "event_time")),
            raw=delivery,
        )

    @classmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes, *, ref: str | None = None) -> str:
        """Event and request, as [docs] "Webhooks – Overview" advises, and the event's time where there may be several
        such events. Never raises: what cannot be read so is told apart by its bytes."""
        try:
            delivery = read_object(body)
        except ValueError:
            delivery = {}
        bytes_alone = hashlib.sha256(body).hexdigest()
        name = text(dig(delivery, "event", "event_type"))
        provider_id = text(_about(delivery).get("signature_request_id"))
        if name is None or provider_id is None:
            return bytes_alone
        when = "" if name in ONCE else text(dig(delivery, "event", "event_time")) or bytes_alone
        return ":".join(part[:80] for part in (name, provider_id, when))

    # -- texts ---------------------------------------------------------------------------------------------------

    @classmethod
    def text_tag(cls, field: PlacedField, signers: Sequence[Signer]) -> str:
        """`[sig|req|signer1]`: `signerN` counts the signers as they are sent, and blanks are not allowed [docs]. The
        tag stays visible in the document, and its width is the field's: more underscores at its end make it wider
        [docs], which is what the tab stands for."""
        kind = TAGS.get(field.kind)
        roles = [signer.role for signer in signers]
        if kind is None:
            raise Unsupported(f"{cls.title} has no tag for a {field.kind} field.")
        if field.role not in roles:
            raise Unsupported(f"{cls.title} cannot be told of a field that belongs to none of the signers.")
        parts = [kind, "req" if field.required else "noreq", f"signer{roles.index(field.role) + 1}"]
        if field.kind is FieldKind.TEXT and (label := _tag_word(field.label)):
            parts.append(label)
        else:
            parts.append("")  # an empty label, since the underscores must not become part of the signer's name
        return f"[{'|'.join(parts)}\t]"

    # -- in common -----------------------------------------------------------------------------------------------

    def _path(self, provider_id: str) -> str:
        return f"/signature_request/{in_path(self.title, provider_id)}"

    def _body(self, request: SignatureRequest) -> dict[str, Any]:
        ours = own(LuminSettings, self.settings)
        return body_of(request, now=datetime.now(UTC), lifetime=timedelta(days=ours.default_expiry_days))

    def _accepted(self, answer: Any, request: SignatureRequest) -> Snapshot:
        """The answer to a new request, with the signers as they were asked for: it shows none itself."""
        snapshot = snapshot_of(dig(answer, "signature_request"), now=datetime.now(UTC))
        if snapshot is None:
            raise OutcomeUnknown(f"{self.title} took the request, but its answer names none.")
        asked = [SignerSnapshot(id=one.email, email=one.email, name=one.name) for one in request.signers]
        return snapshot.model_copy(update={"ref": request.ref or None, "signers": tuple(asked)})

    def _shown(self, answer: Any) -> Snapshot:
        snapshot = snapshot_of(dig(answer, "signature_request"), now=datetime.now(UTC))
        if snapshot is None:
            raise TransientError(f"{self.title} answered without a signature request.")
        return snapshot

    async def _with_link(self, provider_id: str, signer: SignerSnapshot) -> SignerSnapshot:
        cannot = (SignerStatus.SIGNED, SignerStatus.DECLINED, SignerStatus.WAITING)
        if signer.email is None or signer.status in cannot:
            return signer
        link = await self.signing_link(provider_id, signer.email)
        return signer.model_copy(update={"sign_url": link.url})

    def _address(self, answer: Any, name: str) -> str:
        """A link in an answer. Asking again does no harm, so one without it is worth another try."""
        url = text(dig(answer, name))
        if url is None:
            raise TransientError(f"{self.title} answered without a link.")
        return url

    async def _pdf(self, path: str) -> bytes:
        body = await self.http.read_bytes(path, headers={"Accept": PDF_TYPE}, most=MOST_BYTES)
        if not body.startswith(PDF):
            raise TransientError(f"{self.title} delivered something that is not a PDF.")
        return body


# -- translation -------------------------------------------------------------------------------------------------


def body_of(request: SignatureRequest, *, now: datetime, lifetime: timedelta) -> dict[str, Any]:
    """What is said of a new request apart from its files, as JSON has it; for a PDF `bracketed` makes a form of it.

    `lifetime` is how long it stays open from `now`, unless the request says so. `extra` is merged in, objects key by
    key; its `signers` add to ours one by one, where `None` takes something away. Raises `Unsupported` if it wants to
    set what is in `OURS`, or if a field has no tag.
    """
    refuse_reserved("Lumin", request.extra, OURS)
    for field in request.document.fields:
        Lumin.text_tag(field, request.signers)
    if request.expires_in_hours is not None:
        lifetime = timedelta(hours=request.expires_in_hours)
    groups = _groups(request)
    body = given(
        template_id=request.document.template,
        title=with_ref(request.title, request.ref, most=TITLE_LENGTH),
        expires_at=_milliseconds(now + lifetime),
        signing_type="ORDER" if groups else None,
        use_text_tags=True if request.document.fields else None,
        fields=request.fields if request.document.template else None,
        # The mail's own text cannot be set, its title can [docs].
        custom_email=given(title=request.message),
    )
    extra = dict(request.extra)
    more = iter(objects(extra.pop("signers", None)))
    signers = [merged(_signer(signer, request, groups), next(more, {})) for signer in request.signers]
    return {
        **merged(body, extra),
        "signers": [{key: value for key, value in signer.items() if value is not None} for signer in signers],
    }


def bracketed(body: Mapping[str, Any]) -> list[Part]:
    """A body as the fields of a form: `signers[0][name]`, as the samples of [repo] write it.

    No sample has `custom_email`, which is written the same way [guess]; [pipedream] sends it as one JSON text.
    """
    return [part for name, value in body.items() for part in _parts(name, value)]


def _parts(name: str, value: Any) -> Iterator[Part]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _parts(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _parts(f"{name}[{place}]", inner)
    elif isinstance(value, bool):
        yield Part(name, "true" if value else "false")
    elif value is not None:
        yield Part(name, str(value))


def _pdf_part(name: str, pdf: bytes) -> Part:
    return Part(name, pdf, filename="document.pdf", type=PDF_TYPE)


def _groups(request: SignatureRequest) -> dict[int, int]:
    """Which group each order is, from 1 without gaps; none where all sign at the same time or the template says."""
    orders = sorted({signer.order for signer in request.signers})
    if len(orders) < 2 or request.document.template is not None:
        return {}
    return {order: group for group, order in enumerate(orders, start=1)}


def _signer(signer: Signer, request: SignatureRequest, groups: Mapping[int, int]) -> dict[str, Any]:
    return given(
        email_address=signer.email,
        name=signer.name,
        group=groups.get(signer.order),
        signer_role=signer.role if request.document.template is not None else None,
    )


def _about(delivery: Mapping[str, Any]) -> dict[str, Any]:
    """The request a delivery is about: under its own name, else whatever on the top level has its id [guess]."""
    places = (delivery.get("signature_request"), delivery, *delivery.values())
    found = (place for place in places if isinstance(place, dict) and text(place.get("signature_request_id")))
    return next(found, {})


def _milliseconds(when: datetime) -> int:
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _kind(document: Document) -> Capability:
    if document.pdf is not None:
        return Capability.UPLOADS
    return Capability.TEMPLATES if document.template is not None else Capability.MARKDOWN


def _tag_word(label: str) -> str:
    """A label without what ends a tag or a part of it; blanks become underscores, as [docs] suggests."""
    return "_".join("".join(" " if letter in "[]|" else letter for letter in label).split())


def _same(email: str | None, other: str) -> bool:
    return email is not None and email.strip().casefold() == other.strip().casefold()

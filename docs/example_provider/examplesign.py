"""Example Sign, a made-up provider: PDFs with fields at places on pages; their *envelope* is our signature request.

Facts are from the reference beside this file, `reference.md` (named [docs] below); what it leaves open is a [guess].
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr

from connectors.signing.answers import Rule, one
from connectors.signing.bodies import given, in_path, refuse_reserved
from connectors.signing.download import MOST_BYTES, PDF
from connectors.signing.errors import InvalidWebhook, OutcomeUnknown, TransientError, Unsupported
from connectors.signing.keys import HeaderKey
from connectors.signing.model import (
    Event,
    EventType,
    FieldKind,
    Lookup,
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
from connectors.signing.titles import with_ref
from connectors.signing.tolerant import dig, iso_time, objects, read_object, text
from connectors.signing.transport import Part


class ExampleSignSettings(ProviderSettings):
    """An account at Example Sign."""

    base_url: str = Field(
        default="https://api.example.com/v2", description="Address of the provider's API, without a slash at its end."
    )
    api_key: SecretStr = Field(min_length=1, description="Key made under Settings, API (exs_…).")
    webhook_secret: SecretStr = Field(
        min_length=1, description="Secret the webhooks are signed with (whs_…), from Settings, Webhooks."
    )
    rate: float = Field(default=5.0, gt=0, description="Calls a second, at most; the provider allows five.")


# -- their words, ours -------------------------------------------------------------------------------------------

STATUSES = {
    "sent": Status.SENT,
    "signing": Status.IN_PROGRESS,
    # All have signed, but the document is still being made: `COMPLETED` would have it fetched too early.
    "sealing": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "refused": Status.DECLINED,
    "voided": Status.CANCELED,
}
"""[docs] "POST /envelopes", status of an envelope."""

SIGNER_STATUSES = {
    "waiting": SignerStatus.WAITING,
    "asked": SignerStatus.INVITED,
    "opened": SignerStatus.VIEWED,
    "signed": SignerStatus.SIGNED,
    "refused": SignerStatus.DECLINED,
}
"""[docs] "POST /envelopes", status of a signer."""

KINDS = {
    FieldKind.SIGNATURE: "signature",
    FieldKind.INITIALS: "initials",
    FieldKind.DATE: "date",
    FieldKind.TEXT: "text",
    FieldKind.CHECKBOX: "tick",
}
"""[docs] "POST /envelopes", type of a field."""

EVENTS = {
    "envelope.sent": EventType.INVITED,
    "signer.opened": EventType.VIEWED,
    "signer.signed": EventType.SIGNED,
    "envelope.completed": EventType.COMPLETED,
    "signer.refused": EventType.DECLINED,
    "envelope.voided": EventType.CANCELED,
}
"""[docs] "Webhooks"."""

RULES = (
    Rule(
        one(409),
        OutcomeUnknown,
        "an earlier call with this mark may have made the envelope; look before trying again",
        '[docs] "Errors" and "POST /envelopes", Idempotency-Key',
        call="write",
        body=r'"code"\s*:\s*"(duplicate_key|key_in_use)"',
    ),
    Rule(
        one(409),
        TransientError,
        "there is no signed document yet; try again later",
        '[docs] "GET /envelopes/{id}/document"',
        call="read",
        body=r'"code"\s*:\s*"not_sealed"',
    ),
    Rule(
        one(503),
        TransientError,
        "closed for maintenance, nothing was done; try again later",
        '[docs] "Errors"; the wait is a [guess]',
        body=r'"code"\s*:\s*"maintenance"',
        wait=60.0,
    ),
)
"""What differs from the general lines of `connectors.signing.answers`. The other 409s are refusals, as those say."""

OURS = frozenset({"file", "title", "signers", "fields", "metadata", "test"})
"""What `extra` may not set: the request says it, and without our mark an envelope would be lost."""

TITLE_LENGTH = 120
REFERENCES = 20
"""How many marks one search takes; further ones are ignored [docs], which would look like their absence."""

TOLERANCE_SECONDS = 300
"""How far a webhook's time may be off our clock, either way [docs]."""

REASON = "Withdrawn by the sender."
"""What everybody asked so far is told of a withdrawal: the provider wants a sentence, and we have none of our own."""

SIGNATURE = "x-example-signature"


class ExampleSign(OverHttp):
    """One account at Example Sign."""

    name: ClassVar[str] = "examplesign"
    title: ClassVar[str] = "Example Sign"
    docs: ClassVar[str] = "https://api.example.com/v2"
    sandbox_path: ClassVar[str] = "examplesign/v2"
    settings_class: ClassVar[type[ProviderSettings]] = ExampleSignSettings
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.UPLOADS,
            Capability.COORDINATES,
            Capability.ORDER,
            Capability.REMIND,
            Capability.CANCEL,
            Capability.DOWNLOAD,
            Capability.FIND,
            Capability.SIGNED_WEBHOOKS,
            Capability.TEST_MODE,
        }
    )
    calls: ClassVar[Mapping[str, str]] = {
        "POST /envelopes": "send",
        "GET /envelopes": "find",
        "GET /envelopes/{id}": "get",
        "POST /envelopes/{id}/void": "cancel",
        "POST /envelopes/{id}/signers/{signer}/nudge": "remind",
        "GET /envelopes/{id}/document": "download",
        "GET /account": "check",
    }
    events: ClassVar[Mapping[str, EventType]] = EVENTS
    rules: ClassVar[Sequence[Rule]] = RULES
    webhook_setup: ClassVar[str | None] = (
        "Enter the address at Example Sign under Settings, Webhooks, and keep the signing secret shown there as this "
        "account's `webhook_secret`."
    )
    leaves_out: ClassVar[frozenset[str]] = frozenset({"reply_to", "locale"})

    @classmethod
    def authentication(cls, settings: ProviderSettings) -> httpx.Auth:
        return HeaderKey(own(ExampleSignSettings, settings).api_key, word="Bearer")

    @classmethod
    def refuse_unsayable(cls, request: SignatureRequest) -> None:
        """Raise `Unsupported` for `extra` that sets what is in `OURS`."""
        refuse_reserved(cls.title, request.extra, OURS)

    # -- verbs ---------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """Ask whose key it is."""
        await self.http.call("GET", "/account")

    async def send(self, request: SignatureRequest) -> Snapshot:
        """Make the envelope and have it sent, in one call.

        Our mark goes along twice: as `metadata`, which is what it is found by, and as the key that keeps the provider
        from making a second envelope of it for a day.
        """
        document = request.document
        kinds = {Capability.MARKDOWN: document.markdown, Capability.TEMPLATES: document.template}
        self.require(*(kind for kind, value in kinds.items() if value is not None), Capability.UPLOADS)
        key = {"Idempotency-Key": request.ref} if request.ref else {}
        snapshot = snapshot_of(await self.http.call("POST", "/envelopes", form=form_of(request), headers=key))
        if snapshot is None:
            raise OutcomeUnknown(f"{self.title} took the request, but its answer names no envelope.")
        return snapshot

    async def get(self, provider_id: str) -> Snapshot:
        snapshot = snapshot_of(await self.http.call("GET", self._path(provider_id)))
        if snapshot is None:
            raise TransientError(f"{self.title} answered without an envelope.")
        return snapshot

    async def find(self, refs: Collection[str]) -> Lookup:
        """Look for our marks in the newest envelopes, then search all there ever were for those not among them.

        The newest are the window that proves an absence; a search shows nothing but what it found. It matches by
        beginnings [docs], so what it shows is compared whole. One envelope without an id may be the one we look for,
        and so may one behind a search that was cut off: then there are no `ids`, and nobody's absence is proven.
        """
        newest, readable, more = await self._listed()
        shown = {snapshot.id: snapshot for snapshot in newest}
        missing = sorted(set(refs) - {snapshot.ref for snapshot in newest}) if more else []
        for start in range(0, len(missing), REFERENCES):
            searched, all_read, cut_off = await self._listed(missing[start : start + REFERENCES])
            shown |= {snapshot.id: snapshot for snapshot in searched}
            readable = readable and all_read and not cut_off
        ours: dict[str, list[Snapshot]] = {}
        for snapshot in shown.values():
            if snapshot.ref is not None and snapshot.ref in refs:
                ours.setdefault(snapshot.ref, []).append(snapshot)
        # What a search brought up is no part of the window: it may be older than much that was not shown.
        return Lookup(
            found={ref: first for ref, (first, *_) in ours.items()},
            also={ref: tuple(others) for ref, (_, *others) in ours.items() if others},
            ids=frozenset(snapshot.id for snapshot in newest if readable),
            complete=readable and not more,
        )

    async def cancel(self, provider_id: str) -> None:
        """Void. Once all have signed it is too late [docs]; that is a `PermanentError`."""
        await self.http.call("POST", f"{self._path(provider_id)}/void", json={"reason": REASON}, wordless=True)

    async def remind(self, provider_id: str, signer_id: str) -> None:
        """Nudge. A signer whose turn it is not is a `PermanentError` [docs]."""
        signer = in_path(self.title, signer_id)
        await self.http.call("POST", f"{self._path(provider_id)}/signers/{signer}/nudge", wordless=True)

    async def download(self, provider_id: str, url: str | None = None) -> bytes:
        """Fetch the signed PDF from the API itself; no event brings a `url`. `TransientError` while it is made."""
        body = await self.http.read_bytes(
            f"{self._path(provider_id)}/document", headers={"Accept": "application/pdf"}, most=MOST_BYTES
        )
        if not body.startswith(PDF):
            raise TransientError(f"{self.title} delivered something that is not a PDF.")
        return body

    def _path(self, provider_id: str) -> str:
        return f"/envelopes/{in_path(self.title, provider_id)}"

    async def _listed(self, refs: Sequence[str] = ()) -> tuple[list[Snapshot], bool, bool]:
        """Envelopes of the list, whether all of them could be read, and whether there are more behind them."""
        answer = await self.http.call("GET", "/envelopes", params=given(reference=",".join(refs)))
        rows = dig(answer, "envelopes")
        if not isinstance(rows, list):
            raise TransientError(f"{self.title} answered without a list of envelopes.")
        shown = [snapshot for row in rows if (snapshot := snapshot_of(row)) is not None]
        return shown, len(shown) == len(rows), dig(answer, "more") is not False

    # -- webhooks ------------------------------------------------------------------------------------------------

    @classmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """`t=<seconds>,v1=<signature>` over time, full stop and raw body, at most five minutes off our clock [docs]."""
        verify_at(time.time(), own(ExampleSignSettings, settings), headers.get(SIGNATURE), body)

    @classmethod
    def parse(cls, body: bytes, *, ref: str | None = None) -> Event:
        """Translate a delivery. The envelope's status in it is not the event's [docs] and goes unread."""
        delivery = read_object(body)
        name = text(delivery.get("type"))
        if name is None:
            raise ValueError("The delivery does not say in `type` what happened.")
        kind = EVENTS.get(name, EventType.UNKNOWN)
        provider_id = text(dig(delivery, "envelope", "id"))
        if provider_id is None and kind is not EventType.UNKNOWN:
            raise ValueError("The delivery does not say which envelope it is about.")
        return Event(
            type=kind,
            name=name,
            provider_id=provider_id,
            ref=text(dig(delivery, "envelope", "metadata")),
            signer_id=text(dig(delivery, "signer", "id")),
            signer_email=text(dig(delivery, "signer", "email")),
            reason=text(delivery.get("reason")),
            occurred_at=iso_time(delivery.get("occurred_at")),
            raw=delivery,
        )

    @classmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes, *, ref: str | None = None) -> str:
        """The event's `id`, which a repeat keeps [docs]; what has none is told apart by its bytes."""
        try:
            event = text(read_object(body).get("id"))
        except ValueError:
            event = None
        return event[:200] if event else hashlib.sha256(body).hexdigest()


def verify_at(seconds: float, own: ExampleSignSettings, signature: str | None, body: bytes) -> None:
    """Raise `InvalidWebhook` unless the signature is genuine and was made around `seconds` (since 1970).

    Its form is read strictly: a part too many would be one nobody has signed.
    """
    read = re.fullmatch(r"t=(\d{1,12}),v1=([0-9a-fA-F]{64})", signature or "", re.ASCII)
    made, code = read.groups() if read else ("", None)
    secrets = (own.webhook_secret, *own.webhook_secrets)
    require_hmac(ExampleSign.title, secrets, f"{made}.".encode() + body, code)
    if abs(seconds - int(made)) > TOLERANCE_SECONDS:
        raise InvalidWebhook(f"A webhook for {ExampleSign.title} was signed too long ago, or in the future.")


# -- translation -------------------------------------------------------------------------------------------------


def form_of(request: SignatureRequest) -> list[Part]:
    """The form of `POST /envelopes`: `signers` and `fields` are JSON, everything else is text.

    Phone numbers, companies, language and reply address have no place in it and are left out. `extra` adds text
    parts (what is no text, as JSON). Raises `Unsupported` like `ExampleSign.refuse_unsayable`, and for a field of
    nobody.
    """
    ExampleSign.refuse_unsayable(request)
    turns = sorted({signer.order for signer in request.signers})
    signers = [
        # Numbers leave no gaps there [docs]; ours may.
        {"name": signer.name, "email": signer.email, "sequence": turns.index(signer.order) + 1}
        for signer in request.signers
    ]
    fields = [_placed(field, request.signers) for field in request.document.fields]
    texts = {
        "title": with_ref(request.title, "", most=TITLE_LENGTH),  # cut alone: the mark has a place of its own
        "signers": _json(signers),
        "fields": _json(fields) if fields else None,
        "message": request.message,
        "metadata": request.ref,
        "test": "true" if request.test else "false",  # left out, it is for real [docs]
        **{name: value if isinstance(value, str | None) else _json(value) for name, value in request.extra.items()},
    }
    file = Part("file", request.document.pdf or b"", filename="document.pdf", type="application/pdf")
    return [file, *(Part(name, value) for name, value in given(**texts).items())]


def _placed(field: PlacedField, signers: Sequence[Signer]) -> dict[str, Any]:
    """A field as the form says it: pages from 1, percentages of the page from its top left corner [docs]."""
    place = next((number for number, signer in enumerate(signers) if signer.role == field.role), None)
    if place is None:
        raise Unsupported(f"{ExampleSign.title} cannot place a field for {field.role}: no signer has that role.")
    return {
        "signer": place,
        "type": KINDS[field.kind],
        "page": field.page + 1,
        **{side: round(getattr(field, side) * 100, 4) for side in ("x", "y", "width", "height")},
        "required": field.required,
        **given(label=field.label),
    }


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        problem = Unsupported(f"{ExampleSign.title} cannot be told this: it does not fit into a form.")
    raise problem  # out here, so that no value hangs on the error


def snapshot_of(envelope: Any) -> Snapshot | None:
    """An envelope as the provider shows it; `None` if it has no id. Unknown states stay `UNKNOWN`."""
    provider_id = text(dig(envelope, "id"))
    if provider_id is None:
        return None
    return Snapshot(
        id=provider_id,
        status=STATUSES.get(text(envelope.get("status")) or "", Status.UNKNOWN),
        ref=text(envelope.get("metadata")),
        signers=tuple(map(_signer, objects(envelope.get("signers")))),
        reason=text(envelope.get("reason")),
        completed_at=iso_time(envelope.get("completed_at")),
        raw=envelope,
    )


def _signer(signer: dict[str, Any]) -> SignerSnapshot:
    return SignerSnapshot(
        id=text(signer.get("id")),
        email=text(signer.get("email")),
        name=text(signer.get("name")),
        status=SIGNER_STATUSES.get(text(signer.get("status")) or ""),
        viewed_at=iso_time(signer.get("opened_at")),
        signed_at=iso_time(signer.get("signed_at")),
        declined_at=iso_time(signer.get("refused_at")),
    )

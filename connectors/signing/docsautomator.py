"""DocsAutomator eSign: documents made by an *automation* and signed in a *session*, which is our signature request.

Nothing here takes a PDF or a list of signers: a session begins when an automation whose template holds `{{esign.…}}`
tags makes a document. Signers, their order, reminders, expiry, language and mails are settings of the automation; its
signers' names and addresses are placeholders, which the request's data fill. So an automation for us has to be set up
once, by hand, with these placeholders for its signers, numbered from 1 in the order they sign in:

```
{{signer_1_name}}  {{signer_1_email}}  {{signer_1_company}}  {{signer_1_role}}
{{signer_2_name}}  {{signer_2_email}}  …
```

Facts are from the provider's eSign reference, https://docs.docsautomator.co/features/docsautomator-esign (named [docs]
below), from the provider's OpenAPI file ([openapi]) and other pages ([pages], with their title), all of them public at
github.com/DocsAutomator/docs; [guess] is what nobody documents.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr

from connectors.signing.answers import Rule, one
from connectors.signing.bodies import given, in_path, merged, refuse_reserved
from connectors.signing.docsautomator_answers import (
    DELIVERIES,
    Audit,
    Automation,
    Generated,
    Job,
    JobStatus,
    Placeholders,
    Queue,
    SessionPage,
    SigningLink,
    SigningLinks,
    audit_event_of,
    automation_of,
    generated_of,
    job_of,
    param,
    session_of,
    shows_marks,
    signer_of,
    snapshot_of,
    standing,
    word,
)
from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    OutcomeUnknown,
    PermanentError,
    TransientError,
    Unsupported,
)
from connectors.signing.keys import HeaderKey
from connectors.signing.model import (
    Document,
    Event,
    EventType,
    Lookup,
    Recent,
    SignatureRequest,
    Signer,
    SignerSnapshot,
    SignerStatus,
    Snapshot,
    Status,
)
from connectors.signing.over_http import OverHttp
from connectors.signing.provider import Capability, ProviderSettings, own
from connectors.signing.tolerant import dig, flag, iso_time, objects, read_object, text, whole
from connectors.signing.transport import ANSWER_BYTES


class DocsAutomatorSettings(ProviderSettings):
    """A workspace at DocsAutomator."""

    base_url: str = Field(
        default="https://api.docsautomator.co", description="Address of the provider's API, without a slash at its end."
    )
    api_key: SecretStr = Field(min_length=1, description="Key from the workspace's API settings.")
    timeout_seconds: float = Field(
        default=120.0,
        gt=0,
        description="Seconds one call may take; for sending, until the provider's queue has made the document.",
    )
    rate: float = Field(
        default=2.0, gt=0, description="Calls a second, at most; the provider allows 2000 in a quarter of an hour."
    )
    settle_seconds: float = Field(
        default=1800.0,
        ge=0,
        description="Seconds to wait after an unclear attempt before the provider's list is believed to show it; "
        "long, since the document may still be waiting in its queue.",
    )


# -- their words, ours -------------------------------------------------------------------------------------------

FILTERS = {
    Status.SENT: "pending",
    Status.IN_PROGRESS: "in_progress",
    Status.COMPLETED: "completed",
    Status.EXPIRED: "expired",
    Status.CANCELED: "cancelled",
    Status.DECLINED: "declined",
}
"""[docs] "Valid Status Values"; [openapi] lacks `expired`."""

COMPLETION = "(completed)"
"""Our name for the webhook that has none: it has no `event` and is told by what it brings [docs]."""

OTHER = "(document)"
"""Our name for other webhooks without `event`: the automation's own, about a document nobody has signed yet
([pages] "Notify Webhook"). They say `completed` as well."""

EVENTS = {
    "esign.session_created": EventType.CREATED,
    # Of each signer, the last one too; that everybody has signed is said by another webhook, with the document.
    "esign.signer_signed": EventType.SIGNED,
    "esign.session_declined": EventType.DECLINED,
    "esign.session_expired": EventType.EXPIRED,
}
"""[docs] "Webhook Events": those with a name. There is none for viewed, cancelled and reminded."""

HAPPENED_AT: Mapping[str, tuple[str, ...]] = {
    "esign.signer_signed": ("signer", "signedAt"),
    "esign.session_declined": ("declinedAt",),
    "esign.session_expired": ("expiredAt",),
    COMPLETION: ("completedAt",),
}
"""[docs] Where an event keeps its time."""

RULES = (
    Rule(
        one(401),
        AuthenticationError,
        "the workspace's connection to Google is gone; connect it again in DocsAutomator's settings",
        '[pages] "API Error Troubleshooting"',
        body=r"(?i)\bgoogle\b",
    ),
)
"""Otherwise the documented codes are those of `connectors.signing.answers`."""

OURS = frozenset({"docId", "automationId", "async", "isPreview", "skipEsign", "recId", "rowNumber", "taskId"})
"""What `extra` may not set: a request would be lost, be live, be sent unsigned, or be about another row's values."""

MARKS = frozenset({"ref", "proof"})
"""What `extra` may not set in `webhookParams`."""

LIMIT = 100
"""How many sessions a page of the list holds at most [docs]; [openapi] says 250."""

PAGES = 10
"""How many pages a look-up reads."""

FOR_THE_QUEUE = 0.9
"""How much of the account's timeout is spent on waiting for the queue; the rest is for looking at who was asked."""

CANCEL_REASON = "Its signers are not the ones that were asked for."


class DocsAutomator(OverHttp):
    """One workspace at DocsAutomator.

    A request's template is the id of an automation with the source `API`, E-Signing switched on, and signers as
    described at the top of this file. What a request cannot say, the automation has to: whether signers of different
    orders are asked one after the other ("Sequential"; the default is all at once), after how many days a session
    expires (30 by default; `expires_in_hours` is not told), message, language and answer address.
    """

    name: ClassVar[str] = "docsautomator"
    title: ClassVar[str] = "DocsAutomator"
    docs: ClassVar[str] = "https://docs.docsautomator.co/features/docsautomator-esign/docsautomator-esign-api-reference"
    sandbox_path: ClassVar[str] = "docsautomator"
    settings_class: ClassVar[type[ProviderSettings]] = DocsAutomatorSettings
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.TEMPLATES,
            Capability.ORDER,
            Capability.REMIND,
            Capability.CANCEL,
            Capability.DOWNLOAD,
            Capability.SIGN_LINKS,
            Capability.FIND,
            Capability.LIST,
            Capability.TEST_MODE,
        }
    )
    # The calls that make, change and copy automations are left out: E-Signing is switched on in the web app alone.
    calls: ClassVar[Mapping[str, str]] = {
        "POST /createDocument": "send",
        "GET /job/{jobId}": "job",
        "GET /queue/stats": "queue",
        "GET /automations": "automations",
        "GET /automation": "automation",
        "GET /listPlaceholdersV2": "placeholders",
        "GET /esign/sessions": "sessions",
        "GET /esign/sessions/{sessionId}": "get",
        "GET /esign/sessions/{sessionId}/links": "links",
        "GET /esign/sessions/{sessionId}/audit": "audit",
        "POST /esign/sessions/{sessionId}/cancel": "cancel",
        "POST /esign/sessions/{sessionId}/resend/{signerIndex}": "remind",
    }
    events: ClassVar[Mapping[str, EventType]] = {**EVENTS, COMPLETION: EventType.COMPLETED}
    rules: ClassVar[Sequence[Rule]] = RULES
    webhook_setup: ClassVar[str | None] = (
        "Open each automation at app.docsautomator.co, go to its output settings, switch on Notify Webhook and paste "
        "the address there."
    )
    leaves_out: ClassVar[frozenset[str]] = frozenset({"message", "reply_to", "locale", "order"})

    first_look: ClassVar[float] = 2.0
    """Seconds until a queued document is asked for; twice as many before each further time ([pages] "Create Document
    via API")."""
    longest_pause: ClassVar[float] = 30.0
    """Seconds between two of these questions, at most (same page)."""

    @classmethod
    def authentication(cls, settings: ProviderSettings) -> httpx.Auth:
        return HeaderKey(own(DocsAutomatorSettings, settings).api_key, word="Bearer")

    @classmethod
    def refuse_unsayable(cls, request: SignatureRequest) -> None:
        """Raise `Unsupported` if `extra` wants to set what is `OURS`, our marks or the signers' data."""
        refuse_reserved(cls.title, request.extra, OURS)
        for name, ours in (("webhookParams", MARKS), ("data", signer_data(request.signers).keys())):
            more = request.extra.get(name, {})
            if not isinstance(more, Mapping):
                raise Unsupported(f"`extra` can add to {name} for {cls.title}, not replace it.")
            refuse_reserved(cls.title, more, ours)

    # -- verbs ---------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """List the automations."""
        await self.automations()

    async def send(self, request: SignatureRequest) -> Snapshot:
        """Have the automation make the document, wait for it, and see that it asks whom it should.

        Making a document takes 5 to 30 seconds ([pages] "Introduction"), so it is put into the provider's queue and
        asked for until `timeout_seconds` are over: the one place where a connector asks more than once. Then, as for
        a session that is only queued, the outcome is unknown and a look-up by our mark settles it.

        A preview is taken to begin a session like any other run, with a watermark [guess]. A session that asks other
        people than the request names is cancelled at once and answered as failed; its `reason` says whether it worked.
        """
        self.require(_kind(request.document))
        self.refuse_unsayable(request)
        _refuse_tags(request)
        seconds = self.settings.timeout_seconds
        began = asyncio.get_running_loop().time()
        answer = await self.http.call("POST", "/createDocument", json=body_of(request))
        generated = generated_of(answer)
        job_id = text(dig(answer, "jobId"))
        if generated.session_id is None and job_id is not None:
            generated = await self._from_queue(job_id, began + seconds * FOR_THE_QUEUE)
        snapshot = self._started(generated, request)
        if not snapshot.signers:
            snapshot = await self._looked_at(snapshot, began + seconds)
        if asks_others(request.signers, snapshot.signers):
            return await self._refuse_others(snapshot, began + seconds)
        return snapshot

    async def get(self, provider_id: str) -> Snapshot:
        """Ask for a session's details. `raw` has them without `PRIVATE`."""
        answer = await self.http.call("GET", f"/esign/sessions/{in_path(self.title, provider_id)}")
        snapshot = snapshot_of(answer)
        if snapshot is None:
            raise TransientError(f"{self.title} answered without a session.")
        return snapshot

    async def sign_links(self, provider_id: str) -> tuple[SignerSnapshot, ...]:
        return tuple(link.signer for link in (await self.links(provider_id)).links)

    async def find(self, refs: Collection[str]) -> Lookup:
        """Look for our marks in the `webhookParams` of at most a thousand sessions; there is no search for them.

        The list shows them since 2026 [openapi]. One session on which no id or no `webhookParams` can be read may be
        the one we look for; so may one outside of what was read, as the list's order is not documented. So the list
        has `ids` only where every session could be read, and it was either read to its end or seen to begin with the
        newest.
        """
        shown: dict[str, Snapshot] = {}
        created: list[datetime | None] = []
        readable, ended, total = True, False, None
        for page in range(1, PAGES + 1):
            answer = await self._list(page=page, limit=LIMIT)
            for row in answer["sessions"]:
                snapshot = snapshot_of(row)
                if snapshot is None or not shows_marks(row):
                    readable = False
                    continue
                shown.setdefault(snapshot.id, snapshot)
                created.append(iso_time(row.get("createdAt")))
            pages, total = whole(dig(answer, "pagination", "pages")), whole(dig(answer, "pagination", "total"))
            ended = not answer["sessions"] or (pages is not None and page >= pages)
            if ended:
                break
        complete = readable and ended and total is not None and len(shown) >= total
        ours: dict[str, list[Snapshot]] = {}
        for snapshot in shown.values():
            if snapshot.ref is not None and snapshot.ref in refs:
                ours.setdefault(snapshot.ref, []).append(snapshot)
        return Lookup(
            found={ref: first for ref, (first, *_) in ours.items()},
            also={ref: tuple(more) for ref, (_, *more) in ours.items() if more},
            ids=frozenset(shown if complete or (readable and newest_first(created)) else ()),
            complete=complete,
        )

    async def recent(self, after: int = 0) -> Recent:
        """A page of the sessions, at most a hundred, in an order that is not documented; `after` counts pages."""
        answer = await self._list(page=after + 1, limit=LIMIT)
        pages = whole(dig(answer, "pagination", "pages"))
        ended = not answer["sessions"] or (pages is not None and after + 1 >= pages)
        shown = tuple(one for row in answer["sessions"] if (one := snapshot_of(row)) is not None)
        return Recent(requests=shown, next=None if ended else after + 1)

    async def cancel(self, provider_id: str, *, reason: str | None = None) -> None:
        """Cancel, with a `reason` for the audit trail. A completed session cannot be cancelled [docs]: that is a
        `PermanentError`."""
        path = f"/esign/sessions/{in_path(self.title, provider_id)}/cancel"
        await self.http.call("POST", path, json=given(reason=reason) or None)

    async def remind(self, provider_id: str, signer_id: str) -> None:
        """Send the invitation again; `signer_id` is the signer's number, from 1. A `PermanentError` for somebody who
        has signed already [openapi]."""
        session, signer = in_path(self.title, provider_id), in_path(self.title, signer_id)
        await self.http.call("POST", f"/esign/sessions/{session}/resend/{signer}")

    async def download(self, provider_id: str, url: str | None = None) -> bytes:
        """Fetch the signed PDF, without our key [guess]; its link does not run out ([pages] "Overview" of eSign)."""
        if url is None:
            url = (await self.get(provider_id)).document_url
        if url is None:
            raise TransientError(f"{self.title} has no signed document for this session yet.")
        return await self.fetch(url)

    # -- what only this provider has -----------------------------------------------------------------------------

    async def sessions(
        self, status: Status | None = None, *, email: str | None = None, page: int = 1, limit: int = 20
    ) -> SessionPage:
        """A page of the workspace's sessions, at most 100 to a page [docs].

        `email` is a part of a signer's address, in upper or lower case. `IN_PROGRESS` asks for the provider's own
        *in progress*: sessions somebody has begun with, of which nobody need have signed. Raises `Unsupported` for a
        status the provider has no word for.
        """
        if status is not None and status not in FILTERS:
            raise Unsupported(f"{self.title} cannot list by {status.value}.")
        answer = await self._list(**given(status=status and FILTERS[status], email=email, page=page, limit=limit))
        pagination = answer.get("pagination")
        return SessionPage(
            sessions=tuple(session for row in answer["sessions"] if (session := session_of(row)) is not None),
            rows=len(answer["sessions"]),
            page=whole(dig(pagination, "page")),
            pages=whole(dig(pagination, "pages")),
            total=whole(dig(pagination, "total")),
        )

    async def links(self, provider_id: str) -> SigningLinks:
        """The signers' links with until when they open; meant for sessions whose links we deliver ourselves."""
        answer = await self.http.call("GET", f"/esign/sessions/{in_path(self.title, provider_id)}/links")
        if not isinstance(dig(answer, "signers"), list):
            raise TransientError(f"{self.title} answered without signing links.")
        rows = objects(answer["signers"])
        return SigningLinks(
            session_id=text(answer.get("sessionId")),
            status=standing(answer.get("status"), [signer_of(row) for row in rows]),
            document_name=text(answer.get("documentName")),
            delivery=DELIVERIES.get(word(answer.get("deliveryMethod"))),
            links=tuple(SigningLink(signer=signer_of(row), expires_at=iso_time(row.get("expiresAt"))) for row in rows),
        )

    async def audit(self, provider_id: str) -> Audit:
        """What happened in a session, line by line, with the signers' IP addresses."""
        answer = await self.http.call("GET", f"/esign/sessions/{in_path(self.title, provider_id)}/audit")
        if not isinstance(dig(answer, "events"), list):
            raise TransientError(f"{self.title} answered without an audit trail.")
        return Audit(
            session_id=text(answer.get("sessionId")),
            events=tuple(audit_event_of(row) for row in objects(answer["events"])),
            reconstructed=flag(answer.get("reconstructed")),
        )

    async def job(self, job_id: str) -> Job:
        """Ask how far the queue is with a document; that it failed is an answer and no error."""
        # Read as bytes, since a failed job has `error` at its top, which elsewhere says that the call went wrong.
        path = f"/job/{in_path(self.title, job_id)}"
        body = await self.http.read_bytes(path, headers={"Accept": "application/json"}, most=ANSWER_BYTES)
        key = own(DocsAutomatorSettings, self.settings).api_key.get_secret_value().strip().encode()
        try:
            job = job_of(read_object(body.replace(key, b"***")))
        except ValueError:
            job = None
        if job is None:
            raise TransientError(f"{self.title} answered without a job.")
        return job

    async def queue(self) -> Queue:
        """How busy the workspace's queue is; at most 5 documents are made at a time and 50 wait ([pages] "API Error
        Troubleshooting")."""
        answer = await self.http.call("GET", "/queue/stats")
        return Queue(**{state: whole(dig(answer, state)) for state in Queue.model_fields})

    async def automations(self) -> tuple[Automation, ...]:
        """All automations of the workspace."""
        answer = await self.http.call("GET", "/automations")
        rows = dig(answer, "automations")
        if not isinstance(rows, list):
            raise TransientError(f"{self.title} answered without a list of automations.")
        return tuple(automation for row in rows if (automation := automation_of(row)) is not None)

    async def automation(self, automation_id: str) -> Automation:
        """One automation with its settings; those of E-Signing are not documented, so they are in `raw` if at all."""
        answer = await self.http.call("GET", "/automation", params={"docId": automation_id})
        automation = automation_of(dig(answer, "automation"))
        if automation is None:
            raise TransientError(f"{self.title} answered without an automation.")
        return automation

    async def placeholders(self, automation_id: str) -> Placeholders:
        """What an automation's template wants filled in."""
        answer = await self.http.call("GET", "/listPlaceholdersV2", params={"automationId": automation_id})
        groups = dig(answer, "placeholders")
        if not isinstance(groups, dict):
            raise TransientError(f"{self.title} answered without placeholders.")
        named = {name: tuple(filter(None, map(text, group))) for name, group in groups.items() if _is_list(group)}
        return Placeholders(main=named.pop("main", ()), line_items=named)

    # -- webhooks ------------------------------------------------------------------------------------------------

    @classmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """Let everything in: nothing is signed [docs]. Genuine is what brings back the request's `proof`."""

    @classmethod
    def parse(cls, body: bytes, *, ref: str | None = None) -> Event:
        delivery = read_object(body)
        provider_id, mark = text(delivery.get("sessionId")), param(delivery, "ref")
        signed_pdf = text(delivery.get("signedPdfUrl"))
        name = text(delivery.get("event"))
        kind = EVENTS.get(name or "", EventType.UNKNOWN)
        if name is None and provider_id is not None and signed_pdf is not None:
            name, kind = COMPLETION, EventType.COMPLETED
        if name is None and not {"sessionId", "pdfUrl"} & delivery.keys():
            raise ValueError("The delivery does not say what happened.")
        if provider_id is None and mark is None and kind is not EventType.UNKNOWN:
            raise ValueError("The delivery does not say which session it is about.")
        name = name or OTHER
        actor = dig(delivery, "declinedBy" if kind is EventType.DECLINED else "signer")
        return Event(
            type=kind,
            name=name,
            provider_id=provider_id,
            ref=mark,
            signer_id=text(dig(actor, "signerIndex")),
            signer_email=text(dig(actor, "email")),
            reason=text(delivery.get("reason")) if kind is EventType.DECLINED else None,  # REST: `declineReason`
            signers=standing_in(kind, delivery),
            proof=param(delivery, "proof"),
            document_url=signed_pdf if kind is EventType.COMPLETED else None,
            occurred_at=iso_time(dig(delivery, *HAPPENED_AT[name])) if name in HAPPENED_AT else None,
            raw=delivery,
        )

    @classmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes, *, ref: str | None = None) -> str:
        """Event, session, signer and the body's SHA-256. There is no event id; and as nothing is signed, a forged
        delivery must never pass for the genuine one that comes after it. Never raises."""
        try:
            delivery = read_object(body)
        except ValueError:
            delivery = {}
        signer = dig(delivery, "signer", "signerIndex")
        parts = (text(delivery.get("event")), text(delivery.get("sessionId")), text(signer))
        return ":".join([*((part or "")[:80] for part in parts), hashlib.sha256(body).hexdigest()])

    # -- the steps of sending ------------------------------------------------------------------------------------

    async def _from_queue(self, job_id: str, until: float) -> Generated:
        """What the queue made, once it has, before `until` on the loop's clock. A job that failed made no document;
        everything else that goes wrong leaves open what happens."""
        problem: ConnectorError = OutcomeUnknown(f"{self.title} has not made the document in time; look for it later.")
        try:
            async with asyncio.timeout_at(until):
                job = await self._finished(job_id)
        except TimeoutError:
            pass
        except ConnectorError as error:
            problem = OutcomeUnknown(
                f"{self.title} took the request, but does not say what became of it; look before trying again.",
                detail=error.detail,
                status=error.status,
            )
        else:
            if job.generated is not None:
                return job.generated
            problem = OutcomeUnknown(f"{self.title} has finished, but does not say what it made; look for it.")
            if job.status is JobStatus.FAILED:
                problem = PermanentError(f"{self.title} could not make the document.", detail=job.reason)
        raise problem

    async def _finished(self, job_id: str) -> Job:
        """Ask until the job is over. Being told to wait, or not being answered, is no reason to stop asking."""
        pause = self.first_look
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, self.longest_pause)
            try:
                job = await self.job(job_id)
            except TransientError as error:
                pause = max(pause, error.retry_after or 0.0)
                continue
            if job.status in (JobStatus.COMPLETED, JobStatus.FAILED):
                return job

    def _started(self, generated: Generated, request: SignatureRequest) -> Snapshot:
        """The session that began. Raises `OutcomeUnknown` where none is named."""
        if generated.session_id is not None:
            return Snapshot(
                id=generated.session_id,
                status=Status.SENT,
                ref=request.ref or None,
                signers=generated.signers,
                raw=generated.raw,
            )
        if generated.skipped:
            raise PermanentError(f"{self.title} made the document without having it signed.")
        if generated.queued:
            raise OutcomeUnknown(f"{self.title} has not begun the signing session yet; look for it later.")
        raise OutcomeUnknown(
            f"{self.title} took the request, but names no signing session; look before trying again, and see that "
            "E-Signing is switched on in the automation."
        )

    async def _looked_at(self, snapshot: Snapshot, until: float) -> Snapshot:
        """The session with its signers: where the provider mails the links, the first answer may not have them
        [openapi]. As it is, where they cannot be had: that it exists must not be lost."""
        try:
            async with asyncio.timeout_at(until):
                details = await self.get(snapshot.id)
        except (ConnectorError, TimeoutError):
            return snapshot
        return details.model_copy(update={"id": snapshot.id, "ref": snapshot.ref})

    async def _refuse_others(self, snapshot: Snapshot, until: float) -> Snapshot:
        """A session that asks others than the request names is cancelled at once, and known as failed by its id."""
        session_id = snapshot.id
        try:
            async with asyncio.timeout_at(until):
                await self.cancel(session_id, reason=CANCEL_REASON)
        except (ConnectorError, TimeoutError):
            end = f"could not be cancelled: cancel {session_id} there, now"
        else:
            end = "was cancelled"
        reason = (
            f"The automation asks others to sign than the request names. Its session {end}. "
            "Let the automation's signers be {{signer_1_name}}, {{signer_1_email}} and so on."
        )
        return snapshot.model_copy(update={"status": Status.FAILED, "reason": reason})

    async def _list(self, **params: str | int) -> dict[str, Any]:
        """A page of the list as it came; its `sessions` are a list."""
        answer = await self.http.call("GET", "/esign/sessions", params=params)
        if not isinstance(answer, dict) or not isinstance(answer.get("sessions"), list):
            raise TransientError(f"{self.title} answered without a list of sessions.")
        return answer


# -- what goes out -----------------------------------------------------------------------------------------------


def _refuse_tags(request: SignatureRequest) -> None:
    """Raise `Unsupported` for a value that holds a tag: whether tags in values become fields is not documented, and a
    cell must not decide who signs where."""
    values = [*request.fields.values(), *(text for one in request.signers for text in (one.name, one.company or ""))]
    if any("{{" in value for value in values):
        raise Unsupported("DocsAutomator may take {{…}} in a value for a tag of its own: take it out of the row.")


def body_of(request: SignatureRequest) -> dict[str, Any]:
    """The body of `POST /createDocument`; `extra` is merged in, objects key by key. The mark and the proof travel in
    `webhookParams`, which come back in every webhook and in the session."""
    body = given(
        docId=request.document.template,
        documentName=request.title,
        webhookParams=given(ref=request.ref, proof=request.proof),
        # Test output that is not counted ([pages] "API Error Troubleshooting"); left out where it is meant.
        isPreview=True if request.test else None,
    )
    data = {**request.fields, **signer_data(request.signers)}
    return merged({**body, "async": True, "data": data}, request.extra)


def signer_data(signers: Sequence[Signer]) -> dict[str, str]:
    """The values of the automation's placeholders for its signers, numbered from 1 in the order they sign in; of
    equals, in the order they stand in. A company that is not given is empty, so that its placeholder goes."""
    data: dict[str, str] = {}
    for number, signer in enumerate(sorted(signers, key=lambda signer: signer.order), start=1):
        values = {"name": signer.name, "email": signer.email, "company": signer.company or "", "role": signer.role}
        data |= {f"signer_{number}_{what}": value for what, value in values.items()}
    return data


def asks_others(wanted: Sequence[Signer], asked: Sequence[SignerSnapshot]) -> bool:
    """Whether a session asks others than it should, by their addresses in lower case; `False` where it names nobody.

    Somebody without a readable address is given the benefit of the doubt; a stranger is a stranger all the same.
    """
    should = Counter(signer.email.strip().casefold() for signer in wanted)
    does = Counter(signer.email.casefold() for signer in asked if signer.email is not None)
    missing = bool(asked) and does.total() == len(asked) and should - does
    return bool(does - should or missing)


# -- what comes in -----------------------------------------------------------------------------------------------


def standing_in(kind: EventType, delivery: dict[str, Any]) -> tuple[SignerSnapshot, ...]:
    """How signers stand, in the events that show it: all of them when it is created or completed, those that did not
    sign when it expires [docs]."""
    places = {EventType.CREATED: "signingLinks", EventType.COMPLETED: "signers", EventType.EXPIRED: "pendingSigners"}
    shown = [signer_of(row) for row in objects(delivery.get(places.get(kind, "")))]
    signed = {"status": SignerStatus.SIGNED} if kind is EventType.COMPLETED else {}
    return tuple(signer.model_copy(update=signed) for signer in shown)


def newest_first(created: Sequence[datetime | None]) -> bool:
    """Whether these are the times of a list that begins with the newest; all of them have to be there."""
    times = [moment for moment in created if moment is not None]
    return len(times) == len(created) and all(before >= after for before, after in pairwise(times))


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _kind(document: Document) -> Capability:
    if document.template is not None:
        return Capability.TEMPLATES
    return Capability.UPLOADS if document.pdf is not None else Capability.MARKDOWN

"""eSignatures.com: contracts out of templates or Markdown; their *contract* is our signature request.

Facts are from the provider's reference, https://esignatures.com/docs/api (named [docs] below), except where another
source is named: [mcp] and [n8n] are the provider's own published clients (github.com/esignaturescom), [seen] what
public integrations rely on, and [guess] what nobody documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr

from connectors.signing.answers import Rule, one
from connectors.signing.bodies import given, in_path, merged, refuse_reserved
from connectors.signing.errors import ConnectorError, OutcomeUnknown, PermanentError, TransientError
from connectors.signing.esignatures_markdown import refuse_fields, with_signer_fields
from connectors.signing.esignatures_parts import (
    Collaborator,
    Edit,
    FilledPlaceholder,
    NewSigner,
    Placeholder,
    SignerChange,
    Template,
    entries,
    without_none,
    yes_or_no,
)
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
from connectors.signing.proofs import require_hmac
from connectors.signing.provider import Capability, ProviderSettings, own
from connectors.signing.tolerant import dig, iso_time, objects, read_object, text


class ESignaturesSettings(ProviderSettings):
    """An account at eSignatures.com."""

    base_url: str = Field(
        default="https://esignatures.com/api", description="Address of the provider's API, without a slash at its end."
    )
    api_token: SecretStr = Field(
        min_length=1, description="Secret token from the API page of the account; it signs the webhooks as well."
    )
    published_sources: ClassVar[tuple[str, ...]] = (
        "100.26.156.173",
        "3.223.86.53",
        "34.234.34.248",
        "52.6.7.167",
        "54.80.221.23",
        "54.88.203.251",
        "98.85.113.207",
        "98.88.182.139",
    )
    """[docs] "Webhooks": "Whitelisting: The Webhook notifications are triggered from one of these IP addresses"."""


# -- their words, ours -------------------------------------------------------------------------------------------

STATUSES = {
    # Drafts are finished and sent in the provider's own pages; the word is a [guess].
    "draft": Status.DRAFT,
    "sent": Status.SENT,
    "signed": Status.COMPLETED,
    # Also after a decline, which shows in the webhook, and in the signer's `events` while the contract is recent.
    "withdrawn": Status.CANCELED,
}
"""[docs] "Contracts – Query": the last three. An expired contract most likely stays `sent` [guess]."""

SIGNER_EVENTS = {
    "email_contract_sent": SignerStatus.INVITED,
    "sms_contract_sent": SignerStatus.INVITED,
    "email_delivery_failed": SignerStatus.BOUNCED,
    "sms_delivery_failed": SignerStatus.BOUNCED,
    "contract_viewed": SignerStatus.VIEWED,
    "sign_contract": SignerStatus.SIGNED,
    "signature_declined": SignerStatus.DECLINED,
}
"""What a signer's `events` say, each with a `timestamp`, the oldest first [seen]; only recent contracts have them
[mcp], so nothing rests on their being there."""

FURTHER = (
    {SignerStatus.INVITED, SignerStatus.BOUNCED},
    {SignerStatus.VIEWED},
    {SignerStatus.SIGNED, SignerStatus.DECLINED},
)
"""How far a signer has come, from the least: a mail that bounces later on takes nothing of that back."""

EVENTS = {
    "contract-sent-to-signer": EventType.INVITED,
    "contract-reminder-sent-to-signer": EventType.REMINDED,
    "signer-viewed-the-contract": EventType.VIEWED,
    "signer-signed": EventType.SIGNED,
    "contract-signed": EventType.COMPLETED,
    "signer-declined": EventType.DECLINED,
    # Comes after `signer-declined` as well; the ledger lets declined beat canceled.
    "contract-withdrawn": EventType.CANCELED,
    "signer-mobile-update-request": EventType.CONTACT_CHANGE_ASKED,
    "sms-incoming": EventType.MESSAGE_RECEIVED,
    # Of an unsigned paper, in a shape the reference does not show: its link is never taken for the signed document.
    "contract-pdf-generated": EventType.PREVIEW_READY,
    # Where its code is one of those below; a new code is unknown.
    "error": EventType.BOUNCED,
}
"""[docs] "Webhooks": the body's `status` is the event's name, not the contract's state."""

DELIVERY_ERRORS = {
    "email-delivery-failed": EventType.BOUNCED,
    "sms-delivery-failed": EventType.BOUNCED,
}
"""[docs] "Webhook error notifications": `error_code`. They name the contract and no signer."""

REASONS: dict[str, tuple[str, ...]] = {
    "signer-declined": ("reason_for_decline",),
    "signer-mobile-update-request": ("mobile_new",),
    "sms-incoming": ("sms", "sms_text"),
    "error": ("error_message",),
}
"""Where, below `data`, an event keeps a person's or the provider's sentence."""

RULES = (
    Rule(
        one(403),
        TransientError,
        "it blocks reading for a while after too much of it; wait",
        '[docs] "frequent polling can lead to blocked requests"; the status is a [guess]',
        call="read",
        path="/contracts",
        wait=900.0,
    ),
)
"""The reference documents no error: the general lines of `connectors.signing.answers` say the rest."""

OURS = frozenset({"template_id", "markdown", "metadata", "custom_webhook_url", "test"})
"""What `extra` may not set, because a request would be lost, doubled or paid for."""

RECENT = 100
"""How many contracts `GET /contracts/recent` holds at most [mcp]."""

SIGNATURE = "x-signature-sha256"


class ESignatures(OverHttp):
    """One account at eSignatures.com."""

    name: ClassVar[str] = "esignatures"
    title: ClassVar[str] = "eSignatures"
    docs: ClassVar[str] = "https://esignatures.com/docs/api"
    sandbox_path: ClassVar[str] = "esignatures/api"
    events: ClassVar[Mapping[str, EventType]] = EVENTS
    rules: ClassVar[Sequence[Rule]] = RULES
    calls: ClassVar[Mapping[str, str]] = {
        "POST /contracts": "send",
        "GET /contracts/{id}": "get",  # `sign_links` and `download` ask the same
        "GET /contracts/recent": "find",  # [mcp]
        "POST /contracts/{id}/withdraw": "cancel",
        "POST /contracts/{id}/delete": "delete",  # [mcp]
        "POST /contracts/{id}/generate_pdf_preview": "preview",
        "GET /contracts/{id}/content": "content",
        "POST /contracts/{id}/content": "edit",
        "GET /contracts/{id}/placeholder_fields": "placeholders",
        "POST /contracts/{id}/placeholder_fields": "fill",
        "POST /contracts/{id}/signers": "add_signer",
        "POST /contracts/{id}/signers/{signer}": "change_signer",
        "POST /contracts/{id}/signers/{signer}/send_contract": "remind",
        "POST /contracts/{id}/signers/{signer}/delete": "remove_signer",
        "GET /templates": "templates",  # `check` asks the same
        "POST /templates": "create_template",
        "GET /templates/{id}": "template",
        "POST /templates/{id}": "change_template",
        "POST /templates/{id}/copy": "copy_template",
        "POST /templates/{id}/delete": "delete_template",
        "GET /templates/{id}/content": "template_content",
        "POST /templates/{id}/content": "edit_template",
        "GET /templates/{id}/collaborators": "collaborators",
        "POST /templates/{id}/collaborators": "add_collaborator",
        "POST /templates/{id}/collaborators/{collaborator}/remove": "remove_collaborator",
    }
    settings_class: ClassVar[type[ProviderSettings]] = ESignaturesSettings
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.MARKDOWN,
            Capability.TEMPLATES,
            Capability.ORDER,
            Capability.REMIND,
            Capability.CANCEL,
            Capability.CORRECT_SIGNER,
            Capability.EXPIRY,
            Capability.DOWNLOAD,
            Capability.SIGN_LINKS,
            Capability.FIND,
            Capability.LIST,
            Capability.SIGNED_WEBHOOKS,
            Capability.WEBHOOK_PER_REQUEST,
            Capability.TEST_MODE,
        }
    )

    @classmethod
    def authentication(cls, settings: ProviderSettings) -> httpx.Auth:
        # The token also works as `?token=`; there it would end up in logs.
        return httpx.BasicAuth(own(ESignaturesSettings, settings).api_token.get_secret_value().strip(), "")

    @classmethod
    def refuse_unsayable(cls, request: SignatureRequest) -> None:
        """A signer's field there is no word for, and an `extra` that wants to say what the request says."""
        refuse_reserved("eSignatures", request.extra, OURS)
        if request.document.markdown is not None:
            refuse_fields(request.document.markdown, request.signers)

    # -- verbs ---------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """List the templates, as the provider's own n8n node does to test credentials."""
        await self.http.call("GET", "/templates")

    async def send(self, request: SignatureRequest) -> Snapshot:
        self.require(*_needs(request.document))
        answer = await self.http.call("POST", "/contracts", json=body_of(request))
        snapshot = snapshot_of(dig(answer, "data", "contract"))
        if snapshot is None:
            raise OutcomeUnknown(f"{self.title} took the request, but its answer names no contract.")
        return snapshot

    async def get(self, provider_id: str) -> Snapshot:
        answer = await self.http.call("GET", self._path("contracts", provider_id))
        snapshot = snapshot_of(dig(answer, "data", "contract"))
        if snapshot is None:
            raise TransientError(f"{self.title} answered without a contract.")
        return snapshot

    async def sign_links(self, provider_id: str) -> tuple[SignerSnapshot, ...]:
        """Ask for the contract. A link works until the contract expires [docs]; with `embedded=yes` it fits a frame."""
        return tuple(signer for signer in (await self.get(provider_id)).signers if signer.sign_url)

    async def find(self, refs: Collection[str]) -> Lookup:
        """Look through the newest hundred contracts; there is no search.

        The answer's shape is not documented [mcp]. One contract on which no id or no `metadata` can be read may be the
        one we look for: then the list proves nobody's absence, so it has no `ids` and does not count as complete.
        """
        shown = await self._recent()
        readable = [snapshot for snapshot in shown if snapshot is not None and "metadata" in snapshot.raw]
        ours: dict[str, list[Snapshot]] = {}
        for snapshot in readable:
            if snapshot.ref is not None and snapshot.ref in refs:
                ours.setdefault(snapshot.ref, []).append(snapshot)
        whole = len(readable) == len(shown)
        return Lookup(
            found={ref: newest for ref, (newest, *_) in ours.items()},
            also={ref: tuple(more) for ref, (_, *more) in ours.items() if more},
            ids=frozenset(snapshot.id for snapshot in readable if whole),
            complete=whole and len(shown) < RECENT,
        )

    async def recent(self, after: int = 0) -> Recent:
        """The newest hundred contracts; there is no second page. "Frequent polling can lead to blocked requests"
        [docs]; once a day is one call."""
        return Recent(requests=tuple(snapshot for snapshot in await self._recent() if snapshot is not None))

    async def _recent(self) -> list[Snapshot | None]:
        answer = await self.http.call("GET", "/contracts/recent")
        listed = dig(answer, "data")
        if not isinstance(listed, list):
            raise TransientError(f"{self.title} answered without a list of contracts.")
        return [snapshot_of(dig(entry, "contract") or entry) for entry in listed]

    async def cancel(self, provider_id: str) -> None:
        """Withdraw. A signed contract cannot be withdrawn [docs]; that is a `PermanentError`."""
        await self.http.call("POST", self._path("contracts", provider_id, "withdraw"))

    async def remind(self, provider_id: str, signer_id: str) -> None:
        await self.http.call("POST", self._path("contracts", provider_id, "signers", signer_id, "send_contract"))

    async def correct_signer(
        self,
        provider_id: str,
        signer_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        mobile: str | None = None,
    ) -> None:
        await self.change_signer(provider_id, signer_id, SignerChange(name=name, email=email, mobile=mobile))

    async def download(self, provider_id: str, url: str | None = None) -> bytes:
        """Fetch the signed PDF. Links run out after three days [docs]: then a fresh one is asked for, once."""
        if url is not None:
            try:
                return await self.fetch(url)
            except PermanentError as error:
                if error.status is None:  # not the link's age, but where it leads or what it brings
                    raise
        snapshot = await self.get(provider_id)
        if snapshot.document_url is None:
            raise TransientError(f"{self.title} has no signed document for this contract yet.")
        return await self.fetch(snapshot.document_url)

    # -- a contract ----------------------------------------------------------------------------------------------

    async def delete(self, provider_id: str) -> None:
        """Remove a contract for good; only a draft or a test contract can be [mcp]. What it answers is not known."""
        await self.http.call("POST", self._path("contracts", provider_id, "delete"), wordless=True)

    async def preview(self, provider_id: str) -> None:
        """Have a PDF made of a contract nobody has signed yet. The event `PREVIEW_READY` brings its address, in `raw`
        alone, so that nothing takes it for the signed document."""
        await self.http.call("POST", self._path("contracts", provider_id, "generate_pdf_preview"))

    async def content(self, provider_id: str) -> str:
        """The contract's text, in Markdown with the provider's signer fields."""
        return self._markdown(await self.http.call("GET", self._path("contracts", provider_id, "content")))

    async def edit(self, provider_id: str, edits: Sequence[Edit], *, dry_run: bool = False) -> str | None:
        """Change the contract's text. A dry run changes nothing, and returns the text as it would be [mcp]."""
        path = self._path("contracts", provider_id, "content")
        body = {"edits": [edit.as_sent() for edit in edits], **({"dry_run": "yes"} if dry_run else {})}
        answer = await self.http.call("POST", path, json=body, repeatable=dry_run)
        return self._markdown(answer) if dry_run else None

    async def placeholders(self, provider_id: str) -> tuple[FilledPlaceholder, ...]:
        """What the contract's placeholders are filled with."""
        answer = await self.http.call("GET", self._path("contracts", provider_id, "placeholder_fields"))
        return tuple(filled for entry in self._listed(answer) if (filled := FilledPlaceholder.read(entry)) is not None)

    async def fill(self, provider_id: str, placeholders: Sequence[Placeholder]) -> None:
        """Fill placeholders of a contract nobody has signed anew; those not named stay as they are."""
        body = {"placeholder_fields": [one.as_sent() for one in placeholders]}
        await self.http.call("POST", self._path("contracts", provider_id, "placeholder_fields"), json=body)

    async def add_signer(self, provider_id: str, signer: NewSigner) -> None:
        """Add a signer. That sends nothing: `remind` asks them to sign, by the id that `get` shows then."""
        await self.http.call("POST", self._path("contracts", provider_id, "signers"), json=signer.as_sent())

    async def change_signer(self, provider_id: str, signer_id: str, change: SignerChange) -> None:
        """Correct a signer's data. That sends nothing: `remind` asks them again."""
        path = self._path("contracts", provider_id, "signers", signer_id)
        await self.http.call("POST", path, json=change.as_sent())

    async def remove_signer(self, provider_id: str, signer_id: str) -> None:
        """Take a signer out of a contract."""
        await self.http.call("POST", self._path("contracts", provider_id, "signers", signer_id, "delete"))

    # -- templates -----------------------------------------------------------------------------------------------

    async def templates(self) -> tuple[Template, ...]:
        """The account's templates, with id and title."""
        answer = await self.http.call("GET", "/templates")
        return tuple(template for entry in self._listed(answer) if (template := Template.read(entry)) is not None)

    async def template(self, template_id: str) -> Template:
        """One template, with what can be filled in."""
        template = Template.read(dig(await self.http.call("GET", self._path("templates", template_id)), "data"))
        if template is None:
            raise TransientError(f"{self.title} answered without a template.")
        return template

    async def create_template(self, title: str, markdown: str, labels: Sequence[str] = ()) -> str:
        """Keep a new template, its text in the provider's own Markdown; returns its id."""
        body = given(title=title, labels=list(labels))
        return self._new_template(await self.http.call("POST", "/templates", json={**body, "markdown": markdown}))

    async def change_template(
        self, template_id: str, *, title: str | None = None, labels: Sequence[str] | None = None
    ) -> None:
        """Change a template's title or labels; what is `None` stays as it is."""
        body = without_none(title=title, labels=None if labels is None else list(labels))
        await self.http.call("POST", self._path("templates", template_id), json=body)

    async def copy_template(
        self, template_id: str, title: str, placeholders: Sequence[Placeholder] = (), *, into: SecretStr | None = None
    ) -> str:
        """Keep a copy with some placeholders filled in for good; returns its id. `into` is the secret token of another
        account that is to get it. A write: may raise `OutcomeUnknown`."""
        body = given(
            title=title,
            placeholder_fields=[one.as_sent() for one in placeholders],
            target_secret_token=None if into is None else into.get_secret_value(),
        )
        try:
            return self._new_template(
                await self.http.call("POST", self._path("templates", template_id, "copy"), json=body)
            )
        except ConnectorError as error:
            if into is not None:
                error.detail = None  # it may quote the other account's token, which nothing else knows to take out
            raise

    async def delete_template(self, template_id: str) -> None:
        """Remove a template for good."""
        await self.http.call("POST", self._path("templates", template_id, "delete"))

    async def template_content(self, template_id: str) -> str:
        """A template's text, in Markdown with the provider's signer fields."""
        return self._markdown(await self.http.call("GET", self._path("templates", template_id, "content")))

    async def edit_template(self, template_id: str, edits: Sequence[Edit]) -> None:
        """Change a template's text."""
        body = {"edits": [edit.as_sent() for edit in edits]}
        await self.http.call("POST", self._path("templates", template_id, "content"), json=body)

    async def collaborators(self, template_id: str) -> tuple[Collaborator, ...]:
        """Who else may edit a template."""
        answer = await self.http.call("GET", self._path("templates", template_id, "collaborators"))
        return tuple(one for entry in self._listed(answer) if (one := Collaborator.read(entry)) is not None)

    async def add_collaborator(
        self, template_id: str, *, name: str | None = None, email: str | None = None
    ) -> Collaborator:
        """Let somebody edit a template; they are invited by mail if `email` is given, and the link works anyway."""
        path = self._path("templates", template_id, "collaborators")
        answer = await self.http.call("POST", path, json=given(name=name, email=email))
        added = next((one for entry in entries(answer) if (one := Collaborator.read(entry)) is not None), None)
        if added is None:
            raise OutcomeUnknown(f"{self.title} took the collaborator, but its answer names none.")
        return added

    async def remove_collaborator(self, template_id: str, collaborator_id: str) -> None:
        """Take the permission to edit a template back."""
        await self.http.call("POST", self._path("templates", template_id, "collaborators", collaborator_id, "remove"))

    # -- answers -------------------------------------------------------------------------------------------------

    def _path(self, *parts: str) -> str:
        return "".join(f"/{in_path(self.title, part)}" for part in parts)

    def _markdown(self, answer: Any) -> str:
        markdown = dig(answer, "data", "markdown")
        if not isinstance(markdown, str):
            raise TransientError(f"{self.title} answered without a text.")
        return markdown

    def _listed(self, answer: Any) -> list[dict[str, Any]]:
        if not isinstance(dig(answer, "data"), list):
            raise TransientError(f"{self.title} answered without a list.")
        return entries(answer)

    def _new_template(self, answer: Any) -> str:
        made = next((one for entry in entries(answer) if (one := Template.read(entry)) is not None), None)
        if made is None:
            raise OutcomeUnknown(f"{self.title} took the template, but its answer names none.")
        return made.id

    # -- webhooks ------------------------------------------------------------------------------------------------

    @classmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """HMAC-SHA256 of the raw body with the account's token [docs], in hexadecimal [seen]."""
        ours = own(ESignaturesSettings, settings)
        require_hmac(cls.title, (ours.api_token, *ours.webhook_secrets), body, headers.get(SIGNATURE))

    @classmethod
    def parse(cls, body: bytes, *, ref: str | None = None) -> Event:
        delivery = read_object(body)
        name = text(delivery.get("status"))
        if name is None:
            raise ValueError("The delivery does not say in `status` what happened.")
        data = delivery.get("data")
        code = text(dig(data, "error_code")) or ""
        kind = DELIVERY_ERRORS.get(code, EventType.UNKNOWN) if name == "error" else EVENTS.get(name, EventType.UNKNOWN)
        provider_id = _contract_id(data)
        if provider_id is None and kind is not EventType.UNKNOWN:
            raise ValueError("The delivery does not say which contract it is about.")
        return Event(
            type=kind,
            name=name,
            provider_id=provider_id,
            ref=text(dig(data, "contract", "metadata")) or text(dig(data, "metadata")),
            signer_id=text(dig(data, "signer", "id")),
            signer_email=text(dig(data, "signer", "email")),
            reason=text(dig(data, *REASONS[name])) or code or None if name in REASONS else None,
            signers=_standing(dig(data, "contract"), signed=kind is EventType.COMPLETED),
            document_url=text(dig(data, "contract", "contract_pdf_url")) if kind is EventType.COMPLETED else None,
            occurred_at=_moment(kind, data),
            raw=delivery,
        )

    @classmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes, *, ref: str | None = None) -> str:
        """Event, contract, signer and the body's SHA-256: there is no event id and no time, and repeats are identical.

        Never raises: what cannot be parsed is told apart by its bytes.
        """
        try:
            delivery = read_object(body)
        except ValueError:
            delivery = {}
        data = delivery.get("data")
        parts = (text(delivery.get("status")), _contract_id(data), text(dig(data, "signer", "id")))
        return ":".join([*((part or "")[:80] for part in parts), hashlib.sha256(body).hexdigest()])


# -- translation -------------------------------------------------------------------------------------------------


def body_of(request: SignatureRequest) -> dict[str, Any]:
    """The body of `POST /contracts`: flags are "yes" and "no", numbers are strings, what is not given is left out.

    `extra` is merged in, objects key by key; its `signers` add to ours one by one, in the order they stand in. Raises
    `Unsupported` if it wants to set what is in `OURS`, or for a field that cannot be said in Markdown.
    """
    refuse_reserved("eSignatures", request.extra, OURS)
    markdown = request.document.markdown
    emails = given(signature_request_text=request.message, reply_to=request.reply_to)
    body = given(
        template_id=request.document.template,
        # Not in the reference; the provider's own client sends it [mcp].
        markdown=None if markdown is None else with_signer_fields(markdown, request.signers),
        title=request.title,
        metadata=request.ref,
        locale=request.locale,
        expires_in_hours=None if request.expires_in_hours is None else str(request.expires_in_hours),
        custom_webhook_url=request.webhook_url,
        test=yes_or_no(request.test),
        placeholder_fields=[
            {"placeholder_key": key, "replace_with_text": value} for key, value in request.fields.items()
        ],
        emails=emails,
    )
    extra = dict(request.extra)
    more = iter(objects(extra.pop("signers", None)))
    asked = [(signer.order, merged(_signer(signer), next(more, {}))) for signer in request.signers]
    # As they sign, so that the "first signer" of a field is the same person whichever way the provider counts [guess].
    return {**merged(body, extra), "signers": [signer for _, signer in sorted(asked, key=lambda turn: turn[0])]}


def _signer(signer: Signer) -> dict[str, Any]:
    return given(
        name=signer.name,
        email=signer.email,
        mobile=signer.mobile,
        company_name=signer.company,
        # Left out, it does not mean "in parallel" [mcp].
        signing_order=str(signer.order),
    )


def snapshot_of(contract: Any) -> Snapshot | None:
    """A contract as the provider shows it; `None` if it is not even that. Unknown states stay `UNKNOWN`."""
    provider_id = text(dig(contract, "id"))
    if provider_id is None:
        return None
    status = STATUSES.get((text(contract.get("status")) or "").lower(), Status.UNKNOWN)
    signers = _signers(contract, signed=status is Status.COMPLETED)
    if status is Status.CANCELED and any(signer.status is SignerStatus.DECLINED for signer in signers):
        status = Status.DECLINED
    return Snapshot(
        id=provider_id,
        status=status,
        ref=text(contract.get("metadata")),
        signers=signers,
        document_url=text(contract.get("contract_pdf_url")) if status is Status.COMPLETED else None,
        completed_at=iso_time(contract.get("finalized_at")) if status is Status.COMPLETED else None,  # [seen]
        raw=contract,
    )


def _signers(contract: Any, *, signed: bool) -> tuple[SignerSnapshot, ...]:
    """A contract's signers; all of them have signed where the contract says so."""
    return tuple(_signer_snapshot(signer, signed=signed) for signer in objects(dig(contract, "signers")))


def _standing(contract: Any, *, signed: bool) -> tuple[SignerSnapshot, ...]:
    """The signers a delivery shows, if it says of any how they stand."""
    signers = _signers(contract, signed=signed)
    return signers if any(signer.status for signer in signers) else ()


def _signer_snapshot(signer: dict[str, Any], *, signed: bool = False) -> SignerSnapshot:
    status = None
    times: dict[SignerStatus, datetime | None] = {}
    for event in objects(signer.get("events")):
        said = SIGNER_EVENTS.get(text(event.get("event")) or "")
        if said is not None:
            status = said if status is None or _rank(said) >= _rank(status) else status
            times.setdefault(said, iso_time(event.get("timestamp")))
    return SignerSnapshot(
        id=text(signer.get("id")),
        email=text(signer.get("email")),
        name=text(signer.get("name")),
        sign_url=text(signer.get("sign_page_url")),
        status=SignerStatus.SIGNED if signed else status,
        invited_at=times.get(SignerStatus.INVITED),
        viewed_at=times.get(SignerStatus.VIEWED),
        signed_at=times.get(SignerStatus.SIGNED),
        declined_at=times.get(SignerStatus.DECLINED),
    )


def _rank(status: SignerStatus) -> int:
    return next(place for place, level in enumerate(FURTHER) if status in level)


def _moment(kind: EventType, data: Any) -> datetime | None:
    """When what happens once has happened, where the signer's `events` or the contract say so [seen]."""
    signer = dig(data, "signer")
    person = _signer_snapshot(signer) if isinstance(signer, dict) else SignerSnapshot()
    return {
        EventType.VIEWED: person.viewed_at,
        EventType.SIGNED: person.signed_at,
        EventType.DECLINED: person.declined_at,
        EventType.COMPLETED: iso_time(dig(data, "contract", "finalized_at")),
    }.get(kind)


def _needs(document: Document) -> tuple[Capability, ...]:
    kinds = {
        Capability.MARKDOWN: document.markdown,
        Capability.TEMPLATES: document.template,
        Capability.UPLOADS: document.pdf,
    }
    return tuple(capability for capability, given_as in kinds.items() if given_as is not None)


def _contract_id(data: Any) -> str | None:
    """A contract's id; events of delivery errors have it on their top level."""
    return text(dig(data, "contract", "id")) or text(dig(data, "contract_id"))

"""eSignatures.com: contracts out of templates or Markdown; their *contract* is our signature request.

Facts are from the provider's reference, https://esignatures.com/docs/api (named [docs] below), except where another
source is named: [mcp] and [n8n] are the provider's own published clients (github.com/esignaturescom), [seen] what
public integrations rely on, and [guess] what nobody documents.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import quote

import httpx
from pydantic import Field, SecretStr

from connectors.signing.answers import Rule, one
from connectors.signing.download import fetch_pdf
from connectors.signing.errors import InvalidWebhook, OutcomeUnknown, PermanentError, TransientError, Unsupported
from connectors.signing.model import (
    Event,
    EventType,
    Lookup,
    SignatureRequest,
    Signer,
    SignerSnapshot,
    Snapshot,
    Status,
)
from connectors.signing.provider import Capability, Provider, ProviderSettings
from connectors.signing.tolerant import dig, objects, read_object, text
from connectors.signing.transport import Http


class ESignaturesSettings(ProviderSettings):
    """An account at eSignatures.com."""

    base_url: str = Field(
        default="https://esignatures.com/api", description="Address of the provider's API, without a slash at its end."
    )
    api_token: SecretStr = Field(
        min_length=1, description="Secret token from the API page of the account; it signs the webhooks as well."
    )


# -- their words, ours -------------------------------------------------------------------------------------------

STATUSES = {
    "sent": Status.SENT,
    "signed": Status.COMPLETED,
    # Also after a decline: only the webhook tells the two apart.
    "withdrawn": Status.CANCELED,
}
"""[docs] "Contracts – Query": these three. An expired contract most likely stays `sent` [guess]."""

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
}
"""[docs] "Webhooks": the body's `status` is the event's name, not the contract's state. `error` is below."""

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


class ESignatures(Provider):
    """One account at eSignatures.com."""

    name: ClassVar[str] = "esignatures"
    title: ClassVar[str] = "eSignatures"
    settings_class: ClassVar[type[ProviderSettings]] = ESignaturesSettings
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.MARKDOWN,
            Capability.TEMPLATES,
            Capability.ORDER,
            Capability.REMIND,
            Capability.CANCEL,
            Capability.EXPIRY,
            Capability.DOWNLOAD,
            Capability.FIND,
            Capability.SIGNED_WEBHOOKS,
            Capability.WEBHOOK_PER_REQUEST,
            Capability.TEST_MODE,
        }
    )

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self._http = Http(
            self.title,
            settings.base_url,
            # The token also works as `?token=`; there it would end up in logs.
            auth=httpx.BasicAuth(_own(settings).api_token.get_secret_value(), ""),
            secrets=[_own(settings).api_token],
            rules=RULES,
            timeout_seconds=settings.timeout_seconds,
            concurrency=settings.concurrency,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._http.__aexit__(*exc_info)

    # -- verbs ---------------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """List the templates, as the provider's own n8n node does to test credentials."""
        await self._http.call("GET", "/templates")

    async def send(self, request: SignatureRequest) -> Snapshot:
        answer = await self._http.call("POST", "/contracts", json=body_of(request))
        snapshot = snapshot_of(dig(answer, "data", "contract"))
        if snapshot is None:
            raise OutcomeUnknown(f"{self.title} took the request, but its answer names no contract.")
        return snapshot

    async def get(self, provider_id: str) -> Snapshot:
        answer = await self._http.call("GET", f"/contracts/{_in_path(provider_id)}")
        snapshot = snapshot_of(dig(answer, "data", "contract"))
        if snapshot is None:
            raise TransientError(f"{self.title} answered without a contract.")
        return snapshot

    async def find(self, refs: Collection[str]) -> Lookup:
        """Look through the newest hundred contracts; there is no search.

        The answer's shape is not documented [mcp]. One contract on which no id or no `metadata` can be read may be the
        one we look for: then the list proves nobody's absence, so it has no `ids` and does not count as complete.
        """
        answer = await self._http.call("GET", "/contracts/recent")
        listed = dig(answer, "data")
        if not isinstance(listed, list):
            raise TransientError(f"{self.title} answered without a list of contracts.")
        shown = [snapshot_of(dig(entry, "contract") or entry) for entry in listed]
        readable = [snapshot for snapshot in shown if snapshot is not None and "metadata" in snapshot.raw]
        ours: dict[str, list[Snapshot]] = {}
        for snapshot in readable:
            if snapshot.ref is not None and snapshot.ref in refs:
                ours.setdefault(snapshot.ref, []).append(snapshot)
        whole = len(readable) == len(listed)
        return Lookup(
            found={ref: newest for ref, (newest, *_) in ours.items()},
            also={ref: tuple(more) for ref, (_, *more) in ours.items() if more},
            ids=frozenset(snapshot.id for snapshot in readable if whole),
            complete=whole and len(listed) < RECENT,
        )

    async def cancel(self, provider_id: str) -> None:
        """Withdraw. A signed contract cannot be withdrawn [docs]; that is a `PermanentError`."""
        await self._http.call("POST", f"/contracts/{_in_path(provider_id)}/withdraw")

    async def remind(self, provider_id: str, signer_id: str) -> None:
        await self._http.call("POST", f"/contracts/{_in_path(provider_id)}/signers/{_in_path(signer_id)}/send_contract")

    async def download(self, provider_id: str, url: str | None = None) -> bytes:
        """Fetch the signed PDF. Links run out after three days [docs]: then a fresh one is asked for, once."""
        if url is not None:
            try:
                return await self._fetch(url)
            except PermanentError as error:
                if error.status is None:  # not the link's age, but where it leads or what it brings
                    raise
        snapshot = await self.get(provider_id)
        if snapshot.document_url is None:
            raise TransientError(f"{self.title} has no signed document for this contract yet.")
        return await self._fetch(snapshot.document_url)

    async def _fetch(self, url: str) -> bytes:
        return await fetch_pdf(
            url,
            allow_private=self.settings.allow_private_downloads,
            timeout_seconds=self.settings.timeout_seconds,
        )

    # -- webhooks ------------------------------------------------------------------------------------------------

    @classmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """HMAC-SHA256 of the raw body with the account's token [docs], in hexadecimal [seen]."""
        own = _own(settings)
        given = headers.get(SIGNATURE, "").strip().lower().encode("utf-8", "surrogateescape")
        secrets = [secret.get_secret_value().encode() for secret in (own.api_token, *own.webhook_secrets)]
        expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets if secret]
        genuine = [hmac.compare_digest(given, signature) for signature in expected]  # all of them, whichever fits
        if not expected:
            raise InvalidWebhook(f"No secret is configured for {cls.title}, so no webhook is genuine.")
        if not given:
            raise InvalidWebhook(f"A webhook for {cls.title} came without its signature.")
        if not any(genuine):
            raise InvalidWebhook(f"The signature of a webhook for {cls.title} does not fit its body.")

    @classmethod
    def parse(cls, body: bytes) -> Event:
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
            document_url=text(dig(data, "contract", "contract_pdf_url")) if kind is EventType.COMPLETED else None,
            raw=delivery,
        )

    @classmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes) -> str:
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
    `Unsupported` if it wants to set what is in `OURS`.
    """
    refused = sorted(OURS & request.extra.keys())
    if refused:
        raise Unsupported(f"`extra` cannot set {', '.join(refused)} for eSignatures; the request itself says that.")
    emails = _given(signature_request_text=request.message, reply_to=request.reply_to)
    body = _given(
        template_id=request.document.template,
        # Not in the reference; the provider's own client sends it [mcp].
        markdown=request.document.markdown,
        title=request.title,
        metadata=request.ref,
        locale=request.locale,
        expires_in_hours=None if request.expires_in_hours is None else str(request.expires_in_hours),
        custom_webhook_url=request.webhook_url,
        test="yes" if request.test else "no",
        placeholder_fields=[
            {"placeholder_key": key, "replace_with_text": value} for key, value in request.fields.items()
        ],
        emails=emails,
    )
    extra = dict(request.extra)
    more = iter(objects(extra.pop("signers", None)))
    return {**merged(body, extra), "signers": [merged(_signer(signer), next(more, {})) for signer in request.signers]}


def _signer(signer: Signer) -> dict[str, Any]:
    return _given(
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
    return Snapshot(
        id=provider_id,
        status=status,
        ref=text(contract.get("metadata")),
        signers=tuple(
            SignerSnapshot(
                id=text(signer.get("id")),
                email=text(signer.get("email")),
                name=text(signer.get("name")),
                sign_url=text(signer.get("sign_page_url")),
            )
            for signer in objects(contract.get("signers"))
        ),
        document_url=text(contract.get("contract_pdf_url")) if status is Status.COMPLETED else None,
        raw=contract,
    )


def merged(ours: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`extra` over `ours`; objects on both sides are merged the same way."""
    result = dict(ours)
    for key, value in extra.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def _contract_id(data: Any) -> str | None:
    """A contract's id; events of delivery errors have it on their top level."""
    return text(dig(data, "contract", "id")) or text(dig(data, "contract_id"))


def _in_path(provider_id: str) -> str:
    """An id, safe to stand in a path; ids come from outside. Raises `PermanentError` for what cannot be one."""
    if provider_id.strip() in ("", ".", ".."):
        raise PermanentError("eSignatures has no contract or signer of this id.")
    return quote(provider_id, safe="")


def _own(settings: ProviderSettings) -> ESignaturesSettings:
    if not isinstance(settings, ESignaturesSettings):
        raise TypeError("eSignatures needs the settings of an account at eSignatures.")
    return settings

"""The contract every provider keeps, the capabilities it may declare, and the settings all accounts share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.signing.answers import Rule
from connectors.signing.errors import Unsupported
from connectors.signing.model import (
    Event,
    EventType,
    FieldKind,
    Lookup,
    PlacedField,
    Recent,
    SignatureRequest,
    Signer,
    SignerSnapshot,
    Snapshot,
)
from connectors.signing.sources import allowed, checked


class Capability(StrEnum):
    """What a provider can be asked to do; each value's sentence is printed into the documentation."""

    MARKDOWN = "markdown", "takes the document as Markdown text"
    UPLOADS = "uploads", "takes the document as a PDF"
    TEMPLATES = "templates", "sends from a template kept at the provider"
    COORDINATES = "coordinates", "takes fields by their place on the page"
    TEXT_TAGS = "text_tags", "turns tags in the document's text into fields"
    ORDER = "order", "invites signers one after the other"
    REMIND = "remind", "can be told to remind a signer"
    CANCEL = "cancel", "can withdraw a request nobody has completed"
    CORRECT_SIGNER = "correct_signer", "can correct a signer's name, address or number in a request that is out"
    EXPIRY = "expiry", "closes a request by itself at a given time"
    DOWNLOAD = "download", "hands out the signed PDF"
    SIGN_LINKS = "sign_links", "hands out each signer's link on demand"
    FIND = "find", "can be searched for our mark"
    LIST = "list", "lists the account's requests with how each stands"
    SIGNED_WEBHOOKS = "signed_webhooks", "proves that a webhook is its own"
    WEBHOOK_PER_REQUEST = "webhook_per_request", "takes the webhook address with each request"
    TEST_MODE = "test_mode", "sends requests that cost nothing and bind nobody"

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class ProviderSettings(BaseModel):
    """An account at a provider, as every provider needs it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    base_url: str = Field(description="Address of the provider's API, without a slash at its end.")
    mode: Literal["test", "live"] = Field(
        default="test", description="Whether requests of this account bind people ('live') or only try things out."
    )
    concurrency: int = Field(default=20, ge=1, le=200, description="Calls in flight at the same time.")
    rate: float = Field(default=20.0, gt=0, description="Calls a second, at most.")
    quota: int | None = Field(
        default=None, ge=1, description="How many requests one sending may hold, if the provider's plan says so."
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, description="Seconds one call may take, from first byte to last."
    )
    settle_seconds: float = Field(
        default=600.0,
        ge=0,
        description="Seconds to wait after an unclear attempt before the provider's list is believed to show it.",
    )
    reconcile: bool = Field(
        default=True,
        description="Whether lost webhooks are looked for once a day in the provider's list of requests, if any.",
    )
    allow_private_downloads: bool = Field(
        default=False,
        description="Whether signed documents may come over plain HTTP or from this machine; for the sandbox only.",
    )
    webhook_secrets: tuple[SecretStr, ...] = Field(
        default=(),
        description="Further secrets a webhook may be signed with, while one is being exchanged for another.",
    )
    webhook_sources: tuple[str, ...] = Field(
        default=(),
        description="Networks (192.0.2.0/24) webhooks are taken from, or 'published' for those the provider publishes; "
        "empty for any.",
    )
    published_sources: ClassVar[tuple[str, ...]] = ()
    """The addresses that the provider says its webhooks come from, where it says so."""

    @field_validator("webhook_sources")
    @classmethod
    def _known_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return checked(given, cls.published_sources)

    def takes_from(self, address: str | None) -> bool:
        """Whether a webhook of this account may come from this address."""
        return allowed(address, self.webhook_sources, self.published_sources)


S = TypeVar("S", bound=ProviderSettings)


def own(kind: type[S], settings: ProviderSettings) -> S:
    """The same settings, known to be this provider's. Raises `TypeError` for those of another."""
    if not isinstance(settings, kind):
        raise TypeError(f"These are no {kind.__name__}, which the provider needs.")
    return settings


class Provider(ABC):
    """One account at one provider: short verbs that require, call and translate.

    Open it with `async with`; every verb may raise the errors of `connectors.signing.errors`. Nothing is ever
    tried again in here: only the loop that paces the sends does that.
    """

    name: ClassVar[str]
    """The one word that runs through everything: file, recipe, block, webhook path."""
    title: ClassVar[str]
    """The provider's name as people write it."""
    capabilities: ClassVar[frozenset[Capability]]
    settings_class: ClassVar[type[ProviderSettings]]
    docs: ClassVar[str]
    """Address of the provider's own reference."""
    sandbox_path: ClassVar[str]
    """Where the sandbox stands in for it, below the sandbox's address, without slashes at its ends."""
    calls: ClassVar[Mapping[str, str]]
    """Every documented call, as method and path below the base URL (`POST /contracts/{id}/withdraw`), and the method
    of this class that makes it."""
    events: ClassVar[Mapping[str, EventType]]
    """Every documented webhook event, in the provider's word, and what it is in ours."""
    rules: ClassVar[Sequence[Rule]] = ()
    """Answers that mean something of their own here, before the general lines of `connectors.signing.answers`."""
    webhook_setup: ClassVar[str | None] = None
    """Where people type in the webhook's address, as one sentence; `None` where it travels with each request."""
    field_kinds: ClassVar[frozenset[FieldKind]] = frozenset(FieldKind)
    """What signers can fill in at a place in the document, where the document goes out as a PDF."""
    leaves_out: ClassVar[frozenset[str]] = frozenset()
    """What there is no place for here and is left out: of `message`, `reply_to`, `locale`, and `order` where the
    provider invites in an order of its own."""
    by_way: ClassVar[str | None] = None
    """Another way to the signed document, as one sentence, where the provider hands out none."""
    settings: ProviderSettings

    @abstractmethod
    def __init__(self, settings: ProviderSettings) -> None:
        """Take the account's settings, an instance of `settings_class`; nothing goes out before `async with`."""

    @classmethod
    def require(cls, *needed: Capability) -> None:
        """Raise `Unsupported` before any call, naming provider and feature, if one of `needed` is not declared."""
        for capability in needed:
            if capability not in cls.capabilities:
                raise Unsupported(f"{cls.title} cannot do this: it never {capability.sentence}.")

    @classmethod
    def refuse_unsayable(cls, request: SignatureRequest) -> None:
        """Raise `Unsupported` with a sentence for a request this provider cannot be told, whatever its document."""
        return

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(self, *exc_info: object) -> None: ...

    @abstractmethod
    async def check(self) -> None:
        """Prove the credentials with the cheapest call that changes nothing."""

    @abstractmethod
    async def send(self, request: SignatureRequest) -> Snapshot:
        """Create the request and have the first signers invited. A write: may raise `OutcomeUnknown`."""

    @abstractmethod
    async def get(self, provider_id: str) -> Snapshot:
        """Ask how one request stands. Not for polling: completion comes by webhook."""

    async def sign_links(self, provider_id: str) -> tuple[SignerSnapshot, ...]:
        """The signers of a request with a link each that opens their signing page now."""
        raise Unsupported(f"{self.title} hands out no signing links on demand.")

    async def find(self, refs: Collection[str]) -> Lookup:
        """Search for requests that carry our marks."""
        raise Unsupported(f"{self.title} cannot be searched.")

    async def recent(self, after: int = 0) -> Recent:
        """A page of the account's requests, the newest first where the provider says so; one call. `after` is the
        `next` of the page before. For finding lost webhooks once a day, not for polling."""
        raise Unsupported(f"{self.title} lists no requests.")

    async def cancel(self, provider_id: str) -> None:
        """Withdraw a request that is not completed."""
        raise Unsupported(f"{self.title} cannot withdraw a request.")

    async def remind(self, provider_id: str, signer_id: str) -> None:
        """Have the provider write to one signer again."""
        raise Unsupported(f"{self.title} cannot be told to remind a signer.")

    async def correct_signer(
        self,
        provider_id: str,
        signer_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        mobile: str | None = None,
    ) -> None:
        """Set a signer's data anew; what is `None` stays as it is. Setting the same again changes nothing, and nobody
        is asked by it: `remind` does that."""
        raise Unsupported(f"{self.title} cannot correct a signer once a request is out.")

    async def download(self, provider_id: str, url: str | None = None) -> bytes:
        """Fetch the signed PDF; from `url` where an event brought one, else after asking the provider for it."""
        raise Unsupported(f"{self.title} does not hand out the signed document.")

    @classmethod
    def text_tag(cls, field: PlacedField, signers: Sequence[Signer]) -> str:
        """The provider's own tag for a field, to be written into the document's text at the field's place.

        A tab in it stands where the provider lets a tag be stretched to the field's width with underscores.
        """
        raise Unsupported(f"{cls.title} reads no tags in a document.")

    @classmethod
    @abstractmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """Raise `InvalidWebhook` unless these raw bytes were signed with one of the account's secrets.

        Header names are lower case. Constant-time; without a secret nothing is genuine. A provider that signs
        nothing lets everything in: its deliveries are hints, proven by the address they came to or by the value they
        bring back, and confirmed by asking before anything follows from them. A provider that signs a time along is
        held to it by a clock that a test can set.
        """

    @classmethod
    @abstractmethod
    def parse(cls, body: bytes, *, ref: str | None = None) -> Event:
        """Translate a verified delivery. Raises `ValueError` with a sentence for what cannot be understood.

        `ref` is the mark the webhook's address itself carried, where each request is given an address of its own.
        """

    @classmethod
    @abstractmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes, *, ref: str | None = None) -> str:
        """What makes two deliveries the same one, so that a repeat has no effect. Never raises."""

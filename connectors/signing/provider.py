"""The contract every provider keeps, the capabilities it may declare, and the settings all accounts share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.signing.errors import Unsupported
from connectors.signing.model import Event, Lookup, SignatureRequest, Snapshot


class Capability(StrEnum):
    """What a provider can be asked to do; each value's sentence is printed into the documentation."""

    MARKDOWN = "markdown", "takes the document as Markdown text"
    TEMPLATES = "templates", "sends from a template kept at the provider"
    ORDER = "order", "invites signers one after the other"
    REMIND = "remind", "can be told to remind a signer"
    CANCEL = "cancel", "can withdraw a request nobody has completed"
    EXPIRY = "expiry", "closes a request by itself at a given time"
    DOWNLOAD = "download", "hands out the signed PDF"
    FIND = "find", "can be searched for our mark"
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
    timeout_seconds: float = Field(
        default=30.0, gt=0, description="Seconds one call may take, from first byte to last."
    )
    settle_seconds: float = Field(
        default=600.0,
        ge=0,
        description="Seconds to wait after an unclear attempt before the provider's list is believed to show it.",
    )
    allow_private_downloads: bool = Field(
        default=False,
        description="Whether signed documents may come over plain HTTP or from this machine; for the sandbox only.",
    )
    webhook_secrets: tuple[SecretStr, ...] = Field(
        default=(),
        description="Further secrets a webhook may be signed with, while one is being exchanged for another.",
    )


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

    async def find(self, refs: Collection[str]) -> Lookup:
        """Search for requests that carry our marks."""
        raise Unsupported(f"{self.title} cannot be searched.")

    async def cancel(self, provider_id: str) -> None:
        """Withdraw a request that is not completed."""
        raise Unsupported(f"{self.title} cannot withdraw a request.")

    async def remind(self, provider_id: str, signer_id: str) -> None:
        """Have the provider write to one signer again."""
        raise Unsupported(f"{self.title} cannot be told to remind a signer.")

    async def download(self, provider_id: str, url: str | None = None) -> bytes:
        """Fetch the signed PDF; from `url` where an event brought one, else after asking the provider for it."""
        raise Unsupported(f"{self.title} does not hand out the signed document.")

    @classmethod
    @abstractmethod
    def verify(cls, settings: ProviderSettings, headers: Mapping[str, str], body: bytes) -> None:
        """Raise `InvalidWebhook` unless these raw bytes were signed with one of the account's secrets.

        Header names are lower case. Constant-time; without a secret nothing is genuine.
        """

    @classmethod
    @abstractmethod
    def parse(cls, body: bytes) -> Event:
        """Translate a verified delivery. Raises `ValueError` with a sentence for what cannot be understood."""

    @classmethod
    @abstractmethod
    def delivery_id(cls, headers: Mapping[str, str], body: bytes) -> str:
        """What makes two deliveries the same one, so that a repeat has no effect."""

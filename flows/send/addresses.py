"""Where a provider shall report to: the account's address, or one for each request, and the proof it brings back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import SecretStr

from connectors.signing.hooks import hook_url, proof
from connectors.signing.provider import Capability, Provider
from ledger.settings import Settings


@dataclass(frozen=True)
class Addresses:
    """What a request tells its provider about webhooks. `public_url` is `None` where the provider cannot reach us."""

    provider: str
    account: str
    public_url: str | None
    secrets: Sequence[SecretStr]
    capabilities: frozenset[Capability]

    def webhook_url(self, ref: str) -> str | None:
        """The address that travels with a request, where this provider takes one.

        A provider that signs its webhooks is given the account's; for one that does not, the address itself is the
        proof, so each request has its own.
        """
        if self.public_url is None or Capability.WEBHOOK_PER_REQUEST not in self.capabilities:
            return None
        own = "" if Capability.SIGNED_WEBHOOKS in self.capabilities else ref
        return hook_url(self.public_url, self.secrets, self.provider, self.account, own)

    def proof(self, ref: str) -> str | None:
        """The value that comes back with each webhook, where neither a signature nor the address proves anything."""
        enough = self.capabilities & {Capability.SIGNED_WEBHOOKS, Capability.WEBHOOK_PER_REQUEST}
        if enough or not self.secrets:
            return None
        return proof(self.secrets[0], self.provider, self.account, ref)

    def to_type_in(self) -> str | None:
        """The account's address, to be typed in by hand at a provider that takes none with a request."""
        if self.public_url is None or Capability.WEBHOOK_PER_REQUEST in self.capabilities:
            return None
        return hook_url(self.public_url, self.secrets, self.provider, self.account)


def addresses(settings: Settings, provider: type[Provider], account: str, base_url: str) -> Addresses:
    """The addresses for an account. Plain HTTP is for a provider on this machine; others need HTTPS."""
    url = settings.public_url
    reaches = url is not None and (url.startswith("https://") or _on_this_machine(base_url))
    return Addresses(
        provider.name,
        account,
        url if reaches and settings.receiver_secrets else None,
        settings.receiver_secrets,
        provider.capabilities,
    )


def _on_this_machine(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

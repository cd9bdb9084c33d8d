"""From which networks an account's webhooks may come, where it says so; a guard beside the signature, never instead."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

PUBLISHED = "published"
"""Stands for the addresses the provider publishes."""


def checked(sources: Sequence[str], published: Sequence[str]) -> tuple[str, ...]:
    """The same, trimmed. Raises `ValueError` for what is no network, and for `published` where nothing is."""
    given = tuple(source.strip() for source in sources)
    for source in given:
        if source == PUBLISHED and not published:
            raise ValueError("this provider publishes no addresses: name the networks its webhooks come from")
        if source != PUBLISHED and not _is_network(source):
            raise ValueError("each has to be an address or a network, like 192.0.2.0/24, or the word 'published'")
    return given


def allowed(address: str | None, sources: tuple[str, ...], published: tuple[str, ...]) -> bool:
    """Whether a webhook may come from `address`; from anywhere where no `sources` are named."""
    if not sources:
        return True
    try:
        seen = ip_address(address or "")
    except ValueError:
        return False
    if seen.version == 6 and seen.ipv4_mapped is not None:  # how a socket for both shows an IPv4 address
        seen = seen.ipv4_mapped
    return any(seen in network for network in _networks(sources, published))


@lru_cache(64)
def _networks(sources: tuple[str, ...], published: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    named = [one for source in sources for one in (published if source == PUBLISHED else (source,))]
    return tuple(ip_network(one, strict=False) for one in named)


def _is_network(source: str) -> bool:
    try:
        ip_network(source, strict=False)
    except ValueError:
        return False
    return True

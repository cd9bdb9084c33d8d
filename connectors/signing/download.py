"""Fetches a signed PDF from an address somebody else named, without keys and without reaching into our own network.

The address comes out of a webhook or an answer, so it is treated as a stranger's: https only, public addresses only,
at most three redirects and each looked at like the first, at most 50 MiB, and what comes has to be a PDF. The host's
name is resolved once, by the connection itself, which goes to exactly the addresses that were checked; a name that
changes its mind between check and use (DNS rebinding) gains nothing. Behind a proxy the proxy resolves: then a name
that resolves here is checked here, and the rest is the proxy's to allow.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx
from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from connectors.signing.answers import Answer, Rule, judge, one
from connectors.signing.errors import ConnectorError, PermanentError, TransientError
from connectors.signing.transport import PLAIN, hush
from connectors.signing.wire import Message, TooLongError, Wire, proxy_for

MOST_BYTES = 50 * 1024 * 1024
MOST_REDIRECTS = 3
PDF = b"%PDF-"
WRAPPED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""IPv4 inside IPv6: RFC 6052 §2.1, RFC 4291 §2.5.5.1, RFC 2765 §2.1."""
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
"""RFC 8215: for use inside a network."""

WHOSE = "The host of the document"

RULES = (
    Rule(range(401, 405), PermanentError, "the link is not valid, or no longer", "S3 says 403 when a link has run out"),
    Rule(one(410), PermanentError, "the link is not valid any longer", "RFC 9110 §15.5.11"),
)
"""No key of ours is involved, so no answer is about our credentials or our credit."""


async def fetch_pdf(
    url: str,
    *,
    allow_private: bool = False,
    timeout_seconds: float = 30.0,
    most_bytes: int = MOST_BYTES,
    resolver: AbstractResolver | None = None,
) -> bytes:
    """Fetch the PDF behind `url` within `timeout_seconds`, redirects included.

    `allow_private` lets plain HTTP and this machine's and the local network's addresses through; for the sandbox
    only. Raises `TransientError` where a later try may succeed, `PermanentError` (with the host's `status`, where it
    answered) where it will not: a link that has run out, an address that is not allowed, too many bytes, not a PDF.
    Messages never carry the URL, since it is as good as a key.
    """
    hush()
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _follow(url, allow_private, most_bytes, resolver or ThreadedResolver())
    except ConnectorError:
        raise
    except TooLongError:
        problem: ConnectorError = PermanentError(f"The document is larger than {most_bytes // 1024**2} MiB.")
    except TimeoutError:
        problem = TransientError(f"{WHOSE} did not deliver it within {timeout_seconds:g} seconds.")
    except Exception as error:
        problem = TransientError(f"{WHOSE} gave no usable answer ({type(error).__name__}).")
    raise problem


async def _follow(address: str, allow_private: bool, most_bytes: int, resolver: AbstractResolver) -> bytes:
    url = allowed(address, allow_private)
    for _ in range(MOST_REDIRECTS + 1):
        answer = await _fetch(url, allow_private, most_bytes, resolver)
        if not 300 <= answer.status < 400 or "location" not in answer.headers:
            return _pdf(answer)
        url = allowed(answer.headers["location"], allow_private, base=url)
    raise PermanentError(f"{WHOSE} redirects more than {MOST_REDIRECTS} times.")


async def _fetch(url: httpx.URL, allow_private: bool, most_bytes: int, resolver: AbstractResolver) -> Answer:
    confined = resolver if allow_private else PublicAddresses(resolver)
    if proxy_for(url) is not None:
        if not allow_private and not _is_literal(url):
            await _look_before(url.host, resolver)
        confined = resolver  # the only name that is resolved here now is the proxy's, which the operator chose
    async with Wire(url, resolver=confined) as wire:
        return await wire.exchange(Message("GET", str(url), PLAIN), most_bytes, redirects=True)


def _pdf(answer: Answer) -> bytes:
    if not 200 <= answer.status < 300:
        raise judge(WHOSE, answer, "read", "", RULES)
    if not answer.body.startswith(PDF):
        raise PermanentError(f"{WHOSE} delivered something that is not a PDF.")
    return answer.body


def allowed(address: str, allow_private: bool, base: httpx.URL | None = None) -> httpx.URL:
    """The address as a URL. Raises `PermanentError` unless it may be asked at all; names are resolved later."""
    try:
        url = base.join(address) if base else httpx.URL(address)
    except (httpx.InvalidURL, ValueError, TypeError):
        url = httpx.URL("")
    if not url.host or url.scheme not in ("http", "https"):
        raise PermanentError("The document's address is not a web address.")
    if url.scheme != "https" and not allow_private:
        raise PermanentError("The document's address is not https.")
    if not allow_private and _is_literal(url) and not is_public(url.host):
        raise PermanentError("The document's address is not a public one.")
    return url.copy_with(userinfo=b"")


def _is_literal(url: httpx.URL) -> bool:
    """Whether the host is an address rather than a name, to the eyes of aiohttp, which then asks no resolver."""
    return b":" in url.raw_host or url.raw_host.replace(b".", b"").isdigit()


class PublicAddresses(AbstractResolver):
    """Resolves like another resolver, and refuses a name of which any address is not public."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses of `host`. Raises `PermanentError` if one is private, and `OSError` if there is none."""
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(result["host"]) for result in found):
            raise PermanentError("The document's address is not a public one.")
        return found

    async def close(self) -> None:
        await self._inner.close()


async def _look_before(host: str, resolver: AbstractResolver) -> None:
    try:
        await PublicAddresses(resolver).resolve(host)
    except OSError:
        return  # only the proxy knows this name


def is_public(address: str) -> bool:
    """Whether an IP address is a host on the public Internet, also when it is IPv4 wrapped in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if any(ip in network for network in WRAPPED):
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip in LOCAL_NAT64 or ip.is_site_local:
            return False
        if wrapped is not None:
            return is_public(str(wrapped))
    return ip.is_global and not ip.is_multicast

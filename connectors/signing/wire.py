"""One exchange with a host: a message out, the whole answer back, through the proxy the environment names.

httpx writes addresses and forms and aiohttp carries them, because httpx's own pool is eight times slower with fifty
calls in flight. There is no bridge between the two: the usual one (httpx-aiohttp 0.2.0) maps "connection refused" and
"read the whole POST, then closed" to the same `httpx.ConnectTimeout`, and costs as much as the exchange. So errors are
aiohttp's own, and only `aiohttp.ClientConnectorError`, raised before a byte of the message has gone out, counts as
*nothing happened*. Nothing is tried again in here.
"""

from __future__ import annotations

import functools
import ipaddress
import ssl
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from yarl import URL

from connectors.signing.answers import Answer
from connectors.signing.errors import PermanentError

IDLE_SECONDS = 3.0
"""How long an unused connection is kept: less than servers do (five seconds is common), since a POST on a connection
the server is just closing cannot be told from one it has read."""

ENDLESS = aiohttp.ClientTimeout(total=None)
"""Whoever calls has a deadline of their own for the whole of it."""


@dataclass(frozen=True)
class Message:
    """What goes out, as it stands: to an address in ASCII, with these headers and no others but a host's name and a
    body's length."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


class Wire:
    """Connections to the host of `url`; open between `async with`.

    `resolver` turns host names into addresses; a connection goes to exactly what it returns, with nothing cached.
    """

    def __init__(self, url: httpx.URL, *, resolver: AbstractResolver | None = None) -> None:
        self._proxy = proxy_for(url)
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            ssl=certificates(),
            limit=0,  # whoever calls has a limit of their own; waiting here would eat into their deadline
            keepalive_timeout=IDLE_SECONDS,
            resolver=self._resolver,
            use_dns_cache=self._resolver is None,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=ENDLESS,
            proxy=None if self._proxy is None else str(self._proxy.url),
            proxy_auth=None
            if self._proxy is None or self._proxy.auth is None
            else aiohttp.BasicAuth(*self._proxy.auth),
        )
        # aiohttp repeats a GET whose connection broke, also on a fresh one; its own test client turns it off like this.
        self._session._retry_connection = False
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._session.close()

    async def exchange(self, message: Message, most: int, *, redirects: bool = False) -> Answer:
        """The answer to a message, with a body of at most `most` bytes.

        With `redirects`, an answer that points elsewhere is left unread. Raises aiohttp's errors as they are,
        `TooLongError` and `EncodedError`.
        """
        sending = self._session.request(
            message.method,
            _to_the_letter(message.url),
            headers=message.headers,
            data=message.body,
            allow_redirects=False,
        )
        async with sending as response:
            elsewhere = redirects and 300 <= response.status < 400 and "Location" in response.headers
            return Answer(response.status, response.headers, b"" if elsewhere else await read_body(response, most))


class TooLongError(Exception):
    """An answer is longer than it may be."""


class EncodedError(Exception):
    """An answer is packed in a way that was not asked for, or is not whole."""


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body of an answer, at most `most` bytes. Raises `TooLongError` beyond them, and `EncodedError`.

    It is unpacked in here and never by more than is left, since a kilobyte can hold a gigabyte.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise EncodedError
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += unpack.decompress(chunk, most + 1 - len(body)) if unpack else chunk
        if len(body) > most:
            raise TooLongError
    if unpack and not unpack.eof:
        raise EncodedError
    return bytes(body)


@functools.lru_cache(maxsize=64)
def _to_the_letter(address: str) -> URL:
    """The address for aiohttp, nothing quoted anew; a batch calls one, over and over."""
    return URL(address, encoded=True)


@functools.cache
def certificates() -> ssl.SSLContext:
    """The certificates we trust: `SSL_CERT_FILE` where set, else certifi's. Made once, since it takes 20 ms."""
    return httpx.create_ssl_context()


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name for this host, if any.

    This machine itself is never behind a proxy. Raises `PermanentError` for a kind of proxy aiohttp cannot use.
    """
    if is_this_machine(url.host):
        return None
    named = urllib.request.getproxies()
    address = named.get(url.scheme) or named.get("all")
    if not address or urllib.request.proxy_bypass(url.host):
        return None
    proxy = httpx.URL(address if "://" in address else f"http://{address}")
    if proxy.scheme not in ("http", "https"):
        raise PermanentError("The proxy in the environment is not an HTTP proxy; name one that is, or use NO_PROXY.")
    return httpx.Proxy(proxy)


def is_this_machine(host: str) -> bool:
    """Whether a host's name, as written, is this machine's loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def never_connected(error: BaseException | None) -> bool:
    """Whether the call failed before a byte of it went out, so that nothing can have happened."""
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectorError):
            return True
        error = error.__cause__
    return False

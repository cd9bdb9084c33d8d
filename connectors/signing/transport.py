"""The one way out: a call with a deadline, whose every mishap is classified by what the caller may do next.

aiohttp does the work below httpx, because httpx's own pool is eight times slower with fifty calls in flight. The
bridge between them (httpx-aiohttp 0.2.0) maps "connection refused" and "read the whole POST, then closed" to the same
`httpx.ConnectTimeout`, lets some of aiohttp's errors through as they are, and passes over the proxy variables. So
errors are told apart by their cause, and only `aiohttp.ClientConnectorError`, raised before a byte of the request has
gone out, counts as *nothing happened*. Nothing is tried again in here.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import logging
import ssl
import urllib.request
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from connectors.signing.answers import Answer, Call, Rule, error_inside, holds_error, judge, unclear
from connectors.signing.errors import ConnectorError, PermanentError, TransientError
from connectors.signing.tolerant import read_json

ANSWER_BYTES = 10 * 1024 * 1024
"""The longest answer that is read; a hundred contracts are a few hundred kilobytes."""

IDLE_SECONDS = 3.0
"""How long an unused connection is kept: less than servers do (five seconds is common), since a POST on a connection
the server is just closing cannot be told from one it has read."""

PLAIN = {"Accept-Encoding": "identity"}
"""Answers are small; unpacked ones need no care."""

WHO = "prefect-esign"
"""The User-Agent of every call (RFC 9110 §10.1.5)."""

_NOTHING = object()


@dataclass(frozen=True)
class Part:
    """One part of a multipart form: a text field, or a file where it has a `filename`; `type` is its media type."""

    name: str
    content: str | bytes = field(repr=False)
    filename: str | None = None
    type: str | None = None


class Http:
    """Calls to one provider's API: JSON or a form out, JSON back, or an error of `connectors.signing.errors`.

    A read is a GET; everything else is a write. `timeout_seconds` is the whole call's, from the moment it has one of
    the `concurrency` slots to the answer's last byte.
    """

    def __init__(
        self,
        title: str,
        base_url: str,
        *,
        auth: httpx.Auth | None = None,
        secrets: Sequence[SecretStr] = (),
        rules: Sequence[Rule] = (),
        timeout_seconds: float = 30.0,
        concurrency: int = 20,
    ) -> None:
        self._title = title
        self._rules = tuple(rules)
        self._never_shown = [form for secret in secrets for form in _forms(secret.get_secret_value())]
        self._timeout_seconds = timeout_seconds
        self._slots = asyncio.Semaphore(concurrency)
        self._base_url = base_url.rstrip("/")
        self._auth = auth or httpx.Auth()
        # httpx's client would add what no API needs (cookies, redirects) at half the cost of the whole call.
        self._transport = network(_http_url(title, base_url))
        hush()

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._transport.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Sequence[Part] | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        wordless: bool = False,
    ) -> Any:
        """Make one call and return what the answer's JSON holds; `None` for the empty body of a `wordless` answer.

        `form` goes out as multipart/form-data. `repeatable` says of a write that making it twice does no harm, so
        that an unclear end is `TransientError`, as for a read. Raises `TransientError`, `OutcomeUnknown` (writes
        only) or `PermanentError` and its kin; messages carry the provider, the status and our own words, never a
        body, a URL or a name. A 2xx that holds an error is an error: an unclear one on a write.
        """
        call: Call = "read" if method == "GET" or repeatable else "write"
        request = self._request(
            method, path, json, form, params, {"Accept": "application/json", **PLAIN, **(headers or {})}
        )
        answer = await self._judged(request, call, path)
        if wordless and not answer.body.strip():
            return None
        try:
            value = read_json(answer.body)
        except ValueError:
            if wordless:
                return None
            value = _NOTHING
        if value is _NOTHING:
            raise unclear(call)(f"{self._title} answered {answer.status} with something that is not JSON.")
        if holds_error(value):
            raise error_inside(self._title, self._without_secrets(answer), call)
        return value

    async def read_bytes(self, path: str, *, headers: Mapping[str, str], most: int) -> bytes:
        """Read something that is not JSON, at most `most` bytes. Raises like `call`."""
        return (
            await self._judged(self._request("GET", path, None, None, None, {**PLAIN, **headers}), "read", path, most)
        ).body

    async def _judged(self, request: httpx.Request, call: Call, path: str, most: int = ANSWER_BYTES) -> Answer:
        answer = await self._exchange(request, call, most)
        if not 200 <= answer.status < 300:
            raise judge(self._title, self._without_secrets(answer), call, path, self._rules)
        return answer

    def _without_secrets(self, answer: Answer) -> Answer:
        """The answer as it may stand in ledger and sheet: some servers quote the header they did not like."""
        body = functools.reduce(lambda text, form: text.replace(form, b"***"), self._never_shown, answer.body)
        return replace(answer, body=body)

    def _request(
        self,
        method: str,
        path: str,
        json: Any,
        form: Sequence[Part] | None,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
    ) -> httpx.Request:
        try:
            request = httpx.Request(
                method,
                _url(self._base_url + path),
                json=json,
                files=None if form is None else [_file(part) for part in form],
                params=params,
                headers={**PLAIN, "User-Agent": WHO, **headers},
            )
            request.headers.encoding = "ascii"  # else it is found out anew for every header
            # Every provider's key stands in a header from the start; no answer is needed to make it.
            return next(self._auth.auth_flow(request))
        except (httpx.InvalidURL, ValueError, TypeError):  # a lone surrogate from a sheet, a NaN out of `extra`
            problem = PermanentError(f"{self._title} cannot be told this: it does not fit into a request.")
        raise problem

    async def _exchange(self, request: httpx.Request, call: Call, most: int) -> Answer:
        try:
            async with self._slots, asyncio.timeout(self._timeout_seconds):
                response = await self._transport.handle_async_request(request)
                try:
                    return Answer(response.status_code, response.headers, await read_body(response, most))
                finally:
                    await response.aclose()
        except Exception as error:  # the bridge lets errors of any kind through; none may look like a refusal
            problem = self._no_answer(error, call)
        raise problem  # out here, so that no request with its body and key hangs on the error

    def _no_answer(self, error: Exception, call: Call) -> ConnectorError:
        if never_connected(error):
            return TransientError(f"{self._title} could not be reached ({_kind(error)}); try again later.")
        if isinstance(error, TimeoutError):
            return unclear(call)(f"{self._title} gave no whole answer within {self._timeout_seconds:g} seconds.")
        return unclear(call)(f"{self._title} gave no usable answer ({_kind(error)}).")


class TooLongError(Exception):
    """An answer is longer than it may be."""


class EncodedError(Exception):
    """An answer is packed in a way that was not asked for, or is not whole."""


async def read_body(response: httpx.Response, most: int) -> bytes:
    """The body of a streamed answer, at most `most` bytes. Raises `TooLongError` beyond them, and `EncodedError`.

    It is unpacked in here and never by more than is left, since a kilobyte can hold a gigabyte.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise EncodedError
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += unpack.decompress(chunk, most + 1 - len(body)) if unpack else chunk
        if len(body) > most:
            raise TooLongError
    if unpack and not unpack.eof:
        raise EncodedError
    return bytes(body)


def network(url: httpx.URL, *, resolver: AbstractResolver | None = None) -> httpx.AsyncBaseTransport:
    """Connections to the host of `url`, through the proxy the environment names for it, without cookies.

    `resolver` turns host names into addresses; the connection goes to exactly what it returns, with nothing cached.
    """

    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=certificates(),
            limit=0,  # the slots of `Http` are the limit; waiting for one must not eat into the deadline
            keepalive_timeout=IDLE_SECONDS,
            resolver=resolver,
            use_dns_cache=resolver is None,
        )
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        # aiohttp repeats a GET whose connection broke, also on a fresh one; its own test client turns it off like this.
        session._retry_connection = False
        return session

    return AiohttpTransport(verify=certificates(), client=open_session, proxy=proxy_for(url))


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


def hush() -> None:
    """Keep httpx and httpcore from logging the URL of every call; pages for signing and downloads have keys in them."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _http_url(title: str, base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise PermanentError(f"The base URL of {title} is not a web address; it has to begin with https://.")
    return url


@functools.lru_cache(maxsize=64)
def _url(address: str) -> httpx.URL:
    """The address taken apart, which costs as much as the rest of a request; a batch calls one, over and over."""
    return httpx.URL(address)


def _file(part: Part) -> tuple[str, tuple[str | None, str | bytes, str | None]]:
    """A part as httpx takes it; without a file name it is a plain field."""
    return part.name, (part.filename, part.content, part.type)


def _kind(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__


def _forms(secret: str) -> list[bytes]:
    """How a secret may come back: as it is, or as HTTP Basic sends it (RFC 7617), user name alone."""
    raw = secret.strip().encode()
    return [raw, b64encode(raw + b":"), b64encode(raw)] if raw else []

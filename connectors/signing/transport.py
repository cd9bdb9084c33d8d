"""The one way out: a call with a deadline, whose every mishap is classified by what the caller may do next."""

from __future__ import annotations

import asyncio
import functools
import json as jsonlib
import logging
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import httpx
from pydantic import SecretStr

from connectors.signing.answers import Answer, Call, Rule, error_inside, holds_error, judge, unclear
from connectors.signing.errors import ConnectorError, PermanentError, TransientError
from connectors.signing.tolerant import read_json
from connectors.signing.wire import Message, Wire, never_connected

ANSWER_BYTES = 10 * 1024 * 1024
"""The longest answer that is read; a hundred contracts are a few hundred kilobytes."""

PLAIN = {"Accept-Encoding": "identity"}
"""Answers are small; unpacked ones need no care."""

WHO = "prefect-esign"
"""The User-Agent of every call (RFC 9110 §10.1.5)."""

_NOTHING = object()
_JSON = jsonlib.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


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
        self._wire = Wire(_http_url(title, base_url))
        hush()

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._wire.__aexit__(*exc_info)

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
        message = self._message(method, path, json, form, params, headers or {})
        answer = await self._judged(message, call, path)
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
        return (await self._judged(self._message("GET", path, None, None, None, headers), "read", path, most)).body

    async def _judged(self, message: Message, call: Call, path: str, most: int = ANSWER_BYTES) -> Answer:
        answer = await self._exchange(message, call, most)
        if not 200 <= answer.status < 300:
            raise judge(self._title, self._without_secrets(answer), call, path, self._rules)
        return answer

    def _without_secrets(self, answer: Answer) -> Answer:
        """The answer as it may stand in ledger and sheet: some servers quote the header they did not like."""
        body = functools.reduce(lambda text, form: text.replace(form, b"***"), self._never_shown, answer.body)
        return replace(answer, body=body)

    def _message(
        self,
        method: str,
        path: str,
        json: Any,
        form: Sequence[Part] | None,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
    ) -> Message:
        try:
            said = {**self._always, **headers}
            url = _url(self._base_url + path)
            url = url.copy_merge_params(params) if params else url
            if form is not None:
                written = httpx.Request(method, url, files=[_file(part) for part in form])
                said["Content-Type"] = written.headers["Content-Type"]
                return Message(method, str(url), said, written.read())
            if json is None:
                return Message(method, str(url), said)
            said["Content-Type"] = "application/json"
            return Message(method, str(url), said, _JSON.encode(json).encode())
        except (httpx.InvalidURL, ValueError, TypeError):  # a lone surrogate from a sheet, a NaN out of `extra`
            problem = PermanentError(f"{self._title} cannot be told this: it does not fit into a request.")
        raise problem

    @functools.cached_property
    def _always(self) -> dict[str, str]:
        """The headers of every call; each provider's key stands in one, and no answer is needed to make it."""
        asked = next(self._auth.auth_flow(httpx.Request("GET", self._base_url, headers=[])))
        keys = {name: value for name, value in asked.headers.items() if name != "host"}
        return {"Accept": "application/json", **PLAIN, "User-Agent": WHO, **keys}

    async def _exchange(self, message: Message, call: Call, most: int) -> Answer:
        try:
            async with self._slots, asyncio.timeout(self._timeout_seconds):
                return await self._wire.exchange(message, most)
        except Exception as error:  # of whatever kind: none may look like a refusal
            problem = self._no_answer(error, call)
        raise problem  # out here, so that no message with its body and key hangs on the error

    def _no_answer(self, error: Exception, call: Call) -> ConnectorError:
        if never_connected(error):
            return TransientError(f"{self._title} could not be reached ({_kind(error)}); try again later.")
        if isinstance(error, TimeoutError):
            return unclear(call)(f"{self._title} gave no whole answer within {self._timeout_seconds:g} seconds.")
        return unclear(call)(f"{self._title} gave no usable answer ({_kind(error)}).")


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

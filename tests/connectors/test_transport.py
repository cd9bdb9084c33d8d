"""The transport against servers on this machine that break off at every point there is."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import struct
import time
from asyncio import StreamReader, StreamWriter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.signing.answers import Answer, Rule, judge, one, retry_after, said
from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    OutcomeUnknown,
    PermanentError,
    QuotaExceeded,
    TransientError,
)
from connectors.signing.transport import ANSWER_BYTES, Http
from connectors.signing.wire import proxy_for
from tests.connectors.loopback import Play, answering, read_head, read_request, serving

SECRET = "a secret of somebody"
BODY = {"name": SECRET, "text": "x" * 3_000_000}
"""More than the buffers between two sockets hold, so that a server can stop in the middle of it."""


def http(url: str, timeout_seconds: float = 5.0, concurrency: int = 20) -> Http:
    auth = httpx.BasicAuth(SECRET, "")
    return Http("Provider", url, auth=auth, timeout_seconds=timeout_seconds, concurrency=concurrency)


# -- every point at which a call can break ------------------------------------------------------------------------


async def closes_at_once(reader: StreamReader, writer: StreamWriter) -> None:
    return


async def closes_before_the_body(reader: StreamReader, writer: StreamWriter) -> None:
    await read_head(reader)


async def closes_during_the_body(reader: StreamReader, writer: StreamWriter) -> None:
    _, _, headers = await read_head(reader)
    await reader.readexactly(int(headers.get("content-length", 0)) // 2)


async def closes_after_the_body(reader: StreamReader, writer: StreamWriter) -> None:
    await read_request(reader)


async def resets_after_the_body(reader: StreamReader, writer: StreamWriter) -> None:
    await read_request(reader)
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says(*parts: bytes, pause: float = 0.0, stay: bool = False) -> Play:
    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        if stay:
            await asyncio.sleep(60)

    return play


OK = b"HTTP/1.1 200 OK\r\n"
BROKEN: dict[str, Play] = {
    "closes at once": closes_at_once,
    "closes before the body": closes_before_the_body,
    "closes during the body": closes_during_the_body,
    "closes after the body": closes_after_the_body,
    "resets after the body": resets_after_the_body,
    "half a status line": says(b"HTTP/1."),
    "half a header": says(OK + b"Content-Le"),
    "no answer after the header": says(OK + b"Content-Length: 20\r\n\r\n"),
    "half an answer": says(OK + b'Content-Length: 20\r\n\r\n{"data": '),
    "half an answer of unknown length": says(OK + b'Connection: close\r\n\r\n{"data": '),
    "half a chunk": says(OK + b'Transfer-Encoding: chunked\r\n\r\n14\r\n{"data": '),
    "no last chunk": says(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "a refusal cut in two": says(b'HTTP/1.1 400 Bad\r\nContent-Length: 20\r\n\r\n{"err'),
    "garbage": says(b"\0\1\2 not HTTP at all\r\n\r\n"),
    "a header that is none": says(OK + b"no colon here\r\n\r\n"),
    "an impossible length": says(OK + b"Content-Length: -1\r\n\r\n{}"),
    "a page instead of JSON": says(OK + b"Content-Length: 14\r\n\r\n<html>ok</html"),
    "nothing at all instead of JSON": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "compressed in name only": says(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
    "an answer without an end": says(OK + b"Connection: close\r\n\r\n", *[b" " * 2**20] * (ANSWER_BYTES // 2**20 + 2)),
    "no answer in time": says(stay=True),
    "an answer that trickles": says(OK + b"Content-Length: 99\r\n\r\n", *[b" "] * 99, pause=0.05),
    "a header that trickles": says(OK, *[b"a"] * 99, pause=0.05),
}


@pytest.mark.parametrize("play", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize(("method", "error"), [("GET", TransientError), ("POST", OutcomeUnknown)])
async def test_a_call_that_breaks_may_have_happened_unless_it_only_reads(
    play: Play, method: str, error: type[ConnectorError]
) -> None:
    async with serving(play) as server, http(server.url, timeout_seconds=0.6) as provider:
        began = time.monotonic()
        with pytest.raises(ConnectorError) as caught:
            await provider.call(method, "/things", json=BODY if method == "POST" else None)
        assert time.monotonic() - began < 2
        assert server.connections == 1, "nothing is tried again"
    assert type(caught.value) is error
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in f"{caught.value}{caught.value!r}{caught.value.__dict__}"
    assert server.url not in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_connection_is_proof_that_nothing_happened(method: str) -> None:
    async with serving(closes_at_once) as server:
        pass
    async with http(server.url) as provider:
        with pytest.raises(TransientError, match="could not be reached"):
            await provider.call(method, "/things", json={})


async def test_a_failed_handshake_is_proof_that_nothing_happened() -> None:
    async def speaks_no_tls(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(speaks_no_tls) as server, http(server.url.replace("http", "https")) as provider:
        with pytest.raises(TransientError):
            await provider.call("POST", "/things", json={})


async def test_a_connection_closed_between_two_calls_costs_nothing() -> None:
    async def answers_once(reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK + b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\n{}")

    async with serving(answers_once) as server, http(server.url) as provider:
        for _ in range(3):
            await provider.call("POST", "/things", json={})
            await asyncio.sleep(0.05)
        assert server.connections == 3


async def test_waiting_for_a_slot_is_not_part_of_the_deadline() -> None:
    slow = says(b"", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", pause=0.2)
    async with serving(slow) as server, http(server.url, timeout_seconds=0.7, concurrency=1) as provider:
        answers = await asyncio.gather(*(provider.call("POST", "/things", json={}) for _ in range(4)))
    assert answers == [{}] * 4


async def test_a_call_that_is_cancelled_is_cancelled() -> None:
    async with serving(says(stay=True)) as server, http(server.url) as provider:
        call = asyncio.create_task(provider.call("POST", "/things", json={}))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


# -- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (302, PermanentError, OutcomeUnknown),
        (400, PermanentError, PermanentError),
        (401, AuthenticationError, AuthenticationError),
        (402, QuotaExceeded, QuotaExceeded),
        (403, AuthenticationError, AuthenticationError),
        (404, PermanentError, PermanentError),
        (408, TransientError, OutcomeUnknown),
        (409, PermanentError, PermanentError),
        (429, TransientError, TransientError),
        (500, TransientError, OutcomeUnknown),
        (501, TransientError, OutcomeUnknown),
        (502, TransientError, OutcomeUnknown),
        (503, TransientError, OutcomeUnknown),
        (504, TransientError, OutcomeUnknown),
        (599, TransientError, OutcomeUnknown),
        (999, TransientError, OutcomeUnknown),
    ],
)
async def test_every_status_is_an_error_by_its_consequence(
    status: int, read: type[ConnectorError], write: type[ConnectorError]
) -> None:
    def wire(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"location": "/things"}, content=request.content)

    async with answering(wire) as server, http(server.url) as provider:
        for method, error in (("GET", read), ("POST", write)):
            with pytest.raises(ConnectorError) as caught:
                await provider.call(method, "/things", json={"name": SECRET})
            assert type(caught.value) is error
            assert caught.value.status == status
            assert SECRET not in str(caught.value)
            assert SECRET in (caught.value.detail or "")
        assert len(server.requests) == 2


async def test_a_503_that_promises_a_time_is_proof_that_nothing_happened() -> None:
    wire = httpx.Response(503, headers={"retry-after": "12"})
    async with answering(lambda _: wire) as server, http(server.url) as provider:
        with pytest.raises(TransientError) as caught:
            await provider.call("POST", "/things", json={})
    assert caught.value.retry_after == 12


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers([(b"retry-after", value.encode())])) == seconds


def test_retry_after_may_be_a_date_to_come() -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    wait = retry_after(httpx.Headers({"retry-after": format_datetime(later, usegmt=True)}))
    assert wait is not None
    assert 3590 < wait <= 3600


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0")))
def test_no_retry_after_is_too_odd_to_be_read(value: str) -> None:
    wait = retry_after(httpx.Headers([(b"retry-after", value.encode("latin-1"))]))
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "It is  not\\nthat"}',
        b'{"error": {"message": "It is not that"}, "message": "other"}',
        b'{"error": null, "message": "It is not that"}',
        b'{"error_message": "It is not that"}',
        b'{"data": {"error_message": "It is not that"}}',
        b"It is not that",
    ],
)
def test_the_providers_sentence_is_found_where_providers_put_it(body: bytes) -> None:
    assert said(body) == "It is not that"


@given(st.binary())
def test_any_body_has_a_short_sentence_or_none(body: bytes) -> None:
    assert len(said(body) or "") <= 500


def test_a_providers_own_lines_come_before_the_general_ones() -> None:
    known = Rule(one(500), PermanentError, "it refuses this", "its documents, page 3", call="write", body=r"code.*17")
    refusal = Answer(500, httpx.Headers(), b'{"code": 17}')
    assert type(judge("Provider", refusal, "write", "/things", [known])) is PermanentError
    assert type(judge("Provider", refusal, "read", "/things", [known])) is TransientError
    assert type(judge("Provider", Answer(500, httpx.Headers(), b""), "write", "/things", [known])) is OutcomeUnknown


# -- the way out ----------------------------------------------------------------------------------------------------


@pytest.fixture
def no_proxy_yet(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.filterwarnings("ignore:BasicAuth is dep", "ignore:The 'proxy_auth' parameter")
async def test_calls_go_through_the_proxy_of_the_environment(no_proxy_yet: pytest.MonkeyPatch) -> None:
    async with answering(lambda _: httpx.Response(200, json=[])) as proxy:
        no_proxy_yet.setenv("HTTP_PROXY", proxy.url.replace("http://", "http://user:word@"))
        async with http("http://provider.example/api") as provider:
            assert await provider.call("GET", "/things") == []
    assert str(proxy.requests[0].url) == "http://provider.example/api/things"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:word").decode()


async def test_a_proxy_that_is_not_there_is_proof_that_nothing_happened(no_proxy_yet: pytest.MonkeyPatch) -> None:
    async with serving(closes_at_once) as gone:
        pass
    no_proxy_yet.setenv("ALL_PROXY", gone.url)
    async with http("https://provider.example/api") as provider:
        with pytest.raises(TransientError):
            await provider.call("POST", "/things", json={})


def test_exceptions_from_the_proxy_are_kept(no_proxy_yet: pytest.MonkeyPatch) -> None:
    no_proxy_yet.setenv("HTTPS_PROXY", "proxy.example:3128")
    no_proxy_yet.setenv("NO_PROXY", "inside.example")
    proxy = proxy_for(httpx.URL("https://provider.example/"))
    assert proxy is not None
    assert proxy.url == "http://proxy.example:3128"
    for direct in ("https://a.inside.example/", "http://provider.example/", "https://127.0.0.1/", "https://localhost/"):
        assert proxy_for(httpx.URL(direct)) is None


def test_a_proxy_of_another_kind_is_refused_with_a_sentence(no_proxy_yet: pytest.MonkeyPatch) -> None:
    no_proxy_yet.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    with pytest.raises(PermanentError, match="not an HTTP proxy"):
        http("https://provider.example/api")


@pytest.mark.parametrize("url", ["", "provider.example/api", "ftp://provider.example", "https://", "http://[::1"])
def test_a_base_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(PermanentError, match="base URL"):
        http(url)


async def test_no_call_is_logged_with_its_url(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("httpx").setLevel(logging.INFO)
    caplog.set_level(logging.INFO)
    async with answering(lambda _: httpx.Response(200, json={})) as server, http(server.url) as provider:
        await provider.call("GET", "/things?key=1")
    assert "things" not in caplog.text

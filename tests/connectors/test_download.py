"""Downloads reach what they may and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
from asyncio import StreamReader, StreamWriter

import httpx
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from connectors.signing.download import MOST_REDIRECTS, allowed, fetch_pdf, is_public
from connectors.signing.errors import ConnectorError, PermanentError, TransientError
from tests.connectors.loopback import Play, answering, read_request, serving

PDF = b"%PDF-1.7 signed"


class Names(AbstractResolver):
    """A name server with one answer after the other; the last one stays."""

    def __init__(self, *answers: str | list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in ([answer] if isinstance(answer, str) else answer)
        ]

    async def close(self) -> None:
        return


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def files(request: httpx.Request) -> httpx.Response:
    left = int(request.url.params.get("redirects", 0))
    if left:
        return httpx.Response(302, headers={"location": f"/one.pdf?redirects={left - 1}"})
    return httpx.Response(200, content=PDF)


async def test_a_pdf_is_fetched_without_any_key() -> None:
    async with answering(files) as server:
        assert await fetch_pdf(f"{server.url}/one.pdf?key=1%2B2", allow_private=True) == PDF
    assert server.requests[0].url.query == b"key=1%2B2"
    assert server.requests[0].headers.keys().isdisjoint({"authorization", "cookie"})


async def test_redirects_are_followed_and_counted() -> None:
    async with answering(files) as server:
        assert await fetch_pdf(f"{server.url}/one.pdf?redirects={MOST_REDIRECTS}", allow_private=True) == PDF
        with pytest.raises(PermanentError, match="redirects more than"):
            await fetch_pdf(f"{server.url}/one.pdf?redirects={MOST_REDIRECTS + 1}", allow_private=True)


@pytest.mark.parametrize("location", ["ftp://documents.example/one.pdf", "file:///etc/passwd", "http://[::1"])
async def test_each_redirect_is_looked_at_like_the_first_address(location: str) -> None:
    async with answering(lambda _: httpx.Response(302, headers={"location": location})) as server:
        with pytest.raises(ConnectorError):
            await fetch_pdf(f"{server.url}/one.pdf", allow_private=True)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location",
    ["http://documents.example/two.pdf", "//127.0.0.1/two.pdf", "https://[::1]/", "https://169.254.169.254/"],
)
def test_a_redirect_cannot_lead_where_the_first_address_could_not(location: str) -> None:
    here = httpx.URL("https://documents.example/one.pdf")
    assert allowed("two.pdf?key=1", False, base=here) == "https://documents.example/two.pdf?key=1"
    with pytest.raises(PermanentError):
        allowed(location, False, base=here)


PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fc00::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("host", PRIVATE)
async def test_no_private_address_is_asked(host: str) -> None:
    with pytest.raises(PermanentError, match="not a public one"):
        await fetch_pdf(f"https://{host}:9/one.pdf", resolver=Names("127.0.0.1"))


@pytest.mark.parametrize(
    "answer", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", ["192.0.32.8", "127.0.0.1"], "not an address"]
)
async def test_no_name_of_a_private_address_is_asked(answer: str | list[str]) -> None:
    async with answering(files) as server:
        with pytest.raises(PermanentError, match="not a public one"):
            await fetch_pdf(f"https://documents.example:{server.port}/one.pdf", resolver=Names(answer))
    assert server.connections == 0


async def test_old_spellings_of_an_address_are_resolved_and_looked_at() -> None:
    names = Names("127.0.0.1")
    with pytest.raises(PermanentError, match="not a public one"):
        await fetch_pdf("https://0x7f.1/one.pdf", resolver=names)
    assert names.asked == ["0x7f.1"]


async def test_a_name_that_changes_its_mind_gains_nothing() -> None:
    # 2001:20::/28 is public by the book and led nowhere by every router (RFC 7343).
    names = Names("2001:20::1", "127.0.0.1")
    async with answering(files) as server:
        with pytest.raises(ConnectorError):
            await fetch_pdf(f"https://documents.example:{server.port}/one.pdf", resolver=names, timeout_seconds=1)
    assert names.asked == ["documents.example"]
    assert server.connections == 0


async def test_plain_http_is_for_the_sandbox() -> None:
    names = Names("192.0.32.8")
    with pytest.raises(PermanentError, match="not https"):
        await fetch_pdf("http://documents.example/one.pdf", resolver=names)
    assert names.asked == []


async def test_a_name_that_is_private_here_is_not_asked_of_a_proxy_either(monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(files) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(PermanentError, match="not a public one"):
            await fetch_pdf("https://documents.example/one.pdf", resolver=Names("10.0.0.1"))
    assert proxy.connections == 0


async def test_a_proxy_may_itself_be_in_the_local_network(monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(lambda _: httpx.Response(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(TransientError):
            await fetch_pdf("https://documents.example/one.pdf", resolver=Names("192.0.32.8"))
    assert proxy.connections == 1


async def test_what_is_too_long_is_not_read_to_its_end() -> None:
    async with answering(lambda _: httpx.Response(200, content=PDF + b" " * 4 * 1024**2)) as server:
        with pytest.raises(PermanentError, match="larger than 1 MiB"):
            await fetch_pdf(server.url, allow_private=True, most_bytes=1024**2)


@pytest.mark.parametrize("content", [b"", b"<html>%PDF-", b"%PDF"])
async def test_what_is_not_a_pdf_is_not_kept(content: bytes) -> None:
    async with answering(lambda _: httpx.Response(200, content=content)) as server:
        with pytest.raises(PermanentError, match="not a PDF"):
            await fetch_pdf(server.url, allow_private=True)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, PermanentError),
        (402, PermanentError),
        (403, PermanentError),
        (404, PermanentError),
        (410, PermanentError),
        (429, TransientError),
        (500, TransientError),
        (503, TransientError),
    ],
)
async def test_no_answer_of_a_files_host_is_about_our_credentials(status: int, error: type[ConnectorError]) -> None:
    async with answering(lambda _: httpx.Response(status, text="<Key>secret</Key>")) as server:
        with pytest.raises(ConnectorError) as caught:
            await fetch_pdf(f"{server.url}/one.pdf?key=secret", allow_private=True)
    assert type(caught.value) is error
    assert caught.value.status == status
    assert "secret" not in str(caught.value)


async def test_a_cut_or_slow_document_may_be_fetched_again() -> None:
    async def stops(reader: StreamReader, writer: StreamWriter) -> None:
        request = await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + PDF)
        await writer.drain()
        if request.url.path == "/slow":
            await asyncio.sleep(60)

    async with serving(stops) as server:
        for path in ("/cut", "/slow"):
            with pytest.raises(TransientError) as caught:
                await fetch_pdf(server.url + path, allow_private=True, timeout_seconds=0.5)
            assert caught.value.__context__ is None
            assert server.url not in str(caught.value)


@given(st.ip_addresses())
def test_every_address_is_public_or_not_whatever_it_wraps(address: object) -> None:
    assert is_public(str(address)) in (True, False)


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_does_not_change_what_it_is(address: object) -> None:
    assert is_public(f"::ffff:{address}") == is_public(f"64:ff9b::{address}") == is_public(str(address))


def packed(encoding: str, body: bytes) -> Play:
    """A host that sends these bytes as they are, and says how they are packed."""

    async def play(reader: StreamReader, writer: StreamWriter) -> None:
        request = await read_request(reader)
        assert request.headers["accept-encoding"] == "identity"
        head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return play


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate", "gzip,identity"])
async def test_a_document_that_comes_packed_otherwise_is_not_unpacked(encoding: str) -> None:
    async with serving(packed(encoding, gzip.compress(gzip.compress(PDF)))) as server:
        with pytest.raises(TransientError):
            await fetch_pdf(f"{server.url}/one.pdf", allow_private=True)


async def test_a_kilobyte_that_holds_a_gigabyte_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(b"%PDF-" + bytes(100 * 1024 * 1024), 9)
    async with serving(packed("gzip", bomb)) as server:
        tracemalloc.start()
        with pytest.raises(PermanentError, match="larger than"):
            await fetch_pdf(f"{server.url}/one.pdf", allow_private=True, most_bytes=1024 * 1024)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20 * 1024 * 1024


async def test_a_document_packed_once_is_unpacked() -> None:
    async with serving(packed("gzip", gzip.compress(PDF))) as server:
        assert await fetch_pdf(f"{server.url}/one.pdf", allow_private=True) == PDF

"""What no provider sends, sent to the receiver as it really runs: broken, endless, swollen and smuggled requests.

Each is followed by a genuine delivery, which is answered at once, and by a look at what is stored and how large the
process has grown.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio

from tests.receiver.running import Running, running
from tests.receiver.stage import PERSON, SIGNATURE, body, signed, sql

# One receiver for all of it: what the first leaves behind would trouble the last.
pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE = 8.0
MEBIBYTE = 2**20
GROWTH = 12 * MEBIBYTE
PROOF = signed(body())[SIGNATURE]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("torture")) as process:
        for number in range(200):  # what it needs once has been used
            await genuine(process, f"con-first-{number}")
        yield process


async def genuine(receiver: Running, name: str) -> None:
    """A genuine delivery is answered at once, and stored."""
    begun = time.monotonic()
    answer = await receiver.client.post(receiver.url, content=body(name), headers=signed(body(name)))
    assert (answer.status_code, time.monotonic() - begun < 2) == (200, True)


def stored(receiver: Running) -> list[bytes]:
    return [row[0] for row in sql(receiver.log.parent / "ledger.db", "SELECT body FROM inbox ORDER BY id")]


def size(receiver: Running) -> int:
    return psutil.Process(receiver.process.pid).memory_info().rss


async def send(receiver: Running, *parts: bytes, answers: int = 0) -> bytes:
    """Say all of it, as far as it is listened to, and hear what comes: so many answers, or until the connection ends.

    Without `answers` it is said at the end that nothing more will come.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(receiver.url).port)
    heard = b""
    try:
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
        if not answers:
            with suppress(OSError):
                writer.write_eof()
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while (not answers or len(statuses(heard)) < answers) and (part := await reader.read(65536)):
                    heard += part
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return heard


def statuses(heard: bytes) -> list[int]:
    return [int(part[:3]) for part in heard.split(b"HTTP/1.1 ")[1:]]


def head(receiver: Running, *lines: str, method: str = "POST", target: str | None = None) -> bytes:
    path = httpx.URL(receiver.url).raw_path.decode()
    given = [f"{method} {path if target is None else target} HTTP/1.1", "Host: a", f"{SIGNATURE}: {PROOF}", *lines]
    return ("\r\n".join(given) + "\r\n\r\n").encode("utf-8")


LENGTH = f"Content-Length: {len(body())}"
CHUNKED = "Transfer-Encoding: chunked"
WHOLE = f"{len(body()):x}\r\n".encode() + body() + b"\r\n"


def cases(receiver: Running) -> dict[str, tuple[list[bytes], set[int]]]:
    """What is sent, and which answers it may get; 200 nowhere, since none of it is a whole genuine delivery."""
    path = httpx.URL(receiver.url).path
    many = [f"X-{number}: {number}" for number in range(10_000)]
    return {
        "a chunked body that ends in the middle": ([head(receiver, CHUNKED), WHOLE], set()),
        "a chunk that says it is longer than it is": ([head(receiver, CHUNKED), b"ffff\r\n" + body()], set()),
        "a chunk that says it is shorter": ([head(receiver, CHUNKED), b"5\r\n" + body() + b"\r\n0\r\n\r\n"], {400}),
        "a chunk's size that is no number": ([head(receiver, CHUNKED), b"zz\r\n" + body()], {400}),
        "a chunk's size beyond all numbers": ([head(receiver, CHUNKED), b"f" * 40 + b"\r\n" + body()], {400}),
        "a chunk's size below nothing": ([head(receiver, CHUNKED), b"-5\r\n" + body()], {400}),
        "a chunk's extension without end": ([head(receiver, CHUNKED), *[b"5;" + b"x" * 65536] * 40], {400}),
        "trailers without end": ([head(receiver, CHUNKED), WHOLE + b"0\r\n", *[b"X-T: t\r\n" * 8192] * 200], {400}),
        "a trailer without end": ([head(receiver, CHUNKED), WHOLE + b"0\r\nX: ", *[b"t" * 65536] * 128], {400}),
        "a body shorter than it says": ([head(receiver, f"Content-Length: {len(body()) + 9}"), body()], set()),
        "ten thousand headers": ([head(receiver, LENGTH, *many), body()], {400}),
        "a header of a megabyte": ([head(receiver, LENGTH, "X-Long: " + "x" * MEBIBYTE), body()], {400}),
        "a header's name of a megabyte": ([head(receiver, LENGTH, "x" * MEBIBYTE + ": 1"), body()], {400}),
        "a target of a megabyte": ([head(receiver, target="/hooks/" + "x" * MEBIBYTE)], {400}),
        "headers without end": ([head(receiver)[:-2], *[b"X-More: and more\r\n" * 4096] * 400], {400}),
        "one header without end": ([head(receiver)[:-2] + b"X-Endless: ", *[b"x" * 65536] * 400], {400}),
        "two lengths": ([head(receiver, LENGTH, "Content-Length: 3"), body()], {400}),
        "a length that is none": ([head(receiver, "Content-Length: many"), body()], {400}),
        "a length below nothing": ([head(receiver, "Content-Length: -1"), body()], {400}),
        "a length and chunks": ([head(receiver, LENGTH, CHUNKED), b"0\r\n\r\n" + body()], {400}),
        "chunks and a length": ([head(receiver, CHUNKED, "Content-Length: 4"), WHOLE + b"0\r\n\r\n"], {400}),
        "an encoding nobody knows": ([head(receiver, "Transfer-Encoding: identity"), body()], {400}),
        "chunks that are not the last encoding": ([head(receiver, "Transfer-Encoding: chunked, gzip"), WHOLE], {400}),
        "chunks written oddly": ([head(receiver, "Transfer-Encoding: xchunked"), WHOLE + b"0\r\n\r\n"], {400}),
        "a space before the colon": ([head(receiver, f"Content-Length : {len(body())}"), body()], {400}),
        "a NUL in a header": ([head(receiver, LENGTH, "X-Nul: a\0b"), body()], {400}),
        "a header on two lines": ([head(receiver, LENGTH, "X-Folded: a\r\n b"), body()], {400, 401}),
        "a NUL in the path": ([head(receiver, LENGTH, target=f"{path}\0"), body()], {400}),
        "an encoded NUL in the path": ([head(receiver, LENGTH, target=f"{path}%00"), body()], {404}),
        "letters no path may have": ([head(receiver, LENGTH, target=f"{path}é"), body()], {400, 404}),
        "half a letter, encoded": ([head(receiver, LENGTH, target=f"{path}%ff%c3"), body()], {404}),
        "a path that climbs": ([head(receiver, LENGTH, target=f"/hooks/../hooks{path}"), body()], {404}),
        "a path of slashes": ([head(receiver, LENGTH, target="/hooks/" + "/" * 9000), body()], {404}),
        "no path": ([head(receiver, LENGTH, target=""), body()], {400}),
        "an address of nothing": ([head(receiver, LENGTH, target="http://"), body()], {400}),
        "a tunnel": ([head(receiver, method="CONNECT", target="provider.example:443")], {400}),
        "everything": ([head(receiver, method="OPTIONS", target="*")], {400, 404}),
        "no method there is": ([head(receiver, LENGTH, method="SIGN"), body()], {400}),
        "the beginning of HTTP/2": ([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 99], {400}),
        "HTTP/0.9": ([f"POST {path}\r\n\r\n".encode() + body()], {400, 401}),
        "another HTTP": ([head(receiver, LENGTH).replace(b"HTTP/1.1", b"HTTP/9.9"), body()], {400}),
        "a TLS greeting": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x99" * 600], {400}),
        "noise": ([bytes(range(256)) * 4096], {400}),
        "line feeds alone": ([head(receiver, LENGTH).replace(b"\r\n", b"\n"), body() + b" "], {400, 401}),
        "a promise to change the protocol": (
            [head(receiver, "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 3"), b"abc"], {400, 401}),
        "ten thousand requests ahead": ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 10_000], {400, 404}),
    }  # fmt: skip


NAMES = list(cases(Running(None, None, "http://127.0.0.1:1/hooks/a/b/c", Path())))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
async def test_it_is_refused_and_leaves_nothing_behind(receiver: Running, name: str) -> None:
    parts, allowed = cases(receiver)[name]
    before, rows = size(receiver), len(stored(receiver))
    for _ in range(3):
        answered = set(statuses(await send(receiver, *parts)))
        assert answered <= allowed
        # who goes on sending may see the connection reset before the answer
        assert bool(answered) == bool(allowed) or sum(map(len, parts)) > 65536
    await genuine(receiver, name)
    assert stored(receiver)[rows:] == [body(name)]
    assert size(receiver) - before < GROWTH


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Content-Type: text/plain",),
        ("Content-Type: multipart/form-data; boundary=x",),
        ("Content-Type: application/json; charset=utf-16",),
        ("Content-Type: ", "Content-Type: é"),
        ("Expect: 100-continue",),
        ("Connection: close",),
        ("Accept-Encoding: br",),
    ],
)
async def test_the_proof_counts_and_no_other_header_does(receiver: Running, lines: tuple[str, ...]) -> None:
    content = body(f"con-{lines}")
    proof = f"{SIGNATURE}: {signed(content)[SIGNATURE]}"
    sent = head(receiver, *lines, f"Content-Length: {len(content)}").replace(
        f"{SIGNATURE}: {PROOF}".encode(), proof.encode()
    )
    assert statuses(await send(receiver, sent, content, answers=1 + ("Expect" in str(lines))))[-1] == 200
    assert stored(receiver)[-1] == content


async def test_a_sender_that_asks_first_is_told_to_go_on_only_at_an_address_of_ours(receiver: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(receiver.url).port)
    writer.write(head(receiver, LENGTH, "Expect: 100-continue"))
    async with asyncio.timeout(PATIENCE):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.close()
    wrong = head(receiver, LENGTH, "Expect: 100-continue", target=httpx.URL(receiver.url).path + "x")
    assert statuses(await send(receiver, wrong, answers=1)) == [404]


async def test_the_old_protocol_and_the_proxys_form_of_an_address_are_understood(receiver: Running) -> None:
    path = httpx.URL(receiver.url).path
    old = head(receiver, LENGTH).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert statuses(await send(receiver, old, body(), answers=1)) == [200]
    whole = head(receiver, LENGTH, "Connection: close", target=f"http://receiver.example{path}")
    assert statuses(await send(receiver, whole, body(), answers=1)) == [200]


async def test_requests_sent_ahead_are_answered_in_their_order(receiver: Running) -> None:
    good, bad = head(receiver, LENGTH) + body(), head(receiver, LENGTH) + body().replace(b"con", b"kon")
    last = head(receiver, LENGTH, "Connection: close") + body()
    assert statuses(await send(receiver, good + bad + good + last, answers=4)) == [200, 401, 200, 200]


async def test_what_is_packed_is_never_unpacked(receiver: Running) -> None:
    bomb = gzip.compress(b"\0" * (600 * MEBIBYTE), 9)
    assert len(bomb) < MEBIBYTE
    before = size(receiver)
    for proof, status in ((signed(bomb), 200), (signed(b"\0"), 401)):
        headers = {**proof, "Content-Encoding": "gzip"}
        answer = await receiver.client.post(receiver.url, content=bomb, headers=headers)
        assert answer.status_code == status
    assert stored(receiver)[-1] == bomb
    too_large = gzip.compress(json.dumps({"status": "x" * 100}).encode()) + b"\0" * MEBIBYTE
    headers = {**signed(too_large), "Content-Encoding": "gzip"}
    assert (await receiver.client.post(receiver.url, content=too_large, headers=headers)).status_code == 413
    assert size(receiver) - before < GROWTH


async def test_a_hundred_senders_that_dawdle_do_not_hold_up_a_genuine_one(receiver: Running) -> None:
    async def dawdle(said: bytes) -> Any:
        return await asyncio.open_connection("127.0.0.1", httpx.URL(receiver.url).port), said

    openings = [b"", b"POST", head(receiver)[:-2], head(receiver, LENGTH), head(receiver, CHUNKED) + b"5\r\n"]
    opened = await asyncio.gather(*(dawdle(opening) for opening in openings * 20))
    try:
        for (_, writer), said in opened:
            writer.write(said)
        for number in range(10):
            await genuine(receiver, f"con-meanwhile-{number}")
    finally:
        for (_, writer), _ in opened:
            writer.close()


async def test_its_log_tells_nothing_of_what_strangers_sent(receiver: Running) -> None:
    log = receiver.log.read_text()
    for word in (PERSON, "Traceback", "X-More", httpx.URL(receiver.url).path.rpartition("/")[2]):
        assert word not in log

"""What is let in, what is turned away, and what is in the ledger afterwards; over real HTTP and a real SQLite file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from connectors.signing.hooks import hook_url, token
from receiver.body import LIMIT
from receiver.impatience import Impatient
from tests.receiver.stage import API_TOKEN, SECRET, SIGNATURE, Receiver, body, receiving, signed, variables


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiving(tmp_path) as running:
        yield running


async def test_a_genuine_delivery_is_stored_as_it_came(receiver: Receiver) -> None:
    answer = await receiver.deliver(body())
    assert (answer.status_code, answer.content) == (200, b"")
    assert receiver.sql("SELECT provider, account, body, state, genuine FROM inbox") == [
        ("esignatures", "default", body(), "waiting", 1)
    ]


async def test_only_the_headers_the_proof_needs_are_stored(receiver: Receiver) -> None:
    headers = {**signed(body()), "Authorization": "Basic c2VjcmV0", "Cookie": "a=b", "X-Forwarded-For": "192.0.2.7"}
    await receiver.deliver(body(), headers)
    [(kept,)] = receiver.sql("SELECT headers FROM inbox")
    assert json.loads(kept) == {SIGNATURE: signed(body())[SIGNATURE]}


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (body(), {}),
        (body(), {SIGNATURE: ""}),
        (body(), {SIGNATURE: "0" * 64}),
        (body(), signed(body(), key="another-account")),
        (body() + b" ", signed(body())),
        (body("con-02"), signed(body("con-01"))),
        (b"", {SIGNATURE: "é"}),
    ],
)
async def test_without_proof_nothing_is_stored(receiver: Receiver, content: bytes, headers: dict[str, str]) -> None:
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    answer = await receiver.client.post(receiver.url, content=content, headers=raw)
    assert (answer.status_code, answer.content) == (401, b"")
    assert receiver.inbox() == []


async def test_the_same_delivery_five_times_is_one_row(receiver: Receiver) -> None:
    answers = [(await receiver.deliver(body())).status_code for _ in range(5)]
    assert answers == [200] * 5
    assert len(receiver.inbox()) == 1


async def test_the_same_delivery_five_times_at_once_is_one_row(receiver: Receiver) -> None:
    answers = await asyncio.gather(*(receiver.deliver(body()) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(receiver.inbox()) == 1


async def test_two_hundred_at_once_are_all_stored(receiver: Receiver) -> None:
    bodies = [body(f"con-{number}") for number in range(200)]
    answers = await asyncio.gather(*map(receiver.deliver, bodies))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(receiver.inbox()) == sorted(bodies)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/hooks",
        "/hooks/esignatures/default/wrong",
        "/hooks/esignatures/default/é",
        f"/hooks/unknown/default/{token.__name__}",
        "/hooks/esignatures/sandbox/{token}",
        "/hooks/esignatures/default/{token}/",
        "/hooks/esignatures/default/{token}/more",
    ],
)
async def test_unknown_addresses_all_look_the_same(receiver: Receiver, path: str, method: str) -> None:
    url = receiver.address + path.format(token=receiver.url.rpartition("/")[2])
    answer = await receiver.client.request(method, url, content=body(), headers=signed(body()))
    assert (answer.status_code, answer.content) == (404, b"")
    assert set(answer.headers) == {"content-length", "date"}
    assert receiver.inbox() == []


async def test_at_a_known_address_only_post_is_answered(receiver: Receiver) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert (await receiver.client.request(method, receiver.url)).status_code == 405


async def test_an_account_that_is_nowhere_is_not_found(receiver: Receiver) -> None:
    url = hook_url(receiver.address, receiver.settings.receiver_secrets, "esignatures", "sandbox")
    assert (await receiver.deliver(body(), url=url)).status_code == 404


async def test_a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not(receiver: Receiver) -> None:
    largest = body().ljust(LIMIT)
    assert (await receiver.deliver(largest)).status_code == 200
    assert (await receiver.deliver(largest + b" ")).status_code == 413
    assert receiver.inbox() == [largest]


async def test_a_body_without_a_declared_length_is_limited_too(receiver: Receiver) -> None:
    whole = body().ljust(LIMIT + 1)

    async def in_parts(size: int) -> AsyncIterator[bytes]:
        for start in range(0, size, 65536):
            yield whole[start : min(start + 65536, size)]

    for size, status in ((LIMIT, 200), (LIMIT + 1, 413)):
        headers = signed(whole[:size])
        answer = await receiver.client.post(receiver.url, content=in_parts(size), headers=headers)
        assert (answer.request.headers["transfer-encoding"], answer.status_code) == ("chunked", status)
    assert receiver.inbox() == [whole[:LIMIT]]


async def test_a_body_that_never_ends_is_not_read_for_ever(receiver: Receiver) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65536

    async with asyncio.timeout(5):
        with contextlib.suppress(httpx.TransportError):  # hung up on in the middle of its sentence
            answer = await receiver.client.post(receiver.url, content=endless(), headers=signed(b""))
            assert answer.status_code == 413
    assert (await receiver.client.get(f"{receiver.address}/healthz")).status_code == 200


async def test_a_body_that_dawdles_is_not_waited_for(tmp_path: Path) -> None:
    async with receiving(tmp_path, body_seconds=0.3) as receiver:
        url = httpx.URL(receiver.url)
        reader, writer = await asyncio.open_connection("127.0.0.1", url.port)
        head = f"POST {url.path} HTTP/1.1\r\nHost: a\r\n{SIGNATURE}: {signed(body())[SIGNATURE]}\r\n"
        writer.write(f"{head}Content-Length: {len(body())}\r\n\r\n".encode() + body()[:-1])
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        assert receiver.inbox() == []


async def test_who_connects_and_says_nothing_is_let_go(tmp_path: Path) -> None:
    class Hasty(Impatient):
        head_seconds: ClassVar[float] = 0.3

    async with receiving(tmp_path, http=Hasty) as receiver:
        port = httpx.URL(receiver.address).port
        whole, half = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /hooks HTTP/1.1\r\nHost: a\r\n"
        for said, answered in ((b"", False), (half, False), (whole, True)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            if answered:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(half)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()


async def test_a_stranger_cannot_keep_us_reading(receiver: Receiver) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(receiver.address).port)
    writer.write(b"POST /hooks/a/b/c HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
    writer.close()


async def test_what_nobody_understands_is_stored_if_it_is_genuine(receiver: Receiver) -> None:
    odd = [b"", b"not JSON", b"[1]", b"\xff\xfe", b'{"status": "\\u0000", "data": {"contract": {"id": "\\ud800"}}}']
    for content in odd:
        assert (await receiver.deliver(content)).status_code == 200
    assert receiver.inbox() == odd


async def test_a_secret_being_exchanged_is_valid_beside_the_new_one(tmp_path: Path) -> None:
    newer, older = "the-newer-of-two-secrets", SECRET
    env = variables(
        tmp_path, ESIGN_RECEIVER_SECRET=f"{newer},{older}", ESIGN_ESIGNATURES_WEBHOOK_SECRETS="older-api-token"
    )
    async with receiving(tmp_path, env) as receiver:
        addresses = [
            hook_url(receiver.address, [secret], "esignatures", "default")
            for secret in receiver.settings.receiver_secrets
        ]
        for number, url in enumerate(addresses):
            for key in (API_TOKEN, "older-api-token"):
                content = body(f"con-{number}-{key}")
                assert (await receiver.deliver(content, signed(content, key), url)).status_code == 200
        gone = addresses[1]
    async with receiving(tmp_path, variables(tmp_path, ESIGN_RECEIVER_SECRET=newer)) as receiver:
        path = httpx.URL(gone).path
        assert (await receiver.deliver(body("con-9"), url=receiver.address + path)).status_code == 404
        old_key = signed(body("con-9"), "older-api-token")
        assert (await receiver.deliver(body("con-9"), old_key)).status_code == 401
        assert len(receiver.inbox()) == 4


async def test_the_answer_waits_for_the_commit(receiver: Receiver) -> None:
    with closing(sqlite3.connect(receiver.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        delivering = asyncio.create_task(receiver.deliver(body()))
        await asyncio.sleep(0.5)
        assert not delivering.done()
        other.execute("ROLLBACK")
    assert (await delivering).status_code == 200
    assert receiver.inbox() == [body()]


async def test_a_commit_that_takes_too_long_is_asked_for_again(tmp_path: Path) -> None:
    async with receiving(tmp_path, commit_seconds=0.3) as receiver:
        with closing(sqlite3.connect(receiver.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = await receiver.deliver(body())
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            other.execute("ROLLBACK")
        assert (await receiver.deliver(body())).status_code == 200
        assert receiver.inbox() == [body()]


async def test_while_the_store_is_down_the_provider_is_asked_to_try_again(receiver: Receiver) -> None:
    health = f"{receiver.address}/healthz"
    assert (await receiver.client.get(health)).json() == {"status": "ok"}
    receiver.sql("ALTER TABLE inbox RENAME TO gone")
    answers = await asyncio.gather(*(receiver.deliver(body(f"con-{number}")) for number in range(5)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(503, b"")}
    assert (await receiver.client.get(health)).status_code == 503
    receiver.sql("ALTER TABLE gone RENAME TO inbox")
    assert (await receiver.deliver(body())).status_code == 200
    assert (await receiver.client.get(health)).status_code == 200
    assert receiver.inbox() == [body()]


async def test_one_that_cannot_be_stored_does_not_take_its_neighbours_with_it(receiver: Receiver) -> None:
    receiver.sql(
        "CREATE TRIGGER picky BEFORE INSERT ON inbox WHEN new.identity LIKE '%con-bad%'"
        " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
    )
    names = ["con-01", "con-02", "con-bad", "con-03"]
    answers = await asyncio.gather(*(receiver.deliver(body(name)) for name in names))
    assert [answer.status_code for answer in answers] == [200, 200, 503, 200]
    assert len(receiver.inbox()) == 3

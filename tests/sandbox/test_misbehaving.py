"""Faults on request, and the counting of requests."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from tests.sandbox.example import BASE, Client, client_of
from tests.sandbox.running import API, Customer, wanted

CREATE = f"POST {API}/contracts"


async def number_of_contracts(customer: Customer) -> int:
    return len(await customer.admin("/contracts"))


async def test_requests_are_counted_by_method_and_route_template(customer: Customer) -> None:
    one, other = await customer.create("a@example.com"), await customer.create("b@example.com")
    for contract in (one, other, one):
        await customer.contract(contract["id"])
    await customer.get("/nowhere")
    counts = (await customer.admin("/counts"))["requests"]
    assert counts[CREATE] == 2
    assert counts[f"GET {API}/contracts/{{id}}"] == 3
    assert counts["GET (no such route)"] == 1
    await customer.client.delete(f"{customer.url}/_sandbox/counts")
    assert CREATE not in (await customer.admin("/counts"))["requests"]


async def test_an_error_answer_is_given_as_often_as_asked_and_nothing_happens(customer: Customer) -> None:
    await customer.fault(CREATE, "status:429:7", times=2)
    for _ in range(2):
        answer = await customer.post("/contracts", wanted("a@example.com"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert await number_of_contracts(customer) == 0
    assert (await customer.post("/contracts", wanted("a@example.com"))).status_code == 200


async def test_errors_are_in_the_shape_of_the_provider_they_were_asked_for(tmp_path: Path) -> None:
    said = "This error was asked for at /_sandbox/faults."
    async with client_of(tmp_path) as customer:
        example = Client(customer)
        for action, status in (("status:503:2", 503), ("error-inside", 200)):
            await customer.fault(CREATE, action)
            await customer.fault(f"POST {BASE}", action)
            theirs = await customer.post("/contracts", wanted("a@example.com"))
            assert theirs.status_code == status
            assert theirs.json() == {"status": "error", "data": {"error_code": "sandbox-fault", "error_message": said}}
            ours = await example.try_to_ask("a@example.com")
            assert (ours.status_code, ours.json()) == (status, {"oh": said})
            assert ours.headers.get("Retry-After") == ("2" if status == 503 else None)
        assert await number_of_contracts(customer) == 0
        await customer.fault("GET /mailbox", "status:500")
        assert (await customer.client.get(f"{customer.url}/mailbox")).json() == {"problem": said}


async def test_a_web_page_or_another_place_instead_of_an_answer_and_nothing_happens(customer: Customer) -> None:
    await customer.fault(CREATE, "html")
    page = await customer.post("/contracts", wanted("a@example.com"))
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    await customer.fault(CREATE, "redirect:http://127.0.0.1:9/elsewhere?a=1")
    moved = await customer.post("/contracts", wanted("a@example.com"))
    assert (moved.status_code, moved.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere?a=1")
    assert await number_of_contracts(customer) == 0
    await customer.create("a@example.com")


async def test_a_delay_is_only_a_delay(customer: Customer) -> None:
    await customer.fault(CREATE, "delay:0.5")
    began = time.monotonic()
    await customer.create("a@example.com")
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(("action", "happened"), [("cut-before", 0), ("cut-after", 1), ("half-answer", 1)])
async def test_a_cut_connection_gives_no_answer_whether_or_not_something_happened(
    customer: Customer, action: str, happened: int
) -> None:
    await customer.fault(CREATE, action)
    with pytest.raises(httpx.RemoteProtocolError):
        await customer.post("/contracts", wanted("a@example.com"))
    assert await number_of_contracts(customer) == happened
    await customer.create("a@example.com")


async def test_half_an_answer_is_half_of_a_whole_one(customer: Customer) -> None:
    await customer.fault(f"GET {API}/templates", "half-answer")
    host, port = customer.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = httpx.BasicAuth("token-of-example-company-01", "")._auth_header
    writer.write(f"GET {API}/templates HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    raw = await reader.read()
    writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert len(body) == length // 2


async def test_faults_are_listed_cleared_and_checked(customer: Customer) -> None:
    await customer.fault(CREATE, "status:500", times=3)
    assert (await customer.admin("/faults"))["faults"] == [{"match": CREATE, "action": "status:500", "times": 3}]
    await customer.client.delete(f"{customer.url}/_sandbox/faults")
    assert (await customer.admin("/faults"))["faults"] == []
    for wrong in (
        {"match": CREATE, "action": "explode"},
        {"match": CREATE, "action": "status"},
        {"match": CREATE, "action": "status:200"},
        {"match": CREATE, "action": "status:500:soon"},
        {"match": CREATE, "action": "status:²00"},
        {"match": CREATE, "action": "delay:soon"},
        {"match": CREATE, "action": "delay:nan"},
        {"match": CREATE, "action": "delay"},
        {"match": CREATE, "action": "html:1"},
        {"match": CREATE, "action": "redirect"},
        {"match": CREATE, "action": "redirect:"},
        {"match": CREATE, "action": "redirect:http://a b"},
        {"match": CREATE, "action": "cut-after", "times": 0},
        {"match": CREATE, "action": "cut-after", "times": True},
        {"action": "cut-after"},
        {"match": CREATE, "action": "cut-after", "colour": "red"},
        [],
    ):
        assert (await customer.client.post(f"{customer.url}/_sandbox/faults", json=wrong)).status_code == 422


async def test_the_certificate_of_the_seal_can_be_fetched(customer: Customer) -> None:
    answer = await customer.client.get(f"{customer.url}/_sandbox/ca.pem")
    assert answer.text.startswith("-----BEGIN CERTIFICATE-----")

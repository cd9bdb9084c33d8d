"""Accounts kept as Prefect blocks, read over REST from a server on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.signing.hooks import hook_url
from receiver.accounts import Accounts
from receiver.errors import SettingsUnavailable
from receiver.prefect_api import prefect_api
from tests.receiver.stage import PrefectServer, body, receiving, signed, variables

VALUES = {"api_token": "token-in-the-block", "mode": "live", "webhook_secrets": ["older-token"], "rate": 20.0}


def office(**more: Any) -> dict[str, dict[str, Any]]:
    return {"esign-esignatures/office": {**VALUES, **more}}


async def test_the_account_is_read_from_its_block_and_remembered(tmp_path: Path) -> None:
    prefect = PrefectServer(blocks=office())
    async with prefect.up(), receiving(tmp_path, variables(tmp_path, PREFECT_API_URL=prefect.api_url)) as door:
        url = hook_url(door.address, door.settings.receiver_secrets, "esignatures", "office")
        bodies = [body(f"con-{number}") for number in range(10)]
        answers = await asyncio.gather(
            *(door.deliver(content, signed(content, "token-in-the-block"), url) for content in bodies)
        )
        assert {answer.status_code for answer in answers} == {200}
        assert (await door.deliver(body(), signed(body(), "older-token"), url)).status_code == 200
        assert (await door.deliver(body("con-x"), url=url)).status_code == 401
        assert prefect.reads == 1
        assert {row[0] for row in door.sql("SELECT account FROM inbox")} == {"office"}


async def test_while_prefect_is_down_unknown_accounts_are_asked_to_try_again(tmp_path: Path) -> None:
    prefect = PrefectServer(blocks=office())
    async with receiving(tmp_path, variables(tmp_path, PREFECT_API_URL=prefect.api_url)) as door:
        url = hook_url(door.address, door.settings.receiver_secrets, "esignatures", "office")
        answer = await door.deliver(body(), signed(body(), "token-in-the-block"), url)
        assert (answer.status_code, answer.headers["retry-after"], door.inbox()) == (503, "30", [])
        assert (await door.deliver(body())).status_code == 200  # the one in the environment needs no Prefect


async def test_a_block_that_is_not_there_is_no_account(tmp_path: Path) -> None:
    prefect = PrefectServer()
    async with prefect.up(), receiving(tmp_path, variables(tmp_path, PREFECT_API_URL=prefect.api_url)) as door:
        url = hook_url(door.address, door.settings.receiver_secrets, "esignatures", "office")
        assert [(await door.deliver(body(), url=url)).status_code for _ in range(3)] == [404] * 3
        assert prefect.reads == 1


@pytest.mark.parametrize("value", ["********", "", None])
async def test_a_secret_shown_as_stars_proves_nothing(value: str | None) -> None:
    async with (
        PrefectServer(blocks=office(api_token=value)).up() as prefect,
        prefect_api(prefect.api_url, {}) as client,
    ):
        with pytest.raises(SettingsUnavailable):
            await Accounts({}, client).settings("esignatures", "office")


async def test_settings_once_read_serve_through_an_outage() -> None:
    async with PrefectServer(blocks=office()).up() as prefect, prefect_api(prefect.api_url, {}) as client:
        accounts = Accounts({}, client, fresh=0.0)
        first = await accounts.settings("esignatures", "office")
        prefect.status = 500
        assert first is not None
        assert await accounts.settings("esignatures", "office") == first
        assert await accounts.settings("esignatures", "office") == first
        assert prefect.reads == 2  # nor is Prefect asked again at once


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, None),
        ({"PREFECT_API_KEY": "key"}, "Bearer key"),
        ({"PREFECT_API_AUTH_STRING": "admin:pass", "PREFECT_API_KEY": "key"}, "Basic YWRtaW46cGFzcw=="),
    ],
)
async def test_the_receiver_signs_in_at_prefect_as_prefects_own_client_does(
    env: dict[str, str], expected: str | None
) -> None:
    async with PrefectServer(blocks=office()).up() as prefect, prefect_api(prefect.api_url, env) as client:
        settings = await Accounts({}, client).settings("esignatures", "office")
        assert settings is not None
        assert settings.webhook_secrets == (SecretStr("older-token"),)
        assert prefect.authorization == {expected}


async def test_a_strange_account_name_stays_one_part_of_the_path() -> None:
    seen: list[bytes] = []

    def wire(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(404)

    client = httpx.AsyncClient(base_url="http://prefect.test/api", transport=httpx.MockTransport(wire))
    assert await Accounts({}, client).settings("esignatures", "../../admin?x#y") is None
    assert seen[0].startswith(b"/api/block_types/slug/esign-esignatures/block_documents/name/..%2F..%2Fadmin%3Fx%23y?")

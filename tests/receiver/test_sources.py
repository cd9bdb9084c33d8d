"""Where an account's webhooks may come from, with and without a proxy before the receiver."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.signing.accounts import from_environment
from connectors.signing.esignatures import ESignaturesSettings
from connectors.signing.lumin import LuminSettings
from ledger.settings import read_settings
from tests.receiver.stage import API_TOKEN, body, receiving, signed, variables

SOURCES, PROXIES = "ESIGN_ESIGNATURES_WEBHOOK_SOURCES", "ESIGN_TRUSTED_PROXIES"


async def test_without_a_list_anybody_with_a_signature_is_let_in(tmp_path: Path) -> None:
    async with receiving(tmp_path) as receiver:
        assert (await receiver.deliver(body())).status_code == 200


@pytest.mark.parametrize(
    ("sources", "status"),
    [("127.0.0.0/8", 200), ("192.0.2.0/24, 127.0.0.1", 200), ("::1", 403), ("192.0.2.0/24", 403), ("published", 403)],
)
async def test_who_is_outside_the_list_is_refused_whatever_the_signature(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sources: str, status: int
) -> None:
    async with receiving(tmp_path, variables(tmp_path, **{SOURCES: sources})) as receiver:
        with caplog.at_level(logging.WARNING, "receiver"):
            answers = [await receiver.deliver(body(f"con-{number}")) for number in range(3)]
        assert {(answer.status_code, answer.content) for answer in answers} == {(status, b"")}
        assert len(receiver.inbox()) == (3 if status == 200 else 0)
        said = [line for line in caplog.messages if "webhook_sources" in line]
        assert len(said) == (0 if status == 200 else 1)
        assert not any(word in line for line in said for word in ("127.0.0.1", receiver.url.rpartition("/")[2]))


async def test_a_place_on_the_list_replaces_no_signature(tmp_path: Path) -> None:
    async with receiving(tmp_path, variables(tmp_path, **{SOURCES: "127.0.0.1"})) as receiver:
        assert (await receiver.deliver(body(), signed(body(), "wrong"))).status_code == 401


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        ("", "100.26.156.173", 403),  # said by nobody we trust
        ("10.0.0.0/8", "100.26.156.173", 403),
        ("127.0.0.0/8", "100.26.156.173", 200),
        ("127.0.0.0/8", "198.51.100.7", 403),
        ("127.0.0.0/8", "100.26.156.173, 198.51.100.7", 403),  # the first was said by the second, not by our proxy
        ("127.0.0.0/8,10.0.0.0/8", "100.26.156.173, 10.1.2.3", 200),
        ("127.0.0.0/8", "not an address", 403),
        ("127.0.0.0/8", "", 403),
    ],
)
async def test_behind_a_proxy_the_address_it_names_counts(
    tmp_path: Path, proxies: str, forwarded: str, status: int
) -> None:
    env = variables(tmp_path, **{SOURCES: "published", PROXIES: proxies})
    async with receiving(tmp_path, env) as receiver:
        headers = {**signed(body()), "X-Forwarded-For": forwarded}
        assert (await receiver.deliver(body(), headers)).status_code == status


def test_an_address_counts_in_whichever_form_a_socket_shows_it() -> None:
    settings = ESignaturesSettings(api_token=API_TOKEN, webhook_sources=("published", "2001:db8::/32"))
    assert settings.takes_from("3.223.86.53")
    assert settings.takes_from("::ffff:3.223.86.53")
    assert settings.takes_from("2001:db8::7")
    for other in ("3.223.86.54", "::ffff:3.223.86.54", "2001:db9::7", "", None, "3.223.86.53, 3.223.86.53"):
        assert not settings.takes_from(other)


@pytest.mark.parametrize("wrong", ["everywhere", "300.1.1.1", "10.0.0.0/99", "", "*"])
def test_what_is_no_network_is_refused_when_the_account_is_read(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValidationError, match=r"192\.0\.2\.0/24"):
        ESignaturesSettings(api_token=API_TOKEN, webhook_sources=(wrong,))
    if wrong:
        with pytest.raises(ValueError, match=f"{SOURCES} cannot be used"):
            from_environment("esignatures", "default", {"ESIGN_ESIGNATURES_API_TOKEN": "a", SOURCES: wrong})
        with pytest.raises(ValueError, match=PROXIES):
            read_settings(variables(tmp_path, **{PROXIES: wrong}))


def test_nothing_is_published_where_the_provider_says_nothing() -> None:
    with pytest.raises(ValidationError, match="publishes no addresses"):
        LuminSettings(api_key="key", webhook_sources=("published",))

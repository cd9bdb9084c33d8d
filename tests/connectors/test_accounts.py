"""Accounts out of environment variables."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from connectors.signing.accounts import from_environment, missing, variable
from connectors.signing.esignatures import ESignaturesSettings
from connectors.signing.registry import PROVIDERS

SANDBOX = {"ESIGN_SANDBOX_URL": "http://127.0.0.1:4300/", "ESIGN_SANDBOX_TOKEN": "for-trying-out"}
TOKEN = {"ESIGN_ESIGNATURES_API_TOKEN": " token-for-tests\n"}


def test_the_sandbox_is_a_test_account_that_settles_at_once() -> None:
    account = from_environment("esignatures", "sandbox", SANDBOX)
    assert isinstance(account, ESignaturesSettings)
    assert account.base_url == "http://127.0.0.1:4300/esignatures/api"
    assert account.api_token.get_secret_value() == "for-trying-out"
    assert (account.mode, account.settle_seconds, account.allow_private_downloads) == ("test", 0, True)


@pytest.mark.parametrize("name", SANDBOX)
def test_half_a_sandbox_is_none(name: str) -> None:
    assert from_environment("esignatures", "sandbox", {**SANDBOX, name: " "}) is None


def test_a_token_alone_makes_the_default_account_in_test_mode() -> None:
    account = from_environment("esignatures", "default", TOKEN)
    assert isinstance(account, ESignaturesSettings)
    assert account == ESignaturesSettings(api_token=SecretStr("token-for-tests"))
    assert account.mode == "test"


def test_every_setting_of_the_default_account_has_its_variable() -> None:
    account = from_environment(
        "esignatures",
        "default",
        TOKEN
        | {
            "ESIGN_ESIGNATURES_BASE_URL": "https://provider.example/api",
            "ESIGN_ESIGNATURES_MODE": "live",
            "ESIGN_ESIGNATURES_RATE": "2.5",
            "ESIGN_ESIGNATURES_CONCURRENCY": "4",
            "ESIGN_ESIGNATURES_QUOTA": "500",
            "ESIGN_ESIGNATURES_TIMEOUT_SECONDS": "9",
            "ESIGN_ESIGNATURES_SETTLE_SECONDS": "60",
            "ESIGN_ESIGNATURES_WEBHOOK_SECRETS": "new, old,",
            "ESIGN_ESIGNATURES_WEBHOOK_SOURCES": "published, 192.0.2.0/24,",
            "ESIGN_ESIGNATURES_RECONCILE": "false",
            "ESIGN_ESIGNATURES_ALLOW_PRIVATE_DOWNLOADS": "true",
        },
    )
    assert account is not None
    assert account.model_dump(exclude={"api_token", "webhook_secrets"}) == {
        "base_url": "https://provider.example/api",
        "mode": "live",
        "rate": 2.5,
        "concurrency": 4,
        "quota": 500,
        "timeout_seconds": 9.0,
        "settle_seconds": 60.0,
        "reconcile": False,
        "allow_private_downloads": False,
        "webhook_sources": ("published", "192.0.2.0/24"),
    }
    assert [secret.get_secret_value() for secret in account.webhook_secrets] == ["new", "old"]


def test_a_bad_value_names_its_variable_and_does_not_repeat_it() -> None:
    with pytest.raises(ValueError, match="ESIGN_ESIGNATURES_RATE cannot be used") as caught:
        from_environment("esignatures", "default", TOKEN | {"ESIGN_ESIGNATURES_RATE": "quickly"})
    assert "quickly" not in str(caught.value)


def test_other_accounts_are_not_kept_here() -> None:
    assert from_environment("esignatures", "office", SANDBOX | TOKEN) is None
    assert from_environment("esignatures", "default", SANDBOX) is None


def test_what_is_missing_is_said_in_one_sentence_with_what_to_do() -> None:
    assert "ESIGN_SANDBOX_URL" in missing("esignatures", "sandbox")
    assert "ESIGN_ESIGNATURES_API_TOKEN" in missing("esignatures", "default")
    assert "esign-esignatures/office" in missing("esignatures", "office")


def test_a_provider_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="esignatures"):
        from_environment("nobody", "default", {})


def test_every_provider_is_listed_under_its_own_word() -> None:
    for word, provider in PROVIDERS.items():
        assert provider.name == word
        assert variable(word, "base_url") == f"ESIGN_{word.upper()}_BASE_URL"
        assert all(field.description for field in provider.settings_class.model_fields.values())

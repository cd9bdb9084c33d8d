"""Accounts kept in environment variables: the sandbox's, and one `default` a provider for a quick start."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from connectors.signing.provider import ProviderSettings
from connectors.signing.registry import PROVIDERS

SANDBOX = "sandbox"
"""The account that is always the sandbox, wherever it runs."""
SANDBOX_URL = "ESIGN_SANDBOX_URL"
SANDBOX_TOKEN = "ESIGN_SANDBOX_TOKEN"  # noqa: S105 - the variable's name
LISTS = {"webhook_secrets", "webhook_sources"}
"""Settings of several values, comma separated."""
NOT_FROM_HERE = {"allow_private_downloads"}
"""Settings that no variable sets."""


def from_environment(provider: str, account: str, env: Mapping[str, str]) -> ProviderSettings | None:
    """The account's settings as `env` has them; `None` if it does not have them, or not under this name.

    Raises `ValueError` with a sentence for a provider there is not, and for a variable with a value that cannot be.
    """
    settings_class = _settings_class(provider)
    if account == SANDBOX:
        return _sandbox(provider, settings_class, env)
    if account == "default":
        return _default(provider, settings_class, env)
    return None


def missing(provider: str, account: str) -> str:
    """What to do when there is no such account, in one sentence. Raises `ValueError` for a provider there is not."""
    if account == SANDBOX:
        return f"The sandbox is not running here: start it with `esign up`, or set {SANDBOX_URL} and {SANDBOX_TOKEN}."
    block = f"save a Prefect block esign-{provider}/{account}"
    if account == "default":
        variables = " and ".join(variable(provider, name) for name in _needed(_settings_class(provider)))
        return f"Account 'default' at {_title(provider)} is not set up: set {variables}, or {block}."
    return f"There is no account '{account}' at {_title(provider)}: {block}."


def variable(provider: str, setting: str) -> str:
    """The environment variable of a setting of the account `default`."""
    return f"ESIGN_{provider}_{setting}".upper()


def _sandbox(provider: str, settings_class: type[ProviderSettings], env: Mapping[str, str]) -> ProviderSettings | None:
    url, token = env.get(SANDBOX_URL, "").strip(), env.get(SANDBOX_TOKEN, "").strip()
    if not url or not token:
        return None
    return settings_class.model_validate(
        {
            **dict.fromkeys(_needed(settings_class), token),
            "base_url": f"{url.rstrip('/')}/{PROVIDERS[provider].sandbox_path}",
            "mode": "test",
            "settle_seconds": 0,
            "allow_private_downloads": True,
        }
    )


def _default(provider: str, settings_class: type[ProviderSettings], env: Mapping[str, str]) -> ProviderSettings | None:
    names = settings_class.model_fields.keys() - NOT_FROM_HERE
    values = {name: value for name in names if (value := env.get(variable(provider, name), "").strip())}
    if any(name not in values for name in _needed(settings_class)):
        return None
    given = {name: _listed(value) if name in LISTS else value for name, value in values.items()}
    try:
        return settings_class.model_validate(given)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        problem = ValueError(
            f"{variable(provider, str(wrong['loc'][0]))} cannot be used: {wrong['msg'].removeprefix('Value error, ')}."
        )
    raise problem


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _needed(settings_class: type[ProviderSettings]) -> list[str]:
    """The settings without which there is no account: the provider's credentials."""
    return [name for name, field in settings_class.model_fields.items() if field.is_required()]


def _settings_class(provider: str) -> type[ProviderSettings]:
    if provider not in PROVIDERS:
        raise ValueError(f"There is no provider '{provider}'; there is: {', '.join(sorted(PROVIDERS))}.")
    return PROVIDERS[provider].settings_class


def _title(provider: str) -> str:
    _settings_class(provider)
    return PROVIDERS[provider].title

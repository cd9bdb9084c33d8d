"""`esign providers`: what each provider can do, and whether an account works."""

from __future__ import annotations

import json
import os
from typing import Annotated

from cyclopts import App, Parameter

from cli.failures import AnswerIsNo, BadUsage, OutsideFailed
from cli.tables import show

app = App(name="providers", help_format="plaintext")


@app.default
def capabilities(*, as_json: Annotated[bool, Parameter("--json", negative="")] = False) -> None:
    """Show what each provider can do by itself; `esign plan` says what is done for it instead.

    Parameters
    ----------
    as_json
        Print JSON for another program to read.
    """
    from connectors.signing.provider import Capability
    from connectors.signing.registry import PROVIDERS

    if as_json:
        facts = {name: sorted(provider.capabilities) for name, provider in PROVIDERS.items()}
        print(json.dumps(facts, indent=2))
        return
    show(
        ("can it …", *(provider.name for provider in PROVIDERS.values())),
        [
            (capability.sentence, *("yes" if capability in one.capabilities else "–" for one in PROVIDERS.values()))
            for capability in Capability
        ],
    )


@app.command
async def check(account: str, /) -> None:
    """Prove an account's credentials with the cheapest harmless call, and say where its webhooks have to go.

    Parameters
    ----------
    account
        Provider and account, such as lumin/default; a provider's name alone means its account `default`.
    """
    from ledger.settings import load_settings

    # Before Prefect is imported, which reads the environment then and never again.
    settings = load_settings()
    from blocks.accounts import account_settings
    from connectors.signing.errors import ConnectorError, PermanentError
    from connectors.signing.registry import PROVIDERS
    from flows.send.addresses import addresses
    from ledger import inbox
    from ledger.store import Ledger

    provider, _, name = account.partition("/")
    if provider not in PROVIDERS:
        raise BadUsage(f"There is no provider '{provider}'; there is: {', '.join(PROVIDERS)}.")
    name = name or "default"
    kind = PROVIDERS[provider]
    found = await account_settings(provider, name, os.environ)
    try:
        async with kind(found) as client:
            await client.check()
    except PermanentError as error:
        raise AnswerIsNo(f"{provider}/{name}: {error}") from None
    except ConnectorError as error:
        raise OutsideFailed(f"{provider}/{name}: {error}") from None
    print(f"{kind.title}, account {name} ({found.mode}): the credentials work.")
    known = addresses(settings, kind, name, found.base_url)
    if known.public_url is None:
        print("Webhooks: no address can be given out, since ESIGN_PUBLIC_URL is not set or the provider needs https.")
        return
    to_type_in = known.to_type_in()
    if to_type_in is None:
        print("Webhooks: the address goes out with each request.")
    else:
        print(f"Webhooks: {kind.webhook_setup} The address (keep it to yourself): {to_type_in}")
    async with await Ledger.open(settings.ledger_url) as ledger:
        last = await inbox.last_received(ledger, provider, name)
    print(f"Last genuine webhook: {f'{last:%Y-%m-%d %H:%M} UTC' if last else 'none yet'}.")

"""`esign events`: webhooks nothing could be made of, and another try for one of them."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import App, Parameter

from cli.failures import AnswerIsNo
from cli.tables import show

app = App(name="events", help_format="plaintext")


@app.command
async def dead(*, as_json: Annotated[bool, Parameter("--json", negative="")] = False) -> None:
    """Show the webhooks that could not be applied, and why.

    Parameters
    ----------
    as_json
        Print JSON for another program to read.
    """
    from ledger import inbox
    from ledger.settings import load_settings
    from ledger.store import Ledger

    async with await Ledger.open(load_settings().ledger_url) as ledger:
        found = await inbox.dead(ledger)
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in found], indent=2, ensure_ascii=False))
        return
    rows = []
    for one in found:
        received = f"{one.received_at:%Y-%m-%d %H:%M} UTC"
        rows.append((one.id, f"{one.provider}/{one.account}", received, one.reason))
    show(("webhook", "from", "received", "why"), rows)


@app.command
async def replay(webhook: int, /) -> None:
    """Let a webhook that could not be applied wait to be applied once more.

    Parameters
    ----------
    webhook
        Its number, as `esign events dead` shows it.
    """
    from ledger import inbox
    from ledger.settings import load_settings
    from ledger.store import Ledger

    async with await Ledger.open(load_settings().ledger_url) as ledger:
        if not await inbox.replay(ledger, webhook):
            raise AnswerIsNo(f"There is no such webhook {webhook}; `esign events dead` shows those there are.")
    print(f"Webhook {webhook} is applied with the next drain, within five minutes at most while everything is up.")

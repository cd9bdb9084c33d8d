"""What one provoked failure has to itself: a home with a ledger, a provider, an environment, and a person."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from prefect.client.schemas.objects import State

from connectors.signing.hooks import hook_url
from flows.send.flow import send_batch
from flows.send.prepare import prepare
from ledger import planning
from ledger.settings import load_settings
from ledger.store import Ledger
from tests.privacy.canaries import API_TOKEN, RECEIVER_SECRET, WEBHOOK_SECRET, Person
from tests.privacy.provider import Gossip


@dataclass
class Room:
    """`home` is a folder of the failure's own, but for webhooks, which arrive where the receiver's ledger is."""

    person: Person
    folder: Path
    home: Path
    provider: Gossip
    receiver: str

    def environment(self) -> dict[str, str]:
        """The sandbox's account and the account `default`, both at our provider."""
        return {
            "ESIGN_ENV_FILE": "",
            "ESIGN_HOME": str(self.home),
            "ESIGN_PUBLIC_URL": self.receiver,
            "ESIGN_RECEIVER_SECRET": RECEIVER_SECRET,
            "ESIGN_RECIPES": str(self.folder),
            "ESIGN_SANDBOX_URL": self.provider.url,
            "ESIGN_SANDBOX_TOKEN": API_TOKEN,
            "ESIGN_ESIGNATURES_API_TOKEN": API_TOKEN,
            "ESIGN_ESIGNATURES_WEBHOOK_SECRETS": WEBHOOK_SECRET,
            "ESIGN_ESIGNATURES_BASE_URL": f"{self.provider.url}/esignatures/api",
            "ESIGN_ESIGNATURES_TIMEOUT_SECONDS": "1",
        }

    # -- what is sent --------------------------------------------------------------------------------------------

    def sheet(self, *rows: dict[str, str], name: str = "list.csv") -> Path:
        """A sheet of these rows; of the one good row if none is given."""
        given = rows or (self.person.row,)
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(given[0]))
            writer.writeheader()
            writer.writerows(given)
        return path

    def others(self, count: int) -> list[dict[str, str]]:
        """So many good rows."""
        return [{**self.person.row, "company": f"{self.person.company} {at}"} for at in range(count)]

    def recipe(self, **changes: str) -> str:
        """A recipe like `nda` with other settings, as YAML text; its name."""
        lines = [
            "id: gossip",
            f"description: For {self.person.recipe}.",
            "columns:",
            *(
                f"  {name}: {{description: A column., example: {changes.pop(f'example_{name}', 'x')}}}"
                for name in self.person.row
            ),
            "key: [company]",
        ]
        said = {
            "title": "A title",
            "document": "document.md",
            "signers": '[{role: us, name: "{{ our_name }}", email: "{{ signer_email }}"}]',
        }
        lines += [f"{name}: {value}" for name, value in {**said, **changes}.items()]
        folder = self.folder / "gossip"
        folder.mkdir()
        (folder / "recipe.yaml").write_text("\n".join(lines), encoding="utf-8")
        (folder / "document.md").write_text("Hello {{ signer_name }}", encoding="utf-8")
        return "gossip"

    async def frozen(self, sheet: Path, account: str = "sandbox") -> str:
        """The sheet's batch, made without a run, so that its path is no parameter."""
        with quietly():
            settings = load_settings()
            async with self.ledger() as ledger:
                today = datetime.now(UTC).date()
                ready = await prepare(ledger, settings, "nda", sheet, account=account, campaign=None, today=today)
                return (await planning.freeze(ledger, ready.plan.draft())).batch_id

    async def sent(self, *rows: dict[str, str], account: str = "sandbox") -> State[Any]:
        """The state in which a run ends that sends these rows from a sheet named after the person."""
        batch = await self.frozen(self.sheet(*rows, name=f"{self.person.sheet}.csv"), account)
        return await send_batch(batch=batch, return_state=True)

    # -- what comes back -----------------------------------------------------------------------------------------

    async def deliver(self, body: bytes, *, key: str = API_TOKEN, path: str = "", account: str = "sandbox") -> int:
        """Bring a webhook to the receiver as the provider does; the status it is answered with."""
        url = hook_url(self.receiver, load_settings().receiver_secrets, "esignatures", account)
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        with quietly():
            async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
                headers = {"x-signature-sha256": signature, "cookie": f"session={self.person.cookie}"}
                return (await client.post(url + path, content=body, headers=headers)).status_code

    def report(self, name: str, contract: dict[str, Any] | None = None, **data: Any) -> bytes:
        """A webhook's body about a contract, the last one unless told otherwise."""
        about = contract or self.provider.contracts[-1]
        return json.dumps({"status": name, "data": {"contract": about, "signer": about["signers"][0], **data}}).encode()

    # -- what is known -------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def ledger(self) -> AsyncIterator[Ledger]:
        async with await Ledger.open(load_settings().ledger_url) as ledger:
            yield ledger

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What the ledger's file says, or is made to do, without any code of ours."""
        with closing(sqlite3.connect(self.home / "ledger.db", isolation_level=None, timeout=10)) as connection:
            return connection.execute(statement).fetchall()

    def problem(self) -> str:
        """How the first attempt ended, as the ledger has it; the provider's own words are in there."""
        return str(self.sql("SELECT problem FROM attempts")[0][0])

    def cells(self, sheet: Path, column: str) -> list[str]:
        """One column of a sheet as it is now."""
        with sheet.open(newline="", encoding="utf-8") as file:
            return [row[column] for row in csv.DictReader(file)]


@contextmanager
def quietly() -> Iterator[None]:
    """What the test does itself is no log of ours."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """These variables, and after the block none of ours."""
    os.environ.update(values)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("ESIGN_")]:
            del os.environ[name]

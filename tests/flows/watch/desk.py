"""A sheet on somebody's desk: a CSV file that is edited between looks, and the looks themselves, without Prefect."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flows.send.job import run_batch
from flows.watch.job import Turn, Watching, freeze, look
from flows.watch.refusals import show_refusals
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.fake_provider import FakeProvider

COLUMNS = ("company", "signer_name", "signer_email", "our_company", "our_name", "our_email", "purpose", "years", "send")
Line = dict[str, str]


def person(number: int, send: str = "yes") -> Line:
    told = (
        f"Example Company {number:02}", f"Signer {number}", f"person{number:02}@example.com",
        "Example Company 00", "Signer Zero", "person00@example.com", "a project", "3", send,
    )  # fmt: skip
    return dict(zip(COLUMNS, told, strict=True))


@dataclass
class Desk:
    """`path` is the sheet; what people do to it is done between two looks."""

    ledger: Ledger
    settings: Settings
    provider: FakeProvider
    path: Path
    most: int = 50
    live: bool = False
    turns: list[Turn] = field(default_factory=list)

    def write(self, *lines: Line) -> None:
        names = list(dict.fromkeys(name for line in lines for name in line)) or list(COLUMNS)
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(lines)

    def lines(self) -> list[Line]:
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))

    def edit(self, change: Callable[[list[Line]], object]) -> None:
        """Change the lines in place."""
        lines = self.lines()
        change(lines)
        self.write(*lines)

    def say(self, at: int, column: str, text: str) -> None:
        self.edit(lambda lines: lines[at].update({column: text}))

    @property
    def watching(self) -> Watching:
        return Watching("nda", str(self.path), max_per_run=self.most, account="sandbox", live=self.live)

    async def look(self) -> list[str]:
        """One look and what follows from it; the companies that were sent something."""
        before = len(self.provider.contracts)
        turn = await look(self.ledger, self.settings, self.watching)
        self.turns.append(turn)
        await show_refusals(self.ledger, turn.looked)
        batch = await freeze(self.ledger, turn, self.watching)
        if batch is not None:
            await run_batch(
                self.ledger, batch, self.settings, limit=len(turn.chosen), open_account=self.provider.open_account
            )
        return [company_of(contract) for contract in self.provider.contracts[before:]]


def company_of(contract: dict[str, object]) -> str:
    signers = contract["signers"]
    assert isinstance(signers, list)
    return next(str(one["company_name"]) for one in signers if one["company_name"] != "Example Company 00")

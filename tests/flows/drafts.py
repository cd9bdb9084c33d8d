"""Batches for tests, made without a sheet."""

from __future__ import annotations

from datetime import timedelta

from connectors.signing.model import Document, SignatureRequest, Signer
from connectors.signing.provider import ProviderSettings
from flows.send.prepare import fingerprint
from ledger.drafts import BatchDraft, Reminders, RowDraft
from ledger.planning import freeze
from ledger.store import Ledger

REMINDERS = Reminders(first=timedelta(days=3), every=timedelta(days=4), most=2)


def request(number: int) -> SignatureRequest:
    return SignatureRequest(
        title=f"Agreement {number:02}",
        document=Document(markdown="# Agreement"),
        signers=(
            Signer(role="counterparty", name=f"Signer {number}", email=f"person{number:02}@example.com", order=1),
            Signer(role="us", name="Signer Zero", email="person00@example.com", order=2),
        ),
        expires_in_hours=720,
    )


def draft(account: ProviderSettings, count: int, sheet: str = "/nowhere/list.csv", first: int = 1) -> BatchDraft:
    rows = tuple(
        RowDraft(row=at + 1, key=f"Example Company {at:02}", request=request(at), archive_name=f"NDA {at:02}",
                 reminders=REMINDERS)
        for at in range(first, first + count)
    )  # fmt: skip
    return BatchDraft(
        recipe="nda", campaign="nda", provider="esignatures", account="sandbox", mode=account.mode, sheet=sheet,
        hash=f"{first}+{count}", base_url=account.base_url, fingerprint=fingerprint(account), rows=rows,
    )  # fmt: skip


async def frozen(
    ledger: Ledger, account: ProviderSettings, count: int, sheet: str = "/nowhere/list.csv", first: int = 1
) -> str:
    return (await freeze(ledger, draft(account, count, sheet, first))).batch_id

"""Void and remind on every provider, at the sandbox: what it can be told is done there, what it cannot is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.signing.accounts import SANDBOX
from connectors.signing.model import Document, SignatureRequest, Signer, Status
from connectors.signing.provider import Capability, Provider
from connectors.signing.registry import PROVIDERS
from flows.accounts import Accounts
from flows.batch.remind import LATELY, NO_WAY, remind_now
from flows.batch.void import prospect, void
from flows.batch.withdrawing import Ended
from flows.send.job import run_batch
from flows.send.prepare import fingerprint
from ledger import batches, planning, voiding
from ledger.drafts import BatchDraft, RowDraft
from ledger.settings import read_settings
from ledger.store import Ledger
from tests.contract.scene import Scene, scene

DOCUMENT = Document(markdown="# Terms\n\nBe kind.\n\n[[sign:signer-1]] [[date:signer-1]]")
TEMPLATE = Document(template="665f1c0de5a8d0c5a0000001")
"""The sandbox's ready automation of DocsAutomator, which takes no document: two signers, one after the other."""
ROWS, SENT = 5, 3


def draft(stage: Scene) -> BatchDraft:
    provider = stage.provider_class
    document = DOCUMENT if {Capability.MARKDOWN, Capability.UPLOADS} & provider.capabilities else TEMPLATE
    rows = tuple(
        RowDraft(
            row=at,
            key=f"key {at}",
            archive_name=f"{at}.pdf",
            request=SignatureRequest(
                title=f"Agreement {at}",
                document=document,
                signers=(
                    Signer(role="signer-1", name="Signer One", email=f"person{at:02}@example.com", order=1),
                    Signer(role="signer-2", name="Signer Two", email="person01@example.com", order=2),
                ),
            ),
        )
        for at in range(2, 2 + ROWS)
    )
    return BatchDraft(
        recipe="nda", campaign="nda", provider=provider.name, account=SANDBOX, mode="test", sheet="/nowhere/list.csv",
        hash="a hash", base_url=stage.settings.base_url, fingerprint=fingerprint(stage.settings), rows=rows,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=[] if one == "esignatures" else pytest.mark.providers) for one in sorted(PROVIDERS)],
)
async def test_a_batch_is_reminded_and_taken_back(name: str, tmp_path: Path) -> None:
    async with scene(PROVIDERS[name], tmp_path / "sandbox") as stage:
        settings = read_settings({"ESIGN_HOME": str(tmp_path / "home"), "ESIGN_RECEIVER_SECRET": "a-secret-for-tests"})

        async def open_account(provider: str, account: str) -> Provider:
            return stage.provider_class(stage.settings)

        async with await Ledger.open(settings.ledger_url) as ledger, Accounts(open_account) as accounts:
            batch_id = (await planning.freeze(ledger, draft(stage))).batch_id
            outcome = await run_batch(ledger, batch_id, settings, limit=SENT, open_account=open_account)
            assert outcome.sent == SENT, outcome
            batch = await batches.batch(ledger, batch_id)
            assert batch is not None
            if Capability.REMIND in stage.provider_class.capabilities:
                reminded = 0
                while reminded < SENT:  # what the provider is still preparing is not reminded of, and not marked as it
                    reminded += (await remind_now(ledger, accounts, batch, None)).sent
                assert (await remind_now(ledger, accounts, batch, None)).numbers == {LATELY: SENT}
            else:
                assert (await remind_now(ledger, accounts, batch, None)).numbers == {NO_WAY: SENT}
            ids = [one.provider_id for one in await voiding.open_requests(ledger, batch_id)]
            asked = await prospect(ledger, batch)
            assert asked.can is (Capability.CANCEL in stage.provider_class.capabilities)
            done = await void(ledger, accounts, batch)
            assert done.planned == ROWS - SENT
            if asked.can:
                assert (done.ended, done.left) == ({Ended.WITHDRAWN: SENT}, 0), done
                states = {(await stage.provider.get(one or "")).status for one in ids}
                assert states == {Status.CANCELED}
                again = await void(ledger, accounts, batch)
                assert (again.planned, again.ended.total()) == (0, 0)
            else:
                assert (done.kept, done.ended.total(), asked.number) == (SENT, 0, ROWS - SENT)
                assert Status.CANCELED not in {(await stage.provider.get(one or "")).status for one in ids}

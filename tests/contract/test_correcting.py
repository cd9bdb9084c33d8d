"""A signer whose address was wrong, from the correction to the signed document, at the sandbox and in the ledger."""

from __future__ import annotations

from pathlib import Path

from connectors.signing.accounts import SANDBOX
from connectors.signing.esignatures import ESignatures
from connectors.signing.model import SignatureRequest, Signer
from connectors.signing.provider import Provider
from flows.accounts import Accounts
from flows.batch.correct import Corrected, correct_signer
from flows.batch.correctable import judge_correction, read_correction
from flows.remind.job import SENT
from flows.send.job import run_batch
from flows.send.prepare import fingerprint
from ledger import batches, correcting, planning, reading
from ledger.dossier import dossier
from ledger.drafts import BatchDraft, RowDraft
from ledger.settings import read_settings
from ledger.store import Ledger
from tests.contract.scene import Scene, scene
from tests.contract.test_steering import DOCUMENT
from tests.ledger.making import hear

WRONG, RIGHT, OTHER = "person01+bounce@example.com", "person07@example.com", "person02@example.com"


def draft(stage: Scene) -> BatchDraft:
    people = (
        Signer(role="signer-1", name="Signer One", email=WRONG, order=1),
        Signer(role="signer-2", name="Signer Two", email=OTHER, order=2),
    )
    request = SignatureRequest(title="Agreement", document=DOCUMENT, signers=people)
    return BatchDraft(
        recipe="nda", campaign="nda", provider="esignatures", account=SANDBOX, mode="test", sheet="/nowhere/list.csv",
        hash="a hash", base_url=stage.settings.base_url, fingerprint=fingerprint(stage.settings),
        rows=(RowDraft(row=2, key="one", archive_name="one", request=request),),
    )  # fmt: skip


async def test_whose_invitation_bounced_is_corrected_asked_and_signs(tmp_path: Path) -> None:
    async with scene(ESignatures, tmp_path / "sandbox") as stage:
        home, receiver = str(tmp_path / "home"), stage.addresses.public_url or ""
        secret = {"ESIGN_RECEIVER_SECRET": "a-secret-for-tests"}
        settings = read_settings({"ESIGN_HOME": home, "ESIGN_PUBLIC_URL": receiver, **secret})
        heard = 0

        async def open_account(provider: str, account: str) -> Provider:
            return stage.provider_class(stage.settings)

        async def news(ledger: Ledger, *until: str) -> None:
            nonlocal heard
            for name in until:
                await stage.heard(provider_id, name)
            events = stage.events()
            await hear(ledger, *events[heard:])
            heard = len(events)

        async with await Ledger.open(settings.ledger_url) as ledger, Accounts(open_account) as accounts:
            batch_id = (await planning.freeze(ledger, draft(stage))).batch_id
            await run_batch(ledger, batch_id, settings, open_account=open_account)
            batch, (row,) = await batches.batch(ledger, batch_id), await reading.rows(ledger, batch_id)
            found = await dossier(ledger, row.request_id or "")
            assert batch is not None and found is not None and found.provider_id is not None
            provider_id = found.provider_id
            await news(ledger, "error")
            people = await correcting.present(ledger, found.id)
            assert [one.state for one in people] == ["bounced", "waiting"]

            change = judge_correction(found, people, read_correction(None, RIGHT, None), "signer-1")
            assert await correct_signer(ledger, accounts, batch, found, change) == Corrected(SENT)
            pages = await stage.signing_pages(provider_id)
            assert sum(RIGHT in mail.to for mail in await stage.person.mails()) == 1
            await stage.sign(pages[0])
            await news(ledger, "signer-signed")
            assert [one.state for one in await correcting.present(ledger, found.id)] == ["signed", "invited"]
            await stage.sign(pages[1])
            await news(ledger, "contract-signed")
            now = await dossier(ledger, found.id)
            assert now is not None and (now.state, now.problem, now.signers[0].email) == ("completed", None, RIGHT)

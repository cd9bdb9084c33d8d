"""A person corrects a signer of a request that is out, at a provider on the loopback that fails on command."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.signing.errors import AuthenticationError
from connectors.signing.lumin import Lumin
from flows.accounts import Accounts
from flows.batch.correct import Corrected, NotKnown, correct_signer
from flows.batch.correctable import CannotCorrect, NotReadable, judge_correction, read_correction
from flows.remind.job import NOT_SENT, PERHAPS, SENT
from flows.send.job import run_batch
from flows.send.plan import PlanVerdict
from flows.send.prepare import Prepared, prepare
from ledger import batches, correcting, planning, reading
from ledger.dossier import Dossier, dossier
from ledger.schema import requests, signers
from ledger.settings import Settings
from ledger.store import Ledger
from tests.flows.conftest import PROJECT
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider, cuts, says

RIGHT = "person07@example.com"
FIRST = "counterparty"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.batch.a_few.WAITS", (0.01, 0.01))


async def out(ledger: Ledger, settings: Settings, provider: FakeProvider) -> str:
    """A request that has been sent; its id."""
    batch_id = await frozen(ledger, provider.settings(), 1)
    await run_batch(ledger, batch_id, settings, open_account=provider.open_account)
    (row,) = await reading.rows(ledger, batch_id)
    return row.request_id or ""


async def now(ledger: Ledger, request_id: str) -> Dossier:
    found = await dossier(ledger, request_id)
    assert found is not None
    return found


async def correct(
    ledger: Ledger, provider: FakeProvider, request_id: str, role: str | None = FIRST, **said: Any
) -> Corrected:
    """As the command does it, with `name`, `email` and `mobile` as they are typed."""
    correction = read_correction(said.get("name"), said.get("email"), said.get("mobile"))
    found = await now(ledger, request_id)
    change = judge_correction(found, await correcting.present(ledger, request_id), correction, role)
    batch = await batches.batch(ledger, found.batch_id)
    assert batch is not None
    async with Accounts(provider.open_account) as accounts:
        return await correct_signer(ledger, accounts, batch, found, change)


async def test_another_address_is_set_there_and_here_and_asked_once(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    request_id = await out(ledger, settings, provider)
    assert await correct(ledger, provider, request_id, email=" person07@Example.COM ") == Corrected(SENT)
    (contract,) = provider.contracts
    assert [one["email"] for one in contract["signers"]] == [RIGHT, "person00@example.com"]
    assert provider.reminded == [(contract["id"], contract["signers"][0]["id"])]
    shown = await now(ledger, request_id)
    assert (shown.signers[0].email, shown.signers[0].state, shown.state) == (RIGHT, "invited", "sent")
    assert [line.what for line in shown.history][-2:] == ["corrected", "asked anew"]
    with pytest.raises(CannotCorrect, match=f"already; `esign request remind {request_id}`"):
        await correct(ledger, provider, request_id, email=RIGHT)
    assert (provider.calls["correct"], provider.calls["remind"]) == (1, 1)


async def test_a_name_asks_nobody_anew_and_neither_does_who_is_not_in_turn(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    request_id = await out(ledger, settings, provider)
    assert await correct(ledger, provider, request_id, name="Signer  Seven") == Corrected(None)
    assert await correct(ledger, provider, request_id, "us", email=RIGHT, mobile="+1 202 555 0107") == Corrected(None)
    first, second = provider.contracts[0]["signers"]
    assert (first["name"], first["email"]) == ("Signer Seven", "person01@example.com")
    assert (second["email"], second["mobile"], provider.calls["remind"]) == (RIGHT, "+12025550107", 0)


@pytest.mark.parametrize("taken", [True, False])
async def test_without_an_answer_nothing_is_written_down_but_that_and_the_same_again_finds_out(
    ledger: Ledger, settings: Settings, provider: FakeProvider, taken: bool
) -> None:
    request_id = await out(ledger, settings, provider)

    async def fault(request: Any) -> Any:
        if taken:
            provider.correct(request.match_info["signer"], await request.json())
        return await cuts(provider, after_accepting=False)(request)

    provider.correction_faults = [fault]
    with pytest.raises(NotKnown, match="same command again"):
        await correct(ledger, provider, request_id, email=RIGHT)
    assert (provider.calls["correct"], provider.calls["remind"]) == (1, 0)
    shown = await now(ledger, request_id)
    assert (shown.signers[0].email, shown.problem) == ("person01@example.com", correcting.UNKNOWN)
    assert await correct(ledger, provider, request_id, email=RIGHT) == Corrected(SENT)
    shown = await now(ledger, request_id)
    assert (shown.signers[0].email, shown.problem) == (RIGHT, None)


async def test_what_the_provider_refuses_is_not_written_down(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    request_id = await out(ledger, settings, provider)
    provider.correction_faults = [says(422, text=f"{RIGHT} has signed"), says(401)]
    with pytest.raises(CannotCorrect, match="Nothing was changed") as caught:
        await correct(ledger, provider, request_id, email=RIGHT)
    assert RIGHT not in str(caught.value)
    with pytest.raises(AuthenticationError):
        await correct(ledger, provider, request_id, email=RIGHT)
    shown = await now(ledger, request_id)
    assert (shown.signers[0].email, shown.problem, provider.calls["remind"]) == ("person01@example.com", None, 0)


async def test_no_log_line_holds_an_address_whatever_the_provider_echoes(
    ledger: Ledger, settings: Settings, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await out(ledger, settings, provider)
    provider.correction_faults = [says(422, text=RIGHT), says(500, text=RIGHT), says(429, {"Retry-After": "0"}, RIGHT)]
    provider.faults = [says(500, text=RIGHT)]
    with caplog.at_level("INFO"):
        for problem in (CannotCorrect, NotKnown):
            with pytest.raises(problem) as caught:
                await correct(ledger, provider, request_id, email=RIGHT)
            assert "person" not in str(caught.value) and caught.value.__cause__ is None
        assert (await correct(ledger, provider, request_id, email=RIGHT)).asked == PERHAPS
    assert RIGHT not in caplog.text and "person01" not in caplog.text
    assert "person" not in str(
        [(line.what, line.name, line.reason) for line in (await now(ledger, request_id)).history]
    )


async def test_being_asked_to_wait_is_waited_for(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    request_id = await out(ledger, settings, provider)
    provider.correction_faults = [says(429, {"Retry-After": "0"})]
    assert await correct(ledger, provider, request_id, email=RIGHT) == Corrected(SENT)
    assert provider.calls["correct"] == 2


@pytest.mark.parametrize("how", ["cut", "429", "422"])
async def test_asking_anew_goes_out_once_whatever_comes_of_it(
    ledger: Ledger, settings: Settings, provider: FakeProvider, how: str
) -> None:
    request_id = await out(ledger, settings, provider)
    provider.faults = [cuts(provider, after_accepting=False) if how == "cut" else says(int(how))]
    done = await correct(ledger, provider, request_id, email=RIGHT)
    assert (done.asked, provider.calls["remind"]) == (PERHAPS if how == "cut" else NOT_SENT, 1)
    shown = await now(ledger, request_id)
    assert shown.signers[0].email == RIGHT
    assert ("asked anew" in [line.what for line in shown.history]) is (how == "cut")


async def test_whose_invitation_came_back_is_asked_at_the_same_address_once_more(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    request_id = await out(ledger, settings, provider)
    async with ledger.begin() as connection:
        await connection.execute(signers.update().where(signers.c.position == 1).values(state="bounced"))
    assert await correct(ledger, provider, request_id, email="person01@example.com") == Corrected(SENT)
    assert (await now(ledger, request_id)).signers[0].state == "invited"


async def test_another_account_behind_the_name_is_not_told(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    request_id = await out(ledger, settings, provider)
    provider.settings_given = {"api_token": "of-another-account"}
    with pytest.raises(CannotCorrect, match="another key"):
        await correct(ledger, provider, request_id, email=RIGHT)
    assert provider.calls["correct"] == 0


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("state", "planned", "send the sheet again"),
        ("state", "uncertain", "esign request resolve"),
        ("state", "completed", "everybody has signed"),
        ("state", "canceled", "--again --row N"),
        ("provider_id", None, "correct them there"),
        ("provider", "lumin", f"{Lumin.title} cannot correct a signer.*request cancel.*--again --row N"),
    ],
)
async def test_what_cannot_be_corrected_is_a_no_that_says_what_there_is_instead(
    ledger: Ledger, settings: Settings, provider: FakeProvider, column: str, value: str | None, word: str
) -> None:
    request_id = await out(ledger, settings, provider)
    async with ledger.begin() as connection:
        await connection.execute(requests.update().values({column: value}))
    with pytest.raises(CannotCorrect, match=word):
        await correct(ledger, provider, request_id, email=RIGHT)
    assert provider.calls["correct"] == 0


@pytest.mark.parametrize("state", ["signed", "declined", "replaced", "skipped"])
async def test_who_has_answered_is_not_corrected(
    ledger: Ledger, settings: Settings, provider: FakeProvider, state: str
) -> None:
    request_id = await out(ledger, settings, provider)
    async with ledger.begin() as connection:
        await connection.execute(signers.update().where(signers.c.position == 1).values(state=state))
    with pytest.raises(CannotCorrect, match=state):
        await correct(ledger, provider, request_id, email=RIGHT)


async def test_two_signers_never_share_an_address(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    request_id = await out(ledger, settings, provider)
    with pytest.raises(CannotCorrect, match="another signer"):
        await correct(ledger, provider, request_id, email="Person00@example.com")


@pytest.mark.parametrize(
    ("role", "said", "word"),
    [
        (FIRST, {}, "--name, --email or --mobile"),
        (FIRST, {"email": "person07"}, "not an e-mail address"),
        (FIRST, {"email": ""}, "not an e-mail address"),
        (FIRST, {"mobile": "0171 5550107"}, "not a phone number"),
        (FIRST, {"name": "  "}, "name is empty"),
        (FIRST, {"name": "Signer \u202eneveS"}, "no name holds"),
        (None, {"email": RIGHT}, rf"--role .*\({FIRST}, us\)"),
        ("them", {"email": RIGHT}, f"{FIRST}, us"),
    ],
)
async def test_what_cannot_be_read_is_said_without_being_repeated(
    ledger: Ledger, settings: Settings, provider: FakeProvider, role: str | None, said: dict[str, str], word: str
) -> None:
    request_id = await out(ledger, settings, provider)
    with pytest.raises(NotReadable, match=word) as caught:
        await correct(ledger, provider, request_id, role, **said)
    assert not any(len(value) > 4 and value in str(caught.value) for value in said.values())
    assert provider.calls["correct"] == 0


# -- the sheet ---------------------------------------------------------------------------------------------------


async def planned(ledger: Ledger, settings: Settings, recipe: str, sheet: Path) -> Prepared:
    return await prepare(ledger, settings, recipe, str(sheet), account=None, campaign=None, today=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("recipe", "role", "with_correction"),
    [
        ("policy-acknowledgement", "employee", PlanVerdict.UNCHANGED),
        ("nda", FIRST, PlanVerdict.BLOCKED),  # the address is part of its key
    ],
)
async def test_a_row_is_sent_already_as_it_was_and_with_the_same_correction(
    ledger: Ledger, settings: Settings, provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    recipe: str, role: str, with_correction: PlanVerdict,
) -> None:  # fmt: skip
    monkeypatch.setenv("ESIGN_SANDBOX_URL", provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")
    sheet = tmp_path / "people.csv"
    shutil.copyfile(PROJECT / "recipes" / recipe / "sample.csv", sheet)
    ready = await planned(ledger, settings, recipe, sheet)
    batch_id = (await planning.freeze(ledger, ready.plan.draft())).batch_id
    await run_batch(ledger, batch_id, settings, open_account=provider.open_account)
    row = (await reading.rows(ledger, batch_id))[0]
    request_id = row.request_id or ""
    wrong = next(one.email for one in (await now(ledger, request_id)).signers if one.role == role)

    async def verdict() -> PlanVerdict:
        plan = (await planned(ledger, settings, recipe, sheet)).plan
        return next(one.verdict for one in plan.rows if one.row == row.row)

    await correct(ledger, provider, request_id, role, email=RIGHT)
    assert await verdict() is PlanVerdict.UNCHANGED
    before = sheet.read_text()
    sheet.write_text(before.replace(wrong, RIGHT))
    assert await verdict() is with_correction
    if with_correction is PlanVerdict.UNCHANGED:
        sheet.write_text(before.replace(wrong, "person08@example.com"))
        assert await verdict() is PlanVerdict.EDITED

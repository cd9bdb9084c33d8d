"""`esign batch` and `esign request` as a person types them, against a provider on the loopback."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from cli.main import main
from flows.send.job import run_batch
from flows.send.prepare import prepare, today
from ledger import batches, planning, reading
from ledger.schema import signers
from ledger.settings import load_settings
from ledger.store import Ledger
from tests.flows.conftest import PROJECT
from tests.flows.drafts import frozen
from tests.flows.fake_provider import FakeProvider, cuts, says

T = TypeVar("T")


class Stage:
    """A ledger of the test's own and a provider that lives in a loop of its own, beside the command's."""

    def __init__(self) -> None:
        self.provider = FakeProvider()
        self.loop = asyncio.new_event_loop()

    def ledger(self, act: Callable[[Ledger], Awaitable[T]]) -> T:
        async def opened() -> T:
            async with await Ledger.open(load_settings().ledger_url) as ledger:
                return await act(ledger)

        return asyncio.run_coroutine_threadsafe(opened(), self.loop).result(30)

    def batch(self, count: int, sent: int) -> str:
        async def act(ledger: Ledger) -> str:
            batch_id = await frozen(ledger, self.provider.settings(), count)
            if sent:
                settings = load_settings()
                await run_batch(ledger, batch_id, settings, open_account=self.provider.open_account, limit=sent)
            return batch_id

        return self.ledger(act)

    def counts(self, batch_id: str) -> dict[str, int]:
        found = self.ledger(lambda ledger: batches.counts(ledger, batch_id))
        return {state: number for state, number in found.items() if number}

    def request(self, batch_id: str, row: int) -> str:
        rows = self.ledger(lambda ledger: reading.rows(ledger, batch_id))
        return next(one.request_id or "" for one in rows if one.row == row)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    from threading import Thread

    made = Stage()
    thread = Thread(target=made.loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.provider.__aenter__(), made.loop).result(10)
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.setenv("ESIGN_SANDBOX_URL", made.provider.url)
    monkeypatch.setenv("ESIGN_SANDBOX_TOKEN", "made-up-token")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("flows.batch.a_few.WAITS", (0.01,))
    made.provider.signs_when_asked = False
    yield made
    asyncio.run_coroutine_threadsafe(made.provider.__aexit__(), made.loop).result(10)
    made.loop.call_soon_threadsafe(made.loop.stop)
    thread.join(10)


Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def esign(capsys: pytest.CaptureFixture[str]) -> Said:
    def call(*words: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_a_pause_says_how_to_go_on_and_can_be_repeated(stage: Stage, esign: Said) -> None:
    batch_id = stage.batch(3, 1)
    for _ in range(2):
        code, said, _ = esign("batch", "pause", batch_id)
        assert code == 0 and "2 rows still planned" in said and f"esign batch resume {batch_id}" in said
    code, said, _ = esign("status", batch_id)
    assert "A person paused it" in said
    done = stage.batch(1, 1)
    code, _, complaint = esign("batch", "pause", done)
    assert code in (0, 1) and complaint.count("\n") <= 1


def test_a_batch_the_ledger_does_not_know_is_a_no_in_one_sentence(stage: Stage, esign: Said) -> None:
    for verb in ("pause", "void", "remind", "resume", "resend"):
        code, _, complaint = esign("batch", verb, "bat_unknown")
        assert code == 1 and complaint.count("\n") == 1 and "esign status" in complaint


def test_nothing_is_taken_back_before_somebody_said_yes(stage: Stage, esign: Said) -> None:
    batch_id = stage.batch(4, 2)
    code, said, complaint = esign("batch", "void", batch_id)
    assert code == 2 and "--yes" in complaint and "2 planned rows" in said and "2 open requests" in said
    assert stage.counts(batch_id) == {"sent": 2, "planned": 2} and stage.provider.calls["withdraw"] == 0
    code, said, _ = esign("batch", "void", batch_id, "--yes")
    assert code == 0 and "2 planned rows taken back, 2 requests withdrawn" in said
    assert stage.counts(batch_id) == {"canceled": 4}
    code, said, complaint = esign("batch", "void", batch_id, "--yes")
    assert code == 0 and "nothing left" in said, complaint


def test_what_is_left_after_taking_back_is_a_no_that_says_what(stage: Stage, esign: Said) -> None:
    batch_id = stage.batch(2, 1)
    stage.provider.withdrawal_faults = [says(422)]
    code, _, complaint = esign("batch", "void", batch_id, "--yes")
    assert code == 1 and "1 that the provider keeps open" in complaint and f"esign batch void {batch_id}" in complaint
    stage.provider.withdrawal_faults = [says(401)]
    code, _, complaint = esign("batch", "void", batch_id, "--yes")
    assert code == 3 and "key" in complaint


def test_reminding_tells_how_many_went_out_and_who_was_left_out(stage: Stage, esign: Said) -> None:
    batch_id = stage.batch(3, 3)
    code, said, _ = esign("batch", "remind", batch_id)
    assert code == 0 and "3 reminders went out" in said
    code, said, _ = esign("batch", "remind", batch_id)
    assert code == 0 and "0 reminders" in said and "3 left out, reminded within the last day: rows 2, 3, 4" in said
    code, said, _ = esign("request", "remind", stage.request(batch_id, 2))
    assert "1 left out" in said and stage.provider.calls["remind"] == 3


@pytest.mark.parametrize("words", [("resume",), ("resend", "--also", "canceled")])
def test_without_prefect_nothing_is_released_or_sent(stage: Stage, esign: Said, words: tuple[str, ...]) -> None:
    batch_id = stage.batch(2, 0)
    esign("batch", "pause", batch_id)
    code, _, complaint = esign("batch", words[0], batch_id, *words[1:])
    assert code == 3 and "esign up" in complaint
    assert stage.counts(batch_id) == {"planned": 2}
    code, _, complaint = esign("batch", "resend", batch_id, "--also", "uncertain")
    assert code == 2 and "'uncertain' cannot be sent anew" in complaint


def test_a_request_is_shown_as_a_page_and_as_json(stage: Stage, esign: Said) -> None:
    batch_id = stage.batch(1, 1)
    request_id = stage.request(batch_id, 2)
    code, page, _ = esign("request", "show", request_id)
    assert code == 0 and request_id in page and "Signers" in page and "person01@example.com" in page and "con-1" in page
    assert "/sign/" not in page
    short = stage.ledger(_short_id)
    code, told, _ = esign("request", "show", f"{short}:{request_id}", "--json")
    facts = json.loads(told)
    assert (facts["id"], facts["state"], facts["attempts"][0]["outcome"]) == (request_id, "sent", "sent")
    code, _, complaint = esign("request", "show", f"AAAAAA:{request_id}")
    assert code == 1 and "another ledger" in complaint
    code, _, complaint = esign("request", "show", "req_unknown")
    assert code == 1 and complaint.count("\n") == 1


async def _short_id(ledger: Ledger) -> str:
    return ledger.short_id


def test_a_signer_is_corrected_after_a_yes_and_the_sheet_named(stage: Stage, esign: Said) -> None:
    request_id = stage.request(stage.batch(1, 1), 2)
    who = (request_id, "--role", "counterparty", "--email", "person07@example.com")
    code, said, complaint = esign("request", "correct", *who)
    assert code == 2 and "add --yes" in complaint and "person01@example.com → person07@example.com" in said
    assert stage.provider.calls["correct"] == 0
    code, said, _ = esign("request", "correct", *who, "--yes")
    assert code == 0 and "corrected and asked to sign anew" in said and "row in the sheet as well" in said
    _, page, _ = esign("request", "show", request_id)
    assert "person07@example.com" in page and "person01@example.com" not in page and "corrected" in page
    code, _, complaint = esign("request", "correct", *who, "--yes")
    assert code == 1 and "esign request remind" in complaint and complaint.count("\n") == 1


def test_the_page_of_a_request_whose_invitation_came_back_says_how_to_correct_it(stage: Stage, esign: Said) -> None:
    request_id = stage.request(stage.batch(1, 1), 2)

    async def bounce(ledger: Ledger) -> None:
        async with ledger.begin() as connection:
            await connection.execute(signers.update().where(signers.c.position == 1).values(state="bounced"))

    stage.ledger(bounce)
    _, page, _ = esign("request", "show", request_id)
    (said,) = [line for line in page.splitlines() if line.startswith("Needs a person: ")]
    words = shlex.split(said.split("`")[1].replace("…", "person07@example.com"))[1:]
    code, _, _ = esign(*words, "--yes")
    assert code == 0
    assert "Needs a person" not in esign("request", "show", request_id)[1]


def test_an_edited_rows_page_spells_out_the_correction_after_which_it_is_sent_already(
    stage: Stage, esign: Said, tmp_path: Path
) -> None:
    sheet, recipe = tmp_path / "people.csv", "policy-acknowledgement"
    sheet.write_text((PROJECT / "recipes" / recipe / "sample.csv").read_text())

    async def sends(ledger: Ledger) -> None:
        ready = await prepare(ledger, load_settings(), recipe, str(sheet), account=None, campaign=None, today=today())
        frozen = await planning.freeze(ledger, ready.plan.draft())
        await run_batch(ledger, frozen.batch_id, load_settings(), open_account=stage.provider.open_account)

    stage.ledger(sends)

    def edit(old: str, new: str) -> str:
        sheet.write_text(sheet.read_text().replace(old, new))
        _, page, _ = esign("plan", recipe, str(sheet))
        assert "1 edited since sent" in page
        for way in ("Leave what is out", "`esign request correct` (see --row N)", "`esign request cancel`", "--again"):
            assert way in page
        return esign("plan", recipe, str(sheet), "--row", "2")[1]

    page = edit("person01@example.com", "person07@example.com")
    (command,) = [line for line in page.splitlines() if "esign request correct" in line]
    words = shlex.split(command.partition("esign ")[2])
    assert words[:2] == ["request", "correct"] and words[3:] == ["--email", "person07@example.com"]
    code, said, _ = esign(*words, "--yes")
    assert code == 0 and "asked to sign anew" in said
    _, page, _ = esign("plan", recipe, str(sheet))
    assert "edited since sent" not in page and "already sent" in page
    assert "esign request correct" not in edit("E-0001,Signer One", "E-0001,Signer Seven"), "the message names them too"


def test_how_a_correction_fails_is_one_sentence_with_its_code(stage: Stage, esign: Said) -> None:
    request_id = stage.request(stage.batch(1, 1), 2)
    right = ("--email", "person07@example.com", "--yes")
    for words in (right, ("--role", "counterparty", "--email", "person07", "--yes"), ("--role", "counterparty")):
        code, _, complaint = esign("request", "correct", request_id, *words)
        assert code == 2 and complaint.count("\n") == 1 and "person07" not in complaint
    stage.provider.correction_faults = [says(422), says(500)]
    for expected, word in ((1, "Nothing was changed"), (3, "same command again")):
        code, _, complaint = esign("request", "correct", request_id, "--role", "counterparty", *right)
        assert code == expected and word in complaint and complaint.count("\n") == 1
    stage.provider.faults = [says(429)]
    code, _, complaint = esign("request", "correct", request_id, "--role", "counterparty", *right)
    assert code == 3 and f"esign request remind {request_id}" in complaint


def test_an_unclear_request_is_named_in_status_and_resolved_by_a_persons_word(stage: Stage, esign: Said) -> None:
    stage.provider.settings_given = {"settle_seconds": 600.0}
    stage.provider.hides = True
    stage.provider.faults = [says(500)]
    batch_id = stage.batch(1, 1)
    request_id = stage.request(batch_id, 2)
    _, said, _ = esign("status", batch_id)
    assert "1 requests of esignatures/sandbox may or may not have been sent" in said
    assert f"esign request resolve {request_id}" in said
    code, _, complaint = esign("request", "resolve", request_id)
    assert code == 2 and "--not-sent" in complaint
    code, _, complaint = esign("request", "resolve", request_id, "--sent", "con-9")
    assert code == 1 and "knows no request" in complaint
    code, _, complaint = esign("request", "cancel", request_id, "--yes")
    assert code == 1 and "resolve" in complaint
    code, said, _ = esign("request", "resolve", request_id, "--not-sent")
    assert code == 0 and "planned again" in said and stage.counts(batch_id) == {"planned": 1}
    code, said, _ = esign("request", "cancel", request_id, "--yes")
    assert code == 0 and "is canceled" in said and stage.counts(batch_id) == {"canceled": 1}


def test_a_word_that_the_provider_contradicts_is_not_taken(stage: Stage, esign: Said) -> None:
    stage.provider.settings_given = {"settle_seconds": 600.0}
    stage.provider.hides = True
    stage.provider.faults = [cuts(stage.provider, after_accepting=True)]
    batch_id = stage.batch(1, 1)
    stage.provider.hides = False
    code, _, complaint = esign("request", "resolve", stage.request(batch_id, 2), "--not-sent")
    assert code == 1 and "after all" in complaint
    assert stage.counts(batch_id) == {"sent": 1}

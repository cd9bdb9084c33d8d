"""Three things to mend and not three hundred rows: faults by column and kind, with their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.sheets import Sheet, read
from connectors.signing.esignatures import ESignatures, ESignaturesSettings
from connectors.signing.lumin import Lumin
from flows.send.grouping import grouped
from flows.send.outlook import outlook
from flows.send.plan import Memory, Plan, Sending, make_plan
from ledger.drafts import Reminders
from recipes.loading import load

HEADER = "Company,Signer Name,Signer E-Mail,Our Company,Our Name,Our Email,Purpose,Years"
GOOD = (
    "Example Company {0:02},Signer,person{0:02}@example.com,Example Company 00,Signer Zero,person00@example.com,work,3"
)


def sheet(folder: Path, rows: Sequence[str]) -> Sheet:
    (folder / "people.csv").write_text("\n".join([HEADER, *rows, ""]))
    return read(folder / "people.csv")


def plan(content: Sheet, mode: str = "test", provider: type = ESignatures, again: bool = False) -> Plan:
    sending = Sending(
        provider=provider, account="default", mode=mode, campaign="nda", recipe="nda", ledger="AAAAAA"
    )  # type: ignore[arg-type]  # fmt: skip
    return make_plan(load("nda"), content, sending, Memory(known={}, marked={}), again=again)


def test_like_faults_stand_together_under_the_columns_own_name_with_their_cells(tmp_path: Path) -> None:
    rows = [GOOD.format(at) for at in range(1, 9)]
    rows[1] = rows[1].replace("person02@", "person02")
    rows[4] = rows[4].replace("person05@", "").replace(",3", ",three")
    made = plan(sheet(tmp_path, rows))
    groups = grouped(made, made.refused)
    assert [(group.headline, group.way_on) for group in groups] == [
        ("2 cells in Signer E-Mail are not e-mail addresses", "correct it"),
        ("1 cell in Years is not a whole number", "write digits only"),
    ]
    assert [(cell.cell, cell.value) for cell in groups[0].cells] == [
        ("C3", "person02example.com"),
        ("C6", "example.com"),
    ]
    assert groups[1].letter == "H"


def test_whole_rows_that_say_the_same_stand_together(tmp_path: Path) -> None:
    rows = [GOOD.format(1)] * 3 + [GOOD.format(4).replace("person04", "person00")]
    made = plan(sheet(tmp_path, rows))
    same, two = grouped(made, made.refused)
    assert same.headline == "the same as row 2, which is the one that counts"
    assert [cell.row for cell in same.cells] == [3, 4] and same.cells[0].cell is None
    assert (two.headline, two.cells[0].value) == ("one address for two signers", "person00@example.com")


def test_the_sample_row_is_for_trying_out_alone(tmp_path: Path) -> None:
    content = sheet(tmp_path, [GOOD.format(1), GOOD.format(2)])
    assert not plan(content).refused
    (row,) = plan(content, mode="live").refused
    assert row.row == 2 and row.problem == "This is still the sample row; overwrite it, or delete it."


@pytest.mark.parametrize(("rate", "provider", "seconds"), [(2.0, ESignatures, 50.0), (1000.0, ESignatures, 0.1)])
def test_the_outlook_counts_requests_signers_time_and_reminders(
    tmp_path: Path, rate: float, provider: type, seconds: float
) -> None:
    made = plan(sheet(tmp_path, [GOOD.format(at) for at in range(1, 101)]), provider=provider)
    account = ESignaturesSettings(api_token="made-up", rate=rate, quota=99)
    found = outlook(made, made.send, account, date(2026, 11, 29))
    assert (found.requests, found.signers, found.seconds) == (100, 200, seconds)
    assert found.reminders == (date(2026, 12, 2), date(2026, 12, 6), date(2026, 12, 10))
    assert found.expires == date(2026, 12, 29)
    assert "more than the 99" in found.warnings[0] and "--limit 99" in found.warnings[0]


def test_reminders_every_few_hours_fall_on_the_days_they_fall_on(tmp_path: Path) -> None:
    often = Reminders(first=timedelta(hours=36), every=timedelta(hours=36), most=3)
    made = replace(plan(sheet(tmp_path, [GOOD.format(1)])), reminders=often)
    account = ESignaturesSettings(api_token="made-up")
    assert outlook(made, made.send, account, date(2026, 11, 1)).reminders == (
        date(2026, 11, 2),
        date(2026, 11, 4),
        date(2026, 11, 5),
    )
    made = replace(made, reminders=Reminders(first=timedelta(hours=1), every=timedelta(hours=1), most=30))
    assert outlook(made, made.send, account, date(2026, 11, 1)).reminders == (date(2026, 11, 1), date(2026, 11, 2))


def test_making_the_documents_may_take_longer_than_the_rate(tmp_path: Path) -> None:
    made = plan(sheet(tmp_path, [GOOD.format(at) for at in range(1, 101)]), provider=Lumin)
    account = ESignaturesSettings(api_token="made-up", rate=1000.0)
    assert outlook(made, made.send, account, date(2026, 11, 29)).seconds > 0.1
    assert outlook(made, [], account, date(2026, 11, 29)).seconds == 0

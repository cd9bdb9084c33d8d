"""Webhooks are listed without what stands in them, and those nothing could be made of are tried again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from connectors.signing.model import EventType
from ledger import inbox
from ledger.ids import esign_id
from ledger.store import Ledger
from tests.ledger.making import delivery, event, hear, sent


def url(home: Path) -> str:
    return f"sqlite+aiosqlite:///{home / 'ledger.db'}"


async def _some(home: Path) -> tuple[str, str]:
    """Webhook 1 was applied, 2 is about nobody's request, 3 and 4 are dead; the request's two names."""
    async with await Ledger.open(url(home)) as ledger:
        request_id = await sent(ledger)
        await hear(ledger, event(EventType.SIGNED, who=1, reason="Signer One"), event(EventType.SIGNED, "P99"))
        await inbox.put(ledger, [delivery(body=b"Signer One"), delivery()])
        for number in (3, 4):
            await inbox.bury(ledger, number, "It is not JSON.")
        return request_id, esign_id(ledger, request_id)


async def _waiting(home: Path) -> list[int]:
    async with await Ledger.open(url(home)) as ledger:
        return [one.id for one in await inbox.take(ledger, 9)]


@pytest.fixture
def request_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("ESIGN_HOME", str(tmp_path))
    monkeypatch.setenv("ESIGN_ENV_FILE", "")
    monkeypatch.delenv("ESIGN_LEDGER_URL", raising=False)
    return asyncio.run(_some(tmp_path))


Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(request_names: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> Say:
    """`esign events …`: its exit code, and what it said."""

    def command(*words: str) -> tuple[int, str]:
        try:
            main(["events", *words])
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


def numbers(said: str) -> list[str]:
    return [line.split("\t")[0] for line in said.splitlines() if "\t" in line][1:]


def test_the_newest_are_listed_and_strangers_are_counted_in_the_last_line(
    say: Say, request_names: tuple[str, str]
) -> None:
    code, said = say("list")
    assert (code, numbers(said)) == (0, ["4", "3", "2", "1"])
    assert f"done\tsigned\t{request_names[0]}" in said and "It is not JSON." in said
    assert said.splitlines()[-1].startswith("1 webhook about requests not known here")
    assert "Signer" not in said


def test_the_list_is_narrowed(say: Say, request_names: tuple[str, str]) -> None:
    for name in request_names:
        assert numbers(say("list", "--request", name)[1]) == ["1"]
    assert numbers(say("list", "--state", "dead", "--most", "1")[1]) == ["4"]
    assert numbers(say("list", "--since", "2999-01-01")[1]) == []
    assert numbers(say("list", "--since", "2001-01-01T10:00")[1]) == ["4", "3", "2", "1"]


def test_another_program_reads_the_same(say: Say) -> None:
    page = json.loads(say("list", "--json", "--state", "unmatched")[1])
    assert [(one["id"], one["kind"], one["state"]) for one in page["webhooks"]] == [(2, "signed", "unmatched")]
    assert page["unmatched"] == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("list", "--state", "lost"), 2, "waiting, done, unmatched, dead"),
        (("list", "--since", "yesterday"), 2, "2026-11-28"),
        (("list", "--most", "0"), 2, "--most"),
        (("list", "--request", "req_nobody"), 1, "esign id"),
        (("replay",), 2, "--dead"),
        (("replay", "3", "--dead"), 2, "--dead"),
        (("replay", "three"), 2, "17-42"),
        (("replay", "99"), 1, "Nothing was put back; `esign events dead`"),
        (("replay", "1-2"), 1, "Nothing was put back; 2 left as they are: 1 done, 1 unmatched;"),
    ],
)
def test_what_cannot_be_is_answered_with_what_to_do(say: Say, words: tuple[str, ...], code: int, told: str) -> None:
    ended, said = say(*words)
    assert ended == code and told in said


def test_a_dead_one_is_shown_with_its_reason_and_replayed_once(say: Say, tmp_path: Path) -> None:
    assert "3\tesignatures/sandbox" in say("dead")[1]
    assert say("replay", "3") == (
        0,
        "1 webhook is applied with the next drain, within five minutes at most while everything is up.\n",
    )
    assert asyncio.run(_waiting(tmp_path)) == [3]
    code, said = say("replay", "3")
    assert code == 1 and "1 left as they are: 1 waiting" in said


def test_a_range_puts_back_the_dead_ones_in_it_and_leaves_the_others(say: Say, tmp_path: Path) -> None:
    code, said = say("replay", "1-3")
    assert code == 0 and said.startswith("1 webhook is applied") and "2 left as they are: 1 done, 1 unmatched" in said
    assert asyncio.run(_waiting(tmp_path)) == [3]


def test_all_dead_ones_are_put_back_together(say: Say, tmp_path: Path) -> None:
    assert say("replay", "--dead")[0] == 0
    assert asyncio.run(_waiting(tmp_path)) == [3, 4]
    assert say("replay", "--dead")[0] == 1


def test_status_counts_what_nobody_here_knows(
    request_names: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["status"])
    assert "1 webhook about requests not known here" in capsys.readouterr().out

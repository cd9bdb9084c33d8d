"""Whatever people do to a sheet between looks: nothing unsettled goes out, nothing twice, and everything in the end."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.settings import read_settings
from ledger.store import Ledger
from recipes.values import says_yes
from tests.examples import examples
from tests.flows.fake_provider import FakeProvider
from tests.flows.watch.conftest import lead_to
from tests.flows.watch.desk import COLUMNS, Desk, Line, person

ROWS = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("say"), ROWS, st.sampled_from(["yes", "ja", "no", "", "later"])),
    st.tuples(st.just("purpose"), ROWS, st.sampled_from(["a project", "another", "a third"])),
    st.tuples(st.just("years"), ROWS, st.sampled_from(["3", "5", "many"])),
    st.tuples(st.just("shuffle"), st.integers(0, 99), st.just("")),
    st.tuples(st.just("add"), st.just(0), st.sampled_from(["yes", ""])),
    st.tuples(st.just("copy"), ROWS, st.just("")),
    st.tuples(st.just("delete"), ROWS, st.just("")),
    st.tuples(st.just("look"), st.just(0), st.just("")),
    st.tuples(st.just("look"), st.just(0), st.just("")),
)
MOST = 2


class Watched:
    """Remembers what stood in the sheet at each look, and holds what goes out against it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.looks: list[list[Line]] = [[]]
        self.sent: list[str] = []
        self.number = 3

    def do(self, what: str, at: int, text: str) -> None:
        def change(lines: list[Line]) -> None:
            if what == "shuffle":
                random.Random(at).shuffle(lines)
            elif what == "add":
                self.number += 1
                lines.append(person(self.number, text))
            elif at < len(lines):
                if what == "copy":
                    lines.insert(at + 1, dict(lines[at]))
                elif what == "delete" and len(lines) > 1:
                    lines.pop(at)
                elif what in ("say", "purpose", "years"):
                    lines[at]["send" if what == "say" else what] = text

        self.desk.edit(change)

    async def look(self) -> None:
        self.looks.append([{name: line[name] for name in COLUMNS} for line in self.desk.lines()])
        went = await self.desk.look()
        assert len(went) <= MOST
        for company in went:
            assert company not in self.sent, "sent twice"
            now, before = ([line for line in lines if line["company"] == company] for lines in self.looks[-1:-3:-1])
            assert any(says_yes(line["send"]) and line in before for line in now), "not the same on two looks"
            self.sent.append(company)

    def ready(self) -> set[str]:
        """The companies that could go out as the sheet stands: good, alone or all alike, and the first one says yes."""
        lines = self.desk.lines()
        found = set()
        for company in {line["company"] for line in lines}:
            same = [line for line in lines if line["company"] == company]
            alike = len({(line["purpose"], line["years"]) for line in same}) == 1
            if alike and same[0]["years"] != "many" and says_yes(same[0]["send"]):
                found.add(company)
        return found


@settings(max_examples=examples(10))
@given(steps=st.lists(STEPS, min_size=4, max_size=20))
def test_only_what_was_the_same_on_two_looks_goes_out_once_and_all_of_it_in_the_end(
    sqlite_template: Path, steps: list[tuple[str, int, str]]
) -> None:
    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            home = Path(folder)
            shutil.copyfile(sqlite_template, home / "ledger.db")
            ours = read_settings({"ESIGN_HOME": str(home), "ESIGN_PUBLIC_URL": "https://hooks.example.com",
                                  "ESIGN_RECEIVER_SECRET": "made-up-receiver-secret"})  # fmt: skip
            async with FakeProvider() as provider, await Ledger.open(ours.ledger_url) as ledger:
                lead_to(provider, patch)
                desk = Desk(ledger, ours, provider, home / "people.csv", most=MOST)
                desk.write(*(person(number) for number in (1, 2, 3)))
                watched = Watched(desk)
                for what, at, text in steps:
                    if what == "look":
                        await watched.look()
                    else:
                        watched.do(what, at, text)
                for _ in range(2 + len(desk.lines()) // MOST + 1):
                    await watched.look()
                assert watched.ready() <= set(watched.sent)

    asyncio.run(story())

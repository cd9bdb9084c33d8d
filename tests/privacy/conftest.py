"""All failures provoked once, and then everything there is to be searched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.privacy import places
from tests.privacy.canaries import STEM
from tests.privacy.search import Find, finds
from tests.privacy.stage import Stage, raised, start

PARTS = 3
"""Processes that provoke failures side by side; most of their time is waiting."""


@dataclass(frozen=True)
class Provoked:
    """What became of each failure (nothing, or why it did not happen as it should), and every place by its name."""

    results: dict[str, str | None]
    places: dict[str, bytes]
    _known: dict[str, list[Find]] = field(default_factory=dict)

    def finds(self, word: str) -> list[Find]:
        """Every find of this word, looked for once."""
        if word not in self._known:
            self._known[word] = finds(self.places, word)
        return self._known[word]

    def finds_about(self, number: int) -> list[Find]:
        """Those that can be read as belonging to the failure of this number (0: keys and secrets)."""
        return [find for find in self.finds(STEM) if f"{STEM}{number:02}" in find.around.lower()]


@pytest.fixture(scope="session")
def provoked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provoked]:
    folder = tmp_path_factory.mktemp("privacy")
    with raised(folder) as stage:
        commands = [("tests.privacy.provoke", str(folder), str(at), str(PARTS), stage.receiver) for at in range(PARTS)]
        processes = [start(stage, f"provoke-{at}", *command) for at, command in enumerate(commands)]
        processes.append(start(stage, "leak", "tests.privacy.leak"))
        try:
            assert [process.wait(300) for process in processes] == [0] * len(processes), _said(stage)
        finally:
            for process in processes:
                process.kill()
        wait_for_the_last_word(stage.prefect_home / "prefect.db")
        found = everything(stage)
    results: dict[str, str | None] = {}
    for at in range(PARTS):
        results |= json.loads((folder / f"{at}.json").read_text())
    yield Provoked(results, found)


def everything(stage: Stage) -> dict[str, bytes]:
    """All that Prefect has, and what every process printed."""
    return {
        **dict(places.asked(stage.api)),
        **dict(places.tables(stage.prefect_home / "prefect.db")),
        **dict(places.files("Prefect", stage.prefect_home)),
        **dict(places.files("logs", stage.logs)),
    }


def wait_for_the_last_word(database: Path, within: float = 20.0) -> None:
    """Until the server, which stores logs and events in groups, has stored nothing for two seconds."""
    give_up = time.monotonic() + within
    before, since = b"", time.monotonic()
    while time.monotonic() < give_up and time.monotonic() - since < 2.0:
        found = dict(places.tables(database))
        now = found.get("the table log, column id", b"") + found.get("the table events, column id", b"")
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.2)


def _said(stage: Stage) -> str:
    return "\n".join(path.read_text(errors="replace")[-2000:] for path in stage.logs.glob("provoke-*.log"))

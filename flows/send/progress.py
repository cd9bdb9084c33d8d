"""How a running batch stands, for a progress bar or a line in a log: numbers and one plain sentence, nobody's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flows.send.breaker import Verdict
from ledger.batches import Counts
from ledger.states import RequestState


@dataclass(frozen=True)
class Progress:
    """Numbers of rows. `total` is what this run set out to send; `note` says what is being waited for, if anything."""

    total: int
    sent: int = 0
    refused: int = 0
    unclear: int = 0
    note: str | None = None

    @property
    def done(self) -> int:
        """Rows whose attempt has ended one way or another."""
        return self.sent + self.refused + self.unclear


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `counts` is the whole batch by state, from the ledger; the numbers beside it are this run's."""

    batch_id: str
    counts: Counts
    sent: int
    refused: int
    unclear: int
    paused: str | None = None
    """The sentence that says why the batch paused itself and how to go on."""
    sheet_problem: str | None = None
    """The sentence that says why the sheet could not be brought up to date, if so; it is tried again later."""

    @property
    def attempted(self) -> int:
        """Rows this run called the provider for."""
        return self.sent + self.refused + self.unclear

    @property
    def planned(self) -> int:
        """Rows still to be sent."""
        return self.counts.get(RequestState.PLANNED, 0)


Tell = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Tell nobody."""


class Tally:
    """Counts attempts as they end and tells how it stands."""

    def __init__(self, total: int, tell: Tell) -> None:
        self.total = total
        self._tell = tell
        self._ended = dict.fromkeys(Verdict, 0)

    def count(self, verdict: Verdict) -> None:
        """One attempt has ended."""
        self._ended[verdict] += 1
        self.note(None)

    def note(self, sentence: str | None) -> None:
        """Tell how it stands, with what is being waited for."""
        self._tell(Progress(self.total, self.sent, self.refused, self.unclear, sentence))

    @property
    def sent(self) -> int:
        return self._ended[Verdict.SENT]

    @property
    def refused(self) -> int:
        return self._ended[Verdict.REFUSED]

    @property
    def unclear(self) -> int:
        return self._ended[Verdict.UNCLEAR]

"""What may become of a call to the stub: whether it was accepted, and whether its caller can know how it ended."""

from __future__ import annotations

from random import Random
from typing import NamedTuple


class Fate(NamedTuple):
    """`accepted`: a contract exists afterwards. `clear`: the answer, as far as there is one, says so honestly."""

    accepted: bool
    clear: bool


ANSWERED = "answered"
REFUSED = "422"

FATES = {
    ANSWERED: Fate(True, True),
    "answered in bits": Fate(True, True),
    # accepted, and nobody hears of it
    "accepted, silence": Fate(True, False),
    "accepted after the caller gave up": Fate(True, False),
    "accepted, closed": Fate(True, False),
    "accepted, reset": Fate(True, False),
    "accepted, cut in the header": Fate(True, False),
    "accepted, cut in the body": Fate(True, False),
    "accepted, bits that never end": Fate(True, False),
    "accepted, 500": Fate(True, False),
    "accepted, garbage": Fate(True, False),
    "accepted, no id": Fate(True, False),
    # nothing happened, and the answer does not prove it
    "closed": Fate(False, False),
    "reset": Fate(False, False),
    "silence": Fate(False, False),
    "500": Fate(False, False),
    "503": Fate(False, False),
    "garbage": Fate(False, False),
    # nothing happened, and the answer says so
    "429": Fate(False, True),
    "429, wait": Fate(False, True),
    "503, wait": Fate(False, True),
    REFUSED: Fate(False, True),
}

WAITS = ("429", "429, wait", "503, wait")
"""Answers after which the sender leaves the provider alone for a second or more: they cost a run its time."""
UNCLEAR = tuple(name for name, fate in FATES.items() if not fate.clear)


class Faults(NamedTuple):
    """How often a stub fails: shares of all calls, and the rows it never takes."""

    seed: int
    unclear: float = 0.0
    waits: float = 0.0
    refused: frozenset[int] = frozenset()

    def fate(self, row: int, call: int) -> str:
        """What becomes of the nth call for this row; the same in every run of a seed, however the calls interleave."""
        dice = Random(f"{self.seed}/{row}/{call}")
        drawn = dice.random()
        if drawn < self.waits:
            return dice.choice(WAITS)
        if row in self.refused:
            return REFUSED
        if drawn < self.waits + self.unclear:
            return dice.choice(UNCLEAR)
        return "answered in bits" if dice.random() < 0.05 else ANSWERED

    def calm(self) -> Faults:
        """The same provider on a good day; it still does not take what it never takes."""
        return self._replace(unclear=0.0, waits=0.0)

"""What a seed decides: how large the batch is, how badly everything around it behaves, and when."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.chaos.fates import Faults

Kind = Literal["kill", "suspend", "lock", "full", "write error", "restart"]
"""`kill`: SIGKILL for a sender. `suspend`: SIGSTOP, later SIGCONT. `lock`: another connection holds the write lock.
`full`: no space on the ledger's disk. `write error`: the senders may not make files longer. `restart`: Postgres dies
and comes back."""

OF_THE_DATABASE = ("lock", "full", "write error", "restart")
TIMEOUT = 1.2
MARGIN = 2.0
"""Seconds a claim outlives its call: short enough that the rows of the dead come back soon, long enough that those of
the living stay theirs while three senders queue for one SQLite file on a busy machine."""
SHORT = 2.0
"""Seconds a sender is suspended at most, well below a lease. One that sleeps longer, and begins to sleep between its
last look at the claim and the first byte of the call, may send what somebody else has sent meanwhile: no sender can
rule that out without the provider's help."""
BEYOND_LAG = 1.2
"""Seconds `settle_seconds` is above the list's lag: a call may still be accepted half a second after its timeout."""


@dataclass(frozen=True)
class Trouble:
    """Something that happens to senders or ledger once the stub has heard so many calls.

    `seconds` is how long it lasts; of a kill, how long after that moment it comes.
    """

    after: int
    kind: Kind
    seconds: float


@dataclass(frozen=True)
class Plan:
    """One run. On the same seed it is the same, up to the clocks of the processes.

    `pause` is how many seconds the stub takes for a call at most; `blind` has an unreadable entry in its list, so that
    no absence is ever proven and a person has to decide.
    """

    seed: int
    rows: int
    senders: int
    concurrency: int
    rate: float
    lag: float
    pause: float
    blind: bool
    faults: Faults
    postgres: bool
    own_disk: bool
    troubles: tuple[Trouble, ...]

    @property
    def settle_seconds(self) -> float:
        return self.lag + BEYOND_LAG

    def __str__(self) -> str:
        kinds = [trouble.kind for trouble in self.troubles]
        said = ", ".join(f"{kinds.count(kind)} × {kind}" for kind in dict.fromkeys(kinds))
        return (
            f"{self.rows} rows on {'Postgres' if self.postgres else 'SQLite'}, "
            f"{self.senders} × {self.concurrency} in flight, lag {self.lag:g} s, "
            f"{'blind, ' if self.blind else ''}{said or 'no trouble'}"
        )


def plan(seed: int, *, postgres: bool = False, disks: bool = False, most_rows: int = 300) -> Plan:
    """The plan of a seed; every fifth runs on Postgres where there is one, and disks fill where one can be mounted."""
    dice = Random(seed)
    rows = min(most_rows, dice.choice((20, 40, 60, 80, 120, 160, 220)) + dice.randrange(20))
    on_postgres = postgres and seed % 5 == 0
    troubles = [
        Trouble(dice.randrange(rows), "kill", dice.choice((0.0, 0.02, 0.1, 0.4)) * dice.random())
        for _ in range(dice.randint(1, 4))
    ]
    if dice.random() < 0.25:
        troubles.append(Trouble(dice.randrange(rows), "suspend", SHORT * dice.random()))
    if on_postgres:
        troubles += [Trouble(dice.randrange(rows), "restart", 0.0) for _ in range(dice.choice((0, 1, 1, 2)))]
    else:
        kind = dice.choice((None, None, "lock", "full", "write error"))
        if kind == "full" and not disks:
            kind = "write error"
        if kind is not None:
            troubles.append(Trouble(dice.randrange(rows), kind, 0.2 + 2.0 * dice.random()))
    return Plan(
        seed=seed,
        rows=rows,
        senders=dice.choice((1, 2, 2, 3)),
        concurrency=dice.choice((3, 5, 10, 20)),
        rate=dice.choice((60.0, 150.0, 400.0)),
        lag=dice.choice((0.0, 0.0, 0.3, 1.0, 2.0)),
        pause=dice.choice((0.02, 0.1, 0.2)),
        blind=dice.random() < 0.2,
        faults=Faults(
            seed=seed,
            unclear=dice.choice((0.0, 0.03, 0.08, 0.15)),
            waits=dice.choice((0.0, 0.0, 1.0, 2.0)) / rows,
            refused=frozenset(dice.sample(range(1, rows + 1), dice.choice((0, 1, 3)))),
        ),
        postgres=on_postgres,
        own_disk=any(trouble.kind == "full" for trouble in troubles),
        troubles=tuple(sorted(troubles, key=lambda trouble: trouble.after)),
    )

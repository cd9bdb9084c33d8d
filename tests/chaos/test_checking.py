"""The checker on records made by hand: what is right passes, and every kind of wrong is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.checking import doubts, most_doubts, problems
from tests.chaos.fates import FATES, Faults
from tests.chaos.plan import plan
from tests.chaos.record import Call
from tests.chaos.standing import Attempt, Row

SENT = Row("r1", "sent", "con-1", (Attempt(1, 100.0, "sent", "con-1"),))
ACCEPTED = Call("r1", 100.2, "answered", "con-1")
FAILED = Row("r1", "failed", None, (Attempt(1, 100.0, "refused"),))
REFUSED = Call("r1", 100.2, "422")
TWICE = replace(SENT, attempts=(Attempt(1, 100.0, "absent"), Attempt(2, 110.0, "sent", "con-1")))


@pytest.mark.parametrize(
    ("row", "calls"),
    [
        (SENT, [ACCEPTED]),
        (SENT, [replace(ACCEPTED, how="accepted, silence")]),
        (FAILED, [REFUSED]),
        (TWICE, [replace(ACCEPTED, at=110.1)]),
        (TWICE, [Call("r1", 100.1, "closed"), replace(ACCEPTED, at=110.1)]),
        (replace(TWICE, attempts=(Attempt(1, 100.0, "nothing"), TWICE.attempts[1])),
         [Call("r1", 100.1, "429"), replace(ACCEPTED, at=110.1)]),
        (replace(TWICE, attempts=(Attempt(1, 100.0, "uncertain"), TWICE.attempts[1])),
         [Call("r1", 100.1, "422"), replace(ACCEPTED, at=110.1)]),
        (replace(TWICE, attempts=(Attempt(1, 100.0, "nothing"), TWICE.attempts[1])),
         [Call("r1", 109.97, "429"), replace(ACCEPTED, at=110.1)]),
        (TWICE, [replace(ACCEPTED, at=109.97)]),
    ],
)  # fmt: skip
def test_what_is_right_passes(row: Row, calls: list[Call]) -> None:
    assert problems([row], calls) == []


@pytest.mark.parametrize(
    ("row", "calls", "named"),
    [
        (SENT, [ACCEPTED, replace(ACCEPTED, provider_id="con-2")], "accepted 2 times, as con-1, con-2"),
        (TWICE, [replace(ACCEPTED, provider_id="con-2"), replace(ACCEPTED, at=110.1)], "accepted 2 times"),
        (replace(SENT, incidents=("con-2",)), [ACCEPTED], "sent twice (con-2)"),
        (replace(SENT, state="planned"), [], "lost"),
        (SENT, [], "lost"),
        (SENT, [], "never accepted"),
        (SENT, [REFUSED], "it is sent, but was never accepted"),
        (replace(SENT, state="uncertain"), [ACCEPTED], "it is uncertain"),
        (replace(SENT, state="sending"), [ACCEPTED], "it is sending"),
        (FAILED, [ACCEPTED], "it is failed, but was accepted"),
        (FAILED, [Call("r1", 100.2, "500")], "never refused"),
        (replace(FAILED, provider_id="con-1"), [REFUSED], "has the id con-1"),
        (replace(SENT, provider_id="con-7"), [ACCEPTED], "its id is con-7"),
        (SENT, [Call("r1", 100.1, "closed"), ACCEPTED], "2 calls were made in 1 attempts"),
        (SENT, [replace(ACCEPTED, at=99.8)], "before its intent"),
        (replace(TWICE, attempts=(Attempt(1, 100.0, "nothing"), TWICE.attempts[1])),
         [Call("r1", 110.1, "429"), replace(ACCEPTED, at=110.2)], "attempt 2 called 2 times"),
        (TWICE, [ACCEPTED], "attempt 1 says absent, but was accepted"),
        (TWICE, [ACCEPTED], "attempt 2 says sent as con-1, but was accepted as nothing"),
        (replace(SENT, attempts=(Attempt(1, 100.0, None),)), [ACCEPTED], "has no outcome"),
        (replace(SENT, attempts=(Attempt(1, 100.0, "nothing"),)), [ACCEPTED], "0 of its attempts say"),
        (replace(TWICE, attempts=(Attempt(1, 100.0, "nothing"), TWICE.attempts[1])),
         [Call("r1", 100.1, "500"), replace(ACCEPTED, at=110.1)], "which '500' does not say"),
        (replace(FAILED, attempts=(Attempt(1, 100.0, "refused"), Attempt(2, 110.0, "refused"))),
         [REFUSED], "attempt 2 says refused, but was not"),
        (replace(SENT, ref="r2"), [ACCEPTED], "the ledger knows nothing of it"),
    ],
)  # fmt: skip
def test_every_kind_of_wrong_is_named(row: Row, calls: list[Call], named: str) -> None:
    found = problems([row], calls)
    assert any(named in problem for problem in found), found


def test_doubts_are_explained_by_deaths_and_by_calls_without_a_clear_answer() -> None:
    record = [
        ACCEPTED,
        Call("r2", 1.0, "closed"),
        Call("r3", 1.0, "accepted, silence", "con-3"),
        Call("r4", 1.0, "429"),
    ]
    assert most_doubts(record, under_way=5, deaths=0) == 2
    assert most_doubts(record, under_way=5, deaths=2) == 12
    assert doubts([replace(SENT, doubts=2), SENT, replace(FAILED, doubts=1)]) == 3


def test_a_seed_is_the_same_plan_and_the_same_fates_every_time() -> None:
    assert plan(17) == plan(17)
    faults = Faults(17, unclear=0.5, waits=0.2, refused=frozenset({3}))
    fates = [faults.fate(row, call) for row in range(50) for call in (1, 2)]
    assert fates == [faults.fate(row, call) for row in range(50) for call in (1, 2)]
    assert len(set(fates)) > 10
    assert set(fates) <= FATES.keys()


def test_a_refused_row_is_never_accepted_and_on_a_calm_day_nothing_else_fails() -> None:
    faults = Faults(5, unclear=0.9, waits=0.05, refused=frozenset({3})).calm()
    assert {faults.fate(3, call) for call in range(50)} == {"422"}
    assert {FATES[faults.fate(row, 1)] for row in range(4, 200)} == {FATES["answered"]}
    shaken = Faults(5, unclear=0.9, waits=0.05, refused=frozenset({3}))
    assert not any(FATES[shaken.fate(3, call)].accepted for call in range(200))

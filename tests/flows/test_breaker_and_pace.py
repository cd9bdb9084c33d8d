"""When a batch stops by itself, and how fast it goes."""

from __future__ import annotations

import pytest

from connectors.signing.esignatures import ESignaturesSettings
from flows.send.breaker import Breaker, Verdict
from flows.send.pace import LONGEST_TOLD, TRIES, Pace


@pytest.mark.parametrize("verdict", [Verdict.KEY_REFUSED, Verdict.NO_QUOTA])
def test_the_first_refusal_of_key_or_quota_stops_a_batch(verdict: Verdict) -> None:
    assert "send the batch again" in (Breaker().note(verdict) or "")


def test_five_unclear_outcomes_in_a_row_stop_a_batch() -> None:
    breaker = Breaker()
    assert [breaker.note(Verdict.UNCLEAR) for _ in range(4)] == [None] * 4
    assert breaker.note(Verdict.UNCLEAR)


def test_an_accepted_row_in_between_starts_the_count_of_unclear_ones_anew() -> None:
    breaker = Breaker()
    for verdict in [Verdict.UNCLEAR] * 4 + [Verdict.SENT] + [Verdict.UNCLEAR] * 4:
        assert breaker.note(verdict) is None


def test_more_than_a_fifth_of_the_last_fifty_refused_stops_a_batch() -> None:
    breaker = Breaker()
    assert [breaker.note(Verdict.REFUSED) for _ in range(10)] == [None] * 10
    sentence = breaker.note(Verdict.REFUSED) or ""
    assert "11 of the last 11" in sentence and "--again" in sentence


def test_refusals_long_ago_do_not_count() -> None:
    breaker = Breaker()
    for _ in range(20):
        for verdict in [Verdict.REFUSED] + [Verdict.SENT] * 4:
            assert breaker.note(verdict) is None


def test_rows_given_back_say_nothing_about_the_batch() -> None:
    breaker = Breaker()
    assert not any(breaker.note(Verdict.NOTHING) for _ in range(100))


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pace(clock: Clock, *, known_good: bool) -> Pace:
    settings = ESignaturesSettings(api_token="made-up", concurrency=8, rate=4)  # type: ignore[arg-type]
    return Pace(settings, known_good=known_good, clock=clock)


def test_the_first_row_of_an_unknown_account_goes_alone() -> None:
    fresh = pace(Clock(), known_good=False)
    assert fresh.width == 1
    fresh.accepted()
    assert fresh.width == 8


def test_waiting_halves_the_width_once_for_rows_told_together() -> None:
    clock = Clock()
    known = pace(clock, known_good=True)
    assert known.slow_down(3.0) and known.slow_down(2.0) and known.slow_down(None)
    assert (known.width, known.waiting_for) == (4, 3.0)
    clock.now += 3
    assert known.waiting_for == 0
    known.accepted()
    assert known.width == 5


def test_a_little_less_of_the_rate_is_used_each_time_the_provider_refuses_but_never_below_95_per_cent() -> None:
    clock = Clock()
    known = pace(clock, known_good=True)
    used = []
    for _ in range(6):
        used.append(round(known.rate / 4, 3))
        known.slow_down(None)
        clock.now += 61
    assert used == [0.98, 0.97, 0.96, 0.95, 0.95, 0.95]


def test_a_lone_refusal_costs_a_quarter_of_a_second_and_further_ones_more() -> None:
    clock = Clock()
    known = pace(clock, known_good=True)
    waits = []
    for _ in range(4):
        known.slow_down(None)
        waits.append(known.waiting_for)
        clock.now += 61
    assert waits == [0.25, 0.5, 1.0, 2.0]


def test_patience_ends_after_waits_without_one_accepted_row() -> None:
    clock = Clock()
    tired = pace(clock, known_good=True)
    answers = []
    for _ in range(TRIES + 1):
        answers.append(tired.slow_down(None))
        clock.now += 61
    assert answers == [True] * TRIES + [False]


def test_a_provider_that_wants_an_hour_pauses_the_batch_instead() -> None:
    assert pace(Clock(), known_good=True).slow_down(LONGEST_TOLD + 1) is False


def test_a_claim_outlives_the_wait_for_its_turn_and_the_call() -> None:
    known = pace(Clock(), known_good=True)
    assert known.lease_seconds > 30 + 8 / 4

"""The table of states, tried out whole."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from connectors.signing.model import EventType, Status
from ledger.states import (
    MOVES,
    REPORTED_BY_EVENT,
    REPORTED_BY_STATUS,
    RequestState,
    SignerState,
    accepted,
    after,
    signer_after,
)

R = RequestState
ENDED = (R.COMPLETED, R.DECLINED, R.EXPIRED, R.CANCELED, R.FAILED)
FROM_OUTSIDE = (R.SENT, R.IN_PROGRESS, *ENDED)
RANK = {
    R.PLANNED: 0, R.SENDING: 0, R.UNCERTAIN: 0, R.SENT: 1, R.IN_PROGRESS: 2,
    R.EXPIRED: 3, R.CANCELED: 3, R.FAILED: 3, R.DECLINED: 4, R.COMPLETED: 5,
}  # fmt: skip


def test_the_table_names_every_state() -> None:
    assert set(MOVES) == set(RequestState)
    assert {state for state in RequestState if state.terminal} == set(ENDED)
    assert {state for state in RequestState if state.open} == {R.SENT, R.IN_PROGRESS}


@pytest.mark.parametrize(("current", "reported"), list(product(RequestState, RequestState)))
def test_news_moves_a_request_exactly_when_it_outranks_where_it_stands(current: R, reported: R) -> None:
    expected = reported if reported in FROM_OUTSIDE and RANK[reported] > RANK[current] else current
    assert after(current, reported) is expected


@pytest.mark.parametrize(("current", "reported"), list(product(RequestState, FROM_OUTSIDE)))
def test_the_same_news_twice_is_the_same_as_once(current: R, reported: R) -> None:
    assert after(after(current, reported), reported) is after(current, reported)


@pytest.mark.parametrize("ending", [R.CANCELED, R.EXPIRED, R.FAILED])
def test_in_which_order_news_comes_makes_no_difference_to_how_it_ends(ending: R) -> None:
    for news in ((R.SENT, R.IN_PROGRESS, ending, R.DECLINED), (R.SENT, ending, R.DECLINED, R.COMPLETED)):
        ends = set()
        for order in permutations(news):
            state = R.SENDING
            for reported in order:
                state = after(state, reported)
            ends.add(state)
        assert ends == {max(news, key=RANK.__getitem__)}


def test_declined_beats_canceled_and_completed_beats_all() -> None:
    assert after(R.CANCELED, R.DECLINED) is R.DECLINED
    assert after(R.DECLINED, R.CANCELED) is R.DECLINED
    assert all(after(state, R.COMPLETED) is R.COMPLETED for state in RequestState)


@pytest.mark.parametrize("state", RequestState)
def test_the_first_provider_id_proves_that_a_request_went_out(state: R) -> None:
    expected = R.SENT if state in (R.PLANNED, R.SENDING, R.UNCERTAIN, R.FAILED) else state
    assert accepted(state) is expected


@pytest.mark.parametrize("order", list(permutations([SignerState.INVITED, SignerState.VIEWED, SignerState.SIGNED])))
def test_a_signer_ends_as_signed_in_whatever_order_we_hear_of_it(order: tuple[SignerState, ...]) -> None:
    state = SignerState.WAITING
    for reported in order:
        state = signer_after(state, reported)
    assert state is SignerState.SIGNED


def test_every_word_of_the_model_has_its_place_or_says_nothing_about_the_request() -> None:
    silent = {
        EventType.PREVIEW_READY,
        EventType.CONTACT_CHANGE_ASKED,
        EventType.MESSAGE_RECEIVED,
        EventType.CANCEL_FAILED,
        EventType.DUE_DATE_CHANGED,
        EventType.UNKNOWN,
    }
    assert set(EventType) == set(REPORTED_BY_EVENT) | silent
    assert set(Status) == set(REPORTED_BY_STATUS) | {Status.DRAFT, Status.UNKNOWN}

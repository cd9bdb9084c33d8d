"""Nothing of anybody gets into Prefect or a log, whatever goes wrong; what is provoked stands in `failures/`."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from connectors.signing.hooks import token
from tests.privacy.canaries import LEAKED, RECEIVER_SECRET, SHARED, STEM, TYPED
from tests.privacy.conftest import Provoked
from tests.privacy.failures import FAILURES, Failure

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(500)]

KEPT_BY_PREFECT = ("the table flow_run, column parameters", "the API's flow runs")
"""Where the parameters of runs stand; what a caller types is in there, whatever we do."""


@pytest.mark.parametrize("failure", FAILURES, ids=[failure.sentence for failure in FAILURES])
def test_nobody_is_betrayed_by(failure: Failure, provoked: Provoked) -> None:
    assert provoked.results[failure.sentence] is None, "It could not be provoked."
    found = provoked.finds_about(failure.number)
    assert not found, "\n".join(map(str, found))


def test_twenty_failures_are_provoked_and_more() -> None:
    assert len(FAILURES) >= 20
    assert len({failure.sentence for failure in FAILURES}) == len(FAILURES)


def test_no_key_and_no_secret_is_anywhere_not_even_in_the_database_that_holds_them(provoked: Provoked) -> None:
    found = provoked.finds_about(SHARED)
    assert not found, "\n".join(map(str, found))


def test_no_mark_of_a_webhook_address_is_anywhere(provoked: Provoked) -> None:
    for account in ("sandbox", "default"):
        mark = token(SecretStr(RECEIVER_SECRET), "esignatures", account)
        assert not provoked.finds(mark.partition(".")[2])


def test_nothing_is_anywhere_even_where_it_cannot_be_read_whose_it_is(provoked: Provoked) -> None:
    found = provoked.finds(STEM)
    assert not found, "\n".join(map(str, found))


def test_what_a_caller_types_stands_in_the_parameters_and_nowhere_else(provoked: Provoked) -> None:
    # The database's files hold the parameters too, and so does what Prefect prints of refused ones at DEBUG.
    elsewhere = [
        find for find in provoked.finds(TYPED) if find.place not in KEPT_BY_PREFECT and "file" not in find.place
    ]
    assert not elsewhere, "\n".join(map(str, elsewhere))
    assert provoked.finds(TYPED)


@pytest.mark.parametrize(
    "place",
    [
        "the API's flow runs",
        "the API's task runs",
        "the API's logs",
        "the API's artifacts",
        "the API's events",
        "the table flow_run, column name",
        "the table flow_run, column parameters",
        "the table flow_run, column tags",
        "the table flow_run_state, column message",
        "the table flow_run_input, column value",
        "the table task_run, column name",
        "the table log, column message",
        "the table artifact, column data",
        "the table events, column payload",
        "the table events, column resource",
        "Prefect's file prefect.db",
        "Prefect's file storage/",
        "logs's file leak.log",
    ],
)
def test_a_run_without_our_edge_is_found_out_in(place: str, provoked: Provoked) -> None:
    assert any(find.place.startswith(place) for find in provoked.finds(LEAKED))

"""What leaves a flow or a task as an error."""

from __future__ import annotations

import logging
import traceback

import pytest

from blocks.accounts import AccountNotFound
from flows.edges import Withheld, edge, kinds, our_ids

REQUEST = "req_01K0000000000000000000000A"
SECRET = "person01@example.com"


async def test_an_exceptions_text_never_leaves_a_run() -> None:
    @edge
    async def run(batch: str) -> None:
        try:
            raise KeyError(SECRET)
        except KeyError as inner:
            raise ValueError(f"row of {SECRET}") from inner

    with pytest.raises(Withheld) as caught:
        await run(REQUEST)
    assert str(caught.value) == f"ValueError {REQUEST}"
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_group_of_exceptions_names_each_kind_once() -> None:
    @edge
    async def run() -> None:
        raise ExceptionGroup(SECRET, [ValueError(SECRET), KeyError(SECRET), ValueError(REQUEST)])

    with pytest.raises(Withheld, match=f"^ValueError KeyError {REQUEST}$"):
        await run()


async def test_a_sentence_written_by_us_stays() -> None:
    @edge
    async def run() -> None:
        raise AccountNotFound("Set ESIGN_ESIGNATURES_API_TOKEN.")

    with pytest.raises(Withheld, match="AccountNotFound: Set ESIGN_ESIGNATURES_API_TOKEN"):
        await run()


async def test_what_a_run_returns_passes_unchanged() -> None:
    @edge
    async def run(number: int) -> int:
        return number + 1

    assert await run(1) == 2


async def test_cancelling_is_not_an_error() -> None:
    import asyncio

    @edge
    async def run() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run()


async def test_libraries_that_log_addresses_are_quiet_inside() -> None:
    logging.getLogger("httpx").setLevel(logging.DEBUG)

    @edge
    async def run() -> bool:
        return logging.getLogger("httpx").isEnabledFor(logging.INFO)

    assert await run() is False


def test_only_ids_of_ours_are_kept() -> None:
    assert our_ids(f"{SECRET} {REQUEST}", ["bat_01K0000000000000000000000B", "bat_short"]) == [
        REQUEST,
        "bat_01K0000000000000000000000B",
    ]
    assert kinds(ValueError(SECRET)) == ["ValueError"]


def test_prefect_still_understands_the_parameters_of_what_stands_behind_an_edge() -> None:
    from datetime import UTC, datetime

    from flows.events.flow import process_events
    from flows.reconcile.flow import sweep
    from flows.remind.flow import send_reminders
    from flows.send.flow import send_batch

    for scheduled in (sweep, send_reminders):
        assert scheduled.validate_parameters({"now": None}) == {"now": None}
        assert scheduled.validate_parameters({"now": "2026-01-01T00:00:00Z"}) == {
            "now": datetime(2026, 1, 1, tzinfo=UTC)
        }
    assert process_events.validate_parameters({"linger_seconds": "5"}) == {"linger_seconds": 5.0}
    assert send_batch.validate_parameters({"batch": "bat_1", "rows": ["2"]})["rows"] == [2]

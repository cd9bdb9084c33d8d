"""The owner is told what needs an eye: once, together, and without anybody's name."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from blocks.notices import NoticesNotFound, Notify, notices_of
from flows.events.apply import apply_waiting
from flows.events.notice import SHOWN, give_notice, nobody
from flows.events.notice import text as message
from ledger import notices, outbox, reading
from ledger.dossier import dossier
from ledger.notices import Notice
from ledger.settings import Settings, read_settings
from ledger.store import Ledger
from tests.flows.fake_provider import FakeProvider
from tests.flows.test_draining import deliver, sent


class Owner:
    """Somebody with a channel that takes messages, or fails to."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.fails = False

    async def find(self) -> Notify:
        async def notify(subject: str, said: str) -> None:
            self.messages.append((subject, said))
            if self.fails:
                raise TimeoutError("person01@example.com")

        return notify


async def declined(ledger: Ledger, settings: Settings, provider: FakeProvider, count: int = 1) -> str:
    """So many requests that somebody declined, with a reason."""
    batch_id = await sent(ledger, settings, provider, count)
    for contract in provider.contracts:
        await deliver(ledger, "signer-declined", contract, signer=contract["signers"][0], reason_for_decline="No.")
    await apply_waiting(ledger)
    return batch_id


async def wait_over(ledger: Ledger) -> None:
    """What waits a moment for company has waited."""
    async with ledger.begin() as connection:
        await connection.execute(text("UPDATE effects SET due_at = 0 WHERE kind = 'notice' AND state = 'due'"))


async def test_what_comes_together_is_told_together_and_once(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    owner = Owner()
    batch_id = await declined(ledger, settings, provider, SHOWN + 5)
    assert await give_notice(ledger, owner.find) == 0  # a moment later, for company
    await wait_over(ledger)
    assert await give_notice(ledger, owner.find) == SHOWN + 5
    assert await give_notice(ledger, owner.find) == 0
    ((subject, said),) = owner.messages
    assert subject == f"prefect-esign: {SHOWN + 5} declined"
    assert said.count("declined: req_") == SHOWN and "and 5 more" in said and batch_id in said
    assert "example.com" not in said and "No." not in said and "Signer" not in said


def test_of_several_the_message_points_to_an_invitation_that_did_not_arrive() -> None:
    first, second = Notice(1, 1, "declined", "req_0", "bat_1", 2), Notice(2, 1, "bounced", "req_1", "bat_1", 3)
    assert "`esign request show req_1` says more" in message([first, second])
    assert "`esign request show req_0` says more" in message([first])


async def test_a_message_that_may_have_gone_out_counts_as_told_and_is_shown(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    owner = Owner()
    owner.fails = True
    batch_id = await declined(ledger, settings, provider)
    await wait_over(ledger)
    await give_notice(ledger, owner.find)
    await wait_over(ledger)
    assert await give_notice(ledger, owner.find) == 0 and len(owner.messages) == 1
    (row,) = await reading.rows(ledger, batch_id)
    case = await dossier(ledger, row.request_id or "")
    assert case is not None
    assert [one.problem for one in case.unclear] == ["The message may not have gone out (TimeoutError)."]


async def test_it_is_marked_before_it_goes_out(ledger: Ledger, settings: Settings, provider: FakeProvider) -> None:
    await declined(ledger, settings, provider)
    await wait_over(ledger)
    still_due: list[int] = []

    async def find() -> Notify:
        async def notify(subject: str, said: str) -> None:
            still_due.append(len(await notices.due(ledger, 9)))

        return notify

    await give_notice(ledger, find)
    assert still_due == [0]


async def test_while_no_way_is_found_nothing_is_lost(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    async def no_way() -> Notify:
        raise NoticesNotFound

    await declined(ledger, settings, provider)
    await wait_over(ledger)
    assert await give_notice(ledger, no_way) == 0
    assert await notices.due(ledger, 9) == []  # not at once again
    await wait_over(ledger)
    owner = Owner()
    assert await give_notice(ledger, owner.find) == 1 and len(owner.messages) == 1


async def test_who_wants_to_hear_nothing_is_told_nothing_later_either(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await declined(ledger, settings, provider)
    await wait_over(ledger)
    assert await give_notice(ledger, nobody) == 1
    assert await outbox.due(ledger, "notice", 9) == []


async def test_a_second_copy_is_told_once_however_often_it_reports(
    ledger: Ledger, settings: Settings, provider: FakeProvider
) -> None:
    await sent(ledger, settings, provider, 1)
    copy = {**provider.contracts[0], "id": "con-copy"}
    owner = Owner()
    for name in ("signer-viewed-the-contract", "signer-signed", "contract-signed"):
        await deliver(ledger, name, copy, signer=copy["signers"][0])
        await apply_waiting(ledger)
        await wait_over(ledger)
        await give_notice(ledger, owner.find)
    assert [subject for subject, _ in owner.messages] == ["prefect-esign: 1 may have been sent twice"]


async def test_the_way_is_a_notification_block_of_prefect(on_prefect: dict[str, str], tmp_path: Any) -> None:
    from prefect.blocks.notifications import SlackWebhook
    from prefect.blocks.system import Secret

    await SlackWebhook(url="https://hooks.slack.com/services/T00000000/B00000000/made-up-hook-of-nobody").save(
        "contracts"
    )  # type: ignore[misc]
    await Secret(value="x").save("contracts")  # type: ignore[misc]
    home = {"ESIGN_HOME": str(tmp_path)}
    assert await notices_of(read_settings(home)) is None
    assert await notices_of(read_settings({**home, "ESIGN_NOTIFY": "slack-webhook/contracts"})) is not None
    for named, says in (("slack-webhook/nowhere", "not in Prefect"), ("secret/contracts", "notification block")):
        with pytest.raises(NoticesNotFound, match=says):
            await notices_of(read_settings({**home, "ESIGN_NOTIFY": named}))
    with pytest.raises(ValueError, match="ESIGN_NOTIFY"):
        read_settings({**home, "ESIGN_NOTIFY": "somebody"})

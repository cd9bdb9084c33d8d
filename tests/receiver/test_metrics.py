"""What the receiver counts, and who may see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.signing.hooks import hook_url
from ledger import inbox
from ledger.settings import read_settings
from receiver import pages
from tests.receiver.stage import PERSON, PrefectServer, Receiver, body, receiving, signed, variables

TOKEN = "metrics-token-of-the-tests"


async def figures(receiver: Receiver) -> dict[str, float]:
    answer = await receiver.client.get(f"{receiver.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.mark.parametrize("shown", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"])
async def test_without_the_token_there_is_no_such_page(tmp_path: Path, shown: str) -> None:
    async with receiving(tmp_path, variables(tmp_path, ESIGN_METRICS_TOKEN=TOKEN)) as receiver:
        headers = {b"authorization": shown.encode()}
        answer = await receiver.client.get(f"{receiver.address}/metrics", headers=headers)
        nowhere = await receiver.client.get(f"{receiver.address}/nowhere", headers=headers)
        assert (answer.status_code, answer.content, set(answer.headers)) == (404, b"", set(nowhere.headers))


async def test_where_no_token_is_set_nobody_sees_it(tmp_path: Path) -> None:
    async with receiving(tmp_path) as receiver:
        for shown in ("", "Bearer", "Bearer None"):
            answer = await receiver.client.get(f"{receiver.address}/metrics", headers={"Authorization": shown})
            assert answer.status_code == 404


def test_a_token_anybody_could_guess_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ESIGN_METRICS_TOKEN"):
        read_settings(variables(tmp_path, ESIGN_METRICS_TOKEN="short"))


async def test_deliveries_are_counted_by_provider_and_what_became_of_them(tmp_path: Path) -> None:
    async with receiving(tmp_path, variables(tmp_path, ESIGN_METRICS_TOKEN=TOKEN)) as receiver:
        for _ in range(3):
            await receiver.deliver(body())
        await receiver.deliver(body("con-02"), signed(body("con-02"), "wrong"))
        await receiver.deliver(body(), url=receiver.url + "x")
        await receiver.deliver(body(), url=receiver.url.replace("esignatures", "nobody"))
        await receiver.deliver(body().ljust(2**20 + 1))
        await receiver.client.get(receiver.url)
        nowhere = hook_url(receiver.address, receiver.settings.receiver_secrets, "esignatures", "sandbox")
        await receiver.deliver(body(), url=nowhere)
        seen = await figures(receiver)
    counted = {name: int(value) for name, value in seen.items() if name.startswith("esign_deliveries_total")}
    assert counted == {
        f'esign_deliveries_total{{outcome="{outcome}",provider="{provider}"}}': number
        for provider, outcome, number in (
            ("esignatures", "stored", 1),
            ("esignatures", "repeated", 2),
            ("esignatures", "not_proven", 1),
            ("esignatures", "unknown_address", 1),
            ("", "unknown_address", 1),
            ("esignatures", "too_large", 1),
            ("esignatures", "wrong_method", 1),
            ("esignatures", "no_account", 1),
        )
    }
    assert (seen["esign_commits_total"], seen["esign_deliveries_per_commit_sum"]) == (3, 3)
    assert seen["esign_answer_seconds_count"] == sum(counted.values())


async def test_the_inbox_is_looked_into_when_somebody_asks_but_not_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving(tmp_path, variables(tmp_path, ESIGN_METRICS_TOKEN=TOKEN)) as receiver:
        await receiver.deliver(body())
        await receiver.deliver(body("con-02"))
        receiver.sql("UPDATE inbox SET received_at = received_at - 60000 WHERE id = 1")
        (first, _) = await inbox.take(receiver.ledger, 9)
        seen = await figures(receiver)
        assert (seen['esign_inbox{state="waiting"}'], seen['esign_inbox{state="dead"}']) == (2, 0)
        assert 60 <= seen["esign_inbox_oldest_waiting_seconds"] < 120
        await inbox.bury(receiver.ledger, first.id, "Nobody understands it.")
        assert (await figures(receiver))['esign_inbox{state="waiting"}'] == 2
        monkeypatch.setattr(pages, "FRESH", 0.0)
        seen = await figures(receiver)
        assert (seen['esign_inbox{state="waiting"}'], seen['esign_inbox{state="dead"}']) == (1, 1)
        assert seen["esign_inbox_oldest_waiting_seconds"] < 60
        receiver.sql("ALTER TABLE inbox RENAME TO gone")
        assert (await figures(receiver))["esign_ledger_up"] == 0


async def test_whether_prefect_answers_is_among_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FRESH", 0.0)
    prefect = PrefectServer()
    env = variables(tmp_path, ESIGN_METRICS_TOKEN=TOKEN, PREFECT_API_URL=prefect.api_url)
    async with receiving(tmp_path, env) as receiver:
        assert (await figures(receiver))["esign_prefect_up"] == 0
        async with prefect.up():
            assert (await figures(receiver))["esign_prefect_up"] == 1


async def test_no_account_mark_or_id_is_among_the_figures(tmp_path: Path) -> None:
    async with receiving(tmp_path, variables(tmp_path, ESIGN_METRICS_TOKEN=TOKEN)) as receiver:
        await receiver.deliver(body("con-77"))
        await receiver.deliver(body(), url=receiver.url.replace("default", PERSON))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        text = (await receiver.client.get(f"{receiver.address}/metrics", headers=headers)).text
    for word in ("default", "con-77", "person01", receiver.url.rpartition("/")[2], TOKEN):
        assert word not in text

"""What the core has for every dialect: states, events, accounts, ids, repetitions, and walls between providers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio

from tests.sandbox.example import Client, Ears, client_of
from tests.sandbox.running import Person, receiving, until


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(tmp_path / "home") as customer:
        yield Client(customer)


@pytest_asyncio.fixture
async def ears() -> AsyncIterator[Ears]:
    one = Ears()
    async with receiving(one):
        yield one


@pytest_asyncio.fixture
async def person(client: Client) -> AsyncIterator[Person]:
    one = Person(client.url)
    async with one.browser:
        yield one


async def hear(client: Client, ears: Ears) -> None:
    """Types the address in at the provider's web pages."""
    answer = await client.customer.client.put(f"{client.url}/_sandbox/accounts/example", json={"webhook_url": ears.url})
    assert answer.json() == {"ok": True}


def soon(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


async def test_every_event_is_told_in_the_order_of_life(client: Client, ears: Ears, person: Person) -> None:
    await hear(client, ears)
    people = [
        {"name": "Signer One", "email": "person01@example.com", "role": "Tenant"},
        {"name": "Signer Two", "email": "person02@example.com", "order": 2, "request_by": []},
    ]
    request = await client.ask(signers=people, markdown="# Rules", sent=False)
    assert request["state"] == "draft"
    assert (await client.act(request["id"], "send", message="Please sign at once.")).status_code == 200
    assert "Please sign at once." in (await person.browser.get(f"{client.url}/mailbox/1")).text
    one, two = request["signers"]
    await person.sign(one["url"])
    await client.act(request["id"], "remind")
    await client.act(request["id"], "remind", signer_id=two["id"])
    await client.act(request["id"], "until", until=soon(days=3))
    await person.sign(two["url"])
    await until(lambda: ears.events().count("completed") == 2)
    told = [(one["event"], one["who"]) for one in ears.calls]
    assert told == [
        ("created", ""),
        ("sent", ""),
        ("invited", "Signer One"),
        ("viewed", "Signer One"),
        ("signed", "Signer One"),
        ("invited", "Signer Two"),
        ("reminded", "Signer Two"),
        ("reminded", "Signer Two"),
        ("due_changed", ""),
        ("viewed", "Signer Two"),
        ("signed", "Signer Two"),
        ("all_signed", ""),
        ("completed", ""),
        ("completed", ""),
    ]
    assert [one["at"] for one in ears.calls] == sorted(one["at"] for one in ears.calls)
    done = await client.show(request["id"])
    assert (done["state"], done["completed"], done["ended"]) == ("signed", True, False)
    assert [one["role"] for one in done["signers"]] == ["Tenant", ""]
    assert [one["number"] for one in done["signers"]] == [0, 1]
    assert [one["times"] for one in done["signers"]] == [["invited", "viewed", "signed"]] * 2
    assert [one["reminded"] for one in done["signers"]] == [0, 2]
    assert [mail.to for mail in await person.mails()] == ["person01@example.com"] * 2 + ["person02@example.com"]


async def test_a_decline_keeps_who_when_and_why_and_is_no_withdrawal(
    client: Client, ears: Ears, person: Person
) -> None:
    await hear(client, ears)
    request = await client.ask("person01@example.com", "person02@example.com")
    one, two = request["signers"]
    await person.decline(one["url"], "The rent is too high")
    await until(lambda: "declined" in ears.events())
    assert "withdrawn" not in ears.events()
    assert (ears.calls[-1]["who"], ears.calls[-1]["detail"]) == ("Signer One", "The rent is too high")
    over = await client.show(request["id"])
    assert (over["state"], over["declined_by"], over["reason"]) == ("declined", one["id"], "The rent is too high")
    assert over["ended"]
    assert over["signers"][0]["times"] == ["invited", "viewed", "declined"]
    assert over["signers"][0]["decline_reason"] == "The rent is too high"
    assert not await person.may_sign(two["url"])
    for verb, given in (
        ("withdraw", {}),
        ("remind", {}),
        ("fail", {"reason": "x"}),
        ("until", {"until": soon(days=1)}),
    ):
        assert (await client.act(request["id"], verb, **given)).status_code == 422


async def test_a_withdrawal_and_a_failure_keep_their_reasons(client: Client, ears: Ears, person: Person) -> None:
    await hear(client, ears)
    taken = await client.ask("person01@example.com")
    failed = await client.ask("person01@example.com")
    assert (await client.act(taken["id"], "withdraw", reason="Wrong house")).json()["reason"] == "Wrong house"
    assert (await client.act(failed["id"], "fail", reason="A tag is invalid")).json()["failure"] == "A tag is invalid"
    await until(lambda: {"withdrawn", "failed"} <= set(ears.events()))
    details = {one["event"]: one["detail"] for one in ears.calls}
    assert (details["withdrawn"], details["failed"]) == ("Wrong house", "A tag is invalid")
    assert "This request has failed" in (await person.browser.get(failed["signers"][0]["url"])).text
    assert (await client.act(failed["id"], "withdraw")).status_code == 422


async def test_a_bounce_is_told_once_for_each_mail(client: Client, ears: Ears) -> None:
    await hear(client, ears)
    request = await client.ask("person01+bounce@example.com")
    await until(lambda: ears.events(request["id"])[-2:] == ["invited", "undelivered"])


async def test_an_overdue_request_expires_by_itself_and_opens_again_when_its_end_is_moved(
    tmp_path: Path, ears: Ears
) -> None:
    async with client_of(tmp_path, clock_factor=3600, webhook_urls={"example": ears.url}) as customer:
        client, person = Client(customer), Person(customer.url)
        shown = soon(hours=1)
        request = await client.ask("person01@example.com", until=shown)
        assert datetime.fromisoformat(request["due"]) == datetime.fromisoformat(shown)
        began = time.monotonic()
        await until(lambda: "expired" in ears.events())
        assert time.monotonic() - began < 20
        over = await client.show(request["id"])
        assert (over["state"], over["ended"], over["due"]) == ("expired", True, shown)
        assert not await person.may_sign(request["signers"][0]["url"])
        assert (await client.act(request["id"], "remind")).status_code == 422
        assert (await client.act(request["id"], "until", until=soon(hours=-1))).status_code == 422
        opened = (await client.act(request["id"], "until", until=soon(days=30))).json()
        assert (opened["state"], opened["ended"]) == ("sent", False)
        assert await person.may_sign(request["signers"][0]["url"])
        await until(lambda: ears.events()[-2:] == ["due_changed", "viewed"])
        assert (await client.act(request["id"], "withdraw")).status_code == 200


async def test_a_life_in_hours_begins_when_a_draft_is_sent(tmp_path: Path) -> None:
    async with client_of(tmp_path, clock_factor=3600) as customer:
        client = Client(customer)
        request = await client.ask("person01@example.com", hours=1, sent=False)
        await asyncio.sleep(1.5)
        assert (await client.show(request["id"]))["due"] is None
        sent = (await client.act(request["id"], "send")).json()
        assert sent["state"] == "sent"
        left = datetime.fromisoformat(sent["due"]) - datetime.now(UTC)
        assert timedelta(minutes=59) < left <= timedelta(hours=1)

        async def expired() -> bool:
            return (await client.show(request["id"]))["state"] == "expired"

        await until(expired)


async def test_an_expired_esignatures_contract_stays_sent_and_nothing_is_told(tmp_path: Path, ears: Ears) -> None:
    async with client_of(tmp_path, clock_factor=3600, webhook_urls={"example": ears.url}) as customer:
        contract = await customer.create("person01@example.com", expires_in_hours="1")

        async def expired() -> bool:
            return (await customer.admin("/contracts?dialect=esignatures"))[0]["status"] == "expired"

        await until(expired)
        assert (await customer.contract(contract["id"]))["status"] == "sent"
        assert await customer.admin("/webhooks") == []
        assert (await customer.post(f"/contracts/{contract['id']}/withdraw")).status_code == 200


async def test_a_dialect_sees_its_own_contracts_alone(client: Client) -> None:
    theirs = await client.customer.create("person01@example.com")
    mine = await client.ask("person01@example.com")
    assert (await client.get(f"/{theirs['id']}")).status_code == 404
    for verb in ("send", "withdraw", "remind", "delete"):
        assert (await client.act(theirs["id"], verb)).status_code == 404
    assert (await client.customer.get(f"/contracts/{mine['id']}")).status_code == 404
    assert (await client.customer.post(f"/contracts/{mine['id']}/withdraw")).status_code == 404
    recent = (await client.customer.get("/contracts/recent")).json()["data"]
    assert [one["id"] for one in recent] == [theirs["id"]]
    all_of_them = await client.customer.admin("/contracts")
    assert [(one["id"], one["dialect"]) for one in all_of_them] == [
        (mine["id"], "example"),
        (theirs["id"], "esignatures"),
    ]
    assert [one["id"] for one in await client.customer.admin("/contracts?dialect=example")] == [mine["id"]]


async def test_lists_come_in_pages_by_state_newest_first(client: Client) -> None:
    made = [(await client.ask("person01@example.com", sent=number % 2 == 0))["id"] for number in range(5)]
    await client.act(made[0], "withdraw")
    newest = (await client.get("?limit=2&offset=1")).json()
    assert newest == {"ids": [made[3], made[2]], "total": 5}
    sent = (await client.get("?limit=9&offset=0&state=sent")).json()
    assert sent == {"ids": [made[4], made[2]], "total": 2}
    both = (await client.get("?limit=1&offset=1&state=draft&state=withdrawn")).json()
    assert both == {"ids": [made[1]], "total": 3}


async def test_deleting_forgets_a_request_in_whatever_state_with_its_pdf(client: Client, person: Person) -> None:
    request = await client.ask("person01@example.com", markdown="# Rules")
    url = request["signers"][0]["url"]
    await person.sign(url)

    async def there() -> bool:
        return (await client.get(f"/{request['id']}/file")).status_code == 200

    await until(there)
    address = next(link.href for link in (await person.mails())[-1].links if "/files/" in link.href)
    assert (await person.browser.get(address)).status_code == 200
    assert (await client.act(request["id"], "delete")).status_code == 200
    assert (await client.get(f"/{request['id']}")).status_code == 404
    assert (await person.browser.get(address)).status_code == 404
    assert (await person.browser.get(url)).status_code == 404
    assert (await client.act(request["id"], "delete")).status_code == 404


async def test_ids_have_the_dialects_form_and_an_id_that_is_taken_is_never_given_again(client: Client) -> None:
    request = await client.ask("person01@example.com")
    assert (len(request["id"]), len(request["signers"][0]["id"])) == (24, 40)
    int(request["id"] + request["signers"][0]["id"], 16)
    for wrong in (request["id"], "../../../etc/passwd", "short"):
        assert (await client.try_to_ask("person02@example.com", id=wrong)).status_code == 500
    assert len(await client.customer.admin("/contracts")) == 1


async def test_failed_calls_are_repeated_as_the_dialect_says_and_its_own_good_answer_counts(
    tmp_path: Path, ears: Ears
) -> None:
    ears.answers = [200, 500, 404]
    async with client_of(tmp_path, clock_factor=1800, webhook_urls={"example": ears.url}) as customer:
        request = await Client(customer).ask(
            signers=[{"name": "Signer One", "email": "person01@example.com", "request_by": []}], sent=False
        )
        began = time.monotonic()

        async def lost() -> bool:
            return (await customer.admin("/webhooks"))[0]["state"] == "lost"

        await until(lost)
        # Half an hour and two hours are a second and four.
        assert time.monotonic() - began > 4.5
        assert [(one["event"], one["id"]) for one in ears.refused] == [("created", request["id"])] * 3
        (call,) = await customer.admin("/webhooks")
        assert (call["dialect"], call["tries"], call["answer"]) == ("example", 3, "404")


async def test_the_address_of_an_account_is_kept_and_one_given_at_the_start_comes_first(
    tmp_path: Path, ears: Ears
) -> None:
    async with client_of(tmp_path) as customer:
        client = Client(customer)
        await client.ask("person01@example.com")
        assert await customer.admin("/webhooks") == []
        await hear(client, ears)
    async with client_of(tmp_path) as customer:
        await Client(customer).ask("person01@example.com")
        await until(lambda: "invited" in ears.events())
    async with receiving(Ears()) as other:
        addresses = {"example": other.url}
        async with client_of(tmp_path, webhook_urls=addresses, webhook_url="http://127.0.0.1:1/") as customer:
            await Client(customer).ask("person01@example.com")
            await until(lambda: "invited" in other.events())
    async with receiving(Ears()) as other, client_of(tmp_path, webhook_url=other.url) as customer:
        await Client(customer).ask("person01@example.com")
        await until(lambda: "invited" in other.events())


async def test_an_account_takes_web_addresses_and_nothing_else(client: Client) -> None:
    url = f"{client.url}/_sandbox/accounts"
    for wrong in ({"webhook_url": "ftp://x"}, {"webhook_url": 1}, {}, [], {"webhook_url": "http://x", "more": 1}):
        assert (await client.customer.client.put(f"{url}/example", json=wrong)).status_code == 422
    assert (await client.customer.client.put(f"{url}/example", content=b"{")).status_code == 422
    assert (await client.customer.client.put(f"{url}/example", json={"webhook_url": ""})).status_code == 200
    assert (await client.customer.client.put(f"{url}/nobody", json={"webhook_url": ""})).status_code == 404


async def test_a_sender_withdraws_and_reminds_in_the_providers_web_pages(client: Client, person: Person) -> None:
    request = await client.ask("person01@example.com")
    page = f"{client.url}/_sandbox/contracts/{request['id']}"
    post = client.customer.client.post
    assert (await post(f"{page}/remind/{request['signers'][0]['id']}")).json() == {"ok": True}
    assert len(await person.mails()) == 2
    assert (await post(f"{page}/remind/nobody")).status_code == 404
    assert (await post(f"{page}/withdraw")).json() == {"ok": True}
    assert (await client.show(request["id"]))["state"] == "withdrawn"
    assert (await post(f"{page}/withdraw")).status_code == 422
    assert (await post(f"{client.url}/_sandbox/contracts/nothing/withdraw")).status_code == 404


async def test_a_dialect_keeps_notes_of_its_own_over_a_restart(tmp_path: Path) -> None:
    async with client_of(tmp_path) as customer:
        notes = f"{customer.url}/example/v1/requests/notes"
        await customer.client.post(notes, json={"one": {"state": "waiting"}, "two": [1]})
        await customer.client.post(notes, json={"one": {"state": "done"}, "two": None})
    async with client_of(tmp_path) as customer:
        kept = (await Client(customer).get("/notes")).json()
        assert kept == {"all": {"one": {"state": "done"}}, "one": {"state": "done"}}


async def test_what_only_the_dialect_knows_is_kept_as_it_was(client: Client) -> None:
    echo = {"ref": "row-771", "list": [1, None, {"deep": "ß"}]}
    request = await client.ask("person01@example.com", echo=echo)
    assert (await client.show(request["id"]))["extra"] == {"echo": echo}

"""Webhooks: which, in which order, signed how, and what happens when nobody answers well."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.running import Customer, Person, Receiver, receiving, running, until


async def test_the_whole_story_is_reported_in_the_order_it_happened(
    customer: Customer, person: Person, receiver: Receiver
) -> None:
    contract = await customer.create(
        "person01@example.com", "person02@example.com", custom_webhook_url=receiver.url, metadata="ID0001"
    )
    first, second = contract["signers"]
    await person.open(first["sign_page_url"])
    await person.sign(first["sign_page_url"])
    await customer.post(f"/contracts/{contract['id']}/signers/{second['id']}/send_contract")
    await person.sign(second["sign_page_url"])
    done = await receiver.wait_for("contract-signed")
    assert receiver.events() == [
        "contract-sent-to-signer",
        "signer-viewed-the-contract",
        "signer-signed",
        "contract-sent-to-signer",
        "contract-reminder-sent-to-signer",
        "signer-viewed-the-contract",
        "signer-signed",
        "contract-signed",
    ]
    sent = receiver.calls[0]["data"]
    assert sent["signer"] == {
        "id": first["id"],
        "name": "Signer One",
        "email": "person01@example.com",
        "mobile": "",
        "company_name": "",
        "signing_order": "1",
        "auto_sign": "no",
        "redirect_url": "",
    }
    about = {"id": contract["id"], "title": "Terms", "metadata": "ID0001", "source": "api", "test": "yes"}
    assert sent["contract"] == about
    assert receiver.calls[2]["data"]["signer"]["signer_field_values"] == {}
    assert {name: done["data"]["contract"][name] for name in about} == about
    assert len(done["data"]["contract"]["signers"]) == 2
    pdf = await person.browser.get(done["data"]["contract"]["contract_pdf_url"])
    assert pdf.content.startswith(b"%PDF-")


async def test_a_decline_is_reported_with_its_reason_and_followed_by_a_withdrawal(
    customer: Customer, person: Person, receiver: Receiver
) -> None:
    contract = await customer.create("person01@example.com", custom_webhook_url=receiver.url)
    await person.decline(contract["signers"][0]["sign_page_url"], "The date is wrong")
    withdrawn = await receiver.wait_for("contract-withdrawn")
    assert receiver.events()[-2:] == ["signer-declined", "contract-withdrawn"]
    assert receiver.calls[-2]["data"]["reason_for_decline"] == "The date is wrong"
    assert withdrawn["data"]["contract"]["signers"][0]["id"] == contract["signers"][0]["id"]


async def test_a_mail_that_bounces_is_an_error_notification(customer: Customer, receiver: Receiver) -> None:
    contract = await customer.create("person01+bounce@example.com", custom_webhook_url=receiver.url, metadata="m")
    data = (await receiver.wait_for("error"))["data"]
    assert data["error_code"] == "email-delivery-failed"
    assert (data["contract_id"], data["metadata"]) == (contract["id"], "m")


async def test_a_preview_is_reported_when_it_is_there(customer: Customer, person: Person, receiver: Receiver) -> None:
    contract = await customer.create("person01@example.com", custom_webhook_url=receiver.url)
    assert (await customer.post(f"/contracts/{contract['id']}/generate_pdf_preview")).json() == {"status": "queued"}
    made = await receiver.wait_for("contract-pdf-generated")
    assert (await person.browser.get(made["data"]["contract"]["contract_pdf_url"])).content.startswith(b"%PDF-")


async def test_the_address_of_the_account_is_used_where_a_contract_names_none(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with running(tmp_path / "home", webhook_url=receiver.url) as customer:
        await customer.create("person01@example.com")
        await receiver.wait_for("contract-sent-to-signer")


async def test_a_failed_call_comes_again_later_and_holds_up_nobody(tmp_path: Path, receiver: Receiver) -> None:
    async with running(tmp_path / "home", clock_factor=3600) as customer:
        receiver.answers = [500]
        first = await customer.create("person01@example.com", custom_webhook_url=receiver.url)
        await until(lambda: len(receiver.refused) == 1)
        await customer.post(f"/contracts/{first['id']}/withdraw")
        await until(lambda: len(receiver.calls) == 2)
        assert receiver.events() == ["contract-withdrawn", "contract-sent-to-signer"]
        calls = await customer.admin("/webhooks")
        assert [(one["event"], one["state"], one["tries"]) for one in calls] == [
            ("contract-sent-to-signer", "delivered", 2),
            ("contract-withdrawn", "delivered", 1),
        ]


async def test_after_six_repetitions_a_call_is_given_up_and_a_redirect_is_no_success(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with running(tmp_path / "home", clock_factor=72000) as customer:
        receiver.answers = [302, 404, 500, 307, 503, 401, 418]
        await customer.create("person01@example.com", custom_webhook_url=receiver.url)
        await until(lambda: len(receiver.refused) == 7)

        async def lost() -> bool:
            return (await customer.admin("/webhooks"))[0]["state"] == "lost"

        await until(lost)
        assert receiver.calls == []


async def test_a_receiver_that_is_too_slow_counts_as_failed_and_does_not_hold_up_other_contracts(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.delay = 5
    async with (
        running(tmp_path / "home", webhook_timeout_seconds=0.3) as customer,
        receiving() as quick,
    ):
        await customer.create("person01@example.com", custom_webhook_url=receiver.url)
        await customer.create("person01@example.com", custom_webhook_url=quick.url)
        await quick.wait_for("contract-sent-to-signer")

        async def timed_out() -> bool:
            return (await customer.admin("/webhooks"))[0]["answer"] == "TimeoutError"

        await until(timed_out)
        receiver.delay = 0

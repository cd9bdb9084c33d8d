"""A contract's life as its parties see it: order, delivery, declining, withdrawing, expiry, the finished PDF."""

from __future__ import annotations

import pytest

from tests.sandbox.running import Customer, Person, signers, until

pytestmark = pytest.mark.slow

FIELD = '{"line_type": "text-input", "input_type": "%s", "input_required": "yes", "signer_field_id": "%s"}'


async def states(customer: Customer, contract_id: str) -> list[str]:
    (found,) = [one for one in await customer.admin("/contracts") if one["id"] == contract_id]
    return [found["status"], *(signer["state"] for signer in found["signers"])]


async def finished(customer: Customer, contract_id: str) -> str:
    """Waits for the PDF and returns its address."""

    async def there() -> bool:
        return "contract_pdf_url" in await customer.contract(contract_id)

    await until(there)
    return str((await customer.contract(contract_id))["contract_pdf_url"])


async def test_signers_are_asked_one_after_the_other_by_default(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com", "person02@example.com")
    first, second = (signer["sign_page_url"] for signer in contract["signers"])
    assert [mail.to for mail in await person.mails()] == ["person01@example.com"]
    assert await states(customer, contract["id"]) == ["sent", "invited", "waiting"]
    assert not await person.may_sign(second)
    await person.sign(first)
    assert [mail.to for mail in await person.mails()] == ["person01@example.com", "person02@example.com"]
    await person.open(second)
    assert await states(customer, contract["id"]) == ["sent", "signed", "viewed"]
    await person.sign(second)
    await finished(customer, contract["id"])
    assert (await customer.contract(contract["id"]))["status"] == "signed"
    assert not await person.may_sign(second)


async def test_equal_numbers_sign_at_the_same_time_whatever_their_place_in_the_list(
    customer: Customer, person: Person
) -> None:
    people = signers("person01@example.com", "person02@example.com", "person03@example.com")
    for one, order in zip(people, ("2", "1", "1"), strict=True):
        one["signing_order"] = order
    contract = await customer.create(signers=people)
    assert [one["email"][:8] for one in contract["signers"]] == ["person02", "person03", "person01"]
    assert await states(customer, contract["id"]) == ["sent", "invited", "invited", "waiting"]
    await person.sign(contract["signers"][1]["sign_page_url"])
    await person.sign(contract["signers"][0]["sign_page_url"])
    assert await states(customer, contract["id"]) == ["sent", "signed", "signed", "invited"]


async def test_an_empty_delivery_list_sends_nothing_and_the_link_works(customer: Customer, person: Person) -> None:
    people = signers("person01@example.com", signature_request_delivery_methods=[], signed_document_delivery_method="")
    contract = await customer.create(signers=people)
    assert await person.mails() == []
    await person.sign(contract["signers"][0]["sign_page_url"])
    await finished(customer, contract["id"])
    assert await person.mails() == []


async def test_text_messages_lie_in_the_mailbox_too(customer: Customer, person: Person) -> None:
    await customer.create(signers=[{"name": "Signer One", "mobile": "+1 555 010 0001"}])
    (message,) = await person.mails()
    assert message.to == "+1 555 010 0001"


async def test_the_last_signature_brings_final_copies_and_a_pdf_behind_fresh_keys(
    customer: Customer, person: Person
) -> None:
    words = {"final_contract_subject": "All done", "cc_email_addresses": ["person09@example.com"]}
    contract = await customer.create("person01@example.com", emails=words)
    await person.sign(contract["signers"][0]["sign_page_url"])
    address = await finished(customer, contract["id"])
    assert [mail.to for mail in await person.mails()][1:] == ["person01@example.com", "person09@example.com"]
    again = (await customer.contract(contract["id"]))["contract_pdf_url"]
    assert again != address
    for link in (address, again):
        pdf = await person.browser.get(link)
        assert pdf.status_code == 200
        assert pdf.content.startswith(b"%PDF-")
        assert pdf.headers["content-type"] == "application/pdf"
    assert (await person.browser.get(address.replace("secret_token=", "secret_token=x"))).status_code == 403
    assert (await person.browser.get(address.split("?")[0])).status_code == 403
    other = address.replace(contract["id"], "0" * 8 + contract["id"][8:])
    assert (await person.browser.get(other)).status_code == 403


async def test_a_pdf_link_closes_when_its_three_days_are_over(hasty: Customer) -> None:
    person = Person(hasty.url)
    contract = await hasty.create("person01@example.com", expires_in_hours="500")
    await person.sign(contract["signers"][0]["sign_page_url"])
    address = (await finished(hasty, contract["id"])).replace("expires=1", "expires=2")
    assert (await person.browser.get(address)).status_code == 403


async def test_declining_withdraws_the_contract_for_everyone(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com", "person02@example.com")
    await person.decline(contract["signers"][0]["sign_page_url"], "The date is wrong")
    assert await states(customer, contract["id"]) == ["declined", "declined", "waiting"]
    assert (await customer.contract(contract["id"]))["status"] == "withdrawn"
    for signer in contract["signers"]:
        assert not await person.may_sign(signer["sign_page_url"])


async def test_a_withdrawn_contract_is_over_and_a_signed_one_cannot_be_withdrawn(
    customer: Customer, person: Person
) -> None:
    contract = await customer.create("person01@example.com")
    path = f"/contracts/{contract['id']}"
    assert (await customer.post(f"{path}/withdraw")).json() == {"status": "queued"}
    assert (await customer.contract(contract["id"]))["status"] == "withdrawn"
    assert (await customer.post(f"{path}/withdraw")).status_code == 422
    assert (await customer.post(f"{path}/signers", signers("person02@example.com")[0])).status_code == 422
    assert not await person.may_sign(contract["signers"][0]["sign_page_url"])
    signed = await customer.create("person01@example.com")
    await person.sign(signed["signers"][0]["sign_page_url"])
    answer = await customer.post(f"/contracts/{signed['id']}/withdraw")
    assert answer.status_code == 422
    assert answer.json()["data"]["error_message"] == "Signed contracts cannot be withdrawn."


async def test_the_signing_page_closes_when_the_contract_expires_and_the_status_stays_sent(hasty: Customer) -> None:
    person = Person(hasty.url)
    contract = await hasty.create("person01@example.com", expires_in_hours="1")
    page = contract["signers"][0]["sign_page_url"]

    async def closed() -> bool:
        return not await person.may_sign(page)

    assert await person.may_sign(page)
    await until(closed)
    assert (await hasty.contract(contract["id"]))["status"] == "sent"
    reminder = f"/contracts/{contract['id']}/signers/{contract['signers'][0]['id']}/send_contract"
    assert (await hasty.post(reminder)).status_code == 422


async def test_a_reminder_is_one_more_mail_for_whoever_has_to_sign_now(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com", "person02@example.com")
    first, second = (f"/contracts/{contract['id']}/signers/{one['id']}/send_contract" for one in contract["signers"])
    assert (await customer.post(first)).json() == {"status": "queued"}
    assert [mail.to for mail in await person.mails()] == ["person01@example.com"] * 2
    assert (await customer.post(second)).status_code == 422
    await person.sign(contract["signers"][0]["sign_page_url"])
    assert (await customer.post(first)).status_code == 422


async def test_signers_are_changed_added_and_removed_without_a_mail(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com", "person02@example.com")
    path = f"/contracts/{contract['id']}/signers"
    first, second = (one["id"] for one in contract["signers"])
    assert (await customer.post(f"{path}/{first}", {"email": "person04@example.com"})).status_code == 200
    assert (await customer.post(f"{path}/{first}", {"signing_order": "2"})).status_code == 422
    assert (await customer.post(f"{path}/{first}", {"email": ""})).status_code == 422
    added = {"name": "Signer Three", "email": "person03@example.com", "signing_order": "1"}
    assert (await customer.post(path, added)).json() == {"status": "queued"}
    assert (await customer.post(f"{path}/{second}/delete")).json() == {"status": "queued"}
    people = (await customer.contract(contract["id"]))["signers"]
    assert [one["email"] for one in people] == ["person04@example.com", "person03@example.com"]
    assert len(await person.mails()) == 1
    assert (await customer.post(f"{path}/{people[1]['id']}/send_contract")).status_code == 200
    assert [mail.to for mail in await person.mails()][1:] == ["person03@example.com"]
    for one in people:
        await person.sign(one["sign_page_url"])
    await finished(customer, contract["id"])


async def test_removing_the_one_everybody_waits_for_invites_the_next(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com", "person02@example.com")
    path = f"/contracts/{contract['id']}/signers"
    assert (await customer.post(f"{path}/{contract['signers'][0]['id']}/delete")).status_code == 200
    assert [mail.to for mail in await person.mails()] == ["person01@example.com", "person02@example.com"]
    assert (await customer.post(f"{path}/{contract['signers'][1]['id']}/delete")).status_code == 422


async def test_who_signs_by_themselves_does_so_in_their_turn(customer: Customer, person: Person) -> None:
    ours = signers("person09@example.com", auto_sign="yes")
    contract = await customer.create(signers=[*signers("person01@example.com"), *ours])
    assert await states(customer, contract["id"]) == ["sent", "invited", "waiting"]
    await person.sign(contract["signers"][0]["sign_page_url"])
    await finished(customer, contract["id"])
    assert "person09@example.com" not in [mail.to for mail in await person.mails()][:1]


async def test_fields_are_filled_in_by_whom_they_are_for_and_reported_with_the_contract(
    customer: Customer, person: Person
) -> None:
    lines = f"City `{FIELD % ('only_first_signer', 'city')}`\n\nRole `{FIELD % ('every_signer', 'role')}`"
    contract = await customer.create("person01@example.com", "person02@example.com", markdown=lines)
    first, second = (one["sign_page_url"] for one in contract["signers"])
    await person.sign(first, **{"field[city]": "Boston"})
    assert await states(customer, contract["id"]) == ["sent", "viewed", "waiting"]
    await person.sign(first, **{"field[city]": "Boston", "field[role]": "Tenant"})
    await person.sign(second, **{"field[city]": "Elsewhere", "field[role]": "Owner"})
    people = (await customer.contract(contract["id"]))["signers"]
    assert [one["signer_field_values"] for one in people] == [{"city": "Boston", "role": "Tenant"}, {"role": "Owner"}]


async def test_the_content_is_fixed_once_somebody_has_signed(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com", "person02@example.com")
    edits = {"edits": [{"find_markdown": "Be kind.", "replace_with_markdown": "Be brave."}]}
    path = f"/contracts/{contract['id']}/content"
    assert (await customer.post(path, edits | {"dry_run": "yes"})).status_code == 200
    assert (await customer.post(path, edits)).status_code == 200
    assert (await customer.get(path)).json()["data"]["markdown"] == "# Terms\n\nBe brave."
    await person.sign(contract["signers"][0]["sign_page_url"])
    assert (
        await customer.post(path, {"edits": [{"find_markdown": "", "replace_with_markdown": ""}]})
    ).status_code == 422


async def test_nobody_signs_without_consent_or_without_a_signature(customer: Customer, person: Person) -> None:
    contract = await customer.create("person01@example.com")
    page = contract["signers"][0]["sign_page_url"]
    for missing in ({"consent": ""}, {"signature_text": " "}, {"signature_kind": "drawn", "signature_png": ""}):
        await person.sign(page, **missing)
        assert await person.may_sign(page)
    assert await states(customer, contract["id"]) == ["sent", "viewed"]

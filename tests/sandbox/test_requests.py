"""What the eSignatures dialect accepts and refuses."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.running import API, TOKEN, Customer, signers, wanted

SIGNER = {
    "name": "Benny Bell",
    "email": "benny@me.com",
    "mobile": "+12481234567",
    "company_name": "ACME Corp",
    "signing_order": "1",
    "auto_sign": "no",
    "signature_request_delivery_methods": ["email"],
    "signed_document_delivery_method": "email",
    "multi_factor_authentications": ["sms_verification_code"],
    "redirect_url": "https://your-website.com/aftersign",
}
EXAMPLE: dict[str, Any] = {  # Contracts – New, as the reference prints it.
    "template_id": "4templ44-6666",
    "title": "Loan Agreement - Saver package",
    "locale": "en",
    "metadata": "ID0001",
    "expires_in_hours": "48",
    "custom_webhook_url": "https://your-website.com/esignatures-custom-webhook",
    "assigned_user_email": "colleague@your-business.com",
    "labels": ["MA", "Rental"],
    "test": "no",
    "save_as_draft": "no",
    "signers": [SIGNER],
    "placeholder_fields": [
        {"placeholder_key": "package_name", "replace_with_text": "Saver"},
        {
            "placeholder_key": "repayment_terms",
            "replace_with_markdown": "## Repayment terms\n\n- Payments due: monthly\n- Term: 15 years",
        },
        {"placeholder_key": "additional_conditions", "replace_with_template": "5templ55-7777"},
    ],
    "signer_fields": [{"signer_field_id": "preferred_term", "default_value": "15 years"}],
    "emails": {
        "signature_request_subject": "Your document is ready to sign",
        "signature_request_text": "Hi __FULL_NAME__, \n\n To review and sign the contract please press the button",
        "final_contract_subject": "Your document is signed",
        "final_contract_text": "Hi __FULL_NAME__, \n\n Your document is signed.\n\nKind Regards",
        "cc_email_addresses": ["tom@email.com", "francis@email.com"],
        "reply_to": "support@customdomain.com",
    },
    "custom_branding": {
        "company_name": "WhiteLabel LLC",
        "logo_url": "https://online-logo-store.com/yourclient-logo.png",
    },
}


async def new_template(customer: Customer, markdown: str, title: str = "Rental Agreement") -> str:
    answer = await customer.post("/templates", {"title": title, "markdown": markdown})
    return str(answer.json()["data"][0]["template_id"])


async def test_the_references_own_example_is_accepted_and_answered_as_printed(customer: Customer) -> None:
    terms = await new_template(customer, "Additional.")
    template = await new_template(customer, "{{package_name}}\n\n{{repayment_terms}}\n\n{{additional_conditions}}")
    example = EXAMPLE | {"template_id": template, "custom_webhook_url": "https://127.0.0.1:1/hooks"}
    example["placeholder_fields"][2]["replace_with_template"] = terms
    answer = await customer.post("/contracts", example)
    assert answer.status_code == 200, answer.text
    contract = answer.json()["data"]["contract"]
    assert answer.json()["status"] == "queued"
    assert {name: contract[name] for name in ("status", "title", "metadata", "source", "test")} == {
        "status": "sent",
        "title": "Loan Agreement - Saver package",
        "metadata": "ID0001",
        "source": "api",
        "test": "no",
    }
    (signer,) = contract["signers"]
    assert set(signer) == {"id", "name", "email", "mobile", "company_name", "sign_page_url"}
    assert signer["sign_page_url"] == f"{customer.url}/sign/{signer['id']}"
    queried = await customer.contract(contract["id"])
    assert queried["labels"] == ["MA", "Rental"]
    assert queried["signers"][0]["signer_field_values"] == {}
    assert "contract_pdf_url" not in queried
    content = (await customer.get(f"/contracts/{contract['id']}/content")).json()["data"]
    assert content["markdown"].startswith("Saver\n\n## Repayment terms")
    assert content["markdown"].endswith("Additional.")
    fields = (await customer.get(f"/contracts/{contract['id']}/placeholder_fields")).json()["data"]
    assert fields[0] == {"placeholder_key": "package_name", "replace_with_text": "Saver"}
    assert fields[2] == {"placeholder_key": "additional_conditions", "replace_with_template": "[template content]"}


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("an unknown field", {"colour": "red"}),
    ("a real boolean", {"test": True}),
    ("an unknown yes", {"test": "true"}),
    ("a real number", {"expires_in_hours": 48}),
    ("a number with a point", {"expires_in_hours": "1.5"}),
    ("no signers", {"signers": []}),
    ("an unknown locale", {"locale": "tlh"}),
    ("both contents", {"template_id": "4templ44-6666"}),
    ("a null", {"title": None}),
    ("metadata that is not text", {"metadata": {"row": 1}}),
    ("a plain-text webhook to elsewhere", {"custom_webhook_url": "http://hooks.example.com/x"}),
    ("a webhook that is no address", {"custom_webhook_url": "hooks"}),
    ("labels as text", {"labels": "MA"}),
    ("a signer without a name", {"signers": [{"email": "person01@example.com"}]}),
    ("a signer without any address", {"signers": [{"name": "Signer One"}]}),
    ("a broken address", {"signers": signers("person01")}),
    ("an order as number", {"signers": signers("person01@example.com", signing_order=1)}),
    ("an unknown delivery", {"signers": signers("a@example.com", signature_request_delivery_methods=["fax"])}),
    ("one delivery as text", {"signers": signers("a@example.com", signature_request_delivery_methods="email")}),
    ("final deliveries as list", {"signers": signers("a@example.com", signed_document_delivery_method=["email"])}),
    (
        "a text message without number",
        {"signers": signers("a@e.org", signature_request_delivery_methods=["sms"])},
    ),
    ("a code without number", {"signers": signers("a@e.org", multi_factor_authentications=["sms_verification_code"])}),
    ("an unknown signer field", {"signers": signers("a@example.com", role="tenant")}),
    ("an old placeholder field", {"placeholder_fields": [{"api_key": "a", "value": "b"}]}),
    (
        "two replacements",
        {"placeholder_fields": [{"placeholder_key": "a", "replace_with_text": "b", "replace_with_markdown": "c"}]},
    ),
    ("an unknown template", {"placeholder_fields": [{"placeholder_key": "a", "replace_with_template": "none"}]}),
    ("an unknown mail field", {"emails": {"subject": "Hello"}}),
]


@pytest.mark.parametrize("change", [one for _, one in WRONG], ids=[name for name, _ in WRONG])
async def test_a_request_the_reference_does_not_know_is_refused(customer: Customer, change: dict[str, Any]) -> None:
    answer = await customer.post("/contracts", wanted("person01@example.com") | change)
    assert answer.status_code == 422
    assert answer.json()["status"] == "error"
    assert answer.json()["data"]["error_message"]
    assert await customer.admin("/contracts") == []


async def test_neither_content_nor_json_nor_media_type_may_be_missing(customer: Customer) -> None:
    body = wanted("person01@example.com")
    del body["markdown"]
    assert (await customer.post("/contracts", body)).status_code == 422
    url = f"{customer.url}{API}/contracts"
    headers = {"Content-Type": "application/json"}
    assert (await customer.client.post(url, content=b"{", headers=headers)).status_code == 400
    assert (await customer.client.post(url, content=b"[]", headers=headers)).status_code == 422
    assert (await customer.client.post(url, data={"title": "x"})).status_code == 415
    unknown = wanted("person01@example.com", template_id="none")
    del unknown["markdown"]
    assert "template_id" in (await customer.post("/contracts", unknown)).json()["data"]["error_message"]


async def test_the_token_opens_as_basic_user_or_as_parameter_and_nothing_else_does(customer: Customer) -> None:
    url = f"{customer.url}{API}/templates"
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(url, auth=(TOKEN, ""))).status_code == 200
        assert (await client.get(url, params={"token": TOKEN})).status_code == 200
        for wrong in (
            await client.get(url),
            await client.get(url, auth=(TOKEN, "password")),
            await client.get(url, auth=("täglich", "")),
            await client.get(url, params={"token": "x"}),
            await client.get(url, params={"token": ""}),
            await client.get(url, params={"token": "x"}, auth=(TOKEN, "")),
            await client.get(url, headers={"Authorization": f"Bearer {TOKEN}"}),
            await client.get(url, headers={"Authorization": "Basic %%%"}),
        ):
            assert wrong.status_code == 401
            assert wrong.json()["data"]["error_code"] == "unauthorized"


async def test_a_new_home_has_two_templates_with_placeholders_to_try(customer: Customer) -> None:
    listed = (await customer.get("/templates")).json()["data"]
    assert [one["title"] for one in listed] == ["Mutual non-disclosure agreement", "Policy acknowledgement"]
    for one in listed:
        details = (await customer.get(f"/templates/{one['template_id']}")).json()["data"]
        assert details["placeholder_fields"] and details["signer_field_ids"]
        body = {"template_id": one["template_id"], "signers": signers("person01@example.com"), "test": "yes"}
        answer = await customer.post("/contracts", body)
        assert answer.json()["data"]["contract"]["title"] == one["title"]


async def test_templates_are_copied_edited_shared_and_deleted(customer: Customer) -> None:
    first = await new_template(customer, "# A\n\n{{who}} pays.\n\n# B\n\nEnd.")
    filled = {"title": "Copy", "placeholder_fields": [{"placeholder_key": "who", "replace_with_text": "*One*"}]}
    copied = (await customer.post(f"/templates/{first}/copy", filled)).json()["data"][0]["template_id"]
    edits = [{"find_markdown": "# B", "replace_with_markdown": "# C\n\nDone."}]
    assert (await customer.post(f"/templates/{copied}/content", {"edits": edits})).json() == {"status": "queued"}
    content = (await customer.get(f"/templates/{copied}/content")).json()["data"]
    assert content == {"template_id": copied, "markdown": "# A\n\n\\*One\\* pays.\n\n# C\n\nDone."}
    assert (await customer.post(f"/templates/{copied}/content", {"edits": edits})).status_code == 422
    assert (await customer.post(f"/templates/{copied}", {"title": "New title"})).status_code == 200
    shared = (await customer.post(f"/templates/{copied}/collaborators", {"name": "Signer One"})).json()["data"][0]
    assert (await customer.get(f"/templates/{copied}/collaborators")).json()["data"] == [shared]
    removal = f"/templates/{copied}/collaborators/{shared['template_collaborator_id']}/remove"
    assert (await customer.post(removal)).status_code == 200
    assert (await customer.post(removal)).status_code == 404
    assert (await customer.post(f"/templates/{copied}/delete")).status_code == 200
    assert (await customer.get(f"/templates/{copied}")).status_code == 404


async def test_drafts_are_not_queried_and_only_drafts_and_tests_are_deleted(customer: Customer) -> None:
    draft = await customer.create("person01@example.com", save_as_draft="yes", test="no")
    live = await customer.create("person01@example.com", test="no")
    trial = await customer.create("person01@example.com")
    assert draft["status"] == "draft"
    assert (await customer.get(f"/contracts/{draft['id']}")).status_code == 404
    assert (await customer.post(f"/contracts/{live['id']}/delete")).status_code == 422
    assert (await customer.post(f"/contracts/{draft['id']}/delete")).status_code == 200
    assert (await customer.post(f"/contracts/{trial['id']}/delete")).status_code == 200
    assert (await customer.get(f"/contracts/{trial['id']}")).status_code == 404
    assert [one["id"] for one in await customer.admin("/contracts")] == [live["id"]]


async def test_recent_shows_the_newest_hundred_with_their_metadata(customer: Customer) -> None:
    for number in range(103):
        await customer.create("person01@example.com", metadata=f"row {number}")
    found = (await customer.get("/contracts/recent")).json()["data"]
    assert [one["metadata"] for one in found] == [f"row {number}" for number in range(102, 2, -1)]


async def test_placeholders_change_only_where_they_are_named(customer: Customer) -> None:
    contract = await customer.create("person01@example.com", markdown="{{a}} {{b}}")
    path = f"/contracts/{contract['id']}/placeholder_fields"
    both = [{"placeholder_key": name, "replace_with_text": f"old {name}"} for name in "ab"]
    assert (await customer.post(path, {"placeholder_fields": both})).json() == {"status": "queued"}
    assert (await customer.post(path, {"placeholder_key": "a", "replace_with_text": "new"})).status_code == 200
    content = (await customer.get(f"/contracts/{contract['id']}/content")).json()["data"]
    assert content["markdown"] == "new old b"


async def test_unknown_contracts_signers_and_routes_are_not_found(customer: Customer) -> None:
    contract = await customer.create("person01@example.com")
    for path in ("/contracts/none/withdraw", f"/contracts/{contract['id']}/signers/none/send_contract"):
        answer = await customer.post(path)
        assert answer.status_code == 404
        assert answer.json()["data"]["error_code"] == "not-found"
    assert (await customer.get("/contracts/none")).status_code == 404

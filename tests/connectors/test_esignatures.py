"""eSignatures.com against its own documents, restated in `payloads/esignatures`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from connectors.signing.errors import (
    AuthenticationError,
    OutcomeUnknown,
    PermanentError,
    TransientError,
    Unsupported,
)
from connectors.signing.esignatures import RECENT, ESignatures, ESignaturesSettings, body_of
from connectors.signing.esignatures_parts import (
    Channel,
    Collaborator,
    Edit,
    FilledPlaceholder,
    Identification,
    NewSigner,
    Placeholder,
    SignerChange,
    Template,
)
from connectors.signing.model import (
    Document,
    EventType,
    SignatureRequest,
    Signer,
    SignerSnapshot,
    SignerStatus,
    Status,
)
from connectors.signing.provider import Provider
from tests.connectors.contract import REF, ProviderContract, json_values
from tests.connectors.loopback import Server

PAYLOADS = Path(__file__).parent / "payloads" / "esignatures"
TOKEN = "token-for-tests"
CONTRACT = "c0de0001-aaaa-4bbb-8ccc-000000000001"
SIGNER = "51600001-aaaa-4bbb-8ccc-000000000001"
TEMPLATE = "te301000-aaaa"
COLLABORATOR = "c0117777-aaaa"
EDIT = Edit(find=" including weekends.", replace=" excluding weekends")
PLACEHOLDERS = (
    Placeholder(key="package_name", text="Premium"),
    Placeholder(key="repayment_terms", markdown="## Repayment terms\n\n- Payments due: monthly\n- Term: 24 months"),
    Placeholder(key="additional_conditions", template="te301000-bbbb"),
)
ASKED = SignatureRequest(
    ref=REF,
    title="Agreement 1",
    document=Document(template=TEMPLATE),
    signers=(Signer(role="first", name="Signer One", email="person01@example.com"),),
)


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


class TestESignatures(ProviderContract):
    provider_class = ESignatures
    settings: ClassVar = {"api_token": TOKEN}
    base_path = "/api"
    key_setting = "api_token"
    secret_setting = "api_token"
    calls_to_send = ("POST /contracts",)
    events: ClassVar = {
        "contract-sent-to-signer": EventType.INVITED,
        "contract-reminder-sent-to-signer": EventType.REMINDED,
        "signer-viewed-the-contract": EventType.VIEWED,
        "signer-signed": EventType.SIGNED,
        "contract-signed": EventType.COMPLETED,
        "signer-declined": EventType.DECLINED,
        "contract-withdrawn": EventType.CANCELED,
        "signer-mobile-update-request": EventType.CONTACT_CHANGE_ASKED,
        "sms-incoming": EventType.MESSAGE_RECEIVED,
        "contract-pdf-generated": EventType.PREVIEW_READY,
        "error email-delivery-failed": EventType.BOUNCED,
        "error sms-delivery-failed": EventType.BOUNCED,
    }
    speaks: ClassVar = {
        "POST /contracts": lambda provider, sent: provider.send(ASKED),
        "GET /contracts/{id}": lambda provider, sent: provider.get(sent.id),
        "GET /contracts/recent": lambda provider, sent: provider.find({REF}),
        "POST /contracts/{id}/withdraw": lambda provider, sent: provider.cancel(sent.id),
        "POST /contracts/{id}/delete": lambda provider, sent: provider.delete(sent.id),
        "POST /contracts/{id}/generate_pdf_preview": lambda provider, sent: provider.preview(sent.id),
        "GET /contracts/{id}/content": lambda provider, sent: provider.content(sent.id),
        "POST /contracts/{id}/content": lambda provider, sent: provider.edit(sent.id, [EDIT]),
        "GET /contracts/{id}/placeholder_fields": lambda provider, sent: provider.placeholders(sent.id),
        "POST /contracts/{id}/placeholder_fields": lambda provider, sent: provider.fill(sent.id, PLACEHOLDERS),
        "POST /contracts/{id}/signers": lambda provider, sent: provider.add_signer(
            sent.id, NewSigner(name="Signer Two")
        ),
        "POST /contracts/{id}/signers/{signer}": lambda provider, sent: provider.change_signer(
            sent.id, SIGNER, SignerChange(name="Signer Two")
        ),
        "POST /contracts/{id}/signers/{signer}/send_contract": lambda provider, sent: provider.remind(sent.id, SIGNER),
        "POST /contracts/{id}/signers/{signer}/delete": lambda provider, sent: provider.remove_signer(sent.id, SIGNER),
        "GET /templates": lambda provider, sent: provider.templates(),
        "POST /templates": lambda provider, sent: provider.create_template("Template 1", "# Terms"),
        "GET /templates/{id}": lambda provider, sent: provider.template(TEMPLATE),
        "POST /templates/{id}": lambda provider, sent: provider.change_template(TEMPLATE, title="Template 2"),
        "POST /templates/{id}/copy": lambda provider, sent: provider.copy_template(TEMPLATE, "Template 2"),
        "POST /templates/{id}/delete": lambda provider, sent: provider.delete_template(TEMPLATE),
        "GET /templates/{id}/content": lambda provider, sent: provider.template_content(TEMPLATE),
        "POST /templates/{id}/content": lambda provider, sent: provider.edit_template(TEMPLATE, [EDIT]),
        "GET /templates/{id}/collaborators": lambda provider, sent: provider.collaborators(TEMPLATE),
        "POST /templates/{id}/collaborators": lambda provider, sent: provider.add_collaborator(TEMPLATE),
        "POST /templates/{id}/collaborators/{collaborator}/remove": lambda provider, sent: provider.remove_collaborator(
            TEMPLATE, COLLABORATOR
        ),
    }

    def wire(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/files/"):
            fresh = request.url.params.get("key") == "fresh"
            return httpx.Response(200, content=b"%PDF-1.7 signed") if fresh else httpx.Response(403, text="<Expired/>")
        if request.headers.get("authorization") != "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode():
            return httpx.Response(401, json={"error": "Invalid token"})
        match request.method, request.url.path.removeprefix("/api").strip("/").split("/"):
            case "POST", ["contracts"]:
                return httpx.Response(200, json=payload("created"))
            case "GET", ["contracts", "recent"]:
                return httpx.Response(200, json=payload("recent"))
            case "GET", ["contracts", _] if self.completed:
                answer = payload("contract-signed")
                host = request.headers["host"]
                answer["data"]["contract"]["contract_pdf_url"] = f"http://{host}/files/one.pdf?key=fresh&part=2"
                return httpx.Response(200, json=answer)
            case "GET", ["contracts", _]:
                return httpx.Response(200, json=payload("contract-sent"))
            case "GET", ["contracts", _, ("content" | "placeholder_fields") as what]:
                return httpx.Response(200, json=payload(f"contract-{what}"))
            case "GET", ["templates"]:
                return httpx.Response(200, json=payload("templates"))
            case "GET", ["templates", _]:
                return httpx.Response(200, json=payload("template"))
            case "GET", ["templates", _, ("content" | "collaborators") as what]:
                return httpx.Response(200, json=payload(f"template-{what}"))
            case "POST", ["templates"] | ["templates", _, "copy"]:
                return httpx.Response(200, json=payload("template-created"))
            case "POST", ["templates", _, "collaborators"]:
                return httpx.Response(200, json=payload("template-collaborators"))
            case "POST", [_, _] | [_, _, _] | [_, _, _, _] | [_, _, _, _, _]:
                return httpx.Response(200, json=payload("queued"))
        return httpx.Response(404, json={"error": "Not found"})

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        body = (PAYLOADS / f"webhook-{kind.replace(' ', '-')}.json").read_bytes()
        return {"x-signature-sha256": hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()}, body

    # -- calls ---------------------------------------------------------------------------------------------------

    async def test_the_token_travels_as_the_user_name_of_basic_auth(self, provider: Provider, server: Server) -> None:
        await provider.check()
        assert server.requests[0].headers["authorization"] == httpx.BasicAuth(TOKEN, "")._auth_header
        assert server.requests[0].url.query == b""

    async def test_wrong_credentials_are_told_by_the_check(self, server: Server) -> None:
        async with ESignatures(self.account(api_token="wrong", base_url=server.url + "/api")) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.check()

    async def test_the_body_on_the_wire_is_the_documented_one(self, provider: Provider, server: Server) -> None:
        await provider.send(
            self.request(
                message="Please sign.",
                fields={"amount": "1,200"},
                locale="en-GB",
                expires_in_hours=336,
                reply_to="person03@example.com",
                webhook_url="https://hooks.example/esignatures/default/t1",
                extra={"labels": ["Region 1"], "emails": {"cc_email_addresses": ["person04@example.com"]}},
            )
        )
        assert server.requests[0].url.path == "/api/contracts"
        assert json.loads(server.requests[0].content) == {
            "template_id": "t1",
            "title": "Agreement 1",
            "metadata": REF,
            "locale": "en-GB",
            "expires_in_hours": "336",
            "custom_webhook_url": "https://hooks.example/esignatures/default/t1",
            "test": "yes",
            "placeholder_fields": [{"placeholder_key": "amount", "replace_with_text": "1,200"}],
            "emails": {
                "signature_request_text": "Please sign.",
                "reply_to": "person03@example.com",
                "cc_email_addresses": ["person04@example.com"],
            },
            "labels": ["Region 1"],
            "signers": [
                {
                    "name": "Signer One",
                    "email": "person01@example.com",
                    "company_name": "Example Company 01",
                    "signing_order": "1",
                },
                {"name": "Signer Two", "email": "person02@example.com", "signing_order": "2"},
            ],
        }

    def test_what_is_not_given_is_left_out(self) -> None:
        body = body_of(self.request(document=Document(markdown="# Terms"), test=False))
        assert body.keys() == {"markdown", "title", "metadata", "test", "signers"}
        assert body["test"] == "no"

    def test_signers_in_parallel_say_so(self) -> None:
        both = (Signer(role="a", name="Signer One", email="person01@example.com"),) * 2
        assert [signer["signing_order"] for signer in body_of(self.request(signers=both))["signers"]] == ["1", "1"]

    def test_an_empty_value_still_fills_its_placeholder(self) -> None:
        body = body_of(self.request(fields={"clause": ""}))
        assert body["placeholder_fields"] == [{"placeholder_key": "clause", "replace_with_text": ""}]

    def test_extra_may_add_to_each_signer(self) -> None:
        body = body_of(self.request(extra={"signers": [{}, {"auto_sign": "yes"}, {"name": "a third"}]}))
        assert [signer.get("auto_sign") for signer in body["signers"]] == [None, "yes"]

    @pytest.mark.parametrize("key", ["test", "metadata", "custom_webhook_url", "template_id", "markdown"])
    def test_extra_cannot_make_a_request_live_or_lose_it(self, key: str) -> None:
        with pytest.raises(Unsupported):
            body_of(self.request(extra={key: "no"}))

    async def test_a_value_no_request_can_carry_is_refused_before_the_call(
        self, provider: Provider, server: Server
    ) -> None:
        with pytest.raises(PermanentError):
            await provider.send(self.request(title="half a pair \ud800"))
        assert server.connections == 0

    async def test_withdraw_and_remind_go_where_the_reference_says(self, provider: Provider, server: Server) -> None:
        await provider.cancel(CONTRACT)
        await provider.remind(CONTRACT, SIGNER)
        assert [(request.method, request.url.path, request.content) for request in server.requests] == [
            ("POST", f"/api/contracts/{CONTRACT}/withdraw", b""),
            ("POST", f"/api/contracts/{CONTRACT}/signers/{SIGNER}/send_contract", b""),
        ]

    async def test_an_id_from_outside_cannot_lead_to_another_call(self, provider: Provider, server: Server) -> None:
        for bad in ("", "..", " . "):
            with pytest.raises(PermanentError):
                await provider.cancel(bad)
        with pytest.raises(PermanentError):
            await provider.get("../templates?x#")
        assert [request.url.raw_path for request in server.requests] == [b"/api/contracts/..%2Ftemplates%3Fx%23"]

    async def test_blocked_reading_is_waited_out_and_a_forbidden_write_is_not(self, provider: Provider) -> None:
        self.answer = httpx.Response(403)
        with pytest.raises(TransientError) as blocked:
            await provider.get(CONTRACT)
        assert blocked.value.retry_after == 900
        with pytest.raises(AuthenticationError):
            await provider.cancel(CONTRACT)
        with pytest.raises(AuthenticationError):
            await provider.check()

    # -- what it says --------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("contract-sent", Status.SENT),
            ("contract-signed", Status.COMPLETED),
            ("contract-withdrawn", Status.CANCELED),
        ],
    )
    async def test_the_documented_states_are_understood(self, provider: Provider, name: str, status: Status) -> None:
        self.answer = httpx.Response(200, json=payload(name))
        assert (await provider.get(CONTRACT)).status is status

    async def test_a_new_state_is_unknown_and_no_error(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, json={"data": {"contract": {"id": 77, "status": "archived", "signers": {}}}})
        snapshot = await provider.get("77")
        assert (snapshot.id, snapshot.status, snapshot.signers) == ("77", Status.UNKNOWN, ())

    async def test_a_link_is_the_signed_document_only_once_all_have_signed(self, provider: Provider) -> None:
        self.answer = httpx.Response(
            200, json={"data": {"contract": {"id": "c1", "status": "sent", "contract_pdf_url": "https://x.example/"}}}
        )
        assert (await provider.get("c1")).document_url is None
        with pytest.raises(TransientError):
            await provider.download("c1")

    async def test_signing_pages_are_known_and_never_shown(self, provider: Provider) -> None:
        snapshot = await provider.send(self.request())
        assert snapshot.signers[0].sign_url == f"https://esignatures.com/sign/{SIGNER}"
        assert "sign_page_url" not in repr(snapshot)

    # -- what only this provider has -----------------------------------------------------------------------------

    def last_body(self, server: Server) -> Any:
        return json.loads(server.requests[-1].content)

    async def test_signing_links_are_those_of_the_contract_as_it_is_now(
        self, provider: Provider, server: Server
    ) -> None:
        links = await provider.sign_links(CONTRACT)
        assert (links[0].id, links[0].sign_url) == (SIGNER, f"https://esignatures.com/sign/{SIGNER}")
        assert [request.url.path for request in server.requests] == [f"/api/contracts/{CONTRACT}"]

    async def test_a_signer_without_a_link_is_not_among_the_links(self, provider: Provider) -> None:
        signers = [{"id": "s1", "sign_page_url": ""}, {"id": "s2"}, {"id": "s3", "sign_page_url": "https://x.example/"}]
        self.answer = httpx.Response(200, json={"data": {"contract": {"id": "c1", "signers": signers}}})
        assert [link.id for link in await provider.sign_links("c1")] == ["s3"]

    async def test_a_document_text_is_read_as_it_is_written(self, provider: Any) -> None:
        assert await provider.content(CONTRACT) == "# Terms\n\nThis document sets out the agreement between...\n"
        assert await provider.template_content(TEMPLATE) == "# Terms\n\nThis document sets out the agreement between..."

    @pytest.mark.parametrize("answer", [{}, [], {"data": {}}, {"data": {"markdown": None}}, {"data": "text"}, 7])
    async def test_an_answer_without_a_text_is_worth_another_try(self, provider: Any, answer: Any) -> None:
        self.answer = httpx.Response(200, json=answer)
        with pytest.raises(TransientError):
            await provider.content(CONTRACT)
        with pytest.raises(TransientError):
            await provider.template_content(TEMPLATE)

    async def test_edits_go_out_in_their_order_as_documented(self, provider: Any, server: Server) -> None:
        clauses = Edit(find="# Additional clauses", replace="# Additional clauses\n\nThese are new.")
        documented = {
            "edits": [
                {"find_markdown": " including weekends.", "replace_with_markdown": " excluding weekends"},
                {
                    "find_markdown": "# Additional clauses",
                    "replace_with_markdown": "# Additional clauses\n\nThese are new.",
                },
            ]
        }
        assert await provider.edit(CONTRACT, [EDIT, clauses]) is None
        assert self.last_body(server) == documented
        await provider.edit_template(TEMPLATE, [EDIT, clauses])
        assert self.last_body(server) == documented
        await provider.edit(CONTRACT, [Edit(find="", replace="")])
        assert self.last_body(server) == {"edits": [{"find_markdown": "", "replace_with_markdown": ""}]}

    async def test_a_dry_run_says_so_and_brings_the_text_as_it_would_be(self, provider: Any, server: Server) -> None:
        self.answer = httpx.Response(200, json={"data": {"contract_id": CONTRACT, "markdown": "as it would be"}})
        assert await provider.edit(CONTRACT, [EDIT], dry_run=True) == "as it would be"
        assert self.last_body(server)["dry_run"] == "yes"

    async def test_an_unclear_dry_run_may_be_tried_again_and_an_unclear_edit_may_not(self, provider: Any) -> None:
        self.answer = httpx.Response(500)
        with pytest.raises(TransientError):
            await provider.edit(CONTRACT, [EDIT], dry_run=True)
        with pytest.raises(OutcomeUnknown):
            await provider.edit(CONTRACT, [EDIT])

    async def test_placeholders_are_shown_with_what_fills_them(self, provider: Any) -> None:
        assert await provider.placeholders(CONTRACT) == (
            FilledPlaceholder(key="package_name", text="Saver"),
            FilledPlaceholder(
                key="repayment_terms", markdown="## Repayment terms\n\n- Payments due: monthly\n- Term: 15 years"
            ),
            FilledPlaceholder(key="additional_conditions", from_template=True),
        )

    async def test_placeholders_are_filled_by_a_list(self, provider: Any, server: Server) -> None:
        await provider.fill(CONTRACT, [*PLACEHOLDERS, Placeholder(key="clause", text="")])
        assert self.last_body(server) == {
            "placeholder_fields": [
                {"placeholder_key": "package_name", "replace_with_text": "Premium"},
                {
                    "placeholder_key": "repayment_terms",
                    "replace_with_markdown": "## Repayment terms\n\n- Payments due: monthly\n- Term: 24 months",
                },
                {"placeholder_key": "additional_conditions", "replace_with_template": "te301000-bbbb"},
                {"placeholder_key": "clause", "replace_with_text": ""},
            ]
        }

    @pytest.mark.parametrize("given", [{}, {"text": "a", "markdown": "b"}, {"markdown": "b", "template": "c"}])
    def test_a_placeholder_is_filled_with_one_thing(self, given: dict[str, str]) -> None:
        with pytest.raises(ValidationError):
            Placeholder(key="k", **given)

    async def test_a_signer_is_added_with_everything_the_reference_knows(self, provider: Any, server: Server) -> None:
        signer = NewSigner(
            name="Signer Three",
            email="person03@example.com",
            mobile="+12025550103",
            company="Example Company 03",
            order=1,
            signs_by_itself=False,
            request_by=(Channel.EMAIL,),
            document_by=Channel.EMAIL,
            identify_by=(Identification.SMS_CODE,),
            redirect_url="https://www.example.com/aftersign",
        )
        assert await provider.add_signer(CONTRACT, signer) is None
        assert server.requests[-1].url.path == f"/api/contracts/{CONTRACT}/signers"
        assert self.last_body(server) == {
            "name": "Signer Three",
            "email": "person03@example.com",
            "mobile": "+12025550103",
            "company_name": "Example Company 03",
            "signing_order": "1",
            "auto_sign": "no",
            "signature_request_delivery_methods": ["email"],
            "signed_document_delivery_method": "email",
            "multi_factor_authentications": ["sms_verification_code"],
            "redirect_url": "https://www.example.com/aftersign",
        }

    async def test_a_signer_is_changed_in_what_is_named_alone(self, provider: Any, server: Server) -> None:
        change = SignerChange(
            email="person03@example.com",
            mobile="",
            request_by=(),
            identify_by=(Identification.EMAIL_CODE, Identification.PHOTO_ID),
        )
        await provider.change_signer(CONTRACT, SIGNER, change)
        assert server.requests[-1].url.path == f"/api/contracts/{CONTRACT}/signers/{SIGNER}"
        assert self.last_body(server) == {
            "email": "person03@example.com",
            "mobile": "",
            "signature_request_delivery_methods": [],
            "multi_factor_authentications": ["email_verification_code", "photo_id"],
        }

    async def test_a_correction_says_what_is_given_alone(self, provider: Any, server: Server) -> None:
        await provider.correct_signer(CONTRACT, SIGNER, name="Signer Four", mobile="+12025550104")
        assert server.requests[-1].url.path == f"/api/contracts/{CONTRACT}/signers/{SIGNER}"
        assert self.last_body(server) == {"name": "Signer Four", "mobile": "+12025550104"}

    @pytest.mark.parametrize("word", ["order", "signs_by_itself"])
    def test_what_cannot_be_changed_about_a_signer_has_no_word(self, word: str) -> None:
        with pytest.raises(ValidationError):
            SignerChange.model_validate({word: 1})

    async def test_calls_that_say_nothing_send_nothing(self, provider: Any, server: Server) -> None:
        await provider.delete(CONTRACT)
        await provider.preview(CONTRACT)
        await provider.remove_signer(CONTRACT, SIGNER)
        await provider.delete_template(TEMPLATE)
        await provider.remove_collaborator(TEMPLATE, COLLABORATOR)
        assert [(request.method, request.url.path, request.content) for request in server.requests] == [
            ("POST", f"/api/contracts/{CONTRACT}/delete", b""),
            ("POST", f"/api/contracts/{CONTRACT}/generate_pdf_preview", b""),
            ("POST", f"/api/contracts/{CONTRACT}/signers/{SIGNER}/delete", b""),
            ("POST", f"/api/templates/{TEMPLATE}/delete", b""),
            ("POST", f"/api/templates/{TEMPLATE}/collaborators/{COLLABORATOR}/remove", b""),
        ]

    async def test_whatever_deleting_answers_it_was_done(self, provider: Any) -> None:
        self.answer = httpx.Response(204)
        await provider.delete(CONTRACT)

    async def test_templates_are_listed_and_shown(self, provider: Any) -> None:
        assert await provider.templates() == (Template(id=TEMPLATE, title="Template 1"),)
        assert await provider.template(TEMPLATE) == Template(
            id=TEMPLATE,
            title="Rental Agreement",
            created_at=datetime(2015, 10, 24, 15, 15, 35, 979000, UTC),
            placeholders=("interest_rate",),
            signer_fields=("preferred_term",),
        )

    async def test_a_template_is_made_changed_and_copied_as_documented(self, provider: Any, server: Server) -> None:
        labels = ["Generic Agreement", "Example Company 01"]
        assert await provider.create_template("Rental Agreement", "# Terms\n\n[[sign:us]]", labels) == TEMPLATE
        assert self.last_body(server) == {
            "title": "Rental Agreement",
            "labels": labels,
            "markdown": "# Terms\n\n[[sign:us]]",  # a template's text is the provider's own, marks of ours mean nothing
        }
        await provider.change_template(TEMPLATE, title="Rental Agreement", labels=[])
        assert self.last_body(server) == {"title": "Rental Agreement", "labels": []}
        into = SecretStr("another-accounts-secret-token")
        assert await provider.copy_template(TEMPLATE, "Rental Agreement", PLACEHOLDERS[:1], into=into) == TEMPLATE
        assert self.last_body(server) == {
            "title": "Rental Agreement",
            "placeholder_fields": [{"placeholder_key": "package_name", "replace_with_text": "Premium"}],
            "target_secret_token": "another-accounts-secret-token",
        }

    async def test_the_token_of_another_account_is_shown_nowhere(self, provider: Any) -> None:
        self.answer = httpx.Response(422, json={"error": "no account for another-accounts-secret-token"})
        with pytest.raises(PermanentError) as caught:
            await provider.copy_template(TEMPLATE, "Copy", into=SecretStr("another-accounts-secret-token"))
        assert "another-accounts" not in f"{caught.value!r}{caught.value.detail}"
        with pytest.raises(PermanentError) as ordinary:
            await provider.copy_template(TEMPLATE, "Copy")
        assert ordinary.value.detail == "no account for another-accounts-secret-token"

    async def test_collaborators_come_with_a_link_that_is_never_shown(self, provider: Any, server: Server) -> None:
        expected = Collaborator(
            id=COLLABORATOR,
            template_id=TEMPLATE,
            name="Colleague One",
            email="person05@example.com",
            editor_url=f"https://esignatures.com/contract_template_collaborators/{COLLABORATOR}/editor",
        )
        assert await provider.collaborators(TEMPLATE) == (expected,)
        assert await provider.add_collaborator(TEMPLATE, name="Colleague One", email="person05@example.com") == expected
        assert self.last_body(server) == {"name": "Colleague One", "email": "person05@example.com"}
        assert "https://" not in repr(expected)

    @pytest.mark.parametrize("answer", [{}, [], {"data": []}, {"data": [{}]}, {"data": {"id": "x"}}, {"data": 7}])
    async def test_what_was_made_without_an_id_may_have_been_made(self, provider: Any, answer: Any) -> None:
        self.answer = httpx.Response(200, json=answer)
        for call in (
            provider.create_template("Template 1", "# Terms"),
            provider.copy_template(TEMPLATE, "Template 2"),
            provider.add_collaborator(TEMPLATE),
        ):
            with pytest.raises(OutcomeUnknown):
                await call

    @pytest.mark.parametrize("answer", [{}, [], {"data": {}}, {"data": None}, {"data": "x"}, 7])
    async def test_a_question_without_an_answer_is_worth_another_try(self, provider: Any, answer: Any) -> None:
        self.answer = httpx.Response(200, json=answer)
        for call in (
            provider.templates(),
            provider.template(TEMPLATE),
            provider.collaborators(TEMPLATE),
            provider.placeholders(CONTRACT),
        ):
            with pytest.raises(TransientError):
                await call

    @given(json_values)
    def test_no_entry_of_a_list_makes_reading_it_fail(self, value: Any) -> None:
        ids = dict.fromkeys(("placeholder_key", "template_id", "template_collaborator_id"), "x1")
        for entry in (value, {**value, **ids} if isinstance(value, dict) else ids):
            for read in (FilledPlaceholder.read, Template.read, Collaborator.read):
                read(entry)

    @pytest.mark.parametrize("template_id", ["../contracts", "a/b", "?x=1", "a%2fb"])
    async def test_a_template_id_from_outside_cannot_lead_to_another_call(
        self, provider: Any, server: Server, template_id: str
    ) -> None:
        await provider.delete_template(template_id)
        assert server.requests[-1].url.raw_path.count(b"/") == 4
        assert server.requests[-1].url.query == b""

    # -- how signers stand ---------------------------------------------------------------------------------------

    def snapshot(self, status: str, *events: tuple[str, str]) -> dict[str, Any]:
        shown = [{"event": name, "timestamp": at} for name, at in events]
        signer = {"id": SIGNER, "email": "person01@example.com", "events": shown}
        return {"data": {"contract": {"id": CONTRACT, "status": status, "signers": [signer]}}}

    async def signer(self, provider: Provider, status: str, *events: tuple[str, str]) -> SignerSnapshot:
        self.answer = httpx.Response(200, json=self.snapshot(status, *events))
        return (await provider.get(CONTRACT)).signers[0]

    async def test_a_recent_contract_says_how_each_signer_stands_and_since_when(self, provider: Provider) -> None:
        signer = await self.signer(
            provider,
            "sent",
            ("email_contract_sent", "2026-01-16T10:30:15.390Z"),
            ("contract_viewed", "2026-01-16T10:30:33.362Z"),
            ("sign_contract", "2026-01-16T10:30:43.039Z"),
            ("email_delivery_failed", "2026-01-16T10:30:50.000Z"),
            ("something_new", "2026-01-16T10:31:00.000Z"),
        )
        assert signer.status is SignerStatus.SIGNED
        assert signer.invited_at == datetime(2026, 1, 16, 10, 30, 15, 390000, UTC)
        assert signer.viewed_at == datetime(2026, 1, 16, 10, 30, 33, 362000, UTC)
        assert signer.signed_at == datetime(2026, 1, 16, 10, 30, 43, 39000, UTC)

    async def test_an_invitation_that_came_back_and_was_sent_anew_is_an_invitation(self, provider: Provider) -> None:
        bounced = await self.signer(provider, "sent", ("email_contract_sent", ""), ("email_delivery_failed", "?"))
        assert (bounced.status, bounced.invited_at) == (SignerStatus.BOUNCED, None)
        anew = await self.signer(
            provider, "sent", ("email_contract_sent", ""), ("email_delivery_failed", ""), ("email_contract_sent", "")
        )
        assert anew.status is SignerStatus.INVITED

    async def test_without_events_nothing_is_said_until_all_have_signed(self, provider: Provider) -> None:
        assert (await self.signer(provider, "sent")).status is None
        assert (await self.signer(provider, "signed")).status is SignerStatus.SIGNED

    async def test_a_withdrawn_contract_somebody_declined_is_declined(self, provider: Provider) -> None:
        self.answer = httpx.Response(
            200, json=self.snapshot("withdrawn", ("signature_declined", "2026-01-16T10:30:43.039Z"))
        )
        snapshot = await provider.get(CONTRACT)
        assert (snapshot.status, snapshot.signers[0].status) == (Status.DECLINED, SignerStatus.DECLINED)

    async def test_a_completed_contract_says_when_it_was(self, provider: Provider) -> None:
        answer = payload("contract-signed")
        answer["data"]["contract"]["finalized_at"] = "2026-01-16T10:30:43Z"
        self.answer = httpx.Response(200, json=answer)
        assert (await provider.get(CONTRACT)).completed_at == datetime(2026, 1, 16, 10, 30, 43, tzinfo=UTC)

    # -- fields in Markdown --------------------------------------------------------------------------------------

    async def test_marks_in_a_text_become_the_providers_fields(self, provider: Provider, server: Server) -> None:
        text = "# Terms\n\nDate: [[date:second]]\n\n[[sign:first]]\n"
        await provider.send(self.request(document=Document(markdown=text)))
        sent = self.last_body(server)["markdown"]
        assert sent.startswith("# Terms\n\nDate: `{")
        assert sent.endswith("}`\n")
        assert '"input_type": "only_second_signer"' in sent

    def test_signers_stand_in_the_order_they_sign_in_so_that_the_first_is_the_first(self) -> None:
        late, early = self.request().signers[1], self.request().signers[0]
        extra = {"signers": [{"auto_sign": "yes"}, {}]}
        body = body_of(self.request(signers=(late, early), document=Document(markdown="[[date:second]]"), extra=extra))
        assert [(signer["name"], signer.get("auto_sign")) for signer in body["signers"]] == [
            ("Signer One", None),
            ("Signer Two", "yes"),
        ]
        assert '"only_second_signer"' in body["markdown"]

    async def test_a_field_that_cannot_be_said_is_refused_before_any_call(
        self, provider: Provider, server: Server
    ) -> None:
        request = self.request(document=Document(markdown="[[date:third]]"))
        with pytest.raises(Unsupported, match="third"):
            ESignatures.refuse_unsayable(request)
        with pytest.raises(Unsupported, match="third"):
            await provider.send(request)
        ESignatures.refuse_unsayable(self.request())
        assert server.connections == 0

    # -- looking for our marks -----------------------------------------------------------------------------------

    async def test_a_short_list_is_all_there_is(self, provider: Provider) -> None:
        lookup = await provider.find({REF})
        assert lookup.complete
        assert lookup.found[REF].id == CONTRACT
        assert len(lookup.ids) == 2

    async def test_a_full_list_may_go_on(self, provider: Provider) -> None:
        listed = [{"id": f"c{n}", "metadata": f"E{n}", "status": "sent"} for n in range(RECENT)]
        self.answer = httpx.Response(200, json={"data": listed})
        lookup = await provider.find({"E7"})
        assert (lookup.complete, lookup.found["E7"].id, len(lookup.ids)) == (False, "c7", RECENT)

    async def test_a_list_that_shows_no_marks_proves_nothing(self, provider: Provider) -> None:
        self.answer = httpx.Response(200, json={"data": [{"id": "c1", "status": "sent"}, "?", {"metadata": "E1"}]})
        lookup = await provider.find({REF})
        assert (lookup.found, lookup.ids, lookup.complete) == ({}, frozenset(), False)

    @pytest.mark.parametrize("strange", [{"id": "c2", "status": "sent"}, {"metadata": "E2"}, "?", None])
    async def test_one_contract_that_cannot_be_read_may_be_the_one_so_nobody_is_absent(
        self, provider: Provider, strange: Any
    ) -> None:
        self.answer = httpx.Response(200, json={"data": [{"id": "c1", "metadata": REF, "status": "sent"}, strange]})
        lookup = await provider.find({REF, "E9"})
        assert (lookup.found[REF].id, lookup.ids, lookup.complete) == ("c1", frozenset(), False)

    async def test_a_mark_on_two_contracts_is_told_with_both(self, provider: Provider) -> None:
        listed = [{"id": name, "metadata": REF, "status": "sent"} for name in ("c3", "c2", "c1")]
        self.answer = httpx.Response(200, json={"data": listed})
        lookup = await provider.find({REF})
        assert lookup.found[REF].id == "c3"
        assert [one.id for one in lookup.also[REF]] == ["c2", "c1"]

    @pytest.mark.parametrize("answer", [{}, [], {"data": {}}, {"data": None}, None, 7])
    async def test_an_answer_without_a_list_is_no_look_up(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(200, content=json.dumps(answer).encode())
        with pytest.raises(TransientError):
            await provider.find({REF})

    # -- the signed document -------------------------------------------------------------------------------------

    async def test_a_link_that_has_run_out_is_asked_for_afresh_once(self, provider: Provider, server: Server) -> None:
        self.completed = True
        assert await provider.download(CONTRACT, f"{server.url}/files/one.pdf?key=old") == b"%PDF-1.7 signed"
        assert [request.url.path for request in server.requests] == [
            "/files/one.pdf",
            f"/api/contracts/{CONTRACT}",
            "/files/one.pdf",
        ]

    async def test_a_link_that_works_asks_the_provider_nothing(self, provider: Provider, server: Server) -> None:
        await provider.download(CONTRACT, f"{server.url}/files/one.pdf?key=fresh")
        assert len(server.requests) == 1

    async def test_a_link_to_a_place_that_is_not_allowed_is_not_asked_for_again(self, server: Server) -> None:
        account = self.account(base_url=server.url + "/api", allow_private_downloads=False)
        async with ESignatures(account) as provider:
            with pytest.raises(PermanentError):
                await provider.download(CONTRACT, f"{server.url}/files/one.pdf?key=fresh")
        assert server.connections == 0

    # -- webhooks ------------------------------------------------------------------------------------------------

    def parse(self, kind: str) -> Any:
        return ESignatures.parse(self.delivery(kind)[1])

    def test_a_signers_event_names_the_signer(self) -> None:
        for kind in ("contract-sent-to-signer", "signer-viewed-the-contract", "signer-signed", "signer-declined"):
            event = self.parse(kind)
            assert (event.signer_id, event.signer_email) == (SIGNER, "person01@example.com"), kind

    def test_only_completion_brings_the_document(self) -> None:
        assert self.parse("contract-signed").document_url == "https://documents.example/one.pdf?key=k1&part=2"
        assert self.parse("contract-pdf-generated").document_url is None

    def test_completion_says_that_each_of_them_signed(self) -> None:
        assert {signer.status for signer in self.parse("contract-signed").signers} == {SignerStatus.SIGNED}
        assert self.parse("contract-signed").signers[0].id == SIGNER
        assert self.parse("contract-withdrawn").signers == ()

    def test_a_delivery_that_shows_what_happened_when_says_when(self) -> None:
        signer = self.snapshot("sent", ("sign_contract", "2026-01-16T10:30:43Z"))["data"]["contract"]["signers"][0]
        delivery = payload("webhook-signer-signed")
        delivery["data"]["signer"] |= {"events": signer["events"]}
        at = datetime(2026, 1, 16, 10, 30, 43, tzinfo=UTC)
        assert ESignatures.parse(json.dumps(delivery).encode()).occurred_at == at
        assert self.parse("signer-signed").occurred_at is None

    def test_reasons_are_kept_and_stay_out_of_sight(self) -> None:
        assert self.parse("signer-declined").reason == "The starting date is wrong"
        assert self.parse("error email-delivery-failed").reason == "The mailbox does not exist"
        assert self.parse("error sms-delivery-failed").reason == "sms-delivery-failed"
        assert self.parse("signer-mobile-update-request").reason == "+12025550102"
        assert self.parse("sms-incoming").reason == "Signed it just now"
        assert self.parse("signer-viewed-the-contract").reason is None

    def test_a_decline_without_a_reason_is_a_decline(self) -> None:
        event = ESignatures.parse(b'{"status": "signer-declined", "data": {"contract": {"id": "c1"}}}')
        assert (event.type, event.reason) == (EventType.DECLINED, None)

    def test_a_new_event_is_unknown_and_no_error(self) -> None:
        event = ESignatures.parse(b'{"status": "signer-blinked", "data": {"contract": {"id": "c1"}}}')
        assert (event.type, event.name, event.provider_id) == (EventType.UNKNOWN, "signer-blinked", "c1")
        assert ESignatures.parse(b'{"status": "error", "data": {"error_code": "new"}}').type is EventType.UNKNOWN

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"null", b"{}", b'{"status": 7.5}', b'{"status": "contract-signed", "data": {}}']
    )
    def test_what_cannot_be_understood_is_refused_with_a_sentence(self, body: bytes) -> None:
        with pytest.raises(ValueError, match=r"\.$"):
            ESignatures.parse(body)

    def test_two_signers_at_the_same_moment_are_two_deliveries(self) -> None:
        _, body = self.delivery("signer-signed")
        other = body.replace(SIGNER.encode(), b"51600002")
        identity = ESignatures.delivery_id({}, body)
        assert identity != ESignatures.delivery_id({}, other)
        assert identity.startswith(f"signer-signed:{CONTRACT}:{SIGNER}:")

    def test_an_upper_case_signature_is_the_same_number(self) -> None:
        headers, body = self.delivery("signer-signed")
        ESignatures.verify(self.account(), {name: f" {value.upper()} " for name, value in headers.items()}, body)

    @given(
        st.fixed_dictionaries(
            {"status": st.sampled_from([*events, "error", "?"]) | json_values},
            optional={
                "data": json_values
                | st.fixed_dictionaries(
                    {},
                    optional=dict.fromkeys(("contract", "signer", "error_code", "contract_id", "sms"), json_values)
                    | {
                        "contract": st.fixed_dictionaries({"id": json_values, "metadata": json_values}),
                        "signer": st.fixed_dictionaries(
                            {
                                "events": st.lists(
                                    st.fixed_dictionaries({"event": json_values, "timestamp": json_values})
                                )
                            }
                        ),
                    },
                )
            },
        )
    )
    def test_no_json_of_nearly_the_right_shape_makes_parse_raise_anything_but_value_errors(self, value: Any) -> None:
        self.parse_or_refuse(json.dumps(value).encode())


def test_the_token_is_never_shown() -> None:
    settings = ESignaturesSettings.model_validate({"api_token": TOKEN})
    assert TOKEN not in f"{settings!r}{settings!s}{settings.model_dump_json()}"
    assert settings.base_url == "https://esignatures.com/api"
    assert settings.mode == "test"

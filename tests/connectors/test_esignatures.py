"""eSignatures.com against its own documents, restated in `payloads/esignatures`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.signing.errors import AuthenticationError, PermanentError, TransientError, Unsupported
from connectors.signing.esignatures import RECENT, ESignatures, ESignaturesSettings, body_of
from connectors.signing.model import Document, EventType, Signer, Status
from connectors.signing.provider import Provider
from tests.connectors.contract import REF, ProviderContract, json_values
from tests.connectors.loopback import Server

PAYLOADS = Path(__file__).parent / "payloads" / "esignatures"
TOKEN = "token-for-tests"
CONTRACT = "c0de0001-aaaa-4bbb-8ccc-000000000001"
SIGNER = "51600001-aaaa-4bbb-8ccc-000000000001"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


class TestESignatures(ProviderContract):
    provider_class = ESignatures
    settings: ClassVar = {"api_token": TOKEN}
    base_path = "/api"
    secret_setting = "api_token"
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
        "error-email-delivery-failed": EventType.BOUNCED,
        "error-sms-delivery-failed": EventType.BOUNCED,
    }

    def wire(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/files/"):
            fresh = request.url.params.get("key") == "fresh"
            return httpx.Response(200, content=b"%PDF-1.7 signed") if fresh else httpx.Response(403, text="<Expired/>")
        if request.headers.get("authorization") != "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode():
            return httpx.Response(401, json={"error": "Invalid token"})
        match request.method, request.url.path.removeprefix("/api").strip("/").split("/"):
            case "GET", ["templates"]:
                return httpx.Response(200, json=payload("templates"))
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
            case "POST", ["contracts", _, "withdraw"] | ["contracts", _, "signers", _, "send_contract"]:
                return httpx.Response(200, json=payload("queued"))
        return httpx.Response(404, json={"error": "Not found"})

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        body = (PAYLOADS / f"webhook-{kind}.json").read_bytes()
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

    def test_reasons_are_kept_and_stay_out_of_sight(self) -> None:
        assert self.parse("signer-declined").reason == "The starting date is wrong"
        assert self.parse("error-email-delivery-failed").reason == "The mailbox does not exist"
        assert self.parse("error-sms-delivery-failed").reason == "sms-delivery-failed"
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
                    | {"contract": st.fixed_dictionaries({"id": json_values, "metadata": json_values})},
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

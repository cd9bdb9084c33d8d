"""Lumin against its own documents, restated in `payloads/lumin`."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    InvalidWebhook,
    OutcomeUnknown,
    PermanentError,
    QuotaExceeded,
    TransientError,
    Unsupported,
)
from connectors.signing.lumin import EVENTS, Lumin, LuminSettings, body_of, bracketed
from connectors.signing.lumin_answers import moment, signers_of, snapshot_of, template_of
from connectors.signing.lumin_parts import FileKind, TemplateField, TemplateRole, TemplateTag, TemplateVariable
from connectors.signing.model import Document, EventType, FieldKind, PlacedField, Signer, SignerStatus, Status
from connectors.signing.provider import Provider
from tests.connectors.contract import REF, ProviderContract, json_values
from tests.connectors.loopback import Server, answering

pytestmark = pytest.mark.providers

PAYLOADS = Path(__file__).parent / "payloads" / "lumin"
KEY = "lk_key_for_tests"
ID = "69aa00bb11cc22dd33ee44ff"
NOW = datetime(2031, 1, 1, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
UPLOAD = Document(pdf=b"%PDF-1.7 unsigned \xff\r\n--")
TEMPLATE = Document(template="sign_123456")


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


def placed(kind: FieldKind = FieldKind.SIGNATURE, role: str = "first", **more: Any) -> PlacedField:
    return PlacedField(role=role, kind=kind, page=0, x=0.1, y=0.8, width=0.3, height=0.05, **more)


def form_of(request: httpx.Request) -> tuple[dict[str, str], dict[str, tuple[str, str, bytes]]]:
    """The text fields of a multipart form and its files, read by Python's own parser; no name may come twice."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    texts: dict[str, str] = {}
    files: dict[str, tuple[str, str, bytes]] = {}
    for part in message_from_bytes(head + request.content, policy=HTTP).iter_parts():
        name = part.get_param("name", header="content-disposition")
        assert isinstance(name, str)
        assert name not in texts
        assert name not in files
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if filename := part.get_filename():
            files[name] = (filename, part.get_content_type(), content)
        else:
            assert "content-type" not in part
            texts[name] = content.decode()
    return texts, files


class TestLumin(ProviderContract):
    provider_class = Lumin
    settings: ClassVar = {"api_key": KEY}
    base_path = "/v1"
    key_setting = "api_key"
    secret_setting = "api_key"
    document = UPLOAD
    calls_to_send = ("POST /signature_request/send",)
    events: ClassVar = {
        "signature_request_created": EventType.CREATED,
        "signature_request_viewed": EventType.VIEWED,
        "signature_request_signed": EventType.SIGNED,
        "signature_request_approved": EventType.ALL_SIGNED,
        "signature_request_downloadable": EventType.COMPLETED,
        "signature_request_declined": EventType.DECLINED,
        "signature_request_invalid": EventType.FAILED,
        "signature_request_canceled": EventType.CANCELED,
        "signature_request_cancel_failed": EventType.CANCEL_FAILED,
        "signature_request_due_date_updated": EventType.DUE_DATE_CHANGED,
    }

    shares: ClassVar = frozenset({"file_link", "send_files"})
    speaks: ClassVar = {
        "POST /signature_request/send": lambda lumin, sent: lumin.send(TestLumin().request()),
        "POST /signature_request/send-from-template": lambda lumin, sent: lumin.send(
            TestLumin().request(document=TEMPLATE)
        ),
        "GET /signature_request/{id}": lambda lumin, sent: lumin.get(sent.id),
        "PATCH /signature_request/{id}": lambda lumin, sent: lumin.extend(sent.id, NOW),
        "PUT /signature_request/cancel/{id}": lambda lumin, sent: lumin.cancel(sent.id),
        "POST /signature_request/remind/{id}": lambda lumin, sent: lumin.remind(sent.id, "person02@example.com"),
        "POST /signature_request/{id}/signing-link": lambda lumin, sent: lumin.signing_link(
            sent.id, "person01@example.com"
        ),
        "POST /signature_request/{id}/signing-session": lambda lumin, sent: lumin.signing_session(
            sent.id, "person01@example.com"
        ),
        "GET /signature_request/{id}/file": lambda lumin, sent: lumin.file(sent.id, FileKind.AGREEMENT),
        "GET /signature_request/files_as_file_url/{id}": lambda lumin, sent: lumin.old_file_link(sent.id),
        "GET /signature_request/files/{id}": lambda lumin, sent: lumin.old_file(sent.id),
        "GET /templates": lambda lumin, sent: lumin.templates(),
        "GET /templates/{id}": lambda lumin, sent: lumin.template("sign_123456"),
        "GET /user/info": lambda lumin, sent: lumin.user(),
    }

    def wire(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("x-api-key") != KEY:
            return httpx.Response(401, json={"error_code": "unauthorized", "error_message": "Invalid API key"})
        pdf = httpx.Response(200, headers={"content-type": "application/pdf"}, content=b"%PDF-1.7 signed")
        match request.method, request.url.path.removeprefix("/v1").strip("/").split("/"):
            case "GET", ["user", "info"]:
                return httpx.Response(200, json=payload("user"))
            case "GET", ["templates"]:
                return httpx.Response(200, json=payload("templates"))
            case "GET", ["templates", _]:
                return httpx.Response(200, json=payload("template"))
            case "POST", ["signature_request", "send" | "send-from-template"]:
                return httpx.Response(201, json=payload("sent"))
            case "PUT", ["signature_request", "cancel", _]:
                return httpx.Response(200, json=payload("cancelled"))
            case "POST", ["signature_request", "remind", _]:
                asked = json.loads(request.content)["emails"]
                shown = {**payload("request-open"), "reminders": []}
                shown["reminders"] = [
                    {"email": email, "signer_status": "NEED_TO_SIGN", "email_status": "SENT"} for email in asked
                ]
                return httpx.Response(200, json=shown)
            case "GET", ["signature_request", "files_as_file_url", _]:
                return httpx.Response(200, json=payload("old-file"))
            case "GET", ["signature_request", "files", _]:
                return pdf
            case "GET", ["signature_request", _, "file"]:
                if request.url.params["type"] != "agreement" and not self.completed:
                    return httpx.Response(400, json=payload("refused"))
                if request.headers["accept"] == "application/pdf":
                    return pdf
                return httpx.Response(200, json=payload("file"))
            case "POST", ["signature_request", _, "signing-link"]:
                email = json.loads(request.content)["signer_email"]
                return httpx.Response(200, json={**payload("signing-link"), "signer_email": email})
            case "POST", ["signature_request", _, "signing-session"]:
                return httpx.Response(200, json=payload("signing-session"))
            case "PATCH", ["signature_request", _]:
                return httpx.Response(200, json=payload("updated"))
            case "GET", ["signature_request", _]:
                return httpx.Response(200, json=payload("request-approved" if self.completed else "request-open"))
        return httpx.Response(404, json={"error_code": "not_found", "error_message": "Not found"})

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        body = (PAYLOADS / f"webhook-{kind}.json").read_bytes()
        return {"x-signature": hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()}, body

    # -- who we are ----------------------------------------------------------------------------------------------

    async def test_the_key_travels_in_its_own_header(self, provider: Provider, server: Server) -> None:
        await provider.check()
        [request] = server.requests
        assert (request.method, request.url.raw_path) == ("GET", b"/v1/user/info")
        assert request.headers["x-api-key"] == KEY
        assert "authorization" not in request.headers

    async def test_wrong_credentials_are_told_by_the_check(self, server: Server) -> None:
        async with Lumin(self.account(api_key="wrong", base_url=server.url + "/v1")) as stranger:
            with pytest.raises(AuthenticationError) as caught:
                await stranger.check()
        assert caught.value.detail == "Invalid API key"

    async def test_whose_key_it_is_can_be_asked(self, provider: Lumin) -> None:
        user = await provider.user()
        assert (user.id, user.email, user.name) == ("65f000000000000000000001", "person09@example.com", "Owner One")

    # -- sending a PDF -------------------------------------------------------------------------------------------

    async def test_an_upload_is_the_documented_form(self, provider: Provider, server: Server) -> None:
        before = time.time()
        await provider.send(
            self.request(
                document=Document(pdf=b"%PDF-1.7 unsigned \xff\r\n--", fields=(placed(),)),
                title="Agrément 1",
                message="Please sign: “soon”",
                expires_in_hours=48,
                fields={"amount": "1,200"},
                locale="en-GB",
                reply_to="person03@example.com",
                webhook_url="https://hooks.example/lumin/default/t1",
                extra={"viewers": [{"email_address": "person04@example.com", "name": "Archive"}]},
            )
        )
        [request] = server.requests
        texts, files = form_of(request)
        due = int(texts.pop("expires_at")) / 1000
        assert before + 48 * 3600 - 1 <= due <= time.time() + 48 * 3600 + 1
        assert texts == {
            "title": f"Agrément 1 [{REF}]",
            "signing_type": "ORDER",
            "use_text_tags": "true",
            "custom_email[title]": "Please sign: “soon”",
            "signers[0][email_address]": "person01@example.com",
            "signers[0][name]": "Signer One",
            "signers[0][group]": "1",
            "signers[1][email_address]": "person02@example.com",
            "signers[1][name]": "Signer Two",
            "signers[1][group]": "2",
            "viewers[0][email_address]": "person04@example.com",
            "viewers[0][name]": "Archive",
        }
        assert files == {"file": ("document.pdf", "application/pdf", b"%PDF-1.7 unsigned \xff\r\n--")}

    def test_what_is_not_given_is_left_out(self) -> None:
        alone = (Signer(role="first", name="Signer One", email="person01@example.com"),)
        body = body_of(self.request(ref="", signers=alone), now=NOW, lifetime=MONTH)
        assert body == {
            "title": "Agreement 1",
            "expires_at": 1927627200000,  # 2031-01-31T12:00:00Z
            "signers": [{"email_address": "person01@example.com", "name": "Signer One"}],
        }

    def test_a_form_writes_values_as_the_samples_do(self) -> None:
        parts = bracketed({"a": {"b": [1, {"c": True}]}, "d": None, "e": [False], "f": "x"})
        assert [(part.name, part.content) for part in parts] == [
            ("a[b][0]", "1"),
            ("a[b][1][c]", "true"),
            ("e[0]", "false"),
            ("f", "x"),
        ]

    @pytest.mark.parametrize(
        ("orders", "groups"),
        [
            ((1, 1), [None, None]),
            ((2, 2), [None, None]),
            ((1, 2), [1, 2]),
            ((7, 3), [2, 1]),
            ((2, 5, 2), [1, 2, 1]),
        ],
    )
    def test_groups_are_told_without_gaps_and_only_where_there_is_an_order(
        self, orders: tuple[int, ...], groups: list[int | None]
    ) -> None:
        signers = tuple(
            Signer(role=f"r{place}", name="Signer One", email="person01@example.com", order=order)
            for place, order in enumerate(orders)
        )
        body = body_of(self.request(signers=signers), now=NOW, lifetime=MONTH)
        assert [signer.get("group") for signer in body["signers"]] == groups
        assert body.get("signing_type") == ("ORDER" if any(groups) else None)

    def test_a_long_title_is_cut_and_the_mark_is_not(self) -> None:
        title = body_of(self.request(title="A" * 300), now=NOW, lifetime=MONTH)["title"]
        assert len(title) == 255
        assert title.endswith(f"… [{REF}]")

    async def test_the_accounts_own_days_stand_in_for_a_missing_due_date(self, server: Server) -> None:
        async with Lumin(self.account(default_expiry_days=2, base_url=server.url + "/v1")) as provider:
            await provider.send(self.request())
        texts, _ = form_of(server.requests[0])
        assert abs(int(texts["expires_at"]) / 1000 - time.time() - 2 * 86400) < 60

    def test_extra_may_add_to_each_signer_and_to_the_mail(self) -> None:
        claims = {"method": "vc", "payload": {"doc_type": "photo_id", "claims": ["given_name"]}}
        extra = {
            "signers": [{}, {"verification": claims}, {"name": "a third"}],
            "custom_email": {"subject_name": "Agreement 1"},
        }
        body = body_of(self.request(message="Please sign.", extra=extra), now=NOW, lifetime=MONTH)
        assert [signer.get("verification") for signer in body["signers"]] == [None, claims]
        assert body["custom_email"] == {"title": "Please sign.", "subject_name": "Agreement 1"}

    @pytest.mark.parametrize("key", ["title", "template_id", "file", "files", "file_url", "file_urls"])
    async def test_extra_cannot_lose_a_request_or_exchange_its_paper(
        self, provider: Provider, server: Server, key: str
    ) -> None:
        with pytest.raises(Unsupported, match=key):
            await provider.send(self.request(extra={key: "x"}))
        assert server.connections == 0

    async def test_a_value_no_request_can_carry_is_refused_before_the_call(
        self, provider: Provider, server: Server
    ) -> None:
        for document in (UPLOAD, TEMPLATE):
            with pytest.raises(PermanentError):
                await provider.send(self.request(document=document, title="half a pair \ud800"))
        assert server.connections == 0

    async def test_what_was_sent_names_its_signers_by_their_addresses(self, provider: Provider) -> None:
        sent = await provider.send(self.request())
        assert (sent.id, sent.status, sent.ref) == (ID, Status.SENT, REF)
        assert [signer.id for signer in sent.signers] == ["person01@example.com", "person02@example.com"]

    async def test_a_request_that_failed_at_once_keeps_its_id(self, provider: Provider) -> None:
        answer = payload("sent")
        answer["signature_request"]["status"] = "FAILED"
        self.answer = httpx.Response(201, json=answer)
        sent = await provider.send(self.request())
        assert (sent.id, sent.status) == (ID, Status.FAILED)

    @pytest.mark.parametrize("answer", [[], {"signature_request": None}, {"signature_request": {"status": "x"}}, 7])
    async def test_an_answer_that_names_no_request_is_unclear(self, provider: Provider, answer: Any) -> None:
        self.answer = httpx.Response(201, content=json.dumps(answer).encode())
        with pytest.raises(OutcomeUnknown):
            await provider.send(self.request())

    # -- several files -------------------------------------------------------------------------------------------

    async def test_further_files_stand_beside_the_requests_own(self, provider: Lumin, server: Server) -> None:
        sent = await provider.send_files(self.request(), files=[b"%PDF-1.7 annex"])
        texts, files = form_of(server.requests[0])
        assert sent.id == ID
        assert server.requests[0].url.path == "/v1/signature_request/send"
        assert texts["signers[1][name]"] == "Signer Two"
        assert files == {
            "files[0]": ("document.pdf", "application/pdf", UPLOAD.pdf),
            "files[1]": ("document.pdf", "application/pdf", b"%PDF-1.7 annex"),
        }

    async def test_files_behind_addresses_are_sent_as_json(self, provider: Lumin, server: Server) -> None:
        await provider.send_files(self.request(), urls=["https://files.example/agreements/2031-017.pdf"])
        sent = json.loads(server.requests[0].content)
        assert sent.pop("expires_at") > time.time() * 1000
        assert sent == {
            "title": f"Agreement 1 [{REF}]",
            "file_urls": ["https://files.example/agreements/2031-017.pdf"],
            "signing_type": "ORDER",
            "signers": [
                {"email_address": "person01@example.com", "name": "Signer One", "group": 1},
                {"email_address": "person02@example.com", "name": "Signer Two", "group": 2},
            ],
        }

    async def test_files_and_addresses_at_once_or_beside_a_template_are_refused(
        self, provider: Lumin, server: Server
    ) -> None:
        for request, more in (
            (self.request(), {"files": [b"%PDF-"], "urls": ["https://files.example/1.pdf"]}),
            (self.request(), {}),
            (self.request(document=TEMPLATE), {"files": [b"%PDF-"]}),
        ):
            with pytest.raises(Unsupported, match="Lumin"):
                await provider.send_files(request, **more)
        assert server.connections == 0

    # -- sending from a template ---------------------------------------------------------------------------------

    async def test_a_template_is_the_documented_json(self, provider: Provider, server: Server) -> None:
        await provider.send(
            self.request(
                document=TEMPLATE,
                fields={"CustomerName": "Example Company 01", "clause": ""},
                expires_in_hours=24,
                extra={
                    "tags": {"EffectiveDate": "2031-01-01"},
                    "fields": {"AgreeToTerms": True},
                    "variables": {"Company.Name": "Example Company 01"},
                    "signers": [{"signer_role": "Tenant"}, {"signer_role": None}],
                },
            )
        )
        assert server.requests[0].url.path == "/v1/signature_request/send-from-template"
        sent = json.loads(server.requests[0].content)
        assert abs(sent.pop("expires_at") / 1000 - time.time() - 86400) < 60
        assert sent == {
            "template_id": "sign_123456",
            "title": f"Agreement 1 [{REF}]",
            "tags": {"EffectiveDate": "2031-01-01"},
            "fields": {"CustomerName": "Example Company 01", "clause": "", "AgreeToTerms": True},
            "variables": {"Company.Name": "Example Company 01"},
            "signers": [
                {"email_address": "person01@example.com", "name": "Signer One", "signer_role": "Tenant"},
                {"email_address": "person02@example.com", "name": "Signer Two"},
            ],
        }

    def test_a_templates_role_is_the_signers_own_unless_told_otherwise(self) -> None:
        body = body_of(self.request(document=TEMPLATE), now=NOW, lifetime=MONTH)
        assert [signer["signer_role"] for signer in body["signers"]] == ["first", "second"]

    # -- tags in the text ----------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("field", "tag"),
        [
            (placed(), "[sig|req|signer1|\t]"),
            (placed(role="second", required=False), "[sig|noreq|signer2|\t]"),
            (placed(FieldKind.INITIALS), "[initial|req|signer1|\t]"),
            (placed(FieldKind.DATE, label="Date"), "[date|req|signer1|\t]"),
            (placed(FieldKind.TEXT), "[text|req|signer1|\t]"),
            (placed(FieldKind.TEXT, label="City"), "[text|req|signer1|City\t]"),
            (placed(FieldKind.TEXT, label=" Town |or] [city\t"), "[text|req|signer1|Town_or_city\t]"),
        ],
    )
    def test_tags_are_the_documented_ones(self, field: PlacedField, tag: str) -> None:
        assert Lumin.text_tag(field, self.request().signers) == tag

    async def test_a_field_without_a_tag_is_refused_before_any_call(self, provider: Provider, server: Server) -> None:
        for field in (placed(FieldKind.CHECKBOX), placed(role="nobody")):
            with pytest.raises(Unsupported, match="Lumin"):
                Lumin.text_tag(field, self.request().signers)
            with pytest.raises(Unsupported, match="Lumin"):
                await provider.send(self.request(document=Document(pdf=b"%PDF-1.7", fields=(field,))))
        assert server.connections == 0

    # -- what can be done with a request -------------------------------------------------------------------------

    async def test_cancel_goes_where_the_reference_says(self, provider: Provider, server: Server) -> None:
        await provider.cancel(ID)
        [request] = server.requests
        assert (request.method, request.url.path, request.content) == (
            "PUT",
            f"/v1/signature_request/cancel/{ID}",
            b"",
        )

    async def test_a_reminder_names_its_signer(self, provider: Provider, server: Server) -> None:
        await provider.remind(ID, "person02@example.com")
        [request] = server.requests
        assert (request.method, request.url.path) == ("POST", f"/v1/signature_request/remind/{ID}")
        assert json.loads(request.content) == {"emails": ["person02@example.com"]}

    async def test_a_reminder_that_was_not_sent_is_an_error_without_the_address(self, provider: Provider) -> None:
        answer = payload("reminded")
        self.answer = httpx.Response(200, json=answer)
        await provider.remind(ID, "person02@example.com")
        with pytest.raises(PermanentError, match="signed already or is not in turn") as not_in_turn:
            await provider.remind(ID, "Person01@example.com ")
        answer["reminders"][1]["email_status"] = "EXCEED_DAILY_LIMIT"
        self.answer = httpx.Response(200, json=answer)
        with pytest.raises(PermanentError, match="in a day") as too_many:
            await provider.remind(ID, "person02@example.com")
        for caught in (not_in_turn, too_many):
            assert type(caught.value) is PermanentError
            assert "@" not in f"{caught.value!s}{caught.value!r}"

    @pytest.mark.parametrize("reminders", [None, [], ["?"], [{}], [{"email_status": "LATER", "email": 7}], {"a": 1}])
    async def test_a_reminder_nobody_complains_about_counts_as_sent(self, provider: Provider, reminders: Any) -> None:
        self.answer = httpx.Response(200, json={"signature_request": {}, "reminders": reminders})
        await provider.remind(ID, "person01@example.com")

    async def test_a_due_date_is_moved_in_milliseconds(self, provider: Lumin, server: Server) -> None:
        moved = await provider.extend("1234567890", datetime(2031, 1, 30, 4, 43, tzinfo=UTC) - timedelta(hours=1))
        assert (moved.id, moved.signers) == ("1234567890", ())
        [request] = server.requests
        assert (request.method, request.url.path) == ("PATCH", "/v1/signature_request/1234567890")
        assert json.loads(request.content) == {"expires_at": 1927510980000}

    async def test_a_due_date_without_a_zone_is_refused(self, provider: Lumin, server: Server) -> None:
        with pytest.raises(ValueError, match="time zone"):
            await provider.extend(ID, datetime(2031, 1, 30))  # noqa: DTZ001
        assert server.connections == 0

    async def test_an_unclear_move_of_the_due_date_can_be_repeated(self, provider: Lumin) -> None:
        self.answer = httpx.Response(502)
        with pytest.raises(TransientError):
            await provider.extend(ID, NOW)
        with pytest.raises(OutcomeUnknown):
            await provider.cancel(ID)

    async def test_a_link_is_made_for_one_signer(self, provider: Lumin, server: Server) -> None:
        link = await provider.signing_link(ID, "person01@example.com")
        assert link.url == "https://sign.luminpdf.com/auth?mode=view-contract&token=made-up"
        assert (link.email, link.status) == ("person01@example.com", SignerStatus.INVITED)
        assert "luminpdf" not in repr(link)
        assert json.loads(server.requests[0].content) == {"signer_email": "person01@example.com"}

    @pytest.mark.parametrize("minutes", [5, 15, 60])
    async def test_a_session_is_made_for_one_signer_and_a_while(
        self, provider: Lumin, server: Server, minutes: int
    ) -> None:
        session = await provider.signing_session(ID, "person01@example.com", timedelta(minutes=minutes))
        assert session.url == "https://sign.luminpdf.com/embed/made-up"
        assert session.expires_at == datetime(2026, 1, 18, 16, 2, 5, 657000, tzinfo=UTC)
        assert "luminpdf" not in repr(session)
        assert json.loads(server.requests[0].content) == {
            "signer_email": "person01@example.com",
            "expiry": minutes * 60_000,
        }

    @pytest.mark.parametrize("seconds", [299, 3601, -900])
    async def test_a_session_shorter_or_longer_than_documented_is_refused(
        self, provider: Lumin, server: Server, seconds: int
    ) -> None:
        with pytest.raises(Unsupported, match="Lumin"):
            await provider.signing_session(ID, "person01@example.com", timedelta(seconds=seconds))
        assert server.connections == 0

    async def test_an_answer_without_its_link_is_worth_another_try(self, provider: Lumin) -> None:
        self.answer = httpx.Response(200, json={"status": "NEED_TO_SIGN", "view_url": None, "sign_url": ["x"]})
        for ask in (
            lambda: provider.signing_link(ID, "person01@example.com"),
            lambda: provider.signing_session(ID, "person01@example.com"),
            lambda: provider.file_link(ID),
            lambda: provider.old_file_link(ID),
        ):
            with pytest.raises(TransientError):
                await ask()

    async def test_links_are_asked_for_those_who_can_sign_now(self, provider: Provider, server: Server) -> None:
        first, second = await provider.sign_links(ID)
        assert first.sign_url == "https://sign.luminpdf.com/auth?mode=view-contract&token=made-up"
        assert (second.email, second.status, second.sign_url) == ("person02@example.com", SignerStatus.WAITING, None)
        assert [request.url.path for request in server.requests] == [
            f"/v1/signature_request/{ID}",
            f"/v1/signature_request/{ID}/signing-link",
        ]
        assert json.loads(server.requests[1].content) == {"signer_email": "person01@example.com"}

    async def test_an_id_from_outside_cannot_lead_to_another_call(self, provider: Provider, server: Server) -> None:
        for bad in ("", "..", " . "):
            with pytest.raises(PermanentError):
                await provider.cancel(bad)
        with pytest.raises(ConnectorError):
            await provider.download("../templates?x#")
        assert [request.url.raw_path for request in server.requests] == [
            b"/v1/signature_request/..%2Ftemplates%3Fx%23/file?type=merged",
            b"/v1/signature_request/..%2Ftemplates%3Fx%23",
        ]

    # -- files ---------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("kind", list(FileKind))
    async def test_a_file_comes_as_bytes_or_as_a_link(self, provider: Lumin, server: Server, kind: FileKind) -> None:
        self.completed = True
        assert await provider.file(ID, kind) == b"%PDF-1.7 signed"
        link = await provider.file_link(ID, kind)
        assert link.url == "https://files.luminpdf.com/download/agreement-made-up.pdf?expires=20"
        assert link.expires_at == datetime(2025, 12, 26, 5, 25, tzinfo=UTC)
        assert "luminpdf" not in repr(link)
        assert [(str(one.url.query, "ascii"), one.headers["accept"]) for one in server.requests] == [
            (f"type={kind.value}", "application/pdf"),
            (f"type={kind.value}", "application/json"),
        ]

    async def test_the_older_calls_bring_the_agreement(self, provider: Lumin, server: Server) -> None:
        assert await provider.old_file(ID) == b"%PDF-1.7 signed"
        assert (await provider.old_file_link(ID)).expires_at == datetime(2025, 12, 26, 5, 25, tzinfo=UTC)
        assert [one.url.path for one in server.requests] == [
            f"/v1/signature_request/files/{ID}",
            f"/v1/signature_request/files_as_file_url/{ID}",
        ]

    async def test_the_signed_document_has_its_certificate(self, provider: Provider, server: Server) -> None:
        self.completed = True
        assert await provider.download(ID) == b"%PDF-1.7 signed"
        assert [one.url.raw_path for one in server.requests] == [
            f"/v1/signature_request/{ID}/file?type=merged".encode()
        ]

    async def test_a_document_that_is_not_ready_is_worth_another_try(self, provider: Provider) -> None:
        with pytest.raises(TransientError) as caught:
            await provider.download(ID)
        assert (caught.value.detail, caught.value.status) == ("The file is not ready", 400)

    @pytest.mark.parametrize("state", ["request-rejected", "request-cancelled", "request-failed"])
    async def test_a_document_that_will_never_be_is_not(self, state: str) -> None:
        def wire(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/file"):
                return httpx.Response(404, json=payload("refused"))
            return httpx.Response(200, json=payload(state))

        async with answering(wire) as server, Lumin(self.account(base_url=server.url + "/v1")) as provider:
            with pytest.raises(PermanentError):
                await provider.download(ID)

    async def test_a_refused_key_is_told_as_such_by_a_download(self, provider: Provider, server: Server) -> None:
        self.answer = httpx.Response(401)
        with pytest.raises(AuthenticationError):
            await provider.download(ID)
        assert len(server.requests) == 1

    async def test_bytes_that_are_no_pdf_are_not_kept(self, provider: Lumin) -> None:
        self.answer = httpx.Response(200, json=payload("file"))
        for fetch in (provider.download, provider.file, provider.old_file):
            with pytest.raises(TransientError):
                await fetch(ID)

    # -- templates -----------------------------------------------------------------------------------------------

    async def test_templates_are_listed_by_page(self, provider: Lumin, server: Server) -> None:
        page = await provider.templates(page=2, limit=10)
        [request] = server.requests
        assert request.url.raw_path == b"/v1/templates?page=2&limit=10"
        assert request.headers["x-lumin-api-version"] == "1.1"
        assert (page.page, page.limit, page.total) == (1, 25, 3)
        assert [(one.id, one.kind, one.name) for one in page.templates] == [
            ("sign_123456", "pdf", "Mutual NDA"),
            ("ag_456789", "lumin", "Lease Agreement"),
            ("pdf_456789", "pdf", "Onboarding Form"),
        ]
        assert page.templates[0].created_at == datetime(2025, 5, 28, 18, 28, 5, 430000, tzinfo=UTC)

    async def test_a_template_says_who_signs_and_what_can_be_filled_in(self, provider: Lumin) -> None:
        template = await provider.template("sign_123456")
        assert template.in_order is True
        assert template.roles == (TemplateRole(name="Tenant", order=1), TemplateRole(name="Client", order=2))
        assert template.tags == (TemplateTag(name="owner.name", required=True),)
        assert template.fields == (
            TemplateField(name="hasCompleted", kind=FieldKind.CHECKBOX, required=True, role="Tenant"),
        )
        assert template.variables == (
            TemplateVariable(name="Company.Name", value="Example Company 01"),
            TemplateVariable(name="Document.Name", value="NDA Document"),
        )
        assert template.updated_at == datetime(2025, 5, 28, 18, 28, 5, 430000, tzinfo=UTC)

    async def test_an_answer_without_a_template_is_worth_another_try(self, provider: Lumin) -> None:
        self.answer = httpx.Response(200, json={"data": {}})
        with pytest.raises(TransientError):
            await provider.template("sign_123456")
        assert (await provider.templates()).templates == ()

    # -- errors --------------------------------------------------------------------------------------------------

    async def test_a_missing_licence_is_not_taken_for_a_wrong_key(self, provider: Provider) -> None:
        self.answer = httpx.Response(
            403, json={"error_code": "verification_not_licensed", "error_message": "Verification is not licensed"}
        )
        with pytest.raises(QuotaExceeded) as caught:
            await provider.send(self.request())
        assert caught.value.detail == "Verification is not licensed"

    async def test_too_many_calls_are_waited_out(self, provider: Provider) -> None:
        self.answer = httpx.Response(429)
        with pytest.raises(TransientError) as caught:
            await provider.send(self.request())
        assert caught.value.retry_after == 60

    # -- what it says --------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("name", "status", "signers"),
        [
            ("request-open", Status.SENT, [SignerStatus.INVITED, SignerStatus.WAITING]),
            ("request-signed-by-one", Status.IN_PROGRESS, [SignerStatus.SIGNED, SignerStatus.INVITED]),
            ("request-approved", Status.COMPLETED, [SignerStatus.SIGNED, SignerStatus.SIGNED]),
            ("request-rejected", Status.DECLINED, [SignerStatus.DECLINED, SignerStatus.WAITING]),
            ("request-cancelled", Status.CANCELED, [SignerStatus.INVITED, SignerStatus.WAITING]),
            ("request-failed", Status.FAILED, []),
        ],
    )
    async def test_the_documented_states_are_understood(
        self, provider: Provider, name: str, status: Status, signers: list[SignerStatus]
    ) -> None:
        self.answer = httpx.Response(200, json=payload(name))
        snapshot = await provider.get(ID)
        assert (snapshot.id, snapshot.status, snapshot.ref) == (ID, status, REF)
        assert [signer.status for signer in snapshot.signers] == signers
        assert snapshot.signers == () or snapshot.signers[0].id == "person01@example.com"

    def test_reasons_are_kept_and_stay_out_of_sight(self) -> None:
        snapshot = snapshot_of(payload("request-rejected")["signature_request"], now=NOW)
        assert snapshot is not None
        assert snapshot.reason == "The starting date is wrong"
        assert "wrong" not in repr(snapshot)

    @pytest.mark.parametrize("due", [1924862400000, "1924862400000", 1924862400, "2030-12-31T00:00:00Z"])
    def test_an_open_request_past_its_due_date_has_run_out_and_a_signed_one_has_not(self, due: Any) -> None:
        for state, status in (
            ("request-open", Status.EXPIRED),
            ("request-signed-by-one", Status.EXPIRED),
            ("request-approved", Status.COMPLETED),
            ("request-rejected", Status.DECLINED),
        ):
            shown = {**payload(state)["signature_request"], "expires_at": due}
            snapshot = snapshot_of(shown, now=NOW)
            assert snapshot is not None
            assert snapshot.status is status

    def test_a_new_state_is_unknown_and_no_error(self) -> None:
        snapshot = snapshot_of({"signature_request_id": 77, "status": "ARCHIVED", "signers": {}}, now=NOW)
        assert snapshot is not None
        assert (snapshot.id, snapshot.status, snapshot.signers) == ("77", Status.UNKNOWN, ())

    @pytest.mark.parametrize(
        ("signer", "status"),
        [
            ({"status": "WAITING_FOR_OTHERS", "is_approved": True}, SignerStatus.SIGNED),
            ({"status": "WAITING_FOR_OTHERS", "is_approved": False}, SignerStatus.WAITING),
            ({"status": "WAITING_FOR_OTHERS"}, None),
            ({"status": "NEED_TO_SIGN", "is_approved": True}, SignerStatus.SIGNED),
            ({"status": "APPROVED", "is_approved": False}, None),
            ({"status": "APPROVED"}, SignerStatus.SIGNED),
            ({"status": "WAITING_FOR_PROCESSING", "is_approved": False}, SignerStatus.WAITING),
            ({"status": "THINKING", "is_approved": "false"}, None),
            ({"is_approved": "true"}, SignerStatus.SIGNED),
            ({}, None),
        ],
    )
    def test_who_has_signed_is_read_off_the_approval_and_not_off_the_word(
        self, signer: dict[str, Any], status: SignerStatus | None
    ) -> None:
        [shown] = signers_of([signer])
        assert shown.status is status

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (1766726700, datetime(2025, 12, 26, 5, 25, tzinfo=UTC)),
            (1766726700000, datetime(2025, 12, 26, 5, 25, tzinfo=UTC)),
            ("1766726700000", datetime(2025, 12, 26, 5, 25, tzinfo=UTC)),
            ("2025-12-26T05:25:00Z", datetime(2025, 12, 26, 5, 25, tzinfo=UTC)),
            (10**400, None),
            ("soon", None),
            (True, None),
            (None, None),
        ],
    )
    def test_times_are_read_in_milliseconds_and_in_seconds(self, value: Any, expected: datetime | None) -> None:
        assert moment(value) == expected

    @given(
        st.fixed_dictionaries(
            {"signature_request_id": json_values},
            optional=dict.fromkeys(("status", "title", "expires_at", "reason"), json_values)
            | {
                "signers": json_values
                | st.lists(
                    st.fixed_dictionaries(
                        {}, optional=dict.fromkeys(("email", "email_address", "name", "status"), json_values)
                    )
                )
            },
        )
    )
    def test_no_answer_of_nearly_the_right_shape_makes_a_snapshot_raise(self, value: Any) -> None:
        snapshot_of(value, now=NOW)

    @given(
        st.fixed_dictionaries(
            {"template_id": json_values},
            optional=dict.fromkeys(("name", "type", "signing_type", "created_at"), json_values)
            | dict.fromkeys(
                ("signer_roles", "tags", "fields", "variables"),
                json_values | st.lists(st.fixed_dictionaries({"name": json_values, "group": json_values})),
            ),
        )
    )
    def test_no_answer_of_nearly_the_right_shape_makes_a_template_raise(self, value: Any) -> None:
        template_of(value)

    # -- webhooks ------------------------------------------------------------------------------------------------

    def parse(self, word: str) -> Any:
        return Lumin.parse(self.delivery(f"signature_request_{word}")[1])

    def test_the_documented_sample_is_genuine(self) -> None:
        body = (PAYLOADS / "webhook-sample.bin").read_bytes()
        headers = {"x-signature": "3810cb411041efab279d31698b9584372e5ede9d1641fbb354810f16e51be81c"}
        Lumin.verify(self.account(api_key="my_primary_api_key"), headers, body)
        with pytest.raises(InvalidWebhook):
            Lumin.verify(self.account(), headers, body)
        event = Lumin.parse(body)
        assert (event.type, event.name) == (EventType.UNKNOWN, "signature_request_sent")
        assert event.provider_id == "fa5c8a0b0f492d768749333ad6fcc214c111e967"
        assert event.occurred_at == datetime(2023, 9, 14, 4, 3, 27, 595000, tzinfo=UTC)
        assert event.ref is None

    def test_an_apps_secret_and_another_primary_key_are_accepted_as_well(self) -> None:
        headers, body = self.delivery("signature_request_signed")
        for account in (
            self.account(api_key="another", app_signing_secret=KEY),
            self.account(api_key="another", webhook_secrets=["older", KEY]),
        ):
            Lumin.verify(account, headers, body)
        with pytest.raises(InvalidWebhook):
            Lumin.verify(self.account(api_key="another", app_signing_secret=""), headers, body)

    def test_an_event_says_how_all_signers_stand_and_not_who_it_was(self) -> None:
        event = self.parse("signed")
        assert (event.signer_id, event.signer_email) == (None, None)
        assert [(one.id, one.email, one.name, one.status) for one in event.signers] == [
            ("person01@example.com", "person01@example.com", "Signer One", SignerStatus.SIGNED),
            ("person02@example.com", "person02@example.com", "Signer Two", SignerStatus.INVITED),
        ]
        assert event.occurred_at == datetime(2026, 1, 18, 15, 49, 17, 123000, tzinfo=UTC)
        assert [one.status for one in self.parse("declined").signers] == [
            SignerStatus.DECLINED,
            SignerStatus.WAITING,
        ]

    def test_no_event_brings_the_document(self) -> None:
        assert self.parse("downloadable").document_url is None

    def test_bad_news_has_its_reason(self) -> None:
        assert self.parse("declined").reason == "The starting date is wrong"
        assert self.parse("invalid").reason == "A text tag names a signer that is not there"
        assert self.parse("signed").reason is None

    def test_bad_news_in_another_shape_still_says_which_request(self) -> None:
        event = {"event_type": "signature_request_invalid", "event_time": 1768751430123}
        error = {"signature_request_id": ID, "error_message": "A text tag is wrong"}
        for delivery in ({"event": event, "signature_request_error": error}, {"event": event, **error}):
            parsed = Lumin.parse(json.dumps(delivery).encode())
            assert (parsed.type, parsed.provider_id, parsed.reason) == (EventType.FAILED, ID, "A text tag is wrong")

    def test_a_new_event_is_unknown_and_no_error(self) -> None:
        event = Lumin.parse(b'{"event": {"event_type": "signature_request_blinked"}}')
        assert (event.type, event.name, event.provider_id) == (EventType.UNKNOWN, "signature_request_blinked", None)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"null",
            b"{}",
            b'{"event": {"event_type": 7.5}}',
            b'{"event": {"event_type": "signature_request_signed"}, "signature_request": {}}',
        ],
    )
    def test_what_cannot_be_understood_is_refused_with_a_sentence(self, body: bytes) -> None:
        with pytest.raises(ValueError, match=r"\.$"):
            Lumin.parse(body)

    def identity(self, word: str, **changed: Any) -> str:
        delivery = payload(f"webhook-signature_request_{word}")
        delivery["event"] = {**delivery["event"], **changed}
        return Lumin.delivery_id({}, json.dumps(delivery).encode())

    @pytest.mark.parametrize("word", ["created", "approved", "declined", "invalid", "canceled"])
    def test_what_comes_once_is_one_delivery_whatever_its_time(self, word: str) -> None:
        assert self.identity(word) == self.identity(word, event_time=1)

    @pytest.mark.parametrize("word", ["viewed", "signed", "downloadable", "cancel_failed", "due_date_updated"])
    def test_what_comes_several_times_is_told_apart_by_its_time(self, word: str) -> None:
        assert self.identity(word) == self.identity(word)
        assert self.identity(word) != self.identity(word, event_time=1)
        assert self.identity(word, event_time=None) != self.identity(word, event_time=1.5)

    def test_two_requests_are_two_deliveries(self) -> None:
        _, body = self.delivery("signature_request_created")
        assert Lumin.delivery_id({}, body) != Lumin.delivery_id({}, body.replace(ID.encode(), b"another"))

    def test_an_upper_case_signature_is_the_same_number(self) -> None:
        headers, body = self.delivery("signature_request_signed")
        Lumin.verify(self.account(), {name: f" {value.upper()} " for name, value in headers.items()}, body)

    @given(
        st.fixed_dictionaries(
            {
                "event": json_values
                | st.fixed_dictionaries(
                    {"event_type": st.sampled_from(list(EVENTS)) | json_values, "event_time": json_values}
                )
            },
            optional={
                "signature_request": json_values
                | st.fixed_dictionaries(
                    {"signature_request_id": json_values},
                    optional=dict.fromkeys(("title", "signers", "reason"), json_values),
                )
            },
        )
    )
    def test_no_json_of_nearly_the_right_shape_makes_parse_raise_anything_but_value_errors(self, value: Any) -> None:
        self.parse_or_refuse(json.dumps(value).encode())


def test_the_secrets_are_never_shown_and_the_rest_has_its_defaults() -> None:
    settings = LuminSettings.model_validate({"api_key": KEY, "app_signing_secret": "app-secret-for-tests"})
    shown = f"{settings!r}{settings!s}{settings.model_dump_json()}"
    assert KEY not in shown
    assert "app-secret-for-tests" not in shown
    assert settings.base_url == "https://api.luminpdf.com/v1"
    assert (settings.mode, settings.default_expiry_days) == ("test", 30)


@pytest.mark.parametrize("key", ["", "lk_pasted\n", "lk pasted", "lk_pästed", "lk_pasted\r\nx-other: 1"])
def test_a_key_that_fits_into_no_header_is_refused_unseen(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LuminSettings.model_validate({"api_key": key})
    assert "pasted" not in str(caught.value)

"""DocsAutomator against its own documents, restated in `payloads/docsautomator`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.signing.docsautomator import (
    COMPLETION,
    LIMIT,
    OTHER,
    PAGES,
    DocsAutomator,
    DocsAutomatorSettings,
    asks_others,
    body_of,
)
from connectors.signing.docsautomator_answers import (
    Actor,
    Delivery,
    JobStatus,
    audit_event_of,
    automation_of,
    generated_of,
    job_of,
    session_of,
)
from connectors.signing.errors import (
    AuthenticationError,
    ConnectorError,
    OutcomeUnknown,
    PermanentError,
    TransientError,
    Unsupported,
)
from connectors.signing.model import EventType, FieldKind, Signer, SignerSnapshot, SignerStatus, Status
from tests.connectors.contract import REF, ProviderContract, json_values
from tests.connectors.loopback import Server

pytestmark = pytest.mark.providers

PAYLOADS = Path(__file__).parent / "payloads" / "docsautomator"
KEY = "key-for-tests"
SESSION = "5e5510000000000000000001"
FIRST = "person01@example.com"
SECOND = "person02@example.com"
PDF = b"%PDF-1.7 signed"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestDocsAutomator(ProviderContract):
    provider_class = DocsAutomator
    settings: ClassVar = {"api_key": KEY}
    base_path = "/api"
    key_setting = "api_key"
    secret_setting = None
    calls_to_send = ("POST /createDocument", "GET /job/{jobId}")
    events: ClassVar = {
        "esign.session_created": EventType.CREATED,
        "esign.signer_signed": EventType.SIGNED,
        "esign.session_declined": EventType.DECLINED,
        "esign.session_expired": EventType.EXPIRED,
        "(completed)": EventType.COMPLETED,
    }
    speaks: ClassVar = {
        "POST /createDocument": lambda provider, sent: provider.send(TestDocsAutomator().request()),
        "GET /job/{jobId}": lambda provider, sent: provider.job("job_abc123"),
        "GET /queue/stats": lambda provider, sent: provider.queue(),
        "GET /automations": lambda provider, sent: provider.automations(),
        "GET /automation": lambda provider, sent: provider.automation("t1"),
        "GET /listPlaceholdersV2": lambda provider, sent: provider.placeholders("t1"),
        "GET /esign/sessions": lambda provider, sent: provider.sessions(),
        "GET /esign/sessions/{sessionId}": lambda provider, sent: provider.get(sent.id),
        "GET /esign/sessions/{sessionId}/links": lambda provider, sent: provider.links(sent.id),
        "GET /esign/sessions/{sessionId}/audit": lambda provider, sent: provider.audit(sent.id),
        "POST /esign/sessions/{sessionId}/cancel": lambda provider, sent: provider.cancel(sent.id),
        "POST /esign/sessions/{sessionId}/resend/{signerIndex}": lambda provider, sent: provider.remind(sent.id, "1"),
    }

    answers: dict[str, list[httpx.Response]]
    """What single calls are answered instead, one after the other, by method and path; the last one stays."""

    @pytest.fixture(autouse=True)
    def _quickly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DocsAutomator, "first_look", 0.005)
        self.answers = {}

    def wire(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/files/"):
            return httpx.Response(400) if "authorization" in request.headers else httpx.Response(200, content=PDF)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return httpx.Response(401, json={"message": "Incorrect / missing API key"})
        path = request.url.path.removeprefix("/api")
        if chosen := getattr(self, "answers", {}).get(f"{request.method} {path}"):
            return chosen.pop(0) if len(chosen) > 1 else chosen[0]
        match request.method, path.strip("/").split("/"):
            case "POST", ["createDocument"]:
                return httpx.Response(202, json=payload("queued"))
            case "GET", ["job", _]:
                return httpx.Response(200, json=payload("job-completed"))
            case "GET", ["queue", "stats"]:
                return httpx.Response(200, json=payload("queue"))
            case "GET", ["automations" | "automation" as name]:
                return httpx.Response(200, json=payload(name))
            case "GET", ["listPlaceholdersV2"]:
                return httpx.Response(200, json=payload("placeholders"))
            case "GET", ["esign", "sessions"]:
                return httpx.Response(200, json=payload("sessions"))
            case "GET", ["esign", "sessions", _] if self.completed:
                link = f"http://{request.headers['host']}/files/signed-1"
                return httpx.Response(200, json={**payload("session-completed"), "signedPdfUrl": link})
            case "GET", ["esign", "sessions", _]:
                return httpx.Response(200, json=payload("session-pending"))
            case "GET", ["esign", "sessions", _, "links" | "audit" as name]:
                return httpx.Response(200, json=payload(name))
            case "POST", ["esign", "sessions", _, "cancel"]:
                return httpx.Response(200, json=payload("cancelled"))
            case "POST", ["esign", "sessions", _, "resend", _]:
                return httpx.Response(200, json=payload("resent"))
        return httpx.Response(404, json={"error": "Not found"})

    def delivery(self, kind: str) -> tuple[dict[str, str], bytes]:
        return {}, (PAYLOADS / f"webhook-{kind.strip('()')}.json").read_bytes()

    def made(self, **more: Any) -> httpx.Response:
        """The answer that waited for the document, with something else in it."""
        return httpx.Response(200, json={**payload("created"), **more})

    # -- the account ---------------------------------------------------------------------------------------------

    async def test_the_key_travels_as_a_bearer_token(self, provider: DocsAutomator, server: Server) -> None:
        await provider.check()
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.requests[0].url.query == b""

    async def test_a_key_copied_with_blanks_is_still_the_key(self, server: Server) -> None:
        async with DocsAutomator(self.account(api_key=f" {KEY}\n", base_url=server.url + "/api")) as provider:
            await provider.check()

    async def test_wrong_credentials_are_told_by_the_check(self, server: Server) -> None:
        async with DocsAutomator(self.account(api_key="wrong", base_url=server.url + "/api")) as stranger:
            with pytest.raises(AuthenticationError, match="credentials"):
                await stranger.check()

    async def test_a_lost_connection_to_google_is_not_blamed_on_the_key(self, provider: DocsAutomator) -> None:
        said = "No Google access permissions. Please add your Google account under settings"
        self.answer = httpx.Response(401, json={"message": said})
        with pytest.raises(AuthenticationError, match="Google") as caught:
            await provider.send(self.request())
        assert caught.value.detail == said

    @pytest.mark.parametrize("shape", [{"error": True, "message": "No."}, {"error": "No."}, {"message": "No."}])
    async def test_each_shape_an_error_comes_in_gives_its_sentence(
        self, provider: DocsAutomator, shape: dict[str, Any]
    ) -> None:
        self.answer = httpx.Response(400, json=shape)
        with pytest.raises(PermanentError) as caught:
            await provider.cancel(SESSION)
        assert caught.value.detail == "No."

    # -- what goes out -------------------------------------------------------------------------------------------

    async def test_the_body_on_the_wire_is_the_documented_one(self, provider: DocsAutomator, server: Server) -> None:
        await provider.send(
            self.request(
                fields={"fee": "900 EUR", "clause": ""},
                proof="kid00000.made-up-proof",
                extra={
                    "line_items_1": [{"description": "Consulting", "quantity": 10}],
                    "webhookParams": {"orderId": "ORD-12345"},
                    "data": {"region": "Region 1"},
                },
            )
        )
        assert server.requests[0].url.path == "/api/createDocument"
        assert json.loads(server.requests[0].content) == {
            "docId": "t1",
            "documentName": "Agreement 1",
            "async": True,
            "isPreview": True,
            "data": {
                "fee": "900 EUR",
                "clause": "",
                "region": "Region 1",
                "signer_1_name": "Signer One",
                "signer_1_email": FIRST,
                "signer_1_company": "Example Company 01",
                "signer_1_role": "first",
                "signer_2_name": "Signer Two",
                "signer_2_email": SECOND,
                "signer_2_company": "",
                "signer_2_role": "second",
            },
            "webhookParams": {"ref": REF, "proof": "kid00000.made-up-proof", "orderId": "ORD-12345"},
            "line_items_1": [{"description": "Consulting", "quantity": 10}],
        }

    def test_what_is_not_given_is_left_out_and_a_live_request_is_no_preview(self) -> None:
        body = body_of(self.request(test=False, message="Please sign.", locale="en", expires_in_hours=48))
        assert body.keys() == {"docId", "documentName", "async", "data", "webhookParams"}
        assert body["webhookParams"] == {"ref": REF}

    def test_signers_are_numbered_in_the_order_they_sign_in(self) -> None:
        late = Signer(role="late", name="Signer Two", email=SECOND, order=2)
        early = Signer(role="early", name="Signer One", email=FIRST, order=1)
        also = Signer(role="also", name="Signer Three", email="person03@example.com", order=1)
        data = body_of(self.request(signers=(late, early, also)))["data"]
        assert [data[f"signer_{number}_role"] for number in (1, 2, 3)] == ["early", "also", "late"]

    def test_a_column_cannot_put_somebody_else_in_a_signers_place(self) -> None:
        body = body_of(self.request(fields={"signer_1_email": "person09@example.com", "signer_1_mobile": "none"}))
        assert body["data"]["signer_1_email"] == FIRST
        assert body["data"]["signer_1_mobile"] == "none"

    @pytest.mark.parametrize(
        "extra",
        [
            {"docId": "t2"},
            {"automationId": "t2"},
            {"async": False},
            {"isPreview": False},
            {"skipEsign": True},
            {"recId": "rec1"},
            {"rowNumber": 7},
            {"taskId": "1"},
            {"webhookParams": {"ref": "E0"}},
            {"webhookParams": {"proof": "another"}},
            {"webhookParams": []},
            {"data": {"signer_2_email": "person09@example.com"}},
            {"data": None},
        ],
    )
    async def test_extra_cannot_make_a_request_live_or_lose_it_or_send_it_to_others(
        self, provider: DocsAutomator, server: Server, extra: dict[str, Any]
    ) -> None:
        with pytest.raises(Unsupported):
            DocsAutomator.refuse_unsayable(self.request(extra=extra))
        with pytest.raises(Unsupported):
            await provider.send(self.request(extra=extra))
        assert server.connections == 0

    async def test_cancel_and_remind_go_where_the_reference_says(self, provider: DocsAutomator, server: Server) -> None:
        await provider.cancel(SESSION)
        await provider.cancel(SESSION, reason="Sent by mistake")
        await provider.remind(SESSION, "2")
        made = [(request.method, request.url.path.removeprefix("/api"), request.content) for request in server.requests]
        assert made[0] == ("POST", f"/esign/sessions/{SESSION}/cancel", b"")
        assert made[1][:2] == made[0][:2] and json.loads(made[1][2]) == {"reason": "Sent by mistake"}
        assert made[2] == ("POST", f"/esign/sessions/{SESSION}/resend/2", b"")

    async def test_a_cancel_that_did_not_succeed_is_not_taken_for_one(self, provider: DocsAutomator) -> None:
        self.answer = httpx.Response(200, json={"success": False, "message": "Try later"})
        with pytest.raises(OutcomeUnknown):
            await provider.cancel(SESSION)

    async def test_an_id_from_outside_cannot_lead_to_another_call(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        for bad in ("", "..", " . "):
            with pytest.raises(PermanentError):
                await provider.remind(SESSION, bad)
        with pytest.raises(PermanentError):
            await provider.cancel("../sessions?x#")
        await provider.automation("t1&docId=t2")
        assert [request.url.raw_path for request in server.requests] == [
            b"/api/esign/sessions/..%2Fsessions%3Fx%23/cancel",
            b"/api/automation?docId=t1%26docId%3Dt2",
        ]

    # -- waiting for the document --------------------------------------------------------------------------------

    def jobs(self, *answers: httpx.Response) -> None:
        self.answers["GET /job/job_abc123"] = list(answers)

    async def test_the_job_is_asked_for_until_it_is_over(self, provider: DocsAutomator, server: Server) -> None:
        self.jobs(
            httpx.Response(200, json={"jobId": "job_abc123", "status": "waiting", "progress": 10}),
            httpx.Response(200, json=payload("job-active")),
            httpx.Response(200, json={"status": "stalled"}),
            httpx.Response(200, json=payload("job-completed")),
        )
        assert (await provider.send(self.request())).id == SESSION
        assert [request.method for request in server.requests] == ["POST", "GET", "GET", "GET", "GET"]

    @pytest.mark.parametrize(
        "passing",
        [
            httpx.Response(429),
            httpx.Response(503),
            httpx.Response(502, text="<p>bad gateway</p>"),
            httpx.Response(200, text="{"),
            httpx.Response(200, json=[]),
            httpx.Response(200, json={"error": True, "message": "One moment"}),
        ],
    )
    async def test_a_question_that_is_not_answered_is_asked_again_and_the_document_never(
        self, provider: DocsAutomator, server: Server, passing: httpx.Response
    ) -> None:
        self.jobs(passing, passing, httpx.Response(200, json=payload("job-completed")))
        assert (await provider.send(self.request())).id == SESSION
        assert [request.method for request in server.requests] == ["POST", "GET", "GET", "GET"]

    async def test_pauses_double_up_to_the_longest(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DocsAutomator, "first_look", 0.05)
        monkeypatch.setattr(DocsAutomator, "longest_pause", 0.1)
        asked: list[float] = []

        def job(request: httpx.Request) -> httpx.Response:
            asked.append(asyncio.get_running_loop().time())
            return httpx.Response(200, json=payload("job-completed" if len(asked) == 5 else "job-active"))

        wire = self.wire
        self.wire = lambda request: job(request) if "/job/" in request.url.path else wire(request)  # type: ignore[method-assign]
        async with DocsAutomator(self.account(base_url=server.url + "/api")) as provider:
            began = asyncio.get_running_loop().time()
            await provider.send(self.request())
        gaps = [after - before for before, after in pairwise([began, *asked])]
        assert all(gap >= least for gap, least in zip(gaps, [0.05, 0.1, 0.1, 0.1, 0.1], strict=True))
        assert gaps[4] < 0.7  # doubling on and on it would be 0.8

    async def test_a_retry_after_is_waited_for(self, provider: DocsAutomator, server: Server) -> None:
        self.jobs(httpx.Response(429, headers={"retry-after": "1"}), httpx.Response(200, json=payload("job-completed")))
        began = asyncio.get_running_loop().time()
        await provider.send(self.request())
        assert asyncio.get_running_loop().time() - began >= 1

    async def test_a_document_that_is_not_made_in_time_may_still_be_sent(self, server: Server) -> None:
        self.jobs(httpx.Response(200, json=payload("job-active")))
        began = asyncio.get_running_loop().time()
        async with DocsAutomator(self.account(base_url=server.url + "/api", timeout_seconds=0.5)) as provider:
            with pytest.raises(OutcomeUnknown) as caught:
                await provider.send(self.request())
        assert asyncio.get_running_loop().time() - began < 2
        assert caught.value.__context__ is None

    async def test_a_failed_job_made_nothing_and_says_why_in_its_detail(self, provider: DocsAutomator) -> None:
        self.jobs(httpx.Response(200, json=payload("job-failed")))
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request())
        assert type(caught.value) is PermanentError
        assert caught.value.detail == "No Google Docs template set for the given document id."
        assert "template" not in str(caught.value)

    async def test_a_failed_job_that_echoes_our_key_shows_it_nowhere(self, provider: DocsAutomator) -> None:
        self.jobs(httpx.Response(200, json={"status": "failed", "error": f"Bearer {KEY} may not do this"}))
        with pytest.raises(PermanentError) as caught:
            await provider.send(self.request())
        assert caught.value.detail == "Bearer *** may not do this"

    @pytest.mark.parametrize("lost", [httpx.Response(404, json={"error": "Not found"}), httpx.Response(401)])
    async def test_a_job_nobody_tells_us_about_may_still_send(
        self, provider: DocsAutomator, lost: httpx.Response
    ) -> None:
        self.jobs(lost)
        with pytest.raises(OutcomeUnknown):
            await provider.send(self.request())

    async def test_an_answer_that_waited_for_the_document_is_taken_as_well(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        self.answers["POST /createDocument"] = [self.made()]
        snapshot = await provider.send(self.request())
        assert (snapshot.id, snapshot.status, snapshot.ref) == (SESSION, Status.SENT, REF)
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            ({"message": "success", "pdfUrl": "https://files.example/1", "signingStatus": "queued"}, OutcomeUnknown),
            ({"message": "success", "pdfUrl": "https://files.example/1"}, OutcomeUnknown),
            ({"message": "success", "signingSessionId": {"id": 1}}, OutcomeUnknown),
            ({"message": "success", "esignSkipped": True}, PermanentError),
        ],
    )
    async def test_a_document_without_a_session_is_not_sent(
        self, provider: DocsAutomator, answer: dict[str, Any], error: type[ConnectorError]
    ) -> None:
        for call in ("POST /createDocument", "GET /job/job_abc123"):
            body = answer if call.startswith("POST") else {"status": "completed", "result": answer}
            self.answers = {call: [httpx.Response(200, json=body)]}
            with pytest.raises(error) as caught:
                await provider.send(self.request())
            assert type(caught.value) is error

    @pytest.mark.parametrize("result", [None, [], "done"])
    async def test_a_job_that_made_nothing_readable_may_have_sent_it(
        self, provider: DocsAutomator, result: Any
    ) -> None:
        self.jobs(httpx.Response(200, json={"status": "completed", "result": result}))
        with pytest.raises(OutcomeUnknown):
            await provider.send(self.request())

    # -- whom it asks --------------------------------------------------------------------------------------------

    def link(self, email: str | None, number: int = 1) -> dict[str, Any]:
        return {
            "signerIndex": number,
            "email": email,
            "signingUrl": f"https://app.example/{number}",
            "status": "pending",
        }

    async def test_a_session_that_asks_others_is_cancelled_at_once(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        self.answers["POST /createDocument"] = [self.made(signingLinks=[self.link("person09@example.com")])]
        refused = await provider.send(self.request())
        assert (refused.id, refused.status) == (SESSION, Status.FAILED)
        last = server.requests[-1]
        assert last.url.path == f"/api/esign/sessions/{SESSION}/cancel"
        assert json.loads(last.content)["reason"]
        assert "person" not in str(refused.reason)
        assert "was cancelled" in str(refused.reason)
        assert "{{signer_1_email}}" in str(refused.reason)

    @pytest.mark.parametrize("end", [httpx.Response(400, json={"error": "x"}), httpx.Response(500)])
    async def test_a_session_that_cannot_be_cancelled_is_named_for_a_person_to_do_it(
        self, provider: DocsAutomator, end: httpx.Response
    ) -> None:
        self.answers["POST /createDocument"] = [self.made(signingLinks=[self.link("person09@example.com")])]
        self.answers[f"POST /esign/sessions/{SESSION}/cancel"] = [end]
        refused = await provider.send(self.request())
        assert f"could not be cancelled: cancel {SESSION}" in str(refused.reason)

    @pytest.mark.parametrize(
        ("asked", "others"),
        [
            ([FIRST, SECOND], False),
            ([SECOND, FIRST], False),
            (["Person01@EXAMPLE.com", SECOND], False),
            ([], False),
            ([None, None], False),
            ([FIRST, None], False),
            ([FIRST], True),
            ([FIRST, FIRST], True),
            ([FIRST, "person09@example.com"], True),
            ([None, "person09@example.com"], True),
            ([FIRST, SECOND, "person09@example.com"], True),
        ],
    )
    def test_who_is_asked_is_compared_by_address(self, asked: list[str | None], others: bool) -> None:
        signers = [SignerSnapshot(email=email) for email in asked]
        assert asks_others(self.request().signers, signers) is others

    @pytest.mark.parametrize("links", [None, [], "none"])
    async def test_where_the_provider_mails_the_links_the_session_is_looked_at(
        self, provider: DocsAutomator, server: Server, links: Any
    ) -> None:
        self.answers["POST /createDocument"] = [self.made(signingLinks=links)]
        snapshot = await provider.send(self.request())
        assert [signer.email for signer in snapshot.signers] == [FIRST, SECOND]
        assert (snapshot.id, snapshot.ref, snapshot.status) == (SESSION, REF, Status.SENT)
        details = {**payload("session-pending"), "signers": [{"index": 1, "email": "person09@example.com"}]}
        self.answers[f"GET /esign/sessions/{SESSION}"] = [httpx.Response(200, json=details)]
        assert (await provider.send(self.request())).status is Status.FAILED

    @pytest.mark.parametrize("end", [httpx.Response(404), httpx.Response(500), httpx.Response(200, json={})])
    async def test_a_session_that_cannot_be_looked_at_is_not_lost(
        self, provider: DocsAutomator, end: httpx.Response
    ) -> None:
        self.answers["POST /createDocument"] = [self.made(signingLinks=[])]
        self.answers[f"GET /esign/sessions/{SESSION}"] = [end]
        snapshot = await provider.send(self.request())
        assert (snapshot.id, snapshot.signers) == (SESSION, ())

    async def test_signing_pages_are_known_and_never_shown(self, provider: DocsAutomator) -> None:
        for signers in ((await provider.send(self.request())).signers, await provider.sign_links(SESSION)):
            assert signers[0].id == "1"
            assert signers[0].sign_url == "https://app.docsautomator.co/sign/a1b2c3d4e5f6g7h8"
            assert "/sign/" not in repr(signers)

    @pytest.mark.parametrize("name", ["signingUrl", "signingLink", "url"])
    async def test_a_link_is_found_under_each_of_its_names(self, provider: DocsAutomator, name: str) -> None:
        links = [{"signerIndex": 1, "email": FIRST, name: "https://app.example/1"}, self.link(SECOND, 2)]
        self.answers["POST /createDocument"] = [self.made(signingLinks=links)]
        assert (await provider.send(self.request())).signers[0].sign_url == "https://app.example/1"

    # -- what it says --------------------------------------------------------------------------------------------

    def details(self, name: str, **more: Any) -> None:
        self.answers[f"GET /esign/sessions/{SESSION}"] = [httpx.Response(200, json={**payload(name), **more})]

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("session-pending", Status.SENT),
            ("session-opened", Status.SENT),
            ("session-in-progress", Status.IN_PROGRESS),
            ("session-completed", Status.COMPLETED),
            ("session-declined", Status.DECLINED),
            ("session-expired", Status.EXPIRED),
            ("session-cancelled", Status.CANCELED),
        ],
    )
    async def test_the_documented_states_are_understood(
        self, provider: DocsAutomator, name: str, status: Status
    ) -> None:
        self.details(name)
        snapshot = await provider.get(SESSION)
        assert (snapshot.status, snapshot.ref) == (status, REF)

    async def test_a_session_says_how_each_signer_stands_and_since_when(self, provider: DocsAutomator) -> None:
        self.details("session-in-progress")
        first, second = (await provider.get(SESSION)).signers
        assert first.status is SignerStatus.SIGNED
        assert second.status is SignerStatus.INVITED
        assert (first.id, first.email, first.name) == ("1", FIRST, "Signer One")
        assert first.invited_at == at("2026-04-20T10:00:00")
        assert first.viewed_at == at("2026-04-22T13:55:04")
        assert first.signed_at == at("2026-04-22T14:02:11")
        self.details("session-opened")
        opened = await provider.get(SESSION)
        assert [one.status for one in opened.signers] == [SignerStatus.VIEWED, SignerStatus.WAITING]

    async def test_a_decline_comes_with_its_reason_and_its_signer(self, provider: DocsAutomator) -> None:
        self.details("session-declined")
        snapshot = await provider.get(SESSION)
        assert snapshot.reason == "Terms need to be revised"
        assert snapshot.signers[1].status is SignerStatus.DECLINED
        assert snapshot.signers[1].declined_at == at("2026-04-22T14:10:00")
        assert "revised" not in repr(snapshot)
        self.details("session-declined", declineReason=None)
        assert (await provider.get(SESSION)).reason == "Terms need to be revised"

    async def test_completion_comes_with_its_time_and_the_document(self, provider: DocsAutomator) -> None:
        self.details("session-completed")
        snapshot = await provider.get(SESSION)
        assert snapshot.completed_at == at("2026-04-22T14:02:45")
        assert snapshot.document_url == "https://files.docsautomator.co/f/signed-1"

    async def test_keys_and_whereabouts_of_signers_are_not_kept(self, provider: DocsAutomator) -> None:
        self.details("session-completed", webhookParams={"ref": REF, "nested": [{"ipAddress": "203.0.113.42"}]})
        snapshot = await provider.get(SESSION)
        kept = json.dumps(snapshot.raw)
        assert not [secret for secret in ("made-up-token", "203.0.113.42", "New York", "New_York") if secret in kept]
        assert snapshot.raw["signers"][0]["signingDurationSeconds"] == 427

    async def test_the_older_name_of_the_mark_is_read_as_well(self, provider: DocsAutomator) -> None:
        self.details("session-pending", webhookParams=None, additionalParams={"ref": "E1"})
        assert (await provider.get(SESSION)).ref == "E1"

    async def test_a_new_state_is_unknown_and_no_error(self, provider: DocsAutomator) -> None:
        self.answer = httpx.Response(200, json={"id": 77, "status": "archived", "signers": {}, "webhookParams": "?"})
        snapshot = await provider.get("77")
        assert (snapshot.id, snapshot.status, snapshot.signers, snapshot.ref) == ("77", Status.UNKNOWN, (), None)

    async def test_an_answer_without_what_was_asked_for_is_no_answer(self, provider: DocsAutomator) -> None:
        for answer in ({}, [], None, 7, {"sessions": {}, "automations": {}, "signers": 1, "events": "", "id": None}):
            self.answer = httpx.Response(200, content=json.dumps(answer).encode())
            for call in (
                provider.get(SESSION),
                provider.find({REF}),
                provider.sessions(),
                provider.links(SESSION),
                provider.audit(SESSION),
                provider.job("j1"),
                provider.automations(),
                provider.automation("t1"),
                provider.placeholders("t1"),
            ):
                with pytest.raises(TransientError):
                    await call

    # -- looking for our marks -----------------------------------------------------------------------------------

    def row(self, number: int, ref: str | None = None, **more: Any) -> dict[str, Any]:
        created = datetime.fromtimestamp(1_800_000_000 - number, UTC).isoformat()
        row = {
            "id": f"s{number}",
            "status": "pending",
            "createdAt": created,
            "webhookParams": {"ref": ref or f"E{number}"},
        }
        return {**row, **more}

    def pages(self, rows: list[Any], *, size: int = LIMIT, **pagination: Any) -> None:
        """Have these sessions listed, page by page."""

        def listed(request: httpx.Request) -> httpx.Response:
            page = int(request.url.params["page"])
            told = {"page": page, "limit": size, "total": len(rows), "pages": -(-len(rows) // size), **pagination}
            return httpx.Response(200, json={"sessions": rows[(page - 1) * size : page * size], "pagination": told})

        wire = self.wire
        self.wire = lambda request: (  # type: ignore[method-assign]
            listed(request) if request.url.path == "/api/esign/sessions" else wire(request)
        )

    async def test_the_list_is_read_page_by_page_to_its_end(self, provider: DocsAutomator) -> None:
        rows = [{"id": f"s{number}", "status": "completed"} for number in range(2 * LIMIT + 1)]
        self.pages(rows)
        first = await provider.recent()
        assert first.next is not None and len(first.requests) == LIMIT
        second = await provider.recent(first.next)
        assert second.next is not None
        last = await provider.recent(second.next)
        assert ([one.id for one in last.requests], last.next) == ([rows[-1]["id"]], None)
        assert last.requests[0].status is Status.COMPLETED

    async def test_all_sessions_are_asked_for_whatever_their_state(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        lookup = await provider.find({REF})
        assert dict(server.requests[0].url.params) == {"page": "1", "limit": "100"}
        assert len(server.requests) == 1
        assert (lookup.complete, lookup.found[REF].id, len(lookup.ids)) == (True, SESSION, 2)

    async def test_a_list_is_read_to_its_end(self, provider: DocsAutomator, server: Server) -> None:
        self.pages([self.row(number) for number in range(250)])
        lookup = await provider.find({"E7", "E249", "E250"})
        assert {ref: one.id for ref, one in lookup.found.items()} == {"E7": "s7", "E249": "s249"}
        assert (lookup.complete, len(lookup.ids), len(server.requests)) == (True, 250, 3)

    async def test_a_list_that_goes_on_is_a_window_if_it_begins_with_the_newest(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        self.pages([self.row(number) for number in range(1500)])
        lookup = await provider.find({"E7", "E1400"})
        assert (lookup.found.keys(), lookup.complete, len(lookup.ids)) == ({"E7"}, False, PAGES * LIMIT)
        assert len(server.requests) == PAGES

    async def test_a_list_that_begins_with_the_oldest_proves_nobodys_absence(self, provider: DocsAutomator) -> None:
        self.pages([self.row(number) for number in reversed(range(1500))])
        lookup = await provider.find({"E7", "E1400"})
        assert (lookup.found.keys(), lookup.complete, lookup.ids) == ({"E1400"}, False, frozenset())

    async def test_an_old_list_read_to_its_end_is_whole_whatever_its_order(self, provider: DocsAutomator) -> None:
        self.pages([self.row(number) for number in reversed(range(150))])
        lookup = await provider.find({"E7"})
        assert (lookup.complete, len(lookup.ids)) == (True, 150)

    async def test_a_long_list_without_times_proves_nothing(self, provider: DocsAutomator) -> None:
        self.pages([self.row(number, createdAt=None) for number in range(1500)])
        assert (await provider.find({"E1400"})).ids == frozenset()

    async def test_pages_that_do_not_hold_what_the_list_counts_are_not_all(self, provider: DocsAutomator) -> None:
        self.pages([self.row(number) for number in range(50)], total=51)
        assert not (await provider.find({REF})).complete
        self.pages([self.row(number) for number in range(50)], total=None)
        assert not (await provider.find({REF})).complete

    async def test_a_list_that_does_not_say_how_long_it_is_ends_with_an_empty_page(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        self.pages([self.row(number) for number in range(150)], pages=None, total=None)
        lookup = await provider.find({"E149"})
        assert (lookup.found["E149"].id, lookup.complete, len(server.requests)) == ("s149", False, 3)

    async def test_the_list_as_first_documented_shows_no_marks_and_proves_nothing(
        self, provider: DocsAutomator
    ) -> None:
        self.answers["GET /esign/sessions"] = [httpx.Response(200, json=payload("sessions-documented"))]
        lookup = await provider.find({REF})
        assert (lookup.found, lookup.ids, lookup.complete) == ({}, frozenset(), False)

    @pytest.mark.parametrize(
        "strange",
        [{"id": "s2", "status": "pending"}, {"webhookParams": {}}, {"id": "s2", "webhookParams": "?"}, "?", None],
    )
    async def test_one_session_that_cannot_be_read_may_be_the_one_so_nobody_is_absent(
        self, provider: DocsAutomator, strange: Any
    ) -> None:
        self.pages([self.row(1, REF), strange])
        lookup = await provider.find({REF, "E9"})
        assert (lookup.found[REF].id, lookup.ids, lookup.complete) == ("s1", frozenset(), False)

    @pytest.mark.parametrize("none", [{"webhookParams": None}, {"webhookParams": {}}, {"additionalParams": {"a": "b"}}])
    async def test_a_session_of_somebody_elses_making_is_readable_without_our_mark(
        self, provider: DocsAutomator, none: dict[str, Any]
    ) -> None:
        other = {"id": "s2", "status": "pending", **none}
        self.pages([self.row(1, REF), other])
        lookup = await provider.find({REF})
        assert (lookup.complete, lookup.ids) == (True, {"s1", "s2"})

    async def test_a_mark_on_two_sessions_is_told_with_both(self, provider: DocsAutomator) -> None:
        self.pages([self.row(number, REF) for number in (1, 2, 3)])
        lookup = await provider.find({REF})
        assert lookup.found[REF].id == "s1"
        assert [one.id for one in lookup.also[REF]] == ["s2", "s3"]

    async def test_a_session_that_moved_to_the_next_page_meanwhile_is_one_session(
        self, provider: DocsAutomator
    ) -> None:
        rows = [self.row(number) for number in range(LIMIT)]
        self.pages([*rows, rows[-1]], total=LIMIT)
        lookup = await provider.find({"E99"})
        assert (lookup.also, len(lookup.ids), lookup.complete) == ({}, LIMIT, True)

    # -- what only this provider has -----------------------------------------------------------------------------

    async def test_sessions_are_listed_in_our_words(self, provider: DocsAutomator, server: Server) -> None:
        self.answers["GET /esign/sessions"] = [httpx.Response(200, json=payload("sessions-documented"))]
        page = await provider.sessions(Status.CANCELED, email="PERSON01", page=2, limit=50)
        assert dict(server.requests[0].url.params) == {
            "status": "cancelled",
            "email": "PERSON01",
            "page": "2",
            "limit": "50",
        }
        assert (page.page, page.pages, page.total, page.rows) == (1, 3, 47, 1)
        (session,) = page.sessions
        assert (session.document_name, session.in_order) == ("Agreement 1", True)
        assert session.created_at == at("2026-04-20T10:00:00")
        assert session.expires_at == at("2026-05-20T10:00:00")
        assert (session.snapshot.status, session.snapshot.completed_at) == (Status.IN_PROGRESS, None)
        assert [one.status for one in session.snapshot.signers] == [SignerStatus.SIGNED, SignerStatus.INVITED]

    async def test_a_status_there_is_no_word_for_is_refused_before_the_call(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        with pytest.raises(Unsupported):
            await provider.sessions(Status.DRAFT)
        assert server.connections == 0

    @pytest.mark.parametrize(
        ("word", "delivery"),
        [("email", Delivery.EMAIL), ("manual", Delivery.BY_HAND), ("link", Delivery.BY_HAND), ("dove", None)],
    )
    async def test_links_come_with_until_when_they_open(
        self, provider: DocsAutomator, word: str, delivery: Delivery | None
    ) -> None:
        answer = {**payload("links"), "deliveryMethod": word}
        self.answers[f"GET /esign/sessions/{SESSION}/links"] = [httpx.Response(200, json=answer)]
        links = await provider.links(SESSION)
        assert (links.session_id, links.status, links.document_name) == (SESSION, Status.SENT, "Agreement 1")
        assert links.delivery is delivery
        assert links.links[0].expires_at == at("2026-05-20T10:00:00")
        assert links.links[0].signer.status is SignerStatus.WAITING

    async def test_the_audit_trail_is_read_in_our_words(self, provider: DocsAutomator) -> None:
        audit = await provider.audit(SESSION)
        created, signed = audit.events
        assert (audit.session_id, audit.reconstructed) == (SESSION, False)
        assert (created.type, created.actor, created.signer_id) == (EventType.CREATED, Actor.SYSTEM, None)
        assert created.occurred_at == at("2026-04-20T10:00:00")
        assert created.metadata["signerCount"] == 2
        assert (signed.type, signed.name, signed.field_kind) == (EventType.UNKNOWN, "field_signed", FieldKind.SIGNATURE)
        assert (signed.actor, signed.signer_id, signed.actor_email) == (Actor.SIGNER, "1", FIRST)
        assert (signed.ip_address, signed.time_zone) == ("203.0.113.42", "America/New_York")
        assert "203.0.113.42" not in repr(audit) and "Mozilla" not in repr(audit)

    def test_every_documented_line_of_the_audit_trail_has_its_word(self) -> None:
        words = {
            "session_created": EventType.CREATED,
            "invite_sent": EventType.INVITED,
            "invite_resent": EventType.REMINDED,
            "link_opened": EventType.VIEWED,
            "document_viewed": EventType.VIEWED,
            "consent_given": EventType.UNKNOWN,
            "field_signed": EventType.UNKNOWN,
            "field_cleared": EventType.UNKNOWN,
            "signer_completed": EventType.SIGNED,
            "signer_declined": EventType.DECLINED,
            "session_completed": EventType.COMPLETED,
            "session_cancelled": EventType.CANCELED,
            "session_expired": EventType.EXPIRED,
            "session_voided": EventType.CANCELED,
            "reminder_sent": EventType.REMINDED,
        }
        assert {name: audit_event_of({"eventType": name}).type for name in words} == words

    async def test_a_job_is_read_whole(self, provider: DocsAutomator) -> None:
        job = await provider.job("job_abc123")
        assert (job.id, job.status, job.progress, job.attempts) == ("job_abc123", JobStatus.COMPLETED, 100, 1)
        assert job.created_at == at("2026-04-20T09:59:50")
        assert job.finished_at == at("2026-04-20T10:00:00")
        assert job.generated is not None
        assert (job.generated.session_id, job.generated.delivery) == (SESSION, Delivery.EMAIL)
        assert "unsigned-1" not in repr(job)

    async def test_a_failed_job_is_an_answer_and_no_error(self, provider: DocsAutomator) -> None:
        self.jobs(httpx.Response(200, json=payload("job-failed")))
        job = await provider.job("job_abc123")
        assert (job.status, job.attempts, job.generated) == (JobStatus.FAILED, 3, None)
        assert job.reason == "No Google Docs template set for the given document id."

    def test_times_of_a_job_may_be_counted_in_milliseconds(self) -> None:
        job = job_of({"status": "active", "processedOn": 1_776_679_192_000, "finishedOn": None})
        assert job is not None
        assert (job.started_at, job.finished_at) == (at("2026-04-20T09:59:52"), None)

    async def test_the_queue_says_how_busy_it_is(self, provider: DocsAutomator) -> None:
        queue = await provider.queue()
        assert queue.model_dump() == {"waiting": 3, "active": 5, "completed": 1204, "failed": 7, "delayed": 0}

    async def test_automations_are_listed_with_what_matters_for_signing(self, provider: DocsAutomator) -> None:
        first, second = await provider.automations()
        assert (first.id, first.title, first.source, first.active, first.locale) == (
            "t1",
            "Agreement",
            "API",
            True,
            "en-us",
        )
        assert first.created_at == at("2026-01-15T08:30:00")
        assert (second.id, second.source, second.active, second.created_at) == ("t2", "Airtable", False, None)

    async def test_one_automation_and_its_placeholders_are_asked_for_by_its_id(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        assert (await provider.automation("t1")).title == "Agreement"
        placeholders = await provider.placeholders("t1")
        assert placeholders.main == ("customer_name", "signer_1_name", "signer_1_email")
        assert placeholders.line_items == {"line_items_1": ("description", "quantity", "rate", "amount")}
        assert [request.url.query for request in server.requests] == [b"docId=t1", b"automationId=t1"]

    # -- the signed document -------------------------------------------------------------------------------------

    async def test_a_link_from_a_webhook_asks_the_provider_nothing(
        self, provider: DocsAutomator, server: Server
    ) -> None:
        assert await provider.download(SESSION, f"{server.url}/files/signed-1") == PDF
        assert [request.url.path for request in server.requests] == ["/files/signed-1"]

    async def test_there_is_no_document_before_all_have_signed(self, provider: DocsAutomator) -> None:
        for name in ("session-in-progress", "session-declined"):
            self.details(name, signedPdfUrl="https://files.docsautomator.co/f/half-signed")
            assert (await provider.get(SESSION)).document_url is None
            with pytest.raises(TransientError):
                await provider.download(SESSION)

    # -- webhooks ------------------------------------------------------------------------------------------------

    def parse(self, kind: str) -> Any:
        return DocsAutomator.parse(self.delivery(kind)[1])

    def test_a_delivery_brings_back_its_requests_proof_and_does_not_show_it(self) -> None:
        for kind in self.events:
            event = self.parse(kind)
            assert (event.provider_id, event.proof) == (SESSION, "kid00000.made-up-proof"), kind
            assert "made-up-proof" not in repr(event), kind

    def test_a_signers_event_names_the_signer_and_the_time(self) -> None:
        signed, declined = self.parse("esign.signer_signed"), self.parse("esign.session_declined")
        assert (signed.signer_id, signed.signer_email) == ("1", FIRST)
        assert (declined.signer_id, declined.signer_email) == ("2", SECOND)
        assert signed.occurred_at == at("2026-04-22T14:02:11")
        assert declined.occurred_at == at("2026-04-22T14:10:00")
        assert declined.reason == "Terms need to be revised"

    def test_the_last_signature_is_not_yet_completion(self) -> None:
        _, body = self.delivery("esign.signer_signed")
        last = json.loads(body) | {"progress": {"completed": 2, "total": 2, "allSigned": True}}
        event = DocsAutomator.parse(json.dumps(last).encode())
        assert (event.type, event.document_url) == (EventType.SIGNED, None)

    def test_completion_brings_the_document_and_how_all_stand(self) -> None:
        event = self.parse("completed")
        assert event.name == COMPLETION
        assert event.document_url == "https://files.docsautomator.co/f/signed-1"
        assert event.occurred_at == at("2026-04-22T14:02:45")
        assert [(one.email, one.status) for one in event.signers] == [
            (FIRST, SignerStatus.SIGNED),
            (SECOND, SignerStatus.SIGNED),
        ]
        assert event.signers[1].signed_at == at("2026-04-22T14:02:40")

    def test_a_document_that_was_only_made_is_not_completed(self) -> None:
        event = self.parse("generated")
        assert (event.type, event.name, event.ref) == (EventType.UNKNOWN, OTHER, REF)
        assert event.document_url is None

    @pytest.mark.parametrize("missing", ["sessionId", "signedPdfUrl"])
    def test_completion_needs_a_session_and_a_signed_document(self, missing: str) -> None:
        delivery = payload("webhook-completed") | {"pdfUrl": "https://files.docsautomator.co/f/unsigned-1"}
        for gone in ({key: value for key, value in delivery.items() if key != missing}, {**delivery, missing: ""}):
            event = DocsAutomator.parse(json.dumps(gone).encode())
            assert (event.type, event.document_url) == (EventType.UNKNOWN, None)

    def test_an_event_that_calls_itself_by_our_name_for_completion_is_not_it(self) -> None:
        event = DocsAutomator.parse(json.dumps({"event": COMPLETION, "sessionId": "s1"}).encode())
        assert event.type is EventType.UNKNOWN

    def test_links_to_deliver_by_hand_come_with_the_session(self) -> None:
        event = self.parse("esign.session_created")
        assert [one.email for one in event.signers] == [FIRST, SECOND]
        assert event.signers[0].sign_url == "https://app.docsautomator.co/sign/a1b2c3d4e5f6g7h8"
        assert "/sign/" not in repr(event)

    def test_expiry_says_who_had_not_signed(self) -> None:
        event = self.parse("esign.session_expired")
        (pending,) = event.signers
        assert (pending.id, pending.email, pending.status) == ("2", SECOND, SignerStatus.INVITED)
        assert event.occurred_at == at("2026-05-20T10:00:12")

    def test_a_new_event_is_unknown_and_no_error(self) -> None:
        event = DocsAutomator.parse(b'{"event": "esign.signer_blinked", "sessionId": "s1"}')
        assert (event.type, event.name, event.provider_id) == (EventType.UNKNOWN, "esign.signer_blinked", "s1")
        assert DocsAutomator.parse(b'{"event": "document.deleted"}').type is EventType.UNKNOWN

    def test_a_mark_alone_says_what_an_event_is_about(self) -> None:
        event = DocsAutomator.parse(b'{"event": "esign.session_expired", "webhookParams": {"ref": "E1"}}')
        assert (event.type, event.provider_id, event.ref) == (EventType.EXPIRED, None, "E1")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"null",
            b"{}",
            b'{"status": "completed"}',
            b'{"status": "completed", "signedPdfUrl": "https://x.example/"}',
            b'{"event": "esign.signer_signed", "signer": {}}',
        ],
    )
    def test_what_cannot_be_understood_is_refused_with_a_sentence(self, body: bytes) -> None:
        with pytest.raises(ValueError, match=r"\.$"):
            DocsAutomator.parse(body)

    def test_two_signers_at_the_same_moment_are_two_deliveries(self) -> None:
        _, body = self.delivery("esign.signer_signed")
        other = body.replace(b'"signerIndex": 1', b'"signerIndex": 2')
        identity = DocsAutomator.delivery_id({}, body)
        assert identity.startswith(f"esign.signer_signed:{SESSION}:1:")
        assert identity != DocsAutomator.delivery_id({}, other)

    def test_a_forged_delivery_does_not_stand_in_the_way_of_the_genuine_one(self) -> None:
        _, body = self.delivery("(completed)")
        assert DocsAutomator.delivery_id({}, body) != DocsAutomator.delivery_id({}, body.replace(b"proof", b"guess"))

    @given(
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                (
                    "sessionId",
                    "signedPdfUrl",
                    "pdfUrl",
                    "signer",
                    "declinedBy",
                    "signers",
                    "signingLinks",
                    "pendingSigners",
                    "webhookParams",
                    "additionalParams",
                    "completedAt",
                    "reason",
                ),
                json_values,
            )
            | {
                "event": st.sampled_from([*DocsAutomator.events, "?"]) | json_values,
                "sessionId": st.just("s1") | json_values,
                "signers": st.lists(
                    st.dictionaries(st.sampled_from(["email", "signerIndex", "status", "signedAt"]), json_values)
                ),
            },
        )
    )
    def test_no_json_of_nearly_the_right_shape_makes_parse_raise_anything_but_value_errors(self, value: Any) -> None:
        self.parse_or_refuse(json.dumps(value).encode())

    @given(
        st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "_id",
                    "jobId",
                    "status",
                    "signers",
                    "result",
                    "error",
                    "progress",
                    "processedOn",
                    "signingSessionId",
                    "signingLinks",
                    "signingOrder",
                    "webhookParams",
                    "declineReason",
                    "completedAt",
                    "eventType",
                    "actorType",
                    "fieldType",
                    "timestamp",
                    "metadata",
                    "isActive",
                    "dataSource",
                ]
            ),
            json_values | st.sampled_from(["completed", "failed", "2026-04-20T10:00:00.000Z", 10**30]),
        )
    )
    def test_no_answer_of_nearly_the_right_shape_makes_a_reader_raise(self, value: Any) -> None:
        for read in (generated_of, job_of, session_of, audit_event_of, automation_of):
            read(value)


def test_the_key_is_never_shown_and_the_account_is_a_trial_unless_told_otherwise() -> None:
    settings = DocsAutomatorSettings.model_validate({"api_key": KEY})
    assert KEY not in f"{settings!r}{settings!s}{settings.model_dump_json()}"
    assert (settings.base_url, settings.mode) == ("https://api.docsautomator.co", "test")
    assert settings.timeout_seconds == 120

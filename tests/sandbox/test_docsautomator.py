"""The DocsAutomator dialect: what it accepts, what it answers, and what its webhooks tell."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pypdf import PdfReader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.docsautomator import DocsAutomator
from sandbox.esignatures import ESignatures
from sandbox.server import listen
from tests.sandbox.files import pdf
from tests.sandbox.running import TOKEN, Customer, Person, running, serving, until

pytestmark = pytest.mark.providers

BASE = "/docsautomator"
NDA, POLICY = "665f1c0de5a8d0c5a0000001", "665f1c0de5a8d0c5a0000002"
ONE, TWO = "person01@example.com", "person02@example.com"
ID = re.compile(r"[0-9a-f]{24}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DATA: dict[str, Any] = {
    "company": "Example Company 02",
    "signer_name": "Signer One",
    "signer_title": "Director",
    "signer_email": ONE,
    "our_company": "Example Company 01",
    "our_name": "Signer Two",
    "our_email": TWO,
    "purpose": "a *joint* offer",
    "years": 3,
    "signer_1_name": "Signer One",
    "signer_1_email": ONE,
    "signer_2_name": "Signer Two",
    "signer_2_email": TWO,
}
EMPLOYEE: dict[str, Any] = {
    "employee_id": "E-1",
    "name": "Signer One",
    "email": ONE,
    "department": "Sales",
    "manager": "Signer Two",
    "signer_1_name": "Signer One",
    "signer_1_email": ONE,
}
FILLED = {"field[date_1]": "2026-11-21", "field[text_1_place]": "Example Town", "field[checkbox_1_acknowledged]": "1"}


@dataclass
class Ears:
    """Hears the webhooks; `answers` are the next status codes, 200 after that."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    hear: Callable[[dict[str, Any]], object] = lambda body: None

    async def take(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.calls.append(body)
        self.headers.append(dict(request.headers))
        self.hear(body)
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    def kinds(self) -> list[str]:
        """What came, in order: the event, or which of the two without one it is."""
        return [one.get("event", "signed PDF" if "signedPdfUrl" in one else "generated PDF") for one in self.calls]

    async def wait_for(self, kind: str) -> dict[str, Any]:
        await until(lambda: kind in self.kinds())
        return self.calls[self.kinds().index(kind)]


@dataclass
class Client:
    """Somebody who calls it with the key."""

    http: httpx.AsyncClient
    customer: Customer
    person: Person
    ears: Ears

    async def try_to_create(self, automation: str = NDA, **more: Any) -> httpx.Response:
        data = DATA if automation == NDA else EMPLOYEE
        return await self.http.post("/createDocument", json={"docId": automation, "data": data} | more)

    async def create(self, automation: str = NDA, **more: Any) -> dict[str, Any]:
        answer = await self.try_to_create(automation, **more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def session(self, session_id: str) -> dict[str, Any]:
        return await self.got(f"/esign/sessions/{session_id}")

    async def got(self, path: str) -> dict[str, Any]:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def set_up(self, automation: str, **esignature: Any) -> None:
        answer = await self.http.put("/updateAutomation", params={"docId": automation}, json={"esignature": esignature})
        assert answer.status_code == 200, answer.text

    async def sign(self, link: dict[str, Any]) -> None:
        given = FILLED | {"field[date_2]": "2026-11-21", "signature_text": link["name"]}
        answer = await self.person.sign(link["signingUrl"], **given)
        assert answer.status_code == 303, answer.text

    async def finished(self, session_id: str, status: str = "completed") -> dict[str, Any]:
        async def there() -> bool:
            return bool((await self.session(session_id))["status"] == status)

        await until(there)
        return await self.session(session_id)

    async def job(self, job_id: str) -> dict[str, Any]:
        async def over() -> bool:
            return (await self.got(f"/job/{job_id}"))["status"] in ("completed", "failed")

        await until(over)
        return await self.got(f"/job/{job_id}")


class Slow(DocsAutomator):
    """Whose jobs stay long enough where they are to be seen there."""

    job_pace_seconds = 1.0


@asynccontextmanager
async def listening() -> AsyncIterator[Ears]:
    ears, taken = Ears(), listen("127.0.0.1", 0)
    ears.url = f"http://127.0.0.1:{taken.getsockname()[1]}/webhook/esign"
    async with serving(Starlette(routes=[Route("/webhook/esign", ears.take, methods=["POST"])]), taken):
        yield ears


@asynccontextmanager
async def calling(home: Path, dialect: type[DocsAutomator] = DocsAutomator, **options: Any) -> AsyncIterator[Client]:
    async with (
        listening() as ears,
        running(home, dialects=(ESignatures, dialect), webhook_url=ears.url, **options) as customer,
        httpx.AsyncClient(
            base_url=f"{customer.url}{BASE}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=100,
        ) as http,
    ):
        person = Person(customer.url)
        async with person.browser:
            yield Client(http, customer, person, ears)


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with calling(tmp_path / "home") as one:
        yield one


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


async def test_a_session_lives_from_the_request_to_the_signed_pdf_and_tells_it_in_order(client: Client) -> None:
    made = await client.create(documentName="NDA 771", webhookParams={"orderId": "ORD-1"})
    assert list(made) == [
        "message",
        "pdfUrl",
        "documentName",
        "signingSessionId",
        "signingStatus",
        "signingDeliveryMethod",
        "signingLinks",
    ]
    shown = (made["message"], made["documentName"], made["signingStatus"], made["signingDeliveryMethod"])
    assert shown == ("success", "NDA 771", "created", "email")
    session_id, (first, second) = made["signingSessionId"], made["signingLinks"]
    assert ID.fullmatch(session_id)
    assert first == {
        "signerIndex": 1,
        "email": ONE,
        "name": "Signer One",
        "signingUrl": first["signingUrl"],
        "status": "invited",
    }
    assert second["status"] == "pending"
    original = (await client.person.browser.get(made["pdfUrl"])).content
    assert "Between Example Company 01 and Example Company 02, for talks about a *joint* offer." in text_of(original)
    assert "esign." not in text_of(original)

    assert (await client.session(session_id))["status"] == "pending"
    await client.person.open(first["signingUrl"])
    opened = await client.session(session_id)
    assert (opened["status"], opened["signers"][0]["status"], opened["currentSignerIndex"]) == (
        "in_progress",
        "opened",
        1,
    )
    assert not await client.person.may_sign(second["signingUrl"])
    await client.sign(first)
    half = await client.session(session_id)
    assert [one["status"] for one in half["signers"]] == ["signed", "invited"]
    assert (half["currentSignerIndex"], half["signedPdfUrl"], half["signedDocumentHash"]) == (2, None, None)
    await client.sign(second)
    done = await client.ears.wait_for("signed PDF")
    assert client.ears.kinds() == [
        "generated PDF",
        "esign.signer_signed",
        "esign.signer_signed",
        "signed PDF",
    ]
    generated, one, two, _ = client.ears.calls
    echoed = {"webhookParams": {"orderId": "ORD-1"}, "additionalParams": {"orderId": "ORD-1"}}
    about = {"sessionId": session_id, "documentName": "NDA 771"}
    assert generated == {"pdfUrl": generated["pdfUrl"], "documentName": "NDA 771", "status": "completed"} | echoed
    assert one == {"event": "esign.signer_signed", "status": "in_progress", "sourceData": DATA} | about | echoed | {
        "signer": {
            "email": ONE,
            "name": "Signer One",
            "signerIndex": 1,
            "role": "counterparty",
            "signedAt": half["signers"][0]["signedAt"],
        },
        "progress": {"completed": 1, "total": 2, "allSigned": False},
    }
    assert (two["status"], two["progress"]) == ("in_progress", {"completed": 2, "total": 2, "allSigned": True})
    assert done == {"status": "completed", "sourceData": DATA} | about | echoed | {
        "signedPdfUrl": done["signedPdfUrl"],
        "completedAt": done["completedAt"],
        "signers": [
            {"email": email, "name": name, "signedAt": at["signedAt"]}
            for (email, name), at in zip([(ONE, "Signer One"), (TWO, "Signer Two")], done["signers"], strict=True)
        ],
        "fieldValues": {
            "date_1": {"type": "date", "value": "2026-11-21"},
            "date_2": {"type": "date", "value": "2026-11-21"},
        },
    }
    assert TIME.fullmatch(done["completedAt"])
    assert all(TIME.fullmatch(person["signedAt"]) for person in done["signers"])
    for headers in client.ears.headers:
        assert headers["content-type"] == "application/json"
        assert not [name for name in headers if "signature" in name or "token" in name or name == "authorization"]

    session = await client.session(session_id)
    signed = (await client.person.browser.get(session["signedPdfUrl"])).content
    assert session["originalDocumentHash"] == f"sha256:{hashlib.sha256(original).hexdigest()}"
    assert session["signedDocumentHash"] == f"sha256:{hashlib.sha256(signed).hexdigest()}"
    assert (await client.person.browser.get(done["signedPdfUrl"])).content == signed
    assert "Certificate of completion" in text_of(signed)
    assert session["completedAt"] == done["completedAt"]


async def test_the_details_have_every_documented_key(client: Client) -> None:
    made = await client.create(POLICY, webhookParams={"ref": "row-1"}, isPreview=True)
    before = await client.session(made["signingSessionId"])
    assert {one["value"] for one in before["esignFields"]} == {None}
    await client.sign(made["signingLinks"][0])
    session = await client.finished(made["signingSessionId"])
    assert list(session) == [
        "id",
        "documentName",
        "status",
        "signingOrder",
        "deliveryMethod",
        "currentSignerIndex",
        "originalPdfUrl",
        "signedPdfUrl",
        "originalDocumentHash",
        "signedDocumentHash",
        "esignFields",
        "signers",
        "reminderEnabled",
        "reminderDays",
        "reminderCount",
        "lastReminderSent",
        "expiresAt",
        "completedAt",
        "createdAt",
        "webhookParams",
    ]
    assert (session["signingOrder"], session["webhookParams"]) == ("parallel", {"ref": "row-1"})
    assert (session["reminderEnabled"], session["reminderDays"], session["reminderCount"]) == (False, 3, 0)
    (signer,) = session["signers"]
    values = {one["fieldId"]: one.pop("value") for one in session["esignFields"]}
    assert values.pop("signature_1").startswith("data:image/png;base64,iVBOR")
    assert values == {"checkbox_1_acknowledged": "true", "text_1_place": "Example Town", "date_1": "2026-11-21"}
    assert session["esignFields"][1] == {
        "fieldId": "text_1_place",
        "type": "text",
        "tagName": "{{esign.text_1_place}}",
        "signerIndex": 1,
        "role": "employee",
        "signedAt": signer["signedAt"],
        "signedBy": ONE,
    }
    assert {name: signer[name] for name in ("index", "email", "name", "role", "status", "ipAddress")} == {
        "index": 1,
        "email": ONE,
        "name": "Signer One",
        "role": "employee",
        "status": "signed",
        "ipAddress": "127.0.0.1",
    }
    times = ("invitedAt", "openedAt", "signedAt", "consentGivenAt")
    assert all(TIME.fullmatch(signer[name]) for name in times)
    assert set(signer) - {"index", "email", "name", "role", "status", "ipAddress", *times} == {
        "accessToken",
        "declinedAt",
        "declineReason",
        "timezone",
        "geoLocation",
        "signingDurationSeconds",
    }
    assert made["signingLinks"][0]["signingUrl"].endswith(f"/sign/{signer['accessToken']}")
    assert "DEMO" in text_of((await client.person.browser.get(session["originalPdfUrl"])).content)


async def test_the_audit_trail_tells_everything_in_order_with_every_documented_key(client: Client) -> None:
    made = await client.create(POLICY)
    session_id = made["signingSessionId"]
    await client.http.post(f"/esign/sessions/{session_id}/resend/1")
    await client.sign(made["signingLinks"][0])
    await client.finished(session_id)
    trail = await client.got(f"/esign/sessions/{session_id}/audit")
    assert (trail["sessionId"], trail["reconstructed"]) == (session_id, False)
    assert [(one["eventType"], one["actorType"]) for one in trail["events"]] == [
        ("session_created", "system"),
        ("invite_sent", "system"),
        ("invite_resent", "admin"),
        ("link_opened", "signer"),
        ("document_viewed", "signer"),
        ("consent_given", "signer"),
        *[("field_signed", "signer")] * 4,
        ("signer_completed", "signer"),
        ("session_completed", "system"),
    ]
    created, field_signed = trail["events"][0], trail["events"][6]
    assert created == {
        "id": created["id"],
        "eventType": "session_created",
        "actorType": "system",
        "actorEmail": None,
        "actorSignerIndex": None,
        "fieldId": None,
        "fieldType": None,
        "metadata": {"documentName": "Policy acknowledgement", "signerCount": 1, "signingOrder": "parallel"},
        "ipAddress": None,
        "userAgent": None,
        "timestamp": created["timestamp"],
        "timezone": None,
        "geoLocation": None,
    }
    who = {name: field_signed[name] for name in ("actorEmail", "actorSignerIndex", "fieldId", "fieldType", "ipAddress")}
    assert list(who.values()) == [ONE, 1, "checkbox_1_acknowledged", "checkbox", "127.0.0.1"]
    found = [one["id"] for one in trail["events"]]
    assert len(set(found)) == len(found)
    assert all(ID.fullmatch(one) for one in found)
    times = [one["timestamp"] for one in trail["events"]]
    assert times == sorted(times)


async def test_the_list_filters_and_pages(client: Client) -> None:
    first, second, third = [
        (await client.create(POLICY, data=EMPLOYEE | {"signer_1_email": email}))["signingSessionId"]
        for email in ("Anna@example.com", "ben@example.com", "anna.two@example.com")
    ]
    await client.create(POLICY, skipEsign=True)
    await client.http.post(f"/esign/sessions/{second}/cancel")

    async def found(query: str) -> tuple[list[str], dict[str, int]]:
        answer = await client.got(f"/esign/sessions{query}")
        return [one["id"] for one in answer["sessions"]], answer["pagination"]

    assert await found("") == ([third, second, first], {"page": 1, "limit": 20, "total": 3, "pages": 1})
    assert await found("?page=2&limit=2") == ([first], {"page": 2, "limit": 2, "total": 3, "pages": 2})
    assert (await found("?email=ANNA"))[0] == [third, first]
    assert await found("?email=anna&limit=1&page=2") == ([first], {"page": 2, "limit": 1, "total": 2, "pages": 2})
    assert (await found("?status=pending"))[0] == [third, first]
    assert (await found("?status=cancelled"))[0] == [second]
    for status in ("in_progress", "completed", "expired", "declined"):
        assert (await found(f"?status={status}"))[1]["total"] == 0
    brief = (await client.got("/esign/sessions?limit=1"))["sessions"][0]
    assert brief == {
        "id": third,
        "documentName": "Policy acknowledgement",
        "status": "pending",
        "signingOrder": "parallel",
        "signers": [{"index": 1, "email": "anna.two@example.com", "name": "Signer One", "status": "invited"}],
        "expiresAt": brief["expiresAt"],
        "completedAt": None,
        "createdAt": brief["createdAt"],
        "webhookParams": {},
    }
    for wrong in ("?limit=101", "?limit=0", "?page=0", "?page=x", "?status=sent", "?signer=a"):
        answer = await client.http.get(f"/esign/sessions{wrong}")
        assert (answer.status_code, answer.json()["error"]) == (400, True), wrong


async def test_a_decline_is_told_and_shown_with_its_reason_under_both_of_its_names(client: Client) -> None:
    made = await client.create(webhookParams={"ref": "row-1"})
    session_id, (first, second) = made["signingSessionId"], made["signingLinks"]
    await client.sign(first)
    await client.person.decline(second["signingUrl"], "Terms need to be revised")
    told = await client.ears.wait_for("esign.session_declined")
    who = {"email": TWO, "name": "Signer Two", "signerIndex": 2}
    assert told == {
        "event": "esign.session_declined",
        "sessionId": session_id,
        "documentName": "Mutual non-disclosure agreement",
        "status": "declined",
        "declinedAt": told["declinedAt"],
        "declinedBy": who,
        "reason": "Terms need to be revised",
        "sourceData": DATA,
        "webhookParams": {"ref": "row-1"},
        "additionalParams": {"ref": "row-1"},
    }
    session = await client.session(session_id)
    assert (session["status"], session["declinedBy"], session["declineReason"]) == (
        "declined",
        who,
        "Terms need to be revised",
    )
    assert session["declinedAt"] == session["signers"][1]["declinedAt"] == told["declinedAt"]
    assert session["signers"][1]["declineReason"] == "Terms need to be revised"
    assert [one["id"] for one in (await client.got("/esign/sessions?status=declined"))["sessions"]] == [session_id]
    for verb in ("cancel", "resend/2"):
        assert (await client.http.post(f"/esign/sessions/{session_id}/{verb}")).status_code == 400


async def test_a_cancelled_session_is_closed_at_once_and_told_to_nobody(client: Client) -> None:
    made = await client.create(POLICY)
    path = f"/esign/sessions/{made['signingSessionId']}"
    answer = await client.http.post(f"{path}/cancel", json={"reason": "Sent by mistake"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "message": "Signing session has been cancelled"},
    )
    assert (await client.got(path))["status"] == "cancelled"
    assert not await client.person.may_sign(made["signingLinks"][0]["signingUrl"])
    event = (await client.got(f"{path}/audit"))["events"][-1]
    assert (event["eventType"], event["metadata"]) == ("session_cancelled", {"reason": "Sent by mistake"})
    again = await client.http.post(f"{path}/cancel")
    assert (again.status_code, again.json()["error"]) == (400, True)
    await client.ears.wait_for("generated PDF")
    waiting = [one for one in await client.customer.admin("/webhooks") if one["event"] != "document.generated"]
    assert waiting == []


async def test_a_completed_session_cannot_be_cancelled_and_nobody_who_signed_is_asked_again(client: Client) -> None:
    made = await client.create(POLICY)
    await client.sign(made["signingLinks"][0])
    path = f"/esign/sessions/{made['signingSessionId']}"
    await client.finished(made["signingSessionId"])
    for verb in ("cancel", "resend/1"):
        answer = await client.http.post(f"{path}/{verb}")
        assert (answer.status_code, set(answer.json())) == (400, {"error", "message"})


async def test_resending_repeats_the_invitation_of_whoever_has_their_turn(client: Client) -> None:
    made = await client.create()
    path = f"/esign/sessions/{made['signingSessionId']}"
    answer = await client.http.post(f"{path}/resend/1")
    assert (answer.status_code, answer.json()) == (200, {"success": True, "message": f"Invitation resent to {ONE}"})
    assert len(await client.person.mails()) == 2
    assert (await client.got(path))["reminderCount"] == 0
    assert (await client.http.post(f"{path}/resend/2")).status_code == 400
    assert (await client.http.post(f"{path}/resend/0")).status_code == 400
    assert (await client.http.post(f"{path}/resend/x")).status_code == 400
    assert (await client.http.post(f"{path}/resend/3")).status_code == 404
    assert len(await client.person.mails()) == 2


async def test_links_delivered_by_hand_are_told_and_shown_but_sent_to_nobody(client: Client) -> None:
    await client.set_up(NDA, deliveryMethod="manual", signingOrder="parallel")
    made = await client.create(webhookParams={"ref": "row-1"})
    told = await client.ears.wait_for("esign.session_created")
    assert client.ears.kinds() == ["generated PDF", "esign.session_created"]
    shown = await client.got(f"/esign/sessions/{made['signingSessionId']}/links")
    assert shown == {
        "success": True,
        "sessionId": made["signingSessionId"],
        "documentName": "Mutual non-disclosure agreement",
        "deliveryMethod": "manual",
        "status": "pending",
        "signers": told["signingLinks"],
    }
    first, second = shown["signers"]
    assert first == {
        "signerIndex": 1,
        "email": ONE,
        "name": "Signer One",
        "signingLink": made["signingLinks"][0]["signingUrl"],
        "expiresAt": (await client.session(made["signingSessionId"]))["expiresAt"],
        "status": "pending",
    }
    assert told["webhookParams"] == told["additionalParams"] == {"ref": "row-1"}
    assert made["signingDeliveryMethod"] == "manual"
    assert await client.person.mails() == []
    assert await client.person.may_sign(second["signingLink"])
    resent = await client.http.post(f"/esign/sessions/{made['signingSessionId']}/resend/1")
    assert resent.status_code == 400
    untouched = (await client.session(made["signingSessionId"]))["signers"][0]
    assert (untouched["status"], untouched["invitedAt"]) == ("pending", None)


async def test_a_session_expires_and_says_who_was_still_awaited(tmp_path: Path) -> None:
    async with calling(tmp_path / "home", clock_factor=24 * 3600 / 8) as client:  # A day lasts eight seconds.
        await client.set_up(NDA, expirationDays=1)
        made = await client.create()
        session_id = made["signingSessionId"]
        await client.sign(made["signingLinks"][0])
        told = await client.ears.wait_for("esign.session_expired")
        assert told == {
            "event": "esign.session_expired",
            "sessionId": session_id,
            "documentName": "Mutual non-disclosure agreement",
            "status": "expired",
            "expiredAt": told["expiredAt"],
            "expiresAt": made_at(await client.session(session_id)),
            "pendingSigners": [{"email": TWO, "name": "Signer Two", "signerIndex": 2, "status": "invited"}],
            "sourceData": DATA,
            "webhookParams": {},
            "additionalParams": {},
        }
        assert (await client.session(session_id))["status"] == "expired"
        assert [one["id"] for one in (await client.got("/esign/sessions?status=expired"))["sessions"]] == [session_id]
        assert (await client.http.post(f"/esign/sessions/{session_id}/cancel")).status_code == 400


def made_at(session: dict[str, Any]) -> str:
    assert session["expiresAt"][:10] > session["createdAt"][:10]
    return str(session["expiresAt"])


async def test_without_signing_only_the_generation_is_told_and_there_is_no_session(client: Client) -> None:
    made = await client.create(POLICY, skipEsign=True, webhookParams={"ref": "draft"})
    assert made == {
        "message": "success",
        "pdfUrl": made["pdfUrl"],
        "documentName": "Policy acknowledgement",
        "esignSkipped": True,
    }
    told = await client.ears.wait_for("generated PDF")
    assert (told["status"], told["webhookParams"]) == ("completed", {"ref": "draft"})
    assert "sessionId" not in told
    assert (await client.person.browser.get(told["pdfUrl"])).content.startswith(b"%PDF-")
    assert (await client.got("/esign/sessions"))["sessions"] == []
    assert await client.person.mails() == []
    (kept,) = await client.customer.admin("/contracts?dialect=docsautomator")
    for path in ("", "/links", "/audit"):
        assert (await client.http.get(f"/esign/sessions/{kept['id']}{path}")).status_code == 404
    await client.set_up(POLICY, enabled=False)
    assert set(await client.create(POLICY)) == {"message", "pdfUrl", "documentName"}


async def test_a_job_waits_is_active_and_then_has_the_same_answer_as_a_call_that_waited(tmp_path: Path) -> None:
    async with calling(tmp_path / "home", Slow) as client:
        answer = await client.try_to_create(POLICY, **{"async": True}, webhookParams={"ref": "row-1"})
        queued = answer.json()
        assert answer.status_code == 202
        assert queued == {
            "message": "Document creation request queued.",
            "jobId": queued["jobId"],
            "logId": queued["logId"],
        }
        seen: dict[str, dict[str, Any]] = {}
        while "completed" not in seen:
            job = await client.got(f"/job/{queued['jobId']}")
            seen[job["status"]] = job
        assert list(seen) == ["waiting", "active", "completed"]
        assert seen["waiting"] == {
            "jobId": queued["jobId"],
            "status": "waiting",
            "progress": 10,
            "createdAt": job["createdAt"],
            "attempts": 0,
        }
        assert list(job) == [
            "jobId", "status", "progress", "createdAt", "processedOn", "finishedOn", "attempts", "result",
        ]  # fmt: skip
        assert (job["progress"], job["attempts"]) == (100, 1)
        result = job["result"]
        assert (result["message"], result["signingStatus"]) == ("success", "created")
        assert (await client.session(result["signingSessionId"]))["webhookParams"] == {"ref": "row-1"}
        assert await client.got("/queue/stats") == {
            "waiting": 0,
            "active": 0,
            "completed": 1,
            "failed": 0,
            "delayed": 0,
        }
        assert (await client.http.get("/job/job_unknown")).json() == {"error": "Not found"}


async def test_a_job_that_cannot_be_done_fails_and_says_why(client: Client) -> None:
    queued = (await client.try_to_create(**{"async": True}, existingPdfs=["http://127.0.0.1:1/no.pdf"])).json()
    job = await client.job(queued["jobId"])
    assert (job["status"], job["error"]) == ("failed", "The file could not be fetched from its address.")
    assert "result" not in job
    assert (await client.got("/esign/sessions"))["sessions"] == []


async def test_a_job_survives_a_restart_and_is_done_once(tmp_path: Path) -> None:
    async with calling(tmp_path / "home", Slow) as client:
        queued = (await client.try_to_create(POLICY, **{"async": True})).json()
    async with calling(tmp_path / "home") as client:
        job = await client.job(queued["jobId"])
        assert job["status"] == "completed"
        assert (await client.got("/esign/sessions"))["pagination"]["total"] == 1


async def test_other_pdfs_are_added_behind_the_document(client: Client) -> None:
    upload = pdf("Annex of two pages", "Second page")

    async def annex(request: Request) -> Response:
        return Response(upload, media_type="application/pdf")

    taken = listen("127.0.0.1", 0)
    async with serving(Starlette(routes=[Route("/annex.pdf", annex)]), taken):
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/annex.pdf"
        made = await client.create(POLICY, skipEsign=True, existingPdfs=[url])
    content = (await client.person.browser.get(made["pdfUrl"])).content
    assert len(PdfReader(BytesIO(content)).pages) == 1 + len(PdfReader(BytesIO(upload)).pages)


async def test_recipients_replace_the_signers_of_the_automation_for_one_document(client: Client) -> None:
    made = await client.create(recipients=[{"signer": 2, "email": "person03@example.com", "name": "Signer Three"}])
    assert [(one["email"], one["name"]) for one in made["signingLinks"]] == [
        (ONE, "Signer One"),
        ("person03@example.com", "Signer Three"),
    ]
    alone = await client.create(POLICY, recipients=[{"email": "person03@example.com"}])
    assert alone["signingLinks"][0]["email"] == "person03@example.com"
    one = {"signer": 1, "email": ONE}
    for wrong in ([{"email": ONE}], [one, one], [{"signer": 3, "email": ONE}], [{"signer": 1, "email": "nobody"}]):
        answer = await client.try_to_create(recipients=wrong)
        assert (answer.status_code, set(answer.json())) == (400, {"message"}), wrong


async def test_documented_request_examples_are_accepted(client: Client) -> None:
    await client.create(webhookParams={"orderId": "ORD-12345", "customerId": "CUST-789"})
    await client.create(
        POLICY,
        data=EMPLOYEE | {"line_items_1": [{"description": "Consulting", "quantity": 10}], "unknown": "ignored"},
        line_items_2=[{"phase": "Design", "children": [{"task": "Wireframes", "hours": 8}]}],
        conditionalRendering={"show_discount": True},
        lineDeletions=["notes"],
        actingUserEmail="person09@example.com",
        **{"async": False},
    )
    answer = await client.http.post("/createDocument", json={"automationId": POLICY, "data": EMPLOYEE})
    assert answer.status_code == 200
    keyed = {"Authorization": "", "X-API-Key": TOKEN}
    assert (await client.http.get("/esign/sessions?status=pending&page=1&limit=20", headers=keyed)).status_code == 200


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"docId": None}, 400, "docId: Input should be a valid string"),
    ({"docId": ""}, 400, "Please add a valid automation id with key 'docId' to the request."),
    ({"docId": "665f1c0de5a8d0c5a0000009"}, 404, "Automation / template id does not exist"),
    ({"dokId": NDA}, 400, "dokId: Extra inputs are not permitted"),
    ({"data": [1]}, 400, "data: Input should be an object"),
    ({"async": "yes"}, 400, "async: Input should be a valid boolean"),
    ({"documentName": 7}, 400, "documentName: Input should be a valid string"),
    ({"webhookParams": "ref"}, 400, "webhookParams: Input should be an object"),
    ({"skipEsign": 1}, 400, "skipEsign: Input should be a valid boolean"),
    ({"data": DATA | {"signer_2_email": ""}}, 400, "Signer 2 needs an email."),
    ({"data": {}}, 400, "Signer 1 needs an email."),
    ({"data": DATA | {"signer_1_email": "nobody"}}, 400, "Signer 1 has an invalid email."),
    ({"recId": "rec1"}, 400, "data source API only"),
    ({"docTemplateLink": "https://docs.google.com/document/d/1/edit"}, 400, "no other templates"),
    ({"async": True, "data": {}}, 400, "Signer 1 needs an email."),
]


async def test_a_request_that_is_not_as_documented_is_refused_and_nothing_happens(client: Client) -> None:
    for body, status, said in WRONG:
        answer = await client.try_to_create(**body)
        assert (answer.status_code, set(answer.json())) == (status, {"message"}), body
        assert said in answer.json()["message"]
    assert await client.customer.admin("/contracts") == []
    assert (await client.got("/queue/stats"))["failed"] == 0


async def test_a_body_has_to_be_json_and_says_so(client: Client) -> None:
    wrong = {"Content-Type": "text/plain"}
    for content, headers in ((b"{", {"Content-Type": "application/json"}), (b'{"docId":"x"}', wrong), (b"", {})):
        answer = await client.http.post("/createDocument", content=content, headers=headers)
        assert (answer.status_code, set(answer.json())) == (400, {"message"})
    missing = await client.http.post("/createDocument", json={"docId": NDA})
    assert (missing.status_code, "data" in missing.json()["message"]) == (400, True)
    made = await client.create(POLICY)
    path = f"/esign/sessions/{made['signingSessionId']}/cancel"
    for content in (b'{"why":"x"}', b'{"reason":1}', b"[]"):
        refused = await client.http.post(path, content=content, headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["error"]) == (400, True)


async def test_a_wrong_key_is_401_in_the_shape_of_each_part_of_the_api(client: Client) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": ""}, {"Authorization": TOKEN}):
        shapes = [
            (await client.http.get("/esign/sessions", headers=headers), {"error", "message"}),
            (await client.http.post("/createDocument", json={}, headers=headers), {"message"}),
            (await client.http.get("/automations", headers=headers), {"error"}),
        ]
        assert [(answer.status_code, set(answer.json())) for answer, _ in shapes] == [(401, keys) for _, keys in shapes]
    wrong = {"Authorization": "", "X-API-Key": "wrong"}
    assert (await client.http.get("/automations", headers=wrong)).status_code == 401


async def test_unknown_sessions_and_those_of_other_providers_are_not_found(client: Client) -> None:
    other = await client.customer.create(ONE)
    for session_id in ("66f1a2b3c4d5e6f7a8b9c0d1", other["id"]):
        for path in ("", "/links", "/audit"):
            answer = await client.http.get(f"/esign/sessions/{session_id}{path}")
            assert (answer.status_code, answer.json()["error"]) == (404, True)
        for verb in ("cancel", "resend/1"):
            assert (await client.http.post(f"/esign/sessions/{session_id}/{verb}")).status_code == 404
    assert (await client.got("/esign/sessions"))["sessions"] == []


async def test_a_webhook_that_fails_is_not_repeated_and_holds_up_none_behind_it(client: Client) -> None:
    client.ears.answers = [500]
    made = await client.create(POLICY)
    await client.sign(made["signingLinks"][0])
    await client.ears.wait_for("signed PDF")
    assert client.ears.kinds() == ["generated PDF", "esign.signer_signed", "signed PDF"]

    async def settled() -> bool:
        return all(one["state"] != "waiting" for one in await client.customer.admin("/webhooks"))

    await until(settled)
    calls = [(one["state"], one["tries"], one["answer"]) for one in await client.customer.admin("/webhooks")]
    assert calls == [("lost", 1, "500"), ("delivered", 1, "200"), ("delivered", 1, "200")]


async def test_the_address_of_the_account_may_change(client: Client) -> None:
    account = f"{client.customer.url}/_sandbox/accounts/docsautomator"
    (await client.http.put(account, json={"webhook_url": ""})).raise_for_status()
    await client.create(POLICY)
    (await client.http.put(account, json={"webhook_url": client.ears.url})).raise_for_status()
    await client.create(POLICY, documentName="Second")
    assert (await client.ears.wait_for("generated PDF"))["documentName"] == "Second"


async def test_too_many_requests_are_429_until_the_window_has_passed(tmp_path: Path) -> None:
    class Busy(DocsAutomator):
        requests_per_window = 3

    assert DocsAutomator.requests_per_window == 2000
    async with calling(tmp_path / "home", Busy, clock_factor=225) as client:  # 15 minutes last four seconds.
        answers = [await client.http.get("/automations") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 4
        await asyncio.sleep(int(answers[-1].headers["Retry-After"]))
        assert (await client.http.get("/automations")).status_code == 200


async def test_a_full_queue_is_429(tmp_path: Path) -> None:
    class Narrow(DocsAutomator):
        active_jobs = 1
        queued_jobs = 2
        job_pace_seconds = 0.5

    assert (DocsAutomator.active_jobs, DocsAutomator.queued_jobs) == (5, 50)
    async with calling(tmp_path / "home", Narrow) as client:
        posts = [client.try_to_create(POLICY, **{"async": True}) for _ in range(6)]
        answers = await asyncio.gather(*posts)
        statuses = [one.status_code for one in answers]
        assert statuses.count(202) >= 2
        assert 429 in statuses
        accepted = [one.json()["jobId"] for one in answers if one.status_code == 202]
        assert {(await client.job(one))["status"] for one in accepted} == {"completed"}
        assert (await client.got("/esign/sessions"))["pagination"]["total"] == len(accepted)


async def test_automations_are_listed_shown_and_changed(client: Client) -> None:
    listed = (await client.got("/automations"))["automations"]
    assert [one["_id"] for one in listed] == [NDA, POLICY]
    assert (await client.got(f"/automation?docId={NDA}"))["automation"] == listed[0]
    assert (await client.got(f"/automation?automationId={POLICY}"))["automation"] == listed[1]
    assert (listed[0]["dataSourceName"], listed[0]["isActive"], listed[0]["pdfExpiration"]) == ("API", True, None)
    names = (await client.got(f"/listPlaceholdersV2?automationId={POLICY}"))["placeholders"]
    assert names == {"main": ["name", "employee_id", "department", "manager", "email"]}
    nda = (await client.got(f"/listPlaceholdersV2?automationId={NDA}"))["placeholders"]["main"]
    assert set(nda) == {name for name in DATA if not name.startswith(("signer_1", "signer_2"))}

    copied = (await client.http.post("/duplicateAutomation", params={"automationId": POLICY})).json()["newAutomationId"]
    assert (await client.got(f"/automation?docId={copied}"))["automation"]["title"] == "Policy acknowledgement COPY"
    change = await client.http.put("/updateAutomation", params={"docId": copied}, json={"isActive": False})
    assert (change.json()["message"], change.json()["updatedAutomation"]["isActive"]) == ("Success", False)
    inactive = await client.try_to_create(copied)
    assert (inactive.status_code, inactive.json()) == (404, {"message": "Automation is not active."})
    assert (await client.http.delete("/deleteAutomation", params={"docId": copied})).json() == {"message": "Success"}
    assert (await client.http.get("/automation", params={"docId": copied})).status_code == 404
    assert [one["_id"] for one in (await client.got("/automations"))["automations"]] == [NDA, POLICY]
    new = await client.http.post("/createAutomation", json={"title": "Offer", "dataSourceName": "API"})
    assert new.status_code == 201
    untemplated = await client.try_to_create(new.json()["newAutomation"]["_id"])
    assert untemplated.json() == {"message": "No Google Docs template set for the given document id."}

    for params in ({}, {"doc": NDA}):
        assert (await client.http.get("/automation", params=params)).status_code == 400
    for wrong in ({"expirationDays": 366}, {"reminderDays": 0}, {"deliveryMethod": "link"}, {"order": "x"}):
        answer = await client.http.put("/updateAutomation", params={"docId": NDA}, json={"esignature": wrong})
        assert (answer.status_code, set(answer.json())) == (400, {"error"})


async def test_settings_are_copied_so_that_running_sessions_keep_theirs(client: Client) -> None:
    made = await client.create(POLICY)
    await client.set_up(POLICY, reminderEnabled=True, reminderDays=5, deliveryMethod="manual")
    before, after = (
        await client.session(made["signingSessionId"]),
        await client.session((await client.create(POLICY))["signingSessionId"]),
    )
    assert [(one["reminderEnabled"], one["reminderDays"], one["deliveryMethod"]) for one in (before, after)] == [
        (False, 3, "email"),
        (True, 5, "manual"),
    ]


async def test_nothing_in_the_data_can_bring_a_field_of_its_own(client: Client) -> None:
    made = await client.create(data=DATA | {"purpose": "{{esign.signature_1}} {{company}}"})
    fields = (await client.session(made["signingSessionId"]))["esignFields"]
    assert [one["fieldId"] for one in fields] == ["signature_1", "date_1", "signature_2", "date_2"]


async def test_a_fault_has_the_shape_of_the_esign_pages_errors(client: Client) -> None:
    for method, path in (("POST", "/createDocument"), ("GET", "/esign/sessions")):
        await client.customer.fault(f"{method} {BASE}{path}", "status:500")
        answer = await client.http.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (500, True)
        assert answer.json()["message"]


async def test_robots_fill_in_everything_the_templates_ask_for(tmp_path: Path) -> None:
    async with calling(tmp_path / "home", robots=True, robot_delay_seconds=0.05) as client:
        nda, policy = await client.create(), await client.create(POLICY)
        for made in (nda, policy):
            assert (await client.finished(made["signingSessionId"]))["completedAt"]

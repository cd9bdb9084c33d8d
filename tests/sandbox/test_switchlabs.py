"""The Switch Labs eSign dialect: what it accepts, what it answers, and what its webhooks tell."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
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

from sandbox.server import listen
from tests.programs import needs
from tests.sandbox.files import docx, locked, pdf
from tests.sandbox.running import TOKEN, Customer, Person, running, serving, until

pytestmark = pytest.mark.providers

BASE = "/switchlabs/api/esign/v1"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EVENTS = {
    "document.created",
    "document.sent",
    "document.completed",
    "document.declined",
    "document.voided",
    "recipient.signed",
    "recipient.viewed",
    "recipient.declined",
    "reminder.sent",
}
"""Webhooks – Available Events."""


def people(*emails: str) -> list[dict[str, str]]:
    """Recipients with these addresses."""
    names = ("Signer One", "Signer Two", "Signer Three")
    return [{"name": name, "email": email} for name, email in zip(names, emails, strict=False)]


def place(recipient: int = 0, **more: Any) -> dict[str, Any]:
    """A signature on the first page."""
    return {
        "recipient_index": recipient,
        "type": "signature",
        "page_index": 0,
        "x": 0.1,
        "y": 0.85,
        "width": 0.25,
        "height": 0.05,
    } | more


def texts(*emails: str, **more: str) -> dict[str, str]:
    """The text fields of a new document."""
    return {"title": "Terms", "recipients": json.dumps(people(*emails or ("person01@example.com",)))} | more


@dataclass
class Account:
    """Somebody with an API key."""

    client: httpx.AsyncClient
    url: str

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"{self.url}{BASE}{path}", params=query)

    async def post(self, path: str, **how: Any) -> httpx.Response:
        return await self.client.post(f"{self.url}{BASE}{path}", **how)

    async def upload(self, given: dict[str, Any], file: Any = None) -> httpx.Response:
        content = file if file is not None else ("contract.pdf", pdf(), "application/pdf")
        return await self.post("/documents", data=given, files={"file": content})

    async def create(self, *emails: str, **more: str) -> dict[str, Any]:
        answer = await self.upload(texts(*emails, **{"send": "true"} | more))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def status(self, document_id: str) -> dict[str, Any]:
        answer = await self.get(f"/documents/{document_id}/status")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def by_hand(self, document_id: str, what: str) -> httpx.Response:
        """What a sender does in the provider's web pages."""
        return await self.client.post(f"{self.url}/_sandbox/contracts/{document_id}/{what}")


@asynccontextmanager
async def account_of(customer: Customer) -> AsyncIterator[Account]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=20) as client:
        yield Account(client, customer.url)


@pytest_asyncio.fixture
async def account(customer: Customer) -> AsyncIterator[Account]:
    async with account_of(customer) as one:
        yield one


@dataclass
class Hook:
    """Where webhooks arrive; `status` is what it answers."""

    url: str = ""
    status: int = 200
    calls: list[tuple[bytes, str]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        assert request.headers["Content-Type"] == "application/json"
        self.calls.append((await request.body(), request.headers["X-ESign-Signature"]))
        return Response(status_code=self.status)

    def told(self) -> list[dict[str, Any]]:
        """What arrived, in order."""
        return [json.loads(body) for body, _ in self.calls]

    def events(self) -> list[str]:
        """The names of what arrived, in order."""
        return [one["event"] for one in self.told()]


@pytest_asyncio.fixture
async def hook(customer: Customer) -> AsyncIterator[Hook]:
    """The address typed in at the account's settings."""
    one, taken = Hook(), listen("127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{taken.getsockname()[1]}/hooks"
    async with serving(Starlette(routes=[Route("/hooks", one.take, methods=["POST"])]), taken):
        await typed_in(customer, one.url)
        yield one


async def typed_in(customer: Customer, url: str) -> None:
    path = f"{customer.url}/_sandbox/accounts/switchlabs"
    (await customer.client.put(path, json={"webhook_url": url})).raise_for_status()


def refused(answer: httpx.Response, about: str, status: int = 400) -> None:
    """It is the provider's kind of error, with a sentence that begins so."""
    assert (answer.status_code, list(answer.json())) == (status, ["error"]), (about, answer.text)
    assert answer.json()["error"].startswith(about), (about, answer.text)


async def ran(*command: str, given: bytes = b"", cwd: Path | None = None) -> str:
    inner = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=cwd
    )
    out, _ = await asyncio.wait_for(inner.communicate(given), 30)
    assert inner.returncode == 0
    return out.decode()


# Creating


async def test_a_new_document_is_answered_with_an_address_for_each_recipient_in_their_order(account: Account) -> None:
    answer = await account.upload(texts("person01@example.com", "person02@example.com", send="true"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    made = answer.json()
    assert list(made) == ["id", "status", "recipients"]
    assert made["status"] == "sent"
    assert [list(one) for one in made["recipients"]] == [["id", "signing_url"]] * 2
    assert all(one["signing_url"].startswith(f"{account.url}/sign/") for one in made["recipients"])
    shown = (await account.status(made["id"]))["recipients"]
    assert [one["id"] for one in shown] == [one["id"] for one in made["recipients"]]
    assert [one["email"] for one in shown] == ["person01@example.com", "person02@example.com"]


@needs("curl")
async def test_the_pages_curl_example_works_with_another_address_and_key(account: Account, tmp_path: Path) -> None:
    (tmp_path / "contract.pdf").write_bytes(pdf())
    placement = '{"recipient_index":0,"type":"signature","page_index":0,"x":0.1,"y":0.85,"width":0.25,"height":0.05}'
    for header in ([], ["-H", "Content-Type: multipart/form-data"]):  # the page shows both
        answer = await ran(
            *("curl", "--silent", "--noproxy", "*", "-X", "POST", f"{account.url}{BASE}/documents"),
            *("-H", f"Authorization: Bearer {TOKEN}", *header),
            *("-F", "file=@contract.pdf", "-F", "title=Service Agreement"),
            *("-F", 'recipients=[{"name":"Signer One","email":"person01@example.com"}]'),
            *("-F", f"fields=[{placement}]", "-F", "send=true"),
            cwd=tmp_path,
        )
        made = json.loads(answer)
        assert made["status"] == "sent"
        assert (await account.status(made["id"]))["title"] == "Service Agreement"


async def test_every_documented_field_is_accepted(account: Account) -> None:
    kinds = ("signature", "initials", "text", "date", "checkbox")
    fields = [place(n % 2, type=kind, y=n / 8, page_index=n % 2, required=n < 3) for n, kind in enumerate(kinds)]
    fields += [place(x=0, y=0, width=1, height=1), place(x=0.9, width=0.1, y=0.7, height=0.3)]
    given = texts(
        recipients=json.dumps(
            [people("person01@example.com")[0] | {"role": "tenant"}, people("person02@example.com")[0]]
        ),
        fields=json.dumps(fields),
        signing_order="sequential",
        send="true",
    )
    answer = await account.upload(given, ("contract.pdf", pdf("One", "Two"), "application/pdf"))
    assert answer.status_code == 200, answer.text
    shown = await account.status(answer.json()["id"])
    assert [one["role"] for one in shown["recipients"]] == ["tenant", "signer"]


async def test_without_send_a_document_stays_a_draft_and_asks_nobody(account: Account, person: Person) -> None:
    for given in (texts(), texts(send="false", fields="[]")):
        answer = await account.upload(given)
        assert answer.json()["status"] == "draft"
        assert answer.json()["recipients"][0]["signing_url"]
    assert await person.mails() == []


FORMS: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "title"),
    ({"title": "  "}, "title"),
    ({"title": None}, "title"),
    ({"recipients": None}, "recipients"),
    ({"recipients": "[]"}, "recipients"),
    ({"recipients": "person01@example.com"}, "recipients"),
    ({"recipients": '{"name":"Signer One","email":"person01@example.com"}'}, "recipients"),
    ({"recipients": '[{"email":"person01@example.com"}]'}, "recipients.0.name"),
    ({"recipients": '[{"name":"Signer One"}]'}, "recipients.0.email"),
    ({"recipients": '[{"name":"Signer One","email":"person01"}]'}, "recipients.0.email"),
    ({"recipients": '[{"name":"Signer One","email":"person01@example.com","order":1}]'}, "recipients.0.order"),
    ({"recipients": '[{"name":"Signer One","email":"person01@example.com","role":null}]'}, "recipients.0.role"),
    ({"recipients[0][name]": "Signer One"}, "recipients[0][name]"),
    ({"fields": ""}, "fields"),
    ({"fields": "{}"}, "fields"),
    ({"signing_order": "any"}, "signing_order"),
    ({"signing_order": ""}, "signing_order"),
    ({"send": "True"}, "send"),
    ({"send": "1"}, "send"),
    ({"message": "Please sign"}, "message"),
    ({"expires_at": "2031-01-01"}, "expires_at"),
    ({"title": ["Terms", "Terms"]}, "title is given more than once"),
]


async def test_a_form_that_the_page_does_not_describe_is_refused_with_a_sentence(account: Account) -> None:
    for wrong, about in FORMS:
        given = {name: value for name, value in (texts() | wrong).items() if value is not None}
        refused(await account.upload(given), about)
    assert (await account.get("/documents")).json()["total"] == 0


FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"recipient_index": 1}, "fields.0.recipient_index: there is no recipient 1"),
    ({"recipient_index": -1}, "fields.0.recipient_index"),
    ({"recipient_index": "0"}, "fields.0.recipient_index"),
    ({"type": "stamp"}, "fields.0.type"),
    ({"page_index": 1}, "fields.0.page_index: the PDF has no page 1 (counted from 0)."),
    ({"page_index": 0.5}, "fields.0.page_index"),
    ({"x": 1.1}, "fields.0.x"),
    ({"y": -0.1}, "fields.0.y"),
    ({"x": "0.1"}, "fields.0.x"),
    ({"width": 0}, "fields.0.width"),
    ({"height": 12}, "fields.0.height"),
    ({"x": 0.8, "width": 0.25}, "fields.0: the field reaches beyond the edge"),
    ({"y": 0.98}, "fields.0: the field reaches beyond the edge"),
    ({"required": "true"}, "fields.0.required"),
    ({"page": 0}, "fields.0.page"),
    ({"width": None}, "fields.0.width"),
]


async def test_a_field_that_cannot_be_placed_is_refused_with_a_sentence(account: Account) -> None:
    for wrong, about in FIELDS:
        refused(await account.upload(texts(fields=json.dumps([place(**wrong)]))), about)
    assert (await account.get("/documents")).json()["total"] == 0


async def test_only_required_may_be_left_out_of_a_field(account: Account) -> None:
    for missing in place():
        placement = {name: value for name, value in place().items() if name != missing}
        answer = await account.upload(texts(fields=json.dumps([placement])))
        refused(answer, f"fields.0.{missing}: Field required")


async def test_only_a_readable_pdf_is_a_file(account: Account) -> None:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    refused(await account.upload(texts(), ("contract.docx", docx(), word)), "file: its type must be application/pdf")
    refused(
        await account.upload(texts(), ("contract.pdf", pdf(), "application/octet-stream")),
        "file: its type must be application/pdf",
    )
    for content, about in (
        (docx(), "The file is not what its type says"),
        (locked(), "The PDF is protected by a password"),
        (b"", "The file is empty"),
        (b"%PDF-1.7 and nothing else", "The PDF cannot be read"),
    ):
        refused(await account.upload(texts(), ("contract.pdf", content, "application/pdf")), about)


async def test_the_file_is_a_file_and_all_else_is_text(account: Account) -> None:
    content = ("contract.pdf", pdf(), "application/pdf")
    recipients = ("recipients.json", texts()["recipients"].encode(), "application/json")
    missing = await account.post("/documents", data=texts(), files={"attachment": content})
    assert missing.json() == {"error": "file: a PDF file is required."}
    as_text = await account.post("/documents", files={name: (None, value) for name, value in texts(file="x").items()})
    assert as_text.json() == {"error": "file: a PDF file is required."}
    as_file = await account.post(
        "/documents", data={"title": "Terms"}, files={"file": content, "recipients": recipients}
    )
    assert as_file.json() == {"error": "recipients must be a text field and not a file."}
    assert {one.status_code for one in (missing, as_text, as_file)} == {400}


async def test_a_new_document_comes_as_multipart_with_a_boundary(account: Account) -> None:
    for body in ({"json": {"title": "Terms"}}, {"data": texts()}, {}):
        answer = await account.post("/documents", **body)
        assert (answer.status_code, list(answer.json())) == (415, ["error"])
    bare = {"headers": {"Content-Type": "multipart/form-data"}, "content": b"--x\r\n"}
    answer = await account.post("/documents", **bare)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


# Who may call


async def test_every_call_needs_the_key(account: Account) -> None:
    made = await account.create(send="false")
    for key in ("", "Bearer", "Bearer esk_another", f"Basic {TOKEN}", TOKEN):
        account.client.headers["Authorization"] = key
        for answer in (
            await account.upload(texts()),
            await account.get("/documents"),
            await account.get(f"/documents/{made['id']}/status"),
            await account.post(f"/documents/{made['id']}/send"),
        ):
            refused(answer, "The API key is missing or wrong.", status=401)


async def test_documents_of_other_providers_and_unknown_ones_are_not_found(
    account: Account, customer: Customer
) -> None:
    contract = await customer.create("person01@example.com")
    made = await account.create()
    for document in (contract["id"], "0" * 32):
        for answer in (
            await account.get(f"/documents/{document}/status"),
            await account.post(f"/documents/{document}/send"),
        ):
            assert (answer.status_code, answer.json()) == (404, {"error": "There is no document with this id."})
    assert (await customer.get(f"/contracts/{made['id']}")).status_code == 404
    assert [one["id"] for one in (await account.get("/documents")).json()["documents"]] == [made["id"]]


async def test_what_the_page_does_not_offer_is_not_there(account: Account) -> None:
    made = await account.create()
    for path in ("", "/download", "/void", "/remind"):
        assert (await account.get(f"/documents/{made['id']}{path}")).status_code == 404
        assert (await account.post(f"/documents/{made['id']}{path}")).status_code == 404
    assert (await account.client.delete(f"{account.url}{BASE}/documents/{made['id']}")).status_code == 404


async def test_a_fault_has_the_shape_of_its_errors(account: Account, customer: Customer) -> None:
    await customer.fault(f"GET {BASE}/documents/{{id}}/status", "status:429:7")
    answer = await account.get(f"/documents/{'0' * 32}/status")
    assert (answer.status_code, answer.headers["Retry-After"], list(answer.json())) == (429, "7", ["error"])


# Sending a draft


async def test_a_draft_is_sent_with_the_senders_words_and_only_once(account: Account, person: Person) -> None:
    made = await account.create(send="false")
    words = {"message": "Please sign at your earliest convenience"}
    answer = await account.post(f"/documents/{made['id']}/send", json=words)
    assert answer.status_code == 200
    assert answer.json() == made | {"status": "sent"}
    box = await person.browser.get(f"{account.url}/mailbox/1")
    assert words["message"] in box.text
    again = await account.post(f"/documents/{made['id']}/send")
    assert (again.status_code, again.json()) == (400, {"error": "Only drafts can be sent."})


async def test_the_message_is_optional_and_nothing_else_is_taken(account: Account) -> None:
    made = await account.create(send="false")
    path = f"/documents/{made['id']}/send"
    for body in ({"message": 1}, {"message": None}, {"subject": "Terms"}, [], "Please"):
        assert (await account.post(path, json=body)).status_code == 400
    assert (await account.post(path, content=b"{", headers={"Content-Type": "application/json"})).status_code == 400
    assert (await account.post(path, data={"message": "Please"})).status_code == 415
    assert (await account.status(made["id"]))["status"] == "draft"
    assert (await account.post(path, json={})).json()["status"] == "sent"
    other = await account.create(send="false")
    assert (await account.post(f"/documents/{other['id']}/send")).json()["status"] == "sent"


# Listing and status


async def test_documents_are_listed_newest_first_by_pages_and_by_status(account: Account, person: Person) -> None:
    drafts = [await account.create(send="false", title=f"Draft {n}") for n in range(3)]
    sent = await account.create(title="Sent")
    signed = await account.create(title="Signed")
    await person.sign(signed["recipients"][0]["signing_url"])
    everything = (await account.get("/documents")).json()
    assert list(everything) == ["documents", "total"]
    newest = [signed["id"], sent["id"], *(one["id"] for one in reversed(drafts))]
    assert [one["id"] for one in everything["documents"]] == newest
    assert everything["total"] == 5
    assert list(everything["documents"][0]) == ["id", "title", "status", "created_at", "completed_at"]
    assert list(everything["documents"][1]) == ["id", "title", "status", "created_at"]
    assert TIME.fullmatch(everything["documents"][0]["created_at"])
    assert TIME.fullmatch(everything["documents"][0]["completed_at"])
    page = (await account.get("/documents", limit=2, offset=1)).json()
    assert ([one["id"] for one in page["documents"]], page["total"]) == (newest[1:3], 5)
    page = (await account.get("/documents", status="draft", limit=100, offset=2)).json()
    assert ([one["title"] for one in page["documents"]], page["total"]) == (["Draft 0"], 3)
    for status, ids in (("sent", [sent["id"]]), ("completed", [signed["id"]]), ("declined", []), ("voided", [])):
        found = (await account.get("/documents", status=status)).json()["documents"]
        assert [(one["id"], one["status"]) for one in found] == [(one, status) for one in ids]


async def test_a_page_has_fifty_documents_unless_said_otherwise(account: Account) -> None:
    for _ in range(51):
        await account.create(send="false")
    shown = (await account.get("/documents")).json()
    assert (len(shown["documents"]), shown["total"]) == (50, 51)
    assert len((await account.get("/documents", limit=100)).json()["documents"]) == 51


async def test_a_query_that_the_page_does_not_describe_is_refused(account: Account) -> None:
    wrong: list[dict[str, Any]] = [
        *({"limit": 101}, {"limit": 0}, {"limit": "all"}, {"limit": [1, 2]}),
        *({"offset": -1}, {"status": "open"}, {"status": ""}, {"page": 2}),
    ]
    for query in wrong:
        refused(await account.get("/documents", **query), next(iter(query)))


async def test_the_status_tells_how_far_each_recipient_is(account: Account, person: Person) -> None:
    made = await account.create("person01@example.com", "person02@example.com", signing_order="sequential")
    shown = await account.status(made["id"])
    assert shown == {
        "id": made["id"],
        "title": "Terms",
        "status": "sent",
        "recipients": [
            {"id": one["id"], **person, "role": "signer", "status": status}
            for one, person, status in zip(
                made["recipients"],
                people("person01@example.com", "person02@example.com"),
                ("sent", "pending"),
                strict=True,
            )
        ],
    }
    first, second = (one["signing_url"] for one in made["recipients"])
    await person.open(first)
    one = (await account.status(made["id"]))["recipients"][0]
    assert list(one) == ["id", "name", "email", "role", "status", "viewed_at"]
    assert one["status"] == "viewed"
    await person.sign(first)
    shown = await account.status(made["id"])
    assert [shown["status"], *(one["status"] for one in shown["recipients"])] == ["sent", "signed", "sent"]
    assert TIME.fullmatch(shown["recipients"][0]["signed_at"])
    await person.sign(second)
    shown = await account.status(made["id"])
    assert list(shown) == ["id", "title", "status", "completed_at", "recipients"]
    assert shown["status"] == "completed"
    assert shown["completed_at"] == shown["recipients"][1]["signed_at"]


# Lives


async def test_a_document_is_signed_in_the_order_of_the_list_and_told_from_beginning_to_end(
    account: Account, person: Person, hook: Hook
) -> None:
    fields = [place(), place(type="date", y=0.7), place(type="text", y=0.6, required=False), place(1, x=0.6)]
    made = await account.create(
        "person01@example.com", "person02@example.com", signing_order="sequential", fields=json.dumps(fields)
    )
    first, second = made["recipients"]
    assert not await person.may_sign(second["signing_url"])
    await person.sign(first["signing_url"], **{"field[placed-2]": "2031-03-26", "field[placed-3]": "Tenant"})
    await person.sign(second["signing_url"])
    await until(lambda: len(hook.calls) == 7)
    told = hook.told()
    assert [(one["event"], one.get("recipient_id")) for one in told] == [
        ("document.created", None),
        ("document.sent", None),
        ("recipient.viewed", first["id"]),
        ("recipient.signed", first["id"]),
        ("recipient.viewed", second["id"]),
        ("recipient.signed", second["id"]),
        ("document.completed", None),
    ]
    assert {one["document_id"] for one in told} == {made["id"]}
    assert all(TIME.fullmatch(one["timestamp"]) for one in told)
    assert [one["timestamp"] for one in told] == sorted(one["timestamp"] for one in told)
    assert [one["data"] for one in told] == [{}, {}, {}, {"fieldCount": 3}, {}, {"fieldCount": 1}, {}]
    assert list(told[0]) == ["event", "document_id", "timestamp", "data"]
    assert list(told[3]) == ["event", "document_id", "recipient_id", "timestamp", "data"]


async def test_all_are_asked_at_once_unless_an_order_is_wanted(account: Account, person: Person) -> None:
    for more in ({}, {"signing_order": "parallel"}):
        made = await account.create("person01@example.com", "person02@example.com", **more)
        for one in reversed(made["recipients"]):
            await person.sign(one["signing_url"])
        assert (await account.status(made["id"]))["status"] == "completed"


async def test_the_signed_document_comes_by_mail_alone(account: Account, person: Person) -> None:
    made = await account.create(fields=json.dumps([place()]))
    await person.sign(made["recipients"][0]["signing_url"])

    async def posted() -> bool:
        return len(await person.mails()) == 2

    await until(posted)
    copy = (await person.mails())[-1]
    assert copy.to == "person01@example.com"
    (link,) = {one.href for one in copy.links if "/files/" in one.href}
    assert "Terms of the house" in PdfReader(BytesIO((await person.browser.get(link)).content)).pages[0].extract_text()
    assert "/files/" not in (await account.get(f"/documents/{made['id']}/status")).text


async def test_a_decline_ends_the_document_and_is_told_twice(account: Account, person: Person, hook: Hook) -> None:
    made = await account.create("person01@example.com", "person02@example.com")
    first, second = made["recipients"]
    await person.decline(first["signing_url"], "The date is wrong")
    await until(lambda: len(hook.calls) == 5)
    assert [(one["event"], one.get("recipient_id")) for one in hook.told()][3:] == [
        ("recipient.declined", first["id"]),
        ("document.declined", None),
    ]
    shown = await account.status(made["id"])
    assert [shown["status"], *(one["status"] for one in shown["recipients"])] == ["declined", "declined", "sent"]
    assert not await person.may_sign(second["signing_url"])


async def test_the_sender_reminds_and_voids_in_the_web_pages(account: Account, person: Person, hook: Hook) -> None:
    made = await account.create("person01@example.com", "person02@example.com", signing_order="sequential")
    first, second = made["recipients"]
    assert (await account.by_hand(made["id"], f"remind/{second['id']}")).status_code == 422
    assert (await account.by_hand(made["id"], f"remind/{first['id']}")).status_code == 200
    assert [one.to for one in await person.mails()] == ["person01@example.com"] * 2
    assert (await account.by_hand(made["id"], "withdraw")).status_code == 200
    await until(lambda: len(hook.calls) == 4)
    assert [(one["event"], one.get("recipient_id")) for one in hook.told()][2:] == [
        ("reminder.sent", first["id"]),
        ("document.voided", None),
    ]
    assert (await account.status(made["id"]))["status"] == "voided"
    assert not await person.may_sign(first["signing_url"])


async def test_every_documented_event_is_told_and_no_other(account: Account, person: Person, hook: Hook) -> None:
    signed, declined, voided = [await account.create("person01+bounce@example.com") for _ in range(3)]
    await account.by_hand(signed["id"], f"remind/{signed['recipients'][0]['id']}")
    await person.sign(signed["recipients"][0]["signing_url"])
    await person.decline(declined["recipients"][0]["signing_url"], "The date is wrong")
    await account.by_hand(voided["id"], "withdraw")

    async def settled() -> bool:
        calls = await Customer(account.client, account.url).admin("/webhooks")
        contracts = await Customer(account.client, account.url).admin("/contracts")
        return len(contracts) == 3 and all(one["state"] == "delivered" for one in calls)

    await until(lambda: {"document.completed", "document.declined", "document.voided"} <= set(hook.events()))
    await until(settled)
    assert set(hook.events()) == EVENTS


# Webhooks


async def test_a_draft_is_told_before_it_is_sent(account: Account, hook: Hook) -> None:
    made = await account.create(send="false")
    await until(lambda: hook.events() == ["document.created"])
    await account.post(f"/documents/{made['id']}/send")
    await until(lambda: hook.events() == ["document.created", "document.sent"])


async def test_each_call_is_signed_over_its_bytes_with_the_webhook_secret(account: Account, hook: Hook) -> None:
    await account.create(title="Terms – größer")
    await until(lambda: len(hook.calls) == 2)
    for body, signature in hook.calls:
        assert signature == "sha256=" + hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()


async def test_without_an_address_nothing_is_told_and_a_new_one_counts_from_then_on(
    account: Account, customer: Customer, hook: Hook
) -> None:
    await typed_in(customer, "")
    made = await account.create(send="false")
    await typed_in(customer, hook.url)
    await account.post(f"/documents/{made['id']}/send")
    await until(lambda: hook.events() == ["document.sent"])
    assert [one["event"] for one in await customer.admin("/webhooks")] == ["document.sent"]


async def test_a_call_that_fails_is_lost_and_does_not_come_again(tmp_path: Path, hook: Hook) -> None:
    hook.status = 500
    async with running(tmp_path / "quick", clock_factor=360000) as customer, account_of(customer) as account:
        await typed_in(customer, hook.url)
        await account.create()

        async def lost() -> bool:
            return [one["state"] for one in await customer.admin("/webhooks")] == ["lost", "lost"]

        await until(lost)
        await asyncio.sleep(0.5)
        assert [one["tries"] for one in await customer.admin("/webhooks")] == [1, 1]
        assert hook.events() == ["document.created", "document.sent"]

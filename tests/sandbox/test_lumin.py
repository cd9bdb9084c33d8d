"""Lumin as the sandbox plays it, over HTTP: every call, what it refuses, whole lives and their webhooks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.dialect import Account
from sandbox.lumin import Lumin
from sandbox.lumin.limits import LIMITS
from sandbox.lumin.tags import found_in
from sandbox.server import listen
from tests.sandbox.files import docx, locked
from tests.sandbox.running import TOKEN, Person, Receiver, receiving, running, serving, until

pytestmark = pytest.mark.providers

HEX = re.compile(r"[0-9a-f]{24}")
HOUR = 3_600_000


def in_hours(hours: float) -> int:
    return int((time.time() + hours * 3600) * 1000)


def pdf(*lines: str, turned: int = 0) -> bytes:
    """One page with these lines, each at its own height; shown the same however it is turned inside."""
    sheet = FPDF(unit="pt", format="A4")
    sheet.set_font("helvetica", size=12)
    sheet.add_page()
    for number, line in enumerate(lines or ("Terms of the house",)):
        sheet.text(100, 200 + 100 * number, line)
    writer = PdfWriter(clone_from=PdfReader(BytesIO(bytes(sheet.output()))))
    if turned:
        page = writer.pages[0]
        page.rotate(-turned)
        page.transfer_rotation_to_content()
        page.rotate(turned)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def pages_of(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def people(*emails: str, groups: bool = False) -> list[dict[str, Any]]:
    names = ("One", "Two", "Three")
    return [
        {"email_address": email, "name": f"Signer {names[number]}", **({"group": number + 1} if groups else {})}
        for number, email in enumerate(emails)
    ]


def as_form(value: Any, name: str = "") -> dict[str, str]:
    """Bracketed names, as the provider's multipart samples have them."""
    if isinstance(value, dict):
        pairs = [as_form(one, f"{name}[{key}]" if name else key) for key, one in value.items()]
    elif isinstance(value, list):
        pairs = [as_form(one, f"{name}[{number}]") for number, one in enumerate(value)]
    else:
        return {name: json.dumps(value) if isinstance(value, bool) else str(value)}
    return {key: one for pair in pairs for key, one in pair.items()}


@dataclass
class Client:
    """Somebody with an API key."""

    url: str
    http: httpx.AsyncClient

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.http.request(method, f"{self.url}/lumin/v1{path}", **more)

    async def good(self, method: str, path: str, status: int = 200, **more: Any) -> dict[str, Any]:
        answer = await self.call(method, path, **more)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def bad(self, method: str, path: str, status: int = 400, **more: Any) -> str:
        """The sentence of a refusal."""
        answer = await self.call(method, path, **more)
        assert answer.status_code == status, answer.text
        assert set(answer.json()) == {"error_code", "error_message"}
        return str(answer.json()["error_message"])

    async def send_form(self, *emails: str, content: bytes | None = None, **more: Any) -> httpx.Response:
        groups = more.get("signing_type") == "ORDER"
        wanted = {"title": "Terms", "expires_at": in_hours(48), "signers": people(*emails, groups=groups)} | more
        files = {"file": ("terms.pdf", pdf() if content is None else content, "application/pdf")}
        return await self.call("POST", "/signature_request/send", data=as_form(wanted), files=files)

    async def sent(self, *emails: str, **more: Any) -> str:
        """The id of a request that signers can sign."""
        answer = await self.send_form(*emails, **more)
        assert answer.status_code == 201, answer.text
        return await self.processed(answer.json()["signature_request"]["signature_request_id"])

    async def processed(self, request_id: str) -> str:
        async def ready() -> bool:
            return bool((await self.get(request_id))["status"] != "WAITING_FOR_PROCESSING")

        await until(ready)
        return request_id

    async def get(self, request_id: str) -> dict[str, Any]:
        return dict((await self.good("GET", f"/signature_request/{request_id}"))["signature_request"])

    async def page(self, request_id: str, email: str) -> str:
        path = f"/signature_request/{request_id}/signing-link"
        return str((await self.good("POST", path, json={"signer_email": email}))["view_url"])

    async def completed(self, person: Person, *emails: str, **more: Any) -> str:
        request_id = await self.sent(*emails, **more)
        for email in emails:
            assert (await person.sign(await self.page(request_id, email))).status_code < 400
        await self.downloadable(request_id)
        return request_id

    async def downloadable(self, request_id: str) -> None:
        async def ready() -> bool:
            answer = await self.call("GET", f"/signature_request/{request_id}/file?type=merged")
            return answer.status_code == 200

        await until(ready)


@dataclass
class Hooks(Receiver):
    """Where Lumin's webhooks arrive."""

    agents: set[str] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        raw = await request.body()
        assert request.headers["X-Signature"] == hmac.new(TOKEN.encode(), raw, hashlib.sha256).hexdigest()
        assert request.headers["Content-Type"] == "application/json"
        self.agents.add(request.headers["User-Agent"])
        status = self.answers.pop(0) if self.answers else 200
        (self.calls if status == 200 else self.refused).append(json.loads(raw) | {"arrived": time.monotonic()})
        return Response(status_code=status)

    def events(self, contract_id: str | None = None) -> list[str]:
        return [
            one["event"]["event_type"].removeprefix("signature_request_")
            for one in self.calls
            if contract_id in (None, one["signature_request"]["signature_request_id"])
        ]

    async def wait_for(self, event: str) -> dict[str, Any]:
        await until(lambda: event in self.events())
        return self.calls[self.events().index(event)]


@asynccontextmanager
async def lumin(home: Path, **options: Any) -> AsyncIterator[Client]:
    async with (
        running(home, **options) as customer,
        httpx.AsyncClient(headers={"X-API-Key": TOKEN}, trust_env=False, timeout=20) as http,
    ):
        yield Client(customer.url, http)


@pytest_asyncio.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with receiving(Hooks()) as one:
        assert isinstance(one, Hooks)
        yield one


@pytest_asyncio.fixture
async def client(tmp_path: Path, hooks: Hooks) -> AsyncIterator[Client]:
    async with lumin(tmp_path / "home", webhook_url=hooks.url) as one:
        yield one


@pytest_asyncio.fixture
async def person(client: Client) -> AsyncIterator[Person]:
    one = Person(client.url)
    async with one.browser:
        yield one


@pytest_asyncio.fixture
async def shelf() -> AsyncIterator[str]:
    """The address of a PDF on this machine."""
    taken = listen("127.0.0.1", 0)
    content = pdf("From the shelf")
    routes = [Route("/{name}", lambda request: Response(content, media_type="application/pdf"))]
    async with serving(Starlette(routes=routes), taken):
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def letters(person: Person) -> list[str]:
    """All messages as they are shown, newest first."""
    box = await person.open("/mailbox")
    addresses = dict.fromkeys(link.href for link in box.links if link.href.rsplit("/", 1)[-1].isdigit())
    return [(await person.browser.get(f"{person.url}{address}")).text for address in addresses]


# Creating


async def test_a_create_answers_at_once_with_a_string_of_milliseconds_and_is_processed_afterwards(
    client: Client,
) -> None:
    before = int(time.time() * 1000)
    answer = await client.send_form("person01@example.com")
    assert answer.status_code == 201
    made = answer.json()["signature_request"]
    assert list(answer.json()) == ["signature_request"]
    assert made["status"] == "WAITING_FOR_PROCESSING"
    assert HEX.fullmatch(made["signature_request_id"])
    assert isinstance(made["created_at"], str) and before <= int(made["created_at"]) <= before + 20_000
    assert set(made) == {"signature_request_id", "created_at", "status"}
    await client.processed(made["signature_request_id"])
    assert (await client.get(made["signature_request_id"]))["status"] == "WAITING_FOR_OTHERS"


async def test_the_reference_s_example_is_taken_with_a_file_of_this_machine(client: Client, shelf: str) -> None:
    wanted = {
        "file_url": f"{shelf}/Direct+Debit+form.pdf",
        "title": "Financial Year-End Report Authorization",
        "signers": people("person01@example.com", "person02@example.com", groups=True),
        "viewers": [{"email_address": "person03@example.com", "name": "Viewer Three"}],
        "expires_at": 1_927_510_980_694,
        "use_text_tags": False,
        "signing_type": "ORDER",
    }
    made = await client.good("POST", "/signature_request/send", 201, json=wanted)
    request_id = await client.processed(made["signature_request"]["signature_request_id"])
    shown = await client.get(request_id)
    assert list(shown) == [
        "signature_request_id", "title", "created_at", "expires_at", "status", "signers", "updated_at", "details_url",
        "signing_type",
    ]  # fmt: skip
    assert shown["expires_at"] == 1_927_510_980_694
    assert type(shown["created_at"]) is int and shown["updated_at"] >= shown["created_at"]
    assert shown["signing_type"] == "ORDER"
    assert shown["signers"] == [
        {
            "name": "Signer One",
            "email_address": "person01@example.com",
            "status": "NEED_TO_SIGN",
            "is_approved": False,
            "group": 1,
        },
        {
            "name": "Signer Two",
            "email_address": "person02@example.com",
            "status": "WAITING_FOR_OTHERS",
            "is_approved": False,
            "group": 2,
        },
    ]
    assert (await client.http.get(shown["details_url"])).headers["content-type"] == "application/pdf"


async def test_the_guides_create_call_with_its_own_way_to_give_the_key(client: Client, shelf: str) -> None:
    wanted = {
        "title": "Rental Agreement",
        "file_url": f"{shelf}/rental-agreement.pdf",
        "expires_at": 1_927_510_980_694,
        "signing_type": "SAME_TIME",
        "signers": [{"email_address": "person01@example.com", "name": "Signer One"}],
        "custom_email": {"subject_name": "Please sign", "title": "Your signature is required"},
    }
    async with httpx.AsyncClient(headers={"Authorization": f"API-key {TOKEN}"}, trust_env=False) as http:
        answer = await http.post(f"{client.url}/lumin/v1/signature_request/send", json=wanted)
    assert answer.status_code == 201, answer.text


async def test_custom_email_becomes_the_mail(client: Client, person: Person) -> None:
    custom = {"subject_name": "Please sign", "title": "Needed"}
    await client.sent("person01@example.com", custom_email=custom)
    await client.sent("person02@example.com", custom_email=json.dumps(custom))
    mails = await letters(person)
    assert len(mails) == 2
    assert all("Please sign" in mail and "Needed" in mail for mail in mails)


async def test_several_files_become_one_document(client: Client, shelf: str) -> None:
    wanted = {"title": "Two", "expires_at": in_hours(2), "signers": people("person01@example.com")}
    parts = [("files[1]", ("b.pdf", pdf("Second"))), ("files[0]", ("a.pdf", pdf("First")))]
    made = await client.good("POST", "/signature_request/send", 201, data=as_form(wanted), files=parts)
    answer = await client.call("GET", f"/signature_request/files/{made['signature_request']['signature_request_id']}")
    assert [page.strip() for page in pages_of(answer.content)] == ["First", "Second"]
    urls = wanted | {"file_urls": [f"{shelf}/a", f"{shelf}/b", f"{shelf}/c"]}
    made = await client.good("POST", "/signature_request/send", 201, json=urls)
    answer = await client.call("GET", f"/signature_request/files/{made['signature_request']['signature_request_id']}")
    assert len(pages_of(answer.content)) == 3


SIGNER = {"email_address": "person01@example.com", "name": "Signer One"}
GOOD: dict[str, Any] = {"title": "Terms", "expires_at": in_hours(999), "signers": [SIGNER]}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"metadata": "x"}, "metadata"),
    ({"title": ""}, "title"),
    ({"title": "x" * 256}, "title"),
    ({"title": None}, "title"),
    ({"expires_at": str(in_hours(9))}, "expires_at"),
    ({"expires_at": int(time.time())}, "future"),
    ({"expires_at": 10**15}, "expires_at"),
    ({"expires_at": True}, "expires_at"),
    ({"signers": []}, "signers"),
    ({"signers": [{"name": "Signer One"}]}, "signers.0.email_address"),
    ({"signers": [SIGNER | {"email_address": "nobody"}]}, "signers.0.email_address"),
    ({"signers": [SIGNER | {"email": "person01@example.com"}]}, "signers.0.email"),
    ({"signers": [SIGNER | {"group": 0}]}, "group"),
    ({"signers": [SIGNER], "signing_type": "ORDER"}, "group is required"),
    ({"signers": [SIGNER | {"group": 2}], "signing_type": "ORDER"}, "starts at 1"),
    ({"signing_type": "PARALLEL"}, "signing_type"),
    ({"use_text_tags": "true"}, "use_text_tags"),
    ({"viewers": [{"email_address": "person02@example.com"}]}, "viewers.0.name"),
    ({"custom_email": {"subject": "x"}}, "custom_email.subject"),
    ({"custom_email": "x"}, "custom_email"),
    ({"file_url": "https://files.example.com/a.pdf"}, "this machine"),
    ({"file_url": "ftp://127.0.0.1/a.pdf"}, "web address"),
    ({"file_urls": ["http://127.0.0.1/a"]}, "Exactly one"),
]


async def test_what_the_reference_does_not_say_is_refused(client: Client, shelf: str) -> None:
    good = GOOD | {"file_url": f"{shelf}/a.pdf"}
    for change, says in REFUSED:
        assert says in await client.bad("POST", "/signature_request/send", json=good | change), change
    for name in ("title", "expires_at", "signers", "file_url"):
        left_out = {key: value for key, value in good.items() if key != name}
        said = await client.bad("POST", "/signature_request/send", json=left_out)
        assert ("Exactly one" if name == "file_url" else name) in said


async def test_bodies_of_other_kinds_are_refused(client: Client, shelf: str) -> None:
    path = "/signature_request/send"
    assert "Content-Type" in await client.bad("POST", path, 415, content=b"{}", headers={"Content-Type": "text/plain"})
    assert "JSON" in await client.bad("POST", path, content=b"{", headers={"Content-Type": "application/json"})
    form = {"Content-Type": "multipart/form-data"}
    assert "form" in await client.bad("POST", path, content=b"nonsense", headers=form)
    await client.bad("POST", path, json=[GOOD])
    assert "query" in await client.bad("POST", path + "?test=1", json=GOOD | {"file_url": f"{shelf}/a"})
    for body in (docx(), b"words", b"", locked(), b"%PDF-1.7 nothing"):
        answer = await client.send_form("person01@example.com", content=body)
        assert answer.status_code == 400, body[:20]


REFUSED_FORMS: list[tuple[dict[str, str], dict[str, bytes], str]] = [
    ({"signers[2][name]": "x"}, {}, "numbers in brackets"),
    ({"signers": '[{"name": "x"}]'}, {}, "value and a list"),
    ({"Title": "x"}, {}, "no name"),
    ({"use_text_tags": "yes"}, {}, "use_text_tags"),
    ({"expires_at": "soon"}, {}, "expires_at"),
    ({"file_url": "http://127.0.0.1/a"}, {}, "Exactly one"),
    ({}, {"files[0]": b"x"}, "Exactly one"),
    ({}, {"document": b"x"}, "takes no file"),
]


async def test_forms_are_read_as_strictly(client: Client) -> None:
    for change, files, says in REFUSED_FORMS:
        data = ({"signers": change["signers"]} if "signers" in change else {}) | as_form(GOOD) | change
        parts = {"file": ("a.pdf", pdf())} | {name: ("b.pdf", content) for name, content in files.items()}
        assert says in await client.bad("POST", "/signature_request/send", data=data, files=parts), change


async def test_verifying_signers_needs_a_licence(client: Client, shelf: str) -> None:
    check = {"method": "vc", "payload": {"doc_type": "photo_id", "claims": ["given_name", "family_name"]}}
    wanted = GOOD | {"file_url": f"{shelf}/a", "signers": [SIGNER | {"verification": check}]}
    answer = await client.call("POST", "/signature_request/send", json=wanted)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "verification_not_licensed")
    check["method"] = "sms"
    await client.bad("POST", "/signature_request/send", json=wanted)


# Text tags


async def test_text_tags_become_fields_where_they_stand(client: Client, person: Person) -> None:
    tagged = pdf(
        "[sig|req|signer1|Sign|s_001]",
        "[text|req|signer2|Full_name|name_003]",
        "[date|noreq|signer2|Date_signed|date_004____________]",
        "[initial|noreq|signer2____]",
        "[sig|req|signer1|Sign here|blank] [stamp|req|signer1] [sig|req] [text-merge|req|sender|a.b]",
    )
    request_id = await client.sent("person01@example.com", "person02@example.com", content=tagged, use_text_tags=True)
    page = await person.browser.get(await client.page(request_id, "person02@example.com"))
    assert "Full name" in page.text and "Date signed" in page.text
    first = await person.sign(await client.page(request_id, "person01@example.com"))
    assert first.status_code < 400
    link = await client.page(request_id, "person02@example.com")
    assert (await person.sign(link)).status_code >= 400, "the name is required"
    await person.sign(link, **{"field[placed-2]": "Signer Two of Ulm"})
    await client.downloadable(request_id)
    whole = await client.call(
        "GET", f"/signature_request/{request_id}/file?type=merged", headers={"Accept": "application/pdf"}
    )
    assert "Signer Two of Ulm" in pages_of(whole.content)[0]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_tags_are_found_on_the_page_as_it_is_shown(degrees: int) -> None:
    (tag,) = found_in(pdf("[sig|req|signer1|________]", turned=degrees))
    assert tag.text == "[sig|req|signer1|________]"
    assert tag.x == pytest.approx(100 / 595, abs=0.01)
    assert tag.y + tag.height == pytest.approx(200 / 842, abs=0.01)
    assert tag.height == pytest.approx(15 / 842, abs=0.001)
    assert tag.width == pytest.approx(140 / 595, abs=0.03)


async def test_tags_count_only_when_they_are_asked_for(client: Client, person: Person) -> None:
    request_id = await client.sent("person01@example.com", content=pdf("[sig|req|signer9]"))
    await person.sign(await client.page(request_id, "person01@example.com"))
    await client.downloadable(request_id)


async def test_an_invalid_tag_is_told_later(client: Client, hooks: Hooks) -> None:
    for tag in ("[sig|req|signer9|Sign]", "[sig|maybe|signer1]", "[text|req|sender]"):
        hooks.calls.clear()
        answer = await client.send_form("person01@example.com", content=pdf(tag), use_text_tags=True)
        made = answer.json()["signature_request"]
        assert (answer.status_code, made["status"]) == (201, "WAITING_FOR_PROCESSING")
        told = await hooks.wait_for("invalid")
        shown = await client.get(made["signature_request_id"])
        assert shown["status"] == "FAILED" and tag in shown["reason"]
        assert shown["signers"][0]["status"] == "FAILED"
        assert told["signature_request"]["status"] == "FAILED"
        assert told["signature_request"]["reason"] == shown["reason"]
        assert hooks.events() == ["invalid"]


# Lives


async def test_a_life_in_order_with_its_webhooks_and_files(client: Client, person: Person, hooks: Hooks) -> None:
    one, two = "person01@example.com", "person02@example.com"
    viewers = [{"email_address": "person03@example.com", "name": "Viewer Three"}]
    request_id = await client.sent(one, two, signing_type="ORDER", viewers=viewers, content=pdf("The agreement"))
    assert (await client.get(request_id))["status"] == "WAITING_FOR_OTHERS"
    assert not await person.may_sign(await client.page(request_id, two))
    await person.sign(await client.page(request_id, one))
    after_one = await client.get(request_id)
    assert [(each["status"], each["is_approved"]) for each in after_one["signers"]] == [
        ("WAITING_FOR_OTHERS", True),
        ("NEED_TO_SIGN", False),
    ]
    await person.sign(await client.page(request_id, two), signature_text="Signer Two")
    told = await hooks.wait_for("downloadable")
    assert hooks.events() == [
        "created", "viewed", "signed", "viewed", "signed", "approved", "downloadable"
    ]  # fmt: skip
    assert hooks.agents == {"Lumin Sign API"}
    assert list(told) == ["event", "signature_request", "details_url", "arrived"]
    assert set(told["event"]) == {"event_time", "event_type", "event_metadata"}
    assert HEX.fullmatch(told["event"]["event_metadata"]["workspace_id"])
    assert type(told["event"]["event_time"]) is int
    assert told["event"]["event_type"] == "signature_request_downloadable"
    inner = told["signature_request"]
    assert list(inner) == [
        "signature_request_id", "title", "created_at", "updated_at", "expires_at", "status", "signers"
    ]  # fmt: skip
    assert inner["status"] == "APPROVED"
    assert inner["signers"][0] == {"name": "Signer One", "email": one, "status": "APPROVED", "is_approved": True}
    assert (await client.get(request_id))["status"] == "APPROVED"

    async def content(kind: str) -> bytes:
        path = f"/signature_request/{request_id}/file{kind}"
        answer = await client.call("GET", path, headers={"Accept": "application/pdf"})
        assert answer.headers["content-type"] == "application/pdf"
        link = await client.good("GET", path)
        assert set(link) == {"signed_url", "expires_at"}
        assert 1790 < link["expires_at"] - time.time() <= 1801, "in seconds"
        async with httpx.AsyncClient(trust_env=False) as stranger:
            assert (await stranger.get(link["signed_url"])).content == answer.content
        return answer.content

    agreement, certificate, merged = await content(""), await content("?type=coc"), await content("?type=merged")
    assert len(pages_of(agreement)) == 1 and "The agreement" in pages_of(agreement)[0]
    assert "The agreement" not in pages_of(certificate)[0] and "Signer Two" in "".join(pages_of(certificate))
    assert len(pages_of(merged)) == 1 + len(pages_of(certificate))
    assert b"/ByteRange" in merged
    older = await client.good("GET", f"/signature_request/files_as_file_url/{request_id}")
    assert set(older) == {"file_url", "expires_at"} and older["expires_at"] < 10**11
    assert (await client.http.get(older["file_url"])).content == agreement
    assert (await client.call("GET", f"/signature_request/files/{request_id}")).content == agreement
    assert any(mail.to == "person03@example.com" for mail in await person.mails()), "the viewer got a copy"


async def test_at_the_same_time_groups_do_not_matter(client: Client, person: Person) -> None:
    signers = people("person01@example.com", "person02@example.com", groups=True)
    request_id = await client.sent(signers=signers)
    assert [one["group"] for one in (await client.get(request_id))["signers"]] == [1, 1]
    assert await person.may_sign(await client.page(request_id, "person02@example.com"))


async def test_a_request_to_the_account_s_own_user_needs_their_signature(client: Client) -> None:
    user = (await client.good("GET", "/user/info"))["user"]
    assert set(user) == {"id", "email", "name"}
    request_id = await client.sent(user["email"], "person01@example.com")
    assert (await client.get(request_id))["status"] == "NEED_TO_SIGN"


async def test_a_decline_ends_it_with_its_reason(client: Client, person: Person, hooks: Hooks) -> None:
    request_id = await client.sent("person01@example.com", "person02@example.com")
    await person.decline(await client.page(request_id, "person01@example.com"), "Too dear")
    told = await hooks.wait_for("declined")
    assert told["signature_request"]["status"] == "REJECTED"
    shown = await client.get(request_id)
    assert (shown["status"], shown["reason"]) == ("REJECTED", "Too dear")
    assert shown["signers"][0]["status"] == "REJECTED"
    assert hooks.events() == ["created", "viewed", "declined"]


async def test_a_cancel_is_told_with_one_l_and_answered_with_two(client: Client, hooks: Hooks) -> None:
    request_id = await client.sent("person01@example.com")
    answer = await client.good("PUT", f"/signature_request/cancel/{request_id}")
    assert answer == {"signature_request_id": request_id, "status": "CANCELLED"}
    assert (await hooks.wait_for("canceled"))["signature_request"]["status"] == "CANCELLED"
    said = await client.bad("PUT", f"/signature_request/cancel/{request_id}")
    assert "CANCELLED" in said
    told = await hooks.wait_for("cancel_failed")
    assert told["signature_request"]["reason"] == said
    assert (await client.get(request_id))["status"] == "CANCELLED"


async def test_what_is_finished_cannot_be_canceled(client: Client, person: Person, hooks: Hooks) -> None:
    done = await client.completed(person, "person02@example.com")
    assert "APPROVED" in await client.bad("PUT", f"/signature_request/cancel/{done}")
    assert (await hooks.wait_for("cancel_failed"))["signature_request"]["status"] == "APPROVED"
    open_one = await client.sent("person03@example.com")
    await client.bad("PUT", f"/signature_request/cancel/{open_one}", json={"reason": "x"})
    assert (await client.get(open_one))["status"] == "WAITING_FOR_OTHERS"


async def test_the_due_date_moves_while_the_request_is_open(client: Client, hooks: Hooks) -> None:
    request_id = await client.sent("person01@example.com")
    path, later = f"/signature_request/{request_id}", in_hours(99)
    answer = await client.good("PATCH", path, json={"expires_at": later})
    assert answer["signature_request"]["expires_at"] == later
    assert (await hooks.wait_for("due_date_updated"))["signature_request"]["expires_at"] == later
    for body in ({"expires_at": 1}, {"expires_at": str(later)}, {}, {"expires_at": later, "title": "x"}):
        await client.bad("PATCH", path, json=body)
    await client.good("PUT", f"/signature_request/cancel/{request_id}")
    assert "CANCELLED" in await client.bad("PATCH", path, json={"expires_at": later})


async def test_an_expired_request_stays_open_and_nothing_tells_of_it(tmp_path: Path, hooks: Hooks) -> None:
    async with lumin(tmp_path / "hasty", webhook_url=hooks.url, clock_factor=7200) as client:
        person = Person(client.url)
        expires = in_hours(1)
        request_id = await client.sent("person01@example.com", expires_at=expires)
        page = await client.page(request_id, "person01@example.com")

        async def closed() -> bool:
            return not await person.may_sign(page)

        await until(closed)
        await asyncio.sleep(0.6)
        shown = await client.get(request_id)
        assert (shown["status"], shown["expires_at"]) == ("WAITING_FOR_OTHERS", expires)
        assert set(hooks.events()) <= {"created", "viewed"}
        assert "expired" in await client.bad(
            "POST", f"/signature_request/remind/{request_id}", json={"emails": ["person01@example.com"]}
        )
        await client.good("PATCH", f"/signature_request/{request_id}", json={"expires_at": in_hours(9000)})
        assert await person.may_sign(page)
        await client.good("PUT", f"/signature_request/cancel/{request_id}")
        await person.browser.aclose()


# Reminders


async def test_reminders_go_to_whoever_is_in_turn_ten_times_a_day(client: Client, person: Person) -> None:
    one, two = "person01@example.com", "person02@example.com"
    request_id = await client.sent(one, two, signing_type="ORDER")
    path = f"/signature_request/remind/{request_id}"
    answer = await client.good("POST", path, json={"emails": [two, one]})
    assert list(answer) == ["signature_request", "reminders"]
    assert answer["signature_request"]["signature_request_id"] == request_id
    assert answer["reminders"] == [
        {"email": two, "signer_status": "WAITING_FOR_OTHERS", "email_status": "BOUNCE"},
        {"email": one, "signer_status": "NEED_TO_SIGN", "email_status": "SENT"},
    ]
    for _ in range(9):
        answer = await client.good("POST", path, json={"emails": [one]})
        assert answer["reminders"][0]["email_status"] == "SENT"
    answer = await client.good("POST", path, json={"emails": [one]})
    assert answer["reminders"][0]["email_status"] == "EXCEED_DAILY_LIMIT"
    assert len([mail for mail in await letters(person) if "<h1>Reminder: " in mail]) == 10
    await person.sign(await client.page(request_id, one))
    answer = await client.good("POST", path, json={"emails": [one, two]})
    assert [each["email_status"] for each in answer["reminders"]] == ["BOUNCE", "SENT"]
    refused: list[dict[str, Any]] = [{}, {"emails": []}, {"emails": one}, {"emails": ["nobody"]}]
    for body in [*refused, {"emails": [one], "x": 1}]:
        await client.bad("POST", path, json=body)
    assert "No signer" in await client.bad("POST", path, 404, json={"emails": ["person09@example.com"]})


async def test_the_next_day_there_are_ten_more(tmp_path: Path) -> None:
    async with lumin(tmp_path / "hasty", clock_factor=4 * 3600) as client:
        request_id = await client.sent("person01@example.com", expires_at=in_hours(24 * 365))
        path = f"/signature_request/remind/{request_id}"
        body = {"emails": ["person01@example.com"]}

        async def status() -> str:
            return str((await client.good("POST", path, json=body))["reminders"][0]["email_status"])

        seen = await asyncio.gather(*(status() for _ in range(11)))
        assert sorted(seen) == ["EXCEED_DAILY_LIMIT"] + 10 * ["SENT"]

        async def again() -> bool:
            return await status() == "SENT"

        assert not await again()
        await until(again)


# Signing


async def test_a_signing_session_opens_the_page_once(client: Client, person: Person) -> None:
    request_id = await client.sent("person01@example.com")
    path = f"/signature_request/{request_id}/signing-session"
    body: dict[str, Any] = {"signer_email": "person01@example.com"}
    answer = await client.good("POST", path, json=body)
    assert set(answer) == {"sign_url", "signer_email", "expires_at", "status"}
    assert answer["signer_email"] == "person01@example.com" and answer["status"] == "NEED_TO_SIGN"
    assert abs(answer["expires_at"] - in_hours(0.25)) < 20_000
    opened = await person.browser.get(answer["sign_url"], follow_redirects=True)
    assert (await person.sign(str(opened.url))).status_code < 400
    assert (await client.get(request_id))["status"] == "APPROVED"
    assert (await person.browser.get(answer["sign_url"])).status_code == 410
    longest = await client.good("POST", path, json=body | {"expiry": HOUR})
    assert abs(longest["expires_at"] - in_hours(1)) < 20_000
    for expiry in (299_999, HOUR + 1, "900000", None, 900_000.5):
        assert "expiry" in await client.bad("POST", path, json=body | {"expiry": expiry})
    assert "signer_email" in await client.bad("POST", path, json={})
    await client.bad("POST", path, 404, json={"signer_email": "person09@example.com"})


async def test_a_signing_session_ends(tmp_path: Path) -> None:
    async with lumin(tmp_path / "hasty", clock_factor=600) as client:
        request_id = await client.sent("person01@example.com", expires_at=in_hours(9000))
        body = {"signer_email": "person01@example.com", "expiry": 300_000}
        answer = await client.good("POST", f"/signature_request/{request_id}/signing-session", json=body)
        await asyncio.sleep(0.6)
        assert (await client.http.get(answer["sign_url"])).status_code == 410


async def test_a_signing_link_is_the_signing_page(client: Client, person: Person) -> None:
    request_id = await client.sent("person01@example.com", viewers=[SIGNER | {"email_address": "v@example.com"}])
    path = f"/signature_request/{request_id}/signing-link"
    answer = await client.good("POST", path, json={"signer_email": "person01@example.com"})
    assert set(answer) == {"view_url", "signer_email", "status"}
    assert await person.may_sign(answer["view_url"])
    await client.bad("POST", path, json={"signer_email": "person01@example.com", "expiry": 300_000})
    session = f"/signature_request/{request_id}/signing-session"
    assert "viewers" in await client.bad("POST", session, json={"signer_email": "v@example.com"})


# Files


async def test_certificate_and_merged_file_need_everybody_s_signature(client: Client) -> None:
    request_id = await client.sent("person01@example.com", content=pdf("Unsigned so far"))
    path = f"/signature_request/{request_id}/file"
    for kind in ("coc", "merged"):
        assert "APPROVED" in await client.bad("GET", f"{path}?type={kind}")
    answer = await client.call("GET", path, headers={"Accept": "application/pdf"})
    assert [page.strip() for page in pages_of(answer.content)] == ["Unsigned so far"]
    assert "type" in await client.bad("GET", f"{path}?type=all")
    await client.bad("GET", path, 406, headers={"Accept": "text/html"})


async def test_a_file_s_address_dies_after_half_an_hour(tmp_path: Path) -> None:
    async with lumin(tmp_path / "hasty", clock_factor=600) as client:
        request_id = await client.sent("person01@example.com", expires_at=in_hours(9000))
        link = await client.good("GET", f"/signature_request/{request_id}/file")
        assert (await client.http.get(link["signed_url"])).status_code == 200
        await asyncio.sleep(3)
        assert (await client.http.get(link["signed_url"])).status_code == 403


# Templates


async def test_templates_are_listed_with_the_version_and_both_parameters(client: Client) -> None:
    header = {"X-Lumin-API-Version": "1.1"}
    listed = await client.good("GET", "/templates?page=1&limit=25", headers=header)
    assert {key: value for key, value in listed.items() if key != "data"} == {
        "page": 1, "limit": 25, "total_count": len(listed["data"]),
    }  # fmt: skip
    assert len(listed["data"]) == 2
    for one in listed["data"]:
        assert set(one) == {"template_id", "type", "name", "created_at", "updated_at"}
        assert re.fullmatch(r"sign_[0-9a-f]{24}", one["template_id"])
    assert (await client.good("GET", "/templates?page=2&limit=10", headers=header))["data"] == []
    assert "X-Lumin-API-Version" in await client.bad("GET", "/templates?page=1&limit=25")
    for query in ("page=1", "limit=10", "page=0&limit=10", "page=1&limit=11", "page=1&limit=10&sort=name"):
        await client.bad("GET", f"/templates?{query}", headers=header)


async def template_called(client: Client, name: str) -> dict[str, Any]:
    listed = await client.good("GET", "/templates?page=1&limit=10", headers={"X-Lumin-API-Version": "1.1"})
    (template_id,) = (one["template_id"] for one in listed["data"] if one["name"] == name)
    return await client.good("GET", f"/templates/{template_id}")


async def test_a_template_is_sent_with_its_roles_tags_and_fields(client: Client, person: Person) -> None:
    template = await template_called(client, "Mutual NDA")
    assert list(template) == [
        "template_id", "type", "name", "signing_type", "signer_roles", "tags", "fields", "variables", "created_at",
        "updated_at",
    ]  # fmt: skip
    assert template["signer_roles"] == [{"name": "Discloser", "group": 1}, {"name": "Recipient", "group": 2}]
    assert {"name": "Company.Name", "type": "merge_tag", "is_required": True} in template["tags"]
    wanted: dict[str, Any] = {
        "template_id": template["template_id"],
        "title": "NDA 17",
        "expires_at": in_hours(48),
        "signers": [
            SIGNER | {"signer_role": "Recipient"},
            {"email_address": "person02@example.com", "name": "Signer Two", "signer_role": "Discloser"},
        ],
        "tags": {"Company.Name": "Example Company 01", "Effective.Date": "1 March 2031"},
        "fields": {"Recipient.Position": "Head of Łódź"},
        "viewers": [{"email_address": "person03@example.com", "name": "Viewer Three"}],
    }
    path = "/signature_request/send-from-template"
    made = await client.good("POST", path, 201, json=wanted)
    assert made["signature_request"]["status"] == "WAITING_FOR_PROCESSING"
    request_id = await client.processed(made["signature_request"]["signature_request_id"])
    shown = await client.get(request_id)
    assert shown["signing_type"] == "ORDER" and [one["group"] for one in shown["signers"]] == [2, 1]
    unsigned = await client.call("GET", f"/signature_request/files/{request_id}")
    assert "Example Company 01" in unsigned.text or "Example Company 01" in pages_of(unsigned.content)[0]
    await person.sign(await client.page(request_id, "person02@example.com"))
    link = await client.page(request_id, "person01@example.com")
    assert (await person.sign(link)).status_code >= 400, "a box has to be ticked"
    await person.sign(link, **{"field[placed-1]": "1"})
    await client.downloadable(request_id)

    for change, status in (
        ({"template_id": template["template_id"].removeprefix("sign_")}, 404),
        ({"template_id": None}, 400),
        ({"signing_type": "ORDER"}, 400),
        ({"signers": [SIGNER]}, 400),
        ({"signers": [SIGNER | {"signer_role": "Recipient"}]}, 400),
        ({"signers": [SIGNER | {"signer_role": "Tenant"}]}, 400),
        ({"tags": {"Company.Name": "x"}}, 400),
        ({"tags": wanted["tags"] | {"Company.City": "Ulm"}}, 400),
        ({"fields": {"Recipient.Signature": "x"}}, 400),
        ({"variables": {"Company.Name": "x"}}, 400),
        ({"use_text_tags": True}, 400),
    ):
        await client.bad("POST", path, status, json=wanted | change)
    await client.bad("POST", path, 415, data=as_form(wanted))
    await client.bad("GET", "/templates/sign_000000000000000000000000", 404)


async def test_a_template_for_one_role_can_be_filled_in_completely(client: Client, person: Person) -> None:
    template = await template_called(client, "Policy acknowledgement")
    wanted = {
        "template_id": template["template_id"],
        "title": "Policy",
        "expires_at": in_hours(48),
        "signers": [SIGNER | {"signer_role": "Employee"}],
        "tags": {"Policy.Name": "Clean desk"},
        "fields": {"Employee.Department": "Sales"},
    }
    made = await client.good("POST", "/signature_request/send-from-template", 201, json=wanted)
    request_id = await client.processed(made["signature_request"]["signature_request_id"])
    await person.sign(await client.page(request_id, "person01@example.com"))
    await client.downloadable(request_id)
    agreement = await client.call("GET", f"/signature_request/files/{request_id}")
    assert "Clean desk" in pages_of(agreement.content)[0] and "Sales" in pages_of(agreement.content)[0]


# Who may call, and how often


async def test_the_key_may_be_given_in_three_ways_and_has_to_be_right(client: Client) -> None:
    basic = base64.b64encode(f"{TOKEN}:".encode()).decode()
    with_password = base64.b64encode(f"{TOKEN}:x".encode()).decode()
    good = [{"X-API-Key": TOKEN}, {"X-API-KEY": TOKEN}, {"Authorization": f"Basic {basic}"}]
    good.append({"Authorization": f"API-key {TOKEN}"})
    bad = [{}, {"X-API-Key": "wrong"}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Basic %"}]
    bad += [{"Authorization": f"Basic {with_password}"}, {"X-API-Key": "", "Authorization": f"API-key {TOKEN}"}]
    async with httpx.AsyncClient(trust_env=False) as http:
        for headers in good:
            assert (await http.get(f"{client.url}/lumin/v1/user/info", headers=headers)).status_code == 200
        for headers in bad:
            for path in ("/user/info", "/signature_request/nothing"):
                answer = await http.get(f"{client.url}/lumin/v1{path}", headers=headers)
                assert answer.status_code == 401
                assert set(answer.json()) == {"error_code", "error_message"}


async def test_what_is_not_there_is_not_found_nor_is_another_provider_s(client: Client) -> None:
    terms = {"markdown": "Be kind.", "title": "Terms", "test": "yes"}
    body = terms | {"signers": [{"name": "Signer One", "email": "person01@example.com"}]}
    made = await client.http.post(f"{client.url}/esignatures/api/contracts", json=body, auth=(TOKEN, ""))
    other = made.json()["data"]["contract"]["id"]
    email = {"signer_email": "person01@example.com"}
    for one in (other, "0" * 24, "nothing"):
        await client.bad("GET", f"/signature_request/{one}", 404)
        await client.bad("PATCH", f"/signature_request/{one}", 404, json={"expires_at": in_hours(9)})
        await client.bad("PUT", f"/signature_request/cancel/{one}", 404)
        await client.bad("POST", f"/signature_request/remind/{one}", 404, json={"emails": ["person01@example.com"]})
        await client.bad("POST", f"/signature_request/{one}/signing-link", 404, json=email)
        await client.bad("POST", f"/signature_request/{one}/signing-session", 404, json=email)
        await client.bad("GET", f"/signature_request/{one}/file", 404)
        await client.bad("GET", f"/signature_request/files/{one}", 404)
        await client.bad("GET", f"/signature_request/files_as_file_url/{one}", 404)


async def test_too_many_calls_have_to_wait(tmp_path: Path) -> None:
    async with lumin(tmp_path / "hasty", clock_factor=360) as client:
        for _ in range(LIMITS["GET /user/info"]):
            await client.good("GET", "/user/info")
        answer = await client.call("GET", "/user/info")
        assert answer.status_code == 429 and answer.json()["error_code"] == "rate_limit_exceeded"
        await asyncio.sleep(int(answer.headers["Retry-After"]))
        await client.good("GET", "/user/info")


async def test_faults_come_in_lumin_s_own_shape(client: Client) -> None:
    fault = {"match": "GET /lumin/v1/signature_request/{id}", "action": "status:429:7"}
    await client.http.post(f"{client.url}/_sandbox/faults", json=fault)
    answer = await client.call("GET", f"/signature_request/{'0' * 24}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert set(answer.json()) == {"error_code", "error_message"}


# Webhooks and restarts


async def test_everything_but_200_is_tried_again_after_the_documented_waits(tmp_path: Path, hooks: Hooks) -> None:
    hooks.answers = [202, 500, 404]
    async with lumin(tmp_path / "hasty", webhook_url=hooks.url, clock_factor=1800) as client:
        await client.sent("person01@example.com", expires_at=in_hours(9000))
        await hooks.wait_for("created")
    assert len(hooks.refused) == 3
    times = [one["arrived"] for one in (*hooks.refused, *hooks.calls)]
    waits = [later - earlier for earlier, later in pairwise(times)]
    for wait, documented in zip(waits, Lumin.retry_hours, strict=False):
        assert documented * 2 <= wait < documented * 2 + 3
    assert [round(hours * 60) for hours in Lumin.retry_hours] == [5, 15, 45, 135, 405, 1215]
    assert Lumin.timeout_seconds == 30


async def test_without_an_address_nothing_is_told(tmp_path: Path) -> None:
    async with lumin(tmp_path / "home") as client:
        await client.sent("person01@example.com")
        assert (await client.http.get(f"{client.url}/_sandbox/webhooks")).json() == []


def test_the_documented_signature_is_ours() -> None:
    body = (
        b'{"event": { "event_time": 1694664207595, "event_type": "signature_request_sent" }, "signature_request": '
        b'{ "signature_request_id": "fa5c8a0b0f492d768749333ad6fcc214c111e967", "title": "My first request" } }'
    )
    headers = Lumin(Account(token="key", webhook_secret="my_primary_api_key")).headers(body)
    assert headers["X-Signature"] == "3810cb411041efab279d31698b9584372e5ede9d1641fbb354810f16e51be81c"


async def test_what_was_waiting_when_the_sandbox_stopped_is_processed_after_it(
    tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.lumin.processing.SECONDS", 60)
    email = "person01@example.com"
    async with lumin(tmp_path / "home", webhook_url=hooks.url) as client:
        answer = await client.send_form(email)
        request_id = answer.json()["signature_request"]["signature_request_id"]
        path = f"/signature_request/{request_id}"
        waiting = await client.get(request_id)
        assert waiting["status"] == waiting["signers"][0]["status"] == "WAITING_FOR_PROCESSING"
        link = await client.good("POST", f"{path}/signing-link", json={"signer_email": email})
        assert link["status"] == "WAITING_FOR_PROCESSING"
        for method, call, body in (
            ("PATCH", path, {"expires_at": in_hours(99)}),
            ("PUT", f"/signature_request/cancel/{request_id}", None),
            ("POST", f"/signature_request/remind/{request_id}", {"emails": [email]}),
        ):
            assert "WAITING_FOR_PROCESSING" in await client.bad(method, call, json=body)
        await hooks.wait_for("cancel_failed")
    async with lumin(tmp_path / "home", webhook_url=hooks.url) as client:
        assert (await client.get(request_id))["status"] == "WAITING_FOR_OTHERS"
        await hooks.wait_for("created")
    assert hooks.events() == ["cancel_failed", "created"]
